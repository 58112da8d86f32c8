import Foundation
import NIOHTTP1
import Sandbox
import Testing

/// The services that sell collections, as their documentation describes them: what is read here is read key by key, and not by the
/// product's decoders.
@Suite struct CollectionServicesTests {
    static func with(
        _ configure: (inout Sandbox.Configuration) -> Void = { _ in }, _ body: @Sendable (SandboxClient, Sandbox) async throws -> Void
    ) async throws {
        var configuration = Sandbox.Configuration()
        configuration.exposedShare = 0
        configuration.domains = ["example.com": ["alex.doe", "sam", "nobody"]]
        configuration.exposures = ["alex.doe@example.com": ["Adobe", "LinkedIn"], "sam@example.com": ["Adobe"], "nobody@example.com": []]
        configuration.websites = ["alex.doe@example.com": ["vpn.example.com"]]
        configure(&configuration)
        try await Sandbox.with(configuration) { url, sandbox in try await body(SandboxClient(url: url), sandbox) }
    }

    typealias Object = [String: Any]

    static func object(_ reply: SandboxClient.Reply) throws -> Object { try #require(try JSONSerialization.jsonObject(with: reply.body) as? Object) }

    // MARK: DeHashed

    private static func search(_ client: SandboxClient, _ body: String) async throws -> SandboxClient.Reply {
        try await client.call(.dehashed, .POST, "v2/search", key: SandboxService.dehashed.sampleKey, body: body)
    }

    @Test func `DeHashed answers an exact phrase with balance, total and entries of arrays`() async throws {
        try await Self.with { client, _ async throws in
            let answer = try Self.object(try await Self.search(client, #"{"query": "email:\"alex.doe@example.com\""}"#))
            #expect(answer["balance"] as? Int == 4_999)
            #expect(answer["total"] as? Int == 3)
            #expect((answer["took"] as? String)?.hasSuffix("µs") == true)
            let entries = try #require(answer["entries"] as? [Object])
            #expect(
                entries.allSatisfy { $0["id"] is String && $0["email"] as? [String] == ["alex.doe@example.com"] && $0["database_name"] is String })
            #expect(entries.contains { $0["database_name"] as? String == "Adobe.com" })
            #expect(entries.contains { ($0["url"] as? [String])?.first?.contains("vpn.example.com") == true && $0["password"] is [String] })
            let none = try Self.object(try await Self.search(client, #"{"query": "email:\"nobody@example.com\""}"#))
            #expect(none["total"] as? Int == 0 && none["entries"] is NSNull)
        }
    }

    @Test func `DeHashed pages, and a search by domain brings neighbours with it`() async throws {
        try await Self.with { client, _ async throws in
            var rows: [Object] = []
            for page in 1...4 {
                let answer = try Self.object(try await Self.search(client, #"{"query": "domain:example.com", "page": \#(page), "size": 2}"#))
                #expect(answer["total"] as? Int == 7)
                rows += answer["entries"] as? [Object] ?? []
            }
            #expect(Set(rows.compactMap { $0["id"] as? String }).count == 7)
            #expect(rows.contains { ($0["email"] as? [String])?.first == "sam@notexample.com" })
        }
    }

    @Test(arguments: [
        (#"{"query": "email:a@b.example", "size": 10001}"#, "size must be between 1 and 10000"),
        (#"{"query": "email:a@b.example", "page": 0}"#, "page must be 1 or greater"),
        (#"{"query": "email:a@b.example", "page": 6, "size": 10000}"#, "pagination limit exceeded"),
        (
            #"{"query": "email:a@b.example", "page": 3, "size": 10000}"#,
            "deep pagination error: pages must be fetched sequentially - please restart from page 1"
        ),
        (#"{}"#, "query is required"), ("nonsense", "query is required"),
    ])
    func `DeHashed refuses what its documentation refuses`(body: String, error: String) async throws {
        try await Self.with { client, _ async throws in
            let reply = try await Self.search(client, body)
            #expect(reply.status == 400)
            #expect(try Self.object(reply)["error"] as? String == error)
        }
    }

    @Test func `DeHashed's credits end, and a password's hash is free`() async throws {
        try await Self.with({ $0.credits[.dehashed] = 1 }) { client, _ async throws in
            #expect(try await Self.search(client, #"{"query": "email:a@b.example"}"#).status == 200)
            let reply = try await Self.search(client, #"{"query": "email:a@b.example"}"#)
            #expect(reply.status == 403)
            #expect(try Self.object(reply)["error"] as? String == "Insufficient Credits")
            let hash = String(repeating: "0", count: 64)
            let free = try await client.call(
                .dehashed, .POST, "v2/search-password", key: SandboxService.dehashed.sampleKey, body: #"{"sha256_hashed_password": "\#(hash)"}"#)
            #expect(try Self.object(free)["results_found"] as? Int == 0)
        }
    }

    // MARK: LeakCheck

    private static func query(_ client: SandboxClient, _ path: String) async throws -> SandboxClient.Reply {
        try await client.call(.leakcheck, .GET, "api/v2/query/\(path)", key: SandboxService.leakcheck.sampleKey)
    }

    @Test func `LeakCheck answers with found, quota and rows that name their source`() async throws {
        try await Self.with { client, _ async throws in
            let answer = try Self.object(try await Self.query(client, "alex.doe%40example.com?type=email"))
            #expect(answer["success"] as? Bool == true && answer["found"] as? Int == 3 && answer["quota"] as? Int == 9_999)
            let rows = try #require(answer["result"] as? [Object])
            for row in rows {
                let source = try #require(row["source"] as? Object)
                #expect(row["email"] as? String == "alex.doe@example.com" && (row["fields"] as? [String])?.contains("email") == true)
                #expect(source["name"] is String && source["compilation"] as? Int == 0 && source["unverified"] as? Int == 0)
                #expect((source["breach_date"] as? String)?.count == 7)
            }
            let hash = "c53649baf0e86070440ca617"
            #expect(try Self.object(try await Self.query(client, "\(hash)?type=hash"))["found"] as? Int == 3)
            #expect(try Self.object(try await Self.query(client, "example.com?type=domain&limit=2&offset=3"))["found"] as? Int == 4)
            #expect(try Self.object(try await Self.query(client, "nobody@example.com?type=email"))["found"] as? Int == 0)
        }
    }

    @Test(arguments: [
        ("ab?type=email", 400, "Too short query"), ("abc?type=email", 400, "Invalid email"), ("abc?type=nonsense", 400, "Invalid type"),
        ("example?type=domain", 400, "Invalid domain"), ("someone", 422, "Could not determine search type automatically"),
        ("a@b.example?type=email&limit=1001", 400, "Invalid limit"), ("a@b.example?type=email&offset=2501", 400, "Invalid offset"),
    ])
    func `LeakCheck refuses what its documentation refuses`(path: String, status: Int, error: String) async throws {
        try await Self.with { client, _ async throws in
            let reply = try await Self.query(client, path)
            #expect(reply.status == status)
            let answer = try Self.object(reply)
            #expect(answer["success"] as? Bool == false && answer["error"] as? String == error)
        }
    }

    // MARK: Intelligence X

    @Test func `Intelligence X takes a while, then delivers records until there are no more`() async throws {
        try await Self.with { client, _ async throws in
            let key = SandboxService.intelx.sampleKey
            let begun = try Self.object(
                try await client.call(.intelx, .POST, "intelligent/search", key: key, body: #"{"term": "alex.doe@example.com", "maxresults": 100}"#))
            #expect(begun["status"] as? Int == 0 && begun["softselectorwarning"] as? Bool == false)
            let id = try #require(begun["id"] as? String)
            #expect(UUID(uuidString: id) != nil)
            var states: [Int] = []
            var records: [Object] = []
            for _ in 0..<3 {
                let page = try Self.object(try await client.call(.intelx, .GET, "intelligent/search/result?id=\(id)&limit=2", key: key))
                states.append(try #require(page["status"] as? Int))
                records += page["records"] as? [Object] ?? []
            }
            #expect(states == [3, 0, 1])
            #expect(records.count == 3)
            #expect(records.allSatisfy { $0["systemid"] is String && $0["bucket"] is String && $0["added"] is String && $0["date"] is String })
            #expect(records.contains { $0["bucket"] as? String == "leaks.logs" })
            #expect(try await client.call(.intelx, .GET, "intelligent/search/terminate?id=\(id)", key: key).status == 204)
            let gone = try Self.object(try await client.call(.intelx, .GET, "intelligent/search/result?id=\(id)", key: key))
            #expect(gone["status"] as? Int == 2)
        }
    }

    @Test func `Intelligence X refuses soft selectors, and too many searches at once`() async throws {
        try await Self.with { client, _ async throws in
            let key = SandboxService.intelx.sampleKey
            let soft = try Self.object(try await client.call(.intelx, .POST, "intelligent/search", key: key, body: #"{"term": "some words"}"#))
            #expect(soft["status"] as? Int == 1 && soft["softselectorwarning"] as? Bool == true)
            var states: [Int] = []
            for _ in 0..<11 {
                let begun = try await client.call(.intelx, .POST, "intelligent/search", key: key, body: #"{"term": "a@b.example"}"#)
                states.append(try #require(try Self.object(begun)["status"] as? Int))
            }
            #expect(states == Array(repeating: 0, count: 10) + [2])
        }
    }

    @Test func `the phone book of Intelligence X lists addresses of a domain, and the account its credits`() async throws {
        try await Self.with { client, _ async throws in
            let key = SandboxService.intelx.sampleKey
            let begun = try Self.object(
                try await client.call(.intelx, .POST, "phonebook/search", key: key, body: #"{"term": "example.com", "target": 2}"#))
            let id = try #require(begun["id"] as? String)
            _ = try await client.call(.intelx, .GET, "phonebook/search/result?id=\(id)", key: key)
            let page = try Self.object(try await client.call(.intelx, .GET, "phonebook/search/result?id=\(id)", key: key))
            let selectors = try #require(page["selectors"] as? [Object])
            #expect(selectors.compactMap { $0["selectorvalue"] as? String } == ["alex.doe@example.com", "sam@example.com", "sam@notexample.com"])
            #expect(selectors.allSatisfy { $0["selectortype"] as? Int == 1 })
            let info = try Self.object(try await client.call(.intelx, .GET, "authenticate/info", key: key))
            #expect(((info["paths"] as? Object)?["/intelligent/search"] as? Object)?["Credit"] as? Int == 4_999)
        }
    }

    // MARK: Snusbase

    private static func snusbase(_ client: SandboxClient, _ body: String) async throws -> SandboxClient.Reply {
        try await client.call(.snusbase, .POST, "data/search", key: SandboxService.snusbase.sampleKey, body: body)
    }

    @Test func `Snusbase answers with rows by table, or flat, and says what is left`() async throws {
        try await Self.with { client, _ async throws in
            let reply = try await Self.snusbase(client, #"{"terms": ["alex.doe@example.com"], "types": ["email"]}"#)
            #expect(reply.headers.first(name: "X-Rate-Limit") == "2048" && reply.headers.first(name: "X-Rate-Limit-Remaining") == "2047")
            #expect((reply.headers.first(name: "X-Rate-Limit-Reset").flatMap { Int($0) } ?? 0) > 43_000)
            let answer = try Self.object(reply)
            #expect(answer["size"] as? Int == 3 && answer["took"] is Double)
            let tables = try #require(answer["results"] as? [String: [Object]])
            #expect(tables.keys.contains { $0.contains("_ADOBE_COM_152M_") && $0.hasSuffix("_102013") })
            #expect(tables.values.joined().allSatisfy { $0["email"] as? String == "alex.doe@example.com" })
            let flat = try Self.object(
                try await Self.snusbase(client, #"{"terms": ["example.com"], "types": ["_domain"], "group_by": false}"#))
            #expect((flat["results"] as? [Object])?.count == 4)
        }
    }

    @Test func `Snusbase's window ends with 429 and the time of the next`() async throws {
        try await Self.with({ $0.credits[.snusbase] = 1 }) { client, _ async throws in
            let body = #"{"terms": ["a@b.example"], "types": ["email"]}"#
            #expect(try await Self.snusbase(client, body).status == 200)
            let reply = try await Self.snusbase(client, body)
            #expect(reply.status == 429)
            #expect(reply.headers.first(name: "X-Rate-Limit-Remaining") == "0")
            #expect((reply.headers.first(name: "X-Rate-Limit-Reset").flatMap { Int($0) } ?? 0) > 43_000)
            #expect(try Self.object(reply)["errors"] is [String])
            #expect(try await Self.snusbase(client, #"{"terms": ["x"], "types": ["nonsense"]}"#).status == 400)
        }
    }

    // MARK: All of them

    @Test(arguments: [
        (SandboxService.dehashed, HTTPMethod.POST, "v2/search", 400, 400), (.leakcheck, .GET, "api/v2/query/a@b.example?type=email", 400, 401),
        (.intelx, .POST, "intelligent/search", 401, 401), (.snusbase, .POST, "data/search", 401, 401),
    ])
    func `a bad key and none are refused with the service's own status`(
        service: SandboxService, method: HTTPMethod, path: String, bad: Int, missing: Int
    ) async throws {
        try await Self.with { client, _ async throws in
            let body = method == .POST ? "{}" : ""
            let statuses = [
                try await client.call(service, method, path, key: "not-a-key", body: body).status,
                try await client.call(service, method, path, key: nil, body: body).status,
            ]
            #expect(statuses == [bad, missing])
        }
    }

    @Test func `requests are counted by service, and only the named one suffers`() async throws {
        try await Self.with { client, sandbox async throws in
            sandbox.misbehave(.init(.quotaUsedUp, service: .leakcheck))
            #expect(try await Self.query(client, "a@b.example?type=email").status == 403)
            #expect(try await Self.search(client, #"{"query": "email:a@b.example"}"#).status == 200)
            sandbox.setRateLimit(RateLimit(requests: 1), of: .dehashed)
            #expect(try await Self.search(client, #"{"query": "email:a@b.example"}"#).status == 200)
            #expect(try await Self.search(client, #"{"query": "email:a@b.example"}"#).status == 429)
            #expect(try await client.get("latestbreach").status == 200)
            let counts = sandbox.requests
            #expect(counts[.dehashed] == 3 && counts[.leakcheck] == 1 && counts[.hibp] == 1 && counts[.snusbase] == 0)
            #expect(counts["leakcheck/api/v2/query"] == 1 && counts.rateLimited == 1)
            #expect(!counts.byEndpoint.keys.contains { $0.contains("@") })
        }
    }

    @Test func `people who are made up are exposed in several services, under several spellings, and some in one alone`() throws {
        var configuration = Sandbox.Configuration()
        configuration.domains = [DemoCompany.domain: DemoCompany.people.map(\.alias)]
        let first = try Sandbox(configuration: configuration)
        let second = try Sandbox(configuration: configuration)
        var names: [SandboxService: Set<String>] = [:]
        for service in SandboxService.allCases where service != .hibp && !service.isDirectory {
            for person in DemoCompany.people {
                let leaks = first.leakNames(of: person.email, in: service)
                #expect(leaks == second.leakNames(of: person.email, in: service))
                names[service, default: []].formUnion(leaks)
            }
        }
        for (service, own) in names {
            let others = names.filter { $0.key != service }.values.reduce(into: Set<String>()) { $0.formUnion($1) }
            #expect(!own.intersection(others).isEmpty && !own.subtracting(others).isEmpty, "\(service)")
        }
    }
}
