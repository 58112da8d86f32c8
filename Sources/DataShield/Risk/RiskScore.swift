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

    /// The scores that are of this level.
    package var scores: ClosedRange<Int> {
        switch self {
        case .critical: 76...100
        case .high: 51...75
        case .medium: 26...50
        case .low: 0...25
        }
    }
}

/// A score from 0 to 100, what it is made of, and what it would be after the next step.
package struct RiskScore: Sendable, Hashable, Codable {
    /// null while nobody was asked: that is not 0.
    package var score: Int?
    /// null where there is no score.
    package var level: RiskLevel?
    /// What adds up to the score before it is rounded and capped at 100.
    package var components: [RiskComponent]
    /// What to do next, and what the score would be then; null where nothing is to be done.
    package var nextStep: RiskNextStep?

    /// Nobody was asked.
    static let unknown = RiskScore(score: nil, level: nil, components: [], nextStep: nil)

    private init(score: Int?, level: RiskLevel?, components: [RiskComponent], nextStep: RiskNextStep?) {
        self.score = score
        self.level = level
        self.components = components
        self.nextStep = nextStep
    }

    init(components: [RiskComponent]) {
        let score = Self.rounded(components.reduce(0) { $0 + $1.points })
        self.init(score: score, level: RiskLevel(score: score), components: components, nextStep: nil)
    }

    /// The sum of the parts, before it is rounded and capped.
    package var sum: Double { components.reduce(0) { $0 + $1.points } }

    /// As `refresh_scores` of the schema rounds: halves up.
    static func rounded(_ sum: Double) -> Int { Int((min(sum, 100) + 0.5).rounded(.down)) }
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

/// How much of a finding counts: f of its state.
package enum RiskWeight {
    /// Certainly live.
    package static let certain = 1.0
    /// Not known, or live only where the password is used again.
    package static let uncertain = 0.7
    /// Ended, or nothing to sign in with.
    package static let none = 0.0

    /// What is said behind a reason about something that counts in part.
    static func note(_ weight: Double) -> String { weight == uncertain ? " It is not certain that it works, so it counts for 70 %." : "" }
}

func counted(_ number: Int, _ one: String, _ many: String) -> String { number == 1 ? "1 \(one)" : "\(Format.count(number)) \(many)" }
