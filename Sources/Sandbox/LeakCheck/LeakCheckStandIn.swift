import Cryptography
import Foundation
import HTTPTypes
import Synchronization

/// LeakCheck's Pro API v2, by its wiki.
final class LeakCheckStandIn: StandIn {
    private let credits: Mutex<Credits>
    private static let keyHeader = "X-API-Key"

    init(credits: Int) { self.credits = Mutex(Credits(credits)) }

    func endpoint(of request: ServiceRequest) -> String { request.path.prefix(3).joined(separator: "/").lowercased() }

    func limitedKey(of request: ServiceRequest) -> String? { request.header(Self.keyHeader) }

    func refusal(_ request: ServiceRequest, keys: Set<String>?) -> Answer? {
        guard request.method == .get else { return Self.error("Method not allowed", .methodNotAllowed) }
        guard let key = request.header(Self.keyHeader), !key.isEmpty else { return Self.error("Missing X-API-Key", .unauthorized) }
        return key.utf8.count >= 40 && keys?.contains(key) ?? true ? nil : refusedKey
    }

    func answer(_ request: ServiceRequest, _ context: ServiceContext) -> Answer {
        guard request.path.count == 4, request.endpointIsQuery else { return Self.error("Not found", .notFound) }
        let value = request.path[3]
        guard value.count >= 3 else { return Self.error("Too short query") }
        guard value.unicodeScalars.allSatisfy({ $0.value > 0x20 && $0.value != 0x7F }) else { return Self.error("Invalid characters in query") }
        let limit = request.query["limit"].map { Int($0) ?? 0 } ?? 100
        let offset = request.query["offset"].map { Int($0) ?? -1 } ?? 0
        guard (1...1000).contains(limit) else { return Self.error("Invalid limit") }
        guard (0...2500).contains(offset) else { return Self.error("Invalid offset") }
        let rows: [Leak]
        let named = request.query["type"]?.lowercased() ?? "auto"
        switch named == "auto" && value.contains("@") ? "email" : named {
        case "email":
            guard value.contains("@") else { return Self.error("Invalid email") }
            rows = context.world.leaks(of: value, in: .leakcheck)
        case "auto": return Self.error("Could not determine search type automatically", .unprocessableContent)
        case "domain":
            guard value.contains("."), !value.contains("@") else { return Self.error("Invalid domain") }
            rows = context.world.leaks(ofDomain: value, in: .leakcheck)
        case "hash":
            guard [24, 64].contains(value.count), value.allSatisfy(\.isHexDigit) else { return Self.error("Invalid query") }
            rows = Set(context.world.addresses).sorted().filter { Self.sha256($0).hasPrefix(value.lowercased()) }
                .flatMap { context.world.leaks(of: $0, in: .leakcheck) }
        case "keyword", "username", "phone": rows = []
        default: return Self.error("Invalid type")
        }
        let left = credits.withLock { $0.take() ? $0.left : nil }
        guard let left else { return quotaUsedUp }
        return .object([
            "success": true, "found": rows.count, "quota": left, "result": rows.dropFirst(offset).prefix(limit).map(Self.row),
        ])
    }

    private static func sha256(_ text: String) -> String {
        Digest.sha256(of: text.utf8).map { String($0 >> 4, radix: 16) + String($0 & 15, radix: 16) }.joined()
    }

    private static func row(_ leak: Leak) -> [String: Any] {
        var row: [String: Any] = ["email": leak.address]
        let names: [(Leak.Field, String)] = [
            (.username, "username"), (.password, "password"), (.phone, "phone"), (.street, "address"), (.zip, "zip"), (.birthday, "dob"),
            (.url, "origin"),
        ]
        for (field, name) in names {
            if let value = leak[field] { row[name] = value }
        }
        if let name = leak[.name]?.split(separator: " ").map(String.init), let first = name.first {
            row["first_name"] = first
            if name.count > 1 { row["last_name"] = name[1] }
        }
        row["fields"] = row.keys.sorted()
        row["source"] = [
            "name": leak.title, "breach_date": leak.kind == .compilation ? NSNull() : String(leak.date.prefix(7)) as Any, "unverified": 0,
            "passwordless": leak[.password] == nil ? 1 : 0, "compilation": leak.kind == .compilation ? 1 : 0,
        ]
        return row
    }

    // MARK: Errors

    private static func error(_ text: String, _ status: HTTPResponse.Status = .badRequest) -> Answer {
        .object(["success": false, "error": text], status: status)
    }

    func tooManyRequests(after seconds: Int?) -> Answer {
        var answer = Self.error("Too many requests", .tooManyRequests)
        if let seconds { answer.fields[.retryAfter] = String(seconds) }
        return answer
    }
    var internalError: Answer { Self.error("Internal server error", .internalServerError) }
    var refusedKey: Answer { Self.error("Invalid X-API-Key") }
    var forbidden: Answer { Self.error("Active plan required", .forbidden) }
    var quotaUsedUp: Answer { Self.error("Limit reached", .forbidden) }
    var renamed: [String: String] { ["found": "matches", "result": "results", "source": "origin_source"] }
}

extension ServiceRequest {
    fileprivate var endpointIsQuery: Bool { path.prefix(3).map { $0.lowercased() } == ["api", "v2", "query"] }
}
