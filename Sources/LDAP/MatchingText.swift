import Foundation

/// Texts prepared for comparing as `caseIgnoreMatch` does (RFC 4518).
package enum MatchingText {
    /// - Parameter bytes: UTF-8; what is none is compared byte by byte.
    package static func prepared(_ bytes: [UInt8]) -> String {
        guard let text = String(validating: bytes, as: UTF8.self) else { return unreadable(bytes) }
        return prepared(text)
    }

    package static func prepared(_ text: String) -> String {
        // Capitals first: ß and SS are one, and so are the two small sigmas.
        let folded = String(String.UnicodeScalarView(text.unicodeScalars.compactMap { mapped($0) }))
            .precomposedStringWithCompatibilityMapping.uppercased().lowercased().precomposedStringWithCompatibilityMapping
        var result = String.UnicodeScalarView()
        var isBlankDue = false
        for scalar in folded.unicodeScalars {
            guard scalar != " " else {
                isBlankDue = !result.isEmpty
                continue
            }
            if isBlankDue { result.append(" ") }
            isBlankDue = false
            result.append(scalar)
        }
        return String(result)
    }

    /// What cannot be read as text: in no text is there a NUL, so that it is no other's.
    static func unreadable(_ bytes: [UInt8]) -> String {
        "\u{0}" + bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }

    /// Section 2.2: what separates is a blank, and what is not seen is nothing.
    private static func mapped(_ scalar: Unicode.Scalar) -> Unicode.Scalar? {
        switch scalar.value {
        case 0x09...0x0D, 0x85: return " "
        case 0x034F, 0x180B...0x180D, 0xFE00...0xFE0F, 0xFFFC: return nil
        default: break
        }
        switch scalar.properties.generalCategory {
        case .spaceSeparator, .lineSeparator, .paragraphSeparator: return " "
        case .control, .format: return nil
        default: return scalar
        }
    }
}

/// Attribute types by their many names: RFC 4519, RFC 4524, RFC 2985, and those that Active Directory and certificates add.
enum AttributeTypes {
    private static let known: [(oid: String, names: [String])] = [
        ("2.5.4.3", ["cn", "commonname"]), ("2.5.4.4", ["sn", "surname"]), ("2.5.4.5", ["serialnumber"]), ("2.5.4.6", ["c", "countryname"]),
        ("2.5.4.7", ["l", "localityname"]), ("2.5.4.8", ["st", "s", "stateorprovincename"]), ("2.5.4.9", ["street", "streetaddress"]),
        ("2.5.4.10", ["o", "organizationname"]), ("2.5.4.11", ["ou", "organizationalunitname"]), ("2.5.4.12", ["title", "t"]),
        ("2.5.4.13", ["description"]), ("2.5.4.17", ["postalcode"]), ("2.5.4.41", ["name"]), ("2.5.4.42", ["givenname", "gn", "g"]),
        ("2.5.4.43", ["initials", "i"]), ("2.5.4.44", ["generationqualifier"]), ("2.5.4.45", ["x500uniqueidentifier"]),
        ("2.5.4.46", ["dnqualifier"]), ("2.5.4.65", ["pseudonym"]), ("0.9.2342.19200300.100.1.1", ["uid", "userid"]),
        ("0.9.2342.19200300.100.1.3", ["mail", "rfc822mailbox"]), ("0.9.2342.19200300.100.1.25", ["dc", "domaincomponent"]),
        ("1.2.840.113549.1.9.1", ["email", "e", "emailaddress", "pkcs9email"]), ("2.16.840.1.113730.3.1.3", ["employeenumber"]),
        ("2.16.840.1.113730.3.1.241", ["displayname"]), ("1.2.840.113556.1.4.221", ["samaccountname"]),
        ("1.2.840.113556.1.4.656", ["userprincipalname"]),
    ]
    private static let short = Dictionary(
        known.flatMap { type in ([type.oid] + type.names).map { ($0, type.names[0]) } }, uniquingKeysWith: { first, _ in first })

    /// The one name of a type; nil for what is none.
    static func name(_ bytes: ArraySlice<UInt8>) -> String? {
        guard let first = bytes.first else { return nil }
        let isPlain = bytes.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x2D || byte == 0x2E
                || byte == 0x5F
        }
        guard isPlain, first != UInt8(ascii: "."), first != UInt8(ascii: "-") else { return nil }
        var text = String(decoding: bytes, as: UTF8.self).lowercased()
        if text.hasPrefix("oid.") { text = String(text.dropFirst(4)) }
        return text.isEmpty ? nil : short[text] ?? text
    }
}
