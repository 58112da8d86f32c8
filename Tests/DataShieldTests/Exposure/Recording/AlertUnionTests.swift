import DataShieldTestSupport
import Foundation
import Postgres
import Testing

@testable import DataShield

/// Several alerts about one person in one breach become one.
@Suite struct AlertUnionRuleTests {
    private static func member(
        _ name: String, _ severity: Severity, _ status: AlertStatus, day: Double, assignee: UserID? = nil, saidAll: Bool = false
    ) -> AlertUnion.Member {
        .init(
            severity: severity, state: AlertAudit(status: status, assigneeId: assignee, resolution: status == .resolved ? name : nil),
            createdAt: Date(timeIntervalSince1970: day * 86_400), saidAll: saidAll)
    }

    /// Which of two goes on, and as what.
    private static let cases:
        [(a: (Severity, AlertStatus, Double, Bool), b: (Severity, AlertStatus, Double, Bool), kept: String, status: AlertStatus)] = [
            // The more severe, then what more was done about, then the older.
            ((.high, .open, 1, false), (.critical, .open, 2, false), "b", .open),
            ((.high, .open, 2, false), (.high, .acknowledged, 3, false), "b", .acknowledged),
            ((.high, .open, 2, false), (.high, .open, 1, false), "b", .open), ((.high, .open, 1, false), (.high, .open, 2, false), "a", .open),
            // What was done about the other is not lost.
            ((.critical, .open, 1, false), (.medium, .acknowledged, 2, false), "a", .acknowledged),
            // Who resolved it knew all of it, or did not.
            ((.high, .open, 1, false), (.high, .resolved, 2, true), "b", .resolved),
            ((.high, .open, 1, false), (.high, .resolved, 2, false), "b", .open),
            ((.critical, .open, 1, true), (.high, .resolved, 2, false), "a", .open),
            ((.critical, .acknowledged, 1, true), (.high, .resolved, 2, true), "a", .acknowledged),
            ((.critical, .resolved, 1, false), (.high, .resolved, 2, false), "a", .resolved),
        ]

    @Test(arguments: cases.indices) func `the most severe goes on, and what was done about any is not lost`(place: Int) throws {
        let one = Self.cases[place]
        let a = Self.member("a", one.a.0, one.a.1, day: one.a.2, saidAll: one.a.3)
        let b = Self.member("b", one.b.0, one.b.1, day: one.b.2, saidAll: one.b.3)
        for members in [[a, b], [b, a]] {
            let union = try #require(AlertUnion(members))
            #expect(union.kept.id == (one.kept == "a" ? a.id : b.id))
            #expect(union.doubles.map(\.id) == [one.kept == "a" ? b.id : a.id])
            #expect(union.state.status == one.status)
            #expect((union.resolvedAt != nil) == (one.status == .resolved))
            #expect((union.state.resolution != nil) == (one.status == .resolved))
            #expect(union.createdAt == min(a.createdAt, b.createdAt))
        }
    }

    @Test func `somebody who was given one of them has the one`() throws {
        let (ada, bob) = (UserID(), UserID())
        let open = Self.member("a", .critical, .open, day: 1)
        #expect(AlertUnion([open, Self.member("b", .low, .open, day: 2, assignee: ada)])?.state.assigneeId == ada)
        let both = [Self.member("a", .critical, .open, day: 1, assignee: bob), Self.member("b", .low, .acknowledged, day: 2, assignee: ada)]
        #expect(AlertUnion(both)?.state.assigneeId == ada, "Who has it in hand.")
    }

    @Test func `one that was closed as the second of two says nothing of what was done`() throws {
        var double = Self.member("x", .critical, .resolved, day: 2, saidAll: true)
        double.state.resolution = AlertUnion.formerResolution
        let open = Self.member("a", .critical, .open, day: 1)
        let union = try #require(AlertUnion([double, open]))
        #expect(union.kept.id == open.id)
        #expect(union.state.status == .open)
        #expect(AlertUnion([]) == nil)
    }

    @Test func `that the finding of one was neutralised closes no other, and somebody's word counts before it`() throws {
        var neutralised = Self.member("x", .critical, .resolved, day: 3, saidAll: true)
        neutralised.isResolvedAsNeutralised = true
        let open = Self.member("a", .high, .open, day: 1)
        let both = try #require(AlertUnion([neutralised, open]))
        #expect(both.kept.id == neutralised.id && both.state.status == .open && !both.isResolvedAsNeutralised)
        let word = try #require(AlertUnion([neutralised, Self.member("done", .high, .resolved, day: 2)]))
        #expect(word.state.resolution == "done" && !word.isResolvedAsNeutralised)
        var other = Self.member("y", .high, .resolved, day: 2)
        other.isResolvedAsNeutralised = true
        #expect(try #require(AlertUnion([neutralised, other])).isResolvedAsNeutralised)
    }
}

/// On the database: what belongs to an alert goes with it.
@Suite(.freshDatabasePerTest) struct AlertUnionTests {
    static let now = RecorderTests.now
    var database: TestDatabase { .current }
    private var job: UniteBreaches { UniteBreaches(database: database.tenant, now: { Self.now }) }

    /// What a program before this one has recorded: a table's name is a breach of its own.
    private struct World {
        var company: CompanyID
        var person: EmployeeID
        var user: UserID
        var subject: Subject
        /// Of the catalogue.
        var published: BreachID
        var own: BreachID
        var alert: AlertID
        var double: AlertID
    }

    private func makeWorld(isSpam: Bool = false, in company: CompanyID? = nil) async throws -> World {
        let company = if let company { company } else { try await database.makeCompany() }
        let person = try await database.makeEmployee(in: company)
        let user = try await database.makeUser(in: company, role: .admin)
        let entry = CatalogueEntry(
            name: "MailRu", title: "mail.ru Dump", domain: "mail.ru", breachDate: BreachDate.day("2014-09-10"), addedAt: Self.now,
            dataTypes: ["email", "password"], isSpamList: isSpam)
        try await BreachCatalogue(system: database.system).add(entry, source: .hibp)
        let published = try #require(try await database.owner.first("SELECT id FROM breaches WHERE name = 'MailRu'", as: BreachID.self))
        let own = try await database.makeBreach(of: company, name: "1234_MAIL_RU_DUMP_16M_SHOPPING_092014", source: .darkWeb)
        let day = Self.now.addingTimeInterval(-86_400)
        _ = try await database.makeBreachRecord(
            in: company, employee: person, breach: published, exposedData: ["email"], detectedAt: Self.now, sources: [.hibp])
        _ = try await database.makeBreachRecord(
            in: company, employee: person, breach: own, exposedData: ["email", "password"], detectedAt: day, sources: [.snusbase])
        let alert = try await database.makeAlert(
            in: company, severity: .medium, message: "Exposed in mail.ru Dump: email.", employee: person, breach: published, createdAt: Self.now)
        let double = try await database.makeAlert(
            in: company, severity: .high, message: "Exposed in 1234_MAIL_RU_DUMP_16M_SHOPPING_092014: password and email.", employee: person,
            breach: own, createdAt: day)
        return World(
            company: company, person: person, user: user, subject: Subject(actor: .user(user), company: company, role: .admin),
            published: published, own: own, alert: alert, double: double)
    }

    @Test func `comments, who has it, history and references go with the alert, and its id still finds it`() async throws {
        let world = try await makeWorld()
        let alerts = Alerts(database: database.tenant, now: { Self.now })
        _ = try await alerts.comment(on: world.alert, "Asked the person", by: world.subject)
        _ = try await alerts.comment(on: world.double, "Called them", by: world.subject)
        _ = try await alerts.change(world.alert, .init(status: .acknowledged, assignee: .set(world.user)), by: world.subject)
        try await job.perform(for: world.company)
        // The more severe goes on, as somebody has it in hand.
        let left = try await database.owner.query(
            "SELECT concat_ws(' ', id, severity, confidence, status, assignee_id, breach_id, message, created_at < \(Self.now)) FROM alerts",
            as: String.self)
        let message = "Exposed in mail.ru Dump: password and email."
        #expect(left == ["\(world.double) HIGH HIGH ACKNOWLEDGED \(world.user) \(world.published) \(message) t"])
        for id in [world.alert, world.double] {
            #expect(try await alerts.find(id, for: world.subject).alert.id == world.double)
            #expect(try await alerts.comments(on: id, for: world.subject).items.map(\.body) == ["Asked the person", "Called them"])
            let detail = try await alerts.detail(id, for: world.subject)
            #expect(detail.history.map(\.action) == ["alert.united", "alert.status_changed", "alert.commented", "alert.commented"])
            #expect(detail.evidence?.exposedData == ["email", "password"])
        }
        // It can be gone on with by either id.
        #expect(try await alerts.move(world.alert, to: .resolved, by: world.subject).alert.id == world.double)
        _ = try await alerts.comment(on: world.alert, "Done", by: world.subject)
        #expect(try await alerts.comments(on: world.double, for: world.subject).items.count == 3)

        let records = try await database.owner.query(
            "SELECT concat_ws(' ', breach_id, exposed_data, sources, detected_at < \(Self.now)) FROM breach_records", as: String.self)
        #expect(records == ["\(world.published) {email,password} {HIBP,SNUSBASE} t"])
        #expect(try await database.owner.first("SELECT count(*) FROM breaches WHERE company_id IS NOT NULL", as: Int.self) == 0)
        #expect(try await RollupTests.wrongCounts(database.owner) == [])
        #expect(try await StoredStateTests.mismatches(in: database) == 0)
        #expect(try await Audit(database: database.tenant).firstBrokenEvent(of: world.company) == nil)
        // Another company's ids are none.
        let stranger = Subject(actor: .program("test"), company: try await database.makeCompany(), role: .admin)
        await #expect(throws: Alerts.Failure.notFound) { try await alerts.find(world.alert, for: stranger) }

        // Once more changes nothing.
        let before = try await database.owner.query("SELECT a::text FROM alerts a", as: String.self)
        try await job.perform(for: world.company)
        #expect(try await database.owner.query("SELECT a::text FROM alerts a", as: String.self) == before)
    }

    @Test func `links of messages, the trail and the log of remediation still lead to the alert`() async throws {
        try await withServer(as: .admin) { client in
            let world = try await makeWorld(in: client.company)
            try await database.owner.execute(
                """
                INSERT INTO remediation_actions (id, company_id, action, status, target, performed_by, employee_id, alert_id)
                VALUES (\(RemediationActionID()), \(world.company), 'REVOKE_SESSIONS', 'SUCCESS', 'x', 'Ute', \(world.person), \(world.alert))
                """)
            try await job.perform(for: world.company)
            let page = try await client.get("/alerts/\(world.alert)")
            #expect(page.status == 200 && page.text.contains("made one alert of several that were about this breach"))
            #expect(try await client.get("/api/alerts/\(world.alert)").text.contains(world.double.rawValue))
            let log = try await client.get("/api/remediation?alert=\(world.double)")
            #expect(log.status == 200 && log.text.contains(world.alert.rawValue), "\(log.text)")
            #expect(try await client.get("/api/alerts/\(AlertID())").status == 404)
        }
    }

    @Test func `the state that is stored of a finding is right after two became one`() async throws {
        let world = try await makeWorld()
        try await database.owner.execute("UPDATE employees SET password_changed_at = '2020-01-01' WHERE id = \(world.person)")
        func states() async throws -> [String] {
            try await database.owner.query(
                """
                SELECT concat_ws(' ', r.state, r.certainty, r.worst_credential, a.state, a.certainty) FROM breach_records r
                JOIN alerts a ON a.employee_id = r.employee_id AND a.breach_id = r.breach_id ORDER BY 1
                """, as: String.self)
        }
        // While the table's name told no date, the password could be younger than its change.
        #expect(try await states() == ["NO_CREDENTIAL NO_CREDENTIAL", "UNKNOWN PASSWORD UNKNOWN"])
        try await job.perform(for: world.company)
        #expect(try await states() == ["NEUTRALISED PASSWORD NEUTRALISED"])
        #expect(try await StoredStateTests.mismatches(in: database) == 0)
    }

    /// Whether the company wants it, which alert was resolved by somebody, and what the one that stays is then.
    @Test(arguments: [
        (true, false, "RESOLVED t Neutralised: the password was changed on 1 Jan 2020, after it was exposed."), (false, false, "OPEN f"),
        (true, true, "RESOLVED f done"),
    ]) func `a finding that is neutralised by being united resolves its alert, once, in the name of the catalogue`(
        isWanted: Bool, isResolved: Bool, expected: String
    ) async throws {
        let world = try await makeWorld()
        let alone = try await database.makeEmployee(in: world.company)
        _ = try await database.makeBreachRecord(
            in: world.company, employee: alone, breach: world.own, exposedData: ["password"], detectedAt: Self.now, sources: [.snusbase])
        let other = try await database.makeAlert(in: world.company, severity: .high, employee: alone, breach: world.own)
        try await database.owner.execute("UPDATE companies SET resolves_neutralised = \(isWanted)")
        try await database.owner.execute("UPDATE employees SET password_changed_at = '2020-01-01'")
        if isResolved { try await database.owner.execute("UPDATE alerts SET status = 'RESOLVED', resolved_at = now(), resolution = 'done'") }
        try await job.perform(for: world.company)
        let found = try await database.owner.query(
            "SELECT concat_ws(' ', status, resolved_as_neutralised, resolution) FROM alerts WHERE state = 'NEUTRALISED'", as: String.self)
        #expect(found == [expected, expected])
        let moves: SQL = """
            SELECT actor_name FROM audit_events WHERE action = 'alert.status_changed' AND target_id = ANY(\([world.double, other])::text[])
            """
        let actors = try await database.owner.query(moves, as: String.self)
        #expect(actors == (isWanted && !isResolved ? ["catalogue", "catalogue"] : []))
        #expect(try await RollupTests.wrongCounts(database.owner) == [])
        #expect(try await StoredStateTests.mismatches(in: database) == 0)
    }

    @Test func `what was neutralised in one of two is asked anew of both together`() async throws {
        let world = try await makeWorld()
        // The catalogue's holds a password, too, of before the change: that alert is resolved, and as severe. Of the other no date is known.
        try await database.owner.execute("UPDATE breach_records SET exposed_data = '{email,password}' WHERE breach_id = \(world.published)")
        try await database.owner.execute("UPDATE alerts SET severity = 'HIGH'")
        try await database.owner.execute("UPDATE employees SET password_changed_at = '2020-01-01' WHERE id = \(world.person)")
        let statuses: SQL = "SELECT concat_ws(' ', status, state, resolved_as_neutralised) FROM alerts ORDER BY 1"
        #expect(try await database.owner.query(statuses, as: String.self) == ["OPEN UNKNOWN f", "RESOLVED NEUTRALISED t"])
        try await job.perform(for: world.company)
        #expect(try await database.owner.query(statuses, as: String.self) == ["RESOLVED NEUTRALISED t"])
        #expect(try await RollupTests.wrongCounts(database.owner) == [])
        #expect(try await StoredStateTests.mismatches(in: database) == 0)
    }

    @Test func `alerts that became one stay found when that one becomes one with another`() async throws {
        let world = try await makeWorld()
        let alerts = Alerts(database: database.tenant, now: { Self.now })
        try await job.perform(for: world.company)
        let third = try await database.makeAlert(in: world.company, severity: .critical, employee: world.person, breach: world.published)
        try await job.perform(for: world.company)
        for id in [world.alert, world.double, third] { #expect(try await alerts.find(id, for: world.subject).alert.id == third) }
        #expect(try await RollupTests.wrongCounts(database.owner) == [])
    }

    @Test func `an alert about what is a spam list after all is resolved with that reason, and keeps what was done`() async throws {
        let world = try await makeWorld(isSpam: true)
        let alerts = Alerts(database: database.tenant, now: { Self.now })
        _ = try await alerts.comment(on: world.double, "Called them", by: world.subject)
        try await job.perform(for: world.company)
        let alert = try await alerts.find(world.alert, for: world.subject).alert
        #expect(alert.status == .resolved && alert.resolution == FlaggedAlerts.resolution)
        #expect(try await alerts.comments(on: alert.id, for: world.subject).items.map(\.body) == ["Called them"])
        let last = try #require(try await alerts.history(of: alert.id, for: world.subject).first)
        #expect(last.actor == "catalogue" && last.toStatus == .resolved)
        // Another source's word opens it no more.
        let finding = RecorderTests.finding(.dehashed, "mail.ru", types: ["password", "hashed_password", "ssn"])
        let outcome = try await database.tenant.transaction(for: world.company) { db in
            try await Recorder(now: { Self.now }).record([(world.person, finding)], in: db)
        }
        #expect(outcome.newAlerts == 0 && outcome.raised == 0 && outcome.reopened == 0)
        #expect(try await alerts.find(alert.id, for: world.subject).alert.status == .resolved)
        // Whoever opens it again meant it.
        _ = try await alerts.move(alert.id, to: .open, by: world.subject)
        try await job.perform(for: world.company)
        #expect(try await alerts.find(alert.id, for: world.subject).alert.status == .open)
        #expect(try await RollupTests.wrongCounts(database.owner) == [])
    }

    @Test func `a flag that comes later resolves the alert, and one that is taken back opens it again`() async throws {
        let (company, other) = (try await database.makeCompany(), try await database.makeCompany())
        let person = try await database.makeEmployee(in: company)
        let catalogue = BreachCatalogue(system: database.system)
        func take(isSpam: Bool, fabricated: Bool = false) async throws -> [CompanyID] {
            let before = try await database.owner.first("SELECT count(*) FROM jobs", as: Int.self) ?? 0
            try await catalogue.add(
                CatalogueEntry(name: "Shop9", addedAt: Self.now, dataTypes: ["email"], isFabricated: fabricated, isSpamList: isSpam), source: .hibp)
            return try await database.owner.query("SELECT company_id FROM jobs ORDER BY id OFFSET \(before)::int", as: CompanyID.self)
        }
        func status() async throws -> String? {
            try await database.owner.first("SELECT concat_ws(' ', status, resolution) FROM alerts", as: String.self)
        }
        #expect(try await take(isSpam: false) == [])
        _ = try await database.tenant.transaction(for: company) { db in
            try await Recorder(now: { Self.now }).record([(person, RecorderTests.finding(.dehashed, "Shop9"))], in: db)
        }
        #expect(try await status() == "OPEN")
        #expect(try await take(isSpam: true) == [company], "Nobody else has any of it.")
        #expect(try await take(isSpam: true) == [], "It says nothing new.")
        try await job.perform(for: other)
        try await job.perform(for: company)
        #expect(try await status() == "RESOLVED \(FlaggedAlerts.resolution)")
        #expect(try await take(isSpam: false) == [company])
        try await job.perform(for: company)
        #expect(try await status() == "OPEN")
        #expect(try await take(isSpam: false, fabricated: true) == [company])
        try await job.perform(for: company)
        #expect(try await status() == "RESOLVED \(FlaggedAlerts.resolution)")
        let open = try await database.owner.first("SELECT open_alert_count FROM employees WHERE id = \(person)", as: Int.self)
        #expect(open == 0)
        #expect(try await RollupTests.wrongCounts(database.owner) == [])
    }

    @Test func `a name that is read otherwise today is the breach that it names, or is called so`() async throws {
        let company = try await database.makeCompany()
        let people = [try await database.makeEmployee(in: company), try await database.makeEmployee(in: company)]
        for name in ["4411_PIXEL_TRADERS_1M_SHOPPING_102023", "4412_PIXEL_TRADERS_2M_SHOPPING_112024", "2123_BREACHFORUMS_BF_323K_HACKING_012026"] {
            let breach = try await database.makeBreach(of: company, name: name, source: .darkWeb)
            for (place, person) in people.enumerated() where !name.hasPrefix("4412") || place == 0 {
                _ = try await database.makeBreachRecord(in: company, employee: person, breach: breach, sources: [.snusbase])
                _ = try await database.makeAlert(in: company, message: "Exposed in \(name): password and email.", employee: person, breach: breach)
            }
        }
        try await job.perform(for: company, people: 1)
        let breaches = try await database.owner.query(
            "SELECT concat_ws(' | ', name, canonical_key, pwn_count, description) FROM breaches ORDER BY name", as: String.self)
        #expect(
            breaches == [
                "Breachforums BF | breachforumsbf | 323000 | A source calls it 2123_BREACHFORUMS_BF_323K_HACKING_012026. "
                    + "Of its date that tells the month, whose last day it counts as.",
                "Pixel Traders | pixeltraders | 1000000 | A source calls it 4411_PIXEL_TRADERS_1M_SHOPPING_102023. "
                    + "Of its date that tells the month, whose last day it counts as.",
            ])
        let messages = try await database.owner.query("SELECT message FROM alerts ORDER BY message", as: String.self)
        #expect(
            messages == [
                "Exposed in Breachforums BF: password and email.", "Exposed in Breachforums BF: password and email.",
                "Exposed in Pixel Traders: password and email.", "Exposed in Pixel Traders: password and email.",
            ])
        // A file of Intelligence X whose name says nothing.
        let file = try await database.makeBreach(of: company, name: "x", source: .darkWeb)
        _ = try await database.makeBreachRecord(in: company, employee: people[0], breach: file, sources: [.intelx])
        try await job.perform(for: company)
        #expect(try await database.owner.query("SELECT name FROM breaches WHERE id = \(file)", as: String.self) == ["Leaks (Intelligence X)"])
        // And a scan finds them there.
        let outcome = try await database.tenant.transaction(for: company) { db in
            try await Recorder(now: { Self.now }).record(
                [
                    (people[0], RecorderTests.finding(.snusbase, "4411_PIXEL_TRADERS_1M_SHOPPING_102023")),
                    (people[1], RecorderTests.finding(.snusbase, "2123_BREACHFORUMS_BF_323K_HACKING_012026")),
                ], in: db)
        }
        #expect(outcome == .init())
        #expect(try await RollupTests.wrongCounts(database.owner) == [])
    }
}
