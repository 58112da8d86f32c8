import Foundation
import Testing

@testable import Postgres

@Suite struct ValueTests {
    enum Colour: String, PostgresEncodable, PostgresDecodable, CaseIterable { case red, green = "GREEN & 'co'", blue }
    struct Event: Codable, Equatable { var name: String, count: Int, at: Date?, tags: [String] }

    /// Sends values, stores them and reads them back.
    private func roundTrip<T: PostgresEncodable & PostgresDecodable & Equatable>(
        _ type: SQL, _ values: [T], sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        try await withTable("position int8, value \(type)") { (pool, table) async throws in
            for (position, value) in values.enumerated() {
                try await pool.execute("INSERT INTO \(table) VALUES (\(position), \(value))")
            }
            let stored = try await pool.query("SELECT value FROM \(table) ORDER BY position", as: T.self)
            #expect(stored == values, sourceLocation: sourceLocation)
        }
    }

    @Test func `text comes back as it was`() async throws {
        let texts = [
            "", "a", "it's", "\"quoted\"", "back\\slash", "line\nbreak\ttab\r", "ünïcödé", "日本語", "👩‍👩‍👧‍👦", "e\u{301}",
            String(repeating: "x", count: 100_000),
        ]
        try await roundTrip("text", texts)
        try await roundTrip("varchar(100000)", texts)
        try await roundTrip("text", texts.map { Optional($0) } + [nil])
        try await roundTrip("text[]", [texts, [], ["NULL", "null", "{}", ",", " "]])
        try await roundTrip("text[]", [["a", nil, ""], [nil]])
    }

    @Test func `whole numbers come back as they were`() async throws {
        try await roundTrip("int8", [0, 1, -1, .max, .min] as [Int])
        try await roundTrip("int8", [0, .max, .min] as [Int64])
        try await roundTrip("int4", [0, .max, .min] as [Int32])
        try await roundTrip("int2", [0, .max, .min] as [Int16])
        try await roundTrip("int4", [5, nil, -5] as [Int?])
        try await roundTrip("int8[]", [[1, 2, 3], [], [.max, .min]] as [[Int]])
        try await roundTrip("int4[]", [[1, -2]] as [[Int]])
        try await roundTrip("numeric", [0, 10_000, -123_456_789_012, 100_000_000] as [Int])
    }

    @Test func `floating-point numbers come back as they were`() async throws {
        try await roundTrip("float8", [0, -0.1, 1e300, .leastNonzeroMagnitude, .infinity, -.infinity, .pi])
        try await roundTrip("float4", [0, 1.5, .infinity] as [Float])
        try await roundTrip("float8[]", [[1.5, -2]])
        let nan = try await withPool { try await $0.first("SELECT \(Double.nan)", as: Double.self) }
        #expect(nan?.isNaN == true)
    }

    @Test(arguments: [
        ("0", 0.0), ("1", 1), ("-1", -1), ("0.5", 0.5), ("0.0001", 0.0001), ("0.00000001", 0.00000001), ("12345.678900", 12345.6789),
        ("-0.07", -0.07), ("10000", 10000),
        ("100000000.00010000", 100_000_000.0001), ("99999999999999999999", 1e20),
    ])
    func `a numeric is read as a number and as it is written`(_ text: String, _ number: Double) async throws {
        try await withPool { (pool) async throws in
            #expect(try await pool.first("SELECT \(text)::numeric", as: String.self) == text)
            #expect(try await pool.first("SELECT \(text)::numeric", as: Double.self) == number)
        }
    }

    @Test func `a sum of integers is an integer`() async throws {
        try await withPool { (pool) async throws in
            #expect(try await pool.first("SELECT sum(n) FROM generate_series(1::int8, 1000) AS n", as: Int.self) == 500_500)
        }
    }

    @Test func `booleans come back as they were`() async throws {
        try await roundTrip("bool", [true, false])
        try await roundTrip("bool", [true, nil, false])
        try await roundTrip("bool[]", [[true, nil], []])
    }

    @Test func `times come back to the microsecond`() async throws {
        let times = [0, 1_700_000_000.123456, -1.5, -62_135_596_800, 253_402_300_799.999, 946_684_799.999999, 951_827_696.5].map {
            Date(timeIntervalSince1970: $0)
        }
        try await withTable("position int8, at timestamptz") { (pool, table) async throws in
            for (position, time) in times.enumerated() {
                try await pool.execute("INSERT INTO \(table) VALUES (\(position), \(time))")
            }
            let stored = try await pool.query("SELECT at FROM \(table) ORDER BY position", as: Date.self)
            for (time, back) in zip(times, stored) { #expect(abs(time.timeIntervalSince(back)) < 0.000_01) }
            let seconds = try await pool.query("SELECT extract(epoch FROM at) FROM \(table) ORDER BY position", as: Double.self)
            for (time, back) in zip(times, seconds) { #expect(abs(time.timeIntervalSince1970 - back) < 0.000_01) }
        }
    }

    @Test func `a time before Christ and one after the last are told apart`() async throws {
        try await withPool { (pool) async throws in
            let early = Date(timeIntervalSince1970: -100_000_000_000)
            #expect(try await pool.first("SELECT extract(epoch FROM \(early))::int8", as: Int.self) == -100_000_000_000)
            let error = try await postgresError { try await pool.execute("SELECT \(Date(timeIntervalSince1970: 1e30))") }
            #expect(error.kind == .invalidParameter)
            #expect(try await pool.first("SELECT 'infinity'::timestamptz", as: Date.self) == .distantFuture)
        }
    }

    @Test func `a date is its first moment in UTC`() async throws {
        let day = Date(timeIntervalSince1970: 1_709_164_800)  // 2024-02-29
        try await roundTrip("date", [day, Date(timeIntervalSince1970: 0), Date(timeIntervalSince1970: -86400)])
        try await withPool { (pool) async throws in
            #expect(try await pool.first("SELECT '2024-02-29'::date", as: Date.self) == day)
            #expect(try await pool.first("SELECT '2024-02-29 00:00'::timestamp", as: Date.self) == day)
        }
    }

    @Test func `bytes come back as they were`() async throws {
        let all = (0...255).map { UInt8($0) }
        try await roundTrip("bytea", [[], [0], all, Array(repeating: 0, count: 100_000)] as [[UInt8]])
        try await roundTrip("bytea", [Data(all)])
        try await roundTrip("bytea", [[1, 2], nil] as [[UInt8]?])
        try await roundTrip("bytea[]", [[Data(all), Data()]])
    }

    @Test func `an element of an array is one, whatever stands beside its signs`() async throws {
        let marks = ["\u{301}", "\u{200D}", "\u{FE0F}", "\u{1F3FB}"]
        let signs = ["\"", "\\", ",", "{", "}", "'", "NULL"]
        let texts =
            signs.flatMap { sign in marks.map { "a\(sign)\($0)" } + ["\u{600}\(sign)", "\u{110BD}\(sign)b"] } + marks + ["\"\u{301},\"\u{301}x"]
        try await withPool { (pool) async throws in
            let back = try #require(try await pool.first("SELECT \(texts)::text[]", as: [String].self))
            // `==` takes for equal what is only written alike.
            #expect(back.map { Array($0.utf8) } == texts.map { Array($0.utf8) })
            let inner = try await pool.query("SELECT unnest(\([ArrayLiteral.text(texts)])::text[])::text[]", as: [String].self).first
            #expect(inner?.map { Array($0.utf8) } == texts.map { Array($0.utf8) })
            let name = "odd\"\u{301} name"
            let column = try await pool.query("SELECT 1 AS \(identifier: name)").first
            #expect(try column?.get(name, as: Int.self) == 1)
        }
    }

    @Test func `JSON comes back as it was`() async throws {
        let event = Event(name: "it's \"one\" \\ ü", count: 3, at: Date(timeIntervalSince1970: 1_700_000_000.5), tags: ["a", ""])
        try await roundTrip("jsonb", [JSON(event), JSON(Event(name: "", count: 0, at: nil, tags: []))])
        try await roundTrip("json", [JSON(event)])
        try await roundTrip("jsonb", [JSON(["a": 1]), nil] as [JSON<[String: Int]>?])
        try await withPool { (pool) async throws in
            #expect(try await pool.first("SELECT \(JSON(event)) ->> 'at'", as: String.self) == "2023-11-14T22:13:20.500Z")
            #expect(try await pool.first("SELECT '{\"a\": 1}'::jsonb", as: String.self) == "{\"a\": 1}")
            let error = try await postgresError { try await pool.execute("SELECT \(JSON(Double.nan))") }
            #expect(error.kind == .invalidParameter)
        }
    }

    @Test func `an enum comes back as it was, alone and in arrays`() async throws {
        try await withPool { (pool) async throws in
            let type = SQL.identifier(TestServer.uniqueName("colour"))
            try await pool.execute("CREATE TYPE \(type) AS ENUM ('red', 'GREEN & ''co''', 'blue')")
            try await withTable("colour \(type), colours \(type)[]") { (pool, table) async throws in
                try await pool.execute("INSERT INTO \(table) VALUES (\(Colour.green), \(Colour.allCases))")
                let row = try #require(try await pool.query("SELECT colour, colours FROM \(table) WHERE colour = \(Colour.green)").first)
                #expect(try row.get("colour", as: Colour.self) == .green)
                #expect(try row.get("colours", as: [Colour].self) == Colour.allCases)
            }
            let error = try await postgresError { _ = try await pool.first("SELECT 'pink'", as: Colour.self) }
            #expect(error.kind == .decoding)
            try await pool.execute("DROP TYPE \(type)")
        }
    }

    @Test(arguments: [
        ("SELECT '00112233-4455-6677-8899-aabbccddeeff'::uuid", "00112233-4455-6677-8899-aabbccddeeff"),
        ("SELECT '192.168.1.5'::inet", "192.168.1.5"),
        ("SELECT '10.0.0.0/8'::cidr", "10.0.0.0/8"), ("SELECT '10.1.2.3/24'::inet", "10.1.2.3/24"), ("SELECT '2001:db8::1'::inet", "2001:db8::1"),
        ("SELECT '::'::inet", "::"), ("SELECT '1:0:0:2:0:0:0:3'::inet", "1:0:0:2::3"), ("SELECT '::ffff:1.2.3.4'::inet", "::ffff:1.2.3.4"),
        ("SELECT 'x'::name", "x"), ("SELECT 'x'::char(3)", "x  "), ("SELECT '[1]'::json", "[1]"),
    ])
    func `what has a text form can be read as text`(_ sql: String, _ text: String) async throws {
        #expect(try await withPool { try await $0.first(SQL(unsafe: sql), as: String.self) } == text)
    }

    @Test func `text with a NUL character is refused and not cut short`() async throws {
        try await withPool { (pool) async throws in
            for bad: SQL in ["SELECT \("a\0b")", "SELECT \(["a", "\0"])::text[]"] {
                let error = try await postgresError { try await pool.execute(bad) }
                #expect(error.kind == .invalidParameter)
                #expect(error.message.contains("$1"))
            }
            #expect(try await pool.first("SELECT 1", as: Int.self) == 1)
        }
    }

    @Test func `what does not fit is an error that names the column and not the value`() async throws {
        try await withPool { (pool) async throws in
            func message<T: PostgresDecodable>(_ sql: SQL, _ type: T.Type) async throws -> String {
                "\(try await postgresError { _ = try await pool.query(sql, as: type) })"
            }
            #expect(try await message("SELECT NULL::int AS age", Int.self) == "Column \"age\" holds NULL, not an integer.")
            #expect(try await message("SELECT 'secret' AS age", Int.self) == "Column \"age\" holds text, not an integer.")
            #expect(try await message("SELECT 70000 AS age", Int16.self) == "Column \"age\" holds int4, not an integer of 16 bits.")
            #expect(try await message("SELECT 1.5 AS age", Int.self) == "Column \"age\" holds numeric, not an integer.")
            #expect(try await message("SELECT 5 AS name", String.self) == "Column \"name\" holds int4, not text.")
            #expect(try await message("SELECT 5 AS flag", Bool.self) == "Column \"flag\" holds int4, not bool.")
            #expect(try await message("SELECT '{{1,2},{3,4}}'::int[] AS m", [Int].self).contains("one dimension"))
            #expect(try await message("SELECT '{\"x\": 1}'::jsonb AS doc", JSON<[Int]>.self).contains("\"doc\""))
        }
    }

    @Test func `a row is read by name and in order`() async throws {
        try await withPool { (pool) async throws in
            let rows = try await pool.query("SELECT 1 AS one, 'two' AS \"Two\", NULL::text AS three")
            #expect(rows.columnNames == ["one", "Two", "three"])
            var row = try #require(rows.first)
            #expect(try row.get("Two", as: String.self) == "two")
            #expect(try row.next(as: Int.self) == 1)
            #expect(try row.next(as: String.self) == "two")
            #expect(try row.next(as: String?.self) == nil)
            #expect(throws: PostgresError.self) { try row.next(as: Int.self) }
            #expect(throws: PostgresError.self) { try row.get("two", as: String.self) }
        }
    }
}
