-- The queue. Claimed with FOR UPDATE SKIP LOCKED by the system role; enqueued by the app in the transaction the job follows from.

CREATE TABLE jobs (
    id cuid NOT NULL,
    -- null for the installation's own jobs
    company_id cuid REFERENCES companies ON DELETE CASCADE,
    kind text NOT NULL,
    payload jsonb NOT NULL DEFAULT '{}',
    status sync_job_status NOT NULL DEFAULT 'PENDING',
    attempts integer NOT NULL DEFAULT 0,
    max_attempts integer NOT NULL DEFAULT 3,
    run_after timestamptz(3) NOT NULL DEFAULT now(),
    lease_until timestamptz(3),
    leased_by text,
    -- no second job with this key while one waits or runs
    dedupe_key text COLLATE "C",
    -- set for the sync of a directory only, which goes with its connection
    connection_id cuid,
    started_at timestamptz(3),
    finished_at timestamptz(3),
    last_error text,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    updated_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT jobs_pkey PRIMARY KEY (id),
    CONSTRAINT jobs_go_with_their_connection
        FOREIGN KEY (company_id, connection_id) REFERENCES directory_connections ON DELETE CASCADE,
    CONSTRAINT jobs_of_a_connection_have_a_company CHECK (connection_id IS NULL OR company_id IS NOT NULL),
    CONSTRAINT jobs_are_tried_at_least_once CHECK (max_attempts >= 1)
) WITH (fillfactor = 70);
CREATE UNIQUE INDEX one_job_per_dedupe_key ON jobs (dedupe_key) WHERE status IN ('PENDING', 'RUNNING');
CREATE UNIQUE INDEX one_sync_per_connection ON jobs (company_id, connection_id)
    WHERE connection_id IS NOT NULL AND status IN ('PENDING', 'RUNNING');
CREATE INDEX jobs_waiting ON jobs (run_after, id) WHERE status = 'PENDING';
CREATE INDEX jobs_leased ON jobs (lease_until) WHERE status = 'RUNNING';
CREATE INDEX jobs_by_company ON jobs (company_id, created_at, id);
CREATE INDEX jobs_by_connection ON jobs (company_id, connection_id, created_at, id) WHERE connection_id IS NOT NULL;
CREATE INDEX jobs_finished ON jobs (finished_at) WHERE status IN ('SUCCEEDED', 'FAILED');

SELECT keep_updated_at('jobs');
