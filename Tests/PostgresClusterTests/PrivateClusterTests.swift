import Foundation
import Logging
import Postgres
import Testing

@testable import DataShield
@testable import PostgresCluster

/// With real servers in temporary directories. One at a time: each takes a core while it is made.
@Suite(.serialized) struct PrivateClusterTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    /// A data directory that the server's account can enter, removed afterwards with whatever still runs in it.
    private func withDirectory(_ name: String = "ds", _ body: (URL) async throws -> Void) async throws {
        let parent = URL(fileURLWithPath: "/tmp/\(name)-\(UUID().uuidString.prefix(8))", isDirectory: true)
        try FileManager.default.createDirectory(at: parent, withIntermediateDirectories: true)
        chmod(parent.path, 0o755)
        let result: Result<Void, any Error>
        do { result = .success(try await body(parent)) } catch { result = .failure(error) }
        try await ClusterProcesses(data: parent.appendingPathComponent("postgres/data")).end()
        try FileManager.default.removeItem(at: parent)
        try result.get()
    }

    private func cluster(_ directory: URL) -> PrivateCluster { PrivateCluster(dataDirectory: directory, logger: Self.logger) }

    private func withPool<R>(_ address: String, _ body: (PostgresPool) async throws -> R) async throws -> R {
        let pool = PostgresPool(configuration: PoolConfiguration(address), logger: Self.logger)
        let result: Result<R, any Error>
        do { result = .success(try await body(pool)) } catch { result = .failure(error) }
        await pool.close()
        return try result.get()
    }

    private func postmaster(_ directory: URL) throws -> pid_t {
        let text = try String(contentsOf: directory.appendingPathComponent("postgres/data/postmaster.pid"), encoding: .utf8)
        return try #require(text.split(separator: "\n").first.flatMap { pid_t($0) })
    }

    private func permissions(_ url: URL) throws -> Int {
        try #require(try FileManager.default.attributesOfItem(atPath: url.path)[.posixPermissions] as? Int)
    }

    @Test func `the first start makes a cluster as the design says, the second finds it`() async throws {
        try await withDirectory { directory in
            let first = cluster(directory)
            let address = try await first.start()
            try await withPool(address) { db in
                let settings = [
                    ("data_checksums", "on"), ("server_encoding", "UTF8"), ("lc_collate", "C.UTF-8"), ("listen_addresses", ""),
                    ("fsync", "on"), ("log_error_verbosity", "terse"),
                ]
                for (name, value) in settings {
                    #expect(try await db.first("SELECT current_setting(\(name))", as: String.self) == value, "\(name)")
                }
                #expect(try await db.first("SELECT current_user::text", as: String.self) == "datashield_owner")
                try await db.execute("CREATE TABLE kept (n int)")
            }
            #expect(try permissions(directory.appendingPathComponent("postgres")) == 0o700)
            #expect(try permissions(directory.appendingPathComponent("postgres/socket")) == 0o700)
            await first.stop()
            #expect(ClusterProcesses(data: directory.appendingPathComponent("postgres/data")).isEmpty)

            let second = cluster(directory)
            let again = try await second.start()
            #expect(again == address)
            try await withPool(again) { (db) async throws in #expect(try await db.first("SELECT count(*) FROM kept", as: Int.self) == 0) }
            await second.stop()
        }
    }

    @Test func `the server runs as postgres when we are root, and its files are its own`() async throws {
        guard geteuid() == 0 else { return }
        try await withDirectory { directory in
            let cluster = cluster(directory)
            try await cluster.start()
            let postgres = try #require(getpwnam("postgres")).pointee.pw_uid
            var status = stat()
            #expect(stat("/proc/\(try postmaster(directory))", &status) == 0 && status.st_uid == postgres)
            #expect(stat(directory.appendingPathComponent("postgres/data").path, &status) == 0 && status.st_uid == postgres)
            await cluster.stop()
        }
    }

    @Test func `nobody whom the program signs in as is a superuser, or can become what they are not`() async throws {
        try await withDirectory { directory in
            let cluster = cluster(directory)
            let access = DatabaseAccess.bySocket(try await cluster.start())
            #expect(access.sharing == nil)
            let logins = [(access.owner, "datashield_owner")] + DatabaseAccess.Login.allCases.map { (access.configuration($0), "\($0.group)_login") }
            for (configuration, name) in logins {
                let pool = PostgresPool(configuration: configuration, logger: Self.logger)
                let powers: SQL = """
                    SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication FROM pg_roles WHERE rolname = session_user
                    """
                #expect(try await pool.first("SELECT session_user::text", as: String.self) == name)
                #expect(try await pool.first(powers, as: Bool.self) == false)
                await #expect(throws: PostgresError.self) { try await pool.execute("SET ROLE datashield") }
                await pool.close()
            }
            for (login, other) in [(DatabaseAccess.Login.app, "datashield_system"), (.app, "datashield_owner"), (.system, "datashield_owner")] {
                let pool = PostgresPool(configuration: access.configuration(login), logger: Self.logger)
                await #expect(throws: PostgresError.self) { try await pool.execute("SET ROLE \(identifier: other)") }
                #expect(try await access.problem(of: login, Self.logger) == nil)
                await pool.close()
            }
            await cluster.stop()
        }
    }

    @Test func `a cluster of before, in which all was the superuser's, is the owner's after the next start`() async throws {
        try await withDirectory { directory in
            let first = cluster(directory)
            var superuser = PoolConfiguration(try await first.start())
            superuser.parameters = ["user": ClusterRoles.superuser]
            let pool = PostgresPool(configuration: superuser, logger: Self.logger)
            try await pool.execute("ALTER DATABASE datashield OWNER TO datashield")
            try await pool.execute("DROP ROLE datashield_owner")
            try await pool.execute("DROP ROLE datashield_app_login")
            await pool.close()
            try await DatabaseMigrations.run(on: superuser, logger: Self.logger)
            let others: [SQL] = [
                "CREATE SEQUENCE alone", "CREATE VIEW seen WITH (security_invoker) AS SELECT 1 AS n", "CREATE DOMAIN small AS int",
                "CREATE TABLE split (n int) PARTITION BY LIST (n)",
            ]
            let again = PostgresPool(configuration: superuser, logger: Self.logger)
            for other in others { try await again.execute(other) }
            await again.close()
            await first.stop()

            let second = cluster(directory)
            let access = DatabaseAccess.bySocket(try await second.start())
            let applied = try await DatabaseMigrations.run(on: access.owner, logger: Self.logger)
            #expect(applied == [])
            let owner = PostgresPool(configuration: access.owner, logger: Self.logger)
            let left: SQL = """
                SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relowner = 'datashield'::regrole
                UNION ALL SELECT proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND proowner = 'datashield'::regrole
                UNION ALL SELECT typname::text FROM pg_type WHERE typnamespace = 'public'::regnamespace AND typowner = 'datashield'::regrole
                """
            #expect(try await owner.query(left, as: String.self) == [])
            // What an upgrade does: it changes tables and functions, and writes rows as the system.
            try await owner.transaction { db in
                try await db.execute("ALTER TABLE employees ADD COLUMN more text")
                try await db.execute("CREATE FUNCTION more() RETURNS int LANGUAGE sql RETURN 1")
                try await db.execute("SET LOCAL ROLE datashield_system")
                try await db.execute("INSERT INTO companies (id, name, domain) VALUES ('caaaaaaaaaaaaaaaaaaaaaaaa', 'x', 'x.example')")
            }
            let app = PostgresPool(configuration: access.configuration(.app), logger: Self.logger)
            #expect(try await app.first("SELECT count(*) FROM companies", as: Int.self) == 0)
            await app.close()
            await owner.close()
            await second.stop()
        }
    }

    @Test func `as root, a cluster goes on as whose it is, and is not taken from them`() async throws {
        guard geteuid() == 0 else { return }
        try await withDirectory { directory in
            let area = ClusterDirectory.root(in: directory)
            #expect(try ServerAccount.current(ofCluster: area).name == (getpwnam("datashield") == nil ? "postgres" : "datashield"))
            try FileManager.default.createDirectory(at: area, withIntermediateDirectories: true)
            #expect(chown(area.path, try #require(getpwnam("nobody")).pointee.pw_uid, 0) == 0)
            #expect(try ServerAccount.current(ofCluster: area).name == "nobody")
            #expect(try ServerAccount.current(ofCluster: area, named: "nobody").name == "nobody")
            #expect(throws: PrivateCluster.Failure.otherOwner(area.path, owner: "nobody", account: "postgres")) {
                try ServerAccount.current(ofCluster: area, named: "postgres")
            }
            // Without a cluster here, a server of this machine may take `postgres` for its administrator.
            #expect(try ServerAccount.withoutCluster(named: nil).name != "postgres")
        }
    }

    @Test func `a directory that postgres cannot enter is named`() async throws {
        guard geteuid() == 0 else { return }
        try await withDirectory { directory in
            chmod(directory.path, 0o700)
            await #expect(throws: PrivateCluster.Failure.closed(directory.path, account: "postgres")) { try await cluster(directory).start() }
            chmod(directory.path, 0o755)
        }
    }

    @Test func `what was committed survives a kill -9 of the server, which is started again`() async throws {
        try await withDirectory { directory in
            let cluster = cluster(directory)
            let address = try await cluster.start()
            _ = try await withPool(address) { try await $0.execute("CREATE TABLE kept AS SELECT 42 AS n") }
            let killed = try postmaster(directory)
            let running = Task { try await cluster.run() }
            kill(killed, SIGKILL)
            // The pool waits for a server that is away; this only bounds a failure.
            let deadline = ContinuousClock.now + .seconds(60)
            var found: Int?
            while found == nil, ContinuousClock.now < deadline {
                found = try? await withPool(address) { try await $0.first("SELECT n FROM kept", as: Int.self) }
            }
            #expect(found == 42)
            #expect(try postmaster(directory) != killed)
            running.cancel()
            try await running.value
            #expect(ClusterProcesses(data: directory.appendingPathComponent("postgres/data")).isEmpty)
        }
    }

    @Test func `a stale pid file with the number of a living stranger is no obstacle`() async throws {
        try await withDirectory { directory in
            let first = cluster(directory)
            try await first.start()
            let file = directory.appendingPathComponent("postgres/data/postmaster.pid")
            let content = try String(contentsOf: file, encoding: .utf8)
            await first.stop()
            // Our own number: alive, and no server. As after a restart of the machine.
            let lines = ["\(getpid())"] + content.split(separator: "\n", omittingEmptySubsequences: false).dropFirst().map(String.init)
            try lines.joined(separator: "\n").write(to: file, atomically: true, encoding: .utf8)
            let second = cluster(directory)
            let address = try await second.start()
            try await withPool(address) { (db) async throws in #expect(try await db.first("SELECT 1", as: Int.self) == 1) }
            await second.stop()
        }
    }

    @Test func `a server that outlived its program is replaced`() async throws {
        try await withDirectory { directory in
            let first = cluster(directory)
            try await first.start()
            await first.stop()
            // Started as the program did, by a program that is gone: its lock is not held, its socket is.
            let area = ClusterDirectory(dataDirectory: directory, account: try .current())
            let binaries = try await ServerBinaries.find(for: nil)
            let settings = ClusterSettings(directory: area, sockets: try area.socketDirectory()).arguments
            let orphan = try ChildProcess(area.account.command([binaries.postgres, "-D", area.data.path] + settings), log: area.log)
            let second = cluster(directory)
            let address = try await second.start()
            #expect(orphan.ending != nil)
            try await withPool(address) { (db) async throws in #expect(try await db.first("SELECT 1", as: Int.self) == 1) }
            await second.stop()
        }
    }

    @Test func `a directory in use is refused, and a command may join who uses it`() async throws {
        try await withDirectory { directory in
            #expect(try PrivateCluster.running(in: directory) == nil)
            let first = cluster(directory)
            let address = try await first.start()
            await #expect(throws: PrivateCluster.Failure.inUse) { try await cluster(directory).start() }
            #expect(try PrivateCluster.running(in: directory) == address)
            await first.stop()
            #expect(try PrivateCluster.running(in: directory) == nil)
        }
    }

    @Test func `a directory of another major version is refused in one line that names both`() async throws {
        try await withDirectory { directory in
            let first = cluster(directory)
            try await first.start()
            await first.stop()
            let file = directory.appendingPathComponent("postgres/data/PG_VERSION")
            try "9\n".write(to: file, atomically: true, encoding: .utf8)
            let failure = await #expect(throws: PrivateCluster.Failure.self) { try await cluster(directory).start() }
            guard case .otherVersion(data: 9, let programs) = try #require(failure) else {
                Issue.record("\(String(describing: failure))")
                return
            }
            #expect(!programs.isEmpty)
            #expect(!"\(try #require(failure))".contains("\n"))
            // Nothing was touched.
            #expect(try String(contentsOf: file, encoding: .utf8) == "9\n")
        }
    }

    @Test func `a half-made cluster is made anew`() async throws {
        try await withDirectory { directory in
            let unfinished = directory.appendingPathComponent("postgres/data.new")
            try FileManager.default.createDirectory(at: unfinished, withIntermediateDirectories: true)
            try "15\n".write(to: unfinished.appendingPathComponent("PG_VERSION"), atomically: true, encoding: .utf8)
            let cluster = cluster(directory)
            try await cluster.start()
            await cluster.stop()
        }
    }

    @Test func `a path too long for a socket gets a short private one`() async throws {
        try await withDirectory("ds-" + String(repeating: "x", count: 90)) { directory in
            let cluster = cluster(directory)
            let address = try await cluster.start()
            try await withPool(address) { (db) async throws in #expect(try await db.first("SELECT 1", as: Int.self) == 1) }
            let sockets = try ClusterDirectory(dataDirectory: directory, account: .current()).socketDirectory()
            #expect(sockets.path.utf8.count < 60)
            #expect(try permissions(sockets) == 0o700)
            await cluster.stop()
            try FileManager.default.removeItem(at: sockets)
        }
    }

    @Test func `a machine without PostgreSQL is told so`() async throws {
        // Debian's own directory cannot be hidden; a version that nobody has stands for it.
        await #expect(throws: PrivateCluster.Failure.self) { try await ServerBinaries.find(for: 8, path: "/nowhere") }
        #expect("\(PrivateCluster.Failure.noBinaries)".contains("install"))
    }

    @Test func `it stops in time while clients are at work`() async throws {
        try await withDirectory { directory in
            let cluster = cluster(directory)
            let address = try await cluster.start()
            try await withPool(address) { db in
                let busy = Task { try await db.execute("SELECT pg_sleep(60)") }
                let deadline = ContinuousClock.now + .seconds(20)
                let isBusy: SQL = "SELECT true FROM pg_stat_activity WHERE query LIKE 'SELECT pg_sleep(60)%' AND state = 'active'"
                while try await db.first(isBusy, as: Bool.self) == nil, ContinuousClock.now < deadline {}
                let started = ContinuousClock.now
                await cluster.stop()
                #expect(ContinuousClock.now - started < .seconds(10))
                await #expect(throws: (any Error).self) { try await busy.value }
            }
        }
    }
}
