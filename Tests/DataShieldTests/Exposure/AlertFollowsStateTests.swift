import DataShieldTestSupport
import Foundation
import JSON
import Postgres
import Testing

@testable import DataShield

/// What a finding's state does to its alert.
@Suite(.freshDatabase) struct AlertFollowsStateTests {
    var database: TestDatabase { .current }

    /// Somebody whose session was stolen before it was ended last, and whose password malware took: live, with an open alert.
    struct Place {
        var company: CompanyID
        var person: EmployeeID
        var breach: BreachID
        var alert: AlertID
        var record: BreachRecordID

        var subject: Subject { Subject(actor: .program("test"), company: company, role: .admin) }
    }

    static func day(_ text: String) -> Date { Timestamp.parse("\(text)T12:00:00.000Z") ?? .distantPast }

    func makePlace(in known: CompanyID? = nil, status: AlertStatus = .open) async throws -> Place {
        let company = if let known { known } else { try await database.makeCompany() }
        let person = try await database.makeEmployee(in: company)
        let directory = try await database.makeDirectoryConnection(in: company)
        try await database.system.execute(
            """
            UPDATE employees SET source_connection_id = \(directory), external_id = \(person.rawValue),
                sessions_valid_from = '2020-01-01', password_changed_at = '2020-01-01' WHERE id = \(person)
            """)
        let breach = try await database.makeBreach(source: .stealerLog, date: Self.day("2026-01-10"))
        let record = try await database.makeBreachRecord(
            in: company, employee: person, breach: breach, artifacts: [.cookie, .password], detectedAt: Self.day("2026-02-01"))
        let alert = try await database.makeAlert(
            in: company, severity: .critical, status: status, employee: person, breach: breach, createdAt: Self.day("2026-02-01"))
        return Place(company: company, person: person, breach: breach, alert: alert, record: record)
    }

    var alerts: Alerts { Alerts(database: database.tenant) }

    func change(_ place: Place, by actor: Subject.Actor? = nil, _ set: SQL) async throws {
        try await database.tenant.transaction(for: place.company) { db in
            if let actor { try await db.execute(AuditTrail.acting(actor, address: "192.0.2.7")) }
            try await db.execute("UPDATE employees SET \(set) WHERE company_id = \(place.company) AND id = \(place.person)")
        }
    }

    let renewed: SQL = "password_changed_at = '2026-03-01', sessions_valid_from = '2026-03-02'"

    func events(_ place: Place) async throws -> [AuditEvent] {
        try await Audit(database: database.tenant).list(AuditFilter(target: place.alert.rawValue), limit: 50, for: place.subject).items
    }

    // MARK: Closing

    @Test func `what is neutralised resolves its alert, with the reason and in the name of whoever did it`() async throws {
        let place = try await makePlace()
        try await change(place, by: .program("directory sync"), renewed)
        let alert = try await alerts.find(place.alert, for: place.subject).alert
        #expect(alert.status == .resolved)
        #expect(alert.state == .neutralised)
        #expect(
            alert.resolution
                == "Neutralised: the password was changed on 1 Mar 2026 and the directory ended the account's sessions on 2 Mar 2026, after they were"
                + " exposed. An application that keeps sessions of its own may still take a stolen one.")
        let event = try #require(try await events(place).first)
        #expect(event.action == "alert.status_changed")
        #expect(event.actorName == "directory sync")
        #expect(event.ip == "192.0.2.7")
        #expect(try await database.system.first("SELECT count(*) FROM alert_moves", as: Int.self) == 0)
        #expect(try await database.system.first("SELECT broken_audit_event(\(place.company))", as: Int?.self) == .some(nil))
    }

    @Test func `it is said to be whoever records an event of the same transaction, with their address`() async throws {
        let place = try await makePlace()
        let user = try await database.makeUser(in: place.company)
        let subject = Subject(actor: .user(user), company: place.company, role: .admin, address: "192.0.2.9")
        try await database.tenant.transaction(for: place.company) { db in
            try await db.execute("UPDATE employees SET \(renewed) WHERE company_id = \(place.company) AND id = \(place.person)")
            try await AuditTrail.record("employee.updated", target: .init("employee", place.person), by: subject, in: db)
        }
        let event = try #require(try await events(place).first)
        #expect(event.actorId == user.rawValue)
        #expect(event.actorName?.contains("@") == true)
        #expect(event.ip == "192.0.2.9")
    }

    @Test func `an account that is disabled resolves the alert, and one that is back opens it on top of the list`() async throws {
        let place = try await makePlace()
        let younger = try await makePlace(in: place.company)
        try await database.system.execute("UPDATE alerts SET created_at = '2026-02-05' WHERE id = \(younger.alert)")
        try await change(place, "deactivated_at = '2026-04-01', deactivation_reason = 'DISABLED'")
        #expect(try await alerts.find(place.alert, for: place.subject).alert.resolution == "Neutralised: the account is disabled in its directory.")
        try await addChannels(place.company)
        try await change(place, by: .program("directory sync"), "deactivated_at = NULL, deactivation_reason = NULL")
        let alert = try await alerts.find(place.alert, for: place.subject).alert
        #expect(alert.status == .open)
        #expect(alert.resolution == nil && alert.resolvedAt == nil)
        #expect(try await alerts.list(for: place.subject).items.map(\.alert.id) == [place.alert, younger.alert])
        #expect(try await events(place).count == 2)
        // Who wants HIGH and worse hears of it, who is off does not.
        #expect(
            try await database.system.query(
                "SELECT d.event || ' ' || w.label FROM deliveries d JOIN webhooks w ON w.id = d.webhook_id WHERE d.alert_id = \(place.alert)",
                as: String.self) == ["alert.reopened on"])
    }

    private func addChannels(_ company: CompanyID) async throws {
        for (label, isEnabled) in [("on", true), ("off", false)] {
            try await database.system.execute(
                """
                INSERT INTO webhooks (id, company_id, label, channel, encrypted_url, url_hint, min_severity, enabled)
                VALUES (\(CUID.make(at: Date())), \(company), \(label), 'WEBHOOK', '\\x00', 'x', 'HIGH', \(isEnabled))
                """)
        }
    }

    @Test func `a company that does not want it keeps the alert open`() async throws {
        let place = try await makePlace()
        let companies = Companies(database: database.tenant, system: database.system)
        #expect(try await companies.find(place.company).resolvesNeutralised)
        _ = try await companies.update(.init(resolvesNeutralised: false), by: place.subject)
        try await change(place, renewed)
        let alert = try await alerts.find(place.alert, for: place.subject).alert
        #expect(alert.status == .open)
        #expect(alert.state == .neutralised)
        #expect(try await events(place).isEmpty)
    }

    // MARK: Neutralised from the beginning

    /// Somebody who has renewed password and sessions in March 2026.
    private func makeRenewed(wanted: Bool = true) async throws -> (company: CompanyID, person: EmployeeID) {
        let company = try await database.makeCompany()
        try await database.system.execute("UPDATE companies SET resolves_neutralised = \(wanted) WHERE id = \(company)")
        let person = try await database.makeEmployee(in: company)
        let directory = try await database.makeDirectoryConnection(in: company)
        try await database.system.execute(
            "UPDATE employees SET source_connection_id = \(directory), external_id = \(person.rawValue), \(renewed) WHERE id = \(person)")
        try await addChannels(company)
        return (company, person)
    }

    /// Of whom a scan finds what malware took before.
    private func findLate(wanted: Bool) async throws -> (place: Place, deliveries: Int?) {
        let (company, person) = try await makeRenewed(wanted: wanted)
        let finding = Finding(
            breachName: "Late\(CUID.make(at: Date()).suffix(12))", dataTypes: ["email", "password"], artifacts: [.cookie, .password],
            capturedAt: Self.day("2026-01-10"), source: .darkWeb, provider: .dehashed)
        let outcome = try await database.tenant.transaction(for: company) { db in
            try await Recorder(now: { Self.day("2026-05-02") }).record([(person, finding)], in: db)
        }
        #expect(outcome.newAlerts == 1)
        let alert = try #require(try await database.system.first("SELECT id FROM alerts WHERE employee_id = \(person)", as: AlertID.self))
        let record = try #require(
            try await database.system.first("SELECT id FROM breach_records WHERE employee_id = \(person)", as: BreachRecordID.self))
        let breach = try #require(
            try await database.system.first("SELECT breach_id FROM breach_records WHERE employee_id = \(person)", as: BreachID.self))
        let count = try await database.system.first("SELECT count(*) FROM deliveries WHERE alert_id = \(alert)", as: Int.self)
        return (Place(company: company, person: person, breach: breach, alert: alert, record: record), count)
    }

    @Test func `what is neutralised when it is found raises an alert that is resolved with that reason, and nobody is told`() async throws {
        let (place, deliveries) = try await findLate(wanted: true)
        let alert = try await alerts.find(place.alert, for: place.subject).alert
        #expect(alert.status == .resolved && alert.state == .neutralised && alert.resolvedAt != nil)
        #expect(
            alert.resolution?.hasPrefix("Neutralised: the password was changed on 1 Mar 2026 and the directory ended the account's sessions") == true)
        #expect(try await events(place).map(\.actorName) == ["scan"])
        #expect(deliveries == 0)
        #expect(try await database.system.first("SELECT open_alert_count FROM employees WHERE id = \(place.person)", as: Int.self) == 0)
        // It comes back as one that became so later does.
        try await change(place, "password_changed_at = '2020-01-01', sessions_valid_from = '2020-01-01', external_id = 'another'")
        #expect(try await alerts.find(place.alert, for: place.subject).alert.status == .open)
    }

    @Test func `a company that does not want it has an open alert of what was neutralised before`() async throws {
        let (place, deliveries) = try await findLate(wanted: false)
        #expect(try await alerts.find(place.alert, for: place.subject).alert.status == .open)
        #expect(try await events(place).isEmpty)
        #expect(deliveries == 1)
    }

    @Test(arguments: [(true, AlertStatus.resolved, [String]()), (false, .open, ["alert.created"])])
    func `what a file shows of what is neutralised, part by part, opens nothing, unless nobody knows how old the file is`(
        isDated: Bool, status: AlertStatus, told: [String]
    ) async throws {
        let (company, person) = try await makeRenewed()
        let (file, name) = (LeakFileID(), "Late\(CUID.make(at: Date()).suffix(12))")
        try await database.system.execute(
            "INSERT INTO leak_files (id, company_id, place, name, size) VALUES (\(file), \(company), '\\x01', 'x.zip', 1)")
        for number: UInt8 in 1...2 {
            let finding = Finding(
                breachName: name, dataTypes: ["email", "password"], artifacts: [.password], capturedAt: Self.day("2026-01-10"), source: .stealerLog,
                provider: nil,
                leak: LeakFinding(
                    file: file, credentials: [FoundCredential(identity: [number], login: "e…", site: nil, secret: nil)], isDated: isDated))
            _ = try await database.tenant.transaction(for: company) { db in
                try await Recorder(now: { Self.day("2026-05-02") }).record([(person, finding)], by: "ingest", in: db)
            }
        }
        let found = try await database.system.query(
            """
            SELECT concat_ws(' ', status, (SELECT count(*) FROM audit_events e WHERE e.target_id = a.id)) FROM alerts a WHERE employee_id = \(person)
            """, as: String.self)
        #expect(found == ["\(status.rawValue) \(isDated ? 1 : 0)"])
        #expect(try await database.system.query("SELECT event FROM deliveries WHERE company_id = \(company)", as: String.self) == told)
        #expect(try await StoredStateTests.mismatches() == 0)
    }

    // MARK: Flagged

    @Test func `what the catalogue flags opens no alert when it is live again, and says so where it was neutralised`() async throws {
        let place = try await makePlace()
        let other = try await makePlace(in: place.company, status: .resolved)
        for place in [place, other] { try await change(place, renewed) }
        let flagged: SQL = "UPDATE breaches SET is_spam_list = true WHERE id = ANY(\([place.breach, other.breach])::text[])"
        try await database.system.execute(flagged)
        for place in [place, other] {
            try await change(place, "password_changed_at = '2020-01-01', sessions_valid_from = '2020-01-01', external_id = 'another'")
        }
        let alert = try await alerts.find(place.alert, for: place.subject).alert
        #expect(alert.status == .resolved && alert.state == .live)
        #expect(alert.resolution == FlaggedAlerts.resolution, "That it is neutralised is no longer so.")
        let event = try #require(try await events(place).first)
        #expect(event.action == "alert.updated")
        let kept = try await alerts.find(other.alert, for: place.subject).alert
        #expect(kept.status == .resolved && kept.resolution == nil, "Somebody resolved it.")
        // The flag is taken back.
        try await database.system.execute("UPDATE breaches SET is_spam_list = false WHERE id = \(place.breach)")
        try await UniteBreaches(database: database.tenant).perform(for: place.company)
        #expect(try await alerts.find(place.alert, for: place.subject).alert.status == .open)
    }

    // MARK: Opening

    @Test func `what a person resolved while it was not known comes back when it is live`() async throws {
        let place = try await makePlace()
        try await change(place, "password_changed_at = NULL, sessions_valid_from = NULL, external_id = 'another'")
        _ = try await alerts.move(place.alert, to: .resolved, by: place.subject)
        try await change(place, "sessions_valid_from = '2020-01-01'")
        #expect(try await alerts.find(place.alert, for: place.subject).alert.status == .open)
    }

    @Test(arguments: [true, false]) func `what is no longer neutralised comes back only where nobody else had resolved it`(
        byItself: Bool
    ) async throws {
        let place = try await makePlace()
        if !byItself { _ = try await alerts.change(place.alert, .init(status: .resolved, confirmsLive: true), by: place.subject) }
        try await change(place, renewed)
        #expect(try await alerts.find(place.alert, for: place.subject).alert.status == .resolved)
        // Another account: nobody knows when its password was changed.
        try await change(place, "password_changed_at = NULL, sessions_valid_from = NULL, external_id = 'another'")
        #expect(try await alerts.find(place.alert, for: place.subject).alert.status == (byItself ? .open : .resolved))
    }

    @Test func `who opens what was resolved by itself, and resolves it again, has resolved it`() async throws {
        let place = try await makePlace()
        try await change(place, renewed)
        _ = try await alerts.move(place.alert, to: .open, by: place.subject)
        _ = try await alerts.move(place.alert, to: .resolved, by: place.subject)
        try await change(place, "password_changed_at = NULL, sessions_valid_from = NULL, external_id = 'another'")
        #expect(try await alerts.find(place.alert, for: place.subject).alert.status == .resolved)
    }

    @Test func `of several alerts of one place the oldest comes back`() async throws {
        let place = try await makePlace(status: .resolved)
        let younger = try await database.makeAlert(
            in: place.company, status: .resolved, employee: place.person, breach: place.breach, createdAt: Self.day("2026-02-02"))
        try await change(place, renewed)
        try await change(place, "password_changed_at = '2020-01-01', sessions_valid_from = '2020-01-01', external_id = 'another'")
        #expect(try await alerts.find(place.alert, for: place.subject).alert.status == .open)
        #expect(try await alerts.find(younger, for: place.subject).alert.status == .resolved)
    }

    // MARK: Leak files

    @Test func `what a leak file opens again is said to be done by the reading, once`() async throws {
        let place = try await makePlace()
        try await change(place, renewed)
        try await addChannels(place.company)
        let file = LeakFileID()
        let finding = Finding(
            breachName: try #require(try await database.system.first("SELECT name FROM breaches WHERE id = \(place.breach)", as: String.self)),
            dataTypes: ["email", "password"], artifacts: [.cookie, .password], capturedAt: Self.day("2026-05-01"), source: .stealerLog, provider: nil,
            leak: LeakFinding(file: file, credentials: [FoundCredential(identity: [1], login: "e…", site: nil, secret: nil)], isDated: true))
        try await database.tenant.transaction(for: place.company) { db in
            try await db.execute("INSERT INTO leak_files (id, company_id, place, name, size) VALUES (\(file), \(place.company), '\\x01', 'x.zip', 1)")
            _ = try await Recorder(now: { Self.day("2026-05-02") }).record([(place.person, finding)], by: "ingest", in: db)
        }
        let alert = try await alerts.find(place.alert, for: place.subject).alert
        #expect(alert.status == .open)
        #expect(alert.state == .live)
        let events = try await events(place)
        #expect(events.map(\.actorName) == ["ingest", "DataShield"])
        #expect(try await database.system.first("SELECT count(*) FROM deliveries WHERE alert_id = \(place.alert)", as: Int.self) == 1)
    }

    // MARK: Resolving what still works

    @Test func `resolving what still works has to be confirmed`() async throws {
        try await withServer(as: .viewer) { client in
            let place = try await makePlace(in: client.company)
            let done = try await makePlace(in: client.company)
            try await database.system.execute("UPDATE companies SET resolves_neutralised = false WHERE id = \(client.company)")
            try await change(done, renewed)
            let refused = try await client.patch("/api/alerts/\(place.alert)", ["status": "RESOLVED"])
            #expect(refused.status == 409)
            #expect(refused.text.contains("confirmLive"))
            let both =
                ["ids": .array([.string(place.alert.rawValue), .string(done.alert.rawValue)]), "status": .string("RESOLVED")] as [String: JSONValue]
            let bulk = try await client.post("/api/alerts/bulk", JSONValue.object(both))
            #expect(bulk.status == 409)
            #expect(bulk.text.contains("1 of the 2 alerts"))
            #expect(try await alerts.find(done.alert, for: place.subject).alert.status == .open)
            let confirmed = JSONValue.object(both.merging(["confirmLive": .bool(true)]) { $1 })
            #expect(try await client.post("/api/alerts/bulk", confirmed).decode(AlertBulkResponse.self).changed == 2)
        }
    }

    @Test(arguments: [
        (LiveAlerts(certain: 1), 1, "What was exposed still works: whoever has it can sign in."),
        (LiveAlerts(ifReused: 1), 1, "sign in where the person uses the same password at work."),
        (LiveAlerts(certain: 1), 3, "1 of the 3 alerts is about something that still works: whoever has it can sign in."),
        (LiveAlerts(ifReused: 2), 2, "still works: whoever has it can sign in where the person uses the same password at work."),
        (LiveAlerts(certain: 2, ifReused: 1), 3, "can sign in, with 1 of them where the person uses the same password at work."),
    ]) func `that whoever has it can sign in is said of what is certain alone`(live: LiveAlerts, all: Int, words: String) {
        #expect(live.words(of: all).hasSuffix(words))
        #expect(Alerts.Failure.stillLive(live, of: all).detail.hasPrefix(live.words(of: all)))
    }

    @Test func `the pages ask once more, for one and for many`() async throws {
        try await withServer(as: .viewer) { client in
            let place = try await makePlace(in: client.company)
            let other = try await makePlace(in: client.company)
            let asked = try await client.submit("/alerts/\(place.alert)/status", [("status", "RESOLVED")])
            #expect(asked.status == 200)
            #expect(asked.text.contains("Resolve it although it still works?"))
            let many = try await client.submit(
                "/alerts/bulk", [("id", place.alert.rawValue), ("id", other.alert.rawValue), ("status", "RESOLVED")])
            #expect(many.text.contains("2 of the 2 alerts are about something that still works"))
            #expect(many.text.contains(other.alert.rawValue))
            _ = try await client.submit(
                "/alerts/\(place.alert)/status", [("status", "RESOLVED"), ("confirmLive", "true"), ("back", "/alerts/\(place.alert)")])
            #expect(try await alerts.find(place.alert, for: place.subject).alert.status == .resolved)
            let home = try await client.get("/dashboards").text
            #expect(home.contains("<span>Resolved · ") && home.contains("<span>Open · "), "A critical one that is done is not to be done.")
        }
    }
}
