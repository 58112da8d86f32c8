import Foundation
import Postgres

/// Dry runs: what would happen if it were done now. Nothing is changed and no directory is asked.
extension Remediation {
    /// A dry run that somebody asked for, which is an audit event. As ``plan(_:_:for:)``.
    package func preview(_ ids: [AlertID], _ action: RemediationType, by subject: Subject) async throws -> RemediationPlan {
        let plan = try await plan(ids, action, for: subject)
        let target = ids.count == 1 ? ids.first.map { AuditTrail.Target("alert", $0) } : nil
        try await database.transaction(for: subject.company) { db in
            try await AuditTrail.record(
                "remediation.previewed", target: target, after: PreviewAudit(action: action, alerts: Set(ids).count), by: subject, in: db)
        }
        return plan
    }

    /// A dry run of a policy that somebody asked for, which is an audit event. As ``plan(_:for:)``. Whoever only reads may ask for one, so
    /// that the same again within a minute is no second event.
    package func preview(_ policy: RemediationSettingsChange.Policy, by subject: Subject) async throws -> PolicyPlan {
        let plan = try await plan(policy, for: subject)
        let kind = "\(subject.user?.rawValue ?? subject.programName) \(plan.title)"
        guard previews.admits(kind) else { return plan }
        try await database.transaction(for: subject.company) { db in
            try await AuditTrail.record(
                "remediation.previewed", target: nil, after: PreviewAudit(action: policy.action, policy: plan.title, people: plan.people),
                by: subject, in: db)
        }
        return plan
    }

    /// Who would be touched, where and how, who would not and why, and what would be left of the cap.
    /// - Parameters:
    ///   - ids: the alerts; several about one person are one.
    /// - Throws: ``Failure/notEnabled``; ``InvalidInput`` for no alerts or too many.
    package func plan(_ ids: [AlertID], _ action: RemediationType, for subject: Subject) async throws -> RemediationPlan {
        var seen: Set<AlertID> = []
        let ids = ids.filter { seen.insert($0).inserted }
        guard !ids.isEmpty else { throw InvalidInput("ids", "At least one id is needed.") }
        guard ids.count <= Self.bulkLimit else { throw InvalidInput("ids", "At most \(Self.bulkLimit) alerts can be chosen at once.") }
        return try await plan(action, for: subject, isNeededOn: true) { store in
            let people = try await store.peopleOfAlerts(ids)
            // Whose alert it is comes before anything else: another company's is not there.
            if ids.count == 1, people.isEmpty { throw Alerts.Failure.notFound }
            return ids.map { ($0, people[$0] ?? .noAlert) }
        }
    }

    /// What a policy would do today: about all open alerts that meet it, also those that were raised before it is added, which it will
    /// leave alone. Also while remediation is switched off: it is what one looks at before.
    /// - Returns: the dry run about the first people, and how many there are.
    package func plan(_ policy: RemediationSettingsChange.Policy, for subject: Subject) async throws -> PolicyPlan {
        let policy = RemediationPolicy(minSeverity: policy.minSeverity, requires: policy.requires, action: policy.action, since: .distantPast)
        let due = try await database.query(for: subject.company, policy.due(in: subject.company, after: nil), as: RemediationPolicy.Due.self)
        let plan = try await plan(policy.action, for: subject, isNeededOn: false) { _ in
            due.prefix(Self.bulkLimit).map { ($0.alert, .person($0.employee)) }
        }
        return PolicyPlan(title: policy.title, people: due.count, plan: plan)
    }

    private func plan(
        _ action: RemediationType, for subject: Subject, isNeededOn: Bool,
        _ alerts: @Sendable (RemediationStore) async throws -> [(AlertID, AlertHolder)]
    ) async throws -> RemediationPlan {
        let connections = try await directories.connections(of: subject.company)
        let ways = try await ways(connections, action, of: subject.company)
        return try await database.read(for: subject.company) { db in
            let store = RemediationStore(db)
            let alerts = try await alerts(store)
            if isNeededOn { guard try await store.isEnabled() else { throw Failure.notEnabled } }
            let settings = try await store.settings()
            let time = try await clock.read(db)
            let touched = try await store.touched(since: settings.governor.windowStart(at: time, countedFrom: settings.countedFrom))
            let found = try await store.people(Array(Set(alerts.compactMap(\.1.person))).sorted())
            let activePeople = try await store.activePeople()
            var planning = DryRun(
                action: action, settings: settings, touched: touched, activePeople: activePeople, connections: connections,
                kinds: directories.kind, ways: ways, open: try await store.open())
            let who = Dictionary(uniqueKeysWithValues: found.map { ($0.id, $0) })
            for (alert, person) in alerts { planning.add(alert, of: person, who: who) }
            let cap = RemediationPlan.Cap(settings, people: activePeople, touched: touched.count, waiting: planning.waiting)
            return RemediationPlan(action: action, items: planning.items, cap: cap)
        }
    }

    /// The ways into the directories that could do it. It opens their configurations, and asks nobody.
    private func ways(
        _ connections: [DirectoryConnection], _ action: RemediationType, of company: CompanyID
    ) async throws -> [DirectoryConnectionID: DryRun.Way] {
        var ways: [DirectoryConnectionID: DryRun.Way] = [:]
        for connection in connections where directories.kind(of: connection.type)?.actions.contains(action) == true {
            do {
                ways[connection.id] = .open(try await directories.connector(for: connection, of: company))
            } catch let failure as DirectoryFailure {
                ways[connection.id] = .shut("\(connection.words): \(failure)")
            }
        }
        return ways
    }
}

/// What a policy would do.
package struct PolicyPlan: Codable, Sendable, Hashable {
    /// The policy in words.
    package var title: String
    /// How many people have open alerts that meet it; the plan has the first thousand.
    package var people: Int
    package var plan: RemediationPlan
}

/// What a dry run was about.
private struct PreviewAudit: Codable, Sendable {
    var action: RemediationType
    var alerts: Int?
    var policy: String?
    var people: Int?
}
