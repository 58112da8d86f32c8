import Foundation
import Postgres

/// Whom remediation is about, and whom it never touches.
extension RemediationStore {
    func people(_ ids: [EmployeeID]) async throws -> [RemediationPerson] {
        try await db.query(
            """
            SELECT e.id, e.email, e.first_name, e.last_name, e.source_connection_id, e.external_id, (
                SELECT p.reason FROM protected_people p
                WHERE p.company_id = e.company_id AND (p.employee_id = e.id OR p.email = e.email
                    OR (p.connection_id = e.source_connection_id AND p.external_id = e.external_id)) LIMIT 1)
            FROM employees e WHERE e.company_id = \(db.company) AND e.id = ANY(\(ids)) ORDER BY e.id
            """, as: RemediationPerson.self)
    }

    /// Whom alerts are about. Alerts that are not there, or another company's, are left out.
    func peopleOfAlerts(_ ids: [AlertID]) async throws -> [AlertID: AlertHolder] {
        let found = try await db.query(
            "SELECT id, employee_id FROM alerts WHERE company_id = \(db.company) AND id = ANY(\(ids))", as: AlertPerson.self)
        return Dictionary(uniqueKeysWithValues: found.map { ($0.alert, $0.person.map { .person($0) } ?? .nobody) })
    }

    private struct AlertPerson: RowDecodable {
        let alert: AlertID
        let person: EmployeeID?

        init(from row: inout Row) throws {
            alert = try row.next()
            person = try row.next()
        }
    }

    func protectedPeople() async throws -> [ProtectedPerson] {
        try await db.query(
            """
            SELECT p.employee_id, p.email, e.first_name, e.last_name, p.reason, p.protected_by, p.created_at
            FROM protected_people p LEFT JOIN employees e ON e.company_id = p.company_id AND e.id = p.employee_id
            WHERE p.company_id = \(db.company) ORDER BY p.created_at, p.employee_id LIMIT 1000
            """, as: ProtectedPerson.self)
    }

    func protect(_ person: RemediationPerson, reason: String, by name: String?, at now: Date) async throws {
        try await db.execute(
            """
            INSERT INTO protected_people (company_id, employee_id, email, connection_id, external_id, reason, protected_by, created_at)
            VALUES (\(db.company), \(person.id), \(person.email), \(person.connection),
                \(person.connection == nil ? nil : person.externalId), \(reason), \(name), \(now))
            ON CONFLICT (company_id, employee_id) DO UPDATE
                SET email = excluded.email, connection_id = excluded.connection_id, external_id = excluded.external_id,
                    reason = excluded.reason, protected_by = excluded.protected_by
            """)
    }

    /// Whose an account is.
    struct Owner: RowDecodable {
        /// Why it is protected; nil when it is not.
        var protection: String?
        /// Whether it stands for another person of the staff list.
        var isSomebodyElse: Bool

        init(from row: inout Row) throws {
            protection = try row.next()
            isSomebodyElse = try row.next()
        }
    }

    func owner(ofAccount id: String, in connection: DirectoryConnectionID, besides person: EmployeeID) async throws -> Owner {
        let owners = try await db.query(
            """
            SELECT (
                SELECT reason FROM protected_people WHERE company_id = \(db.company) AND connection_id = \(connection) AND external_id = \(id) LIMIT 1
            ), EXISTS (
                SELECT FROM employees
                WHERE company_id = \(db.company) AND source_connection_id = \(connection) AND external_id = \(id) AND id <> \(person))
            """, as: Owner.self)
        guard let owner = owners.first else { throw Remediation.Failure.notFound }
        return owner
    }

    func unprotect(_ person: EmployeeID) async throws -> ProtectedPerson? {
        try await db.first(
            """
            DELETE FROM protected_people p WHERE p.company_id = \(db.company) AND p.employee_id = \(person)
            RETURNING p.employee_id, p.email, NULL::text, NULL::text, p.reason, p.protected_by, p.created_at
            """, as: ProtectedPerson.self)
    }

    /// The person with an address.
    func person(at address: String) async throws -> EmployeeID? {
        try await db.first("SELECT id FROM employees WHERE company_id = \(db.company) AND email = \(address)", as: EmployeeID.self)
    }

    /// The address of a user, which is how the log names them.
    func address(of user: UserID?) async throws -> String? {
        guard let user else { return nil }
        return try await db.first("SELECT email FROM users WHERE company_id = \(db.company) AND id = \(user)", as: String.self)
    }
}
