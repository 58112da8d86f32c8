import DataShield
import DataShieldTestSupport
import Foundation
import Logging
import Postgres
import Testing

/// A database as an earlier release has left it.
enum OldDatabase {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// Brings a database to where a release has left it, and no further.
    static func migrate(_ pool: PostgresPool, to number: Int) async throws {
        try await DatabaseMigrations.migrator.through(number).run(on: pool)
    }

    /// An empty database.
    static func with(_ body: (PostgresPool) async throws -> Void) async throws {
        let database = TestDatabase.current
        let name = "\(database.name)p\(CUID.make(at: Date()).suffix(6))"
        var url = try #require(URLComponents(string: database.url))
        url.path = "/" + name
        try await database.owner.execute("CREATE DATABASE \(identifier: name)")
        var configuration = PoolConfiguration(try #require(url.string))
        configuration.size = 2
        let pool = PostgresPool(configuration: configuration, logger: Self.logger)
        let result: Result<Void, any Error>
        do { result = .success(try await body(pool)) } catch { result = .failure(error) }
        await pool.close()
        try await database.owner.execute("DROP DATABASE \(identifier: name) WITH (FORCE)")
        try result.get()
    }
}
