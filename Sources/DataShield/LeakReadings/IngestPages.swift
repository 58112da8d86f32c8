import Foundation
import Hummingbird
import LeakFiles

/// | Method | Path           | Permission      |
/// |--------|----------------|-----------------|
/// | GET    | `/ingest`      | `machines:read` |
/// | POST   | `/ingest`      | `leaks:ingest`  |
/// | GET    | `/ingest/{id}` | `machines:read` |
package struct IngestPages: Sendable {
    let pages: Pages
    let ingests: Ingests
    let now: Now

    package func add(to routes: PageRoutes) {
        routes.get("/ingest", .permission(.machinesRead)) { request, context in try await page(request, context) }
        routes.post("/ingest", .permission(.leaksIngest), use: upload)
        routes.get("/ingest/{id}", .permission(.machinesRead), use: show)
    }

    struct Query: Codable, Sendable {
        var cursor: String?
    }

    private func page(_ request: Request, _ context: AppContext, problem: (any FeatureError)? = nil) async throws -> Response {
        let subject = try context.subject
        let cursor = problem == nil ? try request.decodeQuery(Query.self).cursor : nil
        let page = try await ingests.list(cursor: cursor, limit: 20, for: subject)
        let clock = PageClock(now(), for: context.signedIn)
        let model = IngestListModel(
            formError: problem?.detail, limit: "\(Ingests.uploadLimit >> 20) MB", rows: page.items.map { .init(IngestRun.Response($0), clock) },
            hasRows: !page.items.isEmpty, mayIngest: subject.may(.leaksIngest),
            pager: Pager(
                Format.count(page.items.count, "reading", "readings") + " on this page", path: "/ingest", query: [], cursor: cursor,
                next: page.nextCursor))
        return pages.show("ingest/list", model, Frame("Leak files", in: .leakFiles, status: problem?.status ?? .ok), for: request, context)
    }

    func upload(_ request: Request, _ context: AppContext) async throws -> Response {
        let subject = try context.subject
        do {
            context.allow(bodyTime: Ingests.uploadTime)
            let file = try UploadedFile(request, types: Ingests.uploadTypes, limit: Ingests.uploadLimit)
            let run = try await ingests.upload(file, announced: file.announced, LeakSource.named(file.fileName), by: subject)
            return Pages.redirect(to: "/ingest/\(run.id)")
        } catch let failure as any FeatureError {
            return try await page(request, context, problem: failure)
        }
    }

    func show(_ request: Request, _ context: AppContext) async throws -> Response {
        let subject = try context.subject
        let run = IngestRun.Response(try await ingests.find(try context.id(as: IngestRunID.self), for: subject))
        let model = IngestModel(run, mayTrace: subject.may(.machinesTrace), PageClock(now(), for: context.signedIn))
        return pages.show("ingest/show", model, Frame(run.name, in: .leakFiles), for: request, context)
    }
}

extension IngestRun.Response {
    /// Parts that were not read may hold anything: such a reading is not simply done.
    fileprivate var badge: Badge {
        guard status == .succeeded, report.skippedCount > 0 else { return status.badge }
        return Badge("Done, \(Format.count(report.skippedCount, "part", "parts")) not read", .medium, icon: "warning")
    }
}

/// Readings, `ingest/list`.
struct IngestListModel: Sendable {
    var formError: String?
    var limit: String
    var rows: [Row]
    var hasRows: Bool
    var mayIngest: Bool
    var pager: Pager?

    struct Row: Sendable {
        var url: String
        var name: String
        var started: String
        var status: Badge
        var size: String
        var matches: String
        var newRecords: String
        var newAlerts: String
        var machines: String

        init(_ run: IngestRun.Response, _ clock: PageClock) {
            url = "/ingest/\(run.id)"
            name = run.name
            started = clock.ago(run.createdAt)
            status = run.badge
            size = ByteText.of(run.report.bytes)
            matches = Format.count(run.report.matches)
            newRecords = Format.count(run.report.newRecords)
            newAlerts = Format.count(run.report.newAlerts)
            machines = Format.count(run.report.machines)
        }
    }
}

/// One reading, `ingest/show`.
struct IngestModel: Sendable {
    var id: String
    var url: String
    var name: String
    var subtitle: String
    /// Where what was found is.
    var links: [Link]
    var isRunning: Bool
    var status: Badge
    var progressText: String
    var leftText: String
    var maximum: String
    var value: String
    var tiles: [Tile]
    var error: String?
    var facts: [Fact]
    var unread: Unread?
    var skipped: [Skipped]
    var hasSkipped: Bool
    var skippedNote: String

    /// A number that changes while the reading goes on.
    struct Tile: Sendable {
        var field: String
        var label: String
        var value: String
    }

    struct Link: Sendable {
        var text: String
        var url: String
    }

    /// Lines that were not understood.
    struct Unread: Sendable {
        var text: String
        /// The people whom they are about; nil for readings of before that was kept, and where there are too many files.
        var url: String?
    }

    struct Skipped: Sendable {
        var path: String
        var offset: String
        var reason: String
    }

    /// - Parameter mayTrace: whether the report says where in files the parts are that were passed over.
    init(_ run: IngestRun.Response, mayTrace: Bool, _ clock: PageClock) {
        let report = run.report
        id = run.id.rawValue
        url = "/ingest/\(run.id)"
        name = run.name
        isRunning = !run.status.isFinished
        status = run.badge
        subtitle =
            isRunning
            ? "You can leave this page. Reading goes on, and the file is not kept afterwards." : "The file was not kept."
        links =
            isRunning
            ? []
            : [
                Link(text: Format.count(report.newAlerts, "new alert", "new alerts"), url: "/alerts?view=all"),
                Link(text: Format.count(report.machines, "machine", "machines"), url: "/machines"),
            ]
        progressText =
            report.bytesTotal > 0 && isRunning ? "\(ByteText.of(report.bytes)) of \(ByteText.of(report.bytesTotal))" : ByteText.of(report.bytes)
        leftText = run.secondsLeft.map { "about \(Format.duration(seconds: $0)) left" } ?? ""
        maximum = String(max(1, report.bytesTotal))
        value = String(run.status.isFinished ? max(1, report.bytesTotal) : report.bytes)
        tiles = [
            Tile(field: "matches", label: "Matches", value: Format.count(report.matches)),
            Tile(field: "newRecords", label: "New records", value: Format.count(report.newRecords)),
            Tile(field: "newAlerts", label: "New alerts", value: Format.count(report.newAlerts)),
            Tile(field: "newCredentials", label: "New credentials", value: Format.count(report.newCredentials)),
            Tile(field: "machines", label: "Infected machines", value: Format.count(report.machines)),
        ]
        error = run.errorMessage
        facts = [
            Fact("Started", clock.dateTime(run.createdAt)), Fact("Ended", run.finishedAt.map(clock.dateTime) ?? "Not yet"),
            Fact("Files", Format.count(report.files)),
            Fact("Already read", Format.count(report.knownFiles)), Fact("Lines", Format.count(report.lines)),
            Fact("Findings about your people", Format.count(report.findings)),
            Fact(
                "Not searched",
                report.passedOver.map { "\(Format.count($0, "file", "files")) that hold no logins: pictures, programs, histories" } ?? "none"),
        ]
        // Of what took a moment, a rate says nothing.
        if report.seconds > 10, let rate = run.bytesPerSecond { facts.append(Fact("Speed", "\(ByteText.of(rate)) a second")) }
        unread = report.unreadText.map { text in
            Unread(text: text, url: (report.unreadFiles ?? []).isEmpty ? nil : "/employees?unreadIn=\(run.id)")
        }
        if let text = report.leftOutText { facts.append(Fact("Credentials not kept", text)) }
        skipped = report.skipped.map { Skipped(path: $0.path, offset: Format.count(Int(clamping: $0.offset)), reason: $0.reason) }
        hasSkipped = !skipped.isEmpty
        let parts = Format.count(report.skippedCount, "part", "parts")
        if !mayTrace {
            skippedNote = "\(parts); only administrators see which"
        } else {
            skippedNote = report.skippedCount > skipped.count ? "the first \(skipped.count) of \(Format.count(report.skippedCount))" : parts
        }
    }
}

/// Numbers of bytes for people.
package enum ByteText {
    package static func of(_ bytes: Int) -> String {
        let units = ["bytes", "kB", "MB", "GB", "TB"]
        var value = Double(bytes)
        var unit = 0
        while value >= 1000, unit < units.count - 1 {
            value /= 1000
            unit += 1
        }
        return unit == 0 || value >= 100 ? "\(Int(value.rounded())) \(units[unit])" : "\((value * 10).rounded() / 10) \(units[unit])"
    }
}
