import Synchronization

/// The job in whose task something runs, for what lies far below its handler: the loop that records what a service has said, say.
///
/// Where there is none (a test that calls a handler's parts, a command), all of this does nothing.
package final class RunningJob: Sendable {
    @TaskLocal static var current: RunningJob?

    private let job: Job
    private let queue: JobQueue
    private let worker: String
    /// Nil for a job that has a place from beginning to end.
    private let places: Places?
    /// Whether a worker was lost with it, and that is not forgiven yet.
    private let hasLosses: Mutex<Bool>

    init(_ job: Job, queue: JobQueue, worker: String, places: Places?) {
        self.job = job
        self.queue = queue
        self.worker = worker
        self.places = places
        hasLosses = Mutex(job.losses > 0)
    }

    /// Waits for a place to work on this machine, for a job that mostly waits for services elsewhere: so many of them at once can wait, and
    /// only as many as a worker has places write to the database or compare large lists. Give it back as soon as the work is done, and do not
    /// take another meanwhile.
    /// - Returns: nil where there is nothing to wait for.
    /// - Throws: `CancellationError`.
    package static func place() async throws -> WorkPlace? {
        guard let current, let places = current.places else { return nil }
        try await places.take(for: current.job)
        return WorkPlace(places, current.job)
    }

    /// Says that the job has got on for good: what it did is recorded, and the next attempt goes on behind it. Only a job that does not get on
    /// and is lost with its worker again and again is parked.
    package static func madeProgress() async {
        guard let current, current.hasLosses.withLock({ $0 }) else { return }
        // try?: said again with the next step.
        guard (try? await current.queue.noteProgress(current.job, worker: current.worker)) != nil else { return }
        current.hasLosses.withLock { $0 = false }
    }
}

/// A place to work, until it is given back.
package final class WorkPlace: Sendable {
    private let places: Mutex<Places?>
    private let job: Job

    init(_ places: Places, _ job: Job) {
        self.places = Mutex(places)
        self.job = job
    }

    package func give() {
        let places = places.withLock { places in
            defer { places = nil }
            return places
        }
        places?.give(by: job)
    }

    deinit { give() }
}
