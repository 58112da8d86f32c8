import Foundation
import JSON

/// Reads one JSON text (RFC 8259), strictly: no comments, no trailing comma, no second value, no half of a surrogate pair, and not
/// deeper than ``maximumDepth``, so that a hostile body cannot exhaust the stack.
package struct JSONParser {
    package static let maximumDepth = 64

    /// Why a text is not JSON.
    package struct Failure: Error, CustomStringConvertible, Equatable {
        package let offset: Int
        package let description: String
    }

    private let bytes: [UInt8]
    private var position = 0
    private var depth = 0
    private let isLenient: Bool

    private init(_ bytes: [UInt8], isLenient: Bool) {
        self.bytes = bytes
        self.isLenient = isLenient
    }

    /// Reads the whole text.
    /// - Parameters:
    ///   - bytes: UTF-8; the caller has checked that it is.
    ///   - isLenient: for answers of other services, in which one odd row is not to spoil the others: a name that occurs twice in one object with
    ///     two values has a list of both, which is odd wherever one is meant; half of a surrogate pair is U+FFFD, and a number that is too large the
    ///     largest.
    package static func parse(_ bytes: [UInt8], isLenient: Bool = false) throws -> JSONValue {
        var parser = JSONParser(bytes, isLenient: isLenient)
        parser.skipSpace()
        let value = try parser.value()
        parser.skipSpace()
        guard parser.position == bytes.count else { throw parser.failure("There is something after the end of the JSON text") }
        return value
    }

    private func failure(_ text: String) -> Failure { Failure(offset: position, description: "\(text) (at byte \(position)).") }

    private mutating func skipSpace() {
        while position < bytes.count {
            switch bytes[position] {
            case 0x20, 0x09, 0x0A, 0x0D: position += 1
            default: return
            }
        }
    }

    private mutating func value() throws -> JSONValue {
        guard position < bytes.count else { throw failure("The JSON text ends too early") }
        switch bytes[position] {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSONValue) throws -> JSONValue {
        let length = word.utf8CodeUnitCount
        guard position + length <= bytes.count, (0..<length).allSatisfy({ bytes[position + $0] == word.utf8Start[$0] }) else {
            throw failure("This is not JSON")
        }
        position += length
        return value
    }

    private mutating func enter() throws {
        depth += 1
        guard depth <= Self.maximumDepth else { throw failure("The JSON text is nested too deeply") }
        position += 1
        skipSpace()
    }

    private mutating func take(_ byte: UInt8) -> Bool {
        guard position < bytes.count, bytes[position] == byte else { return false }
        position += 1
        return true
    }

    private mutating func object() throws -> JSONValue {
        try enter()
        defer { depth -= 1 }
        var members: [String: JSONValue] = [:]
        if take(UInt8(ascii: "}")) { return .object(members) }
        while true {
            guard position < bytes.count, bytes[position] == UInt8(ascii: "\"") else { throw failure("A name in quotes is expected") }
            let name = try string()
            skipSpace()
            guard take(UInt8(ascii: ":")) else { throw failure("A colon is expected") }
            skipSpace()
            let member = try value()
            // Two values for one name: which of them is meant cannot be known, and two readers would differ.
            if let former = members.updateValue(member, forKey: name) {
                guard isLenient else { throw failure("A name occurs twice in one object") }
                members[name] = former == member ? former : .array([former, member])
            }
            skipSpace()
            if take(UInt8(ascii: "}")) { return .object(members) }
            guard take(UInt8(ascii: ",")) else { throw failure("A comma or a closing brace is expected") }
            skipSpace()
        }
    }

    private mutating func array() throws -> JSONValue {
        try enter()
        defer { depth -= 1 }
        var items: [JSONValue] = []
        if take(UInt8(ascii: "]")) { return .array(items) }
        while true {
            items.append(try value())
            skipSpace()
            if take(UInt8(ascii: "]")) { return .array(items) }
            guard take(UInt8(ascii: ",")) else { throw failure("A comma or a closing bracket is expected") }
            skipSpace()
        }
    }

    private mutating func number() throws -> JSONValue {
        let start = position
        var isWhole = true
        _ = take(UInt8(ascii: "-"))
        guard let first = digit() else { throw failure("This is not JSON") }
        if first != 0 { while digit() != nil {} }
        if take(UInt8(ascii: ".")) {
            isWhole = false
            guard digit() != nil else { throw failure("A digit is expected after the point") }
            while digit() != nil {}
        }
        if take(UInt8(ascii: "e")) || take(UInt8(ascii: "E")) {
            isWhole = false
            if !take(UInt8(ascii: "+")) { _ = take(UInt8(ascii: "-")) }
            guard digit() != nil else { throw failure("A digit is expected in the exponent") }
            while digit() != nil {}
        }
        let text = String(decoding: bytes[start..<position], as: UTF8.self)
        if isWhole, let value = Int(text) { return .integer(value) }
        guard let value = Double(text), value.isFinite || isLenient else { throw failure("The number is too large") }
        return .number(value.isFinite ? value : .greatestFiniteMagnitude)
    }

    private mutating func digit() -> UInt8? {
        guard position < bytes.count, (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(bytes[position]) else { return nil }
        defer { position += 1 }
        return bytes[position] - UInt8(ascii: "0")
    }

    private mutating func string() throws -> String {
        position += 1
        let start = position
        while position < bytes.count, bytes[position] != UInt8(ascii: "\""), bytes[position] != UInt8(ascii: "\\"), bytes[position] >= 0x20 {
            position += 1
        }
        guard position < bytes.count else { throw failure("A text is not closed") }
        if bytes[position] == UInt8(ascii: "\"") {
            defer { position += 1 }
            return String(decoding: bytes[start..<position], as: UTF8.self)
        }
        var text = Array(bytes[start..<position])
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): try escape(into: &text)
            case 0..<0x20: throw failure("A control character in a text has to be escaped")
            default: text.append(byte)
            }
        }
        throw failure("A text is not closed")
    }

    private mutating func escape(into text: inout [UInt8]) throws {
        guard position < bytes.count else { throw failure("A text is not closed") }
        let byte = bytes[position]
        position += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): text.append(byte)
        case UInt8(ascii: "b"): text.append(0x08)
        case UInt8(ascii: "f"): text.append(0x0C)
        case UInt8(ascii: "n"): text.append(0x0A)
        case UInt8(ascii: "r"): text.append(0x0D)
        case UInt8(ascii: "t"): text.append(0x09)
        case UInt8(ascii: "u"):
            var code = try hex()
            if (0xD800..<0xDC00).contains(code) {
                let behind = position
                if take(UInt8(ascii: "\\")), take(UInt8(ascii: "u")) {
                    let low = try hex()
                    if (0xDC00..<0xE000).contains(low) { code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00) }
                }
                // What follows and is no other half is read for itself.
                if code < 0x10000 { position = behind }
            }
            guard let scalar = Unicode.Scalar(code) ?? (isLenient ? "\u{FFFD}" : nil) else { throw failure("Half of a surrogate pair is missing") }
            text.append(contentsOf: Array(String(Character(scalar)).utf8))
        default: throw failure("There is no such escape")
        }
    }

    private mutating func hex() throws -> UInt32 {
        guard position + 4 <= bytes.count else { throw failure("A text is not closed") }
        var code: UInt32 = 0
        for _ in 0..<4 {
            let byte = bytes[position]
            let value: UInt8
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): value = byte - UInt8(ascii: "0")
            case UInt8(ascii: "a")...UInt8(ascii: "f"): value = byte - UInt8(ascii: "a") + 10
            case UInt8(ascii: "A")...UInt8(ascii: "F"): value = byte - UInt8(ascii: "A") + 10
            default: throw failure("Four hexadecimal digits are expected")
            }
            code = code << 4 | UInt32(value)
            position += 1
        }
        return code
    }
}
