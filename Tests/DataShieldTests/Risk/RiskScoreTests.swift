import Foundation
import Testing

@testable import DataShield

@Suite struct RiskScoreTests {
    static let now = Timestamp.parse("2026-06-15T12:00:00Z") ?? .distantPast
    static func days(_ count: Double) -> Date { now.addingTimeInterval(-count * 86_400) }

    @Test(arguments: [
        (CompanyExposure(employees: 0, compromised: 0, openCritical: 9, recentRecords: 5), 0),
        (CompanyExposure(employees: 10), 0),
        (CompanyExposure(employees: 10, compromised: 5), 20),
        (CompanyExposure(employees: 10, compromised: 10), 40),
        (CompanyExposure(employees: 16, compromised: 5), 13),
        (CompanyExposure(employees: 10, openCritical: 1, openHigh: 1, openMedium: 1), 20),
        (CompanyExposure(employees: 10, openCritical: 4), 40),
        (CompanyExposure(employees: 10, recentRecords: 3), 12),
        (CompanyExposure(employees: 10, recentRecords: 6), 20),
        (CompanyExposure(employees: 10, compromised: 10, openCritical: 10, recentRecords: 10), 100),
    ])
    func `a company's score is the sum of three parts`(exposure: CompanyExposure, score: Int) {
        #expect(RiskScore.company(exposure).score == score)
    }

    /// Typed, because the compiler gives up on so many literals otherwise.
    private static let employees: [(EmployeeExposure, Int)] = [
        (EmployeeExposure(), 0),
        (EmployeeExposure(records: 0, hasSession: true, openAlerts: 3), 0),
        (EmployeeExposure(records: 1, latestDetection: now), 27),
        (EmployeeExposure(records: 1, latestDetection: days(90)), 15),
        (EmployeeExposure(records: 1, latestDetection: days(180)), 2),
        (EmployeeExposure(records: 1, latestDetection: days(400)), 2),
        (EmployeeExposure(records: 1, latestDetection: days(-5)), 27),
        (EmployeeExposure(records: 5, latestDetection: days(180)), 10),
        (EmployeeExposure(records: 9, latestDetection: days(180)), 10),
        (EmployeeExposure(records: 1, latestDetection: days(180), hasSession: true), 32),
        (EmployeeExposure(records: 1, latestDetection: days(180), hasCriticalData: true), 22),
        (EmployeeExposure(records: 1, latestDetection: days(180), isOnCompanyDomain: true), 17),
        (EmployeeExposure(records: 1, latestDetection: days(180), openAlerts: 1), 5),
        (EmployeeExposure(records: 1, latestDetection: days(180), openAlerts: 2), 9),
        (EmployeeExposure(records: 1, latestDetection: days(180), openAlerts: 7), 12),
        (EmployeeExposure(records: 5, latestDetection: now, hasSession: true, hasCriticalData: true, isOnCompanyDomain: true, openAlerts: 3), 100),
    ]

    @Test(arguments: employees)
    func `an employee's score is the sum of six parts`(exposure: EmployeeExposure, score: Int) {
        #expect(RiskScore.employee(exposure, now: Self.now).score == score)
    }

    @Test(arguments: [(0, RiskLevel.low), (25, .low), (26, .medium), (50, .medium), (51, .high), (75, .high), (76, .critical), (100, .critical)])
    func `levels begin at 26, 51 and 76`(score: Int, level: RiskLevel) {
        #expect(RiskLevel(score: score) == level)
    }

    @Test func `the parts say why, and add up to the score`() {
        let exposure = EmployeeExposure(records: 2, latestDetection: Self.days(45), hasCriticalData: true, isOnCompanyDomain: true, openAlerts: 1)
        let score = RiskScore.employee(exposure, now: Self.now)
        #expect(score.components.map(\.key) == RiskWeights.keys)
        #expect(Int(score.components.reduce(0) { $0 + $1.points }.rounded()) == score.score)
        #expect(score.components.allSatisfy { $0.points <= $0.maximum && !$0.reason.isEmpty && !$0.title.isEmpty })
        #expect(score.components[1].points == 18.75)
        #expect(score.components[1].reason.contains("45 days"))
    }

    @Test func `a company's weights replace the standard ones key by key`() {
        let override = JSONValue.object([
            "session": .integer(50), "recency": .number(12.5), "criticalData": .integer(-1), "domainMatch": .string("40"), "openAlerts": .null,
            "breaches": .number(.infinity), "other": .integer(99),
        ])
        let weights = RiskWeights(override: override)
        var expected = RiskWeights()
        expected.session = 50
        expected.recency = 12.5
        #expect(weights == expected)
        #expect(RiskWeights(override: .object(["breaches": .integer(0)])).breaches == 0)
        #expect(RiskWeights(override: .array([])) == .standard)
        #expect(RiskWeights(override: nil) == .standard)
    }

    @Test func `a sample's levels are scaled to all, and add up`() {
        var levels = RiskLevels(critical: 1, high: 2, medium: 3, low: 1)
        levels.scale(from: 7, to: 100)
        #expect(levels == RiskLevels(critical: 14, high: 28, medium: 42, low: 16))
    }
}
