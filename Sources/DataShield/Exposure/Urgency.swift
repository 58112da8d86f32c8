import Foundation
import Postgres

/// How soon somebody has to act about an alert (spec §4), as `alert_urgency` of the schema works it out from the finding and the person.
///
/// Thousands are the band, hundreds the worst that can be used, tens the second factor, ones whether the person is a VIP: the higher comes
/// first. What is left to nobody has rank 0.
package struct Urgency: Sendable, Hashable {
    package let rank: Int

    package init(rank: Int) { self.rank = rank }

    package var band: UrgencyBand {
        switch rank / 1000 {
        case 3...: .actNow
        case 2: .today
        case 1: .thisWeek
        default: .nothingToDo
        }
    }

    /// The alerts `a` of some bands.
    static func condition(_ bands: Set<UrgencyBand>) -> SQL {
        let ranges = bands.sorted().map { band -> SQL in
            switch band {
            case .actNow: "a.urgency >= 3000"
            case .today: "(a.urgency >= 2000 AND a.urgency < 3000)"
            case .thisWeek: "(a.urgency >= 1000 AND a.urgency < 2000)"
            case .nothingToDo: "a.urgency = 0"
            }
        }
        return ranges.count == 1 ? ranges[0] : "(\(ranges.joined(separator: " OR ")))"
    }
}

/// How soon somebody has to act.
package enum UrgencyBand: String, Codable, CaseIterable, Comparable, Sendable {
    /// A session, a token or a password is certainly live.
    case actNow = "ACT_NOW"
    /// A password is live if it is reused, or nobody knows of what malware took or what is for a site of the company's.
    case today = "TODAY"
    /// Nobody knows of other passwords.
    case thisWeek = "THIS_WEEK"
    /// It is neutralised, or nothing in it can be used to sign in.
    case nothingToDo = "NOTHING_TO_DO"

    package var label: String {
        switch self {
        case .actNow: "Act now"
        case .today: "Today"
        case .thisWeek: "This week"
        case .nothingToDo: "Nothing to do"
        }
    }

    private var place: Int { Self.allCases.firstIndex(of: self) ?? 0 }

    /// What comes first is less.
    package static func < (left: Self, right: Self) -> Bool { left.place < right.place }
}
