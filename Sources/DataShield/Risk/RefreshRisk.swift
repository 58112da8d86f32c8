import Foundation
import Jobs
import Postgres

/// Brings all scores of a company up to date: each day, because recency decays, and after its weights have changed.
package struct RefreshRisk: JobHandler {
    package static let kind = "risk.refresh"
    /// Two at once would lock the same people.
    package static let share = 1

    package struct Payload: Codable, Sendable {
        package var company: CompanyID
    }

    private let risk: Risk

    package init(risk: Risk) { self.risk = risk }

    package func perform(_ payload: Payload, of job: Job) async throws -> JobOutcome {
        _ = try await risk.refreshAll(of: payload.company)
        return .done
    }

    /// Enqueues it for a company, in the transaction that changed the company's weights.
    package static func enqueue(for company: CompanyID, in db: some Queryable, _ queue: JobQueue) async throws {
        // Without a dedupe key: one that runs already may have read the former weights.
        try await queue.enqueue(try NewJob(for: RefreshRisk.self, payload: .init(company: company), companyID: company.rawValue), in: db)
    }

    /// Once a day for each company that has people.
    package static func schedule(_ queue: JobQueue, now: @escaping Now = { Date() }) -> ScheduledWork {
        ScheduledWork("risk scores due") { db in
            let day = Calendar.utc.startOfDay(for: now())
            let due = try await db.query(
                """
                SELECT c.id FROM companies c
                WHERE c.created_at < \(day)
                    AND NOT EXISTS (SELECT FROM jobs j WHERE j.company_id = c.id AND j.kind = \(kind) AND j.created_at >= \(day))
                    AND EXISTS (SELECT FROM employees e WHERE e.company_id = c.id AND e.record_count > 0)
                ORDER BY c.id LIMIT 100
                """, as: CompanyID.self)
            for company in due { try await enqueue(for: company, in: db, queue) }
        }
    }
}
