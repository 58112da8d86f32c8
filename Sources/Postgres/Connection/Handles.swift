import CLibPQ
import Foundation
import Synchronization

/// The one owner of a connection of libpq. Only the session that made it uses it, on the session's thread.
final class ConnectionHandle: @unchecked Sendable {
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
    }

    deinit {
        PQfinish(pointer)
    }
}

/// The one owner of what libpq needs to cancel a statement from another thread, for which libpq made it.
// @unchecked: nothing in it changes, and libpq lets any thread use it.
final class CancelHandle: @unchecked Sendable {
    private let pointer: OpaquePointer

    init?(_ connection: OpaquePointer) {
        guard let pointer = PQgetCancel(connection) else { return nil }
        self.pointer = pointer
    }

    deinit {
        PQfreeCancel(pointer)
    }

    /// Asks the server to give up the statement under way. Blocks for a connection and its answer, which a server that hangs never gives:
    /// called on threads that nobody waits for without end.
    func cancel() {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { message in
            // Whether it worked is seen by the statement, which ends early or does not.
            _ = PQcancel(pointer, message.baseAddress, 256)
        }
    }

    /// Asks the server to give up the statement under way, and waits for that.
    /// - Returns: false when the server has not taken it in time: it may still do so, and stop whatever runs on the connection then.
    func cancel(within patience: Duration) -> Bool {
        let delivered = DispatchSemaphore(value: 0)
        Thread.detachNewThread {
            self.cancel()
            delivered.signal()
        }
        return delivered.wait(timeout: .now() + patience.inSeconds) == .success
    }
}

/// The right to use a connection, which ends with the closure that it was lent to.
final class Lease: Sendable {
    private let parent: Lease?
    private let isEnded = Mutex(false)

    init(within parent: Lease? = nil) {
        self.parent = parent
    }

    func end() {
        isEnded.withLock { $0 = true }
    }

    var isActive: Bool {
        !isEnded.withLock { $0 } && (parent?.isActive ?? true)
    }
}

/// What other threads may know of a session, and do to it: whether it is at rest, cancel what it does, and cut it off from a server that does
/// not answer.
final class SessionControl: Sendable {
    enum Rest: Sendable {
        /// Between transactions, with nothing under way.
        case idle
        /// Within a transaction, whole or failed.
        case inTransaction
        /// In the middle of a statement, or gone.
        case unusable
    }

    /// How a statement was over, apart from what the server said.
    struct Ending: Sendable {
        /// The task that sent it was cancelled, and the server told so.
        var wasCancelled = false
        /// The connection was cut, because the server did not answer in time.
        var wasCut = false
        /// The connection was cut, or a cancellation is still on its way and would hit a later statement.
        var isToBeClosed = false
    }

    private struct State {
        var operations = 0
        var rest = Rest.unusable
        var lastTicket: UInt64 = 0
        var running: UInt64?
        var canceller: CancelHandle?
        var isCancelling = false
        var wasCancelled = false
        var socket: Int32 = -1
        /// Since when the server is awaited; nil when it is not.
        var waitingSince: ContinuousClock.Instant?
        /// When whatever is awaited must be there.
        var deadline: ContinuousClock.Instant?
        /// How long the server may take to answer, where a transaction has set its own.
        var limit: Duration?
        var wasCut = false

        /// Ends the connection under whoever waits on it. The descriptor stays libpq's to close.
        mutating func cut() {
            guard socket >= 0 else { return }
            shutdown(socket, Int32(SHUT_RDWR))
            wasCut = true
        }

        /// Lets what is under way take so long at most from now on.
        mutating func hurry(_ patience: Duration) {
            guard waitingSince != nil else { return }
            let soon = ContinuousClock.now + patience
            deadline = deadline.map { min($0, soon) } ?? soon
        }
    }

    /// How the server is reached, and whether it is there at all.
    let server: ServerPresence
    private let limit: Duration?
    private let cancelPatience: Duration
    private let state = Mutex(State())
    /// Signalled when a cancellation has been delivered.
    private let delivered = DispatchSemaphore(value: 0)

    init(_ settings: SessionSettings) {
        server = settings.server
        limit = settings.answerTimeout
        cancelPatience = settings.cancelPatience
    }

    /// Says that there is a connection, which is not yet set up.
    func opened(canceller: CancelHandle?, socket: Int32) {
        state.withLock {
            $0.canceller = canceller
            $0.socket = socket
            $0.wasCut = false
            $0.limit = nil
        }
        ServerWatch.shared.add(self)
    }

    /// Says that the connection is ready.
    func connected() {
        state.withLock { $0.rest = .idle }
    }

    func disconnected() {
        state.withLock {
            $0.canceller = nil
            $0.socket = -1
            $0.rest = .unusable
            $0.waitingSince = nil
            $0.deadline = nil
        }
    }

    /// Says that nobody wants the connection any more. What it still waits for is cut off soon.
    func abandon() {
        cancel(nil)
        state.withLock {
            $0.canceller = nil
            $0.rest = .unusable
            $0.hurry(cancelPatience)
        }
    }

    /// A number for a statement to come, by which it can be cancelled.
    func ticket() -> UInt64 {
        state.withLock {
            $0.lastTicket += 1
            return $0.lastTicket
        }
    }

    /// Says that a statement begins. Called on the session's thread.
    /// - Parameter ownLimit: how long the server may take to answer; nil for what holds for the session.
    func begin(_ ticket: UInt64?, within ownLimit: Duration? = nil) {
        let now = ContinuousClock.now
        state.withLock {
            $0.operations += 1
            $0.running = ticket
            $0.wasCancelled = false
            $0.waitingSince = now
            $0.deadline = (ownLimit ?? $0.limit ?? limit).map { now + $0 }
        }
    }

    /// Says that the statement is over, and waits until a cancellation that is on its way has arrived, so that it hits no later one. A server
    /// that hangs does not take it: then the connection is to be closed.
    @discardableResult
    func end(_ rest: Rest) -> Ending {
        let (mustWait, known) = state.withLock { state in
            state.running = nil
            // One that was cut as the answer came is as bad as one that was cut before.
            state.rest = state.wasCut ? .unusable : rest
            state.waitingSince = nil
            state.deadline = nil
            if !state.isCancelling { state.operations -= 1 }
            return (state.isCancelling, Ending(wasCancelled: state.wasCancelled, wasCut: state.wasCut, isToBeClosed: state.wasCut))
        }
        var ending = known
        if mustWait {
            // Of a connection that is gone nothing can be hit.
            let patience = rest == .unusable || ending.wasCut ? Duration.zero : cancelPatience
            let isDelivered = delivered.wait(timeout: .now() + patience.inSeconds) == .success
            if !isDelivered { ending.isToBeClosed = true }
            state.withLock {
                // Left standing, it keeps another from being sent.
                if isDelivered { $0.isCancelling = false } else { $0.rest = .unusable }
                $0.operations -= 1
            }
        }
        return ending
    }

    /// Lets the server take longer to answer, or less long, until the transaction ends; nil for what holds for the session.
    func setLimit(_ limit: Duration?) {
        state.withLock { $0.limit = limit }
    }

    /// Cancels a statement if it is the one under way. One that has not begun sees by itself that its task is cancelled.
    /// - Parameter ticket: the statement; nil for any that can be cancelled.
    func cancel(_ ticket: UInt64?) {
        let canceller: CancelHandle? = state.withLock {
            guard let running = $0.running, running == ticket ?? running, !$0.isCancelling, let canceller = $0.canceller else { return nil }
            $0.isCancelling = true
            $0.wasCancelled = true
            // A server that hangs takes no cancellation either.
            $0.hurry(cancelPatience)
            return canceller
        }
        guard let canceller else { return }
        // A thread of its own: cancelling opens a connection and blocks, and whoever cancels a task must not wait for that.
        Thread.detachNewThread {
            canceller.cancel()
            self.delivered.signal()
        }
    }

    // MARK: Watching

    /// How a session stands at a moment, for whoever watches over them all.
    enum Wait: Sendable {
        /// It has no connection, and needs no watching.
        case gone
        case none
        case since(ContinuousClock.Instant)
    }

    /// Cuts the connection when what is awaited is overdue.
    func check(_ now: ContinuousClock.Instant) -> Wait {
        state.withLock { state in
            guard state.socket >= 0 else { return .gone }
            guard let since = state.waitingSince else { return .none }
            if let deadline = state.deadline, now >= deadline, !state.wasCut { state.cut() }
            return .since(since)
        }
    }

    /// Cuts the connection when the server has been awaited since before a time.
    func cut(waitingSince time: ContinuousClock.Instant = .now) {
        state.withLock { state in
            if let since = state.waitingSince, since <= time, !state.wasCut { state.cut() }
        }
    }

    /// Whether nothing is under way or left open.
    var isAtRest: Bool {
        state.withLock { $0.operations == 0 && $0.rest == .idle }
    }

    /// Whether a transaction is open, whole or failed.
    var isInTransaction: Bool {
        state.withLock { $0.rest == .inTransaction }
    }

    /// Whether the server has sent something while nothing was asked of it, most likely its farewell. Looks without reading.
    var hasUnexpectedInput: Bool {
        let socket = state.withLock { $0.socket }
        guard socket >= 0 else { return true }
        var descriptor = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        return poll(&descriptor, 1, 0) != 0
    }
}
