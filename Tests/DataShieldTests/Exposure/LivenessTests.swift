import DataShieldTestSupport
import Foundation
import Postgres
import Testing

@testable import DataShield

/// The rule of the schema, case by case.
@Suite(.freshDatabase) struct LivenessTests {
    /// Days of the year 2026, as they are written in the cases.
    static func day(_ text: String?) -> Date? { text.flatMap { Timestamp.parse("\($0)T12:00:00.000Z") } }

    struct Case: Sendable, CustomTestStringConvertible {
        var name: String
        var data: [String] = ["email"]
        var artifacts: [ArtifactKind] = []
        var captured: String?
        var breach: String?
        var known = "2026-06-01"
        var hasUndated = false
        /// Whether a leak file has text beside the address that was not understood.
        var hasUnread = false
        var password: String?
        var sessions: String?
        var deactivated: String?
        var because: String?
        var source = BreachSource.hibp
        var sources: [ApiProvider] = [.hibp]
        var reason: LivenessReason

        var testDescription: String { name }
    }

    static let cases: [Case] = [
        Case(name: "text that was not understood", hasUnread: true, password: "2026-01-01", reason: .textNotRead),
        Case(
            name: "text that was not understood, in a machine's log", captured: "2026-03-01", hasUnread: true, source: .stealerLog,
            reason: .textNotRead),
        Case(
            name: "text that was not understood, before the password was changed", hasUnread: true, password: "2026-07-01", reason: .passwordChanged),
        Case(
            name: "text that was not understood beside an old breach, and a password changed since", breach: "2020-01-10", hasUnread: true,
            password: "2026-01-01", reason: .textNotRead),
        Case(
            name: "text that was not understood, of a disabled account", hasUnread: true, deactivated: "2026-02-01", because: "DISABLED",
            reason: .accountDisabled),
        Case(
            name: "text that was not understood, of who has left", hasUnread: true, deactivated: "2026-02-01", because: "HAND",
            reason: .personHasLeft),
        Case(
            name: "text that was not understood, and a password that was", data: ["email", "password"], hasUnread: true, password: "2020-01-01",
            reason: .passwordUnclear),
        Case(
            name: "text that was not understood, where a service withholds more", data: ["email"], hasUnread: true, source: .stealerLog,
            sources: [.hibpStealer], reason: .credentialsWithheld),
        Case(name: "nothing to sign in with", breach: "2026-01-10", password: "2020-01-01", reason: .noCredential),
        Case(name: "autofill is no credential", artifacts: [.autofill], captured: "2026-01-10", reason: .noCredential),
        Case(name: "no credential, although the account is disabled", deactivated: "2026-02-01", because: "DISABLED", reason: .noCredential),
        // Only the directory's word that the account is disabled makes it useless.
        Case(
            name: "disabled in the directory", data: ["password"], breach: "2026-01-10", deactivated: "2026-02-01", because: "DISABLED",
            reason: .accountDisabled),
        Case(
            name: "disabled before the exposure is as good", data: ["password"], breach: "2026-01-10", deactivated: "2025-02-01",
            because: "DISABLED", reason: .accountDisabled),
        Case(
            name: "no longer listed", data: ["password"], breach: "2026-01-10", deactivated: "2026-02-01", because: "GONE", reason: .accountNotListed),
        Case(
            name: "no longer listed, and unchanged as far as was known", data: ["password"], breach: "2026-01-10", password: "2020-01-01",
            deactivated: "2026-02-01", because: "GONE", reason: .accountNotListed),
        Case(
            name: "taken back by a directory that pushes", artifacts: [.cookie], captured: "2026-01-10", deactivated: "2026-02-01",
            because: "UNASSIGNED", reason: .accountUnassigned),
        Case(
            name: "taken off the list by hand says nothing of the account", data: ["password"], breach: "2026-01-10", deactivated: "2026-02-01",
            because: "HAND", reason: .personHasLeft),
        Case(name: "left, and nobody kept why", data: ["password"], breach: "2026-01-10", deactivated: "2026-02-01", reason: .personHasLeft),
        Case(
            name: "who has left after a change of the password is no worse off", data: ["password"], breach: "2026-01-10", password: "2026-05-01",
            deactivated: "2026-05-02", because: "HAND", reason: .passwordChanged),
        // A breach with a date: a month more or less.
        Case(name: "changed long after", data: ["password"], breach: "2026-01-10", password: "2026-05-01", reason: .passwordChanged),
        Case(name: "changed long before", data: ["password"], breach: "2026-01-10", password: "2025-05-01", reason: .passwordStands),
        Case(name: "a hash is a password", data: ["hashed_password"], breach: "2026-01-10", password: "2025-05-01", reason: .passwordStands),
        Case(name: "changed three weeks after", data: ["password"], breach: "2026-01-10", password: "2026-01-31", reason: .passwordUnclear),
        Case(name: "changed three weeks before", data: ["password"], breach: "2026-01-10", password: "2025-12-20", reason: .passwordUnclear),
        Case(
            name: "changed three weeks after, and after it was known", data: ["password"], breach: "2026-01-10", known: "2026-01-15",
            password: "2026-01-31", reason: .passwordChanged),
        Case(name: "nobody says when it was changed", data: ["password"], breach: "2026-01-10", reason: .passwordNotKnown),
        // A secret in a file without a date may be younger than its breach.
        Case(
            name: "changed after the breach, and before a file without a date showed another secret", data: ["password"], breach: "2020-01-10",
            hasUndated: true, password: "2024-01-01", reason: .passwordUnclear),
        Case(
            name: "changed before the breach, whatever is in a file without a date", data: ["password"], breach: "2020-01-10", hasUndated: true,
            password: "2019-01-01", reason: .passwordStands),
        Case(
            name: "changed after it became known", data: ["password"], breach: "2020-01-10", hasUndated: true, password: "2026-06-02",
            reason: .passwordChanged),
        // Without any date: at the latest when it became known.
        Case(name: "no date, changed after it was known", data: ["password"], password: "2026-06-02", reason: .passwordChanged),
        Case(name: "no date, changed before it was known", data: ["password"], password: "2020-06-02", reason: .passwordUnclear),
        // Stolen by malware: a day more or less.
        Case(
            name: "a session, revoked two days later", artifacts: [.cookie], captured: "2026-03-01", sessions: "2026-03-03", reason: .sessionsRevoked),
        Case(name: "a session, revoked the same day", artifacts: [.token], captured: "2026-03-01", sessions: "2026-03-01", reason: .sessionsUnclear),
        Case(name: "a session, revoked before", artifacts: [.cookie], captured: "2026-03-01", sessions: "2026-01-01", reason: .sessionsStand),
        Case(
            name: "a session is not ended by a new password", artifacts: [.cookie], captured: "2026-03-01", password: "2026-05-01",
            reason: .sessionsNotKnown),
        Case(
            name: "captured hours before it became known, revoked right after", artifacts: [.cookie], captured: "2026-06-01", known: "2026-06-01",
            sessions: "2026-06-02", reason: .sessionsRevoked),
        Case(
            name: "captured after it was first known", artifacts: [.cookie], captured: "2026-08-01", known: "2026-06-01", sessions: "2026-07-01",
            reason: .sessionsStand),
        // Both: the worst of the two counts.
        Case(
            name: "both renewed", artifacts: [.cookie, .password], captured: "2026-03-01", password: "2026-04-01", sessions: "2026-04-01",
            reason: .bothRenewed),
        Case(
            name: "password changed, sessions not", artifacts: [.cookie, .password], captured: "2026-03-01", password: "2026-04-01",
            sessions: "2026-01-01", reason: .sessionsStand),
        Case(
            name: "sessions revoked, password not", artifacts: [.cookie, .password], captured: "2026-03-01", password: "2026-01-01",
            sessions: "2026-04-01", reason: .passwordStands),
        Case(
            name: "an old password is live also when nobody knows of sessions", artifacts: [.cookie, .password], captured: "2026-03-01",
            password: "2026-01-01", reason: .passwordStands),
        Case(
            name: "sessions revoked, nobody knows of the password", artifacts: [.cookie, .password], captured: "2026-03-01", sessions: "2026-04-01",
            reason: .passwordNotKnown),
        // Services that do not say what was taken.
        Case(
            name: "a stealer log whose passwords are withheld", data: ["email", "website_url"], password: "2026-01-01", sessions: "2026-01-01",
            source: .stealerLog, sources: [.hibpStealer], reason: .credentialsWithheld),
        Case(
            name: "withheld, and only the password changed", data: ["email", "website_url"], password: "2026-07-01", source: .stealerLog,
            sources: [.hibpStealer], reason: .credentialsWithheld),
        Case(
            name: "withheld, and all was renewed", data: ["email", "website_url"], password: "2026-07-01", sessions: "2026-07-01",
            source: .stealerLog, sources: [.hibpStealer], reason: .bothRenewed),
        Case(
            name: "withheld, of a disabled account", data: ["email", "website_url"], deactivated: "2026-02-01", because: "DISABLED",
            source: .stealerLog, sources: [.hibpStealer], reason: .accountDisabled),
        Case(
            name: "a stealer log of which another service names nothing", captured: "2026-03-01", source: .stealerLog, sources: [.intelx],
            reason: .credentialsWithheld),
        Case(name: "a paste of which nothing is named", password: "2026-01-01", source: .darkWeb, sources: [.intelx], reason: .dataNotNamed),
        Case(
            name: "a paste of which nothing is named, and a password changed since", password: "2026-07-01", source: .darkWeb, sources: [.intelx],
            reason: .passwordChanged),
        Case(
            name: "what another service names completely is named", password: "2026-01-01", source: .darkWeb, sources: [.intelx, .hibp],
            reason: .noCredential),
    ]

    @Test(arguments: cases) func `an exposure is live or not for a reason`(one: Case) async throws {
        let database = TestDatabase.current
        let company = try await database.makeCompany()
        let person = try await database.makeEmployee(in: company)
        let breach = try await database.makeBreach(source: one.source, date: Self.day(one.breach), dataTypes: one.data)
        // What only a directory can say of an account is said of one that comes from a directory.
        let directory = try await database.makeDirectoryConnection(in: company)
        try await database.system.execute(
            """
            UPDATE employees SET source_connection_id = \(directory), password_changed_at = \(Self.day(one.password)),
                sessions_valid_from = \(Self.day(one.sessions)), deactivated_at = \(Self.day(one.deactivated)), deactivation_reason = \(one.because)
            WHERE company_id = \(company) AND id = \(person)
            """)
        let record = try await database.makeBreachRecord(
            in: company, employee: person, breach: breach, exposedData: one.data, artifacts: one.artifacts,
            detectedAt: try #require(Self.day(one.known)), sources: one.sources)
        try await database.system.execute(
            """
            UPDATE breach_records SET captured_at = \(Self.day(one.captured)), in_leak_file = \(one.hasUndated || one.hasUnread) WHERE id = \(record)
            """)
        if one.hasUndated || one.hasUnread {
            try await database.system.execute(
                """
                INSERT INTO leaked_credentials (id, company_id, employee_id, record_id, identity, login, is_unread, first_seen_at, last_seen_at)
                VALUES (\(CUID.make(at: Date())), \(company), \(person), \(record), '\\x01', 'e…', \(one.hasUnread), \(Self.day(one.known)),
                    \(Self.day(one.known)))
                """)
        }
        let found = try #require(
            try await Breaches(database: database.tenant).records(of: person, for: Subject(actor: .program("test"), company: company, role: .viewer))
                .first
        ).liveness
        #expect(found.reason == one.reason)
        #expect(found.state == one.reason.liveness)
        #expect((found.certainty != nil) == (found.state == .live))
    }

    @Test func `the cases have every reason`() {
        #expect(Set(Self.cases.map(\.reason)) == Set(LivenessReason.allCases))
    }

    /// Somebody with a record and its alert.
    private func makeExposure(
        in company: CompanyID, artifacts: [ArtifactKind] = [.cookie], data: [String] = ["email"]
    ) async throws -> (person: EmployeeID, alert: AlertID) {
        let database = TestDatabase.current
        let person = try await database.makeEmployee(in: company)
        let breach = try await database.makeBreach(date: Self.day("2026-01-10"), dataTypes: data)
        _ = try await database.makeBreachRecord(in: company, employee: person, breach: breach, exposedData: data, artifacts: artifacts)
        return (person, try await database.makeAlert(in: company, employee: person, breach: breach))
    }

    @Test func `alerts are filtered by whether they are live, and say why`() async throws {
        try await withServer(as: .viewer) { client in
            let database = TestDatabase.current
            let live = try await makeExposure(in: client.company)
            let done = try await makeExposure(in: client.company)
            let unknown = try await makeExposure(in: client.company)
            let harmless = try await makeExposure(in: client.company, artifacts: [])
            try await database.owner.execute("UPDATE employees SET sessions_valid_from = '2020-01-01' WHERE id = \(live.person)")
            try await database.owner.execute("UPDATE employees SET sessions_valid_from = '2026-05-01' WHERE id = \(done.person)")
            func shown(_ state: String) async throws -> Set<AlertID> {
                Set(try await client.get("/api/alerts?liveness=\(state)").decode(Page<AlertListing>.self).items.map(\.id))
            }
            #expect(try await shown("LIVE") == [live.alert])
            #expect(try await shown("NEUTRALISED") == [done.alert])
            #expect(try await shown("UNKNOWN") == [unknown.alert])
            #expect(try await shown("NO_CREDENTIAL") == [harmless.alert])
            #expect(try await shown("LIVE,UNKNOWN") == [live.alert, unknown.alert])
            #expect(try await client.get("/api/alerts?liveness=DEAD").fields.first?.hasPrefix("liveness") == true)

            let detail = try await client.get("/api/alerts/\(live.alert)").decode(AlertDetailResponse.self)
            #expect(detail.liveness?.state == .live)
            #expect(detail.liveness?.text.contains("1 Jan 2020") == true)
            let records = try await client.get("/api/employees/\(done.person)/records").decode(Page<Breaches.RecordResponse>.self)
            #expect(records.items.map(\.liveness.reason) == [.sessionsRevoked])
            #expect(records.items.map(\.alertId) == [done.alert])
            #expect(try await client.get("/api/employees/\(EmployeeID())/records").status == 404)

            #expect(try await client.get("/alerts/\(live.alert)").text.contains("Still live"))
            #expect(try await client.get("/employees/\(done.person)").text.contains("Neutralised"))
            #expect(try await client.get("/alerts?liveness=NEUTRALISED").text.contains(done.alert.rawValue))
        }
    }

    @Test func `a secret that a file shows later counts from then on`() async throws {
        let database = TestDatabase.current
        let company = try await database.makeCompany()
        let person = try await database.makeEmployee(in: company)
        let breach = try await database.makeBreach(date: nil)
        let record = try await database.makeBreachRecord(
            in: company, employee: person, breach: breach, detectedAt: try #require(Self.day("2026-02-01")))
        try await database.owner.execute("UPDATE employees SET password_changed_at = '2026-03-01' WHERE id = \(person)")
        try await database.owner.execute("UPDATE breach_records SET in_leak_file = true WHERE id = \(record)")
        let subject = Subject(actor: .program("test"), company: company, role: .viewer)
        let breaches = Breaches(database: database.tenant)
        #expect(try await breaches.records(of: person, for: subject).map(\.liveness.reason) == [.passwordChanged])
        try await database.tenant.transaction(for: company) { db in
            try await db.execute(
                """
                INSERT INTO leaked_credentials (id, company_id, employee_id, record_id, identity, login, first_seen_at, last_seen_at)
                VALUES (\(CUID.make(at: Date())), \(company), \(person), \(record), '\\x01', 'e…', '2026-04-01', '2026-04-01')
                """)
        }
        #expect(try await breaches.records(of: person, for: subject).map(\.liveness.reason) == [.passwordUnclear])
    }

    @Test func `what a directory says of an account does not go back in time, unless it is another account`() async throws {
        let owner = TestDatabase.current.owner
        let company = try await TestDatabase.current.makeCompany()
        let person = try await TestDatabase.current.makeEmployee(in: company)
        func changed(_ set: SQL) async throws -> Date? {
            try await owner.first("UPDATE employees SET \(set) WHERE id = \(person) RETURNING password_changed_at", as: Date.self)
        }
        let later = Timestamp.parse("2026-03-01T00:00:00.000Z")
        #expect(try await changed("external_id = 'one', password_changed_at = '2026-03-01T00:00:00Z'") == later)
        #expect(try await changed("password_changed_at = '2026-01-01T00:00:00Z'") == later)
        #expect(try await changed("password_changed_at = '2026-01-01T00:00:00Z', external_id = 'two'") != later)
    }

    @Test(arguments: LivenessReason.allCases) func `every reason has words`(reason: LivenessReason) async throws {
        var exposure = try await withExposure()
        exposure.reason = reason
        #expect(exposure.words.hasSuffix("."))
        #expect(!exposure.words.contains("  "))
        // What a directory ends are not all sessions there are.
        #expect(!exposure.words.contains("all sessions") && !exposure.words.contains("All sessions"))
        let endsSessions = [LivenessReason.sessionsRevoked, .bothRenewed].contains(reason)
        #expect(exposure.words.contains("An application that keeps sessions of its own") == (endsSessions || reason == .accountDisabled))
    }

    @Test(arguments: [
        ([ArtifactKind.cookie], ["email"], "After that the directory ended the account's sessions on 1 May 2026. An application that keeps"),
        ([.cookie, .password], ["email"], "After that the password was changed on 2 May 2026 and the directory ended the account's sessions"),
    ])
    func `a session that the directory ended is neutralised, and those that it does not reach are named`(
        artifacts: [ArtifactKind], data: [String], words: String
    ) async throws {
        let database = TestDatabase.current
        let company = try await database.makeCompany()
        let exposed = try await makeExposure(in: company, artifacts: artifacts, data: data)
        try await database.owner.execute(
            "UPDATE employees SET sessions_valid_from = '2026-05-01', password_changed_at = '2026-05-02' WHERE id = \(exposed.person)")
        let subject = Subject(actor: .program("test"), company: company, role: .admin)
        let detail = try await Alerts(database: database.tenant).detail(exposed.alert, for: subject)
        let liveness = try #require(detail.liveness)
        #expect(liveness.state == .neutralised)
        #expect(liveness.text.contains(words), "\(liveness.text)")
        #expect(detail.resolution?.contains("An application that keeps sessions of its own may still take") == true)
        #expect(detail.nextSteps.contains { !$0.isDone && $0.text.contains("sessions in applications that keep their own") })
    }

    @Test(arguments: [([ArtifactKind.cookie], true), ([.password], false)])
    func `of a disabled account no more is said of sessions than where one was taken`(artifacts: [ArtifactKind], isSaid: Bool) async throws {
        let database = TestDatabase.current
        let company = try await database.makeCompany()
        let exposed = try await makeExposure(in: company, artifacts: artifacts)
        let directory = try await database.makeDirectoryConnection(in: company)
        try await database.owner.execute(
            """
            UPDATE employees SET source_connection_id = \(directory), deactivated_at = '2026-03-01', deactivation_reason = 'DISABLED'
            WHERE id = \(exposed.person)
            """)
        let subject = Subject(actor: .program("test"), company: company, role: .viewer)
        let text = try #require(try await Breaches(database: database.tenant).records(of: exposed.person, for: subject).first).liveness.words
        #expect(text.contains("is disabled in its directory since 1 Mar 2026."))
        #expect(text.contains("An application that keeps sessions of its own") == isSaid)
    }

    private func withExposure() async throws -> ExposureLiveness {
        let company = try await TestDatabase.current.makeCompany()
        let exposed = try await makeExposure(in: company)
        let subject = Subject(actor: .program("test"), company: company, role: .viewer)
        let records = try await Breaches(database: TestDatabase.current.tenant).records(of: exposed.person, for: subject)
        return try #require(records.first).liveness
    }
}
