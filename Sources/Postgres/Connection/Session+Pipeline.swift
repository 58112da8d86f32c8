import CLibPQ

extension Session {
    /// Sends statements in one go and reads their results: one round trip for all.
    func runPipeline(_ statements: [SQL], _ lease: Lease, _ ticket: UInt64?) throws -> [Rows] {
        try perform(lease, ticket) { connection in
            var all = statements
            let preamble = PQtransactionStatus(connection) == PQTRANS_IDLE ? settings.preamble : nil
            if let preamble { all.insert(preamble, at: 0) }
            return try pipeline(all, connection).dropFirst(preamble == nil ? 0 : 1).map { Rows($0) }
        }
    }

    /// Sends statements in one go and decodes the rows of the last.
    func runPipeline<T: RowDecodable>(_ statements: [SQL], last: SQL, as type: T.Type, _ lease: Lease, _ ticket: UInt64?) throws -> [T] {
        let result = try perform(lease, ticket) { connection in
            var all = statements
            all.append(last)
            if let preamble = settings.preamble, PQtransactionStatus(connection) == PQTRANS_IDLE { all.insert(preamble, at: 0) }
            do {
                return try pipeline(all, connection).last
            } catch let error as PostgresError where error.isStalePlan && PQtransactionStatus(connection) == PQTRANS_IDLE {
                // All was one transaction and is undone, so it can be done again with statements prepared anew.
                return try pipeline(all, connection).last
            }
        }
        return try result.map { try Rows($0).decode(as: type) } ?? []
    }

    /// What was sent as one statement of a pipeline.
    private struct Sent {
        let key: StatementCache.Key
        /// The name that it was prepared under in this very pipeline, to be remembered if that worked.
        let newName: String?
    }

    /// Sends all, then reads all. Outside of a transaction the server treats all as one.
    /// - Throws: the first error; the rest was not run then. A transaction that the pipeline itself began is rolled back.
    func pipeline(_ list: [SQL], _ connection: OpaquePointer) throws -> [ResultBox] {
        guard !list.isEmpty else { return [] }
        let wasIdle = PQtransactionStatus(connection) == PQTRANS_IDLE
        let parameters = try list.map { try Parameters($0.binds) }
        makeRoom(list.count, connection)
        guard PQenterPipelineMode(connection) == 1 else { throw Session.lost(connection) }
        var sent: [Sent] = []
        var firstError: PostgresError?
        for (sql, parameters) in zip(list, parameters) {
            guard let one = send(sql, parameters, sent, connection) else {
                firstError = Session.lost(connection)
                break
            }
            sent.append(one)
        }
        guard PQpipelineSync(connection) == 1 else {
            close()
            throw firstError ?? Session.lost(connection)
        }
        var results: [ResultBox] = []
        for (index, one) in sent.enumerated() {
            do {
                if let name = one.newName {
                    try receive(connection, statement: one.key.text)
                    statements.insert(one.key, name: name)
                }
                results.append(try receive(connection, statement: one.key.text))
            } catch let error as PostgresError {
                if firstError == nil { firstError = error }
                if error.isStalePlan { _ = statements.remove(sent[index].key) }
                break
            }
        }
        try finishPipeline(connection, firstError)
        guard let firstError else { return results }
        if wasIdle, PQtransactionStatus(connection) != PQTRANS_IDLE { PQclear(PQexec(connection, "ROLLBACK")) }
        throw firstError
    }

    private func makeRoom(_ count: Int, _ connection: OpaquePointer) {
        guard PQtransactionStatus(connection) != PQTRANS_INERROR else { return }
        while statements.isOver(count), let oldest = statements.removeOldest() {
            PQclear(PQexec(connection, "DEALLOCATE \(oldest)"))
        }
    }

    private func send(_ sql: SQL, _ parameters: Parameters, _ earlier: [Sent], _ connection: OpaquePointer) -> Sent? {
        let key = StatementCache.Key(text: sql.text, types: parameters.types)
        return parameters.withPointers { pointers in
            guard statements.accepts(sql.text) else {
                let isSent = PQsendQueryParams(
                    connection, sql.text, pointers.count, pointers.types, pointers.values, pointers.lengths, pointers.formats, 1)
                return isSent == 1 ? Sent(key: key, newName: nil) : nil
            }
            var newName: String?
            let known = statements.name(key) ?? earlier.first { $0.key == key && $0.newName != nil }?.newName
            let name = known ?? statements.newName()
            if known == nil {
                guard PQsendPrepare(connection, name, sql.text, pointers.count, pointers.types) == 1 else { return nil }
                newName = name
            }
            let isSent = PQsendQueryPrepared(connection, name, pointers.count, pointers.values, pointers.lengths, pointers.formats, 1)
            return isSent == 1 ? Sent(key: key, newName: newName) : nil
        }
    }

    /// Reads the result of one statement, and the null that follows it.
    @discardableResult
    private func receive(_ connection: OpaquePointer, statement: String) throws -> ResultBox {
        let pointer = PQgetResult(connection)
        let result: ResultBox
        do {
            result = try check(pointer, connection, statement: statement)
        } catch {
            // The null after an error is read by finishPipeline.
            throw error
        }
        if let extra = PQgetResult(connection) {
            PQclear(extra)
            close()
            throw PostgresError(.connectionLost, message: "The connection fell out of step in a pipeline.")
        }
        return result
    }

    /// Reads up to the end of the pipeline and leaves its mode. A connection that cannot is closed.
    private func finishPipeline(_ connection: OpaquePointer, _ error: PostgresError?) throws {
        guard let handle = current else { throw error ?? PostgresError(.connectionLost, message: "The connection is closed.") }
        var nulls = 0
        var isAtEnd = false
        while !isAtEnd, PQstatus(handle.pointer) == CONNECTION_OK {
            guard let result = PQgetResult(connection) else {
                nulls += 1
                // A null follows each statement; two in a row come only when there is nothing more to read.
                if nulls > 1 { break }
                continue
            }
            nulls = 0
            isAtEnd = PQresultStatus(result) == PGRES_PIPELINE_SYNC
            PQclear(result)
        }
        guard isAtEnd, PQexitPipelineMode(connection) == 1 else {
            let failure = error ?? Session.lost(connection)
            close()
            throw failure
        }
    }
}
