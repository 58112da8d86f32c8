import Foundation
import JSON
import Testing

@testable import DataShield

@Suite struct RiskScoreTests {
    static let now = Timestamp.parse("2026-06-15T12:00:00Z") ?? .distantPast
    static func days(_ count: Double) -> Date { now.addingTimeInterval(-count * 86_400) }

    /// A finding that is so many days old.
    static func finding(
        _ weight: Double, days: Double = 180, session: Double? = nil, named: Bool = true, critical: Bool = false, permanent: Bool = false,
        endedBy: Set<RemediationType> = [.forcePasswordReset]
    ) -> RiskFinding {
        RiskFinding(
            weight: weight, sessionWeight: session, isSessionNamed: named, isCritical: critical, isPermanent: permanent, date: Self.days(days),
            endedBy: endedBy)
    }

    private static func person(
        _ findings: [RiskFinding], domain: Bool = false, alerts: Int = 0, directory: DirectoryType? = .entra
    ) -> EmployeeExposure {
        EmployeeExposure(findings: findings, isOnCompanyDomain: domain, liveAlerts: alerts, directory: directory)
    }

    /// Typed, because the compiler gives up on so many literals otherwise.
    private static let employees: [(EmployeeExposure, Int?)] = [
        // Nobody asked and nothing found is no score; asked and nothing found is 0; found is a score, whoever was asked.
        (EmployeeExposure(isAsked: false), nil),
        (EmployeeExposure(isAsked: false, isOnCompanyDomain: true, liveAlerts: 2), nil),
        (EmployeeExposure(), 0),
        (EmployeeExposure(isAsked: false, findings: [finding(1, days: 0)]), 27),
        // Recency: full on the day, nothing after 180, and in the future no more than on the day.
        (person([finding(1, days: 0)]), 27),
        (person([finding(1, days: 90)]), 15),
        (person([finding(1, days: 180)]), 2),
        (person([finding(1, days: 400)]), 2),
        (person([finding(1, days: -5)]), 27),
        (person([finding(0.7, days: 0)]), 20),
        (person([finding(0, days: 0)]), 2),
        // What is ended is not the newest that counts.
        (person([finding(0, days: 0), finding(1, days: 90)]), 17),
        // A doubtful new one does not hide a certain one that is nearly as new.
        (person([finding(0.7, days: 10), finding(1, days: 20)]), 26),
        // Session, critical data and domain by f.
        (person([finding(1, session: 1)]), 32),
        (person([finding(0.7, session: 0.7)]), 23),
        (person([finding(0, session: 0)]), 2),
        (person([finding(1, session: 0)]), 2),
        (person([finding(1, critical: true)]), 22),
        (person([finding(0.7, critical: true)]), 16),
        (person([finding(0, critical: true)]), 2),
        (person([finding(0, critical: true, permanent: true)]), 22),
        (person([finding(1)], domain: true), 17),
        (person([finding(0.7)], domain: true), 13),
        (person([finding(0)], domain: true), 2),
        // Alerts to three, breaches to five; ended breaches are breaches.
        (person([finding(1)], alerts: 1), 5),
        (person([finding(1)], alerts: 2), 9),
        (person([finding(1)], alerts: 7), 12),
        (person((0..<5).map { _ in finding(0) }), 10),
        (person((0..<9).map { _ in finding(0) }), 10),
        (person((0..<5).map { _ in finding(1, days: 0, session: 1, critical: true) }, domain: true, alerts: 3), 100),
    ]

    @Test(arguments: employees)
    func `an employee's score is the sum of six parts, and none where nothing is known`(exposure: EmployeeExposure, score: Int?) {
        let found = RiskScore.employee(exposure, now: Self.now)
        #expect(found.score == score)
        #expect(found.level == score.map { RiskLevel(score: $0) })
        #expect(found.components.map(\.key) == (score == nil ? [] : RiskWeights.keys))
    }

    @Test(arguments: [(0, RiskLevel.low), (25, .low), (26, .medium), (50, .medium), (51, .high), (75, .high), (76, .critical), (100, .critical)])
    func `levels begin at 26, 51 and 76`(score: Int, level: RiskLevel) {
        #expect(RiskLevel(score: score) == level)
        #expect(level.scores.contains(score))
    }

    @Test func `the parts say why, and add up to the score`() {
        let exposure = Self.person([Self.finding(1, days: 45, critical: true), Self.finding(0, days: 1)], domain: true, alerts: 1)
        let score = RiskScore.employee(exposure, now: Self.now)
        #expect(score.components.map(\.key) == RiskWeights.keys)
        #expect(score.score == RiskScore.rounded(score.sum))
        #expect(score.components.allSatisfy { $0.points <= $0.maximum && !$0.reason.isEmpty && !$0.title.isEmpty })
        #expect(score.components[1].points == 18.75)
        #expect(score.components[1].reason.contains("45 days"))
    }

    @Test(arguments: [
        ([finding(1, session: 1)], 0, "No session is known to have ended since"), ([finding(0.7, session: 0.7)], 0, "70 %"),
        // A directory ends its own sessions only.
        ([finding(0, session: 0)], 0, "has ended the account's sessions since, or has it disabled"),
        ([finding(0, session: 0)], 0, "An application that keeps sessions of its own"),
        // The password is live when the sessions have been ended.
        ([finding(1, session: 0)], 0, "has ended the account's sessions"), ([finding(1)], 0, "No source names a cookie or token."),
        // What is named and ended does not hide what nobody names.
        ([finding(0.7, session: 0, named: true), finding(0.7, session: 0.7, named: false)], 0, "may be part of it. That is not certain"),
        ([finding(0.7, session: 0, named: false)], 0, "A cookie or token may be part of it. The directory has ended"),
        ([finding(0)], 1, "Nothing that was found opens the account now"),
        ([finding(0.7, session: 0.7, named: false, endedBy: [.forcePasswordReset, .revokeSessions])], 0, "what the source does not name"),
        ([finding(0, critical: true)], 2, "but it does not open the account now"), ([finding(0, permanent: true)], 2, "cannot be changed"),
        ([finding(0.7, critical: true)], 2, "70 %"),
    ])
    func `a reason says what is known, and what was done`(findings: [RiskFinding], component: Int, words: String) {
        let reason = RiskScore.employee(Self.person(findings), now: Self.now).components[component].reason
        #expect(reason.contains(words), "\(reason)")
    }

    @Test(
        arguments: [
            // Text that was not understood, and what a service does not say.
            ([finding(0.7, named: false)], true), ([finding(0.7, session: 0.7, named: false)], true),
            ([finding(1, session: 1), finding(0.7, named: false)], true),
            // A cookie that is named, what is of no use, and nothing.
            ([finding(1, session: 1)], false), ([finding(0, named: false)], false), ([], false),
        ] as [([RiskFinding], Bool)])
    func `where no password is named, what nobody names may have one`(findings: [RiskFinding], mayHaveOne: Bool) {
        let reason = RiskScore.employee(Self.person(findings), now: Self.now).components[2].reason
        #expect(reason.hasPrefix("No source names a password, payment or identity number."))
        #expect(reason.hasSuffix("What was not understood, or is not said, may have one.") == mayHaveOne, "\(reason)")
    }

    // MARK: The next step

    @Test(arguments: [
        ([finding(1, days: 0)], [RemediationType.forcePasswordReset], 2),
        ([finding(1, days: 0, session: 1, endedBy: [.revokeSessions])], [.revokeSessions], 2),
        // A stealer log whose source names nothing: both.
        ([finding(0.7, days: 0, endedBy: [.forcePasswordReset, .revokeSessions])], [.forcePasswordReset, .revokeSessions], 2),
        ([finding(1, days: 0, permanent: true), finding(0, endedBy: [.revokeSessions])], [.forcePasswordReset], 24),
    ])
    func `the next step says what the score would be`(findings: [RiskFinding], actions: [RemediationType], score: Int) throws {
        let exposure = Self.person(findings, domain: true, alerts: 3)
        let next = try #require(RiskScore.employee(exposure, now: Self.now, id: EmployeeID()).nextStep)
        #expect(next.actions == actions && next.score == score && next.level == .low)
        #expect(next.text.contains("becomes \(score)"))
    }

    @Test(arguments: [
        (90, 10, "becomes 10"), (67, 67, "stays 67: this is less than a point of it"), (100, 100, "stays 100: what is left is enough for it"),
    ])
    func `a score that the next step does not move stays`(before: Int, after: Int, words: String) {
        #expect(RiskNextStep.words(from: before, to: after) == words)
    }

    @Test func `nothing is to be done where nothing can be used any more`() {
        let id = EmployeeID()
        for findings in [[], [Self.finding(0)], [Self.finding(0, permanent: true, endedBy: [])]] {
            #expect(RiskScore.employee(Self.person(findings), now: Self.now, id: id).nextStep == nil)
        }
        #expect(RiskScore.employee(Self.person([Self.finding(1)]), now: Self.now).nextStep == nil)
    }

    @Test(arguments: 1...40) func `ending a finding or closing an alert never raises a score`(seed: UInt64) {
        var random = RepeatableRandom(seed: seed)
        let weights = [0.0, 0.7, 1.0]
        var exposure = Self.person(
            (0..<random.number(1...6)).map { _ in
                let weight = weights[random.number(0...2)]
                return Self.finding(
                    weight, days: Double(random.number(0...200)), session: random.number(0...1) == 0 ? nil : weight,
                    critical: random.number(0...1) == 0, permanent: random.number(0...5) == 0)
            }, domain: random.number(0...1) == 0, alerts: random.number(0...5))
        var last = RiskParts(exposure, now: Self.now).sum(.standard)
        while let index = exposure.findings.firstIndex(where: { $0.weight > 0 }) {
            exposure.findings[index] = exposure.findings[index].after([.forcePasswordReset, .revokeSessions])
            exposure.liveAlerts = max(0, exposure.liveAlerts - 1)
            let sum = RiskParts(exposure, now: Self.now).sum(.standard)
            #expect(sum <= last)
            last = sum
        }
    }

    // MARK: Weights

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
        #expect(RiskWeights(own: ["recency": 12.5, "session": 50]) == expected)
    }

    @Test func `a sample's levels are scaled to all, and add up`() {
        var levels = RiskLevels(critical: 1, high: 2, medium: 3, low: 1)
        levels.scale(from: 7, to: 100)
        #expect(levels == RiskLevels(critical: 14, high: 28, medium: 42, low: 16))
    }
}

/// Random numbers that a seed repeats.
struct RepeatableRandom {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    mutating func number(_ range: ClosedRange<Int>) -> Int {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return range.lowerBound + Int((z ^ (z >> 31)) % UInt64(range.count))
    }
}
