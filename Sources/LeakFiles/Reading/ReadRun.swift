import Foundation

/// One read, on its own thread: goes through the paths and puts batches together.
final class ReadRun {
    let reader: LeakReader
    private let resume: LeakResume
    /// What files are called, by their paths, where the path does not say it.
    private let names: [String: String]
    private let queue: BatchQueue
    private var progress = LeakProgress()
    private var batch: LeakBatch
    private var lastDelivery = ContinuousClock.now
    /// Bytes of the files before the current one.
    private var bytesBefore: UInt64 = 0
    private var linesBefore: UInt64 = 0
    private(set) var goesOn = true

    init(_ reader: LeakReader, names: [String: String] = [:], resume: LeakResume, queue: BatchQueue) {
        self.reader = reader
        self.names = names
        self.resume = resume
        self.queue = queue
        batch = LeakBatch(file: FileIdentity(path: "", device: 0, inode: 0, size: 0, modifiedAt: 0), part: "", progress: progress)
    }

    func run(_ paths: [String]) {
        for path in paths { countBytes(path) }
        for path in paths where goesOn {
            if Self.isFolder(path) {
                readFolder(path)
            } else {
                readFile(path, followsLinks: true)
            }
        }
        if hasSomething { flush(nil) }
    }

    private static func isFolder(_ path: String) -> Bool {
        var status = stat()
        return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    private func countBytes(_ path: String) {
        if Self.isFolder(path) {
            var walk = FolderWalk(path)
            while queue.isWanted, let item = walk.next() {
                if case .file(_, _, let size) = item { progress.bytesTotal += size }
            }
        } else {
            var status = stat()
            if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG { progress.bytesTotal += UInt64(max(0, status.st_size)) }
        }
    }

    // MARK: Batches

    private var hasSomething: Bool { !batch.records.isEmpty || !batch.logs.isEmpty || !batch.skipped.isEmpty || batch.finished != nil }

    func skip(_ part: SkippedPart) {
        batch.skipped.append(part)
        batch.progress = progress
    }

    /// The name of a file, which may say what it is.
    func fileName(of path: String) -> String { names[path]?.fileName ?? path.fileName }

    /// - Parameters:
    ///   - part: what the records are from; another part than before begins another batch.
    ///   - beginning: the digest of the part's beginning.
    ///   - done: bytes of the current file as it lies on the disk.
    ///   - lines: of the current file.
    ///   - checkpoint: where everything before has been added.
    func add(
        _ records: [LeakRecord], logs: [StealerLog] = [], part: String, beginning: ContentDigest? = nil, done: UInt64, lines: UInt64,
        checkpoint: LeakCheckpoint?
    ) {
        if batch.part != part, !batch.records.isEmpty { flush(batch.checkpoint) }
        batch.part = part
        batch.beginning = beginning
        batch.records += records
        batch.logs += logs
        batch.checkpoint = checkpoint
        progress.bytesDone = bytesBefore + done
        progress.lines = linesBefore + lines
        progress.matches += UInt64(records.count + logs.reduce(0) { $0 + $1.records.count })
        let limits = reader.limits
        if batch.records.count + batch.logs.count >= limits.batchRecords || ContinuousClock.now - lastDelivery >= limits.batchInterval {
            flush(checkpoint)
        } else if !queue.isWanted {
            goesOn = false
        }
    }

    private func flush(_ checkpoint: LeakCheckpoint?) {
        batch.checkpoint = checkpoint
        batch.progress = progress
        let file = batch.file
        let next = LeakBatch(file: file, part: batch.part, beginning: batch.beginning, progress: progress)
        if goesOn { goesOn = queue.push(batch) }
        batch = next
        lastDelivery = .now
    }

    private func begin(_ file: FileIdentity) {
        if hasSomething { flush(nil) }
        batch.file = file
        batch.part = file.path
        batch.beginning = nil
        progress.file = file.path
    }

    /// Ends a file. A read that was stopped amid it does not.
    private func finish(_ summary: LeakFileSummary, size: UInt64) {
        guard goesOn else { return }
        bytesBefore += size
        linesBefore += summary.lines
        progress.bytesDone = bytesBefore
        progress.lines = linesBefore
        progress.filesDone += 1
        batch.finished = summary
        flush(nil)
    }

    // MARK: Files

    private func readFile(_ path: String, followsLinks: Bool) {
        let file: OpenFile
        let kind: FileKind
        do throws(OpenFile.Failure) {
            file = try OpenFile(path, followsLinks: followsLinks)
            kind = try FileKind(file)
        } catch {
            failed(path, error)
            return
        }
        readFile(file, kind)
    }

    private func failed(_ path: String, _ failure: OpenFile.Failure) {
        let identity = FileIdentity(path: path, device: 0, inode: 0, size: 0, modifiedAt: 0)
        begin(identity)
        skip(SkippedPart(path: path, reason: failure.reason))
        finish(LeakFileSummary(file: identity, outcome: .unreadable, digest: nil), size: 0)
    }

    private func readFile(_ file: OpenFile, _ kind: FileKind) {
        begin(file.identity)
        if resume.isFinished(file.identity) {
            finish(LeakFileSummary(file: file.identity, outcome: .finishedBefore, digest: nil), size: file.size)
            return
        }
        var digest: ContentDigest?
        if let known = resume.known[file.size] {
            digest = wholeDigest(file)
            if let digest, known.contains(digest) {
                finish(LeakFileSummary(file: file.identity, outcome: .known, digest: digest), size: file.size)
                return
            }
        }
        if kind == .plain { noteClosed(file) }
        let checkpoint = resume.checkpoint.flatMap { $0.file == file.identity ? $0 : nil }
        var summary: LeakFileSummary
        switch kind {
        case .plain where isUTF8(file):
            summary = readPlain(file, from: checkpoint)
        case .plain, .gzip, .zstd:
            summary = readDecoded(file, kind, from: checkpoint)
        case .archive, .seekingArchive:
            // An archive is not read from front to back: its digest takes a pass of its own, which costs little beside decoding it.
            let digest = digest ?? wholeDigest(file)
            summary = readDecoded(file, kind, from: checkpoint)
            summary.digest = digest
        }
        if file.hasChanged {
            skip(SkippedPart(path: file.identity.path, offset: summary.bytes, reason: "The file changed while it was read."))
            summary.outcome = .incomplete
            summary.digest = nil
        }
        finish(summary, size: file.size)
    }

    /// Says of a file that is packed or encrypted in a way that cannot be read that it is.
    private func noteClosed(_ file: OpenFile) {
        var sample = [UInt8](repeating: 0, count: FileKind.sampleBytes)
        let name = sample.withUnsafeMutableBytes { bytes -> String? in
            // try?: what cannot be read is said where it is read.
            let count = (try? file.read(at: 0, into: bytes)) ?? 0
            return FileKind.closedName(UnsafeRawBufferPointer(rebasing: bytes.prefix(count)))
        }
        if let name { skip(SkippedPart(path: file.identity.path, reason: FileKind.closedReason(name))) }
    }

    private func wholeDigest(_ file: OpenFile) -> ContentDigest? {
        var input = FileInput(file, digestKey: reader.digestKey)
        return try? input.wholeDigest { queue.isWanted }
    }

    private func isUTF8(_ file: OpenFile) -> Bool {
        var sample = [UInt8](repeating: 0, count: TextEncoding.sampleBytes)
        return sample.withUnsafeMutableBytes { bytes in
            let count = (try? file.read(at: 0, into: bytes)) ?? 0
            if case .utf8 = TextEncoding(UnsafeRawBufferPointer(rebasing: bytes.prefix(count))) { return true }
            return false
        }
    }

    private func readPlain(_ file: OpenFile, from checkpoint: LeakCheckpoint?) -> LeakFileSummary {
        PlainFileRun(self, file).run(from: checkpoint)
    }

    private func readDecoded(_ file: OpenFile, _ kind: FileKind, from checkpoint: LeakCheckpoint?) -> LeakFileSummary {
        DecodedFileRun(self, file, kind).run(from: checkpoint)
    }

    // MARK: Folders

    /// Reads what lies in a folder. Files of stealer logs are collected over the whole folder, all others are read as if they were named.
    private func readFolder(_ path: String) {
        var status = stat()
        guard stat(path, &status) == 0 else { return failed(path, .system(errno)) }
        var folder = FolderLogs(FileIdentity(path: path, status), watch: reader.watch, digestKey: reader.digestKey)
        var walk = FolderWalk(path)
        while goesOn, let item = walk.next() {
            switch item {
            case .skipped(let path, let reason):
                begin(folder.identity)
                skip(SkippedPart(path: path, reason: reason))
                folder.isIncomplete = true
            case .file(let path, let relative, let size):
                readInFolder(path, relative, size, &folder)
            }
        }
        guard goesOn, folder.entries > 0 || folder.isIncomplete || folder.passedOver > 0 else { return }
        begin(folder.identity)
        let logs = folder.finish()
        add([], logs: logs, part: path, done: 0, lines: 0, checkpoint: nil)
        finish(folder.summary, size: 0)
    }

    private func readInFolder(_ path: FilePath, _ relative: String, _ size: UInt64, _ folder: inout FolderLogs) {
        let interest = folder.collector.interest(in: relative)
        if case .presence = interest {
            folder.collector.notePresence(relative)
            folder.entries += 1
            bytesBefore += size
            return
        }
        do throws(OpenFile.Failure) {
            let file = try OpenFile(path, followsLinks: false)
            let kind = try FileKind(file)
            if kind != .plain { return readFile(file, kind) }
            switch interest == .look ? try folder.interest(in: relative, file) : interest {
            case .none, .presence, .look:
                if interest == .look, try file.beginning(FileKind.sqlite.count) == FileKind.sqlite {
                    if batch.file != folder.identity { begin(folder.identity) }
                    skip(SkippedPart(path: path.text, reason: FileKind.databaseReason))
                } else {
                    folder.passedOver += 1
                }
                bytesBefore += size
            case .whole(let limit) where file.size <= UInt64(max(0, limit)):
                try folder.add(relative, file)
                bytesBefore += size
                let logs = folder.take()
                if batch.file != folder.identity { begin(folder.identity) }
                add([], logs: logs, part: folder.identity.path, done: 0, lines: 0, checkpoint: nil)
            case .whole, .leakFile: readFile(file, kind)
            }
        } catch {
            begin(folder.identity)
            skip(SkippedPart(path: path.text, reason: error.reason))
            folder.isIncomplete = true
        }
    }
}
