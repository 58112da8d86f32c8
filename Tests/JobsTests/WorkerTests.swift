import DataShield
import DataShieldTestSupport
import Foundation
import Jobs
import Postgres
import Testing

/// Doing jobs: each once, again when it failed, no more when it is in vain.
@Suite(.freshDatabasePerTest) struct WorkerTests {
    @Test func `many workers do each job exactly once`() async throws {
        let names = (1...200).map { "job\($0)" }
        for name in names { try await enqueue(name) }
        let done = Notes()
        let workers = (1...4).map { _ in
            makeWorker(
                Errand { name, _ in
                    done.add(name)
                    await Task.yield()
                    return .done
                }
            ) { $0.concurrency = 8 }
        }
        try await running(workers) { _ async throws in
            try await eventually {
                try await TestDatabase.current.owner.first("SELECT count(*) FROM jobs WHERE status = 'SUCCEEDED'", as: Int.self) == names.count
            }
        }
        #expect(done.all.sorted() == names.sorted())
    }

    @Test func `a new job wakes a worker that would look in an hour only`() async throws {
        let done = Notes()
        let worker = makeWorker(
            Errand { name, _ in
                done.add(name)
                return .done
            }
        ) { $0.pollInterval = .seconds(3600) }
        try await running([worker]) { _ async throws in
            // The first may be found by the look at the beginning; the second is announced.
            for name in ["first", "second"] {
                try await enqueue(name)
                try await eventually(within: .seconds(10), name) { done.all.contains(name) }
            }
        }
    }

    @Test func `a job that is due later waits, one whose time has come does not`() async throws {
        let later = try await enqueue("later", runAfter: Date() + 3600)
        let past = try await enqueue("past", runAfter: Date() - 3600)
        try await running([makeWorker(Errand { _, _ in .done })]) { _ async throws in
            try await eventually { try await stored(past).status == "SUCCEEDED" }
        }
        #expect(try await stored(later).status == "PENDING")
    }

    @Test(arguments: [(1, 30), (2, 60), (3, 120)])
    func `a failed job is tried again after a while that grows`(attempt: Int, seconds: Double) async throws {
        struct Failing: JobHandler {
            static let kind = Errand.kind
            func perform(_ payload: Errand.Payload, of job: Job) async throws -> JobOutcome { throw Mishap(description: "The service is away.") }
        }
        let id = try await enqueue("one", maxAttempts: 10)
        try await TestDatabase.current.owner.execute("UPDATE jobs SET attempts = \(attempt - 1)")
        try await running([makeWorker(Failing())]) { _ async throws in
            try await eventually { try await stored(id).lastError != nil }
        }
        let job = try await stored(id)
        #expect(job.status == "PENDING")
        #expect(job.attempts == attempt)
        #expect(job.lastError == "The service is away.")
        #expect((seconds - 15...seconds + 1).contains(job.secondsToWait))
    }

    @Test func `what is logged of a job that the database refused names no value`() async throws {
        struct Refused: JobHandler {
            static let kind = Errand.kind
            func perform(_ payload: Errand.Payload, of job: Job) async throws -> JobOutcome {
                let owner = TestDatabase.current.owner
                try await owner.execute("CREATE TABLE IF NOT EXISTS canaries (email text CONSTRAINT canaries_are_unique UNIQUE)")
                for _ in 0..<2 { try await owner.execute("INSERT INTO canaries VALUES (\("ada@canary.example"))") }
                return .done
            }
        }
        let log = RecordedLog()
        let id = try await enqueue("one")
        try await running([makeWorker(Refused(), logger: log.logger)]) { _ async throws in
            try await eventually { try await stored(id).lastError != nil }
        }
        let lines = log.lines
        #expect(
            lines.contains { $0.contains("A job failed") && $0.contains("canaries_are_unique") && $0.contains("INSERT INTO canaries VALUES ($1)") })
        #expect(!lines.contains { $0.contains("ada@canary") })
        #expect(try await stored(id).lastError?.contains("ada@canary") == false)
    }

    @Test func `a job that keeps failing is given up, kept, and said to be so once`() async throws {
        let id = try await enqueue("one", maxAttempts: 3)
        let notes = Notes()
        let worker = makeWorker(
            Errand(onGivenUp: { notes.add("gave up \($0): \($1)") }) { _, job in
                notes.add("attempt \(job.attempts)")
                throw Mishap(description: "It does not work.")
            })
        try await running([worker]) { _ async throws in
            try await eventually { notes.all.count == 4 }
        }
        #expect(notes.all == ["attempt 1", "attempt 2", "attempt 3", "gave up one: It does not work."])
        #expect(try await stored(id).status == "FAILED")
    }

    @Test func `a job that goes on later says why`() async throws {
        let id = try await enqueue("one")
        try await running([makeWorker(Errand { _, _ in .again(after: .seconds(600), reason: "The quota is used up.") })]) { _ async throws in
            try await eventually { try await stored(id).lastError != nil }
        }
        let job = try await stored(id)
        #expect(job.status == "PENDING")
        #expect(job.lastError == "The quota is used up.")
        #expect((500...601).contains(job.secondsToWait))
    }

    @Test func `a payload that cannot be read is given up at once`() async throws {
        let id = try await enqueue("one")
        try await TestDatabase.current.owner.execute(#"UPDATE jobs SET payload = '{"nome": 1}'"#)
        try await running([makeWorker(Errand { _, _ in .done })]) { _ async throws in
            try await eventually { try await stored(id).status == "FAILED" }
        }
        #expect(try await stored(id).attempts == 1)
    }

    @Test func `jobs of a kind without a handler are left alone`() async throws {
        struct Other: JobHandler {
            static let kind = "test.other"
            func perform(_ payload: Errand.Payload, of job: Job) async throws -> JobOutcome { .done }
        }
        let foreign = try await enqueue("one")
        let own = try await queue.enqueue(try NewJob(for: Other.self, payload: .init(name: "two")), in: TestDatabase.current.system).id
        try await running([makeWorker(Other())]) { _ async throws in
            try await eventually { try await stored(own).status == "SUCCEEDED" }
        }
        #expect(try await stored(foreign).attempts == 0)
    }

    @Test func `a worker goes on after its connections were cut`() async throws {
        let done = Notes()
        let worker = makeWorker(
            Errand { name, _ in
                done.add(name)
                return .done
            })
        try await running([worker]) { _ async throws in
            try await enqueue("before")
            try await eventually { done.all == ["before"] }
            try await TestDatabase.current.owner.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()")
            try await eventually {
                // The pool may still have to find out.
                (try? await enqueue("after")) != nil
            }
            try await eventually { done.all.contains("after") }
        }
    }
}
