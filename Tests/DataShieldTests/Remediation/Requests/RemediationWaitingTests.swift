import DataShieldTestSupport
import Foundation
import Jobs
import Postgres
import Testing

@testable import DataShield

/// What becomes of requests that wait when their job or the database fails, and what is left for somebody to finish.
@Suite(.freshDatabase) struct RemediationWaitingTests {
    // MARK: Given up

    @Test func `what waits is refused with the reason when its job is given up, and can be asked for again`() async throws {
        let world = try await RemediationWorld()
        let alert = try await world.makeAlert(about: try await world.makePerson())
        _ = try await world.remediation.bulk([alert], .revokeSessions, by: world.subject)
        let job = try #require(
            try await world.database.owner.query(
                "SELECT id, kind, company_id, attempts, max_attempts, payload::text, lost_leases, taken FROM jobs WHERE company_id = \(world.company)",
                as: Job.self
            ).first)
        let handler = RunWaitingRequests(database: world.database.tenant, runner: world.runner)
        try await handler.wasGivenUp(.init(company: world.company), of: job, reason: "The program ended 5 times in a row.")
        #expect(try await world.requests().map(\.status) == [.refused])
        #expect(try await world.requests().map(\.reason) == [RemediationRefusal.givenUp.description])
        try await world.drain()
        #expect(world.directory.calls.isEmpty)
        #expect(try await world.remediation.request(.revokeSessions, on: alert, by: world.subject).status == .done)
    }

    @Test func `a request whose job was given up is not begun again, and one whose job is lost is`() async throws {
        let world = try await RemediationWorld()
        let alert = try await world.makeAlert(about: try await world.makePerson())
        func live() async throws -> Int? {
            try await world.database.owner.query(
                "SELECT count(*) FROM jobs WHERE company_id = \(world.company) AND kind = 'remediation.run' AND status = 'PENDING'", as: Int.self
            ).first
        }
        _ = try await world.remediation.bulk([alert], .revokeSessions, by: world.subject)
        // The program ended before it refused what waited.
        try await world.database.owner.execute(
            "UPDATE jobs SET status = 'FAILED', finished_at = \(world.clock.now) WHERE company_id = \(world.company)")
        for _ in 0..<2 {
            world.clock.advance(RemediationSchedule.patience + 1)
            try await world.tick()
            #expect(try await live() == 0)
        }
        #expect(try await world.requests().map(\.status) == [.refused])
        // Asked for afterwards, and its job is gone.
        _ = try await world.remediation.bulk([alert], .revokeSessions, by: world.subject)
        try await world.database.owner.execute("DELETE FROM jobs WHERE company_id = \(world.company) AND status = 'PENDING'")
        world.clock.advance(RemediationSchedule.patience + 1)
        try await world.tick()
        #expect(try await live() == 1)
        #expect(try await world.requests().map(\.status) == [.refused, .pending])
    }

    // MARK: The database

    @Test(arguments: [true, false]) func `a database that fails while the way in is opened refuses nothing`(isKnownById: Bool) async throws {
        var world = try await RemediationWorld()
        let person = if isKnownById { try await world.makePerson() } else { try await world.database.makeEmployee(in: world.company) }
        _ = try await world.remediation.bulk([try await world.makeAlert(about: person)], .revokeSessions, by: world.subject)
        let directory = world.directory
        let error = await #expect(throws: PostgresError.self) { try await world.database.owner.execute("SELECT 1 / 0") }
        let failure = try #require(error)
        @Sendable func fail() { directory.opening.withLock { $0 = { throw failure } } }
        fail()
        await #expect(throws: PostgresError.self) { try await world.drain() }
        #expect(try await world.requests().map(\.status) == [.pending])
        directory.opening.withLock { $0 = nil }
        // Once it is started, nothing is read before the call.
        world.runner.interruption = { if $0 == .started { fail() } }
        try await world.drain()
        #expect(try await world.requests().map(\.status) == [.done])
        #expect(directory.calls.count == 1)
    }

    // MARK: Unfinished

    /// A revocation beside a reset that was asked for at 0, started at 1 and ended at 100 with sessions that stand.
    struct Other: Sendable {
        var status: RemediationRequestStatus
        var created: Double
        var started: Double?
        var covers: Bool
    }

    @Test(arguments: [
        Other(status: .done, created: -10, started: -5, covers: false), Other(status: .done, created: 5, started: 6, covers: false),
        Other(status: .done, created: 5, started: 100, covers: true), Other(status: .done, created: -10, started: 150, covers: true),
        Other(status: .pending, created: 5, covers: true), Other(status: .started, created: 5, started: 6, covers: true),
        Other(status: .refused, created: 150, covers: false), Other(status: .failed, created: 150, started: 151, covers: false),
    ])
    func `sessions that stand after a reset are finished by what was begun after it`(other: Other) async throws {
        let world = try await RemediationWorld()
        let person = try await world.makePerson()
        let zero = world.clock.now
        func insert(
            _ action: RemediationType, _ status: RemediationRequestStatus, _ created: Double, _ started: Double?, _ finished: Double?,
            next: RemediationType? = nil
        ) async throws {
            let id = RemediationRequestID()
            let isStarted = status == .started
            let (step, holder): (RemediationType?, String?) = isStarted ? (action, "x") : (nil, nil)
            let failure: RemediationFailure? = status == .failed ? .unavailable : nil
            let reason: String? = status == .failed || status == .refused ? "why" : nil
            func time(_ offset: Double?) -> Date? { offset.map { zero.addingTimeInterval($0) } }
            try await world.database.owner.execute(
                """
                INSERT INTO remediation_requests (id, company_id, action, status, employee_id, target, trigger, cause, performed_by, created_at,
                    started_at, finished_at, step, holder, lease_until, reason, failure, next_action)
                VALUES (\(id), \(world.company), \(action), \(status), \(person), 'x@acme.example', 'manual', \("request:\(id)"), 'test',
                    \(zero.addingTimeInterval(created)), \(time(started)), \(time(finished)), \(step), \(holder), \(time(isStarted ? 900 : nil)),
                    \(reason), \(failure), \(next))
                """)
        }
        try await insert(.forcePasswordReset, .failed, 0, 1, 100, next: .revokeSessions)
        let end = other.status.isEnded ? (other.started ?? other.created) + 1 : nil
        try await insert(.revokeSessions, other.status, other.created, other.started, end)
        #expect(try await world.remediation.unfinished(for: world.subject).count == (other.covers ? 0 : 1))
        #expect(try await world.remediation.unfinishedCount(for: world.subject) == (other.covers ? 0 : 1))
        // Who is gone has nothing left to finish.
        try await world.database.owner.execute("DELETE FROM employees WHERE id = \(person)")
        #expect(try await world.remediation.unfinished(for: world.subject).isEmpty)
    }
}
