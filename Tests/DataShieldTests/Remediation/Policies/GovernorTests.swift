import Foundation
import Testing

@testable import DataShield

struct GovernorTests {
    @Test(arguments: [
        // people, cap, percent, limit
        (0, 10, 2.0, 1), (1, 10, 2.0, 1), (49, 10, 2.0, 1), (99, 10, 2.0, 1), (100, 10, 2.0, 2), (499, 10, 2.0, 9), (500, 10, 2.0, 10),
        (100_000, 10, 2.0, 10), (10, 10, 100.0, 10), (5, 10, 100.0, 5), (1_000, 1, 50.0, 1), (1_000, 100_000, 0.05, 1),
    ]) func `the cap is the smaller of a number and a share, and at least one`(people: Int, cap: Int, percent: Double, limit: Int) {
        #expect(Governor(capPeople: cap, capPercent: percent).limit(people: people) == limit)
    }

    @Test func `what was started before somebody resumed does not count`() {
        let governor = Governor(windowHours: 24)
        let now = Date(timeIntervalSince1970: 1_800_000_000)
        #expect(governor.windowStart(at: now, countedFrom: nil) == now.addingTimeInterval(-86_400))
        #expect(governor.windowStart(at: now, countedFrom: now.addingTimeInterval(-60)) == now.addingTimeInterval(-60))
        #expect(governor.windowStart(at: now, countedFrom: now.addingTimeInterval(-90_000)) == now.addingTimeInterval(-86_400))
    }

    private let person = EmployeeID()

    @Test func `one more than the cap stops, who was touched already does not`() {
        let governor = Governor(capPeople: 2, capPercent: 100)
        func decide(_ touched: Set<EmployeeID>) -> Governor.Decision {
            governor.decide(about: person, protection: nil, isEnabled: true, isStopped: false, touched: touched, people: 50)
        }
        #expect(decide([]) == .go)
        #expect(decide([EmployeeID()]) == .go)
        #expect(decide([EmployeeID(), EmployeeID()]) == .stop(.capUsed(limit: 2, hours: 24)))
        #expect(decide([EmployeeID(), person]) == .go)
    }

    @Test func `switched off, protected and stopped come before the cap`() {
        let governor = Governor()
        func decide(_ protection: String?, isEnabled: Bool = true, isStopped: Bool = false, touched: Set<EmployeeID> = []) -> Governor.Decision {
            governor.decide(
                about: person, protection: protection, isEnabled: isEnabled, isStopped: isStopped, touched: touched, people: 1_000)
        }
        #expect(decide("break-glass", isEnabled: false) == .refuse(.switchedOff))
        #expect(decide("break-glass", isStopped: true) == .refuse(.protected(reason: "break-glass")))
        #expect(decide(nil, isStopped: true) == .refuse(.stopped))
        // Stopped is stopped, also for somebody who was touched already.
        #expect(decide(nil, isStopped: true, touched: [person]) == .refuse(.stopped))
    }

    @Test func `a policy that is there already keeps the time it was added`() throws {
        let first = Date(timeIntervalSince1970: 1_800_000_000)
        let policy = RemediationSettingsChange.Policy(minSeverity: .critical, requires: .session, action: .revokeSessions)
        let other = RemediationSettingsChange.Policy(minSeverity: .high, requires: .password, action: .forcePasswordReset)
        let before = try RemediationSettings().changed(by: .init(policies: [policy]), at: first)
        let after = try before.changed(by: .init(policies: [other, policy, policy]), at: first.addingTimeInterval(60))
        #expect(after.policies.map(\.since) == [first.addingTimeInterval(60), first])
    }

    @Test func `what cannot be is named field by field`() throws {
        let change = RemediationSettingsChange(capPeople: 0, capPercent: 101, windowHours: 0)
        let error = #expect(throws: InvalidInput.self) { try RemediationSettings().changed(by: change, at: Date()) }
        #expect(error?.fields.map(\.field) == ["capPeople", "capPercent", "windowHours"])
    }
}
