-- Counts for the dashboard and the lists, kept by statement-level triggers: what is shown costs the same at 500 alerts and at
-- 500,000. A statement is counted as a whole, however many rows it has.
--
-- Everybody who writes takes the locks in this order, and within a table in the order of its key: employees, department_counts,
-- then the other counts. The functions belong to datashield_system, so that the app cannot write a count itself.
--
-- Days are days of UTC. A count that came down to 0 stays as a row with 0.

CREATE TABLE alert_counts (
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    day date NOT NULL,
    severity severity NOT NULL,
    status alert_status NOT NULL,
    count bigint NOT NULL,
    CONSTRAINT alert_counts_pkey PRIMARY KEY (company_id, day, severity, status)
) WITH (fillfactor = 50);

-- Active people only: whoever left is kept, and not counted. Department '' is that of people without one.
CREATE TABLE department_counts (
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    department text NOT NULL,
    people bigint NOT NULL,
    exposed bigint NOT NULL,
    records bigint NOT NULL,
    open_alerts bigint NOT NULL,
    risk_total bigint NOT NULL,
    mfa_enabled bigint NOT NULL,
    mfa_disabled bigint NOT NULL,
    mfa_unknown bigint NOT NULL,
    exposed_without_mfa bigint NOT NULL,
    CONSTRAINT department_counts_pkey PRIMARY KEY (company_id, department)
) WITH (fillfactor = 50);

CREATE TABLE record_counts (
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    day date NOT NULL,
    records bigint NOT NULL,
    CONSTRAINT record_counts_pkey PRIMARY KEY (company_id, day)
) WITH (fillfactor = 50);

-- Without an index on people, which would change with every count: a company knows some thousand breaches at most.
CREATE TABLE breach_counts (
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    breach_id cuid NOT NULL REFERENCES breaches ON DELETE CASCADE,
    people bigint NOT NULL,
    CONSTRAINT breach_counts_pkey PRIMARY KEY (company_id, breach_id)
) WITH (fillfactor = 50);

CREATE TABLE data_type_counts (
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    data_type text NOT NULL,
    records bigint NOT NULL,
    CONSTRAINT data_type_counts_pkey PRIMARY KEY (company_id, data_type)
) WITH (fillfactor = 50);

CREATE TABLE coverage_counts (
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    provider api_provider NOT NULL,
    outcome coverage_outcome NOT NULL,
    people bigint NOT NULL,
    CONSTRAINT coverage_counts_pkey PRIMARY KEY (company_id, provider, outcome)
) WITH (fillfactor = 50);

-- Makes three triggers of one body, for INSERT, UPDATE and DELETE. In the body, {rows} stands for the rows that the statement
-- made (sign 1) and unmade (sign -1); sums over them are what the statement changed.
--
-- A session keeps the plan that it made for the first statement, and that may have had one row or ten thousand. Going by index from
-- the changed rows is right for both, so the planner is not asked. It also takes them in the order of the CTE, which is that of
-- their key: the order of the locks.
CREATE FUNCTION keep_rollup(target text, body text) RETURNS void
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
    LOOP
        EXECUTE format(
            'CREATE FUNCTION %I() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER '
            'SET search_path = pg_catalog, public, pg_temp '
            'SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off AS %L',
            format('count_%s_%s', target, operation.name),
            'BEGIN ' || replace(body, '{rows}', operation.rows) || ' RETURN NULL; END');
        EXECUTE format(
            'CREATE TRIGGER %I AFTER %s ON %I %s FOR EACH STATEMENT EXECUTE FUNCTION %I()',
            'count_' || operation.name, operation.name, target, operation.tables,
            format('count_%s_%s', target, operation.name));
    END LOOP;
END
$make$;

SELECT keep_rollup('employees', $body$
    INSERT INTO department_counts AS total
    SELECT * FROM (
        SELECT
            company_id, coalesce(department, ''),
            sum(sign) AS people,
            sum(sign * (record_count > 0)::int) AS exposed,
            sum(sign * record_count) AS records,
            sum(sign * open_alert_count) AS open_alerts,
            sum(sign * risk_score) AS risk_total,
            sum(sign * (mfa_enabled IS TRUE)::int) AS mfa_enabled,
            sum(sign * (mfa_enabled IS FALSE)::int) AS mfa_disabled,
            sum(sign * (mfa_enabled IS NULL)::int) AS mfa_unknown,
            sum(sign * (mfa_enabled IS FALSE AND record_count > 0)::int) AS exposed_without_mfa
        FROM {rows} AS changed
        WHERE deactivated_at IS NULL
        GROUP BY 1, 2
    ) AS delta
    WHERE (people, exposed, records, open_alerts, risk_total, mfa_enabled, mfa_disabled, exposed_without_mfa)
            <> (0, 0, 0, 0, 0, 0, 0, 0)
        -- Rows that go with their company need no count.
        AND EXISTS (SELECT FROM companies WHERE companies.id = company_id)
    ORDER BY 1, 2
    ON CONFLICT (company_id, department) DO UPDATE SET
        people = total.people + excluded.people,
        exposed = total.exposed + excluded.exposed,
        records = total.records + excluded.records,
        open_alerts = total.open_alerts + excluded.open_alerts,
        risk_total = total.risk_total + excluded.risk_total,
        mfa_enabled = total.mfa_enabled + excluded.mfa_enabled,
        mfa_disabled = total.mfa_disabled + excluded.mfa_disabled,
        mfa_unknown = total.mfa_unknown + excluded.mfa_unknown,
        exposed_without_mfa = total.exposed_without_mfa + excluded.exposed_without_mfa;
$body$);

SELECT keep_rollup('alerts', $body$
    WITH delta AS MATERIALIZED (
        SELECT company_id, employee_id, sum(sign)::int AS open_alerts
        FROM {rows} AS changed
        WHERE status = 'OPEN' AND employee_id IS NOT NULL
        GROUP BY 1, 2
        HAVING sum(sign) <> 0
        ORDER BY 1, 2
    )
    UPDATE employees SET open_alert_count = open_alert_count + delta.open_alerts
    FROM delta
    WHERE employees.company_id = delta.company_id AND employees.id = delta.employee_id;

    INSERT INTO alert_counts AS total
    SELECT * FROM (
        SELECT company_id, (created_at AT TIME ZONE 'UTC')::date, severity, status, sum(sign) AS count
        FROM {rows} AS changed
        GROUP BY 1, 2, 3, 4
    ) AS delta
    WHERE count <> 0 AND EXISTS (SELECT FROM companies WHERE companies.id = company_id)
    ORDER BY 1, 2, 3, 4
    ON CONFLICT (company_id, day, severity, status) DO UPDATE SET count = total.count + excluded.count;
$body$);

SELECT keep_rollup('breach_records', $body$
    WITH delta AS MATERIALIZED (
        SELECT
            company_id, employee_id, sum(sign)::int AS records, max(detected_at) FILTER (WHERE sign = 1) AS latest
        FROM {rows} AS changed
        GROUP BY 1, 2
        HAVING sum(sign) <> 0
            OR max(detected_at) FILTER (WHERE sign = 1) IS DISTINCT FROM max(detected_at) FILTER (WHERE sign = -1)
        ORDER BY 1, 2
    )
    UPDATE employees SET
        record_count = record_count + delta.records,
        latest_detection_at = greatest(latest_detection_at, delta.latest)
    FROM delta
    WHERE employees.company_id = delta.company_id AND employees.id = delta.employee_id;

    -- Whoever lost a record may have lost the latest. Their rows were written above and are locked, so that this sees what others wrote.
    WITH lost AS MATERIALIZED (
        SELECT company_id, employee_id
        FROM {rows} AS changed
        GROUP BY 1, 2
        HAVING bool_or(sign = -1)
            AND max(detected_at) FILTER (WHERE sign = 1) IS DISTINCT FROM max(detected_at) FILTER (WHERE sign = -1)
    ), latest AS MATERIALIZED (
        SELECT lost.company_id, lost.employee_id, max(record.detected_at) AS detected_at
        FROM lost
        LEFT JOIN breach_records AS record
            ON record.company_id = lost.company_id AND record.employee_id = lost.employee_id
        GROUP BY 1, 2
    )
    UPDATE employees SET latest_detection_at = latest.detected_at
    FROM latest
    WHERE employees.company_id = latest.company_id AND employees.id = latest.employee_id
        AND employees.latest_detection_at IS DISTINCT FROM latest.detected_at;

    INSERT INTO breach_counts AS total
    SELECT * FROM (
        SELECT company_id, breach_id, sum(sign) AS people FROM {rows} AS changed GROUP BY 1, 2
    ) AS delta
    WHERE people <> 0
        AND EXISTS (SELECT FROM companies WHERE companies.id = company_id)
        AND EXISTS (SELECT FROM breaches WHERE breaches.id = breach_id)
    ORDER BY 1, 2
    ON CONFLICT (company_id, breach_id) DO UPDATE SET people = total.people + excluded.people;

    INSERT INTO data_type_counts AS total
    SELECT * FROM (
        SELECT company_id, data_type, sum(sign) AS records
        FROM {rows} AS changed, unnest(exposed_data) AS data_type
        GROUP BY 1, 2
    ) AS delta
    WHERE records <> 0 AND EXISTS (SELECT FROM companies WHERE companies.id = company_id)
    ORDER BY 1, 2
    ON CONFLICT (company_id, data_type) DO UPDATE SET records = total.records + excluded.records;

    INSERT INTO record_counts AS total
    SELECT * FROM (
        SELECT company_id, (detected_at AT TIME ZONE 'UTC')::date, sum(sign) AS records
        FROM {rows} AS changed
        GROUP BY 1, 2
    ) AS delta
    WHERE records <> 0 AND EXISTS (SELECT FROM companies WHERE companies.id = company_id)
    ORDER BY 1, 2
    ON CONFLICT (company_id, day) DO UPDATE SET records = total.records + excluded.records;
$body$);

SELECT keep_rollup('provider_coverage', $body$
    INSERT INTO coverage_counts AS total
    SELECT * FROM (
        SELECT company_id, provider, outcome, sum(sign) AS people FROM {rows} AS changed GROUP BY 1, 2, 3
    ) AS delta
    WHERE people <> 0 AND EXISTS (SELECT FROM companies WHERE companies.id = company_id)
    ORDER BY 1, 2, 3
    ON CONFLICT (company_id, provider, outcome) DO UPDATE SET people = total.people + excluded.people;
$body$);

DROP FUNCTION keep_rollup(text, text);

-- What was answered about another address, or about somebody who has left, says nothing of the person: they are unknown again.
CREATE FUNCTION forget_coverage() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    DELETE FROM provider_coverage WHERE company_id = NEW.company_id AND employee_id = NEW.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER forget_coverage AFTER UPDATE OF email, deactivated_at ON employees FOR EACH ROW
    WHEN (NEW.email <> OLD.email OR (NEW.deactivated_at IS NOT NULL AND OLD.deactivated_at IS NULL))
    EXECUTE FUNCTION forget_coverage();
