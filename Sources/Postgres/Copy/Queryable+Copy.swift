import Scalars

extension Queryable {
    /// Loads rows into a table by COPY, the fastest way there is.
    /// - Parameters:
    ///   - table: its name, `people` or `app.people`; each part is quoted.
    ///   - columns: the columns that a row has values for.
    ///   - write: adds the rows to the writer that it is given. When it throws, none is kept.
    /// - Returns: how many rows were added.
    @discardableResult
    public func copyIn(_ table: String, columns: [String], _ write: (inout CopyWriter) async throws -> Void) async throws -> Int {
        let names = columns.map { SQL.identifier($0) }.joined(separator: ", ")
        let parts = table.parts(between: ".").map { SQL.identifier(String($0)) }.joined(separator: ".")
        let statement: SQL = "COPY \(parts) (\(names)) FROM STDIN"
        return try await source.use { session, lease in
            try await session.cancellable { try await session.beginCopyIn(statement.text, lease, $0) }
            do {
                var writer = CopyWriter(session, lease, columnCount: columns.count)
                try await write(&writer)
                try await writer.flush()
            } catch {
                await session.abandonCopyIn(lease)
                throw error
            }
            return try await session.cancellable { try await session.endCopyIn(lease, $0) }
        }
    }

    /// Loads rows into a table by COPY.
    /// - Parameters:
    ///   - table: its name, `people` or `app.people`; each part is quoted.
    ///   - columns: the columns that a row has values for.
    ///   - rows: per row the values of the columns, in their order.
    /// - Returns: how many rows were added.
    @discardableResult
    public func copyIn(
        _ table: String, columns: [String], rows: some Sequence<[(any PostgresEncodable)?]>
    ) async throws -> Int {
        try await copyIn(table, columns: columns) { writer in
            for row in rows { try await writer.write(row) }
        }
    }

    /// Loads rows into a table by COPY, as they come: the whole is never in memory.
    /// - Parameters:
    ///   - table: its name, `people` or `app.people`; each part is quoted.
    ///   - columns: the columns that a row has values for.
    ///   - rows: per row the values of the columns, in their order.
    /// - Returns: how many rows were added.
    @discardableResult
    public func copyIn<S: AsyncSequence>(_ table: String, columns: [String], rows: S) async throws -> Int
    where S.Element == [(any PostgresEncodable)?] {
        try await copyIn(table, columns: columns) { writer in
            for try await row in rows { try await writer.write(row) }
        }
    }

    /// Reads what a `COPY … TO STDOUT` writes, piece by piece: the whole is never in memory.
    /// - Parameters:
    ///   - sql: the statement. COPY knows no parameters, so the values are quoted and put into its text.
    ///   - each: takes a piece, which ends with a row. When it throws, the rest is not sent.
    /// - Returns: how many rows there were.
    @discardableResult
    public func copyOut(_ sql: SQL, _ each: ([UInt8]) async throws -> Void) async throws -> Int {
        try await source.use { session, lease in
            try await session.cancellable { try await session.beginCopyOut(sql, lease, $0) }
            do {
                while let piece = try await session.cancellable({ try await session.nextCopyData(lease, $0) }) {
                    try await each(piece)
                }
            } catch {
                await session.abandonCopyOut(lease)
                throw error
            }
            return try await session.endCopyOut(lease)
        }
    }
}
