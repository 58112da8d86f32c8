import Foundation
import Hummingbird

/// | Method | Path | Permission       |
/// |--------|------|------------------|
/// | GET    | `/dashboards`  | `dashboard:read` |
package struct DashboardPages: Sendable {
    let pages: Pages
    let dashboards: Dashboards
    let now: Now

    package func add(to routes: PageRoutes) { routes.get("/dashboards", .permission(.dashboardRead), use: show) }

    struct Query: Codable, Sendable {
        var range: TimelineRange?
    }

    func show(_ request: Request, _ context: AppContext) async throws -> Response {
        let query = try request.decodeQuery(Query.self)
        let summary = try await dashboards.summary(range: query.range ?? .month, for: try context.subject)
        let model = DashboardModel(summary, domain: context.signedIn?.companyDomain ?? "", clock: PageClock(now(), for: context.signedIn))
        return pages.show("dashboards/show", model, Frame("Dashboard", in: .dashboards, showsHIBP: true), for: request, context)
    }
}

extension DashboardModel {
    init(_ summary: DashboardSummary, domain: String, clock: PageClock) {
        let metrics = summary.metrics
        subtitle = domain + (summary.lastScanAt.map { " · last scan \(clock.ago($0))" } ?? " · not scanned yet")
        setup = Self.setup(
            people: summary.metrics.people, hasSource: !summary.coverage.providers.isEmpty, isScanned: summary.lastScanAt != nil)
        self.metrics = Self.metrics(summary)
        score = Score(summary)
        coverage = metrics.people > 0 && !summary.coverage.providers.isEmpty ? Coverage(summary.coverage, clock) : nil
        let severities = Severity.allCases.sorted(by: >)
        timelineLegend = severities.map { Legend(label: $0.label, tone: $0.tone.rawValue) }
        let columns = summary.timeline.map { bar in
            Charts.Column(label: Format.shortDay(bar.start), parts: severities.map { .init($0.label, bar.counts[$0], $0.tone) })
        }
        let title = summary.range == .month ? "Alerts raised per day, 30 days" : "Alerts raised per week, 12 months"
        // Drawn in the size of the places that they mostly get, so that their text is nearly as large as drawn.
        timelineWide = Charts.columns(columns, id: "timeline", title: title, unit: "alerts", width: 660, height: 260)
        timelineCompact = Charts.columns(columns, id: "timeline-compact", title: title, unit: "alerts", width: 340, height: 200)
        timelineRows = summary.timeline.reversed().filter { $0.counts.total > 0 }.map {
            Row(day: Format.day($0.start), critical: $0.counts.critical, high: $0.counts.high, medium: $0.counts.medium, low: $0.counts.low)
        }
        severityDonut = Charts.donut(
            severities.map { .init($0.label, summary.openAlerts[$0], $0.tone) }, id: "severity", title: "Open alerts by severity", caption: "open")
        self.severities = severities.map {
            Share(
                label: $0.label, tone: $0.tone.rawValue, count: Format.count(summary.openAlerts[$0]),
                url: "/alerts?status=OPEN&severity=\($0.rawValue)")
        }
        people = summary.topEmployees.prefix(6).map {
            Person(
                initials: Format.initials($0.name), name: $0.name,
                detail: [$0.department, Format.count($0.recordCount, "record", "records")].compactMap { $0 }.joined(separator: " · "),
                url: "/employees/\($0.id)", score: ScoreMark($0.riskScore))
        }
        hasPeople = !people.isEmpty
        peopleHint = Self.peopleHint(summary)
        alerts = summary.recentAlerts.prefix(6).map { AlertRow($0, clock) }
        hasAlerts = !alerts.isEmpty
        departments = summary.departments.prefix(7).map {
            Department(
                name: $0.department ?? "No department", url: URLText.path("/employees", [("department", $0.department), ("exposed", "true")]),
                share: $0.share.map { Format.percent($0) } ?? "–", text: Self.exposure($0), bar: $0.share.map { Charts.bar($0, tone: .accent) } ?? "")
        }
        hasDepartments = !departments.isEmpty
    }

    /// What it means that nobody has a score above 0.
    private static func peopleHint(_ summary: DashboardSummary) -> String {
        if summary.metrics.exposed > 0 { return "Nobody who was found in a breach has a score above 0." }
        return summary.coverage.isComplete
            ? "Every person was asked about, and none was found in a breach."
            : "Not everybody was asked about yet, so this does not mean that all are clean."
    }

    private static func exposure(_ department: DashboardSummary.DepartmentExposure) -> String {
        var parts: [String] = []
        if department.asked > 0 {
            parts.append("\(Format.count(department.exposedAsked)) exposed of \(Format.count(department.asked)) asked about")
        }
        if department.exposed > department.exposedAsked {
            parts.append("\(Format.count(department.exposed - department.exposedAsked)) found in files")
        }
        if department.notAsked > 0 { parts.append("\(Format.count(department.notAsked)) not asked yet") }
        return parts.joined(separator: ", ")
    }

    /// What is still to do before a company can be told anything.
    static func setup(people: Int, hasSource: Bool, isScanned: Bool) -> Setup? {
        let hasPeople = people > 0
        guard !hasPeople || !hasSource || !isScanned else { return nil }
        func step(_ isDone: Bool, _ label: String, _ hint: String, _ url: String) -> Step {
            Step(
                state: isDone ? "Done" : "To do", tone: isDone ? Tone.good.rawValue : Tone.neutral.rawValue, icon: isDone ? "check" : "circle",
                label: label, hint: hint, url: url)
        }
        return Setup(steps: [
            step(
                hasPeople, "Add your people",
                hasPeople ? Format.count(people, "person", "people") + " on the list" : "Import a CSV file",
                "/employees"),
            step(hasSource, "Connect a data source", "Have I Been Pwned needs a key", "/sources"),
            step(isScanned, "Run the first scan", "It asks about each person on the list", "/scans"),
        ])
    }

    private static func metrics(_ summary: DashboardSummary) -> [Metric] {
        let (metrics, open, coverage) = (summary.metrics, summary.openAlerts, summary.coverage)
        return [
            risk(summary),
            Metric(
                label: "People exposed", value: Format.count(metrics.exposed), unit: nil, badge: nil, note: exposedNote(metrics),
                url: "/employees?exposed=true"),
            Metric(
                label: "Open alerts", value: Format.count(open.total), unit: nil, badge: nil,
                note: "\(Format.count(open.critical)) critical, \(Format.count(open.high)) high", url: "/alerts?status=OPEN"),
            Metric(
                label: "Breach records", value: Format.count(metrics.records), unit: nil, badge: nil, note: "one for each person and breach",
                url: "/breaches"),
            Metric(
                label: "Coverage", value: coverage.share.map { Format.percent($0) } ?? "–", unit: nil, badge: nil,
                note: "\(Format.count(coverage.asked)) of \(Format.count(coverage.people, "person", "people")) "
                    + (coverage.providers.count > 1 ? "by the source that has answered least" : "asked about"), url: "/scans"),
        ]
    }

    private static func risk(_ summary: DashboardSummary) -> Metric {
        guard let score = summary.risk.score else {
            return Metric(
                label: "Risk score", value: "–", unit: nil, badge: RiskLevel.notAsked,
                note: summary.metrics.people > 0 ? "nobody was asked about yet" : "nobody on the list", url: "/employees?sort=risk")
        }
        let reason = summary.risk.components.max { $0.points < $1.points }.flatMap { $0.points > 0 ? $0.title.lowercased() : nil }
        return Metric(
            label: "Risk score", value: "\(score)", unit: "of 100", badge: summary.risk.level?.badge,
            note: reason.map { "mostly \($0)" } ?? "nothing that may still work was found", url: "/employees?sort=risk")
    }

    /// The share is of those who were asked about: who is unknown is in no denominator.
    private static func exposedNote(_ metrics: DashboardSummary.Metrics) -> String {
        guard metrics.people > 0 else { return "nobody on the list" }
        guard metrics.asked > 0 else { return "nobody was asked about yet" }
        let share = Format.percent(Format.share(metrics.exposedAsked, of: metrics.asked))
        let note = "\(share) of the \(Format.count(metrics.asked)) asked about"
        return metrics.notAsked > 0 ? note + ", \(Format.count(metrics.notAsked)) not asked" : note
    }
}

extension DashboardModel.Score {
    init(_ summary: DashboardSummary) {
        let risk = summary.risk
        heading = risk.score.map { "Why the score is \($0)" } ?? "Why there is no score"
        components = risk.components.map { EmployeeModel.Component($0) }
        sumNote = "Together \(SVG.number((risk.sum * 10).rounded() / 10)), rounded."
        nextStep = risk.nextStep?.text
        nextURL = (risk.nextStep?.employeeId).map { "/employees/\($0)" }
        guard risk.score == nil else { return }
        let metrics = summary.metrics
        none =
            metrics.people == 0
            ? "Nobody is on the list."
            : "No source has answered about anybody yet. Nothing is known, and that is not the same as no risk."
                + (metrics.exposed > 0 ? " \(Format.count(metrics.exposed, "person was", "people were")) found in leak files all the same." : "")
    }
}

extension DashboardModel.Coverage {
    init(_ coverage: DashboardSummary.Coverage, _ clock: PageClock) {
        let age = coverage.oldestAnswerAt.map { "; the oldest answer came \(clock.ago($0))" } ?? ""
        let share = "\(Format.count(coverage.asked)) of \(Format.count(coverage.people, "person", "people"))\(age)"
        // Whom the least of several was asked about, the others need not have been.
        text =
            switch (coverage.providers.count > 1, coverage.isComplete) {
            case (false, _): "Asked about \(share)."
            case (true, true): "All sources have answered about \(share)."
            case (true, false): "All sources have answered about at most \(share)."
            }
        if coverage.isComplete {
            (tone, icon) = (Tone.good.rawValue, "check-circle")
            detail = "Everybody who is not listed as exposed was clean when the sources were asked."
        } else {
            (tone, icon) = (Tone.medium.rawValue, "question")
            let rest = coverage.people - coverage.asked
            detail =
                "About the other \(Format.count(rest)) not every source has answered: those of them in no breach here are not known to be clean."
        }
    }
}

extension RiskLevel {
    /// Where there is no score, since nobody was asked.
    package static let notAsked = Badge("Not asked yet", .neutral, icon: "question")

    package var label: String {
        switch self {
        case .critical: "Critical"
        case .high: "High"
        case .medium: "Medium"
        case .low: "Low"
        }
    }
    package var tone: Tone {
        switch self {
        case .critical: .critical
        case .high: .high
        case .medium: .medium
        case .low: .low
        }
    }
    package var badge: Badge {
        switch self {
        case .critical: Badge(label, tone, icon: "siren")
        case .high: Badge(label, tone, icon: "warning")
        case .medium: Badge(label, tone, icon: "signal-medium")
        case .low: Badge(label, tone, icon: "signal-low")
        }
    }
}
