import Foundation
import HTTPTypes

/// The services that the sandbox stands in for.
package enum SandboxService: String, Codable, Sendable, CaseIterable {
    case hibp
    case dehashed
    case leakcheck
    case intelx
    case snusbase
    case entra
    case google
    case okta
    /// AWS IAM Identity Center.
    case identityCenter

    /// Whether people are listed there, rather than what is known of them.
    package var isDirectory: Bool {
        switch self {
        case .hibp, .dehashed, .leakcheck, .intelx, .snusbase: false
        case .entra, .google, .okta, .identityCenter: true
        }
    }

    /// Where the service is below the sandbox's address: what the product takes for its origin. The service's own paths follow.
    package var path: String {
        switch self {
        // These are told apart by their own paths, because a directory's links lead back to where it is.
        case .hibp, .entra, .google, .okta, .identityCenter: ""
        case .dehashed, .leakcheck, .intelx, .snusbase: "/\(rawValue)"
        }
    }

    /// A key of the form that the service gives out.
    package var sampleKey: String {
        switch self {
        case .hibp: "0123456789abcdef0123456789abcdef"
        case .dehashed: "dGhpcyBpcyBub3QgYSByZWFsIGtleQ=="
        case .leakcheck: "0123456789abcdef0123456789abcdef01234567"
        case .intelx: "01234567-89ab-4cde-8f01-23456789abcd"
        case .snusbase: "sb0123456789abcdefghijklmnopqr"
        // Directories take more than a key: ``DirectorySamples``.
        case .entra: DirectorySamples.entra["clientSecret"] ?? ""
        case .google: ""
        case .okta: DirectorySamples.okta["apiToken"] ?? ""
        case .identityCenter: DirectorySamples.aws["accessKeyId"] ?? ""
        }
    }
}

/// A request to a service, taken apart.
struct ServiceRequest: Sendable {
    var method: HTTPRequest.Method
    /// The path below the service's own beginning, decoded.
    var path: [String]
    /// The names are lower-cased.
    var query: [String: String]
    var headers: HTTPFields
    var body: [UInt8]
    /// Path and query as they were sent.
    var uri = ""
    /// The host and port that were asked.
    var authority = ""

    /// The query's values as they were sent.
    var rawQuery: [String: String] {
        var query: [String: String] = [:]
        for pair in uri.drop(while: { $0 != "?" }).dropFirst().split(separator: "&") {
            let sides = pair.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            query[sides[0].lowercased()] = sides.count > 1 ? String(sides[1]) : ""
        }
        return query
    }

    func header(_ name: String) -> String? { HTTPField.Name(name).flatMap { headers[$0] } }

    /// The path as misbehaviour names it.
    var joined: String { path.joined(separator: "/").lowercased() }

    func isAt(_ words: String...) -> Bool { path.map { $0.lowercased() } == words }

    /// The body as a JSON object; nil when it is something else.
    var object: [String: Any]? {
        // try?: what is not JSON is refused by whoever asks.
        (try? JSONSerialization.jsonObject(with: Data(body))) as? [String: Any]
    }
}

/// What a stand-in may look at.
struct ServiceContext: Sendable {
    var world: HIBPWorld
    var plan: SubscriptionPlan
    /// Changes with the world and the plan.
    var version: Int
    var now: Date
}

/// A stand-in of one service: what it answers to what, in the service's own wire format, by its documentation. What it remembers
/// between requests it guards itself.
protocol StandIn: Sendable {
    /// What is counted, without the values that a path may hold.
    func endpoint(of request: ServiceRequest) -> String

    /// Whose limit a request counts in; nil for one that counts in none.
    func limitedKey(of request: ServiceRequest) -> String?

    /// Why a request is not even looked at: its method, its agent, its key.
    /// - Parameter keys: those that are good; nil is any of the right form.
    func refusal(_ request: ServiceRequest, keys: Set<String>?) -> Answer?

    func answer(_ request: ServiceRequest, _ context: ServiceContext) -> Answer

    // What it says when it is told to fail.

    /// - Parameter seconds: when to come again; nil leaves it to the service what it says by itself.
    func tooManyRequests(after seconds: Int?) -> Answer
    var internalError: Answer { get }
    var refusedKey: Answer { get }
    /// The key is good, and what was asked is not in its plan.
    var forbidden: Answer { get }
    var quotaUsedUp: Answer { get }
    /// The token was good and is so no longer; so are all that were given out.
    var expiredToken: Answer { get }
    /// Where a listing ended that is to be gone on with is no longer known.
    var stateExpired: Answer { get }
    /// Names that are others when its schema changes.
    var renamed: [String: String] { get }
}

extension StandIn {
    var expiredToken: Answer { refusedKey }
    var stateExpired: Answer { .nothing }

    /// The answer as it would be after a change of the service's schema: JSON as before, with other names.
    func withOtherNames(_ answer: Answer) -> Answer {
        // try?: what is not JSON has no names.
        guard answer.status == .ok, let value = try? JSONSerialization.jsonObject(with: Data(answer.body)) else { return answer }
        let changed = Self.rename(value, renamed)
        var answer = answer
        answer.body = Array((try? JSONSerialization.data(withJSONObject: changed, options: .sortedKeys)) ?? Data("{}".utf8))  // try?: it was JSON
        return answer
    }

    private static func rename(_ value: Any, _ names: [String: String]) -> Any {
        switch value {
        case let object as [String: Any]:
            Dictionary(uniqueKeysWithValues: object.map { (names[$0] ?? $0, rename($1, names)) })
        case let list as [String] where !list.isEmpty && names["[]"] != nil:
            list.map { [names["[]"] ?? "": $0] }
        case let list as [Any]: list.map { rename($0, names) }
        default: value
        }
    }
}

extension Misbehaviour {
    /// What becomes of the right answer.
    func spoil(_ answer: Answer, by service: any StandIn) -> Answer {
        switch kind {
        case .tooManyRequests: service.tooManyRequests(after: retryAfter ?? 2)
        case .internalError: service.internalError
        case .unavailable: .edgePage(.serviceUnavailable)
        case .lostPage: .edgePage(.notFound)
        case .slow, .cutConnection: answer
        case .brokenJSON: .json(written: Array(#"[{"Name":oops]"#.utf8))
        case .truncated: .json(written: answer.body.isEmpty ? Array(#"[{"Name":"#.utf8) : Array(answer.body.dropLast(max(1, answer.body.count / 3))))
        case .wrongContentType: Answer(status: answer.status, contentType: "text/html", body: answer.body)
        case .refusedKey: service.refusedKey
        case .forbidden: service.forbidden
        case .quotaUsedUp: service.quotaUsedUp
        case .schemaChange: service.withOtherNames(answer)
        case .oddValue: OddValue(place: place ?? 0, value: value ?? "null").put(into: answer).answer
        case .expiredToken: service.expiredToken
        case .stateExpired: service.stateExpired
        }
    }

    /// Whether a request that suffers from it is not carried out at all.
    var isRefusal: Bool {
        switch kind {
        case .tooManyRequests, .internalError, .unavailable, .lostPage, .refusedKey, .forbidden, .quotaUsedUp, .expiredToken, .stateExpired: true
        case .slow, .cutConnection, .brokenJSON, .truncated, .wrongContentType, .schemaChange, .oddValue: false
        }
    }

    /// Where in an answer its odd value is: `users[1].name.givenName`. nil when the answer has no such place.
    func place(in answer: Answer) -> String? {
        kind == .oddValue ? OddValue(place: place ?? 0, value: value ?? "null").put(into: answer).place : nil
    }
}

/// One value of an answer that is not what it should be.
struct OddValue {
    let place: Int
    /// As JSON; empty: what stands there is left out.
    let value: String

    private struct LeftOut {}

    /// What is put there; nil when it is no JSON.
    private var replacement: Any? {
        if value.isEmpty { return LeftOut() }
        // try?: what a test writes and is no JSON has no effect, which it notices.
        return try? JSONSerialization.jsonObject(with: Data(value.utf8), options: .fragmentsAllowed)
    }

    /// - Returns: the answer with the value in its place, and where that is; the answer as it was, and nil, when it has no such place.
    func put(into answer: Answer) -> (answer: Answer, place: String?) {
        // try?: what is not JSON has no places.
        guard answer.status == .ok, let json = try? JSONSerialization.jsonObject(with: Data(answer.body), options: .fragmentsAllowed),
            let odd = replacement
        else { return (answer, nil) }
        var count = 0
        var found: String?
        let changed = Self.walk(json, "", &count) { number, place in
            guard number == self.place else { return nil }
            found = place
            return odd
        }
        guard let found, let body = try? JSONSerialization.data(withJSONObject: changed, options: [.sortedKeys, .fragmentsAllowed]) else {
            return (answer, nil)
        }
        var answer = answer
        answer.body = Array(body)
        return (answer, found)
    }

    /// - Parameter put: what stands in a place instead; nil leaves it.
    private static func walk(_ value: Any, _ path: String, _ count: inout Int, _ put: (Int, String) -> Any?) -> Any {
        switch value {
        case let object as [String: Any]:
            var changed: [String: Any] = [:]
            for (name, member) in object.sorted(by: { $0.key < $1.key }) {
                let place = path.isEmpty ? name : "\(path).\(name)"
                let odd = put(count, place)
                count += 1
                if !(odd is LeftOut) { changed[name] = odd ?? walk(member, place, &count, put) }
            }
            return changed
        case let list as [Any]:
            var changed: [Any] = []
            for (index, item) in list.enumerated() {
                let place = "\(path)[\(index)]"
                let odd = put(count, place)
                count += 1
                if !(odd is LeftOut) { changed.append(odd ?? walk(item, place, &count, put)) }
            }
            return changed
        default: return value
        }
    }
}

/// How often a service may be asked, as it counts down.
struct Credits: Sendable {
    private(set) var left: Int

    init(_ left: Int) { self.left = left }

    /// - Returns: false when there is none left.
    mutating func take() -> Bool {
        guard left > 0 else { return false }
        left -= 1
        return true
    }
}

extension Answer {
    /// JSON of strings, numbers, booleans, nulls, lists and objects.
    static func object(_ value: [String: Any], status: HTTPResponse.Status = .ok) -> Answer {
        // try?: such values can always be written.
        json(written: Array((try? JSONSerialization.data(withJSONObject: value, options: .sortedKeys)) ?? Data("{}".utf8)), status: status)
    }
}
