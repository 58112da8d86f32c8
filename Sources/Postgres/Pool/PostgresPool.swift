import Logging
import ServiceLifecycle
import Synchronization

/// Connections to a database, made as they are needed, lent to one user at a time and kept for the next.
///
/// It works from the moment it is made. Run as a service it also closes connections that lie idle, and on shutdown waits for those
/// that are lent and closes all. A broken connection is thrown away and replaced; the pool itself never gives up.
public final class PostgresPool: Service, Queryable {
    public let configuration: PoolConfiguration
    let logger: Logger
    private let settings: SessionSettings
    private let state: Mutex<PoolState>
    private let listener: Listener

    public var source: ConnectionSource { ConnectionSource(kind: .pool(self)) }

    public init(configuration: PoolConfiguration, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        settings = SessionSettings(configuration)
        state = Mutex(PoolState(size: configuration.size))
        listener = Listener(settings, logger: logger)
    }

    deinit {
        listener.close()
    }

    // MARK: Lending

    /// Lends a connection to a closure. It goes back when the closure ends; in the middle of something, it is closed instead.
    ///
    /// Settings of the session that the closure makes are the next user's, too: prefer a transaction and `SET LOCAL`.
    /// - Parameters:
    ///   - onItsThread: whether the closure runs on the connection's own thread, child tasks included. Statements one after the other
    ///     then cost no change of threads, which is for loops of many short ones. Nothing of the closure goes on while a statement
    ///     runs: a child task that is to cancel a statement after a while would come too late.
    ///   - body: what to do with the connection.
    @discardableResult
    public nonisolated(nonsending) func withConnection<R>(
        onItsThread: Bool = false, _ body: nonisolated(nonsending) (Connection) async throws -> R
    ) async throws -> R {
        let session = try await acquire()
        let lease = Lease()
        defer { release(session, lease) }
        let connection = Connection(session: session, lease: lease)
        return try await withTaskExecutorPreference(onItsThread ? session.executor : nil) { try await body(connection) }
    }

    /// Runs a transaction: committed when the closure returns, rolled back when it throws.
    /// - Parameters:
    ///   - isolation: what it sees of others.
    ///   - readOnly: whether the server refuses changes.
    ///   - beginning: statements that are sent together with BEGIN, in one round trip.
    ///   - retries: how often it is done again after a serialization failure or a deadlock. The closure must do no harm when it
    ///     is run more than once.
    ///   - body: what to do in the transaction.
    /// - Returns: what the closure returned, once the server has committed.
    @discardableResult
    public func transaction<R: Sendable>(
        isolation: Isolation = .readCommitted, readOnly: Bool = false, beginning: [SQL] = [], retries: Int = 3,
        _ body: @Sendable (Transaction) async throws -> R
    ) async throws -> R {
        let plan = TransactionPlan(isolation: isolation, readOnly: readOnly, beginning: beginning, retries: retries)
        return try await source.use { session, lease in try await plan.run(session, lease, body) }
    }

    /// Notifications of a channel, from a connection of its own that all listeners of this pool share.
    /// - Parameters:
    ///   - channel: the name, as NOTIFY has it.
    ///   - gaps: whether to be told, by an element with ``PostgresNotification/isGap`` set, each time listening begins: at first, and after
    ///     the connection was lost and made again. What was notified before that moment may be missed.
    /// - Returns: a sequence that ends when the pool is closed or the task is cancelled.
    public func listen(_ channel: String, gaps: Bool = false) -> AsyncStream<PostgresNotification> {
        listener.listen(channel, gaps: gaps)
    }

    /// How many connections there are, and how many of them are not lent.
    public var connectionCount: (total: Int, idle: Int) {
        state.withLock { ($0.total, $0.idle.count) }
    }

    func acquire() async throws -> Session {
        while true {
            switch try await permit() {
            case .session(let session, let since):
                if await isUsable(session, idleSince: since) { return session }
                logger.debug("A broken connection was thrown away")
                discard(session)
            case .open:
                return try await open()
            }
        }
    }

    func release(_ session: Session, _ lease: Lease) {
        lease.end()
        guard session.control.isAtRest else {
            logger.debug("A connection came back in the middle of something and is closed")
            return discard(session)
        }
        let (next, tooMany) = state.withLock { state in
            state.give(session)
        }
        if let next { next.resume(returning: .session(session, nil)) }
        if tooMany { closeLater(session) }
    }

    /// A connection, or the right to open one: at once, or when somebody gives one back.
    private func permit() async throws -> Permit {
        if let permit = try state.withLock({ try $0.take() }) { return permit }
        let id = state.withLock { $0.newWaiter() }
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Permit, any Error>) in
                let answer: Result<Permit, any Error>? = state.withLock { state in
                    // Between the first look and now a connection may have come back.
                    do {
                        if let permit = try state.take() { return .success(permit) }
                    } catch {
                        return .failure(error)
                    }
                    // As may the cancellation of the task, whose handler then found nobody to wake.
                    if Task.isCancelled { return .failure(CancellationError()) }
                    state.wait(id, continuation, until: ContinuousClock.now + configuration.acquireTimeout)
                    return nil
                }
                if let answer { continuation.resume(with: answer) } else { watchDeadlines() }
            }
        } onCancel: {
            state.withLock { $0.removeWaiter(id) }?.resume(throwing: CancellationError())
        }
    }

    /// Sees to it that those who wait in vain are told so. One task does it for all of them, as long as anybody waits.
    private func watchDeadlines() {
        guard state.withLock({ $0.startWatching() }) else { return }
        // Free-standing, because it serves all who wait and may outlive each of them.
        Task { [weak self] in
            while let deadline = self?.state.withLock({ $0.nextDeadline() }) {
                try await Task.sleep(until: deadline, clock: .continuous)
                guard let self else { return }
                for waiter in state.withLock({ $0.expired(ContinuousClock.now) }) { waiter.resume(throwing: timeout) }
            }
        }
    }

    private var timeout: PostgresError {
        PostgresError(.poolTimeout, message: "None of the \(configuration.size) connections came free within \(configuration.acquireTimeout).")
    }

    /// Whether a connection that has been idle still works. Costs a look at its socket, and a question after a longer rest.
    private func isUsable(_ session: Session, idleSince: ContinuousClock.Instant?) async -> Bool {
        guard let idleSince else { return true }
        if !session.control.hasUnexpectedInput, ContinuousClock.now - idleSince < configuration.healthCheckAfter { return true }
        return await session.isHealthy()
    }

    // MARK: Opening and closing

    /// Opens a connection, and tries again with growing pauses while the server is away, up to the acquire timeout.
    private func open() async throws -> Session {
        let deadline = ContinuousClock.now + configuration.acquireTimeout
        var pause = Duration.milliseconds(50)
        do {
            while true {
                let session = Session(settings)
                do {
                    try await connect(session)
                    return session
                } catch let error as PostgresError where error.isWorthAnotherAttempt && ContinuousClock.now + pause < deadline {
                    logger.debug("Connecting to PostgreSQL failed and is tried again", metadata: ["postgres.error": "\(error)"])
                    try await Task.sleep(for: pause)
                    pause = min(pause * 2, .seconds(1))
                }
            }
        } catch {
            giveUp()
            throw error
        }
    }

    /// Connects a session. libpq cannot be told to stop connecting, which takes until its time limit where a server hangs: whoever is cancelled
    /// does not wait for that.
    private func connect(_ session: Session) async throws {
        let waiting = Waiting()
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                waiting.begin(continuation)
                // Free-standing, because it may outlive whoever wanted the connection. It closes what nobody wants any more.
                Task {
                    let result: Result<Void, any Error>
                    do { result = .success(try await session.connect()) } catch { result = .failure(error) }
                    if !waiting.end(result) { await session.close() }
                }
                if Task.isCancelled { waiting.end(.failure(CancellationError())) }
            }
        } onCancel: {
            waiting.end(.failure(CancellationError()))
        }
    }

    /// Somebody who waits for a connection, and is told once how it came out.
    private final class Waiting: Sendable {
        private let continuation = Mutex<CheckedContinuation<Void, any Error>?>(nil)

        func begin(_ continuation: CheckedContinuation<Void, any Error>) { self.continuation.withLock { $0 = continuation } }

        /// - Returns: false when nobody waits any more.
        @discardableResult
        func end(_ result: Result<Void, any Error>) -> Bool {
            let continuation = self.continuation.withLock { waiting in
                defer { waiting = nil }
                return waiting
            }
            continuation?.resume(with: result)
            return continuation != nil
        }
    }

    private func discard(_ session: Session) {
        closeLater(session)
        giveUp()
    }

    /// Closes a connection without waiting for it. What it still does is cancelled.
    private func closeLater(_ session: Session) {
        session.control.abandon()
        // Free-standing: it belongs to nobody any more, and whoever gave it back must not wait.
        Task { await session.close() }
    }

    /// Says that there is one connection less, so that somebody who waits may open another.
    private func giveUp() {
        state.withLock { $0.lose() }?.resume(returning: .open)
    }

    // MARK: Service

    /// Keeps the pool in order until it is told to shut down; then waits for the connections that are lent, and closes all.
    public func run() async throws {
        let clock = ContinuousClock()
        await cancelWhenGracefulShutdown { [self] in
            while !Task.isCancelled {
                // Cancelled on shutdown, which the loop sees for itself.
                try? await clock.sleep(for: min(configuration.idleTimeout, .seconds(10)))
                for session in state.withLock({ $0.removeIdle(before: clock.now - configuration.idleTimeout) }) { closeLater(session) }
            }
        }
        await close()
    }

    /// Lends nothing more, waits for what is lent, and closes all connections. A cancelled task does not wait: what the server is still asked
    /// then is given up.
    public func close() async {
        let (sessions, waiters) = state.withLock { $0.close() }
        listener.close()
        for waiter in waiters { waiter.resume(throwing: PoolState.closed) }
        for session in sessions { await session.close() }
        while state.withLock({ $0.total > 0 }), !Task.isCancelled {
            // Ends the loop when it is cancelled.
            try? await Task.sleep(for: .milliseconds(10))
        }
        if state.withLock({ $0.total > 0 }) { ServerWatch.shared.cut(settings.server) }
    }
}

extension PostgresError {
    /// Whether connecting failed for a reason that passes: a server that is down, starting or full.
    fileprivate var isWorthAnotherAttempt: Bool {
        guard kind == .connectionFailed else { return false }
        if let sqlState { return isUnavailableState(sqlState) }
        // Before 16, libpq has only words for what the server says while connecting. They are of the server's language;
        // a passing failure that is not recognised is told at once instead of being tried again.
        let passing = [
            "Connection refused", "No such file or directory", "starting up", "shutting down", "recovery", "too many clients",
            "server closed the connection", "timeout expired", "remaining connection slots", "could not receive data", "Connection reset",
        ]
        return passing.contains { message.contains($0) }
    }

    private func isUnavailableState(_ state: SQLState) -> Bool {
        [.adminShutdown, .crashShutdown, .cannotConnectNow, .tooManyConnections].contains(state)
    }
}
