-- What became of what was asked for: a call whose answer nobody knows is not told as one that failed, an order is known by all that it
-- named, and who is deleted leaves no open alert.

-- MARK: What is not known

-- Whether it is known what the directory did. Those that are there already say it in words. They may not be changed, so that the column
-- begins as one that follows from them.
ALTER TABLE remediation_actions ADD COLUMN outcome_known boolean NOT NULL GENERATED ALWAYS AS (
    status <> 'FAILED' OR (coalesce(detail, '') NOT LIKE '%ot repeated.%' AND coalesce(detail, '') NOT LIKE '%may have been done all the same%')
) STORED;
ALTER TABLE remediation_actions ALTER COLUMN outcome_known DROP EXPRESSION;
ALTER TABLE remediation_actions
    ALTER COLUMN outcome_known SET DEFAULT true,
    ADD CONSTRAINT what_was_done_is_known CHECK (outcome_known OR status = 'FAILED');

-- How a request failed. REFUSED: the directory would not, for this account or with our rights. UNAVAILABLE: it could not be asked, or
-- could not just now. UNKNOWN: nobody knows whether it was done. And what a person is to do next, if anything.
ALTER TABLE remediation_requests
    ADD COLUMN failure text COLLATE "C",
    ADD COLUMN next_action remediation_type;

-- A request goes forward only. What was not known may become known: a program that lived after all has the answer.
CREATE OR REPLACE FUNCTION move_remediation_request() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    IF OLD.status = 'FAILED' AND OLD.failure = 'UNKNOWN' AND NEW.status IN ('DONE', 'FAILED') THEN
        RETURN NEW;
    END IF;
    IF NEW.status <> OLD.status AND (OLD.status, NEW.status) NOT IN (
        ('PENDING', 'STARTED'), ('PENDING', 'REFUSED'), ('STARTED', 'DONE'), ('STARTED', 'FAILED')
    ) THEN
        RAISE EXCEPTION 'A remediation request cannot go from % to %.', OLD.status, NEW.status
            USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME, SCHEMA = TG_TABLE_SCHEMA;
    END IF;
    RETURN NEW;
END
$$;

CREATE INDEX remediation_requests_to_finish ON remediation_requests (company_id, created_at, id) WHERE next_action IS NOT NULL;

-- MARK: The same order

-- Selections that were ordered with a key: by what they named their repetition is told from another order.
CREATE TABLE remediation_orders (
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    cause text COLLATE "C" NOT NULL,
    -- SHA-256 of the action and the alerts
    digest text COLLATE "C" NOT NULL,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT remediation_orders_pkey PRIMARY KEY (company_id, cause)
);
SELECT isolate_tenant_table('remediation_orders');
GRANT SELECT, INSERT ON remediation_orders TO datashield_app;

-- MARK: Alerts about nobody

-- Whoever deletes a person, and by whichever way: nobody is left to act on.
CREATE FUNCTION resolve_alert_about_nobody() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    NEW.status := 'RESOLVED';
    NEW.resolved_at := clock_timestamp();
    NEW.resolution := 'The person was deleted.';
    RETURN NEW;
END
$$;
CREATE TRIGGER resolve_alert_about_nobody BEFORE UPDATE OF employee_id ON alerts FOR EACH ROW
    WHEN (OLD.employee_id IS NOT NULL AND NEW.employee_id IS NULL AND NEW.status <> 'RESOLVED')
    EXECUTE FUNCTION resolve_alert_about_nobody();

-- MARK: What is there already

SET LOCAL ROLE datashield_system;
UPDATE remediation_requests SET failure = CASE
    WHEN reason LIKE '%ot repeated.%' OR reason LIKE '%may have been done all the same%' THEN 'UNKNOWN' ELSE 'UNAVAILABLE'
END
WHERE status = 'FAILED';
-- LDAP knows of no sessions.
UPDATE remediation_requests q SET next_action = CASE
    WHEN EXISTS (SELECT FROM directory_connections c WHERE c.company_id = q.company_id AND c.id = q.connection_id AND c.type = 'LDAP') THEN q.action
    ELSE 'REVOKE_SESSIONS'
END
WHERE failure = 'UNKNOWN' OR reason LIKE 'The password was reset, but the sessions%';
INSERT INTO audit_events (id, company_id, actor_kind, actor_name, action, target_type, target_id, before, after)
SELECT 'c' || substr(md5(a.company_id || a.id || random()), 1, 24), a.company_id, 'program', 'DataShield', 'alert.status_changed', 'alert', a.id,
    jsonb_strip_nulls(jsonb_build_object('status', a.status, 'assigneeId', a.assignee_id, 'resolution', a.resolution)),
    jsonb_strip_nulls(jsonb_build_object('status', 'RESOLVED', 'assigneeId', a.assignee_id, 'resolution', 'The person was deleted.'))
FROM alerts a WHERE a.employee_id IS NULL AND a.status <> 'RESOLVED' ORDER BY a.company_id, a.created_at, a.id;
UPDATE alerts SET status = 'RESOLVED', resolved_at = clock_timestamp(), resolution = 'The person was deleted.'
WHERE employee_id IS NULL AND status <> 'RESOLVED';
RESET ROLE;

ALTER TABLE remediation_requests
    ADD CONSTRAINT failed_requests_say_how CHECK ((status = 'FAILED') = (failure IS NOT NULL)),
    ADD CONSTRAINT failures_are_known CHECK (failure IN ('REFUSED', 'UNAVAILABLE', 'UNKNOWN')),
    ADD CONSTRAINT next_actions_follow_a_failure CHECK (next_action IS NULL OR status = 'FAILED');
