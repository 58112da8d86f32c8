import DataShield
import Foundation
import HTTPClient
import Postgres
import Sandbox

/// Syncs of large directories: OpenLDAP against ldapsearch, and the stand-in of Entra against fetching its pages alone.
struct DirectorySyncBenchmark: Benchmark {
    let name = "directories"
    let summary = "Syncs of 50,000 people from slapd against ldapsearch, and of 100,000 from Entra's stand-in against its pages"

    private static let peopleInLDAP = 50_000
    private static let peopleInEntra = 100_000
    private static let rounds = 3

    func run(in environment: BenchmarkEnvironment) async throws -> [Measurement] {
        try await ldap(environment) + entra(environment)
    }

    // MARK: LDAP

    private func ldap(_ environment: BenchmarkEnvironment) async throws -> [Measurement] {
        let slapd = try await RunningProgram.start("scripts/slapd-demo", ["--people", "\(Self.peopleInLDAP)", "--domain", "large.example"])
        let result: Result<[Measurement], any Error>
        do {
            let said = try await slapd.lines { $0.hasPrefix("DataShield reaches") }
            func value(_ name: String) throws -> String {
                guard let line = said.first(where: { $0.contains("\(name):") }), let value = line.split(separator: " ").last else {
                    throw Program.Failure(description: "slapd-demo did not say its \(name).")
                }
                return String(value)
            }
            let fields = [
                "host": "127.0.0.1", "port": try value("ldaps port"), "ssl": "ldaps", "bindDN": try value("bindDN"),
                "bindPassword": try value("bindPassword"), "baseDN": try value("baseDN"),
                "caCertificate": try String(contentsOfFile: try value("CA file"), encoding: .utf8),
            ]
            let search = Self.search(fields, certificate: try value("CA file"))
            result = .success(
                try await Site.with("bench_ldap", in: environment, settings: ["DATASHIELD_ALLOWED_HOSTS": "127.0.0.1"]) { site in
                    try await measureLDAP(site, fields, search)
                })
        } catch {
            result = .failure(error)
        }
        await slapd.stop()
        return try result.get()
    }

    /// What lists the same attributes into a file.
    private static func search(_ fields: [String: String], certificate: String) -> String {
        let attributes =
            "entryUUID uid mail displayName cn givenName sn departmentNumber ou title modifyTimestamp pwdAccountLockedTime pwdChangedTime"
        return "LDAPTLS_CACERT='\(certificate)' ldapsearch -LLL -H ldaps://127.0.0.1:\(fields["port"] ?? "") -x -D '\(fields["bindDN"] ?? "")' "
            + "-w '\(fields["bindPassword"] ?? "")' -b '\(fields["baseDN"] ?? "")' -E pr=1000/noprompt '(objectClass=person)' \(attributes) > /dev/shm/ldapsearch.ldif"
    }

    private func measureLDAP(_ site: Site, _ fields: [String: String], _ search: String) async throws -> [Measurement] {
        let tenant = try await site.signIn(domain: "large.example")
        var theirs: [Double] = []
        for _ in 0..<Self.rounds {
            let start = ContinuousClock.now
            try await Program.output("sh", ["-c", search])
            theirs.append(start.duration(to: .now) / .seconds(1))
        }
        try? FileManager.default.removeItem(atPath: "/dev/shm/ldapsearch.ldif")  // a left-over temporary file harms nobody
        let id = try await connect("LDAP", fields, tenant.client)
        let first = try await sync(id, tenant.client)
        guard first.added == Self.peopleInLDAP else { throw Program.Failure(description: "The sync did not do what it should: \(first)") }
        var again: [Double] = []
        for _ in 0..<Self.rounds {
            let run = try await sync(id, tenant.client)
            guard run.unchanged == Self.peopleInLDAP else { throw Program.Failure(description: "The second sync wrote something: \(run)") }
            again.append(Self.seconds(run))
        }
        let peer = Figures.median(theirs)
        return [
            .time("First LDAP sync of 50,000 people", Self.seconds(first), peer: "ldapsearch", peer, atMost: 2),
            .time("Second sync, nothing changed, no row written", Figures.median(again), peer: "ldapsearch", peer, atMost: 1.3),
        ]
    }

    // MARK: Entra

    private func entra(_ environment: BenchmarkEnvironment) async throws -> [Measurement] {
        let sandbox = try await RunningProgram.start(
            try environment.program, ["sandbox", "--port", "0", "--domain", "entra.example", "--people", "\(Self.peopleInEntra)"])
        let result: Result<[Measurement], any Error>
        do {
            let address = try await sandbox.address()
            result = .success(
                try await Site.with("bench_entra", in: environment, settings: ["DATASHIELD_DIRECTORY_URL_AZURE_AD": address]) { site in
                    try await measureEntra(site, address)
                })
        } catch {
            result = .failure(error)
        }
        await sandbox.stop()
        return try result.get()
    }

    private func measureEntra(_ site: Site, _ address: String) async throws -> [Measurement] {
        let tenant = try await site.signIn(domain: "entra.example")
        var theirs: [Double] = []
        for _ in 0..<Self.rounds { theirs.append(try await Self.fetchPages(address)) }
        let id = try await connect("AZURE_AD", DirectorySamples.entra, tenant.client)
        try site.server.forgetPeak()
        let before = try site.server.residentMemory
        let run = try await sync(id, tenant.client)
        let growth = try site.server.peakMemory - before
        guard run.added > Self.peopleInEntra / 2 else { throw Program.Failure(description: "The sync did not do what it should: \(run)") }
        return [
            .time(
                "First sync of 100,000 people from the sandbox's Entra", Self.seconds(run), peer: "fetching the pages alone", Figures.median(theirs),
                atMost: 1.5),
            .atMost(100, "… memory growth at its peak", growth, unit: "MB"),
        ] + (try await measureStates(site, id, tenant))
    }

    // MARK: States of findings

    /// Syncs after which some accounts have another password than before, with ten findings and five alerts a person; with what keeps the
    /// states of the findings, and without it.
    private func measureStates(_ site: Site, _ id: String, _ tenant: Site.Tenant) async throws -> [Measurement] {
        try await Site.withPool(site.databaseURL) { pool in try await Self.fillFindings(of: tenant.company, pool) }
        var rows: [Measurement] = []
        // Of more than these the time is known from these: each finding whose state changes takes the same.
        for (share, name) in [(100, "1 in 100"), (10, "1 in 10")] {
            var seconds: [Bool: Double] = [:]
            for isKept in [false, true] {
                try await Site.withPool(site.databaseURL) { pool in try await Self.agePasswords(of: tenant.company, oneIn: share, isKept, pool) }
                seconds[isKept] = Self.seconds(try await sync(id, tenant.client))
            }
            let wrong = try await Site.withPool(site.databaseURL) { pool in try await pool.first(Self.mismatches, as: Int.self) } ?? -1
            guard wrong == 0 else { throw Program.Failure(description: "\(wrong) findings have another state than is worked out.") }
            rows.append(
                .time(
                    "Sync of 100,000 people with 1,000,000 findings, the password of \(name) changed", seconds[true] ?? .nan,
                    peer: "without keeping states", seconds[false] ?? .nan, atMost: 1.2))
        }
        return rows
    }

    private static func fillFindings(of company: CompanyID, _ pool: PostgresPool) async throws {
        let number: SQL = "lpad((n * 10 + k)::text, 24, '0')"
        let numbered: SQL = "(SELECT id, row_number() OVER (ORDER BY id) AS n FROM employees WHERE company_id = \(company)) AS e"
        for statement: SQL in [
            """
            INSERT INTO breaches (id, name, canonical_key, source, breach_date, data_types)
            SELECT 'c' || lpad(k::text, 24, '0'), 'Breach' || k, 'breach' || k, 'HIBP', date '2015-01-01' + k * 400, ARRAY['email', 'password']
            FROM generate_series(0, 9) AS k
            """,
            """
            INSERT INTO breach_records (id, company_id, employee_id, breach_id, exposed_data, sources)
            SELECT 'c' || \(number), \(company), e.id, 'c' || lpad(k::text, 24, '0'), ARRAY['email', 'password'], ARRAY['HIBP']::api_provider[]
            FROM \(numbered), generate_series(0, 9) AS k
            """,
            """
            INSERT INTO alerts (id, company_id, severity, message, employee_id, breach_id)
            SELECT 'c' || \(number), \(company), 'HIGH', 'Exposed', e.id, 'c' || lpad(k::text, 24, '0')
            FROM \(numbered), generate_series(0, 4) AS k
            """,
            "VACUUM (ANALYZE) breach_records", "VACUUM (ANALYZE) alerts",
        ] {
            try await pool.execute(statement)
        }
    }

    /// Gives people an older time of their password than the directory has, which the next sync mends.
    private static func agePasswords(of company: CompanyID, oneIn share: Int, _ isKept: Bool, _ pool: PostgresPool) async throws {
        try await pool.execute("ALTER TABLE employees ENABLE TRIGGER keep_states")
        try await pool.execute("ALTER TABLE employees DISABLE TRIGGER keep_latest_account_times")
        try await pool.execute(
            """
            UPDATE employees e SET password_changed_at = '2015-01-01' FROM (
                SELECT id, row_number() OVER (ORDER BY id) AS n FROM employees WHERE company_id = \(company)) AS c
            WHERE e.company_id = \(company) AND e.id = c.id AND c.n % \(share)::int = 0
            """)
        try await pool.execute("ALTER TABLE employees ENABLE TRIGGER keep_latest_account_times")
        if !isKept { try await pool.execute("ALTER TABLE employees DISABLE TRIGGER keep_states") }
        try await pool.execute("VACUUM (ANALYZE)")
    }

    private static let mismatches: SQL = """
        SELECT count(*) FROM breach_records r CROSS JOIN LATERAL worked_out_state(r) AS w
        WHERE (r.state, r.certainty, r.state_reason, r.worst_credential) IS DISTINCT FROM (w.state, w.certainty, w.reason, w.credential)
        """

    /// Seconds that all pages of the people and of the registration report take, one after the other, read and dropped.
    private static func fetchPages(_ address: String) async throws -> Double {
        let fields =
            "id,userPrincipalName,mail,displayName,givenName,surname,department,jobTitle,accountEnabled,userType,lastPasswordChangeDateTime,signInSessionsValidFromDateTime"
        let start = ContinuousClock.now
        let http = HTTPClient()
        var form = HTTPClient.Request(
            "POST", try url("\(address)/\(DirectorySamples.entra["tenantId"] ?? "")/oauth2/v2.0/token"),
            headers: [("Content-Type", "application/x-www-form-urlencoded")], timeout: .seconds(60), responseLimit: 1 << 20)
        let pairs = ["client_id": DirectorySamples.entra["clientId"] ?? "", "client_secret": DirectorySamples.entra["clientSecret"] ?? ""]
        form.body = .bytes(
            Array(
                (pairs.map { "\($0)=\($1)" } + ["grant_type=client_credentials", "scope=https%3A%2F%2Fgraph.microsoft.com%2F.default"])
                    .joined(separator: "&").utf8))
        let token = try JSONDecoder().decode(Token.self, from: Data(try await http.execute(form).body))
        for path in ["/v1.0/users?$top=999&$select=\(fields)", "/v1.0/reports/authenticationMethods/userRegistrationDetails"] {
            var next: String? = address + path
            while let link = next {
                let page = try await http.execute(
                    .init(
                        "GET", try url(link), headers: [("Authorization", "Bearer \(token.accessToken)")], timeout: .seconds(60),
                        responseLimit: 64 << 20))
                guard page.status == 200 else { throw Program.Failure(description: "The stand-in answered \(page.status).") }
                next = nextLink(page.body)
            }
        }
        await http.shutdown()
        return start.duration(to: .now) / .seconds(1)
    }

    private static func url(_ text: String) throws -> URL {
        guard let url = URL(string: text) else { throw Program.Failure(description: "\(text) is no address.") }
        return url
    }

    private struct Token: Decodable {
        let accessToken: String

        enum CodingKeys: String, CodingKey { case accessToken = "access_token" }
    }

    /// The address of the next page, found without reading the page: it stands before or behind the people.
    private static func nextLink(_ bytes: [UInt8]) -> String? {
        for part in [bytes.prefix(2_000), bytes.suffix(2_000)] {
            let text = String(decoding: part, as: UTF8.self)
            if let found = text.firstMatch(of: #/"@odata.nextLink"\s*:\s*"([^"]+)"/#) { return String(found.1).replacing("\\/", with: "/") }
        }
        return nil
    }

    // MARK: Both

    private struct NewDirectory: Encodable {
        var type: String
        var name: String
        var config: [String: String]
    }

    private func connect(_ type: String, _ fields: [String: String], _ client: Client) async throws -> String {
        let body = try JSONEncoder().encode(NewDirectory(type: type, name: "Large", config: fields))
        let answer = try await client.send("POST", "/api/directory", body: Array(body))
        return try JSONCoding.decode(DirectoryResponse.self, from: answer.bytes).id.rawValue
    }

    /// Starts a sync and waits for its end.
    private func sync(_ id: String, _ client: Client) async throws -> SyncRunResponse {
        var run = try JSONCoding.decode(SyncRunResponse.self, from: try await client.send("POST", "/api/directory/\(id)/sync").bytes)
        let deadline = ContinuousClock.now + .seconds(900)
        while !run.status.isFinished {
            guard ContinuousClock.now < deadline else { throw Program.Failure(description: "The sync takes too long: \(run)") }
            try await Task.sleep(for: .milliseconds(100))
            run = try await client.get("/api/directory/jobs/\(run.id)", as: SyncRunDetail.self).run
        }
        guard run.status == .succeeded else { throw Program.Failure(description: "The sync failed: \(run.lastError ?? "")") }
        return run
    }

    private static func seconds(_ run: SyncRunResponse) -> Double {
        guard let start = run.startedAt, let end = run.finishedAt else { return .nan }
        return end.timeIntervalSince(start)
    }
}

extension Measurement {
    /// A time compared with a peer's.
    fileprivate static func time(_ what: String, _ ours: Double, peer: String, _ theirs: Double, atMost bar: Double) -> Measurement {
        let ratio = ours / theirs
        return Measurement(
            what: what, measured: "\(Figures.short(ours)) s", peer: "\(peer): \(Figures.short(theirs)) s", ratio: Figures.short(ratio),
            bar: "≤ \(Figures.short(bar))", isMet: ratio <= bar)
    }
}
