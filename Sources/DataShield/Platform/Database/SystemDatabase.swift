import Logging
import Postgres
import ServiceLifecycle

/// The database as the installation sees it: all companies. For what belongs to none or is before any: sign-in, scheduler, worker,
/// catalogue, the making of companies. Everything else goes through ``TenantDatabase``.
package struct SystemDatabase: Service, Queryable {
    /// The role whose rights its connections have. A policy of each table shows it all rows; it is no superuser and owns no table.
    package static let role = DatabaseAccess.Login.system.group

    package let pool: PostgresPool

    /// - Parameters:
    ///   - access: how to come into the database; its connections sign in as the system.
    ///   - shape: sizes and times of the pool.
    ///   - logger: for the pool.
    package init(_ access: DatabaseAccess, shape: (inout PoolConfiguration) -> Void = { _ in }, logger: Logger) {
        var configuration = access.configuration(.system)
        shape(&configuration)
        pool = PostgresPool(configuration: configuration, logger: logger)
    }

    package var source: ConnectionSource { pool.source }

    /// Runs a transaction; see ``PostgresPool/transaction(isolation:readOnly:beginning:retries:_:)``.
    package func transaction<R: Sendable>(_ body: @Sendable (Transaction) async throws -> R) async throws -> R {
        try await pool.transaction(body)
    }

    /// Runs the pool until it is told to shut down.
    package func run() async throws {
        try await pool.run()
    }

    /// Lends nothing more and closes all connections; for a program that does not run it as a service.
    package func close() async {
        await pool.close()
    }
}
