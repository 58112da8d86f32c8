import Foundation
import Scalars

/// A domain name, lower-cased, in ASCII: `bücher.example` is `xn--bcher-kva.example`.
package struct DomainName: Hashable, Sendable, CustomStringConvertible {
    package let text: String
    package var description: String { text }

    /// - Throws: why the text is no domain name: it needs two labels at least, of 1 to 63 letters, digits and inner hyphens.
    package init(_ input: String) throws(EmailAddress.Fault) {
        guard !input.begins(with: "[") else { throw .addressLiteral }
        let folded = input.precomposedStringWithCompatibilityMapping.lowercased().precomposedStringWithCompatibilityMapping
        let labels = folded.unicodeScalars.split(omittingEmptySubsequences: false) { $0 == "." || $0 == "\u{3002}" || $0 == "\u{FF61}" }
        guard labels.count > 1 || !folded.isEmpty else { throw .nothingAfterAt }
        var checked: [String] = []
        for label in labels { checked.append(try Self.ascii(Array(label))) }
        guard checked.count >= 2 else { throw .domainWithoutDot }
        // A last label of digits is an address, not a name.
        guard let last = checked.last, last.utf8.contains(where: { (97...122).contains($0) }) else { throw .domainEnding }
        let text = checked.joined(separator: ".")
        guard text.utf8.count <= 253 else { throw .tooLong }
        self.text = text
    }

    private static func ascii(_ label: [Unicode.Scalar]) throws(EmailAddress.Fault) -> String {
        guard let first = label.first else { throw .domainDots }
        guard first != "-", label.last != "-" else { throw .domainHyphen }
        for scalar in label where !isLabelCharacter(scalar) { throw .domainCharacter(scalar) }
        if isMark(first) { throw .domainCharacter(first) }
        let text = String(String.UnicodeScalarView(label))
        guard !label.allSatisfy(\.isASCII) else {
            if text.begins(with: "xn--") {
                let encoded = text.dropFirst(4)
                guard let decoded = Punycode.decode(encoded), Punycode.encode(decoded.unicodeScalars) == encoded else { throw .brokenLabel }
            }
            guard label.count <= 63 else { throw .labelTooLong }
            return text
        }
        guard label.count <= 63 else { throw .labelTooLong }
        let encoded = "xn--" + Punycode.encode(label)
        guard encoded.utf8.count <= 63 else { throw .labelTooLong }
        return encoded
    }

    private static func isLabelCharacter(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return ("a"..."z").contains(scalar) || ("0"..."9").contains(scalar) || scalar == "-" }
        switch scalar.properties.generalCategory {
        case .lowercaseLetter, .uppercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber: return true
        default: return isMark(scalar)
        }
    }

    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark: true
        default: false
        }
    }
}
