/// The staff list, `employees/list`.
struct EmployeeListModel: Sendable {
    var heading: String
    var subtitle: String
    /// Where the list is without filters.
    var clearURL: String
    /// Whether it is the list of everybody, and not one of those that show some.
    var isAll: Bool
    var q: String?
    var departmentFilter: Choice
    var riskFilter: Choice
    var exposedFilter: Choice
    var activeFilter: Choice
    var mfaFilter: Choice
    var livenessFilter: Choice
    var isWithoutDepartment: Bool
    var narrowings: [Narrowing]
    /// The reading of leak files whose people are listed.
    var unreadIn: String?
    var sortFilter: Choice
    var isFiltered: Bool
    var formError: String?
    var exportURL: String
    var rows: [EmployeeRow]
    var hasRows: Bool
    var pager: Pager?
}

/// A person in a list.
struct EmployeeRow: Sendable {
    var url: String
    var initials: String
    var name: String
    var email: String
    var department: String
    var isVip: Bool
    var exposure: Badge
    var records: Int
    var openAlerts: Int
    var mfa: String
    var checked: String
    var score: ScoreMark?

    init(_ employee: Employee, _ clock: PageClock) {
        url = "/employees/\(employee.id)"
        name = employee.name
        initials = Format.initials(name)
        email = employee.email.text
        department = employee.department ?? "No department"
        isVip = employee.isVip
        exposure = employee.exposureBadge
        records = employee.recordCount
        openAlerts = employee.openAlertCount
        mfa = employee.mfaEnabled.map { $0 ? "On" : "Off" } ?? "Unknown"
        checked = employee.lastCheckedAt.map(clock.ago) ?? "never"
        score = ScoreMark(employee.riskScore)
    }
}

/// A score in a table, where there is one.
struct ScoreMark: Sendable {
    var value: Int
    var level: String
    var tone: String

    init?(_ score: Int?) {
        guard let score else { return nil }
        let risk = RiskLevel(score: score)
        (value, level, tone) = (score, risk.label, risk.tone.rawValue)
    }
}

extension Employee {
    /// In a breach, or not as far as was asked. "Clean" is said on the person's page only, provider by provider.
    var exposureBadge: Badge {
        if deactivatedAt != nil { return Badge("Has left", .neutral, icon: "ban") }
        if recordCount > 0 { return Badge("Exposed", .high, icon: "warning") }
        return isAsked ? Badge("None found", .good, icon: "check") : Badge("Unknown", .neutral, icon: "question")
    }
}

/// A new person, or a change of one, `employees/form`.
struct EmployeeFormModel: Sendable {
    var heading: String
    var crumb: String
    var name: String?
    var backURL: String?
    var action: String
    var submit: String
    var cancelURL: String
    var formError: String?
    var fields: [FormField]
    var mfa: Choice
    var isVip: Bool
    var showsActive: Bool
    var isActive: Bool
}

/// One person, `employees/show`.
struct EmployeeModel: Sendable {
    var url: String
    var name: String
    var email: String
    var scoreHeading: String
    var level: Badge
    var hasScore: Bool
    /// Empty where there is no score.
    var gauge: String
    var components: [Component]
    /// What to do next, and what the score would be then.
    var nextStep: String?
    var hasComponents: Bool
    var sumNote: String
    var noScoreNote: String
    /// What to do about all that was exposed, and what was done about it.
    var steps: [StepRow]
    var hasSteps: Bool
    var records: [Record]
    var hasRecords: Bool
    var recordsNote: String
    var noRecordsIcon: String
    var noRecordsTitle: String
    var noRecordsText: String
    var alerts: [AlertRow]
    var hasAlerts: Bool
    var alertsURL: String
    var credentials: [CredentialRow]
    var hasCredentials: Bool
    var coverage: [Source]
    var hasCoverage: Bool
    var facts: [Fact]

    /// A part of the score.
    struct Component: Sendable {
        var title: String
        var reason: String
        var points: String
        var maximum: String
        var bar: String
    }
    /// A breach that the person is in.
    struct Record: Sendable {
        var url: String
        var breach: String
        var date: String
        var exposed: [DataTag]
        var artifacts: String?
        var family: String?
        var machine: MachineLine?
        /// The sites that it is for, the company's own first.
        var sites: [SiteTag]
        var sources: String
        var detected: String
        var iso: String
        var liveness: Badge
        var livenessText: String
    }
    /// What a provider knows of the person.
    struct Source: Sendable {
        var provider: String
        var outcome: Badge
        var when: String
        var reason: String?
    }
}
