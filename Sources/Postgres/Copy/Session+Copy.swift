import CLibPQ

extension Session {
    /// Pieces of about this size are handed out, whatever the size of a row.
    private static let pieceSize = 128 * 1024

    // MARK: In

    func beginCopyIn(_ statement: String, _ lease: Lease, _ ticket: UInt64?) throws {
        try perform(lease, ticket) { try beginCopy(statement, expecting: PGRES_COPY_IN, $0) }
    }

    func putCopyData(_ bytes: [UInt8], _ lease: Lease) throws {
        try perform(lease, nil, copying: true) { connection in
            let isSent = bytes.withUnsafeBytes { PQputCopyData(connection, $0.baseAddress?.assumingMemoryBound(to: CChar.self), Int32($0.count)) }
            guard isSent == 1 else { throw Session.lost(connection) }
        }
    }

    func endCopyIn(_ lease: Lease, _ ticket: UInt64?) throws -> Int {
        try perform(lease, ticket, copying: true) { connection in
            guard PQputCopyEnd(connection, nil) == 1 else { throw Session.lost(connection) }
            return try finishCopy(connection)
        }
    }

    /// Ends a COPY so that nothing of it is kept. Done in a cancelled task as well.
    func abandonCopyIn(_ lease: Lease) {
        // The error that led here is the one to tell; the server's, that the COPY was given up, is only its echo.
        _ = try? perform(lease, nil, copying: true) { connection in
            guard isCopying else { return 0 }
            guard PQputCopyEnd(connection, "given up by the client") == 1 else { throw Session.lost(connection) }
            return try finishCopy(connection)
        }
    }

    // MARK: Out

    func beginCopyOut(_ sql: SQL, _ lease: Lease, _ ticket: UInt64?) throws {
        try perform(lease, ticket) { connection in
            let statement = try sql.inlined { try Session.literal($0, connection) }
            try beginCopy(statement, expecting: PGRES_COPY_OUT, connection)
        }
    }

    /// The next rows, or nil when there are no more.
    func nextCopyData(_ lease: Lease, _ ticket: UInt64?) throws -> [UInt8]? {
        try perform(lease, ticket, copying: true) { connection in
            var piece: [UInt8] = []
            if hasCopyEnded { return nil }
            while piece.count < Session.pieceSize {
                var row: UnsafeMutablePointer<CChar>?
                let length = PQgetCopyData(connection, &row, 0)
                if length == -1 {
                    hasCopyEnded = true
                    break
                }
                guard length > 0, let row else { throw Session.lost(connection) }
                piece.append(contentsOf: UnsafeRawBufferPointer(start: row, count: Int(length)))
                PQfreemem(row)
            }
            return piece.isEmpty ? nil : piece
        }
    }

    func endCopyOut(_ lease: Lease) throws -> Int {
        try perform(lease, nil, copying: true) { try finishCopy($0) }
    }

    /// Tells the server to stop, and reads what it had sent before it heard.
    func abandonCopyOut(_ lease: Lease) {
        // The error that led here is the one to tell.
        _ = try? perform(lease, nil, copying: true) { connection in
            guard isCopying else { return 0 }
            guard CancelHandle(connection)?.cancel(within: settings.cancelPatience) != false else {
                close()
                return 0
            }
            var row: UnsafeMutablePointer<CChar>?
            while !hasCopyEnded, PQgetCopyData(connection, &row, 0) > 0 { PQfreemem(row) }
            return try finishCopy(connection)
        }
    }

    // MARK: Both

    private func beginCopy(_ statement: String, expecting status: ExecStatusType, _ connection: OpaquePointer) throws {
        guard !statement.utf8.contains(0) else { throw PostgresError(.invalidParameter, message: "The statement has a NUL character.") }
        if let preamble = settings.preamble, PQtransactionStatus(connection) == PQTRANS_IDLE {
            _ = try pipeline(["BEGIN", preamble], connection)
            isCopyTransaction = true
        }
        guard let result = PQexec(connection, statement) else { throw Session.lost(connection) }
        guard PQresultStatus(result) == status else {
            defer { endCopyTransaction(connection) }
            // Throws for an error; a statement that worked but was no COPY of this direction is a mistake.
            try check(result, connection, statement: nil)
            throw PostgresError(.misuse, message: "The statement is not the COPY that was expected.")
        }
        PQclear(result)
        isCopying = true
        hasCopyEnded = false
    }

    /// Reads the server's last word on a COPY.
    private func finishCopy(_ connection: OpaquePointer) throws -> Int {
        isCopying = false
        defer { endCopyTransaction(connection) }
        var rows = 0
        var failure: (any Error)?
        while let result = PQgetResult(connection) {
            do {
                rows = try check(result, connection, statement: nil).affectedRows
            } catch {
                failure = error
                if current == nil { break }
            }
        }
        if let failure { throw failure }
        return rows
    }

    /// Ends the transaction that was begun for a COPY behind a pooler.
    private func endCopyTransaction(_ connection: OpaquePointer) {
        guard isCopyTransaction else { return }
        isCopyTransaction = false
        // COMMIT of a failed transaction is a ROLLBACK. If the connection is gone, that is noticed by whoever looks next.
        PQclear(PQexec(connection, "COMMIT"))
    }

    /// A value as a literal, for a statement that takes no parameters.
    private static func literal(_ value: PostgresValue, _ connection: OpaquePointer) throws -> String {
        let text: String
        switch value.content {
        case .null: return "NULL"
        case .text(let value): text = value
        case .binary(let bytes): text = Hex.bytea(bytes)
        case .invalid(let reason): throw PostgresError(.invalidParameter, message: "A parameter is \(reason).")
        }
        guard !text.utf8.contains(0), let quoted = PQescapeLiteral(connection, text, text.utf8.count) else {
            throw PostgresError(.invalidParameter, message: "A parameter is not text that PostgreSQL can hold.")
        }
        defer { PQfreemem(quoted) }
        return String(cString: quoted)
    }
}
