import Foundation
import Postgres

/// Writes down who did what, in the transaction of what was done: neither exists without the other. The table is append-only and
/// chained per company by the database.
package enum AuditTrail {
    /// What was acted on.
    package struct Target: Sendable, Hashable {
        package var type: String
        package var id: String

        package init(_ type: String, id: String) {
            self.type = type
            self.id = id
        }

        package init<Entity>(_ type: String, _ id: Identifier<Entity>) { self.init(type, id: id.rawValue) }
    }

    /// One thing that was done.
    package struct Entry: Sendable {
        /// What was done, as `thing.happened`: `alert.status_changed`.
        package var action: String
        package var target: Target?
        /// The state before and after, without secrets; of a change only what matters.
        package var before: (any Encodable & Sendable)?
        package var after: (any Encodable & Sendable)?

        package init(
            _ action: String, target: Target?, before: (any Encodable & Sendable)? = nil, after: (any Encodable & Sendable)? = nil
        ) {
            self.action = action
            self.target = target
            self.before = before
            self.after = after
        }
    }

    /// Writes one event.
    /// - Parameters:
    ///   - action: what was done, as `thing.happened`.
    ///   - target: what it was done to.
    ///   - before: its state before, without secrets.
    ///   - after: its state after, without secrets.
    ///   - subject: who did it; the event goes to their company's trail.
    ///   - db: the transaction of the change itself.
    package static func record(
        _ action: String, target: Target?, before: (any Encodable & Sendable)? = nil, after: (any Encodable & Sendable)? = nil, by subject: Subject,
        in db: some Queryable
    ) async throws {
        try await record([Entry(action, target: target, before: before, after: after)], by: subject, in: db)
    }

    /// Writes many events at once, in their order.
    package static func record(_ entries: [Entry], by subject: Subject, in db: some Queryable) async throws {
        guard !entries.isEmpty else { return }
        try await db.execute(try statement(entries, by: subject))
    }

    /// Says who acts in the rest of the transaction: what the schema does of itself, such as resolving the alert of what is neutralised, is
    /// written down as theirs. Whoever records an event says it by that.
    static func acting(_ actor: Subject.Actor, address: String? = nil) throws -> SQL {
        "SELECT set_config('app.actor', \(try text(Acting(actor, address))), true)"
    }

    /// As `tell_of_alert_moves` of the schema reads it.
    private struct Acting: Encodable {
        var kind: String
        var id: String?
        var name: String?
        var ip: String?

        init(_ actor: Subject.Actor, _ address: String?) {
            ip = address
            switch actor {
            case .user(let user): (kind, id, name) = ("user", user.rawValue, nil)
            case .program(let program): (kind, id, name) = ("program", nil, program)
            // It acts by its token.
            case .directory(let connection, let title): (kind, id, name) = ("token", connection.rawValue, title)
            }
        }
    }

    /// The statement that writes events, for who sends it together with others.
    static func statement(_ entries: [Entry], by subject: Subject) throws -> SQL {
        let acting = Acting(subject.actor, subject.address)
        let (kind, actor, name) = (acting.kind, acting.id, acting.name)
        let ids = entries.map { _ in Identifier<AuditEvent>().rawValue }
        let before = try entries.map { try $0.before.map(text) }
        let after = try entries.map { try $0.after.map(text) }
        return """
            INSERT INTO audit_events (id, company_id, actor_kind, actor_id, actor_name, action, target_type, target_id, before, after, ip)
            SELECT e.id, \(subject.company), \(kind), \(actor),
                coalesce(\(name)::text, (SELECT u.email FROM users u WHERE u.company_id = \(subject.company) AND u.id = \(actor)::text)),
                e.action, e.target_type, e.target_id, e.before::jsonb, e.after::jsonb, \(subject.address)
            FROM (SELECT set_config('app.actor', \(try text(acting)), true) AS actor) AS said, unnest(
                \(ids)::text[], \(entries.map(\.action))::text[], \(entries.map { $0.target?.type })::text[],
                \(entries.map { $0.target?.id })::text[], \(before)::text[], \(after)::text[]
            ) WITH ORDINALITY AS e (id, action, target_type, target_id, before, after, place)
            WHERE said.actor <> '' ORDER BY e.place
            """
    }

    private static func text(_ value: any Encodable) throws -> String { String(decoding: try JSONWriter.bytes(value), as: UTF8.self) }
}
