import Foundation
import Postgres

/// A company's key for a provider. The key itself is sealed and never shown again.
package struct Credential: Sendable, Hashable, RowDecodable {
    package var id: CredentialID
    package var provider: ApiProvider
    package var label: String
    /// The key's last characters; none of a short key.
    package var keyHint: String
    /// PENDING until it was tried, ERROR when the provider refuses it.
    package var status: ConnectStatus
    package var lastUsedAt: Date?
    /// Why it does not work.
    package var errorMessage: String?
    /// What the provider's plan allows, once it has said so.
    package var requestsPerMinute: Int?
    package var plan: String?
    /// Searches that were left when the provider last said how many.
    package var quotaLeft: Int?
    package var quotaResetsAt: Date?
    package var quotaSeenAt: Date?
    package var createdAt: Date

    static let columns: SQL = """
        c.id, c.provider, c.label, c.key_hint, c.status, c.last_used_at, c.error_message, c.requests_per_minute, \
        c.plan, c.quota_left, c.quota_resets_at, c.quota_seen_at, c.created_at
        """

    package init(from row: inout Row) throws {
        id = try row.next()
        provider = try row.next()
        label = try row.next()
        keyHint = try row.next()
        status = try row.next()
        lastUsedAt = try row.next()
        errorMessage = try row.next()
        requestsPerMinute = try row.next()
        plan = try row.next()
        quotaLeft = try row.next()
        quotaResetsAt = try row.next()
        quotaSeenAt = try row.next()
        createdAt = try row.next()
    }

    /// What may be shown of a key: its last four characters, and none when that would be much of it.
    package static func hint(of key: String) -> String { key.count >= 16 ? String(key.suffix(4)) : "" }
}
