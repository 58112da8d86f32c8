import DataShieldTestSupport
import Foundation
import Postgres
import Sandbox
import Synchronization
import Testing

@testable import DataShield

/// A scan with all providers, and many with one: the end is the same.
@Suite(.freshDatabasePerTest) struct SixProvidersTests {
    private static let exposures = [
        "ada": ["Adobe", "LinkedIn", "Dropbox"], "bob": ["Adobe", "Canva"], "cyd": [], "dee": ["MySpace", "AshleyMadison"], "eve": [],
    ]

    private static func configure(_ configuration: inout Sandbox.Configuration) {
        let domain = "six.example"
        configuration.websites = ["ada@\(domain)": ["vpn.example.com", "mail.example.net"], "dee@\(domain)": ["vpn.example.com"]]
        // What only one has, and what two have under other spellings.
        configuration.leaks = [
            .dehashed: ["bob@\(domain)": ["Adobe", "Bookworm Forum"]], .leakcheck: ["bob@\(domain)": ["Canva", "bookworm-forum"]],
            .snusbase: ["eve@\(domain)": ["Pixel Traders"]],
        ]
    }

    /// All there is to see, without times and ids; sources as a set.
    private static func end(_ world: ScanWorld) async throws -> [String] {
        try await world.database.owner.query(
            """
            SELECT concat_ws(' ', split_part(e.email, '@', 1), b.canonical_key, array_to_string(r.exposed_data, ','),
                array_to_string(r.artifacts, ','), (SELECT string_agg(s::text, ',' ORDER BY s) FROM unnest(r.sources) s), r.captured_at,
                r.evidence::text, coalesce(a.severity::text, '-'), coalesce(a.confidence::text, '-'), e.record_count, e.open_alert_count,
                e.risk_score)
            FROM breach_records r JOIN employees e ON e.company_id = r.company_id AND e.id = r.employee_id
            JOIN breaches b ON b.id = r.breach_id
            LEFT JOIN alerts a ON a.company_id = r.company_id AND a.employee_id = r.employee_id AND a.breach_id = r.breach_id
            WHERE r.company_id = \(world.company) ORDER BY 1
            """, as: String.self)
    }

    /// The first case's; the others compare theirs with it.
    private static let first = Mutex<[String]?>(nil)

    private static let orders: [[[ApiProvider]]] = [
        [ApiProvider.allCases],
        ApiProvider.allCases.map { [$0] },
        ApiProvider.allCases.reversed().map { [$0] },
        [[.snusbase], [.dehashed, .intelx], [.hibp], [.leakcheck], [.hibpStealer]],
        [[.intelx], [.leakcheck], [.snusbase], [.hibpStealer], [.dehashed], [.hibp]],
        [[.leakcheck, .snusbase, .dehashed], [.hibpStealer, .intelx, .hibp], ApiProvider.allCases],
    ]

    @Test(arguments: orders) func `six providers in any order, at once or after each other, end alike`(order: [[ApiProvider]]) async throws {
        // Only so many scans start in a minute.
        let time = Mutex(Date())
        try await ScanWorld.with(
            exposures: Self.exposures, hasKey: false, domain: "six.example", configure: Self.configure, now: { time.withLock { $0 } }
        ) { world async throws in
            for step in order {
                time.withLock { $0 += 60 }
                try await world.removeKeys()
                for provider in step { try await world.addKey(provider) }
                let run = try await world.scan()
                #expect(run.status == .succeeded, "\(run.errorMessage ?? "")")
                #expect(run.errorCount == 0)
            }
            let end = try await Self.end(world)
            let expected = Self.first.withLock { first in
                first = first ?? end
                return first
            }
            #expect(end == expected)
            // Nobody is alerted twice of one breach, and spellings are one.
            #expect(end.filter { $0.hasPrefix("ada adobe ") }.count == 1)
            #expect(end.contains { $0.hasPrefix("ada adobe ") && $0.contains("HIBP,DEHASHED,LEAKCHECK,INTELX,SNUSBASE") })
            #expect(end.contains { $0.hasPrefix("bob bookwormforum ") && $0.contains("DEHASHED,LEAKCHECK") })
            #expect(end.contains { $0.hasPrefix("eve ") && $0.contains("SNUSBASE") })
            #expect(end.contains { $0.hasPrefix("ada stealerlogshibp ") && $0.contains("HIBP_STEALER") && $0.contains("HIGH") })
            #expect(!end.contains { $0.hasPrefix("cyd ") })
            #expect(try await world.coverage()["cyd"] == "CLEAN")
            // No secret of the answers is anywhere in the records.
            let leaked = try await world.database.owner.first(
                "SELECT count(*) FROM breach_records r WHERE r::text ~ 'Invented-|[0-9a-f]{32}|198\\.51'", as: Int.self)
            #expect(leaked == 0)
        }
    }

    @Test func `the catalogue is brought up to date once for all providers of a run`() async throws {
        try await ScanWorld.with(exposures: Self.exposures, domain: "six.example", keys: ApiProvider.allCases, configure: Self.configure) {
            world async throws in
            let run = try await world.scan()
            #expect(world.sandbox.requests["breaches"] == 1)
            #expect(run.providers.count == 6)
            #expect(run.providers.allSatisfy { $0.state == .done && $0.errors == 0 })
            #expect(run.providers.reduce(0) { $0 + $1.requests } == world.sandbox.requests.total)
            let second = try await world.scan()
            #expect(second.newRecords == 0 && second.newAlerts == 0)
            #expect(world.sandbox.requests["breaches"] == 1)
            #expect(world.sandbox.requests["latestbreach"] == 1)
        }
    }

    @Test func `one sees what each provider has brought`() async throws {
        try await ScanWorld.with(exposures: Self.exposures, domain: "six.example", keys: [.dehashed], configure: Self.configure) {
            world async throws in
            let yields = Yields(database: world.database.tenant)
            _ = try await world.scan()
            let alone = try await yields.all(for: world.subject)
            let finds = try #require(alone[.dehashed])
            #expect(finds.finds > 0 && finds.uniqueFinds == finds.finds && finds.firstFinds == finds.finds)
            #expect(alone[.hibp]?.finds == 0 && alone[.hibp]?.lastRun == nil)

            for provider in ApiProvider.allCases where provider != .dehashed { try await world.addKey(provider) }
            _ = try await world.scan()
            let all = try await yields.all(for: world.subject)
            #expect(all[.dehashed]?.firstFinds == finds.finds, "It was the first, and stays so.")
            #expect((all[.dehashed]?.uniqueFinds ?? 0) < finds.finds, "Others have confirmed some.")
            #expect(all[.hibpStealer]?.uniqueFinds == 2)
            #expect(all.values.allSatisfy { $0.lastRun?.errors == 0 && $0.uniqueFinds <= $0.finds && $0.firstFinds <= $0.finds })
            let records = try await world.database.owner.first(
                "SELECT count(*) FROM breach_records WHERE company_id = \(world.company)", as: Int.self)
            #expect(all.values.reduce(0) { $0 + $1.firstFinds } == records)
            let other = Subject(actor: .program("test"), company: try await world.database.makeCompany(), role: .admin)
            #expect(try await yields.all(for: other).values.allSatisfy { $0.finds == 0 && $0.lastRun == nil })
        }
    }

    @Test func `a domain that cannot be fetched whole is asked about by address, and this is said`() async throws {
        let people = Dictionary(uniqueKeysWithValues: (0..<8).map { ("p\($0)", [String]()) })
        let configure: @Sendable (inout Sandbox.Configuration) -> Void = { configuration in
            let names = (0..<450).map { "Leak \($0)" }
            configuration.leaks[.leakcheck] = Dictionary(uniqueKeysWithValues: configuration.exposures.keys.map { ($0, names) })
        }
        try await ScanWorld.with(exposures: people, keys: [.leakcheck], configure: configure) { world async throws in
            let run = try await world.scan()
            #expect(run.status == .succeeded)
            #expect(run.providers.first?.message?.contains("3500 of 3600 rows are the most that can be fetched") == true)
            #expect(run.newRecords == 8 * 450)
            #expect(world.sandbox.requests["leakcheck/api/v2/query"] == 4 + 8, "Four pages of the domain, and each person.")
            #expect(try await world.credential()?.quotaLeft == 10_000 - 12)
        }
    }
}
