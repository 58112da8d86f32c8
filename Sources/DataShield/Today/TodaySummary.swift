import Foundation

/// What the first page says: who must act first and why, what the findings are that nobody has resolved, what happened, and what is not known.
/// Every number is the length of the list behind it.
package struct TodaySummary: Codable, Sendable, Hashable {
    /// People with something that certainly opens their account.
    package var liveCertain: Int
    /// People, but those, whose account opens with what leaked if they use the same password at work.
    package var liveIfReused: Int
    /// The most urgent people, at most seven, the first of them first.
    package var actFirst: [Person]
    /// Alerts that are not resolved.
    package var findings: Findings
    package var since: Since
    package var machines: Machines
    package var blind: Blind
    package var coverage: DashboardSummary.Coverage

    /// One of those who must act first, by their most urgent alert.
    package struct Person: Codable, Sendable, Hashable {
        package var alertId: AlertID
        package var employeeId: EmployeeID
        package var name: String
        package var title: String?
        package var department: String?
        package var isVip: Bool
        /// null: nobody knows.
        package var mfaEnabled: Bool?
        package var urgency: UrgencyBand
        package var state: Liveness
        /// Of what is live.
        package var certainty: LivenessCertainty?
        package var why: ExposureSentence
        /// What of it is live or not known, in the order in which it is to be acted on: that sessions are ended, that the password is reset.
        package var actions: [RemediationType]
    }

    package struct Findings: Codable, Sendable, Hashable {
        package var live = 0
        package var liveIfReused = 0
        package var unknown = 0
        package var neutralised = 0
        package var noCredential = 0

        package var total: Int { live + liveIfReused + unknown + neutralised + noCredential }
    }

    /// What happened since a time.
    package struct Since: Codable, Sendable, Hashable {
        package var at: Date
        /// Whether `at` is when the person signed in the time before, and not just a week ago.
        package var isVisit: Bool
        /// Unresolved alerts about something live that had something to tell.
        package var newLive: Int
        /// Alerts that were resolved because what was exposed is neutralised.
        package var neutralised: Int
        /// Alerts that had to be opened again.
        package var cameBack: Int
        /// From raising to neutralising, of those of the last 90 days; null where there was none.
        package var medianSecondsToNeutralise: Int?
    }

    /// Machines with an alert that is not resolved.
    package struct Machines: Codable, Sendable, Hashable {
        package var count: Int
        /// Those from which data were taken last.
        package var latest: [Machine]
    }

    package struct Machine: Codable, Sendable, Hashable {
        package var id: InfectedMachineID
        package var malwareFamily: String?
        package var capturedAt: Date?
        /// Of the company's people on it, by name.
        package var people: [String]
    }

    /// What cannot be seen from here.
    package struct Blind: Codable, Sendable, Hashable {
        /// Active people.
        package var people: Int
        /// Those of them about whom no source has answered.
        package var unanswered: Int
        /// Those of them whom no directory tells of.
        package var outsideDirectory: Int
        package var sources: Int
        /// Sources whose key does not work.
        package var sourcesWithProblem: Int
        package var directoriesWithProblem: Int
        /// Whether scans run only when somebody starts them.
        package var scansByHandOnly: Bool
        package var lastScanAt: Date?
    }
}
