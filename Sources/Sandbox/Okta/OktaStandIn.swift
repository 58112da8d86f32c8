import Foundation
import HTTPTypes
import Synchronization

/// Okta's Core API for users, by its documentation.
final class OktaStandIn: StandIn {
    private let staff: DirectoryStaff
    /// How many calls of each kind were made in the present minute.
    private let windows = Mutex<[String: (start: Date, count: Int)]>([:])
    private static let window: TimeInterval = 60

    init(staff: DirectoryStaff) { self.staff = staff }

    func endpoint(of request: ServiceRequest) -> String {
        guard request.path.count > 3 else { return request.joined }
        return (["api/v1/users/{id}"] + request.path.dropFirst(4)).joined(separator: "/")
    }

    func limitedKey(of request: ServiceRequest) -> String? { request.headers[.authorization] }

    func refusal(_ request: ServiceRequest, keys: Set<String>?) -> Answer? {
        request.headers[.authorization] == "SSWS \(DirectorySamples.okta["apiToken"] ?? "")" ? nil : refusedKey
    }

    func answer(_ request: ServiceRequest, _ context: ServiceContext) -> Answer {
        let (limit, left, reset) = count(request, context.now)
        guard left >= 0 else { return Self.limited(tooManyRequests(after: nil), limit, 0, reset) }
        return Self.limited(honest(request, context), limit, left, reset)
    }

    private static func limited(_ answer: Answer, _ limit: Int, _ left: Int, _ reset: Int) -> Answer {
        var answer = answer
        // What says so already tells the truth of its own.
        guard answer.fields[values: HTTPField.Name("X-Rate-Limit-Limit") ?? .date].isEmpty || answer.status != .tooManyRequests else { return answer }
        for (name, value) in [("X-Rate-Limit-Limit", limit), ("X-Rate-Limit-Remaining", left), ("X-Rate-Limit-Reset", reset)] {
            answer = answer.with(name, "\(value)")
        }
        return answer
    }

    private func count(_ request: ServiceRequest, _ now: Date) -> (limit: Int, left: Int, reset: Int) {
        let limit = staff.habits.oktaCallsPerMinute
        return windows.withLock { windows in
            var window = windows[endpoint(of: request)] ?? (now, 0)
            if now.timeIntervalSince(window.start) >= Self.window { window = (now, 0) }
            window.count += 1
            windows[endpoint(of: request)] = window
            return (limit, limit - window.count, Int((window.start + Self.window).timeIntervalSince1970.rounded(.up)))
        }
    }

    private func honest(_ request: ServiceRequest, _ context: ServiceContext) -> Answer {
        let path = Array(request.path.dropFirst(2))
        guard path.first == "users" else { return Self.notFound }
        if path.count == 1 { return request.method == .get ? users(request) : Self.error(.methodNotAllowed, "E0000022", "Not supported.") }
        guard let member = member(path[1]) else { return Self.notFound }
        switch (request.method, path.dropFirst(2).joined(separator: "/")) {
        case (.get, ""): return .object(Self.object(member))
        case (.get, "factors"): return .object(list: member.hasMFA ? Self.factors(member) : Self.weakFactors(member))
        case (.delete, "sessions"):
            _ = staff.revoke(number: member.number)
            return .noContent
        case (.post, "lifecycle/expire_password"):
            guard ["ACTIVE", "PASSWORD_EXPIRED", "LOCKED_OUT"].contains(Self.status(member)) else { return Self.wrongStatus }
            let changed = staff.reset(number: member.number, isPasswordReplaced: false, changesDate: false)
            return .object(Self.object(changed ?? member))
        case (.post, "lifecycle/reset_password"):
            guard let sends = request.query["sendemail"] else { return Self.error(.badRequest, "E0000001", "Api validation failed: sendEmail") }
            guard !["SUSPENDED", "DEPROVISIONED", "STAGED"].contains(Self.status(member)) else { return Self.wrongStatus }
            _ = staff.reset(number: member.number, isPasswordReplaced: true, changesDate: false)
            if request.query["revokesessions"] == "true" { _ = staff.revoke(number: member.number) }
            return .object(sends == "true" ? [:] : ["resetPasswordUrl": "https://acme.okta.example/reset_password/made-up"])
        default: return Self.notFound
        }
    }

    // MARK: Users

    private func users(_ request: ServiceRequest) -> Answer {
        let habits = staff.habits
        guard let size = Int(request.query["limit"] ?? "200"), (1...200).contains(size) else {
            return Self.error(.badRequest, "E0000001", "Api validation failed: limit")
        }
        var members = staff.listed.employees
        if let filter = request.query["filter"] {
            guard let matches = Self.filter(filter) else { return Self.error(.badRequest, "E0000031", "Invalid search criteria.") }
            members = members.filter(matches)
        } else {
            // By itself the list leaves out who was deprovisioned.
            members = members.filter { Self.status($0) != "DEPROVISIONED" }
        }
        guard let cut = habits.cut(members.count, at: request.query["after"].map { String($0.dropFirst(3)) }, size: size) else {
            return Self.error(.badRequest, "E0000001", "Api validation failed: after")
        }
        let page = Answer.object(list: members[cut.range].map(Self.object))
        let origin = "http://\(request.authority)"
        var links = ["<\(origin)\(request.uri)>; rel=\"self\""]
        if let next = cut.next {
            let filter = request.rawQuery["filter"].map { "&filter=\($0)" } ?? ""
            links.append("<\(habits.linkOrigin ?? origin)/api/v1/users?after=200\(next)&limit=\(size)\(filter)>; rel=\"next\"")
        }
        return habits.joinsLinks ? page.with("Link", links.joined(separator: ", ")) : links.reduce(page) { $0.with("Link", $1) }
    }

    /// `status eq "ACTIVE" or status eq "STAGED"`, `lastUpdated ge "2026-01-01T00:00:00.000Z"`.
    private static func filter(_ text: String) -> (@Sendable (DirectoryStaff.Member) -> Bool)? {
        var tests: [@Sendable (DirectoryStaff.Member) -> Bool] = []
        for clause in text.components(separatedBy: " or ") {
            let words = clause.split(separator: " ", maxSplits: 2).map(String.init)
            guard words.count == 3, words[2].count > 2, words[2].hasPrefix("\""), words[2].hasSuffix("\"") else { return nil }
            let value = String(words[2].dropFirst().dropLast())
            switch (words[0], words[1]) {
            case ("status", "eq"): tests.append { status($0) == value }
            case ("lastUpdated", "ge"): tests.append { JSONText.time($0.changedAt, milliseconds: true) >= value }
            case ("lastUpdated", "gt"): tests.append { JSONText.time($0.changedAt, milliseconds: true) > value }
            case ("id", "eq"): tests.append { id($0.number) == value }
            default: return nil
            }
        }
        let all = tests
        return { member in all.contains { $0(member) } }
    }

    private static let idPrefix = "00u1abcdEF"

    private static func id(_ number: Int) -> String {
        let digits = String(number)
        return idPrefix + String(repeating: "0", count: max(0, 10 - digits.count)) + digits
    }

    private func member(_ key: String) -> DirectoryStaff.Member? {
        if key == "me" { return staff.habits.oktaTokenOwner.flatMap { staff.member($0) } }
        let member =
            key.hasPrefix(Self.idPrefix) ? staff.member(number: Int(key.dropFirst(Self.idPrefix.count))) : staff.member(key)
        return member.flatMap { $0.isGuest || $0.isDeleted ? nil : $0 }
    }

    private static func status(_ member: DirectoryStaff.Member) -> String {
        if member.isStaged { return "STAGED" }
        guard member.isActive else { return member.number.isMultiple(of: 2) ? "SUSPENDED" : "DEPROVISIONED" }
        return switch member.password {
        case .good: "ACTIVE"
        case .expired: "PASSWORD_EXPIRED"
        case .void: "RECOVERY"
        }
    }

    private static func object(_ member: DirectoryStaff.Member) -> [String: Any] {
        func time(_ date: Date) -> String { JSONText.time(date, milliseconds: true) }
        return [
            "id": id(member.number), "status": status(member), "created": time(member.createdAt), "activated": time(member.createdAt),
            "statusChanged": time(member.changedAt), "lastLogin": NSNull(), "lastUpdated": time(member.changedAt),
            "passwordChanged": member.isStaged ? NSNull() : time(member.passwordChangedAt) as Any, "type": ["id": "otyfnjfba4ye7pgjB0g4"],
            "profile": [
                "login": member.login, "email": member.email ?? NSNull() as Any, "secondEmail": member.otherMail ?? NSNull() as Any,
                "firstName": member.firstName,
                "lastName": member.lastName, "displayName": "\(member.firstName) \(member.lastName)",
                "department": member.department ?? NSNull() as Any,
                "title": member.title ?? NSNull() as Any, "mobilePhone": NSNull(),
            ],
            "credentials": ["provider": ["type": "OKTA", "name": "OKTA"]],
            "_links": ["self": ["href": "https://acme.okta.example/api/v1/users/\(id(member.number))"]],
        ]
    }

    private static func factor(_ id: String, _ type: String, _ status: String) -> [String: Any] {
        [
            "id": id, "factorType": type, "provider": "OKTA", "vendorName": "OKTA", "status": status, "created": "2025-04-15T18:10:06.000Z",
            "lastUpdated": "2025-04-15T18:10:06.000Z", "profile": [String: Any](),
        ]
    }

    private static func factors(_ member: DirectoryStaff.Member) -> [[String: Any]] {
        [factor("ufs2bysphxKODSZKWVCT", "question", "ACTIVE"), factor("opf3hkfocI4JTLAju0g4", "push", "ACTIVE")]
    }

    /// None that counts: nothing, a question, or one that was not finished.
    private static func weakFactors(_ member: DirectoryStaff.Member) -> [[String: Any]] {
        switch member.number % 3 {
        case 0: []
        case 1: [factor("ufs2bysphxKODSZKWVCT", "question", "ACTIVE"), factor("emfnf3gSScB8xXoXK0g3", "email", "ACTIVE")]
        default: [factor("ostf1fmaMGJLMNGNLIVG", "token:software:totp", "PENDING_ACTIVATION")]
        }
    }

    // MARK: Errors

    private static func error(_ status: HTTPResponse.Status, _ code: String, _ summary: String) -> Answer {
        .object(
            ["errorCode": code, "errorSummary": summary, "errorLink": code, "errorId": "oaeInvented", "errorCauses": [Any]()], status: status)
    }

    private static let notFound = error(.notFound, "E0000007", "Not found: Resource not found (User)")
    private static let wrongStatus = error(.forbidden, "E0000038", "This operation is not allowed in the user's current status.")

    /// When told to say when, by the headers: with a limit of so many calls, of which none are left.
    func tooManyRequests(after seconds: Int?) -> Answer {
        let answer = Self.error(.tooManyRequests, "E0000047", "API call exceeded rate limit due to too many requests.")
        guard let seconds else { return answer }
        return Self.limited(answer, 600, 0, Int(Date().timeIntervalSince1970) + seconds)
    }
    var internalError: Answer { Self.error(.internalServerError, "E0000009", "Internal Server Error") }
    var refusedKey: Answer { Self.error(.unauthorized, "E0000011", "Invalid token provided") }
    var forbidden: Answer { Self.error(.forbidden, "E0000006", "You do not have permission to perform the requested action") }
    /// Of calls at the same time: the headers say nothing.
    var quotaUsedUp: Answer {
        Self.error(.tooManyRequests, "E0000047", "Too many concurrent requests.").with("X-Rate-Limit-Limit", "0").with("X-Rate-Limit-Remaining", "0")
            .with("X-Rate-Limit-Reset", "\(Int(Date().timeIntervalSince1970) + 3600)")
    }
    var renamed: [String: String] { ["id": "userId", "factorType": "kind"] }
}

extension Answer {
    /// JSON of a list of objects.
    static func object(list: [[String: Any]]) -> Answer {
        // try?: such values can always be written.
        json(written: Array((try? JSONSerialization.data(withJSONObject: list, options: .sortedKeys)) ?? Data("[]".utf8)))
    }
}
