import Foundation

/// Which file it is, and in what state: a file with the same identity has not been written to since.
package struct FileIdentity: Sendable, Hashable, Codable {
    package var path: String
    package var device: UInt64
    package var inode: UInt64
    package var size: UInt64
    /// Nanoseconds since 1970.
    package var modifiedAt: Int64

    package init(path: String, device: UInt64, inode: UInt64, size: UInt64, modifiedAt: Int64) {
        self.path = path
        self.device = device
        self.inode = inode
        self.size = size
        self.modifiedAt = modifiedAt
    }

    init(path: String, _ status: stat) {
        self.init(
            path: path, device: UInt64(status.st_dev), inode: UInt64(status.st_ino), size: UInt64(max(0, status.st_size)),
            modifiedAt: Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec))
    }
}

/// An open file; closed in `deinit`. Reads at an offset, so that several threads can share it.
final class OpenFile: Sendable {
    enum Failure: Error, Equatable {
        case link
        case notRegular
        case system(Int32)

        /// A sentence for a report.
        var reason: String {
            switch self {
            case .link: "It is a symbolic link."
            case .notRegular: "It is not a regular file."
            case .system(ENOENT): "It is not there."
            case .system(EACCES), .system(EPERM): "It may not be read."
            case .system(let number): "It cannot be read (\(String(cString: strerror(number))))."
            }
        }
    }

    let identity: FileIdentity
    let descriptor: Int32

    convenience init(_ path: String, followsLinks: Bool) throws(Failure) {
        try self.init(FilePath(path), followsLinks: followsLinks)
    }

    /// - Parameter followsLinks: whether the path may be a symbolic link.
    init(_ path: FilePath, followsLinks: Bool) throws(Failure) {
        // Without O_NONBLOCK opening a named pipe waits for a writer.
        let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (followsLinks ? 0 : O_NOFOLLOW)
        let descriptor = path.withSystemPath { open($0, flags) }
        guard descriptor >= 0 else { throw errno == ELOOP && !followsLinks ? .link : .system(errno) }
        var status = stat()
        guard fstat(descriptor, &status) == 0 else {
            let number = errno
            close(descriptor)
            throw .system(number)
        }
        guard status.st_mode & S_IFMT == S_IFREG else {
            close(descriptor)
            throw .notRegular
        }
        self.descriptor = descriptor
        identity = FileIdentity(path: path.text, status)
        _ = posix_fadvise(descriptor, 0, 0, POSIX_FADV_SEQUENTIAL)
    }

    deinit {
        close(descriptor)
    }

    var size: UInt64 { identity.size }

    /// Whether it was written to since it was opened.
    var hasChanged: Bool {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return true }
        return FileIdentity(path: identity.path, status) != identity
    }

    /// Fills a buffer as far as the file goes.
    /// - Returns: how many bytes were read: fewer than asked for only at the file's end.
    func read(at offset: UInt64, into buffer: UnsafeMutableRawBufferPointer) throws(Failure) -> Int {
        var filled = 0
        while filled < buffer.count, let base = buffer.baseAddress {
            let count = pread(descriptor, base + filled, buffer.count - filled, off_t(offset) + off_t(filled))
            if count < 0 {
                if errno == EINTR { continue }
                throw .system(errno)
            }
            if count == 0 { break }
            filled += count
        }
        return filled
    }

    /// The first bytes, as many as there are.
    func beginning(_ count: Int) throws(Failure) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: Int(min(UInt64(count), size)))
        let result: Result<Int, Failure> = bytes.withUnsafeMutableBytes { memory in
            do throws(Failure) { return .success(try read(at: 0, into: memory)) } catch { return .failure(error) }
        }
        bytes.removeLast(bytes.count - (try result.get()))
        return bytes
    }
}
