import Foundation
import HTTPTypes
import Postgres
import Scalars

/// Everything that can be done with the people who sign in.
package struct Users: Sendable {
    let database: TenantDatabase
    let sessions: Sessions
    let hasher: PasswordHasher
    let rules: PasswordRules
    let throttle: Throttle
    let now: Now

    package init(database: TenantDatabase, sessions: Sessions, hasher: PasswordHasher, rules: PasswordRules, now: @escaping Now = { Date() }) {
        self.database = database
        self.sessions = sessions
        self.hasher = hasher
        self.rules = rules
        throttle = Throttle(system: sessions.system, now: now)
        self.now = now
    }

    package enum Failure: FeatureError, Equatable {
        case notFound
        case addressTaken
        case lastAdmin
        case wrongPassword

        package var status: HTTPResponse.Status {
            switch self {
            case .notFound: .notFound
            case .addressTaken, .lastAdmin: .conflict
            case .wrongPassword: .unprocessableContent
            }
        }
        package var detail: String {
            switch self {
            case .notFound: "There is no such user."
            case .addressTaken: "This e-mail address cannot be used: somebody already signs in with it."
            case .lastAdmin: "The company needs an administrator: make somebody else one first."
            case .wrongPassword: "The current password is wrong."
            }
        }
        package var fields: [FieldError] {
            switch self {
            case .notFound, .lastAdmin: []
            case .addressTaken: [FieldError(field: "email", message: detail)]
            case .wrongPassword: [FieldError(field: "currentPassword", message: "is wrong.")]
            }
        }
    }

    /// A new user.
    package struct New: Codable, Sendable {
        package var email: String
        package var name: String?
        /// VIEWER when absent.
        package var role: Role?
        /// One that the administrator chose; when absent one is made, and answered once.
        package var password: String?

        package init(email: String, name: String? = nil, role: Role? = nil, password: String? = nil) {
            self.email = email
            self.name = name
            self.role = role
            self.password = password
        }
    }

    /// A change of a user; what is absent stays.
    package struct Change: Codable, Sendable {
        package var name: String?
        package var role: Role?
        package var isDisabled: Bool?
        /// A new password, which its owner then has to change; all their sessions end.
        package var password: String?

        package init(name: String? = nil, role: Role? = nil, isDisabled: Bool? = nil, password: String? = nil) {
            self.name = name
            self.role = role
            self.isDisabled = isDisabled
            self.password = password
        }
    }

    /// Makes a user of the subject's company.
    /// - Parameter mustChangePassword: whether the password is only for the first sign-in.
    /// - Returns: the user, and the password when one was made: it is nowhere else.
    package func create(_ new: New, mustChangePassword: Bool = true, by subject: Subject) async throws -> (user: User, password: String?) {
        let email: EmailAddress
        do { email = try EmailAddress(new.email) } catch { throw InvalidInput("email", error.message) }
        let name = try Self.checkedName(new.name ?? "")
        let company = try await companyNames(subject.company)
        let made = new.password == nil ? Self.makePassword() : nil
        let password = new.password ?? made ?? ""
        if new.password != nil { try rules.check(password, email: email.text, company: company) }
        let hash = try await hasher.hash(password)
        let id = UserID(at: now())
        do {
            let user = try await database.transaction(for: subject.company) { db in
                let user = try await db.first(
                    """
                    INSERT INTO users (id, company_id, email, name, hashed_password, role, must_change_password, password_given_at)
                    VALUES (\(id), \(db.company), \(email.text), \(name), \(hash), \(new.role ?? .viewer), \(mustChangePassword), \(now()))
                    RETURNING \(User.columns)
                    """, as: User.self)
                guard let user else { throw Failure.notFound }
                try await AuditTrail.record("user.created", target: .init("user", id), after: UserAudit(user), by: subject, in: db)
                return user
            }
            return (user, made)
        } catch let error as PostgresError where error.isUniqueViolation {
            throw Failure.addressTaken
        }
    }

    private struct Key: Codable, Sendable {
        let createdAt: Date
        let id: UserID
    }

    /// One page of the company's users, the newest first.
    package func list(cursor: String? = nil, limit: Int? = nil, for subject: Subject) async throws -> Page<User> {
        let limit = try PageLimit.checked(limit)
        let after: SQL = try Cursor.decode(cursor, as: Key.self).map { "AND (created_at, id) < (\($0.createdAt), \($0.id))" } ?? ""
        let rows = try await database.query(
            for: subject.company,
            """
            SELECT \(User.columns) FROM users WHERE company_id = \(subject.company) \(after) ORDER BY created_at DESC, id DESC \(SQL.limit(limit + 1))
            """, as: User.self)
        return try Page(rows, limit: limit, cursor: { try Cursor.encode(Key(createdAt: $0.createdAt, id: $0.id)) }, item: { $0 })
    }

    /// The names of those who may do everything, for whom something is refused to: four at most, by name.
    package func administrators(for subject: Subject) async throws -> [String] {
        try await database.query(
            for: subject.company,
            """
            SELECT coalesce(nullif(name, ''), email) FROM users
            WHERE company_id = \(subject.company) AND role = \(Role.admin) AND disabled_at IS NULL ORDER BY 1 LIMIT 4
            """, as: String.self)
    }

    /// One user of the subject's company.
    package func find(_ id: UserID, for subject: Subject) async throws -> User {
        let found = try await database.query(
            for: subject.company, "SELECT \(User.columns) FROM users WHERE company_id = \(subject.company) AND id = \(id)", as: User.self)
        guard let user = found.first else { throw Failure.notFound }
        return user
    }

    /// One user of the subject's company, by the address they sign in with.
    package func find(email: String, for subject: Subject) async throws -> User {
        let address: EmailAddress
        do { address = try EmailAddress(email) } catch { throw InvalidInput("email", error.message) }
        let found = try await database.query(
            for: subject.company, "SELECT \(User.columns) FROM users WHERE company_id = \(subject.company) AND email = \(address.text)", as: User.self
        )
        guard let user = found.first else { throw Failure.notFound }
        return user
    }

    /// Changes a user. Being disabled or given a new password ends their sessions; with a new password they may try again at once, however
    /// often they failed with the old one.
    package func update(_ id: UserID, _ change: Change, by subject: Subject) async throws -> User {
        let name = try change.name.map { try Self.checkedName($0) }
        var hash: String?
        if let password = change.password {
            let user = try await find(id, for: subject)
            try rules.check(password, email: user.email, company: try await companyNames(subject.company))
            hash = try await hasher.hash(password)
            // Before the password is there: whoever has it is not told to wait.
            try await throttle.forget([.address(user.email), .user(id)])
        }
        let newHash = hash
        let user = try await database.transaction(for: subject.company) { db in
            let before = try await Self.locked(id, in: db)
            var after = before
            after.name = name ?? before.name
            after.role = change.role ?? before.role
            if let isDisabled = change.isDisabled, isDisabled != before.isDisabled { after.disabledAt = isDisabled ? now() : nil }
            if newHash != nil { (after.mustChangePassword, after.passwordGivenAt) = (true, now()) }
            if before.isActiveAdmin, !after.isActiveAdmin { try await Self.requireAnotherAdmin(than: id, in: db) }
            try await db.execute(
                """
                UPDATE users SET name = \(after.name), role = \(after.role), disabled_at = \(after.disabledAt),
                    must_change_password = \(after.mustChangePassword), hashed_password = coalesce(\(newHash), hashed_password),
                    password_given_at = \(after.passwordGivenAt), updated_at = now()
                WHERE company_id = \(db.company) AND id = \(id)
                """)
            if after.isDisabled || newHash != nil { try await sessions.endAll(of: id, in: db) }
            if !after.isWritten(like: before) {
                try await AuditTrail.record(
                    "user.updated", target: .init("user", id), before: UserAudit(before), after: UserAudit(after), by: subject, in: db)
            }
            if newHash != nil { try await AuditTrail.record("user.password_reset", target: .init("user", id), by: subject, in: db) }
            return after
        }
        sessions.cache.removeAll()
        return user
    }

    /// Deletes a user; their sessions, presets and dashboard go with them, what they did stays in the audit trail.
    package func delete(_ id: UserID, by subject: Subject) async throws {
        try await database.transaction(for: subject.company) { db in
            let user = try await Self.locked(id, in: db)
            if user.isActiveAdmin { try await Self.requireAnotherAdmin(than: id, in: db) }
            try await AuditTrail.record("user.deleted", target: .init("user", id), before: UserAudit(user), by: subject, in: db)
            try await db.execute("DELETE FROM users WHERE company_id = \(db.company) AND id = \(id)")
        }
        sessions.cache.removeAll()
    }

    /// Changes one's own password; all other sessions of the user end.
    /// - Throws: ``Failure/wrongPassword``, and ``Throttle/TooMany`` after some of them: a session that somebody has found must not become
    ///   the password; ``InvalidInput``.
    package func changePassword(from current: String, to new: String, by signedIn: SignedIn) async throws {
        let subject = signedIn.subject
        let attempt = try await throttle.begin(.user(signedIn.user), source: signedIn.address ?? "local")
        let stored = try await database.query(
            for: subject.company, "SELECT hashed_password FROM users WHERE company_id = \(subject.company) AND id = \(signedIn.user)", as: String.self
        )
        guard try await hasher.verify(current, against: stored.first) else {
            try await database.transaction(for: subject.company) { db in
                try await AuditTrail.record("user.password_change_refused", target: .init("user", signedIn.user), by: subject, in: db)
            }
            throw Failure.wrongPassword
        }
        try await throttle.succeed(attempt, in: sessions.system)
        guard new != current else { throw InvalidInput("newPassword", "must differ from the current one.") }
        try rules.check(new, email: signedIn.email, company: [signedIn.companyName, signedIn.companyDomain], field: "newPassword")
        let hash = try await hasher.hash(new)
        try await database.transaction(for: subject.company) { db in
            try await db.execute(
                """
                UPDATE users SET hashed_password = \(hash), must_change_password = false, password_given_at = \(now()), updated_at = now()
                WHERE company_id = \(db.company) AND id = \(signedIn.user)
                """)
            try await sessions.endAll(of: signedIn.user, besides: signedIn.session, in: db)
            try await AuditTrail.record("user.password_changed", target: .init("user", signedIn.user), by: subject, in: db)
        }
        sessions.cache.removeAll()
    }

    // MARK: Parts

    private static func locked(_ id: UserID, in db: TenantTransaction) async throws -> User {
        // All administrators are locked, in one order: two who demote each other at once must not both succeed.
        let locking: SQL = "SELECT id FROM users WHERE company_id = \(db.company) AND (role = 'ADMIN' OR id = \(id)) ORDER BY id FOR UPDATE"
        try await db.execute(locking)
        guard let user = try await db.first("SELECT \(User.columns) FROM users WHERE company_id = \(db.company) AND id = \(id)", as: User.self) else {
            throw Failure.notFound
        }
        return user
    }

    private static func requireAnotherAdmin(than id: UserID, in db: TenantTransaction) async throws {
        let others = try await db.first(
            "SELECT count(*) FROM users WHERE company_id = \(db.company) AND role = 'ADMIN' AND disabled_at IS NULL AND id <> \(id)", as: Int.self)
        guard let others, others > 0 else { throw Failure.lastAdmin }
    }

    private func companyNames(_ company: CompanyID) async throws -> [String] {
        struct Names: RowDecodable {
            let all: [String]
            init(from row: inout Row) throws { all = [try row.next(), try row.next()] }
        }
        return try await database.query(for: company, "SELECT name, domain FROM companies WHERE id = \(company)", as: Names.self).first?.all ?? []
    }

    static func checkedName(_ name: String) throws -> String {
        let name = name.trimmingCharacters(in: .whitespacesAndNewlines)
        guard name.hasAtMost(200), !name.unicodeScalars.contains(where: { $0.properties.generalCategory == .control }) else {
            throw InvalidInput("name", "must be at most 200 characters.")
        }
        return name
    }

    /// Twenty characters that are easily read aloud: about 99 bits.
    package static func makePassword() -> String {
        let letters = Array("abcdefghjkmnpqrstuvwxyz23456789")
        var generator = SystemRandomNumberGenerator()
        return (0..<4).map { _ in
            String((0..<5).map { _ in letters[Int.random(in: letters.indices, using: &generator)] })
        }.joined(separator: "-")
    }
}

extension User: RowDecodable {
    static let columns: SQL = "id, email, name, role, must_change_password, password_given_at, disabled_at, last_login_at, created_at"

    package init(from row: inout Row) throws {
        id = try row.next()
        email = try row.next()
        name = try row.next()
        role = try row.next()
        mustChangePassword = try row.next()
        passwordGivenAt = try row.next()
        disabledAt = try row.next()
        lastLoginAt = try row.next()
        createdAt = try row.next()
    }

    var isActiveAdmin: Bool { role == .admin && !isDisabled }
}

/// What the audit trail keeps of a user.
private struct UserAudit: Codable, Sendable {
    let email: String
    let name: String
    let role: Role
    let isDisabled: Bool

    init(_ user: User) {
        email = user.email
        name = user.name
        role = user.role
        isDisabled = user.isDisabled
    }
}
