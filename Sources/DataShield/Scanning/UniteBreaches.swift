import Foundation
import Jobs
import Postgres

/// Makes one breach of two, after the catalogue has taken in what a company knew as its own: what it had of it goes to the catalogue's.
///
/// Some hundred people at a time, each time in a transaction of its own; left at any moment, it goes on where it was.
package struct UniteBreaches: JobHandler {
    package static let kind = "breaches.unite"

    package struct Payload: Codable, Sendable {
        package var company: CompanyID
    }

    private let database: TenantDatabase
    private let now: Now

    package init(database: TenantDatabase, now: @escaping Now = { Date() }) {
        self.database = database
        self.now = now
    }

    package func perform(_ payload: Payload, of job: Job) async throws -> JobOutcome {
        try await perform(for: payload.company)
        return .done
    }

    /// What the job does; for tests, which have none.
    func perform(for company: CompanyID, people: Int = BreachUnion.usualStep) async throws {
        let now = now
        var isDone = false
        while !isDone {
            try Task.checkCancellation()
            isDone = try await database.transaction(for: company) { db in
                try await !BreachUnion(db: db, now: now(), step: people).takeStep()
            }
        }
    }

    /// Enqueues it for a company, in the transaction that has written the catalogue.
    static func enqueue(for company: CompanyID, in db: some Queryable, _ queue: JobQueue) async throws {
        // Without a dedupe key: one that runs already may be past what the catalogue has only now.
        let job = try NewJob(for: UniteBreaches.self, payload: .init(company: company), companyID: company.rawValue, maxAttempts: 20)
        try await queue.enqueue(job, in: db)
    }
}
