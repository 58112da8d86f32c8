import Foundation
import Postgres

/// What a provider has brought a company, so that one sees which subscription earns its price.
package struct ProviderYield: Sendable, Hashable, Codable {
    /// How its part of a scan went.
    package struct LastRun: Sendable, Hashable, Codable {
        package var at: Date
        package var requests: Int
        package var hits: Int
        package var errors: Int
        /// Why it stopped, or what was not as it should be.
        package var message: String?
    }

    package var provider: ApiProvider
    /// Records that name it.
    package var finds = 0
    /// Those of them that name no other.
    package var uniqueFinds = 0
    /// Those of them that it was the first to report.
    package var firstFinds = 0
    package var lastRun: LastRun?

    package init(_ provider: ApiProvider) { self.provider = provider }
}

/// What the providers have brought.
package struct Yields: Sendable {
    private let database: TenantDatabase
    /// So many runs back one that a provider took part in is looked for.
    private static let runs = 20

    package init(database: TenantDatabase) { self.database = database }

    /// Every provider's, also of those without a key: what they found stays.
    package func all(for subject: Subject) async throws -> [ApiProvider: ProviderYield] {
        try await database.read(for: subject.company) { db in
            var all = Dictionary(uniqueKeysWithValues: ApiProvider.allCases.map { ($0, ProviderYield($0)) })
            let counts = try await db.query(
                "SELECT provider, records, only_here, first_here FROM provider_counts WHERE company_id = \(db.company)", as: Counts.self)
            for count in counts {
                all[count.provider]?.finds = count.records
                all[count.provider]?.uniqueFinds = count.onlyHere
                all[count.provider]?.firstFinds = count.firstHere
            }
            let runs = try await db.query(ScanStore.page(of: db.company, after: nil, limit: Self.runs), as: ScanRun.self)
            for run in runs {
                for progress in run.providers where all[progress.provider]?.lastRun == nil {
                    all[progress.provider]?.lastRun = .init(
                        at: run.startedAt ?? run.createdAt, requests: progress.requests, hits: progress.hits, errors: progress.errors,
                        message: progress.message)
                }
            }
            return all
        }
    }

    private struct Counts: RowDecodable {
        var provider: ApiProvider
        var records: Int
        var onlyHere: Int
        var firstHere: Int

        init(from row: inout Row) throws {
            provider = try row.next()
            records = try row.next()
            onlyHere = try row.next()
            firstHere = try row.next()
        }
    }
}
