import DataShield
import DataShieldTestSupport
import Foundation
import Postgres
import Testing

/// What the upgrade makes of alerts about what was neutralised before it (0025).
@Suite(.freshDatabase) struct AlertUpgradeTests {
    private let company = CompanyID()
    private let old = BreachID()
    private let young = BreachID()

    /// Somebody whose password was changed on 1 March, in a breach, with the alert about it.
    private func add(_ breach: BreachID, _ status: AlertStatus, _ resolution: String? = nil, in db: Transaction) async throws {
        let person = EmployeeID()
        try await db.execute(
            """
            INSERT INTO employees (id, company_id, email, password_changed_at)
            VALUES (\(person), \(company), \("\(person)@a.example"), '2026-03-01T00:00:00Z')
            """)
        try await db.execute(
            """
            INSERT INTO breach_records (id, company_id, employee_id, breach_id, exposed_data, sources, detected_at)
            VALUES (\(BreachRecordID()), \(company), \(person), \(breach), '{email,password}', '{HIBP}', '2026-06-20T00:00:00Z')
            """)
        try await db.execute(
            """
            INSERT INTO alerts (id, company_id, severity, status, message, employee_id, breach_id, acknowledged_at, resolved_at, resolution)
            VALUES (\(AlertID()), \(company), 'HIGH', \(status), 'Exposed.', \(person), \(breach), now(), now(), \(resolution))
            """)
    }

    private func fill(_ db: Transaction) async throws {
        try await db.execute("SET LOCAL ROLE datashield_system")
        try await db.execute("INSERT INTO companies (id, name, domain) VALUES (\(company), 'A', 'a.example')")
        try await db.execute(
            """
            INSERT INTO breaches (id, name, title, canonical_key, source, breach_date, data_types) VALUES
                (\(old), 'Old', '', 'old', 'HIBP', '2026-01-10', '{email,password}'),
                (\(young), 'Young', '', 'young', 'HIBP', '2026-06-10', '{email,password}')
            """)
        try await add(old, .open, in: db)
        try await add(old, .acknowledged, in: db)
        try await add(old, .resolved, "done", in: db)
        try await add(young, .open, in: db)
    }

    @Test func `they are resolved with that reason, in the name of the upgrade, and nothing else is`() async throws {
        try await OldDatabase.with { pool in
            try await OldDatabase.migrate(pool, to: 23)
            try await pool.transaction { try await fill($0) }
            try await OldDatabase.migrate(pool, to: 9_999)
            let alerts = try await pool.query(
                "SELECT concat_ws(' ', status, state, resolved_as_neutralised, resolution) FROM alerts ORDER BY 1", as: String.self)
            let words = "RESOLVED NEUTRALISED t Neutralised: the password was changed on 1 Mar 2026, after it was exposed."
            #expect(alerts == ["OPEN LIVE f", "RESOLVED NEUTRALISED f done", words, words])
            let events = try await pool.query(
                """
                SELECT concat_ws(' ', actor_kind, actor_name, action, before ->> 'status', after ->> 'status') FROM audit_events ORDER BY 1
                """, as: String.self)
            let event = "program upgrade alert.status_changed"
            #expect(events == ["\(event) ACKNOWLEDGED RESOLVED", "\(event) OPEN RESOLVED"])
            #expect(try await pool.first("SELECT count(*) FROM alert_moves", as: Int.self) == 0)
            #expect(try await pool.first("SELECT broken_audit_event(\(company))", as: Int?.self) == .some(nil))
            #expect(try await RollupTests.wrongCounts(pool) == [])
        }
    }
}
