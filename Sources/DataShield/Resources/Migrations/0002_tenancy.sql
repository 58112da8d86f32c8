-- Companies, their users, and how these sign in.
--
-- The key of a tenant table is (company_id, id), and a reference is (company_id, x_id): a row cannot point into another tenant,
-- and the schema can be sharded by company.

CREATE TABLE companies (
    id cuid NOT NULL,
    name text NOT NULL,
    domain text COLLATE "C" NOT NULL,
    logo_url text,
    risk_weights jsonb,
    remediation_enabled boolean NOT NULL DEFAULT false,
    siem_token_enc bytea,
    siem_token_hint text,
    siem_push_url_enc bytea,
    siem_push_hint text,
    siem_push_format text,
    siem_push_since timestamptz(3),
    scan_interval_minutes integer,
    last_scan_at timestamptz(3),
    timezone text NOT NULL DEFAULT 'UTC',
    retention_days integer,
    require_2fa boolean NOT NULL DEFAULT false,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    updated_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT companies_pkey PRIMARY KEY (id),
    CONSTRAINT domains_are_unique UNIQUE (domain),
    CONSTRAINT domains_are_lower_case CHECK (domain = lower(domain)),
    CONSTRAINT companies_have_a_name CHECK (name <> ''),
    CONSTRAINT scans_are_at_least_five_minutes_apart CHECK (scan_interval_minutes >= 5),
    CONSTRAINT retention_is_at_least_a_day CHECK (retention_days >= 1),
    CONSTRAINT risk_weights_are_an_object CHECK (jsonb_typeof(risk_weights) = 'object')
);
CREATE INDEX companies_with_a_schedule ON companies (last_scan_at) WHERE scan_interval_minutes IS NOT NULL;

CREATE TABLE users (
    id cuid NOT NULL,
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    email email_address NOT NULL,
    name text NOT NULL DEFAULT '',
    hashed_password text NOT NULL,
    role role NOT NULL DEFAULT 'VIEWER',
    active_preset_id cuid,
    totp_secret_enc bytea,
    totp_enabled_at timestamptz(3),
    totp_last_step bigint,
    must_change_password boolean NOT NULL DEFAULT false,
    disabled_at timestamptz(3),
    last_login_at timestamptz(3),
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    updated_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT users_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT addresses_of_users_are_unique UNIQUE (email)
);
CREATE INDEX users_by_age ON users (company_id, created_at, id);

CREATE TABLE dashboard_presets (
    id cuid NOT NULL,
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    name text NOT NULL,
    scope preset_scope NOT NULL DEFAULT 'PERSONAL',
    user_id cuid,
    layout jsonb NOT NULL,
    widgets jsonb NOT NULL,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    updated_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT dashboard_presets_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT presets_go_with_their_user FOREIGN KEY (company_id, user_id) REFERENCES users ON DELETE CASCADE,
    CONSTRAINT personal_presets_have_a_user CHECK ((scope = 'PERSONAL') = (user_id IS NOT NULL))
);
CREATE INDEX dashboard_presets_by_user ON dashboard_presets (company_id, user_id);
ALTER TABLE users ADD CONSTRAINT the_active_preset_is_forgotten_with_it
    FOREIGN KEY (company_id, active_preset_id) REFERENCES dashboard_presets ON DELETE SET NULL (active_preset_id);
CREATE INDEX users_by_active_preset ON users (company_id, active_preset_id) WHERE active_preset_id IS NOT NULL;

CREATE TABLE dashboard_configs (
    id cuid NOT NULL,
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    user_id cuid NOT NULL,
    layout jsonb NOT NULL,
    widgets jsonb NOT NULL,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    updated_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT dashboard_configs_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT a_user_has_one_dashboard UNIQUE (company_id, user_id),
    CONSTRAINT dashboards_go_with_their_user FOREIGN KEY (company_id, user_id) REFERENCES users ON DELETE CASCADE
);

-- A signed-in browser. The cookie's value is not here, only its SHA-256.
CREATE TABLE sessions (
    id cuid NOT NULL,
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    user_id cuid NOT NULL,
    token_hash bytea NOT NULL,
    ip text,
    user_agent text,
    last_seen_at timestamptz(3) NOT NULL DEFAULT now(),
    expires_at timestamptz(3) NOT NULL,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT sessions_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT session_tokens_are_unique UNIQUE (token_hash),
    CONSTRAINT sessions_go_with_their_user FOREIGN KEY (company_id, user_id) REFERENCES users ON DELETE CASCADE,
    CONSTRAINT session_tokens_are_hashed CHECK (octet_length(token_hash) = 32)
);
CREATE INDEX sessions_by_user ON sessions (company_id, user_id, last_seen_at);
CREATE INDEX sessions_by_expiry ON sessions (expires_at);

CREATE TABLE api_tokens (
    id cuid NOT NULL,
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    user_id cuid,
    label text NOT NULL,
    token_hash bytea NOT NULL,
    token_hint text NOT NULL,
    role role NOT NULL DEFAULT 'VIEWER',
    expires_at timestamptz(3),
    last_used_at timestamptz(3),
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT api_tokens_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT api_tokens_are_unique UNIQUE (token_hash),
    CONSTRAINT api_tokens_go_with_their_user FOREIGN KEY (company_id, user_id) REFERENCES users ON DELETE CASCADE,
    CONSTRAINT api_tokens_are_hashed CHECK (octet_length(token_hash) = 32)
);
CREATE INDEX api_tokens_by_user ON api_tokens (company_id, user_id);

-- Second factor: codes for the day the phone is lost, each good once.
CREATE TABLE recovery_codes (
    id cuid NOT NULL,
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    user_id cuid NOT NULL,
    code_hash bytea NOT NULL,
    used_at timestamptz(3),
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT recovery_codes_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT recovery_codes_of_a_user_differ UNIQUE (company_id, user_id, code_hash),
    CONSTRAINT recovery_codes_go_with_their_user FOREIGN KEY (company_id, user_id) REFERENCES users ON DELETE CASCADE
);

-- Failed sign-ins, for throttling per address and per source. Belongs to no company: the address may be nobody's.
CREATE TABLE login_attempts (
    id cuid NOT NULL,
    kind text NOT NULL,
    key text COLLATE "C" NOT NULL,
    failed_at timestamptz(3) NOT NULL DEFAULT now(),
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT login_attempts_pkey PRIMARY KEY (id)
);
CREATE INDEX login_attempts_by_key ON login_attempts (kind, key, failed_at);
CREATE INDEX login_attempts_by_age ON login_attempts (failed_at);

SELECT keep_updated_at(name::regclass) FROM unnest(ARRAY['companies', 'users', 'dashboard_presets', 'dashboard_configs']) AS name;
