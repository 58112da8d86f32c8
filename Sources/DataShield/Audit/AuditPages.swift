import Foundation
import Hummingbird
import JSON

/// The audit trail, `audit/list`.
struct AuditListModel: Sendable {
    var actionFilter: Choice
    var target: String?
    var from: String?
    var to: String?
    var isFiltered: Bool
    var formError: String?
    var rows: [Row]
    var hasRows: Bool
    var pager: Pager?
    /// Whether the trail is as it was written; nil on further pages and behind a filter.
    var chain: Badge?

    struct Row: Sendable {
        var at: String
        var iso: String
        var actor: String
        var action: String
        var target: String
        var targetURL: String?
        var changes: [String]
        var ip: String
    }
}

/// | Method | Path     | Permission   |
/// |--------|----------|--------------|
/// | GET    | `/audit` | `audit:read` |
package struct AuditPages: Sendable {
    let pages: Pages
    let audit: Audit
    let now: Now

    package func add(to routes: PageRoutes) { routes.get("/audit", .permission(.auditRead), use: list) }

    struct Query: Codable, Sendable {
        var action: String?
        var target: String?
        var from: String?
        var to: String?
        var cursor: String?
    }

    private static let actions = [
        "session.signed_in", "session.refused", "session.signed_out", "session.revoked", "user.created", "user.updated", "user.password_reset",
        "user.password_changed", "user.password_change_refused", "user.deleted", "access.refused", "company.updated", "company.weights_previewed",
        "employee.created", "employee.updated", "employee.deleted", "employees.imported",
        "employees.exported", "rejected_rows.exported", "mfa.exported", "alert.status_changed", "alert.updated", "alert.commented", "alert.united",
        "credential.added", "credential.replaced",
        "credential.removed",
        "credential.tested", "directory.added", "directory.changed", "directory.reconfigured", "directory.removed", "directory.tested",
        "directory.previewed", "scan.started", "remediation.previewed", "remediation.requested", "remediation.performed", "remediation.stopped",
        "remediation.resumed",
        "remediation.settings_changed", "remediation.protected", "remediation.unprotected", "remediation.exported",
    ]

    func list(_ request: Request, _ context: AppContext) async throws -> Response {
        let subject = try context.subject
        let query = try request.decodeQuery(Query.self)
        let until = try query.to.flatMap { try ListText.moment($0, "to") }
        let filter = AuditFilter(
            action: query.action, target: query.target, from: try query.from.flatMap { try ListText.moment($0, "from") },
            // The day itself is included.
            to: until.map { (query.to?.count ?? 0) == 10 ? $0.addingTimeInterval(86_400) : $0 })
        let page = try await audit.list(filter, cursor: query.cursor, for: subject)
        let isBeginning = query.cursor == nil && filter == AuditFilter()
        let chain = isBeginning ? Badge(trail: try await audit.shortCheck(of: subject.company)) : nil
        let clock = PageClock(now(), for: context.signedIn)
        let parts = [("action", query.action), ("target", query.target), ("from", query.from), ("to", query.to)]
        var actions = Self.actions
        if let action = query.action, !actions.contains(action) { actions.append(action) }
        let model = AuditListModel(
            actionFilter: Choice("action", "Action", [("", "Any action")] + actions.map { ($0, $0) }, selected: query.action), target: query.target,
            from: query.from, to: query.to, isFiltered: parts.contains { !($0.1 ?? "").isEmpty }, formError: nil,
            rows: page.items.map { AuditListModel.Row($0, clock) }, hasRows: !page.items.isEmpty,
            pager: Pager(
                Format.count(page.items.count, "event", "events") + " on this page", path: "/audit", query: parts, cursor: query.cursor,
                next: page.nextCursor),
            chain: chain)
        return pages.show("audit/list", model, Frame("Audit", in: .audit), for: request, context)
    }
}

extension Badge {
    /// Whether a trail is whole; nil means that it is too long to be looked at in passing.
    init(trail check: Audit.Check?) {
        switch check {
        case nil: self.init("Long trail: check it with datashield audit verify", .neutral, icon: "audit")
        case let check? where check.firstBroken == nil:
            self.init("Chain whole: \(Format.count(check.events, "event", "events"))", .good, icon: "check-circle")
        case let check?: self.init("Chain broken at event \(check.firstBroken ?? 0)", .critical, icon: "warning")
        }
    }
}

extension AuditListModel.Row {
    init(_ event: AuditEvent, _ clock: PageClock) {
        at = clock.dateTime(event.createdAt)
        iso = Timestamp.text(event.createdAt)
        actor = event.actorName ?? "unknown"
        action = event.action
        let id = event.targetId ?? ""
        switch event.targetType {
        // Its id is what it is called.
        case "route"?, "address"?: target = id
        default: target = event.targetType ?? ""
        }
        switch event.targetType {
        case "alert"?: targetURL = "/alerts/\(id)"
        case "employee"? where event.action != "employee.deleted": targetURL = "/employees/\(id)"
        case "scan"?: targetURL = "/scans/\(id)"
        default: targetURL = nil
        }
        changes = Self.changes(event.before, event.after)
        ip = event.ip ?? ""
    }

    /// What is different afterwards, field by field.
    static func changes(_ before: JSONValue?, _ after: JSONValue?) -> [String] {
        let old = members(before)
        let new = members(after)
        return Set(old.keys).union(new.keys).sorted().compactMap { key in
            guard !old[key].isWritten(like: new[key]) else { return nil }
            switch (old[key], new[key]) {
            case (let old?, let new?): return "\(key): \(text(old)) → \(text(new))"
            case (nil, let new?) where before == nil || new != .null: return text(new).isEmpty ? nil : "\(key): \(text(new))"
            case (let old?, nil): return "\(key): \(text(old)) → removed"
            default: return nil
            }
        }
    }

    private static func members(_ value: JSONValue?) -> [String: JSONValue] {
        if case .object(let members)? = value { members } else { [:] }
    }

    private static func text(_ value: JSONValue) -> String {
        switch value {
        case .null: "none"
        case .bool(let value): value ? "yes" : "no"
        case .integer(let value): String(value)
        case .number(let value): SVG.number(value)
        case .string(let text): String(text.prefix(120))
        case .array(let items): items.map(text).joined(separator: ", ")
        case .object(let members): members.sorted { $0.key < $1.key }.map { "\($0.key) \(text($0.value))" }.joined(separator: ", ")
        }
    }
}
