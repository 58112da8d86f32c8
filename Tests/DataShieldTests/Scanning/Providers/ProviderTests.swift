import DataShieldTestSupport
import Foundation
import Sandbox
import Testing

@testable import DataShield

/// What every provider does, whatever its service is like. All of them pass this.
@Suite(.freshDatabase) struct ProviderTests {
    /// A company of which ada is in two breaches and in stealer logs, bob in one, and cyd in none.
    private static func with(_ body: @Sendable (ScanWorld) async throws -> Void) async throws {
        try await ScanWorld.with(
            hasKey: false,
            configure: { configuration in
                for address in configuration.exposures.keys where address.hasPrefix("ada@") || address.hasPrefix("bob@") {
                    configuration.websites[address] = ["vpn.example.com", "mail.example.net"]
                }
            }, body)
    }

    private static func address(_ alias: String, _ world: ScanWorld) throws -> EmailAddress { try EmailAddress("\(alias)@\(world.domain)") }

    @Test(arguments: ApiProvider.allCases) func `who is exposed is found, and who is not is clean`(provider: ApiProvider) async throws {
        try await Self.with { world async throws in
            let asked = try world.provider(provider)
            let hit = try await asked.lookUp(Self.address("ada", world))
            #expect(!hit.findings.isEmpty)
            #expect(hit.warning == nil)
            #expect(hit.findings.allSatisfy { $0.provider == provider && $0.dataTypes.contains("email") && !$0.breachName.isEmpty })
            #expect(Set(hit.findings.map { CanonicalKey.of($0.breachName) }).count == hit.findings.count, "One finding for each breach.")
            #expect(try await asked.lookUp(Self.address("cyd", world)) == LookUp())
        }
    }

    @Test(arguments: ApiProvider.allCases.filter { $0 != .hibpStealer }) func `an address on no verified domain is looked up too`(
        provider: ApiProvider
    ) async throws {
        try await ScanWorld.with(others: ["o'neil+x@other.example": ["Adobe"]], hasKey: false) { world async throws in
            let found = try await world.provider(provider).lookUp(EmailAddress("o'neil+x@other.example"))
            #expect(found.findings.map { CanonicalKey.of($0.breachName) } == ["adobe"])
        }
    }

    @Test(arguments: ApiProvider.allCases) func `a domain is searched at once, and only its own people are taken`(provider: ApiProvider) async throws
    {
        try await Self.with { world async throws in
            let asked = try world.provider(provider)
            let domain = try await asked.lookUp(domain: world.domain)
            let (ada, bob) = (try Self.address("ada", world), try Self.address("bob", world))
            guard provider != .intelx else {
                #expect(domain == DomainLookUp(toAsk: [ada, bob]))
                return
            }
            #expect(domain.toAsk.isEmpty)
            #expect(Set(domain.findings.keys) == [ada, bob])
            for address in [ada, bob] {
                let byAddress = try await asked.lookUp(address).findings
                #expect(Set((domain.findings[address] ?? []).map(\.breachName)) == Set(byAddress.map(\.breachName)))
            }
        }
    }

    @Test(
        arguments: ApiProvider.allCases,
        [
            (Misbehaviour.Kind.refusedKey, ProviderFailure.refusedKey), (.quotaUsedUp, .quota), (.internalError, .unavailable(status: 500)),
            (.unavailable, .unavailable(status: 503)), (.lostPage, .unavailable(status: 404)), (.brokenJSON, .malformed("not JSON")),
            (.truncated, .malformed("not JSON")), (.wrongContentType, .malformed("a web page")), (.cutConnection, .unavailable(status: nil)),
            (.slow, .timeout), (.tooManyRequests, .rateLimited(retryAfter: .seconds(7))),
        ])
    func `what is no answer is told apart, and never clean`(
        provider: ApiProvider, fault: (kind: Misbehaviour.Kind, failure: ProviderFailure)
    ) async throws {
        try await Self.with { world async throws in
            world.sandbox.misbehave(.init(fault.kind, pathPrefix: provider.lookUpPath, count: 1, retryAfter: 7, delayMilliseconds: 20_000))
            // Some answers may be three times as late as others.
            let asked = try world.provider(provider, timeout: fault.kind == .slow ? .milliseconds(60) : .seconds(20))
            let failure = await #expect(throws: ProviderFailure.self) { try await asked.lookUp(Self.address("ada", world)) }
            #expect(failure == fault.failure)
        }
    }

    @Test(arguments: [
        (ApiProvider.hibp, "a breach without Name"), (.hibpStealer, "a website that is not a name"), (.dehashed, "total is missing"),
        (.leakcheck, "found is missing"), (.intelx, "status is missing"), (.snusbase, "results is missing"),
    ])
    func `a change of the schema is an error that names the field`(provider: ApiProvider, what: String) async throws {
        try await Self.with { world async throws in
            world.sandbox.misbehave(.init(.schemaChange, pathPrefix: provider.lookUpPath))
            let asked = try world.provider(provider)
            await #expect(throws: ProviderFailure.malformed(what)) { try await asked.lookUp(Self.address("ada", world)) }
        }
    }

    @Test(arguments: ApiProvider.allCases) func `a scan survives a limit and ends as one without`(provider: ApiProvider) async throws {
        try await ScanWorld.with(
            keys: [provider],
            configure: { configuration in
                for address in configuration.exposures.keys where !address.hasPrefix("cyd@") { configuration.websites[address] = ["vpn.example.com"] }
            }
        ) { world async throws in
            world.sandbox.misbehave(.init(.tooManyRequests, service: provider.standIn, count: 1, retryAfter: 0))
            let run = try await world.scan()
            #expect(run.status == .succeeded, "\(run.errorMessage ?? "")")
            #expect(run.errorCount == 0)
            #expect(world.sandbox.requests.answers(429) == 1)
            #expect(try await world.coverage() == ["ada": "EXPOSED", "bob": "EXPOSED", "cyd": "CLEAN"])
            #expect(try await world.credential()?.status == .active)
        }
    }

    @Test(arguments: ApiProvider.allCases.filter { $0 != .hibp }) func `a refused key and a used-up quota stop the provider and say so`(
        provider: ApiProvider
    ) async throws {
        try await Self.with { world async throws in
            try await world.addKey(provider)
            world.sandbox.misbehave(.init(.quotaUsedUp, service: provider.standIn, pathPrefix: provider.lookUpPath))
            if provider == .intelx { world.sandbox.misbehave(.init(.quotaUsedUp, service: .intelx, pathPrefix: "phonebook")) }
            let run = try await world.scan()
            #expect(run.status == .failed)
            #expect(Set(try await world.coverage().values) == ["UNKNOWN: The plan's searches are used up."])
            let kept = try #require(try await world.credential())
            #expect(kept.status != .error, "The key is good.")
            #expect(kept.quotaLeft == (provider == .hibpStealer ? nil : 0))
            #expect((kept.quotaResetsAt != nil) == (provider == .snusbase || provider == .intelx))

            world.sandbox.misbehave(.init(.refusedKey, service: provider.standIn))
            _ = try await world.scan()
            #expect(try await world.credential()?.status == .error)
            #expect(Set(try await world.coverage().values) == ["UNKNOWN: The key is refused."])
        }
    }

    @Test(arguments: ApiProvider.allCases) func `unchanged people are not asked about again before a week has passed`(
        provider: ApiProvider
    ) async throws {
        try await ScanWorld.with(keys: [provider]) { world async throws in
            _ = try await world.scan()
            world.sandbox.resetRequests()
            let second = try await world.scan()
            #expect(second.providers.first?.skipped == 3)
            #expect(world.sandbox.requests["latestbreach"] == 1, "Once in a run.")
            #expect(world.sandbox.requests.total <= 2, "The newest breach, and what the plan is where that is free.")
        }
    }
}
