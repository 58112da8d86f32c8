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
        /// Of a column of private addresses in a list that has one of work: in how many rows the address was taken, because it is of the company's domain.
        /// null: the column was read in all rows, or in none.
        package var rows: Int?
    }

    /// A word of a status column that says nothing to us, and in how many rows it stands.
    package struct StatusWord: Codable, Sendable, Hashable {
        package var word: String
        package var rows: Int
    }

    /// Cells of one column that were not taken, each in a row that was.
    package struct PassedOver: Codable, Sendable, Hashable {
        package enum Reason: String, Codable, Sendable, Hashable, CaseIterable {
            /// Another address of the person. It is not watched, unless a directory tells it.
            case notWatched = "NOT_WATCHED"
            /// Something in a column of addresses that is none.
            case noAddress = "NO_ADDRESS"
            /// Something else than the column that counts says.
            case differs = "DIFFERS"
            /// The column has no heading.
            case noHeading = "NO_HEADING"
        }

        package var reason: Reason
        /// The field of an employee; null: it is not known.
        package var field: String?
        package var heading: String
        /// The column that counts in its place.
        package var counted: String?
        package var rows: Int
        /// The first of them.
        package var lines: [Int]

        /// The column, that which counts, and the rows, in one line.
        package var words: String {
            let listed = lines.prefix(20).map { String($0) }.joined(separator: ", ")
            let place = rows == 1 ? "line \(listed)" : "\(rows) rows: lines \(listed)\(rows > min(20, lines.count) ? " and more" : "")"
            return "\(heading)\(counted.map { " beside \($0)" } ?? "") (\(place))"
        }
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
    /// How many pairs of columns are told of which one says something else; of further ones the cells are counted.
    static let pairs = 50

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
    /// How many columns there are: ``columns`` has the first three hundred.
    package var columnCount = 0
    /// Headings of columns that were not read.
    package var ignoredColumns: [String] = []
    /// Words of status columns that were not understood. Where no other column tells, these people are taken as if there were no status.
    package var unknownStatuses: [StatusWord] = []
    /// How often there were such words, with those for which ``unknownStatuses`` has no room.
    package var unknownStatusCount = 0
    /// Rows with two columns that contradict each other in whether the person is there, with what was done.
    package var contradictionCount = 0
    package var contradictions: [Rejection] = []
    /// Cells that say something of a person and were not taken, by column.
    package var passedOver: [PassedOver] = []
    /// How many such cells there are, with those for whose columns ``passedOver`` has no room.
    package var passedOverCount = 0
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

    /// Takes in what was not taken of a row that was.
    mutating func note(_ row: StaffSheet.Row, line: Int) {
        for word in row.unknownStatuses { note(unknownStatus: word) }
        guard let contradiction = row.contradiction else { return }
        contradictionCount += 1
        if contradictions.count < Self.listed {
            contradictions.append(Rejection(line: line, field: StaffColumn.status.field, reason: contradiction))
        }
    }

    private mutating func note(unknownStatus word: String) {
        unknownStatusCount += 1
        let word = String(PlainText.oneLine(word).beginning(60))
        if let index = unknownStatuses.firstIndex(where: { $0.word == word }) {
            unknownStatuses[index].rows += 1
        } else if unknownStatuses.count < Self.words {
            unknownStatuses.append(StatusWord(word: word, rows: 1))
        }
    }

    /// - Parameter privateRows: in how many rows a column of private addresses had the one that was taken, by the column's place.
    mutating func note(_ sheet: StaffSheet, headingLine: Int, privateRows: [Int: Int] = [:]) {
        self.headingLine = headingLine
        columnCount = sheet.readings.count
        // A terminal runs what stands in control characters.
        columns = sheet.readings.prefix(Self.columnLimit).map {
            let rows = privateRows[$0.place]
            return Column(
                heading: String(PlainText.oneLine($0.heading).beginning(200)), field: $0.column?.field ?? rows.map { _ in StaffColumn.email.field },
                rows: rows)
        }
        ignoredColumns = columns.filter { $0.field == nil }.map(\.heading)
    }
}

/// Counts the cells that were not taken, by column.
struct PassedOverTally {
    /// In how many rows a column of private addresses had the one that was taken, by the column's place.
    private(set) var privateRows: [Int: Int] = [:]
    private var places: [StaffSheet.PassedOver: Int] = [:]

    /// Takes in from where a row has its address.
    mutating func add(_ row: StaffSheet.Row) {
        if let place = row.privatePlace { privateRows[place, default: 0] += 1 }
    }

    mutating func add(_ cells: [StaffSheet.PassedOver], line: Int, _ sheet: StaffSheet, to report: inout ImportReport) {
        for cell in cells {
            report.passedOverCount += 1
            if let place = places[cell] {
                report.passedOver[place].rows += 1
                if report.passedOver[place].lines.count < ImportReport.listed { report.passedOver[place].lines.append(line) }
            } else if report.passedOver.count < ImportReport.pairs {
                places[cell] = report.passedOver.count
                report.passedOver.append(
                    .init(
                        reason: cell.reason, field: cell.column?.field, heading: sheet.label(cell.place),
                        counted: cell.counted.map { sheet.label($0) },
                        rows: 1, lines: [line]))
            }
        }
    }
}
