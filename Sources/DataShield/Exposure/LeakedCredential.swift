import Foundation
import LeakFiles
import Postgres

/// A login of somebody's that leak files hold with a secret: where, how often, and whether the secret is used again. Never the secret.
package struct LeakedCredential: Sendable, Hashable, Codable, RowDecodable {
    package var breachId: BreachID
    package var breachName: String
    /// Shortened, unless it is the person's own address.
    package var login: String
    package var sites: [String]
    /// Whether it is a text beside the address that was not understood: nobody knows whether a secret is in it.
    package var isUnread: Bool
    /// `plain`, or which hash; nil when the leak has no secret, or it is not known whether it has one.
    package var secretKind: SecretKind?
    /// How long it is, in classes.
    package var lengthClass: LengthClass?
    package var firstSeenAt: Date
    package var lastSeenAt: Date
    /// Files that hold this login with this secret.
    package var sightings: Int
    /// Files and sites in which the person's same secret stands, with whatever login.
    package var secretFiles: Int
    package var secretSites: Int

    package init(from row: inout Row) throws {
        breachId = try row.next()
        breachName = try row.next()
        login = try row.next()
        sites = try row.next()
        isUnread = try row.next()
        secretKind = try row.next(as: String?.self).flatMap { SecretKind(rawValue: $0) }
        lengthClass = try row.next(as: String?.self).flatMap { LengthClass(rawValue: $0) }
        firstSeenAt = try row.next()
        lastSeenAt = try row.next()
        sightings = try row.next()
        secretFiles = try row.next()
        secretSites = try row.next()
    }
}

/// What leak files hold of people's credentials.
package struct LeakedCredentials: Sendable {
    private let database: TenantDatabase

    package init(database: TenantDatabase) { self.database = database }

    /// Whether an employee `e` is one about whom a reading found text that was not understood, in the files that its report names.
    static func isUnread(in run: IngestRunID, of company: CompanyID) -> SQL {
        """
        e.id IN (
            SELECT c.employee_id FROM ingest_runs i CROSS JOIN LATERAL jsonb_array_elements_text(i.report -> 'unreadFiles') AS file (id)
            JOIN leak_sightings s ON s.company_id = i.company_id AND s.file_id = file.id
            JOIN leaked_credentials c ON c.company_id = s.company_id AND c.id = s.credential_id
            WHERE i.company_id = \(company) AND i.id = \(run) AND c.is_unread)
        """
    }

    /// A person's credentials, those seen last first, and behind them texts that were not understood; the first 200.
    /// - Parameter breach: only those of one breach.
    package func of(_ employee: EmployeeID, in breach: BreachID? = nil, for subject: Subject) async throws -> [LeakedCredential] {
        let company = subject.company
        let condition: SQL = breach.map { "AND r.breach_id = \($0)" } ?? ""
        return try await database.query(
            for: company,
            """
            SELECT r.breach_id, CASE WHEN b.title = '' THEN b.name ELSE b.title END, c.login, c.sites, c.is_unread, c.secret_kind, c.length_class,
                c.first_seen_at, c.last_seen_at,
                (SELECT count(*) FROM leak_sightings s WHERE s.company_id = c.company_id AND s.credential_id = c.id),
                coalesce(reuse.files, 0), coalesce(reuse.sites, 0)
            FROM leaked_credentials c
            JOIN breach_records r ON r.company_id = c.company_id AND r.id = c.record_id
            JOIN breaches b ON b.id = r.breach_id
            LEFT JOIN LATERAL (
                SELECT count(DISTINCT s.file_id) AS files, count(DISTINCT site) AS sites
                FROM leaked_credentials same
                JOIN leak_sightings s ON s.company_id = same.company_id AND s.credential_id = same.id
                LEFT JOIN LATERAL unnest(same.sites) AS site ON true
                WHERE same.company_id = c.company_id AND same.fingerprint = c.fingerprint AND same.employee_id = c.employee_id
            ) reuse ON c.fingerprint IS NOT NULL
            WHERE c.company_id = \(company) AND c.employee_id = \(employee) \(condition)
            ORDER BY c.is_unread, c.last_seen_at DESC, c.id DESC LIMIT 200
            """, as: LeakedCredential.self)
    }
}

/// A leaked credential in a table, `credentials/leaked`.
struct CredentialRow: Sendable {
    var login: String
    var breach: String
    var breachURL: String
    var sites: String
    var secret: String
    var sightings: String
    /// That the secret stands elsewhere, too.
    var reuse: String?
    var lastSeen: String
    var iso: String

    init(_ credential: LeakedCredential, _ clock: PageClock) {
        login = credential.login
        breach = credential.breachName
        breachURL = "/breaches/\(credential.breachId)"
        let shown = credential.sites.prefix(3).joined(separator: ", ")
        sites = credential.sites.isEmpty ? "no site named" : credential.sites.count > 3 ? "\(shown) and \(credential.sites.count - 3) more" : shown
        switch (credential.secretKind, credential.lengthClass) {
        case (nil, _): secret = credential.isUnread ? "not known: the text was not understood" : "no password"
        case (.plain?, let length?): secret = "plain password, \(length.rawValue) characters"
        case (.plain?, nil): secret = "plain password"
        case (let kind?, _): secret = "\(kind.label) hash"
        }
        sightings = Format.count(credential.sightings, "file", "files")
        if credential.secretFiles > 1 || credential.secretSites > 1 {
            reuse = "Same secret in \(Format.count(credential.secretFiles, "leak", "leaks"))"
            if credential.secretSites > 0 { reuse? += ", on \(Format.count(credential.secretSites, "site", "sites"))" }
        }
        lastSeen = clock.ago(credential.lastSeenAt)
        iso = Timestamp.text(credential.lastSeenAt)
    }
}

extension SecretKind {
    /// The word for people.
    var label: String {
        switch self {
        case .plain: "plain"
        case .md5: "MD5"
        case .sha1: "SHA-1"
        case .sha224: "SHA-224"
        case .sha256: "SHA-256"
        case .sha384: "SHA-384"
        case .sha512: "SHA-512"
        case .bcrypt: "bcrypt"
        case .argon2: "Argon2"
        case .phpass: "phpass"
        case .md5crypt: "md5crypt"
        case .sha256crypt: "sha256crypt"
        case .sha512crypt: "sha512crypt"
        case .pbkdf2: "PBKDF2"
        case .mysql: "MySQL"
        case .ntlm: "NTLM"
        case .ssha: "SSHA"
        case .otherHash: "unknown"
        }
    }
}
