import Foundation
import Logging
import Postgres

/// The Postgres client by itself: 50 rows of 5 columns, decoded into structs, on four connections, against pgbench with the same SQL.
struct ClientSelectBenchmark: Benchmark {
    let name = "client-select"
    let summary = "SELECT of 50 rows × 5 columns decoded to structs, 4 connections, against pgbench"

    private static let connections = 4
    private static let rows = 100_000
    private static let seconds = 2
    private static let rounds = 5

    private struct Person: RowDecodable {
        let id: Int
        let name: String
        let email: String
        let score: Int
        let seenAt: Date

        init(from row: inout Row) throws {
            id = try row.next()
            name = try row.next()
            email = try row.next()
            score = try row.next()
            seenAt = try row.next()
        }
    }

    func run(in environment: BenchmarkEnvironment) async throws -> [Measurement] {
        var configuration = PoolConfiguration(environment.databaseURL)
        configuration.size = ClientSelectBenchmark.connections
        let pool = PostgresPool(configuration: configuration, logger: Logger(label: "benchmarks"))
        let table = "bench_client_select"
        try await prepare(pool, table)
        let script = """
            \\set start random(1, \(ClientSelectBenchmark.rows - 50))
            SELECT id, name, email, score, seen_at FROM \(table) WHERE id >= :start ORDER BY id LIMIT 50;
            """
        var theirs: [Double] = []
        var held: [Double] = []
        var single: [Double] = []
        // In turn, so that whatever else the machine does meets all of them.
        for _ in 0..<ClientSelectBenchmark.rounds {
            theirs.append(
                try await PgBench.rate(
                    script, database: environment.databaseURL, connections: ClientSelectBenchmark.connections, seconds: ClientSelectBenchmark.seconds)
            )
            held.append(
                try await measure { end in
                    try await pool.withConnection(onItsThread: true) { try await select(from: table, until: end, on: $0) }
                })
            single.append(try await measure { end in try await select(from: table, until: end, on: pool) })
        }
        try await pool.execute("DROP TABLE \(identifier: table)")
        await pool.close()
        let what = "Client: SELECT of 50 rows × 5 columns, 4 connections"
        let peer = "pgbench -M prepared"
        return [
            .rate("\(what), held as pgbench does", Figures.median(held), peer: peer, Figures.median(theirs), atLeast: 0.6),
            .rate("\(what), from the pool each time", Figures.median(single), peer: peer, Figures.median(theirs), atLeast: 0.6),
        ]
    }

    private func prepare(_ pool: PostgresPool, _ table: String) async throws {
        try await pool.execute("DROP TABLE IF EXISTS \(identifier: table)")
        try await pool.execute(
            """
            CREATE TABLE \(identifier: table) AS
            SELECT id, 'Person ' || id AS name, 'person.' || id || '@example.com' AS email, (id % 101)::int AS score,
                   now() - id * interval '1 second' AS seen_at
            FROM generate_series(1::int8, \(ClientSelectBenchmark.rows)) AS id
            """)
        try await pool.execute("ALTER TABLE \(identifier: table) ADD PRIMARY KEY (id)")
        try await pool.execute("VACUUM ANALYZE \(identifier: table)")
    }

    /// Runs a loop on all connections at once.
    /// - Parameter loop: runs statements until the time that it is given, and says how many.
    /// - Returns: how many statements in a second.
    private func measure(_ loop: @escaping @Sendable (ContinuousClock.Instant) async throws -> Int) async throws -> Double {
        let clock = ContinuousClock()
        let start = clock.now
        let end = start + .seconds(ClientSelectBenchmark.seconds)
        let count = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<ClientSelectBenchmark.connections {
                group.addTask { try await loop(end) }
            }
            return try await group.reduce(0, +)
        }
        return Double(count) / ((clock.now - start) / .seconds(1))
    }

    private func select(from table: String, until end: ContinuousClock.Instant, on db: some Queryable) async throws -> Int {
        var count = 0
        // Neither pgbench nor this asks the kernel for each random number.
        var start = Int.random(in: 1..<ClientSelectBenchmark.rows)
        while ContinuousClock.now < end {
            start = (start &* 48_271) % (ClientSelectBenchmark.rows - 50) + 1
            let people = try await db.query(
                "SELECT id, name, email, score, seen_at FROM \(unsafe: table) WHERE id >= \(start) ORDER BY id LIMIT 50", as: Person.self)
            precondition(people.count == 50 && people[0].id == start, "The statement gave other rows than it should.")
            count += 1
        }
        return count
    }
}
