import Foundation

/// Hands batches from the reading thread to an asynchronous consumer, a few at a time.
///
/// Unchecked `Sendable`: everything is touched under `condition` only.
final class BatchQueue: @unchecked Sendable {
    private let condition = NSCondition()
    private let capacity: Int
    private var waiting: [LeakBatch] = []
    private var consumer: CheckedContinuation<LeakBatch?, Never>?
    private var isClosed = false
    private var isFinished = false

    init(capacity: Int) {
        self.capacity = capacity
    }

    /// Blocks the reading thread while the queue is full.
    /// - Returns: false when nobody wants batches any more.
    func push(_ batch: LeakBatch) -> Bool {
        condition.lock()
        while waiting.count >= capacity, !isClosed { condition.wait() }
        defer { condition.unlock() }
        if isClosed { return false }
        if let consumer {
            self.consumer = nil
            consumer.resume(returning: batch)
        } else {
            waiting.append(batch)
        }
        return true
    }

    /// The reading thread's last act.
    func finish() {
        condition.lock()
        defer { condition.unlock() }
        isFinished = true
        consumer?.resume(returning: nil)
        consumer = nil
    }

    /// Drops what is queued, and lets the reading thread know.
    func close() {
        condition.lock()
        defer { condition.unlock() }
        isClosed = true
        waiting = []
        condition.broadcast()
    }

    var isWanted: Bool {
        condition.lock()
        defer { condition.unlock() }
        return !isClosed
    }

    /// The next batch; nil when the reading thread has finished. For one consumer.
    func next() async -> LeakBatch? {
        await withCheckedContinuation { continuation in
            condition.lock()
            defer { condition.unlock() }
            if !waiting.isEmpty {
                continuation.resume(returning: waiting.removeFirst())
                condition.broadcast()
            } else if isFinished {
                continuation.resume(returning: nil)
            } else {
                consumer = continuation
            }
        }
    }
}
