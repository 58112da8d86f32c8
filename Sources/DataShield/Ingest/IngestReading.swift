import Crypto
import Foundation
import LeakFiles
import Postgres

/// Whose people a reading looks for, in what, and how.
package struct IngestOrder: Sendable {
    /// Files and folders.
    package var paths: [String]
    /// nil for all companies.
    package var company: CompanyID?
    package var source: LeakSource
    package var limits: LeakLimits
    /// nil for as many as there are processors.
    package var threads: Int?

    package init(paths: [String], company: CompanyID? = nil, source: LeakSource = .init(), limits: LeakLimits = .init(), threads: Int? = nil) {
        self.paths = paths
        self.company = company
        self.source = source
        self.limits = limits
        self.threads = threads
    }
}

extension Ingests {
    /// Reads files for a command, and tells how far it is. Left at any moment, the same call goes on where it was.
    /// - Parameters:
    ///   - order: what is read.
    ///   - progress: told now and then, and at the end.
    /// - Returns: what came of it, over all companies.
    /// - Throws: ``InvalidInput`` when there is nobody to look for or nothing to read.
    package func read(_ order: IngestOrder, progress: @Sendable (IngestReport) async -> Void) async throws -> IngestReport {
        let companies: [CompanyID]
        if let company = order.company { companies = [company] } else { companies = try await self.companies() }
        let people = try await watchedPeople(of: companies)
        guard people.count > 0 else {
            throw InvalidInput("company", "has nobody on its staff list: there is nobody to look for. Import one first.")
        }
        for path in order.paths where !FileManager.default.fileExists(atPath: path) {
            throw InvalidInput("path", "must be a file or folder; \(path) is not there.")
        }
        let checkpoints = IngestCheckpoints(system: system, source: Self.source(of: order, people))
        var stored = try await checkpoints.load() ?? .init()
        let name =
            order.paths.count == 1 ? URL(fileURLWithPath: order.paths[0]).lastPathComponent : "\(order.paths.count) files and folders"
        var recording = try await recording(people, order.source, taking: &stored, name: name)
        // From here on a kill leaves something to go on with.
        try await checkpoints.save(stored)
        do {
            try await read(order.paths, order, from: stored.place, into: &recording, names: { Self.name(of: $0, below: order.paths) }) {
                place, total in
                stored.place = place
                try await checkpoints.save(stored)
                await progress(total)
            }
            try await recording.end(error: nil)
            try await checkpoints.forget()
        } catch {
            // What is recorded stays, and so does the checkpoint.
            await end(recording, error)
            throw error
        }
        return recording.total
    }

    private func companies() async throws -> [CompanyID] {
        try await system.query("SELECT id FROM companies ORDER BY id", as: CompanyID.self)
    }

    /// Reads a file that was sent. How it ends is in its run.
    func read(_ file: MemoryFile, _ source: LeakSource, run: IngestRunID, of company: CompanyID) async {
        do {
            var recording = LeakRecording(
                database: database, recorder: recorder, people: try await watchedPeople(of: [company]), source: source, runs: [company: run], now: now
            )
            // The file has no path of its own: its name stands for it in what is shown.
            let (path, name) = (file.path, source.fileName.isEmpty ? "file" : source.fileName)
            do {
                try await read([path], IngestOrder(paths: [path], source: source), into: &recording) { part in
                    part.hasPrefix(path) ? name + part.dropFirst(path.count) : part
                }
                try await recording.end(error: nil)
            } catch {
                await end(recording, error)
            }
        } catch {
            // Before anything was read: the schedule ends the run when nobody has said anything of it for a while.
            uploads.logger?.error("A leak file could not be read", metadata: ["error": "\(error)"])
        }
        withExtendedLifetime(file) {}
    }

    /// Says in the runs that the reading ended early.
    private func end(_ recording: LeakRecording, _ error: any Error) async {
        if !(error is CancellationError) {
            uploads.logger?.error("A reading of leak files failed", metadata: ["error": "\(error)"])
        }
        // A task of its own: in one that was cancelled, nothing can be written any more.
        let ending = Task { try await recording.end(error: Self.reason(error)) }
        do {
            try await ending.value
        } catch {
            // The schedule ends the runs when nobody has said anything of them for a while.
            uploads.logger?.error("The end of a reading could not be recorded", metadata: ["error": "\(error)"])
        }
    }

    /// How a part is called in what is kept: without the folders above what was named, which are nobody's business.
    static func name(of part: String, below roots: [String]) -> String {
        for root in roots where part.hasPrefix(root) {
            let folder = root.hasSuffix("/") ? String(root.dropLast()) : root
            return String(folder.split(separator: "/").last ?? "") + String(part.dropFirst(folder.count))
        }
        return part
    }

    /// Why a reading ended early, in words that say nothing of what was read.
    private static func reason(_ error: any Error) -> String {
        switch error {
        case is CancellationError: "The program was stopped. What was found is kept; read the file again for the rest."
        case let error as any FeatureError: error.detail
        case is PostgresError: "The database was not available. What was found before is kept; read the file again for the rest."
        default: "Reading failed. The log has the reason."
        }
    }

    // MARK: Reading

    /// Reads paths, records what is found, and shows how far it is.
    /// - Parameters:
    ///   - names: how a part is called in what is shown.
    ///   - place: what an earlier read had done.
    ///   - recorded: told after each batch, when all of it is recorded, where to go on.
    private func read(
        _ paths: [String], _ order: IngestOrder, from place: IngestCheckpoints.Place = .init(), into recording: inout LeakRecording,
        names: @Sendable (String) -> String, recorded: (IngestCheckpoints.Place, IngestReport) async throws -> Void = { _, _ in }
    ) async throws {
        let reader = LeakReader(
            watch: recording.people.list, limits: order.limits, threads: order.threads ?? ProcessInfo.processInfo.activeProcessorCount,
            digestKey: keys.digestKey())
        let (clock, began) = (ContinuousClock(), ContinuousClock.now)
        let (secondsBefore, linesBefore) = (recording.total.seconds, place.lines)
        var place = place
        var shown = clock.now
        _ = try await reader.read(paths, resume: LeakResume(finished: Set(place.finished), checkpoint: place.checkpoint)) { batch in
            let file = LeakRecording.File(
                name: URL(fileURLWithPath: names(batch.file.path)).lastPathComponent, size: Int(clamping: batch.file.size),
                place: Self.place(of: batch.file))
            if !batch.records.isEmpty || !batch.logs.isEmpty {
                try await recording.record(batch.records, batch.logs, in: file, partName: names(batch.part))
            }
            if let file = batch.finished {
                place.checkpoint = nil
                if file.outcome != .finishedBefore {
                    // What was read in part only is tried again: the passphrase may be there the next time.
                    if file.outcome == .read || file.outcome == .known { place.finished.append(file.file) }
                    place.lines += Int(clamping: file.lines)
                    place.machines += file.machines
                }
            } else if let checkpoint = batch.checkpoint {
                place.checkpoint = checkpoint
            }
            let (seconds, machines) = ((clock.now - began) / .seconds(1), place.machines)
            recording.update { report in
                report.bytes = Int(clamping: batch.progress.bytesDone)
                report.bytesTotal = Int(clamping: batch.progress.bytesTotal)
                report.lines = linesBefore + Int(clamping: batch.progress.lines)
                report.files = batch.progress.filesDone
                report.seconds = secondsBefore + seconds
                report.machines = machines
                for part in batch.skipped { report.skip(SkippedPart(path: names(part.path), offset: part.offset, reason: part.reason)) }
            }
            if let finished = batch.finished, let digest = finished.digest { try await recording.finished(file, digest: digest.bytes) }
            try await recorded(place, recording.total)
            if clock.now - shown > .seconds(1) || batch.finished != nil {
                try await recording.show()
                shown = clock.now
            }
        }
    }

    /// A digest of where a file lies and how it is.
    private static func place(of file: FileIdentity) -> [UInt8] {
        Array(SHA256.hash(data: Data("\(file.path)|\(file.device)|\(file.inode)|\(file.size)|\(file.modifiedAt)".utf8)).prefix(16))
    }

    /// Tells one reading from others: by what is read and for whom.
    private static func source(of order: IngestOrder, _ people: WatchedPeople) -> [UInt8] {
        var hash = SHA256()
        for path in order.paths { hash.update(data: Data((URL(fileURLWithPath: path).standardizedFileURL.path + "\0").utf8)) }
        for company in people.companies { hash.update(data: Data((company.id.rawValue + "\0").utf8)) }
        hash.update(data: Data("\(order.source.name ?? "")|\(order.source.date.map(Timestamp.text) ?? "")".utf8))
        // With other people it is another reading: who has joined has to be looked for from the beginning.
        hash.update(data: people.list.digestOfAddresses())
        return Array(hash.finalize().prefix(16))
    }

    /// The runs of the companies: those of the reading that is gone on with, or new ones.
    private func recording(
        _ people: WatchedPeople, _ source: LeakSource, taking stored: inout IngestCheckpoints.Stored, name: String
    ) async throws -> LeakRecording {
        var runs: [CompanyID: IngestRunID] = [:]
        let time = now()
        for company in people.companies {
            let known = stored.runs[company.id.rawValue]
            runs[company.id] = try await database.transaction(for: company.id) { db in
                let store = IngestStore(db: db)
                if let known, try await store.takeUp(known, at: time) { return known }
                let id = IngestRunID()
                try await store.insert(id, .command, name: name, by: nil, at: time)
                try await AuditTrail.record(
                    "leaks.ingested", target: .init("ingest", id), after: ["name": name],
                    by: Subject(actor: .program("command"), company: company.id, role: .admin), in: db)
                return id
            }
        }
        stored.runs = Dictionary(uniqueKeysWithValues: runs.map { ($0.key.rawValue, $0.value) })
        var recording = LeakRecording(
            database: database, recorder: recorder, people: people, source: source, runs: runs, now: now)
        for (company, run) in runs {
            if let report = try await database.query(for: company, IngestStore.one(run, of: company), as: IngestRun.self).first?.report {
                recording.goOn(from: report, of: company)
            }
        }
        return recording
    }
}

/// Where readings go on after a kill: the SQL of the `ingest_checkpoints` table.
struct IngestCheckpoints: Sendable {
    /// What is stored of a reading that has not ended.
    struct Stored: Codable, Sendable {
        /// By company.
        var runs: [String: IngestRunID] = [:]
        var place = Place()
    }

    /// How far a reading is.
    struct Place: Codable, Sendable {
        /// Files that are done, and what they amounted to.
        var finished: [FileIdentity] = []
        var lines = 0
        var machines = 0
        /// Where to go on in the file that is not.
        var checkpoint: LeakCheckpoint?
    }

    let system: SystemDatabase
    /// Tells one reading from others.
    let source: [UInt8]

    func load() async throws -> Stored? {
        try await system.first("SELECT checkpoint FROM ingest_checkpoints WHERE source = \(source)", as: JSON<Stored>.self)?.value
    }

    func save(_ stored: Stored) async throws {
        try await system.execute(
            """
            INSERT INTO ingest_checkpoints (source, checkpoint) VALUES (\(source), \(JSON(stored)))
            ON CONFLICT (source) DO UPDATE SET checkpoint = excluded.checkpoint
            """)
    }

    func forget() async throws { try await system.execute("DELETE FROM ingest_checkpoints WHERE source = \(source)") }
}

extension WatchList {
    /// Of all addresses, in their order.
    fileprivate func digestOfAddresses() -> Data {
        var hash = SHA256()
        for number in 0..<count { hash.update(data: Data((self[number] + "\0").utf8)) }
        return Data(hash.finalize())
    }
}

extension ContentDigest {
    /// 16 bytes.
    fileprivate var bytes: [UInt8] { [high, low].flatMap { word in withUnsafeBytes(of: word.bigEndian) { Array($0) } } }
}

extension FingerprintKeys {
    /// The key of the digests by which a file is known again; only this installation has it.
    func digestKey() -> DigestKey {
        let bytes = secrets.derivedKey(for: "leak file digests").withUnsafeBytes { Array($0) }
        func word(_ from: Int) -> UInt64 { bytes[from..<from + 8].reduce(0) { $0 << 8 | UInt64($1) } }
        return DigestKey(word(0), word(8))
    }
}
