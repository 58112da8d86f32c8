import Testing

@testable import Postgres

@Suite struct SQLTests {
    @Test func `an interpolated value becomes a bind`() {
        let name = "Robert'); DROP TABLE people;--"
        let sql: SQL = "SELECT * FROM people WHERE name = \(name) AND age > \(5)"
        #expect(sql.text == "SELECT * FROM people WHERE name = $1 AND age > $2")
        #expect(sql.binds.count == 2)
    }

    @Test func `a fragment is put in with its binds renumbered`() {
        let filter: SQL = "(b = \(2) OR c = \("x"))"
        let sql: SQL = "SELECT \(1) WHERE \(filter) AND d = \(true)"
        #expect(sql.text == "SELECT $1 WHERE (b = $2 OR c = $3) AND d = $4")
        #expect(sql.binds.map(\.type) == [.int8, .int8, .inferred, .bool])
    }

    @Test func `renumbering survives more than nine binds and dollars in the text`() {
        let twelve = (1...12).map { "\($0)" as SQL }.joined(separator: ", ")
        let sql: SQL = "SELECT '$1', \(0) WHERE x IN (\(twelve)) AND y = '$2ä' AND z = \(1)"
        let numbers = (2...13).map { "$\($0)" }.joined(separator: ", ")
        #expect(sql.text == "SELECT '$1', $1 WHERE x IN (\(numbers)) AND y = '$2ä' AND z = $14")
        #expect(sql.binds.count == 14)
    }

    @Test func `fragments add up`() {
        var sql: SQL = "SELECT \(1)"
        sql += " + \(2)"
        sql = sql + " + \(3)"
        sql.append("")
        #expect(sql.text == "SELECT $1 + $2 + $3")
        #expect(SQL().isEmpty)
    }

    @Test func `an identifier is quoted and raw text is not`() {
        let sql: SQL = "SELECT \(identifier: "we\"ird") FROM \(unsafe: "people p")"
        #expect(sql.text == "SELECT \"we\"\"ird\" FROM people p")
    }

    @Test func `neither a statement nor a value shows what is bound`() {
        let sql: SQL = "SELECT \("hunter2")"
        #expect(!"\(sql) \(String(reflecting: sql)) \(sql.binds) \(String(reflecting: sql.binds))".contains("hunter2"))
    }

    @Test func `a configuration does not show its password`() {
        let configuration = PoolConfiguration("postgresql://user:hunter2@host/db")
        var dumped = ""
        dump(configuration, to: &dumped)
        #expect(!"\(configuration) \(String(reflecting: configuration)) \(dumped)".contains("hunter2"))
    }

    @Test(arguments: [
        "'; DROP TABLE people; --", "' OR '1'='1", "\\'; SELECT 1; --", "$1", "$$; SELECT 1; $$", "%s %n", "\u{2019} OR 1=1", "{\"a\": \"'\"}",
        "NULL", "",
    ])
    func `an injection stays data`(_ attempt: String) async throws {
        try await withTable("name text, names text[]") { (pool, table) async throws in
            try await pool.execute("INSERT INTO \(table) VALUES (\(attempt), \([attempt, attempt]))")
            let found = try await pool.query("SELECT name FROM \(table) WHERE name = \(attempt)", as: String.self)
            #expect(found == [attempt])
            let arrays = try await pool.query("SELECT names FROM \(table) WHERE \(attempt) = ANY(names)", as: [String].self)
            #expect(arrays == [[attempt, attempt]])
            var text = ""
            try await pool.copyOut("COPY (SELECT count(*) FROM \(table) WHERE name = \(attempt)) TO STDOUT") {
                text += String(decoding: $0, as: UTF8.self)
            }
            #expect(text == "1\n")
        }
    }
}
