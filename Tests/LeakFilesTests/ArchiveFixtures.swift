import CArchive
import CZlib
import CZstd

enum ArchiveFixture {
    enum Kind {
        case zip, tar, tarGzip, sevenZip
    }

    struct Entry {
        var name: String
        var bytes: [UInt8]
        var link: String?
        var isHardLink = false

        init(_ name: String, _ text: String) { self.init(name, Array(text.utf8)) }

        init(_ name: String, _ bytes: [UInt8]) {
            self.name = name
            self.bytes = bytes
        }

        init(_ name: String, linkTo target: String, isHard: Bool = false) {
            self.init(name, [])
            link = target
            isHardLink = isHard
        }
    }

    static func make(_ kind: Kind, _ entries: [Entry], passphrase: String? = nil) -> [UInt8] {
        guard let archive = archive_write_new() else { preconditionFailure("There is no memory for an archive.") }
        defer { archive_write_free(archive) }
        switch kind {
        case .zip: archive_write_set_format_zip(archive)
        case .tar: archive_write_set_format_pax_restricted(archive)
        case .tarGzip:
            archive_write_set_format_pax_restricted(archive)
            archive_write_add_filter_gzip(archive)
        case .sevenZip: archive_write_set_format_7zip(archive)
        }
        if let passphrase {
            archive_write_set_options(archive, "zip:encryption=aes256")
            archive_write_set_passphrase(archive, passphrase)
        }
        var output = [UInt8](repeating: 0, count: entries.reduce(1 << 20) { $0 + $1.bytes.count + 4_096 })
        var used = 0
        output.withUnsafeMutableBytes { memory in
            archive_write_open_memory(archive, memory.baseAddress, memory.count, &used)
            for item in entries {
                guard let entry = archive_entry_new() else { preconditionFailure("There is no memory for an entry.") }
                archive_entry_set_pathname_utf8(entry, item.name)
                archive_entry_set_perm(entry, 0o644)
                if let link = item.link, item.isHardLink {
                    archive_entry_set_filetype(entry, UInt32(CARCHIVE_REGULAR))
                    archive_entry_set_hardlink(entry, link)
                } else if let link = item.link {
                    archive_entry_set_filetype(entry, UInt32(CARCHIVE_SYMBOLIC_LINK))
                    archive_entry_set_symlink(entry, link)
                } else {
                    archive_entry_set_filetype(entry, UInt32(CARCHIVE_REGULAR))
                }
                archive_entry_set_size(entry, Int64(item.bytes.count))
                archive_write_header(archive, entry)
                _ = item.bytes.withUnsafeBytes { archive_write_data(archive, $0.baseAddress, $0.count) }
                archive_entry_free(entry)
            }
            archive_write_close(archive)
        }
        return Array(output.prefix(used))
    }

    static func gzip(_ bytes: [UInt8]) -> [UInt8] {
        var stream = z_stream()
        precondition(czlib_create_gzip(&stream, 1) == Z_OK)
        defer { deflateEnd(&stream) }
        var output = [UInt8](repeating: 0, count: bytes.count + 10_000)
        var input = bytes
        let left = output.withUnsafeMutableBufferPointer { output in
            input.withUnsafeMutableBufferPointer { input in
                stream.next_in = input.baseAddress
                stream.avail_in = UInt32(input.count)
                stream.next_out = output.baseAddress
                stream.avail_out = UInt32(output.count)
                precondition(deflate(&stream, Z_FINISH) == Z_STREAM_END)
                return Int(stream.avail_out)
            }
        }
        return Array(output.dropLast(left))
    }

    static func zstd(_ bytes: [UInt8]) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: ZSTD_compressBound(bytes.count))
        let count = output.withUnsafeMutableBytes { output in
            bytes.withUnsafeBytes { ZSTD_compress(output.baseAddress, output.count, $0.baseAddress, $0.count, 3) }
        }
        return Array(output.prefix(count))
    }

    /// A stored RAR 5 archive, for which there is no free packer.
    static func rar(_ entries: [Entry]) -> [UInt8] {
        func number(_ value: Int) -> [UInt8] {
            var value = value
            var bytes: [UInt8] = []
            while value > 127 {
                bytes.append(UInt8(value & 127 | 128))
                value >>= 7
            }
            return bytes + [UInt8(value)]
        }
        func checksum(_ bytes: [UInt8]) -> [UInt8] {
            let sum = UInt32(bytes.withUnsafeBufferPointer { crc32(0, $0.baseAddress, UInt32($0.count)) })
            return (0..<4).map { UInt8(truncatingIfNeeded: sum >> (8 * UInt32($0))) }
        }
        func header(_ bytes: [UInt8]) -> [UInt8] {
            let sized = number(bytes.count) + bytes
            return checksum(sized) + sized
        }
        var output = Array("Rar!\u{1A}\u{7}\u{1}\0".utf8) + header(number(1) + number(0) + number(0))
        for entry in entries {
            let name = Array(entry.name.utf8)
            var fields = number(2) + number(2) + number(entry.bytes.count) + number(4) + number(entry.bytes.count) + number(0o100644)
            fields += checksum(entry.bytes) + number(0) + number(1) + number(name.count) + name
            output += header(fields) + entry.bytes
        }
        return output + header(number(5) + number(0) + number(0))
    }
}
