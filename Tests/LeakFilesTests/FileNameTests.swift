import Foundation
import Testing

@testable import LeakFiles

/// What names of files say, and names that say nothing.
@Suite struct FileNameTests {
    let scratch: Scratch
    let watch = WatchList(["sam@example.net"])

    init() throws {
        scratch = try Scratch()
    }

    /// Writes a file whose name is no text.
    private func write(_ folder: [UInt8], _ name: [UInt8], _ text: String) throws {
        let directory = Array(scratch.path.utf8) + [UInt8(ascii: "/")] + folder
        directory.withPath { #expect(mkdir($0, 0o700) == 0 || errno == EEXIST) }
        try (directory + [UInt8(ascii: "/")] + name).withPath { path in
            let descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL, 0o600)
            try #require(descriptor >= 0)
            #expect(Array(text.utf8).withUnsafeBytes { Foundation.write(descriptor, $0.baseAddress, $0.count) } == text.utf8.count)
            close(descriptor)
        }
    }

    @Test func `files and folders whose names are no UTF-8 are read, and shown with replacement characters`() async throws {
        try write([0x61, 0xFF], [0x62, 0xFE, 0x2E, 0x74, 0x78, 0x74], "sam@example.net:Invented-1\n")
        try write([0x61, 0xFF], Array("plain.txt".utf8), "sam@example.net:Invented-2\n")
        let reading = try await readAll([scratch.path], watch)
        #expect(reading.skipped == [])
        #expect(reading.records.compactMap(\.secret).map { String(decoding: $0.bytes, as: UTF8.self) } == ["Invented-1", "Invented-2"])
        #expect(reading.finished.map(\.file.path) == ["a\u{FFFD}/b\u{FFFD}.txt", "a\u{FFFD}/plain.txt"].map { "\(scratch.path)/\($0)" })
        #expect(reading.finished.map(\.outcome) == [.read, .read])
    }

    @Test func `two machines whose folders are shown alike are two`() async throws {
        for byte in [0xFE, 0xFF] as [UInt8] {
            let log = "URL: https://vpn.example.com/\nUsername: sam@example.net\nPassword: Invented-\(byte)\nApplication: Chrome\n===============\n"
            try write([0x50, 0x43, byte], Array("Passwords.txt".utf8), log)
        }
        let reading = try await readAll([scratch.path], watch)
        #expect(reading.skipped == [])
        #expect(reading.logs.count == 2)
        #expect(reading.finished.map(\.machines) == [2])
    }

    @Test func `a file that lies under a number is read as what it is called`() async throws {
        // An object over several lines, behind a line that is none: only the name says what it is.
        let rows = "rows of users\n[\n  {\n    \"email\": \"sam@example.net\",\n    \"password\": \"Invented-1\"\n  }\n]\n"
        let packed = ArchiveFixture.gzip(Array(rows.utf8))
        for (bytes, name) in [(Array(rows.utf8), "users.json"), (packed, "users.json.gz")] {
            let path = try scratch.write("17", bytes)
            let unnamed = try await readAll([path], watch)
            #expect(unnamed.records.map(\.shape) != [.json])
            var named = Reading()
            _ = try await LeakReader(watch: watch).read([path], called: [path: "C!x/\(name)"]) { named.add($0, watch) }
            #expect(named.records.map(\.shape) == [.json], "\(name)")
        }
    }

    @Test func `the beginning of a text is known again, however it is packed and called`() async throws {
        let text = Array("sam@example.net:Invented-1\n".utf8) + Array(String(repeating: "x@example.org:nothing of note\n", count: 40_000).utf8)
        let units = String(decoding: text, as: UTF8.self).utf16.flatMap { [UInt8($0 & 0xFF), UInt8($0 >> 8)] }
        let paths = [
            try scratch.write("a.txt", text), try scratch.write("b.txt", [0xEF, 0xBB, 0xBF] + text),
            try scratch.write("c.txt", [0xFF, 0xFE] + units),
            try scratch.write("d.gz", ArchiveFixture.gzip(text)), try scratch.write("e.zip", ArchiveFixture.make(.zip, [.init("x/y.txt", text)])),
        ]
        var beginnings = Set(try await readAll(paths, watch, limits: eagerLimits).batches.filter { !$0.records.isEmpty }.map(\.beginning))
        #expect(beginnings.count == 1)
        #expect(!beginnings.contains(nil))
        var other = text
        other[FileShape.sampleBytes - 1] ^= 1
        let changed = try await readAll([try scratch.write("f.txt", other)], watch).batches.filter { !$0.records.isEmpty }
        #expect(!changed.isEmpty)
        beginnings.formUnion(changed.map(\.beginning))
        #expect(beginnings.count == 2)
    }
}

extension [UInt8] {
    /// Hands over the bytes as the path of a system call.
    fileprivate func withPath<Result>(_ body: (UnsafePointer<CChar>) throws -> Result) rethrows -> Result {
        try body((self + [0]).map { CChar(bitPattern: $0) })
    }
}
