import Foundation
import HTTPTypes
import JSON
import Scalars
import Synchronization

/// The way to Okta's API, with its rate limits and its errors.
struct OktaAPI: Sendable {
    /// Scheme, host and port that page links may lead to.
    let origin: URL
    private let access: DirectoryAccess
    private let client: DirectoryClient
    private let authorization: String
    private let usual: String
    private let budget: OktaBudget

    init(domain: String, token: String, _ access: DirectoryAccess) throws {
        usual = "https://\(domain.lowercased())"
        origin = try access.url(usual, "")
        authorization = "SSWS \(token)"
        client = DirectoryClient("Okta", access, typedField: "domain") { Self.delay($0, now: $1) }
        budget = OktaBudget()
        self.access = access
    }

    func url(_ path: String) throws -> URL { try access.url(usual, path) }

    func userURL(_ id: String, _ rest: String = "") throws -> URL { try url("/api/v1/users/\(PercentEncoding.of(id))\(rest)") }

    /// Reads, whatever the kind of thing. Near the end of what the organisation may ask in a minute, it waits for the next.
    /// - Throws: ``DirectoryFailure``, `CancellationError`.
    func read(_ url: URL, isFurtherPage: Bool = false) async throws -> DirectoryAnswer {
        // Each kind of call has a limit of its own.
        let kind = url.path.hasSuffix("/factors") ? "factors" : "users"
        // On the way to a change nobody waits for the sake of others' calls.
        if let wait = budget.wait(kind, now: access.now()), wait <= DirectoryClient.patience.longestWait { try await access.pause(wait) }
        var headers = headers
        headers[.accept] = "application/json"
        let answer = try await client.read(.get(url, headers: headers))
        budget.note(answer, kind, now: access.now())
        if isFurtherPage, answer.status == 400 { throw DirectoryFailure.lostPage }
        guard answer.isSuccess else { throw failure(answer, needing: "a role that may read users, such as Read-only Administrator") }
        return answer
    }

    func user(_ id: String) async throws -> OktaUser {
        let answer = try await read(userURL(id)).json()
        return try OddRow.unlisted { try OktaUser(answer) }
    }

    /// Changes something, once.
    func change(_ method: HTTPRequest.Method, _ url: URL) async throws {
        let answer = try await client.change(DirectoryCall(method: method, url: url, headers: headers, timeout: .seconds(60)))
        guard answer.isSuccess else {
            throw failure(answer, needing: "a role that may manage users, such as Help Desk Administrator (more, to act on administrators)")
        }
    }

    private var headers: HTTPFields { [.authorization: authorization] }

    /// `X-Rate-Limit-Reset` is in seconds since 1970 by Okta's clock, so that it is compared with the answer's own date.
    static func delay(_ answer: DirectoryAnswer, now: Date) -> DirectoryDelay? {
        guard answer.status == 429 else { return .usual(answer, now: now) }
        if let after = answer.retryAfter(now: now) { return DirectoryDelay(after: after, isLimit: true) }
        // A limit of 0 tells of too many calls at the same time: then the reset is a hint only.
        guard let limit = answer.number("X-Rate-Limit-Limit"), limit > 0 else { return DirectoryDelay(after: nil, isLimit: true) }
        return DirectoryDelay(after: reset(answer, now: now), isLimit: true)
    }

    static func reset(_ answer: DirectoryAnswer, now: Date) -> Duration? {
        guard let reset = answer.number("X-Rate-Limit-Reset") else { return nil }
        let seconds = (reset - (answer.date ?? now).timeIntervalSince1970).clamped(to: 0...86_400)
        // A second more: both times are cut to whole ones.
        return .milliseconds(Int64(seconds * 1000) + 1000)
    }

    /// The link to the next page: one `Link` header for each, or one for all (RFC 8288).
    static func nextLink(_ answer: DirectoryAnswer) -> String? {
        guard let name = HTTPField.Name("Link") else { return nil }
        for value in answer.headers[values: name] {
            var rest = value[...]
            while let open = rest.firstPlace(of: "<"), let close = rest[open...].firstPlace(of: ">") {
                let target = rest[rest.place(behind: open)..<close]
                let tail = rest[rest.place(behind: close)...]
                // The parameters end where the next link begins.
                let end = tail.firstPlace(of: "<") ?? tail.endIndex
                let parameters = tail[..<end].lowercased().parts { $0 == ";" || $0 == "," }.map { $0.trimmingCharacters(in: .whitespaces) }
                if parameters.contains(where: { $0 == "rel=\"next\"" || $0 == "rel=next" }) { return String(target) }
                rest = tail[end...]
            }
        }
        return nil
    }

    /// The words for Okta's error codes (developer documentation, "Error codes").
    private func failure(_ answer: DirectoryAnswer, needing grant: String) -> DirectoryFailure {
        let code = DirectoryClient.safe(answer.problem?["errorCode"]?.text ?? "status \(answer.status)")
        switch code {
        case "E0000004", "E0000011":
            return .refusedCredentials("Okta refuses the API token (\(code)): it is wrong, was revoked, or ended for want of use.")
        case "E0000005", "E0000006": return .notPermitted("Okta does not permit it to the API token's user (\(code)). It takes \(grant).")
        case "E0000007", "E0000008": return .noSuchAccount
        case "E0000014", "E0000017", "E0000034":
            return .refusedAction(
                "Okta refuses it for this account (\(code)): its password is kept elsewhere, in Active Directory or another identity provider. Reset it there."
            )
        case "E0000016", "E0000038": return .refusedAction("Okta refuses it in the account's present status (\(code)).")
        case "E0000112": return .refusedAction("The account is still being activated (\(code)): try again later.")
        case "E0000001": return .refusedAction("Okta refuses the request (\(code)).")
        case "E0000031": return .malformed("Okta does not take the search that it documents (\(code))")
        default: break
        }
        switch answer.status {
        case 401: return .refusedCredentials("Okta refuses the API token (\(code)).")
        case 403: return .notPermitted("Okta does not permit it (\(code)). It takes \(grant).")
        default: return client.unexpected(answer, code: code)
        }
    }
}

/// What is left of the calls that an organisation may make, by kind of call. The last tenth is left to the organisation's own
/// applications, which share the limit: their people could not sign in.
final class OktaBudget: Sendable {
    private let pausedUntil = Mutex<[String: Date]>([:])

    /// Notes what an answer says.
    func note(_ answer: DirectoryAnswer, _ kind: String, now: Date) {
        guard let limit = answer.number("X-Rate-Limit-Limit"), let left = answer.number("X-Rate-Limit-Remaining"), limit > 0, left < limit / 10,
            let reset = OktaAPI.reset(answer, now: now)
        else { return }
        // A window is a minute long; whatever a clock says, it is not waited longer than two.
        let until = now + min(reset, .seconds(120)).inSeconds
        pausedUntil.withLock { $0[kind] = max($0[kind] ?? until, until) }
    }

    /// How long a call has to wait.
    func wait(_ kind: String, now: Date) -> Duration? {
        pausedUntil.withLock { paused in
            guard let until = paused[kind] else { return nil }
            // Each pause is waited for once: the next answer says what is left then.
            guard until > now else {
                paused[kind] = nil
                return nil
            }
            return .milliseconds(Int64(until.timeIntervalSince(now) * 1000))
        }
    }
}

/// Who has a second factor: one call for each person, so that only those who can sign in are asked about.
final class OktaFactors: Sendable {
    private let api: OktaAPI
    /// How many are asked about at once; an organisation on a free plan may have 35 calls under way altogether.
    private static let concurrency = 8
    private let refusal = Mutex<String?>(nil)
    /// Of how many people the answer could not be read.
    private let unreadable = Mutex(0)

    init(api: OktaAPI) { self.api = api }

    /// Why nothing is known of anybody, when that is so.
    var warning: String? { refusal.withLock { $0 } }

    /// What is to be said of it.
    var warnings: [String] {
        let count = unreadable.withLock { $0 }
        let unread = "MFA of \(Format.count(count, "person", "people")) is unknown: Okta's answer about their factors cannot be read."
        return [warning, count == 0 ? nil : unread].compactMap { $0 }
    }

    /// By id; those of whom nothing is known are not in it.
    func states(of users: [OktaUser]) async throws -> [String: Bool] {
        var waiting = users.filter(\.isActive).map(\.id)[...]
        var states: [String: Bool] = [:]
        try await withThrowingTaskGroup(of: (String, Bool?).self) { group in
            var running = 0
            while running > 0 || (!waiting.isEmpty && warning == nil) {
                while running < Self.concurrency, warning == nil, let id = waiting.popFirst() {
                    group.addTask { [self] in (id, try await isEnrolled(id)) }
                    running += 1
                }
                guard let (id, state) = try await group.next() else { break }
                running -= 1
                states[id] = state
            }
        }
        return states
    }

    /// Whether a factor is one to sign in with. Its names are taken as they are written alone: what is something else says neither yes nor no.
    private static func counts(_ factor: JSONValue) throws(OddRow) -> Bool {
        let (type, status) = (try factor.readId("factorType").needed("factorType"), try factor.readId("status").needed("status"))
        guard statuses.contains(status) else { throw OddRow("status is \(DirectoryClient.safe(status)), which is not documented") }
        // A question is no second factor, and mail is read with the same password as often as not.
        return status == "ACTIVE" && type != "question" && type != "email"
    }

    private static let statuses: Set = ["ACTIVE", "DISABLED", "ENROLLED", "EXPIRED", "INACTIVE", "NOT_SETUP", "PENDING_ACTIVATION"]

    /// - Returns: nil when it cannot be known.
    private func isEnrolled(_ id: String) async throws -> Bool? {
        do {
            let answer = try await api.read(api.userURL(id, "/factors")).json()
            guard let factors = answer.items else { throw OddRow("the factors are \(answer.kind), not a list") }
            var odd: OddRow?
            for factor in factors {
                do throws(OddRow) {
                    if try Self.counts(factor) { return true }
                } catch {
                    odd = error
                }
            }
            // One that cannot be read may be the one that counts.
            if let odd { throw odd }
            return false
        } catch is OddRow {
            unreadable.withLock { $0 += 1 }
            return nil
        } catch DirectoryFailure.malformed, DirectoryFailure.refusedAction {
            // People are listed without it.
            unreadable.withLock { $0 += 1 }
            return nil
        } catch DirectoryFailure.notPermitted {
            refusal.withLock { $0 = "MFA is unknown: the API token's user may not read factors. Give it the role Read-only Administrator or more." }
            return nil
        } catch DirectoryFailure.noSuchAccount {
            return nil
        }
    }
}
