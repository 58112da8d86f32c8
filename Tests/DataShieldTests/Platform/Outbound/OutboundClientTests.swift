import DataShieldTestSupport
import Foundation
import Synchronization
import Testing

@testable import DataShield

@Suite(.freshDatabase) struct OutboundClientTests {
    private func withClient(allowed: [String] = [], _ body: (OutboundClient) async throws -> Void) async throws {
        let client = OutboundClient(ssrfGuard: SSRFGuard(allowed: allowed.compactMap { AllowedHost($0) }))
        let result: Result<Void, any Error>
        do { result = .success(try await body(client)) } catch { result = .failure(error) }
        await client.shutdown()
        try result.get()
    }

    private func url(_ server: TestClient, _ path: String, host: String = "127.0.0.1") throws -> URL {
        try #require(URL(string: "http://\(host):\(server.server.port)\(path)"))
    }

    @Test func `an answer comes back whatever its status`() async throws {
        try await withServer(as: nil) { server in
            try await withClient { client in
                let answer = try await client.execute(.init(url: try url(server, "/api/health")))
                #expect(answer.status == .ok && !answer.body.isEmpty)
                let missing = try await client.execute(.init(url: try url(server, "/api/none")))
                #expect(throws: OutboundFailure.badStatus(404)) { try missing.requireSuccess() }
                // A redirect is an answer, not an order.
                #expect(try await client.execute(.init(url: try url(server, "/login?next=x"))).status.code < 400)
            }
        }
    }

    @Test func `an answer that is too large is not read`() async throws {
        try await withServer(as: nil) { server in
            try await withClient { client in
                await #expect(throws: OutboundFailure.tooLarge(limit: 100)) {
                    try await client.execute(.init(url: try url(server, "/api/openapi.json"), responseLimit: 100))
                }
            }
        }
    }

    @Test func `an address that a user typed goes through the guard, and to the address that was checked`() async throws {
        try await withServer(as: nil) { server in
            try await withClient { client in
                for host in ["127.0.0.1", "localhost", "[::1]", "2130706433"] {
                    await #expect(throws: OutboundFailure.forbiddenAddress) {
                        try await client.execute(.init(url: try url(server, "/api/health", host: host), isAddressTypedByUser: true))
                    }
                }
            }
            try await withClient(allowed: ["localhost", "127.0.0.1"]) { client in
                let answer = try await client.execute(.init(url: try url(server, "/api/health", host: "127.0.0.1"), isAddressTypedByUser: true))
                #expect(answer.status == .ok)
            }
        }
    }

    @Test func `a checked address holds for a while, and is then checked again`() async throws {
        let time = Mutex(ContinuousClock.now)
        let answers = Mutex([["8.8.8.8"], ["9.9.9.9"], ["10.0.0.1"]])
        let ssrfGuard = SSRFGuard(allowed: []) { _ in answers.withLock { $0.removeFirst() }.compactMap { IPAddress($0) } }
        let addresses = CheckedAddresses(ssrfGuard: ssrfGuard, now: { time.withLock { $0 } })
        let url = try #require(URL(string: "https://typed.example/x"))
        #expect(try await addresses.address(for: url).description == "8.8.8.8")
        #expect(try await addresses.address(for: url).description == "8.8.8.8")
        #expect(answers.withLock { $0.count } == 2, "It was resolved once.")
        time.withLock { $0 += CheckedAddresses.lifetime }
        #expect(try await addresses.address(for: url).description == "9.9.9.9")
        #expect(answers.withLock { $0.count } == 1)
        time.withLock { $0 += CheckedAddresses.lifetime }
        await #expect(throws: OutboundFailure.forbiddenAddress) { try await addresses.address(for: url) }
        await #expect(throws: OutboundFailure.invalidURL) {
            try await addresses.address(for: try #require(URL(string: "https://user:password@typed.example/")))
        }
    }

    @Test func `calls to a typed address share a connection`() async throws {
        try await withServer(as: nil) { server in
            let resolved = Mutex(0)
            let ssrfGuard = SSRFGuard(allowed: [try #require(AllowedHost("typed.example"))]) { _ in
                resolved.withLock { $0 += 1 }
                return [IPAddress("127.0.0.1")].compactMap { $0 }
            }
            let client = OutboundClient(ssrfGuard: ssrfGuard)
            let proxy = try TCPProxy(.cutting(port: server.server.port, after: .max))
            defer { proxy.stop() }
            for _ in 0..<3 {
                let address = try #require(URL(string: "http://typed.example:\(proxy.port)/api/health"))
                #expect(try await client.execute(.init(url: address, isAddressTypedByUser: true)).status == .ok)
            }
            await client.shutdown()
            #expect(resolved.withLock { $0 } == 1 && proxy.connections == 1)
        }
    }

    @Test func `what goes wrong has a name and shows no address`() async throws {
        try await withClient { client in
            let refused = try #require(URL(string: "http://127.0.0.1:1/?key=secret"))
            await #expect(throws: OutboundFailure.refused) { try await client.execute(.init(url: refused)) }
            let silent = try #require(URL(string: "http://192.0.2.1:81/?key=secret"))
            do {
                _ = try await client.execute(.init(url: silent, timeout: .milliseconds(200)))
                Issue.record("There was an answer.")
            } catch let error as OutboundFailure {
                #expect([.timedOut, .refused, .connectionLost].contains(error))
                #expect(!String(reflecting: error).contains("secret"))
            }
        }
    }

    @Test(
        arguments: [
            ("5", 5000), ("0", 0), ("-3", 0), ("1.5", 1500), ("999999999", 86_400_000), ("Fri, 31 Dec 1999 23:59:59 GMT", 9000), ("soon", nil),
        ] as [(String, Int?)])
    func `Retry-After is read in both of its forms`(_ text: String, _ milliseconds: Int?) {
        let answer = OutboundResponse(status: .tooManyRequests, headers: [.retryAfter: text], body: [])
        #expect(answer.retryAfter(now: Date(timeIntervalSince1970: 946_684_790))?.milliseconds == milliseconds)
    }
}
