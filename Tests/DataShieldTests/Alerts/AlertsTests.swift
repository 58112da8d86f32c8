import DataShieldTestSupport
import Foundation
import Postgres
import Testing

@testable import DataShield

@Suite(.freshDatabase) struct AlertsTests {
    let database = TestDatabase.current
    var alerts: Alerts { Alerts(database: database.tenant) }

    func makeViewer() async throws -> Subject {
        let company = try await database.makeCompany()
        return Subject(actor: .user(try await database.makeUser(in: company)), company: company, role: .viewer)
    }

    @Test func `an alert is acknowledged, resolved and opened again, each stamped and written down`() async throws {
        let viewer = try await makeViewer()
        let employee = try await database.makeEmployee(in: viewer.company)
        let id = try await database.makeAlert(in: viewer.company, employee: employee)
        let acknowledged = try await alerts.move(id, to: .acknowledged, by: viewer).alert
        #expect(acknowledged.status == .acknowledged)
        #expect(acknowledged.acknowledgedAt != nil)
        let resolved = try await alerts.change(id, .init(status: .resolved, resolution: .set(" Password changed.\r\n")), by: viewer).alert
        #expect(resolved.resolvedAt != nil)
        #expect(resolved.resolution == "Password changed.")
        let opened = try await alerts.move(id, to: .open, by: viewer).alert
        #expect(opened.acknowledgedAt == nil)
        #expect(opened.resolvedAt == nil)
        #expect(opened.resolution == nil)
        let history = try await alerts.history(of: id, for: viewer)
        #expect(history.map(\.toStatus) == [.open, .resolved, .acknowledged])
        #expect(history.map(\.fromStatus) == [.resolved, .acknowledged, .open])
        #expect(history.allSatisfy { $0.action == "alert.status_changed" && $0.actor?.contains("@") == true })
    }

    @Test func `who acknowledges an alert that nobody has takes it up, and gives it back`() async throws {
        let viewer = try await makeViewer()
        let colleague = Subject(actor: .user(try await database.makeUser(in: viewer.company)), company: viewer.company, role: .viewer)
        let program = Subject(actor: .program("test"), company: viewer.company, role: .viewer)
        let id = try await database.makeAlert(in: viewer.company, employee: try await database.makeEmployee(in: viewer.company))
        func assignee(_ status: AlertStatus, _ subject: Subject) async throws -> UserID? {
            _ = try await alerts.bulk([id], .init(status: status), by: subject)
            return try await alerts.find(id, for: viewer).assigneeId
        }
        #expect(try await assignee(.acknowledged, viewer) == viewer.user)
        // A colleague opens it: it stays with whom it was given to.
        #expect(try await assignee(.open, colleague) == viewer.user)
        #expect(try await assignee(.acknowledged, colleague) == viewer.user)
        #expect(try await assignee(.open, viewer) == nil)
        #expect(try await assignee(.acknowledged, program) == nil)
        #expect(try await assignee(.resolved, viewer) == nil)
    }

    @Test func `a step that is not permitted is refused and leaves everything as it was`() async throws {
        let viewer = try await makeViewer()
        let id = try await database.makeAlert(in: viewer.company, status: .resolved)
        let before = try await alerts.find(id, for: viewer)
        await #expect(throws: Alerts.Failure.cannotMove(from: .resolved, to: .acknowledged)) {
            try await alerts.move(id, to: .acknowledged, by: viewer)
        }
        #expect(try await alerts.find(id, for: viewer) == before)
        #expect(try await alerts.history(of: id, for: viewer).isEmpty)
    }

    @Test func `two people at once cannot both resolve an alert`() async throws {
        let viewer = try await makeViewer()
        let id = try await database.makeAlert(in: viewer.company)
        let outcomes = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<4 { group.addTask { (try? await alerts.move(id, to: .resolved, by: viewer)) != nil } }
            return await group.reduce(into: 0) { $0 += $1 ? 1 : 0 }
        }
        #expect(outcomes == 1)
        #expect(try await alerts.history(of: id, for: viewer).count == 1)
    }

    @Test func `an alert is given to a user of the same company only`() async throws {
        let viewer = try await makeViewer()
        let stranger = try await makeViewer()
        let id = try await database.makeAlert(in: viewer.company)
        let assigned = try await alerts.change(id, .init(assignee: .set(try #require(viewer.user))), by: viewer)
        #expect(assigned.alert.assigneeId == viewer.user)
        #expect(assigned.assigneeName == "Ute User")
        let failure = await #expect(throws: InvalidInput.self) {
            try await alerts.change(id, .init(assignee: .set(try #require(stranger.user))), by: viewer)
        }
        #expect(failure?.fields.map(\.field) == ["assignee"])
        #expect(try await alerts.change(id, .init(assignee: .clear), by: viewer).alert.assigneeId == nil)
    }

    @Test func `a resolution belongs to a resolved alert`() async throws {
        let viewer = try await makeViewer()
        let id = try await database.makeAlert(in: viewer.company)
        await #expect(throws: InvalidInput.self) { try await alerts.change(id, .init(resolution: .set("done")), by: viewer) }
        await #expect(throws: InvalidInput.self) { try await alerts.change(id, .init(), by: viewer) }
        _ = try await alerts.move(id, to: .resolved, by: viewer)
        #expect(try await alerts.change(id, .init(resolution: .set("done")), by: viewer).alert.resolution == "done")
        #expect(try await alerts.change(id, .init(resolution: .set("  ")), by: viewer).alert.resolution == nil)
    }

    @Test func `the employee's open alerts and score follow the status`() async throws {
        let viewer = try await makeViewer()
        let employee = try await database.makeEmployee(in: viewer.company)
        let breach = try await database.makeBreach()
        _ = try await database.makeBreachRecord(in: viewer.company, employee: employee, breach: breach)
        let id = try await database.makeAlert(in: viewer.company, employee: employee, breach: breach)
        let employees = Employees(database: database.tenant)
        _ = try await alerts.move(id, to: .resolved, by: viewer)
        let resolved = try await employees.find(employee, for: viewer)
        #expect(resolved.openAlertCount == 0)
        _ = try await alerts.move(id, to: .open, by: viewer)
        let opened = try await employees.find(employee, for: viewer)
        #expect(opened.openAlertCount == 1)
        #expect(try #require(opened.riskScore) > #require(resolved.riskScore))
        _ = try await alerts.move(id, to: .acknowledged, by: viewer)
        #expect(try await employees.find(employee, for: viewer).riskScore == opened.riskScore, "Acknowledging changes nothing.")
    }

    @Test func `another company's alerts are not there`() async throws {
        let viewer = try await makeViewer()
        let stranger = try await makeViewer()
        let id = try await database.makeAlert(in: viewer.company)
        await #expect(throws: Alerts.Failure.notFound) { try await alerts.find(id, for: stranger) }
        await #expect(throws: Alerts.Failure.notFound) { try await alerts.move(id, to: .resolved, by: stranger) }
        await #expect(throws: Alerts.Failure.notFound) { try await alerts.comment(on: id, "hello", by: stranger) }
        await #expect(throws: Alerts.Failure.notFound) { try await alerts.comments(on: id, for: stranger) }
        await #expect(throws: Alerts.Failure.notFound) { try await alerts.detail(id, for: stranger) }
        #expect(try await alerts.list(for: stranger).items.isEmpty)
        #expect(try await alerts.bulk([id], .init(status: .resolved), by: stranger).map(\.outcome) == [.notFound])
        #expect(try await alerts.find(id, for: viewer).alert.status == .open)
    }

    @Test func `many are changed at once, and each says what became of it`() async throws {
        let viewer = try await makeViewer()
        let employee = try await database.makeEmployee(in: viewer.company)
        let open = try await database.makeAlert(in: viewer.company, employee: employee)
        let acknowledged = try await database.makeAlert(in: viewer.company, status: .acknowledged, employee: employee)
        let resolved = try await database.makeAlert(in: viewer.company, status: .resolved)
        let unknown = AlertID()
        let results = try await alerts.bulk([open, unknown, acknowledged, resolved, open], .init(status: .acknowledged), by: viewer)
        #expect(results.map(\.id) == [open, unknown, acknowledged, resolved])
        #expect(results.map(\.outcome) == [.changed, .notFound, .unchanged, .refused])
        #expect(results[3].detail == "An alert cannot go from RESOLVED to ACKNOWLEDGED.")
        #expect(try await alerts.find(open, for: viewer).alert.acknowledgedAt != nil)
        #expect(try await Employees(database: database.tenant).find(employee, for: viewer).openAlertCount == 0)
        #expect(try await Audit(database: database.tenant).list(for: viewer).items.map(\.targetId) == [open.rawValue])
        await #expect(throws: InvalidInput.self) { try await alerts.bulk([], .init(status: .open), by: viewer) }
        await #expect(throws: InvalidInput.self) {
            try await alerts.bulk((0...Alerts.bulkLimit).map { _ in AlertID() }, .init(status: .open), by: viewer)
        }
    }

    @Test func `a thousand are resolved in one go`() async throws {
        let viewer = try await makeViewer()
        let ids = (0..<Alerts.bulkLimit).map { _ in AlertID() }
        try await database.tenant.transaction(for: viewer.company) { db in
            try await db.execute(
                "INSERT INTO alerts (id, company_id, severity, message) SELECT id, \(viewer.company), 'LOW', 'm' FROM unnest(\(ids)::text[]) AS id")
        }
        let results = try await alerts.bulk(ids, .init(status: .resolved, resolution: .set("Old leak.")), by: viewer)
        #expect(results.allSatisfy { $0.outcome == .changed })
        #expect(try await alerts.list(.init(statuses: [.resolved]), for: viewer).items.allSatisfy { $0.alert.resolution == "Old leak." })
        #expect(try await Audit(database: database.tenant).firstBrokenEvent(of: viewer.company) == nil)
    }

    @Test func `comments are kept in their order, as they were written`() async throws {
        let viewer = try await makeViewer()
        let id = try await database.makeAlert(in: viewer.company)
        let texts = ["<b>first</b>", "'; DROP TABLE alerts; --", "third\nline"]
        for text in texts { _ = try await alerts.comment(on: id, text, by: viewer) }
        let first = try await alerts.comments(on: id, limit: 2, for: viewer)
        let second = try await alerts.comments(on: id, cursor: first.nextCursor, limit: 2, for: viewer)
        #expect((first.items + second.items).map(\.body) == texts)
        #expect(first.items.allSatisfy { $0.authorName == "Ute User" && $0.authorId == viewer.user })
        #expect(second.nextCursor == nil)
        await #expect(throws: InvalidInput.self) { try await alerts.comment(on: id, " \n ", by: viewer) }
    }
}
