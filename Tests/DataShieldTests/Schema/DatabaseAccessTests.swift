import DataShieldTestSupport
import Foundation
import Logging
import Postgres
import Testing

@testable import DataShield

/// The app's connections can become nothing else, whatever is sent over them.
@Suite(.freshDatabase) struct DatabaseAccessTests {
    private static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
    private var database: TestDatabase { .current }
    private let settings = Settings(dataDirectory: FileManager.default.temporaryDirectory)

    private func withPool<R>(_ configuration: PoolConfiguration, _ body: (PostgresPool) async throws -> R) async throws -> R {
        let pool = PostgresPool(configuration: configuration, logger: Self.logger)
        let result: Result<R, any Error>
        do { result = .success(try await body(pool)) } catch { result = .failure(error) }
        await pool.close()
        return try result.get()
    }

    /// What a login may not become, and how it would be tried.
    private static func attempts(_ login: DatabaseAccess.Login) -> [String] {
        let other = DatabaseAccess.Login.allCases.first { $0 != login }?.group ?? ""
        return [
            "SET ROLE \(other)", "SET LOCAL ROLE \(other)", "SELECT set_config('role', '\(other)', false)", "SET ROLE datashield_test_owner",
            "SET ROLE postgres", "SET SESSION AUTHORIZATION datashield_test_owner", "SET SESSION AUTHORIZATION postgres",
            "GRANT \(other) TO CURRENT_USER", "ALTER ROLE CURRENT_USER CREATEROLE", "CREATE ROLE mine IN ROLE \(other)",
        ]
    }

    @Test(arguments: DatabaseAccess.Login.allCases) func `a login can become nobody else`(login: DatabaseAccess.Login) async throws {
        #expect(database.access.sharing == nil)
        let company = try await database.makeCompany()
        _ = try await database.makeEmployee(in: company)
        let access = database.access
        try await withPool(access.configuration(login)) { pool in
            try await pool.withConnection { connection in
                for attempt in Self.attempts(login) {
                    do {
                        try await connection.execute(SQL(unsafe: attempt))
                        Issue.record("\(attempt) was let through")
                    } catch let error as PostgresError {
                        #expect(error.kind == .server, "\(attempt)")
                    }
                }
                // What the role was before it was set is what it is.
                for attempt in ["RESET ROLE", "SET ROLE NONE", "RESET SESSION AUTHORIZATION", "RESET ALL"] {
                    try await connection.execute(SQL(unsafe: attempt))
                    // The app has said no company.
                    #expect(try await connection.first("SELECT count(*) > 0 FROM employees", as: Bool.self) == (login == .system), "\(attempt)")
                    #expect(try await connection.first("SELECT session_user = current_user", as: Bool.self) == true)
                }
            }
        }
    }

    @Test func `a tenant's transaction cannot become the system, and has no role to fall back to`() async throws {
        let company = try await database.makeCompany()
        let error = await #expect(throws: PostgresError.self) {
            try await database.tenant.transaction(for: company) { try await $0.execute("SET LOCAL ROLE datashield_system") }
        }
        #expect(error?.sqlState == .insufficientPrivilege)
        let mayBecomeSystem = try await database.tenant.transaction(for: company) { db in
            try await db.execute("RESET ROLE")
            return try await db.first("SELECT pg_has_role(current_user, 'datashield_system', 'MEMBER')", as: Bool.self)
        }
        #expect(mayBecomeSystem == false)
    }

    @Test func `two installations on one server keep their own logins`() async throws {
        let url = try await ownersURL()
        let one = try await DatabaseAccess.open(url, settings, secrets: SecretBox(key: Array(repeating: 1, count: 32)), logger: Self.logger)
        let other = try await DatabaseAccess.open(url, settings, secrets: SecretBox(key: Array(repeating: 2, count: 32)), logger: Self.logger)
        let again = try await DatabaseAccess.open(url, settings, secrets: SecretBox(key: Array(repeating: 1, count: 32)), logger: Self.logger)
        var names: Set<String> = []
        for access in [one, other, again] {
            #expect(access.sharing == nil)
            names.insert(try await withPool(access.configuration(.app)) { try await $0.first("SELECT session_user::text", as: String.self) } ?? "")
        }
        #expect(names.count == 2)
    }

    @Test func `logins of an earlier key are named until they are dropped`() async throws {
        func box() -> SecretBox { SecretBox(key: (0..<32).map { _ in UInt8.random(in: 0...255) }) }
        let (url, before, after) = (try await ownersURL(), box(), box())
        _ = try await DatabaseAccess.open(url, settings, secrets: before, logger: Self.logger)
        let access = try await DatabaseAccess.open(url, settings, secrets: after, logger: Self.logger)
        func names(_ secrets: SecretBox) -> Set<String> {
            Set(DatabaseAccess.Login.allCases.map { "\($0.group)_\(secrets.currentKeyID)" })
        }
        // Other tests have logins on the server, too.
        let found = Set(try await access.loginsOfOtherKeys(than: after, Self.logger))
        #expect(found.isSuperset(of: names(before)) && found.isDisjoint(with: names(after)))
        for name in names(before) { try await database.owner.execute("DROP ROLE \(identifier: name)") }
        #expect(Set(try await access.loginsOfOtherKeys(than: after, Self.logger)).isDisjoint(with: names(before)))
    }

    @Test func `a login whose password was changed gets it back`() async throws {
        let secrets = SecretBox(key: Array(repeating: 3, count: 32))
        let url = try await ownersURL()
        let access = try await DatabaseAccess.open(url, settings, secrets: secrets, logger: Self.logger)
        let name = try await withPool(access.configuration(.app)) { try await $0.first("SELECT session_user::text", as: String.self) }
        try await database.owner.execute("ALTER ROLE \(identifier: try #require(name)) NOLOGIN PASSWORD 'other'")
        let again = try await DatabaseAccess.open(url, settings, secrets: secrets, logger: Self.logger)
        #expect(again.sharing == nil)
        #expect(try await withPool(again.configuration(.app)) { try await $0.first("SELECT 1", as: Int.self) } == 1)
    }

    @Test func `an owner who may make no roles goes on as before, and hears what is missing`() async throws {
        let url = try await makeUser("plain", "IN ROLE datashield_app, datashield_system")
        let access = try await DatabaseAccess.open(url, settings, secrets: SecretBox(key: Array(repeating: 4, count: 32)), logger: Self.logger)
        let sharing = try #require(access.sharing)
        #expect(sharing.contains("CREATEROLE") && sharing.contains("DATABASE_APP_URL") && !sharing.contains("secret"))
        for login in DatabaseAccess.Login.allCases {
            let role = try await withPool(access.configuration(login)) { try await $0.first("SELECT current_user::text", as: String.self) }
            #expect(role == login.group)
        }
    }

    @Test func `logins that an administrator made are used, when they keep apart what must be`() async throws {
        let (owner, app, system) = (
            try await makeUser("o", "IN ROLE datashield_app, datashield_system"), try await makeUser("a", "IN ROLE datashield_app"),
            try await makeUser("s", "IN ROLE datashield_system")
        )
        func open(_ app: String, _ system: String) async throws -> DatabaseAccess {
            var settings = settings
            (settings.databaseURL, settings.databaseAppURL, settings.databaseSystemURL) = (Secret(owner), Secret(app), Secret(system))
            return try await DatabaseAccess.open(owner, settings, secrets: SecretBox(key: Array(repeating: 5, count: 32)), logger: Self.logger)
        }
        let access = try await open(app, system)
        #expect(access.sharing == nil)
        for (login, url) in [(DatabaseAccess.Login.app, app), (.system, system)] {
            let user = try await withPool(access.configuration(login)) { try await $0.first("SELECT session_user::text", as: String.self) }
            #expect(user == URLComponents(string: url)?.user)
        }
        let reader = try await makeUser("r", "IN ROLE datashield_app, pg_read_all_data")
        let (creator, powerless) = (try await makeUser("c", "CREATEROLE IN ROLE datashield_app"), try await makeUser("n", ""))
        for (app, system, name) in [
            (owner, system, "DATABASE_APP_URL"), (system, system, "DATABASE_APP_URL"), (reader, system, "DATABASE_APP_URL"),
            (creator, system, "DATABASE_APP_URL"), (powerless, system, "DATABASE_APP_URL"), (app, app, "DATABASE_SYSTEM_URL"),
            (app, database.url, "DATABASE_SYSTEM_URL"),
        ] {
            let error = await #expect(throws: SettingsError.self) { try await open(app, system) }
            #expect(error?.name == name && error?.description.contains("secret") == false)
        }
    }

    @Test func `a verifier is that of the standard`() throws {
        // RFC 7677, as PostgreSQL writes it.
        let salt = try #require(Data(base64Encoded: "W22ZaJ0SNY7soEsUEjb6gQ=="))
        let keys = "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
        #expect(try ScramVerifier(password: "pencil", salt: Array(salt)).description == "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$\(keys)")
    }

    @Test func `nothing of a login is printed`() {
        let access = DatabaseAccess(url: "postgresql://o:hunter2@h/d", ways: [.app: .init(parameters: ["password": "hunter2"])])
        for text in ["\(access)", String(reflecting: access), "\(access.configuration(.app))", String(reflecting: access.configuration(.app))] {
            #expect(!text.contains("hunter2"))
        }
        var dumped = ""
        dump(access, to: &dumped)
        #expect(!dumped.contains("hunter2"))
    }

    // MARK: Users of the server

    /// The database as the owner of all tests' databases, who may make roles.
    private func ownersURL() async throws -> String {
        let user = "owner_\(UUID().uuidString.prefix(8).lowercased())"
        try await database.owner.execute(
            "CREATE ROLE \(identifier: user) LOGIN CREATEROLE PASSWORD 'secret' IN ROLE datashield_test_owner, datashield_app, datashield_system")
        try await database.owner.execute("GRANT datashield_app, datashield_system TO \(identifier: user) WITH ADMIN OPTION")
        return try self.url(user)
    }

    private func makeUser(_ prefix: String, _ attributes: String) async throws -> String {
        let user = "\(prefix)_\(UUID().uuidString.prefix(8).lowercased())"
        try await database.owner.execute("CREATE ROLE \(identifier: user) LOGIN PASSWORD 'secret' \(unsafe: attributes)")
        return try url(user)
    }

    private func url(_ user: String) throws -> String {
        var url = try #require(URLComponents(string: database.url))
        (url.user, url.password) = (user, "secret")
        return try #require(url.string)
    }
}
