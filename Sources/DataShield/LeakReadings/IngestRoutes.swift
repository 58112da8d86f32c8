import Foundation
import Hummingbird
import LeakFiles
import Scalars

/// | Method | Path                      | Permission      |
/// |--------|---------------------------|-----------------|
/// | GET    | `/api/ingest`             | `machines:read` |
/// | POST   | `/api/ingest`             | `leaks:ingest`  |
/// | GET    | `/api/ingest/{id}`        | `machines:read` |
/// | GET    | `/api/ingest/{id}/events` | `machines:read` |
package struct IngestRoutes: Sendable {
    private let ingests: Ingests

    package init(ingests: Ingests) { self.ingests = ingests }

    package func add(to api: APIRoutes) {
        api.get(
            "/api/ingest", .permission(.machinesRead), summary: "Readings of leak files, the latest first", query: ListQuery.self,
            answers: Page<IngestRun.Response>.self, use: list)
        api.respond(
            .post, "/api/ingest", .permission(.leaksIngest),
            summary: "Look for the company's people in a leak file or stealer-log archive; the file is read in memory and never kept",
            query: UploadQuery.self, bodyType: "application/octet-stream", limit: Ingests.uploadLimit, answers: IngestRun.Response.self,
            status: .accepted, use: upload)
        api.get("/api/ingest/{id}", .permission(.machinesRead), summary: "One reading", answers: IngestRun.Response.self, use: find)
        api.respond(
            .get, "/api/ingest/{id}/events", .permission(.machinesRead),
            summary: "A reading as it goes on: server-sent events `progress`, then `finished`", answerType: "text/event-stream", use: events)
    }

    struct ListQuery: Codable, Sendable {
        var cursor: String?
        var limit: Int?
    }

    struct UploadQuery: Codable, Sendable, BoundedFields {
        static let bounds: [String: FieldBound] = ["breach": .length(0...120), "date": .day]

        /// The file's name, which says something of its shape.
        var fileName: String?
        /// How the breach is called, where that is known.
        var breach: String?
        /// The day of the breach.
        var date: String?
    }

    func list(_ request: Request, _ context: AppContext, _ query: ListQuery) async throws -> Page<IngestRun.Response> {
        let page = try await ingests.list(cursor: query.cursor, limit: query.limit, for: try context.subject)
        return Page(items: page.items.map { IngestRun.Response($0) }, nextCursor: page.nextCursor)
    }

    func upload(_ request: Request, _ context: AppContext) async throws -> Response {
        let subject = try context.subject
        let query = try request.decodeQuery(UploadQuery.self)
        context.allow(bodyTime: Ingests.uploadTime)
        let file = try UploadedFile(request, types: Ingests.uploadTypes, limit: Ingests.uploadLimit)
        let source = try LeakSource.checked(name: query.breach, date: query.date, fileName: query.fileName)
        let run = try await ingests.upload(
            file, announced: file.announced,
            source.fileName.isEmpty ? LeakSource(name: source.name, date: source.date, fileName: LeakSource.named(file.fileName).fileName) : source,
            by: subject)
        return try .json(IngestRun.Response(run), status: .accepted)
    }

    func find(_ request: Request, _ context: AppContext) async throws -> IngestRun.Response {
        IngestRun.Response(try await ingests.find(try context.id(as: IngestRunID.self), for: try context.subject))
    }

    func events(_ request: Request, _ context: AppContext) async throws -> Response {
        let subject = try context.subject
        let id = try context.id(as: IngestRunID.self)
        // Whoever may not see it is told so before anything else.
        let first = try await ingests.find(id, for: subject)
        let ingests = ingests
        return ServerSentEvents.following(first, in: context, isFinished: { $0.status.isFinished }) {
            try await ingests.find(id, for: subject)
        } data: {
            try JSONCoding.encode(IngestRun.Response($0))
        }
    }
}

extension LeakSource {
    /// A file of which only the name is known.
    static func named(_ fileName: String?) -> LeakSource {
        LeakSource(fileName: PlainText.oneLine(String((fileName ?? "").beginning(200))))
    }

    /// What a user says of a file.
    /// - Throws: ``InvalidInput`` naming what cannot be so.
    package static func checked(name: String?, date: String?, fileName: String?) throws -> LeakSource {
        let name = name.map { PlainText.oneLine($0) }.flatMap { $0.isEmpty ? nil : $0 }
        guard (name ?? "").hasAtMost(120) else { throw InvalidInput("breach", "must be at most 120 characters.") }
        var day: Date?
        if let date, !date.isEmpty {
            day = BreachDate.day(date)
            if day == nil { throw InvalidInput("date", "must be a day such as 2024-06-05.") }
        }
        return LeakSource(name: name, date: day, fileName: named(fileName).fileName)
    }
}

extension IngestRun {
    /// A reading as the API answers it.
    package struct Response: Codable, Sendable, Hashable {
        package var id: IngestRunID
        package var status: WorkStatus
        package var trigger: Trigger
        package var name: String
        /// From 0 to 100; null while it is not known how much there is.
        package var percent: Int?
        package var bytesPerSecond: Int?
        package var secondsLeft: Int?
        package var report: IngestReport
        package var errorMessage: String?
        package var createdAt: Date
        package var finishedAt: Date?

        package init(_ run: IngestRun) {
            id = run.id
            status = run.status
            trigger = run.trigger
            name = run.name
            percent = run.status.isFinished ? 100 : run.report.percent
            bytesPerSecond = run.report.bytesPerSecond.map { Int($0) }
            secondsLeft = run.status.isFinished ? nil : run.report.secondsLeft
            report = run.report
            errorMessage = run.errorMessage
            createdAt = run.createdAt
            finishedAt = run.finishedAt
        }
    }
}
