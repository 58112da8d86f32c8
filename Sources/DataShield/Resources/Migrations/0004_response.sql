-- What is done about an alert: messages, remediation, the register, reports.

CREATE TABLE webhooks (
    id cuid NOT NULL,
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    label text NOT NULL,
    channel notification_channel NOT NULL DEFAULT 'WEBHOOK',
    encrypted_url bytea NOT NULL,
    url_hint text NOT NULL,
    min_severity severity NOT NULL DEFAULT 'MEDIUM',
    enabled boolean NOT NULL DEFAULT true,
    signing_secret_enc bytea,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    updated_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT webhooks_pkey PRIMARY KEY (company_id, id)
);
CREATE INDEX webhooks_by_age ON webhooks (company_id, created_at, id);

-- The outbox. A row is written in the transaction of what it tells, and sent afterwards, in the order of `sequence`.
CREATE TABLE deliveries (
    id cuid NOT NULL,
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    sequence bigint NOT NULL GENERATED ALWAYS AS IDENTITY,
    webhook_id cuid NOT NULL,
    alert_id cuid,
    event text NOT NULL,
    payload jsonb NOT NULL DEFAULT '{}',
    status delivery_status NOT NULL DEFAULT 'PENDING',
    attempts integer NOT NULL DEFAULT 0,
    next_attempt_at timestamptz(3) NOT NULL DEFAULT now(),
    delivered_at timestamptz(3),
    last_error text,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    updated_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT deliveries_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT deliveries_go_with_their_webhook FOREIGN KEY (company_id, webhook_id) REFERENCES webhooks ON DELETE CASCADE,
    CONSTRAINT deliveries_outlive_their_alert FOREIGN KEY (company_id, alert_id) REFERENCES alerts ON DELETE SET NULL (alert_id),
    CONSTRAINT delivered_deliveries_have_a_time CHECK (status <> 'DELIVERED' OR delivered_at IS NOT NULL)
);
CREATE INDEX deliveries_by_webhook ON deliveries (company_id, webhook_id, sequence);
CREATE INDEX deliveries_waiting ON deliveries (next_attempt_at, sequence) WHERE status = 'PENDING';
CREATE INDEX deliveries_by_alert ON deliveries (company_id, alert_id) WHERE alert_id IS NOT NULL;

CREATE TABLE delivery_attempts (
    id cuid NOT NULL,
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    delivery_id cuid NOT NULL,
    status_code integer,
    latency_ms integer NOT NULL,
    error text,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT delivery_attempts_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT attempts_go_with_their_delivery FOREIGN KEY (company_id, delivery_id) REFERENCES deliveries ON DELETE CASCADE
);
CREATE INDEX delivery_attempts_by_delivery ON delivery_attempts (company_id, delivery_id, created_at, id);

-- Append-only (0005). Person and alert are plain values, so that the log outlives them.
CREATE TABLE remediation_actions (
    id cuid NOT NULL,
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    action remediation_type NOT NULL,
    status remediation_status NOT NULL,
    target text NOT NULL,
    detail text,
    performed_by text,
    employee_id text,
    alert_id text,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT remediation_actions_pkey PRIMARY KEY (company_id, id)
);
CREATE INDEX remediation_actions_by_age ON remediation_actions (company_id, created_at, id);
CREATE INDEX remediation_actions_by_alert ON remediation_actions (company_id, alert_id);
CREATE INDEX remediation_actions_by_employee ON remediation_actions (company_id, employee_id);

-- The GDPR's register of breaches. Deadlines follow from detected_at and aware_at and are never stored.
CREATE TABLE exposure_register_entries (
    id cuid NOT NULL,
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    title text NOT NULL,
    detected_at timestamptz(3) NOT NULL,
    aware_at timestamptz(3),
    status register_status NOT NULL DEFAULT 'ASSESSING',
    affected_count integer NOT NULL DEFAULT 0,
    data_categories text[] NOT NULL DEFAULT '{}',
    assessment text,
    notified_at timestamptz(3),
    breach_id cuid,
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    updated_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT exposure_register_entries_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT entries_outlive_their_breach FOREIGN KEY (breach_id) REFERENCES breaches ON DELETE SET NULL,
    CONSTRAINT notified_entries_have_a_notification_time CHECK (status <> 'NOTIFIED' OR notified_at IS NOT NULL),
    CONSTRAINT affected_counts_are_not_negative CHECK (affected_count >= 0)
);
CREATE INDEX exposure_register_entries_by_detection ON exposure_register_entries (company_id, detected_at, id);
CREATE INDEX exposure_register_entries_by_status ON exposure_register_entries (company_id, status, detected_at, id);

CREATE TABLE report_schedules (
    id cuid NOT NULL,
    company_id cuid NOT NULL REFERENCES companies ON DELETE CASCADE,
    frequency schedule_frequency NOT NULL,
    recipients text[] NOT NULL,
    sections text[] NOT NULL,
    enabled boolean NOT NULL DEFAULT true,
    last_sent_at timestamptz(3),
    created_at timestamptz(3) NOT NULL DEFAULT now(),
    updated_at timestamptz(3) NOT NULL DEFAULT now(),
    CONSTRAINT report_schedules_pkey PRIMARY KEY (company_id, id),
    CONSTRAINT reports_have_a_recipient CHECK (cardinality(recipients) > 0)
);
CREATE INDEX report_schedules_by_age ON report_schedules (company_id, created_at, id);

SELECT keep_updated_at(name::regclass)
FROM unnest(ARRAY['webhooks', 'deliveries', 'exposure_register_entries', 'report_schedules']) AS name;
