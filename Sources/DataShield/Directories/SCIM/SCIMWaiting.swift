import Foundation
import Postgres

/// Puts on the staff list, or in the place of who has left, people whom a directory pushed as active and who had to wait, because somebody of
/// this directory or of another one had their address: nobody who is active in a directory stays unwatched because of somebody who is not.
///
/// Whoever runs it holds the employees already, so that resources are locked only where nobody else has them.
struct SCIMWaiting: Sendable {
    let db: TenantTransaction
    let now: Date

    /// Somebody who waits, and for which directory.
    private struct Candidate: RowDecodable {
        let resource: SCIMResource
        let connection: DirectoryConnectionID
        let connectionName: String

        init(from row: inout Row) throws {
            resource = try SCIMResource(from: &row)
            connection = try row.next()
            connectionName = try row.next()
        }

        var actor: Subject.Actor { .directory(connection, name: connectionName) }
    }

    /// Somebody who was put on the list, as they were and as they are.
    struct Admitted: Sendable {
        let before: SCIMResource
        let after: SCIMResource
        let person: ProvisionedPerson
        /// The directory that pushed them.
        let actor: Subject.Actor
    }

    private static let columns: SQL = "\(SCIMResource.columns), d.id, d.name"
    private static let isWaiting: SQL = "r.kind = 'USER' AND r.employee_id IS NULL AND r.body ->> 'active' = 'true'"

    /// Puts on the list the first of those who wait for an address: of the directory that has let it go, then of the company's others.
    /// - Returns: nil when nobody waits.
    func admit(_ address: EmailAddress, of connection: DirectoryConnectionID) async throws -> Admitted? {
        // Who is about to wait holds the employee until they do: awaited, they are seen.
        try await db.execute(people(of: connection).lock(nil, address))
        let candidates = try await db.query(
            """
            SELECT \(Self.columns) FROM scim_resources r
            JOIN directory_connections d ON d.company_id = r.company_id AND d.id = r.connection_id
            WHERE r.company_id = \(db.company) AND \(Self.isWaiting) AND r.id IN (
                    SELECT a.resource_id FROM directory_connections c
                    JOIN scim_addresses a ON a.company_id = c.company_id AND a.connection_id = c.id
                    WHERE c.company_id = \(db.company) AND c.type = 'SCIM' AND a.address = \(address.text)
                    UNION ALL SELECT n.id FROM directory_connections c
                    JOIN scim_resources n ON n.company_id = c.company_id AND n.connection_id = c.id
                    WHERE c.company_id = \(db.company) AND c.type = 'SCIM' AND n.kind = 'USER' AND n.name = \(address.text))
            ORDER BY r.connection_id <> \(connection), r.id LIMIT 50 FOR NO KEY UPDATE OF r SKIP LOCKED
            """, as: Candidate.self)
        for candidate in candidates where SCIMPerson(candidate.resource.attributes).person.email == address {
            if let found = try await admit(candidate) { return found }
        }
        return nil
    }

    /// Puts on the list those who wait for an address whose person was deactivated by a directory that is asked rather than pushes.
    func admitAll() async throws -> [Admitted] {
        let candidates = try await db.query(
            """
            SELECT \(Self.columns) FROM scim_resources r
            JOIN directory_connections d ON d.company_id = r.company_id AND d.id = r.connection_id
            WHERE r.company_id = \(db.company) AND \(Self.isWaiting) AND r.problem = \(EmployeeProvisioning.Problem.otherDirectory) AND (
                EXISTS (
                    SELECT FROM scim_addresses a JOIN employees e ON e.company_id = a.company_id AND e.email = a.address
                    WHERE a.company_id = r.company_id AND a.resource_id = r.id AND e.deactivated_at IS NOT NULL)
                OR EXISTS (
                    SELECT FROM employees e
                    WHERE e.company_id = r.company_id AND e.email = r.name AND e.deactivated_at IS NOT NULL))
            ORDER BY r.id \(SQL.limit(Self.most)) FOR NO KEY UPDATE OF r SKIP LOCKED
            """, as: Candidate.self)
        guard !candidates.isEmpty else { return [] }
        // Employees are locked in the order of their ids by everybody.
        let addresses = candidates.compactMap { SCIMPerson($0.resource.attributes).person.email?.text }
        try await db.execute(
            """
            SELECT FROM employees e WHERE e.company_id = \(db.company) AND e.email = ANY (\(addresses)::text[]) ORDER BY e.id FOR NO KEY UPDATE
            """)
        var admitted: [Admitted] = []
        for candidate in candidates {
            if let found = try await admit(candidate) { admitted.append(found) }
        }
        return admitted
    }

    /// How many a sync brings back at most: the rest is found by the next.
    private static let most = 1_000

    private func admit(_ candidate: Candidate) async throws -> Admitted? {
        let (before, store, people) = (candidate.resource, SCIMStore(db, candidate.connection), people(of: candidate.connection))
        let group = try await store.groupDepartment(of: before.id, after: people.lock(nil, SCIMPerson(before.attributes).person.email))
        let told = SCIMPerson(before.attributes, groupDepartment: group)
        let person = told.person
        let outcome = try await people.plan(person, linked: nil) { try await store.hold(on: $0, besides: before.id) }
        guard outcome.employee != nil else { return nil }
        var after = before
        after.employee = outcome.employee
        after.problem = outcome.problem
        _ = try await db.pipeline(
            outcome.statements + (try store.update(after, department: SCIMPerson.department(after.attributes), addresses: nil)))
        if let problem = try await store.watch(told, as: outcome.employee), after.problem == nil {
            after.problem = problem
            try await store.setProblem(problem, of: after.id)
        }
        return Admitted(before: before, after: after, person: person, actor: candidate.actor)
    }

    private func people(of connection: DirectoryConnectionID) -> EmployeeProvisioning {
        EmployeeProvisioning(db: db, connection: connection, now: now)
    }
}
