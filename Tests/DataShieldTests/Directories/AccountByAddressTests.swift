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

    // MARK: The account that we work with

    @Test(arguments: [false, true]) func `the owner of Okta's token is not reset`(isWeak: Bool) async throws {
        try await CloudWorld.with(people: 3) { world async throws in
            let somebody = try await world.somebody(.okta)
            world.sandbox.staff.habits.oktaTokenOwner = somebody.login
            let connector = try world.connector(.okta)
            for key in [somebody.id, somebody.login.uppercased()] {
                let failure = await #expect(throws: DirectoryFailure.self) {
                    try await connector.perform(.forcePasswordReset, on: key, isWeakResetWanted: isWeak)
                }
                guard case .refusedAction(let words)? = failure else {
                    Issue.record("\(String(describing: failure))")
                    return
                }
                #expect(words.contains("owner of the API token"))
            }
            #expect(world.sandbox.staff.member(somebody.login)?.resets == 0)
            // Ending sessions ends no token.
            _ = try await connector.perform(.revokeSessions, on: somebody.id, isWeakResetWanted: false)
        }
    }

    @Test(arguments: [false, true]) func `the administrator for whom Google is asked is not reset, whose alias is given`(isWeak: Bool) async throws {
        try await CloudWorld.with(people: 3) { world async throws in
            let somebody = try await world.somebody(.google)
            let administrator = try #require(try CloudWorld.sample(.google)["delegatedAdminEmail"])
            let connector = try world.connector(.google)
            // It was their address, and is an alias now: the stand-in still finds the account by it, as Google does.
            for address in [administrator, "renamed@elsewhere.example"] {
                world.sandbox.staff.edit(somebody.login) { ($0.login, $0.email) = (address, address) }
                let failure = await #expect(throws: DirectoryFailure.self) {
                    try await connector.perform(.forcePasswordReset, on: somebody.id, isWeakResetWanted: isWeak)
                }
                guard case .refusedAction(let words)? = failure else {
                    Issue.record("\(address): \(String(describing: failure))")
                    return
                }
                #expect(words.contains("administrator for whom DataShield acts"))
            }
            #expect(world.sandbox.staff.member(somebody.login)?.resets == 0)
        }
    }
}
