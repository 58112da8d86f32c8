import Foundation
import Postgres

/// One sync of a directory, over all its attempts.
package struct SyncRun: Sendable, Hashable, RowDecodable {
    package var id: SyncRunID
    package var connection: DirectoryConnectionID
    package var trigger: SyncTrigger
    package var status: WorkStatus
    /// Whether everybody is listed, or only what has changed.
    package var isFull: Bool
    package var attempts: Int
    /// When the next attempt is, while one waits.
    package var runAfter: Date?
    package var startedAt: Date?
    package var finishedAt: Date?
    /// People listed so far, those that are skipped included.
    package var listed: Int
    package var added: Int
    package var changed: Int
    package var deactivated: Int
    package var reactivated: Int
    package var unchanged: Int
    package var skipped: Int
    package var warnings: [String]
    package var error: String?
    /// It was refused because more than half of the people would have gone; an administrator can accept that.
    package var needsAcceptance: Bool
    package var createdAt: Date

    static let columns: SQL = """
        r.id, r.connection_id, r.trigger, r.status, r.is_full, r.attempts, r.run_after, r.started_at, r.finished_at, r.listed, r.added, r.changed, \
        r.deactivated, r.reactivated, r.unchanged, r.skipped, r.warnings, r.error, r.needs_acceptance, r.created_at
        """

    package init(from row: inout Row) throws {
        id = try row.next()
        connection = try row.next()
        trigger = try row.next()
        status = try row.next()
        isFull = try row.next()
        attempts = try row.next()
        runAfter = try row.next()
        startedAt = try row.next()
        finishedAt = try row.next()
        listed = try row.next()
        added = try row.next()
        changed = try row.next()
        deactivated = try row.next()
        reactivated = try row.next()
        unchanged = try row.next()
        skipped = try row.next()
        warnings = try row.next()
        error = try row.next()
        needsAcceptance = try row.next()
        createdAt = try row.next()
    }
}

/// What started a sync.
package enum SyncTrigger: String, NativeEnum {
    case manual
    case schedule
    case command
}

/// The first of each kind that a sync added, changed, took off or could not take.
package struct SyncSamples: Sendable, Hashable, Codable {
    /// How many of each kind are kept.
    static let kept = 200

    package var added: [Person] = []
    package var changed: [Person] = []
    package var deactivated: [Person] = []
    package var reactivated: [Person] = []
    package var skipped: [Skipped] = []

    package struct Person: Sendable, Hashable, Codable {
        package var id: EmployeeID
        package var email: String
        /// What is different: `department`, `title`.
        package var fields: [String]?
    }
    package struct Skipped: Sendable, Hashable, Codable {
        /// The directory's own id of the person.
        package var externalId: String
        package var reason: String
    }
}
