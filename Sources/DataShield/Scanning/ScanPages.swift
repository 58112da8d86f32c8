import Foundation
import Hummingbird

/// | Method | Path          | Permission       |
/// |--------|---------------|------------------|
/// | GET    | `/scans`      | `scans:read`     |
/// | POST   | `/scans`      | `employees:scan` |
/// | GET    | `/scans/{id}` | `scans:read`     |
package struct ScanPages: Sendable {
    let pages: Pages
    let scans: Scans
    let companies: Companies
    let credentials: Credentials
    let now: Now

    package func add(to routes: PageRoutes) {
        routes.get("/scans", .permission(.scansRead), use: list)
        routes.post("/scans", .permission(.employeesScan), use: start)
        routes.get("/scans/{id}", .permission(.scansRead), use: show)
    }

    struct Query: Codable, Sendable {
        var cursor: String?
    }

    func list(_ request: Request, _ context: AppContext) async throws -> Response {
        let subject = try context.subject
        let cursor = try request.decodeQuery(Query.self).cursor
        let page = try await scans.list(cursor: cursor, limit: 20, for: subject)
        let company = try await companies.find(subject.company)
        let keys = try await credentials.list(for: subject)
        let clock = PageClock(now(), for: context.signedIn)
        let latest = page.items.first { !$0.status.isFinished }
        let cadence =
            company.scanIntervalMinutes.map { "A scan starts every \(Format.duration(seconds: $0 * 60))." }
            ?? "No schedule: scans start by hand."
        let hasUsable = keys.contains { $0.status != .error }
        let model = ScanListModel(
            subtitle: cadence + (company.lastScanAt.map { " The last one was \(clock.ago($0))." } ?? ""), isRunning: latest != nil,
            problem: hasUsable ? nil : "No source can be asked.",
            problemHint: hasUsable ? nil : keys.isEmpty ? "Add a key first." : "The source refuses the key. Replace it.",
            running: latest.map { ScanProgress($0, clock) }, rows: page.items.map { ScanListModel.Row($0, clock) }, hasRows: !page.items.isEmpty,
            pager: Pager(
                Format.count(page.items.count, "scan", "scans") + " on this page", path: "/scans", query: [], cursor: cursor, next: page.nextCursor))
        return pages.show("scans/list", model, Frame("Scans", in: .scans), for: request, context)
    }

    func start(_ request: Request, _ context: AppContext) async throws -> Response {
        do {
            let run = try await scans.start(by: try context.subject)
            return Pages.redirect(to: "/scans/\(run.id)")
        } catch let failure as Scans.Failure {
            return Pages.redirect(to: "/scans", .problem(failure.detail))
        }
    }

    func show(_ request: Request, _ context: AppContext) async throws -> Response {
        let run = ScanRun.Response(try await scans.find(try context.id(as: ScanRunID.self), for: try context.subject))
        let model = ScanModel(run, PageClock(now(), for: context.signedIn))
        return pages.show("scans/show", model, Frame("Scan of \(model.started)", in: .scans), for: request, context)
    }
}

extension ScanModel {
    init(_ run: ScanRun.Response, _ clock: PageClock) {
        started = clock.dateTime(run.startedAt ?? run.createdAt)
        subtitle =
            run.status.isFinished
            ? "The page of each person says what each source answered." : "You can leave this page. The scan goes on."
        self.run = ScanProgress(run, clock)
        facts = [
            Fact("Started", run.startedAt.map(clock.dateTime) ?? "Waiting to start"), Fact("By", run.trigger.label),
            Fact("Ended", run.finishedAt.map(clock.dateTime) ?? "Not yet"), Fact("Took", run.took ?? "Still going"),
            Fact("Not asked again (answer under 7 days old)", Format.count(run.providers.map(\.skipped).max() ?? 0, "person", "people")),
        ]
    }
}

extension ScanListModel.Row {
    init(_ run: ScanRun.Response, _ clock: PageClock) {
        url = "/scans/\(run.id)"
        started = clock.dateTime(run.startedAt ?? run.createdAt)
        status = run.status.badge
        by = run.trigger.label
        scanned = Format.count(run.scanned)
        total = Format.count(run.total)
        newRecords = Format.count(run.newRecords)
        newAlerts = Format.count(run.newAlerts)
        errors = Format.count(run.errors)
        took = run.took ?? ""
    }
}

extension ScanProgress {
    init(_ run: ScanRun.Response, _ clock: PageClock) {
        id = run.id.rawValue
        url = "/scans/\(run.id)"
        isRunning = !run.status.isFinished
        heading = isRunning ? "Scan under way" : "Result"
        status = run.status.badge
        progressText = "\(Format.count(run.scanned)) of \(Format.count(run.total, "person", "people"))"
        let left = run.providers.compactMap(\.secondsLeft).max() ?? 0
        leftText = isRunning && left > 0 ? "about \(Format.duration(seconds: left)) left" : ""
        maximum = String(max(1, run.total))
        value = String(run.scanned)
        newRecords = Format.count(run.newRecords)
        newAlerts = Format.count(run.newAlerts)
        errors = Format.count(run.errors)
        error = run.errorMessage
        providers = run.providers.map { provider in
            Provider(
                id: provider.provider.rawValue, name: provider.provider.displayName, requests: Format.count(provider.requests),
                hits: Format.count(provider.hits), errors: Format.count(provider.errors),
                left: run.status.isFinished ? "" : provider.secondsLeft.map { Format.duration(seconds: $0) } ?? "", problem: provider.message)
        }
    }
}

extension ScanRun.Response {
    fileprivate var took: String? {
        guard let startedAt, let finishedAt else { return nil }
        return Format.duration(seconds: Int(finishedAt.timeIntervalSince(startedAt).rounded()))
    }
}

extension ScanTrigger {
    fileprivate var label: String {
        switch self {
        case .manual: "A user"
        case .schedule: "The schedule"
        case .command: "A command"
        }
    }
}

extension WorkStatus {
    package var badge: Badge {
        switch self {
        case .pending: Badge("Waiting", .neutral, icon: "clock")
        case .running: Badge("Running", .accent, icon: "refresh")
        case .succeeded: Badge("Done", .good, icon: "check-circle")
        case .failed: Badge("Failed", .critical, icon: "x-circle")
        }
    }
}
