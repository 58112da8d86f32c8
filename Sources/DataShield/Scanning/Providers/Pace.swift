import Foundation
import Synchronization

/// When the next call with a key may be made: a token bucket of one token, so that calls are spread evenly over the minute.
///
/// Services differ in what they measure: calls in any minute, in each minute of the clock, or since the last call. Evenly spread calls
/// are within all of them, and a bit more than a minute's share apart they stay so when some are late.
package final class Pace: Sendable {
    private struct State {
        var interval: Duration
        var next: ContinuousClock.Instant
        /// How often the service has asked for a pause: whoever was waiting for a turn before it waits for a new one.
        var pauses = 0
        var requests = 0
    }

    /// Of the allowed rate, what is used: nothing is gained by the last percent, and a refused call costs a pause.
    private static let share = 0.98
    private static let longestPause = Duration.seconds(15 * 60)

    private let state: Mutex<State>
    private let clock = ContinuousClock()

    package init(requestsPerMinute: Int) {
        state = Mutex(State(interval: Self.interval(requestsPerMinute), next: clock.now))
    }

    private static func interval(_ requestsPerMinute: Int) -> Duration { .seconds(60 / (Double(max(requestsPerMinute, 1)) * share)) }

    /// Waits for a turn.
    /// - Throws: `CancellationError`.
    package func turn() async throws {
        while true {
            let (instant, pauses) = state.withLock { state in
                let instant = max(clock.now, state.next)
                state.next = instant + state.interval
                return (instant, state.pauses)
            }
            if instant > clock.now { try await clock.sleep(until: instant, tolerance: .zero) }
            try Task.checkCancellation()
            let isGranted = state.withLock { state in
                guard state.pauses == pauses else { return false }
                state.requests += 1
                return true
            }
            if isGranted { return }
        }
    }

    /// Lets nobody go on for a while: the service has said so.
    /// - Parameter duration: as the service says; it rounds down, so that a second is added.
    package func pause(for duration: Duration) {
        let pause = min(max(duration, .zero) + .seconds(1), Self.longestPause)
        state.withLock { state in
            state.next = max(state.next, clock.now + pause)
            state.pauses += 1
        }
    }

    /// Takes another rate from now on.
    package func set(requestsPerMinute: Int) {
        state.withLock { $0.interval = Self.interval(requestsPerMinute) }
    }

    /// Counts a call that does not count against the key's limit.
    package func countFreeCall() { state.withLock { $0.requests += 1 } }

    /// The calls made so far.
    package var requests: Int { state.withLock { $0.requests } }

    /// How long so many calls take at least.
    package func time(for calls: Int) -> Duration { state.withLock { $0.interval * calls } }
}
