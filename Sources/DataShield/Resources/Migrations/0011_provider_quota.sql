-- What a subscription has left, and what it earns.

-- As the provider said last, and when that was. quota_left is of searches: requests, credits or a balance, as the provider counts.
ALTER TABLE api_credentials
    ADD COLUMN plan text,
    ADD COLUMN quota_left bigint,
    ADD COLUMN quota_resets_at timestamptz(3),
    ADD COLUMN quota_seen_at timestamptz(3),
    ADD CONSTRAINT quotas_are_not_negative CHECK (quota_left >= 0),
    ADD CONSTRAINT quotas_have_a_time CHECK (quota_left IS NULL OR quota_seen_at IS NOT NULL);

-- Records by who reports them: that name a provider, that only it names, and that it was the first to name. Kept as the other counts
-- are (0007), and locked after them.
CREATE TABLE provider_counts (
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    provider api_provider NOT NULL,
    records bigint NOT NULL,
    only_here bigint NOT NULL,
    first_here bigint NOT NULL,
    CONSTRAINT provider_counts_pkey PRIMARY KEY (company_id, provider)
) WITH (fillfactor = 50);

-- The triggers' names put them behind those of 0007, so that locks are taken in the same order by everybody.
DO $make$
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
            'SET search_path = pg_catalog, public, pg_temp SET jit = off AS %L',
            'count_sources_' || operation.name,
            replace($body$BEGIN
    INSERT INTO provider_counts AS total
    SELECT * FROM (
        SELECT
            company_id, provider, sum(sign) AS records,
            sum(sign * (cardinality(sources) = 1)::int) AS only_here,
            sum(sign * (place = 1)::int) AS first_here
        FROM {rows} AS changed, unnest(sources) WITH ORDINALITY AS source (provider, place)
        GROUP BY 1, 2
    ) AS delta
    WHERE (records, only_here, first_here) <> (0, 0, 0)
        AND EXISTS (SELECT FROM companies WHERE companies.id = company_id)
    ORDER BY 1, 2
    ON CONFLICT (company_id, provider) DO UPDATE SET
        records = total.records + excluded.records,
        only_here = total.only_here + excluded.only_here,
        first_here = total.first_here + excluded.first_here;
    RETURN NULL;
END$body$, '{rows}', operation.rows));
        EXECUTE format(
            'CREATE TRIGGER %I AFTER %s ON breach_records %s FOR EACH STATEMENT EXECUTE FUNCTION %I()',
            'count_sources_' || operation.name, operation.name, operation.tables, 'count_sources_' || operation.name);
    END LOOP;
END
$make$;

SELECT isolate_tenant_table('provider_counts');
GRANT SELECT ON provider_counts TO datashield_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON provider_counts TO datashield_system;

-- They can do what the system role can, and no more (0008).
GRANT CREATE ON SCHEMA public TO datashield_system;
ALTER FUNCTION count_sources_insert() OWNER TO datashield_system;
ALTER FUNCTION count_sources_update() OWNER TO datashield_system;
ALTER FUNCTION count_sources_delete() OWNER TO datashield_system;
REVOKE CREATE ON SCHEMA public FROM datashield_system;

-- What is there already; as the system role, because row-level security is forced on the owner too.
SET LOCAL ROLE datashield_system;
INSERT INTO provider_counts
SELECT company_id, provider, count(*), count(*) FILTER (WHERE cardinality(sources) = 1), count(*) FILTER (WHERE place = 1)
FROM breach_records, unnest(sources) WITH ORDINALITY AS source (provider, place)
GROUP BY 1, 2;
RESET ROLE;
