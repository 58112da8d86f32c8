import DataShield
import Foundation
import Postgres

/// The list of alerts over HTTP, with session and tenant scope, against pgbench with the statements that the server sends for it.
struct AlertsBenchmark: Benchmark {
    let name = "alerts"
    let summary = "GET /api/alerts?limit=50 on 16 connections, at 500,000 alerts, against pgbench with its SELECT"

    private static let connections = 16
    private static let seconds = 10
    private static let rounds = 3

    func run(in environment: BenchmarkEnvironment) async throws -> [Measurement] {
        let (site, tenant) = try await LargeCompany.shared.site(in: environment)
        let path = "/api/alerts?limit=50"
        let page = try await tenant.client.get(path, as: Page<AlertListing>.self)
        guard page.items.count == 50 else { throw Program.Failure(description: "The list has \(page.items.count) alerts instead of 50.") }
        let select = try await statement(of: site)
        // As the program does it: the role once, the company for one transaction, in one round trip with the SELECT.
        let script = """
            \\startpipeline
            SELECT set_config('app.company_id', :company, true);
            \(select.replacing("$1", with: ":company"));
            \\endpipeline
            """
        let database = site.databaseURL + "?options=-c%20role%3D\(TenantDatabase.role)"
        var ours: [Double] = []
        var slowest: [Double] = []
        var theirs: [Double] = []
        for _ in 0..<AlertsBenchmark.rounds {
            let round = try await Wrk.run(
                site.origin + path, cookie: tenant.client.cookie ?? "", connections: AlertsBenchmark.connections, seconds: AlertsBenchmark.seconds)
            ours.append(round.rate)
            slowest.append(round.p99)
            theirs.append(
                try await PgBench.rate(
                    script, database: database, connections: AlertsBenchmark.connections, seconds: AlertsBenchmark.seconds,
                    variables: ["company": tenant.company.rawValue]))
        }
        let what = "GET /api/alerts?limit=50, 16 connections"
        return [
            .rate(what, Figures.median(ours), peer: "pgbench -M prepared", Figures.median(theirs), atLeast: 0.35),
            .atMost(25, "… its p99", Figures.median(slowest), unit: "ms"),
        ]
    }

    /// The SELECT that the server sent a moment ago, in its own words.
    private func statement(of site: Site) async throws -> String {
        let text = try await Site.withPool(site.databaseURL) { pool in
            try await pool.first(
                """
                SELECT query FROM pg_stat_activity
                WHERE datname = current_database() AND pid <> pg_backend_pid() AND query LIKE '%FROM alerts a%LIMIT 51'
                ORDER BY query_start DESC LIMIT 1
                """, as: String.self)
        }
        guard let text else { throw Program.Failure(description: "The SELECT of the list cannot be found among the server's statements.") }
        return text
    }
}

/// wrk, which loads a server.
enum Wrk {
    struct Round: Sendable {
        /// Requests a second.
        let rate: Double
        /// In milliseconds.
        let p99: Double
    }

    /// Runs it with one thread: the machine's other core belongs to the server.
    static func run(_ url: String, cookie: String, connections: Int, seconds: Int) async throws -> Round {
        let text = try await Program.output(
            "wrk", ["-t1", "-c\(connections)", "-d\(seconds)s", "--latency", "-H", "Cookie: \(cookie)", url])
        guard let rate = text.firstMatch(of: #/Requests/sec:\s*([0-9.]+)/#).flatMap({ Double($0.1) }),
            let slow = text.firstMatch(of: #/99%\s+([0-9.]+)(us|ms|s)/#), let value = Double(slow.1)
        else { throw Program.Failure(description: "wrk did not say a rate: \(text)") }
        guard !text.contains("Non-2xx"), !text.contains("Socket errors") else {
            throw Program.Failure(description: "Requests failed: \(text)")
        }
        let factor = slow.2 == "us" ? 0.001 : slow.2 == "s" ? 1_000 : 1
        return Round(rate: rate, p99: value * factor)
    }
}
