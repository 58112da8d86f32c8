import Foundation
import Logging
import Synchronization
import Testing

@testable import Postgres

/// The server that the tests run against, and names that no other test has.
enum TestServer {
    static func configuration(size: Int = 4) throws -> PoolConfiguration {
        let url = ProcessInfo.processInfo.environment["TEST_DATABASE_URL"]
        var configuration = PoolConfiguration(try #require(url, "TEST_DATABASE_URL names the PostgreSQL to test against."))
        configuration.size = size
        // Many tests run at once on few cores; those about waiting set their own.
        configuration.acquireTimeout = .seconds(30)
        return configuration
    }

    static func uniqueName(_ prefix: String) -> String {
        prefix + "_" + UUID().uuidString.lowercased().filter { $0 != "-" }
    }
}

let quiet = Logger(label: "postgres.tests") { _ in SwiftLogNoOpLogHandler() }

/// The configuration of the test server, changed by a closure.
func configured(size: Int = 4, _ change: (inout PoolConfiguration) -> Void) throws -> PoolConfiguration {
    var configuration = try TestServer.configuration(size: size)
    change(&configuration)
    return configuration
}

/// Runs a test with a pool of its own, closed at the end.
@discardableResult
func withPool<R>(size: Int = 4, _ body: (PostgresPool) async throws -> R) async throws -> R {
    try await withPool(TestServer.configuration(size: size), body)
}

/// Runs a test with a pool of its own, closed at the end.
@discardableResult
func withPool<R>(_ configuration: PoolConfiguration, _ body: (PostgresPool) async throws -> R) async throws -> R {
    let pool = PostgresPool(configuration: configuration, logger: quiet)
    do {
        let value = try await body(pool)
        await pool.close()
        return value
    } catch {
        await pool.close()
        throw error
    }
}

/// Runs a test with a table of its own, dropped at the end.
@discardableResult
func withTable<R>(_ columns: SQL, size: Int = 4, _ body: (PostgresPool, SQL) async throws -> R) async throws -> R {
    try await withPool(size: size) { (pool) async throws in
        let table = SQL.identifier(TestServer.uniqueName("t"))
        try await pool.execute("CREATE TABLE \(table) (\(columns))")
        do {
            let value = try await body(pool, table)
            try await pool.execute("DROP TABLE \(table)")
            return value
        } catch {
            try await pool.execute("DROP TABLE \(table)")
            throw error
        }
    }
}

/// Runs a test with a database of its own, dropped at the end.
@discardableResult
func withDatabase<R>(_ body: (PoolConfiguration) async throws -> R) async throws -> R {
    try await withPool(size: 1) { (pool) async throws in
        let name = TestServer.uniqueName("d")
        try await pool.execute("CREATE DATABASE \(identifier: name)")
        var configuration = try TestServer.configuration()
        configuration.parameters["dbname"] = name
        do {
            let value = try await body(configuration)
            try await pool.execute("DROP DATABASE \(identifier: name) WITH (FORCE)")
            return value
        } catch {
            try await pool.execute("DROP DATABASE \(identifier: name) WITH (FORCE)")
            throw error
        }
    }
}

/// Waits until a condition holds, and fails the test when it does not in time.
func eventually(
    within limit: Duration = .seconds(20), _ what: Comment, sourceLocation: SourceLocation = #_sourceLocation,
    _ condition: () async throws -> Bool
) async throws {
    let deadline = ContinuousClock.now + limit
    while try await !condition() {
        guard ContinuousClock.now < deadline else {
            Issue.record("It did not come about in time: \(what)", sourceLocation: sourceLocation)
            throw DeadlinePassed()
        }
        try await Task.sleep(for: .milliseconds(5))  // sleeps: between two looks, within a deadline
    }
}

struct DeadlinePassed: Error {}

/// Where tasks wait for each other: the first few go on when all of them are there; who comes later does not wait.
actor MeetingPoint {
    private let count: Int
    private var arrived = 0
    private var waiting: [CheckedContinuation<Void, Never>] = []

    init(_ count: Int) {
        self.count = count
    }

    func arrive() async {
        arrived += 1
        guard arrived < count else {
            for continuation in waiting { continuation.resume() }
            waiting = []
            return
        }
        await withCheckedContinuation { waiting.append($0) }
    }
}

/// A number that tasks count up together.
final class Counter: Sendable {
    private let number = Mutex(0)

    func increment() { number.withLock { $0 += 1 } }
    var value: Int { number.withLock { $0 } }
}

extension Queryable {
    /// The server's process behind the connection.
    func processID() async throws -> Int {
        try await first("SELECT pg_backend_pid()", as: Int.self) ?? 0
    }
}

/// The error of our kind that a closure throws.
func postgresError<R>(
    sourceLocation: SourceLocation = #_sourceLocation, _ body: () async throws -> R
) async throws -> PostgresError {
    let error = await #expect(throws: PostgresError.self, sourceLocation: sourceLocation) { _ = try await body() }
    return try #require(error, sourceLocation: sourceLocation)
}
