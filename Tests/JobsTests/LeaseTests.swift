import DataShield
import DataShieldTestSupport
import Foundation
import Jobs
import Postgres
import Testing

/// Whose a job is: kept by heartbeats, lost by silence, put back on shutdown.
@Suite(.freshDatabasePerTest) struct LeaseTests {
    /// Makes a job look like one whose worker was killed.
    private func abandon(_ id: String, attempts: Int = 1) async throws {
        try await TestDatabase.current.owner.execute(
            """
            UPDATE jobs SET status = 'RUNNING', attempts = \(attempts), leased_by = 'a killed worker', started_at = now(),
                lease_until = now() - interval '1 second'
            WHERE id = \(id)
            """)
    }

    @Test func `a killed worker's job is finished by another`() async throws {
        let id = try await enqueue("one")
        try await abandon(id)
        let attempts = Notes()
        let worker = makeWorker(
            Errand { _, job in
                attempts.add("\(job.attempts)")
                return .done
            })
        try await running([worker]) { _ async throws in
            try await eventually { try await stored(id).status == "SUCCEEDED" }
        }
        #expect(attempts.all == ["2"])
    }

    @Test func `a job that kills its workers is given up`() async throws {
        let id = try await enqueue("one", maxAttempts: 3)
        try await abandon(id, attempts: 3)
        let notes = Notes()
        let worker = makeWorker(
            Errand(onGivenUp: { name, _ in notes.add("gave up \(name)") }) { _, _ in
                notes.add("begun")
                return .done
            })
        try await running([worker]) { _ async throws in
            try await eventually { !notes.all.isEmpty }
        }
        #expect(notes.all == ["gave up one"])
        #expect(try await stored(id).status == "FAILED")
    }

    @Test func `heartbeats keep a job that takes longer than its lease`() async throws {
        let id = try await enqueue("one")
        let begun = Notes()
        let gate = Gate()
        let workers = (1...3).map { _ in
            makeWorker(
                Errand { name, _ in
                    begun.add(name)
                    await gate.pass()
                    return .done
                }
            ) { $0.lease = .seconds(20) }
        }
        try await running(workers) { _ async throws in
            defer { gate.open() }
            try await eventually { !begun.all.isEmpty }
            let first = try #require(try await stored(id).lease)
            // Past the end of the first lease; a third of it is between two heartbeats, which a busy machine has to keep.
            try await eventually(within: .seconds(90), "The lease was not extended.") { (try await stored(id).lease ?? first) > first + 20.5 }
            gate.open()
            try await eventually { try await stored(id).status == "SUCCEEDED" }
        }
        #expect(begun.all == ["one"])
        #expect(try await stored(id).attempts == 1)
    }

    @Test func `a worker that lost its job is cancelled and writes nothing about it`() async throws {
        let id = try await enqueue("one")
        let notes = Notes()
        let worker = makeWorker(
            Errand { _, _ in
                notes.add("begun")
                do { try await Task.sleep(for: .seconds(600)) } catch { notes.add("cancelled") }
                return .done
            }
        ) { $0.lease = .milliseconds(300) }
        try await running([worker]) { _ async throws in
            try await eventually { !notes.all.isEmpty }
            try await TestDatabase.current.owner.execute(
                "UPDATE jobs SET leased_by = 'another worker', lease_until = now() + interval '1 hour' WHERE id = \(id)")
            try await eventually { notes.all == ["begun", "cancelled"] }
        }
        #expect(try await stored(id).status == "RUNNING")
    }

    @Test func `a worker that is told to stop finishes the job in hand and takes no other`() async throws {
        let first = try await enqueue("first")
        let second = try await enqueue("second", runAfter: Date() - 1)
        let begun = Notes()
        let gate = Gate()
        let worker = makeWorker(
            Errand { name, _ in
                begun.add(name)
                await gate.pass()
                return .done
            }
        ) { $0.concurrency = 1 }
        try await running([worker]) { stop async throws in
            try await eventually { begun.all.count == 1 }
            await stop()
            gate.open()
        }
        #expect(begun.all.count == 1)
        let statuses = [try await stored(first).status, try await stored(second).status]
        #expect(statuses.sorted() == ["PENDING", "SUCCEEDED"])
    }

    @Test func `a job that outlasts the grace period is put back at once, with its attempt`() async throws {
        let id = try await enqueue("one", maxAttempts: 1)
        let begun = Notes()
        let stuck = makeWorker(
            Errand { name, _ in
                begun.add(name)
                try await Task.sleep(for: .seconds(600))
                return .done
            }
        ) { $0.grace = .milliseconds(50) }
        try await running([stuck]) { stop async throws in
            try await eventually { !begun.all.isEmpty }
            await stop()
        }
        let job = try await stored(id)
        #expect(job.status == "PENDING")
        #expect(job.attempts == 0)
        #expect(job.secondsToWait <= 0)
        #expect(job.lease == nil)
        try await running([makeWorker(Errand { _, _ in .done })]) { _ async throws in
            try await eventually { try await stored(id).status == "SUCCEEDED" }
        }
    }
}
