import Postgres
import Testing

/// What must be true of the catalogue whatever tables there are: each rule is a sentence, and a query for what breaks it.
enum CatalogueRules {
    struct Rule: Sendable, CustomStringConvertible, CustomTestStringConvertible {
        let description: String
        let breaches: SQL

        var testDescription: String { description }

        init(_ sentence: String, _ breaches: SQL) {
            description = sentence
            self.breaches = breaches
        }

        /// What breaks it, a line each.
        func found(in db: some Queryable) async throws -> [String] {
            try await db.query("\(Catalogue.parts) SELECT text FROM (\(breaches)) AS breach (text) ORDER BY 1", as: String.self)
        }
    }

    /// How many breaches of all rules there are.
    static func count(in db: some Queryable) async throws -> Int {
        let union = all.map { "(\($0.breaches))" as SQL }.joined(separator: " UNION ALL ")
        return try await db.first("\(Catalogue.parts) SELECT count(*) FROM (\(union)) AS breach (text)", as: Int.self) ?? 0
    }

    /// Functions that may do what the system may. Each is a trigger, so that nobody calls it at will.
    static let definers = [
        "chain_audit_event", "refuse_change", "forget_coverage", "forget_traces_of_nobody",
        "count_employees_insert", "count_employees_update", "count_employees_delete",
        "count_alerts_insert", "count_alerts_update", "count_alerts_delete",
        "count_breach_records_insert", "count_breach_records_update", "count_breach_records_delete",
        "count_provider_coverage_insert", "count_provider_coverage_update", "count_provider_coverage_delete",
        "count_sources_insert", "count_sources_update", "count_sources_delete",
        "keep_states_of_employees", "keep_states_of_breaches", "keep_states_of_companies",
        "keep_states_of_leaked_insert", "keep_states_of_leaked_update", "keep_states_of_leaked_delete",
        "copy_state_to_alert", "copy_states_insert", "copy_states_update", "copy_states_delete", "copy_people_to_alerts",
        "copy_breaches_to_alerts",
        "tell_of_alert_moves",
        "score_moved_person", "score_breach_records_insert", "score_breach_records_delete", "compute_scores_breach_records_update",
        "compute_scores_alerts_insert", "compute_scores_alerts_update", "compute_scores_alerts_delete",
        "answer_provider_coverage_insert", "answer_provider_coverage_update", "answer_provider_coverage_delete",
        "weigh_alerts_insert", "weigh_alerts_update", "weigh_alerts_delete",
    ]

    /// What policies there are beside the two of each table, as ``Catalogue`` writes them.
    static let otherPolicies = [
        // What a service's catalogue publishes is everybody's to read, and the system's to write.
        "policy app_sees_the_catalogue on breaches for r to datashield_app using (company_id IS NULL)"
    ]

    /// Functions of the migrations, which change tables, and those of triggers that nobody else needs: nobody but the owner may run them.
    private static let tools = [
        "isolate_tenant_table", "keep_updated_at", "take_address", "take_addresses", "forget_coverage_of_address",
    ]
    /// Tables of the installation: the app has no business with them.
    private static let notForTheApp = ["login_attempts", "schema_migrations", "ingest_checkpoints"]
    /// Tables that only ever grow.
    private static let appendOnly = ["audit_events", "remediation_actions"]

    private static let owner: SQL = "(SELECT datdba FROM pg_database WHERE datname = current_database())"
    private static let roles: SQL = "('datashield_app', 'datashield_system')"

    static let all: [Rule] = [
        Rule(
            "all belongs to the owner, and only functions that do what the system may to the system",
            """
            SELECT format('%s is %s''s', name, relowner::regrole) FROM relation WHERE relowner <> \(owner)
            UNION ALL SELECT format('%s is %s''s', name, typowner::regrole) FROM type WHERE typowner <> \(owner)
            UNION ALL SELECT format('%s is %s''s', name, proowner::regrole) FROM routine
            WHERE proowner <> CASE WHEN prosecdef THEN 'datashield_system'::regrole::oid ELSE \(owner) END
            """),
        Rule(
            "every table with a company has row-level security, for its owner, too",
            "SELECT name FROM relation WHERE \(isTenants) AND NOT (relrowsecurity AND relforcerowsecurity)"),
        Rule(
            "a table shows the app its company and the system all, by two policies, and there are no others but those named here",
            """
            SELECT coalesce('there is ' || found.text, 'there is no ' || expected.text) FROM (\(policies)) AS found (text)
            FULL JOIN (\(expectedPolicies)) AS expected (text) USING (text) WHERE found.text IS NULL OR expected.text IS NULL
            """),
        Rule(
            "no view goes around row-level security: each asks as whoever looks, and none keeps a copy",
            """
            SELECT name FROM relation WHERE relkind IN ('m', 'f')
                OR relkind = 'v' AND NOT coalesce(reloptions && ARRAY['security_invoker=true', 'security_invoker=on'], false)
            """),
        Rule(
            "a function that does what the system may is a known trigger with a fixed search path, which nobody may run at will",
            """
            SELECT name FROM routine
            WHERE prosecdef AND NOT (
                proname = ANY (\(definers)) AND prorettype = 'trigger'::regtype AND proowner = 'datashield_system'::regrole
                AND coalesce('search_path=pg_catalog, public, pg_temp' = ANY (proconfig), false)
                AND NOT EXISTS (SELECT FROM aclexplode(coalesce(proacl, acldefault('f', proowner))) WHERE grantee <> proowner))
            """),
        Rule(
            "nobody but app and system has a right on a row, and they have none beyond reading and writing rows, and give none on",
            """
            SELECT format('%s has %s on %s', who.name, privilege_type, thing) FROM acl, aclexplode(rights) JOIN who ON who.oid = grantee
            WHERE grantee <> owner AND (is_grantable OR NOT CASE
                WHEN thing = 'the database' THEN who.name = 'PUBLIC' AND privilege_type IN ('CONNECT', 'TEMPORARY')
                WHEN thing LIKE 'schema %' THEN who.name IN \(roles) AND privilege_type = 'USAGE'
                WHEN thing LIKE 'function %' THEN privilege_type = 'EXECUTE' AND split_part(substr(thing, 10), '(', 1) <> ALL (\(tools))
                WHEN thing LIKE 'type %' OR thing LIKE 'what %' THEN false
                ELSE who.name IN \(roles) AND privilege_type IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE') END)
            UNION ALL
            SELECT format('%s has %s on %s.%s', who.name, privilege_type, relation.name, attname)
            FROM pg_attribute JOIN relation ON relation.oid = attrelid, aclexplode(attacl) JOIN who ON who.oid = grantee
            WHERE grantee <> relowner AND (is_grantable OR who.name NOT IN \(roles) OR privilege_type NOT IN ('SELECT', 'INSERT', 'UPDATE'))
            """),
        Rule(
            "the app writes no count, no chain, no company's domain, no job under way, and nothing of the installation",
            """
            SELECT format('%s %s', privilege_type, right_on.name) FROM (\(rowRights)) AS right_on
            WHERE who = 'datashield_app' AND (
                right_on.name = ANY (\(notForTheApp))
                OR privilege_type <> 'SELECT' AND column_name IS NULL
                    AND (right_on.name LIKE '%\\_counts' OR right_on.name IN ('audit_chains', 'companies', 'catalogue_state'))
                OR privilege_type IN ('UPDATE', 'DELETE') AND right_on.name = 'jobs'
                OR column_name IN ('id', 'company_id', 'domain', 'created_at'))
            """),
        Rule(
            "what is append-only is so for app and system, and by triggers for everybody else",
            """
            SELECT format('%s: %s %s', who, privilege_type, right_on.name) FROM (\(rowRights)) AS right_on
            WHERE right_on.name = ANY (\(appendOnly)) AND privilege_type IN ('UPDATE', 'DELETE')
            UNION ALL
            SELECT format('no trigger %s of %s', wanted.trigger, wanted.name) FROM (VALUES
                ('audit_events', 'chain', 7, 'chain_audit_event'), ('audit_events', 'append_only', 27, 'refuse_change'),
                ('audit_events', 'never_truncated', 34, 'refuse_change'), ('remediation_actions', 'append_only', 27, 'refuse_change'),
                ('remediation_actions', 'never_truncated', 34, 'refuse_change'), ('audit_chains', 'never_truncated', 34, 'refuse_change')
            ) AS wanted (name, trigger, kind, function)
            WHERE NOT EXISTS (
                SELECT FROM pg_trigger JOIN pg_proc ON pg_proc.oid = tgfoid
                WHERE tgrelid = wanted.name::regclass AND tgname = trigger AND tgtype = kind AND proname = function AND tgenabled = 'O'
                    AND tgqual IS NULL)
            """),
        Rule(
            "nothing is switched off or not checked, and nothing works behind the tables' back",
            """
            SELECT format('trigger %s of %s', tgname, relation.name) FROM pg_trigger JOIN relation ON relation.oid = tgrelid WHERE tgenabled <> 'O'
            UNION ALL SELECT format('constraint %s', conname) FROM pg_constraint JOIN space ON space.oid = connamespace WHERE NOT convalidated
            UNION ALL SELECT format('rule %s', rulename) FROM pg_rewrite JOIN relation ON relation.oid = ev_class WHERE rulename <> '_RETURN'
            UNION ALL SELECT evtname FROM pg_event_trigger UNION ALL SELECT srvname FROM pg_foreign_server
            UNION ALL SELECT pubname FROM pg_publication UNION ALL SELECT extname FROM pg_extension WHERE extname <> 'plpgsql'
            """),
        Rule(
            "app and system are roles without a power, may not sign in, are nobody else, and nothing is set for them",
            """
            SELECT rolname FROM pg_roles r WHERE rolname IN \(roles) AND (
                rolsuper OR rolbypassrls OR rolcreaterole OR rolcreatedb OR rolreplication OR rolcanlogin
                OR EXISTS (SELECT FROM pg_auth_members WHERE member = r.oid))
            UNION ALL SELECT format('%s', setconfig) FROM pg_db_role_setting
            WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
                OR setdatabase = 0 AND setrole IN (SELECT oid FROM pg_roles WHERE rolname IN \(roles))
            """),
        Rule(
            "there is one schema, in which nobody but the owner makes anything",
            """
            SELECT nspname FROM space WHERE nspname <> 'public'
                OR EXISTS (SELECT FROM aclexplode(nspacl) WHERE privilege_type = 'CREATE' AND grantee <> nspowner)
            """),
        Rule(
            "what refers to a breach is found by an index that begins with the reference: breaches go, and each would read the whole table",
            """
            SELECT format('%s has no index for %s', relation.name, conname) FROM pg_constraint JOIN relation ON relation.oid = conrelid
            WHERE contype = 'f' AND confrelid = 'breaches'::regclass AND NOT EXISTS (
                SELECT FROM pg_index JOIN pg_attribute ON attrelid = conrelid AND attnum = conkey[1]
                WHERE indrelid = conrelid AND indisvalid AND indkey[0] = conkey[1]
                    AND coalesce(pg_get_expr(indpred, indrelid) = format('(%I IS NOT NULL)', attname), true))
            """),
    ]

    /// Whether a relation has rows of companies.
    private static let isTenants: SQL = """
        (relkind IN ('r', 'p') AND (relation.name = 'companies' OR EXISTS (
            SELECT FROM pg_attribute WHERE attrelid = relation.oid AND attname = 'company_id' AND NOT attisdropped)))
        """

    /// Every policy there is, in words.
    private static let policies: SQL = """
        SELECT concat(
            format('policy %s on %s%s for %s to %s', polname, relation.name, CASE WHEN polpermissive THEN '' ELSE ' as restrictive' END, polcmd,
                (SELECT string_agg(who.name, ', ' ORDER BY who.name) FROM who WHERE who.oid = ANY (polroles))),
            ' using ' || pg_get_expr(polqual, polrelid), ' check ' || pg_get_expr(polwithcheck, polrelid))
        FROM pg_policy JOIN relation ON relation.oid = polrelid
        """

    private static let expectedPolicies: SQL = """
        SELECT format('policy app_sees_its_company on %s for * to datashield_app using ((%s)::text = current_company()) '
            'check ((%2$s)::text = current_company())', relation.name, CASE WHEN relation.name = 'companies' THEN 'id' ELSE 'company_id' END)
        FROM relation WHERE \(isTenants)
        UNION ALL
        SELECT format('policy system_sees_all on %s for * to datashield_system using true check true', relation.name)
        FROM relation WHERE \(isTenants)
        UNION ALL SELECT unnest(\(otherPolicies)::text[])
        """

    /// Every right on rows, of a relation or of one column.
    private static let rowRights: SQL = """
        SELECT who.name AS who, relation.name, privilege_type, NULL::name AS column_name
        FROM relation, aclexplode(relacl) JOIN who ON who.oid = grantee WHERE grantee <> relowner
        UNION ALL
        SELECT who.name, relation.name, privilege_type, attname
        FROM pg_attribute JOIN relation ON relation.oid = attrelid, aclexplode(attacl) JOIN who ON who.oid = grantee WHERE NOT attisdropped
        """
}
