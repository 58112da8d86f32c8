/// The name of an attribute (RFC 4512, section 1.4): letters, digits and hyphens behind a letter, or numbers with dots between them. Only
/// such a name can stand in a filter without being read as something else.
package struct LDAPAttribute: Sendable, Hashable, CustomStringConvertible {
    package let name: String

    package var description: String { name }

    /// - Returns: nil for what is no such name.
    package init?(_ text: String) {
        let bytes = text.utf8
        guard let first = bytes.first, bytes.count <= 128 else { return nil }
        func isDigit(_ byte: UInt8) -> Bool { (48...57).contains(byte) }
        func isLetter(_ byte: UInt8) -> Bool { (97...122).contains(byte | 0x20) }
        if isLetter(first) {
            guard bytes.allSatisfy({ isLetter($0) || isDigit($0) || $0 == UInt8(ascii: "-") }) else { return nil }
        } else {
            let numbers = bytes.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
            guard numbers.count > 1, numbers.allSatisfy({ !$0.isEmpty && $0.allSatisfy(isDigit) }) else { return nil }
        }
        name = text
    }
}

extension LDAPFilter {
    /// Compares bytes with an attribute that somebody chose.
    package static func equal(_ attribute: LDAPAttribute, bytes: [UInt8]) -> LDAPFilter { equal(named: attribute.name, bytes: bytes) }
}
