/// A connection lent by a pool, until the end of the closure that it was lent to. Kept for longer it only throws.
///
/// Statements sent to it at the same time run one after the other.
public struct Connection: Queryable {
    let session: Session
    let lease: Lease

    public var source: ConnectionSource { ConnectionSource(kind: .connection(self)) }

    /// Runs a text of several statements, without parameters, one after the other.
    /// - Parameter text: a text that the program chose itself, such as a file of its own.
    public func executeScript(_ text: String) async throws {
        try await session.cancellable { try await session.runScript(text, lease, $0) }
    }

    /// Runs a transaction on this connection; what ``PostgresPool/transaction(isolation:readOnly:beginning:retries:_:)`` says holds.
    @discardableResult
    public func transaction<R: Sendable>(
        isolation: Isolation = .readCommitted, readOnly: Bool = false, beginning: [SQL] = [], retries: Int = 3,
        _ body: @Sendable (Transaction) async throws -> R
    ) async throws -> R {
        let plan = TransactionPlan(isolation: isolation, readOnly: readOnly, beginning: beginning, retries: retries)
        return try await plan.run(session, lease, body)
    }
}
