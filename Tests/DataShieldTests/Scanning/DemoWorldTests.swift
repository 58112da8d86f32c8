import DataShieldTestSupport
import Foundation
import Postgres
import Sandbox
import Testing

@testable import DataShield

/// The demo's company, scanned with all providers: what one sees there is what one sees with real ones.
@Suite(.freshDatabasePerTest) struct DemoWorldTests {
    /// What no catalogue has: leaks that the stand-ins make up, and what a provider names once for all.
    private static let own: Set = [
        "Bookworm Forum", "Example Loyalty", "Collection Nine", "Sample Market", "Collection Cobalt", "Garden Club", "Harbour Board",
        "Pixel Traders", "Rowing Results", "Collection Ember", "Stealer Logs", "Stealer logs (Intelligence X)", "Pastes (Intelligence X)",
        "Stealer logs (HIBP)",
    ]

    @Test func `nobody has two alerts of one breach, and none of a spam list`() async throws {
        let people = Dictionary(uniqueKeysWithValues: DemoCompany.people.map { ($0.alias, [String]()) })
        let configure: @Sendable (inout Sandbox.Configuration) -> Void = { configuration in
            configuration.exposures = [:]
            configuration.exposedShare = Sandbox.Configuration().exposedShare
        }
        try await ScanWorld.with(exposures: people, domain: DemoCompany.domain, keys: ApiProvider.allCases, configure: configure) {
            world async throws in
            let run = try await world.scan()
            #expect(run.status == .succeeded && run.errorCount == 0)
            try await check(world)
            // The same again, and all there is to make one of: nothing changes.
            let before = try await world.exposure()
            _ = try await world.scan()
            try await UniteBreaches(database: world.database.tenant).perform(for: world.company)
            #expect(try await world.exposure() == before)
        }
    }

    /// A breach of the stand-in's catalogue.
    private struct Entry: Decodable {
        var name: String
        var isRetired: Bool

        enum CodingKeys: String, CodingKey {
            case name = "Name"
            case isRetired = "IsRetired"
        }
    }

    @Test func `who is in all of the catalogue, and in the same at each service, is in each breach once`() async throws {
        let file = URL(filePath: #filePath).appending(path: "../../../../Sources/Sandbox/Resources/hibp-catalogue.json").standardized
        let entries = try JSONDecoder().decode([Entry].self, from: Data(contentsOf: file))
        let count = entries.count { !$0.isRetired }
        try await ScanWorld.with(exposures: ["everybody": entries.map(\.name)], keys: ApiProvider.allCases) { world async throws in
            let run = try await world.scan()
            #expect(run.status == .succeeded && run.errorCount == 0, "\(run.errorMessage ?? "")")
            // And what Intelligence X has in files whose names say nothing.
            #expect(run.newRecords == count + 1)
            try await checkSources(world)
            let before = try await world.exposure()
            try await UniteBreaches(database: world.database.tenant).perform(for: world.company)
            #expect(try await world.exposure() == before)
        }
    }

    /// Each service's word on a breach is at that breach, but for what the service does not have or name.
    private func checkSources(_ world: ScanWorld) async throws {
        let found = try await world.database.owner.query(
            """
            SELECT concat_ws(' ', b.name, (SELECT string_agg(source::text, ',' ORDER BY source::text) FROM unnest(r.sources) AS source))
            FROM breach_records r JOIN breaches b ON b.id = r.breach_id
            WHERE NOT r.sources @> '{HIBP,DEHASHED,LEAKCHECK,INTELX,SNUSBASE}'::api_provider[]
            """, as: String.self)
        let expected: Set = [
            "AlienStealerLogs HIBP", "StealerLogsJan2025 HIBP", "TelegramStealerLogs HIBP", "17Media DEHASHED,HIBP,LEAKCHECK,SNUSBASE",
            "T2 DEHASHED,HIBP,LEAKCHECK,SNUSBASE", "Leaks (Intelligence X) INTELX",
        ]
        #expect(Set(found) == expected)
        let own = try await world.database.owner.query("SELECT name FROM breaches WHERE company_id IS NOT NULL", as: String.self)
        #expect(own == ["Leaks (Intelligence X)"])
    }

    private func check(_ world: ScanWorld) async throws {
        let owner = world.database.owner
        let alerts = try await owner.first("SELECT count(*) FROM alerts", as: Int.self) ?? 0
        #expect(alerts > 300)
        // Each name that is the company's own is one that the catalogue does not have.
        let named = try await owner.query("SELECT name FROM breaches WHERE company_id IS NOT NULL ORDER BY 1", as: String.self)
        #expect(Set(named).subtracting(Self.own) == [])
        let twice = try await owner.query(
            """
            SELECT concat_ws(' ', employee_id, breach_id) FROM alerts GROUP BY employee_id, breach_id HAVING count(*) > 1
            """, as: String.self)
        #expect(twice == [])
        let flagged = try await owner.query(
            """
            SELECT concat_ws(' ', b.name, count(r.id) > 0, count(a.id)) FROM breaches b JOIN breach_records r ON r.breach_id = b.id
            LEFT JOIN alerts a ON a.employee_id = r.employee_id AND a.breach_id = r.breach_id
            WHERE b.is_spam_list OR b.is_fabricated GROUP BY b.name ORDER BY 1
            """, as: String.self)
        #expect(!flagged.isEmpty && flagged.allSatisfy { $0.hasSuffix(" t 0") }, "\(flagged)")
    }
}
