import DataShield
import DataShieldTestSupport
import Postgres
import Testing

/// Reads the live catalogue of a migrated database, and holds it against the specification.
@Suite(.freshDatabase) struct CatalogueTests {
    private var owner: PostgresPool { TestDatabase.current.owner }

    /// What the specification names as belonging to a company.
    private static let tenantTables = [
        "scim_refusals",
        "users", "employees", "breach_records", "alerts", "directory_connections", "jobs", "api_credentials", "webhooks",
        "remediation_actions", "exposure_register_entries", "report_schedules", "dashboard_configs", "dashboard_presets", "sessions",
        "api_tokens", "audit_events", "scan_runs", "provider_coverage", "deliveries", "alert_comments",
        "leak_files", "infected_machines", "machine_marks", "machine_traces", "leaked_credentials", "leak_sightings", "ingest_runs", "ingest_files",
        "leak_dumps",
        "sync_runs", "scim_resources", "scim_addresses", "scim_members",
        "remediation_requests", "remediation_settings", "remediation_orders", "protected_people",
        "staff_previews", "staff_preview_pieces",
    ]
    /// The rest: the company itself, what all share, and the migrations' own.
    private static let globalTables: Set = [
        "companies", "catalogue_state", "login_attempts", "ingest_checkpoints", "schema_migrations",
    ]

    // MARK: Isolation

    @Test func `every table has a company, or is known to be everybody's`() async throws {
        let without = try await owner.query(
            """
            SELECT relname::text FROM pg_class WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
                AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = pg_class.oid AND attname = 'company_id')
            """, as: String.self)
        #expect(Set(without) == Self.globalTables)
    }

    @Test(arguments: tenantTables) func `a tenant table of the specification has a company`(table: String) async throws {
        let column = try await owner.first(
            "SELECT attnotnull FROM pg_attribute WHERE attrelid = \(table)::regclass AND attname = 'company_id'", as: Bool.self)
        // A job may be the installation's own.
        #expect(column == (table != "jobs"))
    }

    @Test func `row-level security is on, forced, and has a policy for the app on every table with a company`() async throws {
        let open = try await owner.query(
            """
            SELECT relname::text FROM pg_class c
            WHERE relnamespace = 'public'::regnamespace AND relkind IN ('r', 'p')
                AND (relname = 'companies' OR EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = 'company_id'))
                AND NOT (relrowsecurity AND relforcerowsecurity AND EXISTS (
                    SELECT FROM pg_policy WHERE polrelid = c.oid AND polcmd = '*' AND polpermissive
                        AND polroles = ARRAY['datashield_app'::regrole::oid]
                        AND pg_get_expr(polqual, polrelid) LIKE '%= current_company())'
                        AND pg_get_expr(polqual, polrelid) = pg_get_expr(polwithcheck, polrelid)))
            """, as: String.self)
        #expect(open == [])
    }

    @Test func `no other policy lets the app see more`() async throws {
        let policies = try await owner.query(
            """
            SELECT relname || ': ' || polname FROM pg_policy JOIN pg_class c ON c.oid = polrelid
            WHERE polname <> 'app_sees_its_company' AND (relname, polname) <> ('breaches', 'app_sees_the_catalogue') AND polroles <> ARRAY['datashield_system'::regrole::oid]
            """, as: String.self)
        #expect(policies == [])
    }

    @Test(arguments: ["datashield_app", "datashield_system"]) func `a role cannot go around the policies`(role: String) async throws {
        let rights = try await owner.first(
            """
            SELECT rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication OR rolcanlogin
            FROM pg_roles WHERE rolname = \(role)
            """, as: Bool.self)
        #expect(rights == false)
        let member: SQL = "SELECT rolname::text FROM pg_roles WHERE rolname <> \(role) AND pg_has_role(\(role), oid, 'member')"
        #expect(try await owner.query(member, as: String.self) == [])
        #expect(try await owner.first("SELECT has_schema_privilege(\(role), 'public', 'CREATE')", as: Bool.self) == false)
        let tables = try await owner.query(
            "SELECT relname::text FROM pg_class WHERE relowner = \(role)::regrole", as: String.self)
        #expect(tables == [])
    }

    @Test func `the app owns nothing at all`() async throws {
        let owned: SQL = """
            SELECT count(*) FROM pg_shdepend
            WHERE refclassid = 'pg_authid'::regclass AND refobjid = 'datashield_app'::regrole AND deptype = 'o'
            """
        #expect(try await owner.first(owned, as: Int.self) == 0)
    }

    @Test(arguments: [
        ("companies", "SELECT"), ("breaches", "SELECT, INSERT, UPDATE, DELETE"), ("catalogue_state", ""), ("login_attempts", ""),
        ("audit_events", "SELECT, INSERT"), ("remediation_actions", "SELECT, INSERT"), ("audit_chains", "SELECT"),
        ("jobs", "SELECT, INSERT"), ("alert_counts", "SELECT"), ("department_counts", "SELECT"), ("provider_counts", "SELECT"),
        ("alert_state_counts", "SELECT"),
        ("schema_migrations", ""),
        ("alerts", "SELECT, INSERT, UPDATE, DELETE"),
    ]) func `the app has no more rights on a table than it needs`(table: String, rights: String) async throws {
        let granted = try await owner.first(
            """
            SELECT coalesce(string_agg(kind, ', ' ORDER BY place), '')
            FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) WITH ORDINALITY AS k (kind, place)
            WHERE has_table_privilege('datashield_app', \(table)::regclass, kind)
            """, as: String.self)
        #expect(granted == rights)
    }

    @Test func `functions that run with other rights are the system's, with a fixed search path`() async throws {
        let loose = try await owner.query(
            """
            SELECT proname::text FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef
                AND (proowner <> 'datashield_system'::regrole OR NOT 'search_path=pg_catalog, public, pg_temp' = ANY (proconfig))
            """, as: String.self)
        #expect(loose == [])
    }

    // MARK: Rules of the model

    @Test(arguments: [
        ("role", "ADMIN VIEWER"), ("severity", "CRITICAL HIGH MEDIUM LOW"), ("alert_status", "OPEN ACKNOWLEDGED RESOLVED"),
        ("breach_source", "HIBP MANUAL DARK_WEB STEALER_LOG"), ("artifact_kind", "PASSWORD COOKIE TOKEN AUTOFILL"),
        ("directory_type", "AZURE_AD GOOGLE_WORKSPACE LDAP AWS_DIRECTORY OKTA SCIM"),
        ("api_provider", "HIBP HIBP_STEALER DEHASHED LEAKCHECK INTELX SNUSBASE"), ("connect_status", "ACTIVE ERROR PENDING"),
        ("sync_job_status", "PENDING RUNNING SUCCEEDED FAILED"), ("preset_scope", "PERSONAL COMPANY"),
        ("notification_channel", "WEBHOOK SLACK TEAMS EMAIL"), ("remediation_type", "REVOKE_SESSIONS FORCE_PASSWORD_RESET"),
        ("remediation_status", "SUCCESS FAILED"), ("register_status", "ASSESSING NOTIFIED NOT_REQUIRED"),
        ("schedule_frequency", "WEEKLY MONTHLY"), ("alert_confidence", "LOW MEDIUM HIGH"),
        ("liveness", "LIVE UNKNOWN NEUTRALISED NO_CREDENTIAL"), ("liveness_certainty", "CERTAIN IF_REUSED"),
        ("credential_kind", "SESSION TOKEN COMPANY_PASSWORD PASSWORD HASH"),
    ]) func `an enum has exactly the values of the specification`(type: String, words: String) async throws {
        let values = try await owner.first(
            "SELECT string_agg(enumlabel, ' ' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = \(type)::regtype", as: String.self)
        #expect(values == words)
    }

    @Test func `an enum of the program has the values of the database`() async throws {
        func check<E: NativeEnum>(_ type: String, _: E.Type) async throws {
            let values = try await owner.query(
                "SELECT enumlabel::text FROM pg_enum WHERE enumtypid = \(type)::regtype", as: String.self)
            #expect(Set(values) == Set(E.allCases.map(\.rawValue)), "\(type)")
        }
        try await check("role", Role.self)
        try await check("severity", Severity.self)
        try await check("alert_status", AlertStatus.self)
        try await check("alert_confidence", AlertConfidence.self)
        try await check("breach_source", BreachSource.self)
        try await check("artifact_kind", ArtifactKind.self)
        try await check("api_provider", ApiProvider.self)
        try await check("connect_status", ConnectStatus.self)
        try await check("liveness", Liveness.self)
        try await check("liveness_certainty", LivenessCertainty.self)
        try await check("credential_kind", CredentialKind.self)
    }

    @Test(arguments: [
        ("companies", "domain"), ("users", "email"), ("employees", "company_id, email"), ("breaches", "company_id, name"),
        ("breaches", "company_id, canonical_key"),
        ("breach_records", "company_id, employee_id, breach_id"), ("api_credentials", "company_id, provider"),
        ("dashboard_configs", "company_id, user_id"), ("sessions", "token_hash"), ("api_tokens", "token_hash"),
        ("audit_events", "company_id, sequence"),
    ]) func `what must be unique is`(table: String, columns: String) async throws {
        #expect(try await uniqueKeys(of: table).contains(columns))
    }

    @Test(arguments: tenantTables) func `the key of a tenant table begins with its company`(table: String) async throws {
        let key = try await owner.first(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = \(table)::regclass AND contype = 'p'", as: String.self)
        #expect(table == "jobs" ? key == "PRIMARY KEY (id)" : key?.hasPrefix("PRIMARY KEY (company_id") == true)
    }

    private func uniqueKeys(of table: String) async throws -> [String] {
        try await owner.query(
            """
            SELECT string_agg(attname, ', ' ORDER BY place)
            FROM pg_index, unnest(indkey::int2[]) WITH ORDINALITY AS k (number, place)
            JOIN pg_attribute ON attnum = number
            WHERE indrelid = \(table)::regclass AND attrelid = indrelid AND indisunique AND indpred IS NULL GROUP BY indexrelid
            """, as: String.self)
    }

    @Test(arguments: [
        ("users", "role", "'VIEWER'::role"), ("companies", "remediation_enabled", "false"), ("companies", "timezone", "'UTC'::text"),
        ("companies", "require_2fa", "false"), ("employees", "is_vip", "false"), ("breach_records", "artifacts", "'{}'::artifact_kind[]"),
        ("breach_records", "detected_at", "now()"), ("alerts", "status", "'OPEN'::alert_status"),
        ("directory_connections", "status", "'PENDING'::connect_status"), ("jobs", "status", "'PENDING'::sync_job_status"),
        ("jobs", "attempts", "0"), ("jobs", "max_attempts", "3"), ("jobs", "run_after", "now()"),
        ("api_credentials", "status", "'PENDING'::connect_status"), ("webhooks", "channel", "'WEBHOOK'::notification_channel"),
        ("webhooks", "min_severity", "'MEDIUM'::severity"), ("webhooks", "enabled", "true"),
        ("exposure_register_entries", "status", "'ASSESSING'::register_status"), ("exposure_register_entries", "affected_count", "0"),
        ("report_schedules", "enabled", "true"), ("dashboard_presets", "scope", "'PERSONAL'::preset_scope"),
    ]) func `a default of the specification holds`(table: String, column: String, value: String) async throws {
        let found = try await owner.first(
            """
            SELECT pg_get_expr(adbin, adrelid) FROM pg_attrdef
            JOIN pg_attribute ON attrelid = adrelid AND attnum = adnum
            WHERE adrelid = \(table)::regclass AND attname = \(column)
            """, as: String.self)
        #expect(found == value)
    }

    @Test(arguments: [
        ("users", "company_id, active_preset_id", "dashboard_presets", "SET NULL (active_preset_id)"),
        ("employees", "company_id, source_connection_id", "directory_connections", "SET NULL (source_connection_id)"),
        ("breach_records", "company_id, employee_id", "employees", "CASCADE"), ("breach_records", "breach_id", "breaches", "CASCADE"),
        ("alerts", "company_id, employee_id", "employees", "SET NULL (employee_id)"), ("alerts", "breach_id", "breaches", "SET NULL"),
        ("alerts", "company_id, assignee_id", "users", "SET NULL (assignee_id)"),
        ("alert_comments", "company_id, alert_id", "alerts", "CASCADE"), ("jobs", "company_id, connection_id", "directory_connections", "CASCADE"),
        ("dashboard_configs", "company_id, user_id", "users", "CASCADE"), ("dashboard_presets", "company_id, user_id", "users", "CASCADE"),
        ("sessions", "company_id, user_id", "users", "CASCADE"), ("api_tokens", "company_id, user_id", "users", "CASCADE"),
        ("provider_coverage", "company_id, employee_id", "employees", "CASCADE"),
        ("deliveries", "company_id, webhook_id", "webhooks", "CASCADE"),
    ]) func `a reference does on deletion what it should`(table: String, columns: String, target: String, action: String) async throws {
        let keys = try await owner.query(
            "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conrelid = \(table)::regclass AND contype = 'f'", as: String.self)
        #expect(keys.contains { $0.hasPrefix("FOREIGN KEY (\(columns)) REFERENCES \(target)(") && $0.hasSuffix("ON DELETE \(action)") })
    }

    @Test func `no reference between tenant tables leaves the company out`() async throws {
        let loose = try await owner.query(
            """
            SELECT conname::text FROM pg_constraint c WHERE contype = 'f' AND connamespace = 'public'::regnamespace
                AND confrelid NOT IN ('companies'::regclass, 'breaches'::regclass)
                AND NOT EXISTS (
                    SELECT FROM unnest(conkey) WITH ORDINALITY AS k (number, place)
                    JOIN pg_attribute a ON a.attrelid = conrelid AND a.attnum = number AND a.attname = 'company_id'
                    JOIN pg_attribute f ON f.attrelid = confrelid AND f.attnum = confkey[place] AND f.attname = 'company_id')
            """, as: String.self)
        #expect(loose == [])
    }

    @Test func `the log of remediation refers to nobody but the company`() async throws {
        let targets = try await owner.query(
            "SELECT confrelid::regclass::text FROM pg_constraint WHERE conrelid = 'remediation_actions'::regclass AND contype = 'f'",
            as: String.self)
        #expect(targets == ["companies"])
    }

    @Test func `every row knows when it was made, every time has milliseconds`() async throws {
        let counts: SQL = "relname LIKE '%\\_counts'"
        let without = try await owner.query(
            """
            SELECT relname::text FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
                AND relname <> 'schema_migrations' AND NOT \(counts)
                AND NOT EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = 'created_at' AND attnotnull)
            """, as: String.self)
        #expect(without == [])
        let others = try await owner.query(
            """
            SELECT relname || '.' || attname FROM pg_attribute JOIN pg_class c ON c.oid = attrelid
            WHERE relnamespace = 'public'::regnamespace AND relkind = 'r' AND relname <> 'schema_migrations'
                AND attnum > 0 AND atttypid IN ('timestamptz'::regtype, 'timestamp'::regtype)
                AND format_type(atttypid, atttypmod) <> 'timestamp(3) with time zone'
            """, as: String.self)
        #expect(others == [])
    }

    @Test func `every table that says when it changed has a trigger for it`() async throws {
        let without = try await owner.query(
            """
            SELECT relname::text FROM pg_class c WHERE relnamespace = 'public'::regnamespace AND relkind = 'r'
                AND EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = 'updated_at')
                AND NOT EXISTS (SELECT FROM pg_trigger WHERE tgrelid = c.oid AND tgname = 'touch')
            """, as: String.self)
        #expect(without == [])
    }
}
