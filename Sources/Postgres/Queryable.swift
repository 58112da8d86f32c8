/// Where a ``Queryable`` gets its connection from: a pool, or a connection that it already has.
public struct ConnectionSource: Sendable {
    enum Kind: Sendable {
        case pool(PostgresPool)
        case connection(Connection)
    }

    let kind: Kind

    /// Runs a function on a connection, which is lent by the pool where there is none yet.
    func use<R>(_ body: (Session, Lease) async throws -> R) async throws -> R {
        switch kind {
        case .connection(let connection):
            return try await body(connection.session, connection.lease)
        case .pool(let pool):
            let session = try await pool.acquire()
            let lease = Lease()
            defer { pool.release(session, lease) }
            return try await body(session, lease)
        }
    }
}

/// What statements can be sent to: a pool, a connection, a transaction. A type of your own becomes one by handing on the source of
/// what it wraps.
///
/// Every method throws ``PostgresError``, or `CancellationError` when the task is cancelled: the server is then told to stop.
public protocol Queryable: Sendable {
    var source: ConnectionSource { get }
}

extension Queryable {
    /// Runs a statement.
    /// - Returns: its rows, decoded as they are read.
    public func query(_ sql: SQL) async throws -> Rows {
        try await source.use { session, lease in
            try await session.cancellable { try await session.run(sql, lease, $0) }
        }
    }

    /// Runs a statement and decodes each of its rows.
    /// - Parameters:
    ///   - sql: the statement.
    ///   - type: what a row is: a ``RowDecodable``, or a plain value, read from the first column.
    public func query<T: RowDecodable>(_ sql: SQL, as type: T.Type) async throws -> [T] {
        try await source.use { session, lease in
            try await session.cancellable { try await session.run(sql, as: type, lease, $0) }
        }
    }

    /// Runs a statement and decodes its first row. The server sends all the same: write LIMIT where there may be many.
    /// - Returns: nil when there is no row.
    public func first<T: RowDecodable>(_ sql: SQL, as type: T.Type) async throws -> T? {
        guard var row = try await query(sql).first else { return nil }
        return try T(from: &row)
    }

    /// Runs a statement whose rows are of no interest.
    /// - Returns: how many rows it changed.
    @discardableResult
    public func execute(_ sql: SQL) async throws -> Int {
        try await query(sql).affectedRows
    }

    /// Runs statements in one round trip. Outside of a transaction they are one: all of them take effect or none.
    /// - Returns: the rows of each.
    /// - Throws: the first error; nothing after it was run.
    public func pipeline(_ statements: [SQL]) async throws -> [Rows] {
        try await source.use { session, lease in
            try await session.cancellable { try await session.runPipeline(statements, lease, $0) }
        }
    }

    /// Runs statements, then one whose rows are decoded, in one round trip. Outside of a transaction they are one:
    /// what `set_config(…, true)` sets in the first ones holds for the last and no longer.
    /// - Parameters:
    ///   - sql: the statement whose rows are wanted.
    ///   - type: what a row is.
    ///   - beginning: the statements before it, whose rows are of no interest.
    public func query<T: RowDecodable>(_ sql: SQL, as type: T.Type, beginning: [SQL]) async throws -> [T] {
        try await source.use { session, lease in
            try await session.cancellable { try await session.runPipeline(beginning, last: sql, as: type, lease, $0) }
        }
    }
}
