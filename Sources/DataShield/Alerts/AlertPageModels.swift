/// The list of alerts, `alerts/list`.
struct AlertListModel: Sendable {
    var view: String
    var views: [ViewTab]
    var narrowings: [Narrowing]
    var q: String?
    var from: String?
    var to: String?
    var statusFilter: Choice
    var severityFilter: Choice
    var assigneeFilter: Choice
    var livenessFilter: Choice
    /// What can be done about the accounts of those selected; empty when that is switched off, or not for whoever looks.
    var remediations: [RemediationButton]
    /// Set when the list is about one person or one breach.
    var employee: Topic?
    var breach: Topic?
    var isFiltered: Bool
    var clearURL: String
    var formError: String?
    var rows: [AlertRow]
    var hasRows: Bool
    /// How each status looks, for what is changed without loading the page again.
    var statusBadges: [StatusBadge]
    var pager: Pager?
    var emptyTitle: String
    var emptyHint: String
    /// Whether there is no alert at all.
    var isQueueEmpty: Bool

    struct StatusBadge: Sendable {
        var value: String
        var badge: Badge
    }

    /// A view of the queue, among the others.
    struct ViewTab: Sendable {
        var label: String
        var url: String
        var count: String
        var isCurrent: Bool

        init(_ view: AlertView, count: Int, isCurrent: Bool) {
            label = view.label
            url = "/alerts?view=\(view.rawValue)"
            self.count = count > Alerts.countLimit ? "\(Format.count(Alerts.countLimit))+" : Format.count(count)
            self.isCurrent = isCurrent
        }
    }

    /// Whom or what a list is about.
    struct Topic: Sendable {
        var id: String
        var label: String
    }
}

/// An alert in a list: here, and on the pages of employees and of the dashboard.
struct AlertRow: Sendable {
    var id: String
    var url: String
    var name: String
    var email: String?
    var breach: String
    var severity: Badge
    var status: Badge
    var statusValue: String
    var isLive: Bool
    /// Whether what was exposed still works; nil when the record behind it is gone.
    var liveness: Badge?
    /// That it was resolved, and had to be opened again.
    var cameBack: Badge?
    /// When it was exposed, as far as anybody knows.
    var exposed: String
    var confidence: Badge
    var assignee: String
    var ago: String
    var createdAt: String
    var createdISO: String

    init(_ alert: AlertListing, _ clock: PageClock) {
        id = alert.id.rawValue
        url = "/alerts/\(alert.id)"
        name = alert.employeeName ?? "Somebody who was deleted"
        email = alert.employeeEmail
        breach = alert.breachName ?? "A breach that was removed"
        severity = alert.severity.badge
        status = alert.status.badge
        statusValue = alert.status.rawValue
        isLive = alert.state == .live
        liveness = alert.state?.badge(alert.certainty)
        cameBack = alert.cameBackAt != nil && alert.status != .resolved ? Badge("Came back", .high, icon: "refresh") : nil
        exposed = alert.exposedAt.map(clock.day) ?? "date unknown"
        confidence = alert.confidence.badge
        assignee = alert.assigneeName ?? "Unassigned"
        ago = clock.ago(alert.createdAt)
        createdAt = clock.dateTime(alert.createdAt)
        createdISO = Timestamp.text(alert.createdAt)
    }
}

/// One alert, `alerts/show`.
struct AlertModel: Sendable {
    var id: String
    /// nil when the record behind the alert is gone.
    var liveness: Badge?
    var livenessText: String?
    var remediations: [RemediationButton]
    var hasRemediations: Bool
    var url: String
    var heading: String
    var message: String
    var name: String
    var email: String?
    var employeeURL: String?
    var breach: String
    var breachURL: String?
    var breachDate: String
    var severity: Badge
    var status: Badge
    var confidence: Badge
    var moves: [Move]
    var formError: String?
    var exposed: [DataTag]
    var hasExposed: Bool
    var artifacts: String?
    /// The infected machine that it is about.
    var machine: MachineLine?
    var sources: String
    var credentials: [CredentialRow]
    var hasCredentials: Bool
    var detectedAt: String
    /// The sites that it is for, the company's own first.
    var sites: [SiteTag]
    var hasSites: Bool
    /// Each of several things that can be used to sign in.
    var credentialStates: [CredentialState]
    var hasCredentialStates: Bool
    var advice: [StepRow]
    var history: [Entry]
    var createdAt: String
    var acknowledgedAt: String?
    var resolvedAt: String?
    var assignee: String
    var assigneeChoice: Choice
    var resolution: String?

    /// A status that the alert can be moved to.
    struct Move: Sendable {
        var value: String
        var label: String
        var icon: String
        var isPrimary: Bool
    }

    /// Something that was done, or said.
    struct Entry: Sendable {
        var icon: String
        var actor: String
        var action: String
        var at: String
        var iso: String
        var ago: String
        var body: String?
    }
}

/// Something to do, or that was done.
struct StepRow: Sendable {
    var text: String
    var icon: String
    var isDone: Bool

    init(_ step: NextStep) {
        text = step.text
        isDone = step.isDone
        icon = step.isDone ? "check" : "arrow-right"
    }
}

/// A site that something exposed is for.
struct SiteTag: Sendable {
    var label: String
    var isCompany: Bool

    /// How many are shown; the API has all.
    static let limit = 20

    static func all(_ sites: [ExposedSite]) -> [SiteTag] {
        let shown = sites.prefix(limit).map { SiteTag(label: $0.host, isCompany: $0.isCompany) }
        return sites.count <= limit ? shown : shown + [SiteTag(label: "and \(sites.count - limit) more", isCompany: false)]
    }
}

/// One of several things that can be used to sign in.
struct CredentialState: Sendable {
    var kind: String
    var badge: Badge
    var text: String

    init(_ credential: LivenessResponse.Credential) {
        kind = credential.kind.label
        badge = credential.state.badge(credential.certainty)
        text = credential.text
    }
}

/// Whether something that still works is to be resolved all the same, `alerts/confirm`.
struct ConfirmLiveModel: Sendable {
    var heading: String
    var text: String
    var ids: [String]
    var action: String
    var back: String
    var submit: String

    init(_ live: LiveAlerts, of all: Int, ids: [AlertID], action: String, back: String) {
        self.ids = ids.map(\.rawValue)
        self.action = action
        self.back = back
        if all == 1 {
            heading = "Resolve it although it still works?"
            text = "\(live.words(of: 1)) A resolved alert is out of sight."
            submit = "Resolve it all the same"
        } else {
            heading = "Resolve \(Format.count(live.all, "alert", "alerts")) about what still works?"
            text = "\(live.words(of: all)) Resolved alerts are out of sight."
            submit = "Resolve all \(Format.count(all))"
        }
    }
}

/// A button that leads to the dry run of an action on accounts.
struct RemediationButton: Sendable {
    var value: String
    var label: String
    var icon: String

    static let all = RemediationType.allCases.map { RemediationButton($0) }

    init(_ action: RemediationType) {
        value = action.rawValue
        label = action.displayName
        icon = action == .revokeSessions ? "logout" : "key"
    }
}

extension AlertView {
    /// What it means that the view is empty.
    func emptyTitle(_ isFiltered: Bool) -> String {
        if isFiltered { return "No alert matches" }
        switch self {
        case .actFirst: return "No open alert is certainly live"
        case .today: return "Nothing for today"
        case .notKnown: return "Of every open alert it is known whether what was exposed works"
        case .mine: return "You have no open alert"
        case .unassigned: return "Every open alert has somebody"
        case .cameBack: return "No alert came back"
        case .done: return "No alert is resolved yet"
        case .all: return "No alerts yet"
        }
    }

    func emptyHint(_ isFiltered: Bool) -> String {
        if isFiltered { return "Nothing in this view fits these filters. Loosen one of them, or look at all alerts." }
        switch self {
        case .actFirst: return "No open alert is about something that certainly works. See what is for today, and what is not known."
        case .today: return "No open alert is about a password that works if it is reused, or about something of malware that is not known."
        case .notKnown: return "No date and no directory is missing for an open alert."
        case .mine: return "Acknowledge an alert, or have it assigned to you: it stands here until it is resolved."
        case .unassigned: return "All alerts that are not resolved are assigned."
        case .cameBack: return "An alert comes back when what was resolved turns live again."
        case .done: return "Resolved alerts stay here."
        case .all:
            return "A scan raises one for each person it finds in a breach. An empty list says nothing about people who were not asked about."
        }
    }
}
