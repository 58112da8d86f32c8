import Cryptography
import Foundation
import HTTPTypes
import Synchronization

/// Google's token endpoint for service accounts and the Admin SDK's Directory API, by their documentation. It verifies assertions.
final class GoogleStandIn: StandIn {
    private static let prefix = "https://www.googleapis.com/auth/"
    private let staff: DirectoryStaff
    private let domain: String
    /// What the service account may ask for on behalf of the administrator.
    private let delegatedScopes: Set<String>
    private let givenKey: String?
    private let tokens = IssuedTokens()

    /// - Parameter publicKey: of the service account, in PEM; nil is that of ``DirectorySamples``.
    init(staff: DirectoryStaff, domain: String, publicKey: String?, delegatedScopes: Set<String>?) {
        self.staff = staff
        self.domain = domain
        givenKey = publicKey
        self.delegatedScopes =
            delegatedScopes
            ?? Set(["admin.directory.user.readonly", "admin.directory.user", "admin.directory.user.security"].map { Self.prefix + $0 })
    }

    func endpoint(of request: ServiceRequest) -> String {
        guard request.path.count > 4 else { return request.joined }
        return (["admin/directory/v1/users/{id}"] + request.path.dropFirst(5)).joined(separator: "/")
    }

    func limitedKey(of request: ServiceRequest) -> String? { request.path.first == "token" ? nil : "project" }

    func refusal(_ request: ServiceRequest, keys: Set<String>?) -> Answer? { nil }

    func answer(_ request: ServiceRequest, _ context: ServiceContext) -> Answer {
        if request.path.first == "token" { return token(request, context) }
        guard let scope = tokens.scope(of: request.headers[.authorization], now: context.now) else {
            return Self.error(.unauthorized, "authError", "Invalid Credentials")
        }
        let path = Array(request.path.dropFirst(3))
        guard path.first == "users", path.count <= 3 else { return Self.error(.notFound, "notFound", "Not Found") }
        let needed =
            switch (request.method, path.count) {
            case (.get, _): ["admin.directory.user.readonly", "admin.directory.user"]
            case (.put, 2): ["admin.directory.user"]
            case (.post, 3) where path[2] == "signOut": ["admin.directory.user.security"]
            default: [String]()
            }
        guard !needed.isEmpty else { return Self.error(.notFound, "notFound", "Not Found") }
        guard needed.contains(where: { scope.split(separator: " ").contains("\(Self.prefix)\($0)"[...]) }) else {
            return Self.error(.forbidden, "insufficientPermissions", "Request had insufficient authentication scopes.")
        }
        guard path.count > 1 else { return users(request) }
        guard let member = member(path[1]) else { return Self.error(.notFound, "notFound", "Resource Not Found: userKey") }
        switch request.method {
        case .put: return update(request, member)
        case .post:
            _ = staff.revoke(number: member.number)
            return .noContent
        default: return .object(Self.object(member))
        }
    }

    // MARK: Tokens

    private func token(_ request: ServiceRequest, _ context: ServiceContext) -> Answer {
        func refusal(_ error: String, _ description: String, _ status: HTTPResponse.Status = .badRequest) -> Answer {
            .object(["error": error, "error_description": description], status: status)
        }
        let form = request.form
        guard request.method == .post, form["grant_type"] == "urn:ietf:params:oauth:grant-type:jwt-bearer" else {
            return refusal("unsupported_grant_type", "Invalid grant_type: \(form["grant_type"] ?? "")")
        }
        let parts = (form["assertion"] ?? "").split(separator: ".", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 3, let header = Self.json(parts[0]), let claims = Self.json(parts[1]), let signature = Self.decoded(parts[2]) else {
            return refusal("invalid_grant", "Invalid JWT: Failed to parse.")
        }
        guard header["alg"] as? String == "RS256" else { return refusal("invalid_grant", "Invalid JWT: unsupported algorithm.") }
        guard claims["iss"] as? String == GoogleAccount.email else { return refusal("invalid_grant", "Invalid grant: account not found") }
        // try?: a key that was not given well verifies nothing.
        guard let pem = try? givenKey ?? GoogleAccount.publicKeyPEM(), let key = try? RSAPublicKey(pem: pem),
            (try? key.isSignature(Array(signature), of: "\(parts[0]).\(parts[1])".utf8)) == true
        else { return refusal("invalid_grant", "Invalid JWT Signature.") }
        guard claims["aud"] as? String == "https://oauth2.googleapis.com/token" else {
            return refusal("invalid_grant", "Invalid JWT: wrong audience.")
        }
        let now = context.now.timeIntervalSince1970
        guard let issued = (claims["iat"] as? NSNumber)?.doubleValue, let end = (claims["exp"] as? NSNumber)?.doubleValue, issued <= now + 300,
            end > now, end - issued <= 3600
        else {
            return refusal(
                "invalid_grant",
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe. Check your iat and exp values.")
        }
        guard claims["sub"] as? String == GoogleAccount.admin(domain) else { return refusal("invalid_grant", "Invalid email or User ID") }
        let scopes = (claims["scope"] as? String ?? "").split(separator: " ").map(String.init)
        guard !scopes.isEmpty, delegatedScopes.isSuperset(of: scopes) else {
            return refusal(
                "unauthorized_client",
                "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.",
                .unauthorized)
        }
        let token = tokens.issue("ya29.", scope: scopes.joined(separator: " "), until: context.now + 3599)
        return .object(["access_token": token, "expires_in": 3599, "token_type": "Bearer"])
    }

    private static func decoded(_ text: String) -> Data? {
        guard !text.contains("="), !text.contains("+"), !text.contains("/") else { return nil }
        let standard = text.replacingOccurrences(of: "-", with: "+").replacingOccurrences(of: "_", with: "/")
        return Data(base64Encoded: standard + String(repeating: "=", count: (4 - standard.count % 4) % 4))
    }

    private static func json(_ text: String) -> [String: Any]? {
        // try?: what is no JSON is refused by the caller.
        decoded(text).flatMap { (try? JSONSerialization.jsonObject(with: $0)) as? [String: Any] }
    }

    // MARK: Users

    private func users(_ request: ServiceRequest) -> Answer {
        guard request.query["domain"] != nil || request.query["customer"] != nil else {
            return Self.error(.badRequest, "badRequest", "Bad Request")
        }
        let size = request.query["maxresults"].map { Int($0) ?? 0 } ?? 100
        guard (1...500).contains(size) else { return Self.error(.badRequest, "invalid", "Invalid value for maxResults.") }
        if let asked = request.query["domain"], asked.lowercased() != domain {
            return Self.error(.notFound, "domainNotFound", "Domain not found.")
        }
        var members = staff.listed.employees
        if let asked = request.query["domain"] { members = members.filter { $0.login.lowercased().hasSuffix("@\(asked.lowercased())") } }
        guard let cut = staff.habits.cut(members.count, at: request.query["pagetoken"], size: size) else {
            return Self.error(.badRequest, "invalid", "Invalid Input: pageToken")
        }
        var page: [String: Any] = ["kind": "admin#directory#users", "etag": "\"x1\""]
        // Of an empty page the list is left out.
        if !cut.range.isEmpty { page["users"] = members[cut.range].map(Self.object) }
        page["nextPageToken"] = cut.next
        return .object(page)
    }

    private static let idPrefix = "108221"

    private func member(_ key: String) -> DirectoryStaff.Member? {
        if key.contains("@") { return staff.member(key).flatMap { staff.member(number: $0.number) } }
        guard key.hasPrefix(Self.idPrefix) else { return nil }
        return staff.member(number: Int(key.dropFirst(Self.idPrefix.count)))
    }

    private static func object(_ member: DirectoryStaff.Member) -> [String: Any] {
        let digits = String(member.number)
        var user: [String: Any] = [
            "kind": "admin#directory#user", "id": idPrefix + String(repeating: "0", count: max(0, 15 - digits.count)) + digits,
            "primaryEmail": member.login,
            "name": ["givenName": member.firstName, "familyName": member.lastName, "fullName": "\(member.firstName) \(member.lastName)"],
            "orgUnitPath": "/", "suspended": !member.isActive, "archived": false, "isEnrolledIn2Sv": member.hasMFA, "isEnforcedIn2Sv": false,
            "isAdmin": false, "changePasswordAtNextLogin": member.password != .good,
            "creationTime": JSONText.time(member.createdAt, milliseconds: true),
            "lastLoginTime": "2026-01-03T07:00:00.000Z",
        ]
        if !member.isActive { user["suspensionReason"] = "ADMIN" }
        // Without aliases there is no list of them.
        if !member.aliases.isEmpty { user["aliases"] = member.aliases }
        user["emails"] =
            [["address": member.login, "primary": true]] + member.aliases.map { ["address": $0] }
            + [member.otherMail].compactMap { $0 }.map { ["address": $0, "type": "home"] }
        if member.department != nil || member.title != nil {
            var organization: [String: Any] = ["primary": true, "customType": ""]
            organization["department"] = member.department
            organization["title"] = member.title
            // The one that counts is not always the first.
            user["organizations"] = [["department": "Volunteers", "primary": false], organization]
        }
        return user
    }

    private func update(_ request: ServiceRequest, _ member: DirectoryStaff.Member) -> Answer {
        guard let body = request.object else { return Self.error(.badRequest, "parseError", "Parse Error") }
        let password = body["password"] as? String
        if let password, !(8...100).contains(password.count) { return Self.error(.badRequest, "invalid", "Invalid Password") }
        guard body["changePasswordAtNextLogin"] as? Bool == true || password != nil else { return .object(Self.object(member)) }
        let changed = staff.reset(number: member.number, isPasswordReplaced: password != nil, changesDate: password != nil)
        return .object(Self.object(changed ?? member))
    }

    // MARK: Errors

    private static func error(_ status: HTTPResponse.Status, _ reason: String, _ message: String) -> Answer {
        .object(
            ["error": ["code": status.code, "message": message, "errors": [["message": message, "domain": "global", "reason": reason]]]],
            status: status)
    }

    /// Too much is said with 403 as well as with 429.
    func tooManyRequests(after seconds: Int?) -> Answer {
        Self.error(.forbidden, "userRateLimitExceeded", "User Rate Limit Exceeded")
    }
    var internalError: Answer { Self.error(.internalServerError, "backendError", "Backend Error") }
    var refusedKey: Answer {
        .object(["error": "invalid_grant", "error_description": "Invalid grant: account not found"], status: .badRequest)
    }
    var forbidden: Answer { Self.error(.forbidden, "forbidden", "Not Authorized to access this resource/api") }
    var quotaUsedUp: Answer { Self.error(.forbidden, "quotaExceeded", "Quota exceeded.") }
    var expiredToken: Answer {
        tokens.expire()
        return Self.error(.unauthorized, "authError", "Invalid Credentials")
    }
    var renamed: [String: String] { ["id": "userId", "users": "people"] }
}
