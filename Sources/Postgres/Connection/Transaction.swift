/// How much a transaction sees of others that run at the same time.
public enum Isolation: String, Sendable {
    /// Each statement sees what was committed before it.
    case readCommitted = "READ COMMITTED"
    /// All statements see what was committed before the first; a row changed by another since cannot be changed.
    case repeatableRead = "REPEATABLE READ"
    /// As if the transactions had run one after the other.
    case serializable = "SERIALIZABLE"
}

/// A transaction under way, until the end of the closure that it was handed to.
public struct Transaction: Queryable {
    let session: Session
    let lease: Lease
    /// How many savepoints it is within.
    let depth: Int

    public var source: ConnectionSource { ConnectionSource(kind: .connection(Connection(session: session, lease: lease))) }

    /// Runs a part of the transaction that can fail by itself: when the closure throws, what it did is undone, and the rest goes on.
    ///
    /// One at a time: what runs on the same transaction meanwhile becomes a part of it.
    /// - Parameter body: what to do. A failed serialization or deadlock fails the whole transaction, and is retried with it.
    @discardableResult
    public func savepoint<R: Sendable>(_ body: @Sendable (Transaction) async throws -> R) async throws -> R {
        let name = SQL(unsafe: "part_\(depth + 1)")
        try await execute("SAVEPOINT \(name)")
        let inner = Lease(within: lease)
        do {
            let value = try await body(Transaction(session: session, lease: inner, depth: depth + 1))
            inner.end()
            try await execute("RELEASE SAVEPOINT \(name)")
            return value
        } catch {
            inner.end()
            // Done in a cancelled task as well. If it cannot be, the connection is gone and with it the transaction;
            // then the error that brought us here is the one to tell.
            _ = try? await session.runPipeline(["ROLLBACK TO SAVEPOINT \(name)", "RELEASE SAVEPOINT \(name)"], lease, nil)
            throw error
        }
    }

    /// Lets each statement of this transaction, from here on, take so long at most.
    public func setStatementTimeout(_ timeout: Duration) async throws {
        try await execute("SELECT set_config('statement_timeout', \(timeout.wholeMilliseconds), true)")
        session.control.setLimit(timeout + SessionSettings.margin)
    }

    /// Lets each statement of this transaction, from here on, wait so long for a lock at most.
    public func setLockTimeout(_ timeout: Duration) async throws {
        try await execute("SELECT set_config('lock_timeout', \(timeout.wholeMilliseconds), true)")
    }
}

/// How a transaction begins, and how often it may be tried again.
struct TransactionPlan: Sendable {
    let isolation: Isolation
    let readOnly: Bool
    let beginning: [SQL]
    let retries: Int

    private var begin: SQL {
        var text = "BEGIN"
        if isolation != .readCommitted { text += " ISOLATION LEVEL \(isolation.rawValue)" }
        if readOnly { text += " READ ONLY" }
        return SQL(unsafe: text)
    }

    /// Begins, runs the body and commits; from the beginning again when the server says that this may help.
    func run<R: Sendable>(_ session: Session, _ lease: Lease, _ body: @Sendable (Transaction) async throws -> R) async throws -> R {
        guard session.control.isAtRest else {
            throw PostgresError(.misuse, message: "The connection is in a transaction already; use a savepoint within it.")
        }
        var attempt = 0
        while true {
            do {
                return try await once(session, lease, body)
            } catch let error as PostgresError where error.isRetryable && attempt < retries {
                attempt += 1
                try await Task.sleep(for: TransactionPlan.pause(attempt))
            }
        }
    }

    private func once<R: Sendable>(_ session: Session, _ lease: Lease, _ body: @Sendable (Transaction) async throws -> R) async throws -> R {
        let statements = [begin] + (session.settings.preamble.map { [$0] } ?? []) + beginning
        _ = try await session.cancellable { try await session.beginTransaction(statements, lease, $0) }
        defer { session.control.setLimit(nil) }
        let inner = Lease(within: lease)
        do {
            let value = try await body(Transaction(session: session, lease: inner, depth: 0))
            inner.end()
            try await session.commit(lease)
            return value
        } catch {
            inner.end()
            await session.rollback(lease)
            throw error
        }
    }

    /// 10, 20, 40 milliseconds, and up to as much again by chance, so that two that fell over each other do not do it again.
    private static func pause(_ attempt: Int) -> Duration {
        let base = 10 << min(attempt - 1, 6)
        return .milliseconds(base + Int.random(in: 0...base))
    }
}

extension Session {
    func beginTransaction(_ statements: [SQL], _ lease: Lease, _ ticket: UInt64?) throws {
        try perform(lease, ticket) { connection in
            _ = try pipeline(statements, connection)
        }
    }

    /// Commits. Not to be cancelled: the answer is awaited, so that it is known whether it happened.
    func commit(_ lease: Lease) throws {
        try perform(lease, nil) { connection in
            let result = try pipeline(["COMMIT"], connection)
            guard result.last?.command == "COMMIT" else {
                throw PostgresError(
                    .misuse, message: "The transaction had failed, and its error was caught within it; it has been rolled back.")
            }
        }
    }

    /// Undoes what is open. A connection on which that fails is closed by whoever lent it.
    func rollback(_ lease: Lease) {
        // The error that led here is the one to tell.
        try? perform(lease, nil) { connection in
            guard rest() == .inTransaction else { return }
            _ = try pipeline(["ROLLBACK"], connection)
        }
    }
}
