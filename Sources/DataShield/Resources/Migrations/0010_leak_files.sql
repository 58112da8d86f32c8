-- What leak files and stealer logs say beyond a provider: which credentials of whom, on which sites, in how many files, from which
-- machine. Never a secret: of a password its kind, how long it is in classes, and a fingerprint that is keyed by the company.

-- The key of the company's fingerprints, sealed; made when the first file is read.
ALTER TABLE companies ADD COLUMN fingerprint_key_enc bytea;
GRANT UPDATE (fingerprint_key_enc) ON companies TO datashield_app;

-- Leak files are no provider: that one of them reported a record stands here.
ALTER TABLE breach_records ADD COLUMN in_leak_file boolean NOT NULL DEFAULT false;

-- A file is known by its content. Until it was read to its end, which is when the digest is known, by its place.
CREATE TABLE leak_files (
    id cuid NOT NULL,
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    digest bytea,
    place bytea,
    name text NOT NULL,
    size bigint NOT NULL,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    updated_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT leak_files_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT leak_files_are_known_by_their_content UNIQUE (company_id, digest),
    CONSTRAINT leak_files_under_way_are_known_by_their_place UNIQUE (company_id, place),
    CONSTRAINT leak_files_are_known_by_something CHECK ((digest IS NULL) <> (place IS NULL))
);

CREATE TABLE infected_machines (
    id cuid NOT NULL,
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    -- a digest of the malware's own id of the machine
    machine_id text NOT NULL,
    breach_id cuid NOT NULL,
    malware_family text,
    captured_at timestamptz(3),
    operating_system text,
    country text,
    credential_count integer NOT NULL DEFAULT 0,
    cookie_count integer NOT NULL DEFAULT 0,
    has_tokens boolean NOT NULL DEFAULT false,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    updated_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT infected_machines_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT a_machine_is_one_thing UNIQUE (company_id, machine_id),
    CONSTRAINT machines_go_with_their_breach FOREIGN KEY (breach_id) REFERENCES breaches ON DELETE CASCADE
);
CREATE INDEX infected_machines_by_breach ON infected_machines (company_id, breach_id);

-- A login with a secret. The same in ten files is one row with ten sightings.
CREATE TABLE leaked_credentials (
    id cuid NOT NULL,
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    employee_id cuid NOT NULL,
    record_id cuid NOT NULL,
    -- keyed, over login and secret
    identity bytea NOT NULL,
    -- shortened: enough to recognise one's own
    login text NOT NULL,
    sites text[] NOT NULL DEFAULT '{}',
    secret_kind text,
    length_class text,
    -- keyed, over the secret alone: tells that two are the same, not what they are
    fingerprint bytea,
    first_seen_at timestamptz(3) NOT NULL,
    last_seen_at timestamptz(3) NOT NULL,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    updated_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT leaked_credentials_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT a_credential_is_once_in_a_record UNIQUE (company_id, record_id, identity),
    CONSTRAINT credentials_go_with_their_record FOREIGN KEY (company_id, record_id) REFERENCES breach_records ON DELETE CASCADE,
    CONSTRAINT credentials_go_with_their_employee FOREIGN KEY (company_id, employee_id) REFERENCES employees ON DELETE CASCADE,
    CONSTRAINT fingerprints_have_a_kind CHECK ((fingerprint IS NULL) = (secret_kind IS NULL))
);
CREATE INDEX leaked_credentials_by_employee ON leaked_credentials (company_id, employee_id, id);
CREATE INDEX leaked_credentials_by_fingerprint ON leaked_credentials (company_id, fingerprint) WHERE fingerprint IS NOT NULL;

CREATE TABLE leak_sightings (
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    credential_id cuid NOT NULL,
    file_id cuid NOT NULL,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT leak_sightings_pkey PRIMARY KEY (company_id, credential_id, file_id),
    CONSTRAINT sightings_go_with_their_credential
        FOREIGN KEY (company_id, credential_id) REFERENCES leaked_credentials ON DELETE CASCADE,
    CONSTRAINT sightings_go_with_their_file FOREIGN KEY (company_id, file_id) REFERENCES leak_files ON DELETE CASCADE
);
CREATE INDEX leak_sightings_by_file ON leak_sightings (company_id, file_id);

-- One reading of files, as far as it concerns a company.
CREATE TABLE ingest_runs (
    id cuid NOT NULL,
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    status sync_job_status NOT NULL DEFAULT 'RUNNING',
    trigger text NOT NULL,
    started_by cuid,
    name text NOT NULL,
    -- bytes, lines, matches, findings and what was skipped, as the report shows them
    report jsonb NOT NULL DEFAULT '{}',
    error_message text,
    -- a run whose program has died says nothing any more
    seen_at timestamptz(3) NOT NULL DEFAULT now(),
    finished_at timestamptz(3),
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    updated_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT ingest_runs_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT ingest_runs_outlive_who_started_them
        FOREIGN KEY (company_id, started_by) REFERENCES users ON DELETE SET NULL (started_by),
    CONSTRAINT ingest_runs_have_a_known_trigger CHECK (trigger IN ('upload', 'command')),
    CONSTRAINT finished_ingest_runs_have_a_time CHECK (status IN ('PENDING', 'RUNNING') OR finished_at IS NOT NULL)
);
CREATE INDEX ingest_runs_by_age ON ingest_runs (company_id, created_at, id);
CREATE INDEX ingest_runs_by_user ON ingest_runs (company_id, started_by) WHERE started_by IS NOT NULL;
CREATE INDEX ingest_runs_under_way ON ingest_runs (seen_at) WHERE status = 'RUNNING';

-- Where reading goes on after a kill: by what is read and for whom, the installation's own.
CREATE TABLE ingest_checkpoints (
    source bytea NOT NULL,
    checkpoint jsonb NOT NULL,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    updated_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT ingest_checkpoints_pkey PRIMARY KEY (source)
);

SELECT keep_updated_at(name::regclass)
FROM unnest(ARRAY['leak_files', 'infected_machines', 'leaked_credentials', 'ingest_runs', 'ingest_checkpoints']) AS name;
SELECT isolate_tenant_table(name::regclass)
FROM unnest(ARRAY['leak_files', 'infected_machines', 'leaked_credentials', 'leak_sightings', 'ingest_runs']) AS name;

GRANT SELECT, INSERT, UPDATE, DELETE ON leak_files, infected_machines, leaked_credentials, leak_sightings, ingest_runs
    TO datashield_app, datashield_system;
GRANT SELECT, INSERT, UPDATE, DELETE ON ingest_checkpoints TO datashield_system;
