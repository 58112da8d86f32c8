import Foundation
import HTTPTypes
import Postgres

/// The keys that a company has for breach-intelligence services.
package struct Credentials: Sendable {
    private let database: TenantDatabase
    private let secrets: SecretBox
    private let providers: Providers
    private let now: Now

    package init(database: TenantDatabase, secrets: SecretBox, providers: Providers, now: @escaping Now = { Date() }) {
        self.database = database
        self.secrets = secrets
        self.providers = providers
        self.now = now
    }

    package enum Failure: FeatureError, Equatable {
        case notFound
        /// The service does not take the key that was to be kept.
        case refused(ApiProvider)

        package var status: HTTPResponse.Status {
            switch self {
            case .notFound: .notFound
            case .refused: .unprocessableContent
            }
        }
        package var detail: String {
            switch self {
            case .notFound: "There is no such key."
            case .refused(let provider): "\(provider.displayName) refused this key. It was not saved."
            }
        }
    }

    /// What trying a key showed.
    package struct Trial: Sendable, Hashable {
        package var credential: Credential
        package var isAccepted: Bool
        /// What it allows, or why it does not work.
        package var message: String
    }

    /// The company's keys, without the keys themselves.
    package func list(for subject: Subject) async throws -> [Credential] {
        try await database.read(for: subject.company) { db in try await CredentialStore(db: db).list() }
    }

    /// Adds a key, sealed; a provider's former key is replaced by it. It is PENDING until it was tried.
    /// - Throws: ``InvalidInput`` for a key that cannot be one, and for a provider that is not built in.
    package func add(_ provider: ApiProvider, label: String = "", key: String, by subject: Subject) async throws -> Credential {
        try await save(provider, label: label, key: key, by: subject).credential
    }

    /// - Returns: the credential, and the key as it is stored, to tell whether it was replaced meanwhile.
    private func save(
        _ provider: ApiProvider, label: String, key: String, by subject: Subject
    ) async throws -> (credential: Credential, sealed: [UInt8]) {
        guard ProviderRegistry.type(for: provider) != nil else { throw Self.unavailable }
        let key = try Self.checked(key)
        let label = try Self.checked(label: label, provider)
        return try await database.transaction(for: subject.company) { db in
            let store = CredentialStore(db: db)
            let former = try await store.lock(provider)
            let id = former?.id ?? CredentialID()
            let sealed = try secrets.seal(key, at: sealingPlace(id, subject.company))
            try await store.save(id, provider, label: label, sealed: sealed, hint: Credential.hint(of: key))
            try await AuditTrail.record(
                former == nil ? "credential.added" : "credential.replaced", target: .init("credential", id), before: former.map(AuditState.init),
                after: AuditState(provider: provider, label: label), by: subject, in: db)
            guard let credential = try await store.find(id) else { throw Failure.notFound }
            return (credential, sealed)
        }
    }

    /// Tries a key and keeps it, unless the service refuses it: then the former one stays. One that could not be tried is kept.
    /// - Throws: ``Failure/refused(_:)``, and what ``add(_:label:key:by:)`` throws.
    package func addTried(_ provider: ApiProvider, label: String, key: String, by subject: Subject) async throws -> Trial {
        guard ProviderRegistry.type(for: provider) != nil else { throw Self.unavailable }
        let outcome = try await outcome(of: Self.checked(key), at: provider, pace: nil, otherwise: .pending)
        guard outcome.status != .error else { throw Failure.refused(provider) }
        let (credential, sealed) = try await save(provider, label: label, key: key, by: subject)
        return try await keep(outcome, of: credential.id, sealed, by: subject)
    }

    /// Removes a key. What it found stays.
    /// - Throws: ``Failure/notFound``, also for another company's.
    package func remove(_ id: CredentialID, by subject: Subject) async throws {
        try await database.transaction(for: subject.company) { db in
            let store = CredentialStore(db: db)
            guard let credential = try await store.find(id) else { throw Failure.notFound }
            try await store.delete(id)
            try await AuditTrail.record(
                "credential.removed", target: .init("credential", id), before: AuditState(credential), by: subject, in: db)
        }
    }

    /// Asks the provider whether the key is good, and keeps the answer. Only a key that the provider refuses becomes ERROR: one that
    /// could not be tried stays what it was.
    /// - Throws: ``Failure/notFound``, also for another company's.
    package func test(_ id: CredentialID, by subject: Subject) async throws -> Trial {
        let (credential, sealed) = try await database.read(for: subject.company) { db in
            let store = CredentialStore(db: db)
            guard let credential = try await store.find(id), let sealed = try await store.sealedKey(id) else { throw Failure.notFound }
            return (credential, sealed)
        }
        let outcome = try await outcome(of: credential, sealed, company: subject.company)
        return try await keep(outcome, of: id, sealed, by: subject)
    }

    /// How a key did when it was tried.
    private struct Outcome: Sendable {
        var status: ConnectStatus
        var message: String
        var account: ProviderAccount?
    }

    private func keep(_ outcome: Outcome, of id: CredentialID, _ sealed: [UInt8], by subject: Subject) async throws -> Trial {
        let now = now()
        return try await database.transaction(for: subject.company) { db in
            let store = CredentialStore(db: db)
            try await store.write(
                id, sealed: sealed, status: outcome.status, error: outcome.status == .active ? nil : outcome.message, account: outcome.account,
                at: now)
            try await AuditTrail.record(
                "credential.tested", target: .init("credential", id), after: ["status": outcome.status.rawValue], by: subject, in: db)
            guard let credential = try await store.find(id) else { throw Failure.notFound }
            return Trial(credential: credential, isAccepted: outcome.account != nil, message: outcome.message)
        }
    }

    private func outcome(of credential: Credential, _ sealed: [UInt8], company: CompanyID) async throws -> Outcome {
        guard let key = try? secrets.openText(sealed, at: sealingPlace(credential.id, company)) else {  // try?: what matters is that it does not open
            return Outcome(status: .error, message: Self.unreadable, account: nil)
        }
        return try await outcome(of: key, at: credential.provider, pace: credential.requestsPerMinute, otherwise: credential.status)
    }

    /// - Parameter otherwise: the status of a key that could not be tried.
    private func outcome(of key: String, at provider: ApiProvider, pace: Int?, otherwise: ConnectStatus) async throws -> Outcome {
        do {
            let service = try providers.make(provider, key: key, pace: providers.pace(for: provider, known: pace))
            let account = try await service.account()
            let rate = account.requestsPerMinute.map { "\($0) requests per minute" }
            let left = account.quotaLeft.map { "\($0) searches left" }
            let allowed = [account.plan, rate, left].compactMap { $0 }
            return Outcome(
                status: .active, message: "The key works." + (allowed.isEmpty ? "" : " " + allowed.joined(separator: ", ")), account: account)
        } catch let failure as ProviderFailure {
            return Outcome(status: failure.isTheKeysFault ? .error : otherwise, message: failure.reason, account: nil)
        }
    }

    // MARK: For a scan

    /// A key that a scan can use, opened.
    struct Usable: Sendable {
        var id: CredentialID
        var provider: ApiProvider
        var key: String
        /// As it is stored, to tell whether it was replaced meanwhile.
        var sealed: [UInt8]
        var status: ConnectStatus
        var requestsPerMinute: Int?
    }

    /// The keys that were not refused. One that does not open becomes ERROR.
    func usable(for company: CompanyID) async throws -> [Usable] {
        try await database.transaction(for: company) { db in
            let store = CredentialStore(db: db)
            var usable: [Usable] = []
            for credential in try await store.list() where credential.status != .error && ProviderRegistry.type(for: credential.provider) != nil {
                guard let sealed = try await store.sealedKey(credential.id) else { continue }
                if let key = try? secrets.openText(sealed, at: sealingPlace(credential.id, company)) {  // try?: as above
                    usable.append(
                        Usable(
                            id: credential.id, provider: credential.provider, key: key, sealed: sealed, status: credential.status,
                            requestsPerMinute: credential.requestsPerMinute))
                } else {
                    try await store.write(
                        credential.id, sealed: sealed, status: .error, error: Self.unreadable, account: nil, at: now())
                }
            }
            return usable
        }
    }

    /// Writes what a scan learned of a key, unless it was replaced meanwhile.
    func noted(
        _ key: Usable, status: ConnectStatus, error: String? = nil, account: ProviderAccount? = nil, for company: CompanyID
    ) async throws {
        let now = now()
        try await database.transaction(for: company) { db in
            try await CredentialStore(db: db).note(key, status: status, error: error, account: account, at: now)
        }
    }

    /// Writes what is left of a key's searches, when the service has said so.
    func noted(_ key: Usable, allowance: Allowance, for company: CompanyID) async throws {
        guard let left = allowance.left else { return }
        let (resetsAt, now) = (allowance.resetsAt, now())
        try await database.transaction(for: company) { db in
            try await CredentialStore(db: db).writeQuota(key, left: left, resetsAt: resetsAt, at: now)
        }
    }

    // MARK: Rules

    private static var unavailable: InvalidInput {
        let known = ProviderRegistry.all.map { $0.id.rawValue }.joined(separator: ", ")
        return InvalidInput("provider", "is not available yet. Available: \(known).")
    }

    private static let unreadable = "The key cannot be opened with this installation's encryption key. Add it again."

    private func sealingPlace(_ id: CredentialID, _ company: CompanyID) -> SecretBox.Location {
        SecretBox.Location(company: company, table: "api_credentials", column: "encrypted_key", row: id.rawValue)
    }

    /// A key goes into a header: visible ASCII only, of a length that services use.
    private static func checked(_ key: String) throws -> String {
        let key = key.unicodeScalars.trimmingSpace()
        guard (8...512).contains(key.utf8.count) else { throw InvalidInput("key", "has 8 to 512 characters.") }
        guard key.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F }) else { throw InvalidInput("key", "has letters, digits and signs only, no blanks.") }
        return key
    }

    private static func checked(label: String, _ provider: ApiProvider) throws -> String {
        let label = PlainText.oneLine(label)
        guard label.unicodeScalars.count <= 100 else { throw InvalidInput("label", "has at most 100 characters.") }
        return label.isEmpty ? provider.displayName : label
    }

    /// A key in the audit trail.
    private struct AuditState: Codable, Sendable {
        var provider: ApiProvider
        var label: String

        init(provider: ApiProvider, label: String) {
            self.provider = provider
            self.label = label
        }

        init(_ credential: Credential) { self.init(provider: credential.provider, label: credential.label) }
    }
}
