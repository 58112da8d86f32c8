import Foundation

/// What is known of a company that its score depends on.
package struct CompanyExposure: Sendable, Hashable {
    /// Active people about whom at least one source has answered. Nobody else is in the score.
    package var asked: Int
    /// The sum of the worst f of each of them, in tenths.
    package var weightTenths: Int = 0
    /// Alerts that are not resolved and count.
    package var alerts: AlertWeights = .init()
    /// Findings with f > 0 that were detected in the last 30 days; 5 stands for 5 or more.
    package var recentFindings: Int = 0
    /// Active people about whom nobody has answered.
    package var notAsked: Int = 0
    /// Those of them who were found all the same, in a leak file.
    package var foundUnasked: Int = 0
}

/// Alerts by severity: those about what is certainly live, and those about what may be.
package struct AlertWeights: Sendable, Hashable {
    package struct Counts: Sendable, Hashable {
        package var certain = 0
        package var uncertain = 0

        var all: Int { certain + uncertain }
        var weight: Double { Double(certain) * RiskWeight.certain + Double(uncertain) * RiskWeight.uncertain }
    }

    package var critical: Counts = .init()
    package var high: Counts = .init()
    package var medium: Counts = .init()
    /// Counts nothing.
    package var low: Counts = .init()

    package subscript(severity: Severity) -> Counts {
        get {
            switch severity {
            case .critical: critical
            case .high: high
            case .medium: medium
            case .low: low
            }
        }
        set {
            switch severity {
            case .critical: critical = newValue
            case .high: high = newValue
            case .medium: medium = newValue
            case .low: low = newValue
            }
        }
    }

    /// The sum of f × points.
    var sum: Double { 12 * critical.weight + 6 * high.weight + 2 * medium.weight }

    static func - (left: AlertWeights, right: AlertWeights) -> AlertWeights {
        var rest = left
        for severity in Severity.allCases {
            rest[severity].certain = max(0, left[severity].certain - right[severity].certain)
            rest[severity].uncertain = max(0, left[severity].uncertain - right[severity].uncertain)
        }
        return rest
    }
}

/// Who would be helped first, and what of the company's score is theirs.
package struct CompanyNextStep: Sendable, Hashable {
    package var employee: EmployeeID
    package var name: String
    package var isAsked: Bool
    /// What goes from the sum of f.
    package var weightTenths: Int
    /// The alerts that are resolved by it.
    package var alerts: AlertWeights
    /// Findings with f > 0 of the last 30 days that there are then, everybody's, up to 5.
    package var recentLeft: Int
    var step: AccountStep
}

extension RiskScore {
    /// The score of a company.
    package static func company(_ exposure: CompanyExposure, next: CompanyNextStep? = nil) -> RiskScore {
        guard exposure.asked > 0 else { return .unknown }
        let asked = Double(exposure.asked)
        let sum = exposure.alerts.sum / max(1, asked / 100).squareRoot()
        let alerts = exposure.alerts
        var score = RiskScore(components: [
            RiskComponent(
                key: "compromised", title: "Exposed people", points: 40 * (Double(exposure.weightTenths) / 10) / asked, maximum: 40,
                reason: people(exposure)),
            RiskComponent(
                key: "openAlerts", title: "Open alerts", points: 40 * (1 - exp2(-sum / 48)), maximum: 40,
                reason: """
                    Not resolved, about what may still work: \(alerts.critical.all) critical (12 points each), \(alerts.high.all) high (6), \
                    \(alerts.medium.all) medium (2); where it is not certain, 70 % of that. Each one that is closed lowers this part.
                    """),
            RiskComponent(
                key: "recentRecords", title: "New exposures", points: Double(min(4 * exposure.recentFindings, 20)), maximum: 20,
                reason: recent(exposure.recentFindings)),
        ])
        if let next {
            let after = company(exposure.after(next))
            if let points = after.score, let level = after.level {
                score.nextStep = RiskNextStep(
                    employeeId: next.employee, actions: next.step.actions, score: points, level: level,
                    text: next.step.text(of: next.name, "the company's score", from: score.score, to: points))
            }
        }
        return score
    }

    private static func people(_ exposure: CompanyExposure) -> String {
        let weight = SVG.number(Double(exposure.weightTenths) / 10)
        let base =
            exposure.weightTenths == 0
            ? "Nobody of \(counted(exposure.asked, "person", "people")) checked has a finding that may still work."
            : """
            Of \(counted(exposure.asked, "person", "people")) checked: \(weight) together, where each person counts 1 when their worst finding \
            certainly works, and 0.7 when it may.
            """
        guard exposure.notAsked > 0 else { return base }
        return base
            + " \(counted(exposure.notAsked, "person was", "people were")) not checked and \(exposure.notAsked == 1 ? "is" : "are") not counted."
    }

    private static func recent(_ findings: Int) -> String {
        findings >= 5
            ? "5 or more findings that may still work were made in the last 30 days (4 points each)."
            : "\(counted(findings, "finding that may still work was", "findings that may still work were")) made in the last 30 days (4 points each)."
    }
}

extension CompanyExposure {
    /// What it would be when a person was helped.
    func after(_ step: CompanyNextStep) -> CompanyExposure {
        var after = self
        if step.isAsked { after.weightTenths = max(0, weightTenths - step.weightTenths) }
        after.alerts = alerts - step.alerts
        after.recentFindings = min(recentFindings, step.recentLeft)
        return after
    }
}
