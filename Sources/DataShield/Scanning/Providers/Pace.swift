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
        /// Until when the service wants no calls.
        var pausedUntil: ContinuousClock.Instant?
        /// How often the service has asked for a pause: whoever was waiting for a turn before it waits for a new one.
        var pauses = 0
        /// How many of them in a row came without a time to wait, and nothing else between.
        var pausesWithoutTime = 0
        var requests = 0
        /// As many calls as a second may have, and when the last ones were let go.
        var perSecond: Int
        var recent: [ContinuousClock.Instant] = []

        /// Lets a call go, or says until when it has to wait although it is its turn: those that woke up late come all at once, and some
        /// services measure by the second.
        mutating func grant(at now: ContinuousClock.Instant) -> ContinuousClock.Instant? {
            if recent.count >= perSecond {
                let free = recent[recent.count - perSecond] + Pace.second
                if now < free { return free }
                recent.removeFirst(recent.count - perSecond + 1)
            }
            recent.append(now)
            requests += 1
            return nil
        }
    }

    private enum Grant {
        case granted
        case wait(until: ContinuousClock.Instant)
        /// There was a pause meanwhile: the turn is lost.
        case lost
    }

    /// Of the allowed rate, what is used: nothing is gained by the last percent, and a refused call costs a pause.
    private static let share = 0.98
    /// A bit longer than one, because calls do not all take equally long to arrive.
    private static let second = Duration.milliseconds(1_010)
    private static let longestPause = Duration.seconds(15 * 60)

    private let state: Mutex<State>
    private let clock = ContinuousClock()

    package init(requestsPerMinute: Int) {
        state = Mutex(
            State(interval: Self.interval(requestsPerMinute), next: clock.now, perSecond: Self.perSecond(requestsPerMinute)))
    }

    private static func perSecond(_ requestsPerMinute: Int) -> Int { max(1, (requestsPerMinute + 59) / 60) }

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
            if try await isGranted(at: instant, pauses) { return }
        }
    }

    /// Waits until a turn has come.
    /// - Returns: false when there was a pause meanwhile.
    private func isGranted(at instant: ContinuousClock.Instant, _ pauses: Int) async throws -> Bool {
        var instant = instant
        while true {
            if instant > clock.now { try await clock.sleep(until: instant, tolerance: .zero) }
            try Task.checkCancellation()
            let grant = state.withLock { state -> Grant in
                guard state.pauses == pauses else { return .lost }
                return state.grant(at: clock.now).map { .wait(until: $0) } ?? .granted
            }
            switch grant {
            case .granted: return true
            case .lost: return false
            case .wait(let later): instant = later
            }
        }
    }

    /// Lets nobody go on for a while: the service has said so.
    /// - Parameter duration: as the service says; it rounds down, so that a second is added. When it does not say: a second, and
    ///   each time twice as long, until a call is answered.
    package func pause(for duration: Duration?) {
        state.withLock { state in
            // Calls that were under way together are refused together, and that is once.
            let isAnother = clock.now >= (state.pausedUntil ?? clock.now)
            if isAnother || duration != nil { state.pausesWithoutTime = duration == nil ? state.pausesWithoutTime + 1 : 0 }
            let usual = Duration.seconds((1 << min(max(state.pausesWithoutTime - 1, 0), 10)) - 1)
            let pause = min(max(duration ?? usual, .zero) + .seconds(1), Self.longestPause)
            let end = clock.now + pause
            state.pausedUntil = max(state.pausedUntil ?? end, end)
            state.next = max(state.next, end)
            state.pauses += 1
        }
    }

    /// Notes that a call was answered.
    package func isNoLongerLimited() { state.withLock { $0.pausesWithoutTime = 0 } }

    /// Takes another rate from now on: whoever comes next waits no longer than it asks for.
    package func set(requestsPerMinute: Int) {
        state.withLock { state in
            state.interval = Self.interval(requestsPerMinute)
            state.perSecond = Self.perSecond(requestsPerMinute)
            let soonest = clock.now + state.interval
            state.next = max(min(state.next, soonest), state.pausedUntil ?? soonest)
        }
    }

    /// Counts a call that does not count against the key's limit.
    package func countFreeCall() { state.withLock { $0.requests += 1 } }

    /// The calls made so far.
    package var requests: Int { state.withLock { $0.requests } }

    /// How long the next call will have to wait.
    var wait: Duration { state.withLock { max($0.next - clock.now, .zero) } }

    /// How long so many calls take at least.
    package func time(for calls: Int) -> Duration { state.withLock { $0.interval * calls } }
}
