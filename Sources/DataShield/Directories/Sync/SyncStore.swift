import Foundation
import Postgres

/// The SQL of the `sync_runs` table.
struct SyncStore {
    let db: TenantTransaction

    init(_ db: TenantTransaction) { self.db = db }

    /// The run has ended, or another worker has taken it over.
    struct Superseded: Error {}

    /// - Throws: a unique violation of `one_sync_runs_at_a_time` while one waits or runs.
    func insert(_ id: SyncRunID, _ connection: DirectoryConnectionID, trigger: SyncTrigger, acceptsDepartures: Bool, at time: Date) async throws {
        try await db.execute(
            """
            INSERT INTO sync_runs (id, company_id, connection_id, trigger, accepts_departures, accepted_departures, created_at, updated_at)
            VALUES (\(id), \(db.company), \(connection), \(trigger), \(acceptsDepartures),
                -- What is accepted is what was shown.
                (SELECT departures FROM sync_runs WHERE company_id = \(db.company) AND connection_id = \(connection) AND needs_acceptance
                    ORDER BY created_at DESC, id DESC LIMIT 1),
                \(time), \(time))
            """)
    }

    func find(_ id: SyncRunID) async throws -> SyncRun? {
        try await db.first(Self.one(id, of: db.company), as: SyncRun.self)
    }

    static func one(_ id: SyncRunID, of company: CompanyID) -> SQL {
        "SELECT \(SyncRun.columns) FROM sync_runs r WHERE company_id = \(company) AND id = \(id)"
    }

    /// One page, the latest first, and one more when there is one.
    /// - Parameter connection: whose; nil for all of the company.
    static func page(of company: CompanyID, _ connection: DirectoryConnectionID?, after cursor: SyncCursor?, limit: Int) -> SQL {
        var condition: SQL = "r.company_id = \(company)"
        if let connection { condition = "\(condition) AND r.connection_id = \(connection)" }
        if let cursor { condition = "\(condition) AND (r.created_at, r.id) < (\(cursor.createdAt), \(cursor.id))" }
        return "SELECT \(SyncRun.columns) FROM sync_runs r WHERE \(condition) ORDER BY r.created_at DESC, r.id DESC \(SQL.limit(limit + 1))"
    }

    /// The latest run of each connection.
    func latest() async throws -> [DirectoryConnectionID: SyncRun] {
        try await db.query(
            """
            SELECT DISTINCT ON (r.connection_id) \(SyncRun.columns) FROM sync_runs r WHERE r.company_id = \(db.company)
            ORDER BY r.connection_id, r.created_at DESC, r.id DESC
            """, as: SyncRun.self
        ).reduce(into: [:]) { $0[$1.connection] = $1 }
    }

    static func samples(_ id: SyncRunID, of company: CompanyID) -> SQL {
        "SELECT samples::text FROM sync_runs WHERE company_id = \(company) AND id = \(id)"
    }

    /// The addresses that people of a directory have on the staff list, by the directory's own ids.
    func addresses(of ids: [String], _ connection: DirectoryConnectionID) async throws -> [String: String] {
        struct Known: RowDecodable {
            let id: String
            let email: String

            init(from row: inout Row) throws {
                id = try row.next()
                email = try row.next()
            }
        }
        return try await db.query(
            """
            SELECT external_id, email FROM employees
            WHERE company_id = \(db.company) AND source_connection_id = \(connection) AND external_id = ANY(\(ids))
            """, as: Known.self
        ).reduce(into: [:]) { $0[$1.id] = $1.email }
    }

    /// Who is active and stands on the staff list under an address, by address.
    func holders(of addresses: [String], _ connection: DirectoryConnectionID) async throws -> [String: SyncListing.Holder] {
        struct Entry: RowDecodable {
            let email: String
            let holder: SyncListing.Holder

            init(from row: inout Row) throws {
                email = try row.next()
                holder = SyncListing.Holder(isFree: try row.next(), externalId: try row.next())
            }
        }
        return try await db.query(
            """
            SELECT email, source_connection_id IS NULL, CASE WHEN source_connection_id = \(connection) THEN external_id END FROM employees
            WHERE company_id = \(db.company) AND deactivated_at IS NULL AND email = ANY(\(addresses))
            """, as: Entry.self
        ).reduce(into: [:]) { $0[$1.email] = $1.holder }
    }

    /// The company's mail domain.
    func domain() async throws -> String? {
        try await db.first("SELECT domain FROM companies WHERE id = \(db.company)", as: String.self)
    }

    /// Begins an attempt, from the beginning.
    /// - Parameter holder: names the attempt; only it may write from now on.
    /// - Returns: nil when the run has ended.
    func begin(_ id: SyncRunID, holder: String, isFull: Bool, attempt: Int, at time: Date) async throws -> SyncRun? {
        let begun = try await db.execute(
            """
            UPDATE sync_runs SET status = 'RUNNING', holder = \(holder), is_full = \(isFull), attempts = \(attempt), listed = 0,
                started_at = coalesce(started_at, \(time)), run_after = NULL
            WHERE company_id = \(db.company) AND id = \(id) AND status IN ('PENDING', 'RUNNING')
            """)
        return begun == 1 ? try await find(id) : nil
    }

    /// How many people may go with this run although that is more than half: as many as the refused run before it named, or any number
    /// where there was none. Nil when nobody has accepted that.
    func acceptedDepartures(_ id: SyncRunID) async throws -> Int? {
        let accepted = try await db.first(
            "SELECT coalesce(accepted_departures, \(Int32.max)) FROM sync_runs WHERE company_id = \(db.company) AND id = \(id) AND accepts_departures",
            as: Int.self)
        return accepted
    }

    /// Counts what was listed, which tells also that the run is alive, and locks the run until the transaction ends.
    /// - Throws: ``Superseded``.
    func listed(_ id: SyncRunID, _ count: Int, holder: String) async throws {
        let changed = try await db.execute(
            """
            UPDATE sync_runs SET listed = \(count)
            WHERE company_id = \(db.company) AND id = \(id) AND status = 'RUNNING' AND holder = \(holder)
            """)
        guard changed == 1 else { throw Superseded() }
    }

    func finish(
        _ id: SyncRunID, holder: String, _ outcome: SyncOutcome, warnings: [String], at time: Date
    ) async throws {
        let changed = try await db.execute(
            """
            UPDATE sync_runs SET status = 'SUCCEEDED', finished_at = \(time), error = NULL, added = \(outcome.added), changed = \(outcome.changed),
                deactivated = \(outcome.deactivated), reactivated = \(outcome.reactivated), unchanged = \(outcome.unchanged),
                skipped = \(outcome.skipped), samples = \(String(decoding: try JSONWriter.bytes(outcome.samples), as: UTF8.self))::jsonb, warnings = \(warnings)
            WHERE company_id = \(db.company) AND id = \(id) AND status = 'RUNNING' AND holder = \(holder)
            """)
        guard changed == 1 else { throw Superseded() }
    }

    /// Writes that an attempt failed and when the next one is.
    /// - Returns: false when the run has ended, or is another's.
    func postpone(_ id: SyncRunID, holder: String, error: String, until time: Date) async throws -> Bool {
        let changed = try await db.execute(
            """
            UPDATE sync_runs SET status = 'PENDING', error = \(error), run_after = \(time)
            WHERE company_id = \(db.company) AND id = \(id) AND status = 'RUNNING' AND holder = \(holder)
            """)
        return changed == 1
    }

    /// - Parameters:
    ///   - holder: nil for whoever holds it: nobody tries it any more.
    ///   - departures: how many would have gone, when that is why.
    /// - Returns: false when the run has ended, or is another's.
    @discardableResult
    func fail(_ id: SyncRunID, holder: String?, error: String, departures: Int? = nil, at time: Date) async throws -> Bool {
        let changed = try await db.execute(
            """
            UPDATE sync_runs SET status = 'FAILED', error = \(error), needs_acceptance = \(departures != nil), departures = \(departures),
                finished_at = \(time), run_after = NULL
            WHERE company_id = \(db.company) AND id = \(id) AND status IN ('PENDING', 'RUNNING')
                AND (\(holder)::text IS NULL OR holder = \(holder))
            """)
        return changed == 1
    }

    /// Ends a run whose job is gone.
    /// - Returns: whether none is under way any more.
    func endAbandoned(of connection: DirectoryConnectionID, at time: Date) async throws -> Bool {
        let open = try await db.first(
            """
            SELECT id FROM sync_runs WHERE company_id = \(db.company) AND connection_id = \(connection) AND status IN ('PENDING', 'RUNNING')
            """, as: SyncRunID.self)
        guard let open else { return true }
        let isAlive = try await db.first(
            """
            SELECT true FROM jobs WHERE dedupe_key = \(RunDirectorySync.dedupeKey(open)) AND status IN ('PENDING', 'RUNNING')
            """, as: Bool.self)
        guard isAlive != true else { return false }
        try await fail(open, holder: nil, error: "The sync was abandoned.", at: time)
        return true
    }
}

/// Where the next page of runs begins.
struct SyncCursor: Codable, Sendable {
    var createdAt: Date
    var id: SyncRunID
}

/// What a sync did.
struct SyncOutcome: Sendable, Hashable {
    var added = 0
    var changed = 0
    var deactivated = 0
    var reactivated = 0
    var unchanged = 0
    var skipped = 0
    var samples = SyncSamples()
    /// What is to be said of it.
    var warnings: [String] = []

    /// Counts rows that could not be read among those that could not be taken, and names them first.
    mutating func count(_ rows: UnreadableRows) {
        skipped += rows.count
        let named = rows.samples.map { SyncSamples.Skipped(externalId: $0.name, reason: "could not be read: \($0.reason)") }
        samples.skipped = Array((named + samples.skipped).prefix(SyncSamples.kept))
    }
}
