import DataShieldTestSupport
import Foundation
import Postgres
import Testing

@testable import DataShield

/// The schema keeps the scores; what it keeps is what the rule says.
@Suite(.freshDatabasePerTest) struct StoredScoresTests {
    private var database: TestDatabase { .current }

    private func stored(_ person: EmployeeID) async throws -> Int? {
        try await database.owner.first("SELECT risk_score FROM employees WHERE id = \(person)", as: Int?.self) ?? nil
    }

    private func answer(_ outcome: CoverageOutcome, about people: [EmployeeID], of company: CompanyID, by provider: ApiProvider = .hibp) async throws
    {
        try await database.tenant.transaction(for: company) { db in
            try await CoverageStore(db: db).write(
                people.map { .init(employee: $0, outcome: outcome, reason: outcome == .unknown ? "The quota is used up." : nil) }, provider: provider,
                marker: nil, at: Date())
        }
    }

    /// Somebody with a stolen session and a password, and the alert about it.
    private func makeExposed(in company: CompanyID, days: Double = 90, email: String? = nil) async throws -> (EmployeeID, AlertID) {
        let person = try await database.makeEmployee(in: company, email: email)
        let breach = try await database.makeBreach(date: Date(timeIntervalSinceNow: -days * 86_400))
        _ = try await database.makeBreachRecord(in: company, employee: person, breach: breach, artifacts: [.cookie, .password])
        return (person, try await database.makeAlert(in: company, severity: .critical, employee: person, breach: breach))
    }

    @Test func `nobody asked is no score, the first answer makes one, and its loss takes it away`() async throws {
        let company = try await database.makeCompany()
        let person = try await database.makeEmployee(in: company)
        #expect(try await stored(person) == nil)
        try await answer(.unknown, about: [person], of: company)
        #expect(try await stored(person) == nil, "A refused key is no answer.")
        try await answer(.clean, about: [person], of: company)
        #expect(try await stored(person) == 0)
        try await answer(.clean, about: [person], of: company, by: .dehashed)
        try await answer(.unknown, about: [person], of: company)
        #expect(try await stored(person) == 0, "The other provider has answered.")
        try await answer(.unknown, about: [person], of: company, by: .dehashed)
        #expect(try await stored(person) == nil)
        // Under another address nothing is known.
        try await answer(.clean, about: [person], of: company)
        try await database.tenant.transaction(for: company) { db in
            try await db.execute("UPDATE employees SET email = 'other@people.example' WHERE id = \(person)")
        }
        #expect(try await stored(person) == nil)
    }

    @Test func `what a file found is a score without an answer`() async throws {
        let company = try await database.makeCompany()
        let (person, _) = try await makeExposed(in: company)
        #expect(try #require(try await stored(person)) > 0)
        let risk = try await Risk(database: database.tenant).company(company)
        #expect(risk.score == nil && risk.level == nil, "Of the company nobody was asked.")
    }

    @Test func `acknowledging changes nothing, resolving does, and so does what becomes of the account`() async throws {
        let company = try await database.makeCompany(domain: "scores.example")
        let (person, alert) = try await makeExposed(in: company, email: "jane@mail.scores.example")
        let subject = Subject(actor: .program("test"), company: company, role: .admin)
        let alerts = Alerts(database: database.tenant)
        let first = try #require(try await stored(person))
        _ = try await alerts.move(alert, to: .acknowledged, by: subject)
        #expect(try await stored(person) == first)
        _ = try await alerts.move(alert, to: .resolved, by: subject)
        let resolved = try #require(try await stored(person))
        #expect(resolved < first)
        _ = try await alerts.move(alert, to: .open, by: subject)
        #expect(try await stored(person) == first)
        // The directory says that neither was renewed: certain. Then that sessions were, then the password, too.
        func account(password: Double, sessions: Double) async throws -> Int? {
            try await database.tenant.transaction(for: company) { db in
                try await db.execute(
                    """
                    UPDATE employees SET password_changed_at = \(Date(timeIntervalSinceNow: -password * 86_400)),
                        sessions_valid_from = \(Date(timeIntervalSinceNow: -sessions * 86_400)) WHERE id = \(person)
                    """)
            }
            return try await stored(person)
        }
        let live = try #require(try await account(password: 300, sessions: 300))
        #expect(live > first)
        let ended = try #require(try await account(password: 300, sessions: 1))
        // The password is live, so that all stays but the session's 30.
        #expect(ended == live - 30)
        #expect(try await account(password: 1, sessions: 1) == 2)
        // Another address is not the company's.
        try await database.tenant.transaction(for: company) { db in
            try await db.execute("UPDATE employees SET email = 'jane@elsewhere.example' WHERE id = \(person)")
        }
        #expect(try await stored(person) == 2)
    }

    @Test func `twenty people whom nobody was asked about change no score, and an empty company has none`() async throws {
        let company = try await database.makeCompany()
        let risk = Risk(database: database.tenant)
        #expect(try await risk.company(company) == .unknown)
        let (person, alert) = try await makeExposed(in: company)
        let clean = try await database.makeEmployee(in: company)
        try await answer(.exposed, about: [person], of: company)
        try await answer(.clean, about: [clean], of: company)
        let before = try await risk.company(company)
        // 40 × 0.7 ÷ 2, 40 × (1 − 2^(−0.7 × 12 ÷ 48)), 4.
        #expect(before.score == 23)
        for _ in 0..<20 { _ = try await database.makeEmployee(in: company) }
        let after = try await risk.company(company)
        #expect(after.score == before.score && after.sum == before.sum)
        let preview = try await risk.preview(nil, of: company)
        #expect(preview.before.notAsked == 20 && preview.after.notAsked == 20)
        #expect(preview.before.low + preview.before.medium + preview.before.high + preview.before.critical == 2)
        // One who has left is in none of it.
        let subject = Subject(actor: .program("test"), company: company, role: .admin)
        _ = try await Alerts(database: database.tenant).move(alert, to: .resolved, by: subject)
        #expect(try await risk.company(company).sum < after.sum)
        try await database.tenant.transaction(for: company) { db in
            try await db.execute("UPDATE employees SET deactivated_at = now() WHERE id = \(person)")
        }
        #expect(try await risk.company(company).score == 0)
    }

    @Test func `the company's next step is who is worst off`() async throws {
        let company = try await database.makeCompany()
        let (worst, _) = try await makeExposed(in: company, days: 1)
        let (other, _) = try await makeExposed(in: company, days: 150)
        let directory = try await database.makeDirectoryConnection(in: company, type: .entra)
        try await database.owner.execute("UPDATE employees SET source_connection_id = \(directory) WHERE id = \(worst)")
        try await answer(.exposed, about: [worst, other], of: company)
        let score = try await Risk(database: database.tenant).company(company)
        let next = try #require(score.nextStep)
        #expect(next.employeeId == worst && next.actions == [.forcePasswordReset, .revokeSessions])
        #expect(next.score < score.score ?? 0)
        let person = try await Risk(database: database.tenant).employee(worst, of: company)
        #expect(person.nextStep?.score == 2)
    }

    // MARK: The same rule twice

    /// People as unlike each other as the data allows.
    private func makePopulation(_ count: Int, in company: CompanyID, domain: String, now: Date) async throws {
        var random = RepeatableRandom(seed: 7)
        let types = ["email", "password", "hashed_password", "credit_card", "ssn", "bank_account", "financial", "name"]
        let artifacts: [ArtifactKind] = [.cookie, .token, .password, .autofill]
        func time(_ most: Int) -> Date? {
            random.number(0...3) == 0 ? nil : now.addingTimeInterval(-Double(random.number(0...most)) * 86_400 - Double(random.number(0...86_399)))
        }
        var breaches: [BreachID] = []
        for _ in 0..<16 { breaches.append(try await database.makeBreach(date: time(400))) }
        for number in 0..<count {
            let person = try await database.makeEmployee(in: company, email: number % 3 == 0 ? "p\(number)@people.example" : "p\(number)@\(domain)")
            for breach in breaches where random.number(0...4) == 0 {
                // Cards and accounts are rare.
                let data = types.filter { random.number(0...(DataType.unchangeable.contains($0) ? 30 : 2)) == 0 }
                let taken = artifacts.filter { _ in random.number(0...4) == 0 }
                _ = try await database.makeBreachRecord(
                    in: company, employee: person, breach: breach, exposedData: data, artifacts: taken, detectedAt: time(200) ?? now)
                if random.number(0...3) > 0 {
                    let status = [AlertStatus.open, .acknowledged, .resolved][random.number(0...2)]
                    _ = try await database.makeAlert(in: company, severity: .high, status: status, employee: person, breach: breach)
                }
            }
            let (password, sessions, captured) = (time(400), time(400), time(250))
            try await database.owner.execute(
                "UPDATE employees SET password_changed_at = \(password), sessions_valid_from = \(sessions) WHERE id = \(person)")
            try await database.owner.execute(
                "UPDATE breach_records SET captured_at = \(captured) WHERE employee_id = \(person) AND 'COOKIE' = ANY (artifacts)")
            if number % 4 == 0 { try await answer(.clean, about: [person], of: company) }
        }
    }

    @Test func `the schema's scores are those of the rule, and tell people apart`() async throws {
        let now = Date(timeIntervalSince1970: Date().timeIntervalSince1970.rounded())
        let company = try await database.makeCompany(domain: "alike.example")
        try await makePopulation(90, in: company, domain: "alike.example", now: now)
        let subject = Subject(actor: .program("test"), company: company, role: .admin)
        let own = RiskWeights(own: ["session": 41.5, "breaches": 3])
        for weights in [RiskWeights.standard, own] {
            if weights == own {
                try await database.owner.execute(#"UPDATE companies SET risk_weights = '{"session": 41.5, "breaches": 3, "recency": -1}'"#)
            }
            let risk = Risk(database: database.tenant, now: { now })
            _ = try await risk.refreshAll(of: company)
            var scores: [Int] = []
            for person in try await Employees(database: database.tenant).list(limit: 200, for: subject).items {
                let score = try await risk.employee(person.id, of: company)
                #expect(score.score == person.riskScore, "\(score)")
                if let value = person.riskScore, value > 0 { scores.append(value) }
            }
            let most = Dictionary(grouping: scores, by: { $0 }).values.map(\.count).max() ?? 0
            #expect(Set(scores).count * 2 > scores.count, "\(scores.sorted())")
            // Those for whom all has been ended are told apart by the number of their breaches alone: of many breaches few people have that.
            #expect(most * 8 < scores.count, "\(scores.sorted())")
        }
    }

    @Test func `what the schema calls critical and unchangeable is what the program does`() async throws {
        let definition = try #require(
            try await database.owner.first("SELECT prosrc FROM pg_proc WHERE proname = 'risk_parts'", as: String.self))
        #expect(definition.contains("'{\(["credit_card", "ssn", "bank_account"].joined(separator: ","))}'"))
        let lists = definition.matches(of: /exposed_data && '\{([a-z_,]+)\}'/).map { Set($0.1.split(separator: ",").map(String.init)) }
        #expect(lists.first == DataType.unchangeable)
        #expect(lists.reduce(Set()) { $0.union($1) } == DataType.criticalForRisk)
    }
}
