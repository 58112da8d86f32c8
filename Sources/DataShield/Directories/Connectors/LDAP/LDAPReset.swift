import Foundation
import LDAP

extension LDAPConnector {
    package func refusal(of action: RemediationType, isWeakResetWanted: Bool) -> String? {
        switch action {
        case .revokeSessions:
            "LDAP knows of no sessions: connections, Kerberos tickets and applications' sessions that are open go on. Force a password reset, and end sessions in the applications."
        case .forcePasswordReset where isWeakResetWanted || security != .none: nil
        case .forcePasswordReset:
            "A new password is not sent over a connection without encryption: choose ldaps or starttls for this directory."
        }
    }

    package func perform(_ action: RemediationType, on externalId: String, isWeakResetWanted: Bool) async throws -> String {
        let refusal = refusal(of: action, isWeakResetWanted: isWeakResetWanted)
        switch action {
        case .revokeSessions: throw DirectoryFailure.unsupported(refusal ?? "")
        case .forcePasswordReset:
            if let refusal { throw DirectoryFailure.refusedAction(refusal) }
            return try await session { session in
                let account = try await session.account(externalId, attributes: LDAPReset.attributes)
                let reset = LDAPReset(session: session, account: account.entry, words: session.words)
                try await LDAPOwnAccount(session: session, bindName: bindName).refuse(account.entry, id: account.person.externalId)
                return isWeakResetWanted ? try await reset.askForAnother() : try await reset.replaceAndAskForAnother()
            }
        }
    }
}

/// Makes an account choose another password.
struct LDAPReset: Sendable {
    let session: LDAPSession
    let account: LDAPEntry
    let words: LDAPWords

    /// What has to be known of an account beside what people have.
    static let attributes = ["userAccountControl"] + LDAPOwnAccount.attributes

    /// The old password opens the screen for choosing another one, and nothing else.
    func askForAnother() async throws -> String {
        try refuseWhatHasNoEffect(isWeak: true)
        try await mark()
        return session.root.isActiveDirectory
            ? "The account has to choose another password at its next sign-in, for which the old one is still good."
            : "The account has to choose another password, for which the old one is still good. This holds where the password policy says pwdMustChange."
    }

    /// The old password is dead at once.
    func replaceAndAskForAnother() async throws -> String {
        try refuseWhatHasNoEffect(isWeak: false)
        try await setPassword()
        var done = "The old password is no longer good: a random one that nobody knows is in its place."
        // From here on the action has taken place, whatever becomes of the rest.
        if session.root.isActiveDirectory {
            do {
                // Active Directory takes the last password but one for an hour where NTLM is used (OldPasswordAllowedPeriod): so it is set
                // twice.
                try await setPassword()
            } catch let failure as DirectoryFailure {
                done += " Where NTLM is used the old one may be taken for another hour, because it could not be replaced twice: \(failure)"
            }
        }
        if session.root.isActiveDirectory, ActiveDirectory.control(account).contains(.passwordNeverExpires) {
            return "\(done) The account is set to \"password never expires\", so that it will not be asked to change the one it is given."
        }
        do {
            try await mark()
        } catch let failure as DirectoryFailure {
            return "\(done) The account could not be marked to choose its own at the next sign-in: \(failure)"
        }
        return "\(done) The account has to choose its own after it was given one."
    }

    private func setPassword() async throws {
        let password = GeneratedPassword.make()
        do {
            if session.root.isActiveDirectory {
                try await session.connection.modify(account.name, replacing: ["unicodePwd": [ActiveDirectory.bytes(ofPassword: password)]])
            } else if session.root.hasPasswordOperation {
                try await session.connection.setPassword(of: account.name, to: password)
            } else {
                try await session.connection.modify(account.name, replacing: ["userPassword": [Array(password.utf8)]])
            }
        } catch let failure as LDAPFailure {
            throw words.ofReset(failure, writing: session.root.isActiveDirectory ? "unicodePwd" : "userPassword")
        }
    }

    /// The mark has no effect on accounts whose password never expires, and a password none on those that sign in by smart card.
    private func refuseWhatHasNoEffect(isWeak: Bool) throws {
        guard session.root.isActiveDirectory else { return }
        let control = ActiveDirectory.control(account)
        if control.contains(.smartCardRequired) {
            throw DirectoryFailure.refusedAction("The account signs in by smart card: a password reset has no effect on it.")
        }
        if isWeak, control.contains(.passwordNeverExpires) {
            throw DirectoryFailure.refusedAction(
                "The account is set to \"password never expires\": asking for another password has no effect on it. Take the setting back, or reset its password at once."
            )
        }
    }

    /// Marks the account to choose another password.
    private func mark() async throws {
        let (attribute, value) = session.root.isActiveDirectory ? ("pwdLastSet", "0") : ("pwdReset", "TRUE")
        do {
            try await session.connection.modify(account.name, replacing: [attribute: [Array(value.utf8)]])
        } catch let failure as LDAPFailure {
            throw words.ofReset(failure, writing: attribute)
        }
    }
}

/// Passwords that nobody is to know.
enum GeneratedPassword {
    private static let classes = [
        Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), Array("abcdefghijklmnopqrstuvwxyz"), Array("0123456789"), Array("!#$%&()*+,-./:;<=>?@[]^_{|}~"),
    ]

    /// 32 characters, some of each of the four classes that policies ask for.
    static func make() -> String {
        var random = SystemRandomNumberGenerator()
        let all = classes.flatMap { $0 }
        var characters = classes.map { $0[Int.random(in: 0..<$0.count, using: &random)] }
        while characters.count < 32 { characters.append(all[Int.random(in: 0..<all.count, using: &random)]) }
        characters.shuffle(using: &random)
        return String(characters)
    }
}
