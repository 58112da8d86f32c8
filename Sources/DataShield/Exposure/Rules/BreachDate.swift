import Foundation

/// Dates as breach catalogues write them.
package enum BreachDate {
    /// Reads the three forms that are met: `2013-10-04`, `2023-12-31T01:23:45` (no zone: UTC) and `2013-12-04T00:00:00Z`.
    /// - Returns: nil when it is in none of these forms, or not a day of the calendar: shown as "date unknown", never guessed.
    package static func parse(_ text: String?) -> Date? {
        guard let text else { return nil }
        switch text.utf8.count {
        case 10: return Timestamp.parse(text)
        case 19: return Timestamp.parse(text + "Z")
        default: return Timestamp.parse(text)
        }
    }

    /// The same at midnight UTC of its day.
    package static func day(_ text: String?) -> Date? {
        parse(text).map(day(of:))
    }

    /// Midnight UTC of a moment's day.
    package static func day(of date: Date) -> Date {
        Date(timeIntervalSince1970: (date.timeIntervalSince1970 / 86_400).rounded(.down) * 86_400)
    }
}
