import Foundation
import Hummingbird

/// | Method | Path                        | Permission      |
/// |--------|-----------------------------|-----------------|
/// | GET    | `/api/alerts`               | `alerts:read`   |
/// | GET    | `/api/alerts/{id}`          | `alerts:read`   |
/// | PATCH  | `/api/alerts/{id}`          | `alerts:status` |
/// | POST   | `/api/alerts/bulk`          | `alerts:status` |
/// | GET    | `/api/alerts/{id}/comments` | `alerts:read`   |
/// | POST   | `/api/alerts/{id}/comments` | `alerts:status` |
package struct AlertRoutes: Sendable {
    let alerts: Alerts

    package init(alerts: Alerts) { self.alerts = alerts }

    package func add(to api: APIRoutes) {
        api.get(
            "/api/alerts", .permission(.alertsRead), summary: "Alerts, newest first", query: AlertListQuery.self,
            answers: Page<AlertListing>.self, use: list)
        api.post(
            "/api/alerts/bulk", .permission(.alertsStatus), summary: "Change many alerts at once", body: BulkChange.self,
            answers: AlertBulkResponse.self, use: bulk)
        api.get(
            "/api/alerts/{id}", .permission(.alertsRead), summary: "One alert, with what is exposed and what was done",
            answers: AlertDetailResponse.self, use: find)
        api.patch(
            "/api/alerts/{id}", .permission(.alertsStatus), summary: "Change status, assignee or resolution", body: Change.self,
            answers: AlertListing.self, use: change)
        api.get(
            "/api/alerts/{id}/comments", .permission(.alertsRead), summary: "Comments, oldest first", query: ListQuery.self,
            answers: Page<AlertCommentResponse>.self, use: comments)
        api.post(
            "/api/alerts/{id}/comments", .permission(.alertsStatus), summary: "Note something about an alert", body: NewComment.self,
            answers: AlertCommentResponse.self, status: .created, use: comment)
    }

    struct ListQuery: Codable, Sendable {
        var cursor: String?
        var limit: Int?
    }

    func list(_ request: Request, _ context: AppContext, _ query: AlertListQuery) async throws -> Page<AlertListing> {
        let subject = try context.subject
        return try await alerts.list(
            try query.filter(for: subject), query.order ?? query.view?.order ?? .news, cursor: query.cursor, limit: query.limit, for: subject)
    }

    func find(_ request: Request, _ context: AppContext) async throws -> AlertDetailResponse {
        let subject = try context.subject
        return try await alerts.detail(try context.id(as: AlertID.self), for: subject)
    }

    /// `assignee` is a user's id; `assigneeId`, as answers name it, means the same.
    struct Change: Codable, Sendable {
        var status: AlertStatus?
        var assignee: Patch<UserID> = .absent
        var assigneeId: Patch<UserID> = .absent
        var resolution: Patch<String> = .absent
        /// Needed to resolve an alert about something that still works.
        var confirmLive: Bool?
    }

    func change(_ request: Request, _ context: AppContext, _ body: Change) async throws -> AlertListing {
        let subject = try context.subject
        let id = try context.id(as: AlertID.self)
        let change = Alerts.Change(
            status: body.status, assignee: body.assignee.isAbsent ? body.assigneeId : body.assignee, resolution: body.resolution,
            confirmsLive: body.confirmLive ?? false)
        return try await alerts.change(id, change, by: subject)
    }

    struct BulkChange: Codable, Sendable {
        var ids: [AlertID]
        var status: AlertStatus?
        var assignee: Patch<UserID> = .absent
        var resolution: Patch<String> = .absent
        /// Needed to resolve alerts about something that still works.
        var confirmLive: Bool?
    }

    func bulk(_ request: Request, _ context: AppContext, _ body: BulkChange) async throws -> AlertBulkResponse {
        let subject = try context.subject
        let change = Alerts.Change(
            status: body.status, assignee: body.assignee, resolution: body.resolution, confirmsLive: body.confirmLive ?? false)
        let results = try await alerts.bulk(body.ids, change, by: subject)
        return AlertBulkResponse(changed: results.count { $0.outcome == .changed }, results: results)
    }

    func comments(_ request: Request, _ context: AppContext, _ query: ListQuery) async throws -> Page<AlertCommentResponse> {
        let subject = try context.subject
        let page = try await alerts.comments(on: try context.id(as: AlertID.self), cursor: query.cursor, limit: query.limit, for: subject)
        return Page(items: page.items.map { AlertCommentResponse($0) }, nextCursor: page.nextCursor)
    }

    struct NewComment: Codable, Sendable {
        var body: String
    }

    func comment(_ request: Request, _ context: AppContext, _ body: NewComment) async throws -> AlertCommentResponse {
        let subject = try context.subject
        return AlertCommentResponse(try await alerts.comment(on: try context.id(as: AlertID.self), body.body, by: subject))
    }
}

/// The filters of a list of alerts as a query string has them; the page of alerts takes the same.
package struct AlertListQuery: Codable, Sendable {
    /// One or more, with commas between.
    package var status: [AlertStatus]?
    package var severity: [Severity]?
    package var employee: EmployeeID?
    package var breach: BreachID?
    /// A user's id, `me`, or `none`.
    package var assignee: String?
    package var q: String?
    /// A day, or a moment: the earliest.
    package var from: String?
    /// A day, which is included, or a moment, which is not.
    package var to: String?
    /// Whether what was exposed still works: one or more, with commas between.
    package var liveness: [Liveness]?
    /// Of what is live: how sure that is.
    package var certainty: LivenessCertainty?
    /// How soon somebody has to act: one or more, with commas between.
    package var urgency: [UrgencyBand]?
    /// A day, or a moment: the earliest at which it had something to tell.
    package var toldFrom: String?
    /// The earliest at which it was resolved.
    package var resolvedFrom: String?
    /// The earliest at which it had to be opened again.
    package var cameBackFrom: String?
    /// true: only what was resolved because what was exposed is neutralised.
    package var neutralised: Bool?
    /// A filter and an order with a name; the other filters narrow it down, or say otherwise.
    package var view: AlertView?
    /// `news`: what had something to tell last comes first. `urgency`: the order of work.
    package var order: AlertOrder?
    package var cursor: String?
    package var limit: Int?

    package init() {}

    /// Whether any filter is given.
    var isNarrowed: Bool {
        let texts = [q, assignee, from, to, toldFrom, resolvedFrom, cameBackFrom]
        return texts.contains { !($0 ?? "").isEmpty } || !(status ?? []).isEmpty || !(severity ?? []).isEmpty || !(liveness ?? []).isEmpty
            || !(urgency ?? []).isEmpty || employee != nil || breach != nil || certainty != nil || neutralised == true
    }

    /// - Throws: ``InvalidInput`` naming what is not understood.
    package func filter(for subject: Subject) throws -> AlertFilter {
        var filter = AlertFilter(
            statuses: Set(status ?? []), severities: Set(severity ?? []), employee: employee, breach: breach,
            search: try ListText.search(q), from: try from.flatMap { try ListText.moment($0, "from") }, liveness: Set(liveness ?? []),
            certainty: certainty, urgency: Set(urgency ?? []), cameBackFrom: try cameBackFrom.flatMap { try ListText.moment($0, "cameBackFrom") },
            resolvedFrom: try resolvedFrom.flatMap { try ListText.moment($0, "resolvedFrom") },
            toldFrom: try toldFrom.flatMap { try ListText.moment($0, "toldFrom") }, isResolvedAsNeutralised: neutralised ?? false)
        switch assignee {
        case nil, "": break
        case "none": filter.assignee = .nobody
        case "me": filter.assignee = subject.user.map { .user($0) } ?? .noUser
        case let text?:
            guard let id = UserID(text) else { throw InvalidInput("assignee", "must be a user's id, me or none.") }
            filter.assignee = .user(id)
        }
        if let to, let moment = try ListText.moment(to, "to") {
            filter.until = to.utf8.count == 10 ? moment.addingTimeInterval(86_400) : moment
        }
        return view.map { $0.narrow(filter, for: subject) } ?? filter
    }
}
