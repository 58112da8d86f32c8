import Foundation
import Logging
import Postgres
import ServiceLifecycle
import Synchronization

/// Owns what was begun in a directory until it is written down: whoever asked may have gone, a worker may have lost its job, the database
/// may be away. It keeps what the directory answered for as long as the program lives.
///
/// It is a `Service`: told to stop, it lets calls end for a moment, cancels them, and gives what they answered a last try. Run it after
/// the pools, so that it stops before them. Where it does not run, as in a command, what was begun is its caller's.
package final class RemediationKeeper: Service {
    private enum Phase: Sendable {
        case idle, running, ended
    }
    private struct State: Sendable {
        var phase = Phase.idle
        var held: Set<RemediationRequestID> = []
        var unwritten = 0
    }
    private typealias Work = @Sendable () async -> Void

    private let state = Mutex(State())
    private let works: AsyncStream<Work>
    private let hand: AsyncStream<Work>.Continuation
    private let logger: Logger
    /// How long calls that are under way may go on after it was told to stop, and how long what they answered is tried afterwards. Both
    /// together, with a worker's own time, are less than the time that a program has to stop.
    private let grace: Duration
    private let lastTry: Duration

    package init(logger: Logger, grace: Duration = .seconds(1), lastTry: Duration = .seconds(2)) {
        self.logger = logger
        self.grace = grace
        self.lastTry = lastTry
        (works, hand) = AsyncStream.makeStream(of: Work.self)
    }

    /// The requests whose calls this program has in hand: nobody else may think them lost.
    package var held: [RemediationRequestID] { state.withLock { $0.held.sorted { $0.rawValue < $1.rawValue } } }
    /// Whether it owns what is begun now.
    var isRunning: Bool { state.withLock { $0.phase == .running } }
    /// How many answers wait for the database.
    package var unwritten: Int { state.withLock { $0.unwritten } }

    /// Runs until it is told to stop and what it owns has ended.
    package func run() async throws {
        state.withLock { $0.phase = .running }
        await withGracefulShutdownHandler {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.work() }
                group.addTask {
                    // Thrown only when cancelled: all has ended.
                    guard (try? await gracefulShutdown()) != nil else { return }
                    try? await Task.sleep(for: self.grace)
                }
                await group.next()
                group.cancelAll()
            }
        } onGracefulShutdown: {
            self.end()
        }
        end()
    }

    private func work() async {
        await withDiscardingTaskGroup { group in
            for await work in works { group.addTask { await work() } }
        }
    }

    private func end() {
        state.withLock { state in
            state.phase = .ended
            hand.finish()
        }
    }

    // MARK: Owning

    /// Has something brought to its end, whatever becomes of the caller.
    /// - Throws: what it throws; `CancellationError` when the caller is cancelled first, and then it goes on.
    func finish<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) async throws -> Result {
        let (results, continuation) = AsyncStream.makeStream(of: Swift.Result<Result, any Error>.self)
        let isTaken = take {
            do { continuation.yield(.success(try await body())) } catch { continuation.yield(.failure(error)) }
            continuation.finish()
        }
        // Nobody else to own it: it is the caller's own, and ends with them.
        guard isTaken else { return try await body() }
        for await result in results { return try result.get() }
        throw CancellationError()
    }

    /// Has something done while the caller does not wait for it.
    func launch(_ body: @escaping @Sendable () async -> Void) {
        // A task without an owner only where this is no service, in a command, whose end is its end.
        if !take(body) { Task { await body() } }
    }

    private func take(_ work: @escaping Work) -> Bool {
        state.withLock { state in
            guard state.phase == .running else { return false }
            hand.yield(work)
            return true
        }
    }

    /// Keeps a request from being thought lost while something is done for it.
    func holding<Result>(_ request: RemediationRequestID, _ body: () async throws -> Result) async rethrows -> Result {
        state.withLock { _ = $0.held.insert(request) }
        defer { state.withLock { _ = $0.held.remove(request) } }
        return try await body()
    }

    // MARK: Writing down

    /// Ends the tries, with a reason that is for the caller.
    struct End: Error {
        var reason: any Error
    }

    /// Writes down what is not to be lost: again and again while the database cannot take it.
    /// - Parameters:
    ///   - write: does no harm when it is run more than once. What it throws as ``End`` is thrown on at once.
    ///   - metadata: for the log; no secret, no address.
    func insist<Result: Sendable>(_ metadata: Logger.Metadata, _ write: @escaping @Sendable () async throws -> Result) async throws -> Result {
        var pause: Duration = .milliseconds(100)
        var (isKept, strikes) = (false, 0)
        var end: ContinuousClock.Instant?
        defer { if isKept { state.withLock { $0.unwritten -= 1 } } }
        while true {
            do {
                let result = try await shielded(write)
                if isKept { logger.notice("What a directory answered is written down now", metadata: metadata) }
                return result
            } catch let end as End {
                throw end.reason
            } catch {
                var metadata = metadata
                metadata["error"] = "\(PostgresError.logText(of: error))"
                if !isKept {
                    isKept = true
                    state.withLock { $0.unwritten += 1 }
                    logger.error("What a directory answered cannot be written down; it is kept and tried again", metadata: metadata)
                }
                // What the database refuses for good, such as the row of a company that is gone.
                if !Self.mayPass(error) { strikes += 1 }
                if Task.isCancelled { end = end ?? .now + lastTry }
                if strikes >= 5 || end.map({ .now >= $0 }) == true {
                    logger.critical("What a directory answered could not be written down, and is not known from now on", metadata: metadata)
                    throw error
                }
                await wait(end == nil ? pause : .milliseconds(100))
                pause = min(pause * 2, .seconds(2))
            }
        }
    }

    private static func mayPass(_ error: any Error) -> Bool {
        guard let error = error as? PostgresError else { return error is CancellationError }
        guard !error.isUnavailable, let state = error.sqlState?.rawValue else { return error.isUnavailable }
        // Data, constraints and names that are wrong stay wrong.
        return !["22", "23", "42"].contains { state.hasPrefix($0) }
    }

    /// In a task of its own, since the caller's may be cancelled, and what was done is to be written all the same; within the time for the
    /// last try then.
    private func shielded<Result: Sendable>(_ write: @escaping @Sendable () async throws -> Result) async throws -> Result {
        let lastTry = lastTry
        let writing = Task { try await write() }
        return try await withTaskCancellationHandler {
            try await writing.value
        } onCancel: {
            Task {
                // try?: nobody cancels it.
                try? await Task.sleep(for: lastTry)
                writing.cancel()
            }
        }
    }

    /// Waits; not at all shorter when the task is cancelled already, and at once no longer when it is cancelled meanwhile.
    private func wait(_ duration: Duration) async {
        if Task.isCancelled {
            // try?: nobody cancels it.
            await Task { try? await Task.sleep(for: duration) }.value
        } else {
            // try?: told to stop, the next try comes at once.
            try? await Task.sleep(for: duration)
        }
    }
}
