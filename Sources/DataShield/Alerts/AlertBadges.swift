extension AlertStatus {
    package var label: String {
        switch self {
        case .open: "Open"
        case .acknowledged: "Acknowledged"
        case .resolved: "Resolved"
        }
    }
    package var badge: Badge {
        switch self {
        case .open: Badge(label, .accent, icon: "circle-dot")
        case .acknowledged: Badge(label, .neutral, icon: "eye")
        case .resolved: Badge(label, .good, icon: "check-circle")
        }
    }
}

extension AlertConfidence {
    package var label: String {
        switch self {
        case .high: "High"
        case .medium: "Medium"
        case .low: "Low"
        }
    }
    package var badge: Badge {
        switch self {
        case .high: Badge(label, .neutral, icon: "signal-high")
        case .medium: Badge(label, .neutral, icon: "signal-medium")
        case .low: Badge(label, .neutral, icon: "signal-low")
        }
    }
}
