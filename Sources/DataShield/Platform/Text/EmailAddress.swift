import Foundation
import Scalars

/// An e-mail address in one spelling: lower-cased, composed, its domain in ASCII, quotes only where they are needed, so that two
/// addresses are the same when their texts are.
///
/// Taken: the dot-atoms and quoted local parts of RFC 5321, letters of any script before the sign (RFC 6531), and domains of letters,
/// digits and hyphens; a domain in another script is kept in its `xn--` form. At most 254 octets, 64 before the sign.
package struct EmailAddress: Hashable, Sendable, CustomStringConvertible {
    /// The whole address.
    package let text: String

    package var description: String { text }
    /// What stands before the sign, with its quotes where it has some.
    package var local: String { text.lastPlace(of: "@").map { String(text[..<$0]) } ?? text }
    package var domain: String { text.lastPlace(of: "@").map { String(text[text.place(behind: $0)...]) } ?? "" }

    /// The address with its domain as people write it.
    package var display: String {
        let labels = domain.parts(between: ".").map { label in
            label.rest(behind: "xn--").flatMap { Punycode.decode($0) } ?? String(label)
        }
        return "\(local)@\(labels.joined(separator: "."))"
    }

    /// An address from the database, where only checked ones are.
    package init(stored text: String) { self.text = text }

    /// - Throws: why the text is no address, without repeating it.
    package init(_ input: some StringProtocol) throws(Fault) {
        if let plain = Self.plainText(input) {
            text = plain
            return
        }
        // More than any address has; what follows need not be quick on a megabyte.
        guard input.utf8.count <= 2048 else { throw .tooLong }
        let space = CharacterSet.whitespacesAndNewlines.union(CharacterSet(charactersIn: "\u{FEFF}"))
        let scalars = Array(String(input).trimmingCharacters(in: space).precomposedStringWithCanonicalMapping.unicodeScalars)
        guard !scalars.isEmpty else { throw .missing }
        guard scalars.count <= 254 else { throw .tooLong }
        let local: String
        let rest: Int
        if scalars[0] == "\"" { (local, rest) = try Self.quoted(scalars) } else { (local, rest) = try Self.dotAtom(scalars) }
        guard local.utf8.count <= 64 else { throw .localTooLong }
        let domainScalars = scalars[rest...]
        guard !domainScalars.isEmpty else { throw .nothingAfterAt }
        guard !domainScalars.contains("@") else { throw .severalAts }
        let text = "\(local)@\(try DomainName(String(String.UnicodeScalarView(domainScalars))).text)"
        guard text.utf8.count <= 254 else { throw .tooLong }
        self.text = text
    }

    /// The address when it is of the plain kind that nearly all are: ASCII, no quotes, nothing to mend but case and blanks around it.
    /// A staff list has a hundred thousand of them.
    /// - Returns: nil when it is not, or not an address: then the long way decides, and says why.
    private static func plainText(_ input: some StringProtocol) -> String? {
        let bytes = input.utf8
        guard bytes.count <= 300 else { return nil }
        var text: [UInt8] = []
        text.reserveCapacity(bytes.count)
        var (sign, dots, labelLength) = (-1, 0, 0)
        var before = UInt8(ascii: ".")
        for var byte in bytes {
            if byte == UInt8(ascii: " ") {
                if text.isEmpty { continue }
                return nil
            }
            if (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) { byte |= 0x20 }
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "0")...UInt8(ascii: "9"): labelLength += 1
            case UInt8(ascii: "-"):
                if sign >= 0, before == UInt8(ascii: "."), labelLength == 0 { return nil }
                // The encoded parts of other scripts have two hyphens in the middle.
                if sign >= 0, before == UInt8(ascii: "-") { return nil }
                labelLength += 1
            case UInt8(ascii: "+"), UInt8(ascii: "_"), UInt8(ascii: "'"):
                guard sign < 0 else { return nil }
            case UInt8(ascii: "."):
                guard before != UInt8(ascii: "."), sign < 0 || (before != UInt8(ascii: "-") && labelLength <= 63) else { return nil }
                if sign >= 0 { dots += 1 }
                labelLength = 0
            case UInt8(ascii: "@"):
                guard sign < 0, before != UInt8(ascii: "."), text.count <= 64 else { return nil }
                sign = text.count
                labelLength = 0
            default: return nil
            }
            // The domain's first label begins as if behind a dot.
            before = byte == UInt8(ascii: "@") ? UInt8(ascii: ".") : byte
            text.append(byte)
        }
        guard sign > 0, dots > 0, (1...63).contains(labelLength), text.count <= 254, let last = text.last,
            (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(last)
        else { return nil }
        return String(decoding: text, as: UTF8.self)
    }

    private static func dotAtom(_ scalars: [Unicode.Scalar]) throws(Fault) -> (String, Int) {
        guard let sign = scalars.firstIndex(of: "@") else { throw .noAt }
        guard sign > 0 else { throw .nothingBeforeAt }
        let local = scalars[..<sign]
        guard !local.contains("<"), scalars.last != ">" || local.contains("\"") || scalars.contains("<") == false else { throw .notOnlyAnAddress }
        for scalar in local where scalar != "." && !isAtomCharacter(scalar) { throw .localCharacter(scalar) }
        let hasDoubleDot = zip(local, local.dropFirst()).contains { $0 == "." && $1 == "." }
        guard local.first != ".", local.last != ".", !hasDoubleDot else { throw .localDots }
        return (lowercased(local), sign + 1)
    }

    private static func quoted(_ scalars: [Unicode.Scalar]) throws(Fault) -> (String, Int) {
        var content: [Unicode.Scalar] = []
        var index = 1
        while index < scalars.count, scalars[index] != "\"" {
            if scalars[index] == "\\" { index += 1 }
            guard index < scalars.count else { throw .openQuote }
            guard scalars[index].value >= 0x20, !isHidden(scalars[index]) else { throw .localCharacter(scalars[index]) }
            content.append(scalars[index])
            index += 1
        }
        guard index < scalars.count else { throw .openQuote }
        guard index + 1 < scalars.count, scalars[index + 1] == "@" else {
            throw scalars.contains("<") ? .notOnlyAnAddress : .noAt
        }
        guard !content.isEmpty else { throw .nothingBeforeAt }
        let text = lowercased(content[...])
        // Quotes that are not needed are dropped: "jane"@ and jane@ are one address.
        let isPlain =
            content.allSatisfy { $0 == "." || isAtomCharacter($0) } && content.first != "." && content.last != "."
            && !zip(content, content.dropFirst()).contains { $0 == "." && $1 == "." }
        if isPlain { return (text, index + 2) }
        let escaped = text.escaping("\\", "\"")
        return ("\"\(escaped)\"", index + 2)
    }

    private static func lowercased(_ scalars: ArraySlice<Unicode.Scalar>) -> String {
        String(String.UnicodeScalarView(scalars)).lowercased().precomposedStringWithCanonicalMapping
    }

    private static func isAtomCharacter(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII {
            let isWord = ("a"..."z").contains(scalar) || ("A"..."Z").contains(scalar) || ("0"..."9").contains(scalar)
            return isWord || "!#$%&'*+-/=?^_`{|}~".unicodeScalars.contains(scalar)
        }
        return !isHidden(scalar)
    }

    /// Characters that show nothing or change how the rest is shown.
    private static func isHidden(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .control, .format, .lineSeparator, .paragraphSeparator, .spaceSeparator, .surrogate, .unassigned, .privateUse: scalar != " "
        default: false
        }
    }
}

extension EmailAddress {
    /// Why a text is no address.
    package enum Fault: Error, Hashable, Sendable {
        case missing
        case noAt
        case severalAts
        case nothingBeforeAt
        case nothingAfterAt
        case localDots
        case localCharacter(Unicode.Scalar)
        case localTooLong
        case openQuote
        case notOnlyAnAddress
        case addressLiteral
        case domainWithoutDot
        case domainDots
        case domainHyphen
        case domainCharacter(Unicode.Scalar)
        case domainEnding
        case labelTooLong
        case brokenLabel
        case tooLong

        /// What would be right, without the address itself.
        package var message: String {
            switch self {
            case .missing: "is missing: it must be an e-mail address."
            case .noAt: "must have an @ sign, as in jane@example.com."
            case .severalAts: "must have one @ sign only."
            case .nothingBeforeAt: "must have something before the @ sign."
            case .nothingAfterAt: "must have a domain after the @ sign."
            case .localDots: "must not have a dot first, last or twice in a row before the @ sign."
            case .localCharacter(let scalar): "must not have \(Self.name(scalar)) before the @ sign."
            case .localTooLong: "is too long before the @ sign (64 at most)."
            case .openQuote: "has a quote that is not closed."
            case .notOnlyAnAddress: "must be the address alone, without a name or angle brackets."
            case .addressLiteral: "must have a domain name after the @ sign, not a number in brackets."
            case .domainWithoutDot: "must have a full domain after the @ sign, such as example.com."
            case .domainDots: "must not have a dot first, last or twice in a row in its domain."
            case .domainHyphen: "must not have a hyphen first or last in a part of its domain."
            case .domainCharacter(let scalar): "must not have \(Self.name(scalar)) in its domain."
            case .domainEnding: "must have a domain that ends in a name such as com, not in a number."
            case .labelTooLong: "has a part of its domain that is too long (63 at most)."
            case .brokenLabel: "has a part of its domain that begins with xn-- and is not an encoded name."
            case .tooLong: "must have at most 254 characters."
            }
        }

        private static func name(_ scalar: Unicode.Scalar) -> String {
            if scalar == " " { return "a space" }
            return scalar.isASCII && scalar.value > 0x20 && scalar.value < 0x7F ? "the character \(scalar)" : "such a character"
        }
    }
}

extension BidirectionalCollection<Unicode.Scalar> {
    /// The text without white space, control characters and byte order marks at both ends.
    package func trimmingSpace() -> String {
        func isSpace(_ scalar: Unicode.Scalar) -> Bool {
            scalar.properties.isWhitespace || scalar == "\u{FEFF}" || scalar == "\u{200B}"
        }
        guard let first = firstIndex(where: { !isSpace($0) }), let last = lastIndex(where: { !isSpace($0) }) else { return "" }
        return String(String.UnicodeScalarView(self[first...last]))
    }
}
