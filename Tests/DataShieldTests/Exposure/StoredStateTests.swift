import DataShieldTestSupport
import Foundation
import Postgres
import Testing

@testable import DataShield

/// What is stored of a finding's state, after whatever changes it.
@Suite(.freshDatabase) struct StoredStateTests {
    static func day(_ text: String) -> Date? { Timestamp.parse("\(text)T12:00:00.000Z") }

    struct Stored: RowDecodable, Hashable {
        var state: Liveness
        var certainty: LivenessCertainty?
        var reason: LivenessReason
        var worst: CredentialKind?

        init(from row: inout Row) throws {
            state = try row.next()
            certainty = try row.next()
            reason = try row.next()
            worst = try row.next()
        }

        init(_ reason: LivenessReason, _ certainty: LivenessCertainty? = nil, _ worst: CredentialKind? = nil) {
            state = reason.liveness
            self.certainty = certainty
            self.reason = reason
            self.worst = worst
        }
    }

    func stored(_ person: EmployeeID) async throws -> Stored? {
        try await TestDatabase.current.system.first(
            "SELECT state, certainty, state_reason, worst_credential FROM breach_records WHERE employee_id = \(person)", as: Stored.self)
    }

    /// How many records and alerts say another state than the one that is worked out anew.
    static func mismatches(in database: TestDatabase = .current) async throws -> Int {
        try await database.system.first(
            """
            SELECT (SELECT count(*) FROM breach_records r CROSS JOIN LATERAL worked_out_state(r) AS w
                WHERE ROW(r.credentials, r.withholds_credentials, r.is_from_malware, r.has_company_site, r.exposed_after, r.exposed_before, r.state,
                    r.certainty, r.state_reason, r.worst_credential, r.has_unread_text)::record_state IS DISTINCT FROM w)
                + (SELECT count(*) FROM alerts a LEFT JOIN breach_records r
                    ON r.company_id = a.company_id AND r.employee_id = a.employee_id AND r.breach_id = a.breach_id
                    WHERE (a.state, a.certainty) IS DISTINCT FROM (r.state, r.certainty))
            """, as: Int.self) ?? -1
    }

    // MARK: How certain it is

    struct Certainty: Sendable, CustomTestStringConvertible {
        var name: String
        var data: [String] = ["email"]
        var artifacts: [ArtifactKind] = []
        var sites: [String] = []
        var breachDomain: String?
        var source = BreachSource.hibp
        var password: String? = "2020-01-01"
        var sessions: String?
        var stored: Stored

        var testDescription: String { name }
    }

    static let certainties: [Certainty] = [
        Certainty(name: "a password of somebody else's site", data: ["password"], stored: Stored(.passwordStands, .ifReused, .password)),
        Certainty(
            name: "a password of the company's own site", data: ["password"], sites: ["shop.example", "vpn.acme.example"],
            stored: Stored(.passwordStands, .certain, .companyPassword)),
        Certainty(
            name: "a password of a site that only ends alike", data: ["password"], sites: ["notacme.example", "acme.example.org"],
            stored: Stored(.passwordStands, .ifReused, .password)),
        Certainty(
            name: "a breach of the company itself", data: ["password"], breachDomain: "acme.example",
            stored: Stored(.passwordStands, .certain, .companyPassword)),
        Certainty(
            name: "a password that malware took", artifacts: [.password], sites: ["shop.example"], source: .stealerLog,
            stored: Stored(.passwordStands, .certain, .password)),
        Certainty(name: "a hash of somebody else's site", data: ["hashed_password"], stored: Stored(.passwordStands, .ifReused, .hash)),
        Certainty(
            name: "a hash of the company's own site", data: ["hashed_password"], sites: ["acme.example"],
            stored: Stored(.passwordStands, .certain, .hash)),
        Certainty(
            name: "a session that stands", data: ["password"], artifacts: [.cookie], password: "2026-05-01", sessions: "2020-01-01",
            stored: Stored(.sessionsStand, .certain, .session)),
        Certainty(
            name: "a token that stands", artifacts: [.token], password: nil, sessions: "2020-01-01", stored: Stored(.sessionsStand, .certain, .token)),
        Certainty(
            name: "the worst counts: a password that stands beside a session that was ended", data: ["password"], artifacts: [.cookie],
            password: "2020-01-01", sessions: "2026-07-01", stored: Stored(.passwordStands, .certain, .password)),
        Certainty(
            name: "the worst counts: a session of which nobody knows beside a password that was changed", data: ["password"], artifacts: [.cookie],
            password: "2026-07-01", stored: Stored(.sessionsNotKnown, nil, .session)),
    ]

    @Test(arguments: certainties) func `what is live is certain, or only where a password is used twice`(one: Certainty) async throws {
        let database = TestDatabase.current
        // Domains are unique over the installation, and the cases run beside each other.
        let domain = "\(CUID.make(at: Date())).example"
        func own(_ host: String) -> String { host.replacing("acme.example", with: domain) }
        let company = try await database.makeCompany(domain: domain)
        let person = try await database.makeEmployee(in: company)
        let breach = try await database.makeBreach(source: one.source, date: Self.day("2026-01-10"), dataTypes: one.data)
        try await database.system.execute("UPDATE breaches SET domain = \(one.breachDomain.map(own)) WHERE id = \(breach)")
        try await database.system.execute(
            """
            UPDATE employees SET password_changed_at = \(one.password.flatMap(Self.day)), sessions_valid_from = \(one.sessions.flatMap(Self.day))
            WHERE id = \(person)
            """)
        let record = try await database.makeBreachRecord(
            in: company, employee: person, breach: breach, exposedData: one.data, artifacts: one.artifacts,
            detectedAt: try #require(Self.day("2026-06-01")))
        let evidence = Exposure(evidence: Evidence(sites: one.sites.map(own))).evidenceText
        try await database.system.execute("UPDATE breach_records SET evidence = \(evidence)::jsonb WHERE id = \(record)")
        #expect(try await stored(person) == one.stored)
        #expect(try await Self.mismatches() == 0)
    }

    @Test(
        arguments: [
            ("LIVE", "CERTAIN", 1), ("LIVE", "IF_REUSED", 0.7), ("UNKNOWN", nil, 0.7), ("NEUTRALISED", nil, 0), ("NO_CREDENTIAL", nil, 0),
        ] as [(String, String?, Double)]) func `a state has its weight in a score`(state: String, certainty: String?, weight: Double) async throws
    {
        let found = try await TestDatabase.current.system.first(
            "SELECT finding_weight(\(state)::text::liveness, \(certainty)::text::liveness_certainty)", as: Double.self)
        #expect(found == weight)
    }
}
