import Foundation
import Postgres

/// The queue in the table `jobs`, shared by any number of processes.
///
/// Times are the database's, so that processes whose clocks differ agree on leases.
package struct JobQueue: Sendable {
    /// Notified when a job was enqueued or became due early.
    package static let channel = "datashield_jobs"

    /// The present, rounded down where the column would round up: what is due now must not be due half a millisecond after it was announced.
    private static let now: SQL = "date_trunc('milliseconds', now())"

    let pool: PostgresPool
    private let makeID: @Sendable () -> String

    /// - Parameters:
    ///   - pool: connections whose role sees the jobs of all tenants; for the worker. Enqueuing uses its caller's.
    ///   - makeID: makes the ids of new jobs.
    package init(pool: PostgresPool, makeID: @escaping @Sendable () -> String) {
        self.pool = pool
        self.makeID = makeID
    }

    // MARK: Enqueuing

    /// What became of a job that was to be enqueued.
    package struct Enqueued: Sendable, Hashable {
        package let id: String
        /// False when a job with the same dedupe key was there already; the id is that one's.
        package let isNew: Bool
    }

    /// Puts a job into the queue, in the transaction it follows from: it is there when, and only when, that transaction commits.
    @discardableResult
    package func enqueue(_ job: NewJob, in db: some Queryable) async throws -> Enqueued {
        let id = makeID()
        while true {
            let inserted = try await db.first(
                """
                INSERT INTO jobs (id, company_id, kind, payload, dedupe_key, connection_id, run_after, max_attempts)
                VALUES (\(id), \(job.companyID), \(job.kind), \(job.payload)::jsonb, \(job.dedupeKey), \(job.connectionID),
                    coalesce(\(job.runAfter)::timestamptz, \(Self.now)),
                    \(job.maxAttempts))
                ON CONFLICT (dedupe_key) WHERE status IN ('PENDING', 'RUNNING') DO NOTHING
                RETURNING id
                """, as: String.self)
            if let inserted {
                try await db.execute("SELECT pg_notify(\(Self.channel), \(job.kind))")
                return Enqueued(id: inserted, isNew: true)
            }
            let existing = try await db.first(
                "SELECT id FROM jobs WHERE dedupe_key = \(job.dedupeKey) AND status IN ('PENDING', 'RUNNING')", as: String.self)
            if let existing { return Enqueued(id: existing, isNew: false) }
            // The one that was in the way ended between the two statements.
        }
    }

    // MARK: Working

    /// Takes jobs that are due, and those whose worker was lost.
    /// - Parameters:
    ///   - kinds: what the worker can do.
    ///   - limit: how many at most.
    ///   - worker: who takes them.
    ///   - lease: for how long they are the worker's unless it extends that.
    /// - Returns: the jobs, whose attempts are counted up.
    func claim(kinds: [String], limit: Int, worker: String, lease: Duration) async throws -> [Job] {
        guard limit > 0, !kinds.isEmpty else { return [] }
        return try await pool.query(
            """
            WITH lost AS MATERIALIZED (
                SELECT id FROM jobs WHERE status = 'RUNNING' AND lease_until < now() AND kind = ANY(\(kinds))
                ORDER BY lease_until LIMIT \(limit) FOR UPDATE SKIP LOCKED
            ), due AS MATERIALIZED (
                SELECT id FROM jobs WHERE status = 'PENDING' AND run_after <= now() AND kind = ANY(\(kinds))
                ORDER BY run_after, id LIMIT \(limit) - (SELECT count(*) FROM lost) FOR UPDATE SKIP LOCKED
            )
            UPDATE jobs SET status = 'RUNNING', attempts = attempts + 1, leased_by = \(worker),
                lease_until = now() + make_interval(secs => \(lease.inSeconds)), started_at = coalesce(started_at, now())
            WHERE id IN (SELECT id FROM lost UNION ALL SELECT id FROM due)
            RETURNING \(Job.columns)
            """, as: Job.self)
    }

    /// Extends the lease of a job.
    /// - Returns: false when the job is no longer this worker's.
    func extend(_ job: Job, worker: String, lease: Duration) async throws -> Bool {
        try await pool.execute(
            """
            UPDATE jobs SET lease_until = now() + make_interval(secs => \(lease.inSeconds)) WHERE \(held(job, by: worker))
            """) == 1
    }

    /// Writes how a job ended, unless it is no longer this worker's.
    /// - Returns: whether it was.
    func finish(_ job: Job, worker: String, _ ending: Ending) async throws -> Bool {
        let change: SQL =
            switch ending {
            case .succeeded: "status = 'SUCCEEDED', finished_at = now(), last_error = NULL"
            case .retried(let delay, let reason):
                "status = 'PENDING', run_after = \(Self.now) + make_interval(secs => \(delay.inSeconds)), last_error = \(reason)"
            case .failed(let reason): "status = 'FAILED', finished_at = now(), last_error = \(reason)"
            case .released: "status = 'PENDING', run_after = \(Self.now), attempts = attempts - 1"
            }
        let changed = try await pool.execute(
            "UPDATE jobs SET \(change), leased_by = NULL, lease_until = NULL WHERE \(held(job, by: worker))")
        if case .released = ending, changed == 1 { try await pool.execute("SELECT pg_notify(\(Self.channel), \(job.kind))") }
        return changed == 1
    }

    enum Ending: Sendable {
        case succeeded
        case retried(after: Duration, reason: String)
        case failed(reason: String)
        /// Given back because the program stops; the attempt does not count.
        case released
    }

    /// The attempt is part of it, so that a worker that was thought lost does not write over its own later attempt.
    private func held(_ job: Job, by worker: String) -> SQL {
        "id = \(job.id) AND status = 'RUNNING' AND leased_by = \(worker) AND attempts = \(job.attempts)"
    }

    // MARK: Looking

    /// A job that was given up.
    package struct DeadJob: Sendable, RowDecodable {
        package let id: String
        package let kind: String
        package let companyID: String?
        package let attempts: Int
        package let finishedAt: Date
        package let lastError: String

        package init(from row: inout Row) throws {
            id = try row.next()
            kind = try row.next()
            companyID = try row.next()
            attempts = try row.next()
            finishedAt = try row.next()
            lastError = try row.next()
        }
    }

    /// The jobs that were given up, the latest first.
    package func dead(limit: Int) async throws -> [DeadJob] {
        try await pool.query(
            """
            SELECT id, kind, company_id, attempts, finished_at, coalesce(last_error, '') FROM jobs
            WHERE status = 'FAILED' ORDER BY finished_at DESC, id DESC LIMIT \(limit)
            """, as: DeadJob.self)
    }

    /// Removes jobs that succeeded longer ago than the given time; those that were given up stay.
    @discardableResult
    package func removeSucceeded(olderThan age: Duration, in db: some Queryable) async throws -> Int {
        try await db.execute(
            "DELETE FROM jobs WHERE status = 'SUCCEEDED' AND finished_at < now() - make_interval(secs => \(age.inSeconds))")
    }
}

extension Duration {
    /// As seconds with their fraction.
    var inSeconds: Double { Double(components.seconds) + Double(components.attoseconds) * 1e-18 }
}
