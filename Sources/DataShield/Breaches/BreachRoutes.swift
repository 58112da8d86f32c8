import Foundation
import Hummingbird

/// | Method | Path                      | Permission      |
/// |--------|---------------------------|-----------------|
/// | GET    | `/api/breaches`           | `breaches:read` |
/// | GET    | `/api/breaches/{id}`      | `breaches:read` |
/// | GET    | `/api/breaches/{id}/employees` | `breaches:read` |
package struct BreachRoutes: Sendable {
    private let breaches: Breaches

    package init(breaches: Breaches) { self.breaches = breaches }

    package func add(to api: APIRoutes) {
        api.get(
            "/api/breaches", .permission(.breachesRead), summary: "Breaches that people of the company are in", query: ListQuery.self,
            answers: Page<Breaches.Response>.self, use: list)
        api.get("/api/breaches/{id}", .permission(.breachesRead), summary: "One breach", answers: Breaches.Response.self, use: find)
        api.get(
            "/api/breaches/{id}/employees", .permission(.breachesRead), summary: "The company's people who are in a breach", query: PageQuery.self,
            answers: Page<Breaches.AffectedResponse>.self, use: affected)
    }

    struct ListQuery: Codable, Sendable {
        var q: String?
        var source: BreachSource?
        var dataType: String?
        /// Also the rest of the catalogue.
        var all: Bool?
        var sort: Breaches.Order?
        var cursor: String?
        var limit: Int?
    }

    struct PageQuery: Codable, Sendable {
        var cursor: String?
        var limit: Int?
    }

    func list(_ request: Request, _ context: AppContext, _ query: ListQuery) async throws -> Page<Breaches.Response> {
        let filter = Breaches.Filter(
            text: query.q, source: query.source, dataType: query.dataType, includesOthers: query.all ?? false, order: query.sort ?? .affected)
        return try await breaches.list(filter, cursor: query.cursor, limit: query.limit, for: try context.subject)
    }

    func find(_ request: Request, _ context: AppContext) async throws -> Breaches.Response {
        Breaches.Response(try await breaches.find(try context.id(as: BreachID.self), for: try context.subject))
    }

    func affected(_ request: Request, _ context: AppContext, _ query: PageQuery) async throws -> Page<Breaches.AffectedResponse> {
        let subject = try context.subject
        let id = try context.id(as: BreachID.self)
        _ = try await breaches.find(id, for: subject)
        return try await breaches.affected(by: id, cursor: query.cursor, limit: query.limit, for: subject)
    }
}

extension Breaches {
    /// A breach that a person is in as the API answers it.
    package struct RecordResponse: Codable, Sendable, Hashable {
        package var id: BreachRecordID
        package var breachId: BreachID
        package var breachName: String
        /// nil: date unknown.
        package var breachDate: Date?
        package var exposedData: [String]
        package var artifacts: [ArtifactKind]
        package var capturedAt: Date?
        package var detectedAt: Date
        package var sources: [ApiProvider]
        /// Whether a leak file has it, too.
        package var inLeakFile: Bool
        package var alertId: AlertID?
        package var liveness: LivenessResponse

        init(_ found: Record) {
            id = found.record.id
            breachId = found.record.breachId
            breachName = found.breach.displayName
            breachDate = found.breach.breachDate
            exposedData = found.record.exposedData
            artifacts = found.record.artifacts
            capturedAt = found.record.capturedAt
            detectedAt = found.record.detectedAt
            sources = found.record.sources
            inLeakFile = found.record.isInLeakFile
            alertId = found.alertId
            liveness = LivenessResponse(found.liveness)
        }
    }

    /// A breach as the API answers it.
    package struct Response: Codable, Sendable, Hashable {
        package var id: BreachID
        package var name: String
        package var title: String
        package var source: BreachSource
        package var domain: String?
        package var breachDate: Date?
        package var addedAt: Date?
        /// Text without markup.
        package var description: String?
        package var dataTypes: [String]
        package var pwnCount: Int?
        package var isVerified: Bool
        package var isFabricated: Bool
        package var isSensitive: Bool
        package var isRetired: Bool
        package var isSpamList: Bool
        package var isMalware: Bool
        package var isStealerLog: Bool
        package var logoPath: String?
        /// How many of the company's people are in it.
        package var affected: Int

        package init(_ listing: Listing) {
            let breach = listing.breach
            id = breach.id
            name = breach.name
            title = breach.displayName
            source = breach.source
            domain = breach.domain
            breachDate = breach.breachDate
            addedAt = breach.addedAt
            description = breach.plainDescription
            dataTypes = breach.dataTypes
            pwnCount = breach.pwnCount
            isVerified = breach.isVerified
            isFabricated = breach.isFabricated
            isSensitive = breach.isSensitive
            isRetired = breach.isRetired
            isSpamList = breach.isSpamList
            isMalware = breach.isMalware
            isStealerLog = breach.isStealerLog
            logoPath = breach.logoPath
            affected = listing.affected
        }
    }

    /// A person in a breach as the API answers it.
    package struct AffectedResponse: Codable, Sendable, Hashable {
        package var employeeId: EmployeeID
        package var employeeName: String
        package var employeeEmail: String
        package var department: String?
        package var riskScore: Int
        package var exposedData: [String]
        package var artifacts: [ArtifactKind]
        package var detectedAt: Date
        package var sources: [ApiProvider]
        /// Whether a leak file has it, too.
        package var inLeakFile: Bool
        package var alertId: AlertID?
        package var alertSeverity: Severity?
        package var alertStatus: AlertStatus?

        package init(_ affected: Affected) {
            employeeId = affected.record.employeeId
            employeeName = affected.employeeName
            employeeEmail = affected.employeeEmail
            department = affected.department
            riskScore = affected.riskScore
            exposedData = affected.record.exposedData
            artifacts = affected.record.artifacts
            detectedAt = affected.record.detectedAt
            sources = affected.record.sources
            inLeakFile = affected.record.isInLeakFile
            alertId = affected.alertId
            alertSeverity = affected.alertSeverity
            alertStatus = affected.alertStatus
        }
    }
}
