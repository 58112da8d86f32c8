import Foundation
import JSON
import Postgres

/// The SQL of scores. The rule itself is also in the schema (`risk_parts`, `refresh_scores`), which keeps the stored scores.
struct RiskStore {
    let db: TenantTransaction

    /// The score to sort and select people `e` by: who has none is behind all who have one. As the index has it.
    static let score: SQL = "coalesce(e.risk_score, -1)"

    /// What all scores of a company depend on.
    struct Basis: RowDecodable {
        var domain: String
        var weights: RiskWeights

        init(from row: inout Row) throws {
            domain = try row.next()
            weights = RiskWeights(override: try row.next(as: JSON<JSONValue>?.self)?.value)
        }
    }

    func basis() async throws -> Basis {
        guard let basis = try await db.first("SELECT domain, risk_weights FROM companies WHERE id = \(db.company)", as: Basis.self) else {
            throw Risk.Failure.noSuchEmployee
        }
        return basis
    }

    // MARK: People

    private struct Person: RowDecodable {
        var exposure: EmployeeExposure
        var isActive: Bool

        init(from row: inout Row) throws {
            exposure = EmployeeExposure(
                isAsked: try row.next(), isOnCompanyDomain: try row.next(), liveAlerts: try row.next(), alertsAlone: try row.next())
            exposure.directory = try row.next()
            isActive = try row.next()
        }
    }

    private struct Finding: RowDecodable {
        var finding: RiskFinding

        init(from row: inout Row) throws {
            finding = RiskFinding(
                weight: try row.next(), sessionWeight: try row.next(), isSessionNamed: try row.next(), isCritical: try row.next(),
                isPermanent: try row.next(), date: try row.next(), dateKind: RiskFinding.DateKind(rawValue: try row.next()) ?? .detected, endedBy: [],
                detectedAt: try row.next())
            if try row.next(as: Bool.self) { finding.endedBy.insert(.forcePasswordReset) }
            if try row.next(as: Bool.self) { finding.endedBy.insert(.revokeSessions) }
        }
    }

    /// What the score of one person depends on, finding by finding, and whether they are active; nil when there is no such person.
    func exposure(_ id: EmployeeID, domain: String) async throws -> (exposure: EmployeeExposure, isActive: Bool)? {
        let person = try await db.first(
            """
            SELECT e.is_asked, split_part(e.email, '@', -1) = \(domain) OR right(e.email, \(domain.utf8.count + 1)::int) = '.' || \(domain),
                count(a.id), count(a.id) FILTER (WHERE a.state IS NULL),
                (SELECT d.type FROM directory_connections d WHERE d.company_id = e.company_id AND d.id = e.source_connection_id),
                e.deactivated_at IS NULL
            FROM employees e
            LEFT JOIN alerts a ON a.company_id = e.company_id AND a.employee_id = e.id AND a.status <> 'RESOLVED'
                AND alert_weight(a.state, a.certainty) > 0
            WHERE e.company_id = \(db.company) AND e.id = \(id)
            GROUP BY e.company_id, e.id
            """, as: Person.self)
        guard var person else { return nil }
        person.exposure.findings = try await db.query(
            """
            SELECT finding_weight(r.state, r.certainty), session_weight(r, e), coalesce(r.credentials[1] <= 'TOKEN', false),
                r.exposed_data && \(DataType.criticalForRisk.sorted())::text[] OR 'PASSWORD' = ANY (r.artifacts),
                r.exposed_data && \(DataType.unchangeable.sorted())::text[],
                coalesce(r.captured_at, b.breach_date::timestamp AT TIME ZONE 'UTC', r.detected_at),
                CASE WHEN r.captured_at IS NOT NULL THEN 'captured' WHEN b.breach_date IS NOT NULL THEN 'breached' ELSE 'detected' END,
                r.detected_at,
                (r.withholds_credentials OR coalesce(r.credentials[cardinality(r.credentials)] > 'TOKEN', false))
                    AND NOT coalesce(e.password_changed_at > r.exposed_before, false),
                (r.withholds_credentials AND r.is_from_malware OR coalesce(r.credentials[1] <= 'TOKEN', false))
                    AND NOT coalesce(e.sessions_valid_from > r.exposed_before, false)
            FROM breach_records r
            JOIN breaches b ON b.id = r.breach_id
            JOIN employees e ON e.company_id = r.company_id AND e.id = r.employee_id
            WHERE r.company_id = \(db.company) AND r.employee_id = \(id)
            ORDER BY r.id
            """, as: Finding.self
        ).map(\.finding)
        return (person.exposure, person.isActive)
    }

    private struct SampledParts: RowDecodable {
        var parts: RiskParts

        init(from row: inout Row) throws {
            parts = RiskParts(
                session: try row.next(), recency: try row.next(), criticalData: try row.next(), domainMatch: try row.next(),
                openAlerts: try row.next(), breaches: try row.next())
        }
    }

    /// What the scores of some of the people with a record are made of: spread evenly, and the same ones each time.
    func sample(_ count: Int, now: Date) async throws -> [RiskParts] {
        try await db.query(
            """
            SELECT p.session, p.recency, p.critical_data, p.domain_match, p.open_alerts, p.breaches
            FROM risk_parts(
                array_fill(\(db.company)::text, ARRAY[\(count)::int]),
                ARRAY(
                    SELECT id::text FROM employees
                    WHERE company_id = \(db.company) AND record_count > 0 AND deactivated_at IS NULL
                    ORDER BY md5(id) LIMIT \(count)
                ), \(now)) AS p
            """, as: SampledParts.self
        ).map(\.parts)
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
    func refresh(_ people: [EmployeeID], now: Date) async throws -> Int {
        guard !people.isEmpty else { return 0 }
        return try await db.first(
            "SELECT refresh_scores(array_fill(\(db.company)::text, ARRAY[\(people.count)::int]), \(people)::text[], \(now))", as: Int.self) ?? 0
    }

    // MARK: The company

    /// How many active people there are, how many of them have a record, and of how many nothing is known: nobody has answered about them,
    /// and no file has them.
    struct Population: RowDecodable {
        var people: Int
        var exposed: Int
        var weightTenths: Int
        var notAsked: Int
        var foundUnasked: Int
        var weightTenthsUnasked: Int

        init(from row: inout Row) throws {
            people = try row.next()
            exposed = try row.next()
            weightTenths = try row.next()
            notAsked = try row.next()
            foundUnasked = try row.next()
            weightTenthsUnasked = try row.next()
        }

        /// People with a score.
        var known: Int { people - notAsked + foundUnasked }
    }

    static func population(of company: CompanyID) -> SQL {
        """
        SELECT d.people, d.exposed, d.risk_weight, n.people, n.exposed, n.risk_weight
        FROM (
            SELECT coalesce(sum(people), 0)::bigint AS people, coalesce(sum(exposed), 0)::bigint AS exposed,
                coalesce(sum(risk_weight), 0)::bigint AS risk_weight
            FROM department_counts WHERE company_id = \(company)
        ) d, (
            SELECT count(*) AS people, count(*) FILTER (WHERE record_count > 0) AS exposed, coalesce(sum(risk_weight), 0)::bigint AS risk_weight
            FROM employees WHERE company_id = \(company) AND NOT is_asked AND deactivated_at IS NULL
        ) n
        """
    }

    func population() async throws -> Population? { try await db.first(Self.population(of: db.company), as: Population.self) }

    private struct WeighedAlerts: RowDecodable {
        var severity: Severity
        var tenths: Int
        var count: Int

        init(from row: inout Row) throws {
            severity = try row.next()
            tenths = try row.next()
            count = try row.next()
        }

        static func all(_ rows: [WeighedAlerts]) -> AlertWeights {
            var weights = AlertWeights()
            for row in rows {
                if row.tenths == 10 { weights[row.severity].certain += row.count } else { weights[row.severity].uncertain += row.count }
            }
            return weights
        }
    }

    func companyExposure(now: Date) async throws -> CompanyExposure {
        guard let population = try await population() else { return CompanyExposure(asked: 0) }
        let alerts = try await db.query(
            """
            SELECT severity, alert_weight(state), sum(count)::bigint FROM alert_state_counts
            WHERE company_id = \(db.company) AND status <> 'RESOLVED' AND count > 0 AND alert_weight(state) > 0
            GROUP BY 1, 2
            """, as: WeighedAlerts.self)
        return CompanyExposure(
            asked: population.people - population.notAsked, weightTenths: population.weightTenths - population.weightTenthsUnasked,
            alerts: WeighedAlerts.all(alerts), recentFindings: population.weightTenths > 0 ? try await recentFindings(now: now) : 0,
            notAsked: population.notAsked,
            foundUnasked: population.foundUnasked)
    }

    /// Five are as many as count, and as many as are looked at.
    private func recentFindings(but employee: EmployeeID? = nil, now: Date) async throws -> Int {
        try await db.first(
            """
            SELECT count(*) FROM (
                SELECT FROM breach_records r JOIN employees e ON e.company_id = r.company_id AND e.id = r.employee_id
                WHERE r.company_id = \(db.company) AND r.detected_at >= \(now.addingTimeInterval(-30 * 86_400)) AND r.state IN ('LIVE', 'UNKNOWN')
                    AND e.risk_weight > 0 AND e.deactivated_at IS NULL AND e.id IS DISTINCT FROM \(employee)::text
                ORDER BY r.detected_at DESC LIMIT 5
            ) recent
            """, as: Int.self) ?? 0
    }

    private struct Worst: RowDecodable {
        var id: EmployeeID
        var name: String
        var isAsked: Bool
        var weightTenths: Int

        init(from row: inout Row) throws {
            id = try row.next()
            name = PersonName.of(first: try row.next(), last: try row.next(), email: try row.next())
            isAsked = try row.next()
            weightTenths = try row.next()
        }
    }

    /// Who would be helped first: the active person of the highest score with something that may still work; nil when there is nobody.
    func nextStep(domain: String, now: Date) async throws -> CompanyNextStep? {
        let worst = try await db.first(
            """
            SELECT e.id, e.first_name, e.last_name, e.email, e.is_asked, e.risk_weight FROM employees e
            WHERE e.company_id = \(db.company) AND \(Self.score) > 0 AND e.risk_weight > 0 AND e.deactivated_at IS NULL
            ORDER BY \(Self.score) DESC, e.id DESC LIMIT 1
            """, as: Worst.self)
        guard let worst, let known = try await exposure(worst.id, domain: domain) else { return nil }
        guard let step = known.exposure.nextStep else { return nil }
        let after = known.exposure.after(step)
        let worstAfter = after.findings.map(\.weight).max() ?? 0
        let recent = after.findings.count { finding in
            finding.weight > 0 && finding.detectedAt.map { $0 >= now.addingTimeInterval(-30 * 86_400) } ?? false
        }
        let alerts = try await db.query(
            """
            SELECT severity, alert_weight(state, certainty), count(*) FROM alerts
            WHERE company_id = \(db.company) AND employee_id = \(worst.id) AND status <> 'RESOLVED' AND alert_weight(state, certainty) > 0
                AND (state IS NOT NULL OR \(!step.isTold))
            GROUP BY 1, 2
            """, as: WeighedAlerts.self)
        return CompanyNextStep(
            employee: worst.id, name: worst.name, isAsked: worst.isAsked,
            weightTenths: worst.weightTenths - Int((10 * worstAfter).rounded()), alerts: WeighedAlerts.all(alerts),
            recentLeft: min(5, try await recentFindings(but: worst.id, now: now) + recent), step: step)
    }
}
