import Foundation
import Hummingbird

/// | Method | Path                              | Permission          |
/// |--------|-----------------------------------|---------------------|
/// | GET    | `/api/directory`                  | `directory:read`    |
/// | POST   | `/api/directory`                  | `connectors:manage` |
/// | PATCH  | `/api/directory/{id}`             | `connectors:manage` |
/// | DELETE | `/api/directory/{id}`             | `connectors:manage` |
/// | POST   | `/api/directory/preview`          | `connectors:manage` |
/// | POST   | `/api/directory/{id}/test`        | `connectors:manage` |
/// | POST   | `/api/directory/{id}/sync`        | `connectors:manage` |
/// | GET    | `/api/directory/{id}/jobs`        | `directory:read`    |
/// | GET    | `/api/directory/jobs/{id}`        | `directory:read`    |
/// | GET    | `/api/directory/jobs/{id}/events` | `directory:read`    |
/// | GET    | `/api/directory/{id}/refusals`    | `directory:read`    |
/// | POST   | `/api/directory/{id}/token`       | `connectors:manage` |
/// | POST   | `/api/directory/{id}/token/revoke` | `connectors:manage` |
package struct DirectoryRoutes: Sendable {
    private let directories: Directories
    private let tokens: SCIMTokens
    private let refusals: SCIMRefusals

    package init(directories: Directories, tokens: SCIMTokens, refusals: SCIMRefusals) {
        self.directories = directories
        self.tokens = tokens
        self.refusals = refusals
    }

    package func add(to api: APIRoutes) {
        api.get(
            "/api/directory", .permission(.directoryRead), summary: "The directories that people come from", answers: Page<DirectoryResponse>.self,
            use: list)
        api.post(
            "/api/directory", .permission(.connectorsManage), summary: "Connect a directory", body: NewDirectory.self,
            answers: DirectoryResponse.self, status: .created, use: create)
        api.patch(
            "/api/directory/{id}", .permission(.connectorsManage), summary: "Change a directory's name, interval or settings",
            body: DirectoryChange.self, answers: DirectoryResponse.self, use: change)
        api.delete("/api/directory/{id}", .permission(.connectorsManage), summary: "Remove a directory; its people stay", use: remove)
        api.post(
            "/api/directory/preview", .permission(.connectorsManage), summary: "Try settings that are not saved, and see the first people",
            body: Preview.self, answers: DirectoryTrialResponse.self, use: preview)
        api.post(
            "/api/directory/{id}/test", .permission(.connectorsManage), summary: "Try a directory", answers: DirectoryTrialResponse.self, use: test)
        api.on(
            .post, "/api/directory/{id}/sync", .permission(.connectorsManage), summary: "Fetch a directory's people", query: SyncRequest.self,
            answers: SyncRunResponse.self, status: .accepted, use: sync)
        api.get(
            "/api/directory/{id}/jobs", .permission(.directoryRead), summary: "A directory's syncs, the latest first", query: ListQuery.self,
            answers: Page<SyncRunResponse>.self, use: jobs)
        api.get(
            "/api/directory/jobs/{id}", .permission(.directoryRead), summary: "A sync, with whom it added, changed and took off",
            answers: SyncRunDetail.self, use: job)
        api.respond(
            .get, "/api/directory/jobs/{id}/events", .permission(.directoryRead),
            summary: "A sync as it goes on: server-sent events `progress`, then `finished`", answerType: "text/event-stream", use: events)
        api.get(
            "/api/directory/{id}/refusals", .permission(.directoryRead),
            summary: "Refused calls of a SCIM directory, and names that were passed over, the last one first: the latest hundred of each",
            answers: Page<SCIMRefusalResponse>.self, use: refusedCalls)
        api.post(
            "/api/directory/{id}/token", .permission(.connectorsManage),
            summary: "A new token for a SCIM directory, shown once; the old one stays valid until it is revoked", answers: NewToken.self,
            status: .created, use: rotateToken)
        api.respond(
            .post, "/api/directory/{id}/token/revoke", .permission(.connectorsManage), summary: "Revoke the old token of a SCIM directory",
            status: .noContent, use: revokeToken)
    }

    struct NewDirectory: Codable, Sendable {
        var type: DirectoryType
        var name: String?
        /// By field name; which there are depends on the type.
        var config: [String: String]?
        var autoSyncIntervalMinutes: Int?
    }

    struct DirectoryChange: Codable, Sendable {
        var name: String?
        /// 0 for: only when somebody asks.
        var autoSyncIntervalMinutes: Int?
        /// All fields; secrets that are left out stay as they are.
        var config: [String: String]?
    }

    struct Preview: Codable, Sendable {
        var type: DirectoryType
        var config: [String: String]
    }

    struct SyncRequest: Codable, Sendable {
        /// More than half of the people may go.
        var acceptDepartures: Bool?
    }

    /// A token that was made, and where the directory shows it.
    struct NewToken: Codable, Sendable {
        var endpoint: String
        /// Only in this answer.
        var bearerToken: String
        /// Whether the one before is good as well.
        var isFormerTokenGood: Bool
    }

    struct ListQuery: Codable, Sendable {
        var cursor: String?
        var limit: Int?
    }

    func list(_ request: Request, _ context: AppContext) async throws -> Page<DirectoryResponse> {
        let all = try await directories.list(for: try context.subject)
        let items = all.map { overview in
            let connection = overview.connection
            return DirectoryResponse(
                connection, people: overview.people, lastRun: overview.lastRun,
                endpoint: connection.type == .scim ? tokens.endpoint(of: connection.id) : nil)
        }
        return Page(items: items, nextCursor: nil)
    }

    func create(_ request: Request, _ context: AppContext, _ body: NewDirectory) async throws -> DirectoryResponse {
        let subject = try context.subject
        if body.type == .scim {
            guard (body.config ?? [:]).isEmpty else { throw InvalidInput("config", "has no fields: a SCIM directory pushes its people to us.") }
            let (token, hash) = SCIMTokens.makeToken()
            let connection = try await directories.addPushed(name: body.name ?? "", tokenHash: hash, by: subject)
            return DirectoryResponse(connection, endpoint: tokens.endpoint(of: connection.id), bearerToken: token)
        }
        return DirectoryResponse(
            try await directories.add(
                body.type, name: body.name ?? "", body.config ?? [:], autoSyncIntervalMinutes: body.autoSyncIntervalMinutes, by: subject))
    }

    func change(_ request: Request, _ context: AppContext, _ body: DirectoryChange) async throws -> DirectoryResponse {
        let subject = try context.subject
        var change = Directories.Change(name: body.name, configuration: body.config)
        if let interval = body.autoSyncIntervalMinutes {
            change.setsInterval = true
            change.autoSyncIntervalMinutes = interval == 0 ? nil : interval
        }
        return DirectoryResponse(try await directories.change(try context.id(as: DirectoryConnectionID.self), change, by: subject))
    }

    func remove(_ request: Request, _ context: AppContext) async throws {
        try await directories.remove(try context.id(as: DirectoryConnectionID.self), by: try context.subject)
    }

    func preview(_ request: Request, _ context: AppContext, _ body: Preview) async throws -> DirectoryTrialResponse {
        DirectoryTrialResponse(try await directories.preview(body.type, body.config, for: try context.subject))
    }

    func test(_ request: Request, _ context: AppContext) async throws -> DirectoryTrialResponse {
        DirectoryTrialResponse(
            try await directories.test(try context.id(as: DirectoryConnectionID.self), by: try context.subject))
    }

    func sync(_ request: Request, _ context: AppContext, _ body: SyncRequest) async throws -> SyncRunResponse {
        SyncRunResponse(
            try await directories.sync(
                try context.id(as: DirectoryConnectionID.self), acceptsDepartures: body.acceptDepartures ?? false,
                by: try context.subject))
    }

    func jobs(_ request: Request, _ context: AppContext, _ query: ListQuery) async throws -> Page<SyncRunResponse> {
        try await directories.runs(
            of: try context.id(as: DirectoryConnectionID.self), cursor: query.cursor, limit: query.limit,
            for: try context.subject)
    }

    func job(_ request: Request, _ context: AppContext) async throws -> SyncRunDetail {
        let (id, subject) = (try context.id(as: SyncRunID.self), try context.subject)
        return SyncRunDetail(
            run: SyncRunResponse(try await directories.run(id, for: subject)), samples: try await directories.samples(of: id, for: subject))
    }

    func refusedCalls(_ request: Request, _ context: AppContext) async throws -> Page<SCIMRefusalResponse> {
        let (id, subject) = (try context.id(as: DirectoryConnectionID.self), try context.subject)
        // One that is not there has had no calls either, and is told so.
        _ = try await directories.find(id, for: subject)
        return Page(items: try await refusals.list(of: id, for: subject).map { SCIMRefusalResponse($0) }, nextCursor: nil)
    }

    func rotateToken(_ request: Request, _ context: AppContext) async throws -> NewToken {
        let (id, subject) = (try context.id(as: DirectoryConnectionID.self), try context.subject)
        let token = try await tokens.rotate(id, by: subject)
        return NewToken(endpoint: tokens.endpoint(of: id), bearerToken: token, isFormerTokenGood: try await tokens.hasFormer(id, for: subject))
    }

    func revokeToken(_ request: Request, _ context: AppContext) async throws -> Response {
        try await tokens.revokePrevious(try context.id(as: DirectoryConnectionID.self), by: try context.subject)
        return Response(status: .noContent)
    }

    /// Ends with the sync, when the client goes, and when the program stops.
    func events(_ request: Request, _ context: AppContext) async throws -> Response {
        let (id, subject) = (try context.id(as: SyncRunID.self), try context.subject)
        // Whoever may not see it is told so before anything else.
        let first = try await directories.run(id, for: subject)
        let directories = directories
        return ServerSentEvents.following(first, in: context, isFinished: { $0.status.isFinished }) {
            try await directories.run(id, for: subject)
        } data: {
            try JSONCoding.encode(SyncRunResponse($0))
        }
    }
}
