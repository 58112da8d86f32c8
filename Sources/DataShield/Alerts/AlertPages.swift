import Foundation
import Hummingbird

/// | Method | Path                    | Permission      |
/// |--------|-------------------------|-----------------|
/// | GET    | `/alerts`               | `alerts:read`   |
/// | POST   | `/alerts/bulk`          | `alerts:status` |
/// | GET    | `/alerts/{id}`          | `alerts:read`   |
/// | POST   | `/alerts/{id}/status`   | `alerts:status` |
/// | POST   | `/alerts/{id}/handling` | `alerts:status` |
/// | POST   | `/alerts/{id}/comments` | `alerts:status` |
package struct AlertPages: Sendable {
    let pages: Pages
    let alerts: Alerts
    let users: Users
    let credentials: LeakedCredentials
    let remediation: Remediation
    let machines: Machines
    let now: Now

    package func add(to routes: PageRoutes) {
        routes.get("/alerts", .permission(.alertsRead), use: list)
        routes.post("/alerts/bulk", .permission(.alertsStatus), form: BulkForm.self, use: bulk)
        routes.get("/alerts/{id}", .permission(.alertsRead), use: show)
        routes.post("/alerts/{id}/status", .permission(.alertsStatus), form: StatusForm.self, use: move)
        routes.post("/alerts/{id}/handling", .permission(.alertsStatus), form: HandlingForm.self, use: handle)
        routes.post("/alerts/{id}/comments", .permission(.alertsStatus), form: CommentForm.self, use: comment)
    }

    // MARK: The list

    func list(_ request: Request, _ context: AppContext) async throws -> Response {
        let subject = try context.subject
        var query = try request.decodeQuery(AlertListQuery.self)
        // Whoever comes with a filter of their own, by a link, means all that it finds.
        let view = query.view ?? (query.isNarrowed ? .all : .actFirst)
        query.view = view
        let filter = try query.filter(for: subject)
        let page = try await alerts.list(filter, query.order ?? view.order, cursor: query.cursor, limit: query.limit, for: subject)
        let counts = try await alerts.counts(and: filter, for: subject)
        let clock = PageClock(now(), for: context.signedIn)
        let rows = page.items.map { AlertRow($0, clock) }
        let narrowings = Narrowing.all([
            ("urgency", query.urgency.map(Self.joined), (query.urgency ?? []).map(\.label).joined(separator: " or ")),
            ("certainty", query.certainty?.rawValue, query.certainty == .ifReused ? "Live if reused" : "Live for sure"),
            ("toldFrom", query.toldFrom, "News since \(Self.moment(query.toldFrom, clock))"),
            ("resolvedFrom", query.resolvedFrom, "Resolved since \(Self.moment(query.resolvedFrom, clock))"),
            ("cameBackFrom", query.cameBackFrom, "Came back since \(Self.moment(query.cameBackFrom, clock))"),
            ("neutralised", query.neutralised == true ? "true" : nil, "Neutralised"),
            ("order", query.order?.rawValue, query.order == .urgency ? "Most urgent first" : "Latest news first"),
        ])
        let parts: [(String, String?)] =
            [
                ("view", view.rawValue), ("limit", query.limit.map { "\($0)" }), ("q", query.q), ("status", query.status.map(Self.joined)),
                ("severity", query.severity.map(Self.joined)),
                ("assignee", query.assignee), ("employee", query.employee?.rawValue), ("breach", query.breach?.rawValue), ("from", query.from),
                ("to", query.to), ("liveness", query.liveness.map(Self.joined)),
            ] + narrowings.map { ($0.name, $0.value) }
        let isFiltered = parts.contains { !["view", "limit"].contains($0.0) && !($0.1 ?? "").isEmpty }
        let model = AlertListModel(
            view: view.rawValue, views: AlertView.allCases.map { .init($0, count: counts.views[$0] ?? 0, isCurrent: $0 == view) },
            narrowings: narrowings, q: query.q, from: query.from, to: query.to,
            statusFilter: Choice(
                "status", "Status",
                [("", view == .all ? "Any status" : "Status"), (Self.joined([AlertStatus.open, .acknowledged]), "Not resolved")]
                    + AlertStatus.allCases.map { ($0.rawValue, $0.label) },
                selected: query.status.map(Self.joined)),
            severityFilter: Choice(
                "severity", "Severity", [("", "Any severity")] + Severity.allCases.map { ($0.rawValue, $0.label) },
                selected: query.severity.map(Self.joined)),
            assigneeFilter: Choice(
                "assignee", "Assignee", [("", "Any assignee"), ("me", "Mine"), ("none", "Unassigned")] + Self.people(try await assignees(subject)),
                selected: query.assignee),
            livenessFilter: Choice(
                "liveness", "State", [("", "Any state")] + Liveness.allCases.map { ($0.rawValue, $0.label) },
                selected: query.liveness.map(Self.joined)),
            remediations: try await remediation.isOffered(to: subject) ? RemediationButton.all : [],
            employee: query.employee.map { .init(id: $0.rawValue, label: page.items.first?.employeeName ?? "one person") },
            breach: query.breach.map { .init(id: $0.rawValue, label: page.items.first?.breachName ?? "one breach") },
            isFiltered: isFiltered, clearURL: URLText.path("/alerts", [("view", view == .actFirst ? nil : view.rawValue)]), formError: nil,
            rows: rows, hasRows: !rows.isEmpty,
            statusBadges: AlertStatus.allCases.map { .init(value: $0.rawValue, badge: $0.badge) },
            pager: Pager(
                Self.total(counts.filter, shown: rows.count, isFirst: query.cursor == nil && page.nextCursor == nil), path: "/alerts", query: parts,
                cursor: query.cursor,
                next: page.nextCursor),
            emptyTitle: view.emptyTitle(isFiltered), emptyHint: view.emptyHint(isFiltered), isQueueEmpty: counts.views[.all] == 0)
        return pages.show("alerts/list", model, Frame("Alerts", in: .alerts, showsHIBP: true), for: request, context)
    }

    private static func moment(_ text: String?, _ clock: PageClock) -> String {
        // try?: the filter has refused what is no moment.
        text.flatMap { (try? ListText.moment($0, "")) ?? nil }.map(clock.dateTime) ?? ""
    }

    /// "6 alerts", "50 of 432 alerts on this page".
    private static func total(_ count: Int, shown: Int, isFirst: Bool) -> String {
        if isFirst { return Format.count(shown, "alert", "alerts") }
        let all = count > Alerts.countLimit ? "more than \(Format.count(Alerts.countLimit))" : Format.count(count)
        return "\(Format.count(shown)) of \(all) alerts on this page"
    }

    private static func joined<Value: RawRepresentable>(_ values: [Value]) -> String where Value.RawValue == String {
        values.map(\.rawValue).joined(separator: ",")
    }

    private static func people(_ users: [User]) -> [(value: String, label: String)] {
        users.map { ($0.id.rawValue, $0.name.isEmpty ? $0.email : $0.name) }
    }

    /// Whom an alert can be given to.
    private func assignees(_ subject: Subject) async throws -> [User] {
        try await users.list(limit: PageLimit.range.upperBound, for: subject).items.filter { !$0.isDisabled }
    }

    // MARK: Many at once

    struct BulkForm: Codable, Sendable {
        var id: [AlertID]?
        var status: AlertStatus
        var back: String?
        var confirmLive: Bool?
    }

    func bulk(_ request: Request, _ context: AppContext, _ form: BulkForm) async throws -> Response {
        let subject = try context.subject
        let back = Pages.local(form.back, or: "/alerts")
        guard let ids = form.id, !ids.isEmpty else { return Pages.redirect(to: back, .problem("Select at least one alert first.")) }
        let results: [Alerts.BulkResult]
        do {
            results = try await alerts.bulk(ids, .init(status: form.status, confirmsLive: form.confirmLive ?? false), by: subject)
        } catch Alerts.Failure.stillLive(let live, of: let all) {
            return ask(.init(live, of: all, ids: ids, action: "/alerts/bulk", back: back), request, context)
        }
        let changed = results.count { $0.outcome == .changed }
        let refused = results.count { $0.outcome == .refused || $0.outcome == .notFound }
        let word = form.status.label.lowercased()
        guard changed + refused > 0 else { return Pages.redirect(to: back, .done("All of them are \(word) already.")) }
        let done = "\(Format.count(changed, "alert is", "alerts are")) now \(word)."
        guard refused > 0 else { return Pages.redirect(to: back, .done(done)) }
        return Pages.redirect(to: back, .problem("\(done) \(Format.count(refused, "other", "others")) could not go there from where they are."))
    }

    // MARK: One alert

    func show(_ request: Request, _ context: AppContext) async throws -> Response {
        try await page(of: try context.id(as: AlertID.self), request, context)
    }

    private func page(of id: AlertID, _ request: Request, _ context: AppContext, problem: (any FeatureError)? = nil) async throws -> Response {
        let subject = try context.subject
        let alert = try await alerts.detail(id, for: subject)
        let comments = try await alerts.comments(on: id, limit: PageLimit.range.upperBound, for: subject).items
        let people = subject.may(.alertsStatus) ? try await assignees(subject) : []
        var leaked: [LeakedCredential] = []
        if let employee = alert.employeeId, let breach = alert.breachId { leaked = try await credentials.of(employee, in: breach, for: subject) }
        let isOffered = try await remediation.isOffered(to: subject) && alert.employeeId != nil
        let model = AlertModel(
            alert, comments: comments, remediations: isOffered ? RemediationButton.all : [], assignees: [("", "Unassigned")] + Self.people(people),
            credentials: leaked, problem: problem,
            machine: try await machines.lines(of: [alert.breachId].compactMap { $0 }, on: "an alert", for: subject).values.first,
            clock: PageClock(now(), for: context.signedIn))
        let frame = Frame(model.heading, in: .alerts, showsHIBP: true, status: problem?.status ?? .ok)
        return pages.show("alerts/show", model, frame, for: request, context)
    }

    struct StatusForm: Codable, Sendable {
        var status: AlertStatus
        var confirmLive: Bool?
        var back: String?
    }

    func move(_ request: Request, _ context: AppContext, _ form: StatusForm) async throws -> Response {
        let id = try context.id(as: AlertID.self)
        return try await changed(
            id, .init(status: form.status, confirmsLive: form.confirmLive ?? false), "The alert is \(form.status.label.lowercased()).", request,
            context)
    }

    /// Asks once more before something that still works is resolved.
    private func ask(_ model: ConfirmLiveModel, _ request: Request, _ context: AppContext) -> Response {
        pages.show("alerts/confirm", model, Frame(model.heading, in: .alerts, isNarrow: true), for: request, context)
    }

    struct HandlingForm: Codable, Sendable {
        var assignee: UserID?
        var resolution: String?
    }

    func handle(_ request: Request, _ context: AppContext, _ form: HandlingForm) async throws -> Response {
        let id = try context.id(as: AlertID.self)
        let subject = try context.subject
        let before = try await alerts.find(id, for: subject).alert
        var change = Alerts.Change(assignee: form.assignee.map { .set($0) } ?? .clear)
        let resolution = form.resolution ?? ""
        // The field is there also while the alert is open: only what was written into it counts.
        if resolution != before.resolution ?? "" { change.resolution = resolution.isEmpty ? .clear : .set(resolution) }
        return try await changed(id, change, "Saved.", request, context)
    }

    private func changed(
        _ id: AlertID, _ change: Alerts.Change, _ done: String, _ request: Request, _ context: AppContext
    ) async throws -> Response {
        do {
            _ = try await alerts.change(id, change, by: try context.subject)
        } catch Alerts.Failure.stillLive(let live, of: _) {
            return ask(.init(live, of: 1, ids: [], action: "/alerts/\(id)/status", back: "/alerts/\(id)"), request, context)
        } catch let failure as any FeatureError where failure.status != .notFound {
            return try await page(of: id, request, context, problem: failure)
        }
        return Pages.redirect(to: "/alerts/\(id)", .done(done))
    }

    struct CommentForm: Codable, Sendable {
        var body: String
    }

    func comment(_ request: Request, _ context: AppContext, _ form: CommentForm) async throws -> Response {
        let id = try context.id(as: AlertID.self)
        do {
            _ = try await alerts.comment(on: id, form.body, by: try context.subject)
        } catch let failure as InvalidInput {
            return try await page(of: id, request, context, problem: failure)
        }
        return Pages.redirect(to: "/alerts/\(id)", .done("Comment added."))
    }
}

extension AlertModel {
    init(
        _ alert: AlertDetailResponse, comments: [AlertComment], remediations: [RemediationButton], assignees: [(value: String, label: String)],
        credentials leaked: [LeakedCredential], problem: (any FeatureError)?, machine: MachineLine?, clock: PageClock
    ) {
        id = alert.id.rawValue
        liveness = alert.liveness.map { $0.state.badge($0.certainty) }
        livenessText = alert.liveness?.text
        self.remediations = remediations
        hasRemediations = !remediations.isEmpty
        url = "/alerts/\(alert.id)"
        self.machine = machine
        name = alert.employeeName ?? "Somebody who was deleted"
        email = alert.employeeEmail
        breach = alert.breachName ?? "A breach that was removed"
        heading = alert.title
        message = alert.message
        employeeURL = alert.employeeId.map { "/employees/\($0)" }
        breachURL = alert.breachId.map { "/breaches/\($0)" }
        severity = alert.severity.badge
        status = alert.status.badge
        let sure = alert.confidence.badge
        confidence = Badge("\(sure.label) confidence", .neutral, icon: sure.icon)
        moves = Self.moves(from: alert.status, isAboutSomebody: alert.employeeId != nil)
        formError = problem?.detail
        let evidence = alert.evidence
        exposed = DataTag.all(evidence?.exposedData ?? [])
        hasExposed = !exposed.isEmpty
        artifacts = evidence.map { $0.artifacts.map(\.label).joined(separator: ", ") }
        sources = evidence.map { BreachRecord.sourceNames($0.sources, isInLeakFile: $0.inLeakFile) } ?? "No longer known"
        credentials = leaked.map { CredentialRow($0, clock) }
        hasCredentials = !credentials.isEmpty
        breachDate = evidence.map { clock.breachDay($0.breachDate) } ?? "date unknown"
        detectedAt = clock.dateTime(evidence?.detectedAt ?? alert.createdAt)
        advice = alert.nextSteps.map(StepRow.init)
        sites = SiteTag.all(alert.liveness?.sites ?? [])
        hasSites = !sites.isEmpty
        credentialStates = alert.liveness.flatMap { $0.credentials.count > 1 ? $0.credentials.map(CredentialState.init) : nil } ?? []
        hasCredentialStates = !credentialStates.isEmpty
        history = Self.history(alert, comments, clock)
        createdAt = clock.dateTime(alert.createdAt)
        acknowledgedAt = alert.acknowledgedAt.map(clock.dateTime)
        resolvedAt = alert.resolvedAt.map(clock.dateTime)
        assignee = alert.assigneeName ?? "Unassigned"
        var people = assignees
        if let id = alert.assigneeId, !people.contains(where: { $0.value == id.rawValue }) {
            people.append((id.rawValue, alert.assigneeName ?? "Somebody who was disabled"))
        }
        assigneeChoice = Choice("assignee", "Assignee", people, selected: alert.assigneeId?.rawValue)
        resolution = alert.resolution
    }

    private static func moves(from status: AlertStatus, isAboutSomebody: Bool) -> [Move] {
        let all = [
            Move(value: AlertStatus.acknowledged.rawValue, label: "Acknowledge", icon: "eye", isPrimary: true),
            Move(value: AlertStatus.resolved.rawValue, label: "Resolve", icon: "check", isPrimary: status == .acknowledged),
            Move(value: AlertStatus.open.rawValue, label: "Reopen", icon: "refresh", isPrimary: false),
        ]
        // Who was deleted is nobody to act on.
        return all.filter { move in
            AlertStatus(rawValue: move.value).map { status.permits($0) && ($0 != .open || isAboutSomebody) } ?? false
        }
    }

    private static func history(_ alert: AlertDetailResponse, _ comments: [AlertComment], _ clock: PageClock) -> [Entry] {
        func entry(_ date: Date, _ icon: String, _ actor: String?, _ action: String, _ body: String? = nil) -> (Date, Entry) {
            (
                date,
                Entry(
                    icon: icon, actor: actor ?? "Somebody", action: action, at: clock.dateTime(date), iso: Timestamp.text(date), ago: clock.ago(date),
                    body: body)
            )
        }
        var entries = comments.map { entry($0.createdAt, "comment", $0.authorName, "commented", $0.body) }
        for event in alert.history where event.action != "alert.commented" {
            switch event.toStatus {
            case _ where event.action == "alert.united":
                entries.append(entry(event.at, "history", event.actor, "made one alert of several that were about this breach"))
            case _ where event.action == "remediation.requested":
                entries.append(entry(event.at, "shield", event.actor, "asked for remediation of the account"))
            case _ where event.action == "remediation.previewed":
                entries.append(entry(event.at, "eye", event.actor, "looked at what remediation would do"))
            case _ where event.action == "remediation.performed":
                switch event.outcome {
                case .done?, nil: entries.append(entry(event.at, "shield-check", event.actor, "acted on the account in its directory"))
                case .failed?: entries.append(entry(event.at, "warning", event.actor, "asked the directory to act on the account, which failed"))
                case .unknown?:
                    entries.append(
                        entry(event.at, "question", event.actor, "asked the directory to act on the account; it is not known whether it was done"))
                }
            case let status? where status != event.fromStatus:
                let word = status == .open ? "reopened it" : status == .acknowledged ? "acknowledged it" : "resolved it"
                entries.append(entry(event.at, status.badge.icon, event.actor, word, event.resolution))
            default: entries.append(entry(event.at, "edit", event.actor, "changed how it is handled", event.resolution))
            }
        }
        entries.append(entry(alert.createdAt, "siren", "DataShield", "raised the alert"))
        return entries.sorted { $0.0 > $1.0 }.map(\.1)
    }
}
