import Foundation

/// What the dashboard shows: every number of it at one moment.
package struct DashboardSummary: Codable, Sendable, Hashable {
    package var range: TimelineRange
    package var metrics: Metrics
    package var risk: RiskScore
    package var coverage: Coverage
    /// Oldest first, without gaps.
    package var timeline: [TimelineBar]
    package var openAlerts: SeverityCounts
    package var alertsByStatus: StatusCounts
    package var topEmployees: [EmployeeAtRisk]
    package var departments: [DepartmentExposure]
    package var recentAlerts: [AlertListing]
    package var lastScanAt: Date?

    package struct Metrics: Codable, Sendable, Hashable {
        /// Active people on the list.
        package var people: Int
        /// Those of them about whom at least one source has answered. Nobody else is in a share or in the score.
        package var asked: Int = 0
        /// People who are in at least one breach.
        package var exposed: Int
        /// Those of them about whom a source has answered: the others are known from leak files.
        package var exposedAsked: Int = 0
        package var records: Int
        package var openAlerts: Int
        package var mfaEnabled: Int = 0
        package var mfaDisabled: Int = 0
        package var mfaUnknown: Int = 0
        /// People in a breach of whom we know that they have no second factor.
        package var exposedWithoutMfa: Int = 0

        /// Active people about whom nobody has answered: neither exposed nor clean, unless a file has them.
        package var notAsked: Int { people - asked }
    }

    /// How far "not exposed" can be believed: only who was asked about, and answered for, counts.
    package struct Coverage: Codable, Sendable, Hashable {
        package struct Provider: Codable, Sendable, Hashable {
            package var provider: ApiProvider
            package var exposed: Int
            package var clean: Int
            package var unknown: Int
            package var oldestAnswerAt: Date?

            /// People for whom the provider has answered.
            package var asked: Int { exposed + clean }
        }

        /// People for whom the least asked of the providers in use has answered; 0 without a provider.
        package var asked: Int
        package var people: Int
        /// asked ÷ people, 0 to 1; null without people.
        package var share: Double?
        package var oldestAnswerAt: Date?
        package var providers: [Provider]

        package init(people: Int, providers: [Provider]) {
            self.people = people
            self.providers = providers
            asked = min(people, providers.map(\.asked).min() ?? 0)
            share = people > 0 ? Double(asked) / Double(people) : nil
            oldestAnswerAt = providers.compactMap(\.oldestAnswerAt).min()
        }

        /// Whether every person is answered for: only then may a page say that who is not exposed is clean.
        package var isComplete: Bool { people > 0 && asked >= people }
    }

    package struct SeverityCounts: Codable, Sendable, Hashable {
        package var critical = 0
        package var high = 0
        package var medium = 0
        package var low = 0

        package var total: Int { critical + high + medium + low }

        package subscript(severity: Severity) -> Int {
            get {
                switch severity {
                case .critical: critical
                case .high: high
                case .medium: medium
                case .low: low
                }
            }
            set {
                switch severity {
                case .critical: critical = newValue
                case .high: high = newValue
                case .medium: medium = newValue
                case .low: low = newValue
                }
            }
        }
    }

    package struct StatusCounts: Codable, Sendable, Hashable {
        package var open = 0
        package var acknowledged = 0
        package var resolved = 0
    }

    /// The alerts that were raised in a day or week.
    package struct TimelineBar: Codable, Sendable, Hashable {
        /// The first day of it, in UTC.
        package var start: Date
        package var counts: SeverityCounts
    }

    package struct EmployeeAtRisk: Codable, Sendable, Hashable {
        package var id: EmployeeID
        package var name: String
        package var email: String
        package var department: String?
        package var isVip: Bool
        package var riskScore: Int?
        package var riskLevel: RiskLevel?
        package var recordCount: Int
        package var openAlertCount: Int
    }

    package struct DepartmentExposure: Codable, Sendable, Hashable {
        /// nil: people without a department.
        package var department: String?
        package var people: Int
        /// Those about whom at least one source has answered.
        package var asked: Int
        /// People in at least one breach, whether they were asked about or are known from leak files.
        package var exposed: Int
        /// Those of them who were asked about.
        package var exposedAsked: Int
        /// exposedAsked ÷ asked, 0 to 1; null while nobody was asked about.
        package var share: Double?

        package init(department: String?, people: Int, asked: Int, exposed: Int, exposedAsked: Int) {
            self.department = department
            self.people = people
            self.asked = asked
            self.exposed = exposed
            self.exposedAsked = exposedAsked
            share = asked > 0 ? Double(exposedAsked) / Double(asked) : nil
        }

        package var notAsked: Int { people - asked }
    }
}

/// How far back the timeline goes.
package enum TimelineRange: String, Codable, CaseIterable, Sendable {
    /// Thirty days, a bar each.
    case month = "30d"
    /// Twelve months, a bar for each week.
    case year = "12m"

    /// The first days of all bars, oldest first; the last one holds `now`. Weeks begin on Monday. Days are days of UTC, as the counts are.
    package func starts(until now: Date) -> [Date] {
        let day = 86_400.0
        let today = (now.timeIntervalSince1970 / day).rounded(.down)
        switch self {
        case .month: return (0..<30).reversed().map { Date(timeIntervalSince1970: (today - Double($0)) * day) }
        case .year:
            // 1970 began on a Thursday: Monday is three days before.
            let monday = today - (today + 3).truncatingRemainder(dividingBy: 7)
            return (0..<53).reversed().map { Date(timeIntervalSince1970: (monday - Double($0) * 7) * day) }
        }
    }

    /// Puts counts of days into the bars.
    package func bars(_ days: [(day: Date, severity: Severity, count: Int)], until now: Date) -> [DashboardSummary.TimelineBar] {
        var bars = starts(until: now).map { DashboardSummary.TimelineBar(start: $0, counts: .init()) }
        let width = self == .month ? 86_400.0 : 7 * 86_400.0
        guard let first = bars.first?.start else { return [] }
        for (day, severity, count) in days {
            let index = Int((day.timeIntervalSince(first) / width).rounded(.down))
            guard bars.indices.contains(index) else { continue }
            bars[index].counts[severity] += count
        }
        return bars
    }
}
