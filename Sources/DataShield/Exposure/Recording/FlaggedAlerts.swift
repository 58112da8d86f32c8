import Foundation
import Postgres

/// Keeps alerts with what the catalogue says of their breaches. One that it flags as a spam list or as made up raises none, also when the flag
/// comes after the alert: that is then resolved with this reason, and keeps what was done about it. Where the flag is taken back, so is that.
struct FlaggedAlerts {
    /// As the schema says it, too (`flagged_words`).
    static let resolution = """
        The catalogue of breaches flags this one as a list for sending spam to, or as made up: being in it says nothing about an account of the \
        person.
        """

    let db: TenantTransaction
    let now: Date
    /// How many alerts at once.
    let step: Int

    /// Of breaches that are flagged. Who has opened such an alert again meant it.
    private var toResolve: SQL {
        """
        SELECT a.id FROM alerts a JOIN breaches b ON b.id = a.breach_id
        WHERE a.company_id = \(db.company) AND a.status <> 'RESOLVED' AND (b.is_fabricated OR b.is_spam_list) AND NOT EXISTS (
            SELECT FROM audit_events e WHERE e.company_id = a.company_id AND e.target_id = a.id AND e.action = 'alert.status_changed'
                AND e.actor_kind <> 'program' AND e.before ->> 'resolution' = \(Self.resolution))
        ORDER BY a.id \(SQL.limit(step))
        """
    }

    /// Of breaches that were flagged, and are not.
    private var toReopen: SQL {
        """
        SELECT a.id FROM alerts a JOIN breaches b ON b.id = a.breach_id
        WHERE a.company_id = \(db.company) AND a.status = 'RESOLVED' AND a.resolution = \(Self.resolution) AND a.employee_id IS NOT NULL
            AND NOT (b.is_fabricated OR b.is_spam_list)
        ORDER BY a.id \(SQL.limit(step))
        """
    }

    /// Brings some alerts up to date.
    /// - Returns: false when all are.
    func takeStep() async throws -> Bool {
        // Before people are locked, as recorders do it.
        try await db.execute(BreachLock.moving(db.company))
        let resolved = try await db.query(toResolve, as: AlertID.self)
        let reopened = try await db.query(toReopen, as: AlertID.self)
        guard !resolved.isEmpty || !reopened.isEmpty else { return false }
        try await move(Set(resolved).union(reopened), resolving: Set(resolved))
        return true
    }

    private func move(_ ids: Set<AlertID>, resolving resolved: Set<AlertID>) async throws {
        let store = AlertStore(db)
        let changes = try await store.lock(ids.sorted()).compactMap { before -> (before: Alert, after: Alert)? in
            var alert = before
            if resolved.contains(before.id) {
                guard before.status != .resolved else { return nil }
                (alert.status, alert.resolvedAt, alert.resolution) = (.resolved, now, Self.resolution)
            } else {
                guard before.status == .resolved else { return nil }
                (alert.status, alert.acknowledgedAt, alert.resolvedAt, alert.resolution) = (.open, nil, nil, nil)
            }
            return (before, alert)
        }
        guard !changes.isEmpty else { return }
        try await store.save(changes.map(\.after), at: now)
        try await AuditTrail.record(
            changes.map { before, after in
                .init("alert.status_changed", target: .init("alert", after.id), before: AlertAudit(before), after: AlertAudit(after))
            }, by: Subject(actor: .program("catalogue"), company: db.company, role: .admin), in: db)
    }
}
