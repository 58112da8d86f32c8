import Dispatch
import Foundation
import Testing

@testable import LeakFiles

@Suite struct ResumptionTests {
    struct Stop: Error {}

    let scratch: Scratch
    let watch = WatchList(["alex.doe@example.com", "sam@example.net"])

    init() throws {
        scratch = try Scratch()
    }

    private func list(_ seed: UInt64, lines: Int) -> [UInt8] {
        var random = SeededRandom(state: seed)
        var text: [UInt8] = []
        for line in 0..<lines {
            text += Array(
                Int.random(in: 0..<100, using: &random) == 0
                    ? "sam@example.net:Invented-\(line)\n".utf8 : "x\(line)@example.org:nothing of note\n".utf8)
        }
        return text
    }

    /// Reads, and starts anew from what a caller would have kept after some batches, as after a kill: more of them each time, because a file
    /// that was finished before and a place that was reached before take a batch as well.
    private func readInSteps(_ paths: [String], step: Int) async throws -> (reading: Reading, runs: Int) {
        var reading = Reading()
        var finished: Set<FileIdentity> = []
        var checkpoint: LeakCheckpoint?
        var runs = 0
        while true {
            runs += 1
            var left = step + runs
            let resume = LeakResume(isFinished: { [finished] in finished.contains($0) }, checkpoint: checkpoint)
            do {
                _ = try await LeakReader(watch: watch, limits: eagerLimits, threads: 2).read(paths, resume: resume) { batch in
                    if left == 0 { throw Stop() }
                    left -= 1
                    reading.add(batch, watch)
                    if let kept = batch.checkpoint {
                        // As it would come out of a database.
                        checkpoint = try JSONDecoder().decode(LeakCheckpoint.self, from: JSONEncoder().encode(kept))
                    }
                    if let file = batch.finished {
                        if file.outcome == .read { finished.insert(file.file) }
                        checkpoint = nil
                    }
                }
                return (reading, runs)
            } catch is Stop {
                continue
            }
        }
    }

    @Test func `a read that is stopped again and again gives the same as an undisturbed one`() async throws {
        let large = try scratch.write("large.txt", list(1, lines: 150_000))
        let packed = try scratch.write("packed.gz", ArchiveFixture.gzip(list(2, lines: 120_000)))
        let zip = try scratch.write(
            "some.zip", ArchiveFixture.make(.zip, [.init("a.txt", list(3, lines: 90_000)), .init("b.txt", list(4, lines: 60_000))]))
        let small = try scratch.write("small.txt", list(5, lines: 10))
        let paths = [large, packed, zip, small]
        let whole = try await readAll(paths, watch)
        let (parts, runs) = try await readInSteps(paths, step: 4)
        #expect(runs > 4)
        #expect(parts.hits.count == Set(parts.hits).count, "nothing is delivered twice")
        #expect(parts.hits.sorted() == whole.hits.sorted())
        let ends = parts.finished.filter { $0.outcome == .read }
        #expect(ends.map(\.lines) == whole.finished.map(\.lines))
        #expect(ends.map(\.matches) == whole.finished.map(\.matches))
        #expect(ends.map(\.digest) == whole.finished.map(\.digest))
    }

    @Test func `a file written to since the checkpoint is read from its beginning`() async throws {
        let path = try scratch.write("list.txt", list(1, lines: 50_000))
        var kept: LeakCheckpoint?
        await #expect(throws: Stop.self) {
            try await LeakReader(watch: watch, limits: eagerLimits).read([path]) { batch in
                if kept != nil { throw Stop() }
                kept = batch.checkpoint
            }
        }
        #expect(kept != nil)
        try scratch.write("list.txt", list(2, lines: 50_000))
        let resumed = try await readAll([path], watch, resume: LeakResume(checkpoint: kept))
        #expect(resumed.hits == (try await readAll([path], watch)).hits)
    }

    @Test func `a content that was read before is known under another name, and passed over`() async throws {
        let first = try await readAll([try scratch.write("list.txt", list(1, lines: 20_000))], watch)
        let file = try #require(first.finished.first)
        let digest = try #require(file.digest)
        let copy = try scratch.write("copy.txt", list(1, lines: 20_000))
        var other = list(1, lines: 20_000)
        other[5] ^= 1
        let changed = try scratch.write("other.txt", other)
        let again = try await readAll([copy, changed], watch, resume: LeakResume(known: [file.file.size: [digest]]))
        #expect(again.finished.map(\.outcome) == [.known, .read])
        #expect(Set(again.hits.map(\.part)) == ["other.txt"])
        #expect(again.report.progress.bytesDone == again.report.progress.bytesTotal)
    }

    @Test func `cancelling ends the read, and its threads, without another batch`() async throws {
        let paths = try (0..<4).map { try scratch.write("\($0).txt", list(UInt64($0), lines: 100_000)) }
        let limits = eagerLimits
        let watch = self.watch
        let (started, continuation) = AsyncStream<Void>.makeStream()
        let task = Task {
            var count = 0
            do {
                _ = try await LeakReader(watch: watch, limits: limits).read(paths) { _ in
                    count += 1
                    if count == 3 {
                        continuation.finish()
                        try await Task.sleep(for: .seconds(3_600))  // sleeps: until it is cancelled
                    }
                }
                return (count, false)
            } catch {
                return (count, error is CancellationError)
            }
        }
        for await _ in started {}
        task.cancel()
        let (count, wasCancelled) = await task.value
        #expect(count == 3)
        #expect(wasCancelled)
    }

    @Test func `the reading thread waits while batches are not taken, and ends when nobody wants them`() async throws {
        let queue = BatchQueue(capacity: 4)
        let pushed = DispatchSemaphore(value: 0)
        let identity = FileIdentity(path: "list.txt", device: 0, inode: 0, size: 0, modifiedAt: 0)
        let (results, continuation) = AsyncStream<Bool>.makeStream()
        let thread = try #require(
            JoinableThread {
                for _ in 0..<5 {
                    continuation.yield(queue.push(LeakBatch(file: identity, part: "", progress: LeakProgress())))
                    pushed.signal()
                }
                continuation.finish()
                queue.finish()
            })
        waitFour(pushed)
        queue.close()
        thread.join()
        var seen: [Bool] = []
        for await result in results { seen.append(result) }
        #expect(seen == [true, true, true, true, false])
        let last = await queue.next()
        #expect(last?.part == nil)
    }
}

/// Waiting blocks, which an asynchronous function may not do under its own name; here it is for a moment.
private func waitFour(_ semaphore: DispatchSemaphore) {
    for _ in 0..<4 { semaphore.wait() }
}
