/// How far a provider's word goes.
package enum ProviderTier: Int, Sendable {
    /// Verified breaches.
    case first = 1
    /// Collections whose origin is known but not checked.
    case second
    /// Raw finds.
    case third

    /// What is read in leak files, or typed in by a person.
    static let leakFile = ProviderTier.second

    package var confidence: AlertConfidence {
        switch self {
        case .first: .high
        case .second: .medium
        case .third: .low
        }
    }
}

extension ApiProvider {
    package var tier: ProviderTier {
        switch self {
        case .hibp, .hibpStealer: .first
        case .dehashed, .leakcheck, .snusbase: .second
        case .intelx: .third
        }
    }

    /// Where a breach that this provider reports is known from.
    ///
    /// Also what Have I Been Pwned flags as a stealer log comes from HIBP: the flag is kept on the breach and shown, and it is the feed
    /// HIBP_STEALER, which names the sites, that makes a person's exposure one of a stealer log.
    package var source: BreachSource {
        switch self {
        case .hibp: .hibp
        case .hibpStealer: .stealerLog
        case .dehashed, .leakcheck, .snusbase, .intelx: .darkWeb
        }
    }

    /// The name for people.
    package var displayName: String {
        switch self {
        case .hibp: "Have I Been Pwned"
        case .hibpStealer: "Have I Been Pwned stealer logs"
        case .dehashed: "DeHashed"
        case .leakcheck: "LeakCheck"
        case .intelx: "Intelligence X"
        case .snusbase: "Snusbase"
        }
    }
}

extension AlertConfidence {
    /// One step surer, at most HIGH.
    package var raised: AlertConfidence {
        switch self {
        case .low: .medium
        case .medium, .high: .high
        }
    }

    /// What a second source makes of two confidences: the higher of the two, one step up.
    package func corroborated(by other: AlertConfidence) -> AlertConfidence { max(self, other).raised }
}

extension BreachSource {
    /// Whose word on a breach's metadata is the better: a source of higher rank overwrites what one of lower rank said, never the other
    /// way round.
    package var rank: Int {
        switch self {
        case .hibp: 3
        case .stealerLog: 2
        case .darkWeb: 1
        case .manual: 0
        }
    }

    /// The word for people.
    package var displayName: String {
        switch self {
        case .hibp: "Have I Been Pwned"
        case .manual: "entered by hand"
        case .darkWeb: "dark web"
        case .stealerLog: "stealer log"
        }
    }
}
