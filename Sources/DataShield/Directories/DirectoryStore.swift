import Foundation
import Postgres

/// The SQL of the `directory_connections` table.
struct DirectoryStore {
    let db: TenantTransaction

    init(_ db: TenantTransaction) { self.db = db }

    func list() async throws -> [DirectoryConnection] {
        try await db.query(
            "SELECT \(DirectoryConnection.columns) FROM directory_connections d WHERE company_id = \(db.company) ORDER BY created_at, id",
            as: DirectoryConnection.self)
    }

    func find(_ id: DirectoryConnectionID, locking: Bool = false) async throws -> DirectoryConnection? {
        let lock: SQL = locking ? " FOR UPDATE" : ""
        return try await db.first(
            "SELECT \(DirectoryConnection.columns) FROM directory_connections d WHERE company_id = \(db.company) AND id = \(id)\(lock)",
            as: DirectoryConnection.self)
    }

    /// What is sealed of a connection.
    struct Sealed: RowDecodable {
        let configuration: [UInt8]
        let state: [UInt8]?

        init(from row: inout Row) throws {
            configuration = try row.next()
            state = try row.next()
        }
    }

    func sealed(_ id: DirectoryConnectionID) async throws -> Sealed? {
        try await db.first(
            "SELECT encrypted_config, encrypted_state FROM directory_connections WHERE company_id = \(db.company) AND id = \(id)", as: Sealed.self)
    }

    func insert(
        _ id: DirectoryConnectionID, _ type: DirectoryType, name: String, configuration: [UInt8], interval: Int?, tokenHash: [UInt8]?
    ) async throws {
        try await db.execute(
            """
            INSERT INTO directory_connections (id, company_id, type, name, encrypted_config, auto_sync_interval_minutes, bearer_token_hash)
            VALUES (\(id), \(db.company), \(type), \(name), \(configuration), \(interval), \(tokenHash))
            """)
    }

    func rename(_ id: DirectoryConnectionID, to name: String, interval: Int?) async throws {
        try await db.execute(
            """
            UPDATE directory_connections SET name = \(name), auto_sync_interval_minutes = \(interval)
            WHERE company_id = \(db.company) AND id = \(id)
            """)
    }

    /// Another configuration has to be tried first, and knows nothing of where the former one's listing ended.
    func replace(_ id: DirectoryConnectionID, configuration: [UInt8]) async throws {
        try await db.execute(
            """
            UPDATE directory_connections SET encrypted_config = \(configuration), status = 'PENDING', error_message = NULL, warnings = '{}',
                encrypted_state = NULL, is_sync_paused = false
            WHERE company_id = \(db.company) AND id = \(id)
            """)
    }

    func delete(_ id: DirectoryConnectionID) async throws {
        try await db.execute("DELETE FROM directory_connections WHERE company_id = \(db.company) AND id = \(id)")
    }

    /// Writes what trying a connection showed, unless its configuration was replaced meanwhile.
    func tried(
        _ id: DirectoryConnectionID, configuration: [UInt8], status: ConnectStatus, error: String?, warnings: [String], pausesSync: Bool
    ) async throws {
        try await db.execute(
            """
            UPDATE directory_connections SET status = \(status), error_message = \(error), warnings = \(warnings),
                is_sync_paused = \(pausesSync)
            WHERE company_id = \(db.company) AND id = \(id) AND encrypted_config = \(configuration)
            """)
    }

    /// Writes that a sync did not end well, unless the configuration was replaced meanwhile. What the connection was before stays for what may
    /// pass by itself.
    /// - Parameters:
    ///   - configuration: with which it was tried; nil for any.
    ///   - pausesSync: whether the schedule leaves it alone until somebody has mended it.
    func failed(_ id: DirectoryConnectionID, configuration: [UInt8]?, status: ConnectStatus?, error: String, pausesSync: Bool = false) async throws {
        try await db.execute(
            """
            UPDATE directory_connections SET status = coalesce(\(status?.rawValue)::connect_status, status), error_message = \(error),
                is_sync_paused = \(pausesSync)
            WHERE company_id = \(db.company) AND id = \(id) AND encrypted_config = coalesce(\(configuration), encrypted_config)
            """)
    }

    /// Writes that a sync ended well. A listing of changes says nothing about what the last one of everybody could not read.
    /// - Parameters:
    ///   - configuration: with which people were listed.
    ///   - start: when the attempt began.
    /// - Returns: false when the configuration was replaced meanwhile.
    func synced(
        _ id: DirectoryConnectionID, configuration: [UInt8], count: Int?, isFull: Bool, state: [UInt8]?, warnings: [String], from start: Date,
        to end: Date
    ) async throws -> Bool {
        let changed = try await db.execute(
            """
            UPDATE directory_connections SET status = 'ACTIVE', error_message = NULL, is_sync_paused = false, last_sync_at = \(end),
                warnings = CASE WHEN \(isFull) THEN \(warnings)
                    ELSE warnings || ARRAY(SELECT unnest(\(warnings)::text[]) EXCEPT SELECT unnest(warnings)) END,
                last_sync_count = coalesce(\(count), last_sync_count), encrypted_state = \(state),
                last_full_sync_at = CASE WHEN \(isFull) THEN \(start)::timestamptz ELSE last_full_sync_at END
            WHERE company_id = \(db.company) AND id = \(id) AND encrypted_config = \(configuration)
            """)
        return changed == 1
    }

    func forgetState(_ id: DirectoryConnectionID) async throws {
        try await db.execute("UPDATE directory_connections SET encrypted_state = NULL WHERE company_id = \(db.company) AND id = \(id)")
    }

    /// How many active people each connection has.
    func people() async throws -> [DirectoryConnectionID: Int] {
        try await db.query(
            """
            SELECT source_connection_id, count(*) FROM employees
            WHERE company_id = \(db.company) AND source_connection_id IS NOT NULL AND deactivated_at IS NULL GROUP BY source_connection_id
            """, as: Count.self
        ).reduce(into: [:]) { $0[$1.id] = $1.count }
    }

    /// How many people each SCIM connection pushed who could not be taken.
    func skipped() async throws -> [DirectoryConnectionID: Int] {
        try await db.query(
            """
            SELECT r.connection_id, count(*) FROM scim_resources r
            WHERE r.company_id = \(db.company) AND \(SCIMStore.isSkipped) GROUP BY r.connection_id
            """, as: Count.self
        ).reduce(into: [:]) { $0[$1.id] = $1.count }
    }

    private struct Count: RowDecodable {
        let id: DirectoryConnectionID
        let count: Int

        init(from row: inout Row) throws {
            id = try row.next()
            count = try row.next()
        }
    }
}
