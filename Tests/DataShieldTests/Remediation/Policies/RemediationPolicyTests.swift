import DataShieldTestSupport
import Foundation
import Testing

@testable import DataShield

/// With a database for each: what is scheduled looks at all companies, and each test has its own time.
@Suite(.freshDatabasePerTest) struct RemediationPolicyTests {
    private static let session = RemediationSettingsChange.Policy(minSeverity: .critical, requires: .session, action: .revokeSessions)

    private func world(_ policies: [RemediationSettingsChange.Policy]) async throws -> RemediationWorld {
        let world = try await RemediationWorld()
        _ = try await world.remediation.change(.init(capPeople: 100, capPercent: 100, policies: policies), by: world.subject)
        world.clock.advance(60)
        return world
    }

    @Test func `nothing is done by itself without a policy`() async throws {
        let world = try await world([])
        _ = try await world.makeAlert(about: try await world.makePerson())
        world.clock.advance(60)
        try await world.tick()
        #expect(try await world.requests().isEmpty)
    }

    @Test func `a policy acts on what fits it, once, and on nothing that was there before`() async throws {
        let world = try await RemediationWorld()
        let old = try await world.makePerson()
        _ = try await world.makeAlert(about: old)
        world.clock.advance(60)
        _ = try await world.remediation.change(.init(capPeople: 100, capPercent: 100, policies: [Self.session]), by: world.subject)
        world.clock.advance(60)
        let stolen = try await world.makePerson()
        let alert = try await world.makeAlert(about: stolen)
        _ = try await world.makeAlert(about: stolen)
        _ = try await world.makeAlert(about: try await world.makePerson(), severity: .high)
        _ = try await world.makeAlert(about: try await world.makePerson(), artifacts: [.password])
        world.clock.advance(10)
        try await world.tick()
        try await world.tick()
        try await world.drain()
        world.clock.advance(10)
        try await world.tick()
        try await world.drain()
        #expect(world.directory.calls.map(\.account) == ["account-\(stolen)"])
        #expect(try await world.log().map(\.performedBy) == ["Policy: Critical with a stolen session: revoke sessions"])
        #expect(try await world.liveness(of: alert) == .sessionsRevoked)
        // A new alert about the same person is a new matter, but for one about what has been ended.
        world.clock.advance(10)
        _ = try await world.makeAlert(about: stolen)
        world.clock.advance(10)
        try await world.tick()
        try await world.drain()
        #expect(world.directory.calls.count == 1)
        _ = try await world.makeAlert(about: stolen, daysAgo: 0)
        world.clock.advance(10)
        try await world.tick()
        try await world.drain()
        #expect(world.directory.calls.count == 2)
    }

    @Test func `an alert whose transaction ended late is still seen`() async throws {
        let world = try await world([Self.session])
        let begun = world.clock.now
        world.clock.advance(600)
        try await world.tick()
        let person = try await world.makePerson()
        let breach = try await world.database.makeBreach()
        _ = try await world.database.makeBreachRecord(in: world.company, employee: person, breach: breach, artifacts: [.token])
        _ = try await world.database.makeAlert(in: world.company, severity: .critical, employee: person, breach: breach, createdAt: begun)
        try await world.tick()
        #expect(try await world.requests().count == 1)
    }

    @Test func `switched off, resolved or having left, nothing is asked for`() async throws {
        let world = try await world([Self.session])
        let resolved = try await world.makeAlert(about: try await world.makePerson())
        _ = try await world.alerts.move(resolved, to: .resolved, by: world.subject)
        let gone = try await world.makePerson()
        _ = try await world.makeAlert(about: gone)
        try await world.database.owner.execute("UPDATE employees SET deactivated_at = now() WHERE id = \(gone)")
        world.clock.advance(10)
        try await world.tick()
        #expect(try await world.requests().isEmpty)
        _ = try await world.makeAlert(about: try await world.makePerson())
        _ = try await world.remediation.change(.init(enabled: false), by: world.subject)
        world.clock.advance(10)
        try await world.tick()
        #expect(try await world.requests().isEmpty)
    }

    @Test func `a failed one is not tried again by itself`() async throws {
        let world = try await world([Self.session])
        world.directory.onCall { _ in throw DirectoryFailure.timeout }
        _ = try await world.makeAlert(about: try await world.makePerson())
        for _ in 0..<3 {
            world.clock.advance(600)
            try await world.tick()
            try await world.drain()
        }
        #expect(world.directory.calls.count == 1)
        #expect(try await world.log().map(\.status) == [.failed])
    }

    @Test func `all of the staff exposed at once ends with the cap used, a stop, and one notice`() async throws {
        let world = try await RemediationWorld()
        _ = try await world.remediation.change(.init(policies: [Self.session]), by: world.subject)
        world.clock.advance(60)
        var people: [EmployeeID] = []
        for _ in 0..<200 { people.append(try await world.makePerson()) }
        for person in people { _ = try await world.makeAlert(about: person) }
        world.clock.advance(10)
        try await world.tick()
        #expect(try await world.requests().count == 200)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<4 { group.addTask { try await world.drain() } }
            try await group.waitForAll()
        }
        // 2 % of 200.
        #expect(world.directory.calls.count == 4)
        #expect(Set(world.directory.calls.map(\.account)).count == 4)
        let statuses = Dictionary(grouping: try await world.requests(), by: \.status).mapValues(\.count)
        #expect(statuses == [.done: 4, .refused: 196])
        #expect(try await world.audited("remediation.stopped") == 1)
        let settings = try await world.remediation.settings(for: world.subject)
        #expect(settings.cap.stoppedAt != nil && settings.cap.left == 0)
        // It goes on being refused, and is not done later by itself.
        world.clock.advance(30 * 86_400)
        try await world.tick()
        try await world.drain()
        _ = try await world.remediation.resume(by: world.subject)
        try await world.tick()
        try await world.drain()
        #expect(world.directory.calls.count == 4)
    }

    // MARK: What is new

    @Test func `what was raised while remediation was off is not done when it is on again`() async throws {
        // The moment of switching on is the database's: the test's time is the same, and goes no further.
        let world = try await RemediationWorld(clock: MovedClock(Date().addingTimeInterval(-7200)))
        _ = try await world.remediation.change(.init(capPeople: 100, capPercent: 100, policies: [Self.session]), by: world.subject)
        world.clock.advance(600)
        try await world.tick()
        _ = try await world.remediation.change(.init(enabled: false), by: world.subject)
        world.clock.advance(600)
        _ = try await world.makeAlert(about: try await world.makePerson())
        world.clock.advance(600)
        _ = try await world.remediation.change(.init(enabled: true), by: world.subject)
        try await world.tick()
        #expect(try await world.requests().isEmpty)
        // What is raised from now on is.
        world.clock.advance(8000)
        _ = try await world.makeAlert(about: try await world.makePerson())
        world.clock.advance(1)
        try await world.tick()
        #expect(try await world.requests().count == 1)
    }

    /// A finding of a password by a provider, and of a session by malware.
    private func findings(_ breach: String) -> (Finding, Finding) {
        (
            Finding(breachName: breach, dataTypes: ["email"], source: .hibp, provider: .hibp),
            Finding(
                breachName: breach, dataTypes: ["email"], artifacts: [.cookie], source: .stealerLog, provider: nil,
                leak: LeakFinding(file: LeakFileID(), credentials: []))
        )
    }

    @Test(arguments: [60, 18_000] as [Double]) func `an alert that tells of a stolen session later is new to a policy, however late`(
        after: Double
    ) async throws {
        let world = try await world([Self.session])
        let person = try await world.makePerson()
        let (first, second) = findings("Breach \(CUID.make(at: Date()))")
        func record(_ finding: Finding) async throws {
            try await world.database.tenant.transaction(for: world.company) { db in
                _ = try await Recorder(now: { world.clock.now }).record([(person, finding)], in: db)
            }
            world.clock.advance(10)
            try await world.tick()
            try await world.drain()
        }
        try await record(first)
        #expect(world.directory.calls.isEmpty)
        world.clock.advance(after)
        try await world.tick()
        try await record(second)
        #expect(world.directory.calls.map(\.account) == ["account-\(person)"])
        // Said again, it is nothing new.
        world.clock.advance(10)
        try await record(second)
        #expect(world.directory.calls.count == 1)
    }

    @Test func `an alert that is opened again is new to a policy`() async throws {
        let world = try await world([Self.session])
        let alert = try await world.makeAlert(about: try await world.makePerson())
        world.clock.advance(10)
        try await world.tick()
        try await world.drain()
        #expect(world.directory.calls.count == 1)
        // The session is ended, and so is the alert.
        #expect(try await world.alerts.find(alert, for: world.subject).alert.status == .resolved)
        world.clock.advance(5 * 3600)
        try await world.tick()
        _ = try await world.alerts.move(alert, to: .open, by: world.subject)
        world.clock.advance(10)
        for _ in 0..<2 {
            try await world.tick()
            try await world.drain()
        }
        #expect(world.directory.calls.count == 2)
    }

    @Test func `of those whom a policy is about the most severe come first`() async throws {
        let world = try await RemediationWorld()
        let policy = RemediationSettingsChange.Policy(minSeverity: .low, requires: .session, action: .revokeSessions)
        _ = try await world.remediation.change(.init(capPeople: 1, capPercent: 100, policies: [policy]), by: world.subject)
        world.clock.advance(60)
        _ = try await world.makeAlert(about: try await world.makePerson(), severity: .low)
        let worst = try await world.makePerson()
        _ = try await world.makeAlert(about: worst)
        _ = try await world.makeAlert(about: try await world.makePerson(), severity: .medium)
        world.clock.advance(10)
        try await world.tick()
        try await world.drain()
        #expect(world.directory.calls.map(\.account) == ["account-\(worst)"])
    }

    @Test func `the dry run of a policy is about all alerts that are open, and does nothing`() async throws {
        let world = try await RemediationWorld(isEnabled: false)
        _ = try await world.remediation.change(.init(capPeople: 1, capPercent: 100), by: world.subject)
        let (first, second) = (try await world.makePerson(), try await world.makePerson())
        _ = try await world.makeAlert(about: first, severity: .high)
        _ = try await world.makeAlert(about: first)
        _ = try await world.makeAlert(about: second)
        _ = try await world.makeAlert(about: try await world.makePerson(), severity: .high)
        _ = try await world.alerts.move(try await world.makeAlert(about: try await world.makePerson()), to: .resolved, by: world.subject)
        let found = try await world.remediation.plan(Self.session, for: world.subject)
        #expect(found.people == 2)
        #expect(Set(found.plan.items.compactMap(\.employeeId)) == [first, second])
        #expect(found.plan.items.map { $0.refusal == nil } == [true, false])
        #expect(try await world.requests().isEmpty && world.directory.calls.isEmpty)
    }
}
