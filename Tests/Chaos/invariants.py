"""What has to be so at any moment, whatever was killed: asked of the database in one statement each, so of one moment."""

# What is counted by triggers, and the same counted anew.
COUNTS = {
    "alert_counts": (
        "SELECT company_id, day, severity, status, count FROM alert_counts WHERE count <> 0",
        "SELECT company_id, (created_at AT TIME ZONE 'UTC')::date, severity, status, count(*) FROM alerts GROUP BY 1, 2, 3, 4",
    ),
    "department_counts": (
        """SELECT company_id, department, people, exposed, records, open_alerts, risk_weight, mfa_enabled, mfa_disabled, mfa_unknown, exposed_without_mfa
        FROM department_counts WHERE people <> 0""",
        """SELECT company_id, coalesce(department, ''), count(*), count(*) FILTER (WHERE record_count > 0), sum(record_count)::int8,
            sum(open_alert_count)::int8, sum(risk_weight)::int8, count(*) FILTER (WHERE mfa_enabled), count(*) FILTER (WHERE NOT mfa_enabled),
            count(*) FILTER (WHERE mfa_enabled IS NULL), count(*) FILTER (WHERE NOT mfa_enabled AND record_count > 0)
        FROM employees WHERE deactivated_at IS NULL GROUP BY 1, 2""",
    ),
    "alert_state_counts": (
        "SELECT company_id, status, severity, state, count FROM alert_state_counts WHERE count <> 0",
        "SELECT company_id, status, severity, alert_state(state, certainty), count(*) FROM alerts GROUP BY 1, 2, 3, 4",
    ),
    "answers about people": (
        "SELECT company_id, id, answer_count::int8 FROM employees",
        """SELECT e.company_id, e.id, (SELECT count(*) FROM provider_coverage p
            WHERE p.company_id = e.company_id AND p.employee_id = e.id AND p.outcome <> 'UNKNOWN') FROM employees e""",
    ),
    "record_counts": (
        "SELECT company_id, day, records FROM record_counts WHERE records <> 0",
        "SELECT company_id, (detected_at AT TIME ZONE 'UTC')::date, count(*) FROM breach_records GROUP BY 1, 2",
    ),
    "breach_counts": (
        "SELECT company_id, breach_id, people FROM breach_counts WHERE people <> 0",
        "SELECT company_id, breach_id, count(*) FROM breach_records GROUP BY 1, 2",
    ),
    "data_type_counts": (
        "SELECT company_id, data_type, records FROM data_type_counts WHERE records <> 0",
        "SELECT company_id, kind, count(*) FROM breach_records, unnest(exposed_data) AS kind GROUP BY 1, 2",
    ),
    "coverage_counts": (
        "SELECT company_id, provider, outcome, people FROM coverage_counts WHERE people <> 0",
        "SELECT company_id, provider, outcome, count(*) FROM provider_coverage GROUP BY 1, 2, 3",
    ),
    "provider_counts": (
        "SELECT company_id, provider, records, only_here, first_here FROM provider_counts WHERE records <> 0",
        """SELECT company_id, provider, count(*), count(*) FILTER (WHERE cardinality(sources) = 1), count(*) FILTER (WHERE place = 1)
        FROM breach_records, unnest(sources) WITH ORDINALITY AS source (provider, place) GROUP BY 1, 2""",
    ),
    "counts of people": (
        "SELECT company_id, id, record_count::int8, open_alert_count::int8, latest_detection_at FROM employees",
        """SELECT e.company_id, e.id,
            (SELECT count(*) FROM breach_records r WHERE r.company_id = e.company_id AND r.employee_id = e.id),
            (SELECT count(*) FROM alerts a WHERE a.company_id = e.company_id AND a.employee_id = e.id AND a.status = 'OPEN'),
            (SELECT max(detected_at) FROM breach_records r WHERE r.company_id = e.company_id AND r.employee_id = e.id)
        FROM employees e""",
    ),
}

# What must be empty at any moment.
NEVER = {
    "a person is once in a breach": "SELECT employee_id, breach_id FROM breach_records GROUP BY 1, 2 HAVING count(*) > 1",
    "a record has one alert that is not resolved": """SELECT employee_id, breach_id FROM alerts WHERE status <> 'RESOLVED' AND employee_id IS NOT NULL
        GROUP BY 1, 2 HAVING count(*) > 1""",
    "no record is without its alert": """SELECT r.id FROM breach_records r JOIN breaches b ON b.id = r.breach_id
        WHERE NOT (b.is_fabricated OR b.is_spam_list OR b.is_retired)
        AND NOT EXISTS (SELECT FROM alerts a WHERE a.company_id = r.company_id AND a.employee_id = r.employee_id AND a.breach_id = r.breach_id)""",
    "no audit trail is broken": """SELECT c.domain, event FROM companies c, LATERAL broken_audit_event(c.id) AS event
        WHERE event IS NOT NULL""",
    "no job is given up": "SELECT kind, attempts, last_error FROM jobs WHERE status = 'FAILED'",
    # The schedule ends what a kill left behind between the end of a job and what is said of it, some minutes later.
    "no run is under way without a live job": """SELECT r.* FROM (
            SELECT 'scan' AS kind, id::text, status, updated_at FROM scan_runs UNION ALL SELECT 'sync', id::text, status, updated_at FROM sync_runs) r
        WHERE r.status IN ('PENDING', 'RUNNING') AND r.updated_at < now() - interval '7 minutes'
        AND NOT EXISTS (SELECT FROM jobs j WHERE j.dedupe_key = r.kind || ':' || r.id AND j.status IN ('PENDING', 'RUNNING'))""",
    "nobody's person is another's": """SELECT c.domain, e.email FROM employees e JOIN companies c ON c.id = e.company_id
        WHERE split_part(e.email, '@', 2) <> c.domain AND c.domain NOT LIKE 'okta-%'""",
    "what is done has a time": """SELECT id FROM remediation_requests WHERE status IN ('DONE', 'FAILED', 'REFUSED') AND finished_at IS NULL""",
}


def check(world):
    for name, (kept, counted) in COUNTS.items():
        rows = world.ask(
            f"WITH kept AS ({kept}), counted AS ({counted}) "
            "(SELECT 'kept', * FROM (TABLE kept EXCEPT ALL TABLE counted) k) UNION ALL (SELECT 'counted', * FROM (TABLE counted EXCEPT ALL TABLE kept) n)"
        )
        world.ledger.hold(f"counters are right: {name}", rows)
    for name, question in NEVER.items():
        world.ledger.hold(name, world.ask(question))


# What is left of readings that have ended.
LEFT = {
    "no checkpoint is left of a reading that has ended": "SELECT encode(source, 'hex'), checkpoint FROM ingest_checkpoints",
    "no finished file is left of a reading that has ended": "SELECT run_id, count(*) FROM ingest_files GROUP BY 1",
}


def check_left(world):
    for name, question in LEFT.items():
        # The schedule comes by every ten seconds.
        world.until(lambda: not world.ask(question), name, is_needed=False)
        world.ledger.hold(name, world.ask(question))
