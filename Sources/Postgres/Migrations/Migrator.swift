import Foundation

/// One numbered step of a schema's history: a file `NNNN_name.sql`.
public struct Migration: Sendable, Equatable {
    public let number: Int
    /// The name of the file without number and ending.
    public let name: String
    public let script: String

    /// As the file is called: "0001_people".
    public var label: String { String(repeating: "0", count: max(0, 4 - String(number).count)) + "\(number)_\(name)" }
}

/// Brings a database's schema up to date by numbered SQL files.
///
/// Each file is run once, in a transaction of its own, under a lock that keeps a second migrator waiting. Its SHA-256 is recorded,
/// and a file that was changed after it was applied is refused: what was shipped stays as it is.
public struct Migrator: Sendable {
    /// What is known of a migration.
    public struct Status: Sendable, Equatable {
        public enum State: Sendable, Equatable {
            case applied(at: Date)
            case pending
            /// Applied, but the file is not what it was.
            case changed
            /// Applied, but there is no such file: the database belongs to a newer program.
            case missing
        }

        public let label: String
        public let state: State
    }

    public let migrations: [Migration]
    /// "Migrate" in ASCII: the number of the advisory lock.
    private static let lock: Int64 = 0x4D69_6772_6174_65

    /// Reads the files of one or several directories: a library's tables may lie with the library, numbered among the others. Other files
    /// than `*.sql` are left alone.
    /// - Throws: ``PostgresError`` of kind `migration` when a name is not `NNNN_name.sql` or a number is there twice.
    public init(directories: URL...) throws {
        let files = try directories.flatMap { try FileManager.default.contentsOfDirectory(at: $0, includingPropertiesForKeys: nil) }
        var migrations: [Migration] = []
        for file in files where file.pathExtension == "sql" {
            let base = file.deletingPathExtension().lastPathComponent
            guard let match = base.wholeMatch(of: /([0-9]{4})_([a-z0-9_]+)/), let number = Int(match.1) else {
                throw PostgresError(.migration, message: "\"\(base).sql\" is not called as a migration is: NNNN_name.sql.")
            }
            migrations.append(Migration(number: number, name: String(match.2), script: try String(contentsOf: file, encoding: .utf8)))
        }
        try self.init(migrations)
    }

    init(_ migrations: [Migration]) throws {
        self.migrations = migrations.sorted { $0.number < $1.number }
        for (one, next) in zip(self.migrations, self.migrations.dropFirst()) where one.number == next.number {
            throw PostgresError(.migration, message: "There are two migrations of one number: \(one.label) and \(next.label).")
        }
    }

    /// The same without the migrations behind a number: a schema as it was.
    public func through(_ number: Int) throws -> Migrator {
        try Migrator(migrations.filter { $0.number <= number })
    }

    /// Applies what has not been applied.
    /// - Returns: the labels of those that were applied by this call.
    /// - Throws: ``PostgresError`` of kind `migration` when the history and the files contradict each other, or the server's error
    ///   for a file that failed; those before it stay applied.
    @discardableResult
    public func run(on pool: PostgresPool) async throws -> [String] {
        try await pool.withConnection { connection in
            try await prepare(connection)
            var applied: [String] = []
            for migration in migrations {
                if try await apply(migration, connection) { applied.append(migration.label) }
            }
            return applied
        }
    }

    /// How each migration stands, by number. Changes nothing.
    public func status(on pool: PostgresPool) async throws -> [Status] {
        try await pool.withConnection { connection in
            let exists = try await connection.first("SELECT to_regclass('schema_migrations') IS NOT NULL", as: Bool.self)
            let history = exists == true ? try await connection.query(Migrator.history, as: Applied.self) : []
            let checksums = try await checksums(connection)
            return statuses(history, checksums)
        }
    }

    private struct Applied: RowDecodable {
        let number: Int
        let name: String
        let checksum: String
        let appliedAt: Date

        init(from row: inout Row) throws {
            number = try row.next()
            name = try row.next()
            checksum = try row.next()
            appliedAt = try row.next()
        }
    }

    private static let history: SQL = "SELECT number, name, checksum, applied_at FROM schema_migrations ORDER BY number"

    /// The server makes the checksums, so that none of our own is needed.
    private func checksums(_ db: some Queryable) async throws -> [Int: String] {
        let scripts = migrations.map(\.script)
        let sums = try await db.query(
            "SELECT encode(sha256(convert_to(script, 'UTF8')), 'hex') FROM unnest(\(scripts)::text[]) WITH ORDINALITY AS scripts (script, position) ORDER BY position",
            as: String.self)
        return Dictionary(zip(migrations.map(\.number), sums)) { first, _ in first }
    }

    private func statuses(_ history: [Applied], _ checksums: [Int: String]) -> [Status] {
        let applied = Dictionary(history.map { ($0.number, $0) }) { first, _ in first }
        let known = migrations.map { migration in
            guard let done = applied[migration.number] else { return (migration.number, Status(label: migration.label, state: .pending)) }
            let isSame = done.checksum == checksums[migration.number]
            return (migration.number, Status(label: migration.label, state: isSame ? .applied(at: done.appliedAt) : .changed))
        }
        let numbers = Set(migrations.map(\.number))
        let missing = history.filter { !numbers.contains($0.number) }.map {
            ($0.number, Status(label: Migration(number: $0.number, name: $0.name, script: "").label, state: .missing))
        }
        return (known + missing).sorted { $0.0 < $1.0 }.map(\.1)
    }

    private func prepare(_ connection: Connection) async throws {
        let table: SQL = """
            CREATE TABLE IF NOT EXISTS schema_migrations (
                number int PRIMARY KEY, name text NOT NULL, checksum text NOT NULL,
                applied_at timestamptz NOT NULL DEFAULT now(), duration interval NOT NULL)
            """
        try await connection.transaction(beginning: Migrator.locking) { db in
            try await db.execute(table)
            try verify(try await db.query(Migrator.history, as: Applied.self), try await checksums(db))
        }
    }

    /// A migration may take its time, and so may the one that somebody else runs.
    private static let locking: [SQL] = [
        "SELECT set_config('statement_timeout', '0', true), set_config('lock_timeout', '0', true)",
        "SELECT pg_advisory_xact_lock(\(lock))",
    ]

    /// Refuses a history that the files do not tell.
    private func verify(_ history: [Applied], _ checksums: [Int: String]) throws {
        let done = Set(history.map(\.number))
        for status in statuses(history, checksums) {
            switch status.state {
            case .changed:
                throw PostgresError(
                    .migration, message: "Migration \(status.label) was changed after it had been applied. Restore it and add a new one.")
            case .missing:
                throw PostgresError(
                    .migration, message: "Migration \(status.label) was applied, but this program does not have it: it is older than its database.")
            case .applied, .pending: break
            }
        }
        guard let last = done.max(), let late = migrations.first(where: { $0.number < last && !done.contains($0.number) }) else { return }
        throw PostgresError(
            .migration, message: "Migration \(late.label) has not been applied, but a later one has. Give it a number after \(last).")
    }

    /// - Returns: false when somebody else has applied it meanwhile.
    private func apply(_ migration: Migration, _ connection: Connection) async throws -> Bool {
        try await connection.transaction(beginning: Migrator.locking, retries: 0) { db in
            let isThere = try await db.first("SELECT true FROM schema_migrations WHERE number = \(migration.number)", as: Bool.self)
            if isThere == true { return false }
            try await db.executeScript(migration.script)
            try await db.execute(
                """
                INSERT INTO schema_migrations (number, name, checksum, duration)
                VALUES (\(migration.number), \(migration.name), encode(sha256(convert_to(\(migration.script), 'UTF8')), 'hex'),
                        clock_timestamp() - now())
                """)
            return true
        }
    }
}

extension Transaction {
    /// Runs a text of several statements, without parameters. It must leave the transaction open.
    /// - Parameter text: a text that the program chose itself, such as a file of its own.
    public func executeScript(_ text: String) async throws {
        try await session.cancellable { try await session.runScript(text, lease, $0) }
        guard session.control.isInTransaction else {
            throw PostgresError(.misuse, message: "The script ended the transaction that it was run in.")
        }
    }
}
