import Foundation
import Jobs
import Logging
import Postgres

/// The schema's history, as files that come with the program.
package enum DatabaseMigrations {
    /// The files in `Resources/Migrations`, and those of the table of jobs.
    package static var migrator: Migrator {
        get throws {
            guard let own = Bundle.module.url(forResource: "Migrations", withExtension: nil), let jobs = JobQueue.migrations else {
                throw Failure.filesMissing
            }
            return try Migrator(directories: own, jobs)
        }
    }

    package enum Failure: Error, CustomStringConvertible {
        case filesMissing

        package var description: String { "The program's migrations are not where they belong: install it again." }
    }

    /// Brings a database up to date.
    /// - Parameters:
    ///   - configuration: the database, as the user who owns it or is to own it.
    ///   - logger: for the connection.
    /// - Returns: the migrations that were applied by this call.
    @discardableResult
    package static func run(on configuration: PoolConfiguration, logger: Logger) async throws -> [String] {
        try await withOwner(configuration, logger) { try await migrator.run(on: $0) }
    }

    /// How each migration stands in a database. Changes nothing.
    package static func status(on configuration: PoolConfiguration, logger: Logger) async throws -> [Migrator.Status] {
        try await withOwner(configuration, logger) { try await migrator.status(on: $0) }
    }

    /// Migrations need one connection, for a moment.
    private static func withOwner<R>(
        _ configuration: PoolConfiguration, _ logger: Logger, _ body: (PostgresPool) async throws -> R
    ) async throws -> R {
        var configuration = configuration
        configuration.role = nil
        configuration.size = 1
        let pool = PostgresPool(configuration: configuration, logger: logger)
        do {
            let result = try await body(pool)
            await pool.close()
            return result
        } catch {
            await pool.close()
            throw error
        }
    }
}
