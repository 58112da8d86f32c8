import CLeakScan
import Foundation

/// What one chunk of a plain file gave.
struct ChunkResult: Sendable {
    var number: Int
    var bytes: Int
    var newlines: UInt64
    var endsWithNewline: Bool
    var records: [LeakRecord]
    var leaf: ContentDigest
    /// Why the chunk could not be read to its end.
    var failure: String?
}

/// Reads chunks of a plain file, each with a little more on both sides, so that every match is found in exactly one of them. One for a thread.
final class ChunkReader {
    static let chunkBytes = DigestKey.leafBytes

    private let file: OpenFile
    private let watch: WatchIndex
    private let shape: FileShape
    private let digestKey: DigestKey
    private let lineStarts: LineStarts
    private let headers: FileHeaders
    /// Up to where the chunk was looked at for headers of tables, and the last one.
    private var seen: (chunk: Int, upTo: UInt64, layout: TableLayout?) = (-1, 0, nil)
    private let start: UInt64
    private let buffer: UnsafeMutableRawBufferPointer
    private let places: UnsafeMutableBufferPointer<leak_place>
    /// As many records as the chunk before had.
    private var expected = 0
    /// For the surroundings of matches at the edges; most files never need it.
    private var surroundings: UnsafeMutableRawBufferPointer?

    /// - Parameter start: where the text begins: behind a byte order mark.
    init(_ file: OpenFile, start: UInt64, watch: WatchIndex, shape: FileShape, digestKey: DigestKey, lineStarts: LineStarts, headers: FileHeaders) {
        self.file = file
        self.watch = watch
        self.shape = shape
        self.digestKey = digestKey
        self.lineStarts = lineStarts
        self.headers = headers
        self.start = start
        buffer = .allocate(byteCount: watch.reachBefore + Self.chunkBytes + watch.reachBehind, alignment: 64)
        places = .allocate(capacity: WatchIndex.scratchPlaces)
    }

    deinit {
        buffer.deallocate()
        places.deallocate()
        surroundings?.deallocate()
    }

    func read(_ number: Int) -> ChunkResult {
        let from = UInt64(number) * UInt64(Self.chunkBytes)
        let size = file.size
        let before = Int(min(from > start ? from - start : 0, UInt64(watch.reachBefore)))
        // Other bytes than the counted ones may be at the end of a file that grows.
        let wanted = Int(min(size - from + UInt64(before), UInt64(before + Self.chunkBytes + watch.reachBehind)))
        var result = ChunkResult(
            number: number, bytes: 0, newlines: 0, endsWithNewline: false, records: [], leaf: ContentDigest(high: 0, low: 0), failure: nil)
        let filled: Int
        do {
            filled = try file.read(at: from - UInt64(before), into: UnsafeMutableRawBufferPointer(rebasing: buffer.prefix(wanted)))
            if filled < wanted { result.failure = "The file became shorter while it was read." }
        } catch {
            result.failure = error.reason
            return result
        }
        let owned = max(0, min(filled - before, Self.chunkBytes))
        guard owned > 0 else { return result }
        let text = UnsafeRawBufferPointer(rebasing: buffer.prefix(filled))
        result.bytes = owned
        result.leaf = digestKey.leaf(UnsafeRawBufferPointer(rebasing: text[before..<(before + owned)]))
        result.endsWithNewline = text[before + owned - 1] == UInt8(ascii: "\n")
        // The first chunk has the byte order mark in front.
        let skipped = from < start ? Int(min(start - from, UInt64(owned))) : 0
        let window = ScanWindow(
            bytes: UnsafeRawBufferPointer(rebasing: text[skipped...]), base: from - UInt64(before) + UInt64(skipped) - start,
            isEnd: from + UInt64(filled - before) >= size)
        var newlines: UInt64 = 0
        var records: [LeakRecord] = []
        records.reserveCapacity(expected)
        watch.scan(window.bytes, at: (before - min(before, skipped))..<(before + owned - skipped), places: places, newlines: &newlines) { match in
            records.append(watch.named(record(match, in: window, chunk: number), match))
        }
        result.newlines = newlines
        result.records = records
        expected = records.count
        return result
    }

    private func record(_ match: WatchMatch, in window: ScanWindow, chunk: Int) -> LeakRecord {
        let offset = window.base + UInt64(match.range.lowerBound)
        if let context = window.context(of: match.range, spansLines: shape.spansLines, head: { head(of: offset) }) {
            let record = shape.record(of: match.address, in: context, offset: offset) {
                window.surroundings(of: match.range) ?? surroundings(of: match, at: offset)
            }
            guard shape.mayBeRow(record, in: context), let layout = header(before: match.range.lowerBound - context.match.lowerBound, window, chunk)
            else { return record }
            return FileShape.record(of: match.address, in: context, layout, offset: offset) ?? record
        }
        // A file that became shorter has no more than the match itself to show.
        guard let (wider, range) = wider(match, at: offset, reach: ScanWindow.contextReach) else {
            let alone = MatchContext(
                line: UnsafeRawBufferPointer(rebasing: window.bytes[match.range]), match: 0..<match.range.count, isStartCut: true, isEndCut: true,
                head: UnsafeRawBufferPointer(start: nil, count: 0))
            return shape.record(of: match.address, in: alone, offset: offset)
        }
        let context =
            wider.context(of: range, spansLines: shape.spansLines, head: { head(of: offset) })
            ?? MatchContext(
                line: wider.bytes, match: range, isStartCut: true, isEndCut: true, head: UnsafeRawBufferPointer(start: nil, count: 0))
        return shape.record(of: match.address, in: context, offset: offset) { wider.surroundings(of: range) }
    }

    /// A match with what is around it in the file, farther than the chunk goes. Valid until the next call.
    private func wider(_ match: WatchMatch, at offset: UInt64, reach: Int) -> (window: ScanWindow, match: Range<Int>)? {
        let from = offset > UInt64(reach) ? offset - UInt64(reach) : 0
        let room = surroundings ?? .allocate(byteCount: 2 * ScanWindow.contextReach + watch.longest, alignment: 64)
        surroundings = room
        let wanted = Int(min(file.size - start - from, offset - from + UInt64(match.range.count + reach)))
        // try?: what cannot be read is said where it is read.
        let filled = (try? file.read(at: start + from, into: UnsafeMutableRawBufferPointer(rebasing: room.prefix(wanted)))) ?? 0
        let place = Int(offset - from)
        guard filled >= place + match.range.count else { return nil }
        let window = ScanWindow(
            bytes: UnsafeRawBufferPointer(rebasing: room.prefix(filled)), base: from,
            isEnd: start + from + UInt64(filled) >= file.size || filled < wanted)
        return (window, place..<(place + match.range.count))
    }

    /// The lines around a match at the edge of a chunk.
    private func surroundings(of match: WatchMatch, at offset: UInt64) -> MatchContext? {
        wider(match, at: offset, reach: LabelledBlock.reach).flatMap { $0.window.surroundings(of: $0.match) }
    }

    /// The last header of a table before a line.
    private func header(before line: Int, _ window: ScanWindow, _ chunk: Int) -> TableLayout? {
        if seen.chunk != chunk { seen = (chunk, window.base, headers.before(chunk: chunk)) }
        let place = window.base + UInt64(line)
        if place > seen.upTo {
            let text = UnsafeRawBufferPointer(rebasing: window.bytes[Int(seen.upTo - window.base)..<line])
            if let layout = TableHeaders.last(in: text) { seen.layout = layout }
            seen.upTo = place
        }
        return seen.layout
    }

    /// The first bytes of the line that a place of the text lies in. Valid until the next call.
    private func head(of offset: UInt64) -> UnsafeRawBufferPointer {
        let scratch = headScratch
        let lineStart = max(start, lineStarts.start(before: start + offset, scratch: scratch))
        let filled = (try? file.read(at: lineStart, into: UnsafeMutableRawBufferPointer(rebasing: scratch.prefix(ScanWindow.headBytes)))) ?? 0
        return UnsafeRawBufferPointer(rebasing: scratch.prefix(filled))
    }

    private lazy var headMemory = HeadMemory()
    private var headScratch: UnsafeMutableRawBufferPointer { headMemory.bytes }
}

private final class HeadMemory {
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: ScanWindow.contextReach, alignment: 64)

    deinit {
        bytes.deallocate()
    }
}

/// Spreads the chunks of one plain file over threads and gives their results back in order.
///
/// Unchecked `Sendable`: everything that changes is touched under `condition` only.
final class PlainScan: @unchecked Sendable {
    private let condition = NSCondition()
    private let makeReader: @Sendable () -> ChunkReader
    private let end: Int
    private let ahead: Int
    private var next: Int
    private var delivered: Int
    private var isStopped = false
    private var results: [Int: ChunkResult] = [:]

    /// - Parameter chunks: which ones are read.
    init(chunks: Range<Int>, threads: Int, makeReader: @escaping @Sendable () -> ChunkReader) {
        self.makeReader = makeReader
        next = chunks.lowerBound
        delivered = chunks.lowerBound
        end = chunks.upperBound
        ahead = 8 * threads
    }

    /// - Parameter deliver: called on the calling thread, in the order of the chunks; returns whether to go on.
    func run(threads: Int, deliver: (ChunkResult) -> Bool) {
        var workers: [JoinableThread] = []
        if threads > 1, end - next > 1 {
            for _ in 0..<min(threads, end - next) {
                if let worker = JoinableThread({ [self] in work() }) { workers.append(worker) }
            }
        }
        if workers.isEmpty {
            let reader = makeReader()
            while next < end, deliver(reader.read(next)) { next += 1 }
            return
        }
        while delivered < end {
            condition.lock()
            while results[delivered] == nil { condition.wait() }
            let result = results.removeValue(forKey: delivered)
            delivered += 1
            condition.broadcast()
            condition.unlock()
            if let result, !deliver(result) { break }
        }
        condition.lock()
        isStopped = true
        condition.broadcast()
        condition.unlock()
        for worker in workers { worker.join() }
    }

    private func work() {
        let reader = makeReader()
        while let number = take() {
            let result = reader.read(number)
            condition.lock()
            results[number] = result
            if number == delivered { condition.broadcast() }
            condition.unlock()
        }
    }

    /// The next chunk to read. Waits when too many results are not delivered yet.
    private func take() -> Int? {
        condition.lock()
        defer { condition.unlock() }
        while !isStopped, next < end, next >= delivered + ahead { condition.wait() }
        guard !isStopped, next < end else { return nil }
        next += 1
        return next - 1
    }
}
