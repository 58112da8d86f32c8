import DataShield
import Foundation

/// A staff list of 100,000 people, sent twice: the first time all are new, the second time nothing changes.
struct ImportBenchmark: Benchmark {
    let name = "import"
    let summary = "CSV import of 100,000 employees over HTTP, first and second time: time and memory"

    private static let people = 100_000

    func run(in environment: BenchmarkEnvironment) async throws -> [Measurement] {
        try await Site.with("bench_import", in: environment) { site in
            let tenant = try await site.signIn(domain: "import.example")
            // What any first import loads is not what 100,000 people cost.
            try await tenant.client.send("POST", Self.path, body: Self.file(of: 100, domain: "warm.example"), contentType: "text/csv")
            let file = Self.file(of: Self.people, domain: "import.example")
            var measurements: [Measurement] = []
            for (time, added) in [("first", Self.people), ("second", 0)] {
                try site.server.forgetPeak()
                let before = try site.server.residentMemory
                let start = ContinuousClock.now
                let answer = try await tenant.client.send("POST", Self.path, body: file, contentType: "text/csv")
                let duration = start.duration(to: .now) / .seconds(1)
                let growth = try site.server.peakMemory - before
                let report = try JSONCoding.decode(ImportReport.self, from: answer.bytes)
                guard report.rows == Self.people, report.added == added, report.changed == 0, report.rejectedCount == 0 else {
                    throw Program.Failure(description: "The import did not do what it should: \(report)")
                }
                let what = "CSV import of 100,000 employees, \(time) time"
                measurements.append(.atMost(6, what, duration, unit: "s"))
                measurements.append(.atMost(64, "\(what): memory growth at its peak", growth, unit: "MB"))
            }
            return measurements
        }
    }

    private static let path = "/api/employees/import"

    private static func file(of count: Int, domain: String) -> [UInt8] {
        var text = "Email,First name,Last name,Department,Title\r\n"
        for number in 1...count {
            text += "person.\(number)@\(domain),First\(number % 997),Last\(number % 4999),Department \(number % 24),\"Title, \(number % 60)\"\r\n"
        }
        return Array(text.utf8)
    }
}
