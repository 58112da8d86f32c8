import Cryptography
import Foundation
import LeakFiles
import Postgres
import Scalars

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
            let finished = try await checkpoints.finished(in: recording.runs)
            // A file may be done that the place in it was not forgotten of.
            if let place = stored.place, finished.files.contains(IngestCheckpoints.key(of: place.checkpoint.file)) { stored.place = nil }
            recording.goOn(from: finished, stored.place)
            try await read(
                order.paths, order, from: finished, stored.place, into: &recording, names: { Self.name(of: $0, below: order.paths) }
            ) { place, total in
                if place != nil || stored.place != nil {
                    stored.place = place
                    try await checkpoints.save(stored)
                }
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
    func read(_ file: MemoryFile, _ source: LeakSource, run: IngestRunID, of company: CompanyID, threads: Int) async {
        do {
            var recording = LeakRecording(
                database: database, recorder: recorder, people: try await watchedPeople(of: [company]), source: source, runs: [company: run], now: now
            )
            // The file has no path of its own: its name stands for it in what is shown.
            let (path, name) = (file.path, source.fileName.isEmpty ? "file" : source.fileName)
            do {
                let order = IngestOrder(paths: [path], source: source, threads: threads)
                try await read([path], called: [path: name], at: file.place, order, into: &recording) { part in
                    part.rest(behind: path).map { name + $0 } ?? part
                }
                try await recording.end(error: nil)
            } catch {
                await end(recording, error, isGoneOnWith: false)
            }
        } catch {
            // Before anything was read: the schedule ends the run when nobody has said anything of it for a while.
            uploads.logger?.error("A leak file could not be read", metadata: ["error": "\(error)"])
        }
        withExtendedLifetime(file) {}
    }

    /// Says in the runs that the reading ended early.
    /// - Parameter isGoneOnWith: whether another one may go on where it was.
    private func end(_ recording: LeakRecording, _ error: any Error, isGoneOnWith: Bool = true) async {
        if !(error is CancellationError) {
            uploads.logger?.error("A reading of leak files failed", metadata: ["error": "\(error)"])
        }
        // A task of its own: in one that was cancelled, nothing can be written any more.
        let ending = Task { try await recording.end(error: Self.reason(error), isGoneOnWith: isGoneOnWith) }
        do {
            try await ending.value
        } catch {
            // The schedule ends the runs when nobody has said anything of them for a while.
            uploads.logger?.error("The end of a reading could not be recorded", metadata: ["error": "\(error)"])
        }
    }

    /// How a part is called in what is kept: without the folders above what was named, which are nobody's business.
    static func name(of part: String, below roots: [String]) -> String {
        for root in roots where part.begins(with: root) {
            let folder = root.rest(before: "/") ?? root[...]
            return "\(folder.parts(between: "/").last ?? "")\(part.rest(behind: folder) ?? "")"
        }
        return part
    }

    /// Why a reading ended early, in words that say nothing of what was read.
    static func reason(_ error: any Error) -> String {
        switch error {
        case is CancellationError: "The program was stopped. What was found is kept; read the file again for the rest."
        case let error where DiskFull.isMeant(by: error): "\(DiskFull.words) What was found before is kept; read the file again for the rest."
        case let error as any FeatureError: error.detail
        case let error as PostgresError where error.isUnavailable:
            "The database was not available. What was found before is kept; read the file again for the rest."
        case is PostgresError:
            "The database refused what was to be kept; the log has the reason. What was found before is kept; read the file again for the rest."
        default: "Reading failed. The log has the reason."
        }
    }

    // MARK: Reading

    /// Reads paths, records what is found, and shows how far it is; and, however long it hears nothing, that it lives.
    /// - Parameters:
    ///   - fileNames: what files are called, by their paths, where the path does not say it.
    ///   - upload: what stands for the place of the file, where it has none.
    ///   - finished: what an earlier read had done.
    ///   - place: where it was in the file that it had not.
    ///   - names: how a part is called in what is shown.
    ///   - recorded: told after each batch, when all of it is recorded, where to go on.
    private func read(
        _ paths: [String], called fileNames: [String: String] = [:], at upload: [UInt8]? = nil, _ order: IngestOrder,
        from finished: IngestCheckpoints.Finished = .init(), _ place: IngestCheckpoints.Position? = nil, into recording: inout LeakRecording,
        names: @Sendable (String) -> String,
        recorded: (IngestCheckpoints.Position?, IngestReport) async throws -> Void = { _, _ in }
    ) async throws {
        let reader = try LeakReader(
            watch: recording.people.list, limits: order.limits, threads: order.threads ?? ProcessInfo.processInfo.activeProcessorCount,
            digestKey: keys.digestKey())
        let began = ContinuousClock.now
        let (secondsBefore, files) = (recording.total.seconds, finished.files)
        var machines = finished.machines
        var shown = began
        let resume = LeakResume(isFinished: { files.contains(IngestCheckpoints.key(of: $0)) }, checkpoint: place?.checkpoint)
        try await withHeartbeat(of: recording.runs) {
            _ = try await reader.read(paths, called: fileNames, resume: resume) { batch in
                let file = LeakRecording.File(
                    name: URL(fileURLWithPath: names(batch.file.path)).lastPathComponent, size: Int(clamping: batch.file.size),
                    place: upload ?? IngestCheckpoints.key(of: batch.file))
                let part = LeakRecording.Part(name: names(batch.part), beginning: batch.beginning)
                if !batch.records.isEmpty || !batch.logs.isEmpty { try await recording.record(batch.records, batch.logs, in: file, part) }
                if let summary = batch.finished, summary.outcome != .finishedBefore { machines += summary.machines }
                recording.update { report in
                    report.bytes = Int(clamping: batch.progress.bytesDone)
                    report.bytesTotal = Int(clamping: batch.progress.bytesTotal)
                    report.lines = finished.lines + Int(clamping: batch.progress.lines)
                    report.files = batch.progress.filesDone
                    report.seconds = secondsBefore + (ContinuousClock.now - began) / .seconds(1)
                    report.machines = machines
                    if let passed = batch.finished?.passedOver, passed > 0 { report.passedOver = (report.passedOver ?? 0) + passed }
                    for part in batch.skipped { report.skip(SkippedPart(path: names(part.path), offset: part.offset, reason: part.reason)) }
                }
                if let summary = batch.finished { try await recording.finished(file, summary) }
                let checkpoint = batch.finished == nil ? batch.checkpoint : nil
                try await recorded(checkpoint.map { .init(checkpoint: $0, counts: recording.counts(in: file)) }, recording.total)
                if ContinuousClock.now - shown > .seconds(1) || batch.finished != nil {
                    try await recording.show()
                    shown = .now
                }
            }
        }
    }

    /// Says now and then that runs are alive while something is done, which may be quiet for long: an archive's digest takes as long as its size.
    private func withHeartbeat(of runs: [CompanyID: IngestRunID], _ body: () async throws -> Void) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while true {
                    try await clock.sleep(for: Self.heartbeat)
                    do {
                        try await IngestStore.stillRunning(runs, at: now(), in: system)
                    } catch let error as PostgresError {
                        // The next one may come through; a reading that cannot record ends by itself.
                        uploads.logger?.warning("A reading could not say that it is alive", metadata: ["error": "\(error)"])
                    }
                }
            }
            defer { group.cancelAll() }
            try await body()
        }
    }

    /// Tells one reading from others: by what is read and for whom.
    private static func source(of order: IngestOrder, _ people: WatchedPeople) -> [UInt8] {
        var hash = Digest()
        for path in order.paths { hash.update((URL(fileURLWithPath: path).standardizedFileURL.path + "\0").utf8) }
        for company in people.companies { hash.update((company.id.rawValue + "\0").utf8) }
        hash.update("\(order.source.name ?? "")|\(order.source.date.map(Timestamp.text) ?? "")".utf8)
        // With other people it is another reading: who has joined has to be looked for from the beginning.
        hash.update(people.list.digestOfAddresses())
        return Array(hash.finish().prefix(16))
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
                if let known, try await store.reopen(known, at: time) { return known }
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
                recording.resume(report, of: company)
            }
        }
        return recording
    }
}

extension WatchList {
    /// Of all addresses, in their order.
    fileprivate func digestOfAddresses() -> [UInt8] {
        var hash = Digest()
        for number in 0..<count { hash.update((self[number] + "\0").utf8) }
        return hash.finish()
    }
}

extension ContentDigest {
    /// 16 bytes.
    var bytes: [UInt8] { [high, low].flatMap { word in withUnsafeBytes(of: word.bigEndian) { Array($0) } } }
}

extension FingerprintKeys {
    /// The key of the digests by which an upload is known that is sent again before it was read to its end.
    func uploadKey() throws -> SymmetricKey { try secrets.derivedKey(for: "uploaded leak files") }

    /// The key of the digests by which a file is known again; only this installation has it.
    func digestKey() throws -> DigestKey {
        let bytes = try secrets.derivedKey(for: "leak file digests").withUnsafeBytes { Array($0) }
        func word(_ from: Int) -> UInt64 { bytes[from..<from + 8].reduce(0) { $0 << 8 | UInt64($1) } }
        return DigestKey(word(0), word(8))
    }
}
