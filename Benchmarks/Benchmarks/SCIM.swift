import DataShield
import Foundation
import Postgres

/// A directory that pushes people by SCIM: new ones, and the look-up that comes before each of them.
struct SCIMBenchmark: Benchmark {
    let name = "scim"
    let summary = "SCIM on 16 connections at 100,000 people: POST /Users, and the look-up by user name"

    private static let people = 100_000
    private static let connections = 16
    private static let seconds = 10
    private static let rounds = 3
    private static let connection = "c0000000000000000000scim1"

    func run(in environment: BenchmarkEnvironment) async throws -> [Measurement] {
        let (token, hash) = SCIMTokens.makeToken()
        let site = try await Site.open("bench_scim", in: environment, settings: ["DATASHIELD_SCIM_RATE": "1000000"]) { pool in
            try await Self.fill(pool, hash)
        }
        let result: Result<[Measurement], any Error>
        do { result = .success(try await measure(site, token)) } catch { result = .failure(error) }
        try await site.close()
        return try result.get()
    }

    private func measure(_ site: Site, _ token: String) async throws -> [Measurement] {
        var lookUps: [Double] = []
        var posts: [Double] = []
        for round in 0..<Self.rounds {
            lookUps.append(try await rate(Self.lookUp, site, token, round))
            posts.append(try await rate(Self.post, site, token, round))
        }
        return [
            .atLeast(400, "SCIM: POST /Users, \(Self.connections) connections", Figures.median(posts), unit: "/s"),
            .atLeast(1_500, "SCIM: userName eq …, at \(Self.people.formatted()) people", Figures.median(lookUps), unit: "/s"),
        ]
    }

    /// Runs wrk with a script that makes each request another.
    private func rate(_ script: String, _ site: Site, _ token: String, _ round: Int) async throws -> Double {
        let file = FileManager.default.temporaryDirectory.appending(path: "scim-\(UUID().uuidString).lua")
        let text =
            """
            local path, round, people = "/api/scim/\(Self.connection)/Users", \(round), \(Self.people)
            local headers = { ["Authorization"] = "Bearer \(token)", ["Content-Type"] = "application/scim+json" }
            local count = 0
            """ + "\n" + script
        try text.write(to: file, atomically: true, encoding: .utf8)
        defer { try? FileManager.default.removeItem(at: file) }  // a left-over temporary file harms nobody
        let output = try await Program.output(
            "wrk", ["-t1", "-c\(Self.connections)", "-d\(Self.seconds)s", "--latency", "-s", file.path, site.origin])
        guard let rate = output.firstMatch(of: #/Requests/sec:\s*([0-9.]+)/#).flatMap({ Double($0.1) }) else {
            throw Program.Failure(description: "wrk did not say a rate: \(output)")
        }
        guard !output.contains("Non-2xx"), !output.contains("Socket errors") else { throw Program.Failure(description: "Requests failed: \(output)") }
        return rate
    }

    private static let lookUp = """
        request = function()
            count = (count * 31 + 7919) % people
            return wrk.format("GET", path .. "?filter=userName%20eq%20%22person." .. (count + 1) .. "%40scim.example%22", headers)
        end
        """

    private static let post = """
        request = function()
            count = count + 1
            local name = "new." .. round .. "." .. count .. "@scim.example"
            return wrk.format("POST", path, headers, '{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User",'
                .. '"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],"userName":"' .. name .. '","externalId":"' .. name
                .. '","name":{"givenName":"Mara","familyName":"Lind"},"displayName":"Mara Lind","title":"Controller","active":true,'
                .. '"emails":[{"value":"' .. name .. '","type":"work","primary":true}],'
                .. '"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User":{"department":"Department ' .. (count % 24) .. '"}}')
        end
        """

    /// A company whose directory has pushed 100,000 people already.
    private static func fill(_ pool: PostgresPool, _ hash: [UInt8]) async throws {
        let id: @Sendable (String) -> SQL = { number in SQL(unsafe: "('c' || lpad((\(number))::text, 24, '0'))") }
        let company = id("1")
        let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
        let body: SQL = """
            jsonb_build_object('userName', p.name, 'externalId', p.name, 'active', true, 'title', 'controller',
                'name', jsonb_build_object('givenName', 'mara', 'familyName', 'lind'),
                'emails', jsonb_build_array(jsonb_build_object('value', p.name, 'type', 'work', 'primary', true)),
                \(enterprise)::text, jsonb_build_object('department', 'department ' || p.n % 24))
            """
        let people: SQL = "(SELECT n, 'person.' || n || '@scim.example' AS name FROM generate_series(1, \(Self.people)::int) AS n) AS p"
        for statement: SQL in [
            "INSERT INTO companies (id, name, domain) VALUES (\(company), 'Pushed', 'scim.example')",
            """
            INSERT INTO directory_connections (id, company_id, type, name, encrypted_config, bearer_token_hash)
            VALUES (\(connection), \(company), 'SCIM', 'Pushing', '', \(hash))
            """,
            """
            INSERT INTO employees (id, company_id, email, first_name, last_name, department, title, source_connection_id, external_id)
            SELECT \(id("p.n")), \(company), p.name, 'Mara', 'Lind', 'Department ' || p.n % 24, 'Controller', \(connection), p.name FROM \(people)
            """,
            """
            INSERT INTO scim_resources (id, company_id, connection_id, kind, name, external_id, body, search, department, employee_id)
            SELECT \(id("p.n")), \(company), \(connection), 'USER', p.name, p.name, \(body), \(body), 'Department ' || p.n % 24, \(id("p.n"))
            FROM \(people)
            """,
            """
            INSERT INTO scim_addresses (company_id, connection_id, resource_id, address)
            SELECT \(company), \(connection), \(id("p.n")), p.name FROM \(people)
            """,
            "VACUUM ANALYZE employees", "VACUUM ANALYZE scim_resources", "VACUUM ANALYZE scim_addresses",
        ] { try await pool.execute(statement) }
    }
}
