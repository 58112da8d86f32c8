import Foundation
import Scalars

/// The ways in which one address is written: its domain in letters or in ASCII, its accents composed or apart, in capitals, and with escapes
/// for what this or that format does not let stand as it is.
package enum AddressSpelling {
    /// The form that all spellings of an address have in common: lower-cased, composed, the domain in ASCII.
    package static func canonical(_ address: String) -> String {
        let lowered = address.lowercased()
        guard lowered.utf8.contains(where: { $0 >= 0x80 }) else { return lowered }
        let (local, domain) = parts(lowered.precomposedStringWithCanonicalMapping)
        guard let domain else { return local }
        return "\(local)@\(DomainName.ascii(domain))"
    }

    /// The same of a domain.
    static func canonical(domain: String) -> String { DomainName.ascii(domain.lowercased().precomposedStringWithCanonicalMapping) }

    /// Whether an address is written in one way only but for the case of its letters, as nearly all are.
    static func isPlain(_ lowered: [UInt8]) -> Bool {
        var previous: UInt8 = 0
        for byte in lowered {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "."), UInt8(ascii: "_"),
                UInt8(ascii: "@"):
                break
            // The `--` of `xn--`.
            case UInt8(ascii: "-"): if previous == byte { return false }
            default: return false
            }
            previous = byte
        }
        return true
    }

    /// The other spellings of an address as patterns: with small letters where they are ASCII.
    /// - Parameter canonical: see ``canonical(_:)``.
    static func patterns(of canonical: String) -> Set<[UInt8]> {
        let (local, name) = parts(canonical)
        guard let name else { return [] }
        let domain = DomainName.unicode(name)
        var patterns: Set<[UInt8]> = []
        func add(_ local: [UInt8]?, _ domain: [UInt8]?) {
            if let local, let domain { patterns.insert((local + [ByteView.at] + domain).map(ByteView.lowercased)) }
        }
        let ascii = Array(name.utf8)
        let isForeign = domain.utf8.contains { $0 >= 0x80 } || local.utf8.contains { $0 >= 0x80 }
        add(Array(local.utf8), ascii)
        if isForeign {
            for style in styles {
                add(style(local), style(domain))
                add(style(local), ascii)
            }
        }
        if local.utf8.contains(where: { signs.contains($0) }) {
            for escape in escapes { add(escaped(local, by: escape), ascii) }
        }
        return patterns
    }

    private static func parts(_ address: String) -> (local: String, domain: String?) {
        guard let at = address.lastPlace(of: "@") else { return (address, nil) }
        return (String(address[..<at]), String(address[address.place(behind: at)...]))
    }

    // MARK: Other letters than ASCII

    private static let styles: [@Sendable (String) -> [UInt8]?] = [
        { Array($0.utf8) }, { Array($0.uppercased().utf8) }, { Array(capitalised($0).utf8) },
        { Array($0.decomposedStringWithCanonicalMapping.utf8) }, { Array($0.uppercased().decomposedStringWithCanonicalMapping.utf8) },
        { Array(capitalised($0).decomposedStringWithCanonicalMapping.utf8) },
        { escaped($0, by: json) }, { escaped($0.uppercased(), by: json) }, { escaped(capitalised($0), by: json) }, { escaped($0, by: htmlSafeJSON) },
        { escaped($0, by: percent) }, { escaped($0, by: decimal) }, { escaped($0, by: hexadecimal) },
        { bytes($0) { $0.value < 0x100 ? UInt8($0.value) : nil } }, { bytes($0.uppercased()) { $0.value < 0x100 ? UInt8($0.value) : nil } },
        { bytes($0, windows1251) }, { bytes($0.uppercased(), windows1251) },
    ]

    /// With a capital where it begins, as names have.
    private static func capitalised(_ text: String) -> String {
        guard let first = text.unicodeScalars.first else { return text }
        return first.properties.uppercaseMapping + String(text.unicodeScalars.dropFirst())
    }

    private static func bytes(_ text: String, _ byte: (Unicode.Scalar) -> UInt8?) -> [UInt8]? {
        var bytes: [UInt8] = []
        for scalar in text.unicodeScalars {
            guard let byte = byte(scalar) else { return nil }
            bytes.append(byte)
        }
        return bytes
    }

    private static func windows1251(_ scalar: Unicode.Scalar) -> UInt8? {
        switch scalar.value {
        case 0..<0x80: UInt8(scalar.value)
        case 0x410...0x44F: UInt8(scalar.value - 0x410 + 0xC0)
        case 0x401: 0xA8
        case 0x451: 0xB8
        case 0x404: 0xAA
        case 0x454: 0xBA
        case 0x406: 0xB2
        case 0x456: 0xB3
        case 0x407: 0xAF
        case 0x457: 0xBF
        default: nil
        }
    }

    // MARK: Signs that formats escape

    private typealias Escape = @Sendable (Unicode.Scalar) -> String?

    /// Those signs of local parts that one format or another escapes.
    private static let signs: Set<UInt8> = Set("+'&\"<>/=`~!#$%*?^{|}".utf8)

    private static let escapes: [Escape] = [
        htmlSafeJSON, percent, decimal, hexadecimal,
        { $0 == "'" || $0 == "\"" ? "\\\($0)" : nil }, { $0 == "'" || $0 == "\"" ? "\($0)\($0)" : nil }, { $0 == "/" ? "\\/" : nil },
        { $0 == "'" ? "&#039;" : nil }, { $0 == "'" ? "&apos;" : $0 == "&" ? "&amp;" : nil }, { $0 == "'" ? "\\u0027" : nil },
        { $0 == "'" ? "%27" : nil }, { $0 == "+" ? "%2b" : nil },
    ]

    private static func escaped(_ text: String, by escape: Escape) -> [UInt8] {
        var result = ""
        for scalar in text.unicodeScalars {
            if let escaped = escape(scalar) { result += escaped } else { result.unicodeScalars.append(scalar) }
        }
        return Array(result.utf8)
    }

    /// As most write JSON that is to be ASCII.
    @Sendable private static func json(_ scalar: Unicode.Scalar) -> String? {
        guard scalar.value >= 0x80 else { return nil }
        return String(scalar).utf16.map { "\\u" + digits(UInt32($0), 4) }.joined()
    }

    /// As those write it who think of web pages (.NET).
    @Sendable private static func htmlSafeJSON(_ scalar: Unicode.Scalar) -> String? {
        ["+", "'", "&", "<", ">", "\"", "`"].contains(scalar) ? "\\u" + digits(scalar.value, 4) : json(scalar)
    }

    @Sendable private static func percent(_ scalar: Unicode.Scalar) -> String? {
        switch scalar {
        case "a"..."z", "A"..."Z", "0"..."9", ".", "-", "_", "~": nil
        default: String(scalar).utf8.map { "%" + digits(UInt32($0), 2) }.joined()
        }
    }

    @Sendable private static func decimal(_ scalar: Unicode.Scalar) -> String? {
        scalar.value >= 0x80 || ["+", "'", "&", "<", ">", "\""].contains(scalar) ? "&#\(scalar.value);" : nil
    }

    @Sendable private static func hexadecimal(_ scalar: Unicode.Scalar) -> String? {
        scalar.value >= 0x80 || ["+", "'", "&", "<", ">", "\""].contains(scalar) ? "&#x\(String(scalar.value, radix: 16));" : nil
    }

    private static func digits(_ value: UInt32, _ count: Int) -> String {
        let text = String(value, radix: 16)
        return String(repeating: "0", count: max(0, count - text.utf8.count)) + text
    }
}
