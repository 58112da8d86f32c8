import DataShieldTestSupport
import Foundation
import Postgres
import Testing

@testable import DataShield

@Suite(.freshDatabase) struct RemediationTests {
    @Test func `sessions are revoked, written down, and the exposure is neutralised`() async throws {
        let world = try await RemediationWorld()
        let person = try await world.makePerson()
        let alert = try await world.makeAlert(about: person)
        #expect(try await world.liveness(of: alert) == .sessionsNotKnown)
        let outcome = try await world.remediation.request(.revokeSessions, on: alert, by: world.subject)
        #expect(outcome.status == .done)
        #expect(world.directory.calls == [.init(action: .revokeSessions, account: "account-\(person)", isWeak: false)])
        #expect(outcome.attempts.map(\.status) == [.success])
        #expect(outcome.attempts.first?.detail == "Okta “Main”: done")
        #expect(outcome.attempts.first?.employeeId == person.rawValue)
        #expect(try await world.log().map(\.alertId) == [alert.rawValue])
        #expect(try await world.liveness(of: alert) == .sessionsRevoked)
        #expect(try await world.audited("remediation.requested") == 1)
        #expect(try await world.audited("remediation.performed") == 1)
    }

    @Test func `after a reset come the sessions, and both are in the log`() async throws {
        let world = try await RemediationWorld()
        let person = try await world.makePerson()
        let alert = try await world.makeAlert(about: person, artifacts: [.cookie, .password])
        let outcome = try await world.remediation.request(.forcePasswordReset, on: alert, by: world.subject)
        #expect(outcome.status == .done)
        #expect(world.directory.calls.map(\.action) == [.forcePasswordReset, .revokeSessions])
        #expect(outcome.attempts.map(\.action) == [.forcePasswordReset, .revokeSessions])
        #expect(try await world.liveness(of: alert) == .bothRenewed)
    }

    @Test func `a directory that only resets is not asked for more`() async throws {
        let world = try await RemediationWorld(actions: [.forcePasswordReset], type: .ldap)
        let alert = try await world.makeAlert(about: try await world.makePerson(), artifacts: [], data: ["password"])
        let outcome = try await world.remediation.request(.forcePasswordReset, on: alert, by: world.subject)
        #expect(outcome.status == .done && world.directory.calls.count == 1)
        #expect(try await world.liveness(of: alert) == .passwordChanged)
        await #expect(throws: Remediation.Failure.refused(.unsupported(.revokeSessions))) {
            try await world.remediation.request(.revokeSessions, on: alert, by: world.subject)
        }
    }

    @Test func `a weak reset is only where it is chosen, and neutralises nothing`() async throws {
        let world = try await RemediationWorld(actions: [.forcePasswordReset])
        let alert = try await world.makeAlert(about: try await world.makePerson(), artifacts: [], data: ["password"])
        _ = try await world.remediation.change(.init(weakReset: true), by: world.subject)
        let plan = try await world.remediation.plan([alert], .forcePasswordReset, for: world.subject)
        #expect(plan.items.first?.calls.first?.contains("old password still opens") == true)
        _ = try await world.remediation.request(.forcePasswordReset, on: alert, by: world.subject)
        #expect(world.directory.calls.map(\.isWeak) == [true])
        #expect(try await world.liveness(of: alert) == .passwordNotKnown)
    }

    @Test(arguments: [
        (DirectoryFailure.refusedAction("The account is an administrator's."), "administrator"),
        (.timeout, "did not answer in time"), (.unavailable("It is being maintained."), "maintained"), (.noSuchAccount, "does not know"),
    ]) func `what fails is written down, and not repeated`(failure: DirectoryFailure, words: String) async throws {
        let world = try await RemediationWorld()
        let alert = try await world.makeAlert(about: try await world.makePerson())
        world.directory.onCall { _ in throw failure }
        let outcome = try await world.remediation.request(.forcePasswordReset, on: alert, by: world.subject)
        #expect(outcome.status == .failed)
        #expect(outcome.reason?.contains(words) == true)
        // No sessions after a reset that failed.
        #expect(outcome.attempts.map(\.status) == [.failed])
        try await world.tick()
        try await world.drain()
        #expect(world.directory.calls.count == 1)
        #expect(try await world.liveness(of: alert) == .sessionsNotKnown)
    }

    @Test func `when the sessions stand after a reset, the request has failed and says so`() async throws {
        let world = try await RemediationWorld()
        let alert = try await world.makeAlert(about: try await world.makePerson(), artifacts: [.cookie, .password])
        world.directory.onCall { call in
            if call.action == .revokeSessions { throw DirectoryFailure.notPermitted("Grant the permission.") }
        }
        let outcome = try await world.remediation.request(.forcePasswordReset, on: alert, by: world.subject)
        #expect(outcome.status == .failed)
        #expect(outcome.reason?.hasPrefix("The password was reset, but the sessions stand.") == true)
        #expect(outcome.attempts.map(\.status) == [.success, .failed])
    }

    @Test func `a directory that does not answer is given up after a while`() async throws {
        var world = try await RemediationWorld()
        world.runner.deadline = .milliseconds(50)
        let alert = try await world.makeAlert(about: try await world.makePerson())
        world.directory.onCall { _ in try await Task.sleep(for: .seconds(600)) }  // sleeps: until it is cancelled
        let outcome = try await world.remediation.request(.revokeSessions, on: alert, by: world.subject)
        #expect(outcome.status == .failed)
        #expect(outcome.reason?.contains("not known whether it was done") == true)
        #expect(outcome.failure == .unknown && outcome.nextAction == .revokeSessions && outcome.attempts.map(\.outcomeKnown) == [false])
    }

    @Test func `who asks is not kept waiting, and what was begun ends all the same`() async throws {
        let world = try await RemediationWorld()
        let alert = try await world.makeAlert(about: try await world.makePerson())
        let (gate, opening) = AsyncStream.makeStream(of: Void.self)
        let (begun, beginning) = AsyncStream.makeStream(of: Void.self)
        world.directory.onCall { _ in
            beginning.finish()
            for await _ in gate {}
        }
        var remediation = world.remediation
        remediation.patience = .milliseconds(20)
        let outcome = try await remediation.request(.revokeSessions, on: alert, by: world.subject)
        #expect(!outcome.status.isEnded)
        await #expect(throws: Remediation.Failure.refused(.underWay)) {
            try await world.remediation.request(.revokeSessions, on: alert, by: world.subject)
        }
        for await _ in begun {}
        opening.finish()
        try await eventually { try await world.requests().map(\.status) == [.done] }
        #expect(world.directory.calls.count == 1)
    }

    // MARK: Which directory

    @Test func `somebody from a directory that cannot is looked for in one that can, by their address`() async throws {
        let world = try await RemediationWorld(type: .scim)
        let person = try await world.makePerson(email: "ada.\(world.company.rawValue.suffix(8))@acme.example")
        let alert = try await world.makeAlert(about: person)
        await #expect(throws: Remediation.Failure.refused(.unsupported(.revokeSessions))) {
            try await world.remediation.request(.revokeSessions, on: alert, by: world.subject)
        }
        let (broken, ldap, entra) = (DirectoryConnectionID(), DirectoryConnectionID(), DirectoryConnectionID())
        try await RemediationWorld.insert(broken, .okta, status: .error, in: world.company)
        // LDAP does not know accounts by their address.
        try await RemediationWorld.insert(ldap, .ldap, in: world.company)
        try await RemediationWorld.insert(entra, .entra, in: world.company)
        let outcome = try await world.remediation.request(.revokeSessions, on: alert, by: world.subject)
        #expect(outcome.connectionId == entra)
        // By the account's own id, which was looked up before.
        #expect(world.directory.calls.map(\.account) == ["found-ada.\(world.company.rawValue.suffix(8))@acme.example"])
    }

    // MARK: Whom not

    @Test func `a protected person is refused, also under a new id`() async throws {
        let world = try await RemediationWorld()
        let address = "root.\(world.company.rawValue.suffix(8))@acme.example"
        let person = try await world.makePerson(email: address)
        _ = try await world.remediation.protect(nil, address: address.uppercased(), reason: "Break-glass account", by: world.subject)
        let alert = try await world.makeAlert(about: person)
        await #expect(throws: Remediation.Failure.refused(.protected(reason: "Break-glass account"))) {
            try await world.remediation.request(.revokeSessions, on: alert, by: world.subject)
        }
        // Deleted and put on the list again.
        try await world.database.owner.execute("DELETE FROM employees WHERE id = \(person)")
        let again = try await world.makePerson(email: address)
        let second = try await world.makeAlert(about: again)
        await #expect(throws: Remediation.Failure.refused(.protected(reason: "Break-glass account"))) {
            try await world.remediation.request(.revokeSessions, on: second, by: world.subject)
        }
        #expect(try await world.requests().isEmpty && world.directory.calls.isEmpty)
        #expect(try await world.remediation.protected(for: world.subject).map(\.name) == [nil])
        try await world.remediation.unprotect(person, by: world.subject)
        #expect(try await world.remediation.request(.revokeSessions, on: second, by: world.subject).status == .done)
        await #expect(throws: Remediation.Failure.notProtected) { try await world.remediation.unprotect(person, by: world.subject) }
    }

    @Test func `protection that comes while a request waits holds`() async throws {
        let world = try await RemediationWorld()
        let person = try await world.makePerson()
        _ = try await world.remediation.bulk([try await world.makeAlert(about: person)], .revokeSessions, by: world.subject)
        _ = try await world.remediation.protect(person, address: nil, reason: "Service account", by: world.subject)
        try await world.drain()
        #expect(try await world.requests().map(\.status) == [.refused])
        #expect(world.directory.calls.isEmpty)
    }

    @Test func `an alert about nobody, of nobody's, or of a company that has it switched off`() async throws {
        let world = try await RemediationWorld()
        let nobody = try await world.database.makeAlert(in: world.company)
        await #expect(throws: Remediation.Failure.refused(.noPerson)) {
            try await world.remediation.request(.revokeSessions, on: nobody, by: world.subject)
        }
        let off = try await RemediationWorld(isEnabled: false)
        let alert = try await off.makeAlert(about: try await off.makePerson())
        await #expect(throws: Alerts.Failure.notFound) { try await world.remediation.request(.revokeSessions, on: alert, by: world.subject) }
        await #expect(throws: Remediation.Failure.notEnabled) { try await off.remediation.request(.revokeSessions, on: alert, by: off.subject) }
    }

    // MARK: The cap

    @Test func `one person more than the cap stops everything, and tells administrators once`() async throws {
        let world = try await RemediationWorld()
        // 2 % of three people is at least one.
        var alerts: [AlertID] = []
        for _ in 0..<3 { alerts.append(try await world.makeAlert(about: try await world.makePerson())) }
        #expect(try await world.remediation.request(.revokeSessions, on: alerts[0], by: world.subject).status == .done)
        // The same person is not one more.
        #expect(try await world.remediation.request(.forcePasswordReset, on: alerts[0], by: world.subject).status == .done)
        let plan = try await world.remediation.plan([alerts[1]], .revokeSessions, for: world.subject)
        #expect(plan.cap.left == 0 && plan.items.first?.refusal?.hasPrefix("The limit is reached") == true)
        // A dry run stops nothing.
        #expect(try await world.remediation.settings(for: world.subject).cap.stoppedAt == nil)
        let refused = await #expect(throws: Remediation.Failure.self) {
            try await world.remediation.request(.revokeSessions, on: alerts[1], by: world.subject)
        }
        #expect(refused?.detail.hasPrefix("The limit is reached: 1 person within 24 hours.") == true)
        #expect(refused?.status == .conflict)
        await #expect(throws: Remediation.Failure.refused(.stopped)) {
            try await world.remediation.request(.revokeSessions, on: alerts[2], by: world.subject)
        }
        #expect(try await world.audited("remediation.stopped") == 1)

        // Time alone does not resume.
        world.clock.advance(10 * 86_400)
        await #expect(throws: Remediation.Failure.refused(.stopped)) {
            try await world.remediation.bulk([alerts[1]], .revokeSessions, by: world.subject)
        }
        #expect(try await world.remediation.resume(by: world.subject).cap.left == 1)
        #expect(try await world.remediation.request(.revokeSessions, on: alerts[1], by: world.subject).status == .done)
        await #expect(throws: Remediation.Failure.notStopped) { try await world.remediation.resume(by: world.subject) }
    }

    @Test func `the window moves on`() async throws {
        let world = try await RemediationWorld()
        let first = try await world.makeAlert(about: try await world.makePerson())
        let second = try await world.makeAlert(about: try await world.makePerson())
        _ = try await world.remediation.request(.revokeSessions, on: first, by: world.subject)
        world.clock.advance(24 * 3600 + 1)
        #expect(try await world.remediation.request(.revokeSessions, on: second, by: world.subject).status == .done)
    }

    @Test func `somebody who was deleted still counts`() async throws {
        let world = try await RemediationWorld()
        let gone = try await world.makePerson()
        _ = try await world.remediation.request(.revokeSessions, on: try await world.makeAlert(about: gone), by: world.subject)
        try await world.database.owner.execute("DELETE FROM employees WHERE id = \(gone)")
        let alert = try await world.makeAlert(about: try await world.makePerson())
        let refused = await #expect(throws: Remediation.Failure.self) {
            try await world.remediation.request(.revokeSessions, on: alert, by: world.subject)
        }
        #expect(refused?.detail.hasPrefix("The limit is reached") == true)
    }

    // MARK: Many

    @Test func `a selection is done in the background, each person once`() async throws {
        let world = try await RemediationWorld()
        _ = try await world.remediation.change(.init(capPeople: 10, capPercent: 100), by: world.subject)
        let (ada, bob) = (try await world.makePerson(), try await world.makePerson())
        let ids = [
            try await world.makeAlert(about: ada), try await world.makeAlert(about: ada), try await world.makeAlert(about: bob),
            try await world.database.makeAlert(in: world.company), AlertID(),
        ]
        let plan = try await world.remediation.plan(ids + ids, .revokeSessions, for: world.subject)
        #expect(plan.items.map(\.alertIds.count) == [2, 1, 1, 1])
        #expect(plan.items.map { $0.refusal == nil } == [true, true, false, false])
        #expect(world.directory.calls.isEmpty)
        #expect(try await world.requests().isEmpty)
        let bulk = try await world.remediation.bulk(ids, .revokeSessions, by: world.subject)
        #expect(bulk.requested == 2)
        #expect(try await world.remediation.bulk(ids, .revokeSessions, by: world.subject).requested == 0)
        try await world.drain()
        #expect(Set(world.directory.calls.map(\.account)) == ["account-\(ada)", "account-\(bob)"])
        #expect(world.directory.calls.count == 2)
        #expect(try await world.log().allSatisfy { $0.performedBy == "test" })
    }
}

/// Waits until something is so.
func eventually(_ condition: () async throws -> Bool) async throws {
    let end = ContinuousClock.now + .seconds(120)
    while try await !condition() {
        guard ContinuousClock.now < end else { throw NeverSo() }
        await Task.yield()
    }
}

struct NeverSo: Error {}
