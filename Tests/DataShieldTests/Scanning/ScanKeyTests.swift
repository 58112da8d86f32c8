import DataShieldTestSupport
import Foundation
import Postgres
import Sandbox
import Testing

@testable import DataShield

/// What happens to a scan whose key goes away under it.
@Suite(.freshDatabasePerTest) struct ScanKeyTests {
    /// Waits for what another task brings about.
    private func wait(_ what: Comment, until condition: () async throws -> Bool) async throws {
        let deadline = ContinuousClock.now + .seconds(60)
        while try await !condition() {
            try #require(ContinuousClock.now < deadline, "\(what) did not happen.")
            try await Task.sleep(for: .milliseconds(2))  // sleeps: between two looks, within a deadline
        }
    }

    @Test func `a provider whose key was removed in the middle has stopped, and only who was not asked about is unknown`() async throws {
        try await ScanWorld.with(isVerified: false) { world async throws in
            try await world.scan()
            let known = try await world.coverage()
            for number in 0..<8 { _ = try await world.database.makeEmployee(in: world.company, email: "new\(number)@\(world.domain)") }
            var slow = world
            slow.tuning.window = 1
            slow.tuning.batch = 1
            slow.tuning.flushInterval = .zero
            let leaving = slow
            let run = try await world.scans.start(by: world.subject).id
            world.sandbox.misbehave(.init(.slow, pathPrefix: "breachedaccount/", delayMilliseconds: 50))
            let performing = Task { try await leaving.perform(run) }
            try await wait("An answer") { try await world.scans.find(run, for: world.subject).providers.first.map { $0.done > $0.skipped } ?? false }
            // As by a kill.
            performing.cancel()
            _ = try? await performing.value  // what it throws is that it was left
            let before = try await world.coverage()
            #expect(before.count < 11)
            let key = try #require(try await world.credential())
            try await world.credentials.remove(key.id, by: world.subject)

            let end = try await world.perform(run)
            #expect(end.status == .failed)
            #expect(end.errorMessage == "Have I Been Pwned: The key was removed or refused before the scan was through.")
            let progress = try #require(end.providers.first)
            #expect(progress.state == .stopped)
            #expect(progress.secondsLeft == nil)
            #expect(numbers(progress.total, progress.done) == [11, 11])
            let after = try await world.coverage()
            #expect(after.count == 11)
            for (alias, outcome) in before { #expect(after[alias] == outcome) }
            for (alias, outcome) in known { #expect(after[alias] == outcome) }
            let unknown = after.filter { before[$0.key] == nil }.values
            #expect(unknown.allSatisfy { $0 == "UNKNOWN: The key was removed or refused before the scan was through." })
            #expect(numbers(progress.errors, end.errorCount) == [unknown.count, unknown.count])
        }
    }

    @Test func `a kill between a provider's end and its key's cannot be: a refused key is never left in use`() async throws {
        try await ScanWorld.with(isVerified: false) { world async throws in
            world.sandbox.misbehave(.init(.refusedKey, pathPrefix: "subscription/"))
            let run = try await world.scans.start(by: world.subject).id
            // Whoever wants to write the key has to wait here, and is left while it does.
            try await world.database.owner.transaction { db in
                try await db.execute("SELECT id FROM api_credentials WHERE company_id = \(world.company) FOR UPDATE")
                let performing = Task { try await world.perform(run) }
                try await wait("Writing the key") {
                    try await world.database.owner.first(
                        "SELECT true FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'", as: Bool.self) == true
                }
                performing.cancel()
                _ = try? await performing.value  // what it throws is that it was left
            }
            #expect(try await world.scans.find(run, for: world.subject).status == .running)
            let end = try await world.perform(run)
            #expect(end.errorMessage == "Have I Been Pwned: The key is refused.")
            #expect(try await world.credential()?.status == .error)
        }
    }

    @Test func `a key that replaced a refused one in the middle of a scan is not taken for it`() async throws {
        try await ScanWorld.with(isVerified: false) { world async throws in
            let old = try #require(try await world.credentials.usable(for: world.company).first)
            _ = try await world.credentials.add(.hibp, key: "another-key-of-the-same-service", by: world.subject)
            try await world.credentials.noted(old, status: .error, error: "The key is refused.", for: world.company)
            #expect(try await world.credential()?.status == .pending)
        }
    }
}
