import Foundation
import Jobs
import Postgres

/// Syncs: starting them, and looking at what they did.
extension Directories {
    /// Has a directory's people fetched, by whichever worker is free.
    /// - Parameters:
    ///   - acceptsDepartures: more than half of them may go.
    ///   - trigger: what made the asker do so.
    /// - Throws: ``Failure`` while a sync waits or runs, for another company's, and for one that pushes.
    package func sync(
        _ id: DirectoryConnectionID, acceptsDepartures: Bool = false, trigger: SyncTrigger = .manual, by subject: Subject
    ) async throws -> SyncRun {
        do {
            return try await enqueue(id, acceptsDepartures, trigger, by: subject)
        } catch let error as PostgresError where error.isUniqueViolation && error.constraint == "one_sync_runs_at_a_time" {
            let time = now()
            let isFree = try await database.transaction(for: subject.company) { db in
                try await SyncStore(db).endAbandoned(of: id, at: time)
            }
            guard isFree else { throw Failure.alreadySyncing }
        }
        do {
            return try await enqueue(id, acceptsDepartures, trigger, by: subject)
        } catch let error as PostgresError where error.isUniqueViolation && error.constraint == "one_sync_runs_at_a_time" {
            throw Failure.alreadySyncing
        }
    }

    private func enqueue(
        _ id: DirectoryConnectionID, _ acceptsDepartures: Bool, _ trigger: SyncTrigger, by subject: Subject
    ) async throws -> SyncRun {
        let (run, time) = (SyncRunID(at: now()), now())
        return try await database.transaction(for: subject.company) { db in
            guard let connection = try await DirectoryStore(db).find(id) else { throw Failure.notFound }
            guard connection.type != .scim else { throw Failure.pushedByDirectory }
            let store = SyncStore(db)
            try await store.insert(run, id, trigger: trigger, acceptsDepartures: acceptsDepartures, at: time)
            try await queue.enqueue(try RunDirectorySync.job(run, id, company: subject.company), in: db)
            try await AuditTrail.record("directory.sync_started", target: .init("directory", id), by: subject, in: db)
            guard let run = try await store.find(run) else { throw Failure.noSuchRun }
            return run
        }
    }

    /// Starts the syncs that are due by their connections' own interval.
    package var schedule: ScheduledWork {
        let (queue, now) = (queue, now)
        return ScheduledWork("syncs due") { db in
            let time = now()
            // What a worker left behind that died between the end of a job and what is said of it would keep its directory from ever being
            // synced again.
            try await db.execute(
                """
                UPDATE sync_runs r SET status = 'FAILED', error = 'The sync was abandoned.', finished_at = \(time), run_after = NULL
                WHERE status IN ('PENDING', 'RUNNING') AND updated_at < now() - interval '5 minutes'
                    AND NOT EXISTS (SELECT FROM jobs j WHERE j.dedupe_key = 'sync:' || r.id AND j.status IN ('PENDING', 'RUNNING'))
                """)
            let due = try await db.query(
                """
                SELECT d.company_id, d.id FROM directory_connections d
                WHERE d.auto_sync_interval_minutes IS NOT NULL AND d.type <> 'SCIM' AND NOT d.is_sync_paused
                    AND NOT EXISTS (
                        SELECT FROM sync_runs r WHERE r.company_id = d.company_id AND r.connection_id = d.id
                            AND (r.status IN ('PENDING', 'RUNNING')
                                -- One that fails is tried again, and not every minute.
                                OR r.created_at > \(time)::timestamptz - make_interval(mins =>
                                    greatest(d.auto_sync_interval_minutes, CASE d.status WHEN 'ERROR' THEN 15 END))))
                ORDER BY d.company_id, d.id LIMIT 100
                """, as: Due.self)
            for due in due {
                let run = SyncRunID(at: time)
                let isNew = try await db.execute(
                    """
                    INSERT INTO sync_runs (id, company_id, connection_id, trigger, created_at, updated_at)
                    VALUES (\(run), \(due.company), \(due.connection), 'schedule', \(time), \(time)) ON CONFLICT DO NOTHING
                    """)
                if isNew == 1 { try await queue.enqueue(try RunDirectorySync.job(run, due.connection, company: due.company), in: db) }
            }
        }
    }

    private struct Due: RowDecodable {
        let company: CompanyID
        let connection: DirectoryConnectionID

        init(from row: inout Row) throws {
            company = try row.next()
            connection = try row.next()
        }
    }

    /// One page of the syncs, the latest first.
    /// - Parameter connection: of which; nil for all.
    /// - Throws: ``Failure/notFound``, also for another company's.
    package func runs(
        of connection: DirectoryConnectionID?, cursor: String? = nil, limit: Int? = nil, for subject: Subject
    ) async throws -> Page<SyncRunResponse> {
        if let connection { _ = try await find(connection, for: subject) }
        let limit = try PageLimit.checked(limit)
        let after = try Cursor.decode(cursor, as: SyncCursor.self)
        let runs = try await database.query(
            for: subject.company, SyncStore.page(of: subject.company, connection, after: after, limit: limit), as: SyncRun.self)
        return try Page(
            runs, limit: limit, cursor: { try Cursor.encode(SyncCursor(createdAt: $0.createdAt, id: $0.id)) }, item: { SyncRunResponse($0) })
    }

    /// A sync.
    /// - Throws: ``Failure/noSuchRun``, also for another company's.
    package func run(_ id: SyncRunID, for subject: Subject) async throws -> SyncRun {
        let runs = try await database.query(for: subject.company, SyncStore.one(id, of: subject.company), as: SyncRun.self)
        guard let run = runs.first else { throw Failure.noSuchRun }
        return run
    }

    /// Whom a sync added, changed, took off, and could not take.
    package func samples(of id: SyncRunID, for subject: Subject) async throws -> SyncSamples {
        let texts = try await database.query(for: subject.company, SyncStore.samples(id, of: subject.company), as: String.self)
        guard let text = texts.first else { throw Failure.noSuchRun }
        return try JSONDecoder().decode(SyncSamples.self, from: Data((text == "{}" ? Self.noSamples : text).utf8))
    }

    private static let noSamples = #"{"added":[],"changed":[],"deactivated":[],"reactivated":[],"skipped":[]}"#
}
