import Foundation
import Sandbox
import Testing

/// Have I Been Pwned as its documentation describes it.
@Suite struct HIBPTests {
    static let testKey = "00000000000000000000000000000000"

    @Test(arguments: [
        ("account-exists", ["Adobe"]), ("multiple-breaches", ["Adobe", "Gawker", "Stratfor"]), ("not-active-and-active-breach", ["Adobe"]),
        ("not-active-breach", []), ("opt-out", []), ("opt-out-breach", []), ("permanent-opt-out", []), ("paste-sensitive-breach", []),
        ("sensitive-breach", []), ("sensitive-and-other-breaches", ["Adobe", "Gawker"]), ("spam-list-only", ["RiverCityMedia"]),
        ("spam-list-and-others", ["Adobe", "RiverCityMedia"]), ("stealer-log", ["StealerLogsJan2025"]),
        ("subscription-free-breach", ["OperationEndgame"]), ("subscription-free-and-other-breaches", ["Adobe", "Gawker", "OperationEndgame"]),
        ("unverified-breach", ["ActMobile"]),
    ])
    func `the test accounts answer as documented`(alias: String, breaches: [String]) async throws {
        try await Sandbox.with { url, _ async throws in
            let reply = try await SandboxClient(url: url)
                .get("breachedaccount/\(alias)%40hibp-integration-tests.com", key: Self.testKey)
            if breaches.isEmpty {
                #expect(reply.status == 404)
                #expect(reply.body.isEmpty)
            } else {
                #expect(reply.status == 200)
                #expect(reply.headers.first(name: "content-type")?.hasPrefix("application/json") == true)
                #expect(try reply.json([NamedBreach].self).map(\.name) == breaches)
            }
        }
    }

    @Test func `the test key opens the test accounts only`() async throws {
        try await Sandbox.with { url, _ async throws in
            let reply = try await SandboxClient(url: url).get("breachedaccount/sam@example.com", key: Self.testKey)
            #expect(reply.status == 401)
        }
    }

    @Test(arguments: [
        (nil, 401, "Access denied due to missing hibp-api-key."), ("short", 401, "Access denied due to improperly formed hibp-api-key."),
        ("ffffffffffffffffffffffffffffffff", 401, "Access denied due to invalid hibp-api-key."),
    ])
    func `a key that is not good is refused in the service's words`(key: String?, status: Int, message: String) async throws {
        struct Refusal: Decodable {
            let statusCode: Int
            let message: String
        }
        var configuration = Sandbox.Configuration()
        configuration.keys = [SandboxClient.goodKey]
        try await Sandbox.with(configuration) { url, _ async throws in
            let reply = try await SandboxClient(url: url).get("breachedaccount/sam@example.com", key: key)
            #expect(reply.status == status)
            let refusal = try reply.json(Refusal.self)
            #expect(refusal.statusCode == status)
            #expect(refusal.message == message)
        }
    }

    @Test(arguments: ["breaches", "breach/Adobe", "latestbreach", "dataclasses"])
    func `the catalogue needs no key, but a user agent`(path: String) async throws {
        try await Sandbox.with { url, _ async throws in
            let client = SandboxClient(url: url)
            #expect(try await client.get(path, key: nil).status == 200)
            #expect(try await client.get(path, key: nil, agent: nil).status == 403)
        }
    }

    @Test func `paths are read in any case`() async throws {
        try await Sandbox.with { url, _ async throws in
            let reply = try await SandboxClient(url: url).send(
                .GET, "/API/V3/BreachedAccount/Multiple-Breaches@HIBP-integration-tests.com",
                key: SandboxClient.goodKey, agent: "SandboxTests/1.0")
            #expect(try reply.json([NamedBreach].self).count == 3)
        }
    }

    @Test func `the catalogue is the real one`() async throws {
        try await Sandbox.with { url, _ async throws in
            let client = SandboxClient(url: url)
            let all = try await client.get("breaches").json([SandboxBreach].self)
            #expect(all.count == 875)
            #expect(all.count { $0.isStealerLog } == 3)
            #expect(try await client.get("breaches?IsSpamList=true").json([SandboxBreach].self).count == 16)
            #expect(try await client.get("breaches?Domain=ADOBE.com").json([SandboxBreach].self).map(\.name) == ["Adobe"])
            #expect(try await client.get("breach/adobe").json(SandboxBreach.self).pwnCount == 152_445_165)
            #expect(try await client.get("breach/NoSuchBreach").status == 404)
            #expect(try await client.get("dataclasses").json([String].self).count == 146)
            let latest = try await client.get("latestbreach").json(SandboxBreach.self)
            #expect(latest.addedDate == all.map(\.addedDate).max())
        }
    }

    @Test func `an account search can be narrowed and written out`() async throws {
        try await Sandbox.with { url, _ async throws in
            let client = SandboxClient(url: url)
            let account = "breachedaccount/multiple-breaches@hibp-integration-tests.com"
            let full = try await client.get("\(account)?truncateResponse=false").json([SandboxBreach].self)
            #expect(full.map(\.title) == ["Adobe", "Gawker", "Stratfor"])
            #expect(full[0].dataClasses.contains("Passwords"))
            #expect(try await client.get("\(account)?Domain=adobe.com").json([NamedBreach].self).map(\.name) == ["Adobe"])
            #expect(try await client.get("\(account)?domain=nowhere.example").status == 404)
            let unverified = "breachedaccount/unverified-breach@hibp-integration-tests.com"
            #expect(try await client.get(unverified).status == 200)
            #expect(try await client.get("\(unverified)?IncludeUnverified=false").status == 404)
        }
    }

    @Test(arguments: [
        "breachedaccount/%20", "breachedaccount/\(String(repeating: "a", count: 300))@example.com", "pasteaccount/sam",
        "breachedaccount/range/12345", "breachedaccount/range/12345g", "breacheddomain/example", "breacheddomain/exa%20mple.com",
    ])
    func `what is no account, prefix or domain is refused`(path: String) async throws {
        try await Sandbox.with { url, _ async throws in
            #expect(try await SandboxClient(url: url).get(path).status == 400)
        }
    }

    @Test func `a range search knows the addresses that the sandbox was told of`() async throws {
        struct Entry: Decodable {
            let hashSuffix: String
            let websites: [String]
        }
        try await Sandbox.with { url, _ async throws in
            let entries = try await SandboxClient(url: url).get("breachedaccount/range/6b5917").json([Entry].self)
            let match = try #require(entries.first { $0.hashSuffix == "C6C0AADE0C085843D66E4944E108C4A4CD" })
            #expect(match.websites == ["Adobe", "Gawker", "Stratfor"])
            #expect(entries.count > 10)
            #expect(entries.allSatisfy { $0.hashSuffix.count == 34 })
        }
    }

    @Test func `pastes are told with their own words`() async throws {
        struct Paste: Decodable {
            let source: String
            let emailCount: Int

            enum CodingKeys: String, CodingKey {
                case source = "Source", emailCount = "EmailCount"
            }
        }
        try await Sandbox.with { url, _ async throws in
            let client = SandboxClient(url: url)
            let pastes = try await client.get("pasteaccount/account-exists@hibp-integration-tests.com").json([Paste].self)
            #expect(pastes.map(\.source) == ["Pastebin"])
            #expect(try await client.get("pasteaccount/opt-out@hibp-integration-tests.com").status == 404)
        }
    }

    @Test func `a plan says and keeps what it includes`() async throws {
        struct Status: Decodable {
            let subscriptionName: String
            let rpm: Int
            let domainSearchMaxBreachedAccounts: Int?
            let includesKAnon: Bool

            enum CodingKeys: String, CodingKey {
                case subscriptionName = "SubscriptionName", rpm = "Rpm", domainSearchMaxBreachedAccounts = "DomainSearchMaxBreachedAccounts"
                case includesKAnon = "IncludesKAnon"
            }
        }
        try await Sandbox.with { url, sandbox async throws in
            let client = SandboxClient(url: url)
            #expect(try await client.get("subscription/status").json(Status.self).domainSearchMaxBreachedAccounts == nil)
            sandbox.setPlan(.core1)
            let status = try await client.get("subscription/status").json(Status.self)
            #expect(status.subscriptionName == "Core 1")
            #expect(status.rpm == 10)
            #expect(try await client.get("breachedaccount/range/6b5917").status == 403)
            #expect(try await client.get("stealerlogsbyemail/stealer-log@hibp-integration-tests.com").status == 403)

            let aliases = (0..<60).map { "person\($0)" }
            sandbox.setDomain("large.example", aliases: aliases, exposures: Dictionary(uniqueKeysWithValues: aliases.map { ($0, ["Adobe"]) }))
            #expect(try await client.get("breacheddomain/large.example").status == 403)
            sandbox.setExposure(of: "person7@large.example", breaches: ["Adobe", "OperationEndgame"])
            let free = try await client.get("breacheddomain/large.example").json([String: [String]].self)
            #expect(free == ["person7": ["OperationEndgame"]])
            sandbox.setDomain("spam.example", aliases: aliases, exposures: Dictionary(uniqueKeysWithValues: aliases.map { ($0, ["RiverCityMedia"]) }))
            #expect(try await client.get("breacheddomain/spam.example").json([String: [String]].self).count == 60)
        }
    }

    @Test func `an unknown endpoint is not found`() async throws {
        try await Sandbox.with { url, _ async throws in
            let client = SandboxClient(url: url)
            #expect(try await client.get("nonsense/here").status == 404)
            #expect(try await client.send(.GET, "/", agent: "x").status == 404)
            #expect(try await client.send(.POST, "/api/v3/breaches", agent: "x").status == 405)
        }
    }
}
