/// How many people are in each level.
package struct RiskLevels: Sendable, Hashable, Codable {
    package var critical = 0
    package var high = 0
    package var medium = 0
    package var low = 0
    /// Nobody was asked about them, and nothing was found: they are in no level.
    package var notAsked = 0

    package subscript(level: RiskLevel) -> Int {
        get {
            switch level {
            case .critical: critical
            case .high: high
            case .medium: medium
            case .low: low
            }
        }
        set {
            switch level {
            case .critical: critical = newValue
            case .high: high = newValue
            case .medium: medium = newValue
            case .low: low = newValue
            }
        }
    }

    /// What a sample says of all: the shares stay, and the numbers add up.
    mutating func scale(from sample: Int, to all: Int) {
        guard sample > 0, sample != all else { return }
        for level in [RiskLevel.critical, .high, .medium] { self[level] = self[level] * all / sample }
        low = all - critical - high - medium
    }
}

/// What other weights would make of a company.
package struct RiskPreview: Sendable, Hashable, Codable {
    static let sampleSize = 5_000

    package var before: RiskLevels
    package var after: RiskLevels
    /// Whether it was counted from a sample.
    package var isEstimate: Bool
}
