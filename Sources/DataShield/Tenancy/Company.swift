import Foundation
import Postgres

/// A tenant: one company with its people, its alerts and its settings.
package struct Company: Sendable, Hashable {
    package var id: CompanyID
    package var name: String
    /// Unique over the installation, lower-case, in ASCII.
    package var domain: String
    /// Only the weights that differ from the standard ones.
    package var riskWeights: [String: Double]?
    package var remediationEnabled: Bool
    /// Whether what is neutralised resolves its alert by itself.
    package var resolvesNeutralised: Bool
    /// Minutes between scans; nil means that only people start them.
    package var scanIntervalMinutes: Int?
    package var lastScanAt: Date?
    package var timezone: String
    /// Days that resolved things are kept; nil means for ever.
    package var retentionDays: Int?
    package var createdAt: Date
}

/// A person who signs in.
package struct User: Sendable, Hashable {
    package var id: UserID
    package var email: String
    package var name: String
    package var role: Role
    package var mustChangePassword: Bool
    /// When the password that holds was chosen, or given by somebody else.
    package var passwordGivenAt: Date
    package var disabledAt: Date?
    package var lastLoginAt: Date?
    package var createdAt: Date

    package var isDisabled: Bool { disabledAt != nil }

    /// For how long a password that somebody else gave opens a session, in which it is changed. It may lie in a mail for ever.
    package static let firstPasswordTime: TimeInterval = 7 * 86_400

    /// When a password that has to be changed ends; nil for one's own.
    package static func firstPasswordEnd(mustChange: Bool, givenAt: Date) -> Date? {
        mustChange ? givenAt.addingTimeInterval(firstPasswordTime) : nil
    }

    /// When the first password ends; nil when the user has chosen one.
    package var firstPasswordEndsAt: Date? { Self.firstPasswordEnd(mustChange: mustChangePassword, givenAt: passwordGivenAt) }
}

/// A signed-in browser.
package struct Session: Sendable, Hashable {
    package var id: SessionID
    package var user: UserID
    package var createdAt: Date
    package var lastSeenAt: Date
    package var expiresAt: Date
    package var ip: String?
    package var userAgent: String?
}
