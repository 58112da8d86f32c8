import Foundation
import HTTPTypes
import Jobs
import Postgres

/// Scans of a company's people.
package struct Scans: Sendable {
    /// Starts within a minute that are let through.
    static let startsPerMinute = 5

    private let database: TenantDatabase
    private let system: SystemDatabase
    private let queue: JobQueue
    private let now: Now

    package init(database: TenantDatabase, system: SystemDatabase, queue: JobQueue, now: @escaping Now = { Date() }) {
        self.database = database
        self.system = system
        self.queue = queue
        self.now = now
    }

    package enum Failure: RetryLater, Equatable {
        case notFound
        case alreadyRunning
        case noUsableKey
        case tooMany(retryAfterSeconds: Int)

        package var status: HTTPResponse.Status {
            switch self {
            case .notFound: .notFound
            case .alreadyRunning: .conflict
            case .noUsableKey: .serviceUnavailable
            case .tooMany: .tooManyRequests
            }
        }
        package var detail: String {
            switch self {
            case .notFound: "There is no such scan."
            case .alreadyRunning: "A scan is under way. Wait until it has finished."
            case .noUsableKey: "No key of a breach-intelligence service is usable. Add one, or test the one that is there."
            case .tooMany: "Too many scans were started within a minute."
            }
        }
        package var retryAfterSeconds: Int {
            switch self {
            case .tooMany(let seconds): seconds
            case .alreadyRunning: 10
            case .noUsableKey: 60
            case .notFound: 1
            }
        }
    }

    // MARK: Starting

    /// Starts a scan: it is performed by whichever worker is free.
    /// - Parameters:
    ///   - subject: who asks; the scan is of their company.
    ///   - trigger: what made them.
    /// - Throws: ``Failure`` while one is under way in any process, when no key is usable, and above five attempts a minute.
    package func start(by subject: Subject, trigger: ScanTrigger = .manual) async throws -> ScanRun {
        try await countAttempt(of: subject.company)
        do {
            return try await insert(by: subject, trigger)
        } catch let error as PostgresError where error.isUniqueViolation && error.constraint == "one_scan_runs_at_a_time" {
            guard try await endAbandoned(in: subject.company) else { throw Failure.alreadyRunning }
        }
        do {
            return try await insert(by: subject, trigger)
        } catch let error as PostgresError where error.isUniqueViolation && error.constraint == "one_scan_runs_at_a_time" {
            throw Failure.alreadyRunning
        }
    }

    private func insert(by subject: Subject, _ trigger: ScanTrigger) async throws -> ScanRun {
        let id = ScanRunID()
        let time = now()
        return try await database.transaction(for: subject.company) { db in
            let store = ScanStore(db: db)
            let isUsable = try await CredentialStore(db: db).list().contains {
                $0.status != .error && ProviderRegistry.type(for: $0.provider) != nil
            }
            guard isUsable else { throw Failure.noUsableKey }
            try await store.insert(id, trigger: trigger, by: subject.user, total: try await store.activePeople(), at: time)
            try await queue.enqueue(Self.job(id, company: subject.company), in: db)
            try await AuditTrail.record("scan.started", target: .init("scan", id), by: subject, in: db)
            guard let run = try await store.find(id) else { throw Failure.notFound }
            return run
        }
    }

    static func job(_ run: ScanRunID, company: CompanyID) throws -> NewJob {
        try NewJob(
            for: RunScan.self, payload: .init(company: company, run: run), companyID: company.rawValue, dedupeKey: "scan:\(run)",
            maxAttempts: RunScan.maxAttempts)
    }

    /// Counts a start before it is tried, over all processes. It shares the table of sign-in attempts, which is made for this.
    private func countAttempt(of company: CompanyID) async throws {
        let time = now()
        let since = time.addingTimeInterval(-60)
        try await system.transaction { db in
            try await db.execute("SELECT pg_advisory_xact_lock(hashtextextended(\("scan" + company.rawValue), 0))")
            let blocking = try await db.first(
                """
                SELECT failed_at FROM login_attempts WHERE kind = 'scan' AND key = \(company.rawValue) AND failed_at > \(since)
                ORDER BY failed_at DESC OFFSET \(Self.startsPerMinute - 1) LIMIT 1
                """, as: Date.self)
            if let blocking {
                throw Failure.tooMany(retryAfterSeconds: max(1, Int(blocking.addingTimeInterval(60).timeIntervalSince(time).rounded(.up))))
            }
            try await db.execute(
                "INSERT INTO login_attempts (id, kind, key, failed_at) VALUES (\(CUID.make(at: time)), 'scan', \(company.rawValue), \(time))")
        }
    }

    /// Ends a run that nobody works on any more, because its job is gone.
    /// - Returns: whether there was one.
    private func endAbandoned(in company: CompanyID) async throws -> Bool {
        let time = now()
        return try await database.transaction(for: company) { db in
            let store = ScanStore(db: db)
            guard let run = try await store.unfinished() else { return true }
            let isAlive = try await db.first(
                """
                SELECT true FROM jobs
                WHERE company_id = \(company) AND dedupe_key = \("scan:\(run.id)") AND status IN ('PENDING', 'RUNNING')
                """, as: Bool.self)
            guard isAlive != true else { return false }
            return try await store.finish(run.id, .failed, error: "The scan was abandoned.", at: time)
        }
    }

    /// Starts the scans that are due by their companies' own interval.
    package var schedule: ScheduledWork {
        let (queue, now) = (queue, now)
        return ScheduledWork("scans due") { db in
            let time = now()
            // What a worker left behind that died between the end of a job and what is said of it would keep its company from ever being
            // scanned again.
            try await db.execute(
                """
                WITH abandoned AS (
                    UPDATE scan_runs s SET status = 'FAILED', finished_at = \(time), started_at = coalesce(started_at, \(time)),
                        error_message = coalesce((
                            SELECT j.last_error FROM jobs j WHERE j.dedupe_key = 'scan:' || s.id AND j.status = 'FAILED'
                            ORDER BY j.finished_at DESC LIMIT 1), 'The scan was abandoned.')
                    WHERE status IN ('PENDING', 'RUNNING') AND updated_at < now() - interval '5 minutes'
                        AND NOT EXISTS (SELECT FROM jobs j WHERE j.dedupe_key = 'scan:' || s.id AND j.status IN ('PENDING', 'RUNNING'))
                    RETURNING company_id
                )
                UPDATE companies c SET last_scan_at = \(time) FROM abandoned a WHERE c.id = a.company_id
                """)
            let due = try await db.query(
                """
                SELECT c.id FROM companies c
                WHERE c.scan_interval_minutes IS NOT NULL
                    AND (c.last_scan_at IS NULL OR c.last_scan_at + make_interval(mins => c.scan_interval_minutes) <= \(time))
                    AND NOT EXISTS (SELECT FROM scan_runs s WHERE s.company_id = c.id AND s.status IN ('PENDING', 'RUNNING'))
                    AND EXISTS (SELECT FROM api_credentials k WHERE k.company_id = c.id AND k.status <> 'ERROR')
                ORDER BY c.id LIMIT 100
                """, as: CompanyID.self)
            for company in due {
                let id = ScanRunID()
                let isNew = try await db.execute(
                    """
                    INSERT INTO scan_runs (id, company_id, trigger, total, created_at, updated_at)
                    SELECT \(id), \(company), 'schedule', count(*), \(time), \(time)
                    FROM employees WHERE company_id = \(company) AND deactivated_at IS NULL
                    ON CONFLICT DO NOTHING
                    """)
                if isNew == 1 { try await queue.enqueue(try Self.job(id, company: company), in: db) }
            }
        }
    }

    // MARK: Looking

    /// One page of the runs, the latest first.
    package func list(cursor: String? = nil, limit: Int? = nil, for subject: Subject) async throws -> Page<ScanRun.Response> {
        let limit = try PageLimit.checked(limit)
        let after = try Cursor.decode(cursor, as: ScanCursor.self)
        let runs = try await database.query(
            for: subject.company, ScanStore.page(of: subject.company, after: after, limit: limit), as: ScanRun.self)
        return try Page(
            runs, limit: limit, cursor: { try Cursor.encode(ScanCursor(createdAt: $0.createdAt, id: $0.id)) }, item: { ScanRun.Response($0) })
    }

    /// A run.
    /// - Throws: ``Failure/notFound``, also for another company's.
    package func find(_ id: ScanRunID, for subject: Subject) async throws -> ScanRun {
        let runs = try await database.query(for: subject.company, ScanStore.one(id, of: subject.company), as: ScanRun.self)
        guard let run = runs.first else { throw Failure.notFound }
        return run
    }

    /// The run that is under way, or the latest.
    package func latest(for subject: Subject) async throws -> ScanRun? {
        try await database.query(
            for: subject.company, ScanStore.page(of: subject.company, after: nil, limit: 0), as: ScanRun.self
        ).first
    }

    /// The states of a run: at once how it is, then each time it has changed, and last how it ended.
    /// - Parameter interval: how often it is looked at.
    /// - Throws: ``Failure/notFound``, also for another company's.
    package func states(_ id: ScanRunID, every interval: Duration = .milliseconds(500), for subject: Subject) -> ScanStates {
        ScanStates { last in
            var last = last
            while true {
                if last?.status.isFinished == true { return nil }
                let run = try await find(id, for: subject)
                if run != last { return run }
                last = run
                try await Task.sleep(for: interval)
            }
        }
    }
}

/// The states of a run, one after the other.
package struct ScanStates: AsyncSequence, Sendable {
    package typealias Element = ScanRun
    let next: @Sendable (ScanRun?) async throws -> ScanRun?

    package struct Iterator: AsyncIteratorProtocol {
        let advance: @Sendable (ScanRun?) async throws -> ScanRun?
        var last: ScanRun?

        package mutating func next() async throws -> ScanRun? {
            guard let run = try await advance(last) else { return nil }
            last = run
            return run
        }
    }

    package func makeAsyncIterator() -> Iterator { Iterator(advance: next) }
}
