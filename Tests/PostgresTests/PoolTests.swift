import Logging
import ServiceLifecycle
import Testing

@testable import Postgres

@Suite struct PoolTests {
    @Test func `a pool opens no more connections than it may, and uses them again`() async throws {
        try await withPool(size: 3) { (pool) async throws in
            try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<30 { group.addTask { try await pool.processID() } }
                var processes: Set<Int> = []
                for try await process in group { processes.insert(process) }
                #expect(processes.count <= 3)
            }
            #expect(pool.connectionCount.total <= 3)
            #expect(pool.connectionCount.idle == pool.connectionCount.total)
        }
    }

    @Test func `one who waits in vain for a connection is told so in time`() async throws {
        try await withPool(configured(size: 1) { $0.acquireTimeout = .milliseconds(50) }) { (pool) async throws in
            try await pool.withConnection { _ in
                let error = try await postgresError { try await pool.execute("SELECT 1") }
                #expect(error.kind == .poolTimeout)
                #expect(error.isUnavailable)
            }
            #expect(try await pool.first("SELECT 1", as: Int.self) == 1)
        }
    }

    @Test func `who waits gets the connection when it comes back, in turn`() async throws {
        try await withPool(size: 1) { (pool) async throws in
            let meeting = MeetingPoint(2)
            async let first: Void = pool.withConnection { connection in
                await meeting.arrive()
                try await connection.execute("SELECT pg_sleep(0.05)")
            }
            await meeting.arrive()
            #expect(try await pool.first("SELECT 2", as: Int.self) == 2)
            try await first
        }
    }

    @Test func `one who is cancelled while waiting stops waiting`() async throws {
        try await withPool(configured(size: 1) { $0.acquireTimeout = .seconds(60) }) { (pool) async throws in
            try await pool.withConnection { _ in
                let waiting = Task { try await pool.execute("SELECT 1") }
                waiting.cancel()
                await #expect(throws: CancellationError.self) { _ = try await waiting.value }
            }
            #expect(try await pool.first("SELECT 1", as: Int.self) == 1)
        }
    }

    @Test func `a connection cannot be kept`() async throws {
        try await withPool(size: 1) { (pool) async throws in
            let kept = try await pool.withConnection { $0 }
            let error = try await postgresError { try await kept.execute("SELECT 1") }
            #expect(error.kind == .misuse)
            #expect(try await pool.first("SELECT 1", as: Int.self) == 1)
        }
    }

    /// What can be left open on a connection.
    enum Rest: CaseIterable, Sendable {
        case transaction, failedTransaction, savepoint, pipelinedTransaction, scriptedTransaction, readOnlyTransaction, copyByQuery, runningStatement,
            lostConnection
    }

    @Test(arguments: Rest.allCases)
    func `a connection that comes back in the middle of something is never lent again`(_ rest: Rest) async throws {
        try await withPool(size: 1) { (pool) async throws in
            try await withPool(size: 1) { (observer) async throws in
                let process = try await pool.withConnection { connection in
                    let process = try await connection.processID()
                    try await leave(rest, connection, process, observer)
                    return process
                }
                #expect(try await pool.processID() != process)
                #expect(pool.connectionCount.total == 1)
                try await eventually("the server ended what was left open") {
                    try await observer.first("SELECT count(*) FROM pg_stat_activity WHERE pid = \(process)", as: Int.self) == 0
                }
            }
        }
    }

    private func leave(_ rest: Rest, _ connection: Connection, _ process: Int, _ observer: PostgresPool) async throws {
        switch rest {
        case .transaction: try await connection.execute("BEGIN")
        case .readOnlyTransaction: try await connection.execute("BEGIN READ ONLY")
        case .failedTransaction:
            try await connection.execute("BEGIN")
            _ = try await postgresError { try await connection.execute("SELECT 1/0") }
        case .savepoint: for sql: SQL in ["BEGIN", "SAVEPOINT a", "SELECT 1"] { try await connection.execute(sql) }
        case .pipelinedTransaction: _ = try await connection.pipeline(["BEGIN", "SELECT 1"])
        case .scriptedTransaction: try await connection.executeScript("BEGIN; SELECT 1; SELECT 2")
        case .copyByQuery: #expect(try await postgresError { try await connection.execute("COPY (SELECT 1) TO STDOUT") }.kind == .misuse)
        case .runningStatement:
            // Free-standing on purpose: it is still at work when the connection goes back.
            Task { try await connection.execute("SELECT pg_sleep(600)") }
            try await eventually("the statement runs") {
                try await observer.first(
                    "SELECT count(*) FROM pg_stat_activity WHERE pid = \(process) AND query LIKE '%pg_sleep(600)%'", as: Int.self) == 1
            }
        case .lostConnection:
            try await observer.execute("SELECT pg_terminate_backend(\(process)::int)")
            #expect(try await postgresError { try await connection.execute("SELECT pg_sleep(600)") }.kind == .connectionLost)
        }
    }

    @Test func `a connection on which a statement failed is used again`() async throws {
        try await withPool(size: 1) { (pool) async throws in
            let process = try await pool.processID()
            _ = try await postgresError { try await pool.execute("SELECT 1/0") }
            _ = try await postgresError { try await pool.execute("SELEKT") }
            _ = try await postgresError { try await pool.execute("SELECT \("\0")") }
            #expect(try await pool.processID() == process)
        }
    }

    @Test func `connections that the server ended while idle are replaced unnoticed`() async throws {
        try await withPool(configured(size: 4) { $0.applicationName = TestServer.uniqueName("idle") }) { (pool) async throws in
            try await withPool(size: 1) { (observer) async throws in
                let meeting = MeetingPoint(4)
                try await withThrowingTaskGroup(of: Void.self) { group in
                    for _ in 0..<4 {
                        group.addTask {
                            try await pool.withConnection { connection in
                                try await connection.execute("SELECT 1")
                                await meeting.arrive()
                            }
                        }
                    }
                    try await group.waitForAll()
                }
                #expect(pool.connectionCount.idle == 4)
                let name = pool.configuration.applicationName
                try await observer.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = \(name)")
                try await eventually("they are gone") {
                    try await observer.first("SELECT count(*) FROM pg_stat_activity WHERE application_name = \(name)", as: Int.self) == 0
                }
                for n in 0..<8 { #expect(try await pool.first("SELECT \(n)", as: Int.self) == n) }
            }
        }
    }

    @Test func `a connection lost at work is an error, and the next one works`() async throws {
        try await withPool(size: 1) { (pool) async throws in
            try await withPool(size: 1) { (observer) async throws in
                let process = try await pool.processID()
                async let working: Int = pool.execute("SELECT pg_sleep(600)")
                try await eventually("the statement runs") {
                    try await observer.first("SELECT count(*) FROM pg_stat_activity WHERE pid = \(process) AND state = 'active'", as: Int.self) == 1
                }
                try await observer.execute("SELECT pg_terminate_backend(\(process)::int)")
                do {
                    _ = try await working
                    Issue.record("The statement ended as if nothing had happened.")
                } catch let error as PostgresError {
                    #expect(error.kind == .connectionLost)
                    #expect(error.isUnavailable)
                }
                #expect(try await pool.first("SELECT 1", as: Int.self) == 1)
            }
        }
    }

    @Test func `a server that is away is tried until the time is up, and then told`() async throws {
        let change: (inout PoolConfiguration) -> Void = {
            $0.parameters["port"] = "1"
            $0.acquireTimeout = .milliseconds(300)
        }
        try await withPool(configured(size: 2, change)) { (pool) async throws in
            let start = ContinuousClock.now
            let error = try await postgresError { try await pool.execute("SELECT 1") }
            #expect(error.kind == .connectionFailed)
            #expect(error.isUnavailable)
            #expect(ContinuousClock.now - start > .milliseconds(100))
            #expect(pool.connectionCount.total == 0)
        }
    }

    @Test func `a database that does not exist is told at once, without the connection string`() async throws {
        try await withPool(configured(size: 1) { $0.parameters["dbname"] = "no_such_database" }) { (pool) async throws in
            let error = try await postgresError { try await pool.execute("SELECT 1") }
            #expect(error.kind == .connectionFailed)
            #expect("\(error)" == "There is no connection to PostgreSQL")
            #expect(String(reflecting: error).contains("no_such_database"))
        }
    }

    @Test func `a connection has the role, the timeouts and the time zone of its configuration`() async throws {
        let role = TestServer.uniqueName("r")
        try await withPool(size: 1) { (pool) async throws in
            try await pool.execute("CREATE ROLE \(identifier: role)")
            let change: (inout PoolConfiguration) -> Void = {
                $0.role = role
                $0.statementTimeout = .seconds(7)
                $0.lockTimeout = .milliseconds(1500)
            }
            for prepared in [true, false] {
                var configuration = try configured(size: 1, change)
                configuration.preparedStatements = prepared
                let settings = try await withPool(configuration) { (pool) async throws in
                    try await pool.query(
                        """
                        SELECT unnest(ARRAY[current_user::text, current_setting('statement_timeout'), current_setting('lock_timeout'),
                                            current_setting('TimeZone')])
                        """, as: String.self)
                }
                #expect(settings == [role, "7s", "1500ms", "UTC"])
            }
            try await pool.execute("DROP ROLE \(identifier: role)")
        }
    }

    @Test func `a pool that is closed says so, also to those who wait`() async throws {
        try await withPool(size: 1) { (pool) async throws in
            let meeting = MeetingPoint(2)
            async let closing: Void = pool.withConnection { _ in
                async let waiting = postgresError { try await pool.execute("SELECT 1") }
                await meeting.arrive()
                let kind = try await waiting.kind
                #expect(kind == .poolClosed)
            }
            await meeting.arrive()
            await pool.close()
            try await closing
            #expect(try await postgresError { try await pool.execute("SELECT 1") }.kind == .poolClosed)
            #expect(pool.connectionCount == (0, 0))
        }
    }

    @Test func `as a service it ends when told to, after what is under way`() async throws {
        let pool = PostgresPool(configuration: try TestServer.configuration(size: 2), logger: quiet)
        let group = ServiceGroup(configuration: .init(services: [.init(service: pool)], logger: quiet))
        let meeting = MeetingPoint(2)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            tasks.addTask {
                try await pool.transaction { db in
                    await meeting.arrive()
                    try await db.execute("SELECT pg_sleep(0.05)")
                }
            }
            await meeting.arrive()
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
        #expect(pool.connectionCount == (0, 0))
    }
}
