import Foundation
import Hummingbird

/// | Method | Path         | Permission   |
/// |--------|--------------|--------------|
/// | GET    | `/api/audit` | `audit:read` |
struct AuditRoutes {
    let audit: Audit

    struct Query: Codable, Sendable {
        var limit: Int?
        var cursor: String?
        var action: String?
        var actor: String?
        var target: String?
        var from: Date?
        var to: Date?
    }

    func add(to api: APIRoutes) {
        api.get("/api/audit", .permission(.auditRead), summary: "What was done, the newest first", query: Query.self, answers: Page<AuditEvent>.self)
        {
            _, context, query in
            let filter = AuditFilter(action: query.action, actor: query.actor, target: query.target, from: query.from, to: query.to)
            return try await audit.list(filter, cursor: query.cursor, limit: query.limit, for: try context.subject)
        }
    }
}
