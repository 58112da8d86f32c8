/// Reads one file that is decoded on the way: compressed, an archive, or UTF-16. One thread decodes, this one looks for addresses.
final class DecodedFileRun {
    private let run: ReadRun
    private let file: OpenFile
    private let kind: FileKind
    private let queue = DecodeQueue()
    private var collector: StealerLogCollector
    private var summary: LeakFileSummary
    private var scan: StreamScan?
    private var part = ""
    /// The digest of the part's beginning.
    private var beginning: ContentDigest?
    private var entry = 0
    private var consumed: UInt64 = 0
    private var linesBefore: UInt64 = 0
    /// Records of leak files, which are not delivered anew after a resumption as those of stealer logs are.
    private var records: UInt64 = 0
    private var logRecords: UInt64 = 0
    private var resumeEntry = 0
    private var checkpoint: LeakCheckpoint?

    init(_ run: ReadRun, _ file: OpenFile, _ kind: FileKind) {
        self.run = run
        self.file = file
        self.kind = kind
        collector = StealerLogCollector(watch: run.reader.watch)
        summary = LeakFileSummary(file: file.identity, outcome: .read, digest: nil)
    }

    func run(from checkpoint: LeakCheckpoint?) -> LeakFileSummary {
        let (reader, file, kind, queue) = (run.reader, self.file, self.kind, self.queue)
        self.checkpoint = checkpoint
        resumeEntry = checkpoint?.entry ?? 0
        summary.lines = checkpoint?.lines ?? 0
        records = checkpoint?.matches ?? 0
        part = file.identity.path
        let decoder = JoinableThread {
            switch kind {
            case .plain: PlainDecoder(file, digestKey: reader.digestKey, queue: queue).run()
            case .gzip, .zstd:
                var decoder = StreamDecoder(file, limits: reader.limits, digestKey: reader.digestKey, queue: queue)
                decoder.run(kind)
            case .archive, .seekingArchive:
                ArchiveDecoder(file, limits: reader.limits, queue: queue, names: StealerLogCollector(watch: reader.watch)).run()
            }
            queue.finish()
        }
        guard let decoder else {
            skip("", 0, "The system has no thread left to decode it.")
            return summary
        }
        while run.goesOn, let event = queue.next() { handle(event) }
        queue.close()
        decoder.join()
        if kind.isArchive, run.goesOn { add([], logs: counted(collector.finish())) }
        summary.matches = records + logRecords
        summary.machines = collector.machineCount
        summary.credentials = collector.credentialCount
        return summary
    }

    private func handle(_ event: DecodeEvent) {
        switch event {
        case .begin(let path, let number):
            part = shown(path)
            beginning = nil
            entry = number
            summary.entries += kind.isArchive ? 1 : 0
            linesBefore = summary.lines
            guard number >= resumeEntry else { return }
            let isResumed = checkpoint != nil && number == resumeEntry
            let name = path.isEmpty ? run.fileName(of: part).unpackedName : part.fileName.unpackedName
            scan = StreamScan(
                watch: run.reader.watch.index, name: name, digestKey: run.reader.digestKey, resumeAt: isResumed ? checkpoint?.offset ?? 0 : 0)
        case .bytes(let block, let consumed):
            self.consumed = max(self.consumed, min(consumed, file.size))
            if let scan {
                _ = scan.add(block.bytes) { deliver($0) }
            } else {
                summary.bytes += UInt64(block.count)
            }
            queue.giveBack(block)
        case .end(let isWhole):
            if let scan {
                _ = scan.finish { deliver($0) }
                summary.bytes += scan.bytes
            }
            scan = nil
            if !isWhole { summary.outcome = .incomplete }
        case .whole(let path, _, let bytes):
            summary.entries += 1
            summary.bytes += UInt64(bytes.count)
            bytes.withUnsafeBytes { bytes in TextEncoding.withDecoded(bytes) { collector.add(path, $0) } }
            add([], logs: counted(collector.takeFinished()))
        case .presence(let path):
            summary.entries += 1
            collector.notePresence(path)
            add([], logs: [])
        case .passed:
            summary.passedOver += 1
            add([], logs: [])
        case .skipped(let path, let offset, let reason):
            skip(path, offset, reason)
        case .digest(let digest):
            summary.digest = digest
        }
    }

    private func shown(_ path: String) -> String {
        path.isEmpty ? file.identity.path : "\(file.identity.path)!\(path)"
    }

    private func skip(_ path: String, _ offset: UInt64, _ reason: String) {
        run.skip(SkippedPart(path: shown(path), offset: offset, reason: reason))
        summary.outcome = .incomplete
    }

    private func counted(_ logs: [StealerLog]) -> [StealerLog] {
        for log in logs { logRecords += UInt64(log.records.count) }
        return logs
    }

    private func add(_ records: [LeakRecord], logs: [StealerLog]) {
        // Logs are no progress that a checkpoint could keep: it stays where it was.
        let isLog = !logs.isEmpty
        run.add(
            records, logs: logs, part: isLog ? file.identity.path : part, beginning: isLog ? nil : beginning, done: consumed,
            lines: summary.lines, checkpoint: checkpoint)
    }

    private func deliver(_ stretch: StreamScan.Stretch) -> Bool {
        summary.lines = linesBefore + stretch.lines
        records += UInt64(stretch.records.count)
        checkpoint = LeakCheckpoint(
            file: file.identity, entry: entry, offset: stretch.end, lines: summary.lines, matches: records, digest: nil)
        beginning = scan?.beginning
        run.add(stretch.records, part: part, beginning: beginning, done: consumed, lines: summary.lines, checkpoint: checkpoint)
        return run.goesOn
    }
}

/// Reads a plain file from front to back, for what is not looked at in place.
struct PlainDecoder {
    private let queue: DecodeQueue
    private let file: OpenFile
    private let digestKey: DigestKey

    init(_ file: OpenFile, digestKey: DigestKey, queue: DecodeQueue) {
        self.file = file
        self.digestKey = digestKey
        self.queue = queue
    }

    func run() {
        var input = FileInput(file, digestKey: digestKey)
        guard queue.push(.begin(path: "", number: 0)) else { return }
        var isWhole = true
        while true {
            do throws(OpenFile.Failure) {
                let piece = try input.next()
                if piece.isEmpty { break }
                let block = queue.block()
                block.memory.copyBytes(from: piece)
                block.count = piece.count
                guard queue.push(.bytes(block, consumed: input.consumed)) else { return }
            } catch {
                isWhole = false
                _ = queue.push(.skipped(path: "", offset: input.consumed, reason: error.reason))
                break
            }
        }
        guard queue.push(.end(isWhole: isWhole)) else { return }
        if let digest = try? input.wholeDigest(isWanted: { true }) { _ = queue.push(.digest(digest)) }
    }
}
