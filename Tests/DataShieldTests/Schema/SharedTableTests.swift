import DataShield
import DataShieldTestSupport
import Foundation
import Postgres
import Testing

/// What one company can read of tables that are not of one company alone, and what it can write there.
@Suite(.freshDatabasePerTest) struct SharedTableTests {
    private var database: TestDatabase { .current }

    private func failure(_ statement: SQL, for company: CompanyID) async -> SQLState? {
        do {
            _ = try await database.tenant.transaction(for: company) { try await $0.execute(statement) }
            return nil
        } catch { return (error as? PostgresError)?.sqlState }
    }

    // MARK: Tables without a company

    /// What the app sees of each table that has no company, counts and times included, changes with nothing that another company does.
    @Test func `tables without a company tell nothing of another company`() async throws {
        let tables = try await database.owner.query(
            """
            SELECT relname::text FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p', 'v', 'm')
                AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = 'company_id') ORDER BY 1
            """, as: String.self)
        #expect(tables.contains("catalogue_state") && tables.contains("login_attempts") && tables.contains("schema_migrations"))
        let one = try await database.makeCompany()
        func seen() async throws -> [String: String] {
            var seen: [String: String] = [:]
            for table in tables {
                let rows: SQL = "SELECT count(*) || ' ' || coalesce(string_agg(t::text, '|' ORDER BY t::text), '') FROM \(identifier: table) t"
                do {
                    seen[table] = try await database.tenant.query(for: one, rows, as: String.self).first
                } catch let error as PostgresError where error.sqlState == .insufficientPrivilege {
                    seen[table] = "nothing"
                }
            }
            return seen
        }
        let before = try await seen()
        #expect(Set(before.filter { $0.value != "nothing" }.keys) == ["companies"])
        // What another company's scans, sign-ins and making leave there.
        _ = try await database.makeCompany()
        try await database.system.execute("INSERT INTO catalogue_state (provider, marker, synced_at) VALUES ('HIBP', 'x', now())")
        try await database.system.execute(
            "INSERT INTO login_attempts (id, kind, key) VALUES (\(CUID.make(at: Date())), 'address', 'x@other.example')")
        #expect(try await seen() == before)
    }

    // MARK: Breaches

    @Test func `of breaches a company sees the catalogue's and its own, and counts no others`() async throws {
        let one = try await database.makeCompany(), other = try await database.makeCompany()
        _ = try await database.makeBreach(name: "Public")
        for company in [one, other] { _ = try await database.makeBreach(of: company, name: "Private") }
        _ = try await database.makeBreach(of: other, name: "Theirs")
        let names: SQL = "SELECT name FROM breaches ORDER BY 1"
        #expect(try await database.tenant.query(for: one, names, as: String.self) == ["Private", "Public"])
        #expect(try await database.tenant.query(for: other, names, as: String.self) == ["Private", "Public", "Theirs"])
        try await database.owner.withConnection { connection in
            try await connection.execute("SET ROLE datashield_app")
            #expect(try await connection.query(names, as: String.self) == ["Public"])
            try await connection.execute("RESET ROLE")
        }
    }

    @Test func `a company writes its own breaches only`() async throws {
        let one = try await database.makeCompany(), other = try await database.makeCompany()
        let shared = try await database.makeBreach(name: "Public"), theirs = try await database.makeBreach(of: other, name: "Theirs")
        let mine = try await database.makeBreach(of: one, name: "Mine")
        func insertion(_ company: CompanyID?, _ name: String) -> SQL {
            "INSERT INTO breaches (id, company_id, name, canonical_key, source) VALUES (\(BreachID()), \(company), \(name), lower(\(name)), 'MANUAL')"
        }
        #expect(await failure(insertion(one, "Another"), for: one) == nil)
        #expect(await failure(insertion(nil, "X"), for: one) == .insufficientPrivilege)
        #expect(await failure(insertion(other, "X"), for: one) == .insufficientPrivilege)
        // That another has one of the name does not show, that the catalogue has one does not matter here.
        #expect(await failure(insertion(one, "Theirs"), for: one) == nil)
        #expect(await failure(insertion(one, "Mine"), for: one) == .uniqueViolation)
        for id in [shared, theirs] {
            for statement: SQL in [
                "UPDATE breaches SET breach_date = '2012-01-01' WHERE id = \(id)", "DELETE FROM breaches WHERE id = \(id)",
            ] {
                #expect(try await database.tenant.transaction(for: one) { try await $0.execute(statement) } == 0)
            }
        }
        // Not by way of one's own either, and not for the system.
        for company in [nil, other] {
            let moved: SQL = "UPDATE breaches SET company_id = \(company) WHERE id = \(mine)"
            #expect(await failure(moved, for: one) != nil)
            let error = await #expect(throws: PostgresError.self) { try await database.system.execute(moved) }
            #expect(error?.message.contains("stays with the company") == true)
        }
        let dated: SQL = "UPDATE breaches SET added_at = now() WHERE id = \(mine)"
        #expect(await failure(dated, for: one) == .checkViolation)
        #expect(await failure("UPDATE breaches SET title_key = 'x' WHERE id = \(mine)", for: one) == .checkViolation)
    }

    @Test func `no row refers to another company's breach, whoever writes it`() async throws {
        let one = try await database.makeCompany(), other = try await database.makeCompany()
        let employee = try await database.makeEmployee(in: one)
        let mine = try await database.makeBreach(of: one), theirs = try await database.makeBreach(of: other)
        let shared = try await database.makeBreach(), unknown = BreachID()
        func insertions(_ breach: BreachID) -> [(table: String, insert: SQL)] {
            [
                (
                    "breach_records",
                    "INSERT INTO breach_records (id, company_id, employee_id, breach_id) VALUES (\(BreachRecordID()), \(one), \(employee), \(breach))"
                ),
                ("alerts", "INSERT INTO alerts (id, company_id, severity, message, breach_id) VALUES (\(AlertID()), \(one), 'LOW', 'x', \(breach))"),
                (
                    "infected_machines",
                    """
                    INSERT INTO infected_machines (id, company_id, machine_key, breach_id)
                    VALUES (\(InfectedMachineID()), \(one), \(CUID.make(at: Date())), \(breach))
                    """
                ),
                (
                    "exposure_register_entries",
                    """
                    INSERT INTO exposure_register_entries (id, company_id, title, detected_at, breach_id)
                    VALUES (\(CUID.make(at: Date())), \(one), 'x', now(), \(breach))
                    """
                ),
                ("breach_counts", "INSERT INTO breach_counts (company_id, breach_id, people) VALUES (\(one), \(breach), 0) ON CONFLICT DO NOTHING"),
            ]
        }
        let tables = try await database.owner.query(
            "SELECT DISTINCT conrelid::regclass::text FROM pg_constraint WHERE confrelid = 'breaches'::regclass AND contype = 'f'", as: String.self)
        #expect(Set(tables) == Set(insertions(mine).map(\.table)))

        for breach in [theirs, unknown] {
            for (table, insert) in insertions(breach) {
                let error = await #expect(throws: PostgresError.self, "\(table)") { try await database.system.execute(insert) }
                #expect(error?.sqlState == .foreignKeyViolation, "\(table)")
                // The app does not write counts.
                if table != "breach_counts" { #expect(await failure(insert, for: one) == .foreignKeyViolation, "\(table)") }
            }
        }
        for (table, insert) in insertions(mine) + insertions(shared) {
            try await database.system.execute(insert)
            let moved: SQL = "UPDATE \(identifier: table) SET breach_id = \(theirs) WHERE company_id = \(one)"
            let error = await #expect(throws: PostgresError.self, "\(table)") { try await database.system.execute(moved) }
            #expect(error?.sqlState == .foreignKeyViolation, "\(table)")
        }
    }
}
