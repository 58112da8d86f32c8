import Scalars

/// What became of an imported staff list, or would become of it.
package struct ImportReport: Codable, Sendable, Hashable {
    /// A row that did not go in.
    package struct Rejection: Codable, Sendable, Hashable {
        package var line: Int
        package var field: String?
        package var reason: String
    }

    /// How a column of the list was read.
    package struct Column: Codable, Sendable, Hashable {
        package var heading: String
        /// The field of an employee that it was read as; null: it was not read.
        package var field: String?
    }

    /// A word of a status column that says nothing to us, and in how many rows it stands.
    package struct StatusWord: Codable, Sendable, Hashable {
        package var word: String
        package var rows: Int
    }

    /// What is done about a person.
    package enum Action: String, Codable, Sendable, Hashable, CaseIterable {
        case add = "ADD"
        case change = "CHANGE"
        /// Had left, and is back: the list says that they are active.
        case reactivate = "REACTIVATE"
        /// The list says that they have left.
        case deactivate = "DEACTIVATE"
    }

    /// One of the first rows of each action.
    package struct Sample: Codable, Sendable, Hashable {
        package var line: Int
        package var action: Action
        package var email: String
        package var name: String
        package var changes: [FieldChange]
    }

    /// What a field becomes. null: it is empty.
    package struct FieldChange: Codable, Sendable, Hashable {
        package var field: String
        package var before: String?
        package var after: String?
    }

    /// How many of the rejections, left-out rows and duplicates are listed; all are counted.
    package static let listed = 100
    /// How many rows of each action are shown, and how many words and columns are kept.
    static let sampled = 10
    static let words = 50
    static let columnLimit = 300

    /// Whether nothing was written: the numbers say what would be.
    package var isPreview = false
    /// Rows of the file, without what stands above the headings, the headings and empty lines.
    package var rows = 0
    package var added = 0
    /// Those who are different, with those who are back.
    package var changed = 0
    /// Of those changed, who had left and is back.
    package var reactivated = 0
    /// Who the list says has left, and was active before.
    package var deactivated = 0
    package var unchanged = 0
    /// Rows with a mistake in them.
    package var rejectedCount = 0
    package var rejected: [Rejection] = []
    /// Rows without a mistake about which nothing is done: guests, bots, sums, who has left and was never on the list.
    package var leftOutCount = 0
    package var leftOut: [Rejection] = []
    /// Rows whose address comes again: the last one counts, and one of somebody who is there before one of who has left.
    package var duplicateCount = 0
    package var duplicateLines: [Int] = []
    /// On which line the headings stand.
    package var headingLine = 1
    /// How each column was read, in their order.
    package var columns: [Column] = []
    /// Headings of columns that were not read.
    package var ignoredColumns: [String] = []
    /// Words of status columns that were not understood. These people are taken as if there were no status.
    package var unknownStatuses: [StatusWord] = []
    /// The first rows of each action.
    package var samples: [Sample] = []
    package var encoding = CSVReader.Encoding.utf8

    package init() {}

    mutating func note(_ fault: StaffSheet.RowFault, line: Int) {
        let entry = Rejection(line: line, field: fault.field, reason: fault.reason)
        if fault.isLeftOut {
            leftOutCount += 1
            if leftOut.count < Self.listed { leftOut.append(entry) }
        } else {
            rejectedCount += 1
            if rejected.count < Self.listed { rejected.append(entry) }
        }
    }

    mutating func note(unknownStatus word: String) {
        let word = String(PlainText.oneLine(word).beginning(60))
        if let index = unknownStatuses.firstIndex(where: { $0.word == word }) {
            unknownStatuses[index].rows += 1
        } else if unknownStatuses.count < Self.words {
            unknownStatuses.append(StatusWord(word: word, rows: 1))
        }
    }

    mutating func note(_ sheet: StaffSheet, headingLine: Int) {
        self.headingLine = headingLine
        // A terminal runs what stands in control characters.
        columns = sheet.readings.prefix(Self.columnLimit).map {
            Column(heading: String(PlainText.oneLine($0.heading).beginning(200)), field: $0.column?.field)
        }
        ignoredColumns = columns.filter { $0.field == nil }.map(\.heading)
    }
}
