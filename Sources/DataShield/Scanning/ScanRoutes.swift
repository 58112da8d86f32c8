import Foundation
import Hummingbird

/// | Method | Path                     | Permission       |
/// |--------|--------------------------|------------------|
/// | POST   | `/api/employees/scan`    | `employees:scan` |
/// | GET    | `/api/scans`             | `scans:read`     |
/// | GET    | `/api/scans/{id}`        | `scans:read`     |
/// | GET    | `/api/scans/{id}/events` | `scans:read`     |
package struct ScanRoutes: Sendable {
    private let scans: Scans

    package init(scans: Scans) { self.scans = scans }

    package func add(to api: APIRoutes) {
        api.post(
            "/api/employees/scan", .permission(.employeesScan), summary: "Look up all people with all providers", answers: ScanRun.Response.self,
            status: .accepted, use: start)
        api.get(
            "/api/scans", .permission(.scansRead), summary: "Scans, the latest first", query: ListQuery.self, answers: Page<ScanRun.Response>.self,
            use: list)
        api.get("/api/scans/{id}", .permission(.scansRead), summary: "One scan", answers: ScanRun.Response.self, use: find)
        api.respond(
            .get, "/api/scans/{id}/events", .permission(.scansRead), summary: "A scan as it goes on: server-sent events `progress`, then `finished`",
            answerType: "text/event-stream", use: events)
    }

    struct ListQuery: Codable, Sendable {
        var cursor: String?
        var limit: Int?
    }

    func start(_ request: Request, _ context: AppContext) async throws -> ScanRun.Response {
        ScanRun.Response(try await scans.start(by: try context.subject))
    }

    func list(_ request: Request, _ context: AppContext, _ query: ListQuery) async throws -> Page<ScanRun.Response> {
        try await scans.list(cursor: query.cursor, limit: query.limit, for: try context.subject)
    }

    func find(_ request: Request, _ context: AppContext) async throws -> ScanRun.Response {
        ScanRun.Response(try await scans.find(try context.id(as: ScanRunID.self), for: try context.subject))
    }

    /// Ends with the run, when the client goes, and when the program stops.
    func events(_ request: Request, _ context: AppContext) async throws -> Response {
        let subject = try context.subject
        let id = try context.id(as: ScanRunID.self)
        // Whoever may not see it is told so before anything else.
        let first = try await scans.find(id, for: subject)
        let scans = scans
        return ServerSentEvents.following(first, in: context, isFinished: { $0.status.isFinished }) {
            try await scans.find(id, for: subject)
        } data: {
            try JSONCoding.encode(ScanRun.Response($0))
        }
    }
}

extension ScanRun {
    /// A run as the API answers it.
    package struct Response: Codable, Sendable, Hashable {
        package var id: ScanRunID
        package var status: WorkStatus
        package var trigger: ScanTrigger
        package var startedBy: UserID?
        package var startedAt: Date?
        package var finishedAt: Date?
        package var total: Int
        package var scanned: Int
        package var newRecords: Int
        package var newAlerts: Int
        package var errors: Int
        /// From 0 to 100.
        package var percent: Int
        package var providers: [ProviderProgress]
        package var errorMessage: String?
        package var createdAt: Date

        package init(_ run: ScanRun) {
            id = run.id
            status = run.status
            trigger = run.trigger
            startedBy = run.startedBy
            startedAt = run.startedAt
            finishedAt = run.finishedAt
            total = run.total
            scanned = run.scanned
            newRecords = run.newRecords
            newAlerts = run.newAlerts
            errors = run.errorCount
            percent = run.percent
            providers = run.providers
            errorMessage = run.errorMessage
            createdAt = run.createdAt
        }
    }

    /// How far it is, from 0 to 100: all providers' parts together.
    package var percent: Int {
        if status.isFinished { return 100 }
        let total = providers.reduce(0) { $0 + $1.total }
        guard total > 0 else { return 0 }
        return min(99, providers.reduce(0) { $0 + $1.done } * 100 / total)
    }
}
