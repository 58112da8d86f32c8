-- Where a reading goes on after a kill, file by file, and what dumps are called.

-- A file that a reading has read to its end, written once, with what was counted in it: the sums are exact whatever was read twice.
-- Gone when the reading has ended.
CREATE TABLE ingest_files (
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    run_id cuid NOT NULL,
    -- a digest of where the file lies and how it is
    file bytea NOT NULL,
    -- as a folder's stealer logs are, and what could not be read whole
    is_read_again boolean NOT NULL,
    -- whether its content had been read before
    was_known boolean NOT NULL,
    lines bigint NOT NULL,
    machines bigint NOT NULL,
    matches bigint NOT NULL,
    findings bigint NOT NULL,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT ingest_files_pkey PRIMARY KEY (company_id, run_id, file),
    CONSTRAINT ingest_files_go_with_their_run FOREIGN KEY (company_id, run_id) REFERENCES ingest_runs ON DELETE CASCADE
);

-- What a dump is called in the catalogue, by a keyed digest of how its text begins: half of them are named users.sql.
CREATE TABLE leak_dumps (
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    beginning bytea NOT NULL,
    name text NOT NULL,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT leak_dumps_pkey PRIMARY KEY (company_id, beginning),
    CONSTRAINT dumps_have_a_name CHECK (name <> '')
);

SELECT isolate_tenant_table(name::regclass) FROM unnest(ARRAY['ingest_files', 'leak_dumps']) AS name;
GRANT SELECT, INSERT, UPDATE, DELETE ON ingest_files, leak_dumps TO datashield_app, datashield_system;

-- They had the finished files in them. What was being read begins anew; what is recorded twice changes nothing.
DELETE FROM ingest_checkpoints;
