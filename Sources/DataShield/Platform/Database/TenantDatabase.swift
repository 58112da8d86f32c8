import Logging
import Postgres
import ServiceLifecycle

/// The database as one company sees it: every connection signs in as a role without rights of its own on other companies' rows,
/// and row-level security shows only the company that the transaction was begun for.
///
/// It is a `Service`, because its pool is one; run it before whatever uses it.
package struct TenantDatabase: Service {
    /// The role whose rights its connections have: it owns nothing and cannot go around row-level security.
    package static let role = DatabaseAccess.Login.app.group

    private let pool: PostgresPool

    /// - Parameters:
    ///   - access: how to come into the database; its connections sign in as the app.
    ///   - shape: sizes and times of the pool.
    ///   - logger: for the pool.
    package init(_ access: DatabaseAccess, shape: (inout PoolConfiguration) -> Void = { _ in }, logger: Logger) {
        var configuration = access.configuration(.app)
        shape(&configuration)
        pool = PostgresPool(configuration: configuration, logger: logger)
    }

    /// Runs a transaction in a company's name: committed when the closure returns, rolled back when it throws, and done again after a
    /// deadlock or a failed serialization.
    /// - Parameters:
    ///   - company: whose rows are seen and written.
    ///   - body: what to do; it must do no harm when it is run more than once.
    @discardableResult
    package func transaction<R: Sendable>(
        for company: CompanyID, _ body: @Sendable (TenantTransaction) async throws -> R
    ) async throws -> R {
        try await pool.transaction(beginning: [Self.scope(company)]) { transaction in
            try await body(TenantTransaction(company: company, transaction: transaction))
        }
    }

    /// Runs a transaction that only reads, and in which all statements see the same state of the database.
    package func read<R: Sendable>(
        for company: CompanyID, _ body: @Sendable (TenantTransaction) async throws -> R
    ) async throws -> R {
        try await pool.transaction(isolation: .repeatableRead, readOnly: true, beginning: [Self.scope(company)]) { transaction in
            try await body(TenantTransaction(company: company, transaction: transaction))
        }
    }

    /// Runs a single statement in a company's name, in one round trip, and decodes its rows.
    package func query<T: RowDecodable>(for company: CompanyID, _ sql: SQL, as type: T.Type) async throws -> [T] {
        try await pool.query(sql, as: type, beginning: [Self.scope(company)])
    }

    /// Runs the pool until it is told to shut down.
    package func run() async throws {
        try await pool.run()
    }

    /// Lends nothing more and closes all connections; for a program that does not run it as a service.
    package func close() async {
        await pool.close()
    }

    /// Ends with the transaction, so that a connection never carries a company to its next user.
    private static func scope(_ company: CompanyID) -> SQL {
        "SELECT set_config('app.company_id', \(company), true)"
    }
}

/// A transaction in one company's name. Only ``TenantDatabase`` makes one.
package struct TenantTransaction: Queryable {
    /// Whose rows it sees. An INSERT names it as `company_id`; another's id is refused by the database.
    package let company: CompanyID
    private let transaction: Transaction

    fileprivate init(company: CompanyID, transaction: Transaction) {
        self.company = company
        self.transaction = transaction
    }

    package var source: ConnectionSource { transaction.source }

    /// Lets each statement of this transaction, from here on, take so long at most.
    package func setStatementTimeout(_ timeout: Duration) async throws { try await transaction.setStatementTimeout(timeout) }

    /// Runs a part of the transaction that can fail by itself.
    package func savepoint<R: Sendable>(_ body: @Sendable (TenantTransaction) async throws -> R) async throws -> R {
        try await transaction.savepoint { inner in
            try await body(TenantTransaction(company: company, transaction: inner))
        }
    }
}
