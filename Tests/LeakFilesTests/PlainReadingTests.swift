import Foundation
import Testing

@testable import LeakFiles

@Suite struct PlainReadingTests {
    let scratch: Scratch
    let watch = WatchList(["alex.doe@example.com", "sam@example.net"])

    init() throws {
        scratch = try Scratch()
    }

    @Test func `records, lines and bytes of a small file are counted`() async throws {
        let path = try scratch.write("list.txt", "x@example.org:1\nAlex.Doe@example.com:Invented-1!\r\nsam@example.net:Invented-2!")
        let reading = try await readAll([path], watch)
        #expect(reading.hits.map(\.address) == ["alex.doe@example.com", "sam@example.net"])
        #expect(reading.hits.map(\.offset) == [16, 50])
        #expect(reading.records.map(\.secret?.bytes) == [Array("Invented-1!".utf8), Array("Invented-2!".utf8)])
        let file = try #require(reading.finished.first)
        #expect(file.outcome == .read && file.lines == 3 && file.bytes == 77 && file.matches == 2)
        #expect(reading.report.progress.bytesDone == 77 && reading.report.progress.bytesTotal == 77 && reading.report.progress.filesDone == 1)
    }

    @Test(arguments: [1, 3]) func `every place where a border can cut a match gives exactly one record`(_ threads: Int) async throws {
        let border = ChunkReader.chunkBytes
        let line = Array("x@example.org:y\nalex.doe@example.com:Invented\nz".utf8)
        var expected: [UInt64] = []
        var text: [UInt8] = []
        // Each chunk has the address one byte farther over its end.
        for shift in 0...line.count {
            let end = (shift + 1) * border
            let start = end - shift
            text += [UInt8](repeating: 0x2E, count: start - text.count)
            expected.append(UInt64(start + 16))
            text += line
        }
        let reading = try await readAll([try scratch.write("list.txt", text)], watch, threads: threads)
        #expect(reading.hits.map(\.offset) == expected)
        #expect(reading.finished.first?.lines == UInt64(2 * expected.count + 1))
    }

    @Test func `a domain that goes on behind a border is another one`() async throws {
        let border = ChunkReader.chunkBytes
        let address = Array(" alex.doe@example.com".utf8)
        for (tail, isFound) in [(".au", false), ("...x", false), ("...:", true), ("", true), ("-", true), ("-x", false)] {
            let text = [UInt8](repeating: 0x20, count: border - address.count) + address + Array(tail.utf8)
            let reading = try await readAll([try scratch.write("list.txt", text)], watch)
            #expect(reading.hits.count == (isFound ? 1 : 0), "\(tail)")
        }
    }

    @Test(arguments: UInt64(1)...4) func `a large file gives what a naive search finds`(_ seed: UInt64) async throws {
        var random = SeededRandom(state: seed)
        let pieces = [
            "alex.doe@example.com", "SAM@example.net", "xsam@example.net", "sam@example.net.au", ":", ";", "|", "\t", "\r\n", "\n", "'", "\"", "\0",
            "ü",
            "\u{FEFF}", ".", " ", "https://example.org/", "password",
        ].map { Array($0.utf8) }
        var text: [UInt8] = []
        while text.count < 3 * ChunkReader.chunkBytes {
            text += pieces.randomElement(using: &random) ?? []
            if Int.random(in: 0..<50, using: &random) == 0 { text.append(UInt8.random(in: 0...255, using: &random)) }
        }
        let mark = text.starts(with: [0xEF, 0xBB, 0xBF]) ? 3 : 0
        let expected = watch.found(in: Array(text.dropFirst(mark)))
        let reading = try await readAll([try scratch.write("list.txt", text)], watch, threads: Int(seed))
        #expect(reading.records.map(\.address) == expected.map(\.address))
        #expect(reading.records.map(\.offset) == expected.map { UInt64($0.range.lowerBound) })
        #expect(reading.finished.first?.lines == UInt64(text.count { $0 == 0x0A } + (text.last == 0x0A ? 0 : 1)))
    }

    @Test func `a line of many megabytes is read in constant memory, and a parser sees its surroundings and its beginning`() async throws {
        let filler = [UInt8](repeating: 0x78, count: 3 << 20)
        let text = Array("first\nhead of the line ".utf8) + filler + Array(" sam@example.net:Invented ".utf8) + filler
        let path = try scratch.write("list.txt", text)
        let reading = try await readAll([path], watch)
        #expect(reading.hits.map(\.offset) == [UInt64(6 + 17 + filler.count + 1)])
        #expect(reading.finished.first?.lines == 2)
        let file = try OpenFile(path, followsLinks: true)
        let scratch = UnsafeMutableRawBufferPointer.allocate(byteCount: 4_096, alignment: 8)
        defer { scratch.deallocate() }
        #expect(LineStarts(file).start(before: UInt64(text.count), scratch: scratch) == 6)
    }

    @Test func `byte order marks and UTF-16 of every kind are read as UTF-8`() async throws {
        let text = "x@example.org:1\nsam@example.net:пароль😀\n"
        let units = Array(text.utf16)
        let little: [UInt8] = units.flatMap { unit -> [UInt8] in [UInt8(unit & 0xFF), UInt8(unit >> 8)] }
        let big: [UInt8] = units.flatMap { unit -> [UInt8] in [UInt8(unit >> 8), UInt8(unit & 0xFF)] }
        let forms: [[UInt8]] = [
            Array(text.utf8), [0xEF, 0xBB, 0xBF] + Array(text.utf8), [0xFF, 0xFE] + little, [0xFE, 0xFF] + big, little,
        ]
        for form in forms {
            let reading = try await readAll([try scratch.write("list.txt", form)], watch)
            #expect(reading.hits.map(\.offset) == [16])
            #expect(reading.records.first?.secret?.bytes == Array("пароль😀".utf8))
            #expect(reading.finished.first?.lines == 2)
            #expect(reading.finished.first?.digest != nil)
        }
    }

    @Test func `UTF-16 in pieces of any size gives the same text, and broken pairs give replacement characters`() {
        let units: [UInt16] = [0x61, 0xD83D, 0xDE00, 0xD83D, 0x62, 0xDE00, 0xFEFF, 0x20AC]
        let bytes: [UInt8] = units.flatMap { unit -> [UInt8] in [UInt8(unit & 0xFF), UInt8(unit >> 8)] } + [0x61]
        let expected = Array("a😀\u{FFFD}b\u{FFFD}€\u{FFFD}".utf8)
        for size in 1...bytes.count {
            var decoder = UTF16Decoder(isBigEndian: false)
            var output: [UInt8] = []
            for start in stride(from: 0, to: bytes.count, by: size) {
                Array(bytes[start..<min(bytes.count, start + size)]).withUnsafeBytes { decoder.decode($0, into: &output) }
            }
            decoder.finish(into: &output)
            #expect(output == expected)
        }
    }

    @Test(arguments: [1, 7, 64, 4_096, 100_000]) func `a stream gives the same in pieces of any size`(_ size: Int) {
        var random = SeededRandom(state: UInt64(size))
        var text: [UInt8] = []
        while text.count < 3 << 20 {
            text += Array(
                ["sam@example.net:x\n", "alex.doe@example.com", "filler ", "\r\n", "@", ".", String(repeating: "long", count: 500)].randomElement(
                    using: &random)!.utf8)
        }
        if size == 1 { text = Array(text.prefix(1 << 21)) }
        let scan = StreamScan(watch: watch.index, name: "list.txt")
        var records: [LeakRecord] = []
        var lines: UInt64 = 0
        let collect: (StreamScan.Stretch) -> Bool = {
            records += $0.records
            lines = $0.lines
            return true
        }
        text.withUnsafeBytes { bytes in
            for start in stride(from: 0, to: bytes.count, by: size) {
                _ = scan.add(UnsafeRawBufferPointer(rebasing: bytes[start..<min(bytes.count, start + size)]), deliver: collect)
            }
        }
        _ = scan.finish(deliver: collect)
        #expect(records.map(\.offset) == watch.found(in: text).map { UInt64($0.range.lowerBound) })
        #expect(lines == UInt64(text.count { $0 == 0x0A } + (text.last == 0x0A ? 0 : 1)))
    }

    @Test func `empty files, links, pipes and unreadable files are told apart, and the rest is read`() async throws {
        try scratch.write("a/empty.txt", "")
        try scratch.write("a/zeros.bin", [UInt8](repeating: 0, count: 10_000))
        try scratch.write("b/list.txt", "sam@example.net:Invented\n")
        let target = try scratch.write("outside.txt", "alex.doe@example.com:Invented\n")
        try FileManager.default.createSymbolicLink(atPath: scratch.path + "/b/link.txt", withDestinationPath: target)
        #expect(mkfifo(scratch.path + "/b/pipe", 0o600) == 0)
        let reading = try await readAll([scratch.path + "/a", scratch.path + "/b", scratch.path + "/missing.txt"], watch)
        #expect(reading.hits.map(\.part) == ["list.txt"])
        #expect(reading.skipped.map(\.reason) == ["It is a symbolic link.", "It is not a regular file.", "It is not there."])
        #expect(reading.finished.filter { $0.outcome == .read }.map(\.bytes) == [0, 10_000, 25])
    }

    @Test func `a named file may be a link`() async throws {
        let target = try scratch.write("list.txt", "sam@example.net:Invented\n")
        try FileManager.default.createSymbolicLink(atPath: scratch.path + "/link", withDestinationPath: target)
        #expect(try await readAll([scratch.path + "/link"], watch).hits.count == 1)
    }

    @Test func `a file that changes while it is read is reported and has no digest`() async throws {
        let line = Array("sam@example.net:Invented\n".utf8)
        let text = Array(repeatElement(line, count: 4_000_000 / line.count).joined())
        let path = try scratch.write("list.txt", text)
        var reading = Reading()
        var isCut = false
        _ = try await LeakReader(watch: watch, limits: eagerLimits, threads: 2).read([path]) { batch in
            reading.add(batch, watch)
            if !isCut { #expect(truncate(path, 3_900_000) == 0) }
            isCut = true
        }
        #expect(reading.finished.first?.outcome == .incomplete)
        #expect(reading.finished.first?.digest == nil)
        #expect(reading.skipped.contains { $0.reason.contains("while it was read") })
        #expect(reading.hits.count > 3_800_000 / line.count)
    }

    @Test func `equal contents have equal digests, and any changed, added or moved byte another one`() async throws {
        var random = SeededRandom(state: 3)
        let text = (0..<(ChunkReader.chunkBytes + 5_000)).map { _ in UInt8.random(in: 0...255, using: &random) }
        let reader = LeakReader(watch: watch)
        func digest(_ bytes: [UInt8]) throws -> ContentDigest? { reader.digest(of: try scratch.write("file", bytes)) }
        let original = try digest(text)
        #expect(try digest(text) == original)
        var others: Set<ContentDigest?> = [original]
        for place in [0, 8, 1_023, 1_024, ChunkReader.chunkBytes - 1, ChunkReader.chunkBytes, text.count - 1] {
            var changed = text
            changed[place] ^= 1
            others.insert(try digest(changed))
        }
        others.insert(try digest(text + [0]))
        others.insert(try digest(Array(text.dropLast())))
        var swapped = text
        swapped.swapAt(100, 2_000)
        others.insert(try digest(swapped))
        #expect(others.count == 11)
        #expect(LeakReader(watch: watch, digestKey: DigestKey(1, 2)).digest(of: scratch.path + "/file") != reader.digest(of: scratch.path + "/file"))
        let read = try await readAll([try scratch.write("file", text)], watch)
        #expect(read.finished.first?.digest == original)
        var stream = DigestStream(key: DigestKey())
        for start in stride(from: 0, to: text.count, by: 777) {
            Array(text[start..<min(text.count, start + 777)]).withUnsafeBytes { stream.add($0) }
        }
        #expect(stream.end() == original)
    }
}
