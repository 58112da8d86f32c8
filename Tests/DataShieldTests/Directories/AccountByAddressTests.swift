import Foundation
import Sandbox
import Testing

@testable import DataShield

/// Accounts of people who are known to a directory by their address only.
@Suite struct AccountByAddressTests {
    @Test(arguments: Cloud.acting) func `an account is found by its address, and one that answers to an alias says what its own address is`(
        cloud: Cloud
    ) async throws {
        try await CloudWorld.with(people: 3) { world async throws in
            let somebody = try await world.somebody(cloud)
            let address = try #require(world.sandbox.staff.member(somebody.login)?.email)
            let connector = try world.connector(cloud)
            let found = try await connector.account(at: somebody.login)
            #expect((found.externalId, found.email) == (somebody.id, address))
            // The stand-in still finds the account by its former name, as Google does.
            world.sandbox.staff.edit(somebody.login) { ($0.login, $0.email) = ("boss@elsewhere.example", "boss@elsewhere.example") }
            #expect(try await connector.account(at: somebody.login).email == "boss@elsewhere.example")
            await #expect(throws: DirectoryFailure.noSuchAccount) { try await connector.account(at: "nobody@elsewhere.example") }
        }
    }

    @Test func `a directory without such a look-up says so`() async throws {
        try await CloudWorld.with(people: 1) { world async throws in
            let failure = await #expect(throws: DirectoryFailure.self) { try await world.connector(.aws).account(at: "a@b.example") }
            #expect(failure?.description.contains("by their address") == true)
        }
    }
}
