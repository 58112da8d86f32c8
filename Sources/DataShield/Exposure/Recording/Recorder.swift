import Foundation
import Postgres

/// Makes findings into breaches, records, alerts and messages to send: the only writer of these tables, whatever the source.
package struct Recorder: Sendable {
    /// What recording changed.
    package struct Outcome: Sendable, Hashable {
        package var newRecords = 0
        package var newAlerts = 0
        /// Records that another source confirmed.
        package var corroborated = 0
        /// Alerts that became more severe by it.
        package var raised = 0
        /// Credentials that no leak file had before.
        package var newCredentials = 0
        /// Alerts that were resolved and are open again by it.
        package var reopened = 0

        package static func += (left: inout Outcome, right: Outcome) {
            left.newRecords += right.newRecords
            left.newAlerts += right.newAlerts
            left.corroborated += right.corroborated
            left.raised += right.raised
            left.newCredentials += right.newCredentials
            left.reopened += right.reopened
        }
    }

    private let now: Now

    package init(now: @escaping Now = { Date() }) { self.now = now }

    /// Records findings about people of the transaction's company.
    ///
    /// A breach that the catalogue has, by its name or its title, is the catalogue's, and is left as it is. One that it has not is the
    /// company's own: nothing of what one company's findings say is in another's.
    ///
    /// - Nobody is known to be in the breach yet: a record, an OPEN alert, and a delivery for each channel that wants it. A breach that
    ///   the catalogue flags fabricated or a spam list gets no alert. Where what was exposed is neutralised already, the schema resolves the
    ///   alert with that reason, if the company wants that, and no channel hears of it.
    /// - The same provider has said so before: nothing.
    /// - Another provider has: the record and its alert become what both say together (``Exposure/add(_:rule:)``); a channel hears of it
    ///   only when the alert became more severe or is open again. There is no second alert. One that was RESOLVED is OPEN again when it
    ///   became more severe, and when a stealer log confirms it; the audit trail keeps how it was resolved.
    /// - A leak file has, and this one has a credential that none before had: the record and its alert take it in, and one that was
    ///   RESOLVED is OPEN again. The same credential in another file is one more sighting of it, and nothing else.
    /// - Nobody resolved the alert but the state of the finding: that state says whether it is OPEN again.
    ///
    /// All that one provider says of one person has to be in one call: what it says later counts as said before. People who are not the
    /// company's, or were deleted meanwhile, are passed over. Several recorders of one company wait for each other where they meet the
    /// same people. The people's scores are brought up to date.
    /// - Parameter program: what found them, for the audit trail: a scan, or the reading of a leak file.
    package func record(
        _ findings: [(EmployeeID, Finding)], by program: String = "scan", in db: TenantTransaction
    ) async throws -> Outcome {
        guard !findings.isEmpty else { return Outcome() }
        let subject = Subject(actor: .program(program), company: db.company, role: .admin)
        try await db.execute(AuditTrail.acting(subject.actor))
        let store = RecordStore(db: db)
        let people = try await store.lock(Set(findings.map(\.0)))
        var batch = RecordingBatch(findings.filter { people.contains($0.0) }, now: now())
        guard !batch.isEmpty else { return Outcome() }
        batch.resolve(try await BreachStore(db: db).ensure(batch.drafts))

        let leakStore = LeakStore(db: db)
        var known = try await store.sources(of: people, in: Array(batch.breaches.keys))
        if batch.hasLeaks { try await leakStore.addIdentities(to: &known) }
        let changed = batch.exposuresToMerge(known: known)
        var plan = batch.newRecords(known: known)
        if !changed.isEmpty {
            plan.merge(try await store.recorded(changed.map { $0.record }), changed, batch: batch)
        }
        var outcome = plan.outcome
        if batch.hasLeaks {
            // What a file says of its secrets decides the states of their records, which new alerts follow.
            try await store.writeRecords(plan, at: batch.now)
            outcome.newCredentials = try await leakStore.write(batch.leaks(known: known, plan: plan), at: batch.now)
            try await store.writeAlerts(plan, at: batch.now)
        } else if !plan.isEmpty {
            try await store.write(plan, at: batch.now)
        }
        if !plan.isEmpty {
            try await AuditTrail.record(
                plan.changes.compactMap { change in
                    guard let alert = change.alert, let before = change.reopened else { return nil }
                    let after = AlertAudit(status: .open, assigneeId: before.assigneeId, resolution: nil)
                    return .init("alert.status_changed", target: .init("alert", alert), before: before, after: after)
                }, by: subject, in: db)
        }
        return outcome
    }
}
