import Foundation
import Postgres

/// What a company's dashboard shows.
package struct Dashboards: Sendable {
    let database: TenantDatabase
    let now: Now
    static let listed = 8

    package init(database: TenantDatabase, now: @escaping Now = { Date() }) {
        self.database = database
        self.now = now
    }

    /// All of the dashboard at one moment. It costs the same at a hundred alerts and at a million: it reads counts that are kept, and the
    /// beginnings of indexes.
    package func summary(range: TimelineRange = .year, for subject: Subject) async throws -> DashboardSummary {
        let now = now()
        let company = subject.company
        return try await database.read(for: company) { db in
            let risk = try await Risk.company(in: db, now: now)
            let first = range.starts(until: now).first ?? now
            let rows = try await db.pipeline([
                Self.people(company), Self.alertCounts(company), Self.timeline(company, from: first), Self.coverage(company),
                Self.topEmployees(company), Self.departments(company), AlertStore.page(of: company, .init(), after: nil, limit: Self.listed),
                "SELECT last_scan_at FROM companies WHERE id = \(company)", RiskStore.population(of: company),
            ])
            let metrics = try rows[0].decoded(DashboardMetrics.self).first?.metrics
            let alerts = try rows[1].decoded(AlertCount.self)
            var open = DashboardSummary.SeverityCounts()
            var statuses = DashboardSummary.StatusCounts()
            for count in alerts {
                switch count.status {
                case .open:
                    open[count.severity] += count.count
                    statuses.open += count.count
                case .acknowledged: statuses.acknowledged += count.count
                case .resolved: statuses.resolved += count.count
                }
            }
            var summary = metrics ?? .init(people: 0, exposed: 0, records: 0, openAlerts: 0)
            summary.openAlerts = open.total
            if let population = try rows[8].decoded(RiskStore.Population.self).first {
                summary.asked = population.people - population.notAsked
                summary.exposedAsked = population.exposed - population.foundUnasked
            }
            let days = try rows[2].decoded(DayCount.self).map { ($0.day, $0.severity, $0.count) }
            return DashboardSummary(
                range: range, metrics: summary, risk: risk,
                coverage: .init(people: summary.people, providers: try rows[3].decoded(CoverageRow.self).map(\.provider)),
                timeline: range.bars(days, until: now), openAlerts: open, alertsByStatus: statuses,
                topEmployees: try rows[4].decoded(Employee.self).map { DashboardSummary.EmployeeAtRisk($0) },
                departments: try rows[5].decoded(DepartmentRow.self).map(\.exposure),
                recentAlerts: Array(try rows[6].decoded(AlertListing.self).prefix(Self.listed)),
                lastScanAt: try rows[7].decoded(Date?.self).first ?? nil)
        }
    }
}

// MARK: - Statements

extension Dashboards {
    static func people(_ company: CompanyID) -> SQL {
        """
        SELECT coalesce(sum(people), 0)::bigint, coalesce(sum(exposed), 0)::bigint, coalesce(sum(records), 0)::bigint,
            coalesce(sum(mfa_enabled), 0)::bigint, coalesce(sum(mfa_disabled), 0)::bigint, coalesce(sum(mfa_unknown), 0)::bigint,
            coalesce(sum(exposed_without_mfa), 0)::bigint
        FROM department_counts WHERE company_id = \(company)
        """
    }

    private static func alertCounts(_ company: CompanyID) -> SQL {
        "SELECT severity, status, sum(count)::bigint FROM alert_counts WHERE company_id = \(company) GROUP BY severity, status"
    }

    private static func timeline(_ company: CompanyID, from first: Date) -> SQL {
        """
        SELECT day, severity, sum(count)::bigint FROM alert_counts
        WHERE company_id = \(company) AND day >= (\(first) AT TIME ZONE 'UTC')::date
        GROUP BY day, severity HAVING sum(count) > 0
        """
    }

    /// The providers that the company has a key for, and those that have answered: an index gives the oldest answer of each.
    static func coverage(_ company: CompanyID) -> SQL {
        """
        SELECT p.provider, coalesce(c.exposed, 0)::bigint, coalesce(c.clean, 0)::bigint, coalesce(c.unknown, 0)::bigint,
            least(
                (SELECT min(checked_at) FROM provider_coverage
                    WHERE company_id = \(company) AND provider = p.provider AND outcome = 'EXPOSED'),
                (SELECT min(checked_at) FROM provider_coverage
                    WHERE company_id = \(company) AND provider = p.provider AND outcome = 'CLEAN'))
        FROM (SELECT provider FROM api_credentials WHERE company_id = \(company)
            UNION SELECT provider FROM coverage_counts WHERE company_id = \(company) AND people > 0 AND outcome <> 'UNKNOWN') p
        LEFT JOIN (
            SELECT provider, sum(people) FILTER (WHERE outcome = 'EXPOSED') AS exposed, sum(people) FILTER (WHERE outcome = 'CLEAN') AS clean,
                sum(people) FILTER (WHERE outcome = 'UNKNOWN') AS unknown
            FROM coverage_counts WHERE company_id = \(company) GROUP BY provider
        ) c ON c.provider = p.provider
        ORDER BY p.provider
        """
    }

    private static func topEmployees(_ company: CompanyID) -> SQL {
        """
        SELECT \(EmployeeStore.columns) FROM employees e
        WHERE e.company_id = \(company) AND \(RiskStore.score) > 0 AND e.deactivated_at IS NULL
        ORDER BY \(RiskStore.score) DESC, e.id DESC \(SQL.limit(listed))
        """
    }

    private static func departments(_ company: CompanyID) -> SQL {
        """
        SELECT nullif(d.department, ''), d.people, d.people - coalesce(n.people, 0)::bigint, d.exposed, d.exposed - coalesce(n.exposed, 0)::bigint
        FROM department_counts d LEFT JOIN (\(EmployeeStore.notAsked(of: company))) n ON n.department = d.department
        WHERE d.company_id = \(company) AND d.people > 0
        ORDER BY d.exposed DESC, d.people, d.department \(SQL.limit(listed))
        """
    }
}

// MARK: - Rows

/// Counts of people, as ``Dashboards/people(_:)`` gives them.
struct DashboardMetrics: RowDecodable {
    var metrics: DashboardSummary.Metrics

    init(from row: inout Row) throws {
        metrics = .init(
            people: try row.next(), exposed: try row.next(), records: try row.next(), openAlerts: 0, mfaEnabled: try row.next(),
            mfaDisabled: try row.next(), mfaUnknown: try row.next(), exposedWithoutMfa: try row.next())
    }
}

private struct AlertCount: RowDecodable {
    var severity: Severity
    var status: AlertStatus
    var count: Int

    init(from row: inout Row) throws {
        severity = try row.next()
        status = try row.next()
        count = try row.next()
    }
}

private struct DayCount: RowDecodable {
    var day: Date
    var severity: Severity
    var count: Int

    init(from row: inout Row) throws {
        day = try row.next()
        severity = try row.next()
        count = try row.next()
    }
}

/// A source's answers, as ``Dashboards/coverage(_:)`` gives them.
struct CoverageRow: RowDecodable {
    var provider: DashboardSummary.Coverage.Provider

    init(from row: inout Row) throws {
        provider = .init(
            provider: try row.next(), exposed: try row.next(), clean: try row.next(), unknown: try row.next(), oldestAnswerAt: try row.next())
    }
}

private struct DepartmentRow: RowDecodable {
    var exposure: DashboardSummary.DepartmentExposure

    init(from row: inout Row) throws {
        exposure = .init(
            department: try row.next(), people: try row.next(), asked: try row.next(), exposed: try row.next(), exposedAsked: try row.next())
    }
}

extension DashboardSummary.EmployeeAtRisk {
    init(_ employee: Employee) {
        id = employee.id
        name = employee.name
        email = employee.email.text
        department = employee.department
        isVip = employee.isVip
        riskScore = employee.riskScore
        riskLevel = employee.riskLevel
        recordCount = employee.recordCount
        openAlertCount = employee.openAlertCount
    }
}
