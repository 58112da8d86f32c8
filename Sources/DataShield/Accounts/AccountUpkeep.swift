import Logging
import ServiceLifecycle

/// Clears ended sessions and old failed sign-ins away, once an hour. Any number of processes may do it.
struct AccountUpkeep: Service {
    let sessions: Sessions
    let logger: Logger

    func run() async throws {
        await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    try await sessions.tidy()
                } catch {
                    logger.warning("Ended sessions could not be cleared away", metadata: ["error": "\(error)"])
                }
                // try?: cancelled on shutdown, which the loop sees for itself.
                try? await Task.sleep(for: .seconds(3600))
            }
        }
    }
}
