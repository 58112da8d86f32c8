import Foundation
import Hummingbird

/// | Method | Path                   | Permission         |
/// |--------|------------------------|--------------------|
/// | GET    | `/remediation`         | `remediation:read` |
/// | GET    | `/remediation/export`  | `remediation:read` |
/// | POST   | `/remediation/confirm` | `remediation:act`  |
/// | POST   | `/remediation/run`     | `remediation:act`  |
package struct RemediationPages: Sendable {
    let pages: Pages
    let remediation: Remediation
    let now: Now

    package func add(to routes: PageRoutes) {
        routes.get("/remediation", .permission(.remediationRead), use: list)
        routes.get("/remediation/export", .permission(.remediationRead), use: RemediationRoutes(remediation: remediation).export)
        routes.post("/remediation/confirm", .permission(.remediationAct), form: Selection.self, use: confirm)
        routes.post("/remediation/run", .permission(.remediationAct), form: Selection.self, use: run)
    }

    // MARK: The log

    func list(_ request: Request, _ context: AppContext) async throws -> Response {
        let subject = try context.subject
        let query = try request.decodeQuery(LogQuery.self)
        let page = try await remediation.log(try query.filter(), cursor: query.cursor, limit: query.limit, for: subject)
        let settings = try await remediation.settings(for: subject)
        let isBeginning = query.cursor == nil
        let requests = isBeginning ? try await remediation.requests([.pending, .started, .refused], limit: 20, for: subject).items : []
        let mayAct = settings.enabled && subject.may(.remediationAct)
        let clock = PageClock(now(), for: context.signedIn)
        let parts: [(String, String?)] = [
            ("action", query.action?.rawValue), ("status", query.status?.rawValue), ("employee", query.employee?.rawValue),
            ("alert", query.alert?.rawValue), ("performedBy", query.performedBy), ("from", query.from), ("to", query.to),
        ]
        let isFiltered = parts.contains { !($0.1 ?? "").isEmpty }
        let shownRequests = isFiltered ? [] : requests
        let unfinished = isBeginning && !isFiltered ? try await remediation.unfinished(for: subject) : []
        let unfinishedCount = unfinished.isEmpty ? 0 : max(unfinished.count, try await remediation.unfinishedCount(for: subject))
        let model = RemediationListModel(
            isSwitchedOff: !settings.enabled, cap: settings.cap.words,
            actionFilter: Choice(
                "action", "Action", [("", "Any action")] + RemediationType.allCases.map { ($0.rawValue, $0.displayName) },
                selected: query.action?.rawValue),
            statusFilter: Choice(
                "status", "Outcome", [("", "Any outcome")] + RemediationLogOutcome.allCases.map { ($0.rawValue, $0.badge.label) },
                selected: query.status?.rawValue),
            performedBy: query.performedBy, from: query.from, to: query.to, employee: query.employee?.rawValue,
            isFiltered: isFiltered, formError: nil, exportURL: URLText.path("/remediation/export", parts),
            rows: page.items.map { .init($0, clock) }, hasRows: !page.items.isEmpty,
            pager: Pager(
                Format.count(page.items.count, "attempt", "attempts") + " on this page", path: "/remediation", query: parts, cursor: query.cursor,
                next: page.nextCursor),
            unfinished: unfinished.map { .init($0, clock, isNextOffered: mayAct) }, hasUnfinished: !unfinished.isEmpty,
            unfinishedCount: Format.count(unfinishedCount),
            unfinishedRest: unfinishedCount > unfinished.count ? "\(Format.count(unfinishedCount - unfinished.count)) more, older" : nil,
            requests: shownRequests.map { .init($0, clock) }, hasRequests: !shownRequests.isEmpty)
        return pages.show("remediation/list", model, Frame("Response", in: .response), for: request, context)
    }

    // MARK: Acting

    /// What alerts are to be acted on, and where to go afterwards.
    struct Selection: Codable, Sendable {
        var id: [AlertID]?
        var action: RemediationType
        var back: String?
        /// Tells the form from others: sent twice, it is one order.
        var key: String?
    }

    /// The dry run, which is also the question.
    func confirm(_ request: Request, _ context: AppContext, _ form: Selection) async throws -> Response {
        let subject = try context.subject
        let back = Pages.local(form.back, or: "/alerts")
        guard let ids = form.id, !ids.isEmpty else { return Pages.redirect(to: back, .problem("Select at least one alert first.")) }
        let plan = try await remediation.preview(ids, form.action, by: subject)
        let model = RemediationConfirmModel(plan, ids: ids, back: back, key: CUID.make(at: now()))
        return pages.show("remediation/confirm", model, Frame(model.heading, in: .response), for: request, context)
    }

    func run(_ request: Request, _ context: AppContext, _ form: Selection) async throws -> Response {
        let subject = try context.subject
        let back = Pages.local(form.back, or: "/remediation")
        guard let ids = form.id, let first = ids.first else { return Pages.redirect(to: back, .problem("Select at least one alert first.")) }
        let key = try form.key.map { try OrderKey($0) }
        do {
            guard ids.count == 1 else {
                let bulk = try await remediation.bulk(ids, form.action, by: subject, key: key)
                return Pages.redirect(
                    to: "/remediation", bulk.requested > 0 ? .done(bulk.words) : .problem("Nobody was acted on: the dry run says why."))
            }
            let outcome = try await remediation.request(form.action, on: first, by: subject, key: key)
            switch outcome.status {
            case .done: return Pages.redirect(to: back, .done("\(form.action.displayName): done."))
            case .pending, .started:
                return Pages.redirect(to: back, .done("The directory has not answered yet. The log under Response will show how it ended."))
            case .failed, .refused: return Pages.redirect(to: back, .problem(outcome.reason ?? "It was not done."))
            }
        } catch let failure as Remediation.Failure where failure.status == .conflict {
            return Pages.redirect(to: back, .problem(failure.detail))
        }
    }
}

extension Remediation.Bulk {
    /// How many people it is about, for whoever asked.
    var words: String {
        if isRepeated { return "Somebody asked for this before, for \(Format.count(requested, "person", "people")). The log shows how it ends." }
        let allowed = plan.allowed
        guard allowed < requested else {
            return "\(Format.count(requested, "person is", "people are")) acted on now. The log shows how it ends."
        }
        return "Up to \(Format.count(allowed)) of \(Format.count(requested, "person", "people")) are acted on now. The limit stops the others. "
            + "The log shows how it ends."
    }
}
