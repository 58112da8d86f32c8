import Logging
import ServiceLifecycle
import Synchronization

/// Reads what was uploaded, one file at a time, in the process that was sent it; the owner of that work.
package final class IngestUploads: Service {
    let logger: Logger?
    private let isTaken = Mutex(false)
    private let work: AsyncStream<@Sendable () async -> Void>
    private let continuation: AsyncStream<@Sendable () async -> Void>.Continuation

    package init(logger: Logger? = nil) {
        self.logger = logger
        (work, continuation) = AsyncStream.makeStream()
    }

    /// Reads until it is told to shut down; a reading under way is then cancelled, and says so in its run.
    package func run() async throws {
        await cancelWhenGracefulShutdown { [self] in
            for await body in work {
                await body()
                release()
            }
        }
    }

    /// Takes the only place.
    /// - Returns: whether it was free.
    func reserve() -> Bool {
        isTaken.withLock { isTaken in
            defer { isTaken = true }
            return !isTaken
        }
    }

    func release() { isTaken.withLock { $0 = false } }

    /// Has work done for whoever holds the place, which is free again afterwards.
    func start(_ body: @escaping @Sendable () async -> Void) { continuation.yield(body) }
}
