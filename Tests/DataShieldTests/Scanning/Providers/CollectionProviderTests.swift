import DataShieldTestSupport
import Foundation
import Sandbox
import Testing

@testable import DataShield

/// Pages, searches and windows: what is each service's own.
@Suite(.freshDatabase) struct CollectionProviderTests {
    private static func with(
        _ service: SandboxService, leaks count: Int, credits: Int? = nil, _ body: @Sendable (ScanWorld, EmailAddress) async throws -> Void
    ) async throws {
        try await ScanWorld.with(
            hasKey: false,
            configure: { configuration in
                for address in configuration.exposures.keys where address.hasPrefix("ada@") {
                    configuration.leaks[service] = [address: (0..<count).map { "Harbour Board \($0)" }]
                }
                configuration.credits[service] = credits ?? configuration.credits[service]
            },
            { world in try await body(world, EmailAddress("ada@\(world.domain)")) })
    }

    private static func access(_ world: ScanWorld, _ service: SandboxService, _ allowance: Allowance = Allowance()) throws -> ProviderAccess {
        let url = try #require(URL(string: world.url + service.path))
        return ProviderAccess(
            key: service.sampleKey, origin: url, client: world.outbound, pace: Pace(requestsPerMinute: 60_000), allowance: allowance,
            catalogue: world.providers.catalogue(), timeout: .seconds(20), now: world.now)
    }

    @Test func `DeHashed is paged to the end, and each page costs a credit`() async throws {
        try await Self.with(.dehashed, leaks: 7, credits: 100) { world, ada async throws in
            let allowance = Allowance()
            let provider = DehashedProvider(try Self.access(world, .dehashed, allowance), pageSize: 2, reachable: 50)
            let found = try await provider.lookUp(ada)
            #expect(found.findings.count == 7)
            #expect(found.warning == nil)
            #expect(world.sandbox.requests["dehashed/v2/search"] == 4)
            #expect(allowance.left == 96)
        }
    }

    @Test func `DeHashed's cap is said`() async throws {
        try await Self.with(.dehashed, leaks: 7) { world, ada async throws in
            let provider = DehashedProvider(try Self.access(world, .dehashed), pageSize: 2, reachable: 4)
            let found = try await provider.lookUp(ada)
            #expect(found.findings.count == 4)
            #expect(found.warning == "DeHashed: 4 rows are the most that can be fetched of a search")
            await #expect(throws: ProviderFailure.incomplete("4 rows are the most that can be fetched of a search")) {
                try await provider.lookUp(domain: world.domain)
            }
        }
    }

    @Test func `the credits of DeHashed end, and that is no refused key`() async throws {
        try await Self.with(.dehashed, leaks: 1, credits: 1) { world, ada async throws in
            let allowance = Allowance()
            let provider = DehashedProvider(try Self.access(world, .dehashed, allowance))
            #expect(try await provider.lookUp(ada).findings.count == 1)
            await #expect(throws: ProviderFailure.quota) { try await provider.lookUp(ada) }
            #expect(allowance.left == 0)
            _ = try await provider.account()
        }
    }

    @Test func `LeakCheck is paged as far as it lets, and what is missing is said`() async throws {
        try await Self.with(.leakcheck, leaks: 9) { world, ada async throws in
            let access = try Self.access(world, .leakcheck)
            let whole = try await LeakCheckProvider(access, limits: .init(rows: 4, offset: 100)).lookUp(ada)
            #expect(whole.findings.count == 9 && whole.warning == nil)
            // Offsets 0, 4 and 6, of which the last brings four more, and one stays out of reach.
            let reached = try await LeakCheckProvider(access, limits: .init(rows: 2, offset: 6)).lookUp(ada)
            #expect(reached.findings.count == 8)
            #expect(reached.warning == "LeakCheck: 8 of 9 rows are the most that can be fetched")
        }
    }

    @Test func `Intelligence X is polled until it is done, and each search is ended`() async throws {
        try await Self.with(.intelx, leaks: 5) { world, ada async throws in
            let bounds = IntelXProvider.Bounds(recordsInPoll: 2, wait: .milliseconds(1))
            let provider = IntelXProvider(try Self.access(world, .intelx), bounds: bounds)
            let found = try await provider.lookUp(ada)
            #expect(found.findings.count == 5 && found.warning == nil)
            #expect(world.sandbox.requests["intelx/intelligent/search/result"] == 4, "Nothing yet, two, two, one.")
            #expect(world.sandbox.requests["intelx/intelligent/search/terminate"] == 1)
            world.sandbox.misbehave(.init(.internalError, pathPrefix: "intelligent/search/result"))
            await #expect(throws: ProviderFailure.unavailable(status: 500)) { try await provider.lookUp(ada) }
            #expect(world.sandbox.requests["intelx/intelligent/search/terminate"] == 2, "Also one that failed.")
            world.sandbox.behave()
            // More than may be open at once: none of them was left open.
            for _ in 0..<12 { _ = try await provider.lookUp(ada) }
        }
    }

    @Test func `a search of Intelligence X that does not end is left, with what it has found`() async throws {
        try await Self.with(.intelx, leaks: 9) { world, ada async throws in
            let bounds = IntelXProvider.Bounds(recordsInPoll: 2, polls: 3, wait: .milliseconds(1))
            let found = try await IntelXProvider(try Self.access(world, .intelx), bounds: bounds).lookUp(ada)
            #expect(found.findings.count == 4)
            #expect(found.warning == "Intelligence X: the search was left after 4 results, before it was done")
            let none = IntelXProvider(try Self.access(world, .intelx), bounds: .init(polls: 1, wait: .milliseconds(1)))
            await #expect(throws: ProviderFailure.timeout) { try await none.lookUp(ada) }
        }
    }

    @Test func `a licence of Intelligence X without a phone book asks address by address`() async throws {
        try await ScanWorld.with(keys: [.intelx]) { world async throws in
            world.sandbox.misbehave(.init(.forbidden, service: .intelx, pathPrefix: "phonebook"))
            let run = try await world.scan()
            #expect(run.status == .succeeded)
            #expect(run.providers.first?.message?.contains("the licence has no phone book") == true)
            #expect(world.sandbox.requests["intelx/intelligent/search"] == 3)
            #expect(try await world.coverage() == ["ada": "EXPOSED", "bob": "EXPOSED", "cyd": "CLEAN"])
            #expect(try await world.credential()?.status == .active)
        }
    }

    @Test func `no more searches of Intelligence X are open at once than a key may have`() async throws {
        let people = Dictionary(uniqueKeysWithValues: (0..<14).map { ("p\($0)", ["Adobe"]) })
        try await ScanWorld.with(exposures: people, keys: [.intelx]) { world async throws in
            let run = try await world.scan()
            #expect(run.errorCount == 0 && run.newRecords == 14)
            #expect(world.sandbox.requests["intelx/intelligent/search"] == 14, "Each search began at the first attempt.")
        }
    }

    @Test func `whom the phone book does not list is clean, and costs no search`() async throws {
        try await ScanWorld.with(keys: [.intelx]) { world async throws in
            let run = try await world.scan()
            #expect(run.status == .succeeded)
            #expect(world.sandbox.requests["intelx/phonebook/search"] == 1)
            #expect(world.sandbox.requests["intelx/intelligent/search"] == 2)
            #expect(try await world.coverage() == ["ada": "EXPOSED", "bob": "EXPOSED", "cyd": "CLEAN"])
        }
    }

    @Test func `Snusbase says with each search what is left, and hours to wait are a quota`() async throws {
        try await Self.with(.snusbase, leaks: 1, credits: 2) { world, ada async throws in
            let allowance = Allowance()
            let provider = SnusbaseProvider(try Self.access(world, .snusbase, allowance))
            _ = try await provider.account()
            #expect(allowance.left == nil, "The test has a limit of its own.")
            _ = try await provider.lookUp(ada)
            #expect(allowance.left == 1)
            #expect((allowance.resetsAt ?? .distantPast) > Date().addingTimeInterval(11 * 3600))
            _ = try await provider.lookUp(ada)
            await #expect(throws: ProviderFailure.quota) { try await provider.lookUp(ada) }
            #expect(allowance.left == 0)
        }
    }

    @Test func `stealer logs of a domain that is not verified cost no call per person`() async throws {
        try await ScanWorld.with(others: ["x@other.example": ["Adobe"]], isVerified: false, keys: [.hibpStealer]) { world async throws in
            let run = try await world.scan()
            #expect(world.sandbox.requests["stealerlogsbyemail"] == 0)
            #expect(world.sandbox.requests["subscribeddomains"] == 1)
            #expect(run.status == .failed)
            #expect(Set(try await world.coverage().values) == ["UNKNOWN: The domain is not verified for this key."])
            #expect(try await world.credential()?.status == .active)
        }
    }

    @Test func `a plan without stealer logs is no key for them`() async throws {
        try await ScanWorld.with(keys: [.hibpStealer], configure: { $0.plan.includesStealerLogs = false }) { world async throws in
            _ = try await world.scan()
            #expect(try await world.credential()?.status == .error)
            #expect(Set(try await world.coverage().values) == ["UNKNOWN: The key's plan does not include this search."])
        }
    }
}
