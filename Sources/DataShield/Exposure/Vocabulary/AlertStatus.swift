/// Where an alert stands.
package enum AlertStatus: String, NativeEnum {
    case open = "OPEN"
    case acknowledged = "ACKNOWLEDGED"
    case resolved = "RESOLVED"
}

/// How sure the sources make us.
package enum AlertConfidence: String, NativeEnum, Comparable {
    case low = "LOW"
    case medium = "MEDIUM"
    case high = "HIGH"

    package var rank: Int {
        switch self {
        case .low: 0
        case .medium: 1
        case .high: 2
        }
    }
    package static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }
}
