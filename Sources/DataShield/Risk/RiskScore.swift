import Foundation

/// The band that a score is in.
package enum RiskLevel: String, NativeEnum {
    case critical = "CRITICAL"
    case high = "HIGH"
    case medium = "MEDIUM"
    case low = "LOW"

    package init(score: Int) {
        switch score {
        case 76...: self = .critical
        case 51...: self = .high
        case 26...: self = .medium
        default: self = .low
        }
    }
}

/// A score from 0 to 100, and what it is made of.
package struct RiskScore: Sendable, Hashable, Codable {
    package var score: Int
    package var level: RiskLevel
    /// What adds up to the score before it is rounded and capped at 100.
    package var components: [RiskComponent]

    init(components: [RiskComponent]) {
        let sum = components.reduce(0) { $0 + $1.points }
        score = Int(min(sum, 100).rounded())
        level = RiskLevel(score: score)
        self.components = components
    }
}

/// One part of a score.
package struct RiskComponent: Sendable, Hashable, Codable {
    /// The weight's name: `session`, `recency` …
    package var key: String
    package var title: String
    package var points: Double
    /// The most that this part can add.
    package var maximum: Double
    /// Why it is so many, in a sentence.
    package var reason: String
}

// MARK: - An employee

/// What is known of an employee that their score depends on.
package struct EmployeeExposure: Sendable, Hashable {
    package var records: Int
    package var latestDetection: Date?
    /// A stealer took a cookie or token of theirs: whoever has it is signed in.
    package var hasSession: Bool
    package var hasCriticalData: Bool
    /// Their address is on the company's own domain.
    package var isOnCompanyDomain: Bool
    package var openAlerts: Int

    package init(
        records: Int = 0, latestDetection: Date? = nil, hasSession: Bool = false, hasCriticalData: Bool = false, isOnCompanyDomain: Bool = false,
        openAlerts: Int = 0
    ) {
        self.records = records
        self.latestDetection = latestDetection
        self.hasSession = hasSession
        self.hasCriticalData = hasCriticalData
        self.isOnCompanyDomain = isOnCompanyDomain
        self.openAlerts = openAlerts
    }
}

extension RiskScore {
    /// The score of an employee: 0 without records.
    package static func employee(_ exposure: EmployeeExposure, weights: RiskWeights = .standard, now: Date) -> RiskScore {
        guard exposure.records > 0 else { return RiskScore(components: []) }
        let days = exposure.latestDetection.map { now.timeIntervalSince($0) / 86_400 } ?? 180
        let freshness = (1 - days / 180).clamped(to: 0...1)
        let alerts = Double(min(exposure.openAlerts, 3)) / 3
        let breaches = Double(min(exposure.records, 5)) / 5
        return RiskScore(components: [
            RiskComponent(
                key: "session", title: "Stolen session", points: exposure.hasSession ? weights.session : 0, maximum: weights.session,
                reason: exposure.hasSession
                    ? "A cookie or token was taken: an attacker may be signed in without a password." : "No cookie or token was taken."),
            RiskComponent(
                key: "recency", title: "Recency", points: weights.recency * freshness, maximum: weights.recency, reason: recency(days)),
            RiskComponent(
                key: "criticalData", title: "Critical data", points: exposure.hasCriticalData ? weights.criticalData : 0,
                maximum: weights.criticalData,
                reason: exposure.hasCriticalData
                    ? "A password, payment or identity number is among the exposed data." : "No password, payment or identity number is exposed."),
            RiskComponent(
                key: "domainMatch", title: "Company address", points: exposure.isOnCompanyDomain ? weights.domainMatch : 0,
                maximum: weights.domainMatch,
                reason: exposure.isOnCompanyDomain
                    ? "The exposed address is on the company's own domain." : "The exposed address is not on the company's domain."),
            RiskComponent(
                key: "openAlerts", title: "Open alerts", points: weights.openAlerts * alerts, maximum: weights.openAlerts,
                reason: "\(counted(exposure.openAlerts, "alert is", "alerts are")) open; 3 or more count fully."),
            RiskComponent(
                key: "breaches", title: "Breaches", points: weights.breaches * breaches, maximum: weights.breaches,
                reason: "Found in \(counted(exposure.records, "breach", "breaches")); 5 or more count fully."),
        ])
    }

    private static func recency(_ days: Double) -> String {
        switch Int(max(0, days)) {
        case 0: "The latest detection was today."
        case 1: "The latest detection was a day ago."
        case let days where days < 180: "The latest detection was \(days) days ago; it counts less each day, and nothing after 180."
        default: "The latest detection is more than 180 days old."
        }
    }
}

// MARK: - A company

/// What is known of a company that its score depends on.
package struct CompanyExposure: Sendable, Hashable {
    package var employees: Int
    package var compromised: Int
    package var openCritical: Int
    package var openHigh: Int
    package var openMedium: Int
    /// Records detected in the last 30 days; 5 stands for 5 or more.
    package var recentRecords: Int

    package init(
        employees: Int, compromised: Int = 0, openCritical: Int = 0, openHigh: Int = 0, openMedium: Int = 0, recentRecords: Int = 0
    ) {
        self.employees = employees
        self.compromised = compromised
        self.openCritical = openCritical
        self.openHigh = openHigh
        self.openMedium = openMedium
        self.recentRecords = recentRecords
    }
}

extension RiskScore {
    /// The score of a company: 0 without employees.
    package static func company(_ exposure: CompanyExposure) -> RiskScore {
        guard exposure.employees > 0 else { return RiskScore(components: []) }
        let share = Double(40 * exposure.compromised) / Double(exposure.employees)
        let open = Double(12 * exposure.openCritical + 6 * exposure.openHigh + 2 * exposure.openMedium)
        return RiskScore(components: [
            RiskComponent(
                key: "compromised", title: "Exposed people", points: share, maximum: 40,
                reason: "\(exposure.compromised) of \(counted(exposure.employees, "person is", "people are")) in at least one breach."),
            RiskComponent(
                key: "openAlerts", title: "Open alerts", points: min(open, 40), maximum: 40,
                reason: "Open: \(exposure.openCritical) critical (12 points each), \(exposure.openHigh) high (6), \(exposure.openMedium) medium (2)."),
            RiskComponent(
                key: "recentRecords", title: "New exposures", points: Double(min(4 * exposure.recentRecords, 20)), maximum: 20,
                reason: recent(exposure.recentRecords)),
        ])
    }
}

private func recent(_ records: Int) -> String {
    records >= 5
        ? "5 or more exposures were detected in the last 30 days (4 points each)."
        : "\(counted(records, "exposure was", "exposures were")) detected in the last 30 days (4 points each)."
}

private func counted(_ number: Int, _ one: String, _ many: String) -> String { number == 1 ? "1 \(one)" : "\(number) \(many)" }
