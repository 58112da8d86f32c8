import DataShield
import Foundation
import Logging
import Postgres
import Testing

/// Gives a suite, or each test, a migrated and empty database of its own:
///
/// ```swift
/// @Suite(.freshDatabase) struct AlertsTests {
///     @Test func `an alert is acknowledged`() async throws {
///         let company = try await TestDatabase.current.makeCompany()
/// ```
///
/// The server is that of `TEST_DATABASE_URL`, as a superuser. The database is a copy of a template that all processes share; as at an
/// installation it belongs to a user who is no superuser, and app and system sign in by themselves.
package struct FreshDatabase: SuiteTrait, TestTrait, TestScoping {
    /// Whether every test of a suite has its own database; else they share the suite's.
    package let isRecursive: Bool

    package func provideScope(
        for test: Test, testCase: Test.Case?, performing function: @Sendable () async throws -> Void
    ) async throws {
        // A suite whose tests have their own needs none itself; neither does a test before its cases are run.
        if isRecursive, testCase == nil { return try await function() }
        try await TestDatabase.withNew { database in
            try await TestDatabase.$scoped.withValue(database, operation: function)
        }
    }
}

extension Trait where Self == FreshDatabase {
    /// A database for the whole suite. Its tests run at the same time: each makes the companies that it needs.
    package static var freshDatabase: FreshDatabase { FreshDatabase(isRecursive: false) }

    /// A database for each test, for those that look at more than one company's rows.
    package static var freshDatabasePerTest: FreshDatabase { FreshDatabase(isRecursive: true) }
}

/// A migrated database for tests, and the three ways into it.
package struct TestDatabase: Sendable {
    @TaskLocal fileprivate static var scoped: TestDatabase?

    package let name: String
    /// The database as a superuser.
    package let url: String
    /// How the program comes into it.
    package let access: DatabaseAccess
    /// As a superuser: for looking at what nobody else may.
    package let owner: PostgresPool
    package let tenant: TenantDatabase
    package let system: SystemDatabase

    /// The database of the running test.
    package static var current: TestDatabase {
        guard let scoped else { fatalError("The test has no database: give it or its suite the trait .freshDatabase.") }
        return scoped
    }

    /// Configuration for further pools into this database.
    package var configuration: PoolConfiguration { PoolConfiguration(url) }

    /// Makes a database, lends it, and drops it.
    package static func withNew<R>(_ body: (TestDatabase) async throws -> R) async throws -> R {
        let server = try await TestServer.shared()
        await server.slots.take()
        let database: TestDatabase
        do {
            database = try await server.create()
        } catch {
            await server.slots.give()
            throw error
        }
        let result: Result<R, any Error>
        do { result = .success(try await body(database)) } catch { result = .failure(error) }
        await database.close()
        // try?: what cannot be dropped now is dropped by the next run; the test's own result is the one to tell.
        try? await server.drop(database.name)
        await server.slots.give()
        return try result.get()
    }

    fileprivate init(name: String, url: String, access: DatabaseAccess) {
        self.name = name
        self.url = url
        self.access = access
        let shape: (inout PoolConfiguration) -> Void = { configuration in
            configuration.size = 5
            // Many tests at once have these few connections; how long one waits for its turn tells nothing.
            configuration.acquireTimeout = .seconds(180)
        }
        var configuration = PoolConfiguration(url)
        shape(&configuration)
        owner = PostgresPool(configuration: configuration, logger: TestServer.logger)
        tenant = TenantDatabase(access, shape: shape, logger: TestServer.logger)
        system = SystemDatabase(access, shape: shape, logger: TestServer.logger)
    }

    private func close() async {
        await owner.close()
        await tenant.close()
        await system.close()
    }
}

/// The server that test databases are made on, with the template they are copied from.
private struct TestServer: Sendable {
    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    let url: URLComponents
    let template: String
    let pool: PostgresPool
    let access: DatabaseAccess
    let slots = Slots(8)

    /// Made once per process; a failure is told to every test.
    static func shared() async throws -> TestServer { try await connecting.value }
    // Free-standing, because it serves whoever comes first and all after them.
    private static let connecting = Task { try await TestServer() }

    private init() async throws {
        guard let text = ProcessInfo.processInfo.environment["TEST_DATABASE_URL"], let url = URLComponents(string: text) else {
            throw Failure(description: "TEST_DATABASE_URL is not set: `make test` starts a PostgreSQL and sets it.")
        }
        self.url = url
        let hash = try Self.schemaHash()
        template = "datashield_template_\(hash)"
        var configuration = PoolConfiguration(text)
        configuration.size = 4
        configuration.acquireTimeout = .seconds(60)
        pool = PostgresPool(configuration: configuration, logger: Self.logger)
        access = try await Self.makeTemplate(template, url, pool)
    }

    /// Owns the databases, as the user of an installation's DATABASE_URL does: no superuser, who may make roles.
    private static let owner = "datashield_test_owner"

    struct Failure: Error, CustomStringConvertible { let description: String }

    /// Tells one schema from another: FNV-1a over all migrations.
    private static func schemaHash() throws -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for migration in try DatabaseMigrations.migrator.migrations {
            for byte in migration.script.utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        }
        return String(hash, radix: 16)
    }

    /// One process makes the template, the others wait. It is made under another name and renamed when it is ready.
    /// - Returns: the ways into it.
    private static func makeTemplate(_ template: String, _ url: URLComponents, _ pool: PostgresPool) async throws -> DatabaseAccess {
        try await pool.withConnection { connection in
            try await connection.execute("SELECT pg_advisory_lock(7243918)")
            do {
                try await dropLeftovers(connection)
                try await makeOwner(connection, password: url.password ?? "owner")
                let isThere: SQL = "SELECT true FROM pg_database WHERE datname = \(template)"
                if try await connection.first(isThere, as: Bool.self) == nil {
                    let unfinished = template + "_unfinished"
                    try await connection.execute("DROP DATABASE IF EXISTS \(identifier: unfinished) WITH (FORCE)")
                    try await connection.execute("CREATE DATABASE \(identifier: unfinished) OWNER \(identifier: owner)")
                    try await DatabaseMigrations.run(on: PoolConfiguration(address(of: unfinished, url, user: owner)), logger: logger)
                    try await connection.execute("ALTER DATABASE \(identifier: unfinished) RENAME TO \(identifier: template)")
                }
                // Nobody may stay connected to a template: the logins are found out about in the server's own database.
                let settings = Settings(dataDirectory: FileManager.default.temporaryDirectory)
                let access = try await DatabaseAccess.open(
                    address(of: "postgres", url, user: owner), settings, secrets: SecretBox(key: Array(repeating: 9, count: 32)), logger: logger)
                try await connection.execute("SELECT pg_advisory_unlock(7243918)")
                return access
            } catch {
                // The connection ends with the test run, and the lock with it; the error is the one to tell.
                _ = try? await connection.execute("SELECT pg_advisory_unlock(7243918)")
                throw error
            }
        }
    }

    /// Makes the owner, who is the same for all test runs on a server.
    private static func makeOwner(_ connection: Connection, password: String) async throws {
        let isThere: SQL = "SELECT true FROM pg_roles WHERE rolname = \(owner)"
        if try await connection.first(isThere, as: Bool.self) == nil {
            try await connection.execute("CREATE ROLE \(identifier: owner) LOGIN CREATEROLE")
        }
        try await connection.execute("SELECT set_config('test.password', \(password), false)")
        try await connection.execute(
            "DO $$ BEGIN EXECUTE format('ALTER ROLE datashield_test_owner PASSWORD %L', current_setting('test.password')); END $$")
        // Of roles that somebody else made, it has to be told that it may give them on.
        try await connection.execute(
            """
            DO $$
            DECLARE wanted text;
            BEGIN
                FOR wanted IN SELECT rolname FROM pg_roles WHERE rolname IN ('datashield_app', 'datashield_system') LOOP
                    EXECUTE format('GRANT %I TO datashield_test_owner WITH ADMIN OPTION', wanted);
                END LOOP;
            END
            $$
            """)
    }

    /// Drops what killed test runs left behind: their databases carry the process's number.
    private static func dropLeftovers(_ connection: Connection) async throws {
        let names = try await connection.query("SELECT datname FROM pg_database WHERE datname LIKE 'datashield\\_test\\_%'", as: String.self)
        for name in names {
            let parts = name.split(separator: "_")
            guard parts.count == 4, let process = Int32(parts[2]), kill(process, 0) != 0 else { continue }
            try await connection.execute("DROP DATABASE IF EXISTS \(identifier: name) WITH (FORCE)")
        }
    }

    private static func address(of database: String, _ url: URLComponents, user: String? = nil) -> String {
        var url = url
        url.path = "/" + database
        if let user { (url.user, url.password) = (user, url.password ?? "owner") }
        return url.string ?? ""
    }

    func create() async throws -> TestDatabase {
        let name = "datashield_test_\(getpid())_\(await slots.next())"
        try await pool.execute(
            "CREATE DATABASE \(identifier: name) TEMPLATE \(identifier: template) OWNER \(identifier: Self.owner)")
        return TestDatabase(name: name, url: Self.address(of: name, url), access: access.database(named: name))
    }

    func drop(_ name: String) async throws {
        try await pool.execute("DROP DATABASE IF EXISTS \(identifier: name) WITH (FORCE)")
    }
}

/// Lets so many databases be there at once: tests all start together, and a server has only so many connections.
private actor Slots {
    private var free: Int
    private var waiting: [CheckedContinuation<Void, Never>] = []
    private var number = 0

    init(_ count: Int) { free = count }

    func take() async {
        if free > 0 {
            free -= 1
        } else {
            await withCheckedContinuation { waiting.append($0) }
        }
    }

    func give() {
        if waiting.isEmpty { free += 1 } else { waiting.removeFirst().resume() }
    }

    func next() -> Int {
        number += 1
        return number
    }
}
