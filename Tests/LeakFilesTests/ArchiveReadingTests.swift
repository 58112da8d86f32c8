import Foundation
import Testing

@testable import LeakFiles

@Suite struct ArchiveReadingTests {
    typealias Entry = ArchiveFixture.Entry

    let scratch: Scratch
    let watch = WatchList(["alex.doe@example.com", "sam@example.net"])

    init() throws {
        scratch = try Scratch()
    }

    private let list = "x@example.org:1\nsam@example.net:Invented-1!\n"

    @Test(arguments: [ArchiveFixture.Kind.zip, .tar, .tarGzip, .sevenZip]) func `the entries of an archive are read, whatever its name`(
        _ kind: ArchiveFixture.Kind
    ) async throws {
        let bytes = ArchiveFixture.make(kind, [Entry("a/one.txt", list), Entry("daily.txt", "alex.doe@example.com:Invented-2!")])
        let reading = try await readAll([try scratch.write("some.bin", bytes)], watch)
        #expect(reading.hits.map(\.part) == ["one.txt", "some.bin!daily.txt"])
        #expect(reading.hits.map(\.address) == ["sam@example.net", "alex.doe@example.com"])
        let file = try #require(reading.finished.first)
        #expect(file.outcome == .read && file.entries == 2 && file.lines == 3 && file.matches == 2)
        #expect(file.digest == LeakReader(watch: watch).digest(of: scratch.path + "/some.bin"))
    }

    @Test func `a RAR archive is read, and names need not be ASCII`() async throws {
        let path = try scratch.write("some.rar", ArchiveFixture.rar([Entry("one.txt", list), Entry("täglich.txt", list)]))
        #expect(try await readAll([path], watch).hits.map(\.part) == ["some.rar!one.txt", "some.rar!täglich.txt"])
    }

    @Test func `all members of gzip and all frames of zstd are read`() async throws {
        let filler = Array(repeating: "filler@example.org:nothing\n", count: 100_000).joined()
        let pieces = [Array(list.utf8), Array(filler.utf8), Array("alex.doe@exam".utf8), Array("ple.com:Invented-2!".utf8)]
        for pack in [ArchiveFixture.gzip, ArchiveFixture.zstd] {
            let path = try scratch.write("list.bin", pieces.flatMap(pack))
            let reading = try await readAll([path], watch)
            #expect(reading.hits.map(\.offset) == [16, UInt64(list.utf8.count + filler.utf8.count)])
            let file = try #require(reading.finished.first)
            #expect(file.outcome == .read && file.lines == 100_003 && file.bytes == UInt64(pieces.joined().count))
            #expect(file.digest == LeakReader(watch: watch).digest(of: path))
        }
    }

    @Test func `a compressed file that is cut or damaged gives what stands before, and says where it ends`() async throws {
        var random = SeededRandom(state: 5)
        let noise = (0..<300_000).map { _ in "\(UInt64.random(in: 0...UInt64.max, using: &random))\n" }.joined()
        for (pack, reason) in [(ArchiveFixture.gzip, "too soon"), (ArchiveFixture.zstd, "too soon")] {
            let whole = pack(Array((list + noise + list).utf8))
            let cut = try await readAll([try scratch.write("cut", Array(whole.dropLast(whole.count / 3)))], watch)
            #expect(cut.hits.map(\.offset) == [16])
            #expect(cut.finished.first?.outcome == .incomplete)
            #expect(cut.skipped.count == 1)
            #expect(cut.skipped.first?.reason.contains(reason) == true)
            #expect((cut.skipped.first?.offset ?? 0) > 1_000_000)
            var damaged = whole
            for place in (damaged.count / 2)..<(damaged.count / 2 + 2_000) { damaged[place] = 0x55 }
            let broken = try await readAll([try scratch.write("damaged", damaged)], watch)
            #expect(broken.hits.first?.offset == 16)
            #expect(broken.skipped.first?.reason.contains("damaged") == true)
        }
        let trailing = try await readAll([try scratch.write("more", ArchiveFixture.gzip(Array(list.utf8)) + [0, 0, 0x41, 0x42])], watch)
        #expect(trailing.hits.count == 1)
        #expect(trailing.skipped.first?.reason.contains("Behind") == true)
        let padded = try await readAll([try scratch.write("pad", ArchiveFixture.gzip(Array(list.utf8)) + [UInt8](repeating: 0, count: 512))], watch)
        #expect(padded.hits.count == 1 && padded.skipped.isEmpty)
    }

    @Test(arguments: [ArchiveFixture.Kind.zip, .tar, .sevenZip]) func `a truncated archive loses only its rest`(
        _ kind: ArchiveFixture.Kind
    ) async throws {
        var random = SeededRandom(state: 5)
        let noise = (0..<100_000).map { _ in UInt8.random(in: 0...255, using: &random) }
        let whole = ArchiveFixture.make(kind, [Entry("one.txt", list), Entry("two.txt", noise), Entry("three.txt", list)])
        let next = try scratch.write("next.txt", list)
        let reading = try await readAll([try scratch.write("cut", Array(whole.prefix(50_000))), next], watch)
        #expect(!reading.skipped.isEmpty)
        #expect(reading.finished.first?.outcome == .incomplete)
        #expect(reading.hits.map(\.part).contains("next.txt"))
        // A 7z has its names at the end.
        if case .sevenZip = kind {} else { #expect(reading.hits.map(\.part) == ["cut!one.txt", "next.txt"]) }
    }

    @Test func `encrypted entries are read with a passphrase that fits, and reported without one`() async throws {
        let bytes = ArchiveFixture.make(.zip, [Entry("one.txt", list), Entry("two.txt", list)], passphrase: "invented")
        let path = try scratch.write("some.zip", bytes)
        let closed = try await readAll([path], watch)
        #expect(closed.hits.isEmpty)
        #expect(closed.skipped.map(\.path) == ["\(path)!one.txt", "\(path)!two.txt"])
        #expect(closed.skipped.allSatisfy { $0.reason == "It is encrypted, and no passphrase opens it." })
        var limits = LeakLimits()
        limits.passphrases = ["wrong", "invented"]
        let opened = try await readAll([path], watch, limits: limits)
        #expect(opened.hits.count == 2)
        #expect(opened.skipped.isEmpty)
    }

    @Test func `nested archives are read to the depth that is set`() async throws {
        let innermost = ArchiveFixture.make(.tar, [Entry("deep.txt", list)])
        let third = ArchiveFixture.make(.zip, [Entry("c.tar", innermost), Entry("third.txt", list)])
        let second = ArchiveFixture.make(.sevenZip, [Entry("b.zip", third), Entry("second.txt", list)])
        let first = ArchiveFixture.make(.zip, [Entry("a.7z", second), Entry("list.txt.gz", ArchiveFixture.gzip(Array(list.utf8)))])
        let path = try scratch.write("some.zip", first)
        let reading = try await readAll([path], watch)
        #expect(
            Set(reading.batches.filter { !$0.records.isEmpty }.map(\.part)) == [
                "\(path)!a.7z!second.txt", "\(path)!a.7z!b.zip!third.txt", "\(path)!list.txt.gz",
            ])
        #expect(reading.skipped.map(\.path) == ["\(path)!a.7z!b.zip!c.tar"])
        #expect(reading.skipped.first?.reason.contains("3 deep") == true)
        var limits = LeakLimits()
        limits.maxDepth = 4
        #expect(try await readAll([path], watch, limits: limits).hits.count == 4)
    }

    @Test func `a nested archive that is too large to be held is read in passing`() async throws {
        let inner = ArchiveFixture.make(.zip, [Entry("filler.bin", [UInt8](repeating: 7, count: 600_000)), Entry("one.txt", list)])
        var random = SeededRandom(state: 9)
        let noise = (0..<600_000).map { _ in UInt8.random(in: 0...255, using: &random) }
        let large = ArchiveFixture.make(.tar, [Entry("noise.bin", noise), Entry("two.txt", list)])
        let seven = ArchiveFixture.make(.sevenZip, [Entry("noise.bin", noise), Entry("three.txt", list)])
        let path = try scratch.write("some.tar", ArchiveFixture.make(.tar, [Entry("a.zip", inner), Entry("b.tar", large), Entry("c.7z", seven)]))
        var limits = LeakLimits()
        limits.maxHeldBytes = 100
        let reading = try await readAll([path], watch, limits: limits)
        #expect(reading.hits.map(\.part) == ["some.tar!a.zip!one.txt", "some.tar!b.tar!two.txt"])
        #expect(reading.skipped.map(\.path) == ["\(path)!c.7z"])
    }

    @Test func `bombs are refused by size, ratio and number`() async throws {
        let zeros = [UInt8](repeating: 0, count: 4 << 20)
        let next = try scratch.write("next.txt", list)
        func refused(_ bytes: [UInt8], _ change: (inout LeakLimits) -> Void) async throws -> [String] {
            var limits = LeakLimits()
            change(&limits)
            let reading = try await readAll([try scratch.write("bomb", bytes), next], watch, limits: limits)
            #expect(reading.hits.map(\.part).contains("next.txt"))
            #expect(reading.finished.first?.outcome == .incomplete)
            #expect(reading.report.decodedBytes < 3 << 20)
            return reading.skipped.map(\.reason)
        }
        let zip = ArchiveFixture.make(.zip, [Entry("zeros.txt", zeros)])
        let many = ArchiveFixture.make(.zip, (0..<50).map { Entry("\($0).txt", list) })
        let nested = ArchiveFixture.make(.zip, [Entry("inner.zip", zip)])
        for bytes in [zip, nested, ArchiveFixture.gzip(zeros), ArchiveFixture.zstd(zeros)] {
            let reasons = try await refused(bytes) {
                $0.ratioFreeBytes = 1 << 20
                $0.maxRatio = 100
            }
            #expect(reasons == ["Refused: it unpacks to more than 100 times its size."])
        }
        for bytes in [zip, ArchiveFixture.gzip(zeros), ArchiveFixture.zstd(zeros)] {
            #expect(try await refused(bytes) { $0.maxEntryBytes = 1 << 20 } == ["Refused: it unpacks to more than 1048576 bytes."])
        }
        #expect(try await refused(zip) { $0.maxTotalBytes = 1 << 20 } == ["Refused: it unpacks to more than 1048576 bytes."])
        #expect(try await refused(many) { $0.maxEntries = 10 } == ["Refused: it has more than 10 entries."])
    }

    @Test func `paths that lead elsewhere and links are refused, and nothing is written`() async throws {
        let entries = [
            Entry("../outside.txt", list), Entry("/absolute.txt", list), Entry("C:\\windows.txt", list), Entry("a/../../b.txt", list),
            Entry("..\\back.txt", list), Entry("link", linkTo: "/etc/passwd"), Entry("good.txt", list),
            Entry("hard", linkTo: "good.txt", isHard: true),
        ]
        let path = try scratch.write("in/some.tar", ArchiveFixture.make(.tar, entries))
        let reading = try await readAll([path], watch)
        #expect(reading.hits.map(\.part) == ["some.tar!good.txt"])
        #expect(reading.skipped.count == 7)
        #expect(reading.skipped.filter { $0.reason.contains("absolute") }.count == 2)
        #expect(reading.skipped.filter { $0.reason.contains("leads out") }.count == 3)
        #expect(reading.skipped.filter { $0.reason.contains("link") }.count == 2)
        #expect(try FileManager.default.subpathsOfDirectory(atPath: scratch.path).sorted() == ["in", "in/some.tar"])
    }

    @Test func `control characters of a name are not shown`() throws {
        #expect(try EntryPath("a\u{1B}[31m/b\n.txt").text == "a\u{FFFD}[31m/b\u{FFFD}.txt")
        #expect(try EntryPath("./a//b\\c").text == "a/b/c")
    }

    @Test func `a mark beside a slash hides nothing`() throws {
        #expect(throws: EntryPath.Failure.absolute) { try EntryPath("/\u{301}etc/passwd") }
        #expect(throws: EntryPath.Failure.leavesArchive) { try EntryPath("..\\\u{301}x") }
        #expect(throws: EntryPath.Failure.leavesArchive) { try EntryPath("a/\u{301}b/../..") }
        #expect(Array(try EntryPath("a\\\u{301}b").text.utf8) == Array("a/\u{301}b".utf8))
        let path = try #require(LogPath("US[AB12AB12AB12] [2026-11-10]/\u{301}x/Passwords.txt"))
        #expect(path.kind == .passwords)
    }

    private let passwords =
        "URL: https://vpn.example.com/login\nUsername: alex.doe@example.com\nPassword: Invented-5!\nApplication: Chrome\n===============\n"

    private var devices: [Entry] {
        (1...3).flatMap { number in
            [
                Entry(
                    "DE[000\(number)] [2024-06-05T10_11_12]/Passwords.txt", number == 2 ? passwords.replacing("alex.doe", with: "other") : passwords),
                Entry(
                    "DE[000\(number)] [2024-06-05T10_11_12]/UserInformation.txt",
                    "Build ID: @example\nIP: 192.0.2.\(number)\nFileLocation: C:\\a.exe\nMachineName: PC-\(number)\nHWID: 0000\(number)\n"),
            ]
        }
    }

    @Test(arguments: [ArchiveFixture.Kind.zip, .tarGzip, .sevenZip]) func `stealer logs in an archive come out one for a machine`(
        _ kind: ArchiveFixture.Kind
    ) async throws {
        let entries = devices + [Entry("combo.txt", list)]
        let reading = try await readAll([try scratch.write("logs.bin", ArchiveFixture.make(kind, entries))], watch)
        #expect(reading.logs.count == 2)
        #expect(Set(reading.logs.map(\.identity.key)).count == 2)
        #expect(reading.logs.allSatisfy { $0.records.count == 1 && $0.records[0].site == "vpn.example.com" })
        #expect(reading.hits.map(\.part) == ["logs.bin!combo.txt"])
        let file = try #require(reading.finished.first)
        #expect(file.machines == 3 && file.credentials == 3 && file.matches == 3)
    }

    @Test func `a folder of stealer logs gives the same machines as an archive of it, and one of nested archives too`() async throws {
        let packed = try await readAll([try scratch.write("logs.zip", ArchiveFixture.make(.zip, devices))], watch)
        for entry in devices { try scratch.write("folder/\(entry.name)", entry.bytes) }
        let folder = try await readAll([scratch.path + "/folder"], watch)
        #expect(Set(folder.logs.map(\.identity.key)) == Set(packed.logs.map(\.identity.key)))
        #expect(folder.finished.count == 1)
        #expect(folder.finished.first?.entries == 6)
        #expect(folder.finished.first?.digest != nil)
        let nested = (0..<3).map { number in
            Entry(
                "device\(number).zip",
                ArchiveFixture.make(.zip, devices[(2 * number)..<(2 * number + 2)].map { Entry(($0.name as NSString).lastPathComponent, $0.bytes) }))
        }
        let inside = try await readAll([try scratch.write("nested.zip", ArchiveFixture.make(.zip, nested))], watch)
        #expect(Set(inside.logs.map(\.identity.key)) == Set(packed.logs.map(\.identity.key)))
        #expect(inside.finished.first?.machines == 3)
    }
}
