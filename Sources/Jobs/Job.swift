import Foundation
import Postgres

/// A piece of work that waits in the queue, as it is handed to its handler.
package struct Job: Sendable, RowDecodable {
    package let id: String
    /// The stored name of what is to be done; see ``JobHandler/kind``.
    package let kind: String
    /// The tenant whose work it is; nil for the installation's own.
    package let companyID: String?
    /// Which attempt this is; 1 for the first. One that ended because the program did, or because the database was away, is not counted.
    package let attempts: Int
    package let maxAttempts: Int
    let payload: String
    /// How often in a row its worker was lost with it, since it last got on.
    package let losses: Int
    /// How often it was taken from the queue: by this, what an earlier holder writes is told from what the present one does.
    let taken: Int

    package init(from row: inout Row) throws {
        id = try row.next()
        kind = try row.next()
        companyID = try row.next()
        attempts = try row.next()
        maxAttempts = try row.next()
        payload = try row.next()
        losses = try row.next()
        taken = try row.next()
    }

    static let columns: SQL = "id, kind, company_id, attempts, max_attempts, payload::text, lost_leases, taken"
}

/// A piece of work to be put into the queue. It carries ids rather than data, for it may run much later than it was enqueued.
package struct NewJob: Sendable {
    package var kind: String
    package var companyID: String?
    /// JSON.
    package var payload: String
    /// While a job with this key waits or runs, no second one is enqueued.
    package var dedupeKey: String?
    /// The connection to an outside system that it works for, and with which it goes.
    package var connectionID: String?
    /// Not before this time; nil for at once.
    package var runAfter: Date?
    package var maxAttempts: Int

    /// - Throws: `EncodingError` when the payload cannot be written as JSON.
    package init<Handler: JobHandler>(
        for handler: Handler.Type, payload: Handler.Payload, companyID: String? = nil, dedupeKey: String? = nil, connectionID: String? = nil,
        runAfter: Date? = nil, maxAttempts: Int = 3
    ) throws {
        kind = Handler.kind
        self.companyID = companyID
        self.payload = String(decoding: try JSONEncoder().encode(payload), as: UTF8.self)
        self.dedupeKey = dedupeKey
        self.connectionID = connectionID
        self.runAfter = runAfter
        self.maxAttempts = maxAttempts
    }
}

/// How a job ended.
package enum JobOutcome: Sendable, Hashable {
    case done
    /// To be tried again; given up when it was tried as often as it may be. The reason is shown to administrators: no secret in it.
    case again(after: Duration, reason: String)
    /// Not to be tried again.
    case givenUp(reason: String)
}

/// Which of the jobs that wait come first.
package enum JobPriority: Int, Sendable, Comparable {
    case first
    case usual

    package static func < (one: JobPriority, other: JobPriority) -> Bool { one.rawValue < other.rawValue }
}

/// Does one kind of job. It runs at least once: what it does must do no harm when done twice.
package protocol JobHandler: Sendable {
    associatedtype Payload: Codable & Sendable
    /// The name under which jobs of this kind are stored. It never changes.
    static var kind: String { get }
    /// Which jobs come first when not all can be begun at once.
    static var priority: JobPriority { get }
    /// How many jobs of this kind one company may have in hand at a time, over all processes.
    static var share: Int { get }
    /// For a kind that mostly waits, for a service's pace or its answer: how many of them a worker may have in hand. They take none of its places
    /// but for what they do here, for which the handler asks: ``RunningJob/place()``. A company's second and further ones may fill half of it.
    /// Nil for a kind whose jobs have a place from beginning to end.
    static var waitingAtOnce: Int? { get }
    /// How often in a row a worker may be lost with a job that does not get on. Then it is taken to be what ends the program, and parked.
    static var lossesUntilParked: Int { get }

    /// Does the work. A thrown error counts as a failed attempt, and the job is tried again after ``retryDelay(afterAttempt:)``; that the
    /// database cannot be used is nobody's failure, and does not count.
    ///
    /// The task is cancelled when the lease was lost, and some seconds after the program was told to stop; a handler that throws
    /// `CancellationError` then is begun again elsewhere, without having used up an attempt.
    func perform(_ payload: Payload, of job: Job) async throws -> JobOutcome

    /// How long to wait after the given attempt (1 for the first) failed.
    func retryDelay(afterAttempt attempt: Int) -> Duration

    /// Called once when a job of this kind was given up or parked, so that what it was to finish can be marked as failed.
    func wasGivenUp(_ payload: Payload, of job: Job, reason: String) async throws
}

extension JobHandler {
    package static var priority: JobPriority { .usual }
    package static var share: Int { 2 }
    package static var waitingAtOnce: Int? { nil }
    package static var lossesUntilParked: Int { 5 }

    /// 30, 60, 120 seconds, and so on up to an hour.
    package func retryDelay(afterAttempt attempt: Int) -> Duration {
        .seconds(min(3600, 30 << min(max(attempt - 1, 0), 7)))
    }

    package func wasGivenUp(_ payload: Payload, of job: Job, reason: String) async throws {}
}

/// A handler with its payload's type hidden, as the worker keeps it.
struct AnyJobHandler: Sendable {
    let perform: @Sendable (Job) async throws -> JobOutcome
    let retryDelay: @Sendable (Int) -> Duration
    let wasGivenUp: @Sendable (Job, String) async throws -> Void
    let priority: JobPriority
    let share: Int
    let waitingAtOnce: Int?
    let lossesUntilParked: Int

    init<Handler: JobHandler>(_ handler: Handler) {
        priority = Handler.priority
        share = Handler.share
        waitingAtOnce = Handler.waitingAtOnce
        lossesUntilParked = Handler.lossesUntilParked
        @Sendable func payload(of job: Job) throws -> Handler.Payload {
            try JSONDecoder().decode(Handler.Payload.self, from: Data(job.payload.utf8))
        }
        perform = { job in
            let decoded: Handler.Payload
            do {
                decoded = try payload(of: job)
            } catch {
                // Trying again would read the same.
                return .givenUp(reason: "The stored payload cannot be read by this version.")
            }
            return try await handler.perform(decoded, of: job)
        }
        retryDelay = { handler.retryDelay(afterAttempt: $0) }
        wasGivenUp = { job, reason in try await handler.wasGivenUp(try payload(of: job), of: job, reason: reason) }
    }
}
