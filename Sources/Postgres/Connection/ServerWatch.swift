import CLibPQ
import Foundation
import Synchronization

/// Watches over all sessions while they wait for their servers. libpq waits without end for a server that has taken a statement and says nothing
/// (it is stopped, its disk hangs, a firewall has forgotten the connection), and the server's own time limits do not end that. Who waits for
/// longer than they may is cut off: libpq then finds the connection closed.
///
/// One for the whole process. Its thread is there as long as there are connections.
final class ServerWatch: Sendable {
    static let shared = ServerWatch()

    /// How late somebody may be cut off.
    private static let interval: UInt32 = 200_000

    private struct State {
        var controls: [SessionControl] = []
        var isRunning = false
    }

    private let state = Mutex(State())

    /// Watches over a session until it is disconnected.
    func add(_ control: SessionControl) {
        let mustStart = state.withLock { state in
            if !state.controls.contains(where: { $0 === control }) { state.controls.append(control) }
            defer { state.isRunning = true }
            return !state.isRunning
        }
        guard mustStart else { return }
        let thread = Thread { self.work() }
        thread.name = "postgres-watch"
        thread.start()
    }

    /// Cuts off all sessions with a server that wait for it.
    func cut(_ server: ServerPresence) {
        for control in state.withLock({ $0.controls }) where control.server === server { control.cut() }
    }

    private func work() {
        while isWanted() {
            look(.now)
            usleep(Self.interval)
        }
    }

    /// Whether there is anybody to watch. If not, the thread is no longer there for those who come later.
    private func isWanted() -> Bool {
        state.withLock { state in
            state.isRunning = !state.controls.isEmpty
            return state.isRunning
        }
    }

    private func look(_ now: ContinuousClock.Instant) {
        var gone: Set<ObjectIdentifier> = []
        for control in state.withLock({ $0.controls }) {
            switch control.check(now) {
            case .gone: gone.insert(ObjectIdentifier(control))
            case .none: break
            case .since(let since):
                guard let silence = control.server.silence, now - since >= silence else { continue }
                control.server.ask { [self] in cutAll(control.server, waitingSince: now - silence) }
            }
        }
        guard !gone.isEmpty else { return }
        state.withLock { state in
            // One that has been connected again meanwhile stays.
            state.controls.removeAll { control in
                guard gone.contains(ObjectIdentifier(control)), case .gone = control.check(now) else { return false }
                return true
            }
        }
    }

    private func cutAll(_ server: ServerPresence, waitingSince time: ContinuousClock.Instant) {
        for control in state.withLock({ $0.controls }) where control.server === server { control.cut(waitingSince: time) }
    }
}

/// Whether a server is there at all: asked when a statement takes long, so that a long statement goes on, and one at a server that hangs does
/// not.
final class ServerPresence: Sendable {
    private struct State {
        var isAsked = false
        var lastAnswer: ContinuousClock.Instant?
    }

    /// How long a statement may take before the server is asked; nil: never.
    let silence: Duration?
    private let keywords: [String]
    private let values: [String]
    private let state = Mutex(State())

    /// - Parameter patience: how long the server may take to let somebody in; libpq counts whole seconds, at least two.
    init(silence: Duration?, patience: Duration, keywords: [String], values: [String]) {
        self.silence = silence
        self.keywords = keywords + ["connect_timeout"]
        self.values = values + [String(max(2, Int(patience.components.seconds)))]
    }

    /// Asks the server, on a thread that nobody waits for, unless that is under way or was done a moment ago.
    /// - Parameter isSilent: called when it did not answer.
    func ask(_ isSilent: @escaping @Sendable () -> Void) {
        let now = ContinuousClock.now
        let mustAsk = state.withLock { state in
            if state.isAsked { return false }
            if let last = state.lastAnswer, let silence, now - last < silence { return false }
            state.isAsked = true
            return true
        }
        guard mustAsk else { return }
        Thread.detachNewThread { [self] in
            // Whatever it says, that it cannot take anybody, say, it is there.
            let isThere = ping() != PQPING_NO_RESPONSE
            state.withLock {
                $0.isAsked = false
                $0.lastAnswer = isThere ? .now : nil
            }
            if !isThere { isSilent() }
        }
    }

    private func ping() -> PGPing {
        SessionSettings.withCStrings(keywords) { keywords in
            SessionSettings.withCStrings(values) { values in PQpingParams(keywords, values, 1) }
        }
    }
}
