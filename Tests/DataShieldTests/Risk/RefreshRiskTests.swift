import DataShieldTestSupport
import Foundation
import Postgres
import Testing

@testable import DataShield

@Suite(.freshDatabase) struct RefreshRiskTests {
    @Test func `other weights give all people other scores, by a job that follows from the change`() async throws {
        let database = TestDatabase.current
        let company = try await database.makeCompany()
        let person = try await database.makeEmployee(in: company)
        let breach = try await database.makeBreach()
        _ = try await database.makeBreachRecord(
            in: company, employee: person, breach: breach, detectedAt: Date(timeIntervalSinceNow: -90 * 86_400))
        let risk = Risk(database: database.tenant)
        func score() async throws -> Int? {
            try await database.owner.first("SELECT risk_score FROM employees WHERE id = \(person)", as: Int.self)
        }
        // Half of recency 25 and critical data 20, by 0.7 since nobody says when the password was changed; one of five breaches 2.
        #expect(try await score() == 25)
        #expect(try await risk.refreshAll(of: company) == 0)

        let companies = Companies(database: database.tenant, system: database.system)
        let subject = Subject(actor: .program("test"), company: company, role: .admin)
        _ = try await companies.update(.init(riskWeights: .set(["criticalData": 0])), by: subject)
        let jobs = try await database.owner.query("SELECT kind FROM jobs WHERE company_id = \(company)", as: String.self)
        #expect(jobs == [RefreshRisk.kind])
        #expect(try await risk.refreshAll(of: company) == 1)
        #expect(try await score() == 11)
    }
}
