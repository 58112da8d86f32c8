import Cryptography
import Foundation

/// The key of an installation that has set none: 32 random bytes in a file that only its owner can read.
package struct KeyFile: Sendable {
    package let url: URL

    /// Why the key file cannot be used: one line that says how to mend it.
    package struct Failure: Error, CustomStringConvertible, Equatable {
        package let description: String
    }

    package init(dataDirectory: URL) { url = dataDirectory.appendingPathComponent("encryption.key") }

    /// The key, made when there is none. Two processes that start at once come to the same key.
    package func readOrMake() throws -> [UInt8] {
        if let key = try read() { return key }
        try FileManager.default.createDirectory(
            at: url.deletingLastPathComponent(), withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        var generator = SystemRandomNumberGenerator()
        let key = (0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) }
        let temporary = url.path + ".\(getpid()).\(CUID.make(at: Date()))"
        let file = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw failure("cannot be made: \(reason())") }
        defer { unlink(temporary) }
        let text = Array((Data(key).base64EncodedString() + "\n").utf8)
        let isWritten = text.withUnsafeBytes { write(file, $0.baseAddress, $0.count) } == text.count && fsync(file) == 0
        guard close(file) == 0, isWritten else { throw failure("cannot be written: \(reason())") }
        // link() does not replace: whoever comes second takes the key of the first.
        if link(temporary, url.path) != 0, errno != EEXIST { throw failure("cannot be made: \(reason())") }
        guard let kept = try read() else { throw failure("has vanished while it was made.") }
        return kept
    }

    /// The key; nil when there is no file.
    package func read() throws -> [UInt8]? {
        var status = stat()
        guard lstat(url.path, &status) == 0 else {
            if errno == ENOENT { return nil }
            throw failure("cannot be read: \(reason())")
        }
        guard status.st_mode & S_IFMT == S_IFREG else { throw failure("is not a file.") }
        guard status.st_mode & 0o077 == 0 else { throw failure("can be read by others. Mend it with: chmod 600 \(url.path)") }
        let data: Data
        do { data = try Data(contentsOf: url) } catch { throw failure("cannot be read.") }
        let text = String(decoding: data, as: UTF8.self).trimmingCharacters(in: .whitespacesAndNewlines)
        guard let key = Data(base64Encoded: text), key.count == 32 else { throw failure("does not hold 32 bytes in base64.") }
        return Array(key)
    }

    private func failure(_ problem: String) -> Failure { Failure(description: "The key file \(url.path) \(problem)") }
    private func reason() -> String { String(cString: strerror(errno)) + "." }
}

extension SecretBox {
    /// The box of an installation: its keys are set, or lie in the key file.
    package static func standard(_ settings: Settings) throws -> SecretBox {
        try LibCrypto.check()
        func bytes(_ secret: Secret) -> [UInt8] { Array(Data(base64Encoded: secret.value) ?? Data()) }
        let previous = settings.previousEncryptionKeys.map(bytes)
        if let key = settings.encryptionKey { return SecretBox(key: bytes(key), previous: previous) }
        return SecretBox(key: try KeyFile(dataDirectory: settings.dataDirectory).readOrMake(), previous: previous)
    }
}
