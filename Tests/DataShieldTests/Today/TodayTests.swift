import DataShieldTestSupport
import Foundation
import Postgres
import Testing

@testable import DataShield

/// Every number of the first page is the length of the list behind it.
@Suite(.freshDatabase) struct TodayTests {
    let database = TestDatabase.current
    var alerts: Alerts { Alerts(database: database.tenant) }

    func makeAdministrator() async throws -> Subject {
        let company = try await database.makeCompany()
        return Subject(actor: .user(try await database.makeUser(in: company)), company: company, role: .admin)
    }

    /// Somebody in a breach, with the alert about it.
    @discardableResult
    func expose(
        _ name: String, in company: CompanyID, data: [String] = ["password"], artifacts: [ArtifactKind] = [], changed: String? = nil,
        ended: String? = nil, breachDate: String? = "2026-02-01", capturedAt: String? = nil, employee: EmployeeID? = nil
    ) async throws -> (EmployeeID, AlertID) {
        let person: EmployeeID
        if let employee {
            person = employee
        } else {
            person = try await database.makeEmployee(in: company, email: "\(name.lowercased())@x.example", firstName: name, lastName: "X")
        }
        try await database.owner.execute(
            """
            UPDATE employees SET password_changed_at = coalesce(\(changed.flatMap(Timestamp.parse)), password_changed_at),
                sessions_valid_from = coalesce(\(ended.flatMap(Timestamp.parse)), sessions_valid_from) WHERE company_id = \(company) AND id = \(person)
            """)
        let breach = try await database.makeBreach(date: breachDate.flatMap(Timestamp.parse))
        let record = try await database.makeBreachRecord(in: company, employee: person, breach: breach, exposedData: data, artifacts: artifacts)
        if let capturedAt = capturedAt.flatMap(Timestamp.parse) {
            try await database.owner.execute("UPDATE breach_records SET captured_at = \(capturedAt) WHERE company_id = \(company) AND id = \(record)")
        }
        return (person, try await database.makeAlert(in: company, employee: person, breach: breach))
    }

    func summary(_ subject: Subject) async throws -> TodaySummary { try await Today(database: database.tenant).summary(for: subject) }

    @Test func `a company without anything is told of nothing, and is not clean`() async throws {
        let summary = try await summary(try await makeAdministrator())
        #expect((summary.liveCertain, summary.liveIfReused, summary.findings.total) == (0, 0, 0))
        #expect(summary.actFirst.isEmpty && summary.machines.latest.isEmpty)
        #expect(!summary.coverage.isComplete)
        #expect(summary.blind.scansByHandOnly)
        let model = TodayModel(
            summary, maySettle: true, isRemediationOffered: false, mayManagePolicy: true, clock: PageClock(.now, for: nil))
        #expect(model.headline == "Nothing is known yet.")
        #expect(!model.hasAnswers)
        #expect(model.setup != nil)
    }

    @Test func `people come once, the most urgent of their findings decides, and numbers are those of the lists`() async throws {
        let subject = try await makeAdministrator()
        let company = subject.company
        let (ann, stolen) = try await expose(
            "Ann", in: company, artifacts: [.cookie, .password], changed: "2025-01-01", ended: "2025-01-01", capturedAt: "2026-03-01")
        try await expose("Ann", in: company, changed: "2025-01-01", employee: ann)
        let (bob, _) = try await expose("Bob", in: company, changed: "2025-01-01")
        try await expose("Cid", in: company)
        try await expose("Dan", in: company, changed: "2026-06-01")
        try await expose("Eve", in: company, data: ["phone"])
        let summary = try await summary(subject)
        #expect(summary.liveCertain == 1)
        #expect(summary.liveIfReused == 1)
        #expect(summary.actFirst.map(\.employeeId) == [ann, bob])
        #expect(summary.actFirst.first?.alertId == stolen)
        #expect(summary.actFirst.map(\.actions) == [[.revokeSessions, .forcePasswordReset], [.forcePasswordReset]])
        #expect(summary.actFirst.first?.why.lead == "Malware took a password and signed-in sessions")
        #expect(summary.actFirst.last?.why.lead.hasPrefix("If reused: a password in ") == true)
        #expect(summary.findings == .init(live: 1, liveIfReused: 2, unknown: 1, neutralised: 0, noCredential: 1))
        let unresolved: Set<AlertStatus> = [.open, .acknowledged]
        func length(_ filter: AlertFilter) async throws -> Int { try await alerts.list(filter, for: subject).items.count }
        #expect(try await length(.init(statuses: unresolved, liveness: [.live])) == 3)
        #expect(try await length(.init(statuses: unresolved, liveness: [.live], certainty: .certain)) == 1)
        #expect(try await length(.init(statuses: unresolved, liveness: [.unknown])) == summary.findings.unknown)
        #expect(try await length(.init(statuses: unresolved, liveness: [.noCredential])) == summary.findings.noCredential)
        #expect(try await length(.init(statuses: unresolved, liveness: [.live], toldFrom: summary.since.at)) == summary.since.newLive)
        let neutralised = AlertFilter(statuses: [.resolved], resolvedFrom: summary.since.at, isResolvedAsNeutralised: true)
        #expect(try await length(neutralised) == summary.since.neutralised)
        #expect(summary.since.neutralised == 1)
        #expect(summary.blind.people == 5 && summary.blind.outsideDirectory == 5)
    }

    @Test func `what was done moves the numbers, and what comes back is counted as that`() async throws {
        let subject = try await makeAdministrator()
        let (ann, id) = try await expose("Ann", in: subject.company, changed: "2025-01-01")
        #expect(try await summary(subject).liveIfReused == 1)
        try await database.owner.execute(
            "UPDATE employees SET password_changed_at = now() WHERE company_id = \(subject.company) AND id = \(ann)")
        var after = try await summary(subject)
        #expect((after.liveIfReused, after.findings.total, after.since.neutralised, after.since.cameBack) == (0, 0, 1, 0))
        // The directory takes it back.
        try await database.owner.execute(
            "UPDATE employees SET password_changed_at = '2025-01-01', external_id = 'another' WHERE company_id = \(subject.company) AND id = \(ann)")
        after = try await summary(subject)
        #expect((after.liveIfReused, after.since.neutralised, after.since.cameBack) == (1, 0, 1))
        let back = try await alerts.list(.init(statuses: [.open], cameBackFrom: after.since.at), for: subject).items
        #expect(back.map(\.alert.id) == [id])
        #expect(back.first?.cameBackAt != nil)
        let counts = try await alerts.counts(and: .init(), for: subject)
        #expect(counts.views == [.actFirst: 0, .today: 1, .notKnown: 0, .mine: 0, .unassigned: 1, .cameBack: 1, .done: 0, .all: 1])
    }

    @Test func `seven people are shown, however many findings the first has`() async throws {
        let subject = try await makeAdministrator()
        let (ann, _) = try await expose("Ann", in: subject.company, changed: "2025-01-01")
        for _ in 0..<9 { try await expose("Ann", in: subject.company, employee: ann) }
        for number in 0..<8 { try await expose("P\(number)", in: subject.company, changed: "2025-01-01") }
        let people = try await summary(subject).actFirst
        #expect(people.count == 7)
        #expect(Set(people.map(\.employeeId)).count == 7)
    }

    @Test func `where nothing is left to do all is resolved at once, and opened again`() async throws {
        let subject = try await makeAdministrator()
        let (_, live) = try await expose("Ann", in: subject.company, changed: "2025-01-01")
        var quiet: Set<AlertID> = []
        for number in 0..<3 { quiet.insert(try await expose("Q\(number)", in: subject.company, data: ["phone"]).1) }
        // Whoever has taken one up keeps it.
        let (_, taken) = try await expose("T", in: subject.company, data: ["phone"])
        _ = try await alerts.move(taken, to: .acknowledged, by: subject)
        let told = try await alerts.find(try #require(quiet.first), for: subject).toldAt
        #expect(try await alerts.settleable(.noCredential, for: subject) == 3)
        let other = try await makeAdministrator()
        let (_, others) = try await expose("Zoe", in: other.company, data: ["phone"])
        let settlement = try await alerts.settle(.noCredential, by: subject)
        #expect(settlement.resolved == 3)
        func status(_ id: AlertID, _ subject: Subject) async throws -> AlertStatus { try await alerts.find(id, for: subject).status }
        for id in quiet { #expect(try await status(id, subject) == .resolved) }
        #expect(try await status(live, subject) == .open)
        #expect(try await status(taken, subject) == .acknowledged)
        #expect(try await status(others, other) == .open)
        #expect(try await alerts.settle(.noCredential, by: subject).resolved == 0)
        // The other company's token, and one that is none, open nothing.
        #expect(try await alerts.unsettle(settlement.token, by: other) == 0)
        await #expect(throws: InvalidInput.self) { try await alerts.unsettle("yesterday", by: subject) }
        #expect(try await alerts.unsettle(settlement.token, by: subject) == 3)
        for id in quiet { #expect(try await status(id, subject) == .open) }
        #expect(try await alerts.find(try #require(quiet.first), for: subject).toldAt == told, "An undo is no news.")
        await #expect(throws: InvalidInput.self) {
            try await Alerts(database: database.tenant) { Date(timeIntervalSinceNow: 7200) }.unsettle(settlement.token, by: subject)
        }
    }

    @Test func `what is no longer settled, or was resolved by somebody, is left alone`() async throws {
        let subject = try await makeAdministrator()
        let (person, turned) = try await expose("Ann", in: subject.company, data: ["phone"])
        let (_, done) = try await expose("Bob", in: subject.company, data: ["phone"])
        _ = try await alerts.change(done, .init(status: .resolved, resolution: .set("Ticket 4711")), by: subject)
        try await database.owner.execute(
            "UPDATE breach_records SET exposed_data = '{password}' WHERE company_id = \(subject.company) AND employee_id = \(person)")
        let change = Alerts.Change(status: .resolved, resolution: .set("Nothing to do"))
        let results = try await alerts.bulk([turned, done], change, by: subject) { $0.status == .open && $0.state == .noCredential }
        #expect(results.map(\.outcome) == [.unchanged, .unchanged])
        #expect(try await alerts.find(turned, for: subject).status == .open)
        #expect(try await alerts.find(done, for: subject).resolution == "Ticket 4711")
    }

    @Test func `a second sign-in of the same hour does not end the last visit`() async throws {
        try await withServer(as: .viewer) { client in
            try await database.owner.execute(
                "UPDATE users SET last_login_at = now() - interval '1 minute', previous_login_at = '2026-01-02' WHERE id = \(client.user)")
            let hash = try await PasswordHasher(cost: 4).hash(ServerUnderTest.password)
            try await database.owner.execute("UPDATE users SET hashed_password = \(hash) WHERE id = \(client.user)")
            let email = try #require(try await database.owner.first("SELECT email FROM users WHERE id = \(client.user)", as: String.self))
            let answer = try await client.anonymous.post("/api/auth/login", ["email": email, "password": ServerUnderTest.password])
            #expect(answer.status == 200)
            #expect(try await client.get("/api/today").decode(TodaySummary.self).since.at == Timestamp.parse("2026-01-02"))
        }
    }
}

@Suite(.freshDatabase) struct TodayRoutesTests {
    @Test func `the summary is there for who is signed in`() async throws {
        try await withServer(as: .viewer) { client in
            let answer = try await client.get("/api/today")
            #expect(answer.status == 200)
            #expect(try answer.decode(TodaySummary.self).findings.total == 0)
            #expect(try await client.anonymous.get("/api/today").status == 401)
        }
    }
}
