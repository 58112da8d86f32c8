import DataShieldTestSupport
import Foundation
import JSON
import Testing

@testable import DataShield

@Suite(.freshDatabasePerTest) struct RiskRoutesTests {
    /// Ann is exposed, Ben was asked about and is in nothing, about Cem nobody was asked.
    private func makePeople(_ client: TestClient) async throws -> [EmployeeID] {
        let database = TestDatabase.current
        var people: [EmployeeID] = []
        for name in ["Ann", "Ben", "Cem"] {
            people.append(
                try await database.makeEmployee(in: client.company, firstName: name, lastName: "Doe", department: "Sales", mfaEnabled: false))
        }
        _ = try await database.makeBreachRecord(in: client.company, employee: people[0], breach: try await database.makeBreach())
        try await database.owner.execute(
            """
            INSERT INTO provider_coverage (company_id, employee_id, provider, outcome)
            VALUES (\(client.company), \(people[0]), 'HIBP', 'EXPOSED'), (\(client.company), \(people[1]), 'HIBP', 'CLEAN'),
                (\(client.company), \(people[2]), 'HIBP', 'UNKNOWN')
            """)
        return people
    }

    @Test(arguments: [
        (JSONValue.string("much"), "riskWeights"), (.array([]), "riskWeights"), (.integer(1), "riskWeights"),
        (.object(["session": .string("1")]), "riskWeights.session"), (.object(["session": .integer(-1)]), "riskWeights.session"),
        (.object(["sesion": .integer(1)]), "riskWeights.sesion"), (.object(["session": .null]), "riskWeights.session"),
    ])
    func `a preview of weights that are none names the field`(weights: JSONValue, field: String) async throws {
        try await withServer { client in
            let answer = try await client.post("/api/company/risk/preview", JSONValue.object(["riskWeights": weights]))
            #expect(answer.status == 422)
            #expect(try answer.fields == [field])
        }
    }

    @Test func `a preview counts who was not asked about apart`() async throws {
        try await withServer { client in
            _ = try await makePeople(client)
            for weights in [JSONValue.null, .object([:]), .object(["session": .integer(3)])] {
                let preview = try await client.post("/api/company/risk/preview", JSONValue.object(["riskWeights": weights])).decode(RiskPreview.self)
                #expect(preview.before.notAsked == 1 && preview.after.notAsked == 1)
                #expect(preview.before.low + preview.before.medium == 2)
            }
        }
    }

    @Test func `without an answer the API has null, and no level`() async throws {
        try await withServer(as: .viewer) { client in
            let empty = try await client.get("/api/company/risk")
            #expect(empty.text.contains(#""score":null"#) && empty.text.contains(#""level":null"#))
            let people = try await makePeople(client)
            let cem = try await client.get("/api/employees/\(people[2])")
            #expect(cem.text.contains(#""riskScore":null"#) && cem.text.contains(#""riskLevel":null"#))
            #expect(try await client.get("/api/employees/\(people[2])/risk").decode(RiskScore.self) == .unknown)
            #expect(try await client.get("/api/employees/\(people[1])").decode(EmployeeResponse.self).riskScore == 0)
            let score = try await client.get("/api/employees/\(people[0])/risk").decode(RiskScore.self)
            #expect(score.components.count == 6 && score.nextStep?.actions == [.forcePasswordReset])
        }
    }

    @Test func `who has no score is last in the order, on every page of it, and found by a filter`() async throws {
        try await withServer(as: .viewer) { client in
            let people = try await makePeople(client)
            var found: [EmployeeID] = []
            var query = "/api/employees?sort=risk&limit=1"
            while true {
                let page = try await client.get(query).decode(Page<EmployeeResponse>.self)
                found += page.items.map(\.id)
                guard let cursor = page.nextCursor else { break }
                query = "/api/employees?sort=risk&limit=1&cursor=\(cursor)"
            }
            #expect(found == people)
            for (filter, name) in [("NOT_ASKED", "Cem"), ("LOW", "Ben"), ("MEDIUM", "Ann")] {
                let page = try await client.get("/api/employees?risk=\(filter)").decode(Page<EmployeeResponse>.self)
                #expect(page.items.map(\.firstName) == [name])
            }
            let file = try await client.get("/api/employees/export").text
            #expect(file.contains(",,NOT_ASKED,0,") && file.contains(",0,LOW,0,"))
        }
    }

    @Test func `no denominator has people whom nobody was asked about`() async throws {
        try await withServer(as: .viewer) { client in
            _ = try await makePeople(client)
            let departments = try await client.get("/api/employees/departments").decode(EmployeeRoutes.Departments.self)
            #expect(departments.items.map(\.notAsked) == [1])
            let summary = try await client.get("/api/dashboard").decode(DashboardSummary.self)
            #expect(summary.departments.map(\.share) == [0.5] && summary.departments.map(\.asked) == [2])
            #expect(summary.metrics.asked == 2)
            let mfa = try await client.get("/api/mfa").decode(MFACoverage.self)
            #expect(mfa.total.withoutNotAsked == 1 && mfa.total.exposedWithout == 1)
        }
    }

    @Test func `pages say that nobody was asked, and no number`() async throws {
        try await withServer(as: .viewer) { client in
            let empty = try await client.get("/dashboards").text
            #expect(empty.contains("Why there is no score") && empty.contains("Nobody is on the list.") && !empty.contains("of 100"))
            let people = try await makePeople(client)
            let cem = try await client.get("/employees/\(people[2])").text
            #expect(cem.contains("Why there is no score") && cem.contains("Not asked yet") && !cem.contains("of 100"))
            #expect(try await client.get("/employees").text.contains("1 not asked about yet"))
            let ann = try await client.get("/employees/\(people[0])").text
            #expect(
                ann.contains("Next step.") && ann.contains("Have the password of the account changed. Nobody tells DataShield that this was done"))
            let home = try await client.get("/dashboards").text
            #expect(home.contains("1 exposed of 2 asked about, 1 not asked yet") && home.contains("50 % of the 2 asked about, 1 not asked"))
            #expect(home.contains("Why the score is"))
            #expect(try await client.get("/mfa").text.contains("1 without one not checked yet"))
        }
    }

    @Test func `pages say that who was asked about had no answer, and how far the source has come that has answered least`() async throws {
        try await withServer(as: .viewer) { client in
            let people = try await makePeople(client)
            let owner = TestDatabase.current.owner
            try await owner.execute("UPDATE provider_coverage SET checked_at = now() WHERE employee_id = \(people[2])")
            let cem = try await client.get("/employees/\(people[2])").text
            #expect(cem.contains("No source has answered about this person yet") && !cem.contains("Nobody was asked about this person"))
            try await owner.execute(
                """
                INSERT INTO provider_coverage (company_id, employee_id, provider, outcome)
                VALUES (\(client.company), \(people[0]), 'DEHASHED', 'CLEAN')
                """)
            let home = try await client.get("/dashboards").text
            #expect(home.contains("All sources have answered about at most 1 of 3 people"))
            #expect(home.contains("About the other 2 not every source has answered") && !home.contains("nothing is known"))
            #expect(home.contains("1 of 3 people by the source that has answered least"))
        }
    }

    @Test func `where nobody was asked a department has no share`() async throws {
        try await withServer(as: .viewer) { client in
            _ = try await TestDatabase.current.makeEmployee(in: client.company, department: "Sales")
            let home = try await client.get("/dashboards").text
            #expect(home.contains("1 not asked yet") && home.contains("nobody was asked about yet"))
            // Coverage is 0 %: that nobody was asked is what is said, and no share of a department.
            #expect(!home.contains("0 % of") && !home.contains("0 exposed of"))
        }
    }
}
