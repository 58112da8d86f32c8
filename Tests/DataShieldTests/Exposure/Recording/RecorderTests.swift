import DataShieldTestSupport
import Foundation
import Postgres
import Testing

@testable import DataShield

@Suite(.freshDatabase) struct RecorderTests {
    static let now = Timestamp.parse("2026-06-15T12:00:00.000Z") ?? .distantPast
    let recorder = Recorder(now: { Self.now })
    var database: TestDatabase { .current }

    static func finding(
        _ provider: ApiProvider = .hibp, _ name: String, date: String? = "2024-01-01", types: [String] = ["email", "password"],
        artifacts: [ArtifactKind] = [], raisesAlert: Bool = true
    ) -> Finding {
        Finding(
            breachName: name, breachDate: BreachDate.day(date), dataTypes: types.sorted(), artifacts: artifacts, source: provider.source,
            provider: provider, raisesAlert: raisesAlert)
    }

    @discardableResult
    func record(_ findings: [(EmployeeID, Finding)], in company: CompanyID) async throws -> Recorder.Outcome {
        try await database.tenant.transaction(for: company) { db in try await recorder.record(findings, in: db) }
    }

    /// A name that no other test of the suite uses: they share the catalogue.
    func name(_ base: String = "Example") -> String { base + CUID.make(at: Date()).suffix(10) }

    // MARK: What recording does

    @Test func `a new finding makes a breach, a record, an open alert and a score`() async throws {
        let company = try await database.makeCompany(domain: "acme-new.example")
        let person = try await database.makeEmployee(in: company, email: "jane@acme-new.example")
        let breach = name()
        let outcome = try await record([(person, Self.finding(.hibp, breach))], in: company)
        #expect(outcome == .init(newRecords: 1, newAlerts: 1))

        let state = try await state(of: company)
        #expect(
            state == [
                .init(
                    person: person, key: CanonicalKey.of(breach), data: ["email", "password"], artifacts: [], sources: ["HIBP"], severity: .high,
                    confidence: .high, alerts: 1, message: "Exposed in \(breach): password and email.")
            ])
        // Nobody says when the password was changed, so 0.7 of critical data 20 and domain 15; nothing for a breach of years ago; one of three
        // open alerts 3.3, one of five breaches 2.
        #expect(try await scores(of: company) == [person: 30])
    }

    @Test func `the same provider again writes nothing at all`() async throws {
        let company = try await database.makeCompany()
        let person = try await database.makeEmployee(in: company)
        let breach = name()
        try await record([(person, Self.finding(.hibp, breach))], in: company)
        let before = try await versions(of: company)
        #expect(try await record([(person, Self.finding(.hibp, breach))], in: company) == .init())
        #expect(try await versions(of: company) == before)
        let state = try await state(of: company)
        #expect(try await record([(person, Self.finding(.hibp, breach, types: ["email", "ssn"]))], in: company) == .init())
        #expect(try await self.state(of: company) == state)
    }

    @Test func `another provider corroborates: data united, severity and confidence raised, no second alert`() async throws {
        let company = try await database.makeCompany()
        let person = try await database.makeEmployee(in: company)
        let breach = name()
        try await record([(person, Self.finding(.intelx, breach, types: ["email"]))], in: company)
        let outcome = try await record([(person, Self.finding(.dehashed, "\(breach).com", types: ["password", "hashed_password"]))], in: company)
        #expect(outcome == .init(corroborated: 1, raised: 1))
        let state = try await state(of: company)
        #expect(state.count == 1)
        #expect(state.first?.data == ["email", "hashed_password", "password"])
        #expect(state.first?.sources == ["INTELX", "DEHASHED"])
        #expect(state.first?.severity == .critical)
        #expect(state.first?.confidence == .high)
        #expect(state.first?.alerts == 1)
    }

    @Test func `a less severe word does not lower an alert`() async throws {
        let company = try await database.makeCompany()
        let person = try await database.makeEmployee(in: company)
        let breach = name()
        try await record([(person, Self.finding(.hibpStealer, breach, types: ["email"], artifacts: [.cookie]))], in: company)
        let outcome = try await record([(person, Self.finding(.hibp, breach, date: "2012-01-01", types: ["email"]))], in: company)
        #expect(outcome == .init(corroborated: 1))
        #expect(try await state(of: company).first?.severity == .critical)
    }

    @Test func `two names of one breach in one call are one record`() async throws {
        let company = try await database.makeCompany()
        let person = try await database.makeEmployee(in: company)
        let breach = name()
        let outcome = try await record(
            [
                (person, Self.finding(.leakcheck, breach, types: ["email"])), (person, Self.finding(.leakcheck, "\(breach).com", types: ["phone"])),
                (person, Self.finding(.dehashed, breach.uppercased(), types: ["name"])),
            ], in: company)
        #expect(outcome == .init(newRecords: 1, newAlerts: 1))
        #expect(try await state(of: company).first?.data == ["email", "name", "phone"])
        #expect(try await state(of: company).first?.sources == ["LEAKCHECK", "DEHASHED"])
    }

    @Test(arguments: [false, true])
    func `a name in two Unicode forms is one breach, in one call and with one that has its key by an older rule`(isThere: Bool) async throws {
        let company = try await database.makeCompany()
        let people = [try await database.makeEmployee(in: company), try await database.makeEmployee(in: company)]
        let breach = name()
        let names = ["\(breach) Cafe\u{301}", "\(breach) Caf\u{E9}"]
        if isThere {
            try await database.owner.execute(
                """
                INSERT INTO breaches (id, company_id, name, canonical_key, source)
                VALUES (\(BreachID()), \(company), \(names[0]), \(CanonicalKey.of("\(breach)cafe")), 'DARK_WEB')
                """)
        }
        let findings = zip(people, names).map { ($0, Self.finding(.leakcheck, $1, types: ["email"])) }
        #expect(try await record(findings, in: company) == .init(newRecords: 2, newAlerts: 2))
        #expect(try await record(findings.reversed(), in: company) == .init())
        let keys = try await database.owner.query(
            """
            SELECT b.canonical_key FROM breach_records r JOIN breaches b ON b.id = r.breach_id WHERE r.company_id = \(company)
            """, as: String.self)
        #expect(keys.map { Array($0.utf8) } == Array(repeating: Array(CanonicalKey.of(names[1]).utf8), count: 2))
        #expect(try await database.owner.first("SELECT count(*) FROM breaches WHERE company_id = \(company)", as: Int.self) == 1)
    }

    @Test(arguments: [(true, false), (false, true)])
    func `a breach flagged fabricated or a spam list is recorded and raises no alert`(fabricated: Bool, spam: Bool) async throws {
        let company = try await database.makeCompany()
        let person = try await database.makeEmployee(in: company)
        let breach = name()
        let entry = CatalogueEntry(name: breach, addedAt: Self.now, dataTypes: ["email"], isFabricated: fabricated, isSpamList: spam)
        var finding = Self.finding(.hibp, breach, types: ["email"])
        finding.catalogue = entry
        finding.raisesAlert = entry.raisesAlert
        #expect(try await record([(person, finding)], in: company) == .init(newRecords: 1))
        // Nor does another provider's word raise one, who does not know of the flag.
        #expect(try await record([(person, Self.finding(.dehashed, breach))], in: company) == .init(corroborated: 1))
        #expect(try await state(of: company).map(\.alerts) == [0])
    }

    @Test func `people of another company, and those who are gone, are passed over`() async throws {
        let company = try await database.makeCompany(), other = try await database.makeCompany()
        let stranger = try await database.makeEmployee(in: other)
        let outcome = try await record([(stranger, Self.finding(.hibp, name())), (EmployeeID(), Self.finding(.hibp, name()))], in: company)
        #expect(outcome == .init())
        #expect(try await state(of: other).isEmpty)
    }

    @Test func `names of strangers are stored on one line without control characters, whatever they hold`() async throws {
        let company = try await database.makeCompany()
        let person = try await database.makeEmployee(in: company)
        let breach = name("Evil\u{0}'; DROP TABLE alerts; --\n<script>\"{},\\")
        let outcome = try await record([(person, Self.finding(.dehashed, breach, types: ["email", "we{ird\",\\ty"]))], in: company)
        #expect(outcome == .init(newRecords: 1, newAlerts: 1))
        #expect(try await state(of: company).first?.data == ["email", "we{ird\",\\ty"])
        #expect(try await state(of: company).first?.message.contains("\n") == false)
    }

    // MARK: What was resolved

    @Test(arguments: [
        // A confirmation, and whether it makes it worse; HIBP said: e-mail addresses, in 2012.
        (ApiProvider.dehashed, ["email"], false), (.dehashed, ["password"], true), (.hibpStealer, ["email"], true),
    ])
    func `a resolved alert is open again when it becomes worse or a stealer log confirms it`(
        provider: ApiProvider, types: [String], isOpen: Bool
    )
        async throws
    {
        let company = try await database.makeCompany()
        let person = try await database.makeEmployee(in: company)
        let user = try await database.makeUser(in: company, role: .admin, name: "Ute User")
        let subject = Subject(actor: .user(user), company: company, role: .admin)
        let alerts = Alerts(database: database.tenant)
        let breach = name()
        try await record([(person, Self.finding(.hibp, breach, date: "2012-01-01", types: ["email"]))], in: company)
        let id = try #require(try await alerts.list(for: subject).items.first).alert.id
        _ = try await alerts.change(id, .init(status: .acknowledged, assignee: .set(user)), by: subject)
        _ = try await alerts.change(id, .init(status: .resolved, resolution: .set("Password changed")), by: subject)

        let outcome = try await record([(person, Self.finding(provider, breach, date: "2012-01-01", types: types))], in: company)
        #expect(numbers(outcome.corroborated, outcome.reopened, outcome.newAlerts) == [1, isOpen ? 1 : 0, 0])
        let alert = try await alerts.find(id, for: subject).alert
        #expect(alert.status == (isOpen ? .open : .resolved))
        #expect((alert.acknowledgedAt == nil && alert.resolvedAt == nil && alert.resolution == nil) == isOpen)
        #expect(alert.assigneeId == user)
        let open = try await database.owner.first("SELECT open_alert_count FROM employees WHERE id = \(person)", as: Int.self)
        #expect(open == (isOpen ? 1 : 0))
        let last = try #require(try await alerts.history(of: id, for: subject).first)
        #expect(last.toStatus == (isOpen ? .open : .resolved))
        #expect(last.actor == (isOpen ? "scan" : try await database.owner.first("SELECT email FROM users WHERE id = \(user)", as: String.self)))
        let kept = try await Audit(database: database.tenant).list(.init(target: id.rawValue), for: subject).items.first?.before
        if isOpen { #expect("\(try #require(kept))".contains("Password changed")) }
        // Once more changes nothing: the source has said so before.
        #expect(try await record([(person, Self.finding(provider, breach, date: "2012-01-01", types: types))], in: company) == .init())
    }

    @Test func `an alert that is open or acknowledged stays what it is, however much worse it becomes`() async throws {
        let company = try await database.makeCompany()
        let person = try await database.makeEmployee(in: company)
        let subject = Subject(actor: .program("test"), company: company, role: .admin)
        let alerts = Alerts(database: database.tenant)
        let breach = name()
        try await record([(person, Self.finding(.hibp, breach, types: ["email"]))], in: company)
        let id = try #require(try await alerts.list(for: subject).items.first).alert.id
        let acknowledged = try await alerts.move(id, to: .acknowledged, by: subject).alert
        #expect(try await record([(person, Self.finding(.hibpStealer, breach, artifacts: [.cookie]))], in: company).reopened == 0)
        let alert = try await alerts.find(id, for: subject).alert
        #expect(alert.status == .acknowledged)
        #expect(alert.acknowledgedAt == acknowledged.acknowledgedAt)
        #expect(alert.severity == .critical)
    }

    // MARK: The outbox

    @Test func `channels hear of new and of risen alerts that are severe enough for them`() async throws {
        let company = try await database.makeCompany()
        let person = try await database.makeEmployee(in: company)
        let all = CUID.make(at: Self.now), critical = CUID.make(at: Self.now), off = CUID.make(at: Self.now)
        try await database.tenant.transaction(for: company) { db in
            for (id, severity, enabled) in [(all, Severity.low, true), (critical, .critical, true), (off, .low, false)] {
                try await db.execute(
                    """
                    INSERT INTO webhooks (id, company_id, label, encrypted_url, url_hint, min_severity, enabled)
                    VALUES (\(id), \(company), 'x', \([UInt8]()), '', \(severity), \(enabled))
                    """)
            }
        }
        let breach = name()
        try await record([(person, Self.finding(.hibp, breach, types: ["password"]))], in: company)
        try await record([(person, Self.finding(.dehashed, breach, types: ["email"]))], in: company)
        try await record([(person, Self.finding(.snusbase, breach, types: ["hashed_password"]))], in: company)
        let rows = try await database.owner.query(
            "SELECT webhook_id, event FROM deliveries WHERE company_id = \(company) ORDER BY sequence")
        let sent = try rows.map { row in "\(try row.get("webhook_id", as: String.self)) \(try row.get("event", as: String.self))" }
        #expect(sent.first == "\(all) alert.created")
        #expect(Set(sent.dropFirst()) == ["\(all) alert.severity_raised", "\(critical) alert.severity_raised"])
        #expect(sent.count == 3)
    }

    // MARK: The catalogue

    @Test func `what a company's sources say improves its own breach and leaves the catalogue's as it is`() async throws {
        let company = try await database.makeCompany()
        let person = try await database.makeEmployee(in: company)
        let breach = name("Shop")
        try await record([(person, Self.finding(.dehashed, "\(breach).com", date: nil, types: ["email"]))], in: company)
        try await record([(person, Self.finding(.leakcheck, "\(breach)", date: "2020-02-02", types: ["phone"]))], in: company)
        #expect(try await stored(breach, of: company) == ["\(breach) DARK_WEB 2020-02-02 {email,phone} "])

        // A worse source gives the date that a better one has not said, or an earlier one, and nothing else.
        let undated = name("Shop")
        try await record([(person, Self.finding(.hibp, undated, date: nil, types: ["email"]))], in: company)
        try await record([(person, Self.finding(.leakcheck, undated, date: "2020-02-02", types: ["phone"]))], in: company)
        try await record([(person, Self.finding(.dehashed, undated, date: "2021-01-01", types: ["name"]))], in: company)
        #expect(try await stored(undated, of: company) == ["\(undated) HIBP 2020-02-02 {email} "])
        try await record([(person, Self.finding(.snusbase, undated, date: "1999-01-01", types: ["name"]))], in: company)
        #expect(try await stored(undated, of: company) == ["\(undated) HIBP 1999-01-01 {email} "])

        let other = name("Shop")
        let entry = CatalogueEntry(
            name: other, title: "The Shop", breachDate: BreachDate.day("2020-02-02"), addedAt: Self.now, dataTypes: ["email", "password"], pwnCount: 9
        )
        try await BreachCatalogue(system: database.system).add(entry, source: .hibp)
        try await record([(person, Self.finding(.leakcheck, "\(other).net", date: "1999-01-01", types: ["phone"]))], in: company)
        #expect(try await stored(other, of: company) == [])
        #expect(try await stored(other, of: nil) == ["\(other) HIBP 2020-02-02 {email,password} The Shop"])
    }

    private func stored(_ name: String, of company: CompanyID?) async throws -> [String] {
        try await database.owner.query(
            """
            SELECT concat_ws(' ', name, source, breach_date, data_types, title) FROM breaches
            WHERE canonical_key = \(CanonicalKey.of(name)) AND company_id IS NOT DISTINCT FROM \(company)::text
            """, as: String.self)
    }
}
