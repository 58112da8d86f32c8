-- What is said of an account rests on what is known of it, and what is done to one goes to the account that was meant.

-- MARK: Why somebody has left

-- DISABLED: their directory lists the account as disabled. GONE: it no longer lists it, which may be for what is read there.
-- UNASSIGNED: a directory that pushes has taken them back. HAND: somebody said so here. Null: nobody kept it.
ALTER TABLE employees
    ADD COLUMN deactivation_reason text COLLATE "C",
    ADD CONSTRAINT deactivation_reasons_are_known CHECK (deactivation_reason IN ('DISABLED', 'GONE', 'UNASSIGNED', 'HAND'));

-- Whoever is back is not away for a reason, whichever statement brings them.
CREATE FUNCTION forget_deactivation_reason() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    NEW.deactivation_reason := NULL;
    RETURN NEW;
END
$$;
CREATE TRIGGER forget_deactivation_reason BEFORE UPDATE ON employees FOR EACH ROW
    WHEN (NEW.deactivated_at IS NULL AND NEW.deactivation_reason IS NOT NULL)
    EXECUTE FUNCTION forget_deactivation_reason();

-- MARK: When something was exposed

-- Whether the file that a credential was first found in says of when it is. Of those that are there already nobody knows.
ALTER TABLE leaked_credentials ADD COLUMN is_dated boolean NOT NULL DEFAULT false;

SET LOCAL ROLE datashield_system;
-- Lists of credentials are no breach of a day: everybody's go by this one name, and new ones come all the time.
UPDATE breaches SET breach_date = NULL WHERE canonical_key = 'credentiallists' AND breach_date IS NOT NULL;
-- Nothing was exposed after it was read.
UPDATE breaches SET breach_date = NULL WHERE breach_date > (updated_at + interval '1 day')::date;
UPDATE breach_records SET captured_at = NULL WHERE captured_at > updated_at + interval '1 day';
UPDATE infected_machines SET captured_at = NULL WHERE captured_at > updated_at + interval '1 day';
-- Of stealer logs it is known as far as their record knows it.
UPDATE leaked_credentials c SET is_dated = true FROM breach_records r
WHERE r.company_id = c.company_id AND r.id = c.record_id AND r.captured_at IS NOT NULL;
RESET ROLE;

-- MARK: Still live?

DROP FUNCTION exposure_reason(text[], artifact_kind[], timestamptz, date, timestamptz, boolean, timestamptz, timestamptz, timestamptz);

-- Whether what was exposed still works, as the reason for saying so; LivenessReason has the same words, and says which of them mean
-- live. This is the only place of the rule: lists filter by it, pages and the API show it.
--
-- When it was exposed lies between `earliest` and `latest`:
--   captured_at   what malware took: a day more or less, since logs have the machine's time without its zone;
--   breach_date   a month more or less, since catalogues know when a breach was, at best, to the month;
--   neither       at the latest when it became known.
-- It was never exposed after it became known (`known_at`: when it was detected, or when a file showed another secret of it). A secret
-- that a file without a date showed (`has_undated`) may be as young as that, whatever the date of its breach is.
CREATE FUNCTION exposure_reason(
    exposed_data text[], artifacts artifact_kind[], captured_at timestamptz, breach_date date, known_at timestamptz, has_undated boolean,
    password_changed_at timestamptz, sessions_valid_from timestamptz, deactivated_at timestamptz, deactivation_reason text
) RETURNS text
    LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    has_password boolean := exposes_password(exposed_data, artifacts);
    has_session boolean := exposes_session(artifacts);
    earliest timestamptz := '-infinity';
    latest timestamptz := known_at;
    reason text;
BEGIN
    IF NOT has_password AND NOT has_session THEN
        RETURN 'NO_CREDENTIAL';
    END IF;
    IF deactivated_at IS NOT NULL AND deactivation_reason = 'DISABLED' THEN
        RETURN 'ACCOUNT_DISABLED';
    END IF;
    IF captured_at IS NOT NULL THEN
        earliest := captured_at - interval '24 hours';
        latest := least(captured_at + interval '24 hours', greatest(known_at, captured_at));
    ELSIF breach_date IS NOT NULL THEN
        earliest := (breach_date - 31)::timestamp AT TIME ZONE 'UTC';
        latest := least((breach_date + 32)::timestamp AT TIME ZONE 'UTC', known_at);
    END IF;
    IF has_undated THEN
        latest := greatest(latest, known_at);
    END IF;
    -- The worst that is true of any part of it: a session needs no password, so it comes first.
    reason := CASE
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
    -- Of who has left without their directory saying that the account is disabled, nobody knows whether there still is one.
    IF deactivated_at IS NULL OR reason IN ('BOTH_RENEWED', 'SESSIONS_REVOKED', 'PASSWORD_CHANGED') THEN
        RETURN reason;
    END IF;
    RETURN CASE deactivation_reason
        WHEN 'GONE' THEN 'ACCOUNT_NOT_LISTED'
        WHEN 'UNASSIGNED' THEN 'ACCOUNT_UNASSIGNED'
        ELSE 'PERSON_HAS_LEFT'
    END;
END
$$;

-- MARK: Whose turn it is

-- Requests of one selection are made in one moment: they have their turn as they were listed when somebody was asked.
ALTER TABLE remediation_requests ADD COLUMN place bigint NOT NULL GENERATED ALWAYS AS IDENTITY;
CREATE INDEX remediation_requests_in_turn ON remediation_requests (company_id, created_at, place) WHERE status = 'PENDING';

-- MARK: Whom not

-- The account, too: whoever is deleted and listed again under another address is protected as before.
ALTER TABLE protected_people ADD COLUMN connection_id cuid, ADD COLUMN external_id text;
CREATE INDEX protected_people_by_account ON protected_people (company_id, connection_id, external_id) WHERE external_id IS NOT NULL;

SET LOCAL ROLE datashield_system;
UPDATE protected_people p SET email = e.email, connection_id = e.source_connection_id,
    external_id = CASE WHEN e.source_connection_id IS NOT NULL THEN e.external_id END
FROM employees e WHERE e.company_id = p.company_id AND e.id = p.employee_id;
RESET ROLE;

-- A protection goes with its person, whoever gives them another address or account.
CREATE FUNCTION move_protection() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    UPDATE protected_people p SET email = NEW.email, connection_id = coalesce(NEW.source_connection_id, p.connection_id),
        external_id = CASE WHEN NEW.source_connection_id IS NULL THEN p.external_id ELSE NEW.external_id END
    WHERE p.company_id = NEW.company_id AND p.employee_id = NEW.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER move_protection AFTER UPDATE OF email, source_connection_id, external_id ON employees FOR EACH ROW
    WHEN ((NEW.email, NEW.source_connection_id, NEW.external_id) IS DISTINCT FROM (OLD.email, OLD.source_connection_id, OLD.external_id))
    EXECUTE FUNCTION move_protection();

-- MARK: What policies look at

-- What was raised while remediation was off stays for people to decide.
ALTER TABLE remediation_settings ADD COLUMN policies_from timestamptz(3);
CREATE FUNCTION begin_policies_anew() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    UPDATE remediation_settings SET policies_from = clock_timestamp() WHERE company_id = NEW.id;
    RETURN NULL;
END
$$;
CREATE TRIGGER begin_policies_anew AFTER UPDATE OF remediation_enabled ON companies FOR EACH ROW
    WHEN (NEW.remediation_enabled AND NOT OLD.remediation_enabled)
    EXECUTE FUNCTION begin_policies_anew();

-- When an alert last told of something that was not known: reopened, more severe, or with more data. Null: when it was raised.
ALTER TABLE alerts ADD COLUMN news_at timestamptz(3);
CREATE INDEX alerts_by_news ON alerts (company_id, news_at) WHERE news_at IS NOT NULL;
