import DataShield
import DataShieldTestSupport
import Foundation
import Jobs
import Postgres
import Testing

// The example of Sources/Jobs/README.md: `make lint` looks whether it is this text.
// README
struct GreetSomebody: JobHandler {
    static let kind = "greeting.send"

    struct Payload: Codable, Sendable {
        var person: Int
    }

    let greet: @Sendable (_ person: Int) async -> Bool

    func perform(_ payload: Payload, of job: Job) async throws -> JobOutcome {
        await greet(payload.person) ? .done : .again(after: .seconds(60), reason: "Nobody was there.")
    }
}
// end of README

@Suite(.freshDatabasePerTest) struct ReadmeTests {
    @Test func `the example of the README greets somebody`() async throws {
        let pool = TestDatabase.current.system.pool
        let makeID: @Sendable () -> String = { CUID.make(at: Date()) }
        let logger = quiet
        let greeted = Notes()
        let greet: @Sendable (Int) async -> Bool = { person in
            greeted.add("\(person)")
            return true
        }
        // README
        let queue = JobQueue(pool: pool, makeID: makeID)
        let worker = Worker(queue: queue, handlers: [GreetSomebody(greet: greet)], logger: logger)  // a Service for a ServiceGroup

        // The job is there when the transaction is committed, and never without what it follows from.
        try await pool.transaction { db in
            let job = try NewJob(for: GreetSomebody.self, payload: .init(person: 17), dedupeKey: "greeting:17")
            try await queue.enqueue(job, in: db)
        }
        // end of README
        try await running([worker]) { _ async throws in
            try await eventually { greeted.all == ["17"] }
        }
    }
}
