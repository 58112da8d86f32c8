import Foundation
import Postgres

/// The SQL of the `api_credentials` table.
struct CredentialStore {
    let db: TenantTransaction

    func list() async throws -> [Credential] {
        try await db.query(
            "SELECT \(Credential.columns) FROM api_credentials c WHERE company_id = \(db.company) ORDER BY provider", as: Credential.self)
    }

    func find(_ id: CredentialID) async throws -> Credential? {
        try await db.first(
            "SELECT \(Credential.columns) FROM api_credentials c WHERE company_id = \(db.company) AND id = \(id)", as: Credential.self)
    }

    /// Locks the key of a provider, when there is one.
    func lock(_ provider: ApiProvider) async throws -> Credential? {
        try await db.first(
            "SELECT \(Credential.columns) FROM api_credentials c WHERE company_id = \(db.company) AND provider = \(provider) FOR UPDATE",
            as: Credential.self)
    }

    /// Adds a key, or puts it in the place of the provider's former one.
    func save(_ id: CredentialID, _ provider: ApiProvider, label: String, sealed: [UInt8], hint: String) async throws {
        try await db.execute(
            """
            INSERT INTO api_credentials (id, company_id, provider, label, encrypted_key, key_hint)
            VALUES (\(id), \(db.company), \(provider), \(label), \(sealed), \(hint))
            ON CONFLICT (company_id, id) DO UPDATE SET label = excluded.label, encrypted_key = excluded.encrypted_key,
                key_hint = excluded.key_hint, status = 'PENDING', error_message = NULL, requests_per_minute = NULL, last_used_at = NULL,
                plan = NULL, quota_left = NULL, quota_resets_at = NULL, quota_seen_at = NULL
            """)
    }

    func delete(_ id: CredentialID) async throws {
        try await db.execute("DELETE FROM api_credentials WHERE company_id = \(db.company) AND id = \(id)")
    }

    func sealedKey(_ id: CredentialID) async throws -> [UInt8]? {
        try await db.first("SELECT encrypted_key FROM api_credentials WHERE company_id = \(db.company) AND id = \(id)", as: Sealed.self)?.bytes
    }

    private struct Sealed: RowDecodable {
        let bytes: [UInt8]
        init(from row: inout Row) throws { bytes = try row.next() }
    }

    /// Writes what became of trying a key, unless it was replaced meanwhile.
    /// - Parameter account: what the service said of it; what it does not say stays as it was.
    func write(_ id: CredentialID, sealed: [UInt8], status: ConnectStatus, error: String?, account: ProviderAccount?, at now: Date) async throws {
        let isQuotaKnown = account?.quotaLeft != nil
        try await db.execute(
            """
            UPDATE api_credentials SET status = \(status), error_message = \(error), last_used_at = \(now),
                requests_per_minute = coalesce(\(account?.requestsPerMinute)::int, requests_per_minute),
                plan = coalesce(\(account?.plan)::text, plan), quota_left = coalesce(\(account?.quotaLeft)::bigint, quota_left),
                quota_resets_at = CASE WHEN \(isQuotaKnown) THEN \(account?.quotaResetsAt)::timestamptz ELSE quota_resets_at END,
                quota_seen_at = CASE WHEN \(isQuotaKnown) THEN \(now)::timestamptz ELSE quota_seen_at END
            WHERE company_id = \(db.company) AND id = \(id) AND encrypted_key = \(sealed)
            """)
    }

    /// Writes what a scan learned of a key, unless it was replaced meanwhile.
    func note(
        _ key: Credentials.Usable, status: ConnectStatus, error: String? = nil, account: ProviderAccount? = nil, at now: Date
    ) async throws {
        try await write(key.id, sealed: key.sealed, status: status, error: error, account: account, at: now)
    }

    /// Writes that a key was used, and what is left of its searches where that is known.
    func noteUse(_ key: Credentials.Usable, left: Int?, resetsAt: Date?, at now: Date) async throws {
        try await db.execute(
            "UPDATE api_credentials SET last_used_at = \(now) WHERE company_id = \(db.company) AND id = \(key.id) AND encrypted_key = \(key.sealed)")
        if let left { try await writeQuota(key, left: left, resetsAt: resetsAt, at: now) }
    }

    func writeQuota(_ key: Credentials.Usable, left: Int, resetsAt: Date?, at now: Date) async throws {
        try await db.execute(
            """
            UPDATE api_credentials SET quota_left = \(left)::bigint, quota_resets_at = \(resetsAt), quota_seen_at = \(now)
            WHERE company_id = \(db.company) AND id = \(key.id) AND encrypted_key = \(key.sealed)
            """)
    }
}
