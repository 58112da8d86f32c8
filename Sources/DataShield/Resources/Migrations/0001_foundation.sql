-- Roles, ids, enums and the helpers that later migrations use.
--
-- Roles of the database:
--   owner              runs the migrations and owns everything; never serves a request.
--   datashield_app     one tenant at a time, by row-level security on app.company_id; owns nothing.
--   datashield_system  login, scheduler, worker, catalogue; sees all tenants by policy, not by BYPASSRLS.
--
-- Roles belong to the server, not to the database: several databases of one server may be migrated at once (tests do), so
-- that another's CREATE or GRANT at the same moment is waited for and then found to be done.

DO $$
DECLARE
    wanted text;
BEGIN
    FOREACH wanted IN ARRAY ARRAY['datashield_app', 'datashield_system'] LOOP
        FOR attempt IN 1..50 LOOP
            BEGIN
                IF NOT EXISTS (SELECT FROM pg_catalog.pg_roles WHERE rolname = wanted) THEN
                    EXECUTE format('CREATE ROLE %I NOLOGIN NOSUPERUSER NOBYPASSRLS NOCREATEDB NOCREATEROLE NOREPLICATION', wanted);
                END IF;
                IF NOT EXISTS (
                    SELECT FROM pg_catalog.pg_auth_members
                    WHERE roleid = wanted::regrole AND member = current_user::regrole
                ) THEN
                    EXECUTE format('GRANT %I TO CURRENT_USER', wanted);
                END IF;
                EXIT;
            EXCEPTION
                -- internal_error is PostgreSQL's "tuple concurrently updated".
                WHEN duplicate_object OR unique_violation OR undefined_object OR internal_error THEN
                    IF attempt = 50 THEN RAISE; END IF;
                    PERFORM pg_sleep(0.02);
            END;
        END LOOP;
    END LOOP;
    IF EXISTS (
        SELECT FROM pg_catalog.pg_roles
        WHERE rolname IN ('datashield_app', 'datashield_system') AND (rolsuper OR rolbypassrls OR rolcreaterole)
    ) THEN
        RAISE EXCEPTION 'The roles datashield_app and datashield_system must not be superuser, BYPASSRLS or CREATEROLE.';
    END IF;
END
$$;

GRANT USAGE ON SCHEMA public TO datashield_app, datashield_system;

-- No pg_trgm: under row-level security an index cannot serve LIKE, because the policy must be asked first (LIKE is not leakproof),
-- and three letters of every name and message cost more at each insert than a search in one company does.

-- Ids are made by the program. COLLATE "C": they sort by time whatever the database's collation is.
-- The length is asked apart: '^c[a-z0-9]{24}$' says the same and costs six times as much, for every id of every row.
CREATE DOMAIN cuid AS text COLLATE "C" CONSTRAINT ids_are_cuids CHECK (octet_length(VALUE) = 25 AND VALUE ~ '^c[a-z0-9]+$');

-- Addresses are compared lower-cased. Only ASCII is folded here, so that the rule does not depend on the server's locale.
CREATE DOMAIN email_address AS text COLLATE "C"
    CONSTRAINT addresses_are_lower_case CHECK (VALUE = lower(VALUE))
    CONSTRAINT addresses_have_at_most_254_characters CHECK (char_length(VALUE) <= 254)
    CONSTRAINT addresses_have_an_at_sign CHECK (position('@' IN VALUE) > 1);

-- Sorting follows the order of the words here: CRITICAL sorts before LOW, so the more severe of two is the smaller (min).
CREATE TYPE severity AS ENUM ('CRITICAL', 'HIGH', 'MEDIUM', 'LOW');
CREATE TYPE role AS ENUM ('ADMIN', 'VIEWER');
CREATE TYPE alert_status AS ENUM ('OPEN', 'ACKNOWLEDGED', 'RESOLVED');
CREATE TYPE alert_confidence AS ENUM ('LOW', 'MEDIUM', 'HIGH');
CREATE TYPE breach_source AS ENUM ('HIBP', 'MANUAL', 'DARK_WEB', 'STEALER_LOG');
CREATE TYPE artifact_kind AS ENUM ('PASSWORD', 'COOKIE', 'TOKEN', 'AUTOFILL');
CREATE TYPE directory_type AS ENUM ('AZURE_AD', 'GOOGLE_WORKSPACE', 'LDAP', 'AWS_DIRECTORY', 'OKTA', 'SCIM');
CREATE TYPE api_provider AS ENUM ('HIBP', 'HIBP_STEALER', 'DEHASHED', 'LEAKCHECK', 'INTELX', 'SNUSBASE');
CREATE TYPE connect_status AS ENUM ('ACTIVE', 'ERROR', 'PENDING');
CREATE TYPE sync_job_status AS ENUM ('PENDING', 'RUNNING', 'SUCCEEDED', 'FAILED');
CREATE TYPE preset_scope AS ENUM ('PERSONAL', 'COMPANY');
CREATE TYPE notification_channel AS ENUM ('WEBHOOK', 'SLACK', 'TEAMS', 'EMAIL');
CREATE TYPE remediation_type AS ENUM ('REVOKE_SESSIONS', 'FORCE_PASSWORD_RESET');
CREATE TYPE remediation_status AS ENUM ('SUCCESS', 'FAILED');
CREATE TYPE register_status AS ENUM ('ASSESSING', 'NOTIFIED', 'NOT_REQUIRED');
CREATE TYPE schedule_frequency AS ENUM ('WEEKLY', 'MONTHLY');
CREATE TYPE coverage_outcome AS ENUM ('EXPOSED', 'CLEAN', 'UNKNOWN');
CREATE TYPE delivery_status AS ENUM ('PENDING', 'DELIVERED', 'DEAD');

-- Indexes are ascending also where lists show the newest first: they are read backwards at the same cost, and grow at their end,
-- where new rows come, which keeps their pages full.

-- Times have milliseconds, as on the wire: what a cursor carries is exactly what is stored (timestamptz(3) everywhere).

-- The tenant of this transaction; null or '' when there is none, and then no row matches.
CREATE FUNCTION current_company() RETURNS text
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN current_setting('app.company_id', true);

-- Keeps updated_at, unless the statement sets it itself.
CREATE FUNCTION touch_updated_at() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.updated_at = OLD.updated_at THEN
        NEW.updated_at := now();
    END IF;
    RETURN NEW;
END
$$;

-- Puts a table under tenant isolation: row-level security also for the owner, the app sees and writes its company's rows only,
-- the system role sees all. Every table with a company_id goes through here (a test reads the catalogue and proves it).
CREATE FUNCTION isolate_tenant_table(target regclass, company_column name DEFAULT 'company_id') RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', target);
    EXECUTE format('ALTER TABLE %s FORCE ROW LEVEL SECURITY', target);
    EXECUTE format(
        'CREATE POLICY app_sees_its_company ON %s FOR ALL TO datashield_app '
        'USING (%I = current_company()) WITH CHECK (%2$I = current_company())', target, company_column);
    EXECUTE format(
        'CREATE POLICY system_sees_all ON %s FOR ALL TO datashield_system USING (true) WITH CHECK (true)', target);
END
$$;
REVOKE EXECUTE ON FUNCTION isolate_tenant_table(regclass, name) FROM PUBLIC;

-- Lets updated_at of a table follow its changes.
CREATE FUNCTION keep_updated_at(target regclass) RETURNS void
    LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER touch BEFORE UPDATE ON %s FOR EACH ROW EXECUTE FUNCTION touch_updated_at()', target);
END
$$;
REVOKE EXECUTE ON FUNCTION keep_updated_at(regclass) FROM PUBLIC;
