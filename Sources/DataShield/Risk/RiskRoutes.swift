import Foundation
import Hummingbird

/// | Method | Path                       | Permission       |
/// |--------|----------------------------|------------------|
/// | GET    | `/api/employees/{id}/risk` | `employees:read` |
/// | GET    | `/api/employees/{id}/coverage` | `employees:read` |
/// | GET    | `/api/company/risk`        | `dashboard:read` |
/// | POST   | `/api/company/risk/preview` | `policy:manage` |
package struct RiskRoutes: Sendable {
    private let risk: Risk
    private let coverage: Coverage

    package init(risk: Risk, coverage: Coverage) {
        self.risk = risk
        self.coverage = coverage
    }

    package func add(to api: APIRoutes) {
        api.get(
            "/api/employees/{id}/risk", .permission(.employeesRead), summary: "An employee's score, and what it is made of",
            answers: RiskScore.self
        ) { _, context in
            try await risk.employee(try context.id(as: EmployeeID.self), of: try context.subject.company)
        }
        api.get(
            "/api/employees/{id}/coverage", .permission(.employeesRead), summary: "Which providers have answered about an employee",
            answers: Page<PersonCoverage>.self
        ) { _, context in
            let subject = try context.subject
            let id = try context.id(as: EmployeeID.self)
            // Another company's id is not found.
            _ = try await risk.employee(id, of: subject.company)
            return Page(items: try await coverage.person(id, for: subject), nextCursor: nil)
        }
        api.get("/api/company/risk", .permission(.dashboardRead), summary: "The company's score, and what it is made of", answers: RiskScore.self) {
            _, context in
            try await risk.company(try context.subject.company)
        }
        api.post(
            "/api/company/risk/preview", .permission(.policyManage), summary: "What other weights would make of the company", body: Weights.self,
            answers: RiskPreview.self
        ) { _, context, body in
            try await risk.preview(body.riskWeights, by: try context.subject)
        }
    }

    struct Weights: Codable, Sendable, BoundedFields {
        static let bounds: [String: FieldBound] = ["riskWeights": .weights(RiskWeights.keys)]

        /// Keys that differ from the standard; null: none does.
        var riskWeights: [String: Double]?
    }
}
