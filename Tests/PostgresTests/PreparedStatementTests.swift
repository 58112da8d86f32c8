import Testing

@testable import Postgres

@Suite struct PreparedStatementTests {
    private func prepared(_ db: some Queryable) async throws -> Int {
        try await db.first("SELECT count(*) FROM pg_prepared_statements", as: Int.self) ?? 0
    }

    @Test func `a statement is prepared once per connection`() async throws {
        try await withPool(size: 1) { (pool) async throws in
            for n in 0..<5 { #expect(try await pool.first("SELECT \(n) + 1", as: Int.self) == n + 1) }
            let count = try await pool.first(
                "SELECT count(*) FROM pg_prepared_statements WHERE statement = \("SELECT $1 + 1")", as: Int.self)
            #expect(count == 1)
        }
    }

    @Test func `parameters of other types make another statement`() async throws {
        try await withPool(size: 1) { (pool) async throws in
            #expect(try await pool.first("SELECT pg_typeof(\(1))::text", as: String.self) == "bigint")
            #expect(try await pool.first("SELECT pg_typeof(\(true))::text", as: String.self) == "boolean")
            #expect(try await pool.first("SELECT pg_typeof(\(1.5))::text", as: String.self) == "double precision")
        }
    }

    @Test func `the statement not used for the longest time makes room`() async throws {
        try await withPool(configured(size: 1) { $0.statementCacheSize = 4 }) { (pool) async throws in
            for n in 0..<20 {
                #expect(try await pool.first("SELECT 1 -- \(unsafe: "\(n)")", as: Int.self) == 1)
                #expect(try await prepared(pool) <= 4)
            }
            _ = try await pool.pipeline((0..<10).map { SQL(unsafe: "SELECT 2 -- \($0)") })
            for n in 0..<6 { #expect(try await pool.first("SELECT 3 -- \(unsafe: "\(n)")", as: Int.self) == 3) }
            #expect(try await prepared(pool) <= 4)
        }
    }

    @Test func `with preparing turned off nothing is prepared`() async throws {
        try await withTable("n int, s text") { owner, table in
            try await withPool(configured(size: 1) { $0.preparedStatements = false }) { (pool) async throws in
                for n in 0..<3 { try await pool.execute("INSERT INTO \(table) VALUES (\(n), \("x"))") }
                #expect(try await pool.query("SELECT n FROM \(table) ORDER BY n", as: Int.self) == [0, 1, 2])
                let results = try await pool.pipeline(["SELECT \(1)", "SELECT \("a")"])
                #expect(try results[1].decode(as: String.self) == ["a"])
                try await pool.transaction { try await $0.execute("DELETE FROM \(table) WHERE n = \(0)") }
                #expect(try await pool.copyIn("\(identifierOf: table)", columns: ["n", "s"], rows: [[7, "y"]]) == 1)
                #expect(try await pool.query("SELECT n FROM \(table) ORDER BY n", as: Int.self, beginning: ["SELECT 1"]) == [1, 2, 7])
                #expect(try await prepared(pool) == 0)
                let error = try await postgresError { try await pool.execute("INSERT INTO \(table) VALUES ('x')") }
                #expect(error.sqlState == .invalidTextRepresentation)
                #expect(pool.connectionCount == (1, 1))
            }
        }
    }

    @Test func `a table that changes under a prepared statement is no error`() async throws {
        try await withTable("a int", size: 1) { (pool, table) async throws in
            try await pool.execute("INSERT INTO \(table) VALUES (1)")
            let everything: SQL = "SELECT * FROM \(table)"
            #expect(try await pool.query(everything).columnNames == ["a"])
            try await pool.execute("ALTER TABLE \(table) ADD b int")
            #expect(try await pool.query(everything).columnNames == ["a", "b"])
            try await pool.execute("ALTER TABLE \(table) ADD c int")
            #expect(try await pool.query(everything, as: Int.self, beginning: ["SELECT 1"]) == [1])
            try await pool.execute("ALTER TABLE \(table) ADD d int")
            let names = try await pool.transaction { try await $0.query(everything).columnNames }
            #expect(names == ["a", "b", "c", "d"])
        }
    }

    @Test func `prepared statements thrown away behind our back are prepared again`() async throws {
        try await withPool(size: 1) { (pool) async throws in
            let process = try await pool.processID()
            #expect(try await pool.first("SELECT 5", as: Int.self) == 5)
            try await pool.execute("DEALLOCATE ALL")
            #expect(try await pool.first("SELECT 5", as: Int.self) == 5)
            #expect(try await pool.processID() == process)
        }
    }
}

extension String.StringInterpolation {
    /// The name within a quoted identifier, for functions that quote by themselves.
    mutating func appendInterpolation(identifierOf sql: SQL) {
        appendLiteral(sql.text.filter { $0 != "\"" })
    }
}
