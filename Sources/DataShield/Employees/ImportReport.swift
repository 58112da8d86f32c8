/// What became of an imported staff list.
package struct ImportReport: Codable, Sendable, Hashable {
    /// A row that did not go in.
    package struct Rejection: Codable, Sendable, Hashable {
        package var line: Int
        package var field: String?
        package var reason: String
    }

    /// How many of the rejections and duplicates are listed; all are counted.
    package static let listed = 100

    /// Rows of the file, without the heading and empty lines.
    package var rows = 0
    package var added = 0
    package var changed = 0
    package var unchanged = 0
    package var rejectedCount = 0
    package var rejected: [Rejection] = []
    /// Rows whose address comes again further down: the last one counts.
    package var duplicateCount = 0
    package var duplicateLines: [Int] = []
    /// Columns that mean nothing to us.
    package var ignoredColumns: [String] = []
    package var encoding = CSVReader.Encoding.utf8

    package init() {}

    mutating func reject(line: Int, field: String?, reason: String) {
        rejectedCount += 1
        if rejected.count < Self.listed { rejected.append(Rejection(line: line, field: field, reason: reason)) }
    }
}
