import CLeakScan

/// Looks for watched addresses in a text that comes piece by piece, in constant memory.
final class StreamScan {
    /// What a stretch of the text gave.
    struct Stretch {
        var records: [LeakRecord]
        /// Where the stretch ends in the decoded text.
        var end: UInt64
        /// Counted up to its end.
        var lines: UInt64
    }

    private static let stretchBytes = 1 << 20

    private let watch: WatchIndex
    private let name: String
    private let digestKey: DigestKey
    private let resumeAt: UInt64
    private let buffer: UnsafeMutableRawBufferPointer
    private let places: UnsafeMutableBufferPointer<leak_place>
    private let history: Int
    private let lookahead: Int

    private var filled = 0
    private var base: UInt64 = 0
    /// Up to where the buffer has been looked at.
    private var scanned = 0
    private var newlines: UInt64
    private var shape: FileShape?
    /// The digest of the text's beginning, once that is there.
    private(set) var beginning: ContentDigest?
    /// The beginning of the line that the buffer begins in, once the buffer no longer has it.
    private let head: UnsafeMutableRawBufferPointer
    private var headCount = 0
    /// A place, and where its line begins in the text (nil: before the buffer).
    private var lineStart: (place: UInt64, start: UInt64?)?

    /// Up to where the text was looked at for headers of tables amid it, and the last one.
    private var seen: (upTo: UInt64, layout: TableLayout?) = (0, nil)

    private var encoding: TextEncoding?
    private var sample: [UInt8] = []
    private var decoder: JoinedDecoder?
    private var decoded: [UInt8] = []

    /// - Parameters:
    ///   - name: the name of the file, which may say what it is.
    ///   - resumeAt: what stands before this place of the decoded text is passed over.
    ///   - lines: counted up to there.
    init(watch: WatchIndex, name: String, digestKey: DigestKey = DigestKey(), resumeAt: UInt64 = 0, lines: UInt64 = 0) {
        self.watch = watch
        self.name = name
        self.digestKey = digestKey
        self.resumeAt = resumeAt
        newlines = lines
        history = ScanWindow.contextReach + watch.longest + watch.reachBefore
        lookahead = ScanWindow.contextReach + watch.longest + watch.reachBehind
        buffer = .allocate(byteCount: history + Self.stretchBytes + lookahead, alignment: 64)
        places = .allocate(capacity: WatchIndex.scratchPlaces)
        head = .allocate(byteCount: ScanWindow.headBytes, alignment: 64)
    }

    deinit {
        head.deallocate()
        buffer.deallocate()
        places.deallocate()
    }

    /// Decoded bytes so far.
    var bytes: UInt64 { base + UInt64(filled) }

    /// - Parameter deliver: called for each stretch that is ready; returns whether to go on.
    /// - Returns: whether to go on.
    func add(_ piece: UnsafeRawBufferPointer, deliver: (Stretch) -> Bool) -> Bool {
        if encoding != nil { return take(piece, deliver) }
        if sample.isEmpty, piece.count >= TextEncoding.sampleBytes { return decide(piece, deliver) }
        sample.append(contentsOf: piece)
        return sample.count < TextEncoding.sampleBytes || decideOnSample(deliver)
    }

    /// The text ends here.
    func finish(deliver: (Stretch) -> Bool) -> Bool {
        if encoding == nil, !decideOnSample(deliver) { return false }
        if decoder != nil {
            decoded.removeAll(keepingCapacity: true)
            decoder?.finish(into: &decoded)
            guard decoded.withUnsafeBytes({ fill($0, deliver) }) else { return false }
        }
        return scan(isEnd: true, deliver)
    }

    private func decideOnSample(_ deliver: (Stretch) -> Bool) -> Bool {
        let sample = self.sample
        self.sample = []
        return sample.withUnsafeBytes { decide($0, deliver) }
    }

    private func decide(_ piece: UnsafeRawBufferPointer, _ deliver: (Stretch) -> Bool) -> Bool {
        let encoding = TextEncoding(piece)
        self.encoding = encoding
        if case .utf16(let isBigEndian, _) = encoding { decoder = JoinedDecoder(isBigEndian: isBigEndian) }
        return take(UnsafeRawBufferPointer(rebasing: piece.dropFirst(encoding.markBytes)), deliver)
    }

    private func take(_ piece: UnsafeRawBufferPointer, _ deliver: (Stretch) -> Bool) -> Bool {
        guard decoder != nil else { return fill(piece, deliver) }
        decoded.removeAll(keepingCapacity: true)
        decoder?.decode(piece, into: &decoded)
        return decoded.withUnsafeBytes { fill($0, deliver) }
    }

    private func fill(_ piece: UnsafeRawBufferPointer, _ deliver: (Stretch) -> Bool) -> Bool {
        var rest = piece[...]
        while !rest.isEmpty {
            let part = rest.prefix(buffer.count - filled)
            UnsafeMutableRawBufferPointer(rebasing: buffer[filled...]).copyMemory(from: UnsafeRawBufferPointer(rebasing: part))
            filled += part.count
            rest = rest.dropFirst(part.count)
            if filled == buffer.count {
                guard scan(isEnd: false, deliver) else { return false }
                slide()
            }
        }
        return true
    }

    private func scan(isEnd: Bool, _ deliver: (Stretch) -> Bool) -> Bool {
        let text = UnsafeRawBufferPointer(rebasing: buffer.prefix(filled))
        let shape = self.shape ?? shape(of: UnsafeRawBufferPointer(rebasing: text.prefix(FileShape.sampleBytes)))
        let end = isEnd ? filled : filled - lookahead
        var records: [LeakRecord] = []
        let endOffset = base + UInt64(end)
        if endOffset > resumeAt || isEnd {
            let window = ScanWindow(bytes: text, base: base, isEnd: isEnd)
            let start = min(end, max(scanned, resumeAt > base ? Int(resumeAt - base) : 0))
            watch.scan(text, at: start..<end, places: places, newlines: &newlines) { match in
                guard
                    let context = window.context(
                        of: match.range, spansLines: shape.spansLines, head: { lineHead(before: match.range.lowerBound, in: text) })
                else { return }
                let offset = base + UInt64(match.range.lowerBound)
                var record = shape.record(of: match.address, in: context, offset: offset) { window.surroundings(of: match.range) }
                if shape.mayBeRow(record, in: context), let layout = header(before: match.range.lowerBound - context.match.lowerBound, in: text) {
                    record = FileShape.record(of: match.address, in: context, layout, offset: offset) ?? record
                }
                records.append(watch.named(record, match))
            }
        }
        // The header of rows that follow may have left the buffer when somebody of them is found.
        if !isEnd, let last = text.lineStart(before: end, notBefore: 0), hasFields(text[last..<end]) { _ = header(before: last, in: text) }
        scanned = end
        let open: UInt64 = isEnd && filled > 0 && buffer[filled - 1] != UInt8(ascii: "\n") && endOffset > resumeAt ? 1 : 0
        return endOffset < resumeAt ? true : deliver(Stretch(records: records, end: endOffset, lines: newlines + open))
    }

    /// The last header of a table before a line.
    private func header(before line: Int, in text: UnsafeRawBufferPointer) -> TableLayout? {
        let place = base + UInt64(line)
        if place > seen.upTo {
            let from = seen.upTo > base ? Int(seen.upTo - base) : 0
            if let layout = TableHeaders.last(in: UnsafeRawBufferPointer(rebasing: text[from..<line])) { seen.layout = layout }
            seen.upTo = place
        }
        return seen.layout
    }

    /// Whether the beginning of a line has fields as tables do, in a file that begins with another shape.
    private func hasFields(_ line: Slice<UnsafeRawBufferPointer>) -> Bool {
        if case .json = shape?.kind { return false }
        if case .table = shape?.kind { return false }
        let line = ByteView(UnsafeRawBufferPointer(rebasing: line.prefix(4_096)))
        return [ByteView.comma, ByteView.semicolon, ByteView.tab, ByteView.pipe].contains { line.hasAtLeast(2, of: $0) }
    }

    private func shape(of sample: UnsafeRawBufferPointer) -> FileShape {
        let shape = FileShape(sample: sample, name: name)
        self.shape = shape
        beginning = digestKey.leaf(sample)
        return shape
    }

    /// The first bytes of a line whose beginning is too far before a match to be shown whole.
    private func lineHead(before place: Int, in text: UnsafeRawBufferPointer) -> UnsafeRawBufferPointer {
        var start: UInt64?
        var limit = 0
        if let lineStart, lineStart.place >= base, lineStart.place <= base + UInt64(place) {
            limit = Int(lineStart.place - base)
            start = lineStart.start
        }
        if let found = text.lineStart(before: place, notBefore: limit) { start = base + UInt64(found) }
        lineStart = (base + UInt64(place), start)
        guard let start, start >= base else {
            guard base == 0 else { return UnsafeRawBufferPointer(rebasing: head.prefix(headCount)) }
            return UnsafeRawBufferPointer(rebasing: text.prefix(ScanWindow.headBytes))
        }
        return UnsafeRawBufferPointer(rebasing: text[Int(start - base)...].prefix(ScanWindow.headBytes))
    }

    private func slide() {
        let kept = max(0, scanned - history)
        guard kept > 0 else { return }
        let text = UnsafeRawBufferPointer(rebasing: buffer.prefix(filled))
        if let start = text.lineStart(before: kept, notBefore: 0) {
            keepHead(text[start...])
        } else if base == 0 {
            keepHead(text[...])
        }
        UnsafeMutableRawBufferPointer(rebasing: buffer[..<(filled - kept)]).copyMemory(from: UnsafeRawBufferPointer(rebasing: text[kept...]))
        filled -= kept
        scanned -= kept
        base += UInt64(kept)
    }

    private func keepHead(_ line: Slice<UnsafeRawBufferPointer>) {
        let beginning = UnsafeRawBufferPointer(rebasing: line.prefix(ScanWindow.headBytes))
        head.copyMemory(from: beginning)
        headCount = beginning.count
    }
}
