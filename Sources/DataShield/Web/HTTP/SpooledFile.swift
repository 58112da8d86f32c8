import Foundation
import HTTPTypes
import Logging
import NIOPosix

/// A file that somebody sent, received whole before anything is done with it: however slowly it comes, nothing of ours waits for it.
/// It can be read more than once, from the beginning each time.
///
/// What is small stays in memory, the rest goes to a file without a name, which is gone with the last use of this.
package final class SpooledFile: AsyncSequence, Sendable {
    package typealias Element = [UInt8]

    /// How much is written and read at a time, and how much is held in memory.
    private static let pieceSize = 256 * 1024

    /// The end of the file, or all of a small one.
    private let tail: [UInt8]
    /// How much is on disk before it.
    private let written: Int
    /// -1 when nothing is.
    private let descriptor: Int32

    /// Receives a file.
    /// - Parameters:
    ///   - file: the pieces as they arrive; it bounds how many there are.
    ///   - directory: where to keep what is not small.
    /// - Throws: what `file` throws; ``SpoolFailure`` when it cannot be kept.
    package init<Pieces: AsyncSequence>(
        _ file: Pieces, in directory: URL = FileManager.default.temporaryDirectory
    ) async throws where Pieces.Element == [UInt8] {
        var (buffer, written, descriptor): ([UInt8], Int, Int32) = ([], 0, -1)
        do {
            for try await piece in file {
                buffer += piece
                guard buffer.count >= Self.pieceSize else { continue }
                if descriptor < 0 { descriptor = try await Self.makeFile(in: directory) }
                try await Self.write(buffer, to: descriptor, at: written)
                written += buffer.count
                buffer.removeAll(keepingCapacity: true)
            }
        } catch {
            if descriptor >= 0 { close(descriptor) }
            throw error
        }
        (tail, self.written, self.descriptor) = (buffer, written, descriptor)
    }

    deinit {
        if descriptor >= 0 { close(descriptor) }
    }

    package func makeAsyncIterator() -> Iterator { Iterator(file: self) }

    package struct Iterator: AsyncIteratorProtocol {
        let file: SpooledFile
        private var position = 0

        init(file: SpooledFile) { self.file = file }

        package mutating func next() async throws -> [UInt8]? {
            if position < file.written {
                let bytes = try await SpooledFile.read(
                    from: file.descriptor, at: position, upTo: Swift.min(SpooledFile.pieceSize, file.written - position))
                position += bytes.count
                return bytes
            }
            guard position == file.written, !file.tail.isEmpty else { return nil }
            position += file.tail.count
            return file.tail
        }
    }

    // MARK: The disk

    // Disks can be slow: their calls are on threads that may wait.

    private static func makeFile(in directory: URL) async throws -> Int32 {
        try await NIOThreadPool.singleton.runIfActive {
            let name = directory.appendingPathComponent("datashield-upload-\(UUID().uuidString)").path
            let descriptor = open(name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
            guard descriptor >= 0 else { throw failure() }
            // Without a name nobody else can open it, and a crash leaves nothing behind.
            unlink(name)
            return descriptor
        }
    }

    private static func write(_ bytes: [UInt8], to descriptor: Int32, at position: Int) async throws {
        try await NIOThreadPool.singleton.runIfActive {
            try bytes.withUnsafeBytes { bytes in
                var done = 0
                while done < bytes.count {
                    let count = pwrite(descriptor, bytes.baseAddress?.advanced(by: done), bytes.count - done, off_t(position + done))
                    if count > 0 { done += count } else if errno != EINTR { throw failure() }
                }
            }
        }
    }

    private static func read(from descriptor: Int32, at position: Int, upTo limit: Int) async throws -> [UInt8] {
        try await NIOThreadPool.singleton.runIfActive {
            try [UInt8](unsafeUninitializedCapacity: limit) { buffer, count in
                var result = 0
                repeat { result = pread(descriptor, buffer.baseAddress, limit, off_t(position)) } while result < 0 && errno == EINTR
                // It is ours alone, so that nothing of it can be missing.
                guard result > 0 else { throw failure() }
                count = result
            }
        }
    }

    private static func failure() -> SpoolFailure { errno == ENOSPC || errno == EDQUOT ? .diskFull : .cannotBeKept }
}

/// Why a file could not be received.
package enum SpoolFailure: RetryLater, Equatable {
    case diskFull
    case cannotBeKept

    package var status: HTTPResponse.Status { .serviceUnavailable }
    package var detail: String {
        switch self {
        case .diskFull: DiskFull.words
        case .cannotBeKept: "The server cannot keep the file while it reads it. Tell whoever runs it."
        }
    }
    package var logLevel: Logger.Level { .critical }
    package var retryAfterSeconds: Int { 60 }
}
