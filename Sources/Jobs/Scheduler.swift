import Logging
import Postgres
import ServiceLifecycle

/// Something to be looked at from time to time: derives from what is stored what is due, and enqueues it.
///
/// It is asked in a transaction of its own, by one process at a time. It may be asked more often than something is due; a dedupe key or
/// the stored state keeps it from being done twice.
package struct ScheduledWork: Sendable {
    package let name: String
    package let enqueueDue: @Sendable (Transaction) async throws -> Void

    package init(_ name: String, enqueueDue: @escaping @Sendable (Transaction) async throws -> Void) {
        self.name = name
        self.enqueueDue = enqueueDue
    }
}

/// Asks each piece of scheduled work in turn what is due, until it is told to stop.
package struct Scheduler: Service {
    /// Any number: by it processes agree which of them schedules.
    private static let lock = 0x4453_6368

    private let pool: PostgresPool
    private let works: [ScheduledWork]
    private let interval: Duration
    private let logger: Logger

    package init(pool: PostgresPool, works: [ScheduledWork], every interval: Duration = .seconds(10), logger: Logger) {
        self.pool = pool
        self.works = works
        self.interval = interval
        self.logger = logger
    }

    package func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                await tick()
                // Thrown only when cancelled, which ends the loop.
                try? await Task.sleep(for: interval)
            }
        }
    }

    /// Asks every piece of work once. One that fails does not keep the others from being asked.
    package func tick() async {
        for work in works {
            do {
                try await pool.transaction { db in
                    guard try await db.first("SELECT pg_try_advisory_xact_lock(\(Self.lock))", as: Bool.self) == true else { return }
                    try await work.enqueueDue(db)
                }
            } catch is CancellationError {
                return
            } catch {
                logger.error("Scheduling failed", metadata: ["work": "\(work.name)", "error": "\(error)"])
            }
        }
    }
}
