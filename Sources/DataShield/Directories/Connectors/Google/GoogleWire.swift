import Cryptography
import Foundation
import Scalars

/// The key of a service account. Printing it shows nothing of it.
struct GoogleKey: Sendable, CustomStringConvertible, CustomDebugStringConvertible, CustomReflectable {
    static let wanted =
        "has to be the private key in PEM, from -----BEGIN PRIVATE KEY----- to -----END PRIVATE KEY-----, of RSA with 2048 to 8192 bits."
    private let key: RSAPrivateKey

    var description: String { "(private key)" }
    var debugDescription: String { description }
    var customMirror: Mirror { Mirror(self, children: []) }

    /// - Returns: nil when the text is no such key.
    init?(_ text: String) {
        // Copied out of the JSON file, its line breaks are written as \n.
        let pem = text.swapping(text: "\\n", for: "\n").trimmingCharacters(
            in: CharacterSet(charactersIn: "\"").union(.whitespacesAndNewlines))
        // try?: why not could show some of it.
        guard pem.begins(with: "-----BEGIN "), let key = try? RSAPrivateKey(pem: pem) else { return nil }
        self.key = key
    }

    /// What is wrong with a text that is to be a key.
    static func problem(_ text: String) -> String? {
        if text.has(text: "-----BEGIN PUBLIC KEY-----") { return "is a public key: the private key of the key file is needed." }
        return GoogleKey(text) == nil ? wanted : nil
    }

    /// A signed request for a token: RFC 7523, with RS256 of RFC 7518.
    /// - Parameters:
    ///   - issuer: the service account.
    ///   - subject: the administrator that it acts for.
    /// - Throws: ``DirectoryFailure``, when the key does not sign.
    func assertion(issuer: String, subject: String, scope: String, now: Date) throws(DirectoryFailure) -> String {
        struct Header: Encodable {
            let alg = "RS256"
            let typ = "JWT"
        }
        struct Claims: Encodable {
            let iss: String
            let sub: String
            let scope: String
            let aud = "https://oauth2.googleapis.com/token"
            let iat: Int
            let exp: Int
        }
        let time = Int(now.timeIntervalSince1970)
        do {
            let claims = Claims(iss: issuer, sub: subject, scope: scope, iat: time, exp: time + 3600)
            let text = "\(Base64URL.encode(try JSONCoding.encode(Header()))).\(Base64URL.encode(try JSONCoding.encode(claims)))"
            return "\(text).\(Base64URL.encode(try key.signature(of: text.utf8)))"
        } catch {
            throw .misconfigured(field: "privateKey", "The private key cannot be signed with.")
        }
    }
}

/// What Google's errors mean.
enum GoogleErrors {
    /// Why, as the service names it: `forbidden`, `userRateLimitExceeded`.
    private static func reason(_ answer: DirectoryAnswer) -> String? {
        let error = answer.problem?["error"]
        return (error?["errors"]?.items?.first?["reason"]?.text ?? error?["status"]?.text).map { DirectoryClient.safe($0) }
    }

    /// A 403 can be a limit: the reason tells.
    static func delay(_ answer: DirectoryAnswer, now: Date) -> DirectoryDelay? {
        let limits: Set = ["userRateLimitExceeded", "rateLimitExceeded", "quotaExceeded", "concurrentLimitExceeded"]
        guard answer.status == 403, let reason = reason(answer), limits.contains(reason) else { return .usual(answer, now: now) }
        return DirectoryDelay(after: answer.retryAfter(now: now), isLimit: true)
    }

    /// - Parameter right: what the administrator's role has to permit: "may read users".
    static func failure(_ answer: DirectoryAnswer, _ client: DirectoryClient, needing right: String) -> DirectoryFailure {
        let named = reason(answer)
        let reason = named ?? "status \(answer.status)"
        switch answer.status {
        case 401: return .refusedCredentials("Google refuses the token that it gave us (\(reason)).")
        case 403:
            return .notPermitted(
                "Google does not permit it (\(reason)). The Admin SDK API has to be enabled in the service account's project, and the administrator "
                    + "to act for has to have a role that \(right).")
        // A 404 without Google's own words is somebody else's, and says nothing of an account.
        case 404 where named != nil:
            return reason == "domainNotFound" ? .misconfigured(field: "domain", "Google knows no such domain in this Workspace.") : .noSuchAccount
        case 400: return .refusedAction("Google does not take the request (\(reason)).")
        case 412: return .refusedAction("Google refuses it for this account (\(reason)).")
        default: return client.unexpected(answer, code: reason)
        }
    }

    /// The words for a refused token request: RFC 6749 §5.2, with what Google says besides.
    static func tokenFailure(_ answer: DirectoryAnswer, scope: String, _ client: DirectoryClient) -> DirectoryFailure {
        let code = DirectoryClient.safe(answer.problem?["error"]?.text ?? "status \(answer.status)")
        let description = answer.problem?["error_description"]?.text?.lowercased() ?? ""
        switch code {
        case "unauthorized_client", "access_denied":
            return .notPermitted(
                "Google does not let the service account act for this administrator (\(code)). Add its numeric client ID with the scope \(scope) "
                    + "to Domain-wide delegation; a change can take up to 24 hours.")
        case "invalid_grant" where description.contains("signature"):
            return .refusedCredentials("Google refuses the signature (\(code)): the private key is not one of this service account.")
        case "invalid_grant" where description.contains("account not found"):
            return .refusedCredentials("Google knows no such service account, or it is disabled (\(code)).")
        case "invalid_grant" where description.contains("lifespan") || description.contains("timeframe"):
            return .refusedCredentials("Google finds the time of our request wrong (\(code)): check this machine's clock.")
        case "invalid_grant":
            return .refusedCredentials(
                "Google refuses the key or the administrator to act for (\(code)): is the address right, the account active, the key not revoked, this "
                    + "machine's clock right?")
        default: return answer.status < 500 ? .refusedCredentials("Google refuses the credentials (\(code)).") : client.unexpected(answer, code: code)
        }
    }
}
