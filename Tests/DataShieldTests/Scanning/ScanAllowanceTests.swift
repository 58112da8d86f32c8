import DataShieldTestSupport
import Foundation
import Sandbox
import Synchronization
import Testing

@testable import DataShield

/// What is shown to be left of a key's searches is what is left after the scan.
@Suite(.freshDatabase) struct ScanAllowanceTests {
    private static let people = ["ada": [String](), "bob": [], "cyd": []]

    private static func everybody(isKnownTo provider: ApiProvider) -> @Sendable (inout Sandbox.Configuration) -> Void {
        { configuration in
            configuration.leaks[provider.standIn] = configuration.exposures.keys.reduce(into: [String: [String]]()) { $0[$1] = ["Adobe"] }
        }
    }

    @Test(arguments: [ApiProvider.intelx, .leakcheck, .dehashed, .snusbase])
    func `after a scan it is what the service would say now`(provider: ApiProvider) async throws {
        try await ScanWorld.with(exposures: Self.people, keys: [provider], configure: Self.everybody(isKnownTo: provider)) { world async throws in
            let before = Date()
            let run = try await world.scan()
            #expect(run.status == .succeeded)
            let kept = try #require(try await world.credential())
            let left = try #require(kept.quotaLeft)
            #expect(left < 5_000 || provider == .leakcheck && left < 10_000)
            let (seen, used) = (try #require(kept.quotaSeenAt), try #require(kept.lastUsedAt))
            #expect(seen >= before.addingTimeInterval(-0.001))
            #expect(seen >= used, "It is not shown to be older than the last use.")
            guard provider == .intelx else { return }
            #expect(world.sandbox.requests["intelx/authenticate/info"] == 2, "Before the scan and after it.")
            #expect(run.providers.first?.requests == world.sandbox.requests.total, "It is among the calls that are counted.")
            #expect(try await world.provider(.intelx).account().quotaLeft == left)
            // The phone book, and each of the three.
            #expect(left == 5_000 - 4)
        }
    }

    @Test func `a scan in which nobody was due asks once`() async throws {
        try await ScanWorld.with(exposures: [:], keys: [.intelx]) { world async throws in
            _ = try await world.scan()
            #expect(world.sandbox.requests["intelx/authenticate/info"] == 1)
            #expect(try await world.credential()?.quotaLeft == 5_000)
        }
    }

    @Test(arguments: [true, false]) func `where the service does not say it at the end, the number is shown to be from before`(
        isDown: Bool
    ) async throws {
        let time = Ticking()
        let configure = Self.everybody(isKnownTo: .intelx)
        try await ScanWorld.with(exposures: Self.people, keys: [.intelx], configure: configure, now: { time.next() }) { world async throws in
            world.sandbox.misbehave(
                [.init(.internalError, service: .intelx, pathPrefix: "authenticate/info", skip: 1)]
                    + (isDown ? [.init(.internalError, service: .intelx, pathPrefix: "intelligent/search")] : []))
            let run = try await world.scan()
            #expect((run.status == .succeeded) == !isDown)
            let kept = try #require(try await world.credential())
            #expect(kept.quotaLeft == 5_000)
            let (seen, used) = (try #require(kept.quotaSeenAt), try #require(kept.lastUsedAt))
            #expect(seen < used)
        }
    }

    @Test func `the page says that a number is from before the last use`() async throws {
        try await withServer { client in
            let owner = TestDatabase.current.owner
            try await owner.execute(
                """
                INSERT INTO api_credentials (id, company_id, provider, label, encrypted_key, key_hint, status, quota_left, quota_seen_at,
                    last_used_at)
                VALUES (\(CredentialID()), \(client.company), 'INTELX', 'Ours', '\\x00', 'cdef', 'ACTIVE', 4990, now() - interval '3 hours', now())
                """)
            let page = try await client.get("/sources").text
            let plan = page.firstMatch(of: /<dt>Plan<\/dt><dd>(.*?)<\/dd>/)?.1
            #expect(plan == "4,990 searches left, as of 3 h ago, before the key was last used")
            try await owner.execute("UPDATE api_credentials SET quota_seen_at = last_used_at WHERE company_id = \(client.company)")
            #expect(!(try await client.get("/sources").text.contains("before the key was last used")))
        }
    }
}

/// A clock that goes on by a second whenever it is looked at.
private final class Ticking: Sendable {
    private let start = Date()
    private let count = Mutex(0.0)

    func next() -> Date {
        count.withLock {
            $0 += 1
            return start.addingTimeInterval($0)
        }
    }
}
