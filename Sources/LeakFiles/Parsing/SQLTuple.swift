/// One row of an INSERT statement: `(1,'alex.doe@example.com',NULL)`.
struct SQLTuple {
    var values: [RowValue]
    /// Behind the closing bracket.
    var end: Int
    var isClosed: Bool

    /// How far a row's beginning is looked for, and its end: longer rows are not read.
    static let reach = 16 * 1024

    /// The row around a match.
    /// - Parameters:
    ///   - start: where rows begin in the text.
    ///   - width: how many fields a row has, where that is known.
    static func around(_ match: Range<Int>, in text: ByteView, from start: Int, isStartCut: Bool, width: Int?, hasBackslashes: Bool) -> SQLTuple? {
        var position = match.lowerBound
        var tries = 0
        let lowest = max(start, match.lowerBound - reach)
        while tries < 4, let bracket = text.lastIndex(of: UInt8(ascii: "("), before: position), bracket >= lowest {
            position = bracket
            guard opensRow(text, bracket, from: start) else { continue }
            tries += 1
            let tuple = read(text, from: bracket + 1, hasBackslashes: hasBackslashes)
            guard tuple.holds(match), width.map({ tuple.values.count == $0 || !tuple.isClosed }) ?? true else { continue }
            return tuple
        }
        guard !isStartCut else { return nil }
        // Brackets in texts that look like rows: read from the first row on.
        var next = start
        while let bracket = text.firstIndex(of: UInt8(ascii: "("), from: next), bracket < match.lowerBound {
            let tuple = read(text, from: bracket + 1, hasBackslashes: hasBackslashes)
            if tuple.holds(match) { return tuple }
            guard tuple.end > bracket, tuple.isClosed else { return nil }
            next = tuple.end
        }
        return nil
    }

    private func holds(_ match: Range<Int>) -> Bool {
        values.contains { $0.isQuoted && $0.range.lowerBound < match.lowerBound && match.upperBound <= $0.range.upperBound }
    }

    /// Whether a bracket comes after `VALUES`, after another row, or first in its line.
    private static func opensRow(_ text: ByteView, _ bracket: Int, from start: Int) -> Bool {
        var index = bracket
        while index > start, ByteView.isBlank(text[index - 1]) { index -= 1 }
        guard index > start else { return true }
        guard text[index - 1] == ByteView.comma else { return ByteView.lowercased(text[index - 1]) == UInt8(ascii: "s") }
        index -= 1
        while index > start, ByteView.isBlank(text[index - 1]) { index -= 1 }
        return index == start || text[index - 1] == UInt8(ascii: ")")
    }

    static func read(_ text: ByteView, from start: Int, hasBackslashes: Bool) -> SQLTuple {
        var tuple = SQLTuple(values: [], end: start, isClosed: false)
        let text = text.upTo(start + 2 * reach)
        var index = start
        while tuple.values.count < DelimitedRow.mostColumns {
            while index < text.count, ByteView.isBlank(text[index]) { index += 1 }
            let value = readValue(text, from: index, hasBackslashes: hasBackslashes)
            tuple.values.append(value)
            index = value.range.upperBound
            tuple.end = index
            guard index < text.count else { break }
            index += 1
            if text[index - 1] == UInt8(ascii: ")") {
                tuple.isClosed = true
                tuple.end = index
                break
            }
        }
        return tuple
    }

    /// A value up to the comma or bracket behind it.
    private static func readValue(_ text: ByteView, from start: Int, hasBackslashes: Bool) -> RowValue {
        var index = start
        var depth = 0
        var string: (range: Range<Int>, quote: UInt8, isCut: Bool)?
        while index < text.count {
            let byte = text[index]
            switch byte {
            case ByteView.apostrophe, ByteView.quote:
                let end = stringEnd(text, from: index + 1, quote: byte, hasBackslashes: hasBackslashes)
                if string == nil { string = (index + 1..<(end ?? text.count), byte, end == nil) }
                index = end.map { $0 + 1 } ?? text.count
                continue
            case UInt8(ascii: "("): depth += 1
            case UInt8(ascii: ")"):
                if depth == 0 { return value(text, start..<index, string, hasBackslashes) }
                depth -= 1
            case ByteView.comma where depth == 0: return value(text, start..<index, string, hasBackslashes)
            default: break
            }
            index += 1
        }
        var cut = value(text, start..<text.count, string, hasBackslashes)
        cut.isCut = true
        return cut
    }

    private static func value(
        _ text: ByteView, _ range: Range<Int>, _ string: (range: Range<Int>, quote: UInt8, isCut: Bool)?, _ hasBackslashes: Bool
    ) -> RowValue {
        guard let string else { return RowValue(text: text[range].trimmed, range: range) }
        let escape: ValueEscape =
            string.quote == ByteView.apostrophe
            ? .sql(hasBackslashes: hasBackslashes) : .delimited(quote: ByteView.quote, hasBackslashes: hasBackslashes)
        return RowValue(text: text[string.range], escape: escape, range: range, isQuoted: true, isCut: string.isCut)
    }

    private static func stringEnd(_ text: ByteView, from start: Int, quote: UInt8, hasBackslashes: Bool) -> Int? {
        var index = start
        while index < text.count {
            let byte = text[index]
            if byte == ByteView.backslash, hasBackslashes {
                index += 2
            } else if byte == quote {
                guard index + 1 < text.count, text[index + 1] == quote else { return index }
                index += 2
            } else {
                index += 1
            }
        }
        return nil
    }
}
