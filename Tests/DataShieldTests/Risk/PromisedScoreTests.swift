import DataShieldTestSupport
import Foundation
import Postgres
import Testing

@testable import DataShield

/// What is said of the next step comes true, whatever the person's directory tells of it.
@Suite(.freshDatabasePerTest) struct PromisedScoreTests {
    private var database: TestDatabase { .current }

    // MARK: Words

    private static let both: [RemediationType] = [.forcePasswordReset, .revokeSessions]

    static let sentences: [(AccountStep, Int, Int, String)] = [
        (
            AccountStep(actions: [.forcePasswordReset], directory: .ldap, hasAlerts: true), 60, 2,
            "Reset the password of Ann at LDAP or Active Directory: once the directory says that this was done, the score becomes 2."
        ),
        (
            AccountStep(actions: both, directory: .entra, hasAlerts: true), 60, 2,
            "Reset the password of Ann at Microsoft Entra ID and revoke all sessions there: once the directory says that this was done, the score"
                + " becomes 2."
        ),
        (
            AccountStep(actions: both, directory: .google, hasAlerts: true), 60, 2,
            "Through DataShield, and not in the weak way: reset the password of Ann at Google Workspace and revoke all sessions there. Then the score"
                + " becomes 2. Of what is done elsewhere, Google Workspace says nothing."
        ),
        (
            AccountStep(actions: [.revokeSessions], directory: .okta, hasAlerts: false), 60, 60,
            "Through DataShield: revoke all sessions of Ann at Okta. Then the score stays 60: this is less than a point of it."
                + " Of sessions that are ended elsewhere, Okta says nothing."
        ),
        (
            AccountStep(actions: both, directory: nil, hasAlerts: true), 60, 57,
            "Have the password of Ann changed and all sessions ended. Nobody tells DataShield that this was done: then resolve the alerts about Ann,"
                + " and the score becomes 57."
        ),
        (
            AccountStep(actions: [.forcePasswordReset], directory: nil, hasAlerts: false), 60, 60,
            "Have the password of Ann changed. Nobody tells DataShield that this was done, so that the score stays as it is."
        ),
        (
            AccountStep(actions: [.revokeSessions], directory: .aws, hasAlerts: true), 60, 57,
            "Have all sessions of Ann ended. AWS IAM Identity Center does not tell DataShield that this was done: then resolve the alerts about Ann,"
                + " and the score becomes 57."
        ),
        (
            AccountStep(actions: both, directory: .ldap, hasAlerts: false), 60, 50,
            "Have the password of Ann changed and all sessions ended. LDAP or Active Directory does not tell DataShield that sessions were ended."
                + " By the password alone, the score becomes 50."
        ),
        (
            AccountStep(actions: both, directory: .ldap, hasAlerts: false), 60, 60,
            "Have the password of Ann changed and all sessions ended. LDAP or Active Directory does not tell DataShield that sessions were ended,"
                + " so that the score stays as it is."
        ),
    ]

    @Test(arguments: sentences) func `the step says what is known of it, and when`(step: AccountStep, before: Int, after: Int, words: String) {
        #expect(step.text(of: "Ann", "the score", from: before, to: after) == words)
    }

    @Test(arguments: DirectoryType.allCases, RemediationType.allCases)
    func `what is known when it is done here can be done here, and what never is cannot`(type: DirectoryType, action: RemediationType) {
        let canAct = DirectoryRegistry.connector(for: type)?.kind.actions.contains(action) ?? false
        switch type.telling(action) {
        case .always, .whenDoneHere: #expect(canAct)
        case .never: #expect(!canAct)
        }
    }

    // MARK: What comes of it

    enum Found: CaseIterable {
        case password, session, both, withheld, passwordAndSessionApart

        var records: [(data: [String], artifacts: [ArtifactKind], source: BreachSource, sources: [ApiProvider])] {
            switch self {
            case .password: [(["email", "password"], [], .hibp, [.hibp])]
            case .session: [(["email"], [.cookie], .stealerLog, [.dehashed])]
            case .both: [(["email", "password"], [.cookie], .stealerLog, [.dehashed])]
            case .withheld: [(["email", "website_url"], [], .stealerLog, [.hibpStealer])]
            case .passwordAndSessionApart: [(["email", "password"], [], .hibp, [.hibp]), (["email"], [.token], .stealerLog, [.dehashed])]
            }
        }
    }

    private func stored(_ person: EmployeeID) async throws -> Int? {
        try await database.owner.first("SELECT risk_score FROM employees WHERE id = \(person)", as: Int?.self) ?? nil
    }

    private func makePerson(_ found: Found, of type: DirectoryType?, isOpen: Bool, in company: CompanyID) async throws -> EmployeeID {
        let person = try await database.makeEmployee(in: company)
        if let type {
            let directory = try await database.makeDirectoryConnection(in: company, type: type)
            try await database.owner.execute(
                "UPDATE employees SET source_connection_id = \(directory), external_id = \(person.rawValue) WHERE id = \(person)")
        }
        for record in found.records {
            let breach = try await database.makeBreach(source: record.source, date: Date(timeIntervalSinceNow: -60 * 86_400), dataTypes: record.data)
            _ = try await database.makeBreachRecord(
                in: company, employee: person, breach: breach, exposedData: record.data, artifacts: record.artifacts,
                detectedAt: Date(timeIntervalSinceNow: -5 * 86_400), sources: record.sources)
            _ = try await database.makeAlert(in: company, severity: .critical, status: isOpen ? .open : .resolved, employee: person, breach: breach)
        }
        // One of which no record is left: no step at the account ends it.
        if isOpen { _ = try await database.makeAlert(in: company, severity: .high, employee: person) }
        try await database.owner.execute(
            "INSERT INTO provider_coverage (company_id, employee_id, provider, outcome) VALUES (\(company), \(person), 'HIBP', 'EXPOSED')")
        return person
    }

    /// Does what is said, as far as the directory tells of it.
    private func carryOut(_ actions: [RemediationType], of person: EmployeeID, at type: DirectoryType?, in company: CompanyID) async throws {
        var isTold = true
        for action in actions {
            guard let type, type.telling(action) != .never else {
                isTold = false
                continue
            }
            let column: SQL = action == .forcePasswordReset ? "password_changed_at" : "sessions_valid_from"
            try await database.tenant.transaction(for: company) { db in
                try await db.execute("UPDATE employees SET \(column) = now() WHERE company_id = \(company) AND id = \(person)")
            }
        }
        guard !isTold else { return }
        let subject = Subject(actor: .program("test"), company: company, role: .admin)
        let alerts = Alerts(database: database.tenant)
        for alert in try await alerts.list(for: subject).items.map(\.alert) where alert.employeeId == person && alert.status != .resolved {
            _ = try await alerts.move(alert.id, to: .resolved, by: subject)
        }
    }

    @Test(arguments: [nil] + DirectoryType.allCases.map { Optional($0) }, Found.allCases)
    func `the promised scores of a person and of their company are those that there are then`(type: DirectoryType?, found: Found) async throws {
        let risk = Risk(database: database.tenant)
        for isOpen in [true, false] {
            let company = try await database.makeCompany()
            let person = try await makePerson(found, of: type, isOpen: isOpen, in: company)
            let other = try await database.makeEmployee(in: company)
            try await database.owner.execute(
                "INSERT INTO provider_coverage (company_id, employee_id, provider, outcome) VALUES (\(company), \(other), 'HIBP', 'CLEAN')")
            let own = try await risk.employee(person, of: company)
            #expect(own.score == (try await stored(person)))
            let promised = try #require(own.nextStep)
            let ofCompany = try #require(try await risk.company(company).nextStep)
            #expect(ofCompany.employeeId == person && ofCompany.actions == promised.actions)
            try await carryOut(promised.actions, of: person, at: type, in: company)
            #expect(try await stored(person) == promised.score, "\(promised.text)")
            #expect(try await risk.employee(person, of: company).score == promised.score)
            #expect(try await risk.company(company).score == ofCompany.score, "\(ofCompany.text)")
        }
    }

    @Test func `what was done is not asked for again`() async throws {
        let company = try await database.makeCompany()
        let person = try await makePerson(.withheld, of: .entra, isOpen: true, in: company)
        let risk = Risk(database: database.tenant)
        #expect(try await risk.employee(person, of: company).nextStep?.actions == Self.both)
        try await database.owner.execute("UPDATE employees SET password_changed_at = now() WHERE id = \(person)")
        let next = try #require(try await risk.employee(person, of: company).nextStep)
        #expect(next.actions == [.revokeSessions])
        #expect(next.text.hasPrefix("Revoke all sessions of the account at Microsoft Entra ID: once the directory says"))
    }

    @Test func `the pages promise nothing for somebody of no directory`() async throws {
        try await withServer(as: .viewer) { client in
            let person = try await makePerson(.both, of: nil, isOpen: true, in: client.company)
            for path in ["/employees/\(person)", "/dashboards"] {
                let page = try await client.get(path).text
                #expect(page.contains("Nobody tells DataShield that this was done: then resolve the alerts about"), "\(path)")
                #expect(!page.contains("once the directory says") && !page.contains("If the password"))
            }
            for path in ["/api/employees/\(person)/risk", "/api/company/risk"] {
                let next = try #require(try await client.get(path).decode(RiskScore.self).nextStep)
                #expect(next.text.contains("Nobody tells DataShield"))
            }
        }
    }
}
