import Foundation
import HTTPClient
import Sandbox
import Synchronization
import Testing

/// Failing on purpose, and the rate limit.
@Suite struct MisbehaviourTests {
    static let account = "breachedaccount/multiple-breaches@hibp-integration-tests.com"

    @Test(arguments: [
        (Misbehaviour(.tooManyRequests, count: 1, retryAfter: 7), 429, "application/json"),
        (Misbehaviour(.internalError, count: 1), 500, "application/json"),
        (Misbehaviour(.unavailable, count: 1), 503, "text/html"), (Misbehaviour(.lostPage, count: 1), 404, "text/html"),
        (Misbehaviour(.refusedKey, count: 1), 401, "application/json"), (Misbehaviour(.forbidden, count: 1), 403, "application/json"),
        (Misbehaviour(.wrongContentType, count: 1), 200, "text/html"), (Misbehaviour(.slow, count: 1, delayMilliseconds: 5), 200, "application/json"),
    ])
    func `a request suffers, and the next does not`(misbehaviour: Misbehaviour, status: Int, contentType: String) async throws {
        try await Sandbox.with { url, _ async throws in
            let client = SandboxClient(url: url)
            let body = String(decoding: try JSONEncoder().encode(misbehaviour), as: UTF8.self)
            #expect(try await client.admin(.PUT, "misbehaviour", body).status == 204)
            let reply = try await client.get(Self.account)
            #expect(reply.status == status)
            #expect(reply.headers.first(name: "content-type")?.hasPrefix(contentType) == true)
            if misbehaviour.kind == .tooManyRequests { #expect(reply.headers.first(name: "retry-after") == "7") }
            if status == 503 || status == 404 { #expect(reply.headers.contains(name: "cf-ray")) }
            #expect(try await client.get(Self.account).json([NamedBreach].self).count == 3)
        }
    }

    @Test(arguments: [Misbehaviour.Kind.brokenJSON, .truncated])
    func `broken answers are no JSON`(kind: Misbehaviour.Kind) async throws {
        try await Sandbox.with { url, sandbox async throws in
            sandbox.misbehave(.init(kind))
            let reply = try await SandboxClient(url: url).get(Self.account)
            #expect(reply.status == 200)
            #expect(throws: DecodingError.self) { try reply.json([NamedBreach].self) }
        }
    }

    @Test func `a connection is cut in the middle of the answer`() async throws {
        try await Sandbox.with { url, sandbox async throws in
            sandbox.misbehave(.init(.cutConnection, count: 1))
            let client = SandboxClient(url: url)
            await #expect(throws: (any Error).self) { try await client.get(Self.account) }
            #expect(try await client.get(Self.account).status == 200)
        }
    }

    @Test func `a slow answer runs into the client's time limit`() async throws {
        try await Sandbox.with { url, sandbox async throws in
            sandbox.misbehave(.init(.slow, delayMilliseconds: 60_000))
            await #expect(throws: HTTPClient.Failure.timedOut) {
                try await SandboxClient(url: url).get(Self.account, timeout: .milliseconds(100))
            }
        }
    }

    @Test func `only the named paths suffer, after the named number of requests`() async throws {
        try await Sandbox.with { url, sandbox async throws in
            sandbox.misbehave([
                .init(.internalError, pathPrefix: "BreachedAccount/", skip: 1, count: 2), .init(.refusedKey, pathPrefix: "latestbreach"),
            ])
            let client = SandboxClient(url: url)
            var statuses: [Int] = []
            for _ in 1...4 { statuses.append(try await client.get(Self.account).status) }
            #expect(statuses == [200, 500, 500, 200])
            #expect(try await client.get("dataclasses").status == 200)
            #expect(try await client.get("latestbreach").status == 401)
            #expect(try await client.admin(.DELETE, "misbehaviour").status == 204)
            #expect(try await client.get("latestbreach").status == 200)
        }
    }

    @Test func `a key may ask so often in each block of time, and the catalogue is free`() async throws {
        let time = Mutex(Date(timeIntervalSince1970: 1_800_000_000))
        var configuration = Sandbox.Configuration()
        configuration.rateLimit = RateLimit(requests: 3)
        let now: @Sendable () -> Date = { time.withLock { $0 } }
        try await Sandbox.with(configuration, now: now) { url, sandbox async throws in
            let client = SandboxClient(url: url)
            for _ in 1...3 { #expect(try await client.get(Self.account).status == 200) }
            time.withLock { $0 += 19.5 }
            let refused = try await client.get(Self.account)
            #expect(refused.status == 429)
            #expect(refused.headers.first(name: "retry-after") == "41")
            #expect(refused.text.contains("Try again in 41 seconds."))
            #expect(try await client.get("latestbreach").status == 200)
            #expect(try await client.get(Self.account, key: "f123456789abcdef0123456789abcdef").status == 200)
            time.withLock { $0 += 41 }
            #expect(try await client.get(Self.account).status == 200)
            #expect(sandbox.requests.rateLimited == 1)
            #expect(sandbox.requests.answers(429) == 1)
        }
    }

    @Test func `requests are counted without what they asked for`() async throws {
        try await Sandbox.with { url, sandbox async throws in
            let client = SandboxClient(url: url)
            _ = try await client.get(Self.account)
            _ = try await client.get("breachedaccount/opt-out@hibp-integration-tests.com")
            _ = try await client.get("latestbreach")
            let reply = try await client.admin(.GET, "requests")
            let counts = try reply.json(RequestCounts.self)
            #expect(counts.total == 3)
            #expect(counts["breachedaccount"] == 2)
            #expect(counts.answers(404) == 1)
            #expect(!reply.text.contains("opt-out"))
            #expect(counts == sandbox.requests)
            #expect(try await client.admin(.DELETE, "requests").status == 204)
            #expect(sandbox.requests == RequestCounts())
        }
    }

    @Test func `a port in use is an error and not a wait`() async throws {
        try await Sandbox.with { url, _ async throws in
            var configuration = Sandbox.Configuration()
            configuration.port = try #require(URLComponents(string: url)?.port)
            await #expect(throws: (any Error).self) { try await Sandbox.with(configuration) { _, _ in } }
        }
    }
}
