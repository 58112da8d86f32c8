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
        /// Whether there were more than one call resolves.
        package var isPartial: Bool
        /// Names it to ``unsettle(_:by:)``.
        package var token: String
    }

    /// How many alerts one call resolves at most.
    static let settlingLimit = 20_000

    /// Resolves the alerts that are not resolved and about which nothing is left to do, in steps of ``bulkLimit``, each a transaction with its audit
    /// events. An alert whose state changes meanwhile is left alone, or comes back as any other does.
    package func settle(_ state: SettledState, by subject: Subject) async throws -> Settlement {
        let at = try ListText.moment(Timestamp.text(now()), "at") ?? now()
        let change = Change(status: .resolved, resolution: .set(state.resolution))
        var settlement = Settlement(resolved: 0, isPartial: false, token: Timestamp.text(at))
        while true {
            let ids = try await database.query(
                for: subject.company,
                """
                SELECT a.id FROM alerts a WHERE a.company_id = \(subject.company) AND a.state = \(state.liveness) AND a.status <> 'RESOLVED'
                ORDER BY a.told_at, a.id \(SQL.limit(Self.bulkLimit))
                """, as: AlertID.self)
            guard !ids.isEmpty else { return settlement }
            guard settlement.resolved < Self.settlingLimit else {
                settlement.isPartial = true
                return settlement
            }
            let changed = try await bulk(ids, change, at: at, by: subject).count { $0.outcome == .changed }
            // What others resolved meanwhile is not found again; where nothing was changed, nothing will be.
            guard changed > 0 else { return settlement }
            settlement.resolved += changed
        }
    }

    /// Opens again what ``settle(_:by:)`` resolved at a moment, and nobody has touched since.
    /// - Parameter token: what the settlement gave.
    /// - Returns: how many alerts are open again.
    /// - Throws: ``InvalidInput`` for a token that is not valid.
    package func unsettle(_ token: String, by subject: Subject) async throws -> Int {
        guard let at = try ListText.moment(token, "token") else { throw InvalidInput("token", "must be the one of a settlement.") }
        var opened = 0
        while true {
            let ids = try await database.query(
                for: subject.company,
                """
                SELECT a.id FROM alerts a
                WHERE a.company_id = \(subject.company) AND a.status = 'RESOLVED' AND a.resolved_at = \(at)
                    AND a.resolution = ANY(\(SettledState.allCases.map(\.resolution))) AND a.employee_id IS NOT NULL
                ORDER BY a.id \(SQL.limit(Self.bulkLimit))
                """, as: AlertID.self)
            guard !ids.isEmpty else { return opened }
            let changed = try await bulk(ids, Change(status: .open), by: subject).count { $0.outcome == .changed }
            guard changed > 0 else { return opened }
            opened += changed
        }
    }
}
