/// A dump of a database, as far as its beginning tells.
struct SQLLayout: Sendable {
    struct Table: Sendable {
        var name: String
        var columns: [TableLayout.Column]
    }

    var tables: [Table] = []
    /// MySQL and MariaDB escape with backslashes, the others do not.
    var hasBackslashes = true

    init(sample: ByteView) {
        let start = sample.upTo(64 * 1024)
        let others: [StaticString] = [
            "postgresql database dump", "standard_conforming_strings", "pragma foreign_keys", "[dbo]", "set identity_insert",
        ]
        if others.contains(where: { start.contains($0) }), !start.contains("mysql") { hasBackslashes = false }
        var lines = LineReader(sample)
        while tables.count < 512, let line = lines.next() {
            switch line.trimmedLeft.first.map(ByteView.lowercased) {
            case UInt8(ascii: "c"):
                if let statement = SQLStatement.create(sample.from(lines.start).upTo(64 * 1024)) ?? SQLStatement.copy(line) { add(statement) }
            case UInt8(ascii: "i"), UInt8(ascii: "r"):
                if let statement = SQLStatement.insert(line.upTo(16 * 1024)), statement.columns != nil { add(statement) }
            default: break
            }
        }
    }

    private mutating func add(_ statement: SQLStatement) {
        guard let columns = statement.columns, !columns.isEmpty else { return }
        let name = statement.table.lowercasedText(limit: 130)
        guard !tables.contains(where: { $0.name == name && $0.columns.count == columns.count }) else { return }
        tables.append(
            Table(
                name: name,
                columns: columns.map { column in
                    guard let shown = FieldName.shown(column) else { return TableLayout.Column(name: nil, role: .unknown) }
                    return TableLayout.Column(name: shown, role: ColumnRole.of(column))
                }))
    }

    /// Whether a line begins a statement that dumps have.
    static func isStatement(_ line: ByteView) -> Bool {
        let line = line.trimmedLeft
        guard let first = line.first else { return false }
        switch ByteView.lowercased(first) {
        case UInt8(ascii: "i"): return line.hasPrefix("insert into ") || line.hasPrefix("insert ignore into ") || line.hasPrefix("insert [")
        case UInt8(ascii: "r"): return line.hasPrefix("replace into ")
        case UInt8(ascii: "c"): return line.hasPrefix("create table ") || (line.hasPrefix("copy ") && line.contains(" from stdin"))
        default: return false
        }
    }

    /// Reads what a match's row says; nil when there is no row around it.
    func record(of address: Int, in context: MatchContext, offset: UInt64) -> LeakRecord? {
        let line = ByteView(context.line)
        let head = context.isStartCut ? ByteView(context.head) : line
        var statement = SQLStatement.insert(head.upTo(16 * 1024))
        var start = context.isStartCut ? 0 : statement?.end ?? 0
        if statement == nil, !context.isStartCut, let found = line.upTo(context.match.lowerBound).firstIndex(of: "insert into ") {
            statement = SQLStatement.insert(line[found..<line.count].upTo(16 * 1024))
            start = found + (statement?.end ?? 0)
        }
        let listed = statement?.columns
        let known = listed == nil ? statement.flatMap { columns(of: $0.table) } : nil
        if statement != nil || context.isStartCut || line.trimmedLeft.first == UInt8(ascii: "(") {
            guard
                let tuple = SQLTuple.around(
                    context.match, in: line, from: start, isStartCut: context.isStartCut, width: listed?.count ?? known?.count,
                    hasBackslashes: hasBackslashes)
            else { return nil }
            var values = tuple.values
            guard let listed else {
                return record(of: address, values, known, at: context.match, text: line[context.match], isWhole: tuple.isClosed, offset: offset)
            }
            for index in values.indices where index < listed.count {
                values[index].rawName = listed[index]
                values[index].role = ColumnRole.of(listed[index])
            }
            let reading = RowReading(
                values: values, shape: .sql, isNamed: true, confidence: .high, fitsNames: values.count == listed.count, isWhole: tuple.isClosed)
            return reading.record(of: address, at: context.match, text: line[context.match], offset: offset)
        }
        guard line.contains(ByteView.tab) else { return nil }
        var values: [RowValue] = []
        var position = 0
        while values.count < DelimitedRow.mostColumns {
            let end = line.firstIndex(of: ByteView.tab, from: position) ?? line.count
            values.append(RowValue(text: line[position..<end], escape: .copy, range: position..<end))
            guard end < line.count else { break }
            position = end + 1
        }
        if context.isEndCut { values[values.count - 1].isCut = true }
        return record(of: address, values, nil, at: context.match, text: line[context.match], isWhole: !context.isEndCut, offset: offset)
    }

    private func columns(of table: ByteView) -> [TableLayout.Column]? {
        let name = table.lowercasedText(limit: 130)
        return tables.first { $0.name == name }?.columns
    }

    private func record(
        of address: Int, _ values: [RowValue], _ known: [TableLayout.Column]?, at match: Range<Int>, text: ByteView, isWhole: Bool,
        offset: UInt64
    ) -> LeakRecord {
        var values = values
        let index = values.firstIndex { $0.range.contains(match.lowerBound) } ?? 0
        // Rows that do not name their table: one with as many columns, and an address where the match is.
        let columns =
            known
            ?? tables.first { $0.columns.count == values.count && $0.columns[index].role == .email }?.columns
            ?? tables.first { $0.columns.count == values.count && $0.columns[index].role == .login }?.columns
        if let columns {
            for index in values.indices where index < columns.count {
                values[index].name = columns[index].name
                values[index].role = columns[index].role
            }
        }
        let reading = RowReading(
            values: values, shape: .sql, isNamed: columns != nil, confidence: columns != nil ? .high : .medium,
            fitsNames: columns.map { $0.count == values.count } ?? true, isWhole: isWhole)
        return reading.record(of: address, at: match, text: text, offset: offset)
    }
}
