-- What a directory pushes and is refused, whose account is whose, and whose address a deleted account took.

-- The client's own id of a resource, which is not ours to keep unique: Okta sends it again with another user name.
DROP INDEX external_ids_of_scim_resources_are_unique;
CREATE INDEX scim_resources_by_external_id ON scim_resources (company_id, connection_id, kind, external_id) WHERE external_id IS NOT NULL;
-- Those who wait, or are shown as not taken: few of many.
CREATE INDEX scim_resources_with_a_problem ON scim_resources (company_id, connection_id, id) WHERE problem IS NOT NULL;

-- Calls with a good token that were refused, or done in part (2xx), for who looks after the directory. The same call again is the same row; the
-- program keeps the latest of each connection and removes the others. There is no query string in it, no body, no address and no secret.
CREATE TABLE scim_refusals (
    id cuid NOT NULL,
    company_id cuid NOT NULL,
    connection_id cuid NOT NULL,
    method text COLLATE "C" NOT NULL,
    -- below the connection's address
    path text COLLATE "C" NOT NULL,
    status integer NOT NULL,
    reason text COLLATE "C" NOT NULL,
    times bigint NOT NULL DEFAULT 1,
    first_at timestamptz(3) NOT NULL,
    last_at timestamptz(3) NOT NULL,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT scim_refusals_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT scim_refusals_go_with_their_connection
        FOREIGN KEY (company_id, connection_id) REFERENCES directory_connections ON DELETE CASCADE,
    CONSTRAINT scim_refusals_are_refusals CHECK (status BETWEEN 200 AND 299 OR status BETWEEN 400 AND 599),
    CONSTRAINT texts_of_scim_refusals_are_short
        CHECK (char_length(method) <= 20 AND char_length(path) <= 200 AND char_length(reason) <= 300),
    CONSTRAINT times_of_scim_refusals_are_counted CHECK (times >= 1 AND first_at <= last_at),
    CONSTRAINT the_same_scim_refusal_is_one UNIQUE (company_id, connection_id, method, path, status, reason)
);
CREATE INDEX scim_refusals_by_time ON scim_refusals (company_id, connection_id, last_at DESC, id);
SELECT isolate_tenant_table('scim_refusals');
GRANT SELECT, INSERT, UPDATE, DELETE ON scim_refusals TO datashield_app;
GRANT SELECT ON scim_refusals TO datashield_system;

-- Entra writes the id of an account that it has deleted before its user name, and that was taken for the person's address. They have the one
-- that they had, unless somebody has it by now: of several with one, the first gets it back.
SET LOCAL ROLE datashield_system;
UPDATE employees e SET email = substr(e.email, 33)
FROM (
    SELECT DISTINCT ON (t.company_id, substr(t.email, 33)) t.company_id, t.id FROM employees t
    JOIN directory_connections d ON d.company_id = t.company_id AND d.id = t.source_connection_id AND d.type = 'SCIM'
    WHERE t.deactivated_at IS NOT NULL AND t.email ~ '^[0-9a-f]{32}[^@]+@'
        AND NOT EXISTS (SELECT FROM employees o WHERE o.company_id = t.company_id AND o.email = substr(t.email, 33))
    ORDER BY t.company_id, substr(t.email, 33), t.id
) AS renamed
WHERE e.company_id = renamed.company_id AND e.id = renamed.id;
RESET ROLE;
