import Foundation
import Hummingbird

/// | Method | Path             | Permission       |
/// |--------|------------------|------------------|
/// | GET    | `/api/dashboard` | `dashboard:read` |
package struct DashboardRoutes: Sendable {
    let dashboards: Dashboards

    package init(dashboards: Dashboards) { self.dashboards = dashboards }

    package func add(to api: APIRoutes) {
        api.get(
            "/api/dashboard", .permission(.dashboardRead), summary: "Key metrics, timeline and what matters most", query: Query.self,
            answers: DashboardSummary.self, use: summary)
    }

    struct Query: Codable, Sendable {
        /// `12m` by week, or `30d` by day.
        var range: TimelineRange?
    }

    func summary(_ request: Request, _ context: AppContext, _ query: Query) async throws -> DashboardSummary {
        try await dashboards.summary(range: query.range ?? .year, for: try context.subject)
    }
}
