import Postgres

/// The live catalogue of a database as lines of text: who owns what, who may do what, which policies, triggers, constraints and functions
/// there are. Everything that decides who sees or writes a row is in one of them, so that a change of any of it changes a line.
enum Catalogue {
    /// All lines, sorted.
    static func lines(of db: some Queryable) async throws -> [String] {
        try await db.query("\(parts) SELECT text FROM (\(lines)) AS line (text) ORDER BY text COLLATE \"C\"", as: String.self)
    }

    /// A digest of all lines, made by the server.
    static func digest(of db: some Queryable) async throws -> String {
        let text: SQL = "coalesce(string_agg(text, E'\\n' ORDER BY text COLLATE \"C\"), '')"
        return try await db.first("\(parts) SELECT md5(\(text)) FROM (\(lines)) AS line (text)", as: String.self) ?? ""
    }

    /// The things of the catalogue with names to read: the owner of the database is `owner`, whatever their name, and what is in the schema
    /// `public` has no schema before it. `acl` has every right that anybody was given, or has by itself.
    static let parts: SQL = """
        WITH who AS (
            SELECT oid, CASE oid WHEN (SELECT datdba FROM pg_database WHERE datname = current_database()) THEN 'owner' ELSE rolname::text END AS name
            FROM pg_roles
            UNION ALL SELECT 0, 'PUBLIC'
        ), space AS (
            SELECT oid, nspname, nspowner, nspacl, CASE WHEN nspname = 'public' THEN '' ELSE nspname || '.' END AS prefix FROM pg_namespace
            WHERE nspname <> 'information_schema' AND nspname !~ '^pg_'
        ), relation AS (
            SELECT c.*, prefix || relname AS name FROM pg_class c JOIN space ON space.oid = relnamespace
            WHERE relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
        ), routine AS (
            SELECT p.*, prefix || proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' AS name
            FROM pg_proc p JOIN space ON space.oid = pronamespace
        ), type AS (
            SELECT t.*, prefix || typname AS name FROM pg_type t JOIN space ON space.oid = typnamespace
            WHERE typtype IN ('d', 'e', 'r') OR typtype = 'c' AND EXISTS (SELECT FROM pg_class WHERE oid = typrelid AND relkind = 'c')
        ), acl AS (
            SELECT 'schema ' || nspname AS thing, nspowner AS owner, coalesce(nspacl, acldefault('n', nspowner)) AS rights FROM space
            UNION ALL SELECT name, relowner, coalesce(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner)) FROM relation
            UNION ALL SELECT 'function ' || name, proowner, coalesce(proacl, acldefault('f', proowner)) FROM routine
            UNION ALL SELECT 'type ' || name, typowner, typacl FROM type WHERE typacl IS NOT NULL
            UNION ALL SELECT 'the database', datdba, coalesce(datacl, acldefault('d', datdba)) FROM pg_database WHERE datname = current_database()
            UNION ALL SELECT 'what ' || defaclrole::regrole || ' makes, ' || defaclobjtype::text, 0, defaclacl FROM pg_default_acl
        )
        """

    private static let lines: SQL = """
        SELECT format('role %s:%s', rolname, concat_ws(',',
            CASE WHEN rolsuper THEN ' superuser' END, CASE WHEN rolbypassrls THEN ' bypasses row security' END,
            CASE WHEN rolcreaterole THEN ' makes roles' END, CASE WHEN rolcreatedb THEN ' makes databases' END,
            CASE WHEN rolreplication THEN ' replicates' END, CASE WHEN rolcanlogin THEN ' signs in' END,
            CASE WHEN NOT rolinherit THEN ' inherits not' END,
            (SELECT ' member of ' || string_agg(roleid::regrole::text, ' ' ORDER BY roleid::regrole::text)
                FROM pg_auth_members WHERE member = r.oid))) AS text
        FROM pg_roles r WHERE rolname IN ('datashield_app', 'datashield_system')
        UNION ALL
        SELECT format('setting of %s: %s', CASE WHEN setrole = 0 THEN 'the database' ELSE setrole::regrole::text END, setconfig)
        FROM pg_db_role_setting
        WHERE setdatabase = (SELECT oid FROM pg_database WHERE datname = current_database())
            OR setdatabase = 0 AND setrole IN (SELECT oid FROM pg_roles WHERE rolname IN ('datashield_app', 'datashield_system'))
        UNION ALL
        SELECT format('schema %s of %s', nspname, who.name) FROM space JOIN who ON who.oid = nspowner
        UNION ALL
        SELECT format('grant %s on %s to %s',
            string_agg(privilege_type || CASE WHEN is_grantable THEN '*' ELSE '' END, ', ' ORDER BY privilege_type), thing, who.name)
        FROM acl, aclexplode(rights) JOIN who ON who.oid = grantee
        WHERE grantee <> owner GROUP BY thing, who.name
        UNION ALL
        SELECT format('grant %s (%s) on %s to %s', privilege_type || CASE WHEN is_grantable THEN '*' ELSE '' END,
            string_agg(attname, ', ' ORDER BY attname), relation.name, who.name)
        FROM pg_attribute JOIN relation ON relation.oid = attrelid, aclexplode(attacl) JOIN who ON who.oid = grantee
        WHERE NOT attisdropped GROUP BY relation.name, who.name, privilege_type, is_grantable
        UNION ALL
        SELECT format('%s %s of %s%s%s%s%s', CASE relkind
                WHEN 'r' THEN 'table' WHEN 'p' THEN 'partitioned table' WHEN 'v' THEN 'view' WHEN 'm' THEN 'materialized view'
                WHEN 'f' THEN 'foreign table' ELSE 'sequence' END, relation.name, who.name,
            CASE WHEN relrowsecurity THEN ', row security' ELSE '' END, CASE WHEN relforcerowsecurity THEN ', forced' ELSE '' END,
            CASE WHEN relpersistence <> 'p' THEN ', unlogged' ELSE '' END,
            CASE WHEN relkind IN ('v', 'm') THEN format(' %s: %s', reloptions, md5(pg_get_viewdef(relation.oid))) ELSE '' END)
        FROM relation JOIN who ON who.oid = relowner
        UNION ALL
        SELECT format('column %s.%s %s%s%s%s%s', relation.name, attname, format_type(atttypid, atttypmod),
            CASE WHEN attcollation <> typcollation THEN ' collate ' || attcollation::regcollation ELSE '' END,
            CASE WHEN attnotnull THEN ' not null' ELSE '' END, CASE WHEN attidentity <> '' THEN ' identity' ELSE '' END,
            CASE WHEN adbin IS NULL THEN '' ELSE CASE WHEN attgenerated = '' THEN ' default ' ELSE ' always ' END || pg_get_expr(adbin, adrelid) END)
        FROM pg_attribute a JOIN relation ON relation.oid = attrelid JOIN pg_type ON pg_type.oid = atttypid
        LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum
        WHERE attnum > 0 AND NOT attisdropped AND relkind <> 'S'
        UNION ALL
        SELECT format('constraint %s of %s: %s', conname, coalesce(relation.name, type.name), pg_get_constraintdef(c.oid))
        FROM pg_constraint c LEFT JOIN relation ON relation.oid = conrelid LEFT JOIN type ON type.oid = contypid
        WHERE contype IN ('c', 'f', 'p', 'u', 'x') AND coalesce(relation.name, type.name) IS NOT NULL
        UNION ALL
        SELECT 'index ' || pg_get_indexdef(indexrelid) FROM pg_index JOIN relation ON relation.oid = indrelid
        WHERE indisunique AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x'))
        UNION ALL
        SELECT concat(
            format('policy %s on %s%s for %s to %s', polname, relation.name,
                CASE WHEN polpermissive THEN '' ELSE ' as restrictive' END, polcmd,
                (SELECT string_agg(who.name, ', ' ORDER BY who.name) FROM who WHERE who.oid = ANY (polroles))),
            ' using ' || pg_get_expr(polqual, polrelid), ' check ' || pg_get_expr(polwithcheck, polrelid))
        FROM pg_policy JOIN relation ON relation.oid = polrelid
        UNION ALL
        SELECT format('%s%s', CASE tgenabled WHEN 'O' THEN '' WHEN 'D' THEN 'disabled: ' ELSE 'at ' || tgenabled::text || ': ' END,
            pg_get_triggerdef(t.oid))
        FROM pg_trigger t JOIN relation ON relation.oid = tgrelid WHERE NOT tgisinternal
        UNION ALL
        SELECT format('disabled: %s of %s', (SELECT conname FROM pg_constraint WHERE oid = tgconstraint), relation.name)
        FROM pg_trigger JOIN relation ON relation.oid = tgrelid WHERE tgisinternal AND tgenabled <> 'O'
        UNION ALL
        SELECT format('function %s returns %s of %s in %s %s%s%s: %s', routine.name, pg_get_function_result(routine.oid), who.name, lanname,
            provolatile, CASE WHEN prosecdef THEN ', definer' ELSE '' END,
            CASE WHEN proconfig IS NULL THEN '' ELSE ', set ' || array_to_string(proconfig, ', ') END,
            md5(coalesce(pg_get_function_sqlbody(routine.oid), prosrc)))
        FROM routine JOIN who ON who.oid = proowner JOIN pg_language l ON l.oid = prolang
        UNION ALL
        SELECT format('type %s of %s%s', type.name, who.name, CASE typtype
            WHEN 'e' THEN ': ' || (SELECT string_agg(enumlabel, ' ' ORDER BY enumsortorder) FROM pg_enum WHERE enumtypid = type.oid)
            WHEN 'd' THEN ': ' || format_type(typbasetype, typtypmod) || ' ' || typcollation::regcollation ELSE '' END)
        FROM type JOIN who ON who.oid = typowner
        UNION ALL SELECT 'rule ' || rulename FROM pg_rewrite JOIN relation ON relation.oid = ev_class WHERE rulename <> '_RETURN'
        UNION ALL SELECT 'event trigger ' || evtname FROM pg_event_trigger
        UNION ALL SELECT 'extension ' || extname FROM pg_extension WHERE extname <> 'plpgsql'
        UNION ALL SELECT 'foreign server ' || srvname FROM pg_foreign_server
        UNION ALL SELECT 'publication ' || pubname FROM pg_publication
        """
}
