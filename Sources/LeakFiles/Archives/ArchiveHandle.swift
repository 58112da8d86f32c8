import CArchive
import Foundation

/// An archive opened for reading with libarchive; freed in `deinit`.
///
/// Only what libarchive decodes itself is switched on: some of its filters would start other programs.
final class ArchiveHandle {
    enum Header {
        case entry(OpaquePointer)
        case end
        /// The rest cannot be read.
        case broken(isEncrypted: Bool)
    }

    let archive: OpaquePointer
    /// What a nested archive is read from, kept as long as it is read.
    private var source: AnyObject?
    private var held: UnsafeMutableRawBufferPointer?
    private var failures = 0

    /// Whether libarchive decodes LZ4 itself: without the library it would start another program.
    static let readsLZ4 = archive_version_details().map { String(cString: $0).contains("liblz4") } ?? false

    init?(passphrases: [String], acceptsBareCompression: Bool) {
        guard let archive = archive_read_new() else { return nil }
        self.archive = archive
        archive_read_support_format_zip(archive)
        archive_read_support_format_7zip(archive)
        archive_read_support_format_rar(archive)
        archive_read_support_format_rar5(archive)
        archive_read_support_format_tar(archive)
        archive_read_support_format_empty(archive)
        if acceptsBareCompression { archive_read_support_format_raw(archive) }
        archive_read_support_filter_gzip(archive)
        archive_read_support_filter_bzip2(archive)
        archive_read_support_filter_compress(archive)
        archive_read_support_filter_xz(archive)
        archive_read_support_filter_lzma(archive)
        archive_read_support_filter_zstd(archive)
        archive_read_support_filter_lzip(archive)
        if Self.readsLZ4 { archive_read_support_filter_lz4(archive) }
        for passphrase in passphrases where !passphrase.isEmpty { archive_read_add_passphrase(archive, passphrase) }
    }

    deinit {
        archive_read_free(archive)
        held?.deallocate()
    }

    func open(_ file: OpenFile) -> Bool {
        lseek(file.descriptor, 0, SEEK_SET)
        source = file
        return archive_read_open_fd(archive, file.descriptor, Block.capacity) == ARCHIVE_OK
    }

    func open(_ bytes: [UInt8]) -> Bool {
        let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, bytes.count), alignment: 16)
        memory.copyBytes(from: bytes)
        held = memory
        return archive_read_open_memory(archive, memory.baseAddress, bytes.count) == ARCHIVE_OK
    }

    func open(_ entry: EntrySource) -> Bool {
        source = entry
        return archive_read_open(
            archive, Unmanaged.passUnretained(entry).toOpaque(), nil,
            { _, context, pointer in
                guard let context, let pointer else { return 0 }
                let source = Unmanaged<EntrySource>.fromOpaque(context).takeUnretainedValue()
                let piece = source.next()
                pointer.pointee = piece.baseAddress
                return piece.count
            }, nil) == ARCHIVE_OK
    }

    func next() -> Header {
        while true {
            var entry: OpaquePointer?
            let result = archive_read_next_header(archive, &entry)
            switch result {
            case ARCHIVE_OK, ARCHIVE_WARN:
                if let entry { return .entry(entry) }
                return .end
            case ARCHIVE_EOF: return .end
            case ARCHIVE_RETRY where failures < 100, ARCHIVE_FAILED where failures < 100: failures += 1
            default: return .broken(isEncrypted: archive_read_has_encrypted_entries(archive) > 0)
            }
        }
    }

    /// Fills memory with what comes next of the entry.
    /// - Returns: how many bytes, fewer than there is room for only at the entry's end; nil when it is damaged or encrypted.
    func read(into memory: UnsafeMutableRawBufferPointer) -> (count: Int, isDamaged: Bool) {
        var filled = 0
        while filled < memory.count, let base = memory.baseAddress {
            let count = archive_read_data(archive, base + filled, memory.count - filled)
            if count == Int(ARCHIVE_RETRY) { continue }
            if count < 0 { return (filled, true) }
            if count == 0 { break }
            filled += count
        }
        return (filled, false)
    }

    static func name(_ entry: OpaquePointer) -> String? {
        if let name = archive_entry_pathname_utf8(entry) { return String(cString: name) }
        // The name has bytes that are no UTF-8.
        guard let name = archive_entry_pathname(entry) else { return nil }
        return String(cString: name)
    }
}

/// Feeds an entry of one archive to another that reads it as an archive.
final class EntrySource {
    private let outer: ArchiveHandle
    private let block = Block()
    private var first: [UInt8]?
    private var given: UnsafeMutableRawBufferPointer?
    /// Bytes of the outer entry so far; returns whether more may be read.
    private let account: (Int) -> Bool
    private(set) var isDamaged = false

    /// - Parameter first: what has been read of the entry already.
    init(_ outer: ArchiveHandle, first: [UInt8], account: @escaping (Int) -> Bool) {
        self.outer = outer
        self.first = first
        self.account = account
    }

    deinit {
        given?.deallocate()
    }

    func next() -> UnsafeRawBufferPointer {
        if let first {
            self.first = nil
            let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: max(1, first.count), alignment: 16)
            memory.copyBytes(from: first)
            given = memory
            if !first.isEmpty { return UnsafeRawBufferPointer(rebasing: memory.prefix(first.count)) }
        }
        if isDamaged { return UnsafeRawBufferPointer(start: nil, count: 0) }
        let (count, isDamaged) = outer.read(into: block.memory)
        self.isDamaged = isDamaged
        block.count = account(count) ? count : 0
        return block.bytes
    }
}
