import Foundation
import Postgres

/// What a company has decided about remediation, and how the governor stands.
package struct RemediationSettings: Sendable, Hashable {
    package var governor = Governor()
    /// For resets: the old password may still open the change screen, where the directory has that.
    package var isWeakResetChosen = false
    package var policies: [RemediationPolicy] = []
    package var countedFrom: Date?
    package var stoppedAt: Date?
    package var stopReason: String?

    package var isStopped: Bool { stoppedAt != nil }

    package init() {}
}

extension RemediationSettings: RowDecodable {
    static let columns: SQL = """
        s.cap_people, s.cap_percent, s.window_hours, s.is_weak_reset_chosen, s.policies, s.counted_from, s.stopped_at, s.stop_reason
        """

    package init(from row: inout Row) throws {
        governor = Governor(capPeople: try row.next(), capPercent: try row.next(), windowHours: try row.next())
        isWeakResetChosen = try row.next()
        policies = try row.next(as: JSON<[RemediationPolicy]>.self).value
        countedFrom = try row.next()
        stoppedAt = try row.next()
        stopReason = try row.next()
    }
}

/// What is done by itself about new alerts. There is none until somebody adds one.
package struct RemediationPolicy: Codable, Sendable, Hashable {
    package enum Requirement: String, Codable, CaseIterable, Sendable {
        /// A stolen cookie or token.
        case session = "SESSION"
        case password = "PASSWORD"
        case anything = "ANYTHING"

        package var label: String {
            switch self {
            case .session: "a stolen session"
            case .password: "an exposed password"
            case .anything: "anything"
            }
        }
    }

    /// The least severe alert that it acts on.
    package var minSeverity: Severity
    package var requires: Requirement
    package var action: RemediationType
    /// It acts on alerts that were raised, or told of something new, after this.
    package var since: Date

    /// As one line: "CRITICAL with a stolen session: revoke sessions".
    package var title: String {
        let severity = minSeverity == .critical ? minSeverity.label : "\(minSeverity.label) or worse"
        return "\(severity) with \(requires.label): \(action.displayName.lowercased())"
    }

    /// As somebody asked for it.
    var asked: RemediationSettingsChange.Policy { .init(minSeverity: minSeverity, requires: requires, action: action) }

    /// Whether two are the same but for when they were added.
    func isSame(as other: RemediationPolicy) -> Bool {
        (minSeverity, requires, action) == (other.minSeverity, other.requires, other.action)
    }
}

/// A change of the settings; what is absent stays.
package struct RemediationSettingsChange: Codable, Sendable {
    package struct Policy: Codable, Sendable, Hashable {
        package var minSeverity: Severity
        package var requires: RemediationPolicy.Requirement
        package var action: RemediationType
    }

    package var enabled: Bool?
    /// 1 to 100,000.
    package var capPeople: Int?
    /// More than 0, at most 100.
    package var capPercent: Double?
    /// 1 to 744.
    package var windowHours: Int?
    package var weakReset: Bool?
    /// All policies; one that is there already keeps the time it was added.
    package var policies: [Policy]?
}

extension RemediationSettings {
    /// How many policies a company can have: far more than are of use.
    static let policyLimit = 20

    /// The settings after a change.
    /// - Throws: ``InvalidInput`` naming each field that cannot be so.
    func changed(by change: RemediationSettingsChange, at now: Date) throws -> RemediationSettings {
        var errors: [FieldError] = []
        if let people = change.capPeople, !(1...100_000).contains(people) {
            errors.append(FieldError(field: "capPeople", message: "must be a whole number from 1 to 100000."))
        }
        if let percent = change.capPercent, !(percent > 0 && percent <= 100) {
            errors.append(FieldError(field: "capPercent", message: "must be more than 0 and at most 100."))
        }
        if let hours = change.windowHours, !(1...744).contains(hours) {
            errors.append(FieldError(field: "windowHours", message: "must be a whole number from 1 to 744."))
        }
        if let count = change.policies?.count, count > Self.policyLimit {
            errors.append(FieldError(field: "policies", message: "has at most \(Self.policyLimit) policies."))
        }
        guard errors.isEmpty else { throw InvalidInput(errors) }
        var settings = self
        settings.governor.capPeople = change.capPeople ?? governor.capPeople
        settings.governor.capPercent = change.capPercent ?? governor.capPercent
        settings.governor.windowHours = change.windowHours ?? governor.windowHours
        settings.isWeakResetChosen = change.weakReset ?? isWeakResetChosen
        if let wanted = change.policies {
            settings.policies = wanted.reduce(into: []) { kept, policy in
                let new = RemediationPolicy(minSeverity: policy.minSeverity, requires: policy.requires, action: policy.action, since: now)
                guard !kept.contains(where: { $0.isSame(as: new) }) else { return }
                kept.append(policies.first { $0.isSame(as: new) } ?? new)
            }
        }
        return settings
    }
}

/// Somebody whose account is never touched.
package struct ProtectedPerson: Sendable, Hashable, RowDecodable {
    package var employee: EmployeeID
    package var email: String
    /// nil when they are no longer on the list.
    package var name: String?
    package var reason: String
    package var protectedBy: String?
    package var createdAt: Date

    package init(from row: inout Row) throws {
        employee = try row.next()
        email = try row.next()
        let first: String? = try row.next()
        let last: String? = try row.next()
        name = first.map { PersonName.of(first: $0, last: last ?? "", email: "") }.flatMap { $0.isEmpty ? nil : $0 }
        reason = try row.next()
        protectedBy = try row.next()
        createdAt = try row.next()
    }
}
