import Logging
import Postgres

/// Who signs in to the private cluster. The socket says whose program it is (`peer`), so that there is no password to lose; which of
/// these a connection is, it says as it signs in, and stays.
enum ClusterRoles {
    /// Made by initdb. Makes the others as the cluster starts; for backups and for mending.
    static let superuser = "datashield"
    /// Owns the database and all in it; runs the migrations. No superuser.
    static let owner = "datashield_owner"
    static let app = "datashield_app_login"
    static let system = "datashield_system_login"

    static let all = [superuser, owner, app, system]

    /// Makes the roles and the database, where they are missing, and gives the owner what an earlier version left to the superuser.
    /// - Parameter configuration: the server, with whatever database.
    static func prepare(_ configuration: PoolConfiguration, logger: Logger) async throws {
        try await with(configuration, database: "postgres", logger) { pool in
            try await pool.execute(SQL(unsafe: roles))
            let database: SQL = "SELECT datdba = 'datashield_owner'::regrole FROM pg_database WHERE datname = 'datashield'"
            switch try await pool.first(database, as: Bool.self) {
            case nil: try await pool.execute("CREATE DATABASE datashield OWNER datashield_owner")
            case false?: try await pool.execute("ALTER DATABASE datashield OWNER TO datashield_owner")
            case true?: break
            }
        }
        try await with(configuration, database: "datashield", logger) { try await $0.execute(SQL(unsafe: handOver)) }
    }

    private static func with(
        _ configuration: PoolConfiguration, database: String, _ logger: Logger, _ body: (PostgresPool) async throws -> Void
    ) async throws {
        var configuration = configuration
        configuration.parameters = ["dbname": database, "user": superuser]
        configuration.size = 1
        let pool = PostgresPool(configuration: configuration, logger: logger)
        do {
            try await body(pool)
            await pool.close()
        } catch {
            await pool.close()
            throw error
        }
    }

    private static let roles = """
        DO $$
        DECLARE
            wanted record;
        BEGIN
            FOR wanted IN
                SELECT * FROM (VALUES
                    ('datashield_app', 'NOLOGIN'), ('datashield_system', 'NOLOGIN'), ('datashield_owner', 'LOGIN'),
                    ('datashield_app_login', 'LOGIN'), ('datashield_system_login', 'LOGIN')
                ) AS roles (name, may_login)
            LOOP
                IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = wanted.name) THEN
                    EXECUTE format(
                        'CREATE ROLE %I %s NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION', wanted.name, wanted.may_login);
                END IF;
            END LOOP;
            FOR wanted IN
                SELECT * FROM (VALUES
                    ('datashield_app', 'datashield_owner'), ('datashield_system', 'datashield_owner'),
                    ('datashield_app', 'datashield_app_login'), ('datashield_system', 'datashield_system_login')
                ) AS memberships (role, member)
            LOOP
                IF NOT EXISTS (
                    SELECT FROM pg_catalog.pg_auth_members WHERE roleid = wanted.role::regrole AND member = wanted.member::regrole
                ) THEN
                    EXECUTE format('GRANT %I TO %I', wanted.role, wanted.member);
                END IF;
            END LOOP;
        END
        $$
        """

    /// REASSIGN OWNED does not do it for the superuser that initdb made: the server's own catalogue is theirs, too.
    private static let handOver = """
        DO $$
        DECLARE
            thing record;
        BEGIN
            FOR thing IN
                SELECT format('ALTER %s %s', CASE relkind
                        WHEN 'S' THEN 'SEQUENCE' WHEN 'v' THEN 'VIEW' WHEN 'm' THEN 'MATERIALIZED VIEW' ELSE 'TABLE' END, oid::regclass) AS change
                FROM pg_catalog.pg_class c
                WHERE relnamespace = 'public'::regnamespace AND relowner = 'datashield'::regrole AND relkind IN ('r', 'p', 'v', 'm', 'S')
                    -- A column's own sequence goes with its table.
                    AND NOT EXISTS (
                        SELECT FROM pg_catalog.pg_depend
                        WHERE classid = 'pg_class'::regclass AND objid = c.oid AND relkind = 'S' AND deptype IN ('a', 'i'))
                UNION ALL
                SELECT format('ALTER ROUTINE %s', oid::regprocedure) FROM pg_catalog.pg_proc
                WHERE pronamespace = 'public'::regnamespace AND proowner = 'datashield'::regrole
                UNION ALL
                SELECT format('ALTER %s %s', CASE typtype WHEN 'd' THEN 'DOMAIN' ELSE 'TYPE' END, oid::regtype) FROM pg_catalog.pg_type
                WHERE typnamespace = 'public'::regnamespace AND typowner = 'datashield'::regrole
                    -- Also composite types that stand by themselves; those of tables go with the table.
                    AND (typtype IN ('d', 'e') OR typtype = 'c' AND EXISTS (SELECT FROM pg_catalog.pg_class WHERE oid = typrelid AND relkind = 'c'))
            LOOP
                EXECUTE thing.change || ' OWNER TO datashield_owner';
            END LOOP;
        END
        $$
        """
}
