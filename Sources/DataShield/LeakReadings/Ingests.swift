import Foundation
import HTTPTypes
import Jobs
import LeakFiles
import Postgres

/// Reading of leak files: looks for a company's people in them, and records what is found.
package struct Ingests: Sendable {
    /// The media types under which leak files are sent.
    package static let uploadTypes = [
        "application/octet-stream", "text/plain", "text/csv", "application/csv", "text/tab-separated-values", "application/json",
        "application/x-ndjson", "application/sql", "application/zip", "application/gzip", "application/x-gzip", "application/zstd",
        "application/x-7z-compressed", "application/vnd.rar", "application/x-tar",
    ]
    /// How many bytes a file that is sent has at most: it is held in memory, because a password must not come to lie on a disk.
    package static let uploadLimit = 512 << 20
    /// How many bytes an upload has to bring in each ``uploadWindow``, because it holds memory and a place meanwhile: 32 KiB a second.
    static let leastInUploadWindow = 30 * 32 << 10
    static let uploadWindow: Duration = .seconds(30)
    /// How many windows an upload may take: an hour, in which the largest file comes at 1.2 megabits a second.
    static let uploadWindows = 120
    /// How long the connection waits for an upload: a little longer, so that the reason is told here.
    package static let uploadTime: Duration = .seconds(3_660)
    /// How often a reading says that it is alive; after two minutes it is taken to be dead.
    static let heartbeat: Duration = .seconds(30)

    let database: TenantDatabase
    let system: SystemDatabase
    let recorder: Recorder
    let keys: FingerprintKeys
    let uploads: IngestUploads
    let now: Now
    let clock: any Clock<Duration>

    package init(
        database: TenantDatabase, system: SystemDatabase, recorder: Recorder, secrets: SecretBox, uploads: IngestUploads,
        now: @escaping Now = { Date() }, clock: any Clock<Duration> = ContinuousClock()
    ) {
        self.database = database
        self.system = system
        self.recorder = recorder
        keys = FingerprintKeys(database: database, secrets: secrets)
        self.uploads = uploads
        self.now = now
        self.clock = clock
    }

    package enum Failure: RetryLater, Equatable {
        case notFound
        case emptyFile
        /// The company sends or reads another file.
        case busy
        /// All companies' files together take what memory there is for them.
        case noRoom
        case noMemory
        /// There is room for smaller files only.
        case tooLargeNow
        /// Whoever sends the file does so too slowly.
        case tooSlow

        package var status: HTTPResponse.Status {
            switch self {
            case .notFound: .notFound
            case .emptyFile: .unprocessableContent
            case .busy: .conflict
            case .noRoom, .noMemory, .tooLargeNow: .serviceUnavailable
            case .tooSlow: .requestTimeout
            }
        }
        package var detail: String {
            switch self {
            case .notFound: "There is no such reading."
            case .emptyFile: "The file is empty."
            case .busy: "Your company is already sending or reading another file. Try again when that has ended."
            case .noRoom: "The server cannot take the file now. Send it again in a minute."
            case .noMemory: "There is no room to take the file. Read it with the command on the server."
            case .tooLargeNow:
                "The server has no room for a file of this size now. Try again later, or read it with the command on the server."
            case .tooSlow: "The file came too slowly. Send it over a faster line, or read it with the command on the server."
            }
        }
        package var retryAfterSeconds: Int {
            switch self {
            case .busy: 10
            case .noRoom, .noMemory: 60
            // An upload may take an hour; mostly it takes minutes.
            case .tooLargeNow: 600
            case .notFound, .emptyFile, .tooSlow: 1
            }
        }
    }

    // MARK: Looking

    /// One page of the readings, the latest first, as whoever asks may see them.
    package func list(cursor: String? = nil, limit: Int? = nil, for subject: Subject) async throws -> Page<IngestRun> {
        let limit = try PageLimit.checked(limit)
        let after = try Cursor.decode(cursor, as: IngestCursor.self)
        let runs = try await database.query(
            for: subject.company, IngestStore.page(of: subject.company, after: after, limit: limit), as: IngestRun.self)
        return try Page(
            runs, limit: limit, cursor: { try Cursor.encode(IngestCursor(createdAt: $0.createdAt, id: $0.id)) }, item: { $0.shown(to: subject) })
    }

    /// A reading, as whoever asks may see it.
    /// - Throws: ``Failure/notFound``, also for another company's.
    package func find(_ id: IngestRunID, for subject: Subject) async throws -> IngestRun {
        let runs = try await database.query(for: subject.company, IngestStore.one(id, of: subject.company), as: IngestRun.self)
        guard let run = runs.first else { throw Failure.notFound }
        return run.shown(to: subject)
    }

    // MARK: Uploads

    /// Takes a file, and has it read in the background of this process.
    /// - Parameters:
    ///   - bytes: the file, in pieces of any size.
    ///   - announced: how many bytes there will be, where that is known: room is taken for all of them before the first.
    ///   - source: what is known of it, asked for when all of it has arrived.
    /// - Returns: the reading, which has begun.
    /// - Throws: ``Failure`` while another file of the company is being read, and when this one is empty, cannot be held, or comes too slowly.
    package func upload<Bytes: AsyncSequence & Sendable>(
        _ bytes: Bytes, announced: Int? = nil, _ source: @autoclosure () -> LeakSource, by subject: Subject
    ) async throws -> IngestRun
    where Bytes.Element == [UInt8] {
        try uploads.reserve(for: subject.company)
        do {
            if let announced { try uploads.grow(to: announced, for: subject.company) }
            let file = try await received(bytes, of: subject.company)
            guard file.size > 0 else { throw Failure.emptyFile }
            let source = source()
            let name = source.fileName.isEmpty ? "Uploaded file" : source.fileName
            let id = IngestRunID()
            let time = now()
            let run = try await database.transaction(for: subject.company) { db in
                try await IngestStore(db: db).insert(id, .upload, name: name, by: subject.user, at: time)
                try await AuditTrail.record("leaks.ingested", target: .init("ingest", id), after: ["name": name], by: subject, in: db)
                return try await db.first(IngestStore.one(id, of: subject.company), as: IngestRun.self)
            }
            guard let run else { throw Failure.notFound }
            uploads.start(for: subject.company) { [self] threads in await read(file, source, run: id, of: subject.company, threads: threads) }
            return run
        } catch {
            uploads.release(subject.company)
            throw error
        }
    }

    /// Receives a file, and gives up on one that comes too slowly.
    private func received<Bytes: AsyncSequence & Sendable>(
        _ bytes: Bytes, of company: CompanyID
    ) async throws -> MemoryFile where Bytes.Element == [UInt8] {
        let file = try MemoryFile(key: try keys.uploadKey())
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                var size = 0
                for try await piece in bytes {
                    size += piece.count
                    try uploads.grow(to: size, for: company)
                    try file.append(piece)
                }
            }
            group.addTask {
                var before = 0
                for _ in 0..<Self.uploadWindows {
                    try await clock.sleep(for: Self.uploadWindow)
                    let size = file.size
                    guard size - before >= Self.leastInUploadWindow else { throw Failure.tooSlow }
                    before = size
                }
                throw Failure.tooSlow
            }
            defer { group.cancelAll() }
            try await group.next()
        }
        return file
    }

    /// Ends the readings whose process has died: what it was sent is gone with it. And forgets where readings would go on that nobody goes on
    /// with.
    package var schedule: ScheduledWork {
        let now = now
        return ScheduledWork("abandoned readings of leak files") { db in
            let time = now()
            try await db.execute(
                """
                WITH dead AS (
                    UPDATE ingest_runs SET status = 'FAILED', finished_at = \(time),
                        error_message = 'The program was stopped in the middle. What was found is kept; read the file again for the rest.'
                    WHERE status = 'RUNNING' AND seen_at < \(time.addingTimeInterval(-120))
                    RETURNING company_id, id, trigger
                )
                DELETE FROM ingest_files f USING dead
                WHERE dead.trigger = 'upload' AND f.company_id = dead.company_id AND f.run_id = dead.id
                """)
            try await IngestCheckpoints.forgetAbandoned(at: time, in: db)
        }
    }
}
