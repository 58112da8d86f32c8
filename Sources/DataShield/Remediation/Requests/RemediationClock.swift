import Foundation
import Postgres

/// The time that decides about remediation: the database's, read in the transaction that decides. The clocks of the hosts on which
/// programs run need not agree, and with two of them a cap would be counted in two windows.
package struct RemediationClock: Sendable {
    /// Reads it.
    let read: @Sendable (any Queryable) async throws -> Date

    /// - Parameter read: for tests, whose time passes when they say so.
    init(read: @escaping @Sendable (any Queryable) async throws -> Date) { self.read = read }

    /// As it is at this moment, not when the transaction began: it may have waited for a lock. In milliseconds, as it is kept.
    package static let database = RemediationClock { db in
        guard let time = try await db.first("SELECT date_trunc('milliseconds', clock_timestamp())", as: Date.self) else { throw NoTime() }
        return time
    }

    private struct NoTime: Error {}
}
