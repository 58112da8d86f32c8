import Foundation
import Postgres

/// Something that is measured against a bar. A new one is a file of its own and a line in ``Benchmarks/all``.
protocol Benchmark: Sendable {
    /// What it is called on the command line.
    var name: String { get }
    /// What it measures, in a line.
    var summary: String { get }
    /// Measures. What it sets up it also takes down.
    func run(in environment: BenchmarkEnvironment) async throws -> [Measurement]
}

/// One row of the table.
struct Measurement: Sendable {
    /// What was measured.
    let what: String
    /// The result, with its unit: "12,300/s".
    let measured: String
    /// What it is compared with, and that one's result; empty where the bar is absolute.
    let peer: String
    /// Ours by theirs; empty where the bar is absolute.
    let ratio: String
    /// What is asked for: "≥ 0.6".
    let bar: String
    let isMet: Bool

    /// A rate compared with a peer's.
    static func rate(_ what: String, _ ours: Double, peer: String, _ theirs: Double, atLeast bar: Double) -> Measurement {
        let ratio = ours / theirs
        return Measurement(
            what: what, measured: "\(Figures.whole(ours))/s", peer: "\(peer): \(Figures.whole(theirs))/s", ratio: Figures.short(ratio),
            bar: "≥ \(Figures.short(bar))", isMet: ratio >= bar)
    }

    /// A value that has to be at least so much.
    static func atLeast(_ bar: Double, _ what: String, _ value: Double, unit: String) -> Measurement {
        Measurement(
            what: what, measured: "\(Figures.short(value)) \(unit)", peer: "", ratio: "", bar: "≥ \(Figures.short(bar)) \(unit)",
            isMet: value >= bar)
    }

    /// A value that has to be at most so much.
    static func atMost(_ bar: Double, _ what: String, _ value: Double, unit: String) -> Measurement {
        Measurement(
            what: what, measured: "\(Figures.short(value)) \(unit)", peer: "", ratio: "", bar: "≤ \(Figures.short(bar)) \(unit)",
            isMet: value <= bar)
    }
}

/// What benchmarks have in common: the server, and where its programs are.
struct BenchmarkEnvironment: Sendable {
    /// The PostgreSQL that `make bench` starts.
    let databaseURL: String
    private let givenProgram: String?

    /// Where the release build of `datashield` is.
    var program: String {
        get throws {
            guard let givenProgram, FileManager.default.isExecutableFile(atPath: givenProgram) else { throw Failure.noProgram }
            return givenProgram
        }
    }

    enum Failure: Error, CustomStringConvertible {
        case noDatabase
        case noProgram

        var description: String {
            switch self {
            case .noDatabase: "TEST_DATABASE_URL does not name a PostgreSQL to measure against; `make bench` starts one."
            case .noProgram: "DATASHIELD_PROGRAM does not name the program to measure; `make bench` builds it."
            }
        }
    }

    init(_ variables: [String: String]) throws {
        guard let url = variables["TEST_DATABASE_URL"], !url.isEmpty else { throw Failure.noDatabase }
        databaseURL = url
        givenProgram = variables["DATASHIELD_PROGRAM"]
    }
}

/// Statistics over runs.
enum Figures {
    /// The value in the middle.
    static func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return .nan }
        let middle = sorted.count / 2
        return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
    }

    /// The value that so many hundredths of all are no greater than.
    static func percentile(_ hundredths: Double, _ values: [Double]) -> Double {
        let sorted = values.sorted()
        guard !sorted.isEmpty else { return .nan }
        return sorted[min(sorted.count - 1, Int((Double(sorted.count) * hundredths / 100).rounded(.up)) - 1)]
    }

    static func whole(_ value: Double) -> String {
        value.formatted(.number.precision(.fractionLength(0)).locale(Locale(identifier: "en_US_POSIX")).grouping(.automatic))
    }

    static func short(_ value: Double) -> String {
        value.formatted(.number.precision(.fractionLength(0...2)).locale(Locale(identifier: "en_US_POSIX")))
    }
}
