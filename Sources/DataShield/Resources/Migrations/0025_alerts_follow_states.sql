-- What is done about a finding closes its alert, and one that works again opens it: in the transaction of what changed the state, in the name
-- of whoever did.

ALTER TABLE companies ADD COLUMN resolves_neutralised boolean NOT NULL DEFAULT true;
GRANT UPDATE (resolves_neutralised) ON companies TO datashield_app;

ALTER TABLE alerts
    -- Resolved because what was exposed is neutralised, and not by a person: it is open again when that is no longer so.
    ADD COLUMN resolved_as_neutralised boolean NOT NULL DEFAULT false,
    -- When it last had something to tell: what comes back stands at the top of the list.
    ADD COLUMN told_at timestamptz(3) NOT NULL GENERATED ALWAYS AS (coalesce(news_at, created_at)) STORED,
    ADD CONSTRAINT only_resolved_alerts_are_resolved_as_neutralised CHECK (status = 'RESOLVED' OR NOT resolved_as_neutralised);

-- Every filter of the list ends in (told_at, id), so that any page of it is a range of an index.
DROP INDEX alerts_by_age, alerts_by_status, alerts_by_severity, alerts_by_employee, alerts_by_breach, alerts_by_assignee, alerts_by_state;
CREATE INDEX alerts_by_age ON alerts (company_id, told_at, id);
CREATE INDEX alerts_by_status ON alerts (company_id, status, told_at, id);
CREATE INDEX alerts_by_severity ON alerts (company_id, severity, told_at, id);
CREATE INDEX alerts_by_state ON alerts (company_id, state, told_at, id);
CREATE INDEX alerts_by_breach ON alerts (company_id, breach_id, told_at, id);
CREATE INDEX alerts_by_assignee ON alerts (company_id, assignee_id, told_at, id) WHERE assignee_id IS NOT NULL;
-- A person has few, and the alert of one of their records is looked for with each change of its state.
CREATE INDEX alerts_by_employee ON alerts (company_id, employee_id, breach_id, created_at, id);
-- For what was raised in a time.
CREATE INDEX alerts_by_creation ON alerts (company_id, created_at, id);

-- Who opens an alert and resolves it again does so for reasons of their own.
CREATE FUNCTION forget_why_resolved() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    NEW.resolved_as_neutralised := false;
    RETURN NEW;
END
$$;
CREATE TRIGGER forget_why_resolved BEFORE UPDATE OF status ON alerts FOR EACH ROW
    WHEN (NEW.status <> OLD.status AND NEW.resolved_as_neutralised AND OLD.resolved_as_neutralised)
    EXECUTE FUNCTION forget_why_resolved();

-- MARK: What is told when the transaction ends

-- Which alerts were moved by a state, until the transaction that moved them ends: no other ever sees a row. Told at the end, since the trail
-- is locked by whoever writes to it, and what a sync moves early would keep everybody waiting who has to wait for the sync in return.
CREATE TABLE alert_moves (
    id bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    company_id cuid NOT NULL,
    alert_id cuid NOT NULL,
    severity severity NOT NULL,
    assignee_id cuid,
    status_before alert_status NOT NULL,
    resolution_before text,
    status alert_status NOT NULL,
    resolution text,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT alert_moves_pkey PRIMARY KEY (company_id, id)
);
SELECT isolate_tenant_table('alert_moves');
GRANT SELECT, INSERT, DELETE ON alert_moves TO datashield_system;

-- As the program makes ids: the time in base 36, and chance.
CREATE FUNCTION new_cuid(made_at timestamptz) RETURNS text
    LANGUAGE plpgsql VOLATILE AS $$
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

-- Writes the trail, in the name of whoever acts in this transaction (app.actor, as AuditTrail says it), and the deliveries of what is open again.
CREATE FUNCTION tell_of_alert_moves() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    actor jsonb;
    at_once timestamptz := clock_timestamp();
BEGIN
    -- The first of them tells of all.
    IF NOT EXISTS (SELECT FROM alert_moves WHERE company_id = NEW.company_id AND id = NEW.id) THEN
        RETURN NULL;
    END IF;
    actor := coalesce(nullif(current_setting('app.actor', true), ''), '{"kind": "program", "name": "DataShield"}')::jsonb;
    INSERT INTO audit_events (id, company_id, actor_kind, actor_id, actor_name, action, target_type, target_id, before, after, ip)
    SELECT new_cuid(at_once), m.company_id, actor ->> 'kind', actor ->> 'id',
        coalesce(actor ->> 'name', (SELECT u.email FROM users u WHERE u.company_id = m.company_id AND u.id = actor ->> 'id')),
        CASE WHEN m.status = m.status_before THEN 'alert.updated' ELSE 'alert.status_changed' END, 'alert', m.alert_id,
        jsonb_strip_nulls(jsonb_build_object('status', m.status_before, 'assigneeId', m.assignee_id, 'resolution', m.resolution_before)),
        jsonb_strip_nulls(jsonb_build_object('status', m.status, 'assigneeId', m.assignee_id, 'resolution', m.resolution)), actor ->> 'ip'
    FROM alert_moves m WHERE m.company_id = NEW.company_id ORDER BY m.id;
    INSERT INTO deliveries (id, company_id, webhook_id, alert_id, event, next_attempt_at, created_at, updated_at)
    SELECT new_cuid(at_once), m.company_id, w.id, m.alert_id, 'alert.reopened', at_once, at_once, at_once
    FROM alert_moves m JOIN webhooks w ON w.company_id = m.company_id AND w.enabled AND m.severity <= w.min_severity
    WHERE m.company_id = NEW.company_id AND m.status = 'OPEN' ORDER BY m.id, w.id;
    DELETE FROM alert_moves WHERE company_id = NEW.company_id;
    RETURN NULL;
END
$$;
CREATE CONSTRAINT TRIGGER tell_of_moves AFTER INSERT ON alert_moves DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION tell_of_alert_moves();

-- MARK: Moving

-- Why an alert is resolved without anybody looking at it.
CREATE FUNCTION neutralised_words(reason text, password_changed_at timestamptz, sessions_valid_from timestamptz) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN 'Neutralised: ' || CASE reason
        WHEN 'ACCOUNT_DISABLED' THEN 'the account is disabled in its directory.'
        WHEN 'SESSIONS_REVOKED' THEN 'all sessions were ended on ' || to_char(sessions_valid_from AT TIME ZONE 'UTC', 'FMDD Mon YYYY')
            || ', after one was stolen.'
        WHEN 'BOTH_RENEWED' THEN 'the password was changed on ' || to_char(password_changed_at AT TIME ZONE 'UTC', 'FMDD Mon YYYY')
            || ' and all sessions were ended on ' || to_char(sessions_valid_from AT TIME ZONE 'UTC', 'FMDD Mon YYYY') || ', after they were exposed.'
        ELSE 'the password was changed on ' || to_char(password_changed_at AT TIME ZONE 'UTC', 'FMDD Mon YYYY') || ', after it was exposed.'
    END;

-- As FlaggedAlerts says it, too.
CREATE FUNCTION flagged_words() RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN 'The catalogue of breaches flags this one as a list for sending spam to, or as made up: being in it says nothing about an account of the '
        || 'person.';

-- Where an alert goes when the state of its finding is another; null where it stays. One that becomes NEUTRALISED resolves its alert, where the
-- company wants that. One that becomes LIVE opens its alert again, whoever resolved it: it was resolved as it was known then. So does one that is
-- no longer NEUTRALISED where nothing else had resolved it. What the catalogue flags as a spam list or as made up opens none: one that was
-- resolved as neutralised is then resolved for that reason.
CREATE FUNCTION next_alert_status(
    state liveness, state_before liveness, status alert_status, was_neutralised boolean, resolves_neutralised boolean, is_flagged boolean
) RETURNS alert_status
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN CASE
        WHEN state = 'NEUTRALISED' AND state_before IS DISTINCT FROM 'NEUTRALISED' AND status <> 'RESOLVED' AND resolves_neutralised
            THEN 'RESOLVED'::alert_status
        WHEN status = 'RESOLVED' AND was_neutralised AND state IN ('LIVE', 'UNKNOWN') AND is_flagged THEN 'RESOLVED'::alert_status
        WHEN status = 'RESOLVED' AND was_neutralised AND state IN ('LIVE', 'UNKNOWN') THEN 'OPEN'::alert_status
        WHEN status = 'RESOLVED' AND state = 'LIVE' AND state_before <> 'LIVE' AND NOT is_flagged THEN 'OPEN'::alert_status
    END;

-- The alerts of records whose state changed. Of several alerts of one place one is open at most: the oldest, in whose favour the others were
-- resolved.
CREATE OR REPLACE FUNCTION copy_states_update() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off AS $$
BEGIN
    IF current_setting('app.holds_alerts', true) = 'on' OR NOT EXISTS (
        (SELECT company_id, employee_id, breach_id, state, certainty FROM new_rows
         EXCEPT SELECT company_id, employee_id, breach_id, state, certainty FROM old_rows)
        UNION ALL
        (SELECT company_id, employee_id, breach_id, state, certainty FROM old_rows
         EXCEPT SELECT company_id, employee_id, breach_id, state, certainty FROM new_rows)
    ) THEN
        RETURN NULL;
    END IF;
    WITH places AS MATERIALIZED (
        SELECT DISTINCT company_id, employee_id, breach_id FROM (
            (SELECT company_id, employee_id, breach_id, state, certainty FROM new_rows
             EXCEPT SELECT company_id, employee_id, breach_id, state, certainty FROM old_rows)
            UNION ALL
            (SELECT company_id, employee_id, breach_id, state, certainty FROM old_rows
             EXCEPT SELECT company_id, employee_id, breach_id, state, certainty FROM new_rows)
        ) AS different
    ), moving AS MATERIALIZED (
        SELECT o.company_id, o.id, o.severity, o.assignee_id, o.status AS status_before, o.resolution AS resolution_before, r.state, r.certainty,
            CASE
                WHEN n.next = 'OPEN' AND EXISTS (
                    SELECT FROM alerts other
                    WHERE other.company_id = o.company_id AND other.employee_id = o.employee_id AND other.breach_id = o.breach_id
                        AND (other.status <> 'RESOLVED' OR (other.created_at, other.id) < (o.created_at, o.id)))
                    THEN NULL
                ELSE n.next
            END AS next,
            CASE
                WHEN r.state = 'NEUTRALISED' THEN neutralised_words(r.state_reason, e.password_changed_at, e.sessions_valid_from)
                ELSE flagged_words()
            END AS words
        FROM places p
        JOIN alerts o ON o.company_id = p.company_id AND o.employee_id = p.employee_id AND o.breach_id = p.breach_id
        JOIN employees e ON e.company_id = p.company_id AND e.id = p.employee_id
        JOIN companies c ON c.id = p.company_id
        JOIN breaches b ON b.id = p.breach_id
        LEFT JOIN breach_records r ON r.company_id = p.company_id AND r.employee_id = p.employee_id AND r.breach_id = p.breach_id
        CROSS JOIN LATERAL (
            SELECT next_alert_status(
                r.state, o.state, o.status, o.resolved_as_neutralised, c.resolves_neutralised, b.is_spam_list OR b.is_fabricated) AS next
        ) AS n
        WHERE (o.state, o.certainty) IS DISTINCT FROM (r.state, r.certainty)
    ), told AS (
        INSERT INTO alert_moves (company_id, alert_id, severity, assignee_id, status_before, resolution_before, status, resolution)
        SELECT company_id, id, severity, assignee_id, status_before, resolution_before, next, CASE WHEN next = 'RESOLVED' THEN words END
        FROM moving WHERE next IS NOT NULL
        ORDER BY company_id, id
    )
    UPDATE alerts a SET state = m.state, certainty = m.certainty,
        status = coalesce(m.next, a.status),
        resolved_as_neutralised = CASE
            WHEN m.next IS NULL THEN a.resolved_as_neutralised ELSE m.next = 'RESOLVED' AND m.state = 'NEUTRALISED' END,
        acknowledged_at = CASE WHEN m.next = 'OPEN' THEN NULL ELSE a.acknowledged_at END,
        resolved_at = CASE
            WHEN m.next = 'OPEN' THEN NULL
            WHEN m.next = 'RESOLVED' AND a.status <> 'RESOLVED' THEN clock_timestamp()
            ELSE a.resolved_at
        END,
        resolution = CASE m.next WHEN 'RESOLVED' THEN m.words WHEN 'OPEN' THEN NULL ELSE a.resolution END,
        news_at = CASE WHEN m.next = 'OPEN' THEN clock_timestamp() ELSE a.news_at END
    FROM moving m WHERE a.company_id = m.company_id AND a.id = m.id;
    RETURN NULL;
END
$$;

-- The same for one alert that is raised, is put in another place, or whose copy was held. What is NEUTRALISED from the beginning raises an alert
-- that is resolved as if it had become so later: whether a directory or a scan was asked first makes no difference.
CREATE OR REPLACE FUNCTION copy_state_to_alert() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp AS $$
DECLARE
    state_before liveness;
    reason text;
    next_status alert_status;
    words text;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF current_setting('app.holds_alerts', true) = 'on' AND NEW.employee_id IS NOT NULL AND NEW.breach_id IS NOT NULL THEN
            RETURN NEW;
        END IF;
        state_before := OLD.state;
    END IF;
    NEW.state := NULL;
    NEW.certainty := NULL;
    IF NEW.employee_id IS NULL OR NEW.breach_id IS NULL THEN
        RETURN NEW;
    END IF;
    SELECT r.state, r.certainty, r.state_reason INTO NEW.state, NEW.certainty, reason FROM breach_records r
    WHERE r.company_id = NEW.company_id AND r.employee_id = NEW.employee_id AND r.breach_id = NEW.breach_id;
    -- Of most there is no more to say, and a scan raises many.
    IF NEW.state IS NOT DISTINCT FROM state_before OR TG_OP = 'INSERT' AND (NEW.state <> 'NEUTRALISED' OR NEW.status = 'RESOLVED') THEN
        RETURN NEW;
    END IF;
    SELECT next_alert_status(
            NEW.state, state_before, NEW.status, NEW.resolved_as_neutralised, c.resolves_neutralised, b.is_spam_list OR b.is_fabricated),
        CASE
            WHEN NEW.state = 'NEUTRALISED' THEN neutralised_words(reason, e.password_changed_at, e.sessions_valid_from)
            ELSE flagged_words()
        END
    INTO next_status, words
    FROM employees e JOIN companies c ON c.id = e.company_id JOIN breaches b ON b.id = NEW.breach_id
    WHERE e.company_id = NEW.company_id AND e.id = NEW.employee_id;
    IF next_status = 'OPEN' AND EXISTS (
        SELECT FROM alerts other
        WHERE other.company_id = NEW.company_id AND other.employee_id = NEW.employee_id AND other.breach_id = NEW.breach_id
            AND other.id <> NEW.id AND (other.status <> 'RESOLVED' OR (other.created_at, other.id) < (NEW.created_at, NEW.id)))
    THEN
        next_status := NULL;
    END IF;
    IF next_status IS NULL THEN
        RETURN NEW;
    END IF;
    INSERT INTO alert_moves (company_id, alert_id, severity, assignee_id, status_before, resolution_before, status, resolution)
    VALUES (NEW.company_id, NEW.id, NEW.severity, NEW.assignee_id, NEW.status, NEW.resolution, next_status,
        CASE WHEN next_status = 'RESOLVED' THEN words END);
    IF next_status = 'OPEN' THEN
        NEW.resolved_as_neutralised := false;
        NEW.acknowledged_at := NULL;
        NEW.resolved_at := NULL;
        NEW.resolution := NULL;
        NEW.news_at := clock_timestamp();
    ELSE
        NEW.resolved_as_neutralised := NEW.state = 'NEUTRALISED';
        NEW.resolution := words;
        IF NEW.status <> 'RESOLVED' THEN
            NEW.resolved_at := clock_timestamp();
        END IF;
    END IF;
    NEW.status := next_status;
    RETURN NEW;
END
$$;

GRANT CREATE ON SCHEMA public TO datashield_system;
REVOKE ALL ON FUNCTION tell_of_alert_moves() FROM PUBLIC;
ALTER FUNCTION tell_of_alert_moves() OWNER TO datashield_system;
REVOKE CREATE ON SCHEMA public FROM datashield_system;

-- MARK: What is there already

-- What was done about a finding before this was kept closes its alert now: all companies want that as yet.
SET LOCAL ROLE datashield_system;
SELECT set_config('app.actor', '{"kind": "program", "name": "upgrade"}', true);
INSERT INTO alert_moves (company_id, alert_id, severity, assignee_id, status_before, resolution_before, status, resolution)
SELECT a.company_id, a.id, a.severity, a.assignee_id, a.status, a.resolution, 'RESOLVED',
    neutralised_words(r.state_reason, e.password_changed_at, e.sessions_valid_from)
FROM alerts a
JOIN companies c ON c.id = a.company_id AND c.resolves_neutralised
JOIN employees e ON e.company_id = a.company_id AND e.id = a.employee_id
JOIN breach_records r ON r.company_id = a.company_id AND r.employee_id = a.employee_id AND r.breach_id = a.breach_id
WHERE a.status <> 'RESOLVED' AND a.state = 'NEUTRALISED'
ORDER BY a.company_id, a.created_at, a.id;
UPDATE alerts a SET status = 'RESOLVED', resolved_as_neutralised = true, resolved_at = clock_timestamp(), resolution = m.resolution
FROM alert_moves m WHERE m.company_id = a.company_id AND m.alert_id = a.id;
RESET ROLE;
