import Foundation
import Testing

@testable import Postgres

@Suite struct MigratorTests {
    /// Makes a migrator for two directories: one with these files, and one with those of a library.
    private func migrator(_ files: [String: String], library: [String: String] = [:]) throws -> Migrator {
        let directory = FileManager.default.temporaryDirectory.appending(path: TestServer.uniqueName("migrations"))
        defer { try? FileManager.default.removeItem(at: directory) }  // a left-over temporary file harms nobody
        let (own, others) = (directory.appending(path: "own"), directory.appending(path: "library"))
        for (folder, files) in [(own, files), (others, library)] {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            for (name, text) in files { try text.write(to: folder.appending(path: name), atomically: true, encoding: .utf8) }
        }
        return try Migrator(directories: own, others)
    }

    private func withMigrated<R>(_ body: (PostgresPool) async throws -> R) async throws -> R {
        try await withDatabase { configuration in
            try await withPool(configuration, body)
        }
    }

    private let people = "CREATE TABLE people (id int PRIMARY KEY, note text DEFAULT 'it''s; $1');\nINSERT INTO people VALUES (1);"
    private let pets = "-- the pets; with a semicolon\nCREATE TABLE pets (id int);"

    @Test func `files are applied in order, once`() async throws {
        try await withMigrated { (pool) async throws in
            let first = try migrator(["0001_people.sql": people, "README.md": "not one"])
            #expect(try await first.run(on: pool) == ["0001_people"])
            #expect(try await first.run(on: pool) == [])
            let second = try migrator(["0002_pets.sql": pets, "0001_people.sql": people])
            #expect(try await second.status(on: pool).map(\.label) == ["0001_people", "0002_pets"])
            #expect(try await second.status(on: pool).last?.state == .pending)
            #expect(try await second.run(on: pool) == ["0002_pets"])
            #expect(try await second.run(on: pool) == [])
            #expect(try await pool.first("SELECT note FROM people", as: String.self) == "it's; $1")
            for status in try await second.status(on: pool) {
                guard case .applied = status.state else {
                    Issue.record("\(status.label) counts as \(status.state).")
                    continue
                }
            }
        }
    }

    @Test func `a library's files go among the others by number, and a number is there once`() async throws {
        try await withMigrated { (pool) async throws in
            let history = "INSERT INTO people VALUES (2);\nCREATE TABLE houses (id int REFERENCES people);"
            let all = try migrator(["0001_people.sql": people, "0003_houses.sql": history], library: ["0002_pets.sql": pets])
            #expect(try await all.through(2).run(on: pool) == ["0001_people", "0002_pets"])
            #expect(try await all.status(on: pool).last?.state == .pending)
            #expect(try await all.run(on: pool) == ["0003_houses"])
            let error = try #require(throws: PostgresError.self) { try migrator(["0002_people.sql": people], library: ["0002_pets.sql": pets]) }
            #expect("\(error)".contains("0002_people and 0002_pets") || "\(error)".contains("0002_pets and 0002_people"))
        }
    }

    @Test func `an empty database has everything pending, and looking changes nothing`() async throws {
        try await withMigrated { (pool) async throws in
            let migrator = try migrator(["0001_people.sql": people])
            #expect(try await migrator.status(on: pool) == [.init(label: "0001_people", state: .pending)])
            #expect(try await pool.first("SELECT to_regclass('schema_migrations') IS NULL", as: Bool.self) == true)
        }
    }

    @Test func `a file that was changed after it was applied is refused`() async throws {
        try await withMigrated { (pool) async throws in
            try await migrator(["0001_people.sql": people]).run(on: pool)
            let changed = try migrator(["0001_people.sql": people + "\n", "0002_pets.sql": pets])
            let error = try await postgresError { try await changed.run(on: pool) }
            #expect(error.kind == .migration)
            #expect("\(error)".contains("0001_people was changed"))
            #expect(try await changed.status(on: pool).map(\.state) == [.changed, .pending])
        }
    }

    @Test func `a program older than its database is refused`() async throws {
        try await withMigrated { (pool) async throws in
            try await migrator(["0001_people.sql": people, "0002_pets.sql": pets]).run(on: pool)
            let older = try migrator(["0001_people.sql": people])
            let error = try await postgresError { try await older.run(on: pool) }
            #expect("\(error)".contains("0002_pets was applied, but this program does not have it"))
            #expect(try await older.status(on: pool).last?.state == .missing)
        }
    }

    @Test func `a file that comes before one that was applied is refused`() async throws {
        try await withMigrated { (pool) async throws in
            try await migrator(["0002_pets.sql": pets]).run(on: pool)
            let late = try migrator(["0001_people.sql": people, "0002_pets.sql": pets])
            let error = try await postgresError { try await late.run(on: pool) }
            #expect("\(error)".contains("0001_people has not been applied, but a later one has"))
        }
    }

    @Test func `a file that fails leaves nothing of itself, and what came before stays`() async throws {
        try await withMigrated { (pool) async throws in
            let broken = try migrator(["0001_people.sql": people, "0002_pets.sql": pets + "\nSELECT nothing;", "0003_more.sql": "SELECT 1"])
            let error = try await postgresError { try await broken.run(on: pool) }
            #expect(error.sqlState == .undefinedColumn)
            #expect(try await pool.first("SELECT to_regclass('people') IS NOT NULL AND to_regclass('pets') IS NULL", as: Bool.self) == true)
            #expect(try await migrator(["0001_people.sql": people, "0002_pets.sql": pets]).run(on: pool) == ["0002_pets"])
        }
    }

    @Test func `a file that ends its transaction is refused`() async throws {
        try await withMigrated { (pool) async throws in
            let broken = try migrator(["0001_people.sql": people + "COMMIT;"])
            #expect(try await postgresError { try await broken.run(on: pool) }.kind == .misuse)
        }
    }

    @Test func `several at once apply each file once`() async throws {
        try await withMigrated { (pool) async throws in
            let files = (1...5).map { ("000\($0)_step.sql", "CREATE TABLE step\($0) (id int); SELECT pg_sleep(0.01);") }
            let migrator = try migrator(Dictionary(uniqueKeysWithValues: files))
            let applied = try await withThrowingTaskGroup(of: [String].self) { group in
                for _ in 0..<4 { group.addTask { try await migrator.run(on: pool) } }
                return try await group.reduce(into: []) { $0 += $1 }
            }
            #expect(applied.sorted() == (1...5).map { "000\($0)_step" })
        }
    }

    @Test func `the timeouts of the pool do not hold for migrations`() async throws {
        try await withDatabase { configuration in
            var hurried = configuration
            hurried.statementTimeout = .milliseconds(40)
            try await withPool(hurried) { (pool) async throws in
                try await migrator(["0001_slow.sql": "SELECT pg_sleep(0.08);"]).run(on: pool)
            }
        }
    }

    @Test(arguments: ["1_people.sql", "0001-people.sql", "people.sql", "0001_People.sql", "00001_people.sql"])
    func `a file that is not called as it should be is refused`(_ name: String) throws {
        #expect(throws: PostgresError.self) { try migrator([name: people]) }
    }

    @Test func `two files of one number are refused`() throws {
        #expect(throws: PostgresError.self) { try migrator(["0001_people.sql": people, "0001_pets.sql": pets]) }
    }
}
