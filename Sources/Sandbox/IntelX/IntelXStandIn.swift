import Foundation
import HTTPTypes
import Synchronization

/// The search API of Intelligence X, by its manual, version 5.
final class IntelXStandIn: StandIn {
    /// A search that was begun, and what it has not delivered yet.
    private struct Search {
        /// Each written as JSON.
        var items: [[UInt8]]
        /// The first poll finds nothing: results take a while.
        var isReady = false
        var began: Date
    }

    private struct State {
        var credits: Credits
        var searches: [String: Search] = [:]
    }

    private let state: Mutex<State>
    private let allowance: Int
    /// Searches of a key that may be open at once.
    private static let concurrentSearches = 10

    init(credits: Int) {
        allowance = credits
        state = Mutex(State(credits: Credits(credits)))
    }

    func endpoint(of request: ServiceRequest) -> String { request.joined }

    func limitedKey(of request: ServiceRequest) -> String? { Self.key(of: request) }

    private static func key(of request: ServiceRequest) -> String? { request.header("x-key") ?? request.query["k"] }

    func refusal(_ request: ServiceRequest, keys: Set<String>?) -> Answer? {
        guard let key = Self.key(of: request), UUID(uuidString: key) != nil, keys?.contains(key) ?? true else { return refusedKey }
        return nil
    }

    func answer(_ request: ServiceRequest, _ context: ServiceContext) -> Answer {
        switch (request.method, request.joined) {
        case (.post, "intelligent/search"): begin(request, context) { Self.records($0, context.world) }
        case (.post, "phonebook/search"): begin(request, context) { Self.selectors($0, context.world) }
        case (.get, "intelligent/search/result"): result(request, "records")
        case (.get, "phonebook/search/result"): result(request, "selectors")
        case (.get, "intelligent/search/terminate"): terminate(request)
        case (.get, "authenticate/info"): info()
        default: .nothing
        }
    }

    private func info() -> Answer {
        let left = state.withLock { $0.credits.left }
        func credits(_ path: String) -> [String: Any] { ["Path": path, "Credit": left, "CreditMax": allowance, "CreditReset": 24] }
        return .object([
            "buckets": ["leaks.public.general", "leaks.private.general", "leaks.logs", "pastes"],
            "paths": ["/intelligent/search": credits("/intelligent/search"), "/phonebook/search": credits("/phonebook/search")],
        ])
    }

    // MARK: Searches

    private func begin(_ request: ServiceRequest, _ context: ServiceContext, _ find: (String) -> [[String: Any]]) -> Answer {
        guard let body = request.object, let term = body["term"] as? String else { return Answer(status: .badRequest, body: []) }
        // A strong selector: an address or a domain.
        guard term.contains("."), !term.contains(" ") else { return .object(["id": "", "softselectorwarning": true, "status": 1]) }
        let buckets = body["buckets"] as? [String] ?? []
        var perBucket: [String: Int] = [:]
        let maximum = body["maxresults"] as? Int ?? 1000
        let found = find(term.lowercased()).filter { record in
            guard let bucket = record["bucket"] as? String else { return true }
            guard buckets.isEmpty || buckets.contains(where: { bucket == $0 || bucket.hasPrefix("\($0).") }) else { return false }
            perBucket[bucket, default: 0] += 1
            return perBucket[bucket, default: 0] <= maximum
        }
        // try?: strings, numbers, booleans and nulls can always be written.
        let written = found.compactMap { try? JSONSerialization.data(withJSONObject: $0, options: .sortedKeys) }.map { Array($0) }
        let terminated = body["terminate"] as? [String] ?? []
        let now = context.now
        return state.withLock { state -> Answer in
            state.searches = state.searches.filter { now.timeIntervalSince($0.value.began) < 600 }
            for id in terminated { state.searches[id] = nil }
            guard state.searches.count < Self.concurrentSearches else { return .object(["id": "", "softselectorwarning": false, "status": 2]) }
            guard state.credits.take() else { return quotaUsedUp }
            let id = UUID().uuidString.lowercased()
            state.searches[id] = Search(items: written, began: now)
            return .object(["id": id, "softselectorwarning": false, "status": 0])
        }
    }

    private func result(_ request: ServiceRequest, _ name: String) -> Answer {
        let id = request.query["id"]?.lowercased() ?? ""
        let limit = max(1, request.query["limit"].flatMap { Int($0) } ?? 100)
        return state.withLock { state -> Answer in
            guard let search = state.searches[id] else { return Self.page(2, name, []) }
            guard search.isReady else {
                state.searches[id]?.isReady = true
                return Self.page(3, name, [])
            }
            let now = Array(search.items.prefix(limit))
            state.searches[id]?.items.removeFirst(now.count)
            // The last answer may carry records too.
            return Self.page(search.items.count > limit ? 0 : 1, name, now)
        }
    }

    private static func page(_ status: Int, _ name: String, _ items: [[UInt8]]) -> Answer {
        .json(written: Array(#"{"status":\#(status),"\#(name)":"#.utf8) + items.asJSONArray() + Array("}".utf8))
    }

    private func terminate(_ request: ServiceRequest) -> Answer {
        let id = request.query["id"]?.lowercased() ?? ""
        _ = state.withLock { $0.searches.removeValue(forKey: id) }
        return Answer(status: .noContent, body: [])
    }

    // MARK: What is found

    private static func records(_ term: String, _ world: HIBPWorld) -> [[String: Any]] {
        let leaks = term.contains("@") ? world.leaks(of: term, in: .intelx) : world.leaks(ofDomain: term, in: .intelx)
        return leaks.map { leak in
            var numbers = SeededNumbers(seed: 3, text: "\(leak.address) \(leak.title) \(leak[.url] ?? "")")
            // A file's name has no slash: what stands before one is its folder.
            let file = leak.titleWithEnding.replacing("/", with: "-")
            let (name, bucket, title) =
                switch leak.kind {
                case .stealerLog: ("US_192.0.2.\(1 + numbers.below(254))/Passwords.txt", "leaks.logs", "Leaks &raquo; Logs")
                case .site where leak.title == "Pasted list": ("", "pastes", "Pastes")
                case .site, .compilation:
                    ("\(file).txt [Part \(1 + numbers.below(8)) of 9]", "leaks.public.general", "Leaks &raquo; Public &raquo; General")
                }
            return [
                "systemid": uuid(&numbers), "storageid": "", "instore": true, "size": 20_480 + numbers.below(100_000), "accesslevel": 0,
                "type": 1, "media": 24, "added": "2026-07-01T03:04:05Z", "date": "\(leak.date)T00:00:00Z", "name": name, "description": "",
                "xscore": numbers.below(100), "simhash": numbers.next() | (1 << 63), "bucket": bucket, "keyvalues": NSNull(), "tags": NSNull(),
                "relations": NSNull(), "accesslevelh": "Public", "mediah": "Text File", "typeh": "Text", "bucketh": title, "group": "",
                "indexfile": "", "randomid": uuid(&numbers),
            ]
        }
    }

    /// Whom the phone book lists for a domain: the addresses that something is known of, and others that look alike.
    private static func selectors(_ term: String, _ world: HIBPWorld) -> [[String: Any]] {
        let known = world.addresses(in: term).filter { !world.leaks(of: $0, in: .intelx).isEmpty }
        let all = known.isEmpty ? [] : known + ["sam@not\(term)"]
        return all.map { ["selectorvalue": $0, "selectortype": 1, "selectortypeh": "Email Address"] }
    }

    private static func uuid(_ numbers: inout SeededNumbers) -> String {
        let hex = String(numbers.next() | (1 << 63), radix: 16) + String(numbers.next() | (1 << 63), radix: 16)
        let parts = [8, 4, 4, 4, 12]
        var rest = hex[...]
        return parts.map { length in
            defer { rest = rest.dropFirst(length) }
            return String(rest.prefix(length))
        }.joined(separator: "-")
    }

    // MARK: Errors

    func tooManyRequests(after seconds: Int?) -> Answer {
        var answer = Answer(status: .tooManyRequests, body: [])
        if let seconds { answer.fields[.retryAfter] = String(seconds) }
        return answer
    }
    var internalError: Answer { Answer(status: .internalServerError, body: []) }
    var refusedKey: Answer { Answer(status: .unauthorized, body: []) }
    /// The same as for a key that it does not know.
    var forbidden: Answer { Answer(status: .unauthorized, body: []) }
    var quotaUsedUp: Answer { Answer(status: .init(code: 402), body: []) }
    var renamed: [String: String] {
        ["status": "state", "records": "items", "selectors": "entries", "bucket": "bucket_name", "paths": "functions"]
    }
}
