import Foundation

/// What would happen if it were done now.
package struct RemediationPlan: Codable, Sendable, Hashable {
    package var action: RemediationType
    /// One for each person, in the order of the alerts.
    package var items: [Item]
    package var cap: Cap

    package struct Item: Codable, Sendable, Hashable {
        package var alertIds: [AlertID]
        package var employeeId: EmployeeID?
        package var employeeName: String?
        package var employeeEmail: String?
        /// Where the call would go.
        package var connectionId: DirectoryConnectionID?
        package var connectionName: String?
        package var connectionType: DirectoryType?
        /// What would be called, in words, in the order of the calls.
        package var calls: [String]
        /// Why nothing would be done; null when it would.
        package var refusal: String?

        /// The refusal as a value; not part of the answer.
        var refused: RemediationRefusal?

        private enum CodingKeys: String, CodingKey {
            case alertIds, employeeId, employeeName, employeeEmail, connectionId, connectionName, connectionType, calls, refusal
        }
    }

    /// How the governor stands.
    package struct Cap: Codable, Sendable, Hashable {
        /// How many people may be touched within the window.
        package var limit: Int
        /// How many were.
        package var used: Int
        package var left: Int
        /// How many more people's requests wait: they come first.
        package var waiting: Int
        package var windowHours: Int
        package var stoppedAt: Date?
        package var stopReason: String?

        init(_ settings: RemediationSettings, people: Int, touched: Int, waiting: Int) {
            limit = settings.governor.limit(people: people)
            used = touched
            self.waiting = waiting
            left = settings.isStopped ? 0 : max(0, limit - touched)
            windowHours = settings.governor.windowHours
            stoppedAt = settings.stoppedAt
            stopReason = settings.stopReason
        }
    }

    /// How many people would be touched.
    package var allowed: Int { items.count { $0.refusal == nil } }
}
