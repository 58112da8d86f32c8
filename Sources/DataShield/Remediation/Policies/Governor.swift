import Foundation

/// How many people may be touched, and whether one more may be: values in, value out. A false feed must not lock a company out.
package struct Governor: Sendable, Hashable {
    /// At most so many people …
    package var capPeople: Int = 10
    /// … or so much of the staff list, whichever is less, and always at least one,
    package var capPercent: Double = 2
    /// within so many hours.
    package var windowHours: Int = 24

    /// How many people may be touched in a window.
    /// - Parameter people: how many active people the company has.
    package func limit(people: Int) -> Int {
        let share = (Double(people) * capPercent / 100).rounded(.down)
        return max(1, min(capPeople, share < Double(Int32.max) ? Int(share) : capPeople))
    }

    /// From when on what was started counts.
    /// - Parameter countedFrom: when somebody resumed last.
    package func windowStart(at now: Date, countedFrom: Date?) -> Date {
        let start = now.addingTimeInterval(-Double(windowHours) * 3600)
        return countedFrom.map { max($0, start) } ?? start
    }

    /// What may be done about one person.
    package enum Decision: Sendable, Hashable {
        case go
        case refuse(RemediationRefusal)
        /// Refuse, and nothing more goes until somebody resumes.
        case stop(RemediationRefusal)
    }

    /// Decides about one more person.
    /// - Parameters:
    ///   - protection: why the person is protected; nil when they are not.
    ///   - isStopped: whether the governor has stopped before.
    ///   - touched: whose calls were started within the window.
    ///   - people: how many active people the company has.
    package func decide(
        about person: EmployeeID, protection: String?, isEnabled: Bool, isStopped: Bool, touched: Set<EmployeeID>, people: Int
    ) -> Decision {
        guard isEnabled else { return .refuse(.switchedOff) }
        if let protection { return .refuse(.protected(reason: protection)) }
        if isStopped { return .refuse(.stopped) }
        // Somebody who was touched already is not one more.
        if touched.contains(person) { return .go }
        let limit = limit(people: people)
        guard touched.count < limit else { return .stop(.capUsed(limit: limit, hours: windowHours)) }
        return .go
    }
}
