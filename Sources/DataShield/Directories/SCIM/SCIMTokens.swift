import Foundation
import HTTPTypes
import Postgres
import Synchronization

/// The tokens by which directories show who they are: 256 random bits, shown once, stored as their SHA-256. Two are good at once, so
/// that a token can be changed at our end and then at the directory's without a gap.
package struct SCIMTokens: Sendable {
    /// How often it is written down that a directory was heard of.
    static let touchInterval: TimeInterval = 60

    let system: SystemDatabase
    let database: TenantDatabase
    let settings: Settings
    let cache = SCIMTokenCache()
    let now: Now

    package init(system: SystemDatabase, database: TenantDatabase, settings: Settings, now: @escaping Now = { Date() }) {
        self.system = system
        self.database = database
        self.settings = settings
        self.now = now
    }

    package enum Failure: FeatureError, Hashable {
        case notFound
        case nothingToRevoke
        /// A third would take away the one that the directory may be using.
        case formerStillGood

        package var status: HTTPResponse.Status {
            switch self {
            case .notFound: .notFound
            case .nothingToRevoke, .formerStillGood: .conflict
            }
        }
        package var detail: String {
            switch self {
            case .notFound: "There is no such SCIM connection."
            case .nothingToRevoke: "Only one token is in use."
            case .formerStillGood:
                "Two tokens are valid already, and no other was made. Once the directory uses the new one, revoke the old one; then another can be made."
            }
        }
    }

    /// What every token begins with.
    static let prefix = "dsscim_"

    /// A new token and what is stored of it, for who makes the connection's row themselves.
    package static func makeToken() -> (plain: String, hash: [UInt8]) {
        let token = Token(prefix: prefix)
        return (token.text, token.hash)
    }

    /// Where a directory reaches its connection, as an administrator types it in there.
    package func endpoint(of connection: DirectoryConnectionID) -> String { "\(settings.baseURL)\(Self.path(of: connection.rawValue))" }

    static func path(of connection: String) -> String { "/api/scim/\(connection)" }

    /// Gives a connection a token, its only one.
    /// - Returns: the token, which is shown once.
    /// - Throws: ``Failure/notFound``, also for a connection that is not SCIM or of another company.
    package func issue(for connection: DirectoryConnectionID, by subject: Subject) async throws -> String {
        try await replace(connection, "scim.token_issued", keepsPresent: false, by: subject)
    }

    /// Gives a connection another token. The one that it has stays good until ``revokePrevious(_:by:)``.
    /// - Returns: the new token, which is shown once.
    /// - Throws: ``Failure``; ``Failure/formerStillGood`` while there are two: which of them the directory uses is not known here.
    package func rotate(_ connection: DirectoryConnectionID, by subject: Subject) async throws -> String {
        try await replace(connection, "scim.token_rotated", keepsPresent: true, by: subject)
    }

    private func replace(
        _ connection: DirectoryConnectionID, _ action: String, keepsPresent: Bool, by subject: Subject
    ) async throws -> String {
        let (plain, hash) = Self.makeToken()
        try await database.transaction(for: subject.company) { db in
            guard let hasFormer = try await Self.hasFormer(connection, in: db) else { throw Failure.notFound }
            if keepsPresent, hasFormer { throw Failure.formerStillGood }
            let previous: SQL = keepsPresent ? "bearer_token_hash" : "NULL"
            try await db.execute(
                """
                UPDATE directory_connections SET previous_token_hash = \(previous), bearer_token_hash = \(hash)
                WHERE company_id = \(subject.company) AND id = \(connection)
                """)
            try await AuditTrail.record(action, target: .init("directory_connection", connection), by: subject, in: db)
        }
        cache.removeAll()
        return plain
    }

    /// Whether a former token is good beside the present one, and nobody changes that before the transaction ends; nil when there is no
    /// such SCIM connection.
    private static func hasFormer(_ connection: DirectoryConnectionID, in db: TenantTransaction) async throws -> Bool? {
        try await db.first(
            """
            SELECT previous_token_hash IS NOT NULL FROM directory_connections
            WHERE company_id = \(db.company) AND id = \(connection) AND type = 'SCIM' FOR UPDATE
            """, as: Bool.self)
    }

    /// Whether a connection has two tokens that are good.
    package func hasFormer(_ connection: DirectoryConnectionID, for subject: Subject) async throws -> Bool {
        try await database.query(
            for: subject.company,
            "SELECT previous_token_hash IS NOT NULL FROM directory_connections WHERE company_id = \(subject.company) AND id = \(connection)",
            as: Bool.self
        ).first ?? false
    }

    /// Looks every token up anew: one of them may be good no longer.
    package func forget() { cache.removeAll() }

    /// Takes back the token that was in use before the present one.
    /// - Throws: ``Failure``.
    package func revokePrevious(_ connection: DirectoryConnectionID, by subject: Subject) async throws {
        try await database.transaction(for: subject.company) { db in
            guard let had = try await Self.hasFormer(connection, in: db) else { throw Failure.notFound }
            guard had else { throw Failure.nothingToRevoke }
            try await db.execute(
                "UPDATE directory_connections SET previous_token_hash = NULL WHERE company_id = \(subject.company) AND id = \(connection)")
            try await AuditTrail.record("scim.previous_token_revoked", target: .init("directory_connection", connection), by: subject, in: db)
        }
        cache.removeAll()
    }

    /// Which connection a token is of.
    struct Holder: Sendable, Hashable {
        let connection: DirectoryConnectionID
        let name: String
        let company: CompanyID
    }

    /// Who a token belongs to; nil when nobody has it. One round trip, and none within five seconds of the last: what another process
    /// took back is refused after five seconds at the latest, what this one did at once.
    func find(_ token: String) async throws -> Holder? {
        // Longer than any of ours: not worth a hash.
        guard token.utf8.count <= 100 else { return nil }
        let hash = Token.hash(of: token)
        let now = now()
        if let known = cache.find(hash, now: now) { return known }
        let generation = cache.generation
        let row = try await system.first(
            """
            SELECT company_id, id, name, bearer_token_hash, previous_token_hash,
                status = 'ACTIVE' AND last_sync_at > \(now.addingTimeInterval(-Self.touchInterval))
            FROM directory_connections WHERE type = 'SCIM' AND (bearer_token_hash = \(hash) OR previous_token_hash = \(hash)) LIMIT 1
            """, as: Found.self)
        // An index found the hash, which tells nothing of the token; compared again, so that it does not matter how an index compares.
        guard let row, row.hashes.contains(where: { ConstantTime.equal($0, hash) }) else { return nil }
        if !row.isFresh { try await touch(row.holder, now) }
        cache.keep(row.holder, hash, now: now, generation: generation)
        return row.holder
    }

    /// Writes down that the directory was heard of, and how many people it has.
    private func touch(_ holder: Holder, _ now: Date) async throws {
        try await system.execute(
            """
            UPDATE directory_connections d SET status = 'ACTIVE', error_message = NULL, last_sync_at = \(now), last_sync_count = (
                SELECT count(*) FROM scim_resources r WHERE r.company_id = d.company_id AND r.connection_id = d.id AND r.kind = 'USER')
            WHERE d.company_id = \(holder.company) AND d.id = \(holder.connection) AND (d.last_sync_at IS NULL OR d.last_sync_at <= \(now))
            """)
    }

    private struct Found: RowDecodable {
        let holder: Holder
        let hashes: [[UInt8]]
        let isFresh: Bool

        init(from row: inout Row) throws {
            let company: CompanyID = try row.next()
            holder = Holder(connection: try row.next(), name: try row.next(), company: company)
            let (current, previous): ([UInt8]?, [UInt8]?) = (try row.next(), try row.next())
            hashes = [current, previous].compactMap { $0 }
            let fresh: Bool? = try row.next()
            isFresh = fresh ?? false
        }
    }
}

/// Tokens that were found a moment ago.
final class SCIMTokenCache: Sendable {
    static let lifetime: TimeInterval = 5
    private static let maximumCount = 10_000

    private struct Entry {
        let holder: SCIMTokens.Holder
        let until: Date
    }
    private struct State {
        var entries: [[UInt8]: Entry] = [:]
        var changes = 0
    }
    private let state = Mutex(State())

    /// Grows with every ``removeAll()``: what was read before one must not be kept after it.
    var generation: Int { state.withLock { $0.changes } }

    func find(_ hash: [UInt8], now: Date) -> SCIMTokens.Holder? {
        state.withLock { state in
            guard let entry = state.entries[hash], entry.until > now, entry.until <= now.addingTimeInterval(Self.lifetime) else { return nil }
            return entry.holder
        }
    }

    func keep(_ holder: SCIMTokens.Holder, _ hash: [UInt8], now: Date, generation: Int) {
        state.withLock { state in
            guard generation == state.changes else { return }
            if state.entries.count >= Self.maximumCount { state.entries.removeAll(keepingCapacity: true) }
            state.entries[hash] = Entry(holder: holder, until: now.addingTimeInterval(Self.lifetime))
        }
    }

    func removeAll() {
        state.withLock { state in
            state.changes += 1
            state.entries.removeAll(keepingCapacity: true)
        }
    }
}
