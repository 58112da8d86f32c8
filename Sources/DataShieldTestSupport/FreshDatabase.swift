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
/// The server is that of `TEST_DATABASE_URL`, as a superuser. The database is a copy of a template that all processes share.
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
    /// The database as its owner, a superuser.
    package let url: String
    /// As its owner: for looking at what nobody else may.
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

    fileprivate init(name: String, url: String) {
        self.name = name
        self.url = url
        var configuration = PoolConfiguration(url)
        configuration.size = 5
        configuration.acquireTimeout = .seconds(30)
        owner = PostgresPool(configuration: configuration, logger: TestServer.logger)
        tenant = TenantDatabase(configuration: configuration, logger: TestServer.logger)
        system = SystemDatabase(configuration: configuration, logger: TestServer.logger)
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
        try await makeTemplate()
    }

    struct Failure: Error, CustomStringConvertible { let description: String }

    /// Tells one schema from another: FNV-1a over all migrations.
    private static func schemaHash() throws -> String {
        let files = try FileManager.default.contentsOfDirectory(at: DatabaseMigrations.directory, includingPropertiesForKeys: nil)
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for file in files.sorted(by: { $0.lastPathComponent < $1.lastPathComponent }) where file.pathExtension == "sql" {
            for byte in try Data(contentsOf: file) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        }
        return String(hash, radix: 16)
    }

    /// One process makes the template, the others wait. It is made under another name and renamed when it is ready.
    private func makeTemplate() async throws {
        try await pool.withConnection { connection in
            try await connection.execute("SELECT pg_advisory_lock(7243918)")
            do {
                try await dropLeftovers(connection)
                let isThere: SQL = "SELECT true FROM pg_database WHERE datname = \(template)"
                if try await connection.first(isThere, as: Bool.self) == nil {
                    let unfinished = template + "_unfinished"
                    try await connection.execute("DROP DATABASE IF EXISTS \(identifier: unfinished) WITH (FORCE)")
                    try await connection.execute("CREATE DATABASE \(identifier: unfinished)")
                    try await DatabaseMigrations.run(on: PoolConfiguration(address(of: unfinished)), logger: Self.logger)
                    try await connection.execute("ALTER DATABASE \(identifier: unfinished) RENAME TO \(identifier: template)")
                }
                try await connection.execute("SELECT pg_advisory_unlock(7243918)")
            } catch {
                // The connection ends with the test run, and the lock with it; the error is the one to tell.
                _ = try? await connection.execute("SELECT pg_advisory_unlock(7243918)")
                throw error
            }
        }
    }

    /// Drops what killed test runs left behind: their databases carry the process's number.
    private func dropLeftovers(_ connection: Connection) async throws {
        let names = try await connection.query("SELECT datname FROM pg_database WHERE datname LIKE 'datashield\\_test\\_%'", as: String.self)
        for name in names {
            let parts = name.split(separator: "_")
            guard parts.count == 4, let process = Int32(parts[2]), kill(process, 0) != 0 else { continue }
            try await connection.execute("DROP DATABASE IF EXISTS \(identifier: name) WITH (FORCE)")
        }
    }

    private func address(of database: String) -> String {
        var url = url
        url.path = "/" + database
        return url.string ?? ""
    }

    func create() async throws -> TestDatabase {
        let name = "datashield_test_\(getpid())_\(await slots.next())"
        try await pool.execute("CREATE DATABASE \(identifier: name) TEMPLATE \(identifier: template)")
        return TestDatabase(name: name, url: address(of: name))
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
