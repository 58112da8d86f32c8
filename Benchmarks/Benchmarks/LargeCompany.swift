import DataShield
import Foundation
import Postgres

/// A company of 100,000 people with 1,000,000 records and 500,000 alerts. Making it takes minutes: the benchmarks that look at it share it.
actor LargeCompany {
    static let shared = LargeCompany()
    static let domain = "large.example"
    static let people = 100_000
    private static let breaches = 1_000
    private static let recordsPerPerson = 10
    private static let alertsPerPerson = 5

    private var opening: Task<(Site, Site.Tenant), any Error>?

    /// The site, made by whoever asks first.
    func site(in environment: BenchmarkEnvironment) async throws -> (Site, Site.Tenant) {
        if let opening { return try await opening.value }
        let task = Task {
            let site = try await Site.open("bench_large", in: environment, prepare: LargeCompany.fill)
            do {
                return (site, try await site.signIn(domain: LargeCompany.domain))
            } catch {
                try await site.close()
                throw error
            }
        }
        opening = task
        return try await task.value
    }

    /// Removes the site when there is one.
    func close() async throws {
        guard let opening else { return }
        self.opening = nil
        try await opening.value.0.close()
    }

    private static func fill(_ pool: PostgresPool) async throws {
        // The same rows each time: what they say follows from their number.
        let id: @Sendable (String) -> SQL = { number in SQL(unsafe: "('c' || lpad((\(number))::text, 24, '0'))") }
        let company = id("1")
        // The references are right by themselves, so that only the triggers that count and those that keep states have to run.
        let tables = ["breach_records", "alerts"]
        for (table, keeper) in zip(tables, ["keep_state_on_insert", "copy_state_on_insert"]) {
            try await pool.execute("ALTER TABLE \(identifier: table) DISABLE TRIGGER ALL")
            try await pool.execute("ALTER TABLE \(identifier: table) ENABLE TRIGGER count_insert")
            try await pool.execute("ALTER TABLE \(identifier: table) ENABLE TRIGGER \(identifier: keeper)")
        }
        // The scores follow from the answers, which come last.
        try await pool.execute("ALTER TABLE alerts ENABLE TRIGGER weigh_insert")
        for statement: SQL in [
            "INSERT INTO companies (id, name, domain) VALUES (\(company), 'Large', \(domain))",
            """
            INSERT INTO breaches (id, name, canonical_key, title, source, breach_date, added_at, data_types, is_verified)
            SELECT \(id("n")), 'Breach' || n, 'breach' || n, 'Breach ' || n, 'HIBP', date '2015-01-01' + n, now(),
                ARRAY['email', 'password'], true
            FROM generate_series(1, \(breaches)::int) AS n
            """,
            """
            INSERT INTO employees (id, company_id, email, first_name, last_name, department, title, mfa_enabled, last_checked_at, created_at)
            SELECT \(id("n")), \(company), 'person.' || n || '@large.example', 'First' || n % 997, 'Last' || n % 4999, 'Department ' || n % 24,
                'Title ' || n % 60, n % 3 = 0, now(), now() - n * interval '5 minutes'
            FROM generate_series(1, \(people)::int) AS n
            """,
            """
            INSERT INTO breach_records (id, company_id, employee_id, breach_id, exposed_data, sources, detected_at)
            SELECT \(id("n * 10 + k")), \(company), \(id("n")), \(id("(n * 7 + k * 101) % 1000 + 1")), ARRAY['email', 'password', 'name'],
                ARRAY['HIBP']::api_provider[], now() - (n * 7919::bigint % 31536000) * interval '1 second'
            FROM generate_series(1, \(people)::int) AS n, generate_series(0, \(recordsPerPerson - 1)::int) AS k
            """,
            """
            INSERT INTO alerts (id, company_id, severity, status, message, employee_id, breach_id, acknowledged_at, resolved_at, created_at)
            SELECT \(id("n * 10 + k")), \(company), (ARRAY['CRITICAL', 'HIGH', 'MEDIUM', 'LOW']::severity[])[1 + (n + k) % 4],
                (ARRAY['OPEN', 'OPEN', 'OPEN', 'ACKNOWLEDGED', 'RESOLVED']::alert_status[])[1 + (n * 3 + k) % 5],
                'First' || n % 997 || ' Last' || n % 4999 || ' was found in Breach ' || (n * 7 + k * 101) % 1000 + 1, \(id("n")),
                \(id("(n * 7 + k * 101) % 1000 + 1")), now(), now(), now() - (n * 7919::bigint % 31536000 + k) * interval '1 second'
            FROM generate_series(1, \(people)::int) AS n, generate_series(0, \(alertsPerPerson - 1)::int) AS k
            """,
            """
            INSERT INTO provider_coverage (company_id, employee_id, provider, outcome)
            SELECT \(company), \(id("n")), 'HIBP', (CASE WHEN n % 50 = 0 THEN 'UNKNOWN' ELSE 'EXPOSED' END)::coverage_outcome
            FROM generate_series(1, \(people)::int) AS n
            """,
        ] {
            try await pool.execute(statement)
        }
        for table in tables { try await pool.execute("ALTER TABLE \(identifier: table) ENABLE TRIGGER ALL") }
        try await pool.execute("VACUUM (ANALYZE)")
        try await pool.execute("CHECKPOINT")
    }
}
