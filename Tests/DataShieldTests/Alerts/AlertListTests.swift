import DataShieldTestSupport
import Foundation
import Postgres
import Testing

@testable import DataShield

@Suite(.freshDatabase) struct AlertListTests {
    let database = TestDatabase.current
    var alerts: Alerts { Alerts(database: database.tenant) }

    func makeViewer() async throws -> Subject {
        let company = try await database.makeCompany()
        return Subject(actor: .user(try await database.makeUser(in: company)), company: company, role: .viewer)
    }

    @Test func `every filter shows what it says, with the names beside it`() async throws {
        let viewer = try await makeViewer()
        let company = viewer.company
        let jane = try await database.makeEmployee(in: company, email: "jane@x.example", firstName: "Jane", lastName: "Doe")
        let john = try await database.makeEmployee(in: company, email: "john@x.example", firstName: "John", lastName: "Roe")
        let adobe = try await database.makeBreach(name: "Adobe\(company.rawValue.suffix(8))")
        let day = { (number: Double) in Date(timeIntervalSince1970: 1_760_000_000 + number * 86_400) }
        let first = try await database.makeAlert(
            in: company, severity: .critical, message: "100% bad_news", employee: jane, breach: adobe, createdAt: day(0))
        let second = try await database.makeAlert(in: company, severity: .high, status: .acknowledged, employee: john, createdAt: day(1))
        let third = try await database.makeAlert(in: company, severity: .low, status: .resolved, createdAt: day(2))
        _ = try await alerts.change(second, .init(assignee: .set(try #require(viewer.user))), by: viewer)

        func shown(_ filter: AlertFilter) async throws -> [AlertID] { try await alerts.list(filter, for: viewer).items.map(\.alert.id) }
        #expect(try await shown(.init()) == [third, second, first])
        #expect(try await shown(.init(statuses: [.open])) == [first])
        #expect(try await shown(.init(statuses: [.open, .resolved])) == [third, first])
        #expect(try await shown(.init(statuses: Set(AlertStatus.allCases))) == [third, second, first])
        #expect(try await shown(.init(severities: [.critical])) == [first])
        #expect(try await shown(.init(severities: [.critical, .high])) == [second, first])
        #expect(try await shown(.init(statuses: [.open], severities: [.high])) == [])
        #expect(try await shown(.init(employee: jane)) == [first])
        #expect(try await shown(.init(breach: adobe)) == [first])
        #expect(try await shown(.init(assignee: .user(try #require(viewer.user)))) == [second])
        #expect(try await shown(.init(assignee: .nobody)) == [third, first])
        #expect(try await shown(.init(search: "100% BAD_")) == [first])
        #expect(try await shown(.init(search: "%")) == [first])
        #expect(try await shown(.init(search: "john r")) == [second])
        #expect(try await shown(.init(search: "ADOBE")) == [first])
        #expect(try await shown(.init(from: day(1))) == [third, second])
        #expect(try await shown(.init(until: day(1))) == [first])
        #expect(try await shown(.init(from: day(1), until: day(2))) == [second])

        let listing = try await alerts.find(first, for: viewer)
        #expect(listing.employeeName == "Jane Doe")
        #expect(listing.employeeEmail == "jane@x.example")
        #expect(listing.breachName?.hasPrefix("Adobe") == true)
    }

    @Test func `the detail shows what is exposed`() async throws {
        let viewer = try await makeViewer()
        let employee = try await database.makeEmployee(in: viewer.company)
        let breach = try await database.makeBreach(date: Date(timeIntervalSince1970: 1_380_844_800))
        _ = try await database.makeBreachRecord(
            in: viewer.company, employee: employee, breach: breach, exposedData: ["email", "hashed_password"], artifacts: [.cookie])
        let id = try await database.makeAlert(in: viewer.company, employee: employee, breach: breach)
        let detail = try await alerts.detail(id, for: viewer)
        #expect(detail.evidence?.exposedData == ["email", "hashed_password"])
        #expect(detail.evidence?.artifacts == [.cookie])
        #expect(detail.evidence?.breachDate == Date(timeIntervalSince1970: 1_380_844_800))
        let bare = try await database.makeAlert(in: viewer.company)
        #expect(try await alerts.detail(bare, for: viewer).evidence == nil)
    }

    @Test func `paging shows each alert once, newest first, while others are raised`() async throws {
        let viewer = try await makeViewer()
        let moment = Date(timeIntervalSince1970: 1_760_000_000)
        var expected: Set<AlertID> = []
        // All at one moment, so that only the id tells them apart.
        for _ in 0..<23 { expected.insert(try await database.makeAlert(in: viewer.company, createdAt: moment)) }
        var seen: [AlertID] = []
        var cursor: String?
        repeat {
            let page = try await alerts.list(cursor: cursor, limit: 5, for: viewer)
            seen += page.items.map(\.alert.id)
            cursor = page.nextCursor
            _ = try await database.makeAlert(in: viewer.company, createdAt: moment.addingTimeInterval(60))
        } while cursor != nil && seen.count < 100
        #expect(seen.count == 23)
        #expect(Set(seen) == expected)
    }

    @Test func `a page deep in the list is read from the index, as the first is`() async throws {
        let viewer = try await makeViewer()
        let company = viewer.company
        try await database.owner.execute(
            """
            INSERT INTO alerts (id, company_id, severity, message, created_at)
            SELECT 'c' || lpad(n::text, 24, '0'), \(company), 'LOW', 'm', now() - n * interval '1 minute' FROM generate_series(1, 20000) AS n
            """)
        try await database.owner.execute("ANALYZE alerts")
        let cursor = AlertCursor(toldAt: Date(timeIntervalSinceNow: -19_000 * 60), id: AlertID(), urgencyRank: 0, exposedAt: nil, name: "")
        for after in [nil, cursor] {
            let plan = try await database.owner.query(
                "EXPLAIN (ANALYZE, COSTS OFF, TIMING OFF, SUMMARY OFF) \(AlertStore.page(of: company, .init(), after: after, limit: 50))",
                as: String.self)
            let text = plan.joined(separator: "\n")
            #expect(text.contains("alerts_by_age"), "\(text)")
            #expect(!text.contains("Seq Scan on alerts"), "\(text)")
            #expect(!text.contains("Rows Removed by Filter"), "\(text)")
        }
    }

    @Test func `an invalid cursor is refused`() async throws {
        let viewer = try await makeViewer()
        for text in ["x", "", "e30", "bnVsbA"] {
            let failure = await #expect(throws: InvalidInput.self) { try await alerts.list(cursor: text, for: viewer) }
            #expect(failure?.fields.map(\.field) == ["cursor"])
        }
    }
}

@Suite struct AlertListQueryTests {
    static let subject = Subject(actor: .user(UserID()), company: CompanyID(), role: .viewer)

    @Test func `me and none are people too`() throws {
        var query = AlertListQuery()
        query.assignee = "me"
        #expect(try query.filter(for: Self.subject).assignee == Self.subject.user.map { .user($0) })
        query.assignee = "none"
        #expect(try query.filter(for: Self.subject).assignee == .nobody)
        query.assignee = ""
        #expect(try query.filter(for: Self.subject).assignee == nil)
        query.assignee = "somebody"
        #expect(throws: InvalidInput.self) { try query.filter(for: Self.subject) }
    }

    @Test func `a last day is included, a last moment is not`() throws {
        var query = AlertListQuery()
        query.from = "2026-01-31"
        query.to = "2026-01-31"
        let filter = try query.filter(for: Self.subject)
        #expect(filter.until?.timeIntervalSince(try #require(filter.from)) == 86_400)
        query.to = "2026-01-31T12:00:00Z"
        #expect(try query.filter(for: Self.subject).until == Timestamp.parse("2026-01-31T12:00:00.000Z"))
        query.to = "yesterday"
        #expect(throws: InvalidInput.self) { try query.filter(for: Self.subject) }
    }
}
