import Foundation

/// The moment at which a page is made, and the time zone of whoever reads it.
package struct PageClock: Sendable {
    package let now: Date
    package let zone: TimeZone

    package init(_ now: Date, for signedIn: SignedIn?) {
        self.now = now
        zone = signedIn.flatMap { TimeZone(identifier: $0.timezone) } ?? .gmt
    }

    package func ago(_ date: Date) -> String { Format.ago(date, now: now, in: zone) }
    package func dateTime(_ date: Date) -> String { Format.dateTime(date, in: zone) }
    package func day(_ date: Date) -> String { Format.day(date, in: zone) }

    /// A breach's day is a day, in no time zone.
    package func breachDay(_ date: Date?) -> String { date.map { Format.day($0) } ?? "date unknown" }
}

/// A line of a list of facts.
package struct Fact: Sendable, Hashable {
    package var label: String
    package var value: String

    package init(_ label: String, _ value: String) {
        self.label = label
        self.value = value
    }
}
