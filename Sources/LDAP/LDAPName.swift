import CLibLDAP

/// A distinguished name, as what it names: two that are spelled differently and mean the same entry are equal.
///
/// Texts are read generously (RFC 4514, and what RFC 2253 and RFC 1779 allowed before it), because servers do: blanks around `,`, `+`
/// and `=`, a semicolon for a comma, quotes, `\2C`, `#04024869`, types by their OID and with `OID.` before it. Values are compared as
/// `caseIgnoreMatch` does with the preparation of RFC 4518: without regard to case, to blanks at the ends, to how many there are in a row,
/// and to what is not seen. A few attributes tell capitals from small letters; here none does, since two entries that differ by
/// nothing else are rare, and what is decided by it, whom not to touch, is decided safely.
package struct LDAPName: Sendable, Hashable {
    /// An attribute and its value, prepared for comparing.
    package struct Part: Sendable, Hashable {
        /// The short name in small letters, or an OID.
        package let type: String
        package let value: String
    }

    /// The relative names from the entry's own upwards; each is a set of parts.
    package let levels: [Set<Part>]

    /// - Returns: nil for what is no distinguished name.
    package init?(_ text: String) {
        guard !text.utf8.contains(0), let levels = LDAPNameReader.levels(Array(text.utf8)) else { return nil }
        self.levels = levels
    }

    /// Whether a text is a distinguished name, the empty one among them.
    package static func isValid(_ text: String) -> Bool {
        guard !text.utf8.contains(0) else { return false }
        var name: LDAPDN?
        guard ldap_str2dn(text, &name, UInt32(LDAP_DN_FORMAT_LDAPV3)) == LDAP_SUCCESS else { return false }
        ldap_dnfree(name)
        return true
    }
}

/// Reads a distinguished name byte by byte: what separates is ASCII, and may have a mark behind it that makes one character of both.
private struct LDAPNameReader {
    private let bytes: [UInt8]
    private var place = 0

    static func levels(_ bytes: [UInt8]) -> [Set<LDAPName.Part>]? {
        var reader = LDAPNameReader(bytes: bytes)
        return reader.read()
    }

    private init(bytes: [UInt8]) { self.bytes = bytes }

    private var next: UInt8? { place < bytes.count ? bytes[place] : nil }

    private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || (0x09...0x0D).contains(byte) }

    private mutating func skipBlanks() { while let byte = next, Self.isBlank(byte) { place += 1 } }

    private mutating func read() -> [Set<LDAPName.Part>]? {
        skipBlanks()
        guard next != nil else { return [] }
        var levels: [Set<LDAPName.Part>] = []
        var level: Set<LDAPName.Part> = []
        while true {
            guard let part = readPart() else { return nil }
            level.insert(part)
            guard let separator = next else {
                levels.append(level)
                return levels
            }
            place += 1
            switch separator {
            case UInt8(ascii: "+"): continue
            case UInt8(ascii: ","), UInt8(ascii: ";"):
                levels.append(level)
                level = []
            default: return nil
            }
        }
    }

    /// Reads `type = value`, and stops at what separates it from the next.
    private mutating func readPart() -> LDAPName.Part? {
        skipBlanks()
        let start = place
        while let byte = next, byte != UInt8(ascii: "="), !Self.isBlank(byte) { place += 1 }
        guard let type = AttributeTypes.name(bytes[start..<place]) else { return nil }
        skipBlanks()
        guard next == UInt8(ascii: "=") else { return nil }
        place += 1
        skipBlanks()
        switch next {
        case UInt8(ascii: "#"): return readEncoded().map { LDAPName.Part(type: type, value: $0) }
        case UInt8(ascii: "\""): return readQuoted().map { LDAPName.Part(type: type, value: MatchingText.prepared($0)) }
        default: return readPlain().map { LDAPName.Part(type: type, value: MatchingText.prepared($0)) }
        }
    }

    private static func isSeparator(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ",") || byte == UInt8(ascii: ";") || byte == UInt8(ascii: "+")
    }

    private mutating func readPlain() -> [UInt8]? {
        var value: [UInt8] = []
        while let byte = next, !Self.isSeparator(byte) {
            place += 1
            guard byte == UInt8(ascii: "\\") else {
                value.append(byte)
                continue
            }
            guard let escaped = readEscaped() else { return nil }
            value.append(escaped)
        }
        return value
    }

    private mutating func readQuoted() -> [UInt8]? {
        place += 1
        var value: [UInt8] = []
        while let byte = next, byte != UInt8(ascii: "\"") {
            place += 1
            guard byte == UInt8(ascii: "\\") else {
                value.append(byte)
                continue
            }
            guard let escaped = readEscaped() else { return nil }
            value.append(escaped)
        }
        guard next != nil else { return nil }
        place += 1
        return endOfValue() ? value : nil
    }

    /// What is behind a backslash: two hexadecimal digits, or the sign itself.
    private mutating func readEscaped() -> UInt8? {
        guard let first = next else { return nil }
        place += 1
        guard let high = Self.digit(first), let second = next, let low = Self.digit(second) else { return first }
        place += 1
        return high << 4 | low
    }

    /// `#` and the value's encoding (BER) in hexadecimal digits.
    private mutating func readEncoded() -> String? {
        place += 1
        var encoded: [UInt8] = []
        while let byte = next, let high = Self.digit(byte) {
            guard place + 1 < bytes.count, let low = Self.digit(bytes[place + 1]) else { return nil }
            encoded.append(high << 4 | low)
            place += 2
        }
        guard !encoded.isEmpty, endOfValue() else { return nil }
        return EncodedText.bytes(encoded).map { MatchingText.prepared($0) } ?? MatchingText.unreadable(encoded)
    }

    private mutating func endOfValue() -> Bool {
        skipBlanks()
        return next.map { Self.isSeparator($0) } ?? true
    }

    static func digit(_ byte: UInt8) -> UInt8? {
        switch byte {
        case 0x30...0x39: byte - 0x30
        case 0x41...0x46: byte - 0x37
        case 0x61...0x66: byte - 0x57
        default: nil
        }
    }
}

/// Strings in BER (X.690), as far as names have them.
private enum EncodedText {
    /// - Returns: the text in UTF-8; nil for another type, or what is no encoding.
    static func bytes(_ encoded: [UInt8]) -> [UInt8]? {
        guard encoded.count >= 2 else { return nil }
        var start = 2
        var length = Int(encoded[1])
        if length >= 0x80 {
            let count = length & 0x7F
            guard (1...3).contains(count), encoded.count >= 2 + count else { return nil }
            length = encoded[2..<2 + count].reduce(0) { $0 << 8 | Int($1) }
            start += count
        }
        guard encoded.count == start + length else { return nil }
        let content = Array(encoded[start...])
        switch encoded[0] {
        // OCTET STRING, UTF8String, NumericString, PrintableString, IA5String, VisibleString.
        case 0x04, 0x0C, 0x12, 0x13, 0x16, 0x1A: return content
        // T61String, which is Latin-1 where it is met.
        case 0x14: return Array(String(String.UnicodeScalarView(content.map { Unicode.Scalar($0) })).utf8)
        // UniversalString and BMPString.
        case 0x1C: return text(content, width: 4)
        case 0x1E: return text(content, width: 2)
        default: return nil
        }
    }

    private static func text(_ content: [UInt8], width: Int) -> [UInt8]? {
        guard content.count.isMultiple(of: width) else { return nil }
        let units = stride(from: 0, to: content.count, by: width).map { content[$0..<$0 + width].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } }
        if width == 2 { return Array(String(decoding: units.map { UInt16(truncatingIfNeeded: $0) }, as: UTF16.self).utf8) }
        let scalars = units.compactMap { Unicode.Scalar($0) }
        return scalars.count == units.count ? Array(String(String.UnicodeScalarView(scalars)).utf8) : nil
    }
}
