import DataShield
import Foundation

/// Whether the 1,000th page of a list costs what the first does.
struct PagesBenchmark: Benchmark {
    let name = "pages"
    let summary = "The first and the 1,000th page of each long list"

    private static let depth = 1_000
    private static let rounds = 60
    /// What is no difference: two measurements of the same page are as far apart.
    private static let tolerance = 1.25

    /// A list of the API and, where there is one, the page that shows the same.
    private struct List {
        let api: String
        let page: String?
    }

    private static let lists = [
        List(api: "/api/alerts?limit=50", page: "/alerts?limit=50"),
        List(api: "/api/alerts?status=OPEN&limit=50", page: nil),
        List(api: "/api/employees?limit=50", page: "/employees?limit=50"),
        List(api: "/api/employees?sort=risk&limit=50", page: nil),
    ]

    private struct End: Decodable {
        let nextCursor: String?
    }

    func run(in environment: BenchmarkEnvironment) async throws -> [Measurement] {
        let (_, tenant) = try await LargeCompany.shared.site(in: environment)
        var measurements: [Measurement] = []
        for list in PagesBenchmark.lists {
            let cursor = try await cursor(of: list.api, tenant.client)
            for path in [list.api, list.page].compactMap({ $0 }) {
                measurements.append(try await compare(path, "\(path)&cursor=\(cursor)", tenant.client))
            }
        }
        return measurements
    }

    /// Walks to the page before the last that is wanted.
    private func cursor(of path: String, _ client: Client) async throws -> String {
        var cursor: String?
        for _ in 1..<PagesBenchmark.depth {
            let end = try await client.get(path + (cursor.map { "&cursor=\($0)" } ?? ""), as: End.self)
            guard let next = end.nextCursor else { throw Program.Failure(description: "\(path) has no \(PagesBenchmark.depth) pages.") }
            cursor = next
        }
        return cursor ?? ""
    }

    private func compare(_ first: String, _ far: String, _ client: Client) async throws -> Measurement {
        var times: (first: [Double], far: [Double]) = ([], [])
        for round in -10..<PagesBenchmark.rounds {
            let (one, other) = (try await client.time(first), try await client.time(far))
            guard round >= 0 else { continue }  // warm
            times.first.append(one)
            times.far.append(other)
        }
        let (one, other) = (Figures.median(times.first), Figures.median(times.far))
        return Measurement(
            what: "GET \(first), 1,000th page", measured: "\(Figures.short(other)) ms", peer: "first page: \(Figures.short(one)) ms",
            ratio: Figures.short(other / one), bar: "≤ \(Figures.short(PagesBenchmark.tolerance))", isMet: other / one <= PagesBenchmark.tolerance)
    }
}
