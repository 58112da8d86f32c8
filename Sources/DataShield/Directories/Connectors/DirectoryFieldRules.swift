import Foundation
import Scalars

/// What the values of fields have to look like. Each rule says what would be right, or nil when the value is.
enum DirectoryFieldRules {
    /// `0d3c1a52-7f10-4a6e-9b1d-5a4d1c0f7e11`
    static func isGUID(_ text: String) -> Bool { text.utf8.count == 36 && UUID(uuidString: text) != nil }

    static let guid: @Sendable (String) -> String? = { text in
        isGUID(text) ? nil : "has to be an ID such as 0d3c1a52-7f10-4a6e-9b1d-5a4d1c0f7e11: 32 hexadecimal digits in five groups."
    }

    static let guidOrDomain: @Sendable (String) -> String? = { text in
        isGUID(text) || isDomain(text)
            ? nil : "has to be the tenant's ID, such as 0d3c1a52-7f10-4a6e-9b1d-5a4d1c0f7e11, or one of its domains, such as acme.onmicrosoft.com."
    }

    static let domain: @Sendable (String) -> String? = { text in
        isDomain(text) ? nil : "has to be a domain name, such as acme.example."
    }

    static let email: @Sendable (String) -> String? = { text in
        do throws(EmailAddress.Fault) {
            _ = try EmailAddress(text)
            return nil
        } catch {
            return error.message
        }
    }

    /// A host's name as it is typed: without scheme, port and path.
    static let host: @Sendable (String) -> String? = { text in
        if text.has("/") {
            return "has to be the host name alone, such as acme.okta.com: without https:// and without a path."
        }
        if text.has(":") { return "has to be the host name alone, such as acme.okta.com: without a port." }
        return isDomain(text) ? nil : "has to be a host name, such as acme.okta.com."
    }

    /// A text of letters, digits and a few more characters.
    static func word(_ range: ClosedRange<Int>, also: String, _ message: String) -> @Sendable (String) -> String? {
        { text in
            let isWord = text.unicodeScalars.allSatisfy { scalar in
                scalar.isASCII && (scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) || also.unicodeScalars.contains(scalar))
            }
            return isWord && range.contains(text.utf8.count) ? nil : message
        }
    }

    /// A secret as services give them out: printable ASCII without blanks.
    static func secret(_ range: ClosedRange<Int>, _ what: String) -> @Sendable (String) -> String? {
        { text in
            guard text.utf8.allSatisfy({ (0x21...0x7E).contains($0) }) else { return "has characters that \(what) does not have: copy it again." }
            guard range.contains(text.utf8.count) else { return "is not as long as \(what): copy it again." }
            return nil
        }
    }

    private static func isDomain(_ text: String) -> Bool {
        // try?: the rule has words of its own.
        (try? DomainName(text)) != nil
    }
}
