-- Directories: where their people are listed, what a sync did, and what a directory knows of an account.

ALTER TABLE directory_connections
    -- A delta link can carry a token: sealed, in the place of sync_state.
    ADD COLUMN encrypted_state bytea,
    ADD COLUMN last_full_sync_at timestamptz(3),
    -- What the last sync could not read although it ended well.
    ADD COLUMN warnings text[] NOT NULL DEFAULT '{}',
    -- SCIM: the token before the present one, good until it is taken back, so that a token can be changed without a gap.
    ADD COLUMN previous_token_hash bytea,
    ADD CONSTRAINT names_of_directories_are_not_blank CHECK (name <> ''),
    ADD CONSTRAINT previous_directory_tokens_are_unique UNIQUE (previous_token_hash);
ALTER TABLE directory_connections DROP COLUMN sync_state;

-- As their directory says; null where it does not.
ALTER TABLE employees
    ADD COLUMN password_changed_at timestamptz(3),
    ADD COLUMN sessions_valid_from timestamptz(3);

-- One attempt after the other of a sync is one run.
CREATE TABLE sync_runs (
    id cuid NOT NULL,
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    connection_id cuid NOT NULL,
    -- manual, schedule, command
    trigger text NOT NULL,
    status sync_job_status NOT NULL DEFAULT 'PENDING',
    is_full boolean NOT NULL DEFAULT true,
    attempts integer NOT NULL DEFAULT 0,
    started_at timestamptz(3),
    finished_at timestamptz(3),
    -- of the attempt under way, or the last one
    listed integer NOT NULL DEFAULT 0,
    added integer NOT NULL DEFAULT 0,
    changed integer NOT NULL DEFAULT 0,
    deactivated integer NOT NULL DEFAULT 0,
    reactivated integer NOT NULL DEFAULT 0,
    unchanged integer NOT NULL DEFAULT 0,
    skipped integer NOT NULL DEFAULT 0,
    -- the first of each kind: {"added": [{"id", "email"}], "skipped": [{"externalId", "reason"}], …}
    samples jsonb NOT NULL DEFAULT '{}',
    warnings text[] NOT NULL DEFAULT '{}',
    error text,
    -- when the next attempt is, while one waits
    run_after timestamptz(3),
    -- an administrator has said that more than half may go
    accepts_departures boolean NOT NULL DEFAULT false,
    -- more than half would have gone: an administrator has to say so
    needs_acceptance boolean NOT NULL DEFAULT false,
    -- which attempt may write: a worker that was thought lost may not
    holder text,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    updated_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT sync_runs_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT sync_runs_go_with_their_connection
        FOREIGN KEY (company_id, connection_id) REFERENCES directory_connections ON DELETE CASCADE,
    CONSTRAINT sync_triggers_are_known CHECK (trigger IN ('manual', 'schedule', 'command')),
    CONSTRAINT finished_syncs_have_an_end CHECK ((status IN ('SUCCEEDED', 'FAILED')) = (finished_at IS NOT NULL))
);
CREATE UNIQUE INDEX one_sync_runs_at_a_time ON sync_runs (company_id, connection_id) WHERE status IN ('PENDING', 'RUNNING');
CREATE INDEX sync_runs_by_age ON sync_runs (company_id, connection_id, created_at, id);

-- Where a listing is kept until it is whole. What a crash of the server empties is listed again: hence unlogged.
CREATE UNLOGGED TABLE directory_listings (
    company_id cuid NOT NULL,
    run_id cuid NOT NULL,
    -- in the order of listing: of two with one id the later holds
    line integer NOT NULL,
    id cuid NOT NULL,
    external_id text COLLATE "C" NOT NULL,
    email text COLLATE "C",
    first_name text,
    last_name text,
    department text,
    title text,
    is_active boolean NOT NULL,
    mfa_enabled boolean,
    password_changed_at timestamptz(3),
    sessions_valid_from timestamptz(3),
    -- why the person cannot be taken
    problem text,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT directory_listings_pkey PRIMARY KEY (company_id, run_id, line),
    CONSTRAINT listings_go_with_their_sync FOREIGN KEY (company_id, run_id) REFERENCES sync_runs ON DELETE CASCADE
);

SELECT keep_updated_at('sync_runs');
SELECT isolate_tenant_table(name::regclass) FROM unnest(ARRAY['sync_runs', 'directory_listings']) AS name;
GRANT SELECT, INSERT, UPDATE, DELETE ON sync_runs, directory_listings TO datashield_app, datashield_system;
