import DataShieldTestSupport
import Foundation
import Testing

@testable import DataShield

@Suite struct TimelineTests {
    /// Wednesday, 2026-01-14.
    static let now = Timestamp.parse("2026-01-14T23:59:59.999Z") ?? .distantPast

    @Test func `thirty days are thirty bars, the last is today`() {
        let starts = TimelineRange.month.starts(until: Self.now)
        #expect(starts.count == 30)
        #expect(starts.last == Timestamp.parse("2026-01-14"))
        #expect(starts.first == Timestamp.parse("2025-12-16"))
    }

    @Test func `twelve months are weeks that begin on Monday`() {
        let starts = TimelineRange.year.starts(until: Self.now)
        #expect(starts.count == 53)
        #expect(starts.last == Timestamp.parse("2026-01-12"))
        #expect(starts.first == Timestamp.parse("2025-01-13"))
        let monday = Timestamp.parse("2026-01-12T00:00:00Z") ?? .distantPast
        #expect(TimelineRange.year.starts(until: monday).last == monday)
    }

    @Test func `counts fall into their bars, and what is outside into none`() throws {
        func day(_ text: String) throws -> Date { try #require(Timestamp.parse(text)) }
        let counts: [(Date, Severity, Int)] = [
            (try day("2026-01-14"), .critical, 2), (try day("2026-01-12"), .critical, 1), (try day("2026-01-11"), .low, 5),
            (try day("2025-01-12"), .high, 7), (try day("2026-01-19"), .high, 7),
        ]
        let bars = TimelineRange.year.bars(counts.map { (day: $0.0, severity: $0.1, count: $0.2) }, until: Self.now)
        #expect(bars.last?.counts == .init(critical: 3))
        #expect(bars.dropLast().last?.counts == .init(low: 5))
        #expect(bars.map(\.counts.total).reduce(0, +) == 8)
    }

    @Test func `coverage is that of the least asked provider, and nothing without one`() {
        let hibp = DashboardSummary.Coverage.Provider(provider: .hibp, exposed: 3, clean: 5, unknown: 2, oldestAnswerAt: Self.now)
        let other = DashboardSummary.Coverage.Provider(provider: .dehashed, exposed: 0, clean: 0, unknown: 10, oldestAnswerAt: nil)
        #expect(DashboardSummary.Coverage(people: 10, providers: [hibp]).asked == 8)
        #expect(DashboardSummary.Coverage(people: 10, providers: [hibp]).share == 0.8)
        #expect(!DashboardSummary.Coverage(people: 10, providers: [hibp]).isComplete)
        #expect(DashboardSummary.Coverage(people: 8, providers: [hibp]).isComplete)
        #expect(DashboardSummary.Coverage(people: 10, providers: [hibp, other]).asked == 0)
        #expect(DashboardSummary.Coverage(people: 10, providers: []).asked == 0)
        #expect(!DashboardSummary.Coverage(people: 0, providers: []).isComplete)
    }
}

@Suite(.freshDatabase) struct DashboardsTests {
    let database = TestDatabase.current

    func makeViewer() async throws -> Subject {
        Subject(actor: .program("test"), company: try await database.makeCompany(), role: .viewer)
    }

    @Test func `a company without anything has a dashboard of zeros, and is not clean`() async throws {
        let viewer = try await makeViewer()
        let summary = try await Dashboards(database: database.tenant).summary(for: viewer)
        #expect(summary.metrics.people == 0)
        #expect(summary.risk.score == nil && summary.risk.level == nil)
        #expect(summary.coverage.share == nil)
        #expect(summary.openAlerts.total == 0)
        #expect(!summary.coverage.isComplete)
        #expect(summary.timeline.count == 53)
        #expect(summary.topEmployees.isEmpty)
        #expect(summary.lastScanAt == nil)
    }

    @Test func `the dashboard counts what is there, and of its own company only`() async throws {
        let viewer = try await makeViewer()
        let company = viewer.company
        let stranger = try await makeViewer()
        let strange = try await database.makeEmployee(in: stranger.company)
        _ = try await database.makeAlert(in: stranger.company, severity: .critical, employee: strange)

        let jane = try await database.makeEmployee(in: company, firstName: "Jane", lastName: "Doe", department: "Sales", mfaEnabled: false)
        let john = try await database.makeEmployee(in: company, department: "Sales", mfaEnabled: true)
        let left = try await database.makeEmployee(in: company, department: nil)
        _ = try await database.makeEmployee(in: company, department: nil)
        try await database.owner.execute("UPDATE employees SET deactivated_at = now() WHERE id = \(left)")
        let breach = try await database.makeBreach()
        _ = try await database.makeBreachRecord(in: company, employee: jane, breach: breach)
        _ = try await database.makeAlert(in: company, severity: .critical, employee: jane, breach: breach)
        _ = try await database.makeAlert(in: company, severity: .high, status: .resolved, employee: jane)
        _ = try await database.makeAlert(in: company, severity: .low, employee: jane, createdAt: Date(timeIntervalSinceNow: -400 * 86_400))
        try await database.owner.execute(
            """
            INSERT INTO provider_coverage (company_id, employee_id, provider, outcome, checked_at)
            VALUES (\(company), \(jane), 'HIBP', 'EXPOSED', '2026-01-02'), (\(company), \(john), 'HIBP', 'CLEAN', '2026-01-01')
            """)

        let summary = try await Dashboards(database: database.tenant).summary(for: viewer)
        #expect(summary.metrics.people == 3)
        #expect(summary.metrics.exposed == 1)
        #expect(summary.metrics.records == 1)
        #expect(summary.metrics.openAlerts == 2)
        #expect(summary.metrics.exposedWithoutMfa == 1)
        #expect(summary.openAlerts == .init(critical: 1, low: 1))
        #expect(summary.alertsByStatus == .init(open: 2, acknowledged: 0, resolved: 1))
        #expect(summary.timeline.map(\.counts.total).reduce(0, +) == 2)
        #expect(summary.topEmployees.map(\.name) == ["Jane Doe"])
        #expect(
            summary.departments == [
                .init(department: "Sales", people: 2, asked: 2, exposed: 1, exposedAsked: 1),
                .init(department: nil, people: 1, asked: 0, exposed: 0, exposedAsked: 0),
            ])
        #expect(summary.departments.map(\.share) == [0.5, nil], "Of who was not asked about nothing is known.")
        #expect(summary.recentAlerts.count == 3)
        // When her password was changed nobody says, so f is 0.7: 40 × 0.7 ÷ 2 people asked + 40 × (1 − 2^(−0.7 × 12 ÷ 48)) + 4.
        #expect(summary.risk.score == 23)
        // Nobody tells that she changed it: her alert is resolved then, and she stays exposed. 40 × 0.7 ÷ 2 + 4.
        #expect(summary.risk.nextStep?.employeeId == jane && summary.risk.nextStep?.score == 18)
        #expect(summary.metrics.asked == 2 && summary.metrics.notAsked == 1 && summary.metrics.exposedAsked == 1)
        #expect(summary.coverage.asked == 2)
        #expect(summary.coverage.people == 3)
        #expect(!summary.coverage.isComplete)
        #expect(summary.coverage.oldestAnswerAt == Timestamp.parse("2026-01-01"))
        #expect(try await Risk(database: database.tenant).company(company) == summary.risk)
    }
}
