import Foundation
import Testing

@testable import Postgres

@Suite struct CopyTests {
    struct Broken: Error {}

    @Test func `rows come in by COPY as they were`() async throws {
        try await withTable("n int8, s text, b bytea, f bool, at timestamptz, j jsonb, words text[]") { (pool, table) async throws in
            let texts = ["", "plain", "tab\tnew\nline\rback\\slash", "\\N", "\\.", "ü👍", "\"quotes\"", "\\\\x"]
            let at = Date(timeIntervalSince1970: 1_700_000_000.25)
            let rows: [[(any PostgresEncodable)?]] = texts.enumerated().map { index, text in
                [index, text, [UInt8](text.utf8) + [0, 255], index % 2 == 0, at, JSON([text: index]), [text, "x"]]
            }
            let count = try await pool.copyIn(
                "\(identifierOf: table)", columns: ["n", "s", "b", "f", "at", "j", "words"], rows: rows + [[99, nil, nil, nil, nil, nil, nil]])
            #expect(count == texts.count + 1)
            let stored = try await pool.query("SELECT s, b, f, at, j, words, n FROM \(table) ORDER BY n")
            for (index, var row) in stored.dropLast().enumerated() {
                #expect(try row.next(as: String.self) == texts[index])
                #expect(try row.next(as: [UInt8].self) == [UInt8](texts[index].utf8) + [0, 255])
                #expect(try row.next(as: Bool.self) == (index % 2 == 0))
                #expect(try row.next(as: Date.self) == at)
                #expect(try row.next(as: JSON<[String: Int]>.self).value == [texts[index]: index])
                #expect(try row.next(as: [String].self) == [texts[index], "x"])
            }
            var last = try #require(stored.last)
            for _ in 0..<1 { #expect(try last.next(as: String?.self) == nil) }
        }
    }

    @Test func `many rows come in from a sequence that is read as it goes`() async throws {
        try await withTable("n int8, s text") { (pool, table) async throws in
            let rows = AsyncStream<[(any PostgresEncodable)?]> { continuation in
                for n in 0..<50_000 { continuation.yield([n, "row \(n)"]) }
                continuation.finish()
            }
            #expect(try await pool.copyIn("\(identifierOf: table)", columns: ["n", "s"], rows: rows) == 50_000)
            #expect(try await pool.first("SELECT sum(n) FROM \(table) WHERE s = 'row ' || n", as: Int.self) == 49_999 * 25_000)
        }
    }

    @Test func `a COPY that fails leaves nothing, and the connection stays`() async throws {
        try await withTable("n int8 PRIMARY KEY", size: 1) { (pool, table) async throws in
            let name = "\(identifierOf: table)"
            let process = try await pool.processID()
            await #expect(throws: Broken.self) {
                try await pool.copyIn(name, columns: ["n"]) { writer in
                    try writer.append(1)
                    try await writer.endRow()
                    throw Broken()
                }
            }
            #expect(try await postgresError { try await pool.copyIn(name, columns: ["n"], rows: [[1], [1]]) }.isUniqueViolation)
            #expect(try await postgresError { try await pool.copyIn(name, columns: ["n"], rows: [["x"]]) }.sqlState == .invalidTextRepresentation)
            #expect(try await postgresError { try await pool.copyIn(name, columns: ["n"], rows: [[1, 2]]) }.kind == .misuse)
            #expect(try await postgresError { try await pool.copyIn(name, columns: ["n"], rows: [["\0"]]) }.kind == .invalidParameter)
            #expect(try await postgresError { try await pool.copyIn(name, columns: ["nothing"], rows: [[1]]) }.sqlState == .undefinedColumn)
            #expect(try await postgresError { try await pool.copyIn("no\"such.table", columns: ["n"], rows: [[1]]) }.kind == .server)
            #expect(try await pool.first("SELECT count(*) FROM \(table)", as: Int.self) == 0)
            #expect(try await pool.processID() == process)
        }
    }

    @Test func `a COPY within a transaction is part of it`() async throws {
        try await withTable("n int8") { (pool, table) async throws in
            await #expect(throws: Broken.self) {
                try await pool.transaction { db in
                    #expect(try await db.copyIn("\(identifierOf: table)", columns: ["n"], rows: [[1], [2]]) == 2)
                    throw Broken()
                }
            }
            #expect(try await pool.first("SELECT count(*) FROM \(table)", as: Int.self) == 0)
        }
    }

    @Test func `the connection takes nothing else in the middle of a COPY`() async throws {
        try await withTable("n int8") { (pool, table) async throws in
            try await pool.withConnection { connection in
                try await connection.copyIn("\(identifierOf: table)", columns: ["n"]) { writer in
                    #expect(try await postgresError { try await connection.execute("SELECT 1") }.kind == .misuse)
                    try writer.append(1)
                    try await writer.endRow()
                }
            }
            #expect(try await pool.first("SELECT count(*) FROM \(table)", as: Int.self) == 1)
        }
    }

    @Test func `what COPY writes comes out whole, in pieces that end with a row`() async throws {
        try await withPool(size: 1) { (pool) async throws in
            var text = ""
            var pieces = 0
            let count = try await pool.copyOut("COPY (SELECT n, 'a' || n FROM generate_series(1, \(60_000)) AS n ORDER BY n) TO STDOUT (FORMAT csv)")
            { piece in
                #expect(piece.last == UInt8(ascii: "\n"))
                text += String(decoding: piece, as: UTF8.self)
                pieces += 1
            }
            #expect(count == 60_000)
            #expect(pieces > 1)
            #expect(text.hasPrefix("1,a1\n2,a2\n"))
            #expect(text.hasSuffix("60000,a60000\n"))
            #expect(text.utf8.count { $0 == UInt8(ascii: "\n") } == 60_000)
        }
    }

    @Test func `a COPY out that is given up leaves the connection usable`() async throws {
        try await withPool(size: 1) { (pool) async throws in
            let process = try await pool.processID()
            await #expect(throws: Broken.self) {
                try await pool.copyOut("COPY (SELECT generate_series(1, 100000000)) TO STDOUT") { _ in throw Broken() }
            }
            #expect(
                try await postgresError { try await pool.copyOut("COPY (SELECT 1/(3 - n) FROM generate_series(1, 5) AS n) TO STDOUT") { _ in } }
                    .sqlState?.rawValue == "22012")
            #expect(try await postgresError { try await pool.copyOut("SELECT 1") { _ in } }.kind == .misuse)
            #expect(try await postgresError { try await pool.copyOut("COPY (SELECT \("\0")) TO STDOUT") { _ in } }.kind == .invalidParameter)
            #expect(try await pool.processID() == process)
        }
    }

    @Test func `a COPY is cancelled with its task`() async throws {
        try await withTable("n int8", size: 1) { (pool, table) async throws in
            let process = try await pool.processID()
            let meeting = MeetingPoint(2)
            let copying = Task {
                try await pool.copyIn("\(identifierOf: table)", columns: ["n"]) { writer in
                    try writer.append(0)
                    try await writer.endRow()
                    await meeting.arrive()
                    while true {
                        try writer.append(1)
                        try await writer.endRow()
                    }
                }
            }
            await meeting.arrive()
            copying.cancel()
            await #expect(throws: CancellationError.self) { _ = try await copying.value }
            let reading = Task {
                try await pool.copyOut("COPY (SELECT pg_sleep(600)) TO STDOUT") { _ in }
            }
            reading.cancel()
            await #expect(throws: CancellationError.self) { _ = try await reading.value }
            #expect(try await pool.first("SELECT count(*) FROM \(table)", as: Int.self) == 0)
            #expect(try await pool.processID() == process)
        }
    }
}
