/// How much an alert matters.
package enum Severity: String, NativeEnum, Comparable {
    case critical = "CRITICAL"
    case high = "HIGH"
    case medium = "MEDIUM"
    case low = "LOW"

    /// 3 for CRITICAL down to 0 for LOW.
    package var rank: Int {
        switch self {
        case .critical: 3
        case .high: 2
        case .medium: 1
        case .low: 0
        }
    }
    package static func < (left: Self, right: Self) -> Bool { left.rank < right.rank }
}
