/// The dashboard, `dashboards/show`.
struct DashboardModel: Sendable {
    var subtitle: String
    /// What is still to do before the page can say much; nil when all is done.
    var setup: Setup?
    var metrics: [Metric]
    var score: Score
    var coverage: Coverage?
    var timelineLegend: [Legend]
    /// The chart for a wide place, and the one for a narrow place.
    var timelineWide: String
    var timelineCompact: String
    var timelineRows: [Row]
    var severityDonut: String
    var severities: [Share]
    var people: [Person]
    var hasPeople: Bool
    var peopleHint: String
    var alerts: [AlertRow]
    var hasAlerts: Bool
    var departments: [Department]
    var hasDepartments: Bool

    struct Setup: Sendable {
        var steps: [Step]
    }
    struct Step: Sendable {
        var state: String
        var tone: String
        var icon: String
        var label: String
        var hint: String
        var url: String
    }
    struct Metric: Sendable {
        var label: String
        var value: String
        var unit: String?
        var badge: Badge?
        var note: String
        var url: String
    }
    /// How far "not exposed" can be believed.
    struct Coverage: Sendable {
        var tone: String
        var icon: String
        var text: String
        var detail: String
    }
    struct Legend: Sendable {
        var label: String
        var tone: String
    }
    /// A row of the table that says the same as the chart.
    struct Row: Sendable {
        var day: String
        var critical: Int
        var high: Int
        var medium: Int
        var low: Int
    }
    struct Share: Sendable {
        var label: String
        var tone: String
        var count: String
        var url: String
    }
    struct Person: Sendable {
        var initials: String
        var name: String
        var detail: String
        var url: String
        var score: ScoreMark?
    }
    struct Department: Sendable {
        var name: String
        var url: String
        /// Of those asked about; a dash while there is nobody.
        var share: String
        /// Who of those asked about is exposed, and about how many nobody was asked.
        var text: String
        var bar: String
    }
    /// What the company's score is made of.
    struct Score: Sendable {
        var heading: String
        var components: [EmployeeModel.Component]
        var sumNote: String
        var nextStep: String?
        var nextURL: String?
        /// Why there is none.
        var none: String?
    }
}
