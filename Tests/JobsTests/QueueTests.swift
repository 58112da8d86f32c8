import DataShield
import DataShieldTestSupport
import Foundation
import Jobs
import Postgres
import Testing

/// Putting jobs in, and looking at them.
@Suite(.freshDatabasePerTest) struct QueueTests {
    @Test func `a job is there when its transaction commits, and only then`() async throws {
        let system = TestDatabase.current.system
        let queue = queue
        let job = try NewJob(for: Errand.self, payload: .init(name: "one"))
        await #expect(throws: Mishap.self) {
            try await system.transaction { db in
                _ = try await queue.enqueue(job, in: db)
                throw Mishap(description: "roll back")
            }
        }
        #expect(try await system.query("SELECT id FROM jobs").isEmpty)
        let id = try await system.transaction { db in try await queue.enqueue(job, in: db).id }
        #expect(try await stored(id).status == "PENDING")
    }

    @Test func `of many who enqueue with one key at once, one gets a new job`() async throws {
        let queue = queue
        let system = TestDatabase.current.system
        let job = try NewJob(for: Errand.self, payload: .init(name: "one"), dedupeKey: "scan:1")
        let enqueued = try await withThrowingTaskGroup(of: JobQueue.Enqueued.self) { group in
            for _ in 1...20 { group.addTask { try await queue.enqueue(job, in: system) } }
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(enqueued.count { $0.isNew } == 1)
        #expect(Set(enqueued.map(\.id)).count == 1)
    }

    @Test func `a key is free again when its job has ended`() async throws {
        let first = try await enqueue("one", key: "k")
        #expect(try await enqueue("two", key: "k") == first)
        try await running([makeWorker(Errand { _, _ in .done })]) { _ async throws in
            try await eventually { try await stored(first).status == "SUCCEEDED" }
        }
        #expect(try await enqueue("three", key: "k") != first)
    }

    @Test func `a company enqueues its own jobs, and sees no others`() async throws {
        let database = TestDatabase.current
        let queue = queue
        let companies = [try await database.makeCompany(), try await database.makeCompany()]
        for company in companies {
            let job = try NewJob(
                for: Errand.self, payload: .init(name: "one"), companyID: company.rawValue, dedupeKey: "scan:\(company)")
            try await database.tenant.transaction(for: company) { db async throws in
                #expect(try await queue.enqueue(job, in: db).isNew)
                #expect(try await !queue.enqueue(job, in: db).isNew)
            }
            let seen = try await database.tenant.query(for: company, "SELECT company_id FROM jobs", as: String.self)
            #expect(seen == [company.rawValue])
        }
    }

    @Test func `dead jobs are listed with their reason, and succeeded ones are swept`() async throws {
        let good = try await enqueue("good")
        let bad = try await enqueue("bad")
        try await running([makeWorker(Errand { name, _ in name == "good" ? .done : .givenUp(reason: "There is no such thing.") })]) {
            _ async throws in
            try await eventually {
                let statuses = [try await stored(good).status, try await stored(bad).status]
                return statuses == ["SUCCEEDED", "FAILED"]
            }
        }
        let dead = try await queue.dead(limit: 10)
        #expect(dead.map(\.id) == [bad])
        #expect(dead.first?.lastError == "There is no such thing.")
        #expect(try await queue.removeSucceeded(olderThan: .seconds(3600), in: TestDatabase.current.system) == 0)
        #expect(try await queue.removeSucceeded(olderThan: .zero, in: TestDatabase.current.system) == 1)
        #expect(try await queue.dead(limit: 10).count == 1)
    }
}
