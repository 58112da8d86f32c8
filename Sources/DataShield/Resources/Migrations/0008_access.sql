-- Who may what. Row-level security says which rows, these grants say which tables and how.

SELECT isolate_tenant_table('companies', 'id');
SELECT isolate_tenant_table(name::regclass)
FROM unnest(ARRAY[
    'users', 'dashboard_presets', 'dashboard_configs', 'sessions', 'api_tokens', 'recovery_codes',
    'directory_connections', 'employees', 'breach_records', 'alerts', 'alert_comments', 'api_credentials', 'scan_runs',
    'provider_coverage', 'webhooks', 'deliveries', 'delivery_attempts', 'remediation_actions', 'exposure_register_entries',
    'report_schedules', 'audit_events', 'audit_chains', 'jobs',
    'alert_counts', 'department_counts', 'record_counts', 'breach_counts', 'data_type_counts', 'coverage_counts'
]) AS name;

-- Rows of the tenant that may be read and written.
GRANT SELECT, INSERT, UPDATE, DELETE ON
    users, dashboard_presets, dashboard_configs, sessions, api_tokens, recovery_codes,
    directory_connections, employees, breach_records, alerts, alert_comments, api_credentials, scan_runs,
    provider_coverage, webhooks, deliveries, delivery_attempts, exposure_register_entries, report_schedules
    TO datashield_app, datashield_system;

-- A company is made, moved to another domain and deleted by the system only.
GRANT SELECT ON companies TO datashield_app;
GRANT UPDATE (
    name, logo_url, risk_weights, remediation_enabled, siem_token_enc, siem_token_hint, siem_push_url_enc, siem_push_hint,
    siem_push_format, siem_push_since, scan_interval_minutes, last_scan_at, timezone, retention_days, require_2fa, updated_at
) ON companies TO datashield_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON companies TO datashield_system;

-- The catalogue grows and improves, by scans too, and never shrinks.
GRANT SELECT, INSERT, UPDATE ON breaches TO datashield_app, datashield_system;
GRANT SELECT ON catalogue_state TO datashield_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON catalogue_state, login_attempts TO datashield_system;

-- Append-only.
GRANT SELECT, INSERT ON audit_events, remediation_actions TO datashield_app, datashield_system;
GRANT SELECT ON audit_chains TO datashield_app;
GRANT SELECT, INSERT, UPDATE ON audit_chains TO datashield_system;

-- The app enqueues and looks; the worker is the system.
GRANT SELECT, INSERT ON jobs TO datashield_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON jobs TO datashield_system;

-- The app reads counts, triggers write them.
GRANT SELECT ON alert_counts, department_counts, record_counts, breach_counts, data_type_counts, coverage_counts TO datashield_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON
    alert_counts, department_counts, record_counts, breach_counts, data_type_counts, coverage_counts TO datashield_system;

-- Functions that write on behalf of the app belong to the system role, never to the owner: they can do what it can, no more.
-- Who takes a function over needs CREATE on the schema for that moment.
GRANT CREATE ON SCHEMA public TO datashield_system;
DO $$
DECLARE
    function regprocedure;
BEGIN
    FOR function IN
        SELECT oid FROM pg_catalog.pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef
    LOOP
        EXECUTE format('ALTER FUNCTION %s OWNER TO datashield_system', function);
    END LOOP;
END
$$;
REVOKE CREATE ON SCHEMA public FROM datashield_system;
