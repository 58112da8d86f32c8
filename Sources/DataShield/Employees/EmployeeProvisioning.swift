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
    /// Whether the address is an id rather than a name, as a deleted account's can be: it takes nobody's place.
    package var isAddressOpaque = false
}

/// Puts people on the staff list in the name of a directory's connection, in its transaction.
///
/// Whoever is on the list already under the address is taken over, unless they are active in another directory or stand for another
/// active person of this one: who has left one account and comes back with another is the same person. A person keeps their row when
/// their address changes.
struct EmployeeProvisioning {
    let db: TenantTransaction
    let connection: DirectoryConnectionID
    let now: Date

    /// Whether an employee stands for another person whom a directory pushed.
    enum Hold: Sendable {
        case free
        /// Who has left, and by which statement the employee is let go of.
        case left(SQL)
        case held
    }

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
        /// The address that they had on the list before.
        var formerAddress: EmailAddress?
        /// Whether they were not on the list before.
        var isNew = false

        static func == (left: Self, right: Self) -> Bool { left.employee == right.employee && left.problem == right.problem }
        func hash(into hasher: inout Hasher) { hasher.combine(employee) }
    }

    enum Problem {
        static let noAddress = "The directory gives no usable e-mail address."
        static let otherDirectory = "Another directory has a person with this e-mail address."
        static let otherPerson = "Another person of this directory has this e-mail address."
        static let furtherAddressTaken =
            "Somebody else on the staff list has another e-mail address that the directory gives: it is watched for them alone."
        static let addressTaken = "Somebody else on the staff list has the new e-mail address: the old one is kept."
    }

    /// The statement that locks whom a person concerns, in the order in which everybody locks employees.
    func lock(_ linked: EmployeeID?, _ email: EmailAddress?) -> SQL {
        """
        SELECT \(EmployeeStore.columns) FROM employees e
        WHERE e.company_id = \(db.company) AND (e.id = \(linked)::text OR e.email = \(email?.text)::text)
        ORDER BY e.id FOR NO KEY UPDATE
        """
    }

    /// Finds out what has to be done for a person, and locks whom it concerns.
    /// - Parameters:
    ///   - linked: who they are on the list already.
    ///   - former: what the directory said of them before.
    ///   - takesBack: whether a department or title that it gave and gives no more is taken away.
    ///   - hold: whether an employee stands for another person.
    func plan(
        _ person: ProvisionedPerson, linked: EmployeeID?, former: ProvisionedPerson? = nil, takesBack: Bool = false,
        hold: (EmployeeID) async throws -> Hold
    ) async throws -> Outcome {
        let found = try await db.query(lock(linked, person.email), as: Employee.self)
        let holder = found.first { $0.email == person.email }
        if let linked, let known = found.first(where: { $0.id == linked }), isOurs(known, person) {
            guard person.isActive else {
                // Who leaves keeps the address they had: directories rename an account to free its name, and who comes back is to be known.
                return update(known, person, former, takesBack: takesBack, address: nil)
            }
            let isUseless = person.email == nil || person.isAddressOpaque && person.email != known.email
            let isBlocked = holder != nil && holder?.id != linked
            var outcome = update(known, person, former, takesBack: takesBack, address: isBlocked || isUseless ? nil : person.email)
            outcome.problem = isUseless ? Problem.noAddress : isBlocked ? Problem.addressTaken : nil
            return outcome
        }
        // Somebody who has left before we heard of them, by an address that is an id: nobody to be known again.
        guard let email = person.email, person.isActive || !person.isAddressOpaque else { return Outcome(problem: Problem.noAddress) }
        guard let holder else { return insert(person, email) }
        guard isOurs(holder, person) else { return Outcome(problem: Problem.otherDirectory) }
        switch try await hold(holder.id) {
        case .free: return update(holder, person, nil, takesBack: false, address: nil)
        case .left(let release) where person.isActive:
            var outcome = update(holder, person, nil, takesBack: false, address: nil)
            outcome.statements.insert(release, at: 0)
            return outcome
        case .left, .held: return Outcome(problem: Problem.otherPerson)
        }
    }

    private func isOurs(_ employee: Employee, _ person: ProvisionedPerson) -> Bool { employee.mayBeTaken(by: connection, isActive: person.isActive) }

    private func insert(_ person: ProvisionedPerson, _ email: EmailAddress) -> Outcome {
        let id = EmployeeID(at: now)
        let firstName = (person.firstName == nil && person.lastName == nil ? person.displayName : person.firstName) ?? ""
        let deactivatedAt: Date? = person.isActive ? nil : now
        let statement: SQL = """
            INSERT INTO employees (id, company_id, email, first_name, last_name, department, title, external_id, source_connection_id, deactivated_at,
                deactivation_reason)
            VALUES (\(id), \(db.company), \(email.text), \(firstName), \(person.lastName ?? ""),
                \(person.department), \(person.title), \(person.externalId), \(connection), \(deactivatedAt),
                CASE WHEN \(!person.isActive) THEN 'UNASSIGNED' END)
            """
        return Outcome(employee: id, statements: [statement], isNew: true)
    }

    private func update(
        _ before: Employee, _ person: ProvisionedPerson, _ former: ProvisionedPerson?, takesBack: Bool, address: EmailAddress?
    ) -> Outcome {
        /// What the directory gives, else what is there, unless that is what it gave and takes back.
        func text(_ given: String?, _ formerly: String?, _ present: String?) -> String? {
            given ?? (takesBack && formerly != nil && formerly == present ? nil : present)
        }
        var after = before
        after.email = address ?? before.email
        after.firstName = person.firstName ?? before.firstName
        after.lastName = person.lastName ?? before.lastName
        if let name = person.displayName, person.firstName == nil, person.lastName == nil, before.lastName.isEmpty,
            before.firstName.isEmpty || before.firstName == former?.displayName
        {
            // Whose name was made of the one that is shown, as for somebody new.
            after.firstName = name
        }
        after.department = text(person.department, former?.department, before.department)
        after.title = text(person.title, former?.title, before.title)
        // Another directory's id of them says nothing here.
        let isTakenOver = before.sourceConnectionId != nil && before.sourceConnectionId != connection.rawValue
        after.externalId = person.externalId ?? (isTakenOver ? nil : before.externalId)
        after.sourceConnectionId = connection.rawValue
        after.deactivatedAt = person.isActive ? nil : before.deactivatedAt ?? now
        guard !after.isWritten(like: before) else { return Outcome(employee: before.id, formerAddress: before.email) }
        // What is known of one account says nothing of another.
        let isSameAccount = before.sourceConnectionId == connection.rawValue && before.externalId == after.externalId
        let times: SQL = isSameAccount ? "" : ", password_changed_at = NULL, sessions_valid_from = NULL"
        let reason: SQL = person.isActive ? "NULL" : isSameAccount ? "coalesce(deactivation_reason, 'UNASSIGNED')" : "'UNASSIGNED'"
        let statement: SQL = """
            UPDATE employees SET email = \(after.email.text), first_name = \(after.firstName), last_name = \(after.lastName),
                department = \(after.department), title = \(after.title), external_id = \(after.externalId), source_connection_id = \(connection),
                deactivated_at = \(after.deactivatedAt), deactivation_reason = \(reason)\(times)
            WHERE company_id = \(db.company) AND id = \(before.id)
            """
        return Outcome(employee: before.id, statements: [statement], hasMoved: after.email != before.email, formerAddress: before.email)
    }

    /// The person has left: kept, not scanned, not counted. Who is another directory's by now stays.
    func deactivation(of employee: EmployeeID) -> SQL {
        """
        UPDATE employees SET deactivated_at = \(now), deactivation_reason = 'UNASSIGNED'
        WHERE company_id = \(db.company) AND id = \(employee) AND source_connection_id = \(connection) AND deactivated_at IS NULL
        """
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
