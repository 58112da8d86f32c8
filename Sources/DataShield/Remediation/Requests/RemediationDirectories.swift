import Foundation
import Postgres

/// What remediation needs of directories.
package protocol RemediationDirectories: Sendable {
    /// The company's connections, the oldest first.
    func connections(of company: CompanyID) async throws -> [DirectoryConnection]

    /// The way into one, with its configuration opened.
    /// - Throws: ``DirectoryFailure`` when there is none for its kind, or its configuration cannot be opened.
    func connector(for connection: DirectoryConnection, of company: CompanyID) async throws -> any DirectoryConnector

    /// What a kind of directory can do; nil for one that we do not ask.
    func kind(of type: DirectoryType) -> DirectoryKind?
}

extension RemediationDirectories {
    package func kind(of type: DirectoryType) -> DirectoryKind? { DirectoryRegistry.connector(for: type)?.kind }
}

extension Directories: RemediationDirectories {
    package func connector(for connection: DirectoryConnection, of company: CompanyID) async throws -> any DirectoryConnector {
        do {
            return try await connector(for: connection.id, of: company)
        } catch let failure as any FeatureError {
            // Settings that no longer open or are no longer acceptable: the reason goes into the log of remediation.
            throw DirectoryFailure.misconfigured(field: failure.fields.first?.field ?? "", failure.detail)
        }
    }
}

/// Which account of which directory a request goes to.
struct RemediationRoute: Sendable, Hashable {
    var connection: DirectoryConnection
    /// The directory's own id of the account; nil when only the address is known, because the person comes from elsewhere.
    var externalId: String?
    /// Whether sessions are revoked after a reset.
    var revokesAfterReset: Bool
    var isWeak: Bool

    /// Chooses: the person's own directory if it can do it, else the first ACTIVE one that can and that knows accounts by their address.
    static func choose(
        _ action: RemediationType, for person: RemediationPerson, among connections: [DirectoryConnection], isWeakResetChosen: Bool,
        kinds: (DirectoryType) -> DirectoryKind?
    ) -> RemediationRoute? {
        func route(_ connection: DirectoryConnection, _ externalId: String?) -> RemediationRoute? {
            guard let kind = kinds(connection.type), kind.actions.contains(action) else { return nil }
            guard externalId != nil || connection.type.takesAddresses else { return nil }
            return RemediationRoute(
                connection: connection, externalId: externalId,
                revokesAfterReset: action == .forcePasswordReset && kind.actions.contains(.revokeSessions),
                isWeak: action == .forcePasswordReset && isWeakResetChosen && kind.hasWeakReset)
        }
        if let own = connections.first(where: { $0.id == person.connection }), let route = route(own, person.externalId) { return route }
        for connection in connections where connection.status == .active && connection.id != person.connection {
            if let route = route(connection, nil) { return route }
        }
        return nil
    }
}

extension DirectoryType {
    /// Whether an account can be named by its address where its id belongs: Graph takes the userPrincipalName, Google the primary
    /// address, Okta the login. LDAP would have to search, and whoever answers to an address there need not be one.
    var takesAddresses: Bool {
        switch self {
        case .entra, .google, .okta: true
        case .ldap, .aws, .scim: false
        }
    }

    /// What a call does, in words, before it is made.
    func call(_ action: RemediationType, isWeak: Bool) -> String {
        switch (self, action) {
        case (.entra, .revokeSessions):
            "Revoke all sign-in sessions (revokeSignInSessions). Access tokens already given out last up to about an hour; sessions inside"
                + " applications end by the applications' own rules."
        case (.google, .revokeSessions):
            "Sign out of all of Google's web and device sessions (users.signOut), not of sessions inside other applications."
        case (.okta, .revokeSessions):
            "Clear all Okta sessions, and revoke OpenID Connect and OAuth tokens. Sessions inside applications end by the applications' own rules."
        case (.entra, .forcePasswordReset) where isWeak, (.google, .forcePasswordReset) where isWeak, (.okta, .forcePasswordReset) where isWeak,
            (.ldap, .forcePasswordReset) where isWeak:
            "Ask for a new password at the next sign-in. The old password still opens that one."
        case (.entra, .forcePasswordReset), (.google, .forcePasswordReset):
            "Set a random password that nobody knows, and ask for a new one at the next sign-in. The old password is dead at once."
        case (.okta, .forcePasswordReset): "Reset the password. The old one is dead at once; the person chooses a new one by Okta's message."
        case (.ldap, .forcePasswordReset): "Set a random password that nobody knows, and require a new one. The old password is dead at once."
        case (.aws, _), (.scim, _), (.ldap, .revokeSessions): "This directory cannot do it."
        }
    }
}

/// A person as remediation sees them.
struct RemediationPerson: Sendable, Hashable, RowDecodable {
    var id: EmployeeID
    var email: String
    var name: String
    var connection: DirectoryConnectionID?
    var externalId: String?
    /// Why they are protected; nil when they are not.
    var protection: String?

    init(from row: inout Row) throws {
        id = try row.next()
        email = try row.next()
        let first: String = try row.next()
        let last: String = try row.next()
        name = PersonName.of(first: first, last: last, email: email)
        connection = try row.next()
        externalId = try row.next()
        protection = try row.next()
    }
}
