import Foundation
import HTTPTypes
import Synchronization

/// Microsoft Entra ID's token endpoint and Microsoft Graph v1.0, by their documentation.
final class EntraStandIn: StandIn {
    private let staff: DirectoryStaff
    private let tokens = IssuedTokens()
    private let pages = RememberedAnswers()

    init(staff: DirectoryStaff) { self.staff = staff }

    // MARK: Routing

    /// `v1.0/users/{id}`, without the id.
    func endpoint(of request: ServiceRequest) -> String {
        if request.path.last == "token" { return "token" }
        guard request.path.count > 2, request.path[1] == "users", request.path[2] != "delta" else {
            return request.path.prefix(4).joined(separator: "/")
        }
        return (["v1.0/users/{id}"] + request.path.dropFirst(3)).joined(separator: "/")
    }

    func limitedKey(of request: ServiceRequest) -> String? { request.path.last == "token" ? nil : "application" }

    func refusal(_ request: ServiceRequest, keys: Set<String>?) -> Answer? { nil }

    func answer(_ request: ServiceRequest, _ context: ServiceContext) -> Answer {
        if request.path.last == "token" { return token(request, context) }
        guard tokens.scope(of: request.headers[.authorization], now: context.now) != nil else {
            return Self.error(.unauthorized, "InvalidAuthenticationToken", "Access token is empty, invalid or has expired.")
        }
        let path = request.path.dropFirst().map { $0 }
        switch (request.method, path.first, path.count) {
        case (.get, "users", 1): return users(request)
        case (.get, "users", 2) where path[1] == "delta": return delta(request, context)
        case (.get, "users", 2): return user(request, path[1])
        case (.patch, "users", 2): return update(request, path[1])
        case (.post, "users", 3) where path[2] == "revokeSignInSessions": return revoke(path[1])
        case (.get, "reports", 3) where path[2] == "userRegistrationDetails": return report(request)
        case (.get, "reports", 4) where path[2] == "userRegistrationDetails": return registration(path[3])
        default: return Self.error(.badRequest, "BadRequest", "Resource not found for the segment.")
        }
    }

    // MARK: Tokens

    private func token(_ request: ServiceRequest, _ context: ServiceContext) -> Answer {
        let (form, samples) = (request.form, DirectorySamples.entra)
        func refusal(_ status: HTTPResponse.Status, _ error: String, _ number: Int, _ text: String) -> Answer {
            .object(
                [
                    "error": error, "error_description": "AADSTS\(number): \(text)", "error_codes": [number],
                    "timestamp": JSONText.time(context.now), "trace_id": "2b0c0000-0000-4000-8000-000000000000",
                    "correlation_id": "9f1e0000-0000-4000-8000-000000000000",
                ], status: status)
        }
        guard request.method == .post, form["grant_type"] == "client_credentials" else {
            return refusal(.badRequest, "unsupported_grant_type", 70_003, "The app requested an unsupported grant type.")
        }
        guard request.path[0].lowercased() == samples["tenantId"] || request.path[0].contains(".") else {
            return refusal(.badRequest, "invalid_request", 90_002, "Tenant not found.")
        }
        guard form["client_id"] == samples["clientId"] else {
            return refusal(.badRequest, "unauthorized_client", 700_016, "Application was not found in the directory.")
        }
        guard form["client_secret"] == samples["clientSecret"] else {
            return refusal(.unauthorized, "invalid_client", 7_000_215, "Invalid client secret provided.")
        }
        guard let scope = form["scope"], scope.hasSuffix("/.default") else {
            return refusal(.badRequest, "invalid_scope", 1_002_012, "The provided value for scope is not valid.")
        }
        let token = tokens.issue("eyJ0eXAiOiJKV1Qi", scope: scope, until: context.now + 3599)
        return .object(["token_type": "Bearer", "expires_in": 3599, "ext_expires_in": 3599, "access_token": token])
    }

    // MARK: Users

    private func users(_ request: ServiceRequest) -> Answer {
        let (listed, habits) = (staff.listed, staff.habits)
        return pages.answer("\(request.authority)\(request.uri)\(request.header("ConsistencyLevel") ?? "")", version: listed.version) {
            guard request.query["$skip"] == nil else {
                return Self.error(.badRequest, "Request_BadRequest", "'$skip' is not supported by the service.")
            }
            let size = request.query["$top"].map { Int($0) ?? 0 } ?? 100
            let largest = min(habits.largestPage ?? 999, 999)
            guard (1...largest).contains(size) else {
                return Self.error(
                    .badRequest, "Request_UnsupportedQuery", "Invalid page size specified: '\(size)'. Must be between 1 and \(largest) inclusive.")
            }
            let isAdvanced = request.header("ConsistencyLevel")?.lowercased() == "eventual" && request.query["$count"] == "true"
            var members = listed.all
            switch request.query["$filter"]?.lowercased() {
            case nil: break
            case "usertype ne 'guest'" where isAdvanced: members = listed.employees
            case "usertype eq 'member'": members = listed.employees
            default: return Self.error(.badRequest, "Request_UnsupportedQuery", "Unsupported or invalid query filter clause specified.")
            }
            guard let cut = habits.cut(members.count, at: request.query["$skiptoken"]?.replacingOccurrences(of: "RFNwdAIAAQ", with: ""), size: size)
            else {
                return Self.error(.badRequest, "Directory_ExpiredPageToken", "The specified page token value has expired or is not valid.")
            }
            let fields = EntraFields(request.query["$select"])
            var text = JSONText()
            text.reserve(cut.range.count * 512)
            text.raw(#"{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#users""#)
            if isAdvanced, request.query["$skiptoken"] == nil { text.raw(#","@odata.count":\#(members.count)"#) }
            if let next = cut.next {
                var link = "\(habits.linkOrigin ?? "http://\(request.authority)")/v1.0/users?$top=\(size)"
                if let select = request.query["$select"] { link += "&$select=\(select)" }
                text.raw(",\"@odata.nextLink\":")
                text.string("\(link)&$skiptoken=RFNwdAIAAQ\(next)")
            }
            Self.write(members[cut.range], fields, to: &text)
            return .json(written: text.bytes)
        }
    }

    private static func write(_ members: ArraySlice<DirectoryStaff.Member>, _ fields: EntraFields, to text: inout JSONText) {
        text.raw(",\"value\":[")
        for (index, member) in members.enumerated() {
            if index > 0 { text.raw(",") }
            fields.write(member, to: &text)
        }
        text.raw("]}")
    }

    private func user(_ request: ServiceRequest, _ key: String) -> Answer {
        guard let member = staff.member(number: number(of: key)) else { return Self.notFound(key) }
        var text = JSONText()
        EntraFields(request.query["$select"]).write(member, to: &text)
        return .json(written: text.bytes)
    }

    private func number(of key: String) -> Int? {
        if let number = EntraFields.number(of: key) { return number }
        return key.contains("@") ? staff.member(key)?.number : nil
    }

    // MARK: Delta

    /// Tokens hold when they were made, the version of the staff, where a page begins, and the properties that are followed.
    private func delta(_ request: ServiceRequest, _ context: ServiceContext) -> Answer {
        guard request.query["$top"] == nil, request.query["$orderby"] == nil, request.query["$expand"] == nil else {
            return Self.error(.badRequest, "Request_UnsupportedQuery", "The query parameter is not supported for change tracking.")
        }
        let (listed, habits) = (staff.listed, staff.habits)
        var state = DeltaToken(at: context.now, version: listed.version, base: nil, page: nil, select: request.query["$select"])
        if let text = request.query["$deltatoken"], text.lowercased() != "latest" {
            guard let token = DeltaToken(text), context.now.timeIntervalSince(token.at) <= 7 * 86_400 else { return stateExpired }
            state = DeltaToken(at: context.now, version: listed.version, base: token.version, page: nil, select: token.select)
        } else if let text = request.query["$skiptoken"] {
            guard let token = DeltaToken(text) else { return stateExpired }
            state = token
        } else if request.query["$deltatoken"] != nil {
            return deltaPage([], next: nil, state, request, habits)
        }
        let members = state.base.map { staff.changed(since: $0) } ?? listed.all
        guard let cut = habits.cut(members.count, at: state.page, size: 200) else { return stateExpired }
        return deltaPage(members[cut.range], next: cut.next, state, request, habits)
    }

    private func deltaPage(
        _ members: ArraySlice<DirectoryStaff.Member>, next: String?, _ state: DeltaToken, _ request: ServiceRequest, _ habits: DirectoryHabits
    ) -> Answer {
        let base = "\(habits.linkOrigin ?? "http://\(request.authority)")/v1.0/users/delta"
        var text = JSONText()
        text.raw(#"{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#users(id)""#)
        if let next {
            var token = state
            token.page = next
            text.raw(",\"@odata.nextLink\":")
            text.string("\(base)?$skiptoken=\(token.text)")
        } else {
            text.raw(",\"@odata.deltaLink\":")
            text.string("\(base)?$deltatoken=\(DeltaToken(at: state.at, version: state.version, base: nil, page: nil, select: state.select).text)")
        }
        let fields = EntraFields(habits.isDeltaPartial && state.base != nil ? "id,accountEnabled" : state.select)
        Self.write(members, fields, to: &text)
        return .json(written: text.bytes)
    }

    // MARK: Registration report

    private func report(_ request: ServiceRequest) -> Answer {
        let (listed, habits) = (staff.listed, staff.habits)
        guard habits.hasPremium else { return Self.notPremium }
        return pages.answer("\(request.authority)\(request.uri)", version: listed.version) {
            // People who are disabled are not in it.
            let members = listed.active
            guard let cut = habits.cut(members.count, at: request.query["$skiptoken"], size: 1000) else {
                return Self.error(.badRequest, "Directory_ExpiredPageToken", "The specified page token value has expired or is not valid.")
            }
            var text = JSONText()
            text.reserve(cut.range.count * 400)
            text.raw(#"{"@odata.context":"https://graph.microsoft.com/v1.0/$metadata#reports/authenticationMethods/userRegistrationDetails""#)
            if let next = cut.next {
                text.raw(",\"@odata.nextLink\":")
                let origin = habits.linkOrigin ?? "http://\(request.authority)"
                text.string("\(origin)/v1.0/reports/authenticationMethods/userRegistrationDetails?$skiptoken=\(next)")
            }
            text.raw(",\"value\":[")
            for (index, member) in members[cut.range].enumerated() {
                if index > 0 { text.raw(",") }
                Self.writeRegistration(member, to: &text)
            }
            text.raw("]}")
            return .json(written: text.bytes)
        }
    }

    private func registration(_ id: String) -> Answer {
        guard staff.habits.hasPremium else { return Self.notPremium }
        guard let member = staff.member(number: EntraFields.number(of: id)), member.isActive else { return Self.notFound(id) }
        var text = JSONText()
        Self.writeRegistration(member, to: &text)
        return .json(written: text.bytes)
    }

    private static func writeRegistration(_ member: DirectoryStaff.Member, to text: inout JSONText) {
        text.raw("{\"id\":\"\(EntraFields.id(member.number))\",\"userPrincipalName\":")
        text.string(member.login)
        text.raw(",\"userDisplayName\":")
        text.string("\(member.firstName) \(member.lastName)")
        text.raw(",\"userType\":\"\(member.isGuest ? "guest" : "member")\",\"isAdmin\":false,\"isSsprRegistered\":\(member.hasMFA)")
        text.raw(",\"isSsprEnabled\":false,\"isSsprCapable\":false,\"isMfaRegistered\":\(member.hasMFA),\"isMfaCapable\":\(member.hasMFA)")
        text.raw(",\"isPasswordlessCapable\":false,\"methodsRegistered\":[\(member.hasMFA ? "\"microsoftAuthenticatorPush\"" : "")]")
        text.raw(",\"isSystemPreferredAuthenticationMethodEnabled\":false,\"systemPreferredAuthenticationMethods\":[]")
        text.raw(",\"userPreferredMethodForSecondaryAuthentication\":\"\(member.hasMFA ? "push" : "none")\"")
        text.raw(",\"lastUpdatedDateTime\":\"2026-01-04T19:15:41.6Z\"}")
    }

    // MARK: Actions

    private func revoke(_ key: String) -> Answer {
        // For accounts of others it answers well, and does nothing.
        if let member = staff.member(number: number(of: key)), !member.isGuest { _ = staff.revoke(number: member.number) }
        guard staff.member(number: number(of: key)) != nil else { return Self.notFound(key) }
        return .object(["@odata.context": "https://graph.microsoft.com/v1.0/$metadata#Edm.Boolean", "value": true])
    }

    private func update(_ request: ServiceRequest, _ key: String) -> Answer {
        guard staff.member(number: number(of: key)) != nil else { return Self.notFound(key) }
        guard let profile = request.object?["passwordProfile"] as? [String: Any] else {
            return Self.error(.badRequest, "Request_BadRequest", "A property is not supported.")
        }
        let password = profile["password"] as? String
        if let password, !Self.isStrong(password) {
            return Self.error(.badRequest, "Request_BadRequest", "The specified password does not comply with password complexity requirements.")
        }
        guard profile["forceChangePasswordNextSignIn"] as? Bool == true else { return .noContent }
        _ = staff.reset(number: number(of: key), isPasswordReplaced: password != nil, changesDate: password != nil)
        return .noContent
    }

    private static func isStrong(_ password: String) -> Bool {
        let kinds = [password.contains(where: \.isUppercase), password.contains(where: \.isLowercase), password.contains(where: \.isNumber)]
        return password.count >= 8 && kinds.count { $0 } == 3
    }

    // MARK: Errors

    private static func error(_ status: HTTPResponse.Status, _ code: String, _ message: String) -> Answer {
        .object(
            [
                "error": [
                    "code": code, "message": message,
                    "innerError": [
                        "date": "2026-01-05T12:51:51", "request-id": "94fb0000-0000-4000-8000-000000000000",
                        "client-request-id": "94fb0000-0000-4000-8000-000000000000",
                    ],
                ]
            ], status: status)
    }

    private static func notFound(_ key: String) -> Answer {
        error(
            .notFound, "Request_ResourceNotFound",
            "Resource '\(key)' does not exist or one of its queried reference-property objects are not present.")
    }

    private static let notPremium = error(
        .forbidden, "Authentication_RequestFromNonPremiumTenantOrB2CTenant", "Neither tenant is B2C or tenant doesn't have premium license")

    /// The seconds come with a fraction.
    func tooManyRequests(after seconds: Int?) -> Answer {
        Self.error(.tooManyRequests, "TooManyRequests", "Please retry again later.").with("Retry-After", "\(seconds ?? 2).128")
    }
    var internalError: Answer { Self.error(.internalServerError, "InternalServerError", "An error has occurred.") }
    var refusedKey: Answer {
        .object(
            ["error": "invalid_client", "error_description": "AADSTS7000222: The client secret keys are expired.", "error_codes": [7_000_222]],
            status: .unauthorized)
    }
    var forbidden: Answer { Self.error(.forbidden, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.") }
    var quotaUsedUp: Answer { tooManyRequests(after: 300) }
    var expiredToken: Answer {
        tokens.expire()
        return Self.error(.unauthorized, "InvalidAuthenticationToken", "Lifetime validation failed, the token is expired.")
    }
    var stateExpired: Answer {
        switch staff.habits.deltaExpiry {
        case .gone: Self.error(.gone, "resyncRequired", "Resync required.").with("Location", "http://127.0.0.1/v1.0/users/delta?$deltatoken=")
        case .syncStateNotFound: Self.error(.badRequest, "syncStateNotFound", "The sync state generation is not found.")
        case .resyncRequired: Self.error(.notFound, "resyncRequired", "Resync required.")
        case .badRequest: Self.error(.badRequest, "Request_BadRequest", "Invalid delta token.")
        }
    }
    var renamed: [String: String] { ["value": "items", "id": "objectId"] }
}
