import DataShieldTestSupport
import Foundation
import Postgres
import Testing

@testable import DataShield

/// The order of work: spec §4, row by row, as the schema works it out.
@Suite(.freshDatabase) struct UrgencyTests {
    let database = TestDatabase.current

    /// What decides how urgent an alert is.
    struct Facts: Sendable, CustomTestStringConvertible {
        var state: Liveness?
        var certainty: LivenessCertainty?
        var credential: CredentialKind?
        var isFromMalware = false
        var hasCompanySite = false
        var mfaEnabled: Bool?
        var isVip = false

        var testDescription: String { "\(state?.rawValue ?? "no record") \(credential?.rawValue ?? "nothing named")" }
    }

    func urgency(_ facts: Facts) async throws -> Urgency {
        let rank = try await database.owner.first(
            """
            SELECT alert_urgency(\(facts.state)::liveness, \(facts.certainty)::liveness_certainty, \(facts.credential)::credential_kind,
                \(facts.isFromMalware), \(facts.hasCompanySite), \(facts.mfaEnabled), \(facts.isVip))
            """, as: Int.self)
        return Urgency(rank: try #require(rank))
    }

    static let bands: [(Facts, UrgencyBand)] = [
        (Facts(state: .live, certainty: .certain, credential: .session), .actNow),
        (Facts(state: .live, certainty: .certain, credential: .token), .actNow),
        (Facts(state: .live, certainty: .certain, credential: .companyPassword, hasCompanySite: true), .actNow),
        (Facts(state: .live, certainty: .certain, credential: .hash, hasCompanySite: true), .actNow),
        (Facts(state: .live, certainty: .ifReused, credential: .password), .today),
        (Facts(state: .unknown, isFromMalware: true), .today),
        (Facts(state: .unknown, credential: .password, hasCompanySite: true), .today),
        (Facts(state: .unknown, credential: .password), .thisWeek),
        (Facts(state: .unknown), .thisWeek),
        (Facts(state: nil), .thisWeek),
        (Facts(state: .neutralised, credential: .session, isFromMalware: true, hasCompanySite: true), .nothingToDo),
        (Facts(state: .noCredential, isFromMalware: true, mfaEnabled: false, isVip: true), .nothingToDo),
    ]

    @Test(arguments: bands) func `a band is what is known of the exposure`(facts: Facts, band: UrgencyBand) async throws {
        #expect(try await urgency(facts).band == band)
    }

    /// Each before the next.
    static let order: [Facts] = [
        Facts(state: .live, certainty: .certain, credential: .session, mfaEnabled: true),
        Facts(state: .live, certainty: .certain, credential: .token, mfaEnabled: true),
        Facts(state: .live, certainty: .certain, credential: .companyPassword, mfaEnabled: false),
        Facts(state: .live, certainty: .certain, credential: .companyPassword),
        Facts(state: .live, certainty: .certain, credential: .companyPassword, mfaEnabled: true, isVip: true),
        Facts(state: .live, certainty: .certain, credential: .companyPassword, mfaEnabled: true),
        Facts(state: .live, certainty: .certain, credential: .password, mfaEnabled: false, isVip: true),
        Facts(state: .live, certainty: .certain, credential: .hash, mfaEnabled: false, isVip: true),
        Facts(state: .live, certainty: .ifReused, credential: .password, mfaEnabled: false, isVip: true),
        // Of what nobody names a session may be part: it stands behind what is known to be a password, and before a hash.
        Facts(state: .unknown, isFromMalware: true, mfaEnabled: false, isVip: true),
        Facts(state: .unknown, credential: .hash, isFromMalware: true, mfaEnabled: false, isVip: true),
        Facts(state: .unknown, credential: .password, mfaEnabled: false, isVip: true),
        Facts(state: .neutralised, credential: .session, mfaEnabled: false, isVip: true),
    ]

    @Test func `within a band the first difference decides`() async throws {
        var ranks: [Int] = []
        for facts in Self.order { ranks.append(try await urgency(facts).rank) }
        for (former, later) in zip(ranks, ranks.dropFirst()) { #expect(former > later, "\(ranks)") }
    }

    @Test func `an alert has the urgency of its finding and its person, and what is newer comes first, then the name`() async throws {
        let company = try await database.makeCompany()
        let viewer = Subject(actor: .program("test"), company: company, role: .viewer)
        let alerts = Alerts(database: database.tenant)
        var expected: [AlertID] = []
        for (name, day) in [("Ann", "2026-03-01"), ("Bob", "2026-02-01"), ("Cid", "2026-02-01"), ("Dan", nil)] as [(String, String?)] {
            let person = try await database.makeEmployee(in: company, email: "\(name.lowercased())@x.example", firstName: name, lastName: "X")
            let breach = try await database.makeBreach(date: day.flatMap(Timestamp.parse))
            _ = try await database.makeBreachRecord(in: company, employee: person, breach: breach, exposedData: ["password"])
            expected.append(try await database.makeAlert(in: company, employee: person, breach: breach))
        }
        func shown() async throws -> [AlertID] {
            var seen: [AlertID] = []
            var cursor: String?
            repeat {
                let page = try await alerts.list(.init(statuses: [.open, .acknowledged]), .urgency, cursor: cursor, limit: 1, for: viewer)
                seen += page.items.map(\.alert.id)
                cursor = page.nextCursor
            } while cursor != nil && seen.count < 20
            return seen
        }
        #expect(try await shown() == expected)
        #expect(try await alerts.list(.init(urgency: [.thisWeek]), for: viewer).items.count == 4)
        #expect(try await alerts.list(.init(urgency: [.actNow, .nothingToDo]), for: viewer).items.isEmpty)
        // Somebody of importance, and somebody without a second factor, go before.
        try await database.owner.execute("UPDATE employees SET is_vip = true WHERE company_id = \(company) AND first_name = 'Dan'")
        #expect(try await shown() == [expected[3]] + expected.prefix(3))
        try await database.owner.execute("UPDATE employees SET mfa_enabled = false WHERE company_id = \(company) AND first_name = 'Cid'")
        #expect(try await shown() == [expected[2], expected[3], expected[0], expected[1]])
    }

    @Test func `a page deep in the order of work is read from the index, as the first is`() async throws {
        let company = try await database.makeCompany()
        try await database.owner.execute(
            """
            INSERT INTO alerts (id, company_id, severity, message) SELECT 'c' || lpad(n::text, 24, '0'), \(company), 'LOW', 'm' FROM generate_series(1, 20000) AS n
            """)
        try await database.owner.execute(
            "UPDATE alerts SET urgency = 1000 + right(id, 3)::int, exposed_at = now() - right(id, 4)::int * interval '1 day' WHERE company_id = \(company)"
        )
        try await database.owner.execute("ANALYZE alerts")
        let deep = AlertCursor(toldAt: .now, id: AlertID(), urgencyRank: 1040, exposedAt: .now, name: "")
        for after in [nil, deep] {
            let page = AlertStore.page(of: company, .init(statuses: [.open, .acknowledged]), .urgency, after: after, limit: 50)
            let plan = try await database.owner.query("EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) \(page)", as: String.self)
            let text = plan.joined(separator: "\n")
            #expect(text.contains("alerts_by_urgency"), "\(text)")
            #expect(!text.contains("Bitmap") && !text.contains("Seq Scan on alerts"), "\(text)")
            #expect(!text.contains("Rows Removed by Filter"), "\(text)")
        }
    }

    @Test func `what an alert says of its person and breach follows them, and stays when they go`() async throws {
        let company = try await database.makeCompany()
        let viewer = Subject(actor: .program("test"), company: company, role: .viewer)
        let alerts = Alerts(database: database.tenant)
        let person = try await database.makeEmployee(in: company, email: "ann@x.example", firstName: "Ann", lastName: "Lee")
        let breach = try await database.makeBreach()
        _ = try await database.makeBreachRecord(in: company, employee: person, breach: breach, exposedData: ["password"])
        let id = try await database.makeAlert(in: company, employee: person, breach: breach)
        try await database.owner.execute(
            "UPDATE employees SET last_name = 'Ray', email = 'ann.ray@x.example', department = 'Sales' WHERE company_id = \(company) AND id = \(person)"
        )
        try await database.owner.execute("UPDATE breaches SET title = 'A better title' WHERE id = \(breach)")
        var alert = try await alerts.find(id, for: viewer)
        #expect(
            (alert.employeeName, alert.employeeEmail, alert.department, alert.breachName) == (
                "Ann Ray", "ann.ray@x.example", "Sales", "A better title"
            ))
        #expect(alert.urgency == .thisWeek)
        try await database.owner.execute("DELETE FROM employees WHERE company_id = \(company) AND id = \(person)")
        try await database.owner.execute("DELETE FROM breaches WHERE id = \(breach)")
        alert = try await alerts.find(id, for: viewer)
        #expect((alert.employeeName, alert.department, alert.breachName) == ("Ann Ray", "Sales", "A better title"))
        #expect((alert.employeeId, alert.breachId) == (nil, nil))
        #expect((alert.urgency, alert.urgencyRank) == (.nothingToDo, 0))
    }
}
