import Cryptography
import Foundation
import HTTPTypes
import Postgres

/// Slows guessing down: after so many failures within a quarter of an hour, an address, a user's own password, or a source, has to wait. Kept
/// in the database, so that it holds over all processes and restarts.
package struct Throttle: Sendable {
    /// Failures per e-mail address. Enough for somebody who tries all their old passwords.
    package static let perAddress = 10
    /// Failures of a user who is signed in and is asked for the password they have.
    package static let perUser = 10
    /// Failures per source: an office behind one address has many people.
    package static let perSource = 100
    package static let window: TimeInterval = 15 * 60

    let system: SystemDatabase
    let now: Now

    package struct TooMany: RetryLater, Equatable {
        package let retryAfterSeconds: Int
        package var status: HTTPResponse.Status { .tooManyRequests }
        package var detail: String { "Too many attempts. Try again in \(max(1, (retryAfterSeconds + 59) / 60)) minutes." }
    }

    /// What is guessed at. Each is counted for itself: whoever guesses at the sign-in of somebody does not keep them from another password.
    enum Target: Sendable, Hashable {
        /// The sign-in with an address, which may be anything.
        case address(String)
        /// The password of somebody who is signed in.
        case user(UserID)

        var kind: String {
            switch self {
            case .address: "address"
            case .user: "user"
            }
        }
        var key: String {
            switch self {
            case .address(let text): Throttle.key(text)
            case .user(let id): Throttle.key(id.rawValue)
            }
        }
        var limit: Int {
            switch self {
            case .address: Throttle.perAddress
            case .user: Throttle.perUser
            }
        }
    }

    /// An attempt under way, counted as a failure until it has succeeded.
    struct Attempt: Sendable {
        let target: Target
        let ids: [String]
    }

    /// Counts an attempt before its password is looked at, so that a hundred at once do not all pass.
    /// - Throws: ``TooMany``, without counting: whoever is told to wait does not make it longer by asking.
    func begin(email: String, source: String) async throws -> Attempt { try await begin(.address(email), source: source) }

    /// The same for any target.
    func begin(_ target: Target, source: String) async throws -> Attempt {
        let keys = [
            (kind: target.kind, key: target.key, limit: target.limit),
            (kind: "source", key: Self.key(Self.network(of: source)), limit: Self.perSource),
        ]
        let now = now()
        let ids = keys.map { _ in CUID.make(at: now) }
        let since = now.addingTimeInterval(-Self.window)
        // Others who came a moment later may have been first at the lock. What lies further ahead is another machine's wrong clock.
        let until = now.addingTimeInterval(60)
        try await system.transaction { db in
            for (kind, key, _) in keys.sorted(by: { $0.key < $1.key }) {
                try await db.execute("SELECT pg_advisory_xact_lock(hashtextextended(\(kind + key), 0))")
            }
            for (kind, key, limit) in keys {
                // The failure that has to grow old before there is room for another.
                let blocking = try await db.first(
                    """
                    SELECT failed_at FROM login_attempts WHERE kind = \(kind) AND key = \(key) AND failed_at > \(since) AND failed_at <= \(until)
                    ORDER BY failed_at DESC OFFSET \(limit - 1) LIMIT 1
                    """, as: Date.self)
                if let blocking {
                    throw TooMany(retryAfterSeconds: max(1, Int(blocking.addingTimeInterval(Self.window).timeIntervalSince(now).rounded(.up))))
                }
            }
            try await db.execute(
                """
                INSERT INTO login_attempts (id, kind, key, failed_at)
                SELECT id, kind, key, \(now) FROM unnest(\(ids)::text[], \(keys.map(\.kind))::text[], \(keys.map(\.key))::text[]) AS k (id, kind, key)
                """)
        }
        return Attempt(target: target, ids: ids)
    }

    /// The attempt was a good one: it and the failures of its target are forgotten.
    func succeed(_ attempt: Attempt, in db: some Queryable) async throws {
        let (kind, key) = (attempt.target.kind, attempt.target.key)
        try await db.execute("DELETE FROM login_attempts WHERE id = ANY(\(attempt.ids)::text[]) OR (kind = \(kind) AND key = \(key))")
    }

    /// Lets somebody begin anew, whose failures an administrator has seen to. Those of the sources stay.
    func forget(_ targets: [Target]) async throws {
        try await system.execute(
            """
            DELETE FROM login_attempts l USING unnest(\(targets.map(\.kind))::text[], \(targets.map(\.key))::text[]) AS s (kind, key)
            WHERE l.kind = s.kind AND l.key = s.key
            """)
    }

    /// Only a hash is kept: people type passwords into the wrong field.
    static func key(_ text: String) -> String { Hex.text(Digest.sha256(of: text.lowercased().utf8).prefix(16)) }

    /// An IPv6 source is its /64: one customer has as many addresses as they like.
    static func network(of source: String) -> String {
        guard let address = IPAddress(source), address.isIPv6, address.embedded == nil else { return source }
        return Hex.text(address.bytes.prefix(8))
    }
}
