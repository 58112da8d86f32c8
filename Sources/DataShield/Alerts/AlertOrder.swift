import Foundation
import Postgres

/// In which order a list of alerts is.
package enum AlertOrder: String, Codable, CaseIterable, Sendable {
    /// What had something to tell last comes first.
    case news
    /// The order of work (``Urgency``): within a band what can be used, the person, what was exposed last, and at last the name.
    case urgency

    var columns: SQL {
        switch self {
        case .news: "a.told_at DESC, a.id DESC"
        case .urgency: "a.urgency DESC, a.exposed_at DESC, a.employee_name, a.id"
        }
    }

    /// What comes behind a place, in parts that follow one another: each is a range of the index.
    func behind(_ cursor: AlertCursor) -> [SQL] {
        switch self {
        case .news: return ["(a.told_at, a.id) < (\(cursor.toldAt), \(cursor.id))"]
        case .urgency:
            let exposedAt: SQL = "coalesce(\(cursor.exposedAt)::timestamptz, '-infinity')"
            return [
                "a.urgency = \(cursor.urgencyRank) AND a.exposed_at = \(exposedAt) AND (a.employee_name, a.id) > (\(cursor.name), \(cursor.id))",
                "(a.urgency, a.exposed_at) < (\(cursor.urgencyRank), \(exposedAt))",
            ]
        }
    }
}

/// Where a page of alerts ended, in any order.
struct AlertCursor: Codable, Sendable {
    var toldAt: Date
    var id: AlertID
    var urgencyRank: Int
    var exposedAt: Date?
    var name: String
}

extension AlertCursor {
    init(_ row: AlertListing) {
        self.init(
            toldAt: row.alert.toldAt, id: row.alert.id, urgencyRank: row.alert.urgencyRank, exposedAt: row.alert.exposedAt,
            name: row.employeeName ?? "")
    }
}
