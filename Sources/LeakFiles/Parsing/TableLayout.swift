/// A file of rows with separated fields.
struct TableLayout: Sendable {
    struct Column: Sendable {
        var name: String?
        var role: ColumnRole
    }

    var dialect: DelimitedRow.Dialect
    /// By header, or by what the columns hold.
    var columns: [Column]
    var hasHeader: Bool

    /// Reads what a match's line says.
    func record(of address: Int, in line: ByteView, at match: Range<Int>, isEndCut: Bool, shape: RecordShape = .table, offset: UInt64) -> LeakRecord {
        var values = DelimitedRow.read(line, dialect: dialect)
        if isEndCut, !values.isEmpty { values[values.count - 1].isCut = true }
        var confidence: ReadingConfidence = hasHeader ? .high : .medium
        var shift = 0
        if values.count != columns.count {
            confidence = .low
            // The row's beginning is on another line, in a field with a line break: count from the right.
            let index = values.firstIndex { $0.range.contains(match.lowerBound) } ?? 0
            let fromRight = columns.count - values.count
            if fromRight > 0, columns.indices.contains(index + fromRight), columns[index + fromRight].role == .email, columns[index].role != .email {
                shift = fromRight
            }
        }
        for index in values.indices where columns.indices.contains(index + shift) {
            values[index].name = columns[index + shift].name
            values[index].role = columns[index + shift].role
        }
        let reading = RowReading(
            values: values, shape: shape, isNamed: hasHeader, confidence: confidence, fitsNames: values.count == columns.count, isWhole: !isEndCut)
        return reading.record(of: address, at: match, text: line[match], offset: offset)
    }

    /// Whether a line has as many fields as the table has columns, or as many as a part of a row may have that a line break divides.
    func fits(_ line: ByteView) -> Bool {
        let count = DelimitedRow.read(line, dialect: dialect).count
        return count == columns.count || count > 1 && count < columns.count && line.contains(dialect.quote)
    }

    /// Fields that no file has named: told apart by their looks, one row at a time.
    static func unnamed(separator: UInt8, quote: UInt8 = ByteView.quote) -> TableLayout {
        TableLayout(dialect: DelimitedRow.Dialect(separator: separator, quote: quote, hasBackslashes: false), columns: [], hasHeader: false)
    }
}

/// Finding the layout.
extension TableLayout {
    private static let separators = [ByteView.comma, ByteView.semicolon, ByteView.tab, ByteView.pipe]

    /// - Parameter lines: the first lines of the file, without banners.
    init?(header lines: [ByteView]) {
        guard let first = lines.first?.withoutMarks, first.count <= 8_192 else { return nil }
        var best: [Column] = []
        var separator = ByteView.comma
        for candidate in Self.separators {
            guard let columns = Self.header(first, separator: candidate), columns.count > best.count else { continue }
            best = columns
            separator = candidate
        }
        guard best.count >= 2 else { return nil }
        self.init(dialect: Self.dialect(lines, separator: separator), columns: best, hasHeader: true)
    }

    private static func header(_ line: ByteView, separator: UInt8) -> [Column]? {
        let quote = line.trimmedLeft.first == ByteView.apostrophe ? ByteView.apostrophe : ByteView.quote
        var line = line
        if line.first == UInt8(ascii: "#") {
            line = line.from(1)
            // A tab parts the first column, which has no other name.
            while line.first == ByteView.blank { line = line.from(1) }
        }
        let fields = DelimitedRow.read(line, dialect: DelimitedRow.Dialect(separator: separator, quote: quote, hasBackslashes: false))
        guard fields.count >= 2 else { return nil }
        var columns: [Column] = []
        var odd = 0
        for field in fields {
            if field.text.isEmpty {
                columns.append(Column(name: nil, role: .unknown))
            } else if let name = FieldName.heading(field.text) {
                columns.append(Column(name: name, role: ColumnRole.of(name)))
            } else if isOddHeading(field.text) {
                odd += 1
                columns.append(Column(name: nil, role: .unknown))
            } else {
                return nil
            }
        }
        // Among headings that are hardly anything else one that cannot be read is a column without a name.
        let telling = Set(columns.filter { $0.role.isTelling }.map(\.role)).count
        return telling > (odd > 0 ? 1 : 0) && odd * 2 <= columns.count ? columns : nil
    }

    /// Whether a field may be a heading that is not understood, and is no value.
    private static func isOddHeading(_ text: ByteView) -> Bool {
        let text = text.trimmed
        guard (1...120).contains(text.count), let first = text.first, ByteView.isLetter(first) || ByteView.isDigit(first) || first >= 0x80 else {
            return false
        }
        return !text.contains(ByteView.at) && ContentKind.recognise(text) == .text && SiteAddress.read(text, separator: 0) == nil
    }

    private static func dialect(_ lines: [ByteView], separator: UInt8) -> DelimitedRow.Dialect {
        var apostrophes = 0
        var quotes = 0
        var backslashes = 0
        for line in lines.prefix(200) {
            guard let first = line.trimmedLeft.first else { continue }
            if first == ByteView.apostrophe { apostrophes += 1 }
            if line.contains(ByteView.quote) { quotes += 1 }
            // A backslash before a quote that ends a field is the last byte of a path, not an escape.
            if let escaped = line.firstIndex(of: "\\\""), escaped + 2 < line.count, line[escaped + 2] != separator { backslashes += 1 }
            if line.firstIndex(of: "\\n") != nil, line.firstIndex(of: "\"\"") == nil, line.firstIndex(of: "\\\\") != nil { backslashes += 1 }
        }
        let quote = apostrophes > quotes ? ByteView.apostrophe : ByteView.quote
        return DelimitedRow.Dialect(separator: separator, quote: quote, hasBackslashes: backslashes > 0)
    }

    /// Rows without a header: as many fields in nearly all, and a column of addresses.
    init?(rows lines: [ByteView]) {
        guard lines.count >= 1 else { return nil }
        for separator in Self.separators {
            let dialect = Self.dialect(lines, separator: separator)
            let rows = lines.prefix(200).map { DelimitedRow.read($0, dialect: dialect) }
            var widths: [Int: Int] = [:]
            for row in rows { widths[row.count, default: 0] += 1 }
            guard let (width, count) = widths.max(by: { $0.value < $1.value }), width >= 3, count * 10 >= rows.count * 8 else { continue }
            let columns = Self.columns(rows.filter { $0.count == width }, width: width)
            guard columns.contains(where: { $0.role == .email }) else { continue }
            self.init(dialect: dialect, columns: columns, hasHeader: false)
            return
        }
        return nil
    }

    /// What each column is, by what most of its values look like.
    private static func columns(_ rows: [[RowValue]], width: Int) -> [Column] {
        var columns = [Column](repeating: Column(name: nil, role: .unknown), count: width)
        var emailColumn: Int?
        var hasSecret = false
        for index in 0..<width {
            var kinds: [ContentKind: Int] = [:]
            for row in rows { kinds[ContentKind.recognise(row[index].text), default: 0] += 1 }
            let filled = rows.count - (kinds[.empty] ?? 0)
            guard filled > 0 else { continue }
            if (kinds[.email] ?? 0) * 2 > filled, emailColumn == nil {
                columns[index].role = .email
                emailColumn = index
            } else if (kinds[.hash] ?? 0) * 2 > filled {
                columns[index].role = .secret
                hasSecret = true
            } else if (kinds[.site] ?? 0) * 2 > filled {
                columns[index].role = .site
            } else {
                columns[index].role = .other
            }
        }
        // `address;;password`: what is empty in all rows is no column.
        let next = emailColumn.flatMap { email in (email + 1..<max(email + 1, width)).first { index in rows.contains { !$0[index].isNothing } } }
        if !hasSecret, let next, looksLikePasswords(rows.map { $0[next].text }) { columns[next].role = .secret }
        return columns
    }

    /// Passwords have digits or marks in them and no blanks; names do not.
    private static func looksLikePasswords(_ values: [ByteView]) -> Bool {
        let filled = values.filter { !$0.isEmpty }
        let fitting = filled.filter { value in
            let kind = ContentKind.recognise(value)
            return kind == .text && !value.contains(ByteView.blank) && !ServerName.mayBe(value)
                && value.contains { !ByteView.isLetter($0) && $0 < 0x80 }
        }
        return !filled.isEmpty && fitting.count * 10 >= filled.count * 6
    }
}
