/// What a pool lets somebody do.
enum Permit: Sendable {
    /// Use this connection, idle since then; nil when it comes straight from its last user.
    case session(Session, ContinuousClock.Instant?)
    /// Open a new one, which is counted already.
    case open
}

/// The books of a pool: plain values, changed only under its lock.
struct PoolState {
    typealias Waiting = CheckedContinuation<Permit, any Error>

    private struct Waiter {
        let id: UInt64
        let continuation: Waiting
        let deadline: ContinuousClock.Instant
    }

    static let closed = PostgresError(.poolClosed, message: "The pool has been closed.")

    private let size: Int
    /// The idle ones with the time since when; the last is the one used last, and taken first.
    private(set) var idle: [(session: Session, since: ContinuousClock.Instant)] = []
    /// All that are open or being opened.
    private(set) var total = 0
    /// In the order in which they came, which is the order of their deadlines.
    private var waiters: [Waiter] = []
    private var lastWaiter: UInt64 = 0
    private var isWatching = false
    private var isClosed = false

    init(size: Int) {
        precondition(size > 0, "A pool has at least one connection.")
        self.size = size
    }

    /// A connection or the right to open one, if there is either.
    mutating func take() throws -> Permit? {
        if isClosed { throw PoolState.closed }
        if let (session, since) = idle.popLast() { return .session(session, since) }
        guard total < size else { return nil }
        total += 1
        return .open
    }

    /// Takes a connection back.
    /// - Returns: who gets it next, and whether it is to be closed.
    mutating func give(_ session: Session) -> (next: Waiting?, close: Bool) {
        if isClosed {
            total -= 1
            return (nil, true)
        }
        if !waiters.isEmpty { return (waiters.removeFirst().continuation, false) }
        idle.append((session, .now))
        return (nil, false)
    }

    /// Strikes a connection off.
    /// - Returns: who may open another instead.
    mutating func lose() -> Waiting? {
        total -= 1
        guard !isClosed, !waiters.isEmpty else { return nil }
        total += 1
        return waiters.removeFirst().continuation
    }

    mutating func newWaiter() -> UInt64 {
        lastWaiter += 1
        return lastWaiter
    }

    mutating func wait(_ id: UInt64, _ continuation: Waiting, until deadline: ContinuousClock.Instant) {
        waiters.append(Waiter(id: id, continuation: continuation, deadline: deadline))
    }

    mutating func removeWaiter(_ id: UInt64) -> Waiting? {
        guard let index = waiters.firstIndex(where: { $0.id == id }) else { return nil }
        return waiters.remove(at: index).continuation
    }

    /// - Returns: whether the caller is to watch the deadlines, because nobody does.
    mutating func startWatching() -> Bool {
        guard !isWatching, !waiters.isEmpty else { return false }
        isWatching = true
        return true
    }

    /// When the first of those who wait has waited long enough; nil, which ends the watch, when nobody waits.
    mutating func nextDeadline() -> ContinuousClock.Instant? {
        guard let first = waiters.first else {
            isWatching = false
            return nil
        }
        return first.deadline
    }

    mutating func expired(_ now: ContinuousClock.Instant) -> [Waiting] {
        let count = waiters.firstIndex { $0.deadline > now } ?? waiters.count
        defer { waiters.removeFirst(count) }
        return waiters.prefix(count).map(\.continuation)
    }

    /// Takes out the connections that have been idle since before a time.
    mutating func removeIdle(before time: ContinuousClock.Instant) -> [Session] {
        let old = idle.filter { $0.since < time }.map(\.session)
        idle.removeAll { $0.since < time }
        total -= old.count
        return old
    }

    /// Closes the books: no more lending.
    /// - Returns: the connections to close and those who wait in vain.
    mutating func close() -> ([Session], [Waiting]) {
        isClosed = true
        defer {
            total -= idle.count
            idle = []
            waiters = []
        }
        return (idle.map(\.session), waiters.map(\.continuation))
    }
}
