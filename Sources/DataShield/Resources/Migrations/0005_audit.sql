-- What was done, by whom: append-only, and chained per company so that a change behind our back shows.

CREATE TABLE audit_events (
    id cuid NOT NULL,
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    -- 1, 2, 3 … per company; set by the trigger below, as are the hashes
    sequence bigint NOT NULL,
    -- 'user', 'token' or 'program'; plain values, so that the trail outlives the people in it
    actor_kind text NOT NULL,
    actor_id text,
    actor_name text,
    action text NOT NULL,
    target_type text,
    target_id text,
    before jsonb,
    after jsonb,
    ip text,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    previous_hash bytea NOT NULL,
    hash bytea NOT NULL,
    CONSTRAINT audit_events_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT audit_events_are_numbered UNIQUE (company_id, sequence),
    CONSTRAINT audit_events_have_an_action CHECK (action <> ''),
    CONSTRAINT audit_actors_are_known CHECK (actor_kind IN ('user', 'token', 'program'))
);
CREATE INDEX audit_events_by_age ON audit_events (company_id, created_at, id);
CREATE INDEX audit_events_by_action ON audit_events (company_id, action, created_at, id);
CREATE INDEX audit_events_by_actor ON audit_events (company_id, actor_id, created_at, id);
CREATE INDEX audit_events_by_target ON audit_events (company_id, target_id, created_at, id);

-- The end of each company's chain: without it the newest events could be cut off unseen. Its row is the lock of the chain.
CREATE TABLE audit_chains (
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    sequence bigint NOT NULL,
    hash bytea NOT NULL,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT audit_chains_pkey PRIMARY KEY (company_id)
) WITH (fillfactor = 50);

-- The text that is hashed: a JSON array, so that no two events read alike, with the time in UTC whatever the session's zone is.
CREATE FUNCTION audit_event_text(event audit_events) RETURNS text
    LANGUAGE sql STABLE AS $$
    SELECT jsonb_build_array(
        event.company_id, event.sequence, event.id, event.actor_kind, event.actor_id, event.actor_name, event.action,
        event.target_type, event.target_id, event.before, event.after, event.ip,
        to_char(event.created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'))::text
$$;

CREATE FUNCTION chain_audit_event() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    -- Waits for whoever writes to this company's trail now, until they commit.
    INSERT INTO audit_chains AS chain (company_id, sequence, hash)
    VALUES (NEW.company_id, 1, '\x')
    ON CONFLICT (company_id) DO UPDATE SET sequence = chain.sequence + 1
    RETURNING chain.sequence, chain.hash INTO NEW.sequence, NEW.previous_hash;
    NEW.hash := sha256(NEW.previous_hash || convert_to(audit_event_text(NEW), 'UTF8'));
    UPDATE audit_chains SET hash = NEW.hash WHERE company_id = NEW.company_id;
    RETURN NEW;
END
$$;
CREATE TRIGGER chain BEFORE INSERT ON audit_events FOR EACH ROW EXECUTE FUNCTION chain_audit_event();

-- Checks a company's whole chain.
-- Returns the sequence of the first event that is missing, moved or changed; null when the chain is whole.
CREATE FUNCTION broken_audit_event(company text) RETURNS bigint
    LANGUAGE sql STABLE AS $$
    WITH links AS (
        SELECT
            event.sequence,
            event.hash,
            row_number() OVER chain AS place,
            event.sequence = row_number() OVER chain
                AND event.previous_hash = coalesce(lag(event.hash) OVER chain, '\x')
                AND event.hash = sha256(event.previous_hash || convert_to(audit_event_text(event), 'UTF8')) AS whole
        FROM audit_events AS event
        WHERE event.company_id = company
        WINDOW chain AS (ORDER BY event.sequence)
    ), ending AS (
        SELECT sequence, hash FROM links ORDER BY sequence DESC LIMIT 1
    ), head AS (
        SELECT sequence, hash FROM audit_chains WHERE company_id = company
    )
    SELECT coalesce(
        (SELECT min(place) FROM links WHERE NOT whole),
        -- All links fit. Is the last of them the last that was written?
        (SELECT coalesce(ending.sequence, 0) + 1
         FROM head FULL JOIN ending ON true
         WHERE (head.sequence, head.hash) IS DISTINCT FROM (ending.sequence, ending.hash)))
$$;

-- Refuses UPDATE and DELETE, but for the cascade of the company's own deletion: the row goes by a foreign key's trigger (depth 2
-- here), and its company is gone already. An order to delete the row itself has depth 1.
CREATE FUNCTION refuse_change() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' AND pg_trigger_depth() > 1 THEN
        IF NOT EXISTS (SELECT FROM companies WHERE id = OLD.company_id) THEN
            RETURN OLD;
        END IF;
    END IF;
    RAISE EXCEPTION '% is append-only.', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME, SCHEMA = TG_TABLE_SCHEMA;
END
$$;

CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON audit_events FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER append_only BEFORE UPDATE OR DELETE ON remediation_actions FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON audit_events FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON remediation_actions FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER never_truncated BEFORE TRUNCATE ON audit_chains FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
