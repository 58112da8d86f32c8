import Foundation

/// The first page, `today/show`.
struct TodayModel: Sendable {
    var headline: String
    var lead: String
    /// What is still to do before there is anything to say; nil when all of it is done.
    var setup: DashboardModel.Setup?
    /// Whether anybody was asked about, or found: nothing is drawn before.
    var hasAnswers: Bool
    var people: [Person]
    var hasPeople: Bool
    var moreURL: String?
    var emptyText: String
    var findingsHeading: String
    var hasFindings: Bool
    var bar: String
    var states: [StateCount]
    var since: Card
    var machines: Card
    var blind: Card

    struct Person: Sendable {
        var place: String
        var name: String
        var url: String
        var about: String
        var lead: String
        var detail: String
        var chips: [Badge]
        var alertId: String
        var alertURL: String
        /// What to do first; empty where it is not offered.
        var actions: [RemediationButton]
        var hasActions: Bool
        /// Whether remediation is switched off, and whoever looks may switch it on.
        var canSwitchOn: Bool
    }
    struct StateCount: Sendable {
        var label: String
        var sign: String
        var count: String
        var note: String
        var url: String
        var settleURL: String?
    }
    struct Card: Sendable {
        var heading: String
        var lines: [Line]
        var empty: String?
        var allURL: String?
    }
    struct Line: Sendable {
        var label: String
        var url: String?
        var value: String
    }
}

/// The question before many alerts are resolved, `today/settle`.
struct SettleModel: Sendable {
    var heading: String
    var text: String
    var state: String
    var submit: String
    var hasAny: Bool

    init(_ state: SettledState, count: Int) {
        self.state = state.rawValue
        hasAny = count > 0
        let part = min(count, Alerts.bulkLimit)
        let whole = count > part ? "\(Format.count(part)) of \(Format.count(count, "alert", "alerts"))" : Format.count(count, "alert", "alerts")
        heading = hasAny ? "Resolve \(whole)?" : "There is nothing to resolve"
        switch state {
        case .neutralised:
            text = "What was exposed was changed or ended afterwards, or the account is disabled. If it turns live again, the alert comes back."
        case .noCredential: text = "Nothing in these findings can be used to sign in: names, addresses and other data. They stay with each person."
        }
        text += " What somebody has acknowledged stays with them."
        submit = "Resolve \(Format.count(part))"
    }
}

extension TodayModel {
    init(_ today: TodaySummary, maySettle: Bool, isRemediationOffered: Bool, mayManagePolicy: Bool, clock: PageClock) {
        headline = Self.headline(today)
        lead = Self.lead(today, clock)
        setup = DashboardModel.setup(
            people: today.blind.people, hasSource: today.blind.sources > 0 || !today.coverage.providers.isEmpty,
            isScanned: today.blind.lastScanAt != nil)
        hasAnswers = today.findings.total > 0 || today.coverage.asked > 0
        people = today.actFirst.enumerated().map { place, person in
            Person(person, place: place + 1, isOffered: isRemediationOffered, mayManagePolicy: mayManagePolicy)
        }
        hasPeople = !people.isEmpty
        moreURL = hasPeople ? "/alerts?view=all&status=OPEN,ACKNOWLEDGED&urgency=ACT_NOW,TODAY&order=urgency" : nil
        emptyText = Self.nobody(today)
        findingsHeading = "What the \(Format.count(today.findings.total)) open findings are"
        if today.findings.total == 1 { findingsHeading = "What the open finding is" }
        hasFindings = today.findings.total > 0
        let findings = today.findings
        bar = Charts.stack([
            (findings.live + findings.liveIfReused, .critical), (findings.unknown, .medium), (findings.neutralised, .good),
            (findings.noCredential, .neutral),
        ])
        states = Self.states(today.findings, maySettle: maySettle)
        since = Self.since(today.since, clock)
        machines = Card(
            heading: "Infected machines", lines: today.machines.latest.map { Line($0, clock) },
            empty: today.machines.count == 0 ? "No machine with an open alert is known." : nil,
            allURL: today.machines.count > 0 ? "/machines?open=true" : nil)
        if today.machines.count > today.machines.latest.count {
            machines.lines.append(
                Line(label: "and \(Format.count(today.machines.count - today.machines.latest.count)) more", url: "/machines?open=true", value: ""))
        }
        blind = Self.blind(today.blind)
    }

    private static func headline(_ today: TodaySummary) -> String {
        switch (today.liveCertain, today.liveIfReused) {
        case (1, _): "What leaked about 1 person still works."
        case (2..., _): "What leaked about \(Format.count(today.liveCertain)) people still works."
        case (_, 1): "What leaked about 1 person works if they use the same password at work."
        case (_, 2...): "What leaked about \(Format.count(today.liveIfReused)) people works if they use the same password at work."
        default:
            today.findings.total > 0 || today.coverage.asked > 0
                ? "No open alert is about something that is known to work." : "Nothing is known yet."
        }
    }

    private static func lead(_ today: TodaySummary, _ clock: PageClock) -> String {
        var sentences: [String] = []
        if today.liveCertain > 0, today.liveIfReused > 0 {
            sentences.append(
                today.liveIfReused == 1
                    ? "What leaked about 1 more works if they use the same password at work."
                    : "What leaked about \(Format.count(today.liveIfReused)) more works if they use the same password at work.")
        }
        if today.findings.unknown > 0 {
            sentences.append("Of \(Format.count(today.findings.unknown, "finding", "findings")) nobody knows whether it still works.")
        }
        guard today.blind.people > 0 else { return "Nobody is on the staff list." }
        let coverage = today.coverage
        if coverage.providers.isEmpty {
            sentences.append("No source is connected.")
        } else if coverage.isComplete {
            let sources = Format.count(coverage.providers.count, "source has", "sources have")
            let age = coverage.oldestAnswerAt.map { ", the oldest answer \(clock.ago($0))" } ?? ""
            sentences.append("\(sources) answered for all \(Format.count(coverage.people, "person", "people"))\(age).")
        } else {
            sentences.append(
                "The source that knows least has answered for \(Format.count(coverage.asked)) of "
                    + "\(Format.count(coverage.people, "person", "people")): about the others this says nothing.")
        }
        return sentences.joined(separator: " ")
    }

    private static func nobody(_ today: TodaySummary) -> String {
        guard today.findings.total > 0 else {
            return today.coverage.isComplete
                ? "Every person was checked, and no finding is open."
                : "No finding is open. Not everybody was checked, so this does not mean that all are clean."
        }
        return "Nobody has to act now or today. "
            + (today.findings.unknown > 0
                ? "What is not known is for this week." : "What is open is neutralised, or cannot be used to sign in.")
    }

    private static func states(_ findings: TodaySummary.Findings, maySettle: Bool) -> [StateCount] {
        func list(_ state: Liveness) -> String { "/alerts?view=all&status=OPEN,ACKNOWLEDGED&liveness=\(state.rawValue)" }
        func settle(_ state: SettledState, _ count: Int) -> String? {
            maySettle && count > 0 ? "/today/settle?state=\(state.rawValue)" : nil
        }
        let live = findings.live + findings.liveIfReused
        return [
            StateCount(
                label: "Live", sign: "live", count: Format.count(live),
                note: live == 0
                    ? "none among them" : "\(Format.count(findings.live)) for sure, \(Format.count(findings.liveIfReused)) if reused",
                url: list(.live)),
            StateCount(
                label: "Not known", sign: "unknown", count: Format.count(findings.unknown), note: "no date, no detail, or no directory",
                url: list(.unknown)),
            StateCount(
                label: "Neutralised", sign: "neutralised", count: Format.count(findings.neutralised), note: "changed or ended since",
                url: list(.neutralised), settleURL: settle(.neutralised, findings.neutralised)),
            StateCount(
                label: "No credential", sign: "none", count: Format.count(findings.noCredential), note: "nothing to sign in with",
                url: list(.noCredential), settleURL: settle(.noCredential, findings.noCredential)),
        ]
    }

    private static func since(_ since: TodaySummary.Since, _ clock: PageClock) -> Card {
        let at = Timestamp.text(since.at)
        func list(_ name: String, _ rest: [(String, String?)]) -> String {
            URLText.path("/alerts", [("view", "all")] + rest + [(name, at)])
        }
        let unresolved = "OPEN,ACKNOWLEDGED"
        return Card(
            heading: since.isVisit ? "Since \(clock.dateTime(since.at))" : "In the last 7 days",
            lines: [
                Line(
                    label: "Live findings with news", url: list("toldFrom", [("status", unresolved), ("liveness", "LIVE")]),
                    value: Format.count(since.newLive)),
                Line(
                    label: "Resolved as neutralised", url: list("resolvedFrom", [("status", "RESOLVED"), ("neutralised", "true")]),
                    value: Format.count(since.neutralised)),
                Line(
                    label: "Came back", url: list("cameBackFrom", [("status", unresolved)]), value: Format.count(since.cameBack)),
                Line(
                    label: "Median time to neutralise", url: nil,
                    value: since.medianSecondsToNeutralise.map { Format.duration(seconds: $0) } ?? "none yet"),
            ])
    }

    private static func blind(_ blind: TodaySummary.Blind) -> Card {
        func of(_ part: Int, _ whole: Int) -> String { "\(Format.count(part)) of \(Format.count(whole))" }
        var lines = [
            Line(
                label: "People without an answer", url: "/employees?active=true&asked=false", value: of(blind.unanswered, blind.people)),
            Line(label: "Sources with a problem", url: "/sources", value: of(blind.sourcesWithProblem, blind.sources)),
            Line(
                label: "People outside a directory", url: "/employees?active=true&inDirectory=false",
                value: of(blind.outsideDirectory, blind.people)),
        ]
        if blind.directoriesWithProblem > 0 {
            lines.append(Line(label: "Directories with a problem", url: "/directories", value: Format.count(blind.directoriesWithProblem)))
        }
        if blind.scansByHandOnly { lines.append(Line(label: "Scans run only by hand", url: "/scans", value: "schedule")) }
        return Card(heading: "What we cannot see", lines: lines)
    }
}

extension TodayModel.Person {
    init(_ person: TodaySummary.Person, place: Int, isOffered: Bool, mayManagePolicy: Bool) {
        self.place = "\(place)"
        name = person.name
        url = "/employees/\(person.employeeId)"
        about = [person.title, person.department].compactMap { $0 }.filter { !$0.isEmpty }.joined(separator: " · ")
        lead = person.why.lead
        detail = person.why.detail
        var chips = [person.state.badge(person.certainty)]
        if person.isVip { chips.append(Badge("VIP", .accent, icon: "star")) }
        if person.mfaEnabled == false { chips.append(Badge("No second factor", .high, icon: "warning")) }
        self.chips = chips
        alertId = person.alertId.rawValue
        alertURL = "/alerts/\(person.alertId)"
        actions = isOffered ? person.actions.map { RemediationButton($0) } : []
        hasActions = !actions.isEmpty
        canSwitchOn = !isOffered && mayManagePolicy
    }
}

extension TodayModel.Line {
    init(_ machine: TodaySummary.Machine, _ clock: PageClock) {
        let people = machine.people.prefix(2).joined(separator: ", ") + (machine.people.count > 2 ? " and others" : "")
        label = [people, machine.malwareFamily ?? "unknown malware"].filter { !$0.isEmpty }.joined(separator: " · ")
        url = "/machines/\(machine.id)"
        value = machine.capturedAt.map(clock.day) ?? "date unknown"
    }
}
