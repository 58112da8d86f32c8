import DataShield
import DataShieldTestSupport
import Foundation
import Postgres
import Testing

/// The points for a stolen session where nobody says whether one was stolen.
@Suite(.freshDatabase) struct WithheldSessionTests {
    private var database: TestDatabase { .current }

    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var data = ["email", "website_url"]
        var artifacts: [ArtifactKind] = []
        var source = BreachSource.stealerLog
        var sources: [ApiProvider] = [.hibpStealer]
        /// How many days ago; it was found 20 days ago.
        var password: Double?
        var sessions: Double?
        var isDisabled = false
        /// Of 30.
        var points: Double

        var testDescription: String { name }
    }

    static let cases: [Case] = [
        Case(name: "withheld, and nothing is known of the account", points: 21),
        Case(name: "withheld, and the password was changed", password: 2, points: 21),
        Case(name: "withheld, and the sessions are older", sessions: 300, points: 21),
        Case(name: "withheld, and the sessions were ended", sessions: 2, points: 0),
        Case(name: "withheld, and both were renewed", password: 2, sessions: 2, points: 0),
        Case(name: "withheld, of a disabled account", isDisabled: true, points: 0),
        Case(name: "a stealer log of another service that names nothing", sources: [.intelx], points: 21),
        // What is not from malware took no session, as far as the state goes.
        Case(name: "a paste of which nothing is named", source: .darkWeb, sources: [.intelx], points: 0),
        Case(name: "a stealer log that names a password, and no session", data: ["email", "password"], sources: [.dehashed], points: 0),
        Case(name: "named, and nothing is known of the account", artifacts: [.cookie, .password], points: 21),
        Case(name: "named, and a password that stands", artifacts: [.cookie, .password], password: 300, points: 21),
        Case(name: "named, the password stands and the sessions were ended", artifacts: [.cookie, .password], password: 300, sessions: 2, points: 0),
        Case(name: "named, and the sessions stand", artifacts: [.cookie], sessions: 300, points: 30),
    ]

    /// The account is what it is before the record, or becomes so after it: what is stored is the same.
    @Test(arguments: cases, [false, true]) func `what may have been taken counts in part, whenever the account changed`(
        one: Case, isLater: Bool
    ) async throws {
        func days(_ count: Double?) -> Date? { count.map { Date(timeIntervalSinceNow: -$0 * 86_400) } }
        let company = try await database.makeCompany()
        let person = try await database.makeEmployee(in: company)
        let directory = try await database.makeDirectoryConnection(in: company, type: .entra)
        let breach = try await database.makeBreach(source: one.source, dataTypes: one.data)
        func record() async throws {
            _ = try await database.makeBreachRecord(
                in: company, employee: person, breach: breach, exposedData: one.data, artifacts: one.artifacts,
                detectedAt: try #require(days(20)), sources: one.sources)
        }
        func account(_ set: SQL) async throws {
            try await database.tenant.transaction(for: company) { try await $0.execute("UPDATE employees SET \(set) WHERE id = \(person)") }
        }
        try await database.owner.execute("UPDATE employees SET source_connection_id = \(directory), external_id = 'x' WHERE id = \(person)")
        try await database.owner.execute("UPDATE breaches SET breach_date = now() - interval '100 days' WHERE id = \(breach)")
        if isLater { try await record() }
        try await account("password_changed_at = \(days(one.password))")
        try await account("sessions_valid_from = \(days(one.sessions))")
        if one.isDisabled { try await account("deactivated_at = now(), deactivation_reason = 'DISABLED'") }
        if !isLater { try await record() }

        let score = try await Risk(database: database.tenant).employee(person, of: company)
        let session = try #require(score.components.first { $0.key == "session" })
        #expect(abs(session.points - one.points) < 0.001, "\(session)")
        let stored = try await database.owner.first("SELECT risk_score FROM employees WHERE id = \(person)", as: Int?.self) ?? nil
        #expect(stored == score.score, "What is stored is what is said.")
    }

    @Test func `the upgrade gives the points to whom it found before`() async throws {
        try await OldDatabase.with { pool in
            try await OldDatabase.migrate(pool, to: 32)
            try await pool.transaction { db in
                try await db.executeScript(
                    """
                    SET LOCAL ROLE datashield_system;
                    INSERT INTO companies (id, name, domain) VALUES ('ca00000000000000000000000', 'A', 'a.example');
                    INSERT INTO employees (id, company_id, email) VALUES
                        ('ce00000000000000000000001', 'ca00000000000000000000000', 'x@b.example'),
                        ('ce00000000000000000000002', 'ca00000000000000000000000', 'y@b.example');
                    INSERT INTO breaches (id, name, title, canonical_key, source, data_types) VALUES
                        ('cb00000000000000000000001', 'Log', '', 'log', 'STEALER_LOG', '{email,website_url}'),
                        ('cb00000000000000000000002', 'Shop', '', 'shop', 'HIBP', '{email}');
                    INSERT INTO breach_records (id, company_id, employee_id, breach_id, exposed_data, sources, detected_at) VALUES
                        ('cf00000000000000000000001', 'ca00000000000000000000000', 'ce00000000000000000000001', 'cb00000000000000000000001',
                         '{email,website_url}', '{HIBP_STEALER}', now() - interval '400 days'),
                        ('cf00000000000000000000002', 'ca00000000000000000000000', 'ce00000000000000000000002', 'cb00000000000000000000002',
                         '{email}', '{HIBP}', now() - interval '400 days');
                    RESET ROLE;
                    """)
            }
            // One of five breaches is 2 points.
            #expect(try await pool.query("SELECT risk_score FROM employees ORDER BY id", as: Int.self) == [2, 2])
            try await OldDatabase.migrate(pool, to: 9_999)
            #expect(try await pool.query("SELECT risk_score FROM employees ORDER BY id", as: Int.self) == [23, 2])
        }
    }
}
