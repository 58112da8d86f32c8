import Foundation
import Hummingbird

/// | Method | Path                 | Permission       |
/// |--------|----------------------|------------------|
/// | GET    | `/`                  | `dashboard:read` |
/// | GET    | `/today/settle`      | `alerts:status`  |
/// | POST   | `/today/settle`      | `alerts:status`  |
/// | POST   | `/today/settle/undo` | `alerts:status`  |
package struct TodayPages: Sendable {
    let pages: Pages
    let today: Today
    let alerts: Alerts
    let remediation: Remediation
    let now: Now

    package func add(to routes: PageRoutes) {
        routes.get("/", .permission(.dashboardRead), use: show)
        routes.get("/today/settle", .permission(.alertsStatus), use: confirm)
        routes.post("/today/settle", .permission(.alertsStatus), form: SettleForm.self, use: settle)
        routes.post("/today/settle/undo", .permission(.alertsStatus), form: UndoForm.self, use: undo)
    }

    func show(_ request: Request, _ context: AppContext) async throws -> Response {
        let subject = try context.subject
        let summary = try await today.summary(for: subject)
        let model = TodayModel(
            summary, maySettle: subject.may(.alertsStatus), isRemediationOffered: try await remediation.isOffered(to: subject),
            mayManagePolicy: subject.may(.policyManage), clock: PageClock(now(), for: context.signedIn))
        return pages.show("today/show", model, Frame("Today", in: .today, showsHIBP: true), for: request, context)
    }

    // MARK: Where nothing is left to do

    struct SettleForm: Codable, Sendable {
        var state: SettledState
    }

    /// The question, for whoever comes without scripts, too.
    func confirm(_ request: Request, _ context: AppContext) async throws -> Response {
        let state = try request.decodeQuery(SettleForm.self).state
        let model = SettleModel(state, count: try await alerts.settleable(state, for: try context.subject))
        return pages.show("today/settle", model, Frame(model.heading, in: .alerts, isNarrow: true), for: request, context)
    }

    func settle(_ request: Request, _ context: AppContext, _ form: SettleForm) async throws -> Response {
        let settlement = try await alerts.settle(form.state, by: try context.subject)
        guard settlement.resolved > 0 else { return Pages.redirect(to: "/", .done("There was nothing left to resolve.")) }
        return Pages.redirect(
            to: "/",
            .done(
                "\(Format.count(settlement.resolved, "alert is", "alerts are")) resolved.",
                undo: .init(path: "/today/settle/undo", token: settlement.token)))
    }

    struct UndoForm: Codable, Sendable {
        var token: String
    }

    func undo(_ request: Request, _ context: AppContext, _ form: UndoForm) async throws -> Response {
        let opened = try await alerts.unsettle(form.token, by: try context.subject)
        return Pages.redirect(to: "/", .done("\(Format.count(opened, "alert is", "alerts are")) open again."))
    }
}
