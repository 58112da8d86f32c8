-- Who is watched, what is known of them, and what was said about it.
--
-- The two tables that a scan fills by the ten thousands, breach_records and provider_coverage, go with their company by way of
-- the employee: a reference of their own to companies would be looked up for every row and prove nothing more.

CREATE TABLE directory_connections (
    id cuid NOT NULL,
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    type directory_type NOT NULL,
    name text NOT NULL,
    encrypted_config bytea NOT NULL,
    status connect_status NOT NULL DEFAULT 'PENDING',
    last_sync_at timestamptz(3),
    last_sync_count integer,
    error_message text,
    auto_sync_interval_minutes integer,
    -- SCIM: what the directory shows us. Only a hash, as for sessions.
    bearer_token_hash bytea,
    -- Where an incremental sync goes on (a delta link, a cookie).
    sync_state jsonb,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    updated_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT directory_connections_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT directory_tokens_are_unique UNIQUE (bearer_token_hash),
    CONSTRAINT syncs_are_at_least_a_minute_apart CHECK (auto_sync_interval_minutes >= 1)
);
CREATE INDEX directory_connections_by_age ON directory_connections (company_id, created_at, id);

-- record_count, open_alert_count and latest_detection_at are kept by triggers (0007); risk_score by the program, since it depends
-- on the company's weights and on the day.
CREATE TABLE employees (
    id cuid NOT NULL,
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    email email_address NOT NULL,
    first_name text NOT NULL DEFAULT '',
    last_name text NOT NULL DEFAULT '',
    department text,
    title text,
    mfa_enabled boolean,
    is_vip boolean NOT NULL DEFAULT false,
    source_connection_id cuid,
    external_id text,
    deactivated_at timestamptz(3),
    last_checked_at timestamptz(3),
    risk_score integer NOT NULL DEFAULT 0,
    record_count integer NOT NULL DEFAULT 0,
    open_alert_count integer NOT NULL DEFAULT 0,
    latest_detection_at timestamptz(3),
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    updated_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT employees_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT addresses_of_employees_are_unique_in_a_company UNIQUE (company_id, email),
    CONSTRAINT employees_outlive_their_connection
        FOREIGN KEY (company_id, source_connection_id) REFERENCES directory_connections ON DELETE SET NULL (source_connection_id),
    CONSTRAINT risk_scores_are_within_0_and_100 CHECK (risk_score BETWEEN 0 AND 100),
    CONSTRAINT departments_are_not_blank CHECK (department <> '')
) WITH (fillfactor = 35); -- a scan counts records, then alerts, of everybody on a page: room for both changes in place (HOT)
CREATE INDEX employees_by_name ON employees (company_id, last_name, first_name, id);
CREATE INDEX employees_by_risk ON employees (company_id, risk_score, id);
CREATE INDEX employees_by_age ON employees (company_id, created_at, id);
CREATE INDEX employees_by_department ON employees (company_id, department, last_name, first_name, id);
CREATE INDEX employees_by_connection ON employees (company_id, source_connection_id, external_id) WHERE source_connection_id IS NOT NULL;

-- The catalogue is everybody's: it says what was breached, never who is in it.
CREATE TABLE breaches (
    id cuid NOT NULL,
    name text NOT NULL,
    canonical_key text COLLATE "C" NOT NULL,
    title text NOT NULL DEFAULT '',
    source breach_source NOT NULL,
    domain text,
    breach_date date,
    added_at timestamptz(3),
    description text,
    data_types text[] NOT NULL DEFAULT '{}',
    pwn_count bigint,
    is_verified boolean NOT NULL DEFAULT false,
    is_fabricated boolean NOT NULL DEFAULT false,
    is_sensitive boolean NOT NULL DEFAULT false,
    is_retired boolean NOT NULL DEFAULT false,
    is_spam_list boolean NOT NULL DEFAULT false,
    is_malware boolean NOT NULL DEFAULT false,
    is_stealer_log boolean NOT NULL DEFAULT false,
    logo_path text,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    updated_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT breaches_pkey PRIMARY KEY (id),
    CONSTRAINT names_of_breaches_are_unique UNIQUE (name),
    CONSTRAINT two_spellings_are_one_breach UNIQUE (canonical_key),
    CONSTRAINT breaches_have_a_name CHECK (name <> '')
);
CREATE INDEX breaches_by_date ON breaches (breach_date NULLS FIRST, id);
CREATE INDEX breaches_by_age ON breaches (created_at, id);

-- That a person is in a breach.
CREATE TABLE breach_records (
    id cuid NOT NULL,
    company_id cuid NOT NULL,
    employee_id cuid NOT NULL,
    breach_id cuid NOT NULL,
    exposed_data text[] NOT NULL DEFAULT '{}',
    artifacts artifact_kind[] NOT NULL DEFAULT '{}',
    machine_id text,
    malware_family text,
    captured_at timestamptz(3),
    detected_at timestamptz(3) NOT NULL DEFAULT now(),
    sources api_provider[] NOT NULL DEFAULT '{}',
    -- sites, redacted logins, a keyed fingerprint of the password; never a secret
    evidence jsonb,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    updated_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT breach_records_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT a_person_is_once_in_a_breach UNIQUE (company_id, employee_id, breach_id),
    CONSTRAINT records_go_with_their_employee FOREIGN KEY (company_id, employee_id) REFERENCES employees ON DELETE CASCADE,
    CONSTRAINT records_go_with_their_breach FOREIGN KEY (breach_id) REFERENCES breaches ON DELETE CASCADE
);
CREATE INDEX breach_records_by_breach ON breach_records (company_id, breach_id, employee_id);
CREATE INDEX breach_records_by_detection ON breach_records (company_id, detected_at, id);

CREATE TABLE alerts (
    id cuid NOT NULL,
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    severity severity NOT NULL,
    status alert_status NOT NULL DEFAULT 'OPEN',
    message text NOT NULL,
    confidence alert_confidence NOT NULL DEFAULT 'MEDIUM',
    employee_id cuid,
    breach_id cuid,
    assignee_id cuid,
    acknowledged_at timestamptz(3),
    resolved_at timestamptz(3),
    resolution text,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    updated_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT alerts_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT alerts_outlive_their_employee
        FOREIGN KEY (company_id, employee_id) REFERENCES employees ON DELETE SET NULL (employee_id),
    CONSTRAINT alerts_outlive_their_breach FOREIGN KEY (breach_id) REFERENCES breaches ON DELETE SET NULL,
    CONSTRAINT alerts_outlive_their_assignee
        FOREIGN KEY (company_id, assignee_id) REFERENCES users ON DELETE SET NULL (assignee_id),
    CONSTRAINT resolved_alerts_have_a_resolution_time CHECK (status <> 'RESOLVED' OR resolved_at IS NOT NULL)
);
-- Every filter of the list ends in (created_at, id), so that any page of it is a range of an index.
CREATE INDEX alerts_by_age ON alerts (company_id, created_at, id);
CREATE INDEX alerts_by_status ON alerts (company_id, status, created_at, id);
CREATE INDEX alerts_by_severity ON alerts (company_id, severity, created_at, id);
CREATE INDEX alerts_by_employee ON alerts (company_id, employee_id, created_at, id);
CREATE INDEX alerts_by_breach ON alerts (company_id, breach_id, created_at, id);
CREATE INDEX alerts_by_assignee ON alerts (company_id, assignee_id, created_at, id) WHERE assignee_id IS NOT NULL;

CREATE TABLE alert_comments (
    id cuid NOT NULL,
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    alert_id cuid NOT NULL,
    author_id cuid,
    body text NOT NULL,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    updated_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT alert_comments_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT comments_go_with_their_alert FOREIGN KEY (company_id, alert_id) REFERENCES alerts ON DELETE CASCADE,
    CONSTRAINT comments_outlive_their_author FOREIGN KEY (company_id, author_id) REFERENCES users ON DELETE SET NULL (author_id),
    CONSTRAINT comments_say_something CHECK (body <> '')
);
CREATE INDEX alert_comments_by_alert ON alert_comments (company_id, alert_id, created_at, id);
CREATE INDEX alert_comments_by_author ON alert_comments (company_id, author_id) WHERE author_id IS NOT NULL;

CREATE TABLE api_credentials (
    id cuid NOT NULL,
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    provider api_provider NOT NULL,
    label text NOT NULL,
    encrypted_key bytea NOT NULL,
    key_hint text NOT NULL,
    status connect_status NOT NULL DEFAULT 'PENDING',
    last_used_at timestamptz(3),
    error_message text,
    requests_per_minute integer,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    updated_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT api_credentials_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT a_company_has_one_key_per_provider UNIQUE (company_id, provider),
    CONSTRAINT hints_show_at_most_four_characters CHECK (char_length(key_hint) <= 4),
    CONSTRAINT rates_are_positive CHECK (requests_per_minute > 0)
);

CREATE TABLE scan_runs (
    id cuid NOT NULL,
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    status sync_job_status NOT NULL DEFAULT 'PENDING',
    trigger text NOT NULL DEFAULT 'manual',
    started_by cuid,
    started_at timestamptz(3),
    finished_at timestamptz(3),
    -- where the run goes on after a kill
    cursor text,
    total integer NOT NULL DEFAULT 0,
    scanned integer NOT NULL DEFAULT 0,
    new_records integer NOT NULL DEFAULT 0,
    new_alerts integer NOT NULL DEFAULT 0,
    error_count integer NOT NULL DEFAULT 0,
    provider_progress jsonb NOT NULL DEFAULT '{}',
    error_message text,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    updated_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT scan_runs_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT scan_runs_outlive_who_started_them
        FOREIGN KEY (company_id, started_by) REFERENCES users ON DELETE SET NULL (started_by),
    CONSTRAINT scan_runs_have_a_known_trigger CHECK (trigger IN ('manual', 'schedule', 'command')),
    CONSTRAINT finished_scan_runs_have_a_time CHECK (status IN ('PENDING', 'RUNNING') OR finished_at IS NOT NULL)
);
CREATE UNIQUE INDEX one_scan_runs_at_a_time ON scan_runs (company_id) WHERE status IN ('PENDING', 'RUNNING');
CREATE INDEX scan_runs_by_age ON scan_runs (company_id, created_at, id);
CREATE INDEX scan_runs_by_user ON scan_runs (company_id, started_by) WHERE started_by IS NOT NULL;

-- The last outcome of asking a provider about a person. "Clean" is a row with CLEAN, never a missing row.
CREATE TABLE provider_coverage (
    company_id cuid NOT NULL,
    employee_id cuid NOT NULL,
    provider api_provider NOT NULL,
    outcome coverage_outcome NOT NULL,
    reason text,
    checked_at timestamptz(3) NOT NULL DEFAULT now(),
    -- the newest breach in the provider's catalogue at that time
    catalogue_marker text,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT provider_coverage_pkey PRIMARY KEY (company_id, employee_id, provider),
    CONSTRAINT coverage_goes_with_its_employee FOREIGN KEY (company_id, employee_id) REFERENCES employees ON DELETE CASCADE
) WITH (fillfactor = 80);
CREATE INDEX provider_coverage_by_age ON provider_coverage (company_id, provider, outcome, checked_at);

-- What is known of a provider's own catalogue, for the whole installation.
CREATE TABLE catalogue_state (
    provider api_provider NOT NULL,
    marker text,
    etag text,
    breach_count integer NOT NULL DEFAULT 0,
    synced_at timestamptz(3),
    checked_at timestamptz(3),
    error_message text,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    updated_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT catalogue_state_pkey PRIMARY KEY (provider)
);

SELECT keep_updated_at(name::regclass)
FROM unnest(ARRAY[
    'directory_connections', 'breaches', 'breach_records', 'alerts', 'alert_comments', 'api_credentials', 'scan_runs',
    'catalogue_state'
]) AS name;

-- Only a change of the person counts as one, not that a scan moved a counter. Under another address nothing has been asked yet.
CREATE FUNCTION touch_employee() RETURNS trigger
    LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.updated_at = OLD.updated_at THEN
        NEW.updated_at := now();
    END IF;
    IF NEW.email <> OLD.email THEN
        NEW.last_checked_at := NULL;
    END IF;
    RETURN NEW;
END
$$;
CREATE TRIGGER touch BEFORE UPDATE OF
    email, first_name, last_name, department, title, mfa_enabled, is_vip, source_connection_id, external_id, deactivated_at
    ON employees FOR EACH ROW EXECUTE FUNCTION touch_employee();
