import Foundation
import HTTPTypes
import Logging
import Sandbox
import Testing

@testable import DataShield

@Suite struct OktaConnectorTests {
    @Test(arguments: [false, true]) func `links are read from one header each, or all from one`(areJoined: Bool) async throws {
        try await CloudWorld.with(configure: { $0.directoryHabits.joinsLinks = areJoined }) { world async throws in
            let listed = try await world.list(try world.connector(.okta))
            #expect(listed.pages.map(\.people.count) == [25, 25, 10])
        }
    }

    @Test(
        arguments: [
            ([#"<https://a.example/x?after=1>; rel="next""#], "https://a.example/x?after=1"),
            ([#"<https://a.example/s>; rel="self", <https://a.example/n?a=1,2>; rel="next""#], "https://a.example/n?a=1,2"),
            ([#"<https://a.example/s>; rel="self""#, "<https://a.example/n>;rel=next"], "https://a.example/n"),
            ([#"<https://a.example/s>; rel="self"; title="next""#], nil), ([""], nil), (["<https://a.example/s"], nil), ([], nil),
        ] as [([String], String?)])
    func `the next link is told from others`(headers: [String], next: String?) throws {
        let name = try #require(HTTPField.Name("Link"))
        var fields = HTTPFields()
        for header in headers { fields.append(HTTPField(name: name, value: header)) }
        #expect(OktaAPI.nextLink(DirectoryAnswer(status: 200, headers: fields, bytes: [])) == next)
    }

    @Test func `people of every status are listed, and those who cannot sign in are inactive`() async throws {
        try await CloudWorld.with(people: 12) { world async throws in
            let staff = world.sandbox.staff
            let logins = staff.members.filter { !$0.isGuest }.map(\.login)
            for login in logins { staff.edit(login) { $0.isActive = true } }
            // Of even number suspended, of odd deprovisioned.
            for login in logins[0...1] { staff.edit(login) { $0.isActive = false } }
            staff.edit(logins[2]) { $0.isStaged = true }
            staff.edit(logins[3]) { $0.password = .expired }
            staff.edit(logins[4]) { $0.password = .void }
            let listed = try await world.list(try world.connector(.okta))
            #expect(listed.people.count == 12)
            #expect(logins.prefix(5).map { listed.byEmail[$0]?.isActive } == [false, false, false, true, true])
        }
    }

    @Test func `changes begin five minutes before the last listing began`() async throws {
        try await CloudWorld.with { world async throws in
            let connector = try world.connector(.okta)
            let state = try #require(try await world.list(connector).end.state)
            #expect(try await world.list(connector, .changes(since: state)).people.isEmpty)
            let login = world.sandbox.staff.members[0].login
            world.sandbox.staff.edit(login) { $0.isActive.toggle() }
            let changes = try await world.list(connector, .changes(since: state))
            #expect(changes.people.count == 1)
            #expect(changes.people.values.first?.isActive == world.sandbox.staff.member(login)?.isActive)
            #expect(changes.people.values.first?.mfaEnabled == nil)
            #expect(
                world.sandbox.requests["okta/api/v1/users/{id}/factors"] == world.sandbox.staff.members.filter { !$0.isGuest }.count
                    - Self.idle(world, login))
            await #expect(throws: DirectoryFailure.stateExpired) { try await world.list(connector, .changes(since: DirectoryState([:]))) }
        }
    }

    /// How many were inactive when everybody was listed.
    private static func idle(_ world: CloudWorld, _ edited: String) -> Int {
        world.sandbox.staff.members.count { !$0.isGuest && ($0.login == edited ? $0.isActive : !$0.isActive) }
    }

    @Test func `a token that may not read factors leaves MFA unknown, and says what it takes`() async throws {
        try await CloudWorld.with { world async throws in
            world.sandbox.misbehave(.init(.forbidden, service: .okta, pathPrefix: "api/v1/users/"))
            let listed = try await world.list(try world.connector(.okta))
            #expect(listed.people.count == 60)
            #expect(listed.people.values.allSatisfy { $0.mfaEnabled == nil })
            #expect(listed.end.warnings.count == 1 && listed.end.warnings[0].contains("factors"))
            // It is not asked for each of them.
            #expect(world.sandbox.requests["okta/api/v1/users/{id}/factors"] < 30)
        }
    }

    @Test(arguments: [Misbehaviour.Kind.lostPage, .brokenJSON, .schemaChange])
    func `factors that cannot be read leave one person's MFA unknown, and the others' known`(kind: Misbehaviour.Kind) async throws {
        try await CloudWorld.with(
            people: 6,
            configure: {
                $0.staff.disabled = 0
                $0.staff.withMFA = 1
            }
        ) { world async throws in
            world.sandbox.misbehave(.init(kind, service: .okta, pathPrefix: "api/v1/users/", count: 1))
            let listed = try await world.list(try world.connector(.okta))
            #expect(listed.people.values.count { $0.mfaEnabled == true } == 5)
            #expect(listed.people.values.count { $0.mfaEnabled == nil } == 1)
            #expect(listed.end.warnings == ["MFA of 1 person is unknown: Okta's answer about their factors cannot be read."])
        }
    }

    @Test func `the last tenth of what may be asked in a minute is left to others`() async throws {
        let clock = CloudWorld.Clock(goesOn: true)
        try await CloudWorld.with(people: 30, clock: clock, configure: { $0.directoryHabits.oktaCallsPerMinute = 20 }) { world async throws in
            let listed = try await world.list(try world.connector(.okta))
            #expect(listed.people.values.allSatisfy { !$0.isActive || $0.mfaEnabled != nil })
            // Of eight that are under way when the last but one is answered, that one and the last are served.
            #expect(world.sandbox.requests.answers(429) <= 6, "Only calls that were under way already can be too many.")
            #expect(!world.clock.waits.isEmpty)
            #expect(world.clock.waits.allSatisfy { $0 <= .seconds(600) })
        }
    }

    @Test func `too many calls at the same time are waited for without the hint of a limit of 0`() async throws {
        try await CloudWorld.with(people: 3) { world async throws in
            world.sandbox.misbehave(.init(.quotaUsedUp, service: .okta, count: 2))
            #expect(try await world.list(try world.connector(.okta)).people.count == 3)
            #expect(world.clock.waits.count == 2 && world.clock.waits.allSatisfy { $0 < .seconds(10) })
        }
    }

    @Test func `what cannot be done in the account's status is refused with the reason`() async throws {
        try await CloudWorld.with(people: 3) { world async throws in
            let somebody = try await world.somebody(.okta)
            world.sandbox.staff.edit(somebody.login) { $0.isActive = false }
            let failure = await #expect(throws: DirectoryFailure.self) {
                try await world.connector(.okta).perform(.forcePasswordReset, on: somebody.id, isWeakResetWanted: false)
            }
            guard case .refusedAction(let words)? = failure else {
                Issue.record("\(String(describing: failure))")
                return
            }
            #expect(words.contains("status") && words.contains("E0000038"))
            #expect(world.sandbox.staff.member(somebody.login)?.resets == 0)
        }
    }

    @Test func `a domain in a private network is refused, as a matter of its field`() async throws {
        let inside = SSRFGuard(allowed: []) { _ in [IPAddress("10.0.0.1")].compactMap { $0 } }
        let outbound = OutboundClient(ssrfGuard: inside)
        let access = DirectoryAccess(outbound: outbound, ssrfGuard: inside, logger: Logger(label: "test"), pause: { _ in })
        let connector = try OktaConnector(DirectoryConfiguration(DirectorySamples.okta, of: OktaConnector.kind), access)
        let failure = await #expect(throws: DirectoryFailure.self) { try await connector.test() }
        await outbound.shutdown()
        guard case .misconfigured(let field, let words)? = failure else {
            Issue.record("\(String(describing: failure))")
            return
        }
        #expect(field == "domain" && words.contains("private network"))
    }
}
