import Foundation
import Postgres

/// A person as a directory tells of them that pushes one by one. What is nil was not given, and blanks nothing.
package struct ProvisionedPerson: Sendable, Hashable {
    package var email: EmailAddress?
    package var firstName: String?
    package var lastName: String?
    /// For somebody new of whom nothing else is known.
    package var displayName: String?
    package var department: String?
    package var title: String?
    package var externalId: String?
    /// false: has left; kept, not scanned, not counted.
    package var isActive: Bool
}

/// Puts people on the staff list in the name of a directory's connection, in its transaction.
///
/// Whoever is on the list already under the address is taken over, unless they belong to another directory or stand for another of
/// this one's people. A person keeps their row when their address changes.
struct EmployeeProvisioning {
    let db: TenantTransaction
    let connection: DirectoryConnectionID
    let now: Date

    /// What became of a person.
    struct Outcome: Sendable, Hashable {
        /// nil: they are not on the list.
        var employee: EmployeeID?
        /// What could not be done, in words for an administrator; no address in it.
        var problem: String?
        /// The statements that do it, to be sent with what else the transaction does.
        var statements: [SQL] = []
        /// Whether their address is another than before: their score counts its domain.
        var hasMoved = false

        static func == (left: Self, right: Self) -> Bool { left.employee == right.employee && left.problem == right.problem }
        func hash(into hasher: inout Hasher) { hasher.combine(employee) }
    }

    enum Problem {
        static let noAddress = "The directory gives no usable e-mail address."
        static let otherDirectory = "Another directory has a person with this e-mail address."
        static let otherPerson = "Another person of this directory has this e-mail address."
        static let addressTaken = "Somebody else on the staff list has the new e-mail address: the old one is kept."
    }

    /// Finds out what has to be done for a person, and locks whom it concerns.
    /// - Parameters:
    ///   - linked: who they are on the list already.
    ///   - former: what the directory said of them before. A department or title that it gave and has taken back is taken away.
    ///   - isTaken: whether an employee stands for another of the directory's people.
    func plan(
        _ person: ProvisionedPerson, linked: EmployeeID?, takingBack former: ProvisionedPerson? = nil,
        isTaken: (EmployeeID) async throws -> Bool
    ) async throws -> Outcome {
        let found = try await db.query(
            """
            SELECT \(EmployeeStore.columns) FROM employees e
            WHERE e.company_id = \(db.company) AND (e.id = \(linked)::text OR e.email = \(person.email?.text)::text)
            ORDER BY e.id FOR NO KEY UPDATE
            """, as: Employee.self)
        let holder = found.first { $0.email == person.email }
        if let linked, let known = found.first(where: { $0.id == linked }) {
            let isBlocked = holder != nil && holder?.id != linked
            var outcome = update(known, person, former, address: isBlocked ? nil : person.email)
            outcome.problem = isBlocked ? Problem.addressTaken : person.email == nil ? Problem.noAddress : nil
            return outcome
        }
        guard let email = person.email else { return Outcome(problem: Problem.noAddress) }
        guard let holder else { return insert(person, email) }
        if let source = holder.sourceConnectionId, source != connection.rawValue { return Outcome(problem: Problem.otherDirectory) }
        guard try await !isTaken(holder.id) else { return Outcome(problem: Problem.otherPerson) }
        return update(holder, person, nil, address: nil)
    }

    private func insert(_ person: ProvisionedPerson, _ email: EmailAddress) -> Outcome {
        let id = EmployeeID(at: now)
        let firstName = (person.firstName == nil && person.lastName == nil ? person.displayName : person.firstName) ?? ""
        let deactivatedAt: Date? = person.isActive ? nil : now
        let statement: SQL = """
            INSERT INTO employees (id, company_id, email, first_name, last_name, department, title, external_id, source_connection_id, deactivated_at)
            VALUES (\(id), \(db.company), \(email.text), \(firstName), \(person.lastName ?? ""),
                \(person.department), \(person.title), \(person.externalId), \(connection), \(deactivatedAt))
            """
        return Outcome(employee: id, statements: [statement])
    }

    private func update(_ before: Employee, _ person: ProvisionedPerson, _ former: ProvisionedPerson?, address: EmailAddress?) -> Outcome {
        /// What the directory gives, else what is there, unless that is what it gave and gives no more.
        func text(_ given: String?, _ formerly: String?, _ present: String?) -> String? {
            given ?? (formerly != nil && formerly == present ? nil : present)
        }
        var after = before
        after.email = address ?? before.email
        after.firstName = person.firstName ?? before.firstName
        after.lastName = person.lastName ?? before.lastName
        after.department = text(person.department, former?.department, before.department)
        after.title = text(person.title, former?.title, before.title)
        after.externalId = person.externalId ?? before.externalId
        after.sourceConnectionId = connection.rawValue
        after.deactivatedAt = person.isActive ? nil : before.deactivatedAt ?? now
        guard after != before else { return Outcome(employee: before.id) }
        let statement: SQL = """
            UPDATE employees SET email = \(after.email.text), first_name = \(after.firstName), last_name = \(after.lastName),
                department = \(after.department), title = \(after.title), external_id = \(after.externalId), source_connection_id = \(connection),
                deactivated_at = \(after.deactivatedAt)
            WHERE company_id = \(db.company) AND id = \(before.id)
            """
        return Outcome(employee: before.id, statements: [statement], hasMoved: after.email != before.email)
    }

    /// The person has left: kept, not scanned, not counted.
    func deactivation(of employee: EmployeeID) -> SQL {
        "UPDATE employees SET deactivated_at = \(now) WHERE company_id = \(db.company) AND id = \(employee) AND deactivated_at IS NULL"
    }

    /// Gives people the department of a group that they are in.
    /// - Parameters:
    ///   - departments: by person; nil: they are in none any longer.
    ///   - former: names that a group had. Who is in no group and has one of these as department has none; another stays.
    /// - Returns: the statement; it locks people in the order of their ids, as everybody does.
    func assignment(_ departments: [(employee: EmployeeID, department: String?)], takingBack former: [String]) -> SQL {
        """
        WITH different AS MATERIALIZED (
            SELECT e.id, w.department
            FROM unnest(\(departments.map(\.employee.rawValue))::text[], \(departments.map(\.department))::text[]) AS w (id, department)
            JOIN employees e ON e.company_id = \(db.company) AND e.id = w.id
            WHERE e.department IS DISTINCT FROM w.department AND (w.department IS NOT NULL OR e.department = ANY (\(former)::text[]))
            ORDER BY e.id FOR NO KEY UPDATE OF e
        )
        UPDATE employees e SET department = d.department FROM different d WHERE e.company_id = \(db.company) AND e.id = d.id
        """
    }
}
