-- A machine is one thing, whatever of its log there is; and what finds it is kept apart from the rest, for few to see and not for ever.

-- What tells machines apart is ours: a digest under the company's key. What stood here is one of the log's (family and id, or names, or folder)
-- and stays the key of the machines that have it: their logs are known by it when they are read again.
ALTER TABLE infected_machines RENAME COLUMN machine_id TO machine_key;

-- By what else a machine is known: the malware's own id of it, its names, what was taken from it. Keyed digests, which tell nothing.
CREATE TABLE machine_marks (
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    mark bytea NOT NULL,
    kind text NOT NULL,
    machine_id cuid NOT NULL,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT machine_marks_pkey PRIMARY KEY (company_id, mark),
    CONSTRAINT marks_go_with_their_machine FOREIGN KEY (company_id, machine_id) REFERENCES infected_machines ON DELETE CASCADE,
    CONSTRAINT marks_are_of_a_known_kind CHECK (kind IN ('id', 'names', 'content'))
);
CREATE INDEX machine_marks_by_machine ON machine_marks (company_id, machine_id);

-- What finds the machine: as the malware wrote it down. Of its owner, who may be nobody's employee.
CREATE TABLE machine_traces (
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    machine_id cuid NOT NULL,
    -- the malware's own id of it, as given
    hardware_id text,
    computer text,
    user_name text,
    operating_system text,
    addresses text[] NOT NULL DEFAULT '{}',
    antivirus text[] NOT NULL DEFAULT '{}',
    malware_path text,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    updated_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT machine_traces_pkey PRIMARY KEY (company_id, machine_id),
    CONSTRAINT traces_go_with_their_machine FOREIGN KEY (company_id, machine_id) REFERENCES infected_machines ON DELETE CASCADE
);
CREATE INDEX machine_traces_by_age ON machine_traces (company_id, created_at);

SELECT keep_updated_at('machine_traces');
SELECT isolate_tenant_table('machine_marks');
SELECT isolate_tenant_table('machine_traces');
-- A mark is made once, and goes with its machine.
GRANT SELECT, INSERT ON machine_marks TO datashield_app, datashield_system;
GRANT SELECT, INSERT, UPDATE ON machine_traces TO datashield_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON machine_traces TO datashield_system;

-- Records had the same digest; from now on they have the malware's own id, which nobody knows of these.
ALTER TABLE breach_records DISABLE TRIGGER touch;
SET LOCAL ROLE datashield_system;
UPDATE breach_records SET machine_id = NULL WHERE machine_id ~ '^[0-9a-f]{64}$' AND in_leak_file;
RESET ROLE;
ALTER TABLE breach_records ENABLE TRIGGER touch;

-- The operating system stood where everybody reads it. It is as old as the machine, and kept only where the log concerns somebody still.
SET LOCAL ROLE datashield_system;
INSERT INTO machine_traces (company_id, machine_id, operating_system, created_at)
SELECT m.company_id, m.id, m.operating_system, m.created_at FROM infected_machines m
WHERE m.operating_system IS NOT NULL
    AND EXISTS (SELECT FROM breach_records r WHERE r.company_id = m.company_id AND r.breach_id = m.breach_id);
RESET ROLE;
ALTER TABLE infected_machines DROP COLUMN operating_system;

-- Nothing finds a machine any more when nobody's data on it are known any more: the log then concerns none of the company's people.
CREATE FUNCTION forget_traces_of_nobody() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off AS $$
BEGIN
    DELETE FROM machine_traces t
    USING (SELECT DISTINCT company_id, breach_id FROM old_rows WHERE in_leak_file) AS o
    JOIN infected_machines m ON m.company_id = o.company_id AND m.breach_id = o.breach_id
    WHERE t.company_id = m.company_id AND t.machine_id = m.id
        AND NOT EXISTS (SELECT FROM breach_records r WHERE r.company_id = o.company_id AND r.breach_id = o.breach_id);
    RETURN NULL;
END
$$;
REVOKE ALL ON FUNCTION forget_traces_of_nobody() FROM PUBLIC;
-- Who takes a function over needs CREATE on the schema for that moment (0008).
GRANT CREATE ON SCHEMA public TO datashield_system;
ALTER FUNCTION forget_traces_of_nobody() OWNER TO datashield_system;
REVOKE CREATE ON SCHEMA public FROM datashield_system;
CREATE TRIGGER forget_traces AFTER DELETE ON breach_records REFERENCING OLD TABLE AS old_rows
    FOR EACH STATEMENT EXECUTE FUNCTION forget_traces_of_nobody();

-- How many credentials a finished file had beyond those that are kept (0015): a reading that is gone on with tells as many as one that was not
-- disturbed.
ALTER TABLE ingest_files ADD COLUMN left_out bigint NOT NULL DEFAULT 0;
