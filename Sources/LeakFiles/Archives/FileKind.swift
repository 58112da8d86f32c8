import CZlib
import CZstd

/// What a file or an entry is, by its first bytes.
enum FileKind: Sendable, Equatable {
    case plain
    case gzip
    case zstd
    /// Something that libarchive opens: a container, or another kind of compression.
    case archive
    /// A container that has to be read back and forth.
    case seekingArchive

    /// How many bytes decide.
    static let sampleBytes = 512

    init(_ bytes: UnsafeRawBufferPointer) {
        self =
            if bytes.starts(with: [0x1F, 0x8B, 0x08]) {
                .gzip
            } else if bytes.starts(with: [0x28, 0xB5, 0x2F, 0xFD])
                || bytes.count >= 4 && bytes.starts(with: [0x2A, 0x4D, 0x18], from: 1) && bytes[0] & 0xF0 == 0x50
            {
                .zstd
            } else if bytes.starts(with: Array("PK\u{3}\u{4}".utf8)) || bytes.starts(with: Array("PK\u{5}\u{6}".utf8))
                || bytes.starts(with: [0x37, 0x7A, 0xBC, 0xAF, 0x27, 0x1C])
            {
                .seekingArchive
            } else if bytes.starts(with: Array("Rar!\u{1A}\u{7}".utf8)) || bytes.starts(with: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00])
                || bytes.starts(with: Array("BZh".utf8)) && bytes.starts(with: Array("1AY&SY".utf8), from: 4)
                || bytes.starts(with: Array("BZh".utf8)) && bytes.starts(with: [0x17, 0x72, 0x45, 0x38, 0x50, 0x90], from: 4) || Self.isTar(bytes)
                || bytes.starts(with: [0x1F, 0x9D]) || bytes.starts(with: Array("LZIP".utf8))
                || bytes.count >= 13 && bytes.starts(with: [0x5D, 0, 0]) || ArchiveHandle.readsLZ4 && bytes.starts(with: Self.lz4)
            {
                .archive
            } else {
                .plain
            }
    }

    /// The kind of a file; a compressed tar is an archive.
    init(_ file: OpenFile) throws(OpenFile.Failure) {
        var sample = [UInt8](repeating: 0, count: 64 << 10)
        let wanted = Int(min(UInt64(sample.count), file.size))
        let result: Result<Int, OpenFile.Failure> = sample.withUnsafeMutableBytes { bytes in
            do throws(OpenFile.Failure) {
                return .success(try file.read(at: 0, into: UnsafeMutableRawBufferPointer(rebasing: bytes.prefix(wanted))))
            } catch {
                return .failure(error)
            }
        }
        let count = try result.get()
        self = sample.withUnsafeBytes { bytes in
            let bytes = UnsafeRawBufferPointer(rebasing: bytes.prefix(count))
            let kind = FileKind(bytes)
            let start: [UInt8]
            switch kind {
            case .gzip: start = Self.gunzippedStart(bytes)
            case .zstd: start = Self.zstdStart(bytes)
            case .plain, .archive, .seekingArchive: return kind
            }
            return start.withUnsafeBytes(Self.isTar) ? .archive : kind
        }
    }

    private static let lz4: [UInt8] = [0x04, 0x22, 0x4D, 0x18]

    /// Its values stand side by side without anything between them, so that not all of them can be told from their neighbours.
    static let sqlite = Array("SQLite format 3\0".utf8)

    /// What is said of one among the files of a stealer log, where what a browser remembers would be taken for what was stolen.
    static let databaseReason = "It is an SQLite database among the files of a stealer log. Those are not read."

    /// What a file is that is searched as it lies, although what it holds is packed or encrypted; nil for all others.
    static func closedName(_ bytes: UnsafeRawBufferPointer) -> String? {
        closed.first { bytes.starts(with: $0.bytes, from: $0.place) }?.name
    }

    /// What is said of such a file.
    static func closedReason(_ name: String) -> String { "It is \(name), which cannot be unpacked. Only its bytes as they lie were searched." }

    private static let closed: [(place: Int, bytes: [UInt8], name: String)] = [
        (0, lz4, "an LZ4 file"), (0, [0x02, 0x21, 0x4C, 0x18], "an old LZ4 file"), (0, [0x89, 0x4C, 0x5A, 0x4F, 0], "an LZO file"),
        (0, Array("LRZI".utf8), "an lrzip file"), (0, [0xFF, 0x06, 0, 0] + Array("sNaPpY".utf8), "a Snappy file"),
        (0, [0x60, 0xEA], "an ARJ archive"), (7, Array("**ACE**".utf8), "an ACE archive"), (0, Array("MSCF\0\0\0\0".utf8), "a CAB archive"),
        (2, Array("-lh5-".utf8), "an LHA archive"), (2, Array("-lh6-".utf8), "an LHA archive"), (2, Array("-lh7-".utf8), "an LHA archive"),
        (0, Array("RE~^".utf8), "a RAR archive of an old kind"), (0, Array("xar!".utf8), "a XAR archive"), (0, Array("7kSt".utf8), "a ZPAQ archive"),
        (0, Array("zPQ".utf8), "a ZPAQ archive"), (0, Array("PK\u{7}\u{8}".utf8), "one volume of several of a ZIP archive"),
        (0, sqlite, "an SQLite database"), (0, Array("%PDF-".utf8), "a PDF"),
        (0, [0xD0, 0xCF, 0x11, 0xE0, 0xA1, 0xB1, 0x1A, 0xE1], "an Office file of an old kind"),
        (0, Array("PAR1".utf8), "a Parquet file"), (0, Array("ORC".utf8), "an ORC file"), (0, Array("Obj\u{1}".utf8), "an Avro file"),
        (0, Array("age-encryption.org/v1".utf8), "encrypted with age"), (0, Array("-----BEGIN AGE ENCRYPTED".utf8), "encrypted with age"),
        (0, Array("-----BEGIN PGP MESSAGE".utf8), "encrypted with PGP"), (0, Array("Salted__".utf8), "encrypted with OpenSSL"),
    ]

    var isArchive: Bool { self == .archive || self == .seekingArchive }

    private static func isTar(_ bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.count >= 512 && bytes.starts(with: Array("ustar".utf8), from: 257)
    }

    private static func gunzippedStart(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        var stream = z_stream()
        guard czlib_open_gzip(&stream) == Z_OK else { return [] }
        defer { inflateEnd(&stream) }
        var output = [UInt8](repeating: 0, count: sampleBytes)
        let left = output.withUnsafeMutableBufferPointer { output in
            stream.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
            stream.avail_in = UInt32(bytes.count)
            stream.next_out = output.baseAddress
            stream.avail_out = UInt32(output.count)
            _ = inflate(&stream, Z_SYNC_FLUSH)
            return Int(stream.avail_out)
        }
        return Array(output.dropLast(left))
    }

    private static func zstdStart(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        guard let context = ZSTD_createDCtx() else { return [] }
        defer { ZSTD_freeDCtx(context) }
        var output = [UInt8](repeating: 0, count: sampleBytes)
        let count = output.withUnsafeMutableBytes { output in
            var source = ZSTD_inBuffer(src: bytes.baseAddress, size: bytes.count, pos: 0)
            var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
            while source.pos < source.size, target.pos < target.size {
                if ZSTD_isError(ZSTD_decompressStream(context, &target, &source)) != 0 { break }
            }
            return target.pos
        }
        return Array(output.prefix(count))
    }
}

extension UnsafeRawBufferPointer {
    fileprivate func starts(with bytes: [UInt8], from place: Int) -> Bool {
        count >= place + bytes.count && self[place..<(place + bytes.count)].elementsEqual(bytes)
    }
}
