import CLibLDAP

/// Why the directory did not do what it was asked, or could not be asked.
///
/// Its description is safe to show: it has neither the server's words, which can name entries, nor anything that was sent.
package enum LDAPFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// No connection, with the system's reason (`errno`).
    case cannotConnect(Int32)
    case timedOut
    /// The connection ended before the answer was there. Whether the operation took effect is not known.
    case connectionLost
    /// The certificate is not trusted, or names another host. The library does not tell which.
    case certificateRefused
    /// No encryption could be agreed on: what answers does not speak TLS, or only an old version of it.
    case encryptionFailed
    /// The server does not do StartTLS.
    case startTLSRefused(LDAPResult)
    /// None of the authorities' certificates could be read.
    case unreadableCertificates
    /// A bind with a name and no password is one of nobody, and may succeed (RFC 4513, section 5.1.2): it is not tried.
    case emptyPassword
    /// What the library does not take: a filter or a name that is malformed, or has a NUL in it.
    case invalidInput(String)
    /// The server answered with another result than success.
    case refused(LDAPResult)
    /// A search ended before all was listed: a limit of size, time or work was met.
    case incomplete(LDAPResult)
    /// A search listed more than the caller takes.
    case tooManyEntries(limit: Int)
    /// The server's answer is no LDAP, or larger than any should be.
    case malformed
    /// The library itself failed, with its code.
    case library(Int32)
    /// The connection was used after its end.
    case closed

    package var description: String {
        switch self {
        case .cannotConnect: "There is no connection to the directory."
        case .timedOut: "The directory did not answer in time."
        case .connectionLost: "The connection to the directory was lost."
        case .certificateRefused: "The directory's certificate is not trusted, or names another host."
        case .encryptionFailed: "No encryption could be agreed on with the directory."
        case .startTLSRefused(let result): "The directory refused StartTLS: \(result)."
        case .unreadableCertificates: "The certificates of the authorities could not be read."
        case .emptyPassword: "A bind needs a password."
        case .invalidInput(let what): "The \(what) is malformed."
        case .refused(let result): "The directory refused: \(result)."
        case .incomplete(let result): "The directory ended the listing early: \(result)."
        case .tooManyEntries(let limit): "The directory listed more than \(limit) entries."
        case .malformed: "The directory's answer could not be read."
        case .library(let code): "libldap failed with \(code)."
        case .closed: "The connection to the directory is closed."
        }
    }
}

/// A result other than success (RFC 4511, section 4.1.9).
package struct LDAPResult: Sendable, Hashable, CustomStringConvertible, CustomDebugStringConvertible {
    package let code: LDAPResultCode
    /// The server's words. They can name entries and are for the log of an administrator at most.
    package let diagnostic: String

    package init(_ code: LDAPResultCode, diagnostic: String = "") {
        self.code = code
        self.diagnostic = diagnostic
    }

    package var description: String { code.description }
    package var debugDescription: String { diagnostic.isEmpty ? description : "\(description): \(diagnostic)" }

    /// The reason that Active Directory gives beside the code: the hexadecimal number behind `data`, for a refused bind one of its own
    /// sub-codes (`80090308: LdapErr: DSID-0C090439, comment: AcceptSecurityContext error, data 52e, v4563`); else the Windows error that
    /// the text begins with (`0000052D: SvcErr: …`).
    package var activeDirectoryCode: UInt32? {
        let words = diagnostic.unicodeScalars.split { $0 == " " || $0 == "," }.map { String($0) }
        if code == .invalidCredentials {
            guard let place = words.firstIndex(of: "data"), place + 1 < words.endIndex else { return nil }
            return UInt32(words[place + 1], radix: 16)
        }
        guard let first = words.first, first.utf8.last == UInt8(ascii: ":"), first.utf8.count == 9 else { return nil }
        return UInt32(first.dropLast(), radix: 16)
    }
}

/// A result code of LDAP.
package struct LDAPResultCode: RawRepresentable, Sendable, Hashable, CustomStringConvertible {
    package let rawValue: Int32

    package init(rawValue: Int32) { self.rawValue = rawValue }

    package var description: String { "\(String(cString: ldap_err2string(rawValue))) (\(rawValue))" }

    package static let operationsError = LDAPResultCode(rawValue: 1)
    package static let timeLimitExceeded = LDAPResultCode(rawValue: 3)
    package static let sizeLimitExceeded = LDAPResultCode(rawValue: 4)
    package static let strongerAuthRequired = LDAPResultCode(rawValue: 8)
    /// Of LDAP version 2, still met.
    package static let partialResults = LDAPResultCode(rawValue: 9)
    package static let referral = LDAPResultCode(rawValue: 10)
    package static let adminLimitExceeded = LDAPResultCode(rawValue: 11)
    package static let unavailableCriticalExtension = LDAPResultCode(rawValue: 12)
    package static let confidentialityRequired = LDAPResultCode(rawValue: 13)
    package static let noSuchAttribute = LDAPResultCode(rawValue: 16)
    package static let undefinedAttributeType = LDAPResultCode(rawValue: 17)
    package static let inappropriateMatching = LDAPResultCode(rawValue: 18)
    package static let constraintViolation = LDAPResultCode(rawValue: 19)
    package static let noSuchObject = LDAPResultCode(rawValue: 32)
    package static let invalidDNSyntax = LDAPResultCode(rawValue: 34)
    package static let inappropriateAuthentication = LDAPResultCode(rawValue: 48)
    package static let invalidCredentials = LDAPResultCode(rawValue: 49)
    package static let insufficientAccessRights = LDAPResultCode(rawValue: 50)
    package static let busy = LDAPResultCode(rawValue: 51)
    package static let unavailable = LDAPResultCode(rawValue: 52)
    package static let unwillingToPerform = LDAPResultCode(rawValue: 53)
    package static let objectClassViolation = LDAPResultCode(rawValue: 65)
    package static let other = LDAPResultCode(rawValue: 80)

    /// Whether a search with this result may have listed only a part.
    var isLimit: Bool { [.timeLimitExceeded, .sizeLimitExceeded, .adminLimitExceeded, .partialResults].contains(self) }
}
