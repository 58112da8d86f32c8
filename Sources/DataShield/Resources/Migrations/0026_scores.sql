-- Scores that tell people apart: what is live counts fully, what is unknown or live only if it was reused in part, what was ended not at all.
-- Nobody asked, and nothing found: no score. Kept by the schema in the transaction of whatever changes them (decision 15).

-- MARK: Where they are kept

ALTER TABLE employees
    ALTER COLUMN risk_score DROP NOT NULL,
    ALTER COLUMN risk_score DROP DEFAULT,
    -- f of the worst of their findings, in tenths.
    ADD COLUMN risk_weight smallint NOT NULL DEFAULT 0,
    -- How many providers have answered about them: outcomes that are not UNKNOWN.
    ADD COLUMN answer_count integer NOT NULL DEFAULT 0,
    -- A column of its own, so that only the first answer moves the row in an index.
    ADD COLUMN is_asked boolean NOT NULL GENERATED ALWAYS AS (answer_count > 0) STORED,
    ADD CONSTRAINT risk_weights_are_within_0_and_10 CHECK (risk_weight BETWEEN 0 AND 10);

-- Who has no score comes behind all who have one.
DROP INDEX employees_by_risk;
CREATE INDEX employees_by_risk ON employees (company_id, (coalesce(risk_score, -1)), id);
-- Whom nobody has answered about: few, once a company was scanned. They are in no denominator.
CREATE INDEX employees_not_asked ON employees (company_id, department) WHERE NOT is_asked AND deactivated_at IS NULL;
-- Whose findings may still work. Nearly always the score changes with it, which is in an index, too. There is none of records by their state,
-- so that a change of it stays in place (0024).
CREATE INDEX employees_at_risk ON employees (company_id, id) WHERE risk_weight > 0 AND deactivated_at IS NULL;

-- Alerts that are not resolved and count, by severity and f in tenths.
CREATE TABLE alert_weight_counts (
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    severity severity NOT NULL,
    weight smallint NOT NULL,
    count bigint NOT NULL,
    CONSTRAINT alert_weight_counts_pkey PRIMARY KEY (company_id, severity, weight)
) WITH (fillfactor = 50);
SELECT isolate_tenant_table('alert_weight_counts');
GRANT SELECT ON alert_weight_counts TO datashield_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON alert_weight_counts TO datashield_system;

-- Sums of scores were read by nobody. The sum of f is for the company's score.
ALTER TABLE department_counts DROP COLUMN risk_total, ADD COLUMN risk_weight bigint NOT NULL DEFAULT 0;

-- MARK: The rule

-- f of an alert, in tenths. Without a record behind it nothing is known of what it is about.
CREATE FUNCTION alert_weight(state liveness, certainty liveness_certainty) RETURNS smallint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN (10 * finding_weight(coalesce(state, 'UNKNOWN'::liveness), certainty))::smallint;

-- A weight of a company: its own where that is a number that is not negative, else the standard one.
CREATE FUNCTION risk_weight(own jsonb, key text, standard double precision) RETURNS double precision
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE jsonb_typeof(own -> key)
        WHEN 'number' THEN CASE WHEN (own ->> key)::numeric BETWEEN 0 AND 1e300 THEN (own ->> key)::double precision ELSE standard END
        ELSE standard
    END;

-- f of the session in a record; null where there is none. What became of the session is not always what became of the worst of the record:
-- the password may be live when all sessions have ended.
CREATE FUNCTION session_weight(r breach_records, e employees) RETURNS double precision
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE
        WHEN r.credentials[1] IS NULL OR r.credentials[1] > 'TOKEN' THEN NULL
        WHEN r.worst_credential <= 'TOKEN' OR r.state IN ('NEUTRALISED', 'NO_CREDENTIAL') THEN finding_weight(r.state, r.certainty)
        ELSE finding_weight(
            (exposure_verdict(
                r.credentials[1:1], false, r.is_from_malware, r.has_company_site, r.exposed_after, r.exposed_before,
                e.password_changed_at, e.sessions_valid_from, e.deactivated_at, told_departure(e.source_connection_id, e.deactivation_reason))).state,
            (exposure_verdict(
                r.credentials[1:1], false, r.is_from_malware, r.has_company_site, r.exposed_after, r.exposed_before,
                e.password_changed_at, e.sessions_valid_from, e.deactivated_at, told_departure(e.source_connection_id, e.deactivation_reason))).certainty)
    END;

-- What people's scores are made of, each part from 0 to 1 of its weight; EmployeeRisk.swift has the same rule and says why. `weight` is f of
-- the worst of their findings.
CREATE FUNCTION risk_parts(companies text[], people text[], at timestamptz) RETURNS TABLE (
    company_id text, employee_id text, is_known boolean, weight double precision, session double precision, recency double precision,
    critical_data double precision, domain_match double precision, open_alerts double precision, breaches double precision
)
    LANGUAGE sql STABLE AS $$
    SELECT e.company_id, e.id, e.is_asked OR found.records > 0, found.weight, found.session, found.recency, found.critical_data,
        CASE
            WHEN split_part(e.email, '@', -1) = c.domain OR right(e.email, length(c.domain) + 1) = '.' || c.domain THEN found.weight
            ELSE 0
        END,
        least(alerts.live, 3) / 3::double precision,
        least(found.records, 5) / 5::double precision
    FROM unnest(companies, people) AS who (company_id, employee_id)
    JOIN employees e ON e.company_id = who.company_id AND e.id = who.employee_id
    JOIN companies c ON c.id = e.company_id
    CROSS JOIN LATERAL (
        SELECT count(*) AS records,
            coalesce(max(f.weight), 0) AS weight,
            coalesce(max(session_weight(r, e)), 0) AS session,
            coalesce(max(f.weight * greatest(0, least(1, 1 - extract(epoch FROM at - coalesce(
                r.captured_at, b.breach_date::timestamp AT TIME ZONE 'UTC', r.detected_at))::double precision / 86400 / 180))), 0) AS recency,
            coalesce(max(
                CASE
                    WHEN r.exposed_data && '{credit_card,ssn,bank_account}' THEN 1
                    WHEN r.exposed_data && '{password,hashed_password,financial}' OR 'PASSWORD' = ANY (r.artifacts) THEN f.weight
                    ELSE 0
                END), 0) AS critical_data
        FROM breach_records r
        JOIN breaches b ON b.id = r.breach_id
        CROSS JOIN LATERAL (SELECT finding_weight(r.state, r.certainty) AS weight) AS f
        WHERE r.company_id = e.company_id AND r.employee_id = e.id
    ) AS found
    CROSS JOIN LATERAL (
        -- By the record's own state: the alerts' copies follow it.
        SELECT count(*) AS live FROM alerts a
        LEFT JOIN breach_records r ON r.company_id = a.company_id AND r.employee_id = a.employee_id AND r.breach_id = a.breach_id
        WHERE a.company_id = e.company_id AND a.employee_id = e.id AND a.status <> 'RESOLVED' AND alert_weight(r.state, r.certainty) > 0
    ) AS alerts
$$;

-- Brings the scores of people up to date, whatever changed them. Their rows are locked first, so that the second statement sees what others
-- wrote; in the order of their key, as everybody locks them.
CREATE FUNCTION refresh_scores(companies text[], people text[], at timestamptz DEFAULT now()) RETURNS integer
    LANGUAGE plpgsql SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off AS $$
DECLARE
    changed integer;
BEGIN
    PERFORM FROM employees e
    WHERE (e.company_id, e.id) IN (SELECT * FROM unnest(companies, people))
    ORDER BY e.company_id, e.id FOR NO KEY UPDATE;
    UPDATE employees e SET risk_score = n.score, risk_weight = n.weight
    FROM (
        SELECT p.company_id, p.employee_id, (10 * p.weight)::smallint AS weight,
            CASE WHEN p.is_known THEN floor(least(100,
                risk_weight(c.risk_weights, 'session', 30) * p.session + risk_weight(c.risk_weights, 'recency', 25) * p.recency
                + risk_weight(c.risk_weights, 'criticalData', 20) * p.critical_data + risk_weight(c.risk_weights, 'domainMatch', 15) * p.domain_match
                + risk_weight(c.risk_weights, 'openAlerts', 10) * p.open_alerts + risk_weight(c.risk_weights, 'breaches', 10) * p.breaches
            ) + 0.5)::integer END AS score
        FROM risk_parts(companies, people, at) AS p
        JOIN companies c ON c.id = p.company_id
    ) AS n
    WHERE e.company_id = n.company_id AND e.id = n.employee_id AND (e.risk_score, e.risk_weight) IS DISTINCT FROM (n.score, n.weight);
    GET DIAGNOSTICS changed = ROW_COUNT;
    RETURN changed;
END
$$;

-- MARK: Kept current

-- Makes triggers of one body for some operations. In the body, {rows} stands for the rows that the statement made (sign 1) and unmade
-- (sign -1), and {touched} for a query of people whose scores are worked out anew.
CREATE FUNCTION keep_scores(target text, wanted text[], name text, touched text) RETURNS void
    LANGUAGE plpgsql AS $make$
DECLARE
    operation record;
BEGIN
    FOR operation IN
        SELECT * FROM (VALUES
            ('insert', 'REFERENCING NEW TABLE AS new_rows', '(SELECT 1 AS sign, * FROM new_rows)'),
            ('update', 'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows',
             '(SELECT 1 AS sign, * FROM new_rows UNION ALL SELECT -1, * FROM old_rows)'),
            ('delete', 'REFERENCING OLD TABLE AS old_rows', '(SELECT -1 AS sign, * FROM old_rows)')
        ) AS operations (name, tables, rows)
        WHERE operations.name = ANY (wanted)
    LOOP
        EXECUTE format(
            'CREATE FUNCTION %I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER '
            'SET search_path = pg_catalog, public, pg_temp '
            'SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off AS %L',
            format('%s_%s_%s', name, target, operation.name),
            format($body$
DECLARE
    companies text[];
    people text[];
BEGIN
    %s
    IF companies IS NOT NULL THEN
        PERFORM refresh_scores(companies, people);
    END IF;
    RETURN NULL;
END$body$, replace(touched, '{rows}', operation.rows)));
        EXECUTE format(
            'CREATE TRIGGER %I AFTER %s ON %I %s FOR EACH STATEMENT EXECUTE FUNCTION %I()',
            format('%s_%s', name, operation.name), operation.name, target, operation.tables, format('%s_%s_%s', name, target, operation.name));
    END LOOP;
END
$make$;

-- The names of triggers put them where the order of locks wants them, which is people, departments, other counts (0007). Who is recorded or
-- deleted has the row and the department locked by the counts: the scores follow. A record that changes moves no count of people, so that its
-- scores come before all else: before the alerts' copies of its state, too, which move the counts of alerts.
SELECT keep_scores('breach_records', '{insert,delete}', 'score', $body$
    SELECT array_agg(company_id), array_agg(employee_id) INTO companies, people
    FROM (SELECT DISTINCT company_id::text, employee_id::text FROM {rows} AS changed ORDER BY 1, 2) AS touched;
$body$);
SELECT keep_scores('breach_records', '{update}', 'compute_scores', $body$
    SELECT array_agg(company_id), array_agg(employee_id) INTO companies, people
    FROM (SELECT DISTINCT company_id::text, employee_id::text FROM {rows} AS changed ORDER BY 1, 2) AS touched;
$body$);

-- That an alert has another state comes from its record, which has the score worked out.
SELECT keep_scores('alerts', '{insert,update,delete}', 'compute_scores', $body$
    SELECT array_agg(company_id), array_agg(employee_id) INTO companies, people
    FROM (
        SELECT DISTINCT company_id::text, employee_id::text FROM (
            SELECT company_id, employee_id FROM {rows} AS changed WHERE employee_id IS NOT NULL
            GROUP BY company_id, id, employee_id, breach_id, status HAVING sum(sign) <> 0
        ) AS moved ORDER BY 1, 2
    ) AS touched;
$body$);

-- The first answer about somebody, and the loss of the last. Before the counts, since it locks people.
SELECT keep_scores('provider_coverage', '{insert,update,delete}', 'answer', $body$
    WITH delta AS MATERIALIZED (
        SELECT company_id, employee_id, sum(sign)::int AS answers
        FROM {rows} AS changed
        WHERE outcome <> 'UNKNOWN'
        GROUP BY 1, 2
        HAVING sum(sign) <> 0
        ORDER BY 1, 2
    ), counted AS (
        UPDATE employees SET answer_count = answer_count + delta.answers
        FROM delta
        WHERE employees.company_id = delta.company_id AND employees.id = delta.employee_id
        RETURNING employees.company_id::text, employees.id::text, answer_count, delta.answers
    )
    SELECT array_agg(company_id ORDER BY company_id, id), array_agg(id ORDER BY company_id, id) INTO companies, people
    FROM counted WHERE answer_count IN (0, answers);
$body$);
DROP FUNCTION keep_scores(text, text[], text, text);

-- Whether the address is on the company's domain counts.
CREATE FUNCTION score_moved_person() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    PERFORM refresh_scores(ARRAY[NEW.company_id::text], ARRAY[NEW.id::text]);
    RETURN NULL;
END
$$;
CREATE TRIGGER score_moved_person AFTER UPDATE OF email ON employees FOR EACH ROW WHEN (NEW.email <> OLD.email)
    EXECUTE FUNCTION score_moved_person();

-- MARK: Counts

DO $make$
DECLARE
    operation record;
BEGIN
    GRANT CREATE ON SCHEMA public TO datashield_system;
    FOR operation IN
        SELECT * FROM (VALUES
            ('insert', 'REFERENCING NEW TABLE AS new_rows', '(SELECT 1 AS sign, * FROM new_rows)'),
            ('update', 'REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows',
             '(SELECT 1 AS sign, * FROM new_rows UNION ALL SELECT -1, * FROM old_rows)'),
            ('delete', 'REFERENCING OLD TABLE AS old_rows', '(SELECT -1 AS sign, * FROM old_rows)')
        ) AS operations (name, tables, rows)
    LOOP
        -- Behind those of 0007.
        EXECUTE format(
            'CREATE FUNCTION %I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER '
            'SET search_path = pg_catalog, public, pg_temp '
            'SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off AS %L',
            'weigh_alerts_' || operation.name,
            replace($body$BEGIN
    INSERT INTO alert_weight_counts AS total
    SELECT * FROM (
        SELECT company_id, severity, alert_weight(state, certainty) AS weight, sum(sign) AS count
        FROM {rows} AS changed
        WHERE status <> 'RESOLVED' AND alert_weight(state, certainty) > 0
        GROUP BY 1, 2, 3
    ) AS delta
    WHERE count <> 0 AND EXISTS (SELECT FROM companies WHERE companies.id = company_id)
    ORDER BY 1, 2, 3
    ON CONFLICT (company_id, severity, weight) DO UPDATE SET count = total.count + excluded.count;
    RETURN NULL;
END$body$, '{rows}', operation.rows));
        EXECUTE format(
            'CREATE TRIGGER %I AFTER %s ON alerts %s FOR EACH STATEMENT EXECUTE FUNCTION %I()',
            'weigh_' || operation.name, operation.name, operation.tables, 'weigh_alerts_' || operation.name);

        SET LOCAL ROLE datashield_system;
        EXECUTE format(
            'CREATE OR REPLACE FUNCTION %I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER '
            'SET search_path = pg_catalog, public, pg_temp '
            'SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off AS %L',
            'count_employees_' || operation.name,
            replace($body$BEGIN
    INSERT INTO department_counts AS total (
        company_id, department, people, exposed, records, open_alerts, risk_weight, mfa_enabled, mfa_disabled, mfa_unknown, exposed_without_mfa)
    SELECT * FROM (
        SELECT
            company_id, coalesce(department, ''),
            sum(sign) AS people,
            sum(sign * (record_count > 0)::int) AS exposed,
            sum(sign * record_count) AS records,
            sum(sign * open_alert_count) AS open_alerts,
            sum(sign * risk_weight) AS risk_weight,
            sum(sign * (mfa_enabled IS TRUE)::int) AS mfa_enabled,
            sum(sign * (mfa_enabled IS FALSE)::int) AS mfa_disabled,
            sum(sign * (mfa_enabled IS NULL)::int) AS mfa_unknown,
            sum(sign * (mfa_enabled IS FALSE AND record_count > 0)::int) AS exposed_without_mfa
        FROM {rows} AS changed
        WHERE deactivated_at IS NULL
        GROUP BY 1, 2
    ) AS delta
    WHERE (people, exposed, records, open_alerts, risk_weight, mfa_enabled, mfa_disabled, exposed_without_mfa)
            <> (0, 0, 0, 0, 0, 0, 0, 0)
        -- Rows that go with their company need no count.
        AND EXISTS (SELECT FROM companies WHERE companies.id = company_id)
    ORDER BY 1, 2
    ON CONFLICT (company_id, department) DO UPDATE SET
        people = total.people + excluded.people,
        exposed = total.exposed + excluded.exposed,
        records = total.records + excluded.records,
        open_alerts = total.open_alerts + excluded.open_alerts,
        risk_weight = total.risk_weight + excluded.risk_weight,
        mfa_enabled = total.mfa_enabled + excluded.mfa_enabled,
        mfa_disabled = total.mfa_disabled + excluded.mfa_disabled,
        mfa_unknown = total.mfa_unknown + excluded.mfa_unknown,
        exposed_without_mfa = total.exposed_without_mfa + excluded.exposed_without_mfa;
    RETURN NULL;
END$body$, '{rows}', operation.rows));
        RESET ROLE;
    END LOOP;
END
$make$;

-- They can do what the system role can, and no more (0008); nobody runs them but their triggers (0019).
DO $$
DECLARE
    function regprocedure;
BEGIN
    FOR function IN
        SELECT oid FROM pg_catalog.pg_proc
        WHERE pronamespace = 'public'::regnamespace AND prosecdef AND proowner <> 'datashield_system'::regrole
            AND (proname LIKE 'score\_%' OR proname LIKE 'compute\_scores\_%' OR proname LIKE 'answer\_%' OR proname LIKE 'weigh\_alerts\_%')
    LOOP
        EXECUTE format('REVOKE ALL ON FUNCTION %s FROM PUBLIC', function);
        EXECUTE format('ALTER FUNCTION %s OWNER TO datashield_system', function);
    END LOOP;
    REVOKE CREATE ON SCHEMA public FROM datashield_system;
END
$$;

-- MARK: What is there already

ALTER TABLE employees DISABLE TRIGGER USER;
SET LOCAL ROLE datashield_system;
UPDATE employees e SET risk_score = NULL, answer_count = (
    SELECT count(*) FROM provider_coverage p WHERE p.company_id = e.company_id AND p.employee_id = e.id AND p.outcome <> 'UNKNOWN');
SELECT refresh_scores(array_agg(company_id::text), array_agg(id::text)) FROM employees;
UPDATE department_counts d SET risk_weight = n.weight
FROM (SELECT company_id, coalesce(department, '') AS department, sum(risk_weight) AS weight FROM employees WHERE deactivated_at IS NULL GROUP BY 1, 2) AS n
WHERE d.company_id = n.company_id AND d.department = n.department;
INSERT INTO alert_weight_counts
SELECT company_id, severity, alert_weight(state, certainty), count(*) FROM alerts
WHERE status <> 'RESOLVED' AND alert_weight(state, certainty) > 0 GROUP BY 1, 2, 3;
RESET ROLE;
ALTER TABLE employees ENABLE TRIGGER USER;
