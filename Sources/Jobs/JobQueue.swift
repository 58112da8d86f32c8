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

    /// The files that make the table, `NNNN_name.sql` for a `Migrator`; nil when they are not where they belong. They are numbered among those
    /// of the program that uses the queue, whose companies and connections the table refers to.
    package static var migrations: URL? { Bundle.module.url(forResource: "Migrations", withExtension: nil) }

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

    /// A kind of job that a worker can take now.
    package struct Wanted: Sendable {
        package var kind: String
        package var priority: JobPriority = .usual
        /// How many of them one company may have in hand at a time, over all processes.
        package var share: Int
        /// How many of them the worker takes at most.
        package var room: Int
        /// How much of the room is for companies that have none of them in hand.
        package var reserve: Int
        /// Whether each takes one of the worker's places.
        package var takesPlace = true

        package init(
            _ kind: String, priority: JobPriority = .usual, share: Int, room: Int, reserve: Int = 0, takesPlace: Bool = true
        ) {
            self.kind = kind
            self.priority = priority
            self.share = share
            self.room = room
            self.reserve = reserve
            self.takesPlace = takesPlace
        }
    }

    /// Any number: by it one worker at a time takes jobs, so that what is in hand is counted rightly over all processes.
    private static let claimLock = 0x4453_436C

    /// Takes jobs that are due, and those whose worker was lost.
    /// - Parameters:
    ///   - wanted: what the worker can do.
    ///   - places: how many jobs at most that take a place.
    ///   - worker: who takes them.
    ///   - lease: for how long they are the worker's unless it extends that.
    /// - Returns: the jobs. A new attempt is counted; of one whose worker was lost, the loss.
    func claim(_ wanted: [Wanted], places: Int, worker: String, lease: Duration) async throws -> [Job] {
        let wanted = wanted.filter { $0.room > 0 && (!$0.takesPlace || places > 0) }
        guard !wanted.isEmpty else { return [] }
        return try await pool.query(
            Self.claiming(wanted, places: places, worker: worker, lease: lease), as: Job.self,
            // What the planner thinks of the list would make it compile the statement, each time, which takes longer than to run it.
            beginning: ["SELECT pg_advisory_xact_lock(\(Self.claimLock)), set_config('jit', 'off', true)"])
    }

    /// From so many lost workers on, a job is in hand when no other such job of its kind is, over all processes: one that ends its workers is
    /// then found out, and those that were only in hand with it get on.
    private static let suspicion = 2
    /// From so many on, no other of these is in hand of any kind, so that none is parked for what another did.
    private static let graveSuspicion = 3

    /// The statement that takes jobs.
    ///
    /// What it reads depends on how many companies have something waiting, not on how many jobs: by the index `jobs_waiting` it goes from one
    /// company to the next, and looks at as many jobs of each as may be taken. A company with a hundred thousand of them costs as much as one
    /// with one. A test reads its plan.
    ///
    /// Of a kind, those come first whose company has the fewest in hand. A server that was just started says nothing about workers: the one that
    /// has a job takes it again first, if it lives.
    package static func claiming(_ wanted: [Wanted], places: Int, worker: String, lease: Duration) -> SQL {
        """
        WITH RECURSIVE wanted AS MATERIALIZED (
            SELECT * FROM unnest(
                \(wanted.map(\.kind))::text[], \(wanted.map(\.priority.rawValue))::bigint[], \(wanted.map(\.share))::bigint[],
                \(wanted.map(\.room))::bigint[], \(wanted.map(\.reserve))::bigint[], \(wanted.map(\.takesPlace))::boolean[])
                AS w (kind, priority, share, room, reserve, takes_place)
        ), waiting AS (
            SELECT w.kind, (
                SELECT j.company_key FROM jobs j WHERE j.status = 'PENDING' AND j.kind = w.kind
                ORDER BY j.company_key LIMIT 1) AS company
            FROM wanted w
            UNION ALL
            SELECT p.kind, (
                SELECT j.company_key FROM jobs j
                WHERE j.status = 'PENDING' AND j.kind = p.kind AND j.company_key > p.company
                ORDER BY j.company_key LIMIT 1)
            FROM waiting p WHERE p.company IS NOT NULL
        ), candidates AS (
            SELECT j.id, w.kind, w.priority, w.room, w.reserve, w.takes_place, 0 AS turn, 1::bigint AS nth, j.lease_until AS since,
                -- A worker that takes its own job again was not lost: the database was away from it.
                j.lost_leases + CASE WHEN j.leased_by IS DISTINCT FROM \(worker)::text THEN 1 ELSE 0 END AS losses
            FROM jobs j JOIN wanted w ON w.kind = j.kind
            WHERE j.status = 'RUNNING' AND j.lease_until < now()
                AND (j.leased_by IS NOT DISTINCT FROM \(worker)::text
                    OR pg_postmaster_start_time() < now() - make_interval(secs => \(lease.inSeconds * 2 / 3)))
            UNION ALL
            SELECT j.id, w.kind, w.priority, w.room, w.reserve, w.takes_place, 1, j.nth, j.run_after, j.lost_leases
            FROM waiting p JOIN wanted w ON w.kind = p.kind
            CROSS JOIN LATERAL (
                SELECT count(*) AS in_hand FROM jobs r
                WHERE r.status = 'RUNNING' AND r.kind = p.kind AND r.company_key = p.company
            ) h
            CROSS JOIN LATERAL (
                SELECT n.id, n.run_after, n.lost_leases,
                    -- The company's first, second and so on, with those in hand. The installation's own have no company to share with.
                    CASE WHEN p.company = '' THEN 1 ELSE h.in_hand + row_number() OVER (ORDER BY n.run_after, n.id) END AS nth
                FROM (
                    -- No more than anybody may take; a number that the planner knows, so that it reads the index in its order.
                    SELECT j.id, j.run_after, j.lost_leases FROM jobs j
                    WHERE j.status = 'PENDING' AND j.kind = p.kind AND j.company_key = p.company AND j.run_after <= now()
                    ORDER BY j.run_after, j.id LIMIT 32) n
                ORDER BY n.run_after, n.id
                LIMIT CASE WHEN p.company = '' THEN w.room ELSE least(w.room, greatest(0, w.share - h.in_hand)) END
            ) j
            WHERE p.company IS NOT NULL
        ), suspected AS (
            SELECT *, row_number() OVER (
                PARTITION BY kind, losses >= \(Self.suspicion)::bigint ORDER BY losses, turn, since, id) AS of_kind
            FROM candidates
        ), compared AS (
            SELECT *, row_number() OVER (
                PARTITION BY of_kind, losses >= \(Self.graveSuspicion)::bigint ORDER BY priority, losses, turn, since, id) AS of_all
            FROM suspected
        ), numbered AS (
            SELECT c.*, row_number() OVER (PARTITION BY c.kind ORDER BY c.turn, c.nth, c.since, c.id) AS number FROM compared c
            WHERE c.losses < \(Self.suspicion)::bigint
                OR (c.of_kind = 1 AND (c.losses < \(Self.graveSuspicion)::bigint OR c.of_all = 1) AND NOT EXISTS (
                    SELECT FROM jobs r
                    WHERE r.status = 'RUNNING' AND r.lost_leases >= \(Self.suspicion)::bigint AND r.lease_until >= now()
                        AND (r.kind = c.kind OR least(r.lost_leases, c.losses) >= \(Self.graveSuspicion)::bigint)))
        ), chosen AS (
            SELECT id, takes_place, row_number() OVER (PARTITION BY takes_place ORDER BY priority, turn, nth, since, id) AS place
            FROM numbered WHERE number <= room - CASE WHEN nth > 1 THEN reserve ELSE 0 END
        ), taken AS MATERIALIZED (
            -- As they are when they are locked: one may just have been ended or extended. By arrays, since they are few, whatever the planner
            -- thinks of the list.
            SELECT j.id FROM jobs j
            WHERE j.id = ANY(ARRAY(SELECT c.id::text FROM chosen c WHERE NOT c.takes_place OR c.place <= \(places)::bigint))
                AND (j.status = 'PENDING' OR (j.status = 'RUNNING' AND j.lease_until < now()))
            FOR UPDATE SKIP LOCKED
        )
        UPDATE jobs SET status = 'RUNNING', attempts = attempts + CASE status WHEN 'PENDING' THEN 1 ELSE 0 END,
            lost_leases = lost_leases + CASE WHEN status = 'RUNNING' AND leased_by IS DISTINCT FROM \(worker)::text THEN 1 ELSE 0 END,
            taken = taken + 1, leased_by = \(worker), lease_until = now() + make_interval(secs => \(lease.inSeconds)),
            started_at = coalesce(started_at, now())
        WHERE id = ANY(ARRAY(SELECT t.id::text FROM taken t))
        RETURNING \(Job.columns)
        """
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
                """
                status = 'PENDING', run_after = \(Self.now) + make_interval(secs => \(delay.inSeconds)), last_error = \(reason), lost_leases = 0
                """
            case .postponed(let delay, let reason):
                """
                status = 'PENDING', run_after = \(Self.now) + make_interval(secs => \(delay.inSeconds)), last_error = \(reason),
                    attempts = greatest(attempts - 1, 0)
                """
            case .failed(let reason): "status = 'FAILED', finished_at = now(), last_error = \(reason)"
            case .released: "status = 'PENDING', run_after = \(Self.now), attempts = greatest(attempts - 1, 0)"
            }
        let changed = try await pool.execute(
            "UPDATE jobs SET \(change), leased_by = NULL, lease_until = NULL WHERE \(held(job, by: worker))")
        if case .released = ending, changed == 1 { try await pool.execute("SELECT pg_notify(\(Self.channel), \(job.kind))") }
        return changed == 1
    }

    enum Ending: Sendable {
        case succeeded
        case retried(after: Duration, reason: String)
        /// To be done later, because of something that it cannot help; the attempt does not count.
        case postponed(after: Duration, reason: String)
        case failed(reason: String)
        /// Given back because the program stops; the attempt does not count.
        case released
    }

    /// Writes that a job has got on: the workers that were lost with it are forgiven.
    func noteProgress(_ job: Job, worker: String) async throws {
        try await pool.execute("UPDATE jobs SET lost_leases = 0 WHERE \(held(job, by: worker))")
    }

    /// How often it was taken is part of it, so that a worker that was thought lost does not write over its own later attempt.
    private func held(_ job: Job, by worker: String) -> SQL {
        "id = \(job.id) AND status = 'RUNNING' AND leased_by = \(worker) AND taken = \(job.taken)"
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
