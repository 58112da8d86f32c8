import Foundation

/// An alert with what is exposed and what was done: in JSON the fields of ``AlertListing``, and five more.
@dynamicMemberLookup
package struct AlertDetailResponse: Sendable, Hashable {
    package var listing: AlertListing
    /// What happened, in a sentence without a full stop.
    package var title: String
    /// nil when the record behind it is gone.
    package var evidence: Evidence?
    /// Whether what was exposed still works; nil when the record behind it is gone.
    package var liveness: LivenessResponse?
    /// What to do about what was exposed, and what was done about it.
    package var nextSteps: [NextStep]
    /// What was done with it, the latest first.
    package var history: [AlertHistoryEntry]

    package subscript<Value>(dynamicMember field: KeyPath<Alert, Value>) -> Value { listing.alert[keyPath: field] }
    package subscript<Value>(dynamicMember field: KeyPath<AlertListing, Value>) -> Value { listing[keyPath: field] }

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

extension AlertDetailResponse: Codable {
    private enum CodingKeys: String, CodingKey { case title, evidence, liveness, nextSteps, history }

    package init(from decoder: any Decoder) throws {
        listing = try AlertListing(from: decoder)
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        title = try fields.decode(String.self, forKey: .title)
        evidence = try fields.decodeIfPresent(Evidence.self, forKey: .evidence)
        liveness = try fields.decodeIfPresent(LivenessResponse.self, forKey: .liveness)
        nextSteps = try fields.decode([NextStep].self, forKey: .nextSteps)
        history = try fields.decode([AlertHistoryEntry].self, forKey: .history)
    }

    package func encode(to encoder: any Encoder) throws {
        try listing.encode(to: encoder)
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode(title, forKey: .title)
        try fields.encodeIfPresent(evidence, forKey: .evidence)
        try fields.encodeIfPresent(liveness, forKey: .liveness)
        try fields.encode(nextSteps, forKey: .nextSteps)
        try fields.encode(history, forKey: .history)
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
