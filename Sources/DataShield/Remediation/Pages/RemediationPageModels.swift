import Foundation

extension RemediationStatus {
    var badge: Badge {
        switch self {
        case .success: Badge("Done", .good, icon: "check-circle")
        case .failed: Badge("Failed", .critical, icon: "warning")
        }
    }
}

extension RemediationLogOutcome {
    var badge: Badge {
        switch self {
        case .success: RemediationStatus.success.badge
        case .failed: RemediationStatus.failed.badge
        case .unknown: .notKnown
        }
    }
}

extension RemediationAction {
    /// What nobody knows is not shown as failed.
    var badge: Badge { outcomeKnown ? status.badge : .notKnown }
}

extension RemediationRequest {
    var badge: Badge { failure == .unknown ? .notKnown : status.badge }
}

extension Badge {
    fileprivate static var notKnown: Badge { Badge("Not known", .high, icon: "question") }
}

extension RemediationRequestStatus {
    var badge: Badge {
        switch self {
        case .pending: Badge("Waiting", .neutral, icon: "clock")
        case .started: Badge("Under way", .accent, icon: "play")
        case .done: Badge("Done", .good, icon: "check-circle")
        case .failed: Badge("Failed", .critical, icon: "warning")
        case .refused: Badge("Refused", .high, icon: "ban")
        }
    }
}

/// The log, `remediation/list`.
struct RemediationListModel: Sendable {
    var isSwitchedOff: Bool
    var cap: String
    var actionFilter: Choice
    var statusFilter: Choice
    var performedBy: String?
    var from: String?
    var to: String?
    /// Set when the list is about one person.
    var employee: String?
    var isFiltered: Bool
    var formError: String?
    var exportURL: String
    var rows: [Row]
    var hasRows: Bool
    var pager: Pager?
    /// What was done in part, or of which nobody knows.
    var unfinished: [Row]
    var hasUnfinished: Bool
    /// How many there are, and how many of them are not shown.
    var unfinishedCount: String
    var unfinishedRest: String?
    /// What waits, is under way or was refused: the latest.
    var requests: [Row]
    var hasRequests: Bool

    /// An attempt, or a request.
    struct Row: Sendable {
        var at: String
        var iso: String
        var action: String
        var status: Badge
        var target: String
        var targetURL: String?
        var detail: String
        var performedBy: String
        var alertURL: String?
        /// What is to be decided on next.
        var next: Next?

        struct Next: Sendable {
            var alert: String
            var action: String
            var label: String
            /// For those who do not see the row.
            var name: String
        }
    }
}

extension RemediationListModel.Row {
    init(_ attempt: RemediationAction, _ clock: PageClock) {
        at = clock.dateTime(attempt.createdAt)
        iso = Timestamp.text(attempt.createdAt)
        action = attempt.action.displayName
        status = attempt.badge
        target = attempt.target
        targetURL = attempt.employeeId.map { "/employees/\($0)" }
        detail = attempt.detail ?? ""
        performedBy = attempt.performedBy ?? "unknown"
        alertURL = attempt.alertId.map { "/alerts/\($0)" }
    }

    init(_ request: RemediationRequest, _ clock: PageClock, isNextOffered: Bool = false) {
        at = clock.dateTime(request.createdAt)
        iso = Timestamp.text(request.createdAt)
        action = request.action.displayName
        status = request.badge
        target = request.target
        targetURL = "/employees/\(request.employee)"
        detail = request.reason ?? ""
        performedBy = request.performedBy
        alertURL = request.alert.map { "/alerts/\($0)" }
        if isNextOffered, let action = request.next, let alert = request.alert {
            next = Next(
                alert: alert.rawValue, action: action.rawValue, label: action.displayName, name: "\(action.displayName) of \(request.target)")
        }
    }
}

/// What would be done, `remediation/confirm`.
struct RemediationConfirmModel: Sendable {
    var heading: String
    var summary: String
    var cap: String
    var action: String
    var submit: String
    var back: String
    var key: String
    var ids: [String]
    var people: [Person]
    var hasPeople: Bool
    var refused: [Person]
    var hasRefused: Bool

    struct Person: Sendable {
        var name: String
        var email: String?
        var connection: String?
        var calls: [String]
        var refusal: String?
    }
}

extension RemediationConfirmModel {
    init(_ plan: RemediationPlan, ids: [AlertID], back: String, key: String) {
        let allowed = plan.items.filter { $0.refusal == nil }
        heading = plan.action == .revokeSessions ? "Revoke sessions" : "Force a password reset"
        summary =
            allowed.isEmpty
            ? "Nothing would happen." : "\(Format.count(allowed.count, "person", "people")) would be acted on. Nothing has happened yet."
        cap = plan.cap.words
        action = plan.action.rawValue
        submit = plan.action == .revokeSessions ? "Revoke sessions now" : "Reset passwords now"
        self.back = back
        self.key = key
        self.ids = ids.map(\.rawValue)
        people = allowed.map { Person($0) }
        hasPeople = !people.isEmpty
        refused = plan.items.filter { $0.refusal != nil }.map { Person($0) }
        hasRefused = !refused.isEmpty
    }
}

/// What a policy would do, `remediation/policy`.
struct PolicyConfirmModel: Sendable {
    var title: String
    var summary: String
    var cap: String
    var minSeverity: String
    var requires: String
    var action: String
    var people: [RemediationConfirmModel.Person]
    var hasPeople: Bool
    var refused: [RemediationConfirmModel.Person]
    var hasRefused: Bool

    /// How many rows are shown of each kind.
    private static let shown = 100

    init(_ found: PolicyPlan, _ policy: RemediationSettingsChange.Policy) {
        let plan = found.plan
        title = found.title
        summary =
            found.people == 0
            ? "No open alert fits this policy today."
            : "On the alerts open today, this policy would act on \(Format.count(plan.allowed)) of "
                + "\(Format.count(found.people, "person", "people")). It acts only on alerts that are new, or have something new, from now on."
        cap = plan.cap.words
        (minSeverity, requires, action) = (policy.minSeverity.rawValue, policy.requires.rawValue, policy.action.rawValue)
        people = plan.items.filter { $0.refusal == nil }.prefix(Self.shown).map { .init($0) }
        hasPeople = !people.isEmpty
        refused = plan.items.filter { $0.refusal != nil }.prefix(Self.shown).map { .init($0) }
        hasRefused = !refused.isEmpty
    }
}

extension RemediationConfirmModel.Person {
    init(_ item: RemediationPlan.Item) {
        name = item.employeeName ?? "Nobody"
        email = item.employeeEmail
        if let type = item.connectionType, let title = item.connectionName { connection = "\(title) (\(type.displayName))" } else { connection = nil }
        calls = item.calls
        refusal = item.refusal
    }
}

extension RemediationPlan.Cap {
    /// How the governor stands, in a sentence.
    var words: String {
        if stoppedAt != nil { return "Stopped: nothing happens until an administrator resumes it." }
        let others = waiting > 0 ? " \(Format.count(waiting, "person waits", "people wait")) before." : ""
        let people = "\(Format.count(left)) of \(Format.count(limit, "person", "people"))"
        return "Limit: \(people) left in the next \(Format.count(windowHours, "hour", "hours")).\(others)"
    }
}

/// Settings of remediation, `remediation/settings`.
struct RemediationSettingsModel: Sendable {
    var formError: String?
    var enabled: Choice
    var reset: Choice
    var fields: [FormField]
    var state: Badge
    var limit: String
    var used: String
    var left: String
    var window: String
    var stopReason: String?
    var stoppedAt: String?
    var policies: [Policy]
    var hasPolicies: Bool
    var policyChoices: [Choice]
    var people: [Person]
    var hasPeople: Bool
    var personFields: [FormField]

    struct Policy: Sendable {
        var title: String
        var since: String
        /// What it is: a place in a list could be another's by now.
        var minSeverity: String
        var requires: String
        var action: String
    }
    struct Person: Sendable {
        var name: String
        var email: String
        var url: String
        var reason: String
        var by: String
        var since: String
        var removeURL: String
    }
}
