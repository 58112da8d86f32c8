-- Malware takes sessions, too, whether or not the service says so: of a hit whose service withholds what was taken, a session counts as not known.
-- It counted nothing, so that whoever may have lost one had fewer points than who has certainly lost a password only.

-- f of the session in a record; null where there is none. What became of the session is not always what became of the worst of the record:
-- the password may be live when all sessions have ended. Of what malware took and nobody names, a session may be part: its f is that of what is
-- not known, until sessions were ended after it or all of the record is worth nothing.
CREATE OR REPLACE FUNCTION session_weight(r breach_records, e employees) RETURNS double precision
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN CASE
        WHEN r.withholds_credentials AND r.is_from_malware THEN CASE
            WHEN r.state = 'UNKNOWN' AND secret_worth(
                r.exposed_after, r.exposed_before, e.sessions_valid_from, e.deactivated_at,
                told_departure(e.source_connection_id, e.deactivation_reason)) = 'RENEWED' THEN finding_weight('NEUTRALISED', NULL)
            ELSE finding_weight(r.state, r.certainty)
        END
        WHEN r.credentials[1] IS NULL OR r.credentials[1] > 'TOKEN' THEN NULL
        WHEN r.worst_credential <= 'TOKEN' OR r.state IN ('NEUTRALISED', 'NO_CREDENTIAL') THEN finding_weight(r.state, r.certainty)
        ELSE finding_weight(
            (exposure_verdict(
                r.credentials[1:1], false, r.is_from_malware, r.has_company_site, r.exposed_after, r.exposed_before,
                e.password_changed_at, e.sessions_valid_from, e.deactivated_at, told_departure(e.source_connection_id, e.deactivation_reason))).state,
            (exposure_verdict(
                r.credentials[1:1], false, r.is_from_malware, r.has_company_site, r.exposed_after, r.exposed_before,
                e.password_changed_at, e.sessions_valid_from, e.deactivated_at, told_departure(e.source_connection_id, e.deactivation_reason))).certainty)
    END;

-- What a directory ended are its own sessions, and those of the account: an application may keep sessions that it does not reach.
CREATE OR REPLACE FUNCTION neutralised_words(reason text, password_changed_at timestamptz, sessions_valid_from timestamptz) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN 'Neutralised: ' || CASE reason
        WHEN 'ACCOUNT_DISABLED' THEN 'the account is disabled in its directory.'
        WHEN 'SESSIONS_REVOKED' THEN 'the directory ended the account''s sessions on '
            || to_char(sessions_valid_from AT TIME ZONE 'UTC', 'FMDD Mon YYYY')
            || ', after one was stolen. An application that keeps sessions of its own may still take it.'
        WHEN 'BOTH_RENEWED' THEN 'the password was changed on ' || to_char(password_changed_at AT TIME ZONE 'UTC', 'FMDD Mon YYYY')
            || ' and the directory ended the account''s sessions on ' || to_char(sessions_valid_from AT TIME ZONE 'UTC', 'FMDD Mon YYYY')
            || ', after they were exposed. An application that keeps sessions of its own may still take a stolen one.'
        ELSE 'the password was changed on ' || to_char(password_changed_at AT TIME ZONE 'UTC', 'FMDD Mon YYYY') || ', after it was exposed.'
    END;

GRANT CREATE ON SCHEMA public TO datashield_system;
SET LOCAL ROLE datashield_system;
-- An account that changes changes what is exposed of it. What was exposed, and when, stays. Where the sessions were ended and the record says
-- the same as before, because its password decides it or because nobody knows what was taken, the score is worked out here: all else goes by
-- the record that changes. Those people are locked by the statement already.
CREATE OR REPLACE FUNCTION keep_states_of_employees() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public, pg_temp
    SET enable_hashjoin = off SET enable_mergejoin = off SET enable_seqscan = off SET jit = off AS $$
DECLARE
    companies text[];
    people text[];
BEGIN
    -- A statement that changes no row has its triggers all the same: without this, those of the counts and these would go round for ever.
    IF NOT EXISTS (
        SELECT id, password_changed_at, sessions_valid_from, deactivated_at, told_departure(source_connection_id, deactivation_reason) FROM new_rows
        EXCEPT
        SELECT id, password_changed_at, sessions_valid_from, deactivated_at, told_departure(source_connection_id, deactivation_reason) FROM old_rows
    ) THEN
        RETURN NULL;
    END IF;
    UPDATE breach_records r SET state = n.state, certainty = n.certainty, state_reason = n.reason, worst_credential = n.credential
    FROM (
        SELECT o.company_id, o.id, v.state, v.certainty, state_reason(v.reason, o.has_unread_text) AS reason, v.credential
        FROM (
            SELECT company_id, id, password_changed_at, sessions_valid_from, deactivated_at,
                told_departure(source_connection_id, deactivation_reason) AS departure FROM new_rows
            EXCEPT
            SELECT company_id, id, password_changed_at, sessions_valid_from, deactivated_at,
                told_departure(source_connection_id, deactivation_reason) FROM old_rows
        ) AS e
        JOIN breach_records o ON o.company_id = e.company_id AND o.employee_id = e.id
        CROSS JOIN LATERAL exposure_verdict(
            o.credentials, o.withholds_credentials, o.is_from_malware, o.has_company_site, o.exposed_after, o.exposed_before,
            e.password_changed_at, e.sessions_valid_from, e.deactivated_at, e.departure) AS v
        WHERE (o.state, o.certainty, o.state_reason, o.worst_credential) IS DISTINCT FROM (
            v.state, v.certainty, state_reason(v.reason, o.has_unread_text), v.credential)
    ) AS n
    WHERE r.company_id = n.company_id AND r.id = n.id;
    SELECT array_agg(company_id), array_agg(id) INTO companies, people
    FROM (
        SELECT DISTINCT e.company_id::text, e.id::text
        FROM (
            SELECT company_id, id, sessions_valid_from FROM new_rows EXCEPT SELECT company_id, id, sessions_valid_from FROM old_rows
        ) AS e
        JOIN breach_records o ON o.company_id = e.company_id AND o.employee_id = e.id
        WHERE o.state IN ('LIVE', 'UNKNOWN')
            AND (o.withholds_credentials AND o.is_from_malware OR o.credentials[1] <= 'TOKEN' AND o.worst_credential > 'TOKEN')
        ORDER BY 1, 2
    ) AS touched;
    IF companies IS NOT NULL THEN
        PERFORM refresh_scores(companies, people);
    END IF;
    RETURN NULL;
END
$$;

-- MARK: What is there already

SELECT refresh_scores(array_agg(company_id), array_agg(employee_id))
FROM (
    SELECT DISTINCT company_id::text, employee_id::text FROM breach_records
    WHERE state IN ('LIVE', 'UNKNOWN')
        AND (withholds_credentials AND is_from_malware OR credentials[1] <= 'TOKEN' AND worst_credential > 'TOKEN')
    ORDER BY 1, 2
) AS touched;
RESET ROLE;
REVOKE CREATE ON SCHEMA public FROM datashield_system;
