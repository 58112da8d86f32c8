/// The beginning of an SQL statement that holds rows, or says what columns they have.
struct SQLStatement {
    /// Without its schema.
    var table: ByteView
    /// nil when the statement does not list them.
    var columns: [ByteView]?
    /// Where the rows begin, or the list of definitions does.
    var end: Int

    /// `INSERT INTO name (columns) VALUES`, `REPLACE INTO …`.
    static func insert(_ text: ByteView) -> SQLStatement? {
        var words = Words(text)
        guard words.take("insert") || words.take("replace") else { return nil }
        while words.take("ignore") || words.take("delayed") || words.take("low_priority") || words.take("into") || words.take("or") {}
        guard let table = words.name() else { return nil }
        var columns: [ByteView]?
        if words.nextIs(UInt8(ascii: "(")) { columns = words.columnList() }
        // With a cut head the rows may begin behind it.
        if !words.take("overriding") { _ = words.take("values") || words.take("value") }
        return SQLStatement(table: table, columns: columns, end: words.position)
    }

    /// `COPY name (columns) FROM stdin`.
    static func copy(_ text: ByteView) -> SQLStatement? {
        var words = Words(text)
        guard words.take("copy"), let table = words.name(), words.nextIs(UInt8(ascii: "(")), let columns = words.columnList(), words.take("from")
        else {
            return nil
        }
        return SQLStatement(table: table, columns: columns, end: words.position)
    }

    /// `CREATE TABLE name (definitions)`, over as many lines as it takes.
    static func create(_ text: ByteView) -> SQLStatement? {
        var words = Words(text)
        guard words.take("create") else { return nil }
        while words.take("temporary") || words.take("unlogged") || words.take("global") || words.take("local") {}
        guard words.take("table") else { return nil }
        if words.take("if") { _ = words.take("not") && words.take("exists") }
        guard let table = words.name(), words.nextIs(UInt8(ascii: "(")), let columns = words.definitions() else { return nil }
        return SQLStatement(table: table, columns: columns, end: words.position)
    }
}

/// Reads words, names and lists one after the other.
private struct Words {
    let text: ByteView
    private(set) var position = 0

    init(_ text: ByteView) { self.text = text }

    private mutating func skipBlanks() {
        while position < text.count, ByteView.isBlank(text[position]) { position += 1 }
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        ByteView.isLetter(byte) || ByteView.isDigit(byte) || byte == 0x5F || byte == UInt8(ascii: "$") || byte >= 0x80
    }

    mutating func take(_ word: StaticString) -> Bool {
        skipBlanks()
        let rest = text.from(position)
        guard rest.hasPrefix(word) else { return false }
        let length = word.utf8CodeUnitCount
        if length < rest.count, Self.isNameByte(rest[length]) { return false }
        position += length
        return true
    }

    mutating func nextIs(_ byte: UInt8) -> Bool {
        skipBlanks()
        return position < text.count && text[position] == byte
    }

    /// The last part of `schema.name`, without quotes.
    mutating func name() -> ByteView? {
        var part = namePart()
        while part != nil, position < text.count, text[position] == ByteView.dot {
            position += 1
            part = namePart() ?? part
        }
        return part
    }

    private mutating func namePart() -> ByteView? {
        skipBlanks()
        guard position < text.count else { return nil }
        let first = text[position]
        let closing: UInt8? =
            switch first {
            case UInt8(ascii: "`"), ByteView.quote, ByteView.apostrophe: first
            case UInt8(ascii: "["): UInt8(ascii: "]")
            default: nil
            }
        if let closing {
            guard let end = text.firstIndex(of: closing, from: position + 1), end - position <= 130 else { return nil }
            defer { position = end + 1 }
            return text[position + 1..<end]
        }
        let start = position
        while position < text.count, Self.isNameByte(text[position]) { position += 1 }
        return position > start ? text[start..<position] : nil
    }

    /// `(a, b, c)`.
    mutating func columnList() -> [ByteView]? {
        guard nextIs(UInt8(ascii: "(")) else { return nil }
        position += 1
        var columns: [ByteView] = []
        while columns.count < DelimitedRow.mostColumns {
            guard let name = namePart() else { return nil }
            columns.append(name)
            if nextIs(UInt8(ascii: ")")) {
                position += 1
                return columns
            }
            guard nextIs(ByteView.comma) else { return nil }
            position += 1
        }
        return nil
    }

    /// The names at the beginning of each definition in `(a int, b varchar(20), PRIMARY KEY (a))`.
    mutating func definitions() -> [ByteView]? {
        guard nextIs(UInt8(ascii: "(")) else { return nil }
        position += 1
        var columns: [ByteView] = []
        while columns.count < DelimitedRow.mostColumns {
            skipBlanks()
            let start = position
            guard let name = namePart() else { return nil }
            let isQuoted = start < text.count && !Self.isNameByte(text[start])
            if isQuoted || !Self.isConstraint(name) { columns.append(name) }
            guard let ending = skipDefinition() else { return nil }
            if ending == UInt8(ascii: ")") { return columns }
        }
        return nil
    }

    private static func isConstraint(_ name: ByteView) -> Bool {
        let words: [StaticString] = [
            "primary", "key", "unique", "constraint", "index", "fulltext", "foreign", "check", "spatial", "period", "exclude", "like",
        ]
        return words.contains { name.equals($0) }
    }

    private mutating func skipDefinition() -> UInt8? {
        var depth = 0
        while position < text.count {
            let byte = text[position]
            position += 1
            switch byte {
            case UInt8(ascii: "("): depth += 1
            case UInt8(ascii: ")"):
                if depth == 0 { return byte }
                depth -= 1
            case ByteView.comma where depth == 0: return byte
            case ByteView.apostrophe, ByteView.quote, UInt8(ascii: "`"):
                guard let end = text.firstIndex(of: byte, from: position) else { return nil }
                position = end + 1
            case ByteView.semicolon where depth == 0: return nil
            default: break
            }
        }
        return nil
    }
}
