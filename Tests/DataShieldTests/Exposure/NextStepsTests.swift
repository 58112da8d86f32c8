import DataShieldTestSupport
import Foundation
import Postgres
import Testing

@testable import DataShield

/// What is said of a finding, and what to do about it.
@Suite(.freshDatabase) struct NextStepsTests {
    var database: TestDatabase { .current }

    struct Place {
        var person: EmployeeID
        var alert: AlertID
        var subject: Subject
    }

    private func makePlace(
        data: [String] = ["email", "password"], artifacts: [ArtifactKind] = [], source: BreachSource = .hibp, sources: [ApiProvider] = [.hibp],
        sites: [String] = [], mfa: Bool? = true
    ) async throws -> Place {
        let company = try await database.makeCompany()
        let domain = try #require(try await database.system.first("SELECT domain FROM companies WHERE id = \(company)", as: String.self))
        let person = try await database.makeEmployee(in: company, mfaEnabled: mfa)
        let breach = try await database.makeBreach(source: source, dataTypes: data)
        let record = try await database.makeBreachRecord(
            in: company, employee: person, breach: breach, exposedData: data, artifacts: artifacts,
            detectedAt: try #require(Timestamp.parse("2026-02-01T00:00:00.000Z")), sources: sources)
        let evidence = Exposure(evidence: Evidence(sites: sites.map { $0.replacing("OWN", with: domain) })).evidenceText
        try await database.system.execute("UPDATE breach_records SET evidence = \(evidence)::jsonb WHERE id = \(record)")
        let alert = try await database.makeAlert(in: company, employee: person, breach: breach)
        return Place(person: person, alert: alert, subject: Subject(actor: .program("test"), company: company, role: .admin))
    }

    private func detail(_ place: Place) async throws -> AlertDetailResponse {
        try await Alerts(database: database.tenant).detail(place.alert, for: place.subject)
    }

    private func change(_ place: Place, _ set: SQL) async throws {
        try await database.system.execute("UPDATE employees SET \(set) WHERE id = \(place.person)")
    }

    private func texts(_ steps: [NextStep], done: Bool) -> String { steps.filter { $0.isDone == done }.map(\.text).joined(separator: " ") }

    // MARK: Words

    @Test func `a second factor is named beside a password, and never where a session was taken`() async throws {
        #expect(try #require(try await detail(makePlace()).liveness).text.contains("second factor"))
        let stolen = try await makePlace(artifacts: [.cookie, .password])
        // The session is ended: it is the password that decides.
        try await change(stolen, "sessions_valid_from = '2026-03-01'")
        let liveness = try #require(try await detail(stolen).liveness)
        #expect(liveness.reason == .passwordNotKnown)
        #expect(!liveness.text.contains("second factor"))
        #expect(liveness.credentials.map(\.kind) == [.session, .password])
        #expect(liveness.credentials.map(\.state) == [.neutralised, .unknown])
        #expect(!liveness.credentials.contains { $0.text.contains("second factor") })
    }

    @Test func `what a service withholds is said to be withheld, with the sites, the company's own first`() async throws {
        let place = try await makePlace(
            data: ["email", "website_url"], source: .stealerLog, sources: [.hibpStealer], sites: ["a.example", "shop.example", "vpn.OWN"])
        let liveness = try #require(try await detail(place).liveness)
        #expect(liveness.state == .unknown)
        #expect(liveness.text.contains("a password for each of the 3 sites"))
        #expect(liveness.text.contains("One of them is the company's own."))
        #expect(!liveness.text.contains("nobody can sign in"))
        #expect(liveness.sites.map(\.isCompany) == [true, false, false])
        #expect(liveness.credential == nil)
        try await change(place, "password_changed_at = '2026-03-01'")
        #expect(try #require(try await detail(place).liveness).text.contains("changed on 1 Mar 2026, after that; no session is known"))
    }

    @Test func `what malware took and nobody understood may be a session, too`() async throws {
        let place = try await makePlace(data: ["email"], source: .stealerLog, sources: [])
        let company = place.subject.company
        try await database.system.execute(
            "UPDATE breach_records SET in_leak_file = true WHERE company_id = \(company) AND employee_id = \(place.person)")
        try await database.system.execute(
            """
            INSERT INTO leaked_credentials (id, company_id, employee_id, record_id, identity, login, is_unread, first_seen_at, last_seen_at)
            SELECT \(CUID.make(at: Date())), company_id, employee_id, id, '\\x01', 'e…', true, detected_at, detected_at FROM breach_records
            WHERE company_id = \(company) AND employee_id = \(place.person)
            """)
        let found = try await detail(place)
        #expect(found.liveness?.reason == .textNotRead)
        #expect(texts(found.nextSteps, done: false).contains("End all sessions of the person"))
        #expect(texts(found.nextSteps, done: false).contains("nobody says whether it did"))
    }

    @Test func `a password of another site is live if it is reused`() async throws {
        let place = try await makePlace(mfa: false)
        try await database.system.execute(
            "UPDATE breaches SET breach_date = '2026-01-10' WHERE id = (SELECT breach_id FROM alerts WHERE id = \(place.alert))")
        try await change(place, "password_changed_at = '2020-01-01'")
        let detail = try await detail(place)
        #expect(detail.state == .live)
        #expect(detail.certainty == .ifReused)
        #expect(try #require(detail.liveness).text.contains("Whoever uses the same at work"))
        #expect(try #require(detail.liveness).text.hasPrefix("A password was exposed"), "Nobody says for which site it is.")
        #expect(texts(detail.nextSteps, done: false).contains("whether they use that password at work"))
        #expect(!texts(detail.nextSteps, done: false).contains("Resolve this alert"))
    }

    @Test func `of a breach of one site the password is said to be for another site`() async throws {
        let place = try await makePlace()
        try await database.system.execute(
            "UPDATE breaches SET domain = 'shop.example' WHERE id = (SELECT breach_id FROM alerts WHERE id = \(place.alert))")
        #expect(try #require(try await detail(place).liveness).text.hasPrefix("The password for another site was exposed"))
    }

    @Test(arguments: [(nil, "nobody knows when it was exposed"), ("2026-01-10", "too close to tell")] as [(String?, String)])
    func `what is too close is said to be so, and what has no date is not`(breach: String?, words: String) async throws {
        let place = try await makePlace()
        try await database.system.execute(
            "UPDATE breaches SET breach_date = \(breach)::text::date WHERE id = (SELECT breach_id FROM alerts WHERE id = \(place.alert))")
        // Years before it became known, or a day after the breach.
        try await change(place, breach == nil ? "password_changed_at = '2020-01-01'" : "password_changed_at = '2026-01-11'")
        let liveness = try #require(try await detail(place).liveness)
        #expect(liveness.reason == .passwordUnclear)
        #expect(liveness.text.contains(words), "\(liveness.text)")
    }

    // MARK: What to do

    @Test func `what was done is not advised again`() async throws {
        let place = try await makePlace(artifacts: [.cookie, .password])
        let before = texts(try await detail(place).nextSteps, done: false)
        #expect(before.contains("End all sessions"))
        #expect(before.contains("change the password of this account"))
        try await change(place, "sessions_valid_from = '2026-03-02'")
        let half = try await detail(place).nextSteps
        #expect(texts(half, done: true).contains("The directory ended the account's sessions on 2 Mar 2026"))
        // Those of applications, nobody has ended.
        #expect(texts(half, done: false).contains("End the person's sessions in applications that keep their own"))
        #expect(!texts(half, done: false).contains("End all sessions"))
        #expect(texts(half, done: false).contains("change the password of this account"))
        try await change(place, "password_changed_at = '2026-03-01'")
        let after = try await detail(place)
        #expect(after.status == .resolved)
        #expect(texts(after.nextSteps, done: true).contains("The password was changed on 1 Mar 2026"))
        #expect(!texts(after.nextSteps, done: false).contains("change the password of this account"))
        // A reset in the directory cleans no machine, and changes no password elsewhere.
        #expect(texts(after.nextSteps, done: false).contains("checked for malware"))
        #expect(texts(after.nextSteps, done: false).contains("wherever else they used the same one"))
    }

    @Test func `of a disabled account nothing is to be ended or changed`() async throws {
        let place = try await makePlace(artifacts: [.cookie])
        let directory = try await database.makeDirectoryConnection(in: place.subject.company)
        try await change(place, "source_connection_id = \(directory), deactivated_at = '2026-03-01', deactivation_reason = 'DISABLED'")
        let steps = try await detail(place).nextSteps
        #expect(texts(steps, done: true).contains("The account is disabled in its directory since 1 Mar 2026."))
        #expect(!texts(steps, done: false).contains("End all sessions"))
        #expect(!texts(steps, done: false).contains("change the password of this account"))
    }

    @Test func `what holds no credential asks for a word to the person`() async throws {
        let steps = try await detail(makePlace(data: ["email", "name"])).nextSteps
        #expect(texts(steps, done: false).contains("expect phishing"))
        #expect(texts(steps, done: false).contains("Resolve this alert"))
    }
}
