import Foundation
import Postgres

/// The SQL of the `employees` table.
struct EmployeeStore {
    let db: TenantTransaction

    init(_ db: TenantTransaction) { self.db = db }

    static let columns: SQL = """
        e.id, e.email, e.first_name, e.last_name, e.department, e.title, e.is_vip, e.mfa_enabled, e.source_connection_id, e.external_id, \
        e.deactivated_at, e.last_checked_at, e.risk_score, e.is_asked, e.record_count, e.open_alert_count, e.latest_detection_at, e.created_at, e.updated_at, \
        \(EmployeeAddresses.column)
        """

    /// One page of a list, and one row more when there is one.
    static func page(
        of company: CompanyID, _ filter: EmployeeFilter, sort: EmployeeSort, after cursor: EmployeeCursor?, limit: Int
    ) throws -> SQL {
        var condition = filter.condition(for: company)
        if let cursor { condition = try "\(condition) AND \(cursor.condition(for: sort))" }
        let order: SQL =
            switch sort {
            case .name: "e.last_name, e.first_name, e.id"
            case .risk: "\(RiskStore.score) DESC, e.id DESC"
            case .newest: "e.id DESC"
            }
        return "SELECT \(columns) FROM employees e WHERE \(condition) ORDER BY \(order) \(SQL.limit(limit + 1))"
    }

    static func one(_ id: EmployeeID, of company: CompanyID) -> SQL {
        "SELECT \(columns) FROM employees e WHERE e.company_id = \(company) AND e.id = \(id)"
    }

    /// The departments by name, with how many active people each has.
    static func departments(of company: CompanyID) -> SQL {
        """
        SELECT d.department, d.people, d.exposed, coalesce(n.people, 0)::bigint FROM department_counts d
        LEFT JOIN (\(notAsked(of: company))) n ON n.department = d.department
        WHERE d.company_id = \(company) AND d.department <> '' AND d.people > 0 ORDER BY d.department
        """
    }

    /// By department ('' for none) the active people about whom nobody has answered, and what is known of them all the same.
    static func notAsked(of company: CompanyID) -> SQL {
        """
        SELECT coalesce(department, '') AS department, count(*) AS people, count(*) FILTER (WHERE record_count > 0) AS exposed,
            count(*) FILTER (WHERE NOT mfa_enabled) AS without_mfa
        FROM employees WHERE company_id = \(company) AND NOT is_asked AND deactivated_at IS NULL GROUP BY 1
        """
    }

    func find(_ id: EmployeeID, locking: Bool = false) async throws -> Employee? {
        let lock: SQL = locking ? " FOR UPDATE" : ""
        return try await db.first("\(Self.one(id, of: db.company))\(lock)", as: Employee.self)
    }

    /// - Returns: nil when the company has somebody with this address.
    func insert(_ details: EmployeeDetails) async throws -> Employee? {
        try await db.first(
            """
            INSERT INTO employees AS e (id, company_id, email, first_name, last_name, department, title, is_vip, mfa_enabled, external_id)
            VALUES (\(EmployeeID()), \(db.company), \(details.email.text), \(details.firstName), \(details.lastName), \(details.department),
                \(details.title), \(details.isVip), \(details.mfaEnabled), \(details.externalId))
            ON CONFLICT (company_id, email) DO NOTHING
            RETURNING \(Self.columns)
            """, as: Employee.self)
    }

    /// Times of an account, for an UPDATE that may name another one: what is known of one account says nothing of another.
    static func times(ofAccount externalId: SQL) -> SQL {
        """
        password_changed_at = CASE WHEN e.external_id IS NOT DISTINCT FROM \(externalId) THEN e.password_changed_at END,
            sessions_valid_from = CASE WHEN e.external_id IS NOT DISTINCT FROM \(externalId) THEN e.sessions_valid_from END
        """
    }

    /// Writes what a person decides about an employee.
    func save(_ employee: Employee) async throws -> Employee? {
        try await db.first(
            """
            UPDATE employees AS e SET email = \(employee.email.text), first_name = \(employee.firstName), last_name = \(employee.lastName),
                department = \(employee.department), title = \(employee.title), is_vip = \(employee.isVip), mfa_enabled = \(employee.mfaEnabled),
                external_id = \(employee.externalId), deactivated_at = \(employee.deactivatedAt),
                deactivation_reason = CASE WHEN e.deactivated_at IS NULL THEN 'HAND' ELSE e.deactivation_reason END,
                \(Self.times(ofAccount: "\(employee.externalId)::text"))
            WHERE e.company_id = \(db.company) AND e.id = \(employee.id)
            RETURNING \(Self.columns)
            """, as: Employee.self)
    }

    func delete(_ id: EmployeeID) async throws {
        try await db.execute("DELETE FROM employees WHERE company_id = \(db.company) AND id = \(id)")
    }
}

extension Employee: RowDecodable {
    package init(from row: inout Row) throws {
        id = try row.next()
        email = EmailAddress(stored: try row.next())
        firstName = try row.next()
        lastName = try row.next()
        department = try row.next()
        title = try row.next()
        isVip = try row.next()
        mfaEnabled = try row.next()
        sourceConnectionId = try row.next()
        externalId = try row.next()
        deactivatedAt = try row.next()
        lastCheckedAt = try row.next()
        riskScore = try row.next()
        isAsked = try row.next()
        recordCount = try row.next()
        openAlertCount = try row.next()
        latestDetectionAt = try row.next()
        createdAt = try row.next()
        updatedAt = try row.next()
        aliases = try row.next()
    }
}

/// A department and its people, as the filter of a list offers it.
package struct DepartmentCount: Codable, Sendable, Hashable, RowDecodable {
    package var department: String
    package var people: Int
    package var exposed: Int
    /// Of the people those about whom nobody has answered: who of them is not exposed is not clean.
    package var notAsked: Int

    package init(from row: inout Row) throws {
        department = try row.next()
        people = try row.next()
        exposed = try row.next()
        notAsked = try row.next()
    }
}
