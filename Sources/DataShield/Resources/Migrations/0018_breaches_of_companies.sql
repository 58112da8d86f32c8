-- What a tenant says of a breach stays with that tenant.
--
-- A breach without a company is of the catalogue: what a service publishes, and everybody's. One with a company is that company's own: what
-- its files, its entries or its providers name that no catalogue has. Until here all of them were in one list: whoever named a breach a
-- second time rewrote the first one's date and data, and read them.

ALTER TABLE breaches
    ADD COLUMN company_id cuid REFERENCES companies ON DELETE CASCADE,
    -- What the title would be as a name, where that is another; of the catalogue only. A finding may name either.
    ADD COLUMN title_key text COLLATE "C",
    DROP CONSTRAINT names_of_breaches_are_unique,
    DROP CONSTRAINT two_spellings_are_one_breach,
    ADD CONSTRAINT names_of_breaches_are_unique UNIQUE NULLS NOT DISTINCT (company_id, name),
    ADD CONSTRAINT two_spellings_are_one_breach UNIQUE NULLS NOT DISTINCT (company_id, canonical_key);
CREATE INDEX breaches_by_title ON breaches (title_key) WHERE company_id IS NULL;
-- For the catalogue, which asks who already has what it takes in.
CREATE INDEX breaches_of_companies_by_key ON breaches (canonical_key) WHERE company_id IS NOT NULL;
-- No list is in their order, and they would be those of all companies.
DROP INDEX breaches_by_date, breaches_by_age;
-- Breaches go now, each with a look into these five for what refers to it, whosever it is: an index that begins with the company is none for that.
CREATE INDEX breach_records_of_breaches ON breach_records (breach_id);
CREATE INDEX alerts_of_breaches ON alerts (breach_id) WHERE breach_id IS NOT NULL;
CREATE INDEX infected_machines_of_breaches ON infected_machines (breach_id);
CREATE INDEX exposure_register_entries_of_breaches ON exposure_register_entries (breach_id) WHERE breach_id IS NOT NULL;
CREATE INDEX breach_counts_of_breaches ON breach_counts (breach_id);

-- The catalogue does not shrink. A company's own breach goes when the catalogue has it, too: a policy below keeps it to those.
GRANT DELETE ON breaches TO datashield_app, datashield_system;
-- When somebody scanned last, and what came of it, is nobody else's business.
REVOKE SELECT ON catalogue_state FROM datashield_app;

-- MARK: Parting what is mixed

-- As CanonicalKey has it, of a name in ASCII; null for others.
CREATE FUNCTION breach_key_of_ascii(name text) RETURNS text
    LANGUAGE sql IMMUTABLE
    RETURN CASE WHEN (name COLLATE "C") ~ '^[ -~]+$' THEN nullif(
        regexp_replace(
            regexp_replace(lower(btrim(name) COLLATE "C"), '\.(com|net|org|io|co|info|biz)$', ''), '[^a-z0-9]', '', 'g'),
        '') END;

-- As the program makes ids: the time in base 36, and chance.
CREATE FUNCTION new_breach_id(made_at timestamptz) RETURNS text
    LANGUAGE plpgsql AS $$
DECLARE
    rest bigint := greatest(0, floor(extract(epoch FROM made_at) * 1000));
    digits text := '';
BEGIN
    FOR place IN 1..9 LOOP
        digits := substr('0123456789abcdefghijklmnopqrstuvwxyz', (rest % 36)::int + 1, 1) || digits;
        rest := rest / 36;
    END LOOP;
    RETURN 'c' || digits || substr(replace(gen_random_uuid()::text, '-', ''), 1, 12) || substr(replace(gen_random_uuid()::text, '-', ''), 1, 3);
END
$$;

-- Which breach becomes which, for each company that has anything of it.
CREATE TABLE parted_breaches (
    company_id cuid NOT NULL,
    old_id cuid NOT NULL,
    id cuid NOT NULL,
    since timestamptz NOT NULL,
    holders bigint NOT NULL,
    PRIMARY KEY (company_id, old_id)
);
GRANT SELECT, INSERT ON parted_breaches TO datashield_system;

-- That a row points elsewhere is no change of what it says.
ALTER TABLE breach_records DISABLE TRIGGER touch;
ALTER TABLE alerts DISABLE TRIGGER touch;
ALTER TABLE infected_machines DISABLE TRIGGER touch;
ALTER TABLE exposure_register_entries DISABLE TRIGGER touch;
ALTER TABLE leaked_credentials DISABLE TRIGGER touch;

SET LOCAL ROLE datashield_system;

-- What a catalogue says has the day on which it took it in. The ids are new for everybody: an old one tells when somebody was the first.
INSERT INTO parted_breaches (company_id, old_id, id, since, holders)
SELECT s.company_id, s.breach_id, new_breach_id(min(s.created_at)), min(s.created_at), count(*) OVER (PARTITION BY s.breach_id)
FROM (
    SELECT company_id, breach_id, created_at FROM breach_records
    UNION ALL SELECT company_id, breach_id, created_at FROM alerts
    UNION ALL SELECT company_id, breach_id, created_at FROM infected_machines
    UNION ALL SELECT company_id, breach_id, created_at FROM exposure_register_entries
) AS s
JOIN breaches b ON b.id = s.breach_id AND b.added_at IS NULL
GROUP BY s.company_id, s.breach_id;

-- Each gets what can be known to be its own:
--   name        what a provider calls a breach it tells everybody, and a machine's follows from the machine; else that of a breach that is its
--               own; else as the company's own dump is called; else the letters and digits that all who have it gave;
--   data types  those of its own records;
--   date        that of its machine's log; else that of a breach that is its own. Else it is not known, which is never shown as harmless.
-- A breach is its own where nobody else has it, it was there when the breach was added, and nobody said more of it later: a company that is gone
-- may have.
WITH dumps AS MATERIALIZED (
    SELECT DISTINCT ON (company_id, key) company_id, key, name
    FROM (SELECT company_id, breach_key_of_ascii(name) AS key, name, created_at, beginning FROM leak_dumps) AS d
    WHERE key IS NOT NULL ORDER BY company_id, key, created_at, beginning
)
INSERT INTO breaches (id, company_id, name, canonical_key, source, breach_date, data_types, is_stealer_log, created_at)
SELECT p.id, p.company_id,
    CASE
        WHEN mine.is_own OR own.is_of_provider OR machine.is_there THEN b.name
        WHEN b.canonical_key = 'credentiallists' THEN 'Credential lists'
        ELSE coalesce(dump.name, b.canonical_key)
    END,
    b.canonical_key,
    CASE
        WHEN mine.is_own THEN b.source
        WHEN own.is_of_hibp THEN 'HIBP'
        WHEN own.is_of_stealer OR machine.is_there THEN 'STEALER_LOG'
        ELSE 'DARK_WEB'
    END::breach_source,
    CASE
        WHEN machine.is_there THEN machine.day
        WHEN mine.is_own THEN b.breach_date
    END,
    coalesce(own.data_types, '{}'),
    CASE WHEN mine.is_own THEN b.is_stealer_log ELSE coalesce(own.is_of_stealer OR machine.is_there, false) END,
    p.since
FROM parted_breaches p
JOIN breaches b ON b.id = p.old_id
LEFT JOIN LATERAL (
    SELECT min(r.created_at) AS since, bool_or(cardinality(r.sources) > 0) AS is_of_provider, bool_or('HIBP' = ANY (r.sources)) AS is_of_hibp,
        bool_or('HIBP_STEALER' = ANY (r.sources) OR num_nonnulls(r.machine_id, r.malware_family) > 0) AS is_of_stealer,
        (SELECT array_agg(DISTINCT t COLLATE "C" ORDER BY t COLLATE "C") FROM breach_records d, unnest(d.exposed_data) AS t
            WHERE d.company_id = p.company_id AND d.breach_id = p.old_id) AS data_types
    FROM breach_records r WHERE r.company_id = p.company_id AND r.breach_id = p.old_id
) AS own ON true
LEFT JOIN LATERAL (
    SELECT count(*) > 0 AS is_there, min((m.captured_at AT TIME ZONE 'UTC')::date) AS day
    FROM infected_machines m WHERE m.company_id = p.company_id AND m.breach_id = p.old_id
) AS machine ON true
CROSS JOIN LATERAL (
    SELECT coalesce(
        p.holders = 1 AND b.updated_at - b.created_at < interval '5 minutes'
            AND ((SELECT count(*) FROM companies) = 1 OR abs(extract(epoch FROM own.since - b.created_at)) < 300), false) AS is_own
) AS mine
LEFT JOIN dumps dump ON dump.company_id = p.company_id AND dump.key = b.canonical_key;

UPDATE breach_records r SET breach_id = p.id FROM parted_breaches p WHERE p.company_id = r.company_id AND p.old_id = r.breach_id;
-- An alert that names its breach names it as the company's own is called from now on.
UPDATE alerts a SET breach_id = p.id, message = CASE
    WHEN starts_with(a.message, old.words)
        AND substr(a.message, length(old.words) + 1) ~ '^(: .*)?\.( A stolen session is among it\.)?$'
        THEN 'Exposed in ' || own.name || substr(a.message, length(old.words) + 1)
    ELSE a.message END
FROM parted_breaches p
JOIN breaches own ON own.id = p.id
JOIN (SELECT id, 'Exposed in ' || CASE WHEN title = '' THEN name ELSE title END AS words FROM breaches) AS old ON old.id = p.old_id
WHERE p.company_id = a.company_id AND p.old_id = a.breach_id;
UPDATE infected_machines m SET breach_id = p.id FROM parted_breaches p WHERE p.company_id = m.company_id AND p.old_id = m.breach_id;
UPDATE exposure_register_entries e SET breach_id = p.id FROM parted_breaches p WHERE p.company_id = e.company_id AND p.old_id = e.breach_id;

-- Without the date of its breach a secret has none either, whatever date the breach is given later.
UPDATE leaked_credentials c SET is_dated = false
FROM breach_records r JOIN breaches b ON b.id = r.breach_id
WHERE r.company_id = c.company_id AND r.id = c.record_id AND r.captured_at IS NULL
    AND b.company_id IS NOT NULL AND b.breach_date IS NULL AND c.is_dated;

-- Those that nobody has anything of go with them.
DELETE FROM breaches WHERE company_id IS NULL AND added_at IS NULL;

UPDATE breaches SET title_key = nullif(breach_key_of_ascii(title), canonical_key);
-- Whatever a tenant has said of a breach of the catalogue, too: the next scan takes the whole of it anew.
UPDATE catalogue_state SET synced_at = NULL;

RESET ROLE;

ALTER TABLE breach_records ENABLE TRIGGER touch;
ALTER TABLE alerts ENABLE TRIGGER touch;
ALTER TABLE infected_machines ENABLE TRIGGER touch;
ALTER TABLE exposure_register_entries ENABLE TRIGGER touch;
ALTER TABLE leaked_credentials ENABLE TRIGGER touch;

DROP TABLE parted_breaches;
DROP FUNCTION new_breach_id(timestamptz);
DROP FUNCTION breach_key_of_ascii(text);

-- MARK: Who sees and writes what

ALTER TABLE breaches
    ADD CONSTRAINT only_the_catalogue_says_when_it_took_a_breach_in CHECK (company_id IS NULL OR added_at IS NULL),
    ADD CONSTRAINT only_the_catalogue_is_known_by_its_titles CHECK (company_id IS NULL OR title_key IS NULL);

SELECT isolate_tenant_table('breaches');
CREATE POLICY app_sees_the_catalogue ON breaches FOR SELECT TO datashield_app USING (company_id IS NULL);

-- MARK: No row refers to another company's breach

-- A key of (company_id, id) cannot say it, since the catalogue's have no company. The reference itself stays with the key: a breach that is
-- there; whose it is, these say. It cannot become another's afterwards.
CREATE FUNCTION keep_breach_with_its_company() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'A breach stays with the company that it belongs to, or with the catalogue.'
        USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME, SCHEMA = TG_TABLE_SCHEMA;
END
$$;
CREATE TRIGGER stays_with_its_company BEFORE UPDATE OF company_id ON breaches FOR EACH ROW
    WHEN (NEW.company_id IS DISTINCT FROM OLD.company_id)
    EXECUTE FUNCTION keep_breach_with_its_company();

-- Of a statement as a whole: most of ten thousand rows are of the same breaches. By index, as the counts do it and for the same reason (0007).
CREATE FUNCTION refuse_others_breaches() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp
    SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off AS $$
BEGIN
    IF EXISTS (
        SELECT FROM (SELECT DISTINCT company_id, breach_id FROM new_rows WHERE breach_id IS NOT NULL) AS n
        WHERE NOT EXISTS (SELECT FROM breaches b WHERE b.id = n.breach_id AND (b.company_id IS NULL OR b.company_id = n.company_id))
    ) THEN
        RAISE EXCEPTION 'There is no such breach of the company or of the catalogue.'
            USING ERRCODE = 'foreign_key_violation', TABLE = TG_TABLE_NAME, SCHEMA = TG_TABLE_SCHEMA;
    END IF;
    RETURN NULL;
END
$$;
CREATE FUNCTION refuse_anothers_breach() RETURNS trigger
    LANGUAGE plpgsql SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM breaches b WHERE b.id = NEW.breach_id AND (b.company_id IS NULL OR b.company_id = NEW.company_id)) THEN
        RAISE EXCEPTION 'There is no such breach of the company or of the catalogue.'
            USING ERRCODE = 'foreign_key_violation', TABLE = TG_TABLE_NAME, SCHEMA = TG_TABLE_SCHEMA;
    END IF;
    RETURN NEW;
END
$$;
DO $make$
DECLARE
    target text;
BEGIN
    FOREACH target IN ARRAY ARRAY['breach_records', 'alerts', 'infected_machines', 'exposure_register_entries', 'breach_counts'] LOOP
        EXECUTE format(
            'CREATE TRIGGER refer_to_own_breaches AFTER INSERT ON %I REFERENCING NEW TABLE AS new_rows '
            'FOR EACH STATEMENT EXECUTE FUNCTION refuse_others_breaches()', target);
        EXECUTE format(
            'CREATE TRIGGER move_to_own_breach BEFORE UPDATE OF company_id, breach_id ON %I FOR EACH ROW '
            'WHEN (NEW.breach_id IS NOT NULL AND (NEW.company_id, NEW.breach_id) IS DISTINCT FROM (OLD.company_id, OLD.breach_id)) '
            'EXECUTE FUNCTION refuse_anothers_breach()', target);
    END LOOP;
END
$make$;
