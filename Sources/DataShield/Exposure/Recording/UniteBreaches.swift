import Foundation
import Jobs
import Postgres

/// Makes one of what a company has twice, after the catalogue has changed, and after an upgrade that reads names otherwise: one breach of two,
/// and one alert of several about one person in one breach. Then it brings alerts in line with what the catalogue flags.
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
        var key = ""
        try await repeatedly {
            let after = key
            let (isThere, next) = try await database.transaction(for: company) { db in
                var key = after
                let isThere = try await BreachUnion(db: db, now: now(), step: people).takeStep(after: &key)
                return (isThere, key)
            }
            key = next
            return isThere
        }
        try await repeatedly {
            try await database.transaction(for: company) { db in try await BreachUnion(db: db, now: now(), step: people).uniteAlerts() }
        }
        try await repeatedly {
            try await database.transaction(for: company) { db in try await FlaggedAlerts(db: db, now: now(), step: people).takeStep() }
        }
    }

    /// Takes steps until there is none to take.
    private func repeatedly(_ step: () async throws -> Bool) async throws {
        var isThere = true
        while isThere {
            try Task.checkCancellation()
            isThere = try await step()
        }
    }

    /// Enqueues it for a company, in the transaction that has written the catalogue.
    static func enqueue(for company: CompanyID, in db: some Queryable, _ queue: JobQueue) async throws {
        // Without a dedupe key: one that runs already may be past what the catalogue has only now.
        let job = try NewJob(for: UniteBreaches.self, payload: .init(company: company), companyID: company.rawValue, maxAttempts: 20)
        try await queue.enqueue(job, in: db)
    }
}
