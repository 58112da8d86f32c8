import Foundation
import Hummingbird

/// A company as the API shows it.
package struct CompanyResponse: Codable, Sendable, Equatable {
    package var id: CompanyID
    package var name: String
    package var domain: String
    package var riskWeights: [String: Double]?
    package var remediationEnabled: Bool
    /// Whether an alert is resolved by itself when what was exposed is neutralised.
    package var resolvesNeutralised: Bool
    package var scanIntervalMinutes: Int?
    package var lastScanAt: Date?
    package var timezone: String
    package var retentionDays: Int?
    package var createdAt: Date

    init(_ company: Company) {
        id = company.id
        name = company.name
        domain = company.domain
        riskWeights = company.riskWeights
        remediationEnabled = company.remediationEnabled
        resolvesNeutralised = company.resolvesNeutralised
        scanIntervalMinutes = company.scanIntervalMinutes
        lastScanAt = company.lastScanAt
        timezone = company.timezone
        retentionDays = company.retentionDays
        createdAt = company.createdAt
    }
}

/// | Method | Path           | Permission      |
/// |--------|----------------|-----------------|
/// | GET    | `/api/company` | `company:read`  |
/// | PATCH  | `/api/company` | `policy:manage` |
struct CompanyRoutes {
    let companies: Companies

    func add(to api: APIRoutes) {
        api.get("/api/company", .permission(.companyRead), summary: "The company and its settings", answers: CompanyResponse.self) { _, context in
            CompanyResponse(try await companies.find(try context.subject.company))
        }
        api.patch(
            "/api/company", .permission(.policyManage), summary: "Change settings of the company", body: Companies.Change.self,
            answers: CompanyResponse.self
        ) { _, context, change in
            CompanyResponse(try await companies.update(change, by: try context.subject))
        }
    }
}
