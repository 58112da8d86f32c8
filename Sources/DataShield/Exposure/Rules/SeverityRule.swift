import Foundation

/// How severe an exposure is.
///
/// A value of its own because "over five years ago" needs a day to count from: made once for a batch, so that all of it is judged alike.
package struct SeverityRule: Sendable {
    /// Breaches before this day are old.
    let oldBefore: Date

    /// - Parameter now: the time of judging.
    package init(now: Date) {
        oldBefore = Calendar.utc.date(byAdding: .year, value: -5, to: now) ?? now.addingTimeInterval(-5 * 365.25 * 86_400)
    }

    /// The first rule that fits, in the order of the specification.
    package func severity(source: BreachSource, dataTypes: [String], artifacts: [ArtifactKind], breachDate: Date?) -> Severity {
        if artifacts.contains(.cookie) || artifacts.contains(.token) { return .critical }
        let critical = dataTypes.count { DataType.critical.contains($0) }
        if source == .stealerLog { return critical > 0 || artifacts.contains(.password) ? .critical : .high }
        if critical >= 2 { return .critical }
        if critical == 1 { return .high }
        // Without a date it may be new, and without data we know too little to call it harmless.
        guard let breachDate, breachDate < oldBefore, !dataTypes.isEmpty else { return .medium }
        return dataTypes.allSatisfy(DataType.contact.contains) ? .low : .medium
    }
}

extension Calendar {
    /// The Gregorian calendar in UTC, whatever the machine's time zone.
    static let utc: Calendar = {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        return calendar
    }()
}
