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
    private let yields: Yields

    package init(credentials: Credentials, yields: Yields) {
        self.credentials = credentials
        self.yields = yields
    }

    package func add(to api: APIRoutes) {
        api.get(
            "/api/credentials", .permission(.credentialsRead),
            summary: "Keys of breach-intelligence services, without the keys: what is left, and what they found",
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
        let subject = try context.subject
        let yields = try await yields.all(for: subject)
        return Page(items: try await credentials.list(for: subject).map { CredentialResponse($0, yields[$0.provider]) }, nextCursor: nil)
    }

    func create(_ request: Request, _ context: AppContext, _ body: NewCredential) async throws -> CredentialResponse {
        let subject = try context.subject
        let credential = try await credentials.add(body.provider, label: body.label ?? "", key: body.key, by: subject)
        return CredentialResponse(credential, try await yields.all(for: subject)[body.provider])
    }

    func remove(_ request: Request, _ context: AppContext) async throws {
        let subject = try context.subject
        try await credentials.remove(try context.id(as: CredentialID.self), by: subject)
    }

    func test(_ request: Request, _ context: AppContext) async throws -> CredentialTrialResponse {
        let subject = try context.subject
        let trial = try await credentials.test(try context.id(as: CredentialID.self), by: subject)
        return CredentialTrialResponse(trial, try await yields.all(for: subject)[trial.credential.provider])
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
    package var plan: String?
    /// Searches left, when the provider last said how many.
    package var quotaLeft: Int?
    package var quotaResetsAt: Date?
    package var quotaSeenAt: Date?
    /// Records that name the provider.
    package var finds: Int
    /// Those that name no other.
    package var uniqueFinds: Int
    /// Those that it was the first to report.
    package var firstFinds: Int
    /// Its part of the last scan that it took part in.
    package var lastRun: ProviderYield.LastRun?
    package var createdAt: Date

    init(_ credential: Credential, _ yield: ProviderYield?) {
        id = credential.id
        provider = credential.provider
        label = credential.label
        keyHint = credential.keyHint
        status = credential.status
        lastUsedAt = credential.lastUsedAt
        errorMessage = credential.errorMessage
        requestsPerMinute = credential.requestsPerMinute
        plan = credential.plan
        quotaLeft = credential.quotaLeft
        quotaResetsAt = credential.quotaResetsAt
        quotaSeenAt = credential.quotaSeenAt
        finds = yield?.finds ?? 0
        uniqueFinds = yield?.uniqueFinds ?? 0
        firstFinds = yield?.firstFinds ?? 0
        lastRun = yield?.lastRun
        createdAt = credential.createdAt
    }
}

/// What trying a key showed.
package struct CredentialTrialResponse: Codable, Sendable, Hashable {
    package var ok: Bool
    package var message: String
    package var credential: CredentialResponse

    init(_ trial: Credentials.Trial, _ yield: ProviderYield?) {
        ok = trial.isAccepted
        message = trial.message
        credential = CredentialResponse(trial.credential, yield)
    }
}
