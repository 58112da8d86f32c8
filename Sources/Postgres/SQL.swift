import Scalars

/// A statement and the values bound to it.
///
/// Written as a string, where every interpolated value becomes a bind and never part of the text:
///
/// ```swift
/// let statement: SQL = "SELECT name FROM people WHERE id = \(id)"   // SELECT name FROM people WHERE id = $1
/// ```
///
/// Another ``SQL`` is put in as a fragment, with its binds renumbered. There is no way from a `String` variable to SQL text but
/// the spellings ``init(unsafe:)`` and `\(unsafe:)`, which are for text that the program itself chose, and `\(identifier:)`,
/// which quotes.
public struct SQL: Sendable, ExpressibleByStringInterpolation {
    /// The text with `$1`, `$2`… in place of the values.
    public private(set) var text: String
    /// The values, in the order of their placeholders.
    public private(set) var binds: [PostgresValue]
    /// Where the placeholders stand in the UTF-8 of `text`, so that a fragment can be renumbered without reading SQL.
    private var marks: [Int]

    public init(stringLiteral text: String) {
        self.init(unsafe: text)
    }

    public init(stringInterpolation: StringInterpolation) {
        self = stringInterpolation.sql
    }

    /// Takes a text as SQL, as it is.
    /// - Parameter text: a text that the program chose itself; never one that came from outside.
    public init(unsafe text: String) {
        self.text = text
        binds = []
        marks = []
    }

    /// Nothing at all; the start of a statement that is put together.
    public init() {
        self.init(unsafe: "")
    }

    /// Whether there is no text.
    public var isEmpty: Bool { text.isEmpty }

    /// Adds a fragment at the end.
    public mutating func append(_ fragment: SQL) {
        if fragment.binds.isEmpty {
            text += fragment.text
            return
        }
        let offset = text.utf8.count
        if binds.isEmpty {
            text += fragment.text
            marks = fragment.marks.map { $0 + offset }
            binds = fragment.binds
            return
        }
        appendRenumbered(fragment)
    }

    private mutating func appendRenumbered(_ fragment: SQL) {
        let source = fragment.text.utf8
        var copied = source.startIndex
        for (index, mark) in fragment.marks.enumerated() {
            let start = source.index(source.startIndex, offsetBy: mark)
            text += fragment.text[copied..<start]
            append(bind: fragment.binds[index])
            copied = source.index(start, offsetBy: 1 + String(index + 1).utf8.count)
        }
        text += fragment.text[copied...]
    }

    fileprivate mutating func append(bind value: PostgresValue) {
        marks.append(text.utf8.count)
        binds.append(value)
        text += "$"
        text += String(binds.count)
    }

    fileprivate mutating func append(raw: String) {
        text += raw
    }

    /// Two fragments, one after the other.
    public static func + (left: SQL, right: SQL) -> SQL {
        var sum = left
        sum.append(right)
        return sum
    }

    /// Adds a fragment at the end.
    public static func += (left: inout SQL, right: SQL) {
        left.append(right)
    }

    /// A name as SQL, quoted, whatever characters it has. A dot does not separate: it is part of the name.
    public static func identifier(_ name: String) -> SQL {
        SQL(unsafe: quoted(identifier: name))
    }

    static func quoted(identifier name: String) -> String {
        "\"" + name.swapping("\"", for: "\"\"") + "\""
    }

    /// The statement with every placeholder replaced by what `literal` makes of its value: for COPY, which takes no binds.
    func inlined(_ literal: (PostgresValue) throws -> String) rethrows -> String {
        guard !binds.isEmpty else { return text }
        let source = text.utf8
        var whole = ""
        var copied = source.startIndex
        for (index, mark) in marks.enumerated() {
            let start = source.index(source.startIndex, offsetBy: mark)
            whole += text[copied..<start]
            whole += try literal(binds[index])
            copied = source.index(start, offsetBy: 1 + String(index + 1).utf8.count)
        }
        return whole + text[copied...]
    }

    /// What collects the pieces of an interpolated statement.
    public struct StringInterpolation: StringInterpolationProtocol, Sendable {
        fileprivate var sql = SQL()

        public init(literalCapacity: Int, interpolationCount: Int) {
            sql.text.reserveCapacity(literalCapacity + interpolationCount * 4)
            sql.binds.reserveCapacity(interpolationCount)
            sql.marks.reserveCapacity(interpolationCount)
        }

        public mutating func appendLiteral(_ literal: String) {
            sql.append(raw: literal)
        }

        /// A value: it becomes a bind.
        public mutating func appendInterpolation(_ value: some PostgresEncodable) {
            sql.append(bind: value.postgresValue)
        }

        /// A value or NULL, which keeps its type: it becomes a bind.
        public mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value?) {
            sql.append(bind: value.postgresValue)
        }

        /// A value that is already in PostgreSQL's form: it becomes a bind.
        public mutating func appendInterpolation(_ value: PostgresValue) {
            sql.append(bind: value)
        }

        /// A fragment: its text is put in and its binds are renumbered.
        public mutating func appendInterpolation(_ fragment: SQL) {
            sql.append(fragment)
        }

        /// A name, quoted.
        public mutating func appendInterpolation(identifier name: String) {
            sql.append(raw: SQL.quoted(identifier: name))
        }

        /// Text put in as it is: only for what the program chose itself.
        public mutating func appendInterpolation(unsafe text: String) {
            sql.append(raw: text)
        }
    }
}

extension SQL: CustomStringConvertible, CustomDebugStringConvertible {
    /// The text with its placeholders; the values are never shown.
    public var description: String { text }
    public var debugDescription: String { text }
}

extension SQL: CustomReflectable {
    public var customMirror: Mirror { Mirror(self, children: ["text": text, "binds": binds.count]) }
}

extension Sequence<SQL> {
    /// All fragments, with the separator between them.
    public func joined(separator: SQL) -> SQL {
        var whole = SQL()
        for (index, fragment) in enumerated() {
            if index > 0 { whole.append(separator) }
            whole.append(fragment)
        }
        return whole
    }
}
