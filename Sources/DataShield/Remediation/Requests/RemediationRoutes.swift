import Foundation
import HTTPTypes
import Hummingbird
import NIOCore

/// | Method | Path                                      | Permission         |
/// |--------|-------------------------------------------|--------------------|
/// | POST   | `/api/alerts/{id}/remediate`              | `remediation:act`  |
/// | POST   | `/api/remediation/bulk`                   | `remediation:act`  |
/// | GET    | `/api/remediation`                        | `remediation:read` |
/// | GET    | `/api/remediation/export`                 | `remediation:read` |
/// | GET    | `/api/remediation/requests`               | `remediation:read` |
/// | GET    | `/api/remediation/requests/{id}`          | `remediation:read` |
/// | GET    | `/api/remediation/settings`               | `remediation:read` |
/// | PATCH  | `/api/remediation/settings`               | `policy:manage`    |
/// | POST   | `/api/remediation/policies/dry-run`       | `remediation:read` |
/// | POST   | `/api/remediation/resume`                 | `policy:manage`    |
/// | GET    | `/api/remediation/protected`              | `remediation:read` |
/// | POST   | `/api/remediation/protected`              | `policy:manage`    |
/// | DELETE | `/api/remediation/protected/{employeeId}` | `policy:manage`    |
package struct RemediationRoutes: Sendable {
    let remediation: Remediation

    package init(remediation: Remediation) { self.remediation = remediation }

    package func add(to api: APIRoutes) {
        api.respond(
            .post, "/api/alerts/{id}/remediate", .permission(.remediationAct),
            summary:
                "Act on the account of an alert's person; 202 when the directory takes its time, 409 when it is refused, 502 when the directory could not be asked or its answer is not known; the problem names the request. With a header Idempotency-Key the same order is carried out once",
            body: Order.self, answers: Answer.self,
            use: remediate)
        api.respond(
            .post, "/api/remediation/bulk", .permission(.remediationAct),
            summary:
                "Act on the accounts of many alerts' people, in the background. With a header Idempotency-Key the same order is carried out once",
            body: BulkOrder.self, answers: BulkAnswer.self, status: .accepted, use: bulk)
        api.get(
            "/api/remediation", .permission(.remediationRead),
            summary: "What was done in directories, the latest first; UNKNOWN is where it is not known whether it was done", query: LogQuery.self,
            answers: Page<RemediationActionResponse>.self, use: log)
        api.respond(
            .get, "/api/remediation/export", .permission(.remediationRead), summary: "The log of remediation as CSV", query: LogQuery.self,
            answerType: "text/csv", use: export)
        api.get(
            "/api/remediation/requests", .permission(.remediationRead), summary: "What was asked for, with what waits and what was refused",
            query: RequestsQuery.self, answers: Page<RemediationOutcome>.self, use: requests)
        api.get(
            "/api/remediation/requests/{id}", .permission(.remediationRead), summary: "One request, with the calls that were made for it",
            answers: RemediationOutcome.self
        ) { _, context in
            try await remediation.outcome(try context.id(as: RemediationRequestID.self), for: try context.subject)
        }
        api.get(
            "/api/remediation/settings", .permission(.remediationRead), summary: "Cap, policies, and how the governor stands",
            answers: RemediationSettingsResponse.self
        ) { _, context in try await remediation.settings(for: try context.subject) }
        api.patch(
            "/api/remediation/settings", .permission(.policyManage), summary: "Change cap, policies, kind of reset, or switch remediation on or off",
            body: RemediationSettingsChange.self, answers: RemediationSettingsResponse.self
        ) { _, context, change in try await remediation.change(change, by: try context.subject) }
        api.post(
            "/api/remediation/policies/dry-run", .permission(.remediationRead), summary: "What a policy would do about the alerts that are open now",
            body: RemediationSettingsChange.Policy.self, answers: PolicyPlan.self
        ) { _, context, policy in try await remediation.preview(policy, by: try context.subject) }
        api.post(
            "/api/remediation/resume", .permission(.policyManage), summary: "Let remediation go on after a stop",
            answers: RemediationSettingsResponse.self
        ) { _, context in try await remediation.resume(by: try context.subject) }
        api.get(
            "/api/remediation/protected", .permission(.remediationRead), summary: "People whose accounts are never touched",
            answers: Page<ProtectedPersonResponse>.self
        ) { _, context in Self.page(try await remediation.protected(for: try context.subject)) }
        api.post(
            "/api/remediation/protected", .permission(.policyManage), summary: "Protect a person, by id or address", body: Protection.self,
            answers: Page<ProtectedPersonResponse>.self, status: .created
        ) { _, context, body in
            Self.page(
                try await remediation.protect(body.employeeId, address: body.email, reason: body.reason, by: try context.subject))
        }
        api.delete("/api/remediation/protected/{employeeId}", .permission(.policyManage), summary: "Take the protection off a person") { _, context in
            try await remediation.unprotect(try context.id("employeeId", as: EmployeeID.self), by: try context.subject)
        }
    }

    // MARK: Acting

    struct Order: Codable, Sendable {
        var action: RemediationType
        /// Only tell what would be done.
        var dryRun: Bool?
    }

    /// What was done, or would be.
    struct Answer: Codable, Sendable {
        /// null for a dry run.
        var request: RemediationOutcome?
        /// null unless it was a dry run.
        var plan: RemediationPlan?
    }

    func remediate(_ request: Request, _ context: AppContext) async throws -> Response {
        let subject = try context.subject
        let id = try context.id(as: AlertID.self)
        let order = try await request.decodeJSON(Order.self)
        if order.dryRun == true {
            return try .json(Answer(request: nil, plan: try await remediation.preview([id], order.action, by: subject)))
        }
        let outcome = try await remediation.request(order.action, on: id, by: subject, key: try Self.key(request))
        guard outcome.status != .failed else { return try Self.problem(outcome, context) }
        return try .json(Answer(request: outcome, plan: nil), status: outcome.status.isEnded ? .ok : .accepted)
    }

    /// A problem document (RFC 9457) that has what failed in it.
    struct FailedRequest: Codable, Sendable {
        var type = "about:blank"
        var title: String
        var status: Int
        var detail: String
        /// By this the HTTP request is found in the server's log.
        var requestId: String
        var request: RemediationOutcome
    }

    /// That a request failed: 409 when the directory would not do it, 502 when it could not be asked, or nobody knows what it did.
    private static func problem(_ outcome: RemediationOutcome, _ context: AppContext) throws -> Response {
        let status: HTTPResponse.Status =
            switch outcome.failure {
            case .refused?: .conflict
            case .unavailable?, .unknown?, nil: .badGateway
            }
        let problem = FailedRequest(
            title: status.reasonPhrase, status: status.code, detail: outcome.reason ?? "It was not done.", requestId: context.requestID,
            request: outcome)
        var response = try Response.json(problem, status: status)
        response.headers[.contentType] = "application/problem+json"
        return response
    }

    struct BulkOrder: Codable, Sendable {
        var ids: [AlertID]
        var action: RemediationType
        var dryRun: Bool?
    }

    struct BulkAnswer: Codable, Sendable {
        var plan: RemediationPlan
        /// How many people's requests were made; 0 for a dry run.
        var requested: Int
        /// Those requests: `GET /api/remediation/requests/{id}` tells how each ends.
        var requests: [BulkRequest]
        /// Whether the same was ordered before with this key, so that these are the requests of then.
        var repeated: Bool
    }

    struct BulkRequest: Codable, Sendable {
        var id: RemediationRequestID
        var employeeId: EmployeeID
        var alertId: AlertID?
        var status: RemediationRequestStatus
    }

    func bulk(_ request: Request, _ context: AppContext) async throws -> Response {
        let subject = try context.subject
        let order = try await request.decodeJSON(BulkOrder.self)
        if order.dryRun == true {
            return try .json(
                BulkAnswer(plan: try await remediation.preview(order.ids, order.action, by: subject), requested: 0, requests: [], repeated: false))
        }
        let bulk = try await remediation.bulk(order.ids, order.action, by: subject, key: try Self.key(request))
        let requests = bulk.requests.map { BulkRequest(id: $0.id, employeeId: $0.employee, alertId: $0.alert, status: $0.status) }
        let answer = BulkAnswer(plan: bulk.plan, requested: bulk.requested, requests: requests, repeated: bulk.isRepeated)
        return try .json(answer, status: .accepted)
    }

    private static func key(_ request: Request) throws -> OrderKey? {
        try HTTPField.Name("Idempotency-Key").flatMap { request.headers[$0] }.map { try OrderKey($0) }
    }

    // MARK: Looking

    func log(_ request: Request, _ context: AppContext, _ query: LogQuery) async throws -> Page<RemediationActionResponse> {
        let page = try await remediation.log(
            try query.filter(), cursor: query.cursor, limit: query.limit, for: try context.subject)
        return Page(items: page.items.map { RemediationActionResponse($0) }, nextCursor: page.nextCursor)
    }

    func export(_ request: Request, _ context: AppContext) async throws -> Response {
        let subject = try context.subject
        let export = try await remediation.exportLog(try request.decodeQuery(LogQuery.self).filter(), for: subject)
        return Response(
            status: .ok,
            headers: [.contentType: "text/csv; charset=utf-8", .contentDisposition: "attachment; filename=\"remediation.csv\""],
            body: ResponseBody { writer in
                for try await piece in export { try await writer.write(ByteBuffer(bytes: piece)) }
                try await writer.finish(nil)
            })
    }

    struct RequestsQuery: Codable, Sendable {
        /// One or more, with commas between.
        var status: [RemediationRequestStatus]?
        var cursor: String?
        var limit: Int?
    }

    func requests(_ request: Request, _ context: AppContext, _ query: RequestsQuery) async throws -> Page<RemediationOutcome> {
        let page = try await remediation.requests(
            Set(query.status ?? []), cursor: query.cursor, limit: query.limit, for: try context.subject)
        return Page(items: page.items.map { RemediationOutcome($0, attempts: []) }, nextCursor: page.nextCursor)
    }

    // MARK: Protected people

    struct Protection: Codable, Sendable {
        var employeeId: EmployeeID?
        /// In place of the id.
        var email: String?
        var reason: String
    }

    private static func page(_ people: [ProtectedPerson]) -> Page<ProtectedPersonResponse> {
        Page(items: people.map { ProtectedPersonResponse($0) }, nextCursor: nil)
    }
}

/// The filters of the log as a query string has them; the page takes the same.
struct LogQuery: Codable, Sendable {
    var action: RemediationType?
    /// FAILED: known not to be done; UNKNOWN: not known whether it was.
    var status: RemediationLogOutcome?
    var employee: EmployeeID?
    var alert: AlertID?
    /// Part of the name of who did it.
    var performedBy: String?
    /// A day, or a moment: the earliest.
    var from: String?
    /// A day, which is included, or a moment, which is not.
    var to: String?
    var cursor: String?
    var limit: Int?

    /// - Throws: ``InvalidInput`` naming what is not understood.
    func filter() throws -> RemediationFilter {
        var filter = RemediationFilter(
            action: action, outcome: status, employee: employee, alert: alert, performedBy: performedBy,
            from: try from.flatMap { try ListText.moment($0, "from") })
        if let text = performedBy, text.unicodeScalars.count > 200 { throw InvalidInput("performedBy", "has at most 200 characters.") }
        if let to, let moment = try ListText.moment(to, "to") {
            filter.until = to.utf8.count == 10 ? moment.addingTimeInterval(86_400) : moment
        }
        return filter
    }
}
