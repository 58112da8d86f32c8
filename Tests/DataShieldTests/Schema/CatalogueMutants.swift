import Postgres

/// Small weakenings of a database, each of which some test has to notice.
enum CatalogueMutants {
    struct Mutant: Sendable, RowDecodable, CustomStringConvertible {
        let change: String
        /// Whether it has to break a rule, and not only differ from the list: a list is written anew with one command, a rule is not.
        let isGrave: Bool

        init(from row: inout Row) throws {
            change = try row.next()
            isGrave = try row.next()
        }

        var description: String { change }
    }

    /// All that can be made of a database, one of its things at a time.
    static func all(of db: some Queryable) async throws -> [Mutant] {
        let union = kinds.map { "(\($0))" as SQL }.joined(separator: " UNION ALL ")
        return try await db.query(
            "\(Catalogue.parts) SELECT change, grave FROM (\(union)) AS mutant (change, grave) ORDER BY change", as: Mutant.self)
    }

    /// How a mutant fared.
    enum Fate: Equatable {
        case noticed
        /// Nothing differs, or only the list does where a rule should have been broken.
        case survived
        /// It could not be made: the test's own mistake, because nothing was tried.
        case failed(String)
    }

    /// Makes a mutant in a transaction, looks, and takes it back.
    /// - Parameter digest: of the whole catalogue.
    static func fate(of mutant: Mutant, digest: String, on connection: Connection) async throws -> Fate {
        try await connection.execute("BEGIN")
        let fate: Fate
        do {
            try await connection.execute(SQL(unsafe: mutant.change))
            let isDifferent = try await Catalogue.digest(of: connection) != digest
            let breaksRule = mutant.isGrave ? try await CatalogueRules.count(in: connection) > 0 : true
            fate = isDifferent && breaksRule ? .noticed : .survived
        } catch let error as PostgresError where error.kind == .server {
            fate = .failed(error.message)
        }
        try await connection.execute("ROLLBACK")
        return fate
    }

    /// Each gives rows of a statement and whether it is grave.
    static let kinds: [SQL] = [
        // Row-level security
        """
        SELECT format('ALTER TABLE %s %s', name, word), true FROM relation, unnest(ARRAY[
            CASE WHEN relrowsecurity THEN 'DISABLE ROW LEVEL SECURITY' END, CASE WHEN relforcerowsecurity THEN 'NO FORCE ROW LEVEL SECURITY' END
        ]) AS word WHERE relkind IN ('r', 'p') AND word IS NOT NULL
        """,
        """
        SELECT format(word, polname, name), true FROM pg_policy JOIN relation ON relation.oid = polrelid, unnest(ARRAY[
            'DROP POLICY %I ON %s', 'ALTER POLICY %I ON %s TO PUBLIC', 'ALTER POLICY %I ON %s USING (false)'
        ] || CASE WHEN pg_get_expr(polqual, polrelid) <> 'true' THEN 'ALTER POLICY %I ON %s USING (true)' END
            || CASE WHEN pg_get_expr(polwithcheck, polrelid) <> 'true' THEN 'ALTER POLICY %I ON %s WITH CHECK (true)' END) AS word
        WHERE word IS NOT NULL
        """,
        """
        SELECT format('CREATE POLICY more ON %s FOR SELECT TO datashield_app USING (true)', name), true FROM relation WHERE relrowsecurity
        """,
        // Rights: each that is there taken away, each that is not given
        """
        SELECT format(CASE WHEN is_there THEN 'REVOKE %s ON %s FROM %s' ELSE 'GRANT %s ON %s TO %s' END, privilege, name, grantee),
            NOT is_there AND (grantee = 'PUBLIC' OR privilege NOT IN ('SELECT', 'INSERT', 'UPDATE', 'DELETE'))
        FROM relation, (VALUES ('datashield_app'), ('datashield_system'), ('PUBLIC')) AS grantees (grantee),
            unnest(CASE WHEN relkind = 'S' THEN ARRAY['USAGE', 'SELECT', 'UPDATE']
                ELSE ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER'] END) AS privilege,
            LATERAL (SELECT EXISTS (
                SELECT FROM aclexplode(relacl) AS item JOIN who ON who.oid = item.grantee
                WHERE who.name = grantees.grantee AND privilege_type = privilege)) AS standing (is_there)
        """,
        """
        SELECT format('GRANT %s ON %s TO %s WITH GRANT OPTION', privilege_type, relation.name, who.name), true
        FROM relation, aclexplode(relacl) JOIN who ON who.oid = grantee WHERE grantee <> relowner
        """,
        """
        SELECT format('REVOKE %s (%I) ON %s FROM %s', privilege_type, attname, relation.name, who.name), false
        FROM pg_attribute JOIN relation ON relation.oid = attrelid, aclexplode(attacl) JOIN who ON who.oid = grantee
        """,
        """
        SELECT format('GRANT %s (%I) ON %s TO %s', privilege, attname, name, grantee), attname IN ('id', 'company_id', 'domain')
            OR privilege = 'REFERENCES' OR grantee = 'PUBLIC'
        FROM relation JOIN pg_attribute ON attrelid = relation.oid,
            (VALUES ('datashield_app'), ('PUBLIC')) AS grantees (grantee), unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'REFERENCES']) AS privilege
        WHERE relkind <> 'S' AND attnum > 0 AND NOT attisdropped AND (grantee <> 'PUBLIC' OR attnum = 1)
            AND (privilege = 'UPDATE' OR attnum = 1)
            AND NOT EXISTS (
                SELECT FROM (SELECT * FROM aclexplode(relacl) UNION ALL SELECT * FROM aclexplode(attacl)) AS item
                JOIN who ON who.oid = item.grantee WHERE who.name = grantees.grantee AND privilege_type = privilege)
        """,
        // Triggers
        """
        SELECT format(word, tgname, relation.name), word LIKE 'ALTER%' OR tgname IN ('append_only', 'never_truncated', 'chain')
        FROM pg_trigger JOIN relation ON relation.oid = tgrelid, unnest(ARRAY[
            'DROP TRIGGER %I ON %s', 'ALTER TABLE %2$s DISABLE TRIGGER %1$I', 'ALTER TABLE %2$s ENABLE REPLICA TRIGGER %1$I']) AS word
        WHERE NOT tgisinternal
        """,
        """
        SELECT format('ALTER TABLE %s DISABLE TRIGGER ALL', name), true FROM relation
        WHERE EXISTS (SELECT FROM pg_trigger WHERE tgrelid = relation.oid AND tgisinternal)
        """,
        // Constraints, unique indexes, NOT NULL, defaults
        """
        SELECT format('ALTER %s %s DROP CONSTRAINT %I CASCADE', CASE WHEN conrelid = 0 THEN 'DOMAIN' ELSE 'TABLE' END,
            coalesce(relation.name, type.name), conname), false
        FROM pg_constraint LEFT JOIN relation ON relation.oid = conrelid LEFT JOIN type ON type.oid = contypid
        WHERE contype IN ('c', 'f', 'p', 'u', 'x') AND coalesce(relation.name, type.name) IS NOT NULL
        """,
        """
        SELECT format('DROP INDEX %s', indexrelid::regclass), false FROM pg_index JOIN relation ON relation.oid = indrelid
        WHERE indisunique AND NOT EXISTS (SELECT FROM pg_constraint WHERE conindid = indexrelid AND contype IN ('p', 'u', 'x'))
        """,
        """
        SELECT format('ALTER TABLE %s ALTER %I DROP %s', name, attname, word), false FROM relation JOIN pg_attribute ON attrelid = relation.oid,
            unnest(ARRAY[
                CASE WHEN attnotnull AND attidentity = '' AND NOT EXISTS (
                    SELECT FROM pg_index WHERE indrelid = relation.oid AND indisprimary AND attnum = ANY (indkey::int2[])) THEN 'NOT NULL' END,
                CASE WHEN atthasdef AND attgenerated = '' THEN 'DEFAULT' END]) AS word
        WHERE relkind IN ('r', 'p') AND attnum > 0 AND NOT attisdropped AND word IS NOT NULL
        """,
        // Functions
        """
        SELECT format('ALTER FUNCTION %s %s', routine.oid::regprocedure, word), word <> 'SECURITY INVOKER'
        FROM routine, unnest(CASE WHEN prosecdef
            THEN ARRAY['RESET search_path', 'SET search_path = public', 'SECURITY INVOKER', 'OWNER TO CURRENT_USER', 'RENAME TO other']
            ELSE ARRAY['SECURITY DEFINER', 'OWNER TO datashield_app'] END) AS word
        """,
        """
        SELECT format('GRANT EXECUTE ON FUNCTION %s TO %s', routine.oid::regprocedure, grantee), prosecdef OR grantee = 'PUBLIC'
        FROM routine, unnest(ARRAY['PUBLIC', 'datashield_app']) AS grantee
        WHERE NOT EXISTS (
            SELECT FROM aclexplode(coalesce(proacl, acldefault('f', proowner))) AS item JOIN who ON who.oid = item.grantee WHERE who.name = 'PUBLIC')
        """,
        // What was not there before
        """
        SELECT format(word, name), true FROM relation, unnest(ARRAY[
            'CREATE VIEW leak AS SELECT * FROM %s', 'CREATE VIEW leak WITH (security_invoker = false) AS SELECT * FROM %s',
            'CREATE MATERIALIZED VIEW leak AS SELECT * FROM %s', 'ALTER TABLE %s OWNER TO datashield_app']) AS word WHERE relkind IN ('r', 'p')
        """,
        """
        SELECT change, true FROM unnest(ARRAY[
            'CREATE FUNCTION leak() RETURNS text LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp RETURN ''x''',
            'CREATE TABLE leak (company_id text)', 'CREATE SCHEMA leak', 'CREATE RULE leak AS ON INSERT TO login_attempts DO INSTEAD NOTHING',
            'GRANT CREATE ON SCHEMA public TO datashield_app', 'GRANT CREATE ON SCHEMA public TO PUBLIC', 'GRANT USAGE ON SCHEMA public TO PUBLIC',
            'ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO datashield_app', 'CREATE PUBLICATION leak FOR TABLE employees',
            'ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO PUBLIC', 'ALTER DATABASE ' || quote_ident(current_database())
                || ' SET app.company_id = ''x''',
            'ALTER ROLE datashield_app SET app.company_id = ''x''', 'GRANT datashield_system TO datashield_app',
            'GRANT pg_read_all_data TO datashield_app', 'GRANT ALL ON DATABASE ' || quote_ident(current_database()) || ' TO datashield_app'
        ]) AS change
        """,
        """
        SELECT format('ALTER ROLE %s %s', role, word), true FROM unnest(ARRAY['datashield_app', 'datashield_system']) AS role,
            unnest(ARRAY['SUPERUSER', 'BYPASSRLS', 'CREATEROLE', 'CREATEDB', 'REPLICATION', 'LOGIN']) AS word
        """,
    ]
}
