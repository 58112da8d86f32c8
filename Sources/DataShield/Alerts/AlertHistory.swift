import Foundation
import JSON

extension Alerts {
    /// An alert with what is exposed and what was done with it.
    /// - Throws: ``Failure/notFound``, also for an alert of another company.
    package func detail(_ id: AlertID, for subject: Subject) async throws -> AlertDetailResponse {
        let listing = try await find(id, for: subject)
        let evidence = try await evidence(of: id, for: subject)
        let history = try await history(of: listing.alert.id, for: subject)
        var steps = NextSteps.of(
            evidence.map { [.init(dataTypes: $0.exposedData, artifacts: $0.artifacts, liveness: $0.liveness)] } ?? [])
        // Whoever closes it while it still works is asked once more; until then there is something else to do.
        if listing.alert.status != .resolved, listing.alert.state != .live {
            steps.append(NextStep("Resolve this alert with a word on what was done."))
        }
        return AlertDetailResponse(
            listing: listing, title: Self.title(of: listing, evidence), evidence: evidence.map { .init($0) },
            liveness: evidence.map { .init($0.liveness) }, nextSteps: steps,
            history: history)
    }

    private static func title(of alert: AlertListing, _ evidence: AlertExposure?) -> String {
        let name = alert.employeeName ?? "Somebody who was deleted"
        let breach = alert.breachName ?? "a breach that was removed"
        guard let evidence else { return "\(name) in \(breach)" }
        let critical = evidence.exposedData.filter(DataType.critical.contains)
        let data = (critical + evidence.exposedData.filter { !critical.contains($0) }).map(DataType.label)
        return ExposureSentence.title(
            evidence.liveness, of: name, breach: breach, family: evidence.malwareFamily, data: data)
    }

    /// What was done with an alert, and with those that became one with it, the latest first: the last 100 changes.
    package func history(of id: AlertID, for subject: Subject) async throws -> [AlertHistoryEntry] {
        let united = try await database.query(for: subject.company, AlertStore.united(in: id, of: subject.company), as: AlertID.self)
        let filter = AuditFilter(target: id.rawValue, otherTargets: united.map(\.rawValue))
        let events = try await Audit(database: database).list(filter, limit: 100, for: subject)
        // That they became one is told once.
        return events.items.filter { $0.action != "alert.united" || $0.targetId == id.rawValue }.map { event in
            AlertHistoryEntry(
                at: event.createdAt, action: event.action, actor: event.actorName, fromStatus: Self.status(in: event.before),
                toStatus: Self.status(in: event.after), resolution: Self.text("resolution", in: event.after), outcome: Self.outcome(event))
        }
    }

    /// What became of a call in a directory.
    private static func outcome(_ event: AuditEvent) -> AlertHistoryEntry.Outcome? {
        guard event.action == "remediation.performed", case .object(let members)? = event.after else { return nil }
        if case .bool(false)? = members["outcomeKnown"] { return .unknown }
        return text("status", in: event.after) == RemediationStatus.success.rawValue ? .done : .failed
    }

    private static func status(in state: JSONValue?) -> AlertStatus? { text("status", in: state).flatMap { AlertStatus(rawValue: $0) } }

    private static func text(_ name: String, in state: JSONValue?) -> String? {
        guard case .object(let members)? = state, case .string(let text)? = members[name] else { return nil }
        return text
    }
}
