/// What a colour says. The stylesheet has a colour for each in both themes; the one here is for where there is no stylesheet,
/// a PDF or a mail.
package enum Tone: String, Sendable, Hashable, CaseIterable {
    case critical
    case high
    case medium
    case low
    case good
    case accent
    case neutral

    /// The colour of an area, on white.
    package var fill: String {
        switch self {
        case .critical: "#c9302f"
        case .high: "#e07a1f"
        case .medium: "#dcb22a"
        case .low: "#7d9cc4"
        case .good: "#2f9359"
        case .accent: "#17877e"
        case .neutral: "#c3cad0"
        }
    }
}
