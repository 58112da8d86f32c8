import CLibPQ
import Foundation
import Threads

/// A connection to the server, on a thread of its own. libpq is called there and nowhere else, with the exception of cancelling,
/// for which libpq has a way.
actor Session {
    nonisolated let control: SessionControl
    nonisolated let settings: SessionSettings
    nonisolated let executor = ThreadExecutor(name: "postgres")
    private var handle: ConnectionHandle?
    var current: ConnectionHandle? { handle }
    var statements: StatementCache
    /// Whether a COPY is under way, in which the connection takes nothing else.
    var isCopying = false
    /// Whether the server has sent all of it.
    var hasCopyEnded = false
    /// Whether a transaction was begun for that COPY alone.
    var isCopyTransaction = false

    nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }

    init(_ settings: SessionSettings) {
        self.settings = settings
        control = SessionControl(settings)
        statements = StatementCache(capacity: settings.preparedStatements ? settings.statementCacheSize : 0)
    }

    deinit {
        control.disconnected()
        executor.stop()
    }

    /// Connects. Blocks the session's thread until it is done or has failed.
    func connect() throws {
        let handle = try settings.open()
        control.opened(canceller: CancelHandle(handle.pointer), socket: PQsocket(handle.pointer))
        control.begin(nil, within: settings.connectTimeout)
        do {
            let script = settings.setup
            if !script.isEmpty { try check(PQexec(handle.pointer, script), handle.pointer, statement: script) }
        } catch {
            control.end(.unusable)
            control.disconnected()
            throw PostgresError.asConnecting(error)
        }
        control.end(.idle)
        self.handle = handle
        statements.removeAll()
        control.connected()
    }

    func close() {
        control.disconnected()
        handle = nil
    }

    /// Reads what the server sent unasked, and answers a question that costs it nothing.
    /// - Returns: whether the connection can be used.
    func isHealthy() -> Bool {
        control.begin(nil, within: settings.connectTimeout)
        let isHealthy = isAnswering()
        control.end(rest())
        return isHealthy
    }

    private func isAnswering() -> Bool {
        guard let connection = handle?.pointer, PQconsumeInput(connection) == 1, PQstatus(connection) == CONNECTION_OK else {
            close()
            return false
        }
        while let notification = PQnotifies(connection) { PQfreemem(notification) }
        let answer = PQexec(connection, "")
        defer { PQclear(answer) }
        guard PQresultStatus(answer) == PGRES_EMPTY_QUERY, PQtransactionStatus(connection) == PQTRANS_IDLE else {
            close()
            return false
        }
        return true
    }

    // MARK: Statements

    /// Runs a function that uses the connection, with everything around it that makes it safe.
    /// - Parameters:
    ///   - lease: the right to use the connection.
    ///   - ticket: by which the statement can be cancelled; nil for what must be done in a cancelled task, too.
    ///   - copying: whether this is a step of a COPY, which nothing else can come between.
    func perform<R>(_ lease: Lease, _ ticket: UInt64?, copying: Bool = false, _ body: (OpaquePointer) throws -> R) throws -> R {
        control.begin(ticket)
        let outcome: Result<R, any Error>
        do {
            guard lease.isActive else {
                throw PostgresError(.misuse, message: "A connection or transaction was used after the closure it was lent to.")
            }
            guard copying || !isCopying else { throw PostgresError(.misuse, message: "The connection is in the middle of a COPY.") }
            if ticket != nil { try Task.checkCancellation() }
            guard let handle else { throw PostgresError(.connectionLost, message: "The connection is closed.") }
            // Kept until the body is done, which may close the connection.
            outcome = .success(try withExtendedLifetime(handle) { try body($0.pointer) })
        } catch {
            outcome = .failure(error)
        }
        let ending = control.end(rest())
        if ending.isToBeClosed { close() }
        switch outcome {
        case .success(let value): return value
        case .failure(let error as PostgresError)
        where ending.wasCancelled && (error.sqlState == .queryCanceled || (ending.wasCut && error.kind == .connectionLost)):
            throw CancellationError()
        case .failure(let error as PostgresError) where ending.wasCut && error.kind == .connectionLost: throw error.asUnanswered()
        case .failure(let error): throw error
        }
    }

    /// What the connection is in the middle of. One that is broken is closed here.
    func rest() -> SessionControl.Rest {
        guard let connection = handle?.pointer else { return .unusable }
        guard PQstatus(connection) == CONNECTION_OK else {
            close()
            return .unusable
        }
        switch PQtransactionStatus(connection) {
        case PQTRANS_IDLE: return .idle
        case PQTRANS_INTRANS, PQTRANS_INERROR: return .inTransaction
        default: return .unusable
        }
    }

    func run(_ sql: SQL, _ lease: Lease, _ ticket: UInt64?) throws -> Rows {
        try perform(lease, ticket) { Rows(try execute(sql, $0)) }
    }

    func run<T: RowDecodable>(_ sql: SQL, as type: T.Type, _ lease: Lease, _ ticket: UInt64?) throws -> [T] {
        // Decoded after the connection is free for others of the same lease, but still on its thread.
        let result = try perform(lease, ticket) { try execute(sql, $0) }
        return try Rows(result).decode(as: type)
    }

    /// Sends a text of one or more statements without parameters, by the simple protocol.
    func runScript(_ text: String, _ lease: Lease, _ ticket: UInt64?) throws {
        try perform(lease, ticket) { connection in
            guard !text.utf8.contains(0) else { throw PostgresError(.invalidParameter, message: "The script has a NUL character.") }
            try check(PQexec(connection, text), connection, statement: text)
        }
    }

    private func execute(_ sql: SQL, _ connection: OpaquePointer) throws -> ResultBox {
        if let preamble = settings.preamble, PQtransactionStatus(connection) == PQTRANS_IDLE {
            guard let last = try pipeline([preamble, sql], connection).last else { throw Session.lost(connection) }
            return last
        }
        let parameters = try Parameters(sql.binds)
        do {
            return try execute(sql, parameters, connection)
        } catch let error as PostgresError where error.isStalePlan && PQtransactionStatus(connection) == PQTRANS_IDLE {
            // The table changed since the statement was prepared. Nothing was done, so it can be prepared and run again.
            return try execute(sql, parameters, connection)
        }
    }

    private func execute(_ sql: SQL, _ parameters: Parameters, _ connection: OpaquePointer) throws -> ResultBox {
        let key = StatementCache.Key(text: sql.text, types: parameters.types)
        let name = try prepared(key, connection)
        let result = parameters.withPointers { pointers in
            if let name {
                PQexecPrepared(connection, name, pointers.count, pointers.values, pointers.lengths, pointers.formats, 1)
            } else {
                PQexecParams(connection, sql.text, pointers.count, pointers.types, pointers.values, pointers.lengths, pointers.formats, 1)
            }
        }
        do {
            return try check(result, connection, statement: sql.text)
        } catch let error as PostgresError where error.isStalePlan {
            forget(key, connection)
            throw error
        }
    }

    /// The name of a statement, which is prepared first if it is not yet; nil when it is to be sent as text.
    private func prepared(_ key: StatementCache.Key, _ connection: OpaquePointer) throws -> String? {
        guard statements.accepts(key.text) else { return nil }
        if let name = statements.name(key) { return name }
        // Within a failed transaction nothing can be deallocated, and preparing fails anyway.
        while statements.isFull, PQtransactionStatus(connection) != PQTRANS_INERROR, let oldest = statements.removeOldest() {
            PQclear(PQexec(connection, "DEALLOCATE \(oldest)"))
        }
        let name = statements.newName()
        let result = PQprepare(connection, name, key.text, Int32(key.types.count), key.types)
        try check(result, connection, statement: key.text)
        statements.insert(key, name: name)
        return name
    }

    /// Forgets a statement that the server no longer runs.
    func forget(_ key: StatementCache.Key, _ connection: OpaquePointer) {
        guard let name = statements.remove(key), PQtransactionStatus(connection) == PQTRANS_IDLE else { return }
        // It may be gone at the server already; then this fails and nothing is lost.
        PQclear(PQexec(connection, "DEALLOCATE \(name)"))
    }

    // MARK: Results

    /// Takes a result of libpq as success, or throws what it says.
    @discardableResult
    func check(_ pointer: OpaquePointer?, _ connection: OpaquePointer, statement: String?) throws -> ResultBox {
        guard let pointer else { throw Session.lost(connection) }
        let result = ResultBox(pointer)
        switch PQresultStatus(pointer) {
        case PGRES_TUPLES_OK, PGRES_COMMAND_OK, PGRES_EMPTY_QUERY, PGRES_PIPELINE_SYNC:
            return result
        case PGRES_COPY_IN, PGRES_COPY_OUT, PGRES_COPY_BOTH:
            // There is no way back into step that would not read or write data nobody asked for.
            close()
            throw PostgresError(.misuse, message: "COPY goes by copyIn and copyOut, not by query.")
        default:
            // What the server says has an SQLSTATE. What libpq says itself has none: it could not send, say, and still takes the connection
            // for a good one.
            let isFromServer = PQresultErrorField(pointer, Int32(CPQ_DIAG_SQLSTATE)) != nil
            let isBroken = PQstatus(connection) != CONNECTION_OK || (PQresultStatus(pointer) == PGRES_FATAL_ERROR && !isFromServer)
            let error = PostgresError(pointer, kind: isBroken ? .connectionLost : .server, statement: statement)
            if isBroken { close() }
            throw error
        }
    }

    static func lost(_ connection: OpaquePointer) -> PostgresError {
        PostgresError(connection: connection, kind: PQstatus(connection) == CONNECTION_OK ? .server : .connectionLost)
    }
}

extension Session {
    /// Runs what can be cancelled: when the task is, the server is told, and the task gets a `CancellationError`.
    nonisolated func cancellable<R: Sendable>(_ body: (_ ticket: UInt64) async throws -> R) async throws -> R {
        let ticket = control.ticket()
        return try await withTaskCancellationHandler {
            try await body(ticket)
        } onCancel: {
            control.cancel(ticket)
        }
    }
}
