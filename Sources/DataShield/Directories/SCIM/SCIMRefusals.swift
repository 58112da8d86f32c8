import Foundation
import HTTPTypes
import Hummingbird
import Logging
import Postgres
import SCIM
import Scalars
import Synchronization

/// A call that a directory made with its token and that was refused, or of which something was passed over.
package struct SCIMRefusal: Sendable, Hashable, RowDecodable {
    package var id: Identifier<SCIMRefusal>
    package var method: String
    /// Below the connection's address; without what stands behind a question mark, and without what tells of a person or is a secret.
    package var path: String
    /// The status of the answer: below 300 where the call was done and something in it was passed over.
    package var status: Int
    /// It was done, and something in it was passed over.
    package var isDone: Bool { status < 300 }
    /// Why, in words for an administrator.
    package var reason: String
    /// How often the same came.
    package var times: Int
    package var firstAt: Date
    package var lastAt: Date

    static let columns: SQL = "r.id, r.method, r.path, r.status, r.reason, r.times, r.first_at, r.last_at"

    package init(from row: inout Row) throws {
        id = try row.next()
        method = try row.next()
        path = try row.next()
        status = try row.next()
        reason = try row.next()
        times = try row.next()
        firstAt = try row.next()
        lastAt = try row.next()
    }
}

/// Writes down which calls of a directory were refused, so that whoever looks after it sees why somebody is not watched.
///
/// Only a call with a good token is written: without one nobody can fill a table, and the counters of requests tell how many there were. The
/// same call again is counted on its row; of each connection the latest ``kept`` are kept, and as many of those in which a name was passed over:
/// a client with many attributes of its own must not hide what was refused. However fast a directory calls, a process writes for
/// it once a second; what comes between waits in memory and goes with the next, or with whoever looks.
package final class SCIMRefusals: Sendable {
    /// How many of a connection are kept of those that were refused, and of those of which something was passed over.
    static let kept = 100
    /// How many writes there may be at once before it is one a second.
    static let burst = 20.0
    /// How many different ones of each of the two wait in memory; beyond that they are counted together.
    static let waiting = 50

    let database: TenantDatabase
    let logger: Logger
    let now: Now

    package init(database: TenantDatabase, logger: Logger, now: @escaping Now = { Date() }) {
        self.database = database
        self.logger = logger
        self.now = now
    }

    /// What was refused. Two of them are the same call.
    struct Call: Sendable, Hashable {
        let method: String
        let path: String
        let status: Int
        let reason: String
        /// It was done, and something in it was passed over.
        var isDone: Bool { status < 300 }

        /// Stands for any method and any path.
        static let several = "…"

        init(method: String, path: String, status: Int, reason: String) {
            self.status = status
            // Of those that came too fast it does not matter which they were, nor how long each had to wait: one row has them all.
            let isTooFast = status == HTTPResponse.Status.tooManyRequests.code
            self.method = isTooFast ? Self.several : Self.short(method, 20)
            self.path = isTooFast ? Self.several : Self.short(SCIMPrivacy.path(path), 200)
            self.reason = isTooFast ? "The directory sent requests faster than it may." : Self.short(SCIMPrivacy.words(reason), 300)
        }

        /// The beginning of a text, without what the database does not store and pages do not show.
        private static func short(_ text: String, _ count: Int) -> String {
            String(String.UnicodeScalarView(text.unicodeScalars.lazy.filter { $0.properties.generalCategory != .control }.prefix(count)))
        }

        /// Stands for those that there is no room for.
        static func others(_ status: Int) -> Call {
            Call(method: several, path: several, status: status, reason: "More calls than are listed one by one.")
        }
    }

    private struct Times {
        var count: Int
        var first: Date
        var last: Date
    }

    private struct Pending {
        var calls: [Call: Times] = [:]
        var tokens = SCIMRefusals.burst
        var filled: Date

        mutating func count(_ call: Call, at now: Date) {
            let isFull = calls[call] == nil && calls.keys.count(where: { $0.isDone == call.isDone }) >= SCIMRefusals.waiting
            let key = isFull ? .others(call.status) : call
            calls[key, default: Times(count: 0, first: now, last: now)].count += 1
            calls[key]?.last = now
        }
    }
    private let pending = Mutex<[DirectoryConnectionID: Pending]>([:])

    /// Writes down a call, or what was passed over in one. Never fails: the answer to the directory is the same whether it worked.
    func note(_ calls: [Call], of connection: DirectoryConnectionID, in company: CompanyID) async {
        let now = now()
        let due: [Call: Times]? = pending.withLock { pending in
            // More connections than an installation has: somebody's are long gone.
            if pending.count > 10_000 { pending.removeAll() }
            var mine = pending[connection] ?? Pending(filled: now)
            for call in calls { mine.count(call, at: now) }
            mine.tokens = min(Self.burst, mine.tokens + max(0, now.timeIntervalSince(mine.filled)))
            mine.filled = now
            var due: [Call: Times]?
            if mine.tokens >= 1 {
                mine.tokens -= 1
                (due, mine.calls) = (mine.calls, [:])
            }
            pending[connection] = mine
            return due
        }
        if let due { await write(due, of: connection, in: company) }
    }

    /// The latest calls of a connection that were refused, and of which something was passed over, the last one first.
    package func list(of connection: DirectoryConnectionID, for subject: Subject) async throws -> [SCIMRefusal] {
        let due: [Call: Times] = pending.withLock { pending in
            defer { pending[connection]?.calls = [:] }
            return pending[connection]?.calls ?? [:]
        }
        if !due.isEmpty { await write(due, of: connection, in: subject.company) }
        return try await database.query(
            for: subject.company,
            """
            SELECT \(SCIMRefusal.columns) FROM scim_refusals r WHERE r.company_id = \(subject.company) AND r.connection_id = \(connection)
            ORDER BY r.last_at DESC, r.id \(SQL.limit(2 * Self.kept))
            """, as: SCIMRefusal.self)
    }

    private func write(_ calls: [Call: Times], of connection: DirectoryConnectionID, in company: CompanyID) async {
        // Two that write the same at once lock rows in one order.
        let rows = calls.sorted {
            ($0.key.method, $0.key.path, $0.key.status, $0.key.reason) < ($1.key.method, $1.key.path, $1.key.status, $1.key.reason)
        }
        let time = now()
        let ids = rows.map { _ in Identifier<SCIMRefusal>(at: time).rawValue }
        do {
            try await database.transaction(for: company) { db in
                _ = try await db.pipeline([
                    """
                    INSERT INTO scim_refusals (id, company_id, connection_id, method, path, status, reason, times, first_at, last_at)
                    SELECT c.id, \(company), \(connection), c.method, c.path, c.status, c.reason, c.times, c.first_at, c.last_at
                    FROM unnest(\(ids)::text[], \(rows.map(\.key.method))::text[], \(rows.map(\.key.path))::text[], \(rows.map(\.key.status))::bigint[],
                        \(rows.map(\.key.reason))::text[], \(rows.map(\.value.count))::bigint[], \(rows.map(\.value.first))::timestamptz[],
                        \(rows.map(\.value.last))::timestamptz[]) AS c (id, method, path, status, reason, times, first_at, last_at)
                    ON CONFLICT ON CONSTRAINT the_same_scim_refusal_is_one DO UPDATE SET
                        times = scim_refusals.times + excluded.times, first_at = least(scim_refusals.first_at, excluded.first_at),
                        last_at = greatest(scim_refusals.last_at, excluded.last_at)
                    """,
                    """
                    DELETE FROM scim_refusals r USING (
                        SELECT o.id, row_number() OVER (PARTITION BY o.status < 300 ORDER BY o.last_at DESC, o.id) AS place
                        FROM scim_refusals o WHERE o.company_id = \(company) AND o.connection_id = \(connection)
                    ) AS ranked
                    WHERE r.company_id = \(company) AND r.id = ranked.id AND ranked.place > \(Self.kept)
                    """,
                ])
            }
        } catch {
            logger.warning(
                "Refused calls of a directory could not be written down", metadata: ["error": "\(PostgresError.logText(of: error))"])
        }
    }
}

/// A refused call as the API answers it.
package struct SCIMRefusalResponse: Codable, Sendable, Hashable {
    package var id: Identifier<SCIMRefusal>
    package var method: String
    /// Below the connection's address.
    package var path: String
    /// Below 300 where the call was done and something in it was passed over.
    package var status: Int
    package var reason: String
    /// How often the same came.
    package var times: Int
    package var firstAt: Date
    package var lastAt: Date

    init(_ refusal: SCIMRefusal) {
        id = refusal.id
        method = refusal.method
        path = refusal.path
        status = refusal.status
        reason = refusal.reason
        times = refusal.times
        firstAt = refusal.firstAt
        lastAt = refusal.lastAt
    }
}
