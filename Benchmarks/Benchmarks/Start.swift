import Foundation

/// How soon `serve` answers on the private cluster of an earlier start, and what it needs while nobody asks for anything.
struct StartBenchmark: Benchmark {
    let name = "start"
    let summary = "`serve` on an existing private cluster: time until it answers, and its idle memory"

    private static let rounds = 5

    func run(in environment: BenchmarkEnvironment) async throws -> [Measurement] {
        let directory = FileManager.default.temporaryDirectory.appending(path: "datashield-bench-\(UUID().uuidString)")
        var times: [Double] = []
        var memory = Double.nan
        // The first start makes the cluster and does not count.
        for round in 0...Self.rounds {
            let (time, idle) = try await start(in: directory, environment, isLast: round == Self.rounds)
            if round > 0 { times.append(time) }
            memory = idle
        }
        try FileManager.default.removeItem(at: directory)
        return [
            .atMost(1.5, "`serve` on an existing cluster until it answers, median of five", Figures.median(times), unit: "s"),
            .atMost(120, "Idle resident memory of the program after ten seconds", memory, unit: "MB"),
        ]
    }

    /// - Returns: seconds until it answered, and its memory, which is idle only after the last start.
    private func start(in directory: URL, _ environment: BenchmarkEnvironment, isLast: Bool) async throws -> (Double, Double) {
        let clock = ContinuousClock()
        let begin = clock.now
        let server = try await RunningProgram.start(
            try environment.program, ["serve", "--port", "0", "--data-dir", directory.path],
            environment: ["DATABASE_URL": "", "DATASHIELD_LOG_LEVEL": "warning"])
        let result: Result<(Double, Double), any Error>
        do {
            let client = Client(origin: try await server.address())
            try await client.send("GET", "/api/health")
            let time = begin.duration(to: clock.now) / .seconds(1)
            if isLast { try await Task.sleep(for: .seconds(10)) }
            result = .success((time, try server.residentMemory))
        } catch {
            result = .failure(error)
        }
        await server.stop()
        return try result.get()
    }
}
