import Foundation
import Logging
import Postgres

/// How the program comes into its database: as the owner for migrations, as one login that sees one company at a time, as another that
/// sees all. Each connection signs in as what it is, so that whoever gets to send SQL over one of the app's can become nothing else.
package struct DatabaseAccess: Sendable {
    /// Who a connection is.
    package enum Login: String, CaseIterable, Sendable {
        /// One company at a time: ``TenantDatabase``.
        case app
        /// All companies: ``SystemDatabase``.
        case system

        /// The role that has the rights, and may not sign in itself. Logins are its members.
        package var group: String {
            switch self {
            case .app: "datashield_app"
            case .system: "datashield_system"
            }
        }
    }

    /// How one login connects. Never printed: it holds a password.
    struct Way: Sendable, CustomReflectable {
        /// A connection string; nil for the owner's.
        var url: Secret?
        /// Goes before what the connection string says: user and password.
        var parameters: [String: String] = [:]
        /// Taken by `SET ROLE`, where there is no login of its own.
        var role: String?

        var customMirror: Mirror { Mirror(self, children: []) }
    }

    private let url: Secret
    private var database: String?
    private let ways: [Login: Way]
    /// Why app and system have to share the owner's login, in words that say how to mend it; nil when each has its own.
    package let sharing: String?

    init(url: String, ways: [Login: Way], sharing: String? = nil) {
        self.url = Secret(url)
        self.ways = ways
        self.sharing = sharing
    }

    /// The same server's database of another name: logins are the server's.
    package func database(named name: String) -> DatabaseAccess {
        var other = self
        other.database = name
        return other
    }

    /// As the owner: for migrations.
    package var owner: PoolConfiguration { configuration(Way()) }

    /// As the app or the system.
    package func configuration(_ login: Login) -> PoolConfiguration {
        // A login without a way of its own would be the owner, who may more.
        configuration(ways[login] ?? Way(role: login.group))
    }

    private func configuration(_ way: Way) -> PoolConfiguration {
        var configuration = PoolConfiguration((way.url ?? url).value)
        configuration.applicationName = "datashield"
        configuration.parameters = way.parameters
        if let database { configuration.parameters["dbname"] = database }
        configuration.role = way.role
        return configuration
    }
}

extension DatabaseAccess {
    /// The ways into a server that knows by its socket whose program it is, as the private cluster does: a login is named after its group.
    /// - Parameter url: the database, as its owner.
    package static func bySocket(_ url: String) -> DatabaseAccess {
        DatabaseAccess(
            url: url, ways: Dictionary(uniqueKeysWithValues: Login.allCases.map { ($0, Way(parameters: ["user": "\($0.group)_login"])) }))
    }

    /// Finds out how to come into a server that DATABASE_URL names, after the migrations have been run: by the two logins that are set, else
    /// by two of the program's own, which are made when the owner may make roles. Where that cannot be, both become what they are by `SET
    /// ROLE`, and ``sharing`` says why.
    /// - Throws: ``SettingsError`` when logins are set that do not keep apart what has to be; the server's error when it is away.
    package static func open(_ url: String, _ settings: Settings, secrets: SecretBox, logger: Logger) async throws -> DatabaseAccess {
        if let app = settings.databaseAppURL, let system = settings.databaseSystemURL {
            let access = DatabaseAccess(url: url, ways: [.app: Way(url: app), .system: Way(url: system)])
            for (login, name) in [(Login.app, "DATABASE_APP_URL"), (.system, "DATABASE_SYSTEM_URL")] {
                if let problem = try await access.problem(of: login, logger) { throw SettingsError(name: name, problem: problem) }
            }
            return access
        }
        let logins = OwnLogins(secrets: secrets)
        let access = DatabaseAccess(url: url, ways: try logins.ways)
        // Mostly they are there. What is wrong with them is found out below.
        if try await access.isWhole(logger) { return access }
        do {
            try await access.withPool(access.owner, logger) { try await logins.make(in: $0) }
            for login in Login.allCases {
                if let problem = try await access.problem(of: login, logger) { return shared(url, "The login of the \(login) \(problem)") }
            }
            return access
        } catch let error as PostgresError {
            // Another program may have made them at the same moment.
            if try await access.isWhole(logger) { return access }
            return shared(url, "\(error)")
        }
    }

    private static func shared(_ url: String, _ reason: String) -> DatabaseAccess {
        DatabaseAccess(
            url: url, ways: [.app: Way(role: Login.app.group), .system: Way(role: Login.system.group)],
            sharing: "The app and the system share the login of DATABASE_URL, so that only SET ROLE keeps companies apart (\(reason)). "
                + "Give the user of DATABASE_URL the right CREATEROLE and let pg_hba.conf take passwords, or set DATABASE_APP_URL and "
                + "DATABASE_SYSTEM_URL to two logins; docs/operations.md says how.")
    }

    /// Whether both logins work and are what they should be.
    private func isWhole(_ logger: Logger) async throws -> Bool {
        for login in Login.allCases {
            do {
                if try await problem(of: login, logger) != nil { return false }
            } catch is PostgresError {
                // It is not there, has another password, or may not come from here: the caller tries to mend it.
                return false
            }
        }
        return true
    }

    private struct Standing: RowDecodable {
        let name: String
        let isMember: Bool
        let others: [String]

        init(from row: inout Row) throws {
            name = try row.next()
            isMember = try row.next()
            others = try row.next()
        }
    }

    /// What a login lacks, or may become that it must not; nil when it is as it should be.
    func problem(of login: Login, _ logger: Logger) async throws -> String? {
        // What the app may never be; and what goes around all rights, whoever has it.
        var forbidden = [
            "pg_read_all_data", "pg_write_all_data", "pg_read_server_files", "pg_write_server_files", "pg_execute_server_program",
        ]
        if login == .app { forbidden.append(Login.system.group) }
        let question: SQL = """
            SELECT session_user::text, pg_has_role(session_user, \(login.group), 'USAGE'), ARRAY(
                SELECT rolname::text FROM pg_roles WHERE pg_has_role(session_user, oid, 'MEMBER') AND (
                    rolname = ANY(\(forbidden)) OR rolsuper OR rolbypassrls OR rolcreaterole OR rolreplication
                    OR oid = (SELECT datdba FROM pg_database WHERE datname = current_database())
                    OR oid IN (SELECT relowner FROM pg_class WHERE relnamespace = 'public'::regnamespace))
                ORDER BY rolname)
            """
        let standing = try await withPool(configuration(login), logger) { try await $0.first(question, as: Standing.self) }
        guard let standing else { return "does not say who it is." }
        guard standing.others.isEmpty else { return "signs in as a user who can become \(standing.others.prefix(3).joined(separator: ", "))." }
        guard standing.isMember else { return "signs in as a user who has not the rights of \(login.group): GRANT \(login.group) TO that user." }
        return nil
    }

    /// The logins by which whoever has another key than the installation's own comes into the database: those of a key before, or of another
    /// installation on the server that may connect to this database.
    package func loginsOfOtherKeys(than secrets: SecretBox, _ logger: Logger) async throws -> [String] {
        let question: SQL = """
            SELECT rolname::text FROM pg_roles
            WHERE rolcanlogin AND rolname ~ '^datashield_(app|system)_[0-9a-f]{8}$' AND right(rolname::text, 8) <> \(secrets.currentKeyID)
                AND (pg_has_role(oid, 'datashield_app', 'MEMBER') OR pg_has_role(oid, 'datashield_system', 'MEMBER'))
                AND has_database_privilege(oid, current_database(), 'CONNECT')
            ORDER BY rolname
            """
        return try await withPool(owner, logger) { try await $0.query(question, as: String.self) }
    }

    /// Lends a connection for a question.
    private func withPool<R>(_ configuration: PoolConfiguration, _ logger: Logger, _ body: (PostgresPool) async throws -> R) async throws -> R {
        var configuration = configuration
        configuration.size = 1
        configuration.preparedStatements = false
        let pool = PostgresPool(configuration: configuration, logger: logger)
        let result: Result<R, any Error>
        do { result = .success(try await body(pool)) } catch { result = .failure(error) }
        await pool.close()
        return try result.get()
    }
}

/// The two logins that the program makes for itself on a server of yours.
///
/// Names and passwords come from the key of the installation: every process of one installation knows them, nothing has to be stored, and
/// two installations on one server do not change each other's passwords.
private struct OwnLogins {
    let secrets: SecretBox

    private func name(_ login: DatabaseAccess.Login) -> String { "\(login.group)_\(secrets.currentKeyID)" }

    private func password(_ login: DatabaseAccess.Login) throws -> String {
        try secrets.derivedKey(for: "database login \(login)").withUnsafeBytes { Hex.text($0) }
    }

    private func verifier(_ login: DatabaseAccess.Login) throws -> ScramVerifier {
        let salt = try secrets.derivedKey(for: "database login salt \(login)").withUnsafeBytes { Array($0.prefix(16)) }
        return try ScramVerifier(password: password(login), salt: salt)
    }

    var ways: [DatabaseAccess.Login: DatabaseAccess.Way] {
        get throws {
            try Dictionary(
                uniqueKeysWithValues: DatabaseAccess.Login.allCases.map { login in
                    (login, DatabaseAccess.Way(parameters: ["user": name(login), "password": try password(login)]))
                })
        }
    }

    /// Makes the logins, or gives those that are there their passwords. The owner needs CREATEROLE.
    func make(in pool: PostgresPool) async throws {
        for login in DatabaseAccess.Login.allCases {
            let role = name(login)
            // Of letters, digits and signs that need no quoting; a utility statement takes no binds.
            let password = SQL(unsafe: "'\(try verifier(login))'")
            let isThere: SQL = "SELECT true FROM pg_roles WHERE rolname = \(role)"
            if try await pool.first(isThere, as: Bool.self) == true {
                try await pool.execute("ALTER ROLE \(identifier: role) LOGIN INHERIT PASSWORD \(password)")
                try await pool.execute("GRANT \(identifier: login.group) TO \(identifier: role)")
            } else {
                try await pool.execute(
                    """
                    CREATE ROLE \(identifier: role) LOGIN INHERIT NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION
                    PASSWORD \(password) IN ROLE \(identifier: login.group)
                    """)
            }
        }
    }
}
