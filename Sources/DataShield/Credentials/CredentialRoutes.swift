import Foundation
import Hummingbird

/// | Method | Path                         | Permission          |
/// |--------|------------------------------|---------------------|
/// | GET    | `/api/credentials`           | `credentials:read`  |
/// | POST   | `/api/credentials`           | `connectors:manage` |
/// | DELETE | `/api/credentials/{id}`      | `connectors:manage` |
/// | POST   | `/api/credentials/{id}/test` | `connectors:manage` |
package struct CredentialRoutes: Sendable {
    private let credentials: Credentials

    package init(credentials: Credentials) { self.credentials = credentials }

    package func add(to api: APIRoutes) {
        api.get(
            "/api/credentials", .permission(.credentialsRead), summary: "Keys of breach-intelligence services, without the keys",
            answers: Page<CredentialResponse>.self, use: list)
        api.post(
            "/api/credentials", .permission(.connectorsManage), summary: "Add or replace a provider's key", body: NewCredential.self,
            answers: CredentialResponse.self, status: .created, use: create)
        api.delete("/api/credentials/{id}", .permission(.connectorsManage), summary: "Remove a key", use: remove)
        api.post(
            "/api/credentials/{id}/test", .permission(.connectorsManage), summary: "Ask the provider whether a key is good",
            answers: CredentialTrialResponse.self, use: test)
    }

    struct NewCredential: Codable, Sendable {
        var provider: ApiProvider
        var label: String?
        var key: String
    }

    func list(_ request: Request, _ context: AppContext) async throws -> Page<CredentialResponse> {
        let subject = try context.require(.credentialsRead)
        return Page(items: try await credentials.list(for: subject).map { CredentialResponse($0) }, nextCursor: nil)
    }

    func create(_ request: Request, _ context: AppContext, _ body: NewCredential) async throws -> CredentialResponse {
        let subject = try context.require(.connectorsManage)
        return CredentialResponse(try await credentials.add(body.provider, label: body.label ?? "", key: body.key, by: subject))
    }

    func remove(_ request: Request, _ context: AppContext) async throws {
        let subject = try context.require(.connectorsManage)
        try await credentials.remove(try context.id(as: CredentialID.self), by: subject)
    }

    func test(_ request: Request, _ context: AppContext) async throws -> CredentialTrialResponse {
        let subject = try context.require(.connectorsManage)
        return CredentialTrialResponse(try await credentials.test(try context.id(as: CredentialID.self), by: subject))
    }
}

/// A key as the API answers it.
package struct CredentialResponse: Codable, Sendable, Hashable {
    package var id: CredentialID
    package var provider: ApiProvider
    package var label: String
    package var keyHint: String
    package var status: ConnectStatus
    package var lastUsedAt: Date?
    package var errorMessage: String?
    package var requestsPerMinute: Int?
    package var createdAt: Date

    init(_ credential: Credential) {
        id = credential.id
        provider = credential.provider
        label = credential.label
        keyHint = credential.keyHint
        status = credential.status
        lastUsedAt = credential.lastUsedAt
        errorMessage = credential.errorMessage
        requestsPerMinute = credential.requestsPerMinute
        createdAt = credential.createdAt
    }
}

/// What trying a key showed.
package struct CredentialTrialResponse: Codable, Sendable, Hashable {
    package var ok: Bool
    package var message: String
    package var credential: CredentialResponse

    init(_ trial: Credentials.Trial) {
        ok = trial.isAccepted
        message = trial.message
        credential = CredentialResponse(trial.credential)
    }
}
