import Foundation
import Scalars

/// Somebody is in a breach: what a person has to look at, and what became of it.
package struct Alert: Codable, Sendable, Hashable {
    package var id: AlertID
    package var severity: Severity
    package var status: AlertStatus
    package var confidence: AlertConfidence
    package var message: String
    /// nil when the employee has been deleted: the history stays.
    package var employeeId: EmployeeID?
    package var breachId: BreachID?
    package var assigneeId: UserID?
    package var acknowledgedAt: Date?
    package var resolvedAt: Date?
    package var resolution: String?
    /// Whether what was exposed still works; nil when the record behind it is gone.
    package var state: Liveness?
    /// How sure it is that what is LIVE opens the account at work.
    package var certainty: LivenessCertainty?
    /// How soon somebody has to act.
    package var urgency: UrgencyBand
    /// The order of work within all alerts, the highest first; see ``Urgency``.
    package var urgencyRank: Int
    /// When malware took the data, else the day of the breach; nil when nobody knows.
    package var exposedAt: Date?
    /// When it had to be opened again after it was resolved: what was exposed turned live again, or is no longer neutralised.
    package var cameBackAt: Date?
    /// When it last had something to tell: was raised, became worse, or came back. Lists are in this order.
    package var toldAt: Date
    package var createdAt: Date
    package var updatedAt: Date
}

extension AlertStatus {
    /// Whether an alert may go from this status to another. Who had taken an alert up may give it back, and what is resolved can be opened again.
    package func permits(_ next: AlertStatus) -> Bool {
        switch (self, next) {
        case (.open, .acknowledged), (.open, .resolved), (.acknowledged, .resolved), (.acknowledged, .open), (.resolved, .open): true
        case (.open, .open), (.acknowledged, .acknowledged), (.resolved, .acknowledged), (.resolved, .resolved): false
        }
    }
}

extension Alert {
    /// Moves the alert, with the times that go with it: acknowledging and resolving are stamped, opening again clears both and the resolution.
    /// - Throws: ``Alerts/Failure`` when it cannot go there from where it is.
    mutating func move(to next: AlertStatus, at now: Date) throws(Alerts.Failure) {
        guard status.permits(next) else { throw .cannotMove(from: status, to: next) }
        guard next != .open || employeeId != nil else { throw .aboutNobody }
        switch next {
        case .open:
            acknowledgedAt = nil
            resolvedAt = nil
            resolution = nil
        case .acknowledged:
            acknowledgedAt = now
        case .resolved:
            resolvedAt = now
        }
        status = next
    }
}

/// What somebody noted about an alert.
package struct AlertComment: Sendable, Hashable {
    package var id: AlertCommentID
    package var alertId: AlertID
    /// nil when the author has been deleted.
    package var authorId: UserID?
    package var authorName: String?
    package var body: String
    package var createdAt: Date
}

/// The texts that people write at alerts: several lines, of a length that fits a page.
enum AlertText {
    static let maximum = 4_000

    /// The text without blanks at its ends and without control characters but line breaks and tabs.
    /// - Throws: ``InvalidInput`` for the field.
    static func clean(_ text: String, field: String) throws -> String {
        let lines = text.swapping(text: "\r\n", for: "\n").swapping("\r", for: "\n").unicodeScalars.trimmingSpace()
        guard lines.unicodeScalars.count <= maximum else { throw InvalidInput(field, "At most \(maximum) characters.") }
        let isWritable = lines.unicodeScalars.allSatisfy { $0.properties.generalCategory != .control || $0 == "\n" || $0 == "\t" }
        guard isWritable else { throw InvalidInput(field, "A control character cannot be stored.") }
        return lines
    }
}
