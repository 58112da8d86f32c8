-- Whether what was exposed still works is stored, and kept by the schema in the transaction of whatever changes it: lists, counts and
-- scores go by it, and nobody has to remember to work it out.

CREATE TYPE liveness AS ENUM ('LIVE', 'UNKNOWN', 'NEUTRALISED', 'NO_CREDENTIAL');
CREATE TYPE liveness_certainty AS ENUM ('CERTAIN', 'IF_REUSED');
-- From the worst to the least: a session needs nothing else, a hash has to be broken first.
CREATE TYPE credential_kind AS ENUM ('SESSION', 'TOKEN', 'COMPANY_PASSWORD', 'PASSWORD', 'HASH');

-- MARK: Where it is kept

ALTER TABLE breach_records
    -- What is in it to sign in with, the worst first.
    ADD COLUMN credentials credential_kind[] NOT NULL DEFAULT '{}',
    -- Nothing is named, and the source would not have named it.
    ADD COLUMN withholds_credentials boolean NOT NULL DEFAULT false,
    ADD COLUMN is_from_malware boolean NOT NULL DEFAULT false,
    -- Whether something of it is for a site of the company's own.
    ADD COLUMN has_company_site boolean NOT NULL DEFAULT false,
    -- Between which times it was exposed.
    ADD COLUMN exposed_after timestamptz(3) NOT NULL DEFAULT '-infinity',
    ADD COLUMN exposed_before timestamptz(3) NOT NULL DEFAULT 'infinity',
    -- What follows from these and from what is known of the account.
    ADD COLUMN state liveness NOT NULL DEFAULT 'UNKNOWN',
    ADD COLUMN certainty liveness_certainty,
    ADD COLUMN state_reason text COLLATE "C" NOT NULL DEFAULT 'PASSWORD_NOT_KNOWN',
    ADD COLUMN worst_credential credential_kind;
-- Copies of the record's; null where there is no record behind the alert.
ALTER TABLE alerts ADD COLUMN state liveness, ADD COLUMN certainty liveness_certainty;

-- MARK: What is in it

-- Whether a host is a domain or below it.
CREATE FUNCTION is_site_of(host text, domain text) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN lower(ltrim(host, '.')) = domain OR right(lower(host), length(domain) + 1) = '.' || domain;

-- All that is kept of a record's state.
CREATE TYPE record_state AS (
    credentials credential_kind[], withholds_credentials boolean, is_from_malware boolean, has_company_site boolean,
    exposed_after timestamptz, exposed_before timestamptz,
    state liveness, certainty liveness_certainty, reason text, credential credential_kind
);
CREATE TYPE exposure_verdict AS (state liveness, certainty liveness_certainty, reason text, credential credential_kind);

-- Why somebody is away, as far as their directory says it: that an account is disabled is no other's to say.
CREATE FUNCTION told_departure(source_connection_id text, deactivation_reason text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN source_connection_id IS NOT NULL OR deactivation_reason <> 'DISABLED' THEN deactivation_reason END;

-- What a secret of an account is worth that was renewed last at a time: DISABLED, RENEWED (worth nothing), LEFT, STANDS, NOT_KNOWN, UNCLEAR.
CREATE FUNCTION secret_worth(
    exposed_after timestamptz, exposed_before timestamptz, renewed_at timestamptz, deactivated_at timestamptz, departure text
) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE
        WHEN deactivated_at IS NOT NULL AND departure = 'DISABLED' THEN 'DISABLED'
        WHEN renewed_at > exposed_before THEN 'RENEWED'
        -- Of who has left without their directory saying that the account is disabled, nobody knows whether there still is one.
        WHEN deactivated_at IS NOT NULL THEN 'LEFT'
        WHEN renewed_at IS NULL THEN 'NOT_KNOWN'
        WHEN renewed_at < exposed_after THEN 'STANDS'
        ELSE 'UNCLEAR'
    END;

-- MARK: The rule

-- Whether what was exposed still works, and the reason for saying so; LivenessReason has the same words. This is the only place of the rule.
-- Of several credentials the worst counts: what is live before what is not known, and that before what was done about the rest; a session
-- before a password, since it needs none.
CREATE FUNCTION exposure_verdict(
    credentials credential_kind[], withholds_credentials boolean, is_from_malware boolean, has_company_site boolean,
    exposed_after timestamptz, exposed_before timestamptz,
    password_changed_at timestamptz, sessions_valid_from timestamptz, deactivated_at timestamptz, departure text
) RETURNS exposure_verdict
    LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    -- They are in order: the first is the worst.
    session credential_kind := CASE WHEN credentials[1] <= 'TOKEN' THEN credentials[1] END;
    password credential_kind := CASE
        WHEN credentials[1] > 'TOKEN' THEN credentials[1] WHEN credentials[2] > 'TOKEN' THEN credentials[2] ELSE credentials[3] END;
    of_session text;
    of_password text;
    left_reason text := CASE departure WHEN 'GONE' THEN 'ACCOUNT_NOT_LISTED' WHEN 'UNASSIGNED' THEN 'ACCOUNT_UNASSIGNED' ELSE 'PERSON_HAS_LEFT' END;
BEGIN
    IF session IS NULL AND password IS NULL AND NOT withholds_credentials THEN
        RETURN ('NO_CREDENTIAL', NULL, 'NO_CREDENTIAL', NULL)::exposure_verdict;
    END IF;
    IF session IS NOT NULL OR withholds_credentials THEN
        of_session := secret_worth(exposed_after, exposed_before, sessions_valid_from, deactivated_at, departure);
    END IF;
    IF password IS NOT NULL OR withholds_credentials THEN
        of_password := secret_worth(exposed_after, exposed_before, password_changed_at, deactivated_at, departure);
    END IF;
    IF coalesce(of_session, of_password) = 'DISABLED' THEN
        RETURN ('NEUTRALISED', NULL, 'ACCOUNT_DISABLED', coalesce(session, password))::exposure_verdict;
    END IF;
    IF withholds_credentials THEN
        RETURN CASE
            -- Malware takes sessions, too, whether or not somebody says so.
            WHEN is_from_malware AND of_password = 'RENEWED' AND of_session = 'RENEWED' THEN ('NEUTRALISED', NULL, 'BOTH_RENEWED', NULL)::exposure_verdict
            WHEN NOT is_from_malware AND of_password = 'RENEWED' THEN ('NEUTRALISED', NULL, 'PASSWORD_CHANGED', NULL)::exposure_verdict
            WHEN deactivated_at IS NOT NULL THEN ('UNKNOWN', NULL, left_reason, NULL)::exposure_verdict
            WHEN is_from_malware THEN ('UNKNOWN', NULL, 'CREDENTIALS_WITHHELD', NULL)::exposure_verdict
            ELSE ('UNKNOWN', NULL, 'DATA_NOT_NAMED', NULL)::exposure_verdict
        END;
    END IF;
    RETURN CASE
        WHEN of_session = 'STANDS' THEN ('LIVE', 'CERTAIN', 'SESSIONS_STAND', session)::exposure_verdict
        WHEN of_password = 'STANDS' THEN (
            'LIVE',
            CASE WHEN is_from_malware OR password = 'COMPANY_PASSWORD' OR password = 'HASH' AND has_company_site THEN 'CERTAIN' ELSE 'IF_REUSED' END,
            'PASSWORD_STANDS', password)::exposure_verdict
        WHEN of_session = 'LEFT' THEN ('UNKNOWN', NULL, left_reason, session)::exposure_verdict
        WHEN of_password = 'LEFT' THEN ('UNKNOWN', NULL, left_reason, password)::exposure_verdict
        WHEN of_session = 'NOT_KNOWN' THEN ('UNKNOWN', NULL, 'SESSIONS_NOT_KNOWN', session)::exposure_verdict
        WHEN of_password = 'NOT_KNOWN' THEN ('UNKNOWN', NULL, 'PASSWORD_NOT_KNOWN', password)::exposure_verdict
        WHEN of_session = 'UNCLEAR' THEN ('UNKNOWN', NULL, 'SESSIONS_UNCLEAR', session)::exposure_verdict
        WHEN of_password = 'UNCLEAR' THEN ('UNKNOWN', NULL, 'PASSWORD_UNCLEAR', password)::exposure_verdict
        WHEN session IS NOT NULL AND password IS NOT NULL THEN ('NEUTRALISED', NULL, 'BOTH_RENEWED', session)::exposure_verdict
        WHEN session IS NOT NULL THEN ('NEUTRALISED', NULL, 'SESSIONS_REVOKED', session)::exposure_verdict
        ELSE ('NEUTRALISED', NULL, 'PASSWORD_CHANGED', password)::exposure_verdict
    END;
END
$$;

-- Works a record's state out from the record, its breach, its credentials, the account and the company's domain.
--
-- When it was exposed lies between `exposed_after` and `exposed_before`:
--   captured_at   what malware took: a day more or less, since logs have the machine's time without its zone;
--   breach_date   a month more or less, since catalogues know when a breach was, at best, to the month;
--   neither       at the latest when it became known.
-- It was never exposed after it became known (when it was detected, or when a file showed another secret of it). A secret that a file without
-- a date showed may be as young as that, whatever the date of its breach is.
CREATE FUNCTION worked_out_state(r breach_records) RETURNS record_state
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    s record_state;
    verdict exposure_verdict;
    changed_at timestamptz;
    valid_from timestamptz;
    left_at timestamptz;
    departure text;
    breach_date date;
    breach_domain text;
    is_stealer_log boolean;
    company_domain text;
    known_at timestamptz := r.detected_at;
    seen_at timestamptz;
    has_undated boolean := false;
    has_company_password boolean := false;
    has_password boolean := 'PASSWORD'::artifact_kind = ANY (r.artifacts) OR 'password' = ANY (r.exposed_data);
    at_company boolean := false;
BEGIN
    SELECT e.password_changed_at, e.sessions_valid_from, e.deactivated_at, told_departure(e.source_connection_id, e.deactivation_reason),
        b.breach_date, b.domain, b.source = 'STEALER_LOG' OR b.is_stealer_log, c.domain
    INTO changed_at, valid_from, left_at, departure, breach_date, breach_domain, is_stealer_log, company_domain
    FROM employees e, breaches b, companies c
    WHERE e.company_id = r.company_id AND e.id = r.employee_id AND b.id = r.breach_id AND c.id = r.company_id;
    at_company := coalesce(is_site_of(breach_domain, company_domain), false);
    IF r.in_leak_file THEN
        SELECT max(l.first_seen_at), coalesce(bool_or(NOT l.is_dated), false), coalesce(bool_or(l.secret_kind = 'plain' AND o.is_own), false),
            at_company OR coalesce(bool_or(o.is_own), false)
        INTO seen_at, has_undated, has_company_password, at_company
        FROM leaked_credentials l
        CROSS JOIN LATERAL (
            SELECT EXISTS (SELECT FROM unnest(l.sites) AS site WHERE is_site_of(site, company_domain)) AS is_own
        ) AS o
        WHERE l.company_id = r.company_id AND l.record_id = r.id;
        known_at := greatest(known_at, seen_at);
    END IF;
    IF r.evidence IS NOT NULL THEN
        at_company := at_company OR EXISTS (
            SELECT FROM jsonb_array_elements_text(CASE WHEN jsonb_typeof(r.evidence -> 'sites') = 'array' THEN r.evidence -> 'sites' ELSE '[]' END) AS site
            WHERE is_site_of(site, company_domain));
        s.has_company_site := at_company OR EXISTS (
            SELECT FROM jsonb_array_elements(CASE WHEN jsonb_typeof(r.evidence -> 'cookies') = 'array' THEN r.evidence -> 'cookies' ELSE '[]' END) AS cookie
            WHERE is_site_of(cookie ->> 'domain', company_domain));
    ELSE
        s.has_company_site := at_company;
    END IF;
    is_stealer_log := coalesce(is_stealer_log, false);
    s.is_from_malware := is_stealer_log OR r.captured_at IS NOT NULL OR r.machine_id IS NOT NULL OR r.malware_family IS NOT NULL
        OR r.artifacts <> '{}' OR 'HIBP_STEALER'::api_provider = ANY (r.sources);
    s.credentials := array_remove(ARRAY[
        CASE WHEN 'COOKIE'::artifact_kind = ANY (r.artifacts) THEN 'SESSION'::credential_kind END,
        CASE WHEN 'TOKEN'::artifact_kind = ANY (r.artifacts) THEN 'TOKEN'::credential_kind END,
        CASE WHEN has_password AND (at_company OR has_company_password) THEN 'COMPANY_PASSWORD'::credential_kind
            WHEN has_password THEN 'PASSWORD'::credential_kind
            WHEN 'hashed_password' = ANY (r.exposed_data) THEN 'HASH'::credential_kind END], NULL);
    s.withholds_credentials := s.credentials = '{}' AND (
        'HIBP_STEALER'::api_provider = ANY (r.sources)
        OR NOT r.in_leak_file AND (is_stealer_log OR r.sources = ARRAY['INTELX']::api_provider[]));
    s.exposed_after := '-infinity';
    s.exposed_before := known_at;
    IF r.captured_at IS NOT NULL THEN
        s.exposed_after := r.captured_at - interval '24 hours';
        s.exposed_before := least(r.captured_at + interval '24 hours', greatest(known_at, r.captured_at));
    ELSIF breach_date IS NOT NULL THEN
        s.exposed_after := (breach_date - 31)::timestamp AT TIME ZONE 'UTC';
        s.exposed_before := least((breach_date + 32)::timestamp AT TIME ZONE 'UTC', known_at);
    END IF;
    IF has_undated THEN
        s.exposed_before := greatest(s.exposed_before, known_at);
    END IF;
    verdict := exposure_verdict(
        s.credentials, s.withholds_credentials, s.is_from_malware, s.has_company_site, s.exposed_after, s.exposed_before,
        changed_at, valid_from, left_at, departure);
    s.state := verdict.state;
    s.certainty := verdict.certainty;
    s.reason := verdict.reason;
    s.credential := verdict.credential;
    RETURN s;
END
$$;

-- f of a finding: how much of it counts in a score.
CREATE FUNCTION finding_weight(state liveness, certainty liveness_certainty) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE
        WHEN state = 'LIVE' AND certainty = 'CERTAIN' THEN 1
        WHEN state IN ('LIVE', 'UNKNOWN') THEN 0.7
        ELSE 0
    END::double precision;

-- MARK: What is there already

ALTER TABLE breach_records DISABLE TRIGGER USER;
ALTER TABLE alerts DISABLE TRIGGER USER;
SET LOCAL ROLE datashield_system;
UPDATE breach_records r SET
    (credentials, withholds_credentials, is_from_malware, has_company_site, exposed_after, exposed_before, state, certainty, state_reason,
        worst_credential) = (SELECT s.* FROM worked_out_state(r) AS s);
UPDATE alerts a SET state = r.state, certainty = r.certainty FROM breach_records r
WHERE r.company_id = a.company_id AND r.employee_id = a.employee_id AND r.breach_id = a.breach_id;
RESET ROLE;
ALTER TABLE breach_records ENABLE TRIGGER USER;
ALTER TABLE alerts ENABLE TRIGGER USER;

ALTER TABLE breach_records
    ALTER COLUMN state DROP DEFAULT,
    ALTER COLUMN state_reason DROP DEFAULT,
    ADD CONSTRAINT what_is_live_is_more_or_less_certain CHECK ((state = 'LIVE') = (certainty IS NOT NULL));
ALTER TABLE alerts ADD CONSTRAINT live_alerts_are_more_or_less_certain CHECK ((coalesce(state, 'UNKNOWN') = 'LIVE') = (certainty IS NOT NULL));

-- Every filter of the list ends in (created_at, id), so that any page of it is a range of an index.
CREATE INDEX alerts_by_state ON alerts (company_id, state, created_at, id);
-- No index of records has the state: with room on the page, a change of it stays in place (HOT), and a person has few of them.
ALTER TABLE breach_records SET (fillfactor = 85);

-- MARK: Kept current

-- A record that is made or changed has its state before it is written. With the rights of whoever writes it, who sees all that it needs: to
-- change them for each row costs more than to work the state out.
CREATE FUNCTION keep_record_state() RETURNS trigger
    LANGUAGE plpgsql AS $$
DECLARE
    s record_state := worked_out_state(NEW);
BEGIN
    NEW.credentials := s.credentials;
    NEW.withholds_credentials := s.withholds_credentials;
    NEW.is_from_malware := s.is_from_malware;
    NEW.has_company_site := s.has_company_site;
    NEW.exposed_after := s.exposed_after;
    NEW.exposed_before := s.exposed_before;
    NEW.state := s.state;
    NEW.certainty := s.certainty;
    NEW.state_reason := s.reason;
    NEW.worst_credential := s.credential;
    RETURN NEW;
END
$$;
CREATE TRIGGER keep_state_on_insert BEFORE INSERT ON breach_records FOR EACH ROW EXECUTE FUNCTION keep_record_state();
CREATE TRIGGER keep_state_on_update BEFORE UPDATE OF
    company_id, employee_id, breach_id, exposed_data, artifacts, machine_id, malware_family, captured_at, detected_at, sources, evidence, in_leak_file
    ON breach_records FOR EACH ROW EXECUTE FUNCTION keep_record_state();

-- The statements below take changed rows from index to index, as the counts do it and for the same reason (0007).

-- An account that changes changes what is exposed of it. What was exposed, and when, stays.
CREATE FUNCTION keep_states_of_employees() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off AS $$
BEGIN
    -- A statement that changes no row has its triggers all the same: without this, those of the counts and these would go round for ever.
    IF NOT EXISTS (
        SELECT id, password_changed_at, sessions_valid_from, deactivated_at, told_departure(source_connection_id, deactivation_reason) FROM new_rows
        EXCEPT
        SELECT id, password_changed_at, sessions_valid_from, deactivated_at, told_departure(source_connection_id, deactivation_reason) FROM old_rows
    ) THEN
        RETURN NULL;
    END IF;
    UPDATE breach_records r SET state = n.state, certainty = n.certainty, state_reason = n.reason, worst_credential = n.credential
    FROM (
        SELECT o.company_id, o.id, v.state, v.certainty, v.reason, v.credential
        FROM (
            SELECT company_id, id, password_changed_at, sessions_valid_from, deactivated_at,
                told_departure(source_connection_id, deactivation_reason) AS departure FROM new_rows
            EXCEPT
            SELECT company_id, id, password_changed_at, sessions_valid_from, deactivated_at,
                told_departure(source_connection_id, deactivation_reason) FROM old_rows
        ) AS e
        JOIN breach_records o ON o.company_id = e.company_id AND o.employee_id = e.id
        CROSS JOIN LATERAL exposure_verdict(
            o.credentials, o.withholds_credentials, o.is_from_malware, o.has_company_site, o.exposed_after, o.exposed_before,
            e.password_changed_at, e.sessions_valid_from, e.deactivated_at, e.departure) AS v
        WHERE (o.state, o.certainty, o.state_reason, o.worst_credential) IS DISTINCT FROM (v.state, v.certainty, v.reason, v.credential)
    ) AS n
    WHERE r.company_id = n.company_id AND r.id = n.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER keep_states AFTER UPDATE ON employees REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION keep_states_of_employees();

-- What a breach says of itself, and what files show of it, decides what was exposed and when.
CREATE FUNCTION keep_states_of_breaches() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off AS $$
BEGIN
    IF NOT EXISTS (
        SELECT id, breach_date, domain, source, is_stealer_log FROM new_rows
        EXCEPT SELECT id, breach_date, domain, source, is_stealer_log FROM old_rows
    ) THEN
        RETURN NULL;
    END IF;
    UPDATE breach_records r SET detected_at = r.detected_at
    FROM (
        SELECT id, breach_date, domain, source, is_stealer_log FROM new_rows
        EXCEPT SELECT id, breach_date, domain, source, is_stealer_log FROM old_rows
    ) AS b
    WHERE r.breach_id = b.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER keep_states AFTER UPDATE ON breaches REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION keep_states_of_breaches();

CREATE FUNCTION keep_states_of_companies() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off AS $$
BEGIN
    UPDATE breach_records SET detected_at = detected_at WHERE company_id = NEW.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER keep_states AFTER UPDATE OF domain ON companies FOR EACH ROW WHEN (NEW.domain <> OLD.domain)
    EXECUTE FUNCTION keep_states_of_companies();

DO $make$
DECLARE
    operation record;
BEGIN
    FOR operation IN
        SELECT * FROM (VALUES
            ('insert', 'REFERENCING NEW TABLE AS new_rows', 'SELECT company_id, record_id FROM new_rows'),
            ('update', 'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows',
             'SELECT company_id, record_id FROM (
                (SELECT company_id, record_id, id, first_seen_at, is_dated, secret_kind, sites FROM new_rows
                 EXCEPT SELECT company_id, record_id, id, first_seen_at, is_dated, secret_kind, sites FROM old_rows)
                UNION ALL (SELECT company_id, record_id, id, first_seen_at, is_dated, secret_kind, sites FROM old_rows
                 EXCEPT SELECT company_id, record_id, id, first_seen_at, is_dated, secret_kind, sites FROM new_rows)) AS different'),
            ('delete', 'REFERENCING OLD TABLE AS old_rows', 'SELECT company_id, record_id FROM old_rows')
        ) AS operations (name, tables, rows)
    LOOP
        EXECUTE format(
            'CREATE FUNCTION %I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER '
            'SET search_path = pg_catalog, public, pg_temp '
            'SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off AS %L',
            'keep_states_of_leaked_' || operation.name, replace($body$BEGIN
    IF NOT EXISTS ({rows}) THEN
        RETURN NULL;
    END IF;
    UPDATE breach_records r SET detected_at = r.detected_at
    FROM (
        SELECT o.company_id, o.id FROM (SELECT DISTINCT company_id, record_id FROM ({rows}) AS touched) AS c
        JOIN breach_records o ON o.company_id = c.company_id AND o.id = c.record_id
        CROSS JOIN LATERAL worked_out_state(o) AS w
        WHERE (o.credentials, o.has_company_site, o.exposed_after, o.exposed_before)
            IS DISTINCT FROM (w.credentials, w.has_company_site, w.exposed_after, w.exposed_before)
    ) AS n
    WHERE r.company_id = n.company_id AND r.id = n.id;
    RETURN NULL;
END$body$, '{rows}', operation.rows));
        EXECUTE format(
            'CREATE TRIGGER keep_states_%s AFTER %1$s ON leaked_credentials %s FOR EACH STATEMENT EXECUTE FUNCTION %I()',
            operation.name, operation.tables, 'keep_states_of_leaked_' || operation.name);
    END LOOP;
END
$make$;

-- MARK: The alerts' copies

CREATE FUNCTION copy_state_to_alert() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    NEW.state := NULL;
    NEW.certainty := NULL;
    IF NEW.employee_id IS NOT NULL AND NEW.breach_id IS NOT NULL THEN
        SELECT r.state, r.certainty INTO NEW.state, NEW.certainty FROM breach_records r
        WHERE r.company_id = NEW.company_id AND r.employee_id = NEW.employee_id AND r.breach_id = NEW.breach_id;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER copy_state_on_insert BEFORE INSERT ON alerts FOR EACH ROW EXECUTE FUNCTION copy_state_to_alert();
-- Also of one that stays in its place: by that, whoever held the copies brings them up to date.
CREATE TRIGGER copy_state_on_update BEFORE UPDATE OF company_id, employee_id, breach_id ON alerts FOR EACH ROW
    EXECUTE FUNCTION copy_state_to_alert();

-- Whoever moves records and alerts in several statements holds the copies until all are where they belong (app.holds_alerts, 0025): what they
-- would say in between is not so, and nobody is to be told of it.

DO $make$
DECLARE
    operation record;
BEGIN
    FOR operation IN
        SELECT * FROM (VALUES
            ('insert', 'REFERENCING NEW TABLE AS new_rows', 'SELECT company_id, employee_id, breach_id FROM new_rows'),
            ('update', 'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows',
             'SELECT company_id, employee_id, breach_id FROM (
                (SELECT company_id, employee_id, breach_id, state, certainty FROM new_rows
                 EXCEPT SELECT company_id, employee_id, breach_id, state, certainty FROM old_rows)
                UNION ALL (SELECT company_id, employee_id, breach_id, state, certainty FROM old_rows
                 EXCEPT SELECT company_id, employee_id, breach_id, state, certainty FROM new_rows)) AS different'),
            ('delete', 'REFERENCING OLD TABLE AS old_rows', 'SELECT company_id, employee_id, breach_id FROM old_rows')
        ) AS operations (name, tables, rows)
    LOOP
        EXECUTE format(
            'CREATE FUNCTION %I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER '
            'SET search_path = pg_catalog, public, pg_temp '
            'SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off AS %L',
            'copy_states_' || operation.name, replace($body$BEGIN
    IF current_setting('app.holds_alerts', true) = 'on' OR NOT EXISTS ({rows}) THEN
        RETURN NULL;
    END IF;
    UPDATE alerts a SET state = n.state, certainty = n.certainty
    FROM (
        SELECT o.company_id, o.id, r.state, r.certainty
        FROM (SELECT DISTINCT company_id, employee_id, breach_id FROM ({rows}) AS touched) AS t
        JOIN alerts o ON o.company_id = t.company_id AND o.employee_id = t.employee_id AND o.breach_id = t.breach_id
        LEFT JOIN breach_records r ON r.company_id = t.company_id AND r.employee_id = t.employee_id AND r.breach_id = t.breach_id
        WHERE (o.state, o.certainty) IS DISTINCT FROM (r.state, r.certainty)
    ) AS n
    WHERE a.company_id = n.company_id AND a.id = n.id;
    RETURN NULL;
END$body$, '{rows}', operation.rows));
        EXECUTE format(
            'CREATE TRIGGER copy_states_%s AFTER %1$s ON breach_records %s FOR EACH STATEMENT EXECUTE FUNCTION %I()',
            operation.name, operation.tables, 'copy_states_' || operation.name);
    END LOOP;
END
$make$;

-- MARK: Who may run what

GRANT CREATE ON SCHEMA public TO datashield_system;
DO $$
DECLARE
    function regprocedure;
BEGIN
    FOR function IN
        SELECT oid FROM pg_catalog.pg_proc
        WHERE pronamespace = 'public'::regnamespace AND prosecdef AND proowner <> 'datashield_system'::regrole
            AND (proname LIKE 'keep\_states\_of\_%' OR proname LIKE 'copy\_state%')
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', function);
        EXECUTE format('ALTER FUNCTION %s OWNER TO datashield_system', function);
    END LOOP;
END
$$;
REVOKE CREATE ON SCHEMA public FROM datashield_system;

DROP FUNCTION exposure_reason(
    text[], artifact_kind[], timestamptz, date, timestamptz, boolean, timestamptz, timestamptz, timestamptz, text);
