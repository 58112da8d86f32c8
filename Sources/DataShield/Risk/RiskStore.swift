import Foundation
import Postgres

/// The SQL of scores.
struct RiskStore {
    let db: TenantTransaction

    /// What all scores of a company depend on.
    struct Basis: RowDecodable {
        var domain: String
        var weights: RiskWeights

        init(from row: inout Row) throws {
            domain = try row.next()
            weights = RiskWeights(override: try row.next(as: JSON<JSONValue>?.self)?.value)
        }
    }

    struct Person: RowDecodable {
        var id: EmployeeID
        var score: Int
        var exposure: EmployeeExposure

        init(from row: inout Row) throws {
            id = try row.next()
            score = try row.next()
            exposure = EmployeeExposure(
                records: try row.next(), latestDetection: try row.next(), hasSession: try row.next(), hasCriticalData: try row.next(),
                isOnCompanyDomain: try row.next(), openAlerts: try row.next())
        }
    }

    func basis() async throws -> Basis {
        guard let basis = try await db.first("SELECT domain, risk_weights FROM companies WHERE id = \(db.company)", as: Basis.self) else {
            throw Risk.Failure.noSuchEmployee
        }
        return basis
    }

    /// What the scores of some people depend on.
    func exposures(_ people: [EmployeeID], domain: String) async throws -> [Person] {
        try await exposures(where: "e.id = ANY(\(people)::text[])", domain: domain)
    }

    /// What the scores of some of the exposed people depend on: spread evenly, and the same ones each time.
    func sample(_ count: Int, domain: String) async throws -> [Person] {
        try await exposures(
            where: """
                e.id = ANY(ARRAY(
                    SELECT id FROM employees
                    WHERE company_id = \(db.company) AND record_count > 0 AND deactivated_at IS NULL
                    ORDER BY md5(id) LIMIT \(count)
                ))
                """, domain: domain)
    }

    private func exposures(where condition: SQL, domain: String) async throws -> [Person] {
        try await db.query(
            """
            SELECT e.id, e.risk_score, e.record_count, e.latest_detection_at, coalesce(r.session, false), coalesce(r.critical, false),
                split_part(e.email, '@', -1) = \(domain) OR right(e.email, \(domain.utf8.count + 1)::int) = '.' || \(domain),
                e.open_alert_count
            FROM employees e
            LEFT JOIN LATERAL (
                SELECT bool_or(artifacts && '{COOKIE,TOKEN}') AS session,
                    bool_or(exposed_data && \(DataType.criticalForRisk.sorted())::text[]) AS critical
                FROM breach_records WHERE company_id = e.company_id AND employee_id = e.id
            ) r ON e.record_count > 0
            WHERE e.company_id = \(db.company) AND \(condition)
            """, as: Person.self)
    }

    /// People with records, in the order of their ids.
    func exposedPeople(after id: EmployeeID?, limit: Int) async throws -> [EmployeeID] {
        try await db.query(
            """
            SELECT id FROM employees
            WHERE company_id = \(db.company) AND id > \(id?.rawValue ?? "") AND (record_count > 0 OR risk_score > 0)
            ORDER BY id LIMIT \(limit)
            """, as: EmployeeID.self)
    }

    /// Scores people anew and writes the scores that changed.
    func refresh(_ people: [EmployeeID], basis: Basis, now: Date) async throws -> Int {
        guard !people.isEmpty else { return 0 }
        var ids: [EmployeeID] = []
        var scores: [Int] = []
        for person in try await exposures(people, domain: basis.domain) {
            let score = RiskScore.employee(person.exposure, weights: basis.weights, now: now).score
            guard score != person.score else { continue }
            ids.append(person.id)
            scores.append(score)
        }
        guard !ids.isEmpty else { return 0 }
        return try await db.execute(
            """
            UPDATE employees e SET risk_score = s.score
            FROM unnest(\(ids)::text[], \(scores)::int[]) AS s (id, score)
            WHERE e.company_id = \(db.company) AND e.id = s.id
            """)
    }

    /// How many people there are, and how many of them have a record. Who has left is not counted.
    func population() async throws -> (people: Int, exposed: Int) {
        let rows = try await db.query(
            """
            SELECT coalesce(sum(people), 0)::bigint, coalesce(sum(exposed), 0)::bigint FROM department_counts WHERE company_id = \(db.company)
            """)
        guard var row = rows.first else { return (0, 0) }
        return (try row.next(), try row.next())
    }

    func companyExposure(now: Date) async throws -> CompanyExposure {
        let (people, exposed) = try await population()
        var exposure = CompanyExposure(employees: people, compromised: exposed)
        let open = try await db.query(
            """
            SELECT severity, sum(count)::bigint FROM alert_counts WHERE company_id = \(db.company) AND status = 'OPEN' GROUP BY severity
            """)
        for var row in open {
            switch try row.next(as: Severity.self) {
            case .critical: exposure.openCritical = try row.next()
            case .high: exposure.openHigh = try row.next()
            case .medium: exposure.openMedium = try row.next()
            case .low: break
            }
        }
        // Five are as many as count, and as many as are looked at.
        exposure.recentRecords =
            try await db.first(
                """
                SELECT count(*) FROM (
                    SELECT FROM breach_records r JOIN employees e ON e.company_id = r.company_id AND e.id = r.employee_id
                    WHERE r.company_id = \(db.company) AND r.detected_at >= \(now.addingTimeInterval(-30 * 86_400)) AND e.deactivated_at IS NULL
                    ORDER BY r.detected_at DESC LIMIT 5
                ) recent
                """, as: Int.self) ?? 0
        return exposure
    }
}
