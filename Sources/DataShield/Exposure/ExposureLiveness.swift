import Foundation
import Postgres
import Scalars

/// Whether one person's exposure in one breach is live, with the facts that say so.
package struct ExposureLiveness: Sendable, Hashable, RowDecodable {
    package var state: Liveness
    /// Of what is live, and only of that.
    package var certainty: LivenessCertainty?
    package var reason: LivenessReason
    /// What decided the state; nil when nothing is named to sign in with.
    package var worst: CredentialKind?
    /// Each of what can be used to sign in, the worst kind first.
    package var credentials: [Credential]
    package var isFromMalware: Bool
    /// Whether a password or a session of it is for a site of the company's own.
    package var hasCompanySite: Bool
    /// Where malware or a leak has it from, those of the company's own first.
    package var sites: [ExposedSite]
    /// Whether the breach is that of one site, which then is not the company's unless ``hasCompanySite`` says so. Of a list nobody knows.
    package var isOfOneSite: Bool
    /// When malware took it.
    package var capturedAt: Date?
    package var breachDate: Date?
    /// The latest moment at which it can have been exposed.
    package var exposedBefore: Date
    /// When it became known.
    package var knownAt: Date
    /// Whether a secret of it was in a file of which nobody knows when it is from.
    package var hasUndated: Bool
    /// Whether nothing is named to sign in with, and a text that was not understood is why nobody knows.
    package var hasUnreadText: Bool
    package var isInDirectory: Bool
    package var passwordChangedAt: Date?
    package var sessionsValidFrom: Date?
    package var deactivatedAt: Date?
    package var mfaEnabled: Bool?

    /// One of the things that can be used to sign in.
    package struct Credential: Sendable, Hashable {
        package var kind: CredentialKind
        package var reason: LivenessReason
        package var certainty: LivenessCertainty?

        package var state: Liveness { reason.liveness }
    }

    private static let knownAt: SQL = """
        greatest(r.detected_at, (SELECT max(c.first_seen_at) FROM leaked_credentials c WHERE c.company_id = r.company_id AND c.record_id = r.id))
        """

    /// Whether a secret of it was in a file of which nobody knows when it is from.
    private static let hasUndated: SQL = """
        (r.in_leak_file AND EXISTS (
            SELECT FROM leaked_credentials c WHERE c.company_id = r.company_id AND c.record_id = r.id AND NOT c.is_dated))
        """

    /// The verdict on one credential alone, by the same rule as on all.
    private static func ofEach(_ part: SQL) -> SQL {
        """
        ARRAY(SELECT coalesce((exposure_verdict(ARRAY[kind], false, r.is_from_malware, r.has_company_site, r.exposed_after, r.exposed_before,
            e.password_changed_at, e.sessions_valid_from, e.deactivated_at,
            told_departure(e.source_connection_id, e.deactivation_reason))).\(part)::text, '')
            FROM unnest(r.credentials) WITH ORDINALITY AS c (kind, place) ORDER BY place)
        """
    }

    private static let domain: SQL = "(SELECT domain FROM companies WHERE id = r.company_id)"

    /// The columns of ``ExposureLiveness``, for rows of `breach_records r`, `breaches b` and `employees e`.
    static let columns: SQL = """
        r.state, r.certainty, r.state_reason, r.worst_credential, r.credentials, \(ofEach("reason")), \(ofEach("certainty")), r.is_from_malware, \
        r.has_company_site, ARRAY(SELECT jsonb_array_elements_text(r.evidence -> 'sites')), \(domain), \
        r.captured_at, b.breach_date, r.exposed_before, \(knownAt), \(hasUndated), r.has_unread_text, e.source_connection_id IS NOT NULL, e.password_changed_at, \
        e.sessions_valid_from, e.deactivated_at, e.mfa_enabled, b.domain IS NOT NULL
        """

    /// Whether the exposure behind an alert `a` is one of these. Of what has no record any more nobody knows.
    static func condition(_ states: Set<Liveness>) -> SQL {
        let known: SQL =
            if let state = states.first, states.count == 1 { "a.state = \(state)" } else {
                "a.state = ANY(\(states.sorted { $0.rawValue < $1.rawValue }))"
            }
        return states.contains(.unknown) ? "(\(known) OR a.state IS NULL)" : known
    }

    /// Whether the worst exposure of an employee `e` is one of these: the states are in that order.
    static func worstCondition(_ states: Set<Liveness>) -> SQL {
        """
        (SELECT min(r.state) FROM breach_records r WHERE r.company_id = e.company_id AND r.employee_id = e.id)
            = ANY(\(states.sorted { $0.rawValue < $1.rawValue }))
        """
    }

    package init(from row: inout Row) throws {
        state = try row.next()
        certainty = try row.next()
        reason = try row.next()
        worst = try row.next()
        let kinds: [CredentialKind] = try row.next()
        let reasons: [LivenessReason] = try row.next()
        let certainties: [String] = try row.next()
        credentials = zip(kinds, zip(reasons, certainties)).map {
            Credential(kind: $0, reason: $1.0, certainty: LivenessCertainty(rawValue: $1.1))
        }
        isFromMalware = try row.next()
        hasCompanySite = try row.next()
        let hosts: [String] = try row.next()
        sites = ExposedSite.all(hosts, of: try row.next())
        capturedAt = try row.next()
        breachDate = try row.next()
        exposedBefore = try row.next()
        knownAt = try row.next()
        hasUndated = try row.next()
        hasUnreadText = try row.next()
        isInDirectory = try row.next()
        passwordChangedAt = try row.next()
        sessionsValidFrom = try row.next()
        deactivatedAt = try row.next()
        mfaEnabled = try row.next()
        isOfOneSite = try row.next()
    }
}

/// A site that something exposed is for.
package struct ExposedSite: Codable, Sendable, Hashable {
    package var host: String
    /// Whether it is the company's own: its domain, or below it.
    package var isCompany: Bool

    /// The sites, those of the company's own first.
    static func all(_ hosts: [String], of domain: String) -> [ExposedSite] {
        let sites = hosts.map { host in
            let name = host.lowercased()
            return ExposedSite(host: host, isCompany: name == domain || name.ends(with: ".\(domain)"))
        }
        return sites.filter(\.isCompany) + sites.filter { !$0.isCompany }
    }
}
