import Foundation
import Postgres

/// Why nothing is left to do about an alert.
package enum SettledState: String, Codable, CaseIterable, Sendable {
    case neutralised = "NEUTRALISED"
    case noCredential = "NO_CREDENTIAL"

    package var liveness: Liveness {
        switch self {
        case .neutralised: .neutralised
        case .noCredential: .noCredential
        }
    }

    /// What the alerts get as their resolution.
    var resolution: String {
        switch self {
        case .neutralised: "Neutralised: what was exposed was changed or ended afterwards, or the account is disabled."
        case .noCredential: "No credential: nothing in it can be used to sign in."
        }
    }
}

extension Alerts {
    /// What ``settle(_:by:)`` did.
    package struct Settlement: Sendable, Hashable {
        package var resolved: Int
        /// Names it to ``unsettle(_:by:)``.
        package var token: String
    }

    /// For how long a settlement can be undone.
    static let settlementTime: TimeInterval = 3600

    /// How many alerts ``settle(_:by:)`` would resolve if it took all at once: those that are open. What somebody has acknowledged stays with them.
    package func settleable(_ state: SettledState, for subject: Subject) async throws -> Int {
        try await database.query(
            for: subject.company,
            """
            SELECT coalesce(sum(count), 0)::bigint FROM alert_state_counts
            WHERE company_id = \(subject.company) AND status = 'OPEN' AND state = \(state.rawValue)::alert_state
            """, as: Int.self
        ).first ?? 0
    }

    /// Resolves open alerts about which nothing is left to do, ``bulkLimit`` of them at most, in one transaction with its audit events. One that is
    /// taken up, resolved or of another state when its turn comes is left alone.
    package func settle(_ state: SettledState, by subject: Subject) async throws -> Settlement {
        // As the database keeps it, so that it is found again.
        let at = try ListText.moment(Timestamp.text(now()), "at") ?? now()
        let ids = try await database.query(
            for: subject.company,
            """
            SELECT a.id FROM alerts a WHERE a.company_id = \(subject.company) AND a.state = \(state.liveness) AND a.status = 'OPEN'
            ORDER BY a.told_at, a.id \(SQL.limit(Self.bulkLimit))
            """, as: AlertID.self)
        guard !ids.isEmpty else { return Settlement(resolved: 0, token: Timestamp.text(at)) }
        let results = try await bulk(ids, Change(status: .resolved, resolution: .set(state.resolution)), at: at, by: subject) { alert in
            alert.status == .open && alert.state == state.liveness
        }
        return Settlement(resolved: results.count { $0.outcome == .changed }, token: Timestamp.text(at))
    }

    /// Opens again what ``settle(_:by:)`` resolved at a moment, and nobody has touched since. That is no news: it stands where it stood.
    /// - Parameter token: what the settlement gave.
    /// - Returns: how many alerts are open again.
    /// - Throws: ``InvalidInput`` for a token that is not valid, or is older than an hour.
    package func unsettle(_ token: String, by subject: Subject) async throws -> Int {
        guard let at = try ListText.moment(token, "token") else { throw InvalidInput("token", "must be the one of a settlement.") }
        guard at > now().addingTimeInterval(-Self.settlementTime) else { throw InvalidInput("token", "Undo is possible for an hour.") }
        let texts = SettledState.allCases.map(\.resolution)
        let ids = try await database.query(
            for: subject.company,
            """
            SELECT a.id FROM alerts a
            WHERE a.company_id = \(subject.company) AND a.status = 'RESOLVED' AND a.resolved_at = \(at) AND a.resolution = ANY(\(texts))
                AND a.employee_id IS NOT NULL
            ORDER BY a.id \(SQL.limit(Self.bulkLimit))
            """, as: AlertID.self)
        guard !ids.isEmpty else { return 0 }
        let results = try await bulk(ids, Change(status: .open), isNews: false, by: subject) { alert in
            alert.status == .resolved && alert.resolvedAt.map(Timestamp.text) == Timestamp.text(at) && texts.contains(alert.resolution ?? "")
        }
        return results.count { $0.outcome == .changed }
    }
}
