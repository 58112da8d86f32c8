import JSON

/// Reads a large JSON text (RFC 8259) piece by piece, without making a value of what nobody asks for: ``JSONParser`` builds all of it,
/// which for a page of a thousand people takes longer than fetching it. As strict as that one, except that names which occur twice in one
/// object are all read.
///
/// It looks at memory that it does not own, and is good only within ``read(_:_:)``.
struct JSONPull {
    /// The text is not JSON.
    struct Failure: Error {}

    enum Kind {
        case null
        case flag
        case number
        case text
        case list
        case object

        /// In the words of a message to a person.
        var words: String {
            switch self {
            case .null: "null"
            case .flag: "a truth value"
            case .number: "a number"
            case .text: "a text"
            case .list: "a list"
            case .object: "an object"
            }
        }
    }

    /// The name of a member, to be compared with a literal: `case "id"`.
    struct Name {
        fileprivate let bytes: UnsafeBufferPointer<UInt8>
        /// Where it is written with escapes, which hardly anybody does.
        fileprivate let decoded: String?

        static func ~= (literal: StaticString, name: Name) -> Bool {
            if let decoded = name.decoded { return decoded == "\(literal)" }
            let length = literal.utf8CodeUnitCount
            guard name.bytes.count == length else { return false }
            let start = literal.utf8Start
            for index in 0..<length where name.bytes[index] != start[index] { return false }
            return true
        }
    }

    private let bytes: UnsafeBufferPointer<UInt8>
    private let isLenient: Bool
    private var position = 0
    private var depth = 0

    private init(_ bytes: UnsafeBufferPointer<UInt8>, isLenient: Bool) {
        self.bytes = bytes
        self.isLenient = isLenient
    }

    /// Reads a whole text.
    /// - Parameters:
    ///   - bytes: UTF-8; the caller has checked that it is.
    ///   - isLenient: as of ``JSONParser/parse(_:isLenient:)``.
    ///   - body: reads the one value.
    /// - Throws: ``Failure``, and what `body` throws.
    static func read<R>(_ bytes: [UInt8], isLenient: Bool = false, _ body: (inout JSONPull) throws -> R) throws -> R {
        try bytes.withUnsafeBufferPointer { buffer in
            var pull = JSONPull(buffer, isLenient: isLenient)
            pull.skipSpace()
            let result = try body(&pull)
            pull.skipSpace()
            guard pull.position == buffer.count else { throw Failure() }
            return result
        }
    }

    /// What comes next.
    func kind() throws -> Kind {
        guard position < bytes.count else { throw Failure() }
        switch bytes[position] {
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .flag
        case UInt8(ascii: "\""): return .text
        case UInt8(ascii: "["): return .list
        case UInt8(ascii: "{"): return .object
        default: return .number
        }
    }

    // MARK: Values

    /// An object, member by member. Each has to be read or skipped.
    mutating func members(_ each: (inout JSONPull, Name) throws -> Void) throws {
        try enter(UInt8(ascii: "{"))
        defer { depth -= 1 }
        if take(UInt8(ascii: "}")) { return }
        while true {
            let name = try name()
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw Failure() }
            skipSpace()
            try each(&self, name)
            skipSpace()
            if take(UInt8(ascii: "}")) { return }
            guard take(UInt8(ascii: ",")) else { throw Failure() }
            skipSpace()
        }
    }

    /// A list, item by item. Each has to be read or skipped.
    mutating func items(_ each: (inout JSONPull) throws -> Void) throws {
        try enter(UInt8(ascii: "["))
        defer { depth -= 1 }
        if take(UInt8(ascii: "]")) { return }
        while true {
            try each(&self)
            skipSpace()
            if take(UInt8(ascii: "]")) { return }
            guard take(UInt8(ascii: ",")) else { throw Failure() }
            skipSpace()
        }
    }

    mutating func text() throws -> String {
        guard take(UInt8(ascii: "\"")) else { throw Failure() }
        let start = position
        skipPlain()
        guard position < bytes.count else { throw Failure() }
        if bytes[position] == UInt8(ascii: "\"") {
            defer { position += 1 }
            return String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<position]), as: UTF8.self)
        }
        // Escapes are for the parser, which is given this text alone.
        position = start - 1
        let begin = position
        try skipText()
        guard case .string(let text) = try parsed(begin..<position) else { throw Failure() }
        return text
    }

    mutating func flag() throws -> Bool {
        if take("true") { return true }
        if take("false") { return false }
        throw Failure()
    }

    /// A whole number; nil when it is another.
    mutating func wholeNumber() throws -> Int? {
        let start = position
        try skipNumber()
        return Int(String(decoding: UnsafeBufferPointer(rebasing: bytes[start..<position]), as: UTF8.self))
    }

    /// Any value, all of it.
    mutating func value() throws -> JSONValue {
        let start = position
        try skip()
        return try parsed(start..<position)
    }

    /// Passes over any value.
    mutating func skip() throws {
        switch try kind() {
        case .null: guard take("null") else { throw Failure() }
        case .flag: _ = try flag()
        case .number: try skipNumber()
        case .text: try skipText()
        case .list: try items { try $0.skip() }
        case .object: try members { pull, _ in try pull.skip() }
        }
    }

    // MARK: Bytes

    private mutating func name() throws -> Name {
        guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else { throw Failure() }
        let start = position + 1
        position = start
        skipPlain()
        if position < bytes.count, bytes[position] == UInt8(ascii: "\"") {
            defer { position += 1 }
            return Name(bytes: UnsafeBufferPointer(rebasing: bytes[start..<position]), decoded: nil)
        }
        position = start - 1
        return Name(bytes: UnsafeBufferPointer(rebasing: bytes[start..<start]), decoded: try text())
    }

    /// As far as a text has neither an end nor an escape nor what must be escaped.
    private mutating func skipPlain() {
        while position < bytes.count {
            let byte = bytes[position]
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") || byte < 0x20 { return }
            position += 1
        }
    }

    private mutating func skipText() throws {
        let start = position
        guard take(UInt8(ascii: "\"")) else { throw Failure() }
        var hasEscapes = false
        while true {
            skipPlain()
            guard position < bytes.count, bytes[position] >= 0x20 else { throw Failure() }
            position += 1
            if bytes[position - 1] == UInt8(ascii: "\"") { break }
            hasEscapes = true
            position += 1
        }
        guard position <= bytes.count else { throw Failure() }
        if hasEscapes { _ = try parsed(start..<position) }
    }

    private func parsed(_ range: Range<Int>) throws -> JSONValue {
        guard range.upperBound <= bytes.count else { throw Failure() }
        do {
            return try JSONParser.parse(Array(bytes[range]), isLenient: isLenient)
        } catch {
            throw Failure()
        }
    }

    private mutating func skipNumber() throws {
        func isDigit() -> Bool { position < bytes.count && bytes[position] &- UInt8(ascii: "0") < 10 }
        _ = take(UInt8(ascii: "-"))
        guard isDigit() else { throw Failure() }
        if !take(UInt8(ascii: "0")) { while isDigit() { position += 1 } }
        if take(UInt8(ascii: ".")) {
            guard isDigit() else { throw Failure() }
            while isDigit() { position += 1 }
        }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            guard isDigit() else { throw Failure() }
            while isDigit() { position += 1 }
        }
    }

    private mutating func enter(_ bracket: UInt8) throws {
        guard take(bracket) else { throw Failure() }
        depth += 1
        guard depth <= JSONParser.maximumDepth else { throw Failure() }
        skipSpace()
    }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private mutating func take(_ word: StaticString) -> Bool {
        let length = word.utf8CodeUnitCount
        guard position + length <= bytes.count, (0..<length).allSatisfy({ bytes[position + $0] == word.utf8Start[$0] }) else { return false }
        position += length
        return true
    }
}
