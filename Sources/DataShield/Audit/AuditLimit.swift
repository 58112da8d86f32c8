import Foundation
import Synchronization

/// Keeps an event that somebody can cause again and again from filling a trail: so many of a kind are written within a minute, the others
/// are not. It holds for one process; each of several writes its own.
final class AuditLimit: Sendable {
    static let window: TimeInterval = 60
    /// More kinds at a time than people cause by hand. What is beyond them is not written.
    static let capacity = 10_000

    private struct Count {
        var since: Date
        var events: Int
    }

    private let counts = Mutex<[String: Count]>([:])
    private let events: Int
    private let now: Now

    /// - Parameter events: how many of a kind within a minute.
    init(_ events: Int = 1, now: @escaping Now) {
        self.events = events
        self.now = now
    }

    /// Whether an event is to be written; if so, it is counted.
    /// - Parameter kind: what makes it one of the same: who, what, where.
    func admits(_ kind: String) -> Bool {
        let now = now()
        return counts.withLock { counts in
            if let count = counts[kind], abs(now.timeIntervalSince(count.since)) < Self.window {
                guard count.events < events else { return false }
                counts[kind]?.events += 1
                return true
            }
            if counts.count >= Self.capacity {
                counts = counts.filter { abs(now.timeIntervalSince($0.value.since)) < Self.window }
                guard counts.count < Self.capacity else { return false }
            }
            counts[kind] = Count(since: now, events: 1)
            return true
        }
    }

    /// The event was admitted and could not be written: the next one is.
    func forget(_ kind: String) { counts.withLock { $0[kind] = nil } }
}
