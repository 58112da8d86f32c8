import CArchive
import Testing

@testable import LeakFiles

/// Files that are compressed in all ways that are met, by themselves and in archives: none of them is passed over without a word.
@Suite struct CompressedFileTests {
    enum Filter: String, CaseIterable, Sendable {
        case bzip2 = "bz2"
        case xz
        case lzma
        case compress = "Z"
        case lzip = "lz"
        case lz4

        /// nil where libarchive starts another program for it.
        func pack(_ bytes: [UInt8], tarAs name: String? = nil) -> [UInt8]? {
            guard let archive = archive_write_new() else { return nil }
            defer { archive_write_free(archive) }
            if name == nil { archive_write_set_format_raw(archive) } else { archive_write_set_format_pax_restricted(archive) }
            let result =
                switch self {
                case .bzip2: archive_write_add_filter_bzip2(archive)
                case .xz: archive_write_add_filter_xz(archive)
                case .lzma: archive_write_add_filter_lzma(archive)
                case .compress: archive_write_add_filter_compress(archive)
                case .lzip: archive_write_add_filter_lzip(archive)
                case .lz4: archive_write_add_filter_lz4(archive)
                }
            guard result == ARCHIVE_OK else { return nil }
            var output = [UInt8](repeating: 0, count: bytes.count + (1 << 20))
            var used = 0
            output.withUnsafeMutableBytes { memory in
                archive_write_open_memory(archive, memory.baseAddress, memory.count, &used)
                let entry = archive_entry_new()
                archive_entry_set_pathname_utf8(entry, name ?? "data")
                archive_entry_set_filetype(entry, UInt32(CARCHIVE_REGULAR))
                archive_entry_set_perm(entry, 0o644)
                archive_entry_set_size(entry, Int64(bytes.count))
                archive_write_header(archive, entry)
                _ = bytes.withUnsafeBytes { archive_write_data(archive, $0.baseAddress, $0.count) }
                archive_entry_free(entry)
                archive_write_close(archive)
            }
            return Array(output.prefix(used))
        }
    }

    private static let list = Array("x@example.org:1\nt09@acme.test:Zq7Canaryt09!\n".utf8)
    private static let watch = WatchList(["t09@acme.test"])

    @Test(arguments: Filter.allCases) func `a compressed file is read, whatever it is called`(_ filter: Filter) async throws {
        guard let bytes = filter.pack(Self.list) else { return }
        let scratch = try Scratch()
        for name in ["t09-list.txt.\(filter.rawValue)", "list.bin", "Passwords.txt.\(filter.rawValue)", "screenshot.\(filter.rawValue)"] {
            let reading = try await readAll([try scratch.write(name, bytes)], Self.watch)
            #expect(reading.records.map(\.secretText) == ["Zq7Canaryt09!"], "\(name)")
            #expect(reading.skipped.isEmpty, "\(name)")
            #expect(reading.finished.map(\.lines) == [2], "\(name)")
        }
    }

    @Test(arguments: Filter.allCases) func `in archives and folders, too`(_ filter: Filter) async throws {
        guard let bytes = filter.pack(Self.list), let tar = filter.pack(Self.list, tarAs: "lists/one.txt") else { return }
        let scratch = try Scratch()
        let zip = ArchiveFixture.make(.zip, [.init("lists/list.txt.\(filter.rawValue)", bytes)])
        let folder = try Scratch()
        try folder.write("some/list.txt.\(filter.rawValue)", bytes)
        for path in [try scratch.write("list.zip", zip), try scratch.write("list.tar.\(filter.rawValue)", tar), folder.path] {
            let reading = try await readAll([path], Self.watch)
            #expect(reading.records.map(\.secretText) == ["Zq7Canaryt09!"], "\(path)")
            #expect(reading.skipped.isEmpty, "\(path)")
        }
    }

    @Test(arguments: Filter.allCases) func `a cut one gives what stands before, and says so`(_ filter: Filter) async throws {
        let long = (0..<200_000).map { "someone\($0 &* 2_654_435_761 % 1_000_003)@elsewhere.invalid:\($0)\n" }.joined()
        guard let bytes = filter.pack(Self.list + Array(long.utf8)) else { return }
        let scratch = try Scratch()
        let reading = try await readAll([try scratch.write("list.txt.\(filter.rawValue)", Array(bytes.prefix(bytes.count / 2)))], Self.watch)
        // LZW has nothing that tells where it ends.
        if filter != .compress { #expect(!reading.skipped.isEmpty) }
        #expect(!reading.skipped.isEmpty || reading.records.count == 1)
    }

    @Test(arguments: [
        ("list.txt.lzo", [0x89, 0x4C, 0x5A, 0x4F, 0, 1, 2, 3] as [UInt8], "an LZO file"), ("a.arj", [0x60, 0xEA, 1, 2], "an ARJ archive"),
        ("a.cab", Array("MSCF".utf8) + [0, 0, 0, 0, 9], "a CAB archive"), ("a.pdf", Array("%PDF-1.7 ".utf8), "a PDF"),
        ("a.age", Array("age-encryption.org/v1\n".utf8), "encrypted with age"), ("a.sqlite", FileKind.sqlite, "an SQLite database"),
    ])
    func `what cannot be unpacked is searched as it lies, with a word`(_ name: String, _ bytes: [UInt8], _ what: String) async throws {
        let scratch = try Scratch()
        let zip = ArchiveFixture.make(.zip, [.init("x/data.bin", bytes + Self.list)])
        for path in [try scratch.write(name, bytes + Self.list), try scratch.write("\(name).zip", zip)] {
            let reading = try await readAll([path], Self.watch)
            #expect(reading.skipped.map(\.reason) == ["It is \(what), which cannot be unpacked. Only its bytes as they lie were searched."])
            #expect(reading.records.count == 1)
        }
    }

    /// The first page of a database, most of which is zeros, and a row.
    private static let database = FileKind.sqlite + [UInt8](repeating: 0, count: 4_080) + list

    @Test(arguments: ["users.db", "x/users.sqlite", "x/dump.sqlite3", "x/users"]) func `a database is searched as it lies, with a word`(
        _ name: String
    ) async throws {
        let scratch = try Scratch()
        let folder = try Scratch()
        try folder.write(name, Self.database)
        let zip = ArchiveFixture.make(.zip, [.init(name, Self.database)])
        for path in [try scratch.write("a.bin", Self.database), try scratch.write("a.zip", zip), folder.path] {
            let reading = try await readAll([path], Self.watch)
            #expect(reading.skipped.map(\.reason) == [FileKind.closedReason("an SQLite database")], "\(path)")
            #expect(reading.hits.map(\.address) == ["t09@acme.test"], "\(path)")
        }
    }

    @Test func `a database among the files of a log is not read, with a word`() async throws {
        let scratch = try Scratch()
        let folder = try Scratch()
        let name = "DE[0123456789ABCDEF] [2024-06-05T10_11_12]/Browsers/Firefox/cookies.sqlite"
        try folder.write(name, Self.database)
        for path in [try scratch.write("a.zip", ArchiveFixture.make(.zip, [.init(name, Self.database)])), folder.path] {
            let reading = try await readAll([path], Self.watch)
            #expect(reading.skipped.map(\.reason) == [FileKind.databaseReason], "\(path)")
            #expect(reading.records.isEmpty, "\(path)")
        }
    }

    @Test func `the small pictures of Windows are no database`() {
        let text = "alex.doe@example.com:Invented-2!\n"
        #expect(interest(in: "x/Thumbs.db", text) == EntryInterest.none)
        #expect(interest(in: "x/thumbs2.db", text) == .leakFile)
    }
}
