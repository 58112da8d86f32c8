import Foundation
import Postgres

/// Whether what was exposed can still be used to sign in.
package enum Liveness: String, NativeEnum {
    case live = "LIVE"
    case neutralised = "NEUTRALISED"
    /// The directory does not say what would be needed, or the times are too close to tell.
    case unknown = "UNKNOWN"
    /// There is nothing in it to sign in with: the question does not arise.
    case noCredential = "NO_CREDENTIAL"

    package var label: String {
        switch self {
        case .live: "Still live"
        case .neutralised: "Neutralised"
        case .unknown: "Not known"
        case .noCredential: "No credential"
        }
    }
    package var badge: Badge {
        switch self {
        case .live: Badge(label, .critical, icon: "siren")
        case .neutralised: Badge(label, .good, icon: "shield-check")
        case .unknown: Badge(label, .neutral, icon: "question")
        case .noCredential: Badge(label, .neutral, icon: "minus")
        }
    }
}

/// Why an exposure is live or not, as `exposure_reason` of the schema finds it.
package enum LivenessReason: String, NativeEnum {
    case noCredential = "NO_CREDENTIAL"
    case accountDisabled = "ACCOUNT_DISABLED"
    case sessionsStand = "SESSIONS_STAND"
    case passwordStands = "PASSWORD_STANDS"
    case sessionsNotKnown = "SESSIONS_NOT_KNOWN"
    case passwordNotKnown = "PASSWORD_NOT_KNOWN"
    case accountNotListed = "ACCOUNT_NOT_LISTED"
    case accountUnassigned = "ACCOUNT_UNASSIGNED"
    case personHasLeft = "PERSON_HAS_LEFT"
    case sessionsUnclear = "SESSIONS_UNCLEAR"
    case passwordUnclear = "PASSWORD_UNCLEAR"
    case sessionsRevoked = "SESSIONS_REVOKED"
    case passwordChanged = "PASSWORD_CHANGED"
    case bothRenewed = "BOTH_RENEWED"

    package var liveness: Liveness {
        switch self {
        case .noCredential: .noCredential
        case .sessionsStand, .passwordStands: .live
        case .sessionsNotKnown, .passwordNotKnown, .sessionsUnclear, .passwordUnclear, .accountNotListed, .accountUnassigned, .personHasLeft:
            .unknown
        case .accountDisabled, .sessionsRevoked, .passwordChanged, .bothRenewed: .neutralised
        }
    }
}

/// Whether one person's exposure in one breach is live, with the facts that say so.
package struct ExposureLiveness: Sendable, Hashable, RowDecodable {
    package var reason: LivenessReason
    /// When malware took it.
    package var capturedAt: Date?
    package var breachDate: Date?
    /// When it became known.
    package var knownAt: Date
    /// Whether a secret of it was in a file of which nobody knows when it is from.
    package var hasUndated: Bool
    package var isInDirectory: Bool
    package var passwordChangedAt: Date?
    package var sessionsValidFrom: Date?
    package var deactivatedAt: Date?
    package var mfaEnabled: Bool?

    package var liveness: Liveness { reason.liveness }

    private static let knownAt: SQL = """
        greatest(r.detected_at, (SELECT max(c.first_seen_at) FROM leaked_credentials c WHERE c.company_id = r.company_id AND c.record_id = r.id))
        """

    /// Whether a secret of it was in a file of which nobody knows when it is from.
    private static let hasUndated: SQL = """
        (r.in_leak_file AND EXISTS (
            SELECT FROM leaked_credentials c WHERE c.company_id = r.company_id AND c.record_id = r.id AND NOT c.is_dated))
        """

    /// The reason, for rows of `breach_records r`, `breaches b` and `employees e`.
    static let reason: SQL = """
        exposure_reason(r.exposed_data, r.artifacts, r.captured_at, b.breach_date, \(knownAt), \(hasUndated), \
        e.password_changed_at, e.sessions_valid_from, e.deactivated_at, \
        CASE WHEN e.source_connection_id IS NOT NULL OR e.deactivation_reason <> 'DISABLED' THEN e.deactivation_reason END)
        """

    static let columns: SQL = """
        \(reason), r.captured_at, b.breach_date, \(knownAt), \(hasUndated), e.source_connection_id IS NOT NULL, e.password_changed_at, \
        e.sessions_valid_from, e.deactivated_at, e.mfa_enabled
        """

    /// Whether there is a record behind an alert `a` whose exposure is one of these.
    static func condition(_ states: Set<Liveness>) -> SQL {
        let reasons = LivenessReason.allCases.filter { states.contains($0.liveness) }.map(\.rawValue)
        return """
            EXISTS (SELECT FROM breach_records r JOIN breaches b ON b.id = r.breach_id
                JOIN employees e ON e.company_id = r.company_id AND e.id = r.employee_id
                WHERE r.company_id = a.company_id AND r.employee_id = a.employee_id AND r.breach_id = a.breach_id
                    AND \(reason) = ANY(\(reasons)))
            """
    }

    /// Whether the worst exposure of an employee `e` is one of these.
    static func worstCondition(_ states: Set<Liveness>) -> SQL {
        // From the worst to the best: what is live counts before what is not known, and that before what was done about the rest.
        let order: [Liveness] = [.live, .unknown, .neutralised, .noCredential]
        let reasons = order.flatMap { state in LivenessReason.allCases.filter { $0.liveness == state } }.map(\.rawValue)
        let ranks = order.flatMap { state in LivenessReason.allCases.filter { $0.liveness == state }.map { _ in state.rawValue } }
        return """
            (SELECT (\(ranks)::text[])[min(array_position(\(reasons)::text[], \(reason)))] FROM breach_records r JOIN breaches b ON b.id = r.breach_id
                WHERE r.company_id = e.company_id AND r.employee_id = e.id) = ANY(\(states.map(\.rawValue).sorted()))
            """
    }

    package init(from row: inout Row) throws {
        reason = try row.next()
        capturedAt = try row.next()
        breachDate = try row.next()
        knownAt = try row.next()
        hasUndated = try row.next()
        isInDirectory = try row.next()
        passwordChangedAt = try row.next()
        sessionsValidFrom = try row.next()
        deactivatedAt = try row.next()
        mfaEnabled = try row.next()
    }
}

extension ExposureLiveness {
    /// The reason in words, with the times that it rests on.
    package var words: String {
        switch reason {
        case .noCredential:
            return "Neither a password nor a session is in it, so nobody can sign in with it."
        case .accountDisabled:
            return "The account is disabled in its directory\(on(deactivatedAt, " since"))."
        case .accountNotListed:
            return "Its directory no longer lists the account\(on(deactivatedAt, " since")): whether it still can be signed in to, nobody says."
        case .accountUnassigned:
            return "The directory took the person back\(on(deactivatedAt, " on")): whether they still have an account there, it does not say."
        case .personHasLeft:
            return "The person has left\(on(deactivatedAt, " on")), by the staff list: whether the account was disabled, nobody says."
        case .sessionsStand:
            return "A session was stolen \(time), and no session of the account has been revoked\(on(sessionsValidFrom, " since"))."
        case .passwordStands:
            return "The password was exposed \(time), and was changed last\(on(passwordChangedAt, " on")), before that.\(secondFactor)"
        case .sessionsNotKnown:
            return "A session was stolen \(time). \(nobodySays("sessions were revoked last"))"
        case .passwordNotKnown:
            return "The password was exposed \(time). \(nobodySays("it was changed last"))\(secondFactor)"
        case .sessionsUnclear:
            return "Sessions were revoked\(on(sessionsValidFrom, " on")), and the session was stolen \(time): too close to tell which came first."
        case .passwordUnclear:
            return
                "The password was changed\(on(passwordChangedAt, " on")), and was exposed \(time): too close to tell which came first.\(secondFactor)"
        case .sessionsRevoked:
            return "A session was stolen \(time), and all sessions were revoked\(on(sessionsValidFrom, " on")), after that."
        case .passwordChanged:
            return "The password was exposed \(time), and was changed\(on(passwordChangedAt, " on")), after that."
        case .bothRenewed:
            return "Password and session were exposed \(time). After that the password was changed\(on(passwordChangedAt, " on"))"
                + " and all sessions were revoked\(on(sessionsValidFrom, " on"))."
        }
    }

    /// When it was exposed, and how sure that is.
    private var time: String {
        if let capturedAt { return "on \(Format.day(capturedAt)), as the malware's log says" }
        if hasUndated { return "on or before \(Format.day(knownAt)), when a file without a date showed it" }
        if let breachDate { return "around \(Format.day(breachDate)), the date of the breach, give or take a month" }
        return "on or before \(Format.day(knownAt)), when it became known"
    }

    private func nobodySays(_ what: String) -> String {
        isInDirectory ? "The directory does not say when \(what)." : "The person comes from no directory, so that nobody says when \(what)."
    }

    private var secondFactor: String { mfaEnabled == true ? " A second factor stands in the way." : "" }

    private func on(_ date: Date?, _ word: String) -> String { date.map { "\(word) \(Format.day($0))" } ?? "" }
}

/// Whether an exposure is live, as the API answers it.
package struct LivenessResponse: Codable, Sendable, Hashable {
    package var state: Liveness
    package var reason: LivenessReason
    /// The reason in words.
    package var text: String

    package init(_ exposure: ExposureLiveness) {
        state = exposure.liveness
        reason = exposure.reason
        text = exposure.words
    }
}
