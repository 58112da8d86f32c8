import Foundation
import Hummingbird
import JSON
import NIOCore
import Postgres

/// | Method | Path                | Permission                                     |
/// |--------|---------------------|------------------------------------------------|
/// | GET    | `/api/health`       | everybody                                      |
/// | GET    | `/metrics`          | this machine, or DATASHIELD_METRICS_TOKEN      |
/// | GET    | `/api/openapi.json` | everybody                                      |
struct ServerRoutes {
    let system: SystemDatabase
    let telemetry: Telemetry
    let settings: Settings
    let version: String

    struct Health: Codable, Sendable, Equatable {
        /// `ok` or `unavailable`.
        var status: String
        /// `ok`, `unavailable` or `disk full`.
        var database: String
        var version: String
    }

    func add(to routes: Routes) {
        let api = routes.api
        api.respond(.get, "/api/health", .public, summary: "Whether the server and its database work", answers: Health.self) { _, context in
            do {
                try await askDatabase()
                return try .json(Health(status: "ok", database: "ok", version: version))
            } catch {
                context.logger.error("The database does not answer", metadata: ["error": "\(PostgresError.logText(of: error))"])
                let database = DiskFull.isMeant(by: error) ? "disk full" : "unavailable"
                return try .json(Health(status: "unavailable", database: database, version: version), status: .serviceUnavailable)
            }
        }
        api.respond(.get, "/metrics", .public, summary: "Numbers for Prometheus", answerType: "text/plain") { request, context in
            guard isAllowed(request, context) else { throw HTTPFailure.notFound }
            let text = await telemetry.text()
            return Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: .init(byteBuffer: ByteBuffer(string: text)))
        }
        // The route that shows the document is in it, too.
        let shown = DocumentBox()
        api.respond(.get, "/api/openapi.json", .public, summary: "This document", answers: JSONValue.self) { _, _ in
            Response(
                status: .ok, headers: [.contentType: "application/json; charset=utf-8", .cacheControl: "no-cache"],
                body: .init(byteBuffer: shown.document))
        }
        let document = OpenAPI(
            routes: routes.registered, version: version, sessionCookie: SessionCookie(isSecure: settings.isHTTPS).name
        ).document()
        // try?: texts and numbers always encode; a test reads the document.
        shown.document = ByteBuffer(bytes: (try? JSONWriter.bytes(document, capacity: 64 * 1024)) ?? [])
    }

    /// How long the database may take for a question that costs it nothing.
    private static let patience = Duration.seconds(5)

    private struct NoAnswer: Error, CustomStringConvertible {
        let description = "PostgreSQL did not answer within \(ServerRoutes.patience)"
    }

    /// Asks the database something. One that hangs is given up on after a while: whoever watches over us does not wait longer either.
    private func askDatabase() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await system.first("SELECT 1", as: Int.self) }
            group.addTask {
                try await Task.sleep(for: Self.patience)
                throw NoAnswer()
            }
            defer { group.cancelAll() }
            _ = try await group.next()
        }
    }

    private func isAllowed(_ request: Request, _ context: AppContext) -> Bool {
        if let token = settings.metricsToken, let given = request.headers[.authorization], given.hasPrefix("Bearer ") {
            return ConstantTime.equal(String(given.dropFirst(7)), token.value)
        }
        return context.isThisMachine(request)
    }
}

/// Holds what is made of the routes after the last of them was added.
/// @unchecked: written once, by `add`, before the first request is answered.
private final class DocumentBox: @unchecked Sendable {
    var document = ByteBuffer()
}
