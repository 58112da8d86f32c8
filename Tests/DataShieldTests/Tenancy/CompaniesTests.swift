import DataShieldTestSupport
import Foundation
import JSON
import Testing

@testable import DataShield

@Suite(.freshDatabase) struct CompaniesTests {
    private var companies: Companies { Companies(database: TestDatabase.current.tenant, system: TestDatabase.current.system) }

    @Test func `a company's domain is lower-cased, in ASCII and unique`() async throws {
        let tail = String(CUID.make(at: Date()).suffix(8))
        let company = try await companies.create(name: " Bücher ", domain: "Bücher-\(tail).Example")
        #expect(company.name == "Bücher")
        #expect(company.domain.hasPrefix("xn--b") && company.domain.hasSuffix(".example"))
        await #expect(throws: Companies.Failure.domainTaken) { try await companies.create(name: "Again", domain: company.domain.uppercased()) }
        #expect(try await companies.find(domain: "bücher-\(tail).example").id == company.id)
    }

    @Test(arguments: ["", "nodot", "a b.example", "-a.example", "a..example", "192.0.2.1", "a@b.example", "https://a.example", "x'.example"])
    func `what is no domain is refused`(_ domain: String) async throws {
        await #expect(throws: InvalidInput.self) { try await companies.create(name: "X", domain: domain) }
    }

    @Test func `an administrator changes the settings, and the trail has before and after`() async throws {
        try await withServer { client in
            let body = JSONValue.object([
                "scanIntervalMinutes": .integer(60), "riskWeights": .object(["session": .integer(50), "recency": .number(12.5)]),
                "timezone": .string("Europe/Berlin"), "retentionDays": .integer(365),
            ])
            let changed = try await client.patch("/api/company", body)
            #expect(changed.status == 200)
            let company = try changed.decode(CompanyResponse.self)
            #expect(company.scanIntervalMinutes == 60 && company.riskWeights == ["session": 50, "recency": 12.5])
            #expect(company.timezone == "Europe/Berlin" && company.retentionDays == 365)
            let cleared = try await client.patch("/api/company", JSONValue.object(["scanIntervalMinutes": .null, "riskWeights": .null]))
            #expect(try cleared.decode(CompanyResponse.self).scanIntervalMinutes == nil)
            #expect(try cleared.decode(CompanyResponse.self).retentionDays == 365)
            let events = try await client.get("/api/audit?action=company.updated").decode(Page<AuditEvent>.self).items
            #expect(events.count == 2)
            guard case .object(let before)? = events.first?.before else {
                Issue.record("There is no state before.")
                return
            }
            #expect(before["scanIntervalMinutes"] == .integer(60))
        }
    }

    @Test(arguments: [
        (["scanIntervalMinutes": JSONValue.integer(4)], "scanIntervalMinutes"), (["scanIntervalMinutes": .number(5.5)], "scanIntervalMinutes"),
        (["riskWeights": .object(["sesion": .integer(1)])], "riskWeights.sesion"),
        (["riskWeights": .object(["session": .integer(-1)])], "riskWeights.session"),
        (["riskWeights": .object(["session": .string("1")])], "riskWeights.session"), (["timezone": .string("Mars/Olympus")], "timezone"),
        (["timezone": .null], "timezone"), (["retentionDays": .integer(0)], "retentionDays"), (["name": .string("")], "name"),
        (["domain": .string("other.example")], "domain"),
    ])
    func `settings that cannot be are refused by field`(_ body: [String: JSONValue], _ field: String) async throws {
        try await withServer { client in
            let answer = try await client.patch("/api/company", body)
            if body["timezone"] == .null {
                // An absent name of a zone leaves it as it is.
                #expect(answer.status == 200)
                return
            }
            #expect(answer.status == 422)
            #expect(try answer.fields == [field])
        }
    }
}
