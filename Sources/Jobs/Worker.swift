import Foundation
import Logging
import Postgres
import ServiceLifecycle

/// Takes jobs from the queue and has them done, some at a time, until it is told to stop.
///
/// Nobody is kept waiting by others' long jobs: a company has a share of each kind, what mostly waits takes no place while it waits
/// (``JobHandler/waitingAtOnce``), and no kind that works all the time has all places.
///
/// Told to stop, it takes no new job; those in hand may finish within the grace period, after which their tasks are cancelled and the
/// jobs given back. A worker that dies leaves its jobs to others once their lease has ended.
package struct Worker: Service {
    package struct Configuration: Sendable {
        /// How many jobs at a time work on this machine; those that wait for services elsewhere are not among them.
        package var concurrency = 4
        /// For how long a job is the worker's without a sign of life; a third of it is the time between two.
        package var lease: Duration = .seconds(15)
        /// How long at most between two looks at the queue; a notification makes it look at once.
        package var pollInterval: Duration = .seconds(5)
        /// How long a job in hand may go on after the worker was told to stop.
        package var grace: Duration = .seconds(4)

        package init() {}
    }

    private let queue: JobQueue
    private let configuration: Configuration
    private let handlers: [String: AnyJobHandler]
    private let clock: any Clock<Duration>
    private let logger: Logger
    /// Who it is in the table: this process and this worker in it.
    private let name: String

    /// - Parameters:
    ///   - queue: where the jobs are.
    ///   - handlers: what does them, one for each kind.
    ///   - configuration: how many, and how long.
    ///   - clock: what its looks at the queue and its signs of life go by. When a lease ends the database alone says, by its own clock.
    ///   - logger: what it logs to.
    package init(
        queue: JobQueue, handlers: [any JobHandler], configuration: Configuration = Configuration(),
        clock: any Clock<Duration> = ContinuousClock(), logger: Logger
    ) {
        self.queue = queue
        self.configuration = configuration
        self.clock = clock
        self.logger = logger
        name = "\(ProcessInfo.processInfo.processIdentifier)-\(UInt64.random(in: .min ... .max))"
        self.handlers = Dictionary(
            handlers.map { handler in (Self.kind(of: handler), Self.erase(handler)) },
            uniquingKeysWith: { _, _ in preconditionFailure("Two handlers have the same kind.") })
    }

    private static func kind(of handler: some JobHandler) -> String { type(of: handler).kind }
    private static func erase(_ handler: some JobHandler) -> AnyJobHandler { AnyJobHandler(handler) }

    package func run() async throws {
        let (signals, signal) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        let places = Places(configuration.concurrency) { signal.yield() }
        await withGracefulShutdownHandler {
            await withTaskCancellationHandler {
                await withDiscardingTaskGroup { jobs in
                    await withDiscardingTaskGroup { wakers in
                        wakers.addTask { await notice(signal) }
                        wakers.addTask { await poll(signal) }
                        signal.yield()
                        for await _ in signals {
                            for job in await claim(places) {
                                guard let handler = handlers[job.kind] else { continue }
                                let takesPlace = handler.waitingAtOnce == nil
                                places.begin(job, takesPlace: takesPlace)
                                jobs.addTask {
                                    await perform(job, handler, takesPlace ? nil : places)
                                    places.end(job, takesPlace: takesPlace)
                                }
                            }
                        }
                        wakers.cancelAll()
                    }
                }
            } onCancel: {
                signal.finish()
            }
        } onGracefulShutdown: {
            signal.finish()
        }
    }

    // MARK: Waking

    private func notice(_ signal: AsyncStream<Void>.Continuation) async {
        for await _ in queue.pool.listen(JobQueue.channel, gaps: true) { signal.yield() }
    }

    private func poll(_ signal: AsyncStream<Void>.Continuation) async {
        while !Task.isCancelled {
            // Thrown only when cancelled, which ends the loop.
            try? await clock.sleep(for: configuration.pollInterval)
            signal.yield()
        }
    }

    /// What can be taken now.
    private func wanted(_ places: Places) -> [JobQueue.Wanted] {
        handlers.map { kind, handler in
            JobQueue.Wanted(
                kind, priority: handler.priority, share: handler.share,
                room: max(0, (handler.waitingAtOnce ?? places.mostOfAKind) - places.inHand(kind)),
                // However slow the services of some companies are: half of what may wait is for those that have nothing in hand.
                reserve: (handler.waitingAtOnce ?? 0) / 2, takesPlace: handler.waitingAtOnce == nil)
        }
    }

    private func claim(_ places: Places) async -> [Job] {
        do {
            return try await queue.claim(wanted(places), places: places.free, worker: name, lease: configuration.lease)
        } catch is CancellationError {
            return []
        } catch {
            logger.warning("No jobs could be taken", metadata: ["error": "\(error)"])
            return []
        }
    }

    // MARK: One job

    private enum Step: Sendable {
        case ended(Result<JobOutcome, any Error>)
        case leaseLost
        case graceOver
    }

    /// - Parameter places: where the job finds a place when it needs one; nil when it has one.
    private func perform(_ job: Job, _ handler: AnyJobHandler, _ places: Places?) async {
        var logger = logger
        logger[metadataKey: "job.id"] = "\(job.id)"
        logger[metadataKey: "job.kind"] = "\(job.kind)"
        if job.losses >= handler.lossesUntilParked {
            await end(job, .failed(reason: Self.parked(job.losses)), handler, logger)
            return
        }
        let running = RunningJob(job, queue: queue, worker: name, places: places)
        switch await RunningJob.$current.withValue(running, operation: { await lead(job, handler) }) {
        case .leaseLost:
            logger.warning("A job was lost to another worker")
        case .graceOver:
            await end(job, .released, handler, logger)
        case .ended(.success(.done)):
            await end(job, .succeeded, handler, logger)
        case .ended(.success(.givenUp(let reason))):
            await end(job, .failed(reason: reason), handler, logger)
        case .ended(.success(.again(let delay, let reason))):
            await end(job, retry(job, after: delay, reason), handler, logger)
        case .ended(.failure(let error)):
            if error is CancellationError, Task.isShuttingDownGracefully || Task.isCancelled {
                await end(job, .released, handler, logger)
            } else if let failure = error as? PostgresError, failure.isUnavailable || failure.isDiskFull {
                // Not the job's doing: it waits, however long the database is away or has no room.
                logger.log(
                    level: failure.isDiskFull ? .critical : .warning, "A job could not use the database", metadata: ["error": "\(failure.logText)"])
                await end(job, .postponed(after: handler.retryDelay(1), reason: "\(failure)"), handler, logger)
            } else {
                logger.error("A job failed", metadata: ["error": "\(PostgresError.logText(of: error))"])
                await end(job, retry(job, after: handler.retryDelay(job.attempts), "\(error)"), handler, logger)
            }
        }
    }

    /// Why a job is no longer tried.
    static func parked(_ losses: Int) -> String {
        "Its worker was lost \(losses) times in a row while it was at this and had got no further: most likely the program ended. It is not tried "
            + "again by itself: find out why (the program's log ends where it ended), then start it again."
    }

    /// Runs the handler with its heartbeat beside it, until one of them ends.
    private func lead(_ job: Job, _ handler: AnyJobHandler) async -> Step {
        await withTaskGroup(of: Step?.self) { group in
            group.addTask {
                do { return .ended(.success(try await handler.perform(job))) } catch { return .ended(.failure(error)) }
            }
            group.addTask { await isKept(job) ? nil : .leaseLost }
            group.addTask {
                // Thrown only when cancelled: the job ended first.
                guard (try? await gracefulShutdown()) != nil else { return nil }
                guard (try? await Task.sleep(for: configuration.grace)) != nil else { return nil }
                return .graceOver
            }
            var first: Step?
            for await step in group {
                guard let step else { continue }
                if first == nil {
                    first = step
                    group.cancelAll()
                } else if case .graceOver? = first, case .ended(.success) = step {
                    // It finished while it was being told to stop.
                    first = step
                }
            }
            return first ?? .ended(.failure(CancellationError()))
        }
    }

    /// Extends the lease until cancelled.
    /// - Returns: false when the lease was lost.
    private func isKept(_ job: Job) async -> Bool {
        var sinceExtended = Stopwatch(clock)
        while true {
            guard (try? await clock.sleep(for: configuration.lease / 3)) != nil else { return true }
            do {
                guard try await queue.extend(job, worker: name, lease: configuration.lease) else { return false }
                sinceExtended = Stopwatch(clock)
            } catch {
                // The database is away. The lease is ours until it ends; after that another may have the job.
                if sinceExtended.elapsed() > configuration.lease { return false }
            }
        }
    }

    private func retry(_ job: Job, after delay: Duration, _ reason: String) -> JobQueue.Ending {
        job.attempts >= job.maxAttempts ? .failed(reason: reason) : .retried(after: delay, reason: reason)
    }

    private func end(_ job: Job, _ ending: JobQueue.Ending, _ handler: AnyJobHandler, _ logger: Logger) async {
        do {
            // In a task of its own, since this one may be cancelled and the ending is to be written all the same.
            let held = try await Task { try await finish(job, ending) }.value
            guard held, case .failed(let reason) = ending else { return }
            logger.error("A job was given up", metadata: ["reason": "\(reason)"])
            try await Task { try await insisting { try await handler.wasGivenUp(job, reason) } }.value
        } catch {
            logger.error("The end of a job could not be written", metadata: ["error": "\(error)"])
        }
    }

    /// Writes how a job ended, while the job may still be this worker's.
    private func finish(_ job: Job, _ ending: JobQueue.Ending) async throws -> Bool {
        try await insisting { try await queue.finish(job, worker: name, ending) }
    }

    /// Does something as often as it takes, for as long as a lease: the database may be away for a moment. Once it has been closed, the program
    /// is about to end.
    private func insisting<R: Sendable>(_ body: @Sendable () async throws -> R) async throws -> R {
        let end = ContinuousClock.now + configuration.lease
        var pause: Duration = .milliseconds(100)
        while true {
            do {
                return try await body()
            } catch let error where ContinuousClock.now + pause < end && (error as? PostgresError)?.kind != .poolClosed {
                try await Task.sleep(for: pause)
                pause = min(pause * 2, .seconds(2))
            }
        }
    }
}
