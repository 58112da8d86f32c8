-- One breach is one: it is known by its site, too, and of two alerts about one person in one breach one goes on.

-- MARK: By the site

-- The site of a breach as it is looked for: names of tables do not tell a dot from a hyphen. Kept as a column, because an index on an expression is of no use under row-level security.
ALTER TABLE breaches ADD COLUMN domain_key text COLLATE "C"
    GENERATED ALWAYS AS (nullif(regexp_replace(lower(domain COLLATE "C"), '^www\.|[.-]', '', 'g'), '')) STORED;
CREATE INDEX breaches_by_domain ON breaches (domain_key) WHERE company_id IS NULL AND domain_key IS NOT NULL;

-- MARK: Alerts that became one

-- An alert that is in another now. Whoever has its id, in a message, in the trail or in the log of remediation, finds that one.
CREATE TABLE united_alerts (
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    id cuid NOT NULL,
    alert_id cuid NOT NULL,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT united_alerts_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT united_alerts_go_with_the_one FOREIGN KEY (company_id, alert_id) REFERENCES alerts ON DELETE CASCADE
);
CREATE INDEX united_alerts_by_alert ON united_alerts (company_id, alert_id);
SELECT isolate_tenant_table('united_alerts');
GRANT SELECT, INSERT, UPDATE (alert_id) ON united_alerts TO datashield_app;
GRANT SELECT ON united_alerts TO datashield_system;

-- MARK: What is there already

-- A job reads the names anew, makes one of what is one, and resolves alerts about breaches that are flagged: per company and some hundred people
-- at a time, so that an upgrade does not wait for it, and left at any moment it goes on.
SET LOCAL ROLE datashield_system;
INSERT INTO jobs (id, company_id, kind, payload, max_attempts)
SELECT 'c' || substr(md5(id || random()), 1, 24), id, 'breaches.unite', jsonb_build_object('company', id), 20
FROM companies ORDER BY id;
RESET ROLE;
