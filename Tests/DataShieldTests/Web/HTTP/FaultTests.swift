import DataShieldTestSupport
import Foundation
import Logging
import Postgres
import Testing

@testable import DataShield

/// The database goes away under a running server.
@Suite(.freshDatabasePerTest) struct FaultTests {
    /// A connection to the server's own database, from where another can be closed.
    private func withServerConnection(_ body: (PostgresPool) async throws -> Void) async throws {
        let url = try #require(ProcessInfo.processInfo.environment["TEST_DATABASE_URL"])
        let pool = PostgresPool(configuration: PoolConfiguration(url), logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let result: Result<Void, any Error>
        do { result = .success(try await body(pool)) } catch { result = .failure(error) }
        await pool.close()
        try result.get()
    }

    private func terminateAll(_ pool: PostgresPool, _ database: String) async throws {
        try await pool.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = \(database) AND pid <> pg_backend_pid()")
    }

    @Test func `without its database the server answers 503, and works again when it is back`() async throws {
        let name = TestDatabase.current.name
        try await withServer { (client) async throws in
            #expect(try await client.get("/api/company").status == 200)
            try await withServerConnection { pool in
                try await pool.execute("ALTER DATABASE \(identifier: name) WITH ALLOW_CONNECTIONS false")
                try await terminateAll(pool, name)
                let answer = try await client.get("/api/company")
                #expect(answer.status == 503)
                #expect(answer.header("Retry-After") != nil)
                #expect(answer.header("Content-Type") == "application/problem+json")
                #expect(!answer.text.contains("postgres"), "no detail of ours")
                #expect(try await client.get("/api/health").status == 503)
                #expect(try await client.anonymous.post("/api/auth/login", ["email": "a@b.example", "password": "x"]).status == 503)
                try await pool.execute("ALTER DATABASE \(identifier: name) WITH ALLOW_CONNECTIONS true")
                #expect(try await client.get("/api/company").status == 200)
                #expect(try await client.get("/api/health").status == 200)
            }
        }
    }

    @Test func `what a page loads comes without the database`() async throws {
        let name = TestDatabase.current.name
        let clock = MovableClock()
        try await withServer(now: clock.now) { (client) async throws in
            #expect(try await client.get("/alerts").status == 200)
            try await withServerConnection { pool in
                try await pool.execute("ALTER DATABASE \(identifier: name) WITH ALLOW_CONNECTIONS false")
                try await terminateAll(pool, name)
                // Who is signed in is remembered for some seconds only.
                clock.advance(60)
                let page = try await client.get("/alerts")
                #expect(page.status == 503)
                #expect(page.text.contains("<h1>Not available just now</h1>"))
                #expect(try await client.get("/assets/css/tokens.css").status == 200)
                #expect(try await client.get("/favicon.ico").status == 200)
                try await pool.execute("ALTER DATABASE \(identifier: name) WITH ALLOW_CONNECTIONS true")
            }
        }
    }

    @Test func `connections that break under load fail single requests and nothing else`() async throws {
        let name = TestDatabase.current.name
        try await withServer { client in
            try await withServerConnection { pool in
                let statuses = try await withThrowingTaskGroup(of: [Int].self) { group in
                    for _ in 0..<6 {
                        group.addTask {
                            var statuses: [Int] = []
                            for _ in 0..<60 { statuses.append(try await client.get("/api/company").status) }
                            return statuses
                        }
                    }
                    for _ in 0..<5 {
                        try await terminateAll(pool, name)
                        _ = try await client.get("/api/users")
                    }
                    return try await group.reduce(into: [Int]()) { $0 += $1 }
                }
                #expect(statuses.count == 360)
                #expect(Set(statuses).isSubset(of: [200, 503]), "\(Set(statuses))")
                #expect(statuses.contains(200))
                #expect(try await client.get("/api/company").status == 200)
            }
        }
    }

    @Test func `a full disk is told as what it is`() async throws {
        do {
            try await TestDatabase.current.owner.execute("DO $$ BEGIN RAISE EXCEPTION 'full' USING ERRCODE = '53100'; END $$")
            Issue.record("There was no error.")
        } catch {
            let refusal = Refusal(error)
            #expect(refusal.status == .serviceUnavailable)
            #expect(refusal.detail.contains("disk"))
            #expect(refusal.logLevel == .critical)
        }
    }

    @Test func `a deadlock that stays is told as something that passes`() async throws {
        let error = await #expect(throws: PostgresError.self) {
            try await TestDatabase.current.owner.execute("DO $$ BEGIN RAISE EXCEPTION 'met' USING ERRCODE = '40P01'; END $$")
        }
        let refusal = Refusal(try #require(error))
        #expect(refusal.status == .serviceUnavailable)
        #expect(refusal.headers[.retryAfter] == "1")
        #expect(refusal.logLevel == .warning)
    }

    private func asks(_ refusal: Refusal) async -> Bool {
        var asked = false
        let signedIn = await FrontResponder.owner(of: refusal) {
            asked = true
            return nil
        }
        #expect(signedIn == nil)
        return asked
    }

    @Test func `an error page asks a database that is away for nothing`() async throws {
        let owner = TestDatabase.current.owner
        try await owner.execute(
            """
            CREATE FUNCTION raise_for_fault(state text) RETURNS void LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'as asked' USING ERRCODE = state; END $$
            """)
        for (state, isAway) in [("57P01", true), ("53300", true), ("57P03", true), ("53100", false), ("40P01", false), ("22012", false)] {
            let error = await #expect(throws: PostgresError.self) { try await owner.execute("SELECT raise_for_fault(\(state))") }
            let asked = await asks(Refusal(try #require(error)))
            #expect(asked == !isAway, "\(state)")
        }
        let asked = await asks(Refusal(HTTPFailure.notFound))
        #expect(asked)
    }

    @Test func `an error that nobody foresaw is told in plain words`() async throws {
        do {
            try await TestDatabase.current.owner.execute("SELECT 1/0 AS secret_column")
            Issue.record("There was no error.")
        } catch {
            let refusal = Refusal(error)
            #expect(refusal.status == .internalServerError)
            #expect(!refusal.detail.contains("secret") && !refusal.detail.contains("division"))
            #expect(refusal.logLevel == .error)
        }
    }

    @Test func `a clock that jumps back neither opens nor locks anything for long`() async throws {
        let clock = MovableClock()
        try await withServer(now: clock.now) { (client) async throws in
            #expect(try await client.get("/api/me").status == 200)
            clock.advance(-3600)
            #expect(try await client.get("/api/me").status == 200)
            clock.advance(2 * 3600)
            #expect(try await client.get("/api/me").status == 200)
        }
    }
}
