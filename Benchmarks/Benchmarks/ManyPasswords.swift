import DataShield
import Foundation

/// A leak file with 300,000 different passwords of one address, against one with as many lines of the same password.
struct ManyPasswordsBenchmark: Benchmark {
    let name = "many-passwords"
    let summary = "a leak file with 300,000 passwords of one address: time and memory against one password"

    private static let lines = 300_000

    func run(in environment: BenchmarkEnvironment) async throws -> [Measurement] {
        try await Site.with("bench_passwords", in: environment) { site in
            let tenant = try await site.signIn(domain: "passwords.example")
            let staff = Array("Email\r\nann@passwords.example\r\nbob@passwords.example\r\n".utf8)
            try await tenant.client.send("POST", "/api/employees/import", body: staff, contentType: "text/csv")
            let one = try await Self.read(Self.file { _ in "Invented-000000" }, "one.txt", site, tenant.client)
            let many = try await Self.read(Self.file { "Invented-\(100_000 + $0)" }, "many.txt", site, tenant.client)
            guard many.report.matches == Self.lines, many.report.leftOut == Self.lines - CredentialCap.most else {
                throw Program.Failure(description: "The reading did not do what it should: \(many.report)")
            }
            let what = "300,000 passwords of one address"
            return [
                .atMost(20, what, many.seconds, unit: "s"),
                .atMost(1.25, "\(what): peak memory against one password", many.peak / one.peak, unit: "times"),
            ]
        }
    }

    private struct Reading {
        var seconds: Double
        var peak: Double
        var report: IngestReport
    }

    private static func read(_ file: [UInt8], _ name: String, _ site: Site, _ client: Client) async throws -> Reading {
        try site.server.forgetPeak()
        let start = ContinuousClock.now
        let answer = try await client.send("POST", "/api/ingest?fileName=\(name)", body: file, contentType: "application/octet-stream")
        let id = try JSONCoding.decode(IngestRun.Response.self, from: answer.bytes).id
        while true {
            let run = try await client.get("/api/ingest/\(id)", as: IngestRun.Response.self)
            if run.status.isFinished {
                return Reading(seconds: (ContinuousClock.now - start) / .seconds(1), peak: try site.server.peakMemory, report: run.report)
            }
            try await Task.sleep(for: .milliseconds(50))
        }
    }

    private static func file(_ password: (Int) -> String) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(lines * 40)
        for number in 0..<lines { text += Array("ann@passwords.example:\(password(number))\n".utf8) }
        return text
    }
}
