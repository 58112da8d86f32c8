extension Severity {
    package var label: String {
        switch self {
        case .critical: "Critical"
        case .high: "High"
        case .medium: "Medium"
        case .low: "Low"
        }
    }
    package var tone: Tone {
        switch self {
        case .critical: .critical
        case .high: .high
        case .medium: .medium
        case .low: .low
        }
    }
    package var badge: Badge {
        switch self {
        case .critical: Badge(label, tone, icon: "siren")
        case .high: Badge(label, tone, icon: "warning")
        case .medium: Badge(label, tone, icon: "signal-medium")
        case .low: Badge(label, tone, icon: "signal-low")
        }
    }
}

extension ArtifactKind {
    package var label: String {
        switch self {
        case .password: "passwords"
        case .cookie: "session cookies"
        case .token: "tokens"
        case .autofill: "autofill data"
        }
    }
}
