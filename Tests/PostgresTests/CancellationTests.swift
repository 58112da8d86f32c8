import Testing

@testable import Postgres

@Suite struct CancellationTests {
    private func isRunning(_ process: Int, _ observer: PostgresPool) async throws -> Bool {
        try await observer.first("SELECT count(*) FROM pg_stat_activity WHERE pid = \(process) AND state = 'active'", as: Int.self) == 1
    }

    @Test func `cancelling a task stops its statement at the server, and the connection stays`() async throws {
        try await withPool(size: 1) { (pool) async throws in
            try await withPool(size: 1) { (observer) async throws in
                let process = try await pool.processID()
                let start = ContinuousClock.now
                let task = Task { try await pool.execute("SELECT pg_sleep(600)") }
                try await eventually("the statement runs") { try await isRunning(process, observer) }
                task.cancel()
                await #expect(throws: CancellationError.self) { _ = try await task.value }
                #expect(try await !isRunning(process, observer))
                #expect(ContinuousClock.now - start < .seconds(30))
                #expect(try await pool.processID() == process)
            }
        }
    }

    @Test func `cancelling a transaction rolls it back, and the connection stays`() async throws {
        try await withTable("n int", size: 1) { (pool, table) async throws in
            try await withPool(size: 1) { (observer) async throws in
                let process = try await pool.processID()
                let task = Task {
                    try await pool.transaction { db in
                        try await db.execute("INSERT INTO \(table) VALUES (1)")
                        try await db.savepoint { _ = try await $0.execute("SELECT pg_sleep(600)") }
                    }
                }
                try await eventually("the statement runs") {
                    try await observer.first("SELECT count(*) FROM pg_stat_activity WHERE pid = \(process) AND query LIKE '%pg_sleep%'", as: Int.self)
                        == 1
                }
                task.cancel()
                await #expect(throws: CancellationError.self) { try await task.value }
                #expect(try await pool.query("SELECT n FROM \(table)", as: Int.self).isEmpty)
                #expect(try await pool.processID() == process)
            }
        }
    }

    @Test func `a pipeline is cancelled as a statement is`() async throws {
        try await withPool(size: 1) { (pool) async throws in
            try await withPool(size: 1) { (observer) async throws in
                let process = try await pool.processID()
                let task = Task { try await pool.pipeline(["SELECT 1", "SELECT pg_sleep(600)", "SELECT 2"]) }
                try await eventually("the statement runs") { try await isRunning(process, observer) }
                task.cancel()
                await #expect(throws: CancellationError.self) { _ = try await task.value }
                #expect(try await pool.processID() == process)
            }
        }
    }

    @Test func `a task that is cancelled already sends nothing`() async throws {
        try await withTable("n int") { (pool, table) async throws in
            let task = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                try await pool.execute("INSERT INTO \(table) VALUES (1)")
            }
            await #expect(throws: CancellationError.self) { try await task.value }
            #expect(try await pool.query("SELECT n FROM \(table)", as: Int.self).isEmpty)
        }
    }

    @Test func `a cancellation never hits the statement after its own`() async throws {
        try await withPool(size: 1) { (pool) async throws in
            for round in 0..<200 {
                let task = Task { try await pool.execute("SELECT pg_sleep(0.0005)") }
                if round % 2 == 0 { await Task.yield() }
                task.cancel()
                _ = await task.result
                #expect(try await pool.first("SELECT \(round)", as: Int.self) == round)
            }
        }
    }

    @Test func `the server's timeout of a statement is an error of the server`() async throws {
        try await withPool(configured(size: 1) { $0.statementTimeout = .milliseconds(50) }) { (pool) async throws in
            let error = try await postgresError { try await pool.execute("SELECT pg_sleep(600)") }
            #expect(error.kind == .server)
            #expect(error.sqlState == .queryCanceled)
            try await pool.transaction { db in
                try await db.setStatementTimeout(.seconds(60))
                try await db.execute("SELECT pg_sleep(0.06)")
            }
        }
    }

    @Test func `the timeout of a lock is an error of the server`() async throws {
        try await withTable("n int") { (pool, table) async throws in
            try await pool.transaction { db in
                try await db.execute("LOCK TABLE \(table)")
                let error = try await postgresError {
                    try await pool.transaction { other in
                        try await other.setLockTimeout(.milliseconds(50))
                        try await other.execute("INSERT INTO \(table) VALUES (1)")
                    }
                }
                #expect(error.sqlState == .lockNotAvailable)
            }
        }
    }
}
