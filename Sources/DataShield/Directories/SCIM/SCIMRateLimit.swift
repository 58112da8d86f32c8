import Foundation
import HTTPTypes
import Synchronization

/// So many requests a second for each connection, in this process: a directory that has run wild does not take the server from the others.
package final class SCIMRateLimit: Sendable {
    /// What a directory may be ahead of its rate: a first sync comes in one rush.
    static let burstSeconds = 20.0

    private let rate: Double
    private struct Bucket {
        var tokens: Double
        var filled: Date
    }
    private let buckets = Mutex<[DirectoryConnectionID: Bucket]>([:])

    /// - Parameter rate: requests a second.
    package init(rate: Int) { self.rate = Double(max(1, rate)) }

    package struct TooMany: RetryLater, Equatable {
        package let retryAfterSeconds: Int
        package var status: HTTPResponse.Status { .tooManyRequests }
        package var detail: String { "This connection sends requests faster than it may. Try again in \(retryAfterSeconds) seconds." }
    }

    /// Counts a request.
    /// - Throws: ``TooMany``.
    package func take(_ connection: DirectoryConnectionID, now: Date) throws {
        let wait: Double? = buckets.withLock { buckets in
            // More connections than an installation has: somebody's are long gone.
            if buckets.count > 10_000 { buckets.removeAll() }
            var bucket = refilled(buckets[connection], now)
            guard bucket.tokens >= 1 else {
                buckets[connection] = bucket
                return (1 - bucket.tokens) / rate
            }
            bucket.tokens -= 1
            buckets[connection] = bucket
            return nil
        }
        if let wait { throw TooMany(retryAfterSeconds: max(1, Int(wait.rounded(.up)))) }
    }

    /// Counts what a request has in it besides itself, such as the operations of a bulk request: they are done, and paid for later.
    package func owe(_ count: Int, _ connection: DirectoryConnectionID, now: Date) {
        buckets.withLock { buckets in
            var bucket = refilled(buckets[connection], now)
            bucket.tokens -= Double(count)
            buckets[connection] = bucket
        }
    }

    private func refilled(_ bucket: Bucket?, _ now: Date) -> Bucket {
        let most = rate * Self.burstSeconds
        guard let bucket else { return Bucket(tokens: most, filled: now) }
        return Bucket(tokens: min(most, bucket.tokens + max(0, now.timeIntervalSince(bucket.filled)) * rate), filled: now)
    }
}
