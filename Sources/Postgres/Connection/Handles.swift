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
final class CancelHandle: @unchecked Sendable {
    private let pointer: OpaquePointer

    init?(_ connection: OpaquePointer) {
        guard let pointer = PQgetCancel(connection) else { return nil }
        self.pointer = pointer
    }

    deinit {
        PQfreeCancel(pointer)
    }

    /// Asks the server to give up the statement under way. Blocks for a connection and its answer.
    func cancel() {
        withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { message in
            // Whether it worked is seen by the statement, which ends early or does not.
            _ = PQcancel(pointer, message.baseAddress, 256)
        }
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

/// What other threads may know of a session, and do to it: whether it is at rest, and cancel what it does.
final class SessionControl: Sendable {
    enum Rest: Sendable {
        /// Between transactions, with nothing under way.
        case idle
        /// Within a transaction, whole or failed.
        case inTransaction
        /// In the middle of a statement, or gone.
        case unusable
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
    }

    private let state = Mutex(State())
    /// Signalled when a cancellation has been delivered.
    private let delivered = DispatchSemaphore(value: 0)

    func connected(canceller: CancelHandle?, socket: Int32) {
        state.withLock {
            $0.canceller = canceller
            $0.socket = socket
            $0.rest = .idle
        }
    }

    func disconnected() {
        state.withLock {
            $0.canceller = nil
            $0.socket = -1
            $0.rest = .unusable
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
    func begin(_ ticket: UInt64?) {
        state.withLock {
            $0.operations += 1
            $0.running = ticket
            $0.wasCancelled = false
        }
    }

    /// Says that the statement is over, and waits until a cancellation that is on its way has arrived, so that it hits no later one.
    /// - Returns: whether the statement was cancelled.
    @discardableResult
    func end(_ rest: Rest) -> Bool {
        let (mustWait, wasCancelled) = state.withLock { state in
            state.running = nil
            state.rest = rest
            if !state.isCancelling { state.operations -= 1 }
            return (state.isCancelling, state.wasCancelled)
        }
        if mustWait {
            delivered.wait()
            state.withLock {
                $0.isCancelling = false
                $0.operations -= 1
            }
        }
        return wasCancelled
    }

    /// Cancels a statement if it is the one under way. One that has not begun sees by itself that its task is cancelled.
    /// - Parameter ticket: the statement; nil for any that can be cancelled.
    func cancel(_ ticket: UInt64?) {
        let canceller: CancelHandle? = state.withLock {
            guard let running = $0.running, running == ticket ?? running, !$0.isCancelling, let canceller = $0.canceller else { return nil }
            $0.isCancelling = true
            $0.wasCancelled = true
            return canceller
        }
        guard let canceller else { return }
        // A thread of its own: cancelling opens a connection and blocks, and whoever cancels a task must not wait for that.
        Thread.detachNewThread {
            canceller.cancel()
            self.delivered.signal()
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
