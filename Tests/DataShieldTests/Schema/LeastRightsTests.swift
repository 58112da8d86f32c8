import DataShield
import DataShieldTestSupport
import Foundation
import Logging
import Postgres
import Testing

/// What migration 0019 takes from everybody, and what it leaves alone.
@Suite(.freshDatabase) struct LeastRightsTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private var database: TestDatabase { .current }

    private func withPool<R>(_ configuration: PoolConfiguration, _ body: (PostgresPool) async throws -> R) async throws -> R {
        var configuration = configuration
        configuration.size = 1
        let pool = PostgresPool(configuration: configuration, logger: Self.logger)
        let result: Result<R, any Error>
        do { result = .success(try await body(pool)) } catch { result = .failure(error) }
        await pool.close()
        return try result.get()
    }

    /// Brings a database to where it was before the migration.
    private func migrateToBefore(_ pool: PostgresPool) async throws {
        try await DatabaseMigrations.migrator.through(18).run(on: pool)
    }

    @Test func `a function that an administrator has in the schema stays as it was`() async throws {
        let suffix = String(UUID().uuidString.prefix(8).lowercased())
        let (name, user) = ("\(database.name)r\(suffix)", "owner_\(suffix)")
        let owner = database.owner
        // No superuser: such a one could become anybody.
        try await owner.execute(
            "CREATE ROLE \(identifier: user) LOGIN PASSWORD 'secret' IN ROLE datashield_app, datashield_system")
        try await owner.execute("CREATE DATABASE \(identifier: name) OWNER \(identifier: user)")
        var url = try #require(URLComponents(string: database.url))
        url.path = "/" + name
        let asAdministrator = PoolConfiguration(try #require(url.string))
        (url.user, url.password) = (user, "secret")
        let asOwner = PoolConfiguration(try #require(url.string))
        try await withPool(asOwner) { try await migrateToBefore($0) }
        _ = try await withPool(asAdministrator) { pool in
            // As PgBouncer's manual has it.
            try await pool.execute(
                "CREATE FUNCTION public.user_lookup(name text) RETURNS text LANGUAGE sql SECURITY DEFINER AS 'SELECT $1'")
        }
        try await DatabaseMigrations.run(on: asOwner, logger: Self.logger)
        let closed = try await withPool(asOwner) { pool in
            try await pool.query(
                """
                SELECT (proname = 'user_lookup') || ' ' || has_function_privilege('pg_monitor', oid, 'EXECUTE') FROM pg_proc
                WHERE pronamespace = 'public'::regnamespace AND prosecdef GROUP BY 1 ORDER BY 1
                """, as: String.self)
        }
        #expect(closed == ["false false", "true true"])
        try await owner.execute("DROP DATABASE \(identifier: name) WITH (FORCE)")
    }
}
