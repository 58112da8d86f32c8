-- An alert carries what its list shows and goes by: whom and which breach it is about, how urgent it is, and when the data were exposed. The list
-- needs no join, and what is said of somebody who was deleted stays readable. Copies, kept by the schema like the states (0024, 0025).

ALTER TABLE alerts
    -- Of whom and of what it is about; they stay when the person or the breach is deleted.
    ADD COLUMN employee_name text NOT NULL DEFAULT '',
    ADD COLUMN employee_email text NOT NULL DEFAULT '',
    ADD COLUMN department text,
    ADD COLUMN breach_title text NOT NULL DEFAULT '',
    -- The higher, the sooner somebody has to act: see alert_urgency. 0: there is nothing to do.
    ADD COLUMN urgency smallint NOT NULL DEFAULT 0,
    -- When malware took it, else the day of the breach; -infinity where nobody knows.
    ADD COLUMN exposed_at timestamptz(3) NOT NULL DEFAULT '-infinity',
    -- When what was resolved had to be opened again, because it turned live again or was no longer neutralised.
    ADD COLUMN came_back_at timestamptz(3);

-- When somebody signed in the time before the last.
ALTER TABLE users ADD COLUMN previous_login_at timestamptz(3);

-- MARK: The rule

-- What a person adds to the urgency of an alert about them: no second factor before one that is not known, that before one that is on; a VIP
-- before others.
CREATE FUNCTION person_urgency(mfa_enabled boolean, is_vip boolean) RETURNS smallint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (CASE WHEN mfa_enabled THEN 0 WHEN mfa_enabled IS NULL THEN 10 ELSE 20 END + CASE WHEN is_vip THEN 1 ELSE 0 END)::smallint;

-- The order of work (spec §4), as one number: thousands are the band (3 act now, 2 today, 1 this week, 0 nothing to do), hundreds the worst that
-- can be used (5 session, 4 token, 3 password of a site of the company's, 2 other password, 1 nobody says what, 0 hash), tens and ones the
-- person's. Urgency.swift has the words. This is the only place of the rule.
CREATE FUNCTION alert_urgency(
    state liveness, certainty liveness_certainty, credential credential_kind, is_from_malware boolean, has_company_site boolean,
    mfa_enabled boolean, is_vip boolean
) RETURNS smallint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE
        -- Of what has no record any more nobody knows.
        WHEN state IS NULL THEN 1100 + person_urgency(mfa_enabled, is_vip)
        WHEN state NOT IN ('LIVE', 'UNKNOWN') THEN 0
        ELSE CASE
                WHEN state = 'LIVE' AND certainty = 'CERTAIN' THEN 3000
                WHEN state = 'LIVE' OR is_from_malware OR has_company_site THEN 2000
                ELSE 1000
            END
            + CASE credential
                WHEN 'SESSION' THEN 500 WHEN 'TOKEN' THEN 400 WHEN 'COMPANY_PASSWORD' THEN 300 WHEN 'PASSWORD' THEN 200 WHEN 'HASH' THEN 0 ELSE 100
            END
            + person_urgency(mfa_enabled, is_vip)
    END::smallint;

-- As PersonName has it.
CREATE FUNCTION person_name(first_name text, last_name text, email text) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE
        WHEN first_name <> '' AND last_name <> '' THEN first_name || ' ' || last_name
        WHEN first_name <> '' OR last_name <> '' THEN first_name || last_name
        ELSE email
    END;

CREATE FUNCTION exposure_time(captured_at timestamptz, breach_date date) RETURNS timestamptz
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN coalesce(captured_at, breach_date::timestamp AT TIME ZONE 'UTC', '-infinity');

-- MARK: Counts

-- What an alert is about, in the words of the first page: LIVE is certain, and of what has no record any more nobody knows.
CREATE TYPE alert_state AS ENUM ('LIVE', 'LIVE_IF_REUSED', 'UNKNOWN', 'NEUTRALISED', 'NO_CREDENTIAL');
CREATE FUNCTION alert_state(state liveness, certainty liveness_certainty) RETURNS alert_state
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE
        WHEN state = 'LIVE' AND certainty = 'IF_REUSED' THEN 'LIVE_IF_REUSED'
        WHEN state IS NULL THEN 'UNKNOWN'
        ELSE state::text
    END::alert_state;
-- f of such an alert, in tenths, as alert_weight has it.
CREATE FUNCTION alert_weight(state alert_state) RETURNS smallint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE state WHEN 'LIVE' THEN 10 WHEN 'LIVE_IF_REUSED' THEN 7 WHEN 'UNKNOWN' THEN 7 ELSE 0 END::smallint;

-- In place of the counts by weight, which follow from these.
DROP TABLE alert_weight_counts;
CREATE TABLE alert_state_counts (
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    status alert_status NOT NULL,
    severity severity NOT NULL,
    state alert_state NOT NULL,
    count bigint NOT NULL,
    CONSTRAINT alert_state_counts_pkey PRIMARY KEY (company_id, status, severity, state)
) WITH (fillfactor = 50);
SELECT isolate_tenant_table('alert_state_counts');
GRANT SELECT ON alert_state_counts TO datashield_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON alert_state_counts TO datashield_system;

GRANT CREATE ON SCHEMA public TO datashield_system;
SET LOCAL ROLE datashield_system;
DO $make$
DECLARE
    operation record;
BEGIN
    FOR operation IN
        SELECT * FROM (VALUES
            ('insert', '(SELECT 1 AS sign, * FROM new_rows)'),
            ('update', '(SELECT 1 AS sign, * FROM new_rows UNION ALL SELECT -1, * FROM old_rows)'),
            ('delete', '(SELECT -1 AS sign, * FROM old_rows)')
        ) AS operations (name, rows)
    LOOP
        EXECUTE format(
            'CREATE OR REPLACE FUNCTION %I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER '
            'SET search_path = pg_catalog, public, pg_temp '
            'SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off AS %L',
            'weigh_alerts_' || operation.name,
            replace($body$BEGIN
    INSERT INTO alert_state_counts AS total
    SELECT * FROM (
        SELECT company_id, status, severity, alert_state(state, certainty) AS state, sum(sign) AS count
        FROM {rows} AS changed
        GROUP BY 1, 2, 3, 4
    ) AS delta
    WHERE count <> 0 AND EXISTS (SELECT FROM companies WHERE companies.id = company_id)
    ORDER BY 1, 2, 3, 4
    ON CONFLICT (company_id, status, severity, state) DO UPDATE SET count = total.count + excluded.count;
    RETURN NULL;
END$body$, '{rows}', operation.rows));
    END LOOP;
END
$make$;

-- MARK: Kept current

-- As in 0025, with what the list shows of the person and the breach, and with the urgency.
CREATE OR REPLACE FUNCTION copy_state_to_alert() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    state_before liveness;
    reason text;
    next_status alert_status;
    words text;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF current_setting('app.holds_alerts', true) = 'on' AND NEW.employee_id IS NOT NULL AND NEW.breach_id IS NOT NULL THEN
            RETURN NEW;
        END IF;
        state_before := OLD.state;
    END IF;
    NEW.state := NULL;
    NEW.certainty := NULL;
    NEW.urgency := 0;
    IF NEW.breach_id IS NOT NULL THEN
        SELECT coalesce(nullif(b.title, ''), b.name), exposure_time(NULL, b.breach_date) INTO NEW.breach_title, NEW.exposed_at
        FROM breaches b WHERE b.id = NEW.breach_id;
        -- One that is not there is for the reference to refuse.
        IF NOT FOUND THEN
            NEW.breach_title := '';
            NEW.exposed_at := '-infinity';
        END IF;
    END IF;
    IF NEW.employee_id IS NULL THEN
        RETURN NEW;
    END IF;
    SELECT person_name(e.first_name, e.last_name, e.email), e.email, e.department, r.state, r.certainty, r.state_reason,
        alert_urgency(r.state, r.certainty, r.worst_credential, r.is_from_malware, r.has_company_site, e.mfa_enabled, e.is_vip),
        coalesce(r.captured_at, NEW.exposed_at)
    INTO NEW.employee_name, NEW.employee_email, NEW.department, NEW.state, NEW.certainty, reason, NEW.urgency, NEW.exposed_at
    FROM employees e
    LEFT JOIN breach_records r ON r.company_id = e.company_id AND r.employee_id = e.id AND r.breach_id = NEW.breach_id
    WHERE e.company_id = NEW.company_id AND e.id = NEW.employee_id;
    IF NOT FOUND THEN
        NEW.employee_name := '';
        NEW.employee_email := '';
        NEW.urgency := 0;
        NEW.exposed_at := '-infinity';
        RETURN NEW;
    END IF;
    -- Of most there is no more to say, and a scan raises many.
    IF NEW.breach_id IS NULL OR NEW.state IS NOT DISTINCT FROM state_before
        OR TG_OP = 'INSERT' AND (NEW.state <> 'NEUTRALISED' OR NEW.status = 'RESOLVED') THEN
        RETURN NEW;
    END IF;
    SELECT next_alert_status(
            NEW.state, state_before, NEW.status, NEW.resolved_as_neutralised, c.resolves_neutralised, b.is_spam_list OR b.is_fabricated),
        CASE
            WHEN NEW.state = 'NEUTRALISED' THEN neutralised_words(reason, e.password_changed_at, e.sessions_valid_from)
            ELSE flagged_words()
        END
    INTO next_status, words
    FROM employees e JOIN companies c ON c.id = e.company_id JOIN breaches b ON b.id = NEW.breach_id
    WHERE e.company_id = NEW.company_id AND e.id = NEW.employee_id;
    IF next_status = 'OPEN' AND EXISTS (
        SELECT FROM alerts other
        WHERE other.company_id = NEW.company_id AND other.employee_id = NEW.employee_id AND other.breach_id = NEW.breach_id
            AND other.id <> NEW.id AND (other.status <> 'RESOLVED' OR (other.created_at, other.id) < (NEW.created_at, NEW.id)))
    THEN
        next_status := NULL;
    END IF;
    IF next_status IS NULL THEN
        RETURN NEW;
    END IF;
    INSERT INTO alert_moves (company_id, alert_id, severity, assignee_id, status_before, resolution_before, status, resolution)
    VALUES (NEW.company_id, NEW.id, NEW.severity, NEW.assignee_id, NEW.status, NEW.resolution, next_status,
        CASE WHEN next_status = 'RESOLVED' THEN words END);
    IF next_status = 'OPEN' THEN
        NEW.resolved_as_neutralised := false;
        NEW.acknowledged_at := NULL;
        NEW.resolved_at := NULL;
        NEW.resolution := NULL;
        NEW.news_at := clock_timestamp();
        NEW.came_back_at := NEW.news_at;
    ELSE
        NEW.resolved_as_neutralised := NEW.state = 'NEUTRALISED';
        NEW.resolution := words;
        IF NEW.status <> 'RESOLVED' THEN
            NEW.resolved_at := clock_timestamp();
        END IF;
    END IF;
    NEW.status := next_status;
    RETURN NEW;
END
$$;

-- The same for the alerts of records whose state changed, or what else of them decides how urgent they are.
CREATE OR REPLACE FUNCTION copy_states_update() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off AS $$
BEGIN
    IF current_setting('app.holds_alerts', true) = 'on' OR NOT EXISTS (
        (SELECT company_id, employee_id, breach_id, state, certainty, worst_credential, is_from_malware, has_company_site, captured_at,
            exposed_after FROM new_rows
         EXCEPT SELECT company_id, employee_id, breach_id, state, certainty, worst_credential, is_from_malware, has_company_site, captured_at,
            exposed_after FROM old_rows)
        UNION ALL
        (SELECT company_id, employee_id, breach_id, state, certainty, worst_credential, is_from_malware, has_company_site, captured_at,
            exposed_after FROM old_rows
         EXCEPT SELECT company_id, employee_id, breach_id, state, certainty, worst_credential, is_from_malware, has_company_site, captured_at,
            exposed_after FROM new_rows)
    ) THEN
        RETURN NULL;
    END IF;
    WITH places AS MATERIALIZED (
        SELECT DISTINCT company_id, employee_id, breach_id FROM (
            (SELECT company_id, employee_id, breach_id, state, certainty, worst_credential, is_from_malware, has_company_site, captured_at,
                exposed_after FROM new_rows
             EXCEPT SELECT company_id, employee_id, breach_id, state, certainty, worst_credential, is_from_malware, has_company_site, captured_at,
                exposed_after FROM old_rows)
            UNION ALL
            (SELECT company_id, employee_id, breach_id, state, certainty, worst_credential, is_from_malware, has_company_site, captured_at,
                exposed_after FROM old_rows
             EXCEPT SELECT company_id, employee_id, breach_id, state, certainty, worst_credential, is_from_malware, has_company_site, captured_at,
                exposed_after FROM new_rows)
        ) AS different
    ), moving AS MATERIALIZED (
        SELECT o.company_id, o.id, o.severity, o.assignee_id, o.status AS status_before, o.resolution AS resolution_before, r.state, r.certainty,
            u.urgency, u.exposed_at,
            CASE
                WHEN n.next = 'OPEN' AND EXISTS (
                    SELECT FROM alerts other
                    WHERE other.company_id = o.company_id AND other.employee_id = o.employee_id AND other.breach_id = o.breach_id
                        AND (other.status <> 'RESOLVED' OR (other.created_at, other.id) < (o.created_at, o.id)))
                    THEN NULL
                ELSE n.next
            END AS next,
            CASE
                WHEN r.state = 'NEUTRALISED' THEN neutralised_words(r.state_reason, e.password_changed_at, e.sessions_valid_from)
                ELSE flagged_words()
            END AS words
        FROM places p
        JOIN alerts o ON o.company_id = p.company_id AND o.employee_id = p.employee_id AND o.breach_id = p.breach_id
        JOIN employees e ON e.company_id = p.company_id AND e.id = p.employee_id
        JOIN companies c ON c.id = p.company_id
        JOIN breaches b ON b.id = p.breach_id
        LEFT JOIN breach_records r ON r.company_id = p.company_id AND r.employee_id = p.employee_id AND r.breach_id = p.breach_id
        CROSS JOIN LATERAL (
            SELECT alert_urgency(r.state, r.certainty, r.worst_credential, r.is_from_malware, r.has_company_site, e.mfa_enabled, e.is_vip) AS urgency,
                exposure_time(r.captured_at, b.breach_date)::timestamptz(3) AS exposed_at
        ) AS u
        CROSS JOIN LATERAL (
            SELECT CASE
                WHEN (o.state, o.certainty) IS DISTINCT FROM (r.state, r.certainty) THEN next_alert_status(
                    r.state, o.state, o.status, o.resolved_as_neutralised, c.resolves_neutralised, b.is_spam_list OR b.is_fabricated)
            END AS next
        ) AS n
        WHERE (o.state, o.certainty, o.urgency, o.exposed_at) IS DISTINCT FROM (r.state, r.certainty, u.urgency, u.exposed_at)
    ), told AS (
        INSERT INTO alert_moves (company_id, alert_id, severity, assignee_id, status_before, resolution_before, status, resolution)
        SELECT company_id, id, severity, assignee_id, status_before, resolution_before, next, CASE WHEN next = 'RESOLVED' THEN words END
        FROM moving WHERE next IS NOT NULL
        ORDER BY company_id, id
    )
    UPDATE alerts a SET state = m.state, certainty = m.certainty, urgency = m.urgency, exposed_at = m.exposed_at,
        status = coalesce(m.next, a.status),
        resolved_as_neutralised = CASE
            WHEN m.next IS NULL THEN a.resolved_as_neutralised ELSE m.next = 'RESOLVED' AND m.state = 'NEUTRALISED' END,
        acknowledged_at = CASE WHEN m.next = 'OPEN' THEN NULL ELSE a.acknowledged_at END,
        resolved_at = CASE
            WHEN m.next = 'OPEN' THEN NULL
            WHEN m.next = 'RESOLVED' AND a.status <> 'RESOLVED' THEN clock_timestamp()
            ELSE a.resolved_at
        END,
        resolution = CASE m.next WHEN 'RESOLVED' THEN m.words WHEN 'OPEN' THEN NULL ELSE a.resolution END,
        news_at = CASE WHEN m.next = 'OPEN' THEN clock_timestamp() ELSE a.news_at END,
        came_back_at = CASE WHEN m.next = 'OPEN' THEN clock_timestamp() ELSE a.came_back_at END
    FROM moving m WHERE a.company_id = m.company_id AND a.id = m.id;
    RETURN NULL;
END
$$;

DO $make$
DECLARE
    operation record;
BEGIN
    FOR operation IN
        SELECT * FROM (VALUES
            ('insert', 'SELECT company_id, employee_id, breach_id FROM new_rows'),
            ('delete', 'SELECT company_id, employee_id, breach_id FROM old_rows')
        ) AS operations (name, rows)
    LOOP
        EXECUTE format(
            'CREATE OR REPLACE FUNCTION %I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER '
            'SET search_path = pg_catalog, public, pg_temp '
            'SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off AS %L',
            'copy_states_' || operation.name, replace($body$BEGIN
    IF current_setting('app.holds_alerts', true) = 'on' OR NOT EXISTS ({rows}) THEN
        RETURN NULL;
    END IF;
    UPDATE alerts a SET state = n.state, certainty = n.certainty, urgency = n.urgency, exposed_at = n.exposed_at
    FROM (
        SELECT o.company_id, o.id, r.state, r.certainty, u.urgency, u.exposed_at
        FROM (SELECT DISTINCT company_id, employee_id, breach_id FROM ({rows}) AS touched) AS t
        JOIN alerts o ON o.company_id = t.company_id AND o.employee_id = t.employee_id AND o.breach_id = t.breach_id
        JOIN employees e ON e.company_id = t.company_id AND e.id = t.employee_id
        JOIN breaches b ON b.id = t.breach_id
        LEFT JOIN breach_records r ON r.company_id = t.company_id AND r.employee_id = t.employee_id AND r.breach_id = t.breach_id
        CROSS JOIN LATERAL (
            SELECT alert_urgency(r.state, r.certainty, r.worst_credential, r.is_from_malware, r.has_company_site, e.mfa_enabled, e.is_vip) AS urgency,
                exposure_time(r.captured_at, b.breach_date)::timestamptz(3) AS exposed_at
        ) AS u
        WHERE (o.state, o.certainty, o.urgency, o.exposed_at) IS DISTINCT FROM (r.state, r.certainty, u.urgency, u.exposed_at)
    ) AS n
    WHERE a.company_id = n.company_id AND a.id = n.id;
    RETURN NULL;
END$body$, '{rows}', operation.rows));
    END LOOP;
END
$make$;

-- Somebody who is called otherwise, moves, or has another second factor: their alerts follow. They are locked by the statement already.
CREATE FUNCTION copy_people_to_alerts() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off AS $$
BEGIN
    IF NOT EXISTS (
        SELECT company_id, id, first_name, last_name, email, department, mfa_enabled, is_vip FROM new_rows
        EXCEPT SELECT company_id, id, first_name, last_name, email, department, mfa_enabled, is_vip FROM old_rows
    ) THEN
        RETURN NULL;
    END IF;
    UPDATE alerts a SET employee_name = person_name(e.first_name, e.last_name, e.email), employee_email = e.email, department = e.department,
        urgency = CASE WHEN a.urgency = 0 THEN 0 ELSE a.urgency - a.urgency % 100 + person_urgency(e.mfa_enabled, e.is_vip) END
    FROM (
        SELECT company_id, id, first_name, last_name, email, department, mfa_enabled, is_vip FROM new_rows
        EXCEPT SELECT company_id, id, first_name, last_name, email, department, mfa_enabled, is_vip FROM old_rows
    ) AS e
    WHERE a.company_id = e.company_id AND a.employee_id = e.id
        AND (a.employee_name, a.employee_email, a.department, CASE WHEN a.urgency = 0 THEN 0 ELSE a.urgency % 100 END) IS DISTINCT FROM (
            person_name(e.first_name, e.last_name, e.email), e.email, e.department,
            CASE WHEN a.urgency = 0 THEN 0 ELSE person_urgency(e.mfa_enabled, e.is_vip) END);
    RETURN NULL;
END
$$;

-- A breach that gets another title or name. When its day changes, its records say so (0024).
CREATE FUNCTION copy_breaches_to_alerts() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off AS $$
BEGIN
    IF NOT EXISTS (SELECT id, title, name FROM new_rows EXCEPT SELECT id, title, name FROM old_rows) THEN
        RETURN NULL;
    END IF;
    -- In the order in which everybody locks them.
    PERFORM FROM alerts a
    WHERE a.breach_id IN (SELECT id FROM (SELECT id, title, name FROM new_rows EXCEPT SELECT id, title, name FROM old_rows) AS b)
    ORDER BY a.company_id, a.id FOR NO KEY UPDATE;
    UPDATE alerts a SET breach_title = coalesce(nullif(b.title, ''), b.name)
    FROM (SELECT id, title, name FROM new_rows EXCEPT SELECT id, title, name FROM old_rows) AS b
    WHERE a.breach_id = b.id AND a.breach_title <> coalesce(nullif(b.title, ''), b.name);
    RETURN NULL;
END
$$;
RESET ROLE;
REVOKE ALL ON FUNCTION copy_people_to_alerts(), copy_breaches_to_alerts() FROM PUBLIC;
REVOKE CREATE ON SCHEMA public FROM datashield_system;

CREATE TRIGGER copy_people AFTER UPDATE ON employees REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION copy_people_to_alerts();
CREATE TRIGGER copy_titles AFTER UPDATE ON breaches REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION copy_breaches_to_alerts();

-- MARK: What is there already

ALTER TABLE alerts DISABLE TRIGGER USER;
SET LOCAL ROLE datashield_system;
UPDATE alerts a SET
    employee_name = coalesce(person_name(e.first_name, e.last_name, e.email), ''), employee_email = coalesce(e.email, ''), department = e.department,
    breach_title = coalesce(nullif(b.title, ''), b.name, ''),
    urgency = CASE WHEN e.id IS NULL THEN 0 ELSE alert_urgency(
        a.state, a.certainty, r.worst_credential, r.is_from_malware, r.has_company_site, e.mfa_enabled, e.is_vip) END,
    exposed_at = exposure_time(r.captured_at, b.breach_date)
FROM alerts o
LEFT JOIN employees e ON e.company_id = o.company_id AND e.id = o.employee_id
LEFT JOIN breaches b ON b.id = o.breach_id
LEFT JOIN breach_records r ON r.company_id = o.company_id AND r.employee_id = o.employee_id AND r.breach_id = o.breach_id
WHERE o.company_id = a.company_id AND o.id = a.id;
INSERT INTO alert_state_counts
SELECT company_id, status, severity, alert_state(state, certainty), count(*) FROM alerts GROUP BY 1, 2, 3, 4;
RESET ROLE;
ALTER TABLE alerts ENABLE TRIGGER USER;

-- What is to be done, in its order: any page of it is a range of the index.
CREATE INDEX alerts_by_urgency ON alerts (company_id, urgency DESC, exposed_at DESC, employee_name, id) WHERE status <> 'RESOLVED';
CREATE INDEX alerts_that_came_back ON alerts (company_id, came_back_at) WHERE status <> 'RESOLVED' AND came_back_at IS NOT NULL;
-- What was done, the latest first.
CREATE INDEX alerts_by_resolution ON alerts (company_id, resolved_at, id) WHERE status = 'RESOLVED';
