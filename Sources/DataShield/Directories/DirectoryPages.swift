import Foundation
import Hummingbird

/// | Method | Path                        | Permission          |
/// |--------|-----------------------------|---------------------|
/// | GET    | `/directories`              | `directory:read`    |
/// | GET    | `/directories/new`          | `connectors:manage` |
/// | GET    | `/directories/new/{type}`   | `connectors:manage` |
/// | POST   | `/directories/new/{type}`   | `connectors:manage` |
/// | GET    | `/directories/jobs`         | `directory:read`    |
/// | GET    | `/directories/jobs/{id}`    | `directory:read`    |
/// | GET    | `/directories/{id}`         | `directory:read`    |
/// | GET    | `/directories/{id}/edit`    | `connectors:manage` |
/// | POST   | `/directories/{id}/edit`    | `connectors:manage` |
/// | POST   | `/directories/{id}/sync`    | `connectors:manage` |
/// | POST   | `/directories/{id}/test`    | `connectors:manage` |
/// | POST   | `/directories/{id}/delete`  | `connectors:manage` |
/// | POST   | `/directories/{id}/token`   | `connectors:manage` |
/// | POST   | `/directories/{id}/token/revoke` | `connectors:manage` |
package struct DirectoryPages: Sendable {
    let pages: Pages
    let directories: Directories
    let tokens: SCIMTokens
    let scim: SCIMDirectory
    let refusals: SCIMRefusals
    let now: Now

    package func add(to routes: PageRoutes) {
        routes.get("/directories", .permission(.directoryRead), use: list)
        routes.get("/directories/new", .permission(.connectorsManage), use: choose)
        routes.get("/directories/new/{type}", .permission(.connectorsManage), use: new)
        routes.post("/directories/new/{type}", .permission(.connectorsManage), use: connect)
        routes.get("/directories/jobs", .permission(.directoryRead), use: jobs)
        routes.get("/directories/jobs/{id}", .permission(.directoryRead), use: job)
        routes.get("/directories/{id}", .permission(.directoryRead), use: show)
        routes.get("/directories/{id}/edit", .permission(.connectorsManage), use: edit)
        routes.post("/directories/{id}/edit", .permission(.connectorsManage), use: change)
        routes.post("/directories/{id}/sync", .permission(.connectorsManage), use: sync)
        routes.post("/directories/{id}/test", .permission(.connectorsManage), use: test)
        routes.post("/directories/{id}/delete", .permission(.connectorsManage), use: remove)
        routes.post("/directories/{id}/token", .permission(.connectorsManage), use: rotateToken)
        routes.post("/directories/{id}/token/revoke", .permission(.connectorsManage), use: revokeToken)
    }

    struct ListQuery: Codable, Sendable {
        var cursor: String?
    }

    // MARK: Looking

    func list(_ request: Request, _ context: AppContext) async throws -> Response {
        let subject = try context.subject
        let clock = PageClock(now(), for: context.signedIn)
        let cards = try await directories.list(for: subject).map { DirectoryListModel.Card($0, clock) }
        let model = DirectoryListModel(cards: cards, hasCards: !cards.isEmpty, mayConnect: subject.may(.connectorsManage))
        return pages.show("directories/list", model, Frame("Directories", in: .directories), for: request, context)
    }

    func show(_ request: Request, _ context: AppContext) async throws -> Response {
        let cursor = try request.decodeQuery(ListQuery.self).cursor
        return try await page(of: try context.id(as: DirectoryConnectionID.self), cursor: cursor, request, context)
    }

    /// - Parameter token: of a SCIM connection, right after it was made.
    func page(
        of id: DirectoryConnectionID, cursor: String? = nil, token: String? = nil, _ request: Request, _ context: AppContext
    ) async throws -> Response {
        let subject = try context.subject
        guard let overview = try await directories.list(for: subject).first(where: { $0.connection.id == id }) else {
            throw Directories.Failure.notFound
        }
        let runs = try await directories.runs(of: id, cursor: cursor, limit: 20, for: subject)
        let clock = PageClock(now(), for: context.signedIn)
        let connection = overview.connection
        let card = DirectoryListModel.Card(overview, clock)
        let push = connection.type == .scim ? try await pushed(overview, token: token, clock, for: subject) : nil
        let model = DirectoryModel(
            id: id.rawValue, url: card.url, name: connection.name, type: card.type, status: card.status, error: card.error, warnings: card.warnings,
            facts: [
                Fact("People", card.people), Fact("Last sync", card.lastSync),
                Fact("Last full sync", connection.lastFullSyncAt.map(clock.ago) ?? "never"), Fact("Automatic sync", card.interval),
                Fact("Connected", clock.dateTime(connection.createdAt)),
            ] + (push?.facts ?? []),
            mayConnect: subject.may(.connectorsManage), isAsked: card.isAsked, isSyncing: card.isSyncing,
            mayAccept: subject.may(.connectorsManage) && overview.lastRun?.needsAcceptance == true,
            rows: runs.items.map { SyncRowModel($0, clock) }, hasRuns: !runs.items.isEmpty,
            pager: Pager(
                Format.count(runs.items.count, "sync", "syncs") + " on this page", path: card.url, query: [], cursor: cursor, next: runs.nextCursor),
            push: push)
        return pages.show("directories/show", model, Frame(connection.name, in: .directories), for: request, context)
    }

    func jobs(_ request: Request, _ context: AppContext) async throws -> Response {
        let subject = try context.subject
        let cursor = try request.decodeQuery(ListQuery.self).cursor
        let page = try await directories.runs(of: nil, cursor: cursor, limit: 20, for: subject)
        let names = try await directories.list(for: subject).reduce(into: [:]) { $0[$1.connection.id] = $1.connection.name }
        let clock = PageClock(now(), for: context.signedIn)
        let model = SyncListModel(
            rows: page.items.map { SyncRowModel($0, directory: names[$0.connectionId] ?? "", clock) }, hasRows: !page.items.isEmpty,
            pager: Pager(
                Format.count(page.items.count, "sync", "syncs") + " on this page", path: "/directories/jobs", query: [], cursor: cursor,
                next: page.nextCursor))
        return pages.show("directories/jobs", model, Frame("Syncs", in: .directories), for: request, context)
    }

    func job(_ request: Request, _ context: AppContext) async throws -> Response {
        let (subject, id) = (try context.subject, try context.id(as: SyncRunID.self))
        let run = try await directories.run(id, for: subject)
        let name = try await directories.find(run.connection, for: subject).name
        let model = SyncModel(
            SyncRunResponse(run), try await directories.samples(of: id, for: subject), directory: name, PageClock(now(), for: context.signedIn))
        return pages.show("directories/job", model, Frame("Sync of \(name)", in: .directories), for: request, context)
    }

    // MARK: Connecting

    func choose(_ request: Request, _ context: AppContext) async throws -> Response {
        _ = try context.subject
        var kinds = DirectoryRegistry.all.map { type in
            DirectoryChoiceModel.Kind(
                url: "/directories/new/\(type.kind.type.rawValue)", name: type.kind.type.displayName, about: type.kind.about)
        }
        kinds.append(Self.pushed)
        kinds.sort { $0.name < $1.name }
        return pages.show(
            "directories/choose", DirectoryChoiceModel(kinds: kinds), Frame("Connect a directory", in: .directories, isNarrow: true), for: request,
            context)
    }

    func new(_ request: Request, _ context: AppContext) async throws -> Response {
        _ = try context.subject
        if Self.isPushed(context) { return pushedForm(Entered(), for: request, context) }
        return form(try Self.kind(in: context), Entered(), for: request, context)
    }

    /// What was typed into the form, and what became of it.
    struct Entered {
        var values: [String: String] = [:]
        var errors: [FieldError] = []
        var formError: String?
        var draft: String?
        var trial: Directories.Trial?
        var status = HTTPResponse.Status.ok
        /// nil for a new connection.
        var connection: DirectoryConnection?
        var shown: [String: String] = [:]
    }

    /// Tests or saves. What was typed stays in the form, secrets sealed.
    func connect(_ request: Request, _ context: AppContext) async throws -> Response {
        let subject = try context.subject
        if Self.isPushed(context) { return try await connectPushed(request, context) }
        let kind = try Self.kind(in: context)
        var entered = Entered(values: try await request.formTexts())
        let values = entered.values
        do {
            let input = try directories.completed(
                Self.input(values, of: kind), of: kind, draft: values["draft"], for: subject)
            entered.draft = try directories.draft(input, of: kind, for: subject)
            let trial = try await directories.preview(kind.type, input, for: subject)
            entered.trial = trial
            guard trial.isAccepted, values["action"] == "save" else {
                if !trial.isAccepted { Self.note(trial, in: &entered) }
                return form(kind, entered, for: request, context)
            }
            let connection = try await directories.add(
                kind.type, name: values["name"] ?? "", input, autoSyncIntervalMinutes: Self.interval(values["autoSyncIntervalMinutes"]), by: subject)
            let run = try await directories.sync(connection.id, by: subject)
            return Pages.redirect(to: "/directories/jobs/\(run.id)", .done("\(connection.name) is connected. Its people are being read."))
        } catch let failure as any FeatureError {
            entered.errors = failure.fields
            entered.formError = failure.fields.isEmpty ? failure.detail : nil
            entered.status = failure.status
            return form(kind, entered, for: request, context)
        }
    }

    func edit(_ request: Request, _ context: AppContext) async throws -> Response {
        let subject = try context.subject
        let connection = try await directories.find(try context.id(as: DirectoryConnectionID.self), for: subject)
        guard let kind = DirectoryRegistry.connector(for: connection.type)?.kind else { throw Directories.Failure.pushedByDirectory }
        var entered = Entered(connection: connection)
        do { entered.shown = try await directories.shownConfiguration(of: connection.id, for: subject) } catch Directories.Failure.unreadable {
            entered.formError = Directories.Failure.unreadable.detail
        }
        return form(kind, entered, for: request, context)
    }

    func change(_ request: Request, _ context: AppContext) async throws -> Response {
        let subject = try context.subject
        let connection = try await directories.find(try context.id(as: DirectoryConnectionID.self), for: subject)
        guard let kind = DirectoryRegistry.connector(for: connection.type)?.kind else { throw Directories.Failure.pushedByDirectory }
        var entered = Entered(values: try await request.formTexts(), connection: connection)
        let values = entered.values
        do {
            let input = try directories.completed(Self.input(values, of: kind), of: kind, draft: values["draft"], for: subject)
            entered.draft = try directories.draft(input, of: kind, for: subject)
            if values["action"] == "test" {
                let trial = try await directories.preview(kind.type, input, replacing: connection.id, for: subject)
                entered.trial = trial
                if !trial.isAccepted { Self.note(trial, in: &entered) }
                return form(kind, entered, for: request, context)
            }
            var change = Directories.Change(name: values["name"], configuration: input)
            change.setsInterval = true
            change.autoSyncIntervalMinutes = try Self.interval(values["autoSyncIntervalMinutes"])
            _ = try await directories.change(connection.id, change, by: subject)
            let trial = try await directories.test(connection.id, by: subject)
            return Pages.redirect(
                to: "/directories/\(connection.id)",
                trial.isAccepted ? .done("The settings are saved, and they work.") : .problem("The settings are saved, but: \(trial.error ?? "")"))
        } catch let failure as any FeatureError {
            entered.errors = failure.fields
            entered.formError = failure.fields.isEmpty ? failure.detail : nil
            entered.status = failure.status
            return form(kind, entered, for: request, context)
        }
    }

    // MARK: Buttons

    func sync(_ request: Request, _ context: AppContext) async throws -> Response {
        let id = try context.id(as: DirectoryConnectionID.self)
        let accepts = try await request.formTexts()["acceptDepartures"] == "true"
        do {
            let run = try await directories.sync(id, acceptsDepartures: accepts, by: try context.subject)
            return Pages.redirect(to: "/directories/jobs/\(run.id)")
        } catch let failure as Directories.Failure where failure != .notFound {
            return Pages.redirect(to: "/directories/\(id)", .problem(failure.detail))
        }
    }

    func test(_ request: Request, _ context: AppContext) async throws -> Response {
        let id = try context.id(as: DirectoryConnectionID.self)
        do {
            let trial = try await directories.test(id, by: try context.subject)
            let count = trial.userCount.map { ": \(Format.count($0, "person", "people"))" } ?? ""
            return Pages.redirect(
                to: "/directories/\(id)", trial.isAccepted ? .done("It works\(count).") : .problem(trial.error ?? "It does not work."))
        } catch let failure as Directories.Failure where failure != .notFound {
            return Pages.redirect(to: "/directories/\(id)", .problem(failure.detail))
        }
    }

    func remove(_ request: Request, _ context: AppContext) async throws -> Response {
        try await directories.remove(try context.id(as: DirectoryConnectionID.self), by: try context.subject)
        return Pages.redirect(to: "/directories", .done("The directory is removed. Its people stay on the list."))
    }

    // MARK: The form

    private static func kind(in context: AppContext) throws -> DirectoryKind {
        guard let type = context.parameters.get("type").flatMap({ DirectoryType(rawValue: $0) }),
            let kind = DirectoryRegistry.connector(for: type)?.kind
        else { throw Directories.Failure.notFound }
        return kind
    }

    private static func input(_ values: [String: String], of kind: DirectoryKind) -> [String: String] {
        values.filter { value in kind.fields.contains { $0.name == value.key } }
    }

    private static func interval(_ text: String?) throws -> Int? {
        guard let text, !text.isEmpty, text != "0" else { return nil }
        guard let minutes = Int(text) else { throw InvalidInput("autoSyncIntervalMinutes", "is a whole number of minutes.") }
        return minutes
    }

    private static func note(_ trial: Directories.Trial, in entered: inout Entered) {
        entered.status = .unprocessableContent
        if let field = trial.field, let error = trial.error {
            entered.errors = [FieldError(field: field, message: error)]
        } else {
            entered.formError = trial.error
        }
    }

    private static let intervals: [(value: String, label: String)] = [
        ("0", "Only by hand"), ("15", "Every 15 minutes"), ("60", "Every hour"), ("240", "Every 4 hours"), ("720", "Every 12 hours"),
        ("1440", "Every day"),
    ]

    private func form(_ kind: DirectoryKind, _ entered: Entered, for request: Request, _ context: AppContext) -> Response {
        let (values, connection) = (entered.values, entered.connection)
        let isNew = connection == nil
        let interval = values["autoSyncIntervalMinutes"] ?? (isNew ? "60" : String(connection?.autoSyncIntervalMinutes ?? 0))
        var intervals = Self.intervals
        if !intervals.contains(where: { $0.value == interval }), let minutes = Int(interval) {
            intervals.append((interval, "Every \(Format.duration(seconds: minutes * 60))"))
        }
        let keepsSecrets = !isNew || entered.draft != nil
        let model = DirectoryFormModel(
            heading: connection.map { "Settings of \($0.name)" } ?? "Connect \(kind.type.displayName)", directory: kind.type.displayName,
            crumb: connection?.name ?? kind.type.displayName, about: kind.about,
            action: connection.map { "/directories/\($0.id)/edit" } ?? "/directories/new/\(kind.type.rawValue)",
            steps: kind.steps.map { Line(text: $0) }, hasSteps: !kind.steps.isEmpty, formError: entered.formError,
            nameField: FormField(
                "name", "Name", value: values["name"] ?? connection?.name ?? kind.type.displayName, isRequired: true,
                hint: "The name on your pages.", error: entered.errors[field: "name"]),
            fields: kind.fields.filter { $0.choices.isEmpty }.map { field in
                FormField(field, entered, keepsSecrets: keepsSecrets)
            },
            choices: kind.fields.filter { !$0.choices.isEmpty }.map { field in
                Choice(
                    field.name, field.label, field.choices.map { ($0, $0) },
                    selected: values[field.name] ?? entered.shown[field.name] ?? field.standard, hint: field.hint,
                    error: entered.errors[field: field.name])
            },
            interval: Choice(
                "autoSyncIntervalMinutes", "Sync", intervals, selected: interval, error: entered.errors[field: "autoSyncIntervalMinutes"]),
            draft: entered.draft, trial: entered.trial.flatMap { $0.isAccepted ? DirectoryTrialModel($0) : nil }, isNew: isNew, isAsked: true,
            submit: isNew ? "Save and sync" : "Save", cancelURL: connection.map { "/directories/\($0.id)" } ?? "/directories/new")
        return pages.show(
            "directories/form", model, Frame(model.heading, in: .directories, isNarrow: true, status: entered.status), for: request, context)
    }
}

extension FormField {
    /// A field of a directory's settings. A secret is never put into the page.
    fileprivate init(_ field: DirectoryKind.Field, _ entered: DirectoryPages.Entered, keepsSecrets: Bool) {
        let isKept = field.isSecret && keepsSecrets
        self.init(
            field.name, field.label, type: field.isSecret ? "password" : "text",
            value: field.isSecret ? nil : entered.values[field.name] ?? entered.shown[field.name] ?? field.standard,
            autocomplete: field.isSecret ? "new-password" : "off", isRequired: !field.isOptional && !isKept, isOptional: field.isOptional,
            hint: isKept ? "Stored. Type only to replace it." : field.hint, error: entered.errors[field: field.name])
        isLong = field.isLong
    }
}

extension DirectoryListModel.Card {
    init(_ overview: Directories.Overview, _ clock: PageClock) {
        let connection = overview.connection
        id = connection.id.rawValue
        url = "/directories/\(connection.id)"
        name = connection.name
        type = connection.type.displayName
        // What works for all but some does not simply work.
        status =
            connection.status == .active && overview.skipped > 0
            ? Badge("Some not taken", .medium, icon: "warning") : connection.status.badge
        error = connection.errorMessage
        warnings = connection.warnings.map { Line(text: $0) }
        people = Format.count(overview.people, "active person", "active people")
        lastSync = connection.lastSyncAt.map(clock.ago) ?? "never"
        isAsked = connection.type != .scim
        let usual = connection.autoSyncIntervalMinutes.map { "every \(Format.duration(seconds: $0 * 60))" }
        interval =
            isAsked
            ? usual.map { connection.isSyncPaused ? "\($0), after the next test or sync that works" : $0 } ?? "only by hand"
            : "the directory sends changes"
        isSyncing = overview.lastRun.map { !$0.status.isFinished } ?? false
        lastRun = overview.lastRun.map { run in
            Link(
                url: "/directories/jobs/\(run.id)",
                text: run.status.isFinished
                    ? "Last sync: \(Format.count(run.added)) added, \(Format.count(run.changed)) changed, \(Format.count(run.deactivated)) deactivated"
                    : "A sync is under way: \(Format.count(run.listed, "person", "people")) read")
        }
    }
}
