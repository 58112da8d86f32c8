import DataShieldTestSupport
import Foundation
import Postgres
import Testing

@testable import DataShield

/// Which account is acted on, and that it is nobody else's.
@Suite(.freshDatabase) struct RemediationAccountTests {
    /// A world in which people come from a directory that cannot act, and another one knows them by address.
    private struct Elsewhere {
        let world: RemediationWorld
        let entra = DirectoryConnectionID()
        let person: EmployeeID
        let address: String
        let alert: AlertID

        init() async throws {
            world = try await RemediationWorld(type: .scim)
            try await RemediationWorld.insert(entra, .entra, in: world.company)
            address = "ada.\(CUID.make(at: Date()).suffix(10))@acme.example"
            person = try await world.makePerson(email: address)
            alert = try await world.makeAlert(about: person)
        }

        func knows(_ id: String, primary: String? = nil) {
            let account = (id: id, primary: primary ?? address)
            world.directory.accounts.withLock { $0[address] = account }
        }

        /// What is said when it is refused; nothing was called, and nothing of the cap was used.
        func refusal() async throws -> String? {
            let failure = await #expect(throws: Remediation.Failure.self) {
                try await world.remediation.request(.revokeSessions, on: alert, by: world.subject)
            }
            #expect(world.directory.calls.isEmpty)
            #expect(try await world.remediation.settings(for: world.subject).cap.used == 0)
            return failure?.detail
        }
    }

    @Test func `an address that is somebody's alias leads to nobody`() async throws {
        let place = try await Elsewhere()
        place.knows("boss", primary: "boss@acme.example")
        #expect(try await place.refusal()?.contains("another person's") == true)
        #expect(try await place.world.requests().map(\.status) == [.refused])
    }

    @Test func `an address that the directory does not know is refused with its words`() async throws {
        let place = try await Elsewhere()
        place.knows("")
        #expect(try await place.refusal()?.contains("does not know this account") == true)
    }

    @Test func `an account that is protected is not reached by an address`() async throws {
        let place = try await Elsewhere()
        let boss = try await place.world.makePerson(in: place.entra)
        _ = try await place.world.remediation.protect(boss, address: nil, reason: "Break-glass account", by: place.world.subject)
        place.knows("account-\(boss)")
        #expect(try await place.refusal()?.contains("Break-glass account") == true)
    }

    @Test func `an account that stands for somebody else is not reached by an address`() async throws {
        let place = try await Elsewhere()
        place.knows("account-\(try await place.world.makePerson(in: place.entra))")
        #expect(try await place.refusal()?.contains("another person's") == true)
    }

    @Test func `what was done to another account says nothing of the person's own`() async throws {
        let place = try await Elsewhere()
        place.knows("entra-account")
        let outcome = try await place.world.remediation.request(.revokeSessions, on: place.alert, by: place.world.subject)
        #expect((outcome.status, outcome.connectionId) == (.done, place.entra))
        #expect(place.world.directory.calls.map(\.account) == ["entra-account"])
        #expect(try await place.world.liveness(of: place.alert) == .sessionsNotKnown)
    }

    // MARK: Between asking and starting

    @Test func `somebody whose address has changed since is not acted on`() async throws {
        let world = try await RemediationWorld()
        let person = try await world.makePerson()
        _ = try await world.remediation.bulk([try await world.makeAlert(about: person)], .revokeSessions, by: world.subject)
        try await world.database.owner.execute(
            "UPDATE employees SET email = \("new.\(CUID.make(at: Date()).suffix(10))@acme.example") WHERE id = \(person)")
        try await world.drain()
        #expect(try await world.requests().map(\.reason) == [RemediationRefusal.personChanged.description])
        #expect(world.directory.calls.isEmpty)
    }

    @Test func `an account that changes between looking and starting is not acted on`() async throws {
        var world = try await RemediationWorld()
        let person = try await world.makePerson()
        let alert = try await world.makeAlert(about: person)
        let database = world.database
        world.runner.interruption = { step in
            if step == .prepared { try await database.owner.execute("UPDATE employees SET external_id = 'another' WHERE id = \(person)") }
        }
        let failure = await #expect(throws: Remediation.Failure.self) {
            try await world.remediation.request(.revokeSessions, on: alert, by: world.subject)
        }
        #expect(failure == .refused(.said(RemediationRefusal.personChanged.description)))
        #expect(world.directory.calls.isEmpty)
    }

    // MARK: Protection goes along

    @Test func `a protection goes with its person to another address and another account`() async throws {
        let world = try await RemediationWorld()
        let suffix = CUID.make(at: Date()).suffix(10)
        let (old, new, newest) = ("root.\(suffix)@acme.example", "glass.\(suffix)@acme.example", "last.\(suffix)@acme.example")
        let person = try await world.makePerson(email: old)
        _ = try await world.remediation.protect(person, address: nil, reason: "Break-glass account", by: world.subject)
        func isRefused(_ person: EmployeeID) async throws -> Bool {
            let plan = try await world.remediation.plan([try await world.makeAlert(about: person)], .revokeSessions, for: world.subject)
            return plan.items.first?.refusal?.contains("Break-glass account") == true
        }
        try await world.database.owner.execute("UPDATE employees SET email = \(new) WHERE id = \(person)")
        #expect(try await world.remediation.protected(for: world.subject).map(\.email) == [new])
        // Who has the former address now is somebody else.
        #expect(try await isRefused(try await world.makePerson(email: old)) == false)
        // Deleted and listed again under the address, or as the account under another one.
        try await world.database.owner.execute("DELETE FROM employees WHERE id = \(person)")
        #expect(try await isRefused(try await world.makePerson(email: new)))
        let again = try await world.makePerson(email: newest)
        #expect(try await isRefused(again) == false)
        try await world.database.owner.execute("UPDATE employees SET external_id = \("account-\(person)") WHERE id = \(again)")
        #expect(try await isRefused(again))
    }

    @Test func `what a connector would refuse is refused before it is asked, and by the dry run`() async throws {
        let world = try await RemediationWorld(type: .ldap)
        let alert = try await world.makeAlert(about: try await world.makePerson())
        world.directory.refusal.withLock { $0 = "Not without encryption." }
        let plan = try await world.remediation.plan([alert], .forcePasswordReset, for: world.subject)
        #expect(plan.items.first?.refusal?.contains("Not without encryption.") == true)
        let failure = await #expect(throws: Remediation.Failure.self) {
            try await world.remediation.request(.forcePasswordReset, on: alert, by: world.subject)
        }
        #expect(failure?.detail.contains("Not without encryption.") == true)
        #expect(world.directory.calls.isEmpty)
    }
}
