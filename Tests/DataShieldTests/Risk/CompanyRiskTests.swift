import Foundation
import Testing

@testable import DataShield

@Suite struct CompanyRiskTests {
    private static func alerts(critical: (Int, Int) = (0, 0), high: (Int, Int) = (0, 0), medium: (Int, Int) = (0, 0), low: Int = 0) -> AlertWeights {
        AlertWeights(
            critical: .init(certain: critical.0, uncertain: critical.1), high: .init(certain: high.0, uncertain: high.1),
            medium: .init(certain: medium.0, uncertain: medium.1), low: .init(certain: low))
    }

    /// Typed, because the compiler gives up on so many literals otherwise.
    private static let companies: [(CompanyExposure, Int?)] = [
        (CompanyExposure(asked: 0), nil),
        (CompanyExposure(asked: 0, alerts: alerts(critical: (9, 0)), recentFindings: 5, notAsked: 3, foundUnasked: 1), nil),
        (CompanyExposure(asked: 10), 0),
        // 40 × the sum of f ÷ people asked.
        (CompanyExposure(asked: 10, weightTenths: 50), 20),
        (CompanyExposure(asked: 10, weightTenths: 100), 40),
        (CompanyExposure(asked: 10, weightTenths: 35), 14),
        (CompanyExposure(asked: 16, weightTenths: 50), 13),
        // 40 × (1 − 2^(−x ÷ 48)).
        (CompanyExposure(asked: 10, alerts: alerts(critical: (4, 0))), 20),
        (CompanyExposure(asked: 10, alerts: alerts(high: (8, 0))), 20),
        (CompanyExposure(asked: 10, alerts: alerts(medium: (24, 0))), 20),
        (CompanyExposure(asked: 10, alerts: alerts(critical: (8, 0))), 30),
        (CompanyExposure(asked: 10, alerts: alerts(critical: (1, 1), high: (1, 0), medium: (0, 1))), 13),
        (CompanyExposure(asked: 10, alerts: alerts(low: 99)), 0),
        // Of many people as many alerts are less: x ÷ √(people asked ÷ 100).
        (CompanyExposure(asked: 100, alerts: alerts(critical: (8, 0))), 30),
        (CompanyExposure(asked: 400, alerts: alerts(critical: (8, 0))), 20),
        // 4 for each new finding, up to 20.
        (CompanyExposure(asked: 10, recentFindings: 3), 12),
        (CompanyExposure(asked: 10, recentFindings: 5), 20),
        (CompanyExposure(asked: 10, recentFindings: 6), 20),
        (CompanyExposure(asked: 10, weightTenths: 100, alerts: alerts(critical: (900, 0)), recentFindings: 10), 100),
    ]

    @Test(arguments: companies)
    func `a company's score is the sum of three parts, and none while nobody was asked`(exposure: CompanyExposure, score: Int?) {
        let found = RiskScore.company(exposure)
        #expect(found.score == score)
        #expect(found.level == score.map { RiskLevel(score: $0) })
        #expect(found.components.allSatisfy { $0.points <= $0.maximum && !$0.reason.isEmpty })
    }

    private static func random(_ random: inout RepeatableRandom) -> CompanyExposure {
        func counts() -> AlertWeights.Counts { .init(certain: random.number(0...20), uncertain: random.number(0...20)) }
        let asked = random.number(1...2_000)
        return CompanyExposure(
            asked: asked, weightTenths: random.number(0...(10 * asked)),
            alerts: AlertWeights(critical: counts(), high: counts(), medium: counts(), low: counts()), recentFindings: random.number(0...5))
    }

    /// Alerts that count are closed one after another, in any order: each is seen.
    @Test(arguments: 1...30) func `closing an alert that counts always lowers the score, and never raises it`(seed: UInt64) {
        var random = RepeatableRandom(seed: seed)
        var exposure = Self.random(&random)
        var last = RiskScore.company(exposure)
        while exposure.alerts.sum > 0 {
            let severity = [Severity.critical, .high, .medium][random.number(0...2)]
            if exposure.alerts[severity].certain > 0 {
                exposure.alerts[severity].certain -= 1
            } else if exposure.alerts[severity].uncertain > 0 {
                exposure.alerts[severity].uncertain -= 1
            } else {
                continue
            }
            let next = RiskScore.company(exposure)
            #expect(next.sum < last.sum)
            #expect((next.score ?? 101) <= (last.score ?? -1))
            last = next
        }
    }

    @Test(arguments: 1...10) func `people whom nobody was asked about change no score`(seed: UInt64) {
        var random = RepeatableRandom(seed: seed)
        let exposure = Self.random(&random)
        var more = exposure
        more.notAsked += 20
        #expect(RiskScore.company(more).score == RiskScore.company(exposure).score)
        #expect(RiskScore.company(more).sum == RiskScore.company(exposure).sum)
        #expect(RiskScore.company(more).components[0].reason.contains("20 people were not checked"))
    }

    @Test func `the next step is what the company's score would be without who is worst off`() throws {
        let exposure = CompanyExposure(
            asked: 10, weightTenths: 17, alerts: Self.alerts(critical: (4, 0), high: (0, 1)), recentFindings: 2)
        let step = CompanyNextStep(
            employee: EmployeeID(), name: "Jane Doe", isAsked: true, weightTenths: 10, alerts: Self.alerts(critical: (4, 0)), recentLeft: 1,
            step: AccountStep(actions: [.forcePasswordReset, .revokeSessions], directory: .entra, hasAlerts: true))
        let next = try #require(RiskScore.company(exposure, next: step).nextStep)
        // 40 × 0.7 ÷ 10, 40 × (1 − 2^(−4.2 ÷ 48)), and 4.
        #expect(next.score == 9)
        #expect(next.text.contains("Jane Doe") && next.employeeId == step.employee)
    }

    @Test func `one of very many people moves the score by less than a point, and it is said to stay`() throws {
        let exposure = CompanyExposure(asked: 10_000, weightTenths: 40_000, alerts: Self.alerts(critical: (400, 0)), recentFindings: 5)
        let step = CompanyNextStep(
            employee: EmployeeID(), name: "Ann Lee", isAsked: true, weightTenths: 10, alerts: Self.alerts(), recentLeft: 5,
            step: AccountStep(actions: [.revokeSessions], directory: .entra, hasAlerts: true))
        let score = RiskScore.company(exposure, next: step)
        let points = try #require(score.score)
        #expect(score.nextStep?.score == points)
        #expect(score.nextStep?.text.hasSuffix("the company's score stays \(points): this is less than a point of it.") == true)
    }
}
