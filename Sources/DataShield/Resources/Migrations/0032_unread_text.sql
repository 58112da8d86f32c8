-- Text beside an address in a leak file that was not understood: nobody knows whether a password is in it, so that the record does not say that
-- nobody can sign in with it. Such a text is a credential without a secret, told from others by a keyed digest of it.
ALTER TABLE leaked_credentials
    ADD COLUMN is_unread boolean NOT NULL DEFAULT false,
    ADD CONSTRAINT what_was_not_read_has_no_secret CHECK (NOT is_unread OR secret_kind IS NULL);

-- Lines and machines of a file in which something about people of the company was not understood.
ALTER TABLE ingest_files ADD COLUMN unread bigint NOT NULL DEFAULT 0;

-- Nothing is named to sign in with, and what was not understood is why it is not known whether there is something.
ALTER TABLE breach_records ADD COLUMN has_unread_text boolean NOT NULL DEFAULT false;
ALTER TYPE record_state ADD ATTRIBUTE has_unread_text boolean;

-- The reason for a state: where the rule (0024) finds that it is not named what there is, a text may be why.
CREATE FUNCTION state_reason(reason text, has_unread_text boolean) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE WHEN has_unread_text AND reason IN ('DATA_NOT_NAMED', 'CREDENTIALS_WITHHELD') THEN 'TEXT_NOT_READ' ELSE reason END;

-- As in 0024, with what was not understood.
CREATE OR REPLACE FUNCTION worked_out_state(r breach_records) RETURNS record_state
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
    has_unread boolean := false;
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
            at_company OR coalesce(bool_or(o.is_own), false), coalesce(bool_or(l.is_unread), false)
        INTO seen_at, has_undated, has_company_password, at_company, has_unread
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
    -- What a service keeps to itself may be more than what was not understood.
    s.has_unread_text := has_unread AND s.credentials = '{}' AND NOT s.withholds_credentials;
    s.withholds_credentials := s.withholds_credentials OR s.has_unread_text;
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
    s.reason := state_reason(verdict.reason, s.has_unread_text);
    s.credential := verdict.credential;
    RETURN s;
END
$$;

CREATE OR REPLACE FUNCTION keep_record_state() RETURNS trigger
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
    NEW.has_unread_text := s.has_unread_text;
    NEW.state := s.state;
    NEW.certainty := s.certainty;
    NEW.state_reason := s.reason;
    NEW.worst_credential := s.credential;
    RETURN NEW;
END
$$;

DO $make$
DECLARE
    operation record;
BEGIN
    FOR operation IN
        SELECT * FROM (VALUES
            ('insert', 'SELECT company_id, record_id FROM new_rows'),
            ('update',
             'SELECT company_id, record_id FROM (
                (SELECT company_id, record_id, id, first_seen_at, is_dated, secret_kind, is_unread, sites FROM new_rows
                 EXCEPT SELECT company_id, record_id, id, first_seen_at, is_dated, secret_kind, is_unread, sites FROM old_rows)
                UNION ALL (SELECT company_id, record_id, id, first_seen_at, is_dated, secret_kind, is_unread, sites FROM old_rows
                 EXCEPT SELECT company_id, record_id, id, first_seen_at, is_dated, secret_kind, is_unread, sites FROM new_rows)) AS different'),
            ('delete', 'SELECT company_id, record_id FROM old_rows')
        ) AS operations (name, rows)
    LOOP
        EXECUTE format(
            'CREATE OR REPLACE FUNCTION %I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER '
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
        WHERE (o.credentials, o.has_unread_text, o.has_company_site, o.exposed_after, o.exposed_before)
            IS DISTINCT FROM (w.credentials, w.has_unread_text, w.has_company_site, w.exposed_after, w.exposed_before)
    ) AS n
    WHERE r.company_id = n.company_id AND r.id = n.id;
    RETURN NULL;
END$body$, '{rows}', operation.rows));
    END LOOP;
END
$make$;
