import Foundation
import HTTPTypes
import Synchronization

/// DeHashed's API v2, by its documentation of 2026.
final class DeHashedStandIn: StandIn {
    private struct State {
        var credits: Credits
        /// How far each key has paged in a query, and when: the service forgets it after ten minutes.
        var paging: [String: (page: Int, at: Date)] = [:]
    }

    private let state: Mutex<State>
    private static let keyHeader = "Dehashed-Api-Key"

    init(credits: Int) { state = Mutex(State(credits: Credits(credits))) }

    func endpoint(of request: ServiceRequest) -> String { request.joined }

    func limitedKey(of request: ServiceRequest) -> String? { request.isAt("data-wells") ? nil : request.header(Self.keyHeader) }

    func refusal(_ request: ServiceRequest, keys: Set<String>?) -> Answer? {
        if request.isAt("data-wells") { return nil }
        guard request.method == .post else { return .object(["error": "method not allowed"], status: .methodNotAllowed) }
        guard let key = request.header(Self.keyHeader), key.utf8.count >= 16, keys?.contains(key) ?? true else { return refusedKey }
        return nil
    }

    func answer(_ request: ServiceRequest, _ context: ServiceContext) -> Answer {
        if request.isAt("v2", "search") { return search(request, context) }
        if request.isAt("v2", "search-password") {
            guard let hash = request.object?["sha256_hashed_password"] as? String, hash.utf8.count == 64 else {
                return Self.error("invalid sha256 hash")
            }
            return .object(["results_found": 0])
        }
        return .nothing
    }

    // MARK: Search

    private func search(_ request: ServiceRequest, _ context: ServiceContext) -> Answer {
        guard let body = request.object, let query = body["query"] as? String, !query.isEmpty else { return Self.error("query is required") }
        let page = body["page"] as? Int ?? 1
        let size = body["size"] as? Int ?? 100
        guard page >= 1 else { return Self.error("page must be 1 or greater") }
        guard (1...10_000).contains(size) else { return Self.error("size must be between 1 and 10000") }
        guard page * size <= 50_000 else { return Self.error("pagination limit exceeded") }
        if body["regex"] as? Bool == true, body["wildcard"] as? Bool == true { return Self.error("regex and wildcard cannot be used together") }
        let began = Date()
        guard let rows = Self.rows(query, context.world) else { return Self.error("issue with the query") }
        let place = "\(request.header(Self.keyHeader) ?? "") \(size) \(query)"
        let refusal = state.withLock { state -> Answer? in
            if (page - 1) * size >= 10_000 {
                let last = state.paging[place]
                guard let last, last.page == page - 1, context.now.timeIntervalSince(last.at) < 600 else {
                    return Self.error("deep pagination error: pages must be fetched sequentially - please restart from page 1")
                }
            }
            guard state.credits.take() else { return quotaUsedUp }
            state.paging[place] = (page, context.now)
            return nil
        }
        if let refusal { return refusal }
        var answer: [String: Any] = [
            "balance": state.withLock { $0.credits.left }, "total": rows.count, "took": "\(Int(Date().timeIntervalSince(began) * 1_000_000))µs",
        ]
        let entries = rows.dropFirst((page - 1) * size).prefix(size).map(Self.entry)
        answer["entries"] = entries.isEmpty ? NSNull() : entries
        return .object(answer)
    }

    /// What a query finds; nil for one that the service does not take.
    private static func rows(_ query: String, _ world: HIBPWorld) -> [Leak]? {
        guard let sign = query.firstIndex(of: ":") else { return [] }
        let field = query[..<sign]
        let value = String(query[query.index(after: sign)...])
        switch field {
        case "email":
            guard let address = unquoted(value) else { return nil }
            return world.leaks(of: address, in: .dehashed)
        case "domain":
            // Quotes are rejected for this field.
            guard !value.contains("\"") else { return nil }
            let domain = value.lowercased().filter { $0 != "\\" }
            let found = world.leaks(ofDomain: domain, in: .dehashed)
            return found.isEmpty ? [] : found + neighbours(of: domain)
        default: return []
        }
    }

    /// The text of an exact phrase, or of a word with its escapes.
    private static func unquoted(_ value: String) -> String? {
        var text = value.unicodeScalars[...]
        if text.first == "\"" {
            guard text.count > 1, text.last == "\"" else { return nil }
            text = text.dropFirst().dropLast()
        }
        var result = String.UnicodeScalarView()
        var isEscaped = false
        for scalar in text {
            if scalar == "\\", !isEscaped {
                isEscaped = true
                continue
            }
            result.append(scalar)
            isEscaped = false
        }
        return String(result)
    }

    /// Rows of other domains that a search by domain brings with it.
    private static func neighbours(of domain: String) -> [Leak] {
        ["sam@not\(domain)", "sam@\(domain).attacker.test", "sam@mail.\(domain)"].map {
            Leak(
                address: $0, title: "Neighbour Forum", domain: "", date: "2020-01-01", records: 10, kind: .site,
                values: [.password: "Invented-0!"])
        }
    }

    /// Some leaks it names as nobody else does.
    private static let names = ["Data Enrichment Exposure From PDL Customer": "People Data Labs", "mail.ru Dump": "mail.ru"]

    private static func entry(_ leak: Leak) -> [String: Any] {
        var entry: [String: Any] = [
            "id": String(identity(leak) % 10_000_000_000), "email": [leak.address], "database_name": names[leak.title] ?? leak.titleWithEnding,
            "raw_record": ["le_only": false, "unstructured": leak.kind != .site],
        ]
        let names: [(Leak.Field, String)] = [
            (.username, "username"), (.password, "password"), (.hash, "hashed_password"), (.name, "name"), (.phone, "phone"), (.ip, "ip_address"),
            (.street, "address"), (.birthday, "dob"), (.company, "company"), (.url, "url"),
        ]
        for (field, name) in names {
            if let value = leak[field] { entry[name] = [value] }
        }
        return entry
    }

    private static func identity(_ leak: Leak) -> UInt64 {
        var numbers = SeededNumbers(seed: 1, text: "\(leak.address) \(leak.title) \(leak[.url] ?? "")")
        return numbers.next()
    }

    // MARK: Errors

    private static func error(_ text: String, _ status: HTTPResponse.Status = .badRequest) -> Answer { .object(["error": text], status: status) }

    func tooManyRequests(after seconds: Int?) -> Answer {
        var answer = Self.error("too many requests", .tooManyRequests)
        if let seconds { answer.fields[.retryAfter] = String(seconds) }
        return answer
    }
    var internalError: Answer { Self.error("internal server error", .internalServerError) }
    var refusedKey: Answer { Self.error("issue with authentication") }
    var forbidden: Answer { Self.error("You need a search subscription and API credits to use the API", .unauthorized) }
    var quotaUsedUp: Answer { Self.error("Insufficient Credits", .forbidden) }
    var renamed: [String: String] { ["total": "total_results", "entries": "rows", "results_found": "count", "database_name": "source"] }
}
