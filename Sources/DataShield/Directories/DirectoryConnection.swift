import Foundation
import Postgres

/// A company's connection to a directory, without its configuration, which is sealed and opened only to be used.
package struct DirectoryConnection: Sendable, Hashable, RowDecodable {
    package var id: DirectoryConnectionID
    package var type: DirectoryType
    package var name: String
    /// PENDING until it was tried, ERROR when it does not work.
    package var status: ConnectStatus
    package var lastSyncAt: Date?
    /// How many people the last sync listed.
    package var lastSyncCount: Int?
    /// When the last sync began that listed everybody.
    package var lastFullSyncAt: Date?
    /// Why it does not work.
    package var errorMessage: String?
    /// What the last sync could not read although it ended well.
    package var warnings: [String]
    /// Whether the schedule leaves it alone until somebody has mended what is wrong.
    package var isSyncPaused: Bool
    /// nil: synced only when somebody asks.
    package var autoSyncIntervalMinutes: Int?
    package var createdAt: Date

    static let columns: SQL = """
        d.id, d.type, d.name, d.status, d.last_sync_at, d.last_sync_count, d.last_full_sync_at, d.error_message, d.warnings, \
        d.is_sync_paused, d.auto_sync_interval_minutes, d.created_at
        """

    package init(from row: inout Row) throws {
        id = try row.next()
        type = try row.next()
        name = try row.next()
        status = try row.next()
        lastSyncAt = try row.next()
        lastSyncCount = try row.next()
        lastFullSyncAt = try row.next()
        errorMessage = try row.next()
        warnings = try row.next()
        isSyncPaused = try row.next()
        autoSyncIntervalMinutes = try row.next()
        createdAt = try row.next()
    }
}
