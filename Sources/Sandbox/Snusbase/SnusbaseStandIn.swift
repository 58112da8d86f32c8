import Foundation
import HTTPTypes
import Synchronization

/// Snusbase's current API, by its documentation of 2026.
final class SnusbaseStandIn: StandIn {
    /// A window of twelve hours, from the first search in it.
    private struct State {
        var began: Date?
        var used = 0
    }

    private let state = Mutex(State())
    private let searches: Int
    private static let window: TimeInterval = 12 * 3600
    private static let types: Set = ["email", "username", "lastip", "password", "hash", "name", "_domain"]

    init(searches: Int) { self.searches = searches }

    func endpoint(of request: ServiceRequest) -> String { request.joined }

    func limitedKey(of request: ServiceRequest) -> String? { request.isAt("data", "stats") ? nil : request.header("Auth") }

    func refusal(_ request: ServiceRequest, keys: Set<String>?) -> Answer? {
        if request.isAt("data", "stats") { return nil }
        guard request.method == .post else { return Self.error("Method not allowed.", .methodNotAllowed) }
        guard let key = request.header("Auth"), key.hasPrefix("sb"), key.utf8.count == 30, keys?.contains(key) ?? true else { return refusedKey }
        return nil
    }

    func answer(_ request: ServiceRequest, _ context: ServiceContext) -> Answer {
        switch request.joined {
        case "data/search": search(request, context)
        case "data/stats":
            .object(["rows": 22_000_000_000, "tables": [String: Any](), "features": ["view_more": [String](), "combo_lookup": [String]()]])
        case "tools/ip-whois": whois(request)
        default: .nothing
        }
    }

    private func whois(_ request: ServiceRequest) -> Answer {
        guard let terms = request.object?["terms"] as? [String], !terms.isEmpty else { return Self.error("Missing terms.") }
        var answer = Answer.object(["took": 0.4, "size": 0, "results": [String: Any]()])
        Self.limit(&answer, 256, left: 255, seconds: 120)
        return answer
    }

    private func search(_ request: ServiceRequest, _ context: ServiceContext) -> Answer {
        guard let body = request.object, let terms = body["terms"] as? [String], !terms.isEmpty else { return Self.error("Missing terms.") }
        guard let types = body["types"] as? [String], !types.isEmpty, types.allSatisfy(Self.types.contains) else {
            return Self.error("Invalid type.")
        }
        let (left, seconds) = state.withLock { state -> (Int?, Int) in
            if context.now.timeIntervalSince(state.began ?? .distantPast) >= Self.window { state = State(began: context.now) }
            let seconds = Int(Self.window - context.now.timeIntervalSince(state.began ?? context.now))
            guard state.used < searches else { return (nil, seconds) }
            state.used += 1
            return (searches - state.used, seconds)
        }
        guard let left else { return tooManyRequests(after: seconds) }
        var tables: [String: [[String: Any]]] = [:]
        for term in terms {
            let leaks =
                (types.contains("email") && term.contains("@") ? context.world.leaks(of: term, in: .snusbase) : [])
                + (types.contains("_domain") && !term.contains("@") ? context.world.leaks(ofDomain: term, in: .snusbase) : [])
            for leak in leaks { tables[Self.table(leak), default: []].append(Self.row(leak)) }
        }
        let size = tables.values.reduce(0) { $0 + $1.count }
        // Flat when it is asked for so: the key with a false value.
        let isFlat = body["group_by"] as? Bool == false
        let results: Any = isFlat ? tables.sorted { $0.key < $1.key }.flatMap(\.value) as Any : tables
        var answer = Answer.object(["took": 4.21, "size": size, "results": results])
        Self.limit(&answer, searches, left: left, seconds: seconds)
        return answer
    }

    /// `9001_EXAMPLE_COM_1M_SHOPPING_072019`.
    private static func table(_ leak: Leak) -> String {
        var numbers = SeededNumbers(seed: 9, text: leak.title)
        // NA stands where there is no site.
        let words = leak.isNamedAfterDomain ? leak.domain : leak.domain.isEmpty ? "\(leak.title) NA" : leak.title
        let name = words.uppercased().map { $0.isLetter || $0.isNumber ? $0 : "_" }
        let month = "\(leak.date.dropFirst(5).prefix(2))\(leak.date.prefix(4))"
        let category = leak.kind == .stealerLog ? "STEALER" : leak.kind == .compilation ? "COMBO" : "SHOPPING"
        return "\(1000 + numbers.below(9000))_\(String(name))_\(leak.size)_\(category)_\(month)"
    }

    private static func row(_ leak: Leak) -> [String: Any] {
        var row: [String: Any] = ["email": leak.address]
        if let domain = leak.address.split(separator: "@").last { row["_domain"] = String(domain) }
        let names: [(Leak.Field, String)] = [
            (.username, "username"), (.password, "password"), (.hash, "hash"), (.salt, "salt"), (.name, "name"), (.phone, "phone"),
            (.ip, "lastip"), (.street, "address"), (.city, "city"), (.zip, "zip"), (.gender, "gender"), (.url, "host"),
        ]
        for (field, name) in names {
            if let value = leak[field] { row[name] = value }
        }
        return row
    }

    // MARK: Errors

    private static func error(_ text: String, _ status: HTTPResponse.Status = .badRequest) -> Answer { .object(["errors": [text]], status: status) }

    private static func limit(_ answer: inout Answer, _ limit: Int, left: Int, seconds: Int) {
        for (name, value) in [("X-Rate-Limit", limit), ("X-Rate-Limit-Remaining", left), ("X-Rate-Limit-Reset", seconds)] {
            if let name = HTTPField.Name(name) { answer.fields[name] = String(value) }
        }
    }

    func tooManyRequests(after seconds: Int?) -> Answer {
        var answer = Self.error("Rate limit exceeded.", .tooManyRequests)
        Self.limit(&answer, searches, left: 0, seconds: seconds ?? 60)
        return answer
    }
    var internalError: Answer { Self.error("Internal server error.", .internalServerError) }
    var refusedKey: Answer { Self.error("Invalid authentication.", .unauthorized) }
    var forbidden: Answer { refusedKey }
    /// Up to twelve hours from now.
    var quotaUsedUp: Answer { tooManyRequests(after: 40_000) }
    var renamed: [String: String] { ["size": "count", "results": "data"] }
}
