import DataShieldTestSupport
import Foundation
import Sandbox
import Testing

@testable import DataShield

/// Every field of every provider's answer, turned into everything that it is not: who is exposed is never clean.
@Suite(.freshDatabase) struct OddAnswerTests {
    private static let values = ["null", "7", "\"x\"", "[]", "[\"x\",\"y\"]", "{\"a\":1}", "true"]

    /// How many calls of a look-up come before the one whose answer is spoilt.
    private static let calls: [(provider: ApiProvider, path: String)] = [
        (.hibp, "breachedaccount"), (.hibpStealer, "stealerlogsbyemail/"), (.dehashed, "v2/search"), (.leakcheck, "api/v2/query"),
        (.intelx, "intelligent/search/result"), (.snusbase, "data/search"),
    ]

    @Test(arguments: calls, values) func `one odd value makes nobody clean`(call: (provider: ApiProvider, path: String), value: String) async throws {
        try await ScanWorld.with(
            hasKey: false,
            configure: { configuration in
                for address in configuration.exposures.keys where address.hasPrefix("ada@") {
                    configuration.websites[address] = ["vpn.example.com", "mail.example.net"]
                }
            }
        ) { world async throws in
            let ada = try EmailAddress("ada@\(world.domain)")
            let right = try await world.provider(call.provider).lookUp(ada).findings
            #expect(!right.isEmpty)
            var number = 0
            while try await Self.isSpoilt(number, value, call, world, ada) { number += 1 }
            #expect(number > 1)
        }
    }

    private static func isSpoilt(
        _ number: Int, _ value: String, _ call: (provider: ApiProvider, path: String), _ world: ScanWorld, _ ada: EmailAddress
    ) async throws -> Bool {
        world.sandbox.misbehave(
            .init(.oddValue, service: call.provider.standIn, pathPrefix: call.path, count: 1, place: number, value: value))
        let result: Result<LookUp, any Error>
        do { result = .success(try await world.provider(call.provider).lookUp(ada)) } catch { result = .failure(error) }
        guard let place = world.sandbox.takeOddPlace() else { return false }
        switch result {
        case .success(let lookUp):
            // This is how the service says that a poll brought nothing.
            if call.provider == .intelx, place == "records", value == "null" || value == "[]" { break }
            // Web pages and registers are no exposure, and a text says which it is.
            if call.provider == .intelx, place.hasSuffix("bucket") { break }
            // Whose a row is, is what it says.
            if place.contains("email"), value == "\"x\"" || value == "[\"x\",\"y\"]" { break }
            #expect(!lookUp.findings.isEmpty, "\(call.provider) \(place) = \(value)")
        case .failure(let error): #expect(error is ProviderFailure, "\(call.provider) \(place) = \(value): \(error)")
        }
        return true
    }
}
