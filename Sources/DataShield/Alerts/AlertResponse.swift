import Foundation

/// An alert as the API answers it.
package struct AlertResponse: Codable, Sendable, Hashable {
    package var id: AlertID
    package var severity: Severity
    package var status: AlertStatus
    package var confidence: AlertConfidence
    package var message: String
    package var employeeId: EmployeeID?
    package var employeeName: String?
    package var employeeEmail: String?
    package var breachId: BreachID?
    package var breachName: String?
    package var assigneeId: UserID?
    package var assigneeName: String?
    package var acknowledgedAt: Date?
    package var resolvedAt: Date?
    package var resolution: String?
    /// Whether what was exposed still works; null when the record behind it is gone.
    package var state: Liveness?
    /// How sure it is that what is LIVE opens the account at work.
    package var certainty: LivenessCertainty?
    /// When it last had something to tell: was raised, became worse, or came back. Lists are in this order.
    package var toldAt: Date
    package var createdAt: Date
    package var updatedAt: Date

    init(_ listing: AlertListing) {
        let alert = listing.alert
        id = alert.id
        severity = alert.severity
        status = alert.status
        confidence = alert.confidence
        message = alert.message
        employeeId = alert.employeeId
        employeeName = listing.employeeName
        employeeEmail = listing.employeeEmail
        breachId = alert.breachId
        breachName = listing.breachName
        assigneeId = alert.assigneeId
        assigneeName = listing.assigneeName
        acknowledgedAt = alert.acknowledgedAt
        resolvedAt = alert.resolvedAt
        resolution = alert.resolution
        state = alert.state
        certainty = alert.certainty
        toldAt = alert.toldAt
        createdAt = alert.createdAt
        updatedAt = alert.updatedAt
    }
}

/// An alert with what is exposed and what was done: the fields of ``AlertResponse``, and two more.
package struct AlertDetailResponse: Codable, Sendable, Hashable {
    package var id: AlertID
    package var severity: Severity
    package var status: AlertStatus
    package var confidence: AlertConfidence
    package var message: String
    package var employeeId: EmployeeID?
    package var employeeName: String?
    package var employeeEmail: String?
    package var breachId: BreachID?
    package var breachName: String?
    package var assigneeId: UserID?
    package var assigneeName: String?
    package var acknowledgedAt: Date?
    package var resolvedAt: Date?
    package var resolution: String?
    /// Whether what was exposed still works; null when the record behind it is gone.
    package var state: Liveness?
    /// How sure it is that what is LIVE opens the account at work.
    package var certainty: LivenessCertainty?
    /// When it last had something to tell: was raised, became worse, or came back. Lists are in this order.
    package var toldAt: Date
    package var createdAt: Date
    package var updatedAt: Date
    /// nil when the record behind it is gone.
    package var evidence: Evidence?
    /// Whether what was exposed still works; nil when the record behind it is gone.
    package var liveness: LivenessResponse?
    /// What to do about what was exposed, and what was done about it.
    package var nextSteps: [NextStep]
    /// What was done with it, the latest first.
    package var history: [AlertHistoryEntry]

    init(_ alert: AlertResponse, evidence: Evidence?, liveness: LivenessResponse?, nextSteps: [NextStep], history: [AlertHistoryEntry]) {
        id = alert.id
        severity = alert.severity
        status = alert.status
        confidence = alert.confidence
        message = alert.message
        employeeId = alert.employeeId
        employeeName = alert.employeeName
        employeeEmail = alert.employeeEmail
        breachId = alert.breachId
        breachName = alert.breachName
        assigneeId = alert.assigneeId
        assigneeName = alert.assigneeName
        acknowledgedAt = alert.acknowledgedAt
        resolvedAt = alert.resolvedAt
        resolution = alert.resolution
        state = alert.state
        certainty = alert.certainty
        toldAt = alert.toldAt
        createdAt = alert.createdAt
        updatedAt = alert.updatedAt
        self.evidence = evidence
        self.liveness = liveness
        self.nextSteps = nextSteps
        self.history = history
    }

    package struct Evidence: Codable, Sendable, Hashable {
        package var exposedData: [String]
        package var artifacts: [ArtifactKind]
        package var sources: [ApiProvider]
        /// Whether a leak file has it, too.
        package var inLeakFile: Bool
        /// nil: date unknown.
        package var breachDate: Date?
        package var detectedAt: Date

        init(_ evidence: AlertExposure) {
            exposedData = evidence.exposedData
            artifacts = evidence.artifacts
            sources = evidence.sources
            inLeakFile = evidence.isInLeakFile
            breachDate = evidence.breachDate
            detectedAt = evidence.detectedAt
        }
    }
}

/// Something that was done with an alert. Who may see the alert may see it: it has no more of the audit trail than this.
package struct AlertHistoryEntry: Codable, Sendable, Hashable {
    package var at: Date
    package var action: String
    package var actor: String?
    package var fromStatus: AlertStatus?
    package var toStatus: AlertStatus?
    package var resolution: String?
    /// Of a call in a directory: what became of it.
    package var outcome: Outcome?

    package enum Outcome: String, Codable, CaseIterable, Sendable {
        case done = "DONE"
        case failed = "FAILED"
        /// It is not known whether it was done.
        case unknown = "UNKNOWN"
    }
}

package struct AlertCommentResponse: Codable, Sendable, Hashable {
    package var id: AlertCommentID
    package var authorId: UserID?
    package var authorName: String?
    package var body: String
    package var createdAt: Date

    init(_ comment: AlertComment) {
        id = comment.id
        authorId = comment.authorId
        authorName = comment.authorName
        body = comment.body
        createdAt = comment.createdAt
    }
}

package struct AlertBulkResponse: Codable, Sendable, Hashable {
    package var changed: Int
    package var results: [Alerts.BulkResult]
}
