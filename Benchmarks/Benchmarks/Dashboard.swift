import DataShield
import Foundation

/// The dashboard of a large company, warm. The times are the client's: the server's own are a little less.
struct DashboardBenchmark: Benchmark {
    let name = "dashboard"
    let summary = "The dashboard at 100,000 employees, 1,000,000 records and 500,000 alerts"

    private static let rounds = 100

    func run(in environment: BenchmarkEnvironment) async throws -> [Measurement] {
        let (_, tenant) = try await LargeCompany.shared.site(in: environment)
        var measurements: [Measurement] = []
        for (path, what) in [("/", "Dashboard page"), ("/api/dashboard", "GET /api/dashboard")] {
            var times: [Double] = []
            for round in -10..<DashboardBenchmark.rounds {
                let time = try await tenant.client.time(path)
                if round >= 0 { times.append(time) }
            }
            measurements.append(.atMost(60, "\(what), median", Figures.median(times), unit: "ms"))
            measurements.append(.atMost(60, "\(what), p95", Figures.percentile(95, times), unit: "ms"))
        }
        return measurements
    }
}
