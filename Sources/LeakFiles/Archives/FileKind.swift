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
                || bytes.starts(with: Array("BZh".utf8)) && bytes.starts(with: Array("1AY&SY".utf8), from: 4) || Self.isTar(bytes)
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
