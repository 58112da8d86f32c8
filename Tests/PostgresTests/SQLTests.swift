import Testing

@testable import Postgres

@Suite struct SQLTests {
    @Test func `an interpolated value becomes a bind`() {
        let name = "Robert'); DROP TABLE people;--"
        let sql: SQL = "SELECT * FROM people WHERE name = \(name) AND age > \(5)"
        #expect(sql.text == "SELECT * FROM people WHERE name = $1 AND age > $2")
        #expect(sql.binds.count == 2)
    }
}
