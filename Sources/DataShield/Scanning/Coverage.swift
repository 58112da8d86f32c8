import Foundation
import Postgres

/// How asking a provider about a person ended the last time.
package enum CoverageOutcome: String, NativeEnum {
    case exposed = "EXPOSED"
    /// The provider answered, and had nothing.
    case clean = "CLEAN"
    /// No answer: never "no exposure".
    case unknown = "UNKNOWN"
}

/// What one provider knows of one person.
package struct PersonCoverage: Sendable, Hashable, Codable, RowDecodable {
    package var provider: ApiProvider
    package var outcome: CoverageOutcome
    /// Why there is no answer.
    package var reason: String?
    package var checkedAt: Date?

    package init(provider: ApiProvider, outcome: CoverageOutcome, reason: String? = nil, checkedAt: Date? = nil) {
        self.provider = provider
        self.outcome = outcome
        self.reason = reason
        self.checkedAt = checkedAt
    }

    package init(from row: inout Row) throws {
        provider = try row.next()
        outcome = try row.next()
        reason = try row.next()
        checkedAt = try row.next()
    }
}

/// How much of a company one provider has answered about.
package struct ProviderCoverage: Sendable, Hashable, Codable {
    package var provider: ApiProvider
    /// All active people.
    package var people: Int
    package var exposed: Int
    package var clean: Int
    /// Not asked, or asked without an answer.
    package var unknown: Int
    /// The age of what is known: when the oldest answer was given.
    package var oldestAnswerAt: Date?
}

/// Who was asked about, and what is not known. "Clean" has to be earned.
package struct Coverage: Sendable {
    private let database: TenantDatabase

    package init(database: TenantDatabase) { self.database = database }

    /// The coverage of a person: each provider that the company has a key for, and each that has answered before.
    package func person(_ id: EmployeeID, for subject: Subject) async throws -> [PersonCoverage] {
        try await database.read(for: subject.company) { db in
            let known = try await db.query(
                """
                SELECT provider, outcome, reason, checked_at FROM provider_coverage
                WHERE company_id = \(db.company) AND employee_id = \(id) ORDER BY provider
                """, as: PersonCoverage.self)
            let keys = try await CredentialStore(db: db).list().map(\.provider)
            let missing = keys.filter { key in !known.contains { $0.provider == key } }
            return known + missing.map { PersonCoverage(provider: $0, outcome: .unknown, reason: "Not asked yet.") }
        }
    }

    /// The coverage of the company: each provider that it has a key for, or that has answered.
    package func company(for subject: Subject) async throws -> [ProviderCoverage] {
        try await database.read(for: subject.company) { db in
            let people =
                try await db.first(
                    "SELECT coalesce(sum(people), 0)::bigint FROM department_counts WHERE company_id = \(db.company)", as: Int.self) ?? 0
            let keys = try await CredentialStore(db: db).list().map(\.provider)
            let rows = try await db.query(
                "SELECT provider, outcome, people FROM coverage_counts WHERE company_id = \(db.company) AND people > 0")
            var all: [ApiProvider: ProviderCoverage] = [:]
            for key in keys { all[key] = ProviderCoverage(provider: key, people: people, exposed: 0, clean: 0, unknown: 0) }
            for var row in rows {
                let provider = try row.next(as: ApiProvider.self)
                let outcome = try row.next(as: CoverageOutcome.self)
                var coverage = all[provider] ?? ProviderCoverage(provider: provider, people: people, exposed: 0, clean: 0, unknown: 0)
                switch outcome {
                case .exposed: coverage.exposed = try row.next()
                case .clean: coverage.clean = try row.next()
                case .unknown: break
                }
                all[provider] = coverage
            }
            var result: [ProviderCoverage] = []
            for provider in ApiProvider.allCases {
                guard var coverage = all[provider] else { continue }
                coverage.unknown = max(0, people - coverage.exposed - coverage.clean)
                coverage.oldestAnswerAt = try await oldest(provider, in: db)
                result.append(coverage)
            }
            return result
        }
    }

    private func oldest(_ provider: ApiProvider, in db: TenantTransaction) async throws -> Date? {
        // One look at the beginning of an index per outcome.
        var dates: [Date] = []
        for outcome in [CoverageOutcome.exposed, .clean] {
            let date = try await db.first(
                """
                SELECT checked_at FROM provider_coverage
                WHERE company_id = \(db.company) AND provider = \(provider) AND outcome = \(outcome) ORDER BY checked_at LIMIT 1
                """, as: Date.self)
            if let date { dates.append(date) }
        }
        return dates.min()
    }
}

/// The SQL of coverage.
struct CoverageStore {
    let db: TenantTransaction

    struct Answer {
        var employee: EmployeeID
        var outcome: CoverageOutcome
        var reason: String?
    }

    /// Keeps how asking about people ended. Who was deleted meanwhile is passed over.
    func write(_ answers: [Answer], provider: ApiProvider, marker: String?, at now: Date) async throws {
        guard !answers.isEmpty else { return }
        let answers = answers.sorted { $0.employee < $1.employee }
        let answered = answers.filter { $0.outcome != .unknown }.map(\.employee)
        _ = try await db.pipeline([
            """
            INSERT INTO provider_coverage AS c (company_id, employee_id, provider, outcome, reason, checked_at, catalogue_marker)
            SELECT \(db.company), e.id, \(provider)::api_provider, a.outcome::coverage_outcome, a.reason, \(now)::timestamptz,
                CASE WHEN a.outcome <> 'UNKNOWN' THEN \(marker)::text END
            FROM unnest(\(answers.map(\.employee))::text[], \(answers.map(\.outcome.rawValue))::text[], \(answers.map(\.reason))::text[])
                AS a (employee_id, outcome, reason)
            JOIN employees e ON e.company_id = \(db.company) AND e.id = a.employee_id
            ORDER BY e.id
            ON CONFLICT (company_id, employee_id, provider) DO UPDATE SET outcome = excluded.outcome, reason = excluded.reason,
                checked_at = excluded.checked_at, catalogue_marker = excluded.catalogue_marker
            """,
            """
            UPDATE employees SET last_checked_at = \(now) WHERE company_id = \(db.company) AND id = ANY(\(answered)::text[])
            """,
        ])
    }

    /// Makes everybody unknown who is still to be asked about.
    /// - Returns: how many.
    func writeUnknown(_ due: DuePeople, reason: String, at now: Date) async throws -> Int {
        try await db.execute(
            """
            INSERT INTO provider_coverage AS c (company_id, employee_id, provider, outcome, reason, checked_at)
            SELECT e.company_id, e.id, \(due.provider)::api_provider, 'UNKNOWN', \(reason)::text, \(now)::timestamptz
            FROM employees e \(due.condition(in: db.company))
            ORDER BY e.id
            ON CONFLICT (company_id, employee_id, provider) DO UPDATE SET outcome = excluded.outcome, reason = excluded.reason,
                checked_at = excluded.checked_at, catalogue_marker = NULL
            """)
    }
}
