import Testing

@testable import Postgres

@Suite struct ErrorTests {
    @Test func `a violated constraint is told with its name, table and column`() async throws {
        let columns: SQL = """
            id int PRIMARY KEY, name text NOT NULL, age int CONSTRAINT people_are_born CHECK (age >= 0)
            """
        try await withTable(columns) { (pool, table) async throws in
            try await pool.execute("INSERT INTO \(table) VALUES (1, 'Ada', 36)")
            let unique = try await postgresError { try await pool.execute("INSERT INTO \(table) VALUES (1, 'Bob', 1)") }
            #expect(unique.isUniqueViolation)
            #expect(unique.constraint?.hasSuffix("_pkey") == true)
            #expect(unique.schema == "public")
            #expect(unique.table.map { SQL.identifier($0).text } == table.text)
            let null = try await postgresError { try await pool.execute("INSERT INTO \(table) VALUES (2, NULL, 1)") }
            #expect(null.isNotNullViolation)
            #expect(null.column == "name")
            let check = try await postgresError { try await pool.execute("INSERT INTO \(table) VALUES (2, 'Bob', -1)") }
            #expect(check.isCheckViolation)
            #expect(check.constraint == "people_are_born")
        }
    }

    @Test func `a foreign key is told apart`() async throws {
        try await withTable("id int PRIMARY KEY") { (pool, parent) async throws in
            try await withTable("id int REFERENCES \(parent)") { (pool, child) async throws in
                let error = try await postgresError { try await pool.execute("INSERT INTO \(child) VALUES (5)") }
                #expect(error.isForeignKeyViolation)
            }
        }
    }

    @Test func `an error's description shows no value, its reflection everything`() async throws {
        try await withTable("email text UNIQUE") { (pool, table) async throws in
            try await pool.execute("INSERT INTO \(table) VALUES (\("ada@example.com"))")
            let error = try await postgresError { try await pool.execute("INSERT INTO \(table) VALUES (\("ada@example.com"))") }
            #expect(!"\(error)".contains("ada@example.com"))
            #expect("\(error)".contains("unique violation (23505), constraint"))
            #expect(String(reflecting: error).contains("ada@example.com"))
            let invalid = try await postgresError { try await pool.execute("SELECT \("secret")::int") }
            #expect(!"\(invalid)".contains("secret"))
            #expect(String(reflecting: invalid).contains("secret"))
        }
    }

    @Test func `what a log may have of an error names the statement and no value`() async throws {
        try await withTable("email text UNIQUE") { (pool, table) async throws in
            let insert: SQL = "INSERT INTO \(table)\n    VALUES (\("ada@example.com"))"
            try await pool.execute(insert)
            let error = try await postgresError { try await pool.execute(insert) }
            let text = PostgresError.logText(of: error)
            #expect(!text.contains("ada@example.com"))
            #expect(text.contains("unique violation (23505), constraint"))
            #expect(text.contains("severity ERROR"))
            #expect(text.hasSuffix("statement: INSERT INTO \(table.text) VALUES ($1)"))
            let raised = try await postgresError { try await pool.execute("SELECT \("ada@example.com")::int") }
            #expect(!PostgresError.logText(of: raised).contains("ada@"))
            struct Other: Error { var name = "of another kind" }
            #expect(PostgresError.logText(of: Other()).contains("of another kind"))
        }
    }

    @Test func `a mistake in a statement is told with its place`() async throws {
        try await withPool(size: 1) { (pool) async throws in
            let error = try await postgresError { try await pool.execute("SELECT nothing") }
            #expect(error.sqlState == .undefinedColumn)
            #expect(error.position == 8)
            #expect(error.statement == "SELECT nothing")
            #expect(!error.isUnavailable && !error.isRetryable)
        }
    }

    @Test func `too many parameters are refused before they are sent`() async throws {
        try await withPool(size: 1) { (pool) async throws in
            let many = (0...65535).map { "\($0)" as SQL }.joined(separator: ", ")
            let error = try await postgresError { try await pool.execute("SELECT \(many)") }
            #expect(error.kind == .invalidParameter)
        }
    }
}
