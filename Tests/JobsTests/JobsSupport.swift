import DataShield
import DataShieldTestSupport
import Foundation
import Jobs
import Logging
import Postgres
import ServiceLifecycle
import Synchronization
import Testing

/// A job that does what a test says.
struct Errand: JobHandler {
    static let kind = "test.errand"

    struct Payload: Codable, Sendable {
        var name: String
    }

    var delay: Duration = .milliseconds(1)
    var onGivenUp: @Sendable (String, String) -> Void = { _, _ in }
    let body: @Sendable (String, Job) async throws -> JobOutcome

    func perform(_ payload: Payload, of job: Job) async throws -> JobOutcome { try await body(payload.name, job) }
    func retryDelay(afterAttempt attempt: Int) -> Duration { delay }
    func wasGivenUp(_ payload: Payload, of job: Job, reason: String) async throws { onGivenUp(payload.name, reason) }
}

struct Mishap: Error, CustomStringConvertible {
    let description: String
}

let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

/// The queue of the running test's database.
var queue: JobQueue { JobQueue(pool: TestDatabase.current.system.pool) { CUID.make(at: Date()) } }

@discardableResult
func enqueue(_ name: String, key: String? = nil, runAfter: Date? = nil, maxAttempts: Int = 3) async throws -> String {
    let job = try NewJob(for: Errand.self, payload: .init(name: name), dedupeKey: key, runAfter: runAfter, maxAttempts: maxAttempts)
    return try await queue.enqueue(job, in: TestDatabase.current.system).id
}

/// A row of the table, as far as tests look at it.
struct StoredJob: RowDecodable {
    let status: String
    let attempts: Int
    /// From now.
    let secondsToWait: Double
    let lease: Date?
    let lastError: String?

    init(from row: inout Row) throws {
        status = try row.next()
        attempts = try row.next()
        secondsToWait = try row.next()
        lease = try row.next()
        lastError = try row.next()
    }
}

func stored(_ id: String) async throws -> StoredJob {
    try #require(
        try await TestDatabase.current.owner.first(
            """
            SELECT status, attempts, extract(epoch FROM run_after - clock_timestamp())::float8, lease_until, last_error
            FROM jobs WHERE id = \(id)
            """, as: StoredJob.self))
}

/// A worker that looks often and waits little.
func makeWorker(
    _ handler: some JobHandler, clock: any Clock<Duration> = ContinuousClock(), logger: Logger = quiet,
    _ change: (inout Worker.Configuration) -> Void = { _ in }
) -> Worker {
    var configuration = Worker.Configuration()
    configuration.pollInterval = .milliseconds(20)
    configuration.grace = .seconds(30)
    change(&configuration)
    return Worker(queue: queue, handlers: [handler], configuration: configuration, clock: clock, logger: logger)
}

/// Runs workers for as long as a function runs, then stops them gracefully and waits for them.
func running<R: Sendable>(_ workers: [Worker], _ body: @Sendable (_ stop: @Sendable () async -> Void) async throws -> R) async throws -> R {
    let group = ServiceGroup(services: workers, logger: quiet)
    return try await withThrowingTaskGroup(of: Void.self) { tasks in
        tasks.addTask { try await group.run() }
        let result: Result<R, any Error>
        do { result = .success(try await body { await group.triggerGracefulShutdown() }) } catch { result = .failure(error) }
        await group.triggerGracefulShutdown()
        try await tasks.waitForAll()
        return try result.get()
    }
}

/// Waits for something to be so.
/// - Throws: when it is not so in time.
func eventually(
    within limit: Duration = .seconds(20), _ what: String = "", at place: SourceLocation = #_sourceLocation, _ condition: () async throws -> Bool
) async throws {
    let end = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < end else {
            Issue.record("It did not become so in time. \(what)", sourceLocation: place)
            throw Mishap(description: "too late")
        }
        try await Task.sleep(for: .milliseconds(5))  // sleeps: between two looks, within a deadline
    }
}

/// What was noted, by whatever task.
final class Notes: Sendable {
    private let notes = Mutex<[String]>([])

    var all: [String] { notes.withLock { $0 } }
    func add(_ note: String) { notes.withLock { $0.append(note) } }
}

/// Something that tasks wait for.
final class Gate: Sendable {
    private let state = Mutex<(isOpen: Bool, waiting: [CheckedContinuation<Void, Never>])>((false, []))

    func open() {
        let waiting = state.withLock { state in
            state.isOpen = true
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    func pass() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiting.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }
}
