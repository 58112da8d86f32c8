import DataShield
import DataShieldTestSupport
import Foundation
import Postgres
import Testing

/// The counts that triggers keep are those that a recount finds, after whatever was done.
@Suite(.freshDatabasePerTest) struct RollupTests {
    private var database: TestDatabase { .current }

    /// Each query finds the rows in which the kept counts and a recount differ.
    private static let differences: [(name: String, sql: String)] = [
        (
            "employees",
            """
            SELECT e.id, e.record_count, e.open_alert_count, e.latest_detection_at FROM employees e
            WHERE (e.record_count, e.open_alert_count) IS DISTINCT FROM (
                    (SELECT count(*) FROM breach_records r WHERE r.employee_id = e.id)::int,
                    (SELECT count(*) FROM alerts a WHERE a.employee_id = e.id AND a.status = 'OPEN')::int)
                OR e.latest_detection_at IS DISTINCT FROM (SELECT max(detected_at) FROM breach_records r WHERE r.employee_id = e.id)
            """
        ),
        (
            "alert_counts",
            """
            (SELECT company_id, day, severity, status, count FROM alert_counts WHERE count <> 0)
            \u{0} (SELECT company_id, (created_at AT TIME ZONE 'UTC')::date, severity, status, count(*) FROM alerts GROUP BY 1, 2, 3, 4)
            """
        ),
        (
            "department_counts",
            """
            (SELECT company_id, department, people, exposed, records, open_alerts, risk_weight, mfa_enabled, mfa_disabled, mfa_unknown,
                exposed_without_mfa FROM department_counts WHERE people <> 0)
            \u{0} (SELECT company_id, coalesce(department, ''), count(*), count(*) FILTER (WHERE record_count > 0), sum(record_count),
                sum(open_alert_count), sum(risk_weight), count(*) FILTER (WHERE mfa_enabled), count(*) FILTER (WHERE NOT mfa_enabled),
                count(*) FILTER (WHERE mfa_enabled IS NULL), count(*) FILTER (WHERE NOT mfa_enabled AND record_count > 0)
                FROM employees WHERE deactivated_at IS NULL GROUP BY 1, 2)
            """
        ),
        (
            "alert_state_counts",
            """
            (SELECT company_id, status, severity, state, count FROM alert_state_counts WHERE count <> 0)
            \u{0} (SELECT company_id, status, severity, alert_state(state, certainty), count(*) FROM alerts GROUP BY 1, 2, 3, 4)
            """
        ),
        (
            // The names stay when the person or the breach goes.
            "copies",
            """
            SELECT a.id FROM alerts a
            LEFT JOIN employees e ON e.company_id = a.company_id AND e.id = a.employee_id
            LEFT JOIN breaches b ON b.id = a.breach_id
            LEFT JOIN breach_records r ON r.company_id = a.company_id AND r.employee_id = a.employee_id AND r.breach_id = a.breach_id
            WHERE e.id IS NOT NULL AND (a.employee_name, a.employee_email, a.department) IS DISTINCT FROM
                    (person_name(e.first_name, e.last_name, e.email), e.email::text, e.department)
                OR b.id IS NOT NULL AND a.breach_title <> coalesce(nullif(b.title, ''), b.name)
                OR a.urgency <> CASE WHEN e.id IS NULL THEN 0 ELSE alert_urgency(
                    r.state, r.certainty, r.worst_credential, r.is_from_malware, r.has_company_site, e.mfa_enabled, e.is_vip) END
                OR b.id IS NOT NULL AND e.id IS NOT NULL AND a.exposed_at <> exposure_time(r.captured_at, b.breach_date)
            """
        ),
        (
            "answers",
            """
            SELECT e.id FROM employees e WHERE e.answer_count <> (
                SELECT count(*) FROM provider_coverage p WHERE p.company_id = e.company_id AND p.employee_id = e.id AND p.outcome <> 'UNKNOWN')
            """
        ),
        (
            // A day that has passed meanwhile may be a point.
            "scores",
            """
            SELECT e.id FROM employees e, risk_parts(ARRAY[e.company_id::text], ARRAY[e.id::text], now()) p
            WHERE (e.risk_score IS NOT NULL) <> p.is_known OR e.risk_weight <> 10 * p.weight OR abs(e.risk_score - least(100, 30 * p.session
                + 25 * p.recency + 20 * p.critical_data + 15 * p.domain_match + 10 * p.open_alerts + 10 * p.breaches)) > 0.6
            """
        ),
        (
            "breach_counts",
            "(SELECT company_id, breach_id, people FROM breach_counts WHERE people <> 0) \u{0} (SELECT company_id, breach_id, count(*) FROM breach_records GROUP BY 1, 2)"
        ),
        (
            "data_type_counts",
            "(SELECT company_id, data_type, records FROM data_type_counts WHERE records <> 0) \u{0} (SELECT company_id, t, count(*) FROM breach_records, unnest(exposed_data) t GROUP BY 1, 2)"
        ),
        (
            "record_counts",
            "(SELECT company_id, day, records FROM record_counts WHERE records <> 0) \u{0} (SELECT company_id, (detected_at AT TIME ZONE 'UTC')::date, count(*) FROM breach_records GROUP BY 1, 2)"
        ),
        (
            "provider_counts",
            """
            (SELECT company_id, provider, records, only_here, first_here FROM provider_counts WHERE (records, only_here, first_here) <> (0, 0, 0))
            \u{0} (SELECT company_id, p, count(*), count(*) FILTER (WHERE cardinality(sources) = 1), count(*) FILTER (WHERE n = 1)
                FROM breach_records, unnest(sources) WITH ORDINALITY AS s (p, n) GROUP BY 1, 2)
            """
        ),
        (
            "coverage_counts",
            "(SELECT company_id, provider, outcome, people FROM coverage_counts WHERE people <> 0) \u{0} (SELECT company_id, provider, outcome, count(*) FROM provider_coverage GROUP BY 1, 2, 3)"
        ),
    ]

    /// The counts that a recount of the whole database contradicts.
    /// - Parameter absent: what a schema of before has not got.
    static func wrongCounts(_ owner: PostgresPool, but absent: Set<String> = []) async throws -> [String] {
        var wrong: [String] = []
        for (name, sql) in Self.differences where !absent.contains(name) {
            let sides = sql.split(separator: "\u{0}").map(String.init)
            let query = sides.count == 1 ? sql : "(\(sides[0]) EXCEPT ALL \(sides[1])) UNION ALL (\(sides[1]) EXCEPT ALL \(sides[0]))"
            let count = try await owner.first(SQL(unsafe: "SELECT count(*) FROM (\(query)) AS different"), as: Int.self)
            if count != 0 { wrong.append(name) }
        }
        return wrong
    }

    private func check(_ comment: String) async throws {
        #expect(try await Self.wrongCounts(database.owner) == [], "after \(comment)")
    }

    /// Operations as the program does them, one row and many at a time; % is a random number.
    private static let operations = [
        "INSERT INTO employees (id, company_id, email, department, mfa_enabled) SELECT new_id(), current_company(), new_id() || '@x.example', 'D' || n % 3, (ARRAY[true, false, null])[n % 3 + 1] FROM generate_series(1, % % 20) n",
        "INSERT INTO breach_records (id, company_id, employee_id, breach_id, exposed_data, sources, detected_at) SELECT new_id(), e.company_id, e.id, b.id, (ARRAY['email', 'password', 'name'])[1:% % 4], (ARRAY['HIBP', 'INTELX', 'SNUSBASE']::api_provider[])[1:hashtext(e.id) & 3], now() - (% % 90) * interval '1 day' FROM employees e, breaches b WHERE (hashtext(e.id || b.id) + %) % 5 = 0 ON CONFLICT DO NOTHING",
        "INSERT INTO alerts (id, company_id, severity, message, employee_id, breach_id, created_at) SELECT new_id(), company_id, (ARRAY['CRITICAL', 'HIGH', 'LOW']::severity[])[abs(hashtext(id)) % 3 + 1], 'x', employee_id, breach_id, now() - (% % 9) * interval '1 day' FROM breach_records WHERE (hashtext(id) + %) % 3 = 0",
        "UPDATE alerts SET status = 'ACKNOWLEDGED', acknowledged_at = now() WHERE (hashtext(id) + %) % 4 = 0",
        "UPDATE alerts SET status = 'RESOLVED', resolved_at = now() WHERE (hashtext(id) + %) % 6 = 0",
        "UPDATE alerts SET status = 'OPEN' WHERE (hashtext(id) + %) % 5 = 0",
        "UPDATE alerts SET severity = 'CRITICAL' WHERE (hashtext(id) + %) % 7 = 0",
        "UPDATE alerts SET message = 'y' WHERE (hashtext(id) + %) % 2 = 0",
        "UPDATE alerts SET employee_id = (SELECT min(id) FROM employees) WHERE (hashtext(id) + %) % 11 = 0",
        "UPDATE breach_records SET exposed_data = exposed_data || 'phone'::text, sources = '{LEAKCHECK}' WHERE (hashtext(id) + %) % 4 = 0 AND NOT 'phone' = ANY (exposed_data)",
        "UPDATE breach_records SET detected_at = now(), sources = array_prepend('DEHASHED'::api_provider, array_remove(sources, 'DEHASHED')) WHERE (hashtext(id) + %) % 9 = 0",
        "DELETE FROM breach_records WHERE (hashtext(id) + %) % 8 = 0",
        "DELETE FROM alerts WHERE (hashtext(id) + %) % 10 = 0",
        "UPDATE employees SET department = (ARRAY['D1', 'D2', null])[% % 3 + 1] WHERE (hashtext(id) + %) % 5 = 0",
        "UPDATE employees SET mfa_enabled = NOT coalesce(mfa_enabled, false) WHERE (hashtext(id) + %) % 3 = 0",
        "UPDATE breach_records SET artifacts = '{COOKIE,PASSWORD}', captured_at = now() - (% % 200) * interval '1 day' WHERE (hashtext(id) + %) % 4 = 0",
        "UPDATE employees SET password_changed_at = now() - (% % 200) * interval '1 day' WHERE (hashtext(id) + %) % 3 = 0",
        "UPDATE employees SET sessions_valid_from = now() - (% % 200) * interval '1 day' WHERE (hashtext(id) + %) % 3 = 0",
        "UPDATE employees SET is_vip = NOT is_vip, first_name = 'F' || % % 7, last_name = left('L', % % 2) WHERE (hashtext(id) + %) % 3 = 0",
        "UPDATE breaches SET title = left('Title', % % 6), breach_date = current_date - % % 900 WHERE (hashtext(id) + %) % 2 = 0",
        "UPDATE employees SET deactivated_at = now() WHERE (hashtext(id) + %) % 6 = 0",
        "UPDATE employees SET deactivated_at = null WHERE (hashtext(id) + %) % 4 = 0",
        "INSERT INTO provider_coverage (company_id, employee_id, provider, outcome) SELECT company_id, id, 'HIBP', (ARRAY['CLEAN', 'EXPOSED', 'UNKNOWN']::coverage_outcome[])[% % 3 + 1] FROM employees WHERE (hashtext(id) + %) % 2 = 0 AND deactivated_at IS NULL ON CONFLICT (company_id, employee_id, provider) DO UPDATE SET outcome = excluded.outcome",
        "UPDATE employees SET email = 'z' || email WHERE (hashtext(id) + %) % 13 = 0 AND length(email) < 200",
        "INSERT INTO provider_coverage (company_id, employee_id, provider, outcome) SELECT company_id, id, 'DEHASHED', (ARRAY['CLEAN', 'EXPOSED', 'UNKNOWN']::coverage_outcome[])[% % 3 + 1] FROM employees WHERE (hashtext(id) + %) % 3 = 0 AND deactivated_at IS NULL ON CONFLICT (company_id, employee_id, provider) DO UPDATE SET outcome = excluded.outcome",
        "UPDATE employees SET email = 'z@' || (SELECT domain FROM companies LIMIT 1) WHERE id = (SELECT min(id) FROM employees)",
        "DELETE FROM employees WHERE (hashtext(id) + %) % 12 = 0",
    ]

    @Test(arguments: [2, 3, 5] as [UInt64]) func `after random operations all counts are those of a recount`(seed: UInt64) async throws {
        var random = SeededRandom(state: seed)
        try await database.owner.transaction { db in
            // The same ids in each run, as they decide what is changed.
            try await db.executeScript(
                """
                CREATE SEQUENCE numbers;
                GRANT USAGE ON SEQUENCE numbers TO datashield_app;
                CREATE FUNCTION new_id() RETURNS text LANGUAGE sql VOLATILE
                AS $$ SELECT 'c' || left(encode(sha256(nextval('numbers')::text::bytea), 'hex'), 24) $$;
                INSERT INTO breaches (id, name, canonical_key, source) SELECT new_id(), 'B' || n, 'b' || n, 'HIBP' FROM generate_series(1, 4) n;
                """)
        }
        var companies = [try await database.makeCompany(), try await database.makeCompany()]
        var done: [String] = []
        for _ in 0..<40 {
            let company = companies[Int(random.next() % UInt64(companies.count))]
            // Rows must come faster than they go.
            let choice = random.next() % 3 == 0 ? 3 : UInt64(Self.operations.count)
            var operation = Self.operations[Int(random.next() % choice)]
            // "% %" is a random number modulo something; a lone % is one too.
            while let mark = operation.range(of: "% %") ?? operation.range(of: "+ %)") {
                let number = String(random.next() % 1000)
                operation.replaceSubrange(mark, with: operation[mark] == "% %" ? "\(number) \u{1}" : "+ \(number))")
            }
            let statement = SQL(unsafe: operation.replacing("\u{1}", with: "%"))
            try await database.tenant.transaction(for: company) { _ = try await $0.execute(statement) }
            done.append(String(operation.prefix(60)))
        }
        try await check("seed \(seed): \(done)")
        #expect(try await database.owner.first("SELECT count(*) FROM alerts", as: Int.self) ?? 0 > 0)
        // A breach and a company go, with all that hangs on them.
        try await database.owner.execute("DELETE FROM breaches WHERE id = (SELECT min(id) FROM breaches)")
        try await check("the deletion of a breach")
        try await database.system.execute("DELETE FROM companies WHERE id = \(companies.removeLast())")
        try await check("the deletion of a company")
    }

    @Test func `writers at the same time lose no count`() async throws {
        let company = try await database.makeCompany()
        var people: [EmployeeID] = []
        for _ in 0..<6 { people.append(try await database.makeEmployee(in: company)) }
        let staff = people
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<24 {
                group.addTask {
                    _ = try await database.makeAlert(in: company, status: number % 3 == 0 ? .resolved : .open, employee: staff[number % 6])
                }
                group.addTask {
                    let breach = try await database.makeBreach()
                    _ = try await database.makeBreachRecord(in: company, employee: staff[number % 6], breach: breach)
                }
            }
            try await group.waitForAll()
        }
        try await check("writers at the same time")
        let totals: SQL = "SELECT records, open_alerts FROM department_counts"
        var row = try #require(try await database.tenant.transaction(for: company) { try await $0.query(totals).first })
        #expect(try row.next(as: Int.self) == 24)
        #expect(try row.next(as: Int.self) == 16)
    }

    @Test func `what was answered about another address is forgotten`() async throws {
        let company = try await database.makeCompany()
        let people = [
            try await database.makeEmployee(in: company), try await database.makeEmployee(in: company), try await database.makeEmployee(in: company),
        ]
        try await database.tenant.transaction(for: company) { db in
            try await db.execute(
                "INSERT INTO provider_coverage (company_id, employee_id, provider, outcome) SELECT company_id, id, 'HIBP', 'CLEAN' FROM employees")
            try await db.execute("UPDATE employees SET email = 'new@x.example', last_checked_at = now() WHERE id = \(people[0])")
            try await db.execute("UPDATE employees SET deactivated_at = now() WHERE id = \(people[1])")
            try await db.execute("UPDATE employees SET title = 'Chief' WHERE id = \(people[2])")
        }
        let covered: SQL = "SELECT employee_id FROM provider_coverage"
        #expect(try await database.tenant.query(for: company, covered, as: EmployeeID.self) == [people[2]])
    }
}

/// Random numbers that a seed repeats.
private struct SeededRandom {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return (z ^ (z >> 31)) & 0x7fff_ffff
    }
}
