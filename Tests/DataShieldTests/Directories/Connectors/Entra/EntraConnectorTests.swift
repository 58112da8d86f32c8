import Foundation
import Sandbox
import Testing

@testable import DataShield

@Suite struct EntraConnectorTests {
    // MARK: Changes

    @Test func `changes since the last listing are listed, and nothing else`() async throws {
        try await CloudWorld.with { world async throws in
            let connector = try world.connector(.entra)
            let first = try await world.list(connector)
            let state = try #require(first.end.state)
            let none = try await world.list(connector, .changes(since: state))
            #expect(none.people.isEmpty && none.removed.isEmpty)

            let staff = world.sandbox.staff
            let logins = staff.members.filter { $0.isActive && !$0.isGuest && $0.email != nil }.map(\.login)
            staff.edit(logins[0]) { $0.isActive = false }
            staff.edit(logins[1]) { member in
                member.email = "renamed@acme.example"
                member.department = nil
            }
            staff.delete(logins[2])
            staff.edit(logins[3]) { $0.isGuest = true }
            staff.add("new.person@acme.example", firstName: "Zoë", department: "Sales")
            staff.add("stranger_partner.example#EXT#@acme.example", email: "stranger@partner.example", isGuest: true)

            let changes = try await world.list(connector, .changes(since: try #require(none.end.state)))
            #expect(changes.people.count == 3)
            #expect(changes.byEmail[logins[0]]?.isActive == false)
            #expect(changes.byEmail["renamed@acme.example"]?.externalId == first.byEmail[logins[1]]?.externalId)
            #expect(changes.byEmail["new.person@acme.example"]?.firstName == "Zoë")
            #expect(changes.people.values.allSatisfy { $0.mfaEnabled == nil }, "Changes say nothing of MFA.")
            let gone = Set([logins[2], logins[3]].compactMap { first.byEmail[$0]?.externalId })
            #expect(gone.count == 2 && Set(changes.removed).isSuperset(of: gone))
        }
    }

    @Test func `what changes while everybody is listed comes with the next changes`() async throws {
        try await CloudWorld.with { world async throws in
            let connector = try world.connector(.entra)
            let login = try #require(world.sandbox.staff.members.last { !$0.isGuest && $0.isActive }).login
            let end = try await connector.list(.everybody) { _ in world.sandbox.staff.edit(login) { $0.title = "Changed meanwhile" } }
            let changes = try await world.list(connector, .changes(since: try #require(end.state)))
            #expect(changes.people.values.map(\.title) == ["Changed meanwhile"])
        }
    }

    @Test func `of changes of one account the last one holds`() {
        let (one, two) = (DirectoryPerson.person(1), DirectoryPerson.person(2))
        #expect(EntraConnector.page([.gone("1"), .person(two), .person(one)]) == DirectoryPage(people: [two, one]))
        #expect(EntraConnector.page([.person(one), .person(two), .gone("1")]) == DirectoryPage(people: [two], removed: ["1"]))
    }

    @Test func `a change that is told in part is read whole`() async throws {
        try await CloudWorld.with(configure: { $0.directoryHabits.isDeltaPartial = true }) { world async throws in
            let connector = try world.connector(.entra)
            let state = try #require(try await world.list(connector).end.state)
            let member = try #require(world.sandbox.staff.members.first { $0.isActive && $0.email != nil })
            world.sandbox.staff.edit(member.login) { $0.isActive = false }
            let changes = try await world.list(connector, .changes(since: state))
            let person = try #require(changes.people.values.first)
            #expect(person.email == member.email && person.department == member.department && !person.isActive)
        }
    }

    @Test(arguments: DirectoryHabits.DeltaExpiry.allCases) func `a delta link that is no longer good asks for everybody`(
        expiry: DirectoryHabits.DeltaExpiry
    ) async throws {
        try await CloudWorld.with(people: 3, configure: { $0.directoryHabits.deltaExpiry = expiry }) { world async throws in
            let connector = try world.connector(.entra)
            let state = try #require(try await world.list(connector).end.state)
            // Links live for seven days.
            world.clock.pass(.seconds(7 * 86_400 + 60))
            await #expect(throws: DirectoryFailure.stateExpired) { try await world.list(connector, .changes(since: state)) }
            // What leads elsewhere is not asked.
            for link in ["https://elsewhere.example/v1.0/users/delta?$deltatoken=x", "no link"] {
                await #expect(throws: DirectoryFailure.stateExpired) {
                    try await world.list(connector, .changes(since: DirectoryState(["deltaLink": link])))
                }
            }
            await #expect(throws: DirectoryFailure.stateExpired) { try await world.list(connector, .changes(since: DirectoryState([:]))) }
        }
    }

    // MARK: People

    @Test func `a service that refuses large pages is asked for smaller ones`() async throws {
        try await CloudWorld.with(people: 230, pageSize: nil, configure: { $0.directoryHabits.largestPage = 120 }) { world async throws in
            let listed = try await world.list(try world.connector(.entra))
            #expect(listed.people.count == 230)
            #expect(listed.pages.map(\.people.count) == [100, 100, 30])
        }
    }

    @Test func `guests are no employees, unless that is wanted`() async throws {
        try await CloudWorld.with(people: 4) { world async throws in
            #expect(try await world.list(try world.connector(.entra)).people.count == 4)
            let with = try await world.list(try world.connector(.entra, ["includeGuests": "yes"]))
            #expect(with.people.count == 9)
            #expect(with.byEmail["guest1@partner.example"] != nil)

            let guest = try #require(with.byEmail["guest1@partner.example"]).externalId
            for action in [RemediationType.revokeSessions, .forcePasswordReset] {
                let failure = await #expect(throws: DirectoryFailure.self) {
                    try await world.connector(.entra).perform(action, on: guest, isWeakResetWanted: false)
                }
                guard case .refusedAction(let words)? = failure else {
                    Issue.record("\(String(describing: failure))")
                    continue
                }
                #expect(words.contains("guest"))
            }
        }
    }

    @Test func `what is signed in with is told beside the address, of guests not`() async throws {
        try await CloudWorld.with(people: 2, configure: { $0.staff.guests = 1 }) { world async throws in
            let login = world.sandbox.staff.members[0].login
            world.sandbox.staff.edit(login) {
                $0.login = "ada@acme.onmicrosoft.com"
                $0.aliases = ["alias@acme.example", "ada@acme.onmicrosoft.com"]
            }
            let listed = try await world.list(try world.connector(.entra, ["includeGuests": "yes"]))
            let person = try #require(listed.byEmail[login])
            #expect(person.signInNames == ["ada@acme.onmicrosoft.com"])
            #expect(person.mailbox == [login, "alias@acme.example", "ada@acme.onmicrosoft.com"])
            #expect(listed.byEmail["guest1@partner.example"]?.signInNames == [])
        }
    }

    // MARK: MFA

    @Test func `without the licence or the permission for MFA, people are listed and MFA is unknown`() async throws {
        try await CloudWorld.with(configure: { $0.directoryHabits.hasPremium = false }) { world async throws in
            let connector = try world.connector(.entra)
            let listed = try await world.list(connector)
            #expect(listed.people.count == 60)
            #expect(listed.people.values.allSatisfy { $0.mfaEnabled == nil })
            #expect(listed.end.warnings.count == 1 && listed.end.warnings[0].contains("P1 or P2"))

            world.sandbox.staff.habits.hasPremium = true
            world.sandbox.misbehave(.init(.forbidden, pathPrefix: "v1.0/reports"))
            let refused = try await world.list(connector)
            #expect(refused.people.values.allSatisfy { $0.mfaEnabled == nil })
            #expect(refused.end.warnings.count == 1 && refused.end.warnings[0].contains("AuditLog.Read.All"))
            #expect(try await connector.test().warnings == refused.end.warnings)
            let id = try #require(listed.people.keys.first)
            #expect(try await connector.facts(of: id).mfaEnabled == nil)
            // Nor does it hang on a report that is not there, or that is none.
            for kind in [Misbehaviour.Kind.stateExpired, .lostPage, .brokenJSON] {
                world.sandbox.misbehave(.init(kind, pathPrefix: "v1.0/reports"))
                let without = try await world.list(connector)
                #expect(without.people.count == 60 && without.people.values.allSatisfy { $0.mfaEnabled == nil }, "\(kind)")
                #expect(without.end.warnings.count == 1 && without.end.warnings[0].hasPrefix("MFA is unknown: "), "\(kind)")
                #expect(try await connector.facts(of: id).mfaEnabled == nil, "\(kind)")
            }
        }
    }

    @Test func `an outage of the report on MFA fails the listing`() async throws {
        try await CloudWorld.with(people: 3) { world async throws in
            world.sandbox.misbehave(.init(.unavailable, pathPrefix: "v1.0/reports"))
            let failure = await #expect(throws: DirectoryFailure.self) { try await world.list(try world.connector(.entra)) }
            #expect(failure?.isTransient == true)
        }
    }

    // MARK: Configuration

    @Test(arguments: [
        (["tenantId": "b0000000-0000-4000-8000-000000000000"], "tenantId"), (["clientId": "b0000000-0000-4000-8000-000000000000"], "clientId"),
    ])
    func `a wrong ID is a matter of its field`(wrong: [String: String], field: String) async throws {
        try await CloudWorld.with(people: 3) { world async throws in
            let failure = await #expect(throws: DirectoryFailure.self) { try await world.connector(.entra, wrong).test() }
            guard case .misconfigured(let named, _)? = failure else {
                Issue.record("\(String(describing: failure))")
                return
            }
            #expect(named == field)
        }
    }

    @Test func `each national cloud has hosts of its own`() {
        #expect(Set(EntraCloud.allCases.map(\.graph)).count == 4)
        #expect(EntraCloud.allCases.allSatisfy { $0.graph.hasPrefix("https://") && $0.login.hasPrefix("https://login.") })
        #expect(EntraCloud.china.login == "https://login.chinacloudapi.cn")
    }
}
