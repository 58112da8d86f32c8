import Foundation
import Postgres

/// A view of the queue of alerts: a filter and an order with a name. Filters of the page narrow it down further.
package enum AlertView: String, Codable, CaseIterable, Sendable {
    /// What certainly works.
    case actFirst = "act-first"
    case today
    case notKnown = "not-known"
    case mine
    case unassigned
    case cameBack = "came-back"
    case done
    case all

    package var label: String {
        switch self {
        case .actFirst: "Act first"
        case .today: "Today"
        case .notKnown: "Not known"
        case .mine: "Mine"
        case .unassigned: "Unassigned"
        case .cameBack: "Came back"
        case .done: "Done"
        case .all: "All"
        }
    }

    /// What is done, and everything, is in the order of its news; what is to be done, in the order of work.
    package var order: AlertOrder { self == .done || self == .all ? .news : .urgency }

    /// The view's filter; what a filter of the page says goes before.
    /// - Parameter subject: whose alerts `mine` are.
    package func narrow(_ filter: AlertFilter, for subject: Subject) -> AlertFilter {
        var result = filter
        if self != .all, result.statuses.isEmpty { result.statuses = self == .done ? [.resolved] : [.open, .acknowledged] }
        switch self {
        case .actFirst: if result.urgency.isEmpty { result.urgency = [.actNow] }
        case .today: if result.urgency.isEmpty { result.urgency = [.today] }
        case .notKnown: if result.liveness.isEmpty { result.liveness = [.unknown] }
        case .mine: if result.assignee == nil { result.assignee = subject.user.map { .user($0) } ?? .noUser }
        case .unassigned: if result.assignee == nil { result.assignee = .nobody }
        case .cameBack: if result.cameBackFrom == nil { result.cameBackFrom = Date(timeIntervalSince1970: 0) }
        case .done, .all: break
        }
        return result
    }
}

extension Alerts {
    /// Up to how many alerts a view counts.
    package static let countLimit = 1_000

    /// How many alerts are in each view, up to ``countLimit``, and how many a filter finds.
    package func counts(
        of views: [AlertView] = AlertView.allCases, and filter: AlertFilter, for subject: Subject
    ) async throws -> (views: [AlertView: Int], filter: Int) {
        let filters = views.map { $0.narrow(.init(), for: subject) } + [filter]
        let counts = try await database.read(for: subject.company) { db in
            try await db.pipeline(filters.map { AlertStore.count(of: subject.company, $0, upTo: Self.countLimit) })
                .map { try $0.decoded(Int.self).first ?? 0 }
        }
        return (Dictionary(uniqueKeysWithValues: zip(views, counts)), counts.last ?? 0)
    }
}
