import DataShield
import DataShieldTestSupport
import Foundation
import Jobs
import Postgres
import Testing

/// Whose a job is: kept by heartbeats, lost by silence, put back on shutdown.
@Suite(.freshDatabasePerTest) struct LeaseTests {
    /// Makes a job look like one whose worker was killed.
    private func abandon(_ id: String, attempts: Int = 1, losses: Int = 0) async throws {
        try await TestDatabase.current.owner.execute(
            """
            UPDATE jobs SET status = 'RUNNING', attempts = \(attempts), leased_by = 'a killed worker', started_at = now(),
                lease_until = now() - interval '1 second', lost_leases = \(losses)
            WHERE id = \(id)
            """)
    }

    private func losses(_ id: String) async throws -> Int? {
        try await TestDatabase.current.owner.first("SELECT lost_leases FROM jobs WHERE id = \(id)", as: Int.self)
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
        // A kill is not the job's doing, and uses up no attempt.
        #expect(attempts.all == ["1"])
    }

    @Test func `kills use up no attempt, however many there were while the job got on`() async throws {
        let id = try await enqueue("one", maxAttempts: 1)
        for _ in 0..<6 {
            // Lost four times in a row, and taken up by somebody who gets on, and is killed in turn.
            try await abandon(id, losses: 3)
            let noted = Notes()
            let gate = Gate()
            let worker = makeWorker(
                Errand { name, _ in
                    await RunningJob.madeProgress()
                    noted.add(name)
                    await gate.pass()
                    return .done
                })
            try await running([worker]) { _ async throws in
                defer { gate.open() }
                try await eventually { !noted.all.isEmpty }
                #expect(try await losses(id) == 0)
                #expect(try await stored(id).attempts == 1)
                try await abandon(id)
            }
        }
        try await abandon(id)
        try await running([makeWorker(Errand { _, _ in .done })]) { _ async throws in
            try await eventually { try await stored(id).status == "SUCCEEDED" }
        }
    }

    @Test(arguments: [(before: 0, isParked: false), (before: 3, isParked: false), (before: 4, isParked: true)])
    func `a job that ends its workers again and again is parked with a word`(before: Int, isParked: Bool) async throws {
        let id = try await enqueue("one", maxAttempts: 3)
        try await abandon(id, attempts: 3, losses: before)
        let notes = Notes()
        let worker = makeWorker(
            Errand(onGivenUp: { name, reason in notes.add("gave up \(name): \(reason)") }) { _, _ in
                notes.add("begun")
                return .done
            })
        try await running([worker]) { _ async throws in
            try await eventually { !notes.all.isEmpty }
        }
        let job = try await stored(id)
        if isParked {
            #expect(notes.all.count == 1)
            #expect(notes.all[0].hasPrefix("gave up one: Its worker was lost 5 times in a row while it was at this"))
            #expect(job.status == "FAILED")
            #expect(job.lastError?.hasSuffix("then start it again.") == true)
            #expect(try await queue.dead(limit: 1).map(\.id) == [id])
        } else {
            #expect(notes.all == ["begun"])
            #expect(job.status == "SUCCEEDED")
        }
    }

    @Test func `a job that fails by itself has not ended its worker`() async throws {
        let id = try await enqueue("one", maxAttempts: 3)
        try await abandon(id, losses: 2)
        try await running([makeWorker(Errand(delay: .seconds(600)) { _, _ in throw Mishap(description: "no") })]) { _ async throws in
            try await eventually { try await stored(id).lastError == "no" }
        }
        #expect(try await losses(id) == 0)
        #expect(try await stored(id).attempts == 1)
    }

    @Test func `a worker that takes its own job again was not lost`() async throws {
        let id = try await enqueue("one", maxAttempts: 1)
        let begun = Notes()
        let gate = Gate()
        let worker = makeWorker(
            Errand { _, job in
                begun.add("\(job.losses)")
                await gate.pass()
                return .done
            }
        ) { $0.lease = Self.longerThanTheServerRuns }
        try await running([worker]) { _ async throws in
            defer { gate.open() }
            try await eventually { begun.all.count == 1 }
            // As after an outage of the database that was longer than a lease.
            try await TestDatabase.current.owner.execute("UPDATE jobs SET lease_until = now() - interval '1 second' WHERE id = \(id)")
            try await eventually { begun.all.count == 2 }
        }
        #expect(begun.all == ["0", "0"])
    }

    /// A lease of ten days: to a worker with it, the tests' server has only just been started.
    private static let longerThanTheServerRuns = Duration.seconds(864_000)

    @Test func `when the server was just started, a job is left to its own worker first, and no worker counts as lost`() async throws {
        let id = try await enqueue("one", maxAttempts: 1)
        try await abandon(id, losses: 4)
        let begun = Notes()
        let body: @Sendable (String, Job) async throws -> JobOutcome = { name, job in
            begun.add("\(name) \(job.losses)")
            return .done
        }
        try await running([makeWorker(Errand(body: body)) { $0.lease = Self.longerThanTheServerRuns }]) { _ async throws in
            // When they are done, the worker has looked for jobs more than once.
            for name in ["two", "three"] {
                let other = try await enqueue(name)
                try await eventually { try await stored(other).status == "SUCCEEDED" }
            }
        }
        #expect(begun.all == ["two 0", "three 0"])
        #expect(try await stored(id).status == "RUNNING")
        #expect(try await losses(id) == 4)
        // It is taken from a worker that has not come back in time, as ever.
        try await running([makeWorker(Errand(body: body))]) { _ async throws in
            try await eventually { try await stored(id).status == "FAILED" }
        }
        #expect(try await losses(id) == 5)
    }

    @Test func `that the database is away is nobody's failed attempt`() async throws {
        let id = try await enqueue("one", maxAttempts: 1)
        let closed = PostgresPool(configuration: TestDatabase.current.configuration, logger: quiet)
        await closed.close()
        let worker = makeWorker(
            Errand(delay: .seconds(600)) { _, _ in
                try await closed.execute("SELECT 1")
                return .done
            })
        try await running([worker]) { _ async throws in
            try await eventually { try await stored(id).lastError != nil }
        }
        let job = try await stored(id)
        #expect(job.status == "PENDING")
        #expect(job.attempts == 0)
        #expect(job.secondsToWait > 60)
    }

    @Test func `a full disk is nobody's failed attempt either, and is called that`() async throws {
        let id = try await enqueue("one", maxAttempts: 1)
        let log = RecordedLog()
        let worker = makeWorker(
            Errand(delay: .seconds(600)) { _, _ in
                try await TestDatabase.current.owner.execute("DO $$ BEGIN RAISE EXCEPTION 'full' USING ERRCODE = '53100'; END $$")
                return .done
            }, logger: log.logger)
        try await running([worker]) { _ async throws in
            try await eventually { try await stored(id).lastError != nil }
        }
        let job = try await stored(id)
        #expect(job.status == "PENDING")
        #expect(job.attempts == 0)
        #expect(job.lastError?.contains("disk full") == true)
        #expect(log.lines.contains { $0.contains("A job could not use the database") && $0.contains("disk full (53100)") })
    }

    @Test func `heartbeats keep a job that takes longer than its lease`() async throws {
        let id = try await enqueue("one")
        let begun = Notes()
        let gate = Gate()
        let clock = TestClock()
        let lease = Duration.seconds(60)
        let workers = (1...3).map { _ in
            makeWorker(
                Errand { name, _ in
                    begun.add(name)
                    await gate.pass()
                    return .done
                }, clock: clock
            ) { $0.lease = lease }
        }
        try await running(workers) { _ async throws in
            defer { gate.open() }
            try await eventually { !begun.all.isEmpty }
            // Past the end of the first lease.
            for beat in 1...4 {
                // All three wait for their next look at the queue, and one for its next sign of life.
                try await eventually { clock.sleeperCount == 4 }
                // The time between two signs goes by, for the database and for the workers, of whom two look whether the job is free.
                try await TestDatabase.current.owner.execute("UPDATE jobs SET lease_until = lease_until - interval '20 seconds' WHERE id = \(id)")
                let before = try #require(try await stored(id).lease)
                clock.advance(by: lease / 3)
                try await eventually("The lease was not extended after sign \(beat).") { (try await stored(id).lease ?? before) > before + 10 }
            }
            gate.open()
            try await eventually { try await stored(id).status == "SUCCEEDED" }
        }
        #expect(begun.all == ["one"])
        #expect(try await stored(id).attempts == 1)
    }

    @Test func `a worker that lost its job is cancelled and writes nothing about it`() async throws {
        let id = try await enqueue("one")
        let notes = Notes()
        let clock = TestClock()
        let worker = makeWorker(
            Errand { _, _ in
                notes.add("begun")
                do { try await Task.sleep(for: .seconds(600)) } catch { notes.add("cancelled") }  // sleeps: until it is cancelled
                return .done
            }, clock: clock
        ) { $0.lease = .seconds(60) }
        try await running([worker]) { _ async throws in
            try await eventually { !notes.all.isEmpty }
            try await TestDatabase.current.owner.execute(
                "UPDATE jobs SET leased_by = 'another worker', lease_until = now() + interval '1 hour' WHERE id = \(id)")
            // Its next look at the queue, and its next sign of life, which says that the job is another's.
            try await eventually { clock.sleeperCount == 2 }
            clock.advance(by: .seconds(20))
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
                try await Task.sleep(for: .seconds(600))  // sleeps: until it is cancelled
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
