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
                encrypted_state = NULL
            WHERE company_id = \(db.company) AND id = \(id)
            """)
    }

    func delete(_ id: DirectoryConnectionID) async throws {
        try await db.execute("DELETE FROM directory_connections WHERE company_id = \(db.company) AND id = \(id)")
    }

    /// Writes what trying a connection showed, unless its configuration was replaced meanwhile.
    func tried(
        _ id: DirectoryConnectionID, configuration: [UInt8], status: ConnectStatus, error: String?, warnings: [String]
    ) async throws {
        try await db.execute(
            """
            UPDATE directory_connections SET status = \(status), error_message = \(error), warnings = \(warnings)
            WHERE company_id = \(db.company) AND id = \(id) AND encrypted_config = \(configuration)
            """)
    }

    /// Writes that a sync did not end well. What the connection was before stays for what may pass by itself.
    func failed(_ id: DirectoryConnectionID, status: ConnectStatus?, error: String) async throws {
        try await db.execute(
            """
            UPDATE directory_connections SET status = coalesce(\(status?.rawValue)::connect_status, status), error_message = \(error)
            WHERE company_id = \(db.company) AND id = \(id)
            """)
    }

    /// Writes that a sync ended well.
    func synced(
        _ id: DirectoryConnectionID, count: Int?, isFull: Bool, state: [UInt8]?, warnings: [String], at time: Date
    ) async throws {
        try await db.execute(
            """
            UPDATE directory_connections SET status = 'ACTIVE', error_message = NULL, warnings = \(warnings), last_sync_at = \(time),
                last_sync_count = coalesce(\(count), last_sync_count), encrypted_state = \(state),
                last_full_sync_at = CASE WHEN \(isFull) THEN \(time)::timestamptz ELSE last_full_sync_at END
            WHERE company_id = \(db.company) AND id = \(id)
            """)
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

    private struct Count: RowDecodable {
        let id: DirectoryConnectionID
        let count: Int

        init(from row: inout Row) throws {
            id = try row.next()
            count = try row.next()
        }
    }
}
