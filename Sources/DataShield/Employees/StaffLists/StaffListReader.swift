import Foundation
import Scalars

/// Reads a staff list as it arrives: finds the row that names the columns, whatever stands above it, and reads the rows below.
///
///     reader.append(chunk)
///     while let line = try reader.next() { … }
///     reader.finish()
///     while let line = try reader.next() { … }
///
/// Programs write titles, dates and `#TYPE` lines above the headings, with other delimiters than the list has. So the beginning is looked at
/// with each delimiter, and the row that has most of the columns we know is the heading.
struct StaffListReader {
    /// A line of the list.
    struct Line {
        var number: Int
        var cells: [String]
        var problem: CSVReader.Problem?
    }

    /// How many rows are looked at for the headings, and how many bytes.
    static let rowsAbove = 50
    private static let beginning = 65_536

    private let domain: String?
    private let today: Date
    private var waiting: [UInt8] = []
    private var isFinished = false
    private var reader: CSVReader?
    /// Known as soon as a line was read.
    private(set) var sheet: StaffSheet?
    /// On which line the headings stand, from 1.
    private(set) var headingLine = 1
    private(set) var headings: [String] = []

    var encoding: CSVReader.Encoding { reader?.encoding ?? .utf8 }

    /// - Parameters:
    ///   - domain: the company's.
    ///   - today: when a day of leaving is over.
    init(domain: String?, today: Date) {
        self.domain = domain
        self.today = today
    }

    /// Takes the next bytes.
    mutating func append(_ bytes: some Sequence<UInt8>) {
        if reader != nil { reader?.append(bytes) } else { waiting.append(contentsOf: bytes) }
    }

    /// Says that no more bytes come.
    mutating func finish() {
        isFinished = true
        reader?.finish()
    }

    /// - Returns: the next line below the headings, nil when more bytes are needed or none is left.
    /// - Throws: ``Employees/Failure`` when there are no headings, or what comes is not CSV.
    mutating func next() throws(Employees.Failure) -> Line? {
        if reader == nil {
            guard isFinished || waiting.count >= Self.beginning else { return nil }
            try begin()
        }
        while true {
            let record: CSVReader.Record?
            do { record = try reader?.next() } catch { throw .notCSV }
            guard let record else { return nil }
            // What stands above the headings, and they themselves.
            if record.line <= headingLine { continue }
            // Spreadsheets write their empty rows as delimiters.
            if record.problem == nil, record.fields.allSatisfy({ $0.isEmpty }) { continue }
            return Line(number: record.line, cells: record.fields, problem: record.problem)
        }
    }

    /// Finds the delimiter and the headings.
    private mutating func begin() throws(Employees.Failure) {
        if waiting.starts(with: Array("PK\u{3}\u{4}".utf8)) || waiting.starts(with: [0xD0, 0xCF, 0x11, 0xE0]) { throw .workbook }
        var best: Candidate?
        let isEmpty = waiting.allSatisfy { $0 <= 0x20 && $0 != 0 || [0xEF, 0xBB, 0xBF, 0xFF, 0xFE].contains($0) }
        var (isCSV, seen) = (false, [String]())
        // Excel's `sep=;` may name any other.
        var delimiters = CSVReader.delimiters
        if let named = Self.named(waiting), !delimiters.contains(named) { delimiters.append(named) }
        for delimiter in delimiters {
            guard let found = Candidate(in: waiting, isWhole: isFinished, delimiter: delimiter) else { continue }
            isCSV = true
            if found.seen.count > seen.count { seen = found.seen }
            if found.known > (best?.known ?? 0) { best = found }
        }
        guard let best, let sheet = StaffSheet(headings: best.headings, domain: domain, today: today) else {
            throw isEmpty ? .emptyFile : isCSV ? .noAddressColumn(found: seen) : .notCSV
        }
        self.sheet = sheet
        (headings, headingLine) = (best.headings, best.line)
        var reader = CSVReader(delimiter: best.delimiter)
        reader.append(waiting)
        waiting = []
        if isFinished { reader.finish() }
        self.reader = reader
    }

    /// The delimiter that a first line `sep=;` names.
    private static func named(_ bytes: [UInt8]) -> UInt8? {
        let line = bytes.prefix { $0 != 0x0A && $0 != 0x0D }
        let text = line.starts(with: [0xEF, 0xBB, 0xBF]) ? line.dropFirst(3) : line
        guard text.count == 5, text.starts(with: "sep=".utf8), let last = text.last, last < 0x80, last != 0x22 else { return nil }
        return last
    }

    /// The likeliest heading when one delimiter is taken.
    private struct Candidate {
        let delimiter: UInt8
        var headings: [String] = []
        var line = 1
        /// How many of its columns we know; 0 where no row names an address.
        var known = 0
        /// What the first row has, for whoever asks what was found.
        var seen: [String] = []

        /// - Returns: nil when the bytes are not CSV with this delimiter.
        init?(in bytes: [UInt8], isWhole: Bool, delimiter: UInt8) {
            self.delimiter = delimiter
            var reader = CSVReader(delimiter: delimiter)
            reader.append(bytes)
            if isWhole { reader.finish() }
            var rows = 0
            do {
                while rows < StaffListReader.rowsAbove, let record = try reader.next() {
                    guard record.problem == nil, record.fields.contains(where: { !$0.unicodeScalars.trimmingSpace().isEmpty }) else { continue }
                    rows += 1
                    // Somebody's address is a row of the list.
                    let hasAddress = record.fields.contains { $0.has("@") }
                    if rows == 1 {
                        seen = hasAddress ? ["a row with an address"] : record.fields.map { String(PlainText.oneLine($0).beginning(60)) }
                    }
                    guard !hasAddress else { continue }
                    let read = record.fields.compactMap { StaffHeading.read($0)?.column }
                    guard read.contains(.email) || read.contains(.privateEmail), read.count > known else { continue }
                    (headings, line, known) = (record.fields, record.line, read.count)
                }
            } catch { return nil }
        }
    }
}
