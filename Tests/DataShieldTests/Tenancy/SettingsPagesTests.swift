import DataShieldTestSupport
import Foundation
import Postgres
import Testing

@testable import DataShield

@Suite(.freshDatabase) struct SettingsPagesTests {
    private static let weights = [
        ("session", "30"), ("recency", "25"), ("criticalData", "20"), ("domainMatch", "15"), ("openAlerts", "10"), ("breaches", "10"),
    ]

    private func company(_ client: TestClient) async throws -> Company { try await client.application.companies.find(client.company) }

    private func weights(_ changes: [String: String] = [:], _ action: String) -> [(String, String)] {
        Self.weights.map { ($0.0, changes[$0.0] ?? $0.1) } + [("action", action)]
    }

    private func score(_ person: EmployeeID) async throws -> Int? {
        try await TestDatabase.current.owner.first("SELECT risk_score FROM employees WHERE id = \(person)", as: Int.self)
    }

    private func jobs(_ client: TestClient) async throws -> Int? {
        try await TestDatabase.current.owner.first(
            "SELECT count(*) FROM jobs WHERE company_id = \(client.company) AND kind = \(RefreshRisk.kind)", as: Int.self)
    }

    /// Somebody in a breach, whose score is up to date.
    private func makePerson(_ client: TestClient) async throws -> EmployeeID {
        let database = TestDatabase.current
        let person = try await database.makeEmployee(in: client.company)
        _ = try await database.makeBreachRecord(in: client.company, employee: person, breach: try await database.makeBreach())
        _ = try await client.application.risk.refreshAll(of: client.company)
        return person
    }

    // MARK: Company

    @Test func `the settings are saved, and the next page says so`() async throws {
        try await withServer { (client) async throws in
            let form = [("name", " Acme & Söhne "), ("timezone", "Europe/Berlin"), ("scanIntervalMinutes", "360")]
            let answer = try await client.submit("/settings", form)
            #expect(answer.status == 303 && answer.header("Location") == "/settings")
            let saved = try await company(client)
            #expect(saved.name == "Acme & Söhne" && saved.timezone == "Europe/Berlin" && saved.scanIntervalMinutes == 360)
            let cookie = try #require(answer.header("Set-Cookie")?.split(separator: ";").first.map { String($0) })
            let page = try await client.get("/settings", headers: [("Cookie", cookie)])
            #expect(page.text.contains("The settings are saved.") && page.text.contains("Acme &amp; Söhne"))
            // Left empty, nobody starts scans but people.
            #expect(try await client.submit("/settings", [("name", "Acme"), ("timezone", "UTC"), ("scanIntervalMinutes", "")]).status == 303)
            #expect(try await company(client).scanIntervalMinutes == nil)
        }
    }

    @Test(arguments: [
        ([("name", ""), ("timezone", "UTC")], "must be 1 to 200 characters"),
        ([("name", "Acme"), ("timezone", "Mars/Olympus")], "must be the name of a time zone"),
        ([("name", "Acme"), ("timezone", "UTC"), ("scanIntervalMinutes", "4")], "from 5 to 525600"),
    ])
    func `settings that cannot be are shown again with the reason`(_ form: [(String, String)], _ words: String) async throws {
        try await withServer { (client) async throws in
            let before = try await company(client)
            let answer = try await client.submit("/settings", form)
            #expect(answer.status == 422)
            #expect(answer.text.contains(words))
            // What was typed is still there.
            for (name, value) in form where name == "timezone" { #expect(answer.text.contains(#"value="\#(value)""#)) }
            #expect(try await company(client) == before)
        }
    }

    // MARK: Weights

    @Test func `weights are saved, and the scores are reckoned once, by a job`() async throws {
        try await withServer { (client) async throws in
            let person = try await makePerson(client)
            let before = try #require(try await score(person))
            let answer = try await client.submit("/settings/weights", weights(["criticalData": "0"], "save"))
            #expect(answer.status == 303 && answer.header("Location") == "/settings")
            #expect(try await company(client).riskWeights?["criticalData"] == 0)
            #expect(try await jobs(client) == 1)
            #expect(try await score(person) == before, "It was reckoned while somebody waited, and will be again.")
            #expect(try await client.application.risk.refreshAll(of: client.company) == 1)
            #expect(try #require(try await score(person)) < before)
            // Saved again they are the same: nothing is to be done.
            #expect(try await client.submit("/settings/weights", weights(["criticalData": "0"], "save")).status == 303)
            #expect(try await jobs(client) == 1)
        }
    }

    @Test func `a preview says what would change and changes nothing`() async throws {
        try await withServer { (client) async throws in
            let person = try await makePerson(client)
            let before = try await score(person)
            let answer = try await client.submit("/settings/weights", weights(["recency": "900", "criticalData": "900"], "preview"))
            #expect(answer.status == 200)
            #expect(answer.text.contains("People in each level") && answer.text.contains(#"value="900""#))
            // The one person is in another level then.
            #expect(answer.text.contains(">+1<"))
            #expect(try await company(client).riskWeights == nil)
            #expect(try await score(person) == before)
            #expect(try await jobs(client) == 0)
        }
    }

    @Test func `reset goes back to the standard, whatever the fields have`() async throws {
        try await withServer { (client) async throws in
            #expect(try await client.submit("/settings/weights", weights(["session": "77"], "save")).status == 303)
            #expect(try await company(client).riskWeights?["session"] == 77)
            #expect(try await client.submit("/settings/weights", weights(["session": "-5"], "reset")).status == 303)
            #expect(try await company(client).riskWeights == nil)
        }
    }

    @Test(arguments: ["save", "preview"]) func `a weight that cannot be is refused, also in a preview`(_ action: String) async throws {
        try await withServer { (client) async throws in
            let answer = try await client.submit("/settings/weights", weights(["session": "-5"], action))
            #expect(answer.status == 422)
            #expect(answer.text.contains("must be a number that is not negative"))
            #expect(try await company(client).riskWeights == nil)
            #expect(try await client.submit("/settings/weights", weights(["session": "much"], action)).status == 422)
        }
    }

    // MARK: Who may

    @Test func `a viewer reads the settings and changes none`() async throws {
        try await withServer(as: .viewer) { (client) async throws in
            let before = try await company(client)
            #expect(try await client.get("/settings").status == 200)
            #expect(try await client.submit("/settings", [("name", "Mine"), ("timezone", "UTC")]).status == 403)
            for action in ["save", "preview", "reset"] {
                #expect(try await client.submit("/settings/weights", weights(["session": "1"], action)).status == 403)
            }
            #expect(try await company(client) == before)
        }
    }

    @Test func `another company's settings and scores stay as they are`() async throws {
        try await withServer { (client) async throws in
            let strange = try await TestDatabase.current.makeCompany(name: "Strange")
            let other = try await client.signedIn(as: .admin, in: strange)
            #expect(try await other.submit("/settings", [("name", "Renamed"), ("timezone", "UTC")]).status == 303)
            #expect(try await other.submit("/settings/weights", weights(["session": "1"], "save")).status == 303)
            let own = try await company(client)
            #expect(own.name == "Acme" && own.riskWeights == nil)
            #expect(try await jobs(client) == 0)
            #expect(try await client.application.companies.find(strange).riskWeights?["session"] == 1)
        }
    }
}
