import DataShieldTestSupport
import Foundation
import Jobs
import Postgres
import Testing

@testable import DataShield

/// Whose turn it is, and that an order is carried out once.
@Suite(.freshDatabase) struct RemediationOrderTests {
    /// People with an alert each.
    private func people(_ count: Int, in world: RemediationWorld) async throws -> [(person: EmployeeID, alert: AlertID)] {
        var people: [(EmployeeID, AlertID)] = []
        for _ in 0..<count {
            let person = try await world.makePerson()
            people.append((person, try await world.makeAlert(about: person)))
        }
        return people
    }

    private func world(cap: Int) async throws -> RemediationWorld {
        let world = try await RemediationWorld()
        _ = try await world.remediation.change(.init(capPeople: cap, capPercent: 100), by: world.subject)
        return world
    }

    // MARK: Whose turn

    @Test(arguments: 1...4) func `beyond the cap those are acted on whom the dry run named`(seed: Int) async throws {
        var numbers = SeededNumbers(seed: UInt64(seed))
        let world = try await world(cap: 3)
        let people = try await people(10, in: world).shuffled(using: &numbers)
        let plan = try await world.remediation.plan(people.map(\.alert), .revokeSessions, for: world.subject)
        let named = plan.items.filter { $0.refusal == nil }.compactMap(\.employeeId)
        #expect(named == people.prefix(3).map(\.person))
        let bulk = try await world.remediation.bulk(people.map(\.alert), .revokeSessions, by: world.subject)
        #expect(bulk.words.hasPrefix("Up to 3 of 10 people are acted on now"))
        try await world.drain()
        #expect(world.directory.calls.map(\.account) == named.map { "account-\($0)" })
    }

    @Test func `what waits comes first, and a dry run counts with it`() async throws {
        let world = try await world(cap: 2)
        let people = try await people(4, in: world)
        _ = try await world.remediation.bulk([people[0].alert], .revokeSessions, by: world.subject)
        let plan = try await world.remediation.plan(people.map(\.alert), .revokeSessions, for: world.subject)
        #expect(plan.cap.waiting == 1 && plan.cap.left == 2)
        #expect(plan.items.map(\.refused) == [.underWay, nil, .capUsed(limit: 2, hours: 24), .stoppedMeanwhile])
        // Another action on somebody who waits is not one person more.
        let other = try await world.remediation.plan([people[0].alert, people[1].alert], .forcePasswordReset, for: world.subject)
        #expect(other.items.map(\.refused) == [nil, nil])
        try await world.drain()
        #expect(try await world.remediation.settings(for: world.subject).cap.waiting == 0)
    }

    // MARK: Once

    @Test func `the same order again is the first one, whoever else uses the key`() async throws {
        let world = try await world(cap: 10)
        let people = try await people(2, in: world)
        let key = try OrderKey("5f0c6d9e-form")
        let first = try await world.remediation.request(.forcePasswordReset, on: people[0].alert, by: world.subject, key: key)
        let second = try await world.remediation.request(.forcePasswordReset, on: people[0].alert, by: world.subject, key: key)
        #expect(first.id == second.id && second.status == .done)
        #expect(world.directory.calls.count { $0.action == .forcePasswordReset } == 1)
        await #expect(throws: Remediation.Failure.keyReused) {
            try await world.remediation.request(.forcePasswordReset, on: people[1].alert, by: world.subject, key: key)
        }
        let somebody = Subject(actor: .user(try await world.database.makeUser(in: world.company, role: .admin)), company: world.company, role: .admin)
        let third = try await world.remediation.request(.forcePasswordReset, on: people[0].alert, by: somebody, key: key)
        #expect(third.id != first.id)
    }

    @Test func `of two that come at once one is carried out, and both have its answer`() async throws {
        let world = try await world(cap: 10)
        let people = try await people(1, in: world)
        let key = try OrderKey("twice")
        let (gate, opening) = AsyncStream.makeStream(of: Void.self)
        world.directory.onCall { _ in for await _ in gate {} }
        var remediation = world.remediation
        remediation.patience = .milliseconds(1)
        let ids = try await withThrowingTaskGroup(of: RemediationRequestID.self) { [remediation] group in
            for _ in 0..<10 {
                group.addTask { try await remediation.request(.revokeSessions, on: people[0].alert, by: world.subject, key: key).id }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        opening.finish()
        try await eventually { try await world.requests().map(\.status) == [.done] }
        #expect(ids.count == 1 && world.directory.calls.count == 1)
    }

    @Test func `an order that was refused stays so`() async throws {
        let world = try await world(cap: 1)
        let people = try await people(2, in: world)
        _ = try await world.remediation.request(.revokeSessions, on: people[0].alert, by: world.subject)
        let key = try OrderKey("late")
        for _ in 0..<2 {
            let failure = await #expect(throws: Remediation.Failure.self) {
                try await world.remediation.request(.revokeSessions, on: people[1].alert, by: world.subject, key: key)
            }
            #expect(failure?.detail.hasPrefix("The limit is reached") == true)
        }
        #expect(try await world.requests().count == 2)
    }

    @Test func `a selection that is sent twice is carried out once`() async throws {
        let world = try await world(cap: 10)
        let people = try await people(3, in: world)
        let key = try OrderKey("selection")
        #expect(try await world.remediation.bulk(people.map(\.alert), .revokeSessions, by: world.subject, key: key).requested == 3)
        try await world.drain()
        let again = try await world.remediation.bulk(people.map(\.alert), .revokeSessions, by: world.subject, key: key)
        #expect(again.requested == 3 && again.isRepeated)
        #expect(again.words.hasPrefix("Somebody asked for this before, for 3 people."))
        try await world.drain()
        #expect(world.directory.calls.count == 3)
        await #expect(throws: Remediation.Failure.keyReused) {
            try await world.remediation.bulk(people.map(\.alert), .forcePasswordReset, by: world.subject, key: key)
        }
    }

    @Test func `a key that ordered a selection is for that selection, in any order, and for no other`() async throws {
        let world = try await world(cap: 10)
        let people = try await people(4, in: world)
        let alerts = people.map(\.alert)
        let key = try OrderKey("these-three")
        let first = try await world.remediation.bulk(Array(alerts.prefix(3)), .revokeSessions, by: world.subject, key: key)
        let again = try await world.remediation.bulk([alerts[2], alerts[0], alerts[1], alerts[0]], .revokeSessions, by: world.subject, key: key)
        #expect(again.isRepeated && again.requests.map(\.id) == first.requests.map(\.id))
        for other in [[alerts[3]], Array(alerts.prefix(2)), alerts] {
            await #expect(throws: Remediation.Failure.keyReused) {
                try await world.remediation.bulk(other, .revokeSessions, by: world.subject, key: key)
            }
        }
        #expect(try await world.requests().count == 3)
        // Also where nothing came of it.
        let empty = try OrderKey("nobody")
        #expect(try await world.remediation.bulk(Array(alerts.prefix(2)), .revokeSessions, by: world.subject, key: empty).requests.isEmpty)
        await #expect(throws: Remediation.Failure.keyReused) {
            try await world.remediation.bulk([alerts[3]], .revokeSessions, by: world.subject, key: empty)
        }
        // Another company's key is another one.
        let stranger = try await self.world(cap: 10)
        let theirs = try await self.people(1, in: stranger)
        #expect(try await stranger.remediation.bulk(theirs.map(\.alert), .revokeSessions, by: stranger.subject, key: key).requested == 1)
    }

    @Test func `ten selections at once with one key are one`() async throws {
        let world = try await world(cap: 10)
        let people = try await people(2, in: world)
        let key = try OrderKey("ten")
        let ids = try await withThrowingTaskGroup(of: [RemediationRequestID].self) { group in
            for _ in 0..<10 {
                group.addTask {
                    try await world.remediation.bulk(people.map(\.alert), .revokeSessions, by: world.subject, key: key).requests.map(\.id)
                }
            }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(ids.count == 1 && ids.first?.count == 2)
        try await world.drain()
        #expect(world.directory.calls.count == 2)
    }

    @Test(arguments: [
        ("\"8e03978e-40d5-43dd-bc93-6894a57f9324\"", true), ("a.b_c-D9", true), ("", false), ("\"\"", false), ("a b", false), ("a:b", false),
    ])
    func `a key is a plain text`(text: String, isOne: Bool) {
        #expect((try? OrderKey(text)) != nil || !isOne)
        if !isOne { #expect(throws: InvalidInput.self) { try OrderKey(text) } }
    }

    // MARK: The database's time

    @Test func `the time is the database's, as it is and not when the transaction began`() async throws {
        let world = try await RemediationWorld()
        let times = try await world.database.tenant.transaction(for: world.company) { db in
            let began = try await db.first("SELECT now()", as: Date.self)
            let first = try await RemediationClock.database.read(db)
            let second = try await RemediationClock.database.read(db)
            let last = try await db.first("SELECT clock_timestamp()", as: Date.self)
            return [began, first, second, last].compactMap { $0 }
        }
        #expect(times.count == 4 && times.dropFirst() == times.dropFirst().sorted()[...])
        // Whatever the host's clock says, what is started has the database's.
        let runner = RequestRunner(database: world.database.tenant, directories: world.directory, logger: RemediationWorld.logger)
        let alert = try await world.makeAlert(about: try await world.makePerson())
        _ = try await world.remediation.bulk([alert], .revokeSessions, by: world.subject)
        try await world.drain(runner)
        let isNow = try await world.database.system.first(
            """
            SELECT started_at BETWEEN \(times[1]) AND clock_timestamp() AND finished_at >= started_at FROM remediation_requests
            WHERE company_id = \(world.company)
            """, as: Bool.self)
        #expect(isNow == true)
    }

    // MARK: Settings

    @Test func `policies that are added at once are all there`() async throws {
        let world = try await RemediationWorld()
        let all = Severity.allCases.flatMap { severity in
            RemediationPolicy.Requirement.allCases.map {
                RemediationSettingsChange.Policy(minSeverity: severity, requires: $0, action: .revokeSessions)
            }
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for policy in all { group.addTask { _ = try await world.remediation.add(policy, by: world.subject) } }
            try await group.waitForAll()
        }
        #expect(Set(try await world.remediation.settings(for: world.subject).policies.map(\.asked)) == Set(all))
        try await withThrowingTaskGroup(of: Void.self) { group in
            for policy in all.dropFirst() { group.addTask { _ = try await world.remediation.remove(policy, by: world.subject) } }
            try await group.waitForAll()
        }
        #expect(try await world.remediation.settings(for: world.subject).policies.map(\.asked) == Array(all.prefix(1)))
    }
}
