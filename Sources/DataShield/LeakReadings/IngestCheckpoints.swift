import Cryptography
import Foundation
import LeakFiles
import Postgres

/// What was counted of a company's people.
struct IngestCounts: Sendable, Hashable, Codable {
    var matches = 0
    var findings = 0
    /// Credentials beyond those that are kept; nil for none.
    var leftOut: Int?
    /// What was not understood of ``findings``; nil for none.
    var unread: Int?

    static func += (left: inout IngestCounts, right: IngestCounts) {
        left.matches += right.matches
        left.findings += right.findings
        if let more = right.leftOut { left.leftOut = (left.leftOut ?? 0) + more }
        if let more = right.unread { left.unread = (left.unread ?? 0) + more }
    }
}

/// Where readings go on after a kill: the SQL of the `ingest_checkpoints` table, and what readings over several companies ask of `ingest_files`.
struct IngestCheckpoints: Sendable {
    /// What is stored of a reading that has not ended, besides its finished files.
    struct Stored: Codable, Sendable {
        /// By company.
        var runs: [String: IngestRunID] = [:]
        /// Nil between files.
        var place: Position?
    }

    /// Where to go on in the file that is under way.
    struct Position: Codable, Sendable {
        var checkpoint: LeakCheckpoint
        /// What was counted in that file up to there, by company.
        var counts: [String: IngestCounts]
    }

    /// The files that are done for every company, and what they amounted to.
    struct Finished: Sendable {
        /// By ``IngestCheckpoints/key(of:)``.
        var files: Set<[UInt8]> = []
        var lines = 0
        var machines = 0
        var counts: [CompanyID: IngestCounts] = [:]
        /// How many of them had been read before.
        var known: [CompanyID: Int] = [:]
    }

    let system: SystemDatabase
    /// Tells one reading from others.
    let source: [UInt8]

    func load() async throws -> Stored? {
        try await system.first("SELECT checkpoint FROM ingest_checkpoints WHERE source = \(source)", as: JSON<Stored>.self)?.value
    }

    /// Its size does not depend on how many files are done.
    func save(_ stored: Stored) async throws {
        try await system.execute(
            """
            INSERT INTO ingest_checkpoints (source, checkpoint) VALUES (\(source), \(JSON(stored)))
            ON CONFLICT (source) DO UPDATE SET checkpoint = excluded.checkpoint
            """)
    }

    func forget() async throws { try await system.execute("DELETE FROM ingest_checkpoints WHERE source = \(source)") }

    /// How long a reading that was left can be gone on with.
    static let keptFor: TimeInterval = 7 * 86_400

    /// Forgets the places of readings that have ended, that nobody has gone on with for ``keptFor``, or whose companies are gone; and the files
    /// that they had finished.
    static func forgetAbandoned(at now: Date, in db: some Queryable) async throws {
        try await db.execute(
            """
            WITH forgotten AS (
                DELETE FROM ingest_checkpoints c
                WHERE NOT EXISTS (
                    SELECT FROM jsonb_each_text(c.checkpoint->'runs') AS r (company_id, run_id)
                    JOIN ingest_runs i ON i.company_id = r.company_id AND i.id = r.run_id
                    WHERE i.status IN ('PENDING', 'RUNNING') OR (i.status = 'FAILED' AND i.finished_at >= \(now.addingTimeInterval(-keptFor))))
                RETURNING c.checkpoint->'runs' AS runs
            )
            DELETE FROM ingest_files f USING forgotten CROSS JOIN LATERAL jsonb_each_text(forgotten.runs) AS r (company_id, run_id)
            WHERE f.company_id = r.company_id AND f.run_id = r.run_id
            """)
    }

    private struct File: RowDecodable {
        var file: [UInt8]
        var lines: Int
        var machines: Int

        init(from row: inout Row) throws {
            file = try row.next()
            lines = try row.next()
            machines = try row.next()
        }
    }

    private struct Sum: RowDecodable {
        var company: CompanyID
        var counts: IngestCounts
        var known: Int

        init(from row: inout Row) throws {
            company = try row.next()
            counts = IngestCounts(matches: try row.next(), findings: try row.next())
            let leftOut: Int = try row.next()
            if leftOut > 0 { counts.leftOut = leftOut }
            let unread: Int = try row.next()
            if unread > 0 { counts.unread = unread }
            known = try row.next()
        }
    }

    /// What a reading has done that is gone on with, without what is read anew. A file that a kill left done for some of the companies only is not
    /// done.
    func finished(in runs: [CompanyID: IngestRunID]) async throws -> Finished {
        let (companies, ids) = (Array(runs.keys), Array(runs.values))
        let rows: SQL = "company_id = ANY(\(companies)::text[]) AND run_id = ANY(\(ids)::text[]) AND NOT is_read_again"
        let files = try await system.query(
            "SELECT file, max(lines), max(machines) FROM ingest_files WHERE \(rows) GROUP BY file HAVING count(*) = \(runs.count)", as: File.self)
        guard !files.isEmpty else { return Finished() }
        let sums = try await system.query(
            """
            SELECT company_id, sum(matches)::int8, sum(findings)::int8, sum(left_out)::int8, sum(unread)::int8,
                count(*) FILTER (WHERE was_known)
            FROM ingest_files
            WHERE \(rows) AND file = ANY(\(files.map(\.file))::bytea[]) GROUP BY company_id
            """, as: Sum.self)
        var finished = Finished(files: Set(files.map(\.file)))
        for file in files {
            finished.lines += file.lines
            finished.machines += file.machines
        }
        for sum in sums {
            finished.counts[sum.company] = sum.counts
            finished.known[sum.company] = sum.known
        }
        return finished
    }

    /// A digest of where a file lies and how it is.
    static func key(of file: FileIdentity) -> [UInt8] {
        Array(Digest.sha256(of: "\(file.path)|\(file.device)|\(file.inode)|\(file.size)|\(file.modifiedAt)".utf8).prefix(16))
    }
}

/// What a file amounted to that was read to its end.
struct IngestedFile: Sendable, Hashable {
    /// Its ``IngestCheckpoints/key(of:)``.
    var place: [UInt8]
    /// Whether the next attempt reads it anew, and counts it anew: the stealer logs of a folder, and what could not be read whole, because
    /// the passphrase may be there by then.
    var isReadAgain: Bool
    var lines: Int
    var machines: Int
}

/// The SQL of the `ingest_files` table, for one company.
struct IngestFileStore {
    let db: TenantTransaction

    /// Notes that a file is done.
    /// - Parameter isKnown: whether its content had been read before.
    /// - Returns: the same; as it was the first time, when this was noted already and a kill made the file be read again.
    func add(_ file: IngestedFile, to run: IngestRunID, _ counts: IngestCounts, isKnown: Bool) async throws -> Bool {
        try await db.first(
            """
            INSERT INTO ingest_files (company_id, run_id, file, is_read_again, was_known, lines, machines, matches, findings, left_out, unread)
            VALUES (\(db.company), \(run), \(file.place), \(file.isReadAgain), \(isKnown), \(file.lines), \(file.machines), \(counts.matches),
                \(counts.findings), \(counts.leftOut ?? 0), \(counts.unread ?? 0))
            ON CONFLICT (company_id, run_id, file) DO UPDATE SET
                is_read_again = excluded.is_read_again, lines = excluded.lines, machines = excluded.machines, matches = excluded.matches,
                findings = excluded.findings, left_out = excluded.left_out, unread = excluded.unread
            RETURNING was_known
            """, as: Bool.self) ?? isKnown
    }

    /// Forgets the files of a run that has ended: its report has the sums.
    func removeAll(of run: IngestRunID) async throws {
        try await db.execute("DELETE FROM ingest_files WHERE company_id = \(db.company) AND run_id = \(run)")
    }
}
