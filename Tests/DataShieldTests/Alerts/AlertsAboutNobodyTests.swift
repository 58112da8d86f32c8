import DataShieldTestSupport
import Foundation
import Logging
import Postgres
import Testing

@testable import DataShield

/// Whoever is deleted leaves no open alert, by whichever way they are deleted.
@Suite(.freshDatabasePerTest) struct AlertsAboutNobodyTests {
    let database = TestDatabase.current

    private func counts(_ company: CompanyID) async throws -> [String] {
        try await database.owner.query(
            """
            SELECT status::text || ' ' || sum(count) FROM alert_counts WHERE company_id = \(company) GROUP BY status HAVING sum(count) <> 0 ORDER BY status
            """, as: String.self)
    }

    private func truth(_ company: CompanyID) async throws -> [String] {
        try await database.owner.query(
            "SELECT status::text || ' ' || count(*) FROM alerts WHERE company_id = \(company) GROUP BY status ORDER BY status", as: String.self)
    }

    private struct Made {
        var person: EmployeeID
        var open: AlertID
        var acknowledged: AlertID
        var resolved: AlertID
        var other: AlertID
    }

    private func make(in company: CompanyID) async throws -> Made {
        let person = try await database.makeEmployee(in: company, department: "Sales")
        let other = try await database.makeEmployee(in: company, department: "Sales")
        let breach = try await database.makeBreach()
        _ = try await database.makeBreachRecord(in: company, employee: person, breach: breach)
        return Made(
            person: person, open: try await database.makeAlert(in: company, severity: .critical, employee: person, breach: breach),
            acknowledged: try await database.makeAlert(in: company, status: .acknowledged, employee: person),
            resolved: try await database.makeAlert(in: company, status: .resolved, employee: person),
            other: try await database.makeAlert(in: company, employee: other))
    }

    @Test func `by a person: resolved with the reason, in their name, counted, and shown`() async throws {
        try await withServer(as: .admin) { client in
            let company = client.server.company
            let made = try await make(in: company)
            #expect(try await client.delete("/api/employees/\(made.person)").status == 204)
            for id in [made.open, made.acknowledged] {
                let alert = try await client.get("/api/alerts/\(id)").decode(AlertDetailResponse.self)
                #expect(alert.status == .resolved && alert.resolvedAt != nil && alert.employeeId == nil)
                #expect(alert.resolution == "The person was deleted.")
                let entry = try #require(alert.history.first)
                #expect(entry.toStatus == .resolved && entry.resolution == "The person was deleted." && entry.actor?.contains("@") == true)
                // Nobody is left to act on.
                let again = try await client.patch("/api/alerts/\(id)", ["status": "OPEN"])
                #expect(again.status == 409)
                #expect(try again.problem.detail.contains("The person was deleted"))
                let page = try await client.get("/alerts/\(id)").text
                #expect(page.contains("The person was deleted.") && !page.contains("Reopen"))
            }
            // What somebody had resolved keeps its own.
            #expect(try await client.get("/api/alerts/\(made.resolved)").decode(AlertDetailResponse.self).resolution == nil)
            let open = try await client.get("/api/alerts?status=OPEN,ACKNOWLEDGED").decode(Page<AlertListing>.self)
            #expect(open.items.map(\.id) == [made.other])
            #expect(try await counts(company) == truth(company))
            #expect(
                try await database.owner.first(
                    "SELECT open_alerts FROM department_counts WHERE company_id = \(company) AND department = 'Sales'", as: Int.self) == 1)
        }
    }

    @Test func `by any other way: the schema sees to it`() async throws {
        let company = try await database.makeCompany()
        let made = try await make(in: company)
        try await database.owner.execute("DELETE FROM employees WHERE id = \(made.person)")
        let states = try await database.owner.query(
            "SELECT status::text || ' ' || coalesce(resolution, '') || ' ' || (resolved_at IS NOT NULL) FROM alerts WHERE employee_id IS NULL ORDER BY id",
            as: String.self)
        #expect(states.sorted() == ["RESOLVED  true", "RESOLVED The person was deleted. true", "RESOLVED The person was deleted. true"])
        #expect(try await counts(company) == truth(company))
        // A company goes with all of its own.
        try await database.owner.execute("DELETE FROM companies WHERE id = \(company)")
        #expect(try await database.owner.first("SELECT count(*) FROM alerts", as: Int.self) == 0)
    }

    @Test func `those that are there already are mended, with an event each`() async throws {
        let name = "\(database.name)_before"
        try await database.owner.execute("CREATE DATABASE \(identifier: name)")
        let result: Result<Void, any Error>
        do { result = .success(try await mend(in: name)) } catch { result = .failure(error) }
        try await database.owner.execute("DROP DATABASE \(identifier: name) WITH (FORCE)")
        try result.get()
    }

    private func mend(in name: String) async throws {
        var address = try #require(URLComponents(string: database.url))
        address.path = "/\(name)"
        let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        let configuration = PoolConfiguration(address.string ?? "")
        let pool = PostgresPool(configuration: configuration, logger: logger)
        try await DatabaseMigrations.migrator.through(20).run(on: pool)
        let (company, open, resolved) = (CompanyID(), AlertID(), AlertID())
        try await pool.execute("INSERT INTO companies (id, name, domain) VALUES (\(company), 'Acme', 'acme.example')")
        try await pool.execute(
            """
            INSERT INTO alerts (id, company_id, severity, status, message, resolved_at, resolution)
            VALUES (\(open), \(company), 'HIGH', 'OPEN', 'm', NULL, NULL), (\(resolved), \(company), 'HIGH', 'RESOLVED', 'm', now(), 'Done.')
            """)
        for (action, detail) in [
            ("REVOKE_SESSIONS", "The program ended before the directory's answer was known; not repeated."),
            ("REVOKE_SESSIONS", "The role is missing."),
            ("FORCE_PASSWORD_RESET", "Okta did not answer. It may have been done all the same: look there before trying again."),
        ] {
            try await pool.execute(
                """
                INSERT INTO remediation_actions (id, company_id, action, status, target, detail)
                VALUES (\(RemediationActionID()), \(company), \(action)::text::remediation_type, 'FAILED', 'a@acme.example', \(detail))
                """)
            try await pool.execute(
                """
                INSERT INTO remediation_requests (id, company_id, action, status, employee_id, target, trigger, cause, performed_by, started_at,
                    finished_at, reason)
                VALUES (\(RemediationRequestID()), \(company), \(action)::text::remediation_type, 'FAILED', \(EmployeeID()), 'a@acme.example', 'manual',
                    \(detail), 'x', now(), now(), \(detail))
                """)
        }
        try await DatabaseMigrations.run(on: configuration, logger: logger)
        let states = try await pool.query("SELECT resolution FROM alerts WHERE status = 'RESOLVED' ORDER BY resolution", as: String.self)
        #expect(states == ["Done.", "The person was deleted."])
        let counted = try await pool.first("SELECT sum(count)::bigint FROM alert_counts WHERE status = 'RESOLVED'", as: Int.self)
        #expect(counted == 2)
        let events = try await pool.query(
            "SELECT target_id || ' ' || (before->>'status') || ' ' || (after->>'status') FROM audit_events", as: String.self)
        #expect(events == ["\(open) OPEN RESOLVED"])
        #expect(try await pool.first("SELECT broken_audit_event(\(company)) IS NULL", as: Bool.self) == true)
        let known = try await pool.query("SELECT outcome_known FROM remediation_actions ORDER BY detail", as: Bool.self)
        #expect(known == [false, false, true])
        let failures = try await pool.query("SELECT failure FROM remediation_requests ORDER BY reason", as: String.self)
        #expect(failures == ["UNKNOWN", "UNKNOWN", "UNAVAILABLE"])
        #expect(try await pool.first("SELECT count(*) FROM remediation_requests WHERE next_action = 'REVOKE_SESSIONS'", as: Int.self) == 2)
        await pool.close()
    }
}
