import Foundation
import Testing

@testable import DataShield

@Suite struct AlertRulesTests {
    static let permitted: [AlertStatus: Set<AlertStatus>] = [
        .open: [.acknowledged, .resolved], .acknowledged: [.resolved, .open], .resolved: [.open],
    ]
    static let pairs = AlertStatus.allCases.flatMap { from in AlertStatus.allCases.map { (from, $0) } }

    @Test(arguments: pairs)
    func `an alert goes only where its status permits`(_ from: AlertStatus, _ next: AlertStatus) {
        #expect(from.permits(next) == Self.permitted[from, default: []].contains(next))
    }

    @Test func `acknowledging and resolving are stamped, opening again clears both`() throws {
        let (start, later, last) = (Date(timeIntervalSince1970: 1_000), Date(timeIntervalSince1970: 2_000), Date(timeIntervalSince1970: 3_000))
        var alert = Alert(
            id: AlertID(), severity: .high, status: .open, confidence: .medium, message: "m", employeeId: EmployeeID(), urgency: .nothingToDo,
            urgencyRank: 0, toldAt: start,
            createdAt: start, updatedAt: start)
        try alert.move(to: .acknowledged, at: later)
        #expect(alert.acknowledgedAt == later)
        #expect(alert.resolvedAt == nil)
        try alert.move(to: .resolved, at: last)
        alert.resolution = "The password was changed."
        #expect(alert.acknowledgedAt == later)
        #expect(alert.resolvedAt == last)
        try alert.move(to: .open, at: last)
        #expect(alert.acknowledgedAt == nil)
        #expect(alert.resolvedAt == nil)
        #expect(alert.resolution == nil)
        #expect(throws: Alerts.Failure.cannotMove(from: .open, to: .open)) { try alert.move(to: .open, at: last) }
        // Whoever is deleted is nobody to act on.
        try alert.move(to: .resolved, at: last)
        alert.employeeId = nil
        #expect(throws: Alerts.Failure.aboutNobody) { try alert.move(to: .open, at: last) }
    }

    @Test func `a text of people keeps its lines and loses what cannot be seen`() throws {
        #expect(try AlertText.clean("  one\r\ntwo\r\tthree \n", field: "body") == "one\ntwo\n\tthree")
        #expect(throws: InvalidInput.self) { try AlertText.clean("a\u{0}b", field: "body") }
        #expect(throws: InvalidInput.self) { try AlertText.clean("a\u{1B}[31m", field: "body") }
        #expect(try AlertText.clean(String(repeating: "x", count: 4_000), field: "body").count == 4_000)
        #expect(throws: InvalidInput.self) { try AlertText.clean(String(repeating: "x", count: 4_001), field: "body") }
    }
}
