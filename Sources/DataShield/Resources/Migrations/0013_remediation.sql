-- Remediation that cannot run away: what is asked for, how much of it may happen, whom it never touches; and whether an exposure is
-- still live.

CREATE TYPE remediation_request_status AS ENUM ('PENDING', 'STARTED', 'DONE', 'FAILED', 'REFUSED');

-- One row per company, made when it is first needed. Whoever starts a call holds its lock: so no two of them count at the same time.
CREATE TABLE remediation_settings (
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    cap_people integer NOT NULL DEFAULT 10,
    cap_percent double precision NOT NULL DEFAULT 2,
    window_hours integer NOT NULL DEFAULT 24,
    is_weak_reset_chosen boolean NOT NULL DEFAULT false,
    -- [{"minSeverity", "requires", "action", "since"}]
    policies jsonb NOT NULL DEFAULT '[]',
    -- until when alerts were looked at by the policies
    policies_seen_until timestamptz(3),
    -- set by whoever resumes: what was started before does not count any more
    counted_from timestamptz(3),
    stopped_at timestamptz(3),
    stop_reason text,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    updated_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT remediation_settings_pkey PRIMARY KEY (company_id),
    CONSTRAINT caps_let_at_least_one_person_through CHECK (cap_people >= 1),
    CONSTRAINT caps_are_a_share_of_the_people CHECK (cap_percent > 0 AND cap_percent <= 100),
    CONSTRAINT windows_are_an_hour_to_a_month CHECK (window_hours BETWEEN 1 AND 744),
    CONSTRAINT policies_are_a_list CHECK (jsonb_typeof(policies) = 'array'),
    CONSTRAINT stops_have_a_reason CHECK ((stopped_at IS NULL) = (stop_reason IS NULL))
);

-- Break-glass and service accounts. Kept by person and by address, without a reference: who is deleted and put on the list again is
-- protected as before.
CREATE TABLE protected_people (
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    employee_id cuid NOT NULL,
    email email_address NOT NULL,
    reason text NOT NULL,
    protected_by text,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT protected_people_pkey PRIMARY KEY (company_id, employee_id),
    CONSTRAINT protections_have_a_reason CHECK (reason <> '')
);
CREATE INDEX protected_people_by_address ON protected_people (company_id, email);

-- What is asked for. A row goes PENDING, STARTED, then DONE or FAILED, or from PENDING to REFUSED; it never goes back, so that its call
-- is made at most once. Person and alert are plain values: who has been deleted still counts against the cap.
CREATE TABLE remediation_requests (
    id cuid NOT NULL,
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    action remediation_type NOT NULL,
    status remediation_request_status NOT NULL DEFAULT 'PENDING',
    employee_id cuid NOT NULL,
    target text NOT NULL,
    alert_id cuid,
    -- manual, bulk, policy, command
    trigger text NOT NULL,
    -- what it follows from: the same cause makes one request
    cause text COLLATE "C" NOT NULL,
    requested_by cuid,
    performed_by text NOT NULL,
    connection_id cuid,
    -- the call whose answer is awaited: after a reset come the sessions
    step remediation_type,
    -- which attempt may write how it ended, and until when it is expected to
    holder text,
    lease_until timestamptz(3),
    started_at timestamptz(3),
    finished_at timestamptz(3),
    -- why it was refused or failed
    reason text,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    updated_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT remediation_requests_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT a_cause_makes_one_request UNIQUE (company_id, cause),
    CONSTRAINT remediation_triggers_are_known CHECK (trigger IN ('manual', 'bulk', 'policy', 'command')),
    CONSTRAINT started_requests_have_a_start CHECK ((status IN ('STARTED', 'DONE', 'FAILED')) = (started_at IS NOT NULL)),
    CONSTRAINT started_requests_have_a_holder CHECK (
        (status = 'STARTED') = (holder IS NOT NULL AND lease_until IS NOT NULL AND step IS NOT NULL)),
    CONSTRAINT ended_requests_have_an_end CHECK ((status IN ('DONE', 'FAILED', 'REFUSED')) = (finished_at IS NOT NULL)),
    CONSTRAINT refused_requests_have_a_reason CHECK (status NOT IN ('FAILED', 'REFUSED') OR reason IS NOT NULL)
);
CREATE UNIQUE INDEX one_remediation_of_a_person_at_a_time ON remediation_requests (company_id, employee_id, action)
    WHERE status IN ('PENDING', 'STARTED');
CREATE INDEX remediation_requests_by_age ON remediation_requests (company_id, created_at, id);
CREATE INDEX remediation_requests_by_status ON remediation_requests (company_id, status, created_at, id);
CREATE INDEX remediation_requests_by_person ON remediation_requests (company_id, employee_id, action, created_at);
CREATE INDEX remediation_requests_by_start ON remediation_requests (company_id, started_at) WHERE started_at IS NOT NULL;
CREATE INDEX remediation_requests_leased ON remediation_requests (lease_until) WHERE status = 'STARTED';
CREATE INDEX remediation_requests_waiting ON remediation_requests (created_at) WHERE status = 'PENDING';

-- A request goes forward only, whatever the program does.
CREATE FUNCTION move_remediation_request() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.status <> OLD.status AND (OLD.status, NEW.status) NOT IN (
        ('PENDING', 'STARTED'), ('PENDING', 'REFUSED'), ('STARTED', 'DONE'), ('STARTED', 'FAILED')
    ) THEN
        RAISE EXCEPTION 'A remediation request cannot go from % to %.', OLD.status, NEW.status
            USING ERRCODE = 'restrict_violation', TABLE = TG_TABLE_NAME, SCHEMA = TG_TABLE_SCHEMA;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER forward_only BEFORE UPDATE ON remediation_requests FOR EACH ROW EXECUTE FUNCTION move_remediation_request();

-- Which request a call was made for; a plain value, like the others.
ALTER TABLE remediation_actions ADD COLUMN request_id cuid;
CREATE INDEX remediation_actions_by_request ON remediation_actions (company_id, request_id) WHERE request_id IS NOT NULL;
CREATE INDEX remediation_actions_by_status ON remediation_actions (company_id, status, created_at, id);

SELECT keep_updated_at(name::regclass) FROM unnest(ARRAY['remediation_settings', 'remediation_requests']) AS name;
SELECT isolate_tenant_table(name::regclass)
FROM unnest(ARRAY['remediation_settings', 'protected_people', 'remediation_requests']) AS name;
GRANT SELECT, INSERT, UPDATE ON remediation_settings, remediation_requests TO datashield_app, datashield_system;
GRANT SELECT, INSERT, UPDATE, DELETE ON protected_people TO datashield_app, datashield_system;

-- What a directory says of an account never goes back in time: a reset that we made is not undone by a listing that was begun before
-- it, or by a directory that notes a change only when the person has chosen a new password. Another account is another matter.
CREATE FUNCTION keep_latest_account_times() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    NEW.password_changed_at := greatest(NEW.password_changed_at, OLD.password_changed_at);
    NEW.sessions_valid_from := greatest(NEW.sessions_valid_from, OLD.sessions_valid_from);
    RETURN NEW;
END
$$;
CREATE TRIGGER keep_latest_account_times BEFORE UPDATE OF password_changed_at, sessions_valid_from ON employees FOR EACH ROW
    WHEN ((NEW.source_connection_id, NEW.external_id) IS NOT DISTINCT FROM (OLD.source_connection_id, OLD.external_id)
        AND (NEW.password_changed_at < OLD.password_changed_at OR NEW.sessions_valid_from < OLD.sessions_valid_from))
    EXECUTE FUNCTION keep_latest_account_times();

-- What can be used to sign in.
CREATE FUNCTION exposes_password(exposed_data text[], artifacts artifact_kind[]) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN 'PASSWORD'::artifact_kind = ANY (artifacts) OR exposed_data && ARRAY['password', 'hashed_password'];

CREATE FUNCTION exposes_session(artifacts artifact_kind[]) RETURNS boolean
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN artifacts && ARRAY['COOKIE', 'TOKEN']::artifact_kind[];

-- Whether what was exposed still works, as the reason for saying so; LivenessReason has the same words, and says which of them mean
-- live. This is the only place of the rule: lists filter by it, pages and the API show it.
--
-- When it was exposed lies between `earliest` and `latest`:
--   captured_at   what malware took: a day more or less, since logs have the machine's time without its zone;
--   breach_date   a month more or less, since catalogues know when a breach was, at best, to the month;
--   neither       at the latest when it became known.
-- It was never exposed after it became known (`known_at`: when it was detected, or when a file showed another secret of it).
CREATE FUNCTION exposure_reason(
    exposed_data text[], artifacts artifact_kind[], captured_at timestamptz, breach_date date, known_at timestamptz,
    is_in_directory boolean, password_changed_at timestamptz, sessions_valid_from timestamptz, deactivated_at timestamptz
) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    has_password boolean := exposes_password(exposed_data, artifacts);
    has_session boolean := exposes_session(artifacts);
    earliest timestamptz := '-infinity';
    latest timestamptz := known_at;
BEGIN
    IF NOT has_password AND NOT has_session THEN
        RETURN 'NO_CREDENTIAL';
    END IF;
    -- Who was taken off a list by hand may still have an account.
    IF is_in_directory AND deactivated_at IS NOT NULL THEN
        RETURN 'ACCOUNT_DISABLED';
    END IF;
    IF captured_at IS NOT NULL THEN
        earliest := captured_at - interval '24 hours';
        latest := least(captured_at + interval '24 hours', greatest(known_at, captured_at));
    ELSIF breach_date IS NOT NULL THEN
        earliest := (breach_date - 31)::timestamp AT TIME ZONE 'UTC';
        latest := least((breach_date + 32)::timestamp AT TIME ZONE 'UTC', known_at);
    END IF;
    -- The worst that is true of any part of it: a session needs no password, so it comes first.
    RETURN CASE
        WHEN has_session AND sessions_valid_from < earliest THEN 'SESSIONS_STAND'
        WHEN has_password AND password_changed_at < earliest THEN 'PASSWORD_STANDS'
        WHEN has_session AND sessions_valid_from IS NULL THEN 'SESSIONS_NOT_KNOWN'
        WHEN has_password AND password_changed_at IS NULL THEN 'PASSWORD_NOT_KNOWN'
        WHEN has_session AND sessions_valid_from <= latest THEN 'SESSIONS_UNCLEAR'
        WHEN has_password AND password_changed_at <= latest THEN 'PASSWORD_UNCLEAR'
        WHEN has_session AND has_password THEN 'BOTH_RENEWED'
        WHEN has_session THEN 'SESSIONS_REVOKED'
        ELSE 'PASSWORD_CHANGED'
    END;
END
$$;
