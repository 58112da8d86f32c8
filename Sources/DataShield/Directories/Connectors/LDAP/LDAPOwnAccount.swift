import LDAP

/// The account that a connection binds with, which it never touches: whoever locks the account that they work with has locked
/// themselves out.
///
/// How it is spelled in the settings says little: a distinguished name has many spellings, and Active Directory takes a user's name, an
/// identifier or a path for one. So the server is asked whom it takes us for, and accounts are compared by their ids; what is spelled in
/// the settings is looked at besides.
struct LDAPOwnAccount: Sendable {
    let session: LDAPSession
    let bindName: String

    /// What has to be known of an account to tell whether it is this one.
    static let attributes = ["userPrincipalName", "sAMAccountName", "objectSid"]

    static let refusal = "This is the account that DataShield itself binds with. Change its password by hand."
    static let untold =
        "The server does not say which account DataShield binds with, so that it cannot be ruled out that it is this one. Give the bind DN as a distinguished name (cn=…,dc=…)."

    /// - Parameter id: the account's, as people's are.
    /// - Throws: ``DirectoryFailure/refusedAction(_:)`` when the account is our own, and when nothing tells whether it is.
    func refuse(_ account: LDAPEntry, id: String) async throws {
        guard !isSpelled(account) else { throw DirectoryFailure.refusedAction(Self.refusal) }
        var isTold = false
        if let identifier = account.values("objectSid").first, !session.root.ownIdentifiers.isEmpty {
            isTold = true
            guard !session.root.ownIdentifiers.contains(identifier) else { throw DirectoryFailure.refusedAction(Self.refusal) }
        }
        var names = LDAPName(bindName) == nil ? [] : [bindName]
        if session.root.hasWhoAmI {
            let identity = try await whoAmI()
            if identity != nil { isTold = true }
            switch identity {
            case .name(let name)?: names.append(name)
            case .user(let user)?:
                guard !Self.isUser(user, account) else { throw DirectoryFailure.refusedAction(Self.refusal) }
            case nil: break
            }
        }
        for name in names {
            isTold = true
            if let wanted = LDAPName(account.name), LDAPName(name) == wanted { throw DirectoryFailure.refusedAction(Self.refusal) }
            // By its id, where it may be read: an alias, or a name that was rewritten, leads to an entry of another name.
            guard let own = try await entry(name), session.people.id(own) == id else { continue }
            throw DirectoryFailure.refusedAction(Self.refusal)
        }
        guard isTold else { throw DirectoryFailure.refusedAction(Self.untold) }
    }

    private enum Identity {
        case name(String)
        case user(String)
    }

    /// - Returns: nil when the server does not tell.
    private func whoAmI() async throws -> Identity? {
        let text: String
        do {
            text = try await session.connection.whoAmI()
        } catch LDAPFailure.refused(_) {
            return nil
        }
        let lower = text.lowercased()
        if lower.hasPrefix("dn:"), LDAPName(String(text.dropFirst(3))) != nil { return .name(String(text.dropFirst(3))) }
        if lower.hasPrefix("u:"), text.utf8.count > 2 { return .user(String(text.dropFirst(2))) }
        return nil
    }

    private func entry(_ name: String) async throws -> LDAPEntry? {
        do {
            return try await session.connection.entry(name, attributes: session.people.attributes)
        } catch LDAPFailure.refused(_) {
            // It may not be read, or is in no tree of this server.
            return nil
        }
    }

    /// Whether the name in the settings is one of the account's, in any case.
    private func isSpelled(_ account: LDAPEntry) -> Bool {
        if let own = LDAPName(bindName), own == LDAPName(account.name) { return true }
        return Self.isUser(bindName, account)
    }

    /// Whether a user's name is the account's: `user@domain`, `DOMAIN\user`. Whose domain it is says nothing: better one account too many is
    /// left alone.
    static func isUser(_ name: String, _ account: LDAPEntry) -> Bool {
        let own = MatchingText.prepared(name)
        if let principal = account.text("userPrincipalName"), MatchingText.prepared(principal) == own { return true }
        guard let user = account.text("sAMAccountName").map({ MatchingText.prepared($0) }), !user.isEmpty else { return false }
        let bytes = Array(own.utf8)
        // Over bytes: a mark behind the sign would make one character of both.
        if let slash = bytes.lastIndex(of: UInt8(ascii: "\\")) { return bytes[(slash + 1)...].elementsEqual(user.utf8) }
        if let at = bytes.lastIndex(of: UInt8(ascii: "@")) { return bytes[..<at].elementsEqual(user.utf8) }
        return own == user
    }
}
