import Foundation

/// Measures DataShield against its bars: all benchmarks, or those named on the command line.
@main
enum Benchmarks {
    /// In the order in which they are run.
    static let all: [any Benchmark] = [
        ClientSelectBenchmark(),
        AlertsBenchmark(),
        PagesBenchmark(),
        DashboardBenchmark(),
        ImportBenchmark(),
        ScanBenchmark(),
        StartBenchmark(),
        LeakSearchBenchmark(),
        ManyPasswordsBenchmark(),
        SCIMBenchmark(),
        DirectorySyncBenchmark(),
    ]

    static func main() async {
        let names = CommandLine.arguments.dropFirst()
        if names.contains("--list") || names.contains("--help") {
            for benchmark in all { print("\(benchmark.name.padding(toLength: 20, withPad: " ", startingAt: 0)) \(benchmark.summary)") }
            return
        }
        let unknown = names.filter { name in !all.contains { $0.name == name } }
        guard unknown.isEmpty else {
            fail("There is no benchmark called \(unknown.joined(separator: ", ")); --list shows all.")
        }
        do {
            let environment = try BenchmarkEnvironment(ProcessInfo.processInfo.environment)
            let measurements = try await run(names.isEmpty ? all : all.filter { names.contains($0.name) }, environment)
            print(Table.text(measurements))
            if !measurements.allSatisfy(\.isMet) { exit(1) }
        } catch {
            fail("\(error)")
        }
    }

    private static func run(_ benchmarks: [any Benchmark], _ environment: BenchmarkEnvironment) async throws -> [Measurement] {
        var measurements: [Measurement] = []
        for benchmark in benchmarks {
            FileHandle.standardError.write(Data("\(benchmark.name): \(benchmark.summary)\n".utf8))
            let result: Result<[Measurement], any Error>
            do { result = .success(try await benchmark.run(in: environment)) } catch { result = .failure(error) }
            // What several of them share goes when the last has run, and when one fails.
            if case .failure = result { try await LargeCompany.shared.close() }
            // Each row as soon as it is known, so that a benchmark that fails later does not take the others with it.
            let rows = try result.get()
            FileHandle.standardError.write(Data((Table.text(rows) + "\n").utf8))
            measurements += rows
        }
        try await LargeCompany.shared.close()
        return measurements
    }

    private static func fail(_ message: String) -> Never {
        FileHandle.standardError.write(Data("\(message)\n".utf8))
        exit(2)
    }
}
