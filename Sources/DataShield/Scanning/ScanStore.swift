import Foundation
import Postgres

/// The SQL of the `scan_runs` table.
struct ScanStore {
    let db: TenantTransaction

    /// A run has its row locked or was moved on by another worker.
    struct Superseded: Error {}

    // MARK: Reading

    static func page(of company: CompanyID, after cursor: ScanCursor?, limit: Int) -> SQL {
        let behind: SQL = cursor.map { "AND (s.created_at, s.id) < (\($0.createdAt), \($0.id))" } ?? ""
        return """
            SELECT \(ScanRun.columns) FROM scan_runs s WHERE s.company_id = \(company) \(behind)
            ORDER BY s.created_at DESC, s.id DESC \(SQL.limit(limit + 1))
            """
    }

    static func one(_ id: ScanRunID, of company: CompanyID) -> SQL {
        "SELECT \(ScanRun.columns) FROM scan_runs s WHERE s.company_id = \(company) AND s.id = \(id)"
    }

    func find(_ id: ScanRunID) async throws -> ScanRun? { try await db.first(Self.one(id, of: db.company), as: ScanRun.self) }

    func unfinished() async throws -> ScanRun? {
        try await db.first(
            "SELECT \(ScanRun.columns) FROM scan_runs s WHERE s.company_id = \(db.company) AND s.status IN ('PENDING', 'RUNNING')", as: ScanRun.self)
    }

    /// Where each provider is.
    func positions(_ id: ScanRunID) async throws -> [ApiProvider: ScanPosition] {
        let stored = try await db.first(
            "SELECT coalesce(cursor, '{}')::jsonb FROM scan_runs WHERE company_id = \(db.company) AND id = \(id)",
            as: JSON<[String: ScanPosition]>.self)?.value
        return Dictionary(
            uniqueKeysWithValues: (stored ?? [:]).compactMap { key, position in ApiProvider(rawValue: key).map { ($0, position) } })
    }

    func due(_ due: DuePeople, limit: Int) async throws -> [DuePerson] {
        try await db.query(
            "SELECT e.id, e.email, \(EmployeeAddresses.column) FROM employees e \(due.condition(in: db.company)) ORDER BY e.id \(SQL.limit(limit))",
            as: DuePerson.self)
    }

    func count(_ due: DuePeople) async throws -> Int {
        try await db.first("SELECT count(*) FROM employees e \(due.condition(in: db.company))", as: Int.self) ?? 0
    }

    func activePeople() async throws -> Int {
        try await db.first("SELECT count(*) FROM employees WHERE company_id = \(db.company) AND deactivated_at IS NULL", as: Int.self) ?? 0
    }

    // MARK: Writing

    func insert(_ id: ScanRunID, trigger: ScanTrigger, by user: UserID?, total: Int, at now: Date) async throws {
        try await db.execute(
            """
            INSERT INTO scan_runs (id, company_id, trigger, started_by, total, created_at, updated_at)
            VALUES (\(id), \(db.company), \(trigger.rawValue), \(user), \(total)::int, \(now), \(now))
            """)
    }

    /// Takes a run up, at first or after it was left.
    /// - Returns: nil when it has finished or is not there.
    func begin(_ id: ScanRunID, total: Int, at now: Date) async throws -> ScanRun? {
        let changed = try await db.execute(
            """
            UPDATE scan_runs SET status = 'RUNNING', started_at = coalesce(started_at, \(now)), total = greatest(total, \(total)::int)
            WHERE company_id = \(db.company) AND id = \(id) AND status IN ('PENDING', 'RUNNING')
            """)
        return changed == 1 ? try await find(id) : nil
    }

    /// Moves a provider of a run on: from where it was, so that of two workers who think that the run is theirs only one goes on.
    /// - Throws: ``Superseded`` when the run is not where it was left, or has finished.
    func advance(
        _ id: ScanRunID, _ provider: ApiProvider, from old: ScanPosition?, to new: ScanPosition, progress: ProviderProgress,
        recorded: Recorder.Outcome = .init(), newErrors: Int = 0
    ) async throws {
        let changed = try await db.execute(
            """
            UPDATE scan_runs SET
                cursor = jsonb_set(coalesce(cursor, '{}')::jsonb, ARRAY[\(provider.rawValue)], \(JSON(new)))::text,
                provider_progress = jsonb_set(provider_progress, ARRAY[\(provider.rawValue)], \(JSON(progress))),
                scanned = greatest(scanned, \(progress.answered)::int), total = greatest(total, \(progress.total)::int),
                new_records = new_records + \(recorded.newRecords)::int, new_alerts = new_alerts + \(recorded.newAlerts)::int,
                error_count = error_count + \(newErrors)::int
            WHERE company_id = \(db.company) AND id = \(id) AND status = 'RUNNING'
                AND (coalesce(cursor, '{}')::jsonb -> \(provider.rawValue)::text) IS NOT DISTINCT FROM \(old.map { JSON($0) })::jsonb
            """)
        guard changed == 1 else { throw Superseded() }
    }

    /// Shows how far a provider is, between two batches.
    func show(_ id: ScanRunID, _ progress: ProviderProgress) async throws {
        try await db.execute(
            """
            UPDATE scan_runs SET provider_progress = jsonb_set(provider_progress, ARRAY[\(progress.provider.rawValue)], \(JSON(progress)))
            WHERE company_id = \(db.company) AND id = \(id) AND status = 'RUNNING'
            """)
    }

    /// Ends a run, and notes at the company when it was.
    /// - Returns: false when it had ended.
    @discardableResult
    func finish(_ id: ScanRunID, _ status: WorkStatus, error: String?, at now: Date) async throws -> Bool {
        let changed = try await db.execute(
            """
            UPDATE scan_runs SET status = \(status), finished_at = \(now), started_at = coalesce(started_at, \(now)), error_message = \(error)
            WHERE company_id = \(db.company) AND id = \(id) AND status IN ('PENDING', 'RUNNING')
            """)
        guard changed == 1 else { return false }
        try await db.execute("UPDATE companies SET last_scan_at = \(now) WHERE id = \(db.company)")
        return true
    }
}

/// Where one provider of a run goes on after a kill.
struct ScanPosition: Codable, Sendable, Hashable {
    /// How the people on the company's own domain are asked about.
    enum Domain: String, Codable, Sendable {
        /// Together, and not all of them are done.
        case open
        /// Together, and all are done.
        case done
        /// One by one, like the others.
        case byAddress
    }

    var domain: Domain = .open
    /// The last person who was done in this part.
    var after: EmployeeID?
    /// Steps so far: no two positions of a run are equal.
    var step = 0
    var isFinished = false

    func moved(_ change: (inout ScanPosition) -> Void) -> ScanPosition {
        var next = self
        change(&next)
        next.step += 1
        return next
    }
}

/// Where a page of the runs ended.
struct ScanCursor: Codable, Sendable {
    var createdAt: Date
    var id: ScanRunID
}
