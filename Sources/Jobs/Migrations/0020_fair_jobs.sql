-- Work is fair: a company has a share of each kind of job, over all processes, and what ends with its worker is no failure of its own.

ALTER TABLE jobs
    -- how often in a row a worker was lost with it, since it last got on; attempts counts what failed by itself
    ADD COLUMN lost_leases integer NOT NULL DEFAULT 0,
    -- how often it was taken: what an earlier holder writes no longer counts
    ADD COLUMN taken integer NOT NULL DEFAULT 0,
    -- the company, and nothing for the installation's own: a column, since the planner takes no index in its order by an expression here
    ADD COLUMN company_key text COLLATE "C" NOT NULL GENERATED ALWAYS AS (coalesce(company_id::text, '')) STORED,
    ADD CONSTRAINT jobs_are_lost_no_less_than_never CHECK (lost_leases >= 0 AND taken >= 0);

-- A worker goes from one company to the next, and looks at no more jobs of each than it may take.
DROP INDEX jobs_waiting;
CREATE INDEX jobs_waiting ON jobs (kind, company_key, run_after, id) WHERE status = 'PENDING';
CREATE INDEX jobs_in_hand ON jobs (kind, company_key) WHERE status = 'RUNNING';
