import Scalars

/// Reads filters and the paths of PATCH, RFC 7644 §3.4.2.2 and §3.5.2.
///
/// Beyond the grammar it takes what real clients send: operators and words in any case, values without quotes, a value path that goes on
/// (`emails[type eq "work"].value eq "a@b.example"`, as Entra asks for), parentheses where none are needed.
package struct SCIMFilterParser {
    private enum Token: Hashable {
        case open, close, openBracket, closeBracket
        case text(String)
        case word(String)
    }

    private let tokens: [(token: Token, touches: Bool)]
    private var position = 0
    private var depth = 0
    private var terms = 0

    /// Reads a filter.
    /// - Throws: `invalidFilter` with what was expected where.
    package static func filter(_ text: String) throws(SCIMError) -> SCIMFilter {
        do throws(SCIMError) {
            var parser = SCIMFilterParser(try tokens(of: text))
            let filter = try parser.alternatives()
            guard parser.position == parser.tokens.count else {
                throw .invalidFilter("After \(parser.consumed) there is something that does not belong there.")
            }
            return filter
        } catch {
            // A path inside of a filter is a part of it.
            throw error.kind == .invalidPath ? .invalidFilter(error.detail) : error
        }
    }

    /// Reads the path of a PATCH operation.
    /// - Throws: `invalidPath`.
    package static func patchPath(_ text: String) throws(SCIMError) -> SCIMPatchPath {
        do throws(SCIMError) {
            var parser = SCIMFilterParser(try tokens(of: text))
            let path = try SCIMPath(try parser.word("an attribute's name"))
            guard parser.take(.openBracket) else {
                guard parser.position == parser.tokens.count else { throw .invalidPath("The path has something after the attribute's name.") }
                return SCIMPatchPath(path: path, filter: nil, sub: nil)
            }
            let filter = try parser.alternatives()
            guard parser.take(.closeBracket) else { throw .invalidPath("The path has a bracket that is not closed.") }
            let sub = try parser.continuation()
            guard parser.position == parser.tokens.count else { throw .invalidPath("The path has something after its end.") }
            return SCIMPatchPath(path: path, filter: filter, sub: sub)
        } catch {
            throw error.kind == .invalidFilter ? .invalidPath(error.detail) : error
        }
    }

    private init(_ tokens: [(token: Token, touches: Bool)]) { self.tokens = tokens }

    /// Where in the filter something is wrong, without repeating what is in it: it may be somebody's address.
    private var consumed: String { position == 0 ? "the beginning" : "its first \(position) \(position == 1 ? "word" : "words")" }

    // MARK: Grammar

    private mutating func enter() throws(SCIMError) {
        depth += 1
        guard depth <= SCIMFilter.maximumDepth else { throw .invalidFilter("The filter is nested more than \(SCIMFilter.maximumDepth) deep.") }
    }

    private mutating func alternatives() throws(SCIMError) -> SCIMFilter {
        try enter()
        var parts = [try conjunction()]
        while takeWord("or") { parts.append(try conjunction()) }
        depth -= 1
        return parts.count == 1 ? parts[0] : .or(parts)
    }

    private mutating func conjunction() throws(SCIMError) -> SCIMFilter {
        var parts = [try factor()]
        while takeWord("and") { parts.append(try factor()) }
        return parts.count == 1 ? parts[0] : .and(parts)
    }

    private mutating func factor() throws(SCIMError) -> SCIMFilter {
        terms += 1
        guard terms <= SCIMFilter.maximumTerms else { throw .invalidFilter("The filter has more than \(SCIMFilter.maximumTerms) terms.") }
        if take(.open) { return try group() }
        if case .word(let word)? = peek(), SCIMText.isSame(word, "not"), peek(1) == .open {
            position += 2
            return .not(try group())
        }
        let path = try SCIMPath(try word("an attribute's name"))
        if take(.openBracket) {
            let filter = try alternatives()
            guard take(.closeBracket) else { throw .invalidFilter("After \(consumed) a closing bracket is expected.") }
            guard let sub = try continuation() else { return .element(path, filter) }
            return .element(path, .and(Self.flattened(filter) + [try comparison(SCIMPath([sub]))]))
        }
        return try comparison(path)
    }

    private static func flattened(_ filter: SCIMFilter) -> [SCIMFilter] {
        if case .and(let parts) = filter { parts } else { [filter] }
    }

    private mutating func group() throws(SCIMError) -> SCIMFilter {
        let filter = try alternatives()
        guard take(.close) else { throw .invalidFilter("After \(consumed) a closing parenthesis is expected.") }
        return filter
    }

    private mutating func comparison(_ path: SCIMPath) throws(SCIMError) -> SCIMFilter {
        let word = try word("an operator: eq, ne, co, sw, ew, gt, ge, lt, le or pr")
        if SCIMText.isSame(word, "pr") { return .present(path) }
        guard let comparison = SCIMOperator(rawValue: SCIMText.folded(word)) else {
            throw .invalidFilter("The operators are eq, ne, co, sw, ew, gt, ge, lt, le and pr; the filter has another after \(consumed).")
        }
        switch peek() {
        case .text(let text)?:
            position += 1
            return .compare(path, comparison, .text(text))
        case .word(let word)?:
            position += 1
            switch SCIMText.folded(word) {
            case "true": return .compare(path, comparison, .flag(true))
            case "false": return .compare(path, comparison, .flag(false))
            case "null": return .compare(path, comparison, .null)
            default: return .compare(path, comparison, .bare(word))
            }
        case .open?, .close?, .openBracket?, .closeBracket?, nil: throw .invalidFilter("After \(consumed) a value is expected.")
        }
    }

    // MARK: Tokens

    private func peek(_ ahead: Int = 0) -> Token? { position + ahead < tokens.count ? tokens[position + ahead].token : nil }

    private mutating func take(_ token: Token) -> Bool {
        guard peek() == token else { return false }
        position += 1
        return true
    }

    private mutating func takeWord(_ expected: String) -> Bool {
        guard case .word(let word)? = peek(), SCIMText.isSame(word, expected) else { return false }
        position += 1
        return true
    }

    private mutating func word(_ what: String) throws(SCIMError) -> String {
        guard case .word(let word)? = peek() else { throw .invalidFilter("After \(consumed) \(what) is expected.") }
        position += 1
        return word
    }

    /// `.value` behind a bracket.
    private mutating func continuation() throws(SCIMError) -> String? {
        guard position < tokens.count, tokens[position].touches, case .word(let word) = tokens[position].token, let name = word.rest(behind: ".")
        else {
            return nil
        }
        let path = try SCIMPath(name)
        guard path.urn == nil, path.parts.count == 1 else { throw .invalidPath("After a bracket there is the name of one sub-attribute.") }
        position += 1
        return path.parts[0]
    }

    private static func tokens(of text: String) throws(SCIMError) -> [(token: Token, touches: Bool)] {
        let scalars = Array(text.unicodeScalars)
        guard text.utf8.count <= SCIMFilter.maximumLength else {
            throw .invalidFilter("A filter has at most \(SCIMFilter.maximumLength) bytes.")
        }
        guard !scalars.contains("\0") else { throw Self.noCharacter }
        var tokens: [(token: Token, touches: Bool)] = []
        var index = 0
        var touches = false
        while index < scalars.count {
            switch scalars[index] {
            case " ", "\t":
                index += 1
                touches = false
                continue
            case "(": tokens.append((.open, touches))
            case ")": tokens.append((.close, touches))
            case "[": tokens.append((.openBracket, touches))
            case "]": tokens.append((.closeBracket, touches))
            case "\"":
                var value = String.UnicodeScalarView()
                index = try readText(scalars, from: index + 1, into: &value)
                tokens.append((.text(String(value)), touches))
                touches = true
                continue
            default:
                let start = index
                while index < scalars.count, !" \t()[]\"".unicodeScalars.contains(scalars[index]) { index += 1 }
                tokens.append((.word(String(String.UnicodeScalarView(scalars[start..<index]))), touches))
                touches = true
                continue
            }
            index += 1
            touches = true
        }
        return tokens
    }

    /// No value has it: the database stores none.
    private static let noCharacter = SCIMError.invalidFilter("The filter has a character in it that no value has (U+0000).")

    /// A JSON string.
    /// - Returns: where it goes on behind the closing quote.
    private static func readText(
        _ scalars: [Unicode.Scalar], from start: Int, into value: inout String.UnicodeScalarView
    ) throws(SCIMError) -> Int {
        var index = start
        while index < scalars.count {
            let scalar = scalars[index]
            index += 1
            if scalar == "\"" { return index }
            guard scalar == "\\" else {
                value.append(scalar)
                continue
            }
            guard index < scalars.count else { break }
            let escape = scalars[index]
            index += 1
            switch escape {
            case "\"", "\\", "/": value.append(escape)
            case "b": value.append("\u{8}")
            case "f": value.append("\u{C}")
            case "n": value.append("\n")
            case "r": value.append("\r")
            case "t": value.append("\t")
            case "u":
                let scalar = try readCode(scalars, &index)
                guard scalar != "\0" else { throw noCharacter }
                value.append(scalar)
            default: throw .invalidFilter("A text in the filter has an escape that JSON does not have.")
            }
        }
        throw .invalidFilter("A text in the filter is not closed.")
    }

    private static func readCode(_ scalars: [Unicode.Scalar], _ index: inout Int) throws(SCIMError) -> Unicode.Scalar {
        func half(_ index: inout Int) -> UInt32? {
            guard index + 4 <= scalars.count else { return nil }
            let digits = scalars[index..<index + 4]
            guard digits.allSatisfy(\.properties.isASCIIHexDigit) else { return nil }
            index += 4
            return UInt32(String(String.UnicodeScalarView(digits)), radix: 16)
        }
        if let high = half(&index) {
            if let scalar = Unicode.Scalar(high) { return scalar }
            if (0xD800..<0xDC00).contains(high), index + 1 < scalars.count, scalars[index] == "\\", scalars[index + 1] == "u" {
                index += 2
                if let low = half(&index), (0xDC00..<0xE000).contains(low),
                    let scalar = Unicode.Scalar(0x10000 + (high - 0xD800) << 10 + (low - 0xDC00))
                {
                    return scalar
                }
            }
        }
        throw .invalidFilter("A text in the filter has an invalid escape \\u.")
    }
}

/// The path of a PATCH operation: `emails[type eq "work"].value`.
package struct SCIMPatchPath: Sendable, Hashable {
    package var path: SCIMPath
    /// Which elements of a list.
    package var filter: SCIMFilter?
    /// What of them.
    package var sub: String?
}
