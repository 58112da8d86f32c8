import Foundation
import HTTPTypes
import Postgres

/// Signed-in browsers: begun by ``SignIn``, found at every request, listed and ended by their user.
package struct Sessions: Sendable {
    package static let idleTime: TimeInterval = 12 * 3600
    package static let longestTime: TimeInterval = 7 * 24 * 3600
    /// How often the last use is written down.
    static let touchInterval: TimeInterval = 60

    let system: SystemDatabase
    let database: TenantDatabase
    let cache: SessionCache
    let now: Now

    package init(system: SystemDatabase, database: TenantDatabase, cache: SessionCache = SessionCache(), now: @escaping Now = { Date() }) {
        self.system = system
        self.database = database
        self.cache = cache
        self.now = now
    }

    package enum Failure: FeatureError {
        case notFound
        package var status: HTTPResponse.Status { .notFound }
        package var detail: String { "There is no such session." }
    }

    /// Begins a session.
    /// - Parameter replaced: the token that the browser had before: that session ends, so that nobody can plant one.
    func begin(
        for user: UserID, of company: CompanyID, ip: String?, userAgent: String?, replaced: String?, in db: some Queryable
    ) async throws -> Token {
        let token = Token()
        let now = now()
        let agent = userAgent.map { String($0.unicodeScalars.filter { $0.value >= 0x20 }.prefix(300).map { Character($0) }) }
        if let replaced { try await db.execute("DELETE FROM sessions WHERE token_hash = \(Token.hash(of: replaced))") }
        try await db.execute(
            """
            INSERT INTO sessions (id, company_id, user_id, token_hash, ip, user_agent, created_at, last_seen_at, expires_at)
            VALUES (\(SessionID(at: now)), \(company), \(user), \(token.hash), \(ip), \(agent), \(now), \(now),
                \(now.addingTimeInterval(Self.longestTime)))
            """)
        cache.removeAll()
        return token
    }

    /// Who a token belongs to; nil when its session has ended. One round trip, and none within five seconds of the last: another
    /// process's sign-out or change of role is seen after five seconds at the latest, this process's at once.
    package func find(_ token: String) async throws -> SignedIn? {
        // Longer than any of ours: not worth a hash.
        guard token.utf8.count <= 100 else { return nil }
        let hash = Token.hash(of: token)
        let now = now()
        if let known = cache.find(hash, now: now) { return known }
        let generation = cache.generation
        guard
            let row = try await system.first(
                """
                SELECT s.id, s.user_id, u.name, u.email, u.role, s.company_id, c.name, c.domain, c.timezone, u.must_change_password,
                    m.stopped_at IS NOT NULL, s.last_seen_at
                FROM sessions s
                JOIN users u ON u.company_id = s.company_id AND u.id = s.user_id
                JOIN companies c ON c.id = s.company_id
                LEFT JOIN remediation_settings m ON m.company_id = s.company_id
                WHERE s.token_hash = \(hash) AND s.expires_at > \(now) AND s.last_seen_at > \(now.addingTimeInterval(-Self.idleTime))
                    AND u.disabled_at IS NULL
                """, as: Found.self)
        else { return nil }
        if now.timeIntervalSince(row.lastSeenAt) > Self.touchInterval {
            try await system.execute(
                """
                UPDATE sessions SET last_seen_at = \(now)
                WHERE company_id = \(row.signedIn.company) AND id = \(row.signedIn.session) AND last_seen_at < \(now)
                """)
        }
        cache.keep(row.signedIn, hash, now: now, generation: generation)
        return row.signedIn
    }

    /// Whether a session is still what it was: not ended here or by another process, by its user or somebody else, nor by its age; and its
    /// user has the same role, is not disabled, and is not to choose a new password. Asks the database each time.
    package func holds(_ signedIn: SignedIn) async throws -> Bool {
        let now = now()
        return try await system.first(
            """
            SELECT EXISTS (
                SELECT FROM sessions s
                JOIN users u ON u.company_id = s.company_id AND u.id = s.user_id
                JOIN companies c ON c.id = s.company_id
                WHERE s.company_id = \(signedIn.company) AND s.id = \(signedIn.session) AND s.expires_at > \(now)
                    AND s.last_seen_at > \(now.addingTimeInterval(-Self.idleTime)) AND u.id = \(signedIn.user) AND u.disabled_at IS NULL
                    AND u.role = \(signedIn.role) AND u.must_change_password = \(signedIn.mustChangePassword))
            """, as: Bool.self) ?? false
    }

    /// The sessions of whoever asks, the latest used first.
    package func list(for subject: Subject) async throws -> [Session] {
        guard let user = subject.user else { return [] }
        return try await database.query(
            for: subject.company,
            """
            SELECT id, user_id, created_at, last_seen_at, expires_at, ip, user_agent FROM sessions
            WHERE company_id = \(subject.company) AND user_id = \(user) AND expires_at > \(now())
                AND last_seen_at > \(now().addingTimeInterval(-Self.idleTime))
            ORDER BY last_seen_at DESC, id DESC LIMIT 200
            """, as: Session.self)
    }

    /// Ends one of one's own sessions.
    package func revoke(_ id: SessionID, by subject: Subject) async throws {
        guard let user = subject.user else { throw Failure.notFound }
        try await database.transaction(for: subject.company) { db in
            let count = try await db.execute("DELETE FROM sessions WHERE company_id = \(subject.company) AND user_id = \(user) AND id = \(id)")
            guard count == 1 else { throw Failure.notFound }
            try await AuditTrail.record("session.revoked", target: .init("session", id), by: subject, in: db)
        }
        cache.removeAll()
    }

    /// Ends all of one's own sessions but one.
    /// - Returns: how many.
    package func revokeOthers(than kept: SessionID, by subject: Subject) async throws -> Int {
        guard let user = subject.user else { return 0 }
        let count = try await database.transaction(for: subject.company) { db in
            let count = try await db.execute("DELETE FROM sessions WHERE company_id = \(subject.company) AND user_id = \(user) AND id <> \(kept)")
            guard count > 0 else { return 0 }
            try await AuditTrail.record("session.others_revoked", target: .init("user", user), after: ["count": count], by: subject, in: db)
            return count
        }
        cache.removeAll()
        return count
    }

    /// Signs out: ends the session that asks.
    package func end(_ signedIn: SignedIn) async throws {
        try await database.transaction(for: signedIn.company) { db in
            try await db.execute("DELETE FROM sessions WHERE company_id = \(signedIn.company) AND id = \(signedIn.session)")
            try await AuditTrail.record("session.signed_out", target: .init("user", signedIn.user), by: signedIn.subject, in: db)
        }
        cache.removeAll()
    }

    /// Ends all sessions of a user, in the transaction of what makes it necessary. The caller empties the cache afterwards.
    func endAll(of user: UserID, besides kept: SessionID? = nil, in db: TenantTransaction) async throws {
        try await db.execute(
            "DELETE FROM sessions WHERE company_id = \(db.company) AND user_id = \(user) AND (\(kept)::text IS NULL OR id <> \(kept)::text)")
    }

    /// Removes what has ended by itself, and old failed attempts.
    package func tidy() async throws {
        let now = now()
        try await system.execute(
            "DELETE FROM sessions WHERE expires_at <= \(now) OR last_seen_at <= \(now.addingTimeInterval(-Self.idleTime))")
        try await system.execute("DELETE FROM login_attempts WHERE failed_at <= \(now.addingTimeInterval(-2 * Throttle.window))")
    }

    private struct Found: RowDecodable {
        let signedIn: SignedIn
        let lastSeenAt: Date

        init(from row: inout Row) throws {
            signedIn = SignedIn(
                session: try row.next(), user: try row.next(), name: try row.next(), email: try row.next(), role: try row.next(),
                company: try row.next(), companyName: try row.next(), companyDomain: try row.next(), timezone: try row.next(),
                mustChangePassword: try row.next(), isRemediationStopped: try row.next())
            lastSeenAt = try row.next()
        }
    }
}

extension Session: RowDecodable {
    package init(from row: inout Row) throws {
        id = try row.next()
        user = try row.next()
        createdAt = try row.next()
        lastSeenAt = try row.next()
        expiresAt = try row.next()
        ip = try row.next()
        userAgent = try row.next()
    }
}

/// Sessions that were found a moment ago, so that a page with twenty requests asks the database once.
package final class SessionCache: Sendable {
    static let lifetime: TimeInterval = 5
    private static let maximumCount = 10_000

    private struct Entry {
        let signedIn: SignedIn
        let until: Date
    }
    private let lock = NSLock()
    nonisolated(unsafe) private var entries: [[UInt8]: Entry] = [:]  // guarded by `lock`
    nonisolated(unsafe) private var changes = 0  // guarded by `lock`

    package init() {}

    /// Grows with every ``removeAll()``: what was read before one must not be kept after it.
    var generation: Int { lock.withLock { changes } }

    func find(_ hash: [UInt8], now: Date) -> SignedIn? {
        lock.withLock {
            guard let entry = entries[hash], entry.until > now, entry.until <= now.addingTimeInterval(Self.lifetime) else { return nil }
            return entry.signedIn
        }
    }

    func keep(_ signedIn: SignedIn, _ hash: [UInt8], now: Date, generation: Int) {
        lock.withLock {
            guard generation == changes else { return }
            if entries.count >= Self.maximumCount { entries.removeAll(keepingCapacity: true) }
            entries[hash] = Entry(signedIn: signedIn, until: now.addingTimeInterval(Self.lifetime))
        }
    }

    package func removeAll() {
        lock.withLock {
            changes += 1
            entries.removeAll(keepingCapacity: true)
        }
    }
}
