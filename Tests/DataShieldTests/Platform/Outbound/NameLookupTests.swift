import Foundation
import Testing

@testable import DataShield

/// A name service that is slow holds up whoever asked, for their time, and nobody else.
@Suite struct NameLookupTests {
    /// A look-up that blocks its thread until it is let go.
    private final class Blocked: Sendable {
        private let semaphore = DispatchSemaphore(value: 0)
        let lookup: NameLookup

        init(threadCount: Int) {
            let semaphore = semaphore
            lookup = NameLookup(threadCount: threadCount) { name in
                if name != "quick.example" { semaphore.wait() }
                return [IPAddress("8.8.8.8")].compactMap { $0 }
            }
        }

        func letGo(_ count: Int = 1) { for _ in 0..<count { semaphore.signal() } }
    }

    @Test func `an answer that takes longer than the call has is a call that timed out`() async throws {
        let slow = Blocked(threadCount: 1)
        let ssrfGuard = SSRFGuard(allowed: []) { try await slow.lookup.addresses(of: $0) }
        await #expect(throws: OutboundFailure.timedOut) { try await ssrfGuard.check(host: "slow.example", within: .milliseconds(20)) }
        let client = OutboundClient(ssrfGuard: ssrfGuard)
        let url = try #require(URL(string: "http://slow.example/"))
        await #expect(throws: OutboundFailure.timedOut) {
            try await client.execute(.init(url: url, timeout: .milliseconds(20), isAddressTypedByUser: true))
        }
        await client.shutdown()
        slow.letGo()
        // The thread is free again, and what nobody waits for any more is not asked for.
        #expect(try await ssrfGuard.check(host: "quick.example", within: .seconds(60)).description == "8.8.8.8")
    }

    @Test func `whoever waits can be cancelled while the thread is blocked`() async throws {
        let slow = Blocked(threadCount: 1)
        let waiting = Task { try await slow.lookup.addresses(of: "slow.example") }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { try await waiting.value }
        slow.letGo()
    }

    @Test func `one name that hangs leaves the other threads to others`() async throws {
        let slow = Blocked(threadCount: 2)
        async let hanging = slow.lookup.addresses(of: "slow.example")
        #expect(try await slow.lookup.addresses(of: "quick.example").map(\.description) == ["8.8.8.8"])
        slow.letGo()
        #expect(try await hanging.count == 1)
    }

    @Test func `the system's own answer, and a name that there is not`() async throws {
        #expect(try await NameLookup.system.addresses(of: "localhost").allSatisfy(\.isLoopback))
        await #expect(throws: OutboundFailure.unknownHost) { try await NameLookup.system.addresses(of: "no-such-name.invalid") }
    }
}
