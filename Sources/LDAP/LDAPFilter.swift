/// What a search looks for, as text (RFC 4515). Values come into it by the functions here alone, which escape them.
package struct LDAPFilter: Sendable, Hashable, CustomStringConvertible {
    package let text: String

    package var description: String { text }

    /// Whatever has a class, which everything has.
    package static let everything = present("objectClass")

    private init(trusted text: String) { self.text = text }

    /// - Throws: why the text is no filter, and where.
    package init(_ text: String) throws(Fault) {
        var reader = Reader(bytes: Array(text.utf8))
        try reader.readFilter(depth: 0)
        guard reader.isAtEnd else { throw Fault(position: reader.position + 1, reason: "something follows the last parenthesis") }
        self.text = text
    }

    /// - Parameter attribute: of the program's own choosing.
    package static func present(_ attribute: StaticString) -> LDAPFilter { LDAPFilter(trusted: "(\(attribute)=*)") }

    package static func equal(_ attribute: StaticString, _ value: String) -> LDAPFilter { LDAPFilter(trusted: "(\(attribute)=\(escape(value)))") }

    /// Compares bytes, each of which is escaped.
    package static func equal(_ attribute: StaticString, bytes: [UInt8]) -> LDAPFilter { equal(named: "\(attribute)", bytes: bytes) }

    /// - Parameter name: checked to be one.
    static func equal(named name: String, bytes: [UInt8]) -> LDAPFilter {
        LDAPFilter(trusted: "(\(name)=\(bytes.map { hex($0) }.joined()))")
    }

    package static func atLeast(_ attribute: StaticString, _ value: String) -> LDAPFilter { LDAPFilter(trusted: "(\(attribute)>=\(escape(value)))") }

    package static func not(_ filter: LDAPFilter) -> LDAPFilter { LDAPFilter(trusted: "(!\(filter.text))") }

    package static func all(_ filters: [LDAPFilter]) -> LDAPFilter { LDAPFilter(trusted: "(&\(filters.map(\.text).joined()))") }

    package static func any(_ filters: [LDAPFilter]) -> LDAPFilter { LDAPFilter(trusted: "(|\(filters.map(\.text).joined()))") }

    /// A value as it stands within a filter: `*`, parentheses, backslash and NUL escaped.
    package static func escape(_ value: String) -> String {
        var text = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "*", "(", ")", "\\", "\0": text += hex(UInt8(scalar.value))
            default: text.unicodeScalars.append(scalar)
            }
        }
        return text
    }

    static func hex(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16)
        return digits.utf8.count == 1 ? "\\0\(digits)" : "\\\(digits)"
    }

    /// Why a text is no filter.
    package struct Fault: Error, Hashable, CustomStringConvertible {
        /// In bytes, from 1.
        package let position: Int
        package let reason: String

        package var description: String { "\(reason), at character \(position)" }
    }
}

/// Reads a filter without keeping anything of it.
private struct Reader {
    let bytes: [UInt8]
    var position = 0

    /// As deep as nobody nests: what is read calls itself.
    private static let deepest = 50

    var isAtEnd: Bool { position == bytes.count }
    private var current: UInt8? { position < bytes.count ? bytes[position] : nil }

    private func fault(_ reason: String) -> LDAPFilter.Fault { LDAPFilter.Fault(position: position + 1, reason: reason) }

    mutating func readFilter(depth: Int) throws(LDAPFilter.Fault) {
        guard depth < Self.deepest else { throw fault("parentheses are nested too deep") }
        guard current == UInt8(ascii: "(") else { throw fault("an opening parenthesis is missing") }
        position += 1
        switch current {
        case UInt8(ascii: "&"), UInt8(ascii: "|"):
            position += 1
            guard current == UInt8(ascii: "(") else { throw fault("nothing stands behind & or |") }
            while current == UInt8(ascii: "(") { try readFilter(depth: depth + 1) }
        case UInt8(ascii: "!"):
            position += 1
            try readFilter(depth: depth + 1)
        default: try readComparison()
        }
        guard current == UInt8(ascii: ")") else { throw fault("a closing parenthesis is missing") }
        position += 1
    }

    /// `attribute=value`, `attribute>=value`, `attribute:dn:rule:=value` and the like.
    private mutating func readComparison() throws(LDAPFilter.Fault) {
        let start = position
        while let byte = current, isOfAttribute(byte) { position += 1 }
        var isNamed = position > start
        while current == UInt8(ascii: ":"), position + 1 < bytes.count, bytes[position + 1] != UInt8(ascii: "=") {
            position += 1
            let part = position
            while let byte = current, isOfAttribute(byte) { position += 1 }
            guard position > part else { throw fault("the name of a matching rule is missing") }
            isNamed = true
        }
        guard isNamed else { throw fault("the name of an attribute is missing") }
        if let byte = current, [UInt8(ascii: ">"), UInt8(ascii: "<"), UInt8(ascii: "~"), UInt8(ascii: ":")].contains(byte) { position += 1 }
        guard current == UInt8(ascii: "=") else { throw fault("an equals sign is missing") }
        position += 1
        try readValue()
    }

    private mutating func readValue() throws(LDAPFilter.Fault) {
        while let byte = current, byte != UInt8(ascii: ")") {
            switch byte {
            case UInt8(ascii: "("): throw fault("a parenthesis within a value is written \\28")
            case 0: throw fault("a NUL within a value is written \\00")
            case UInt8(ascii: "\\"):
                guard position + 2 < bytes.count, isHex(bytes[position + 1]), isHex(bytes[position + 2]) else {
                    throw fault("two hexadecimal digits follow a backslash")
                }
                position += 3
            default: position += 1
            }
        }
    }

    private func isOfAttribute(_ byte: UInt8) -> Bool {
        (97...122).contains(byte | 0x20) || (48...57).contains(byte)
            || [UInt8(ascii: "-"), UInt8(ascii: "."), UInt8(ascii: ";"), UInt8(ascii: "_")].contains(byte)
    }

    private func isHex(_ byte: UInt8) -> Bool { (48...57).contains(byte) || (97...102).contains(byte | 0x20) }
}
