import Scalars

/// Reads one plain file, on several threads when it is large.
struct PlainFileRun {
    private let run: ReadRun
    private let file: OpenFile

    init(_ run: ReadRun, _ file: OpenFile) {
        self.run = run
        self.file = file
    }

    func run(from checkpoint: LeakCheckpoint?) -> LeakFileSummary {
        let path = file.identity.path
        let reader = run.reader
        let chunk = UInt64(ChunkReader.chunkBytes)
        var summary = LeakFileSummary(file: file.identity, outcome: .read, digest: nil)
        var digest = reader.digestKey.begin()
        var first = 0
        if let checkpoint, let earlier = checkpoint.digest, checkpoint.offset % chunk == 0, earlier.bytes == checkpoint.offset {
            digest = earlier
            first = Int(checkpoint.offset / chunk)
            summary.lines = checkpoint.lines
            summary.matches = checkpoint.matches
            summary.bytes = checkpoint.offset
        }
        let file = self.file
        let (shape, mark, beginning) = beginning()
        let lineStarts = LineStarts(file)
        let headers = FileHeaders(file)
        let last = Int((file.size + chunk - 1) / chunk)
        let scan = PlainScan(chunks: first..<max(first, last), threads: reader.threads) {
            ChunkReader(
                file, start: mark, watch: reader.watch.index, shape: shape, digestKey: reader.digestKey, lineStarts: lineStarts,
                headers: headers)
        }
        scan.run(threads: reader.threads) { result in
            if let reason = result.failure {
                run.skip(SkippedPart(path: path, offset: summary.bytes + UInt64(result.bytes), reason: reason))
                summary.outcome = .incomplete
            }
            summary.bytes += UInt64(result.bytes)
            summary.lines += result.newlines
            summary.matches += UInt64(result.records.count)
            digest.add(result.leaf, bytes: result.bytes)
            let isLast = result.failure != nil || summary.bytes >= file.size
            if isLast, result.bytes > 0, !result.endsWithNewline { summary.lines += 1 }
            let checkpoint = LeakCheckpoint(
                file: file.identity, entry: 0, offset: summary.bytes, lines: summary.lines, matches: summary.matches, digest: digest)
            run.add(
                result.records, part: path, beginning: beginning, done: summary.bytes, lines: summary.lines, checkpoint: isLast ? nil : checkpoint)
            return run.goesOn && result.failure == nil
        }
        if summary.outcome == .read { summary.digest = digest.end() }
        return summary
    }

    /// What the file is, how long its byte order mark is, and a digest of what comes behind it.
    private func beginning() -> (shape: FileShape, mark: UInt64, digest: ContentDigest) {
        // Three bytes more than are looked at, for the mark.
        var sample = [UInt8](repeating: 0, count: Int(min(file.size, UInt64(FileShape.sampleBytes + 3))))
        return sample.withUnsafeMutableBytes { memory in
            let count = (try? file.read(at: 0, into: memory)) ?? 0
            let bytes = UnsafeRawBufferPointer(rebasing: memory.prefix(count))
            let mark = TextEncoding(bytes).markBytes
            let text = UnsafeRawBufferPointer(rebasing: bytes.dropFirst(mark).prefix(FileShape.sampleBytes))
            return (FileShape(sample: text, name: run.fileName(of: file.identity.path)), UInt64(mark), run.reader.digestKey.leaf(text))
        }
    }
}

extension String {
    /// What follows the last `/` or `!`.
    var fileName: String {
        String(self[(unicodeScalars.lastIndex { $0 == "/" || $0 == "!" }.map { place(behind: $0) } ?? startIndex)...])
    }

    /// The name of what a compressed file holds: `users.sql.gz` is an SQL file.
    var unpackedName: String {
        guard let dot = lastPlace(of: "."), ["gz", "zst", "bz2", "xz", "lzma", "z", "lz4", "lz"].contains(self[place(behind: dot)...].lowercased())
        else {
            return self
        }
        return String(self[..<dot])
    }
}
