import Foundation
import HTTPTypes
import Logging
import Postgres

/// From an address and a password to a session.
package struct SignIn: Sendable {
    let system: SystemDatabase
    let sessions: Sessions
    let hasher: PasswordHasher
    let throttle: Throttle
    let unknown: UnknownSignIns
    let now: Now

    package init(system: SystemDatabase, sessions: Sessions, hasher: PasswordHasher, logger: Logger, now: @escaping Now = { Date() }) {
        self.system = system
        self.sessions = sessions
        self.hasher = hasher
        self.now = now
        throttle = Throttle(system: system, now: now)
        unknown = UnknownSignIns(system: system, logger: logger, now: now)
    }

    package enum Failure: FeatureError {
        /// One answer for an unknown address, a wrong password and a disabled user.
        case refused
        /// Said only to whoever has the password.
        case firstPasswordEnded

        package var status: HTTPResponse.Status { .unauthorized }
        package var detail: String {
            switch self {
            case .refused: "The e-mail address or the password is wrong."
            case .firstPasswordEnded: "This first password was valid for a week and has expired. Ask an administrator for a new one."
            }
        }
    }

    /// Where an attempt comes from.
    package struct Origin: Sendable {
        package var address: String
        package var userAgent: String?
        /// The token of the session that the browser has now; it ends with the sign-in.
        package var token: String?
    }

    /// Signs somebody in.
    /// - Returns: the new session's token, and who it is.
    /// - Throws: ``Failure``, or ``Throttle/TooMany``.
    package func signIn(email: String, password: String, from origin: Origin) async throws -> (token: Token, signedIn: SignedIn) {
        let start = ContinuousClock.now
        // A text that is not an address goes the same way as one that nobody has.
        let email = (try? EmailAddress(email).text) ?? email.trimmingCharacters(in: .whitespacesAndNewlines).lowercased()
        let attempt = try await throttle.begin(email: email, source: origin.address)
        let user = email.utf8.contains(0) || email.utf8.count > 320 ? nil : try await find(email)
        let isRight = try await hasher.verify(password, against: user?.hash)
        guard isRight, let user, !user.isDisabled else {
            if let user { try await recordFailure(user, origin) } else { try await unknown.record(email, from: origin) }
            try await Self.level(since: start)
            throw Failure.refused
        }
        if let end = User.firstPasswordEnd(mustChange: user.mustChangePassword, givenAt: user.passwordGivenAt), end <= now() {
            try await recordFailure(user, origin, reason: "first password ended")
            try await Self.level(since: start)
            throw Failure.firstPasswordEnded
        }
        let renewed = hasher.isOutdated(user.hash) ? try await hasher.hash(password) : nil
        let token = try await system.transaction { db in
            try await throttle.succeed(attempt, in: db)
            let token = try await sessions.begin(
                for: user.id, of: user.company, ip: origin.address, userAgent: origin.userAgent, replaced: origin.token, in: db)
            try await db.execute(
                """
                UPDATE users SET
                    previous_login_at = CASE WHEN last_login_at < \(now().addingTimeInterval(-3600)) THEN last_login_at ELSE previous_login_at END,
                    last_login_at = \(now()), hashed_password = coalesce(\(renewed), hashed_password)
                WHERE company_id = \(user.company) AND id = \(user.id)
                """)
            try await AuditTrail.record("session.signed_in", target: .init("user", user.id), by: user.subject(origin), in: db)
            return token
        }
        guard let signedIn = try await sessions.find(token.text) else { throw Failure.refused }
        return (token, signedIn)
    }

    /// Takes a refusal to the next full tenth of a second, so that its duration does not tell whether there is such a user, for whom
    /// a line more is written.
    private static func level(since start: ContinuousClock.Instant) async throws {
        let elapsed = start.duration(to: .now).milliseconds
        try await Task.sleep(until: start + .milliseconds((elapsed / 100 + 1) * 100), clock: .continuous)
    }

    private func recordFailure(_ user: Found, _ origin: Origin, reason: String? = nil) async throws {
        try await AuditTrail.record(
            "session.refused", target: .init("user", user.id), after: reason.map { ["reason": $0] }, by: user.subject(origin), in: system)
    }

    private func find(_ email: String) async throws -> Found? {
        try await system.first(
            """
            SELECT id, company_id, role, hashed_password, disabled_at IS NOT NULL, must_change_password, password_given_at
            FROM users WHERE email = \(email)
            """, as: Found.self)
    }

    private struct Found: RowDecodable {
        let id: UserID
        let company: CompanyID
        let role: Role
        let hash: String
        let isDisabled: Bool
        let mustChangePassword: Bool
        let passwordGivenAt: Date

        init(from row: inout Row) throws {
            id = try row.next()
            company = try row.next()
            role = try row.next()
            hash = try row.next()
            isDisabled = try row.next()
            mustChangePassword = try row.next()
            passwordGivenAt = try row.next()
        }

        func subject(_ origin: Origin) -> Subject { Subject(actor: .user(id), company: company, role: role, address: origin.address) }
    }
}
