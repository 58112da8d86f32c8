import Scalars

/// Splits CSV (RFC 4180 and what people really send) into records while its bytes arrive, holding one record at a time.
///
///     reader.append(chunk)
///     while let record = try reader.next() { … }
///     reader.finish()
///     while let record = try reader.next() { … }
///
/// - The delimiter (comma, semicolon, tab or bar) is the one that the first line has most often outside quotes; Excel's `sep=;` is heeded.
/// - UTF-8 and UTF-16 with or without byte-order mark; a record that is not UTF-8 is read as Windows-1252.
/// - A quotation mark that is never closed spoils its own line only: reading goes on with the next one.
package struct CSVReader {
    /// One record, or why there is none on its line.
    package struct Record: Sendable, Hashable {
        /// The line on which the record begins, from 1.
        package var line: Int
        package var fields: [String]
        package var problem: Problem?
    }

    package enum Problem: Sendable, Hashable {
        case unclosedQuote
        case textAfterQuote
        case tooLong

        package var message: String {
            switch self {
            case .unclosedQuote: "A quotation mark is never closed."
            case .textAfterQuote: "Text follows a closing quotation mark; a quotation mark inside a quoted cell is written twice."
            case .tooLong: "The line is longer than 64 KiB."
            }
        }
    }

    package enum Encoding: String, Sendable, Codable {
        case utf8 = "UTF-8"
        case utf16 = "UTF-16"
        case windows1252 = "Windows-1252"
    }

    /// The bytes are not CSV: a thousand quotation marks that nothing closes.
    package struct NotCSV: Error {}

    /// Known after the first record.
    package private(set) var delimiter: UInt8?
    /// Windows-1252 as soon as one record was.
    package private(set) var encoding: Encoding = .utf8

    private var buffer: [UInt8] = []
    private var position = 0
    private var line = 1
    private var finished = false
    private var begun = false
    private var transcoder: UTF16Transcoder?
    /// Less than this many bytes are not looked at again: they were, and hold no whole record.
    private var needed = 0
    private var skipsToLineEnd = false
    private var rewinds = 0
    private var ranges: [FieldRange] = []
    private static let maximum = 65_536

    /// - Parameter delimiter: what stands between cells, where it is known.
    package init(delimiter: UInt8? = nil) { self.delimiter = delimiter }

    /// Takes the next bytes.
    package mutating func append(_ bytes: some Sequence<UInt8>) {
        if position > 0 {
            buffer.removeFirst(position)
            needed = max(0, needed - position)
            position = 0
        }
        if transcoder != nil { transcoder?.append(bytes, to: &buffer) } else { buffer.append(contentsOf: bytes) }
    }

    /// Says that no more bytes come.
    package mutating func finish() { finished = true }

    /// - Returns: the next record, nil when more bytes are needed or none is left.
    package mutating func next() throws(NotCSV) -> Record? {
        guard begin() else { return nil }
        while true {
            guard position < buffer.count, finished || buffer.count >= needed else { return nil }
            if skipsToLineEnd {
                guard skipLine() else { return nil }
                continue
            }
            guard let delimiter else {
                guard sniff() else {
                    needed = buffer.count + 1
                    return nil
                }
                continue
            }
            let start = line
            switch scan(delimiter) {
            case .incomplete:
                needed = buffer.count + (finished ? 0 : 2_048)
                return nil
            case .blank(let end):
                position = end
                line += 1
            case .record(let end, let lines):
                let fields = decodeFields()
                position = end
                line += lines
                return Record(line: start, fields: fields)
            case .faulty(let problem, let length):
                // What was looked at in vain is looked at again from the next line: not without end.
                if length > 1_024 {
                    rewinds += 1
                    guard rewinds <= 1_000 else { throw NotCSV() }
                }
                skipsToLineEnd = true
                return Record(line: start, fields: [], problem: problem)
            }
        }
    }
}

// MARK: - Beginning

extension CSVReader {
    /// Looks at the first bytes for a byte-order mark.
    /// - Returns: false while there are too few.
    private mutating func begin() -> Bool {
        guard !begun else { return true }
        guard buffer.count >= 4 || finished else { return false }
        begun = true
        if buffer.starts(with: [0xEF, 0xBB, 0xBF]) {
            position = 3
        } else if buffer.starts(with: [0xFF, 0xFE]) || buffer.starts(with: [0xFE, 0xFF]) {
            var transcoder = UTF16Transcoder(bigEndian: buffer[0] == 0xFE)
            let raw = buffer.dropFirst(2)
            buffer = []
            transcoder.append(raw, to: &buffer)
            self.transcoder = transcoder
            encoding = .utf16
        } else if buffer.count >= 4, let bigEndian = Self.utf16WithoutMark(buffer) {
            var transcoder = UTF16Transcoder(bigEndian: bigEndian)
            let raw = buffer
            buffer = []
            transcoder.append(raw, to: &buffer)
            self.transcoder = transcoder
            encoding = .utf16
        }
        return true
    }

    /// Finds the delimiter in the first line.
    /// - Returns: false while that line is not all there.
    private mutating func sniff() -> Bool {
        var counts: [UInt8: Int] = [:]
        var (quoted, seen) = (false, false)
        var end: Int?
        for index in position..<buffer.count {
            let byte = buffer[index]
            if byte == quote {
                quoted.toggle()
                seen = true
            } else if !quoted {
                if byte == newline || byte == carriageReturn {
                    guard seen else { continue }
                    end = index
                    break
                }
                seen = true
                if Self.delimiters.contains(byte) { counts[byte, default: 0] += 1 }
            }
        }
        guard end != nil || finished || buffer.count - position > Self.maximum else { return false }
        let first = buffer[position..<(end ?? buffer.count)]
        if first.count == 5, first.starts(with: "sep=".utf8), let named = first.last {
            delimiter = named
            skipsToLineEnd = true
            return true
        }
        var best: (byte: UInt8, count: Int) = (UInt8(ascii: ","), 0)
        for byte in Self.delimiters where counts[byte, default: 0] > best.count { best = (byte, counts[byte, default: 0]) }
        delimiter = best.byte
        return true
    }

    static let delimiters = Array(",;\t|".utf8)

    /// Whether the first letters are ASCII in UTF-16: some programs leave the byte-order mark out.
    /// - Returns: whether the higher byte comes first; nil when they are not.
    private static func utf16WithoutMark(_ bytes: [UInt8]) -> Bool? {
        if bytes[0] != 0, bytes[1] == 0, bytes[2] != 0, bytes[3] == 0 { return false }
        if bytes[0] == 0, bytes[1] != 0, bytes[2] == 0, bytes[3] != 0 { return true }
        return nil
    }
}

// MARK: - Scanning

extension CSVReader {
    private struct FieldRange {
        var bytes: Range<Int>
        var hasDoubledQuotes: Bool
    }

    private enum Scan {
        case incomplete
        case blank(end: Int)
        case record(end: Int, lines: Int)
        case faulty(Problem, length: Int)
    }

    /// Reads the record at `position` into `ranges`.
    private mutating func scan(_ delimiter: UInt8) -> Scan {
        ranges.removeAll(keepingCapacity: true)
        let (begin, last) = (position, finished)
        var found: [FieldRange] = []
        swap(&found, &ranges)
        defer { swap(&found, &ranges) }
        return buffer.withUnsafeBufferPointer { bytes in
            let end = min(bytes.count, begin + Self.maximum)
            /// What it means to have come to the end of what there is to see.
            func ran(intoQuote quoted: Bool) -> Scan {
                if end < bytes.count { return .faulty(quoted ? .unclosedQuote : .tooLong, length: end - begin) }
                if quoted, last { return .faulty(.unclosedQuote, length: end - begin) }
                return .incomplete
            }
            var index = begin
            var lines = 1
            while true {
                var first = index
                while first < end, bytes[first] == space, delimiter != space { first += 1 }
                var field: FieldRange
                if first < end, bytes[first] == quote {
                    index = first + 1
                    var doubled = false
                    scanning: while true {
                        guard index < end else { return ran(intoQuote: true) }
                        switch bytes[index] {
                        case quote:
                            if index + 1 < end, bytes[index + 1] == quote {
                                doubled = true
                                index += 2
                            } else if index + 1 < end || last {
                                break scanning
                            } else {
                                return ran(intoQuote: true)
                            }
                        case newline:
                            lines += 1
                            index += 1
                        case carriageReturn:
                            if index + 1 < end, bytes[index + 1] != newline { lines += 1 }
                            index += 1
                        default: index += 1
                        }
                    }
                    field = FieldRange(bytes: first + 1..<index, hasDoubledQuotes: doubled)
                    index += 1
                    while index < end, bytes[index] == space, delimiter != space { index += 1 }
                } else {
                    while index < end, bytes[index] != delimiter, bytes[index] != newline, bytes[index] != carriageReturn { index += 1 }
                    field = FieldRange(bytes: first..<max(first, index), hasDoubledQuotes: false)
                }
                guard index < end else {
                    guard last, end == bytes.count else { return ran(intoQuote: false) }
                    found.append(field)
                    return .record(end: end, lines: lines)
                }
                let byte = bytes[index]
                if byte == delimiter {
                    found.append(field)
                    index += 1
                    // A delimiter at the very end of the file is followed by one more, empty, field.
                    continue
                }
                guard byte == newline || byte == carriageReturn else { return .faulty(.textAfterQuote, length: index - begin) }
                var after = index + 1
                if byte == carriageReturn {
                    guard after < bytes.count || last else { return .incomplete }
                    if after < bytes.count, bytes[after] == newline { after += 1 }
                }
                if found.isEmpty, index == begin { return .blank(end: after) }
                found.append(field)
                return .record(end: after, lines: lines)
            }
        }
    }

    /// Passes over the rest of a line that was no record.
    /// - Returns: false when its end is not there yet.
    private mutating func skipLine() -> Bool {
        guard let end = buffer[position...].firstIndex(where: { $0 == newline || $0 == carriageReturn }) else {
            position = buffer.count
            return false
        }
        // A line break that two chunks share is left for later.
        if buffer[end] == carriageReturn, end + 1 == buffer.count, !finished {
            position = end
            needed = buffer.count + 1
            return false
        }
        position = end + (buffer[end] == carriageReturn && end + 1 < buffer.count && buffer[end + 1] == newline ? 2 : 1)
        line += 1
        skipsToLineEnd = false
        return true
    }

    private mutating func decodeFields() -> [String] {
        let fields: [String]? = buffer.withUnsafeBufferPointer { bytes in
            var fields: [String] = []
            fields.reserveCapacity(ranges.count)
            for range in ranges {
                guard let text = String(validating: bytes[range.bytes], as: UTF8.self) else { return nil }
                fields.append(range.hasDoubledQuotes ? text.swapping(text: "\"\"", for: "\"") : text)
            }
            return fields
        }
        if let fields { return fields }
        encoding = .windows1252
        return ranges.map { range in
            let text = Windows1252.decode(buffer[range.bytes])
            return range.hasDoubledQuotes ? text.swapping(text: "\"\"", for: "\"") : text
        }
    }
}

private let quote = UInt8(ascii: "\"")
private let space = UInt8(ascii: " ")
private let newline = UInt8(ascii: "\n")
private let carriageReturn = UInt8(ascii: "\r")
