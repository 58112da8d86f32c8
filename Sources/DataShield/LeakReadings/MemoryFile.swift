import CLinux
import Cryptography
import Foundation
import Synchronization

/// A file without a place on any disk (memfd_create): for what was sent and may hold passwords. Gone with its last reader.
final class MemoryFile: Sendable {
    let descriptor: Int32
    private let code: Mutex<HMAC>

    /// - Parameter key: of the digest by which the file is known when it is sent again.
    /// - Throws: ``Ingests/Failure/noMemory``.
    init(key: SymmetricKey) throws {
        descriptor = datashield_memory_file("datashield-upload")
        guard descriptor >= 0 else { throw Ingests.Failure.noMemory }
        code = Mutex(HMAC(key: key))
    }

    deinit {
        close(descriptor)
    }

    /// A path under which it can be opened in this process.
    var path: String { "/proc/self/fd/\(descriptor)" }

    var size: Int {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? Int(status.st_size) : 0
    }

    /// A digest of what it holds, which stands for where it lies: the same file, sent again, lies where it lay.
    var place: [UInt8] { code.withLock { Array($0.soFar().prefix(16)) } }

    func append(_ bytes: [UInt8]) throws {
        var written = 0
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { buffer in
                buffer.baseAddress.map { write(descriptor, $0 + written, bytes.count - written) } ?? 0
            }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Ingests.Failure.noMemory }
            written += count
        }
        code.withLock { $0.update(bytes) }
    }
}
