import Testing

@testable import Postgres

@Suite struct TransactionTests {
    struct Changed: Error {}

    @Test func `what a transaction did is there when its closure returns`() async throws {
        try await withTable("n int") { (pool, table) async throws in
            let answer = try await pool.transaction { db in
                try await db.execute("INSERT INTO \(table) VALUES (1), (2)")
                return "done"
            }
            #expect(answer == "done")
            #expect(try await pool.query("SELECT n FROM \(table) ORDER BY n", as: Int.self) == [1, 2])
        }
    }

    @Test func `what a transaction did is undone when its closure throws`() async throws {
        try await withTable("n int", size: 1) { (pool, table) async throws in
            let process = try await pool.processID()
            await #expect(throws: Changed.self) {
                try await pool.transaction { db in
                    try await db.execute("INSERT INTO \(table) VALUES (1)")
                    throw Changed()
                }
            }
            #expect(try await pool.query("SELECT n FROM \(table)", as: Int.self).isEmpty)
            #expect(try await pool.processID() == process)
        }
    }

    @Test func `statements are sent with BEGIN and hold for the transaction only`() async throws {
        try await withPool(size: 1) { (pool) async throws in
            let inside = try await pool.transaction(beginning: ["SELECT set_config('app.tenant', \("acme"), true)"]) { db in
                try await db.first("SELECT current_setting('app.tenant')", as: String.self)
            }
            #expect(inside == "acme")
            #expect(try await pool.first("SELECT coalesce(current_setting('app.tenant', true), '')", as: String.self) == "")
        }
    }

    @Test func `a failing beginning leaves no transaction behind`() async throws {
        try await withPool(size: 1) { (pool) async throws in
            let process = try await pool.processID()
            let error = try await postgresError {
                try await pool.transaction(beginning: ["SELECT 1/0"]) { db in try await db.execute("SELECT 1") }
            }
            #expect(error.sqlState?.rawValue == "22012")
            #expect(try await pool.processID() == process)
        }
    }

    @Test func `isolation and read-only are the server's business`() async throws {
        try await withTable("n int") { (pool, table) async throws in
            for isolation in [Isolation.readCommitted, .repeatableRead, .serializable] {
                let level = try await pool.transaction(isolation: isolation) { try await $0.first("SHOW transaction_isolation", as: String.self) }
                #expect(level?.uppercased() == isolation.rawValue)
            }
            let error = try await postgresError {
                try await pool.transaction(readOnly: true) { try await $0.execute("INSERT INTO \(table) VALUES (1)") }
            }
            #expect(error.sqlState == .readOnlyTransaction)
        }
    }

    @Test func `a savepoint fails by itself`() async throws {
        try await withTable("n int PRIMARY KEY") { (pool, table) async throws in
            try await pool.transaction { db in
                try await db.execute("INSERT INTO \(table) VALUES (1)")
                let error = try await postgresError {
                    try await db.savepoint { part in
                        try await part.execute("INSERT INTO \(table) VALUES (2)")
                        try await part.execute("INSERT INTO \(table) VALUES (1)")
                    }
                }
                #expect(error.isUniqueViolation)
                try await db.savepoint { part in
                    try await part.execute("INSERT INTO \(table) VALUES (3)")
                    await #expect(throws: Changed.self) {
                        try await part.savepoint { inner in
                            try await inner.execute("INSERT INTO \(table) VALUES (4)")
                            throw Changed()
                        }
                    }
                    try await part.execute("INSERT INTO \(table) VALUES (5)")
                }
            }
            #expect(try await pool.query("SELECT n FROM \(table) ORDER BY n", as: Int.self) == [1, 3, 5])
        }
    }

    @Test func `of two transactions that change what both have read one is done again`() async throws {
        try await withTable("n int") { (pool, table) async throws in
            try await pool.execute("INSERT INTO \(table) VALUES (0)")
            let attempts = Counter()
            let meeting = MeetingPoint(2)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 0..<2 {
                    group.addTask {
                        try await pool.transaction(isolation: .serializable) { db in
                            attempts.increment()
                            let n = try await db.first("SELECT n FROM \(table)", as: Int.self) ?? 0
                            await meeting.arrive()
                            try await db.execute("UPDATE \(table) SET n = \(n + 1)")
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await pool.first("SELECT n FROM \(table)", as: Int.self) == 2)
            #expect(attempts.value == 3)
        }
    }

    @Test func `a deadlock is broken and the loser done again`() async throws {
        try await withTable("id int PRIMARY KEY, n int") { (pool, table) async throws in
            try await pool.execute("INSERT INTO \(table) VALUES (1, 0), (2, 0)")
            let attempts = Counter()
            let meeting = MeetingPoint(2)
            try await withThrowingTaskGroup(of: Void.self) { group in
                for order in [[1, 2], [2, 1]] {
                    group.addTask {
                        try await pool.transaction(beginning: ["SET LOCAL deadlock_timeout = '20ms'"]) { db in
                            attempts.increment()
                            try await db.execute("UPDATE \(table) SET n = n + 1 WHERE id = \(order[0])")
                            await meeting.arrive()
                            try await db.execute("UPDATE \(table) SET n = n + 1 WHERE id = \(order[1])")
                        }
                    }
                }
                try await group.waitForAll()
            }
            #expect(try await pool.query("SELECT n FROM \(table)", as: Int.self) == [2, 2])
            #expect(attempts.value == 3)
        }
    }

    @Test func `retrying has an end`() async throws {
        try await withPool { (pool) async throws in
            let attempts = Counter()
            let error = try await postgresError {
                try await pool.transaction(retries: 2) { db in
                    attempts.increment()
                    try await db.execute("DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$")
                }
            }
            #expect(error.sqlState == .serializationFailure)
            #expect(attempts.value == 3)
        }
    }

    @Test func `an error caught within a transaction does not pass for a commit`() async throws {
        try await withTable("n int") { (pool, table) async throws in
            let error = try await postgresError {
                try await pool.transaction { db in
                    try await db.execute("INSERT INTO \(table) VALUES (1)")
                    _ = try await postgresError { try await db.execute("SELECT 1/0") }
                }
            }
            #expect(error.kind == .misuse)
            #expect(try await pool.query("SELECT n FROM \(table)", as: Int.self).isEmpty)
        }
    }

    @Test func `a deferred constraint fails the commit and is told`() async throws {
        try await withTable("n int UNIQUE DEFERRABLE INITIALLY DEFERRED", size: 1) { (pool, table) async throws in
            let error = try await postgresError {
                try await pool.transaction { try await $0.execute("INSERT INTO \(table) VALUES (1), (1)") }
            }
            #expect(error.isUniqueViolation)
            #expect(try await pool.query("SELECT n FROM \(table)", as: Int.self).isEmpty)
        }
    }

    @Test func `a transaction cannot be used after its end or begun within another`() async throws {
        try await withPool(size: 1) { (pool) async throws in
            let kept = try await pool.transaction { $0 }
            #expect(try await postgresError { try await kept.execute("SELECT 1") }.kind == .misuse)
            try await pool.withConnection { connection in
                let inner = try await connection.transaction { $0 }
                #expect(try await postgresError { try await inner.execute("SELECT 1") }.kind == .misuse)
                try await connection.execute("BEGIN")
                #expect(try await postgresError { try await connection.transaction { _ in } }.kind == .misuse)
                try await connection.execute("ROLLBACK")
            }
        }
    }

    @Test func `a pipeline takes effect as a whole or not at all`() async throws {
        try await withTable("n int PRIMARY KEY", size: 1) { (pool, table) async throws in
            let process = try await pool.processID()
            let results = try await pool.pipeline([
                "INSERT INTO \(table) VALUES (1)", "SELECT n FROM \(table)", "INSERT INTO \(table) VALUES (\(2)), (\(3))",
            ])
            #expect(results.map(\.affectedRows) == [1, 1, 2])
            #expect(try results[1].decode(as: Int.self) == [1])
            let error = try await postgresError {
                _ = try await pool.pipeline(["INSERT INTO \(table) VALUES (4)", "INSERT INTO \(table) VALUES (1)", "INSERT INTO \(table) VALUES (5)"])
            }
            #expect(error.isUniqueViolation)
            _ = try await postgresError { _ = try await pool.pipeline(["BEGIN", "INSERT INTO \(table) VALUES (4)", "SELECT nothing", "COMMIT"]) }
            #expect(try await pool.query("SELECT n FROM \(table) ORDER BY n", as: Int.self) == [1, 2, 3])
            #expect(try await pool.pipeline([]).isEmpty)
            #expect(try await pool.processID() == process)
        }
    }

    @Test func `a query with a beginning is one transaction in one round trip`() async throws {
        try await withPool(size: 1) { (pool) async throws in
            let tenant = try await pool.query(
                "SELECT current_setting('app.tenant')", as: String.self, beginning: ["SELECT set_config('app.tenant', \("acme"), true)"])
            #expect(tenant == ["acme"])
            #expect(try await pool.first("SELECT coalesce(current_setting('app.tenant', true), '')", as: String.self) == "")
        }
    }

    @Test func `a pipeline of much data in both directions does not lock up`() async throws {
        try await withPool(size: 1) { (pool) async throws in
            let large = String(repeating: "x", count: 1_000_000)
            let results = try await pool.pipeline((0..<20).map { _ in "SELECT \(large)::text" as SQL })
            #expect(try results.allSatisfy { try $0.decode(as: String.self) == [large] })
        }
    }
}
