import DataShield
import DataShieldTestSupport
import Foundation
import Postgres
import Testing

/// What the database itself refuses, whatever the program asks.
@Suite(.freshDatabase) struct IsolationTests {
    private var database: TestDatabase { .current }

    /// Runs what must fail, and tells how.
    private func failure(_ body: () async throws -> Void) async -> PostgresError? {
        do {
            try await body()
            return nil
        } catch { return error as? PostgresError }
    }

    @Test func `a company sees its own rows and no other's`() async throws {
        let (one, other) = (try await database.makeCompany(), try await database.makeCompany())
        let mine = try await database.makeEmployee(in: one)
        _ = try await database.makeEmployee(in: other)
        #expect(try await database.tenant.query(for: one, "SELECT id FROM employees", as: EmployeeID.self) == [mine])
        #expect(try await database.tenant.query(for: one, "SELECT id FROM companies", as: CompanyID.self) == [one])
        let gone: SQL = "DELETE FROM employees WHERE company_id = \(other)"
        #expect(try await database.tenant.transaction(for: one) { try await $0.execute(gone) } == 0)
        let moved: SQL = "UPDATE employees SET title = 'x' WHERE company_id = \(other)"
        #expect(try await database.tenant.transaction(for: one) { try await $0.execute(moved) } == 0)
    }

    @Test func `without a company there are no rows, and nothing can be written`() async throws {
        let company = try await database.makeCompany()
        _ = try await database.makeEmployee(in: company)
        for scope in ["", "RESET app.company_id;", "SET app.company_id = '';"] {
            try await database.owner.withConnection { connection in
                if !scope.isEmpty { try await connection.execute(SQL(unsafe: scope)) }
                try await connection.execute("SET ROLE datashield_app")
                #expect(try await connection.first("SELECT count(*) FROM employees", as: Int.self) == 0)
                #expect(try await connection.first("SELECT count(*) FROM companies", as: Int.self) == 0)
                let insert: SQL = "INSERT INTO employees (id, company_id, email) VALUES (\(EmployeeID()), \(company), 'a@b.example')"
                let error = await failure { try await connection.execute(insert) }
                #expect(error?.sqlState == .insufficientPrivilege)
                try await connection.execute("RESET ROLE")
            }
        }
    }

    @Test func `a row of another company cannot be written`() async throws {
        let (one, other) = (try await database.makeCompany(), try await database.makeCompany())
        let error = await failure {
            _ = try await database.tenant.transaction(for: one) { db in
                try await db.execute("INSERT INTO employees (id, company_id, email) VALUES (\(EmployeeID()), \(other), 'a@b.example')")
            }
        }
        #expect(error?.sqlState == .insufficientPrivilege)
        let mine = try await database.makeEmployee(in: one)
        let moving = await failure {
            _ = try await database.tenant.transaction(for: one) {
                try await $0.execute("UPDATE employees SET company_id = \(other) WHERE id = \(mine)")
            }
        }
        #expect(moving?.sqlState == .insufficientPrivilege)
    }

    @Test func `a row cannot point at another company's, even when the system writes it`() async throws {
        let (one, other) = (try await database.makeCompany(), try await database.makeCompany())
        let stranger = try await database.makeEmployee(in: other)
        let breach = try await database.makeBreach()
        let user = try await database.makeUser(in: other)
        let statements: [SQL] = [
            "INSERT INTO breach_records (id, company_id, employee_id, breach_id) VALUES (\(BreachRecordID()), \(one), \(stranger), \(breach))",
            "INSERT INTO alerts (id, company_id, severity, message, employee_id) VALUES (\(AlertID()), \(one), 'LOW', 'x', \(stranger))",
            "INSERT INTO alerts (id, company_id, severity, message, assignee_id) VALUES (\(AlertID()), \(one), 'LOW', 'x', \(user))",
            """
            INSERT INTO sessions (id, company_id, user_id, token_hash, expires_at)
            VALUES (\(SessionID()), \(one), \(user), sha256('x'), now())
            """,
            "INSERT INTO provider_coverage (company_id, employee_id, provider, outcome) VALUES (\(one), \(stranger), 'HIBP', 'CLEAN')",
        ]
        for statement in statements {
            let error = await failure { try await database.system.execute(statement) }
            #expect(error?.sqlState == .foreignKeyViolation, "\(statement)")
        }
    }

    @Test func `one address may be staff of several companies, and a user of one only`() async throws {
        let (one, other) = (try await database.makeCompany(), try await database.makeCompany())
        _ = try await database.makeEmployee(in: one, email: "erika@both.example")
        _ = try await database.makeEmployee(in: other, email: "erika@both.example")
        let twice = await failure { _ = try await database.makeEmployee(in: one, email: "erika@both.example") }
        #expect(twice?.constraint == "addresses_of_employees_are_unique_in_a_company")
        _ = try await database.makeUser(in: one, email: "admin@both.example")
        let again = await failure { _ = try await database.makeUser(in: other, email: "admin@both.example") }
        #expect(again?.constraint == "addresses_of_users_are_unique")
    }

    @Test func `history survives the person, the breach and the assignee`() async throws {
        let company = try await database.makeCompany()
        let (employee, breach) = (try await database.makeEmployee(in: company), try await database.makeBreach())
        let user = try await database.makeUser(in: company)
        _ = try await database.makeBreachRecord(in: company, employee: employee, breach: breach)
        let alert = try await database.makeAlert(in: company, employee: employee, breach: breach)
        try await database.system.execute("UPDATE alerts SET assignee_id = \(user) WHERE id = \(alert)")
        try await database.tenant.transaction(for: company) { db in
            try await db.execute("DELETE FROM employees WHERE id = \(employee)")
            try await db.execute("DELETE FROM users WHERE id = \(user)")
        }
        try await database.owner.execute("DELETE FROM breaches WHERE id = \(breach)")
        let left: SQL = "SELECT num_nonnulls(employee_id, breach_id, assignee_id) FROM alerts WHERE id = \(alert)"
        #expect(try await database.tenant.query(for: company, left, as: Int.self) == [0])
        #expect(try await database.system.first("SELECT count(*) FROM breach_records WHERE company_id = \(company)", as: Int.self) == 0)
    }

    @Test func `everything of a company goes with it, and nothing of another's`() async throws {
        let (going, staying) = (try await database.makeCompany(), try await database.makeCompany())
        for company in [going, staying] { try await fill(company) }
        let tables = try await database.owner.query(
            "SELECT DISTINCT attrelid::regclass::text FROM pg_attribute JOIN pg_class c ON c.oid = attrelid WHERE attname = 'company_id' AND relkind = 'r'",
            as: String.self)
        func rows(_ company: CompanyID) async throws -> [String: Int] {
            var counts: [String: Int] = [:]
            for table in tables {
                // As a superuser: there are tables that the system has no business with.
                counts[table] = try await database.owner.first(
                    "SELECT count(*) FROM \(identifier: table) WHERE company_id = \(company)", as: Int.self)
            }
            return counts
        }
        let before = try await rows(staying)
        // Moves of alerts are gone when their transaction is.
        #expect(before.filter { $0.key != "alert_moves" && $0.value == 0 }.count < 12, "the test should fill most tables")
        #expect(try await database.system.execute("DELETE FROM companies WHERE id = \(going)") == 1)
        #expect(try await rows(going).filter { $0.value != 0 } == [:])
        #expect(try await rows(staying) == before)
    }

    private func fill(_ company: CompanyID) async throws {
        let (user, employee) = (try await database.makeUser(in: company), try await database.makeEmployee(in: company))
        let breach = try await database.makeBreach(of: company)
        let record = try await database.makeBreachRecord(in: company, employee: employee, breach: breach)
        let alert = try await database.makeAlert(in: company, employee: employee, breach: breach)
        let connection = try await database.makeDirectoryConnection(in: company)
        let (pushed, group) = (SCIMResourceID(), SCIMResourceID())
        try await database.tenant.transaction(for: company) { db in
            _ = try await db.pipeline([
                """
                INSERT INTO scim_resources (id, company_id, connection_id, kind, name, body, search, employee_id) VALUES
                    (\(pushed), \(company), \(connection), 'USER', 'x', '{}', '{}', \(employee)),
                    (\(group), \(company), \(connection), 'GROUP', 'x', '{}', '{}', NULL)
                """,
                """
                INSERT INTO scim_addresses (company_id, connection_id, resource_id, address)
                VALUES (\(company), \(connection), \(pushed), 'x')
                """,
                """
                INSERT INTO scim_members (company_id, group_id, member_id, body, search)
                VALUES (\(company), \(group), \(pushed), '{}', '{}')
                """,
                """
                INSERT INTO scim_refusals (id, company_id, connection_id, method, path, status, reason, first_at, last_at)
                VALUES (\(CUID.make(at: Date())), \(company), \(connection), 'GET', '/x', 404, 'x', now(), now())
                """,
            ])
        }
        let (machine, preview) = (CUID.make(at: Date()), CUID.make(at: Date()))
        try await database.owner.transaction { db in
            _ = try await db.pipeline([
                "INSERT INTO infected_machines (id, company_id, machine_key, breach_id) VALUES (\(machine), \(company), 'y', \(breach))",
                "INSERT INTO machine_marks (company_id, mark, kind, machine_id) VALUES (\(company), '\\x00', 'id', \(machine))",
                "INSERT INTO machine_traces (company_id, machine_id, computer) VALUES (\(company), \(machine), 'x')",
                "INSERT INTO employee_addresses (company_id, employee_id, address) VALUES (\(company), \(employee), 'further@isolation.example')",
                "INSERT INTO staff_previews (company_id, id, user_id, report, digest) VALUES (\(company), \(preview), \(user), '\\x00', 'x')",
                "INSERT INTO staff_preview_pieces (company_id, preview_id, place, piece) VALUES (\(company), \(preview), 0, '\\x00')",
            ])
        }
        let (file, credential, directory) = (LeakFileID(), CUID.make(at: Date()), CUID.make(at: Date()))
        try await database.tenant.transaction(for: company) { db in
            _ = try await db.pipeline([
                "INSERT INTO leak_files (id, company_id, digest, name, size) VALUES (\(file), \(company), '\\x00', 'x', 1)",
                """
                INSERT INTO infected_machines (id, company_id, machine_key, breach_id) VALUES (\(CUID.make(at: Date())), \(company), 'x', \(breach))
                """,
                """
                INSERT INTO leaked_credentials (id, company_id, employee_id, record_id, identity, login, first_seen_at, last_seen_at)
                VALUES (\(credential), \(company), \(employee), \(record), '\\x00', 'x', now(), now())
                """,
                "INSERT INTO leak_sightings (company_id, credential_id, file_id) VALUES (\(company), \(credential), \(file))",
                "INSERT INTO ingest_runs (id, company_id, trigger, name) VALUES (\(CUID.make(at: Date())), \(company), 'upload', 'x')",
                "INSERT INTO united_alerts (company_id, id, alert_id) VALUES (\(company), \(AlertID()), \(alert))",
                "INSERT INTO alert_comments (id, company_id, alert_id, author_id, body) VALUES (\(CUID.make(at: Date())), \(company), \(alert), \(user), 'x')",
                "INSERT INTO provider_coverage (company_id, employee_id, provider, outcome) VALUES (\(company), \(employee), 'HIBP', 'CLEAN')",
                "INSERT INTO scan_runs (id, company_id, started_by) VALUES (\(CUID.make(at: Date())), \(company), \(user))",
                "INSERT INTO audit_events (id, company_id, actor_kind, action) VALUES (\(CUID.make(at: Date())), \(company), 'program', 'x')",
                """
                INSERT INTO remediation_actions (id, company_id, action, status, target)
                VALUES (\(CUID.make(at: Date())), \(company), 'REVOKE_SESSIONS', 'SUCCESS', 'x')
                """,
                "INSERT INTO remediation_settings (company_id) VALUES (\(company))",
                "INSERT INTO remediation_orders (company_id, cause, digest) VALUES (\(company), 'x', 'x')",
                """
                INSERT INTO remediation_requests (id, company_id, action, employee_id, target, trigger, cause, performed_by)
                VALUES (\(RemediationRequestID()), \(company), 'REVOKE_SESSIONS', \(employee), 'x', 'manual', 'x', 'x')
                """,
                "INSERT INTO protected_people (company_id, employee_id, email, reason) VALUES (\(company), \(employee), 'a@b.example', 'x')",
                """
                INSERT INTO directory_connections (id, company_id, type, name, encrypted_config)
                VALUES (\(DirectoryConnectionID()), \(company), 'OKTA', 'x', '\\x00')
                """,
                "INSERT INTO jobs (id, company_id, kind) VALUES (\(CUID.make(at: Date())), \(company), 'test')",
                "INSERT INTO directory_connections (id, company_id, type, name, encrypted_config) VALUES (\(directory), \(company), 'LDAP', 'x', '\\x00')",
                "INSERT INTO sync_runs (id, company_id, connection_id, trigger) VALUES (\(directory), \(company), \(directory), 'manual')",
                "INSERT INTO webhooks (id, company_id, label, encrypted_url, url_hint) VALUES (\(CUID.make(at: Date())), \(company), 'x', '\\x00', 'x')",
                "INSERT INTO deliveries (id, company_id, webhook_id, alert_id, event) SELECT id, company_id, id, \(alert), 'x' FROM webhooks",
            ])
        }
    }
}
