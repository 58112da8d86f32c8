import Foundation
import Hummingbird

/// | Method | Path         | Permission       |
/// |--------|--------------|------------------|
/// | GET    | `/api/today` | `dashboard:read` |
package struct TodayRoutes: Sendable {
    private let today: Today

    package init(today: Today) { self.today = today }

    package func add(to api: APIRoutes) {
        api.get(
            "/api/today", .permission(.dashboardRead), summary: "Who must act first and why, and what is not known",
            answers: TodaySummary.self, use: summary)
    }

    func summary(_ request: Request, _ context: AppContext) async throws -> TodaySummary { try await today.summary(for: try context.subject) }
}
