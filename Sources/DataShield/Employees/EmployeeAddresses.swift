import Postgres

/// Addresses of people besides the one under which they stand on the staff list: aliases, former ones, names to sign in with. They are looked
/// up and searched for like that one, and what is found under them is the person's.
///
/// An address is one person's. The one under which somebody active stands on the list is nobody's further address, and whoever has one keeps
/// it: what a directory claims for another is told as a problem.
package struct EmployeeAddresses {
    let db: TenantTransaction

    package init(_ db: TenantTransaction) { self.db = db }

    /// The further addresses of `e`, an employee, as a list in the order of the alphabet.
    static let column: SQL = """
        ARRAY(SELECT further.address::text FROM employee_addresses further
            WHERE further.company_id = e.company_id AND further.employee_id = e.id ORDER BY further.address)
        """

    /// Whether somebody active stands on the list under an address.
    private func isTaken(_ address: SQL) -> SQL {
        "EXISTS (SELECT FROM employees o WHERE o.company_id = \(db.company) AND o.email = \(address) AND o.deactivated_at IS NULL)"
    }

    /// Gives a person these further addresses and takes away the others.
    /// - Parameters:
    ///   - employee: who is active; of others nothing is watched.
    ///   - addresses: all that their directory tells; their own is passed over.
    /// - Returns: those that are another's, and stay theirs.
    package func replace(_ addresses: [EmailAddress], of employee: EmployeeID) async throws -> [EmailAddress] {
        let wanted = Array(Set(addresses.map(\.text))).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
        let results = try await db.pipeline([
            "SELECT id FROM employees WHERE company_id = \(db.company) AND id = \(employee) FOR NO KEY UPDATE",
            """
            DELETE FROM employee_addresses a WHERE a.company_id = \(db.company) AND (
                a.employee_id = \(employee) AND a.address <> ALL(\(wanted)::text[])
                OR a.address = ANY(\(wanted)::text[]) AND EXISTS (
                    SELECT FROM employees e WHERE e.company_id = a.company_id AND e.id = a.employee_id AND e.deactivated_at IS NOT NULL))
            """,
            """
            INSERT INTO employee_addresses (company_id, employee_id, address)
            SELECT e.company_id, e.id, w.address FROM unnest(\(wanted)::text[]) AS w (address)
            JOIN employees e ON e.company_id = \(db.company) AND e.id = \(employee) AND e.deactivated_at IS NULL
            WHERE NOT \(isTaken("w.address"))
            ON CONFLICT DO NOTHING
            """,
            """
            SELECT w.address FROM unnest(\(wanted)::text[]) AS w (address)
            JOIN employees e ON e.company_id = \(db.company) AND e.id = \(employee) AND e.deactivated_at IS NULL
            WHERE w.address <> e.email AND NOT EXISTS (
                SELECT FROM employee_addresses a WHERE a.company_id = e.company_id AND a.employee_id = e.id AND a.address = w.address)
            ORDER BY 1
            """,
        ])
        return try results[3].map { row in
            var row = row
            return EmailAddress(stored: try row.next())
        }
    }

    // MARK: Many at once

    /// Somebody whose further addresses are others than before.
    struct Person {
        var id: EmployeeID
        var email: String
        /// Whether they were not on the list before.
        var isNew: Bool
    }

    /// What came of giving many people their further addresses.
    struct Changes {
        /// Whose are others than before.
        var changed: [Person] = []
        /// How many addresses are another's and stay theirs, and of the first the directory's id of who claims it.
        var refused = 0
        var firstRefused: String?
    }

    /// Gives the people of a listing their further addresses.
    ///
    /// `sync_people` says who is who; `sync_addresses` has a row for each address, with the directory's id.
    /// - Parameter connection: whose people they are.
    func merge(of connection: DirectoryConnectionID) async throws -> Changes {
        let results = try await db.pipeline([
            "CREATE INDEX ON sync_addresses (address)", "ANALYZE sync_addresses",
            // Whose addresses are told, as they are on the list by now.
            """
            CREATE TEMPORARY TABLE sync_holders ON COMMIT DROP AS
            SELECT e.id, e.email, p.external_id, p.line, p.employee_id IS NULL AS is_new FROM sync_people p
            JOIN employees e ON e.company_id = \(db.company) AND e.source_connection_id = \(connection) AND e.external_id = p.external_id
            WHERE p.is_active AND p.tells_addresses AND e.deactivated_at IS NULL
            """,
            // Of several who claim one address whoever has it keeps it, else the first that was listed has it.
            """
            CREATE TEMPORARY TABLE sync_claims ON COMMIT DROP AS
            SELECT DISTINCT ON (a.address) h.id, a.address FROM sync_addresses a JOIN sync_holders h ON h.external_id = a.external_id
            LEFT JOIN employee_addresses own ON own.company_id = \(db.company) AND own.employee_id = h.id AND own.address = a.address
            WHERE NOT \(isTaken("a.address")) AND NOT EXISTS (
                -- Somebody has it of whom this listing says nothing.
                SELECT FROM employee_addresses other JOIN employees o ON o.company_id = other.company_id AND o.id = other.employee_id
                WHERE other.company_id = \(db.company) AND other.address = a.address AND o.deactivated_at IS NULL
                    AND NOT EXISTS (SELECT FROM sync_holders told WHERE told.id = other.employee_id))
            ORDER BY a.address, own.address IS NULL, h.line
            """,
            "CREATE INDEX ON sync_claims (address)", "ANALYZE sync_holders", "ANALYZE sync_claims",
            """
            CREATE TEMPORARY TABLE sync_touched ON COMMIT DROP AS
            SELECT a.employee_id AS id FROM employee_addresses a JOIN sync_holders h ON h.id = a.employee_id
            WHERE a.company_id = \(db.company)
                AND NOT EXISTS (SELECT FROM sync_claims c WHERE c.id = a.employee_id AND c.address = a.address)
            UNION
            SELECT c.id FROM sync_claims c WHERE NOT EXISTS (
                SELECT FROM employee_addresses a WHERE a.company_id = \(db.company) AND a.employee_id = c.id AND a.address = c.address)
            """,
            "SELECT e.id FROM employees e JOIN sync_touched t ON t.id = e.id WHERE e.company_id = \(db.company) ORDER BY e.id FOR NO KEY UPDATE OF e",
            """
            DELETE FROM employee_addresses a USING sync_touched t WHERE a.company_id = \(db.company) AND a.employee_id = t.id
                AND NOT EXISTS (SELECT FROM sync_claims c WHERE c.id = a.employee_id AND c.address = a.address)
            """,
            // Who has left does not keep what somebody else is reached by now.
            """
            DELETE FROM employee_addresses a USING sync_claims c, employees e
            WHERE a.company_id = \(db.company) AND a.address = c.address AND a.employee_id <> c.id
                AND e.company_id = a.company_id AND e.id = a.employee_id AND e.deactivated_at IS NOT NULL
            """,
            """
            INSERT INTO employee_addresses (company_id, employee_id, address)
            SELECT \(db.company), c.id, c.address FROM sync_claims c JOIN sync_touched t ON t.id = c.id ORDER BY c.id, c.address
            ON CONFLICT DO NOTHING
            """,
            "SELECT h.id, h.email, h.is_new FROM sync_touched t JOIN sync_holders h ON h.id = t.id ORDER BY h.line",
            """
            SELECT count(*), (array_agg(h.external_id ORDER BY h.line))[1] FROM sync_addresses a
            JOIN sync_holders h ON h.external_id = a.external_id
            WHERE a.address <> h.email AND NOT EXISTS (
                SELECT FROM employee_addresses o WHERE o.company_id = \(db.company) AND o.employee_id = h.id AND o.address = a.address)
            """,
        ])
        var changes = Changes()
        for var row in results[results.count - 2] { changes.changed.append(Person(id: try row.next(), email: try row.next(), isNew: try row.next())) }
        for var row in results[results.count - 1] {
            changes.refused = try row.next()
            changes.firstRefused = try row.next()
        }
        return changes
    }
}
