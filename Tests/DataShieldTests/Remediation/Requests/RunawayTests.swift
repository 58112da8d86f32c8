import DataShieldTestSupport
import Foundation
import Postgres
import Synchronization
import Testing

@testable import DataShield

/// Numbers that are random, and the same again for the same seed.
struct SeededNumbers: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed &+ 0x9E37_79B9_7F4A_7C15 }

    /// SplitMix64.
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    mutating func chance(_ share: Double) -> Bool { Double.random(in: 0..<1, using: &self) < share }
}

/// A program that dies: nothing of it is written after this.
struct Killed: Error {}

@Suite(.freshDatabasePerTest) struct RunawayTests {
    // MARK: Killed between two steps

    @Test(arguments: RequestRunner.Step.allCases)
    func `a program that dies at any step asks the directory at most once, and the log says what became of it`(
        step: RequestRunner.Step
    ) async throws {
        var world = try await RemediationWorld()
        let alert = try await world.makeAlert(about: try await world.makePerson(), artifacts: [.cookie, .password])
        world.runner.interruption = { if $0 == step { throw Killed() } }
        let dying = world.remediation
        await #expect(throws: Killed.self) { try await dying.request(.forcePasswordReset, on: alert, by: world.subject) }
        world.runner.interruption = { _ in }
        // Another program, before and after the lease has ended.
        for _ in 0..<3 {
            try await world.tick()
            try await world.drain()
            world.clock.advance(400)
        }
        let calls = world.directory.calls.map(\.action)
        #expect(calls.count { $0 == .forcePasswordReset } <= 1)
        #expect(calls.count { $0 == .revokeSessions } <= 1)
        let log = try await world.log()
        let request = try #require(try await world.requests().first)
        switch step {
        case .read, .prepared, .starting:
            // It had not begun: the next program does it.
            #expect(request.status == .done)
            #expect(log.map(\.status) == [.success, .success])
        case .started, .connected, .called, .recording:
            #expect(request.status == .failed)
            #expect(log.map(\.status) == [.failed])
            #expect(log.first?.detail == RemediationSchedule.lostReason)
            // Neither failed nor done: nobody knows, and what comes after it is offered.
            #expect(log.map(\.outcomeKnown) == [false])
            #expect(request.failure == .unknown && request.next == .revokeSessions)
            #expect(request.reason?.contains("not known whether it was done") == true)
            #expect(try await world.remediation.unfinished(for: world.subject).map(\.id) == [request.id])
            #expect(try await world.liveness(of: alert) == .sessionsNotKnown)
        case .recorded, .connectedAgain, .calledAgain, .recordingAgain:
            #expect(request.status == .failed)
            #expect(log.map(\.action) == [.forcePasswordReset, .revokeSessions])
            #expect(log.map(\.status) == [.success, .failed])
            #expect(log.map(\.outcomeKnown) == [true, false])
            #expect(request.failure == .unknown && request.next == .revokeSessions)
        case .recordedAgain:
            #expect(request.status == .done)
            #expect(log.map(\.status) == [.success, .success])
        }
        // The person can be acted on again, by somebody who decides to.
        #expect(try await world.remediation.request(.revokeSessions, on: alert, by: world.subject).status == .done)
        #expect(try await world.remediation.unfinished(for: world.subject).isEmpty)
    }

    @Test func `an answer that comes after its request was given up is written down, and then it is known`() async throws {
        let world = try await RemediationWorld()
        let alert = try await world.makeAlert(about: try await world.makePerson())
        world.directory.onCall { _ in
            world.clock.advance(400)
            try await world.tick()
            world.clock.advance(1)
        }
        let outcome = try await world.remediation.request(.revokeSessions, on: alert, by: world.subject)
        #expect(outcome.status == .done && outcome.failure == nil && outcome.nextAction == nil)
        #expect(outcome.attempts.map(\.status) == [.failed, .success])
        #expect(outcome.attempts.map(\.outcomeKnown) == [false, true])
        #expect(outcome.attempts.last?.detail?.contains("after the request had been given up") == true)
    }

    @Test func `a reset whose answer came after it was given up leaves the sessions to somebody`() async throws {
        let world = try await RemediationWorld()
        let alert = try await world.makeAlert(about: try await world.makePerson(), artifacts: [.cookie, .password])
        world.directory.onCall { _ in
            world.clock.advance(400)
            try await world.tick()
        }
        let outcome = try await world.remediation.request(.forcePasswordReset, on: alert, by: world.subject)
        #expect(outcome.status == .failed && outcome.nextAction == .revokeSessions)
        #expect(outcome.reason?.hasPrefix("The password was reset, but the sessions stand") == true)
        #expect(world.directory.calls.map(\.action) == [.forcePasswordReset])
    }

    @Test func `the schema lets no request go back`() async throws {
        let world = try await RemediationWorld()
        _ = try await world.remediation.request(
            .revokeSessions, on: try await world.makeAlert(about: try await world.makePerson()), by: world.subject)
        await #expect(throws: PostgresError.self) {
            try await world.database.owner.execute(
                "UPDATE remediation_requests SET status = 'PENDING', started_at = NULL, finished_at = NULL WHERE company_id = \(world.company)")
        }
    }

    // MARK: Anything in any order

    @Test(arguments: 1...16) func `no sequence of events exceeds the cap, touches a protected person, or repeats a call`(seed: Int) async throws {
        var numbers = SeededNumbers(seed: UInt64(seed))
        let run = try await Run(&numbers)
        for _ in 0..<50 { try await run.step(&numbers) }
        try await run.end()
        #expect(run.faults.isEmpty, "seed \(seed): \(run.faults)")
    }
}

/// One sequence of events, and what must never be.
private final class Run: Sendable {
    let world: RemediationWorld
    let people: [EmployeeID]
    private struct State: Sendable {
        var alerts: [AlertID] = []
        /// As the company has set it: nothing runs while it is changed.
        var governor: Governor
        var isEnabled = true
        /// Those who were not deleted.
        var present: Set<EmployeeID>
        /// Whose accounts were called, and when; since somebody resumed last.
        var touched: [(account: String, at: Date)] = []
        var faults: [String] = []
    }
    private let state: Mutex<State>

    var faults: [String] { state.withLock { $0.faults } }

    init(_ numbers: inout SeededNumbers) async throws {
        // From now on: when remediation is switched on is the database's time, and policies look at what is new since.
        world = try await RemediationWorld(clock: MovedClock(Date()))
        var people: [EmployeeID] = []
        for _ in 0..<Int.random(in: 3...40, using: &numbers) { people.append(try await world.makePerson()) }
        self.people = people
        state = Mutex(State(governor: Self.governor(&numbers), present: Set(people)))
        try await setCap(&numbers)
        watch()
    }

    private static func governor(_ numbers: inout SeededNumbers) -> Governor {
        Governor(
            capPeople: Int.random(in: 1...6, using: &numbers), capPercent: Double.random(in: 1...60, using: &numbers),
            windowHours: Int.random(in: 1...48, using: &numbers))
    }

    private func setCap(_ numbers: inout SeededNumbers) async throws {
        let governor = Self.governor(&numbers)
        state.withLock { $0.governor = governor }
        _ = try await world.remediation.change(
            .init(capPeople: governor.capPeople, capPercent: governor.capPercent, windowHours: governor.windowHours), by: world.subject)
    }

    /// Looks at each call at the moment when it is made.
    private func watch() {
        let company = world.company
        world.directory.onCall { [self] call in
            let isProtected = try await world.database.system.first(
                "SELECT EXISTS (SELECT FROM protected_people WHERE company_id = \(company) AND 'account-' || employee_id = \(call.account))",
                as: Bool.self)
            let now = world.clock.now
            state.withLock { state in
                if isProtected == true { state.faults.append("a protected person was touched") }
                if !state.isEnabled { state.faults.append("somebody was touched while it was switched off") }
                let since = now.addingTimeInterval(-Double(state.governor.windowHours) * 3600)
                let before = Set(state.touched.filter { $0.at >= since }.map(\.account))
                state.touched.append((call.account, now))
                // A cap that was lowered takes nothing back: whoever was touched by then may be, and nobody else.
                let limit = state.governor.limit(people: state.present.count)
                if !before.contains(call.account), before.count >= limit {
                    state.faults.append("\(before.count + 1) people touched, at most \(limit) may be")
                }
            }
            // Whoever is slow lets others go ahead.
            await Task.yield()
        }
    }

    func step(_ numbers: inout SeededNumbers) async throws {
        switch Int.random(in: 0..<17, using: &numbers) {
        case 0, 1: try await raise(about: people.filter { _ in numbers.chance(0.3) }, &numbers)
        case 2: try await raise(about: people, &numbers)
        case 3: try await decide(&numbers)
        case 4, 5: try await world.tick()
        case 6: await ask(&numbers)
        case 7:
            let alerts = state.withLock { $0.alerts }.filter { _ in numbers.chance(0.4) }
            // Refused while stopped, which is as it should be.
            if !alerts.isEmpty { _ = try? await world.remediation.bulk(alerts, Self.action(&numbers), by: world.subject) }
        case 8, 9: await drain(&numbers)
        case 10: world.clock.advance(Double.random(in: 1...30_000, using: &numbers))
        case 11:
            guard numbers.chance(0.5), (try? await world.remediation.resume(by: world.subject)) != nil else { return }
            // From now on it is counted anew.
            state.withLock { $0.touched = [] }
        case 12: try await setCap(&numbers)
        case 13, 14:
            let isEnabled = numbers.chance(0.7)
            _ = try await world.remediation.change(.init(enabled: isEnabled), by: world.subject)
            state.withLock { $0.isEnabled = isEnabled }
        case 15: if numbers.chance(0.3) { try await delete(&numbers) }
        default: try await protect(&numbers)
        }
    }

    private static func action(_ numbers: inout SeededNumbers) -> RemediationType {
        numbers.chance(0.5) ? .revokeSessions : .forcePasswordReset
    }

    /// Somebody leaves the list, and what was done to them still counts.
    private func delete(_ numbers: inout SeededNumbers) async throws {
        guard let person = state.withLock({ $0.present }).sorted().randomElement(using: &numbers) else { return }
        state.withLock { _ = $0.present.remove(person) }
        try await world.database.owner.execute("DELETE FROM employees WHERE id = \(person)")
    }

    private func raise(about people: [EmployeeID], _ numbers: inout SeededNumbers) async throws {
        let present = state.withLock { $0.present }
        for person in people where present.contains(person) {
            let alert = try await world.makeAlert(
                about: person, severity: numbers.chance(0.7) ? .critical : .medium, artifacts: numbers.chance(0.7) ? [.cookie] : [], daysAgo: 0)
            state.withLock { $0.alerts.append(alert) }
        }
        world.clock.advance(1)
    }

    private func decide(_ numbers: inout SeededNumbers) async throws {
        let policies: [RemediationSettingsChange.Policy] =
            numbers.chance(0.3)
            ? []
            : [
                .init(
                    minSeverity: numbers.chance(0.5) ? .critical : .low, requires: numbers.chance(0.5) ? .session : .anything,
                    action: Self.action(&numbers)
                )
            ]
        _ = try await world.remediation.change(.init(policies: policies), by: world.subject)
    }

    /// One by hand, whose program may die. Refusals are as they should be.
    private func ask(_ numbers: inout SeededNumbers) async {
        guard let alert = state.withLock({ $0.alerts }).randomElement(using: &numbers) else { return }
        var dying = world
        dying.runner = runner(&numbers)
        _ = try? await dying.remediation.request(Self.action(&numbers), on: alert, by: world.subject)
    }

    /// Several programs at once, of which some die.
    private func drain(_ numbers: inout SeededNumbers) async {
        let runners = (0..<Int.random(in: 1...4, using: &numbers)).map { _ in runner(&numbers) }
        await withTaskGroup(of: Void.self) { group in
            for runner in runners { group.addTask { [world] in try? await world.drain(runner) } }
        }
    }

    private func runner(_ numbers: inout SeededNumbers) -> RequestRunner {
        var runner = world.runner
        guard numbers.chance(0.5), let step = RequestRunner.Step.allCases.randomElement(using: &numbers) else { return runner }
        let remaining = Mutex(Int.random(in: 1...3, using: &numbers))
        runner.interruption = { at in
            guard at == step else { return }
            let isOver = remaining.withLock { left in
                left -= 1
                return left <= 0
            }
            if isOver { throw Killed() }
        }
        return runner
    }

    private func protect(_ numbers: inout SeededNumbers) async throws {
        guard let person = state.withLock({ $0.present }).sorted().randomElement(using: &numbers) else { return }
        if numbers.chance(0.6) {
            _ = try await world.remediation.protect(person, address: nil, reason: "Service account", by: world.subject)
        } else {
            // Who is not protected cannot be taken off.
            try? await world.remediation.unprotect(person, by: world.subject)
        }
    }

    /// Lets every lease end, and looks whether everything has ended, once.
    func end() async throws {
        for _ in 0..<2 {
            world.clock.advance(400)
            try await world.tick()
            try await world.drain()
        }
        let requests = try await world.requests()
        let started = requests.filter { $0.startedAt != nil }
        let log = try await world.log()
        // A reset is a call, and the sessions after it are another.
        let resets = world.directory.calls.count { $0.action == .forcePasswordReset }
        let wanted = started.count { $0.action == .forcePasswordReset }
        let calls = Dictionary(grouping: world.directory.calls, by: \.account).mapValues(\.count)
        var faults = requests.filter { !$0.status.isEnded }.map { "\($0.id) has not ended: \($0.status)" }
        for (person, own) in Dictionary(grouping: started, by: \.employee) {
            let most = own.reduce(0) { $0 + ($1.action == .forcePasswordReset ? 2 : 1) }
            if calls["account-\(person)", default: 0] > most {
                faults.append("\(person) was called \(calls["account-\(person)", default: 0]) times for \(own.count) requests")
            }
        }
        if resets > wanted { faults.append("\(resets) resets for \(wanted) requests") }
        if log.count < started.count || log.count > started.count + wanted {
            faults.append("\(started.count) requests were started, \(log.count) attempts are in the log")
        }
        if calls.values.reduce(0, +) > started.count + wanted { faults.append("more calls than requests") }
        state.withLock { $0.faults += faults }
    }
}
