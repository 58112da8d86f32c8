import CLibCrypt
import Foundation
import HTTPTypes
import NIOPosix
import Scalars

/// bcrypt, as libcrypt has it. One hash of cost 12 takes a processor for about 0.4 s, so hashing has threads of its own, few of them,
/// and a queue with an end: many sign-ins at once must not take the server's threads from everybody else.
package final class PasswordHasher: Sendable {
    /// The number that the format calls cost: 2^cost rounds.
    package let cost: Int
    private let threads: NIOThreadPool
    private let lock = NSLock()
    nonisolated(unsafe) private var waiting = 0  // guarded by `lock`
    private let maximumWaiting: Int
    /// A hash that is verified when there is no user, so that this takes as long as when there is. What it is of does not matter: the
    /// answer is no. Only its form and cost do, so it need not be made, which would take the program's start half a second.
    let dummy: String

    package enum Failure: RetryLater {
        case busy
        /// libcrypt refused: it is not built with bcrypt, or a stored hash is not one.
        case unusable

        package var status: HTTPResponse.Status { self == .busy ? .serviceUnavailable : .internalServerError }
        package var detail: String {
            self == .busy ? "Too many people sign in just now. Try again in a moment." : "Passwords cannot be checked on this server."
        }
        package var retryAfterSeconds: Int { 5 }
    }

    /// - Parameters:
    ///   - cost: 12 in production; tests take 4, the least there is.
    ///   - threadCount: how many hashes are made at once.
    ///   - maximumWaiting: how many more may wait for their turn.
    package init(cost: Int = 12, threadCount: Int = max(1, ProcessInfo.processInfo.activeProcessorCount / 2), maximumWaiting: Int = 32) {
        self.cost = cost
        self.maximumWaiting = maximumWaiting
        threads = NIOThreadPool(numberOfThreads: threadCount)
        threads.start()
        dummy = "$2b$\(cost < 10 ? "0" : "")\(cost)$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
    }

    deinit { threads.shutdownGracefully { _ in } }

    /// Hashes a new password, which ``PasswordRules`` have checked.
    package func hash(_ password: String) async throws -> String {
        let cost = cost
        return try await run { try Self.make(password, cost: cost) }
    }

    /// Compares a password with a stored hash.
    /// - Parameters:
    ///   - password: one of which bcrypt would not see the whole, because it is too long or has a NUL in it, is never the right one.
    ///   - hash: nil when there is no such user: the same work is done and the answer is false, as for such a password, and for a user who has
    ///     something else in its place ("!") and cannot sign in with any.
    package func verify(_ password: String, against hash: String?) async throws -> Bool {
        let hash = PasswordRules.isSeenWhole(password) ? hash.flatMap { $0.utf8.starts(with: "$2".utf8) ? $0 : nil } : nil
        let stored = hash ?? dummy
        let seen = String(decoding: password.utf8.prefix(PasswordRules.lengths.upperBound), as: UTF8.self)
        let isEqual = try await run { try ConstantTime.equal(Self.crypt(seen, setting: stored), stored) }
        return isEqual && hash != nil
    }

    /// Whether a stored hash was made with another cost and should be made anew at the next sign-in.
    package func isOutdated(_ hash: String) -> Bool {
        hash.parts(between: "$").dropFirst().first.flatMap { Int($0) } != cost
    }

    private func run<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
        let isAdmitted = lock.withLock {
            guard waiting < maximumWaiting else { return false }
            waiting += 1
            return true
        }
        guard isAdmitted else { throw Failure.busy }
        defer { lock.withLock { waiting -= 1 } }
        return try await threads.runIfActive(body)
    }

    private static func make(_ password: String, cost: Int) throws -> String {
        var generator = SystemRandomNumberGenerator()
        let random = (0..<16).map { _ in CChar(bitPattern: UInt8.random(in: .min ... .max, using: &generator)) }
        var setting = [CChar](repeating: 0, count: Int(CRYPT_GENSALT_OUTPUT_SIZE))
        guard crypt_gensalt_rn("$2b$", UInt(cost), random, Int32(random.count), &setting, Int32(setting.count)) != nil else {
            throw Failure.unusable
        }
        return try crypt(password, setting: string(setting))
    }

    private static func crypt(_ password: String, setting: String) throws -> String {
        // 32 KB: too much for the stack of a small thread.
        let data = UnsafeMutablePointer<crypt_data>.allocate(capacity: 1)
        UnsafeMutableRawPointer(data).initializeMemory(as: UInt8.self, repeating: 0, count: MemoryLayout<crypt_data>.size)
        defer {
            // The password is in there.
            UnsafeMutableRawPointer(data).initializeMemory(as: UInt8.self, repeating: 0, count: MemoryLayout<crypt_data>.size)
            data.deallocate()
        }
        guard let result = crypt_r(password, setting, data) else { throw Failure.unusable }
        let text = String(cString: result)
        // libcrypt tells of a failure by a text that begins with a star.
        guard text.hasPrefix("$2") else { throw Failure.unusable }
        return text
    }

    private static func string(_ characters: [CChar]) -> String {
        String(decoding: characters.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
