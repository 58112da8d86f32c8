import Foundation
import LeakFiles
import Postgres
import Scalars

/// One reading of leak files for a company.
package struct IngestRun: Sendable, Hashable, RowDecodable {
    /// What started it.
    package enum Trigger: String, NativeEnum {
        case upload
        case command
    }

    package var id: IngestRunID
    package var status: WorkStatus
    package var trigger: Trigger
    /// What was read: the file's name, or how many paths.
    package var name: String
    package var report: IngestReport
    /// Why it failed.
    package var errorMessage: String?
    package var createdAt: Date
    package var finishedAt: Date?

    static let columns: SQL = "i.id, i.status, i.trigger, i.name, i.report, i.error_message, i.created_at, i.finished_at"

    package init(from row: inout Row) throws {
        id = try row.next()
        status = try row.next()
        trigger = try row.next()
        name = try row.next()
        report = try row.next(as: JSON<IngestReport>.self).value
        errorMessage = try row.next()
        createdAt = try row.next()
        finishedAt = try row.next()
    }
}

extension IngestRun {
    /// As somebody may see it. Paths in folders and archives have names of machines and of their users in them, which are for administrators;
    /// others see which file a part that was passed over is in, and why it was.
    func shown(to subject: Subject) -> IngestRun {
        guard !subject.may(.machinesTrace) else { return self }
        var run = self
        run.report.skipped = []
        for part in report.skipped {
            let file = part.path.parts { $0 == "/" || $0 == "!" }.first.map { String($0) } ?? "a file"
            let shown = SkippedPart(path: file, offset: part.path.isSame(as: file) ? part.offset : 0, reason: part.reason)
            if !run.report.skipped.contains(shown) { run.report.skipped.append(shown) }
        }
        return run
    }
}

/// How far a reading is, and in the end what came of it.
package struct IngestReport: Sendable, Hashable, Codable {
    /// How many parts that were passed over are listed; all are counted.
    package static let listed = 200
    /// How many files are kept in which something was not understood.
    static let mostUnreadFiles = 1_000

    package var files = 0
    /// Files whose content had been read before.
    package var knownFiles = 0
    /// What there is to read, compressed files as they lie; 0 until it is known.
    package var bytesTotal = 0
    package var bytes = 0
    package var lines = 0
    /// Watched addresses that were met, each once for each person of the company whose it is.
    package var matches = 0
    /// Infected machines in the logs, also those that concern nobody.
    package var machines = 0
    /// What was said of people of the company: each line about one, and each machine with data of one.
    package var findings = 0
    package var newRecords = 0
    package var newAlerts = 0
    package var newCredentials = 0
    package var corroborated = 0
    /// Files that were not looked into, because what they are says that nobody's access is in them; nil in what was kept before it was counted.
    package var passedOver: Int?
    /// Credentials that were counted and not kept, because one person has more of them in one breach and file than ``CredentialCap/most``;
    /// nil for none.
    package var leftOut: Int?
    /// What was said of people of the company and not understood, of ``findings``: lines, and machines, with text beside an address that a password may
    /// be in. nil for none.
    package var unread: Int?
    /// The files in which that was: whom it is about is found by them. Empty where there are more than a thousand.
    package var unreadFiles: [LeakFileID]?
    package var skippedCount = 0
    package var skipped: [SkippedPart] = []
    /// Of reading, without the pauses between two attempts.
    package var seconds = 0.0

    package init() {}

    package mutating func add(_ outcome: Recorder.Outcome) {
        newRecords += outcome.newRecords
        newAlerts += outcome.newAlerts
        newCredentials += outcome.newCredentials
        corroborated += outcome.corroborated
    }

    /// Adds what another company's report counts of its own; what is read is the same.
    package mutating func add(_ other: IngestReport) {
        knownFiles = max(knownFiles, other.knownFiles)
        matches += other.matches
        findings += other.findings
        newRecords += other.newRecords
        newAlerts += other.newAlerts
        newCredentials += other.newCredentials
        corroborated += other.corroborated
        addLeftOut(other.leftOut)
        addUnread(other.unread)
    }

    /// Counts what was not understood.
    mutating func addUnread(_ count: Int?) {
        if let count, count > 0 { unread = (unread ?? 0) + count }
    }

    /// Keeps in which file something was not understood.
    mutating func addUnread(in file: LeakFileID) {
        let files = unreadFiles ?? []
        // There were too many already.
        if unreadFiles?.isEmpty == true || files.contains(file) { return }
        unreadFiles = files.count < Self.mostUnreadFiles ? files + [file] : []
    }

    /// A file turned out to be one that is known.
    mutating func replaceUnread(_ file: LeakFileID, with known: LeakFileID) {
        guard let place = unreadFiles?.firstIndex(of: file) else { return }
        unreadFiles?.remove(at: place)
        if unreadFiles?.contains(known) == false { unreadFiles?.insert(known, at: place) }
    }

    /// What is said of text that was not understood; nil when all was.
    package var unreadText: String? {
        unread.map {
            "\(Format.count($0)): the text beside the address fits no layout that is known, and a password may be in it."
                + " What it is about is shown as not known."
        }
    }

    /// Counts credentials that were not kept.
    mutating func addLeftOut(_ count: Int?) {
        if let count, count > 0 { leftOut = (leftOut ?? 0) + count }
    }

    /// What is said of credentials that were not kept; nil when all were.
    package var leftOutText: String? {
        leftOut.map {
            "\(Format.count($0)): of one person in one breach, no more than \(Format.count(CredentialCap.most)) are kept from one file."
        }
    }

    /// Counts a part that was passed over. Several may look alike, as entries of an archive with one name do: they are listed once.
    package mutating func skip(_ part: SkippedPart) {
        skippedCount += 1
        if skipped.count < Self.listed, !skipped.contains(part) { skipped.append(part) }
    }

    /// From 0 to 100; nil while it is not known how much there is.
    package var percent: Int? { bytesTotal > 0 ? min(99, bytes * 100 / bytesTotal) : nil }

    /// nil before anything was measured.
    package var bytesPerSecond: Double? { seconds > 0.05 ? Double(bytes) / seconds : nil }

    package var secondsLeft: Int? {
        guard let rate = bytesPerSecond, rate > 0, bytesTotal > bytes else { return nil }
        return Int((Double(bytesTotal - bytes) / rate).rounded(.up))
    }
}

/// Where a page of the runs ended.
struct IngestCursor: Codable, Sendable {
    var createdAt: Date
    var id: IngestRunID
}

/// The SQL of the `ingest_runs` table.
struct IngestStore {
    let db: TenantTransaction

    static func page(of company: CompanyID, after cursor: IngestCursor?, limit: Int) -> SQL {
        let behind: SQL = cursor.map { "AND (i.created_at, i.id) < (\($0.createdAt), \($0.id))" } ?? ""
        return """
            SELECT \(IngestRun.columns) FROM ingest_runs i WHERE i.company_id = \(company) \(behind)
            ORDER BY i.created_at DESC, i.id DESC \(SQL.limit(limit + 1))
            """
    }

    static func one(_ id: IngestRunID, of company: CompanyID) -> SQL {
        "SELECT \(IngestRun.columns) FROM ingest_runs i WHERE i.company_id = \(company) AND i.id = \(id)"
    }

    func insert(_ id: IngestRunID, _ trigger: IngestRun.Trigger, name: String, by user: UserID?, at now: Date) async throws {
        try await db.execute(
            """
            INSERT INTO ingest_runs (id, company_id, status, trigger, started_by, name, report, seen_at, created_at, updated_at)
            VALUES (\(id), \(db.company), 'RUNNING', \(trigger.rawValue), \(user), \(name), \(JSON(IngestReport())), \(now), \(now), \(now))
            """)
    }

    /// Opens a run that was left again.
    /// - Returns: false when it has ended well or is gone.
    func reopen(_ id: IngestRunID, at now: Date) async throws -> Bool {
        try await db.execute(
            """
            UPDATE ingest_runs SET status = 'RUNNING', error_message = NULL, finished_at = NULL, seen_at = \(now)
            WHERE company_id = \(db.company) AND id = \(id) AND status <> 'SUCCEEDED'
            """) == 1
    }

    /// Shows how far a run is, and that somebody is at work on it; also when it was quiet for so long that it was taken to be dead.
    func show(_ id: IngestRunID, _ report: IngestReport, at now: Date) async throws {
        try await db.execute(
            """
            UPDATE ingest_runs SET status = 'RUNNING', error_message = NULL, finished_at = NULL, report = \(JSON(report)), seen_at = \(now)
            WHERE company_id = \(db.company) AND id = \(id) AND status <> 'SUCCEEDED'
            """)
    }

    /// Says that runs are alive, also when they were quiet for so long that they were taken to be dead.
    static func stillRunning(_ runs: [CompanyID: IngestRunID], at now: Date, in system: SystemDatabase) async throws {
        try await system.execute(
            """
            UPDATE ingest_runs SET status = 'RUNNING', error_message = NULL, finished_at = NULL, seen_at = \(now)
            WHERE company_id = ANY(\(Array(runs.keys))::text[]) AND id = ANY(\(Array(runs.values))::text[]) AND status <> 'SUCCEEDED'
            """)
    }

    func finish(_ id: IngestRunID, _ status: WorkStatus, _ report: IngestReport, error: String?, at now: Date) async throws {
        try await db.execute(
            """
            UPDATE ingest_runs SET status = \(status), report = \(JSON(report)), error_message = \(error), finished_at = \(now), seen_at = \(now)
            WHERE company_id = \(db.company) AND id = \(id) AND status <> 'SUCCEEDED'
            """)
    }
}
