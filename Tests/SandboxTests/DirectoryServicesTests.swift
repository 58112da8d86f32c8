import Foundation
import NIOHTTP1
import Sandbox
import Synchronization
import Testing

/// The stand-ins of directories, by the samples of their documentation.
@Suite struct DirectoryServicesTests {
    private static func object(_ reply: SandboxClient.Reply) throws -> [String: Any] {
        try #require(try JSONSerialization.jsonObject(with: reply.body) as? [String: Any])
    }

    private static func list(_ reply: SandboxClient.Reply) throws -> [[String: Any]] {
        try #require(try JSONSerialization.jsonObject(with: reply.body) as? [[String: Any]])
    }

    private static func with(
        people: Int = 5, _ configure: (inout Sandbox.Configuration) -> Void = { _ in }, now: @escaping @Sendable () -> Date = { Date() },
        _ body: @Sendable (SandboxClient, Sandbox) async throws -> Void
    ) async throws {
        var configuration = Sandbox.Configuration()
        configuration.staff.people = people
        configuration.staff.disabled = 0
        configuration.staff.withoutMail = 0
        configure(&configuration)
        try await Sandbox.with(configuration, now: now) { url, sandbox in try await body(SandboxClient(url: url), sandbox) }
    }

    // MARK: Entra

    private static func entraToken(_ client: SandboxClient, changing: [String: String] = [:]) async throws -> SandboxClient.Reply {
        let samples = DirectorySamples.entra
        let form = [
            "client_id": samples["clientId"] ?? "", "client_secret": samples["clientSecret"] ?? "", "grant_type": "client_credentials",
            "scope": "https%3A%2F%2Fgraph.microsoft.com%2F.default",
        ].merging(changing) { _, new in new }
        return try await client.send(
            .POST, "/\(samples["tenantId"] ?? "")/oauth2/v2.0/token", headers: ["content-type": "application/x-www-form-urlencoded"],
            body: form.map { "\($0)=\($1)" }.joined(separator: "&"))
    }

    private static func graph(_ client: SandboxClient) async throws -> HTTPHeaders {
        let token = try #require(try object(try await entraToken(client))["access_token"] as? String)
        return ["authorization": "Bearer \(token)"]
    }

    @Test(arguments: [
        (["client_secret": "wrong"], 401, 7_000_215), (["client_id": "00000000-0000-4000-8000-000000000000"], 400, 700_016),
        (["scope": "User.Read"], 400, 1_002_012), (["grant_type": "password"], 400, 70_003),
    ])
    func `Entra refuses a token with a number`(change: [String: String], status: Int, number: Int) async throws {
        try await Self.with { client, _ async throws in
            let reply = try await Self.entraToken(client, changing: change)
            #expect(reply.status == status)
            #expect(try Self.object(reply)["error_codes"] as? [Int] == [number])
        }
    }

    @Test func `Graph gives what is selected, in pages of the size that is asked for`() async throws {
        try await Self.with(people: 12) { client, _ async throws in
            #expect(try await client.send(.GET, "/v1.0/users").status == 401)
            let headers = try await Self.graph(client)
            let usual = try #require(try Self.object(try await client.send(.GET, "/v1.0/users", headers: headers))["value"] as? [[String: Any]])
            #expect(usual.count == 17 && usual[0]["accountEnabled"] == nil && usual[0]["displayName"] != nil)
            let page = try Self.object(try await client.send(.GET, "/v1.0/users?$select=id,accountEnabled&$top=10", headers: headers))
            let people = try #require(page["value"] as? [[String: Any]])
            #expect(people.count == 10 && Set(people[0].keys) == ["id", "accountEnabled"])
            let link = try #require(page["@odata.nextLink"] as? String)
            #expect(link.hasPrefix(client.url) && link.contains("$select=id,accountEnabled"))
            let rest = try Self.object(try await client.send(.GET, String(link.dropFirst(client.url.count)), headers: headers))
            #expect((rest["value"] as? [Any])?.count == 7 && rest["@odata.nextLink"] == nil)
            for query in ["$top=1000", "$skip=5", "$filter=surname%20ne%20'x'", "$skiptoken=other"] {
                #expect(try await client.send(.GET, "/v1.0/users?\(query)", headers: headers).status == 400, "\(query)")
            }
        }
    }

    @Test func `Graph's first round of changes ends with a link, and the link tells of changes`() async throws {
        try await Self.with(people: 3) { client, sandbox async throws in
            let headers = try await Self.graph(client)
            let first = try Self.object(try await client.send(.GET, "/v1.0/users/delta?$select=id,mail", headers: headers))
            #expect((first["value"] as? [Any])?.count == 8)
            let link = try #require(first["@odata.deltaLink"] as? String)
            let people = sandbox.staff.members
            sandbox.staff.delete(people[0].login)
            sandbox.staff.edit(people[1].login) { $0.email = "other@acme.example" }
            let changes = try Self.object(try await client.send(.GET, String(link.dropFirst(client.url.count)), headers: headers))
            let items = try #require(changes["value"] as? [[String: Any]])
            #expect(items.count == 2)
            #expect((items[0]["@removed"] as? [String: String]) == ["reason": "changed"])
            #expect(items[1]["mail"] as? String == "other@acme.example" && items[1].count == 2)
            #expect(try await client.send(.GET, "/v1.0/users/delta?$top=5", headers: headers).status == 400)
        }
    }

    // MARK: Google

    @Test func `Google asks for a domain and a scope, and leaves out the list of an empty page`() async throws {
        try await Self.with { client, sandbox async throws in
            #expect(try await client.send(.GET, "/admin/directory/v1/users?domain=acme.example").status == 401)
            let reply = try await client.send(
                .POST, "/token", body: "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Ajwt-bearer&assertion=a.b.c")
            #expect(reply.status == 400)
            #expect(try Self.object(reply)["error"] as? String == "invalid_grant")
            let file = try Self.object(try await client.admin(.GET, "google-key"))
            #expect(file["client_email"] as? String == (try DirectorySamples.google())["serviceAccountEmail"])
            #expect((file["private_key"] as? String)?.hasPrefix("-----BEGIN PRIVATE KEY-----") == true)
        }
    }

    // MARK: Okta

    private static let okta: HTTPHeaders = ["authorization": "SSWS \(DirectorySamples.okta["apiToken"] ?? "")"]

    @Test func `Okta leaves out the deprovisioned, links to the next page and counts down`() async throws {
        try await Self.with(people: 7, { $0.directoryHabits.oktaCallsPerMinute = 4 }) { client, sandbox async throws in
            // Of odd numbers: deprovisioned, not suspended.
            sandbox.staff.edit(sandbox.staff.members[0].login) { $0.isActive = false }
            let first = try await client.send(.GET, "/api/v1/users?limit=5", headers: Self.okta)
            #expect(try Self.list(first).count == 5)
            #expect(first.headers["link"].count == 2)
            let next = try #require(first.headers["link"].first { $0.hasSuffix("rel=\"next\"") })
            let path = next.drop { $0 != "<" }.dropFirst().prefix { $0 != ">" }.dropFirst(client.url.count)
            let second = try await client.send(.GET, String(path), headers: Self.okta)
            #expect(try Self.list(second).count == 1)
            #expect(second.headers.first(name: "x-rate-limit-limit") == "4" && second.headers.first(name: "x-rate-limit-remaining") == "2")
            let all = try await client.send(.GET, "/api/v1/users?filter=status%20eq%20%22DEPROVISIONED%22", headers: Self.okta)
            #expect(try Self.list(all).map { $0["status"] as? String } == ["DEPROVISIONED"])
            #expect(try await client.send(.GET, "/api/v1/users?filter=status%20ne%20%22ACTIVE%22", headers: Self.okta).status == 400)
            let refused = try await client.send(.GET, "/api/v1/users", headers: Self.okta)
            #expect(refused.status == 429 && refused.headers.first(name: "x-rate-limit-remaining") == "0")
            #expect(try Self.object(refused)["errorCode"] as? String == "E0000047")
            #expect(try await client.send(.GET, "/api/v1/users", headers: ["authorization": "SSWS other"]).status == 401)
        }
    }

    // MARK: AWS

    @Test(
        arguments: [
            (nil, "MissingAuthenticationTokenException"), ("AWS4-HMAC-SHA256 Credential=x", "IncompleteSignatureException"),
            (
                "AWS4-HMAC-SHA256 Credential=OTHER/20260102/eu-central-1/identitystore/aws4_request, SignedHeaders=host;x-amz-date, Signature=0",
                "UnrecognizedClientException"
            ),
            (
                "AWS4-HMAC-SHA256 Credential=AKIASANDBOXEXAMPLE00/20260102/eu-central-1/iam/aws4_request, SignedHeaders=host;x-amz-date, Signature=0",
                "InvalidSignatureException"
            ),
            (
                "AWS4-HMAC-SHA256 Credential=AKIASANDBOXEXAMPLE00/20260102/eu-central-1/identitystore/aws4_request, SignedHeaders=host;x-amz-date, Signature=0",
                "InvalidSignatureException"
            ),
        ] as [(String?, String)])
    func `AWS refuses what is not signed well`(authorization: String?, type: String) async throws {
        let time = Date(timeIntervalSince1970: 1_767_323_045)
        try await Self.with(now: { time }) { client, _ async throws in
            var headers: HTTPHeaders = [
                "x-amz-date": "20260102T030405Z", "x-amz-target": "AWSIdentityStore.ListUsers", "content-type": "application/x-amz-json-1.1",
            ]
            if let authorization { headers.add(name: "authorization", value: authorization) }
            let reply = try await client.send(.POST, "/", headers: headers, body: "{}")
            #expect(try Self.object(reply)["__type"] as? String == "com.amazonaws.identitystore#\(type)")
        }
    }

    // MARK: Administration

    @Test func `the staff is edited from outside`() async throws {
        try await Self.with(people: 2) { client, sandbox async throws in
            #expect(try await client.admin(.POST, "staff", #"{"login": "new@acme.example", "firstName": "Nova", "hasMFA": true}"#).status == 204)
            #expect(sandbox.staff.member("new@acme.example")?.firstName == "Nova")
            #expect(try await client.admin(.PATCH, "staff/NEW@acme.example", #"{"isActive": false}"#).status == 204)
            #expect(sandbox.staff.member("new@acme.example")?.isActive == false)
            #expect(try Self.list(try await client.admin(.GET, "staff")).count == 2 + 5 + 1)
            #expect(try await client.admin(.DELETE, "staff/new@acme.example").status == 204)
            #expect(try await client.admin(.DELETE, "staff/new@acme.example").status == 404)
            #expect(try await client.admin(.PATCH, "staff/nobody@acme.example", "{}").status == 404)
            #expect(try await client.admin(.POST, "staff", "{}").status == 400)
        }
    }

    @Test func `a plan makes the same people each time, with shares as they are wanted`() async throws {
        var configuration = Sandbox.Configuration()
        configuration.staff.people = 2000
        let (first, second) = (try Sandbox(configuration: configuration).staff.members, try Sandbox(configuration: configuration).staff.members)
        #expect(first.map(\.login) == second.map(\.login) && first.map(\.hasMFA) == second.map(\.hasMFA))
        #expect(Set(first.map(\.login)).count == 2005)
        #expect((50...110).contains(first.count { !$0.isActive }))
        #expect((1300...1500).contains(first.count(where: \.hasMFA)))
        #expect((5...40).contains(first.count { $0.email == nil }))
    }
}
