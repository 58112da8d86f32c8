import DataShield
import Foundation
import Sandbox

/// Scans against the sandbox, which runs in a process of its own.
struct ScanBenchmark: Benchmark {
    let name = "scan"
    let summary = "Scans against the sandbox: 10,000 people of one domain; address by address, unthrottled and limited"

    private static let domain = "one.example"
    private static let peopleOnDomain = 10_000
    private static let peopleByAddress = 5_000
    private static let rate = 1_200
    /// So many that a second block of the sandbox's minute begins.
    private static let peopleLimited = 1_500

    func run(in environment: BenchmarkEnvironment) async throws -> [Measurement] {
        try await byDomain(environment) + byAddress(environment) + limited(environment)
    }

    private func byDomain(_ environment: BenchmarkEnvironment) async throws -> [Measurement] {
        let arguments = ["--domain", Self.domain, "--people", "\(Self.peopleOnDomain)"]
        let (run, requests) = try await scan(Self.peopleOnDomain, of: Self.domain, arguments, environment)
        return [
            .atMost(5, "Scan of 10,000 people on one domain: requests", Double(requests.total), unit: "requests"),
            .atLeast(3_000, "Scan of 10,000 people on one domain", Double(run.scanned) / Self.seconds(run), unit: "people/s"),
        ]
    }

    private func byAddress(_ environment: BenchmarkEnvironment) async throws -> [Measurement] {
        // A rate that nobody reaches: the plan then says so too, and the program does not wait.
        let (run, requests) = try await scan(Self.peopleByAddress, of: "addresses.example", ["--rate", "6000000"], environment)
        return [
            .atLeast(400, "Scan by address, unthrottled sandbox", Double(requests["breachedaccount"]) / Self.seconds(run), unit: "addresses/s")
        ]
    }

    private func limited(_ environment: BenchmarkEnvironment) async throws -> [Measurement] {
        let (run, requests) = try await scan(Self.peopleLimited, of: "limited.example", ["--rate", "\(Self.rate)"], environment)
        let perSecond = Double(requests["breachedaccount"] - requests.rateLimited) / Self.seconds(run)
        let allowed = Double(Self.rate) / 60
        return [
            Measurement(
                what: "Scan by address, limited to 20 a second", measured: "\(Figures.short(perSecond))/s", peer: "",
                ratio: Figures.short(perSecond / allowed), bar: "≥ 0.95", isMet: perSecond >= 0.95 * allowed),
            .atMost(1, "… requests refused with 429", Double(requests.rateLimited), unit: "requests"),
        ]
    }

    /// Imports people, scans them, and says how the run ended and what the sandbox was asked for it.
    private func scan(
        _ people: Int, of domain: String, _ arguments: [String], _ environment: BenchmarkEnvironment
    ) async throws -> (ScanRun.Response, RequestCounts) {
        let sandbox = try await RunningProgram.start(try environment.program, ["sandbox", "--port", "0"] + arguments)
        let result: Result<(ScanRun.Response, RequestCounts), any Error>
        do {
            let address = try await sandbox.address()
            let settings = ["DATASHIELD_PROVIDER_URL_HIBP": address]
            let answer = try await Site.with("bench_scan", in: environment, settings: settings) { site in
                let tenant = try await site.signIn(domain: domain, key: String(repeating: "0123456789abcdef", count: 2))
                let list = DemoCompany.csv(DemoCompany.makePeople(people, domain: domain))
                try await tenant.client.send("POST", "/api/employees/import", body: Array(list.utf8), contentType: "text/csv")
                let admin = Client(origin: address)
                try await admin.send("DELETE", "/_sandbox/requests")
                let run = try await finished(tenant.client)
                return (run, try await admin.get("/_sandbox/requests", as: RequestCounts.self))
            }
            result = .success(answer)
        } catch {
            result = .failure(error)
        }
        await sandbox.stop()
        let (run, requests) = try result.get()
        guard run.status == .succeeded, run.scanned == people, run.errors == 0 else {
            throw Program.Failure(description: "The scan did not do what it should: \(run)")
        }
        return (run, requests)
    }

    /// Starts a scan and waits for its end.
    private func finished(_ client: Client) async throws -> ScanRun.Response {
        var run = try JSONCoding.decode(ScanRun.Response.self, from: try await client.send("POST", "/api/employees/scan").bytes)
        let deadline = ContinuousClock.now + .seconds(180)
        while !run.status.isFinished {
            guard ContinuousClock.now < deadline else { throw Program.Failure(description: "The scan takes too long: \(run)") }
            try await Task.sleep(for: .milliseconds(250))
            run = try await client.get("/api/scans/\(run.id.rawValue)", as: ScanRun.Response.self)
        }
        return run
    }

    private static func seconds(_ run: ScanRun.Response) -> Double {
        guard let start = run.startedAt, let end = run.finishedAt else { return .nan }
        return end.timeIntervalSince(start)
    }
}
