/// A field of a row, as it is written.
struct RowValue {
    /// Without the quotes around it.
    var text: ByteView
    var escape = ValueEscape.none
    /// Where the written form lies in the row, with its quotes.
    var range: Range<Int>
    var isQuoted = false
    /// As the file names it; nil when it does not.
    var name: String?
    /// The same, not yet looked at.
    var rawName = ByteView.empty
    var role = ColumnRole.unknown
    /// Whether the text ends because what is at hand ends.
    var isCut = false

    /// Empty, or a word for nothing.
    var isNothing: Bool { text.isEmpty || (!isQuoted || text.count > 1) && Noise.isPlaceholder(text) }

    var bytes: [UInt8] { escape.decoded(text) }
}

/// Rows of CSV, TSV and their like.
enum DelimitedRow {
    struct Dialect: Sendable, Hashable {
        var separator: UInt8
        var quote: UInt8
        /// Whether `\"` is a quote inside a field.
        var hasBackslashes: Bool
    }

    static let mostColumns = 256

    /// The fields of a line. A field whose quote does not end reaches to the end of the line, and is cut.
    static func read(_ line: ByteView, dialect: Dialect, limit: Int = mostColumns) -> [RowValue] {
        var values: [RowValue] = []
        values.reserveCapacity(16)
        var index = 0
        while values.count < limit {
            let start = index
            var quoted = index
            while quoted < line.count, line[quoted] == ByteView.blank { quoted += 1 }
            if quoted < line.count, line[quoted] == dialect.quote, let value = readQuoted(line, start: start, quote: quoted, dialect: dialect) {
                values.append(value)
                index = value.range.upperBound
            } else {
                let end = line.firstIndex(of: dialect.separator, from: index) ?? line.count
                values.append(RowValue(text: trimmed(line[start..<end], separator: dialect.separator), range: start..<end))
                index = end
            }
            guard index < line.count else { break }
            index += 1
            if index == line.count {
                if values.count < limit { values.append(RowValue(text: .empty, range: index..<index)) }
                break
            }
        }
        return values
    }

    /// Blanks around separators belong to none; a tab separates, so it cannot be trimmed.
    private static func trimmed(_ text: ByteView, separator: UInt8) -> ByteView {
        guard let first = text.first, let last = text.last, first == ByteView.blank || last == ByteView.blank || last == ByteView.carriageReturn
        else {
            return text
        }
        return text.trimmed
    }

    private static func readQuoted(_ line: ByteView, start: Int, quote: Int, dialect: Dialect) -> RowValue? {
        let escape = ValueEscape.delimited(quote: dialect.quote, hasBackslashes: dialect.hasBackslashes)
        var index = quote + 1
        while index < line.count {
            let byte = line[index]
            if byte == ByteView.backslash, dialect.hasBackslashes, index + 1 < line.count {
                index += 2
                continue
            }
            guard byte == dialect.quote else {
                index += 1
                continue
            }
            if index + 1 < line.count, line[index + 1] == dialect.quote {
                index += 2
                continue
            }
            var end = index + 1
            while end < line.count, line[end] == ByteView.blank || line[end] == ByteView.carriageReturn { end += 1 }
            guard end == line.count || line[end] == dialect.separator else {
                // A quote inside a field that nobody escaped.
                index += 1
                continue
            }
            return RowValue(text: line[quote + 1..<index], escape: escape, range: start..<end, isQuoted: true)
        }
        return RowValue(text: line.from(quote + 1), escape: escape, range: start..<line.count, isQuoted: true, isCut: true)
    }
}
