import Foundation

/// One attempt as the API answers it.
package struct RemediationActionResponse: Codable, Sendable, Hashable {
    package var id: RemediationActionID
    package var action: RemediationType
    package var status: RemediationStatus
    /// false where it is not known whether the directory did it; the status is FAILED then, and says no more.
    package var outcomeKnown: Bool
    package var target: String
    package var detail: String?
    package var performedBy: String?
    package var employeeId: String?
    package var alertId: String?
    package var createdAt: Date

    /// How it ended, in a word: what nobody knows has not failed.
    package var word: String { outcomeKnown ? status.rawValue : "NOT KNOWN" }

    init(_ action: RemediationAction) {
        id = action.id
        self.action = action.action
        status = action.status
        outcomeKnown = action.outcomeKnown
        target = action.target
        detail = action.detail
        performedBy = action.performedBy
        employeeId = action.employeeId
        alertId = action.alertId
        createdAt = action.createdAt
    }
}

/// How a request stands.
package struct RemediationOutcome: Codable, Sendable, Hashable {
    package var id: RemediationRequestID
    package var action: RemediationType
    package var status: RemediationRequestStatus
    package var target: String
    package var employeeId: EmployeeID
    package var alertId: AlertID?
    package var trigger: RemediationTrigger
    package var performedBy: String
    package var connectionId: DirectoryConnectionID?
    /// Why it was refused or failed.
    package var reason: String?
    /// How it failed: the directory REFUSED, was UNAVAILABLE, or it is UNKNOWN whether it was done.
    package var failure: RemediationFailure?
    /// What to ask for next, where it was done in part or it is not known whether it was; null when there is nothing.
    package var nextAction: RemediationType?
    package var startedAt: Date?
    package var finishedAt: Date?
    package var createdAt: Date
    /// The calls that were made for it, in their order.
    package var attempts: [RemediationActionResponse]

    init(_ request: RemediationRequest, attempts: [RemediationAction]) {
        id = request.id
        action = request.action
        status = request.status
        target = request.target
        employeeId = request.employee
        alertId = request.alert
        trigger = request.trigger
        performedBy = request.performedBy
        connectionId = request.connection
        reason = request.reason
        failure = request.failure
        nextAction = request.next
        startedAt = request.startedAt
        finishedAt = request.finishedAt
        createdAt = request.createdAt
        self.attempts = attempts.map { RemediationActionResponse($0) }
    }
}

/// What a company has decided about remediation, and how the governor stands.
package struct RemediationSettingsResponse: Codable, Sendable, Hashable {
    package var enabled: Bool
    package var capPeople: Int
    package var capPercent: Double
    package var windowHours: Int
    package var weakReset: Bool
    package var policies: [RemediationPolicy]
    package var cap: RemediationPlan.Cap
}

/// Somebody protected, as the API answers it.
package struct ProtectedPersonResponse: Codable, Sendable, Hashable {
    package var employeeId: EmployeeID
    package var email: String
    /// null when they are no longer on the list.
    package var name: String?
    package var reason: String
    package var protectedBy: String?
    package var createdAt: Date

    init(_ person: ProtectedPerson) {
        employeeId = person.employee
        email = person.email
        name = person.name
        reason = person.reason
        protectedBy = person.protectedBy
        createdAt = person.createdAt
    }
}
