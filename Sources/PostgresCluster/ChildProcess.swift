import Foundation
import Synchronization

/// A program started by ours: in a session of its own, so that Ctrl-C in our terminal does not reach it, with no open file of ours
/// but its log, and with the environment that it is given and no other (ours holds secrets).
///
/// A thread waits for its end, so that it never stays a zombie and no task is blocked.
final class ChildProcess: Sendable {
    enum Ending: Sendable, Equatable {
        case exited(Int32)
        case killed(Int32)
    }

    private struct State {
        var ending: Ending?
        var waiting: [UInt64: CheckedContinuation<Ending?, Never>] = [:]
        var next: UInt64 = 0
    }

    let id: pid_t
    private let state = Mutex(State())

    /// - Parameters:
    ///   - program: the path of an executable, and its arguments.
    ///   - log: the file that its output is added to; it is made, for our user only, when it is not there.
    /// - Throws: a `POSIXError` when it cannot be started.
    init(_ program: [String], log: URL, environment: [String: String] = ["LANG": "C.UTF-8", "PATH": "/usr/bin:/bin", "TZ": "UTC"]) throws {
        id = try Self.spawn(program, log: log.path, environment: environment)
        Thread.detachNewThread { [self] in reap() }
    }

    // glibc has these, but shows them to C programs only that ask for GNU extensions, which Swift's module of it does not.
    private static let newSession: Int32 = 0x80
    private static let closeFrom = function("posix_spawn_file_actions_addclosefrom_np", as: CloseFrom.self)
    private static let changeDirectory = function("posix_spawn_file_actions_addchdir_np", as: ChangeDirectory.self)
    private typealias CloseFrom = @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32
    private typealias ChangeDirectory = @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, UnsafePointer<CChar>) -> Int32

    private static func function<F>(_ name: String, as type: F.Type) -> F? {
        dlsym(nil, name).map { unsafeBitCast($0, to: type) }
    }

    private static func spawn(_ program: [String], log: String, environment: [String: String]) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o600)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        _ = closeFrom?(&actions, 3)
        // Where we are may be closed to the user that it runs as.
        _ = changeDirectory?(&actions, "/")

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        // Signals that we ignore or block would be so in the child as well.
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(newSession | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))

        var arguments = program.map { strdup($0) } + [nil]
        var variables = environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in arguments + variables { free(text) } }
        var id = pid_t()
        let code = posix_spawn(&id, program[0], &actions, &attributes, &arguments, &variables)
        guard code == 0 else { throw POSIXError(POSIXErrorCode(rawValue: code) ?? .EIO) }
        return id
    }

    /// Waits for the end on a thread of its own. The number stays ours until the lock is held, so that no signal meets a stranger.
    private func reap() {
        var information = siginfo_t()
        while waitid(P_PID, id_t(id), &information, WEXITED | WNOWAIT) != 0, errno == EINTR {}
        let waiting = state.withLock { state in
            var status: Int32 = 0
            while waitpid(id, &status, 0) < 0, errno == EINTR {}
            let signal = status & 0x7f
            state.ending = signal == 0 ? .exited((status >> 8) & 0xff) : .killed(signal)
            defer { state.waiting = [:] }
            return state.waiting.values.map { ($0, state.ending) }
        }
        for (continuation, ending) in waiting { continuation.resume(returning: ending) }
    }

    /// How it ended; nil while it runs.
    var ending: Ending? { state.withLock { $0.ending } }

    /// Sends a signal, unless it has ended.
    func signal(_ number: Int32) {
        state.withLock { if $0.ending == nil { kill(id, number) } }
    }

    /// Waits for the end.
    /// - Returns: nil when the task was cancelled before.
    func end() async -> Ending? {
        let ticket = state.withLock { state in
            state.next += 1
            return state.next
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let ended: Ending?? = state.withLock { state in
                    if let ending = state.ending { return .some(ending) }
                    if Task.isCancelled { return .some(nil) }
                    state.waiting[ticket] = continuation
                    return nil
                }
                if let ended { continuation.resume(returning: ended) }
            }
        } onCancel: {
            state.withLock { $0.waiting.removeValue(forKey: ticket) }?.resume(returning: nil)
        }
    }

    /// Waits for the end for so long at most.
    /// - Returns: nil when it still runs.
    func end(within time: Duration) async -> Ending? {
        await withTaskGroup(of: Ending?.self) { group in
            group.addTask { await self.end() }
            group.addTask {
                // Cancelled when it has ended before.
                try? await Task.sleep(for: time)
                return nil
            }
            let first = await group.next() ?? nil
            group.cancelAll()
            return first ?? ending
        }
    }
}
