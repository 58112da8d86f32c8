import Foundation

/// A finding about somebody, as far as their score depends on it.
package struct RiskFinding: Sendable, Hashable {
    /// f of the finding: of the worst credential in it.
    package var weight: Double
    /// f of the session in it: it may have ended while the password is live. nil: there is none.
    package var sessionWeight: Double?
    /// Whether the source says that a session is in it. Else malware took what nobody names, and a session may be part of that.
    package var isSessionNamed: Bool = true
    /// A password, a hash of one, or anything else that is critical.
    package var isCritical: Bool = false
    /// A card, an identity number or an account: nobody changes it, so that it counts whatever was done.
    package var isPermanent: Bool = false
    /// When it happened: when malware took it, else when the breach was, else when it was found.
    package var date: Date
    package var dateKind: DateKind = .detected
    /// What is left to do that takes it away: a password or hash is reset, a session revoked; of a stealer log that names neither, both.
    package var endedBy: Set<RemediationType> = [.forcePasswordReset]
    /// When it became known; nil where nobody asks for that.
    package var detectedAt: Date?

    package enum DateKind: String, Sendable, CaseIterable {
        case captured
        case breached
        case detected
    }

    /// f of the critical data in it.
    var criticalWeight: Double { isPermanent ? RiskWeight.certain : isCritical ? weight : RiskWeight.none }

    /// Whether it counts for what its text or its source may hold, and nothing of that is named.
    var namesNothing: Bool { weight > RiskWeight.none && !isCritical && !isPermanent && !isSessionNamed }

    /// 1 on its day, nothing after 180 days.
    func freshness(at now: Date) -> Double { (1 - now.timeIntervalSince(date) / 86_400 / 180).clamped(to: 0...1) }

    /// The same, when something is known to have been done at its account. What nobody tells leaves it as it was.
    func after(_ done: Set<RemediationType>) -> RiskFinding {
        var finding = self
        if done.contains(.revokeSessions) { finding.sessionWeight = sessionWeight.map { _ in RiskWeight.none } }
        guard !endedBy.isDisjoint(with: done) else { return finding }
        switch endedBy.subtracting(done) {
        case []: finding.weight = RiskWeight.none
        // The password is dead: what is left is the session.
        case [.revokeSessions]: finding.weight = min(weight, finding.sessionWeight ?? weight)
        // f of the password alone is not known here; no directory tells of sessions and not of passwords.
        default: break
        }
        return finding
    }
}

/// What is known of an employee that their score depends on.
package struct EmployeeExposure: Sendable, Hashable {
    /// Whether any source has answered about them.
    package var isAsked: Bool = true
    package var findings: [RiskFinding] = []
    /// Their address is on the company's own domain.
    package var isOnCompanyDomain: Bool = false
    /// Alerts that are not resolved, about findings with f > 0.
    package var liveAlerts: Int = 0
    /// Those of them without a finding behind them: no step at the account ends them.
    package var alertsAlone: Int = 0
    /// The directory that the person comes from; nil: a staff list or a hand.
    package var directory: DirectoryType?

    /// Nobody was asked about them, and nothing was found: there is no score.
    var isKnown: Bool { isAsked || !findings.isEmpty }

    /// What is to be done at the account; nil when nothing counts.
    var nextStep: AccountStep? {
        let needed = findings.filter { $0.weight > 0 }.reduce(into: Set<RemediationType>()) { $0.formUnion($1.endedBy) }
        // Reset first, sessions second.
        let actions = [RemediationType.forcePasswordReset, .revokeSessions].filter { needed.contains($0) }
        return actions.isEmpty ? nil : AccountStep(actions: actions, directory: directory, hasAlerts: liveAlerts > 0)
    }

    /// What it would be after a step. Where all of it becomes known, alerts about what is ended no longer count; else whoever did it resolves all
    /// alerts, and what nobody tells of stays as it is.
    func after(_ step: AccountStep) -> EmployeeExposure {
        var after = self
        after.findings = findings.map { $0.after(step.told) }
        after.alertsAlone = step.isTold ? alertsAlone : 0
        after.liveAlerts = after.alertsAlone
        return after
    }
}

/// What a person's score is made of: each part from 0 to 1 of its weight. `risk_parts` of the schema has the same rule.
package struct RiskParts: Sendable, Hashable {
    package var session = 0.0
    package var recency = 0.0
    package var criticalData = 0.0
    package var domainMatch = 0.0
    package var openAlerts = 0.0
    package var breaches = 0.0

    /// In the order in which the schema adds them, so that both come to the same sum.
    func sum(_ weights: RiskWeights) -> Double {
        weights.session * session + weights.recency * recency + weights.criticalData * criticalData + weights.domainMatch * domainMatch
            + weights.openAlerts * openAlerts + weights.breaches * breaches
    }

    package func score(_ weights: RiskWeights) -> Int { RiskScore.rounded(sum(weights)) }
}

extension RiskParts {
    package init(_ exposure: EmployeeExposure, now: Date) {
        let worst = exposure.findings.map(\.weight).max() ?? 0
        session = exposure.findings.compactMap(\.sessionWeight).max() ?? 0
        // Of the finding that counts most by age and state: were it always the newest, ending a doubtful new one could raise the score.
        recency = exposure.findings.map { $0.weight * $0.freshness(at: now) }.max() ?? 0
        criticalData = exposure.findings.map(\.criticalWeight).max() ?? 0
        domainMatch = exposure.isOnCompanyDomain ? worst : 0
        openAlerts = Double(min(exposure.liveAlerts, 3)) / 3
        breaches = Double(min(exposure.findings.count, 5)) / 5
    }
}

extension RiskScore {
    /// The score of an employee, and what it would be after the next step.
    /// - Parameter id: whose it is; without one no next step is named.
    package static func employee(_ exposure: EmployeeExposure, weights: RiskWeights = .standard, now: Date, id: EmployeeID? = nil) -> RiskScore {
        guard exposure.isKnown else { return .unknown }
        let parts = RiskParts(exposure, now: now)
        func component(_ key: String, _ title: String, _ part: Double, _ reason: String) -> RiskComponent {
            RiskComponent(key: key, title: title, points: weights[key] * part, maximum: weights[key], reason: reason)
        }
        var score = RiskScore(components: [
            component("session", "Stolen session", parts.session, sessionReason(exposure)),
            component("recency", "Recency", parts.recency, recencyReason(exposure, now: now)),
            component("criticalData", "Critical data", parts.criticalData, criticalReason(exposure)),
            component("domainMatch", "Company address", parts.domainMatch, domainReason(exposure)),
            component(
                "openAlerts", "Open alerts", parts.openAlerts,
                "\(counted(exposure.liveAlerts, "alert is", "alerts are")) not resolved, about what may still work; 3 or more count fully."),
            component(
                "breaches", "Breaches", parts.breaches,
                "Found in \(counted(exposure.findings.count, "breach", "breaches")); 5 or more count fully."),
        ])
        if let id, let step = exposure.nextStep {
            let after = RiskParts(exposure.after(step), now: now).score(weights)
            score.nextStep = RiskNextStep(
                employeeId: id, actions: step.actions, score: after, level: RiskLevel(score: after),
                text: step.text(of: "the account", "the score", from: score.score, to: after))
        }
        return score
    }

    private static func sessionReason(_ exposure: EmployeeExposure) -> String {
        guard let weight = exposure.findings.compactMap(\.sessionWeight).max() else {
            return "No source names a cookie or token."
        }
        let isNamed = exposure.findings.contains { $0.sessionWeight == weight && $0.isSessionNamed }
        let taken = isNamed ? "A cookie or token was taken." : "Malware took what the source does not name. A cookie or token may be part of it."
        switch weight {
        case RiskWeight.none:
            return "\(taken) The directory has ended the account's sessions since, or has it disabled."
                + " An application that keeps sessions of its own may still take a stolen one."
        case RiskWeight.certain:
            return "\(taken) No session is known to have ended since. Whoever has a working one needs no password."
        default: return isNamed ? "\(taken)\(RiskWeight.note(weight))" : "\(taken) That is not certain, so it counts for 70 %."
        }
    }

    private static func recencyReason(_ exposure: EmployeeExposure, now: Date) -> String {
        guard
            let finding = exposure.findings.filter({ $0.weight > 0 }).max(by: {
                ($0.weight * $0.freshness(at: now), $0.date) < ($1.weight * $1.freshness(at: now), $1.date)
            })
        else {
            return exposure.findings.isEmpty ? "Nothing was found." : "Nothing that was found opens the account now."
        }
        let days = Int(max(0, now.timeIntervalSince(finding.date) / 86_400))
        let age = days == 0 ? "today" : days == 1 ? "a day ago" : "\(days) days ago"
        let event =
            switch finding.dateKind {
            case .captured: "Malware took it \(age)"
            case .breached: "The breach was \(age)"
            case .detected: "It was found \(age), and nobody says when it happened"
            }
        let rule = days == 0 ? "." : days < 180 ? "; it counts less each day, and nothing after 180." : "; after 180 days it counts nothing here."
        return "\(event)\(rule)\(RiskWeight.note(finding.weight))"
    }

    private static func criticalReason(_ exposure: EmployeeExposure) -> String {
        if exposure.findings.contains(where: \.isPermanent) {
            return "A card, identity or account number is exposed. It cannot be changed, so it counts fully whatever was done."
        }
        guard let weight = exposure.findings.filter(\.isCritical).map(\.weight).max() else {
            let nothing = "No source names a password, payment or identity number."
            return exposure.findings.contains(where: \.namesNothing) ? "\(nothing) What was not understood, or is not said, may have one." : nothing
        }
        return weight == RiskWeight.none
            ? "A password or financial data was exposed, but it does not open the account now."
            : "A password or financial data is exposed.\(RiskWeight.note(weight))"
    }

    private static func domainReason(_ exposure: EmployeeExposure) -> String {
        guard exposure.isOnCompanyDomain else { return "The address is not on the company's domain." }
        switch exposure.findings.map(\.weight).max() ?? 0 {
        case RiskWeight.none: return "The address is on the company's own domain, but nothing that was found opens the account now."
        case let weight: return "The exposed address is on the company's own domain.\(RiskWeight.note(weight))"
        }
    }
}
