import Foundation
import LDAP

/// How directories say that an account cannot be signed in to for good: disabled, closed, expired. A lock after wrong passwords is none of
/// these: it would hide whom somebody attacks.
enum LDAPMarks {
    /// Those of Active Directory.
    static let activeDirectory = ["userAccountControl", "accountExpires", "msDS-User-Account-Control-Computed"]

    /// Those of all others. They are asked for together: an entry has those of its own directory alone.
    static let others = [
        // OpenLDAP's password policy (slapo-ppolicy(5)).
        "pwdAccountLockedTime", "pwdEndTime",
        // FreeIPA, 389 Directory Server and their ancestors; Kerberos.
        "nsAccountLock", "inetUserStatus", "krbPrincipalExpiration",
        // eDirectory.
        "loginDisabled", "loginExpirationTime",
        // Samba with another directory, accounts of Unix (shadow(5)).
        "sambaAcctFlags", "sambaKickoffTime", "shadowExpire",
        // Zimbra, qmail-ldap.
        "zimbraAccountStatus", "accountStatus",
        // OpenDJ and its relatives, Oracle, IBM, Active Directory's lightweight form.
        "ds-pwp-account-disabled", "ds-pwp-account-expiration-time", "orclIsEnabled", "ibm-pwdAccountLocked", "msDS-UserAccountDisabled",
        "msDS-User-Account-Control-Computed", "userAccountControl", "accountExpires",
    ]

    /// Whether nothing says that an account is disabled.
    static func isActive(_ entry: LDAPEntry, now: Date) -> Bool {
        guard ActiveDirectory.isActive(entry, now: now) else { return false }
        // The year nought is an administrator's lock; every other time is one of wrong passwords.
        if entry.text("pwdAccountLockedTime")?.hasPrefix("0000") == true { return false }
        for flag in ["nsAccountLock", "loginDisabled", "ds-pwp-account-disabled", "ibm-pwdAccountLocked", "msDS-UserAccountDisabled"]
        where word(entry, flag) == "true" {
            return false
        }
        for (attribute, ends) in endings {
            if let word = word(entry, attribute), ends.contains(word) { return false }
        }
        for attribute in ["pwdEndTime", "krbPrincipalExpiration", "loginExpirationTime", "ds-pwp-account-expiration-time"] {
            if let end = entry.time(attribute), end <= now { return false }
        }
        // `[UX         ]`: D is disabled; L is a lock of wrong passwords.
        if let flags = entry.text("sambaAcctFlags"), flags.hasPrefix("["), flags.utf8.contains(UInt8(ascii: "D")) { return false }
        if let end = entry.number("sambaKickoffTime"), end > 0, Double(end) <= now.timeIntervalSince1970 { return false }
        // In days since 1970. Nought is read as never by some and as long ago by others, so that it says nothing.
        if let day = entry.number("shadowExpire"), day > 0, Double(day) * 86_400 <= now.timeIntervalSince1970 { return false }
        return true
    }

    /// The words that mean an end. `lockout` of Zimbra is one of wrong passwords, and `maintenance` passes.
    private static let endings: [(attribute: String, words: Set<String>)] = [
        ("inetUserStatus", ["inactive", "deleted"]), ("zimbraAccountStatus", ["closed", "locked"]),
        ("accountStatus", ["disabled", "deleted", "noaccess"]), ("orclIsEnabled", ["disabled", "inactive"]),
    ]

    private static func word(_ entry: LDAPEntry, _ attribute: String) -> String? {
        entry.text(attribute)?.trimmingCharacters(in: .whitespaces).lowercased()
    }
}

/// Where directories keep people's addresses.
enum LDAPAddresses {
    /// Besides `mail`, which has no order (RFC 4511, section 4.1.7) and may have several values: aliases and other addresses.
    static let aliases = [
        // Exchange, Active Directory, and whoever synchronises with Microsoft 365.
        "proxyAddresses", "otherMailbox",
        // Sun's line, Zimbra, GOsa, Univention, sendmail, RFC 1274.
        "mailAlternateAddress", "mailEquivalentAddress", "zimbraMailAlias", "zimbraMailDeliveryAddress", "gosaMailAlternateAddress",
        "mailPrimaryAddress", "mailAlternativeAddress", "mailLocalAddress", "rfc822Mailbox", "userPrincipalName",
    ]

    /// The addresses of an entry.
    struct Found {
        /// The person's, of those that are as good as each other.
        var email: String?
        var equals: [String] = []
        /// The others.
        var others: [String] = []
        /// Those of them that are of the same mailbox.
        var mailbox: [String] = []
    }

    static func find(_ entry: LDAPEntry, _ map: LDAPAttributeMap, isActiveDirectory: Bool) -> Found {
        var found = Found()
        let named = map.addresses.isEmpty ? ["mail"] : map.addresses.map(\.name)
        let lists = named.map { mails(entry, $0) }
        let proxies = entry.texts("proxyAddresses")
        let first = lists.first { $0.contains(where: isAddress) } ?? lists.first { !$0.isEmpty } ?? []
        let good = first.filter(isAddress)
        let answering = proxies.lazy.compactMap { ProxyAddress.primary($0) }.first
        if good.count > 1 {
            // What is marked as the one to answer with is it; else all are as good as each other.
            if let answering, good.contains(where: { $0.lowercased() == answering.lowercased() }) {
                found.email = answering
            } else {
                found.equals = good.sorted { $0.lowercased().utf8.lexicographicallyPrecedes($1.lowercased().utf8) }
                found.email = found.equals.first
            }
        } else {
            found.email = good.first ?? answering ?? (isActiveDirectory ? text(entry, "userPrincipalName") : nil) ?? first.first
        }
        found.mailbox = lists.flatMap { $0 } + mails(entry, "proxyAddresses")
        found.others = lists.flatMap { $0 } + aliases.flatMap { mails(entry, $0) }
        if found.email.map(isAddress) != true {
            // Nothing says which: an alias is an address all the same.
            let rest = found.others.filter(isAddress).sorted { $0.lowercased().utf8.lexicographicallyPrecedes($1.lowercased().utf8) }
            if let one = rest.first {
                found.email = one
                found.equals = rest.count > 1 ? rest : []
            }
        }
        return found
    }

    /// The values of an attribute that are addresses of mail, without the mark of their kind.
    private static func mails(_ entry: LDAPEntry, _ attribute: String) -> [String] {
        entry.texts(attribute).compactMap { ProxyAddress.mail($0.trimmingCharacters(in: .whitespacesAndNewlines)) }.filter { !$0.isEmpty }
    }

    private static func isAddress(_ text: String) -> Bool {
        // try?: whether is all that is asked.
        (try? EmailAddress(text)) != nil
    }

    private static func text(_ entry: LDAPEntry, _ attribute: String) -> String? {
        guard let text = entry.text(attribute)?.trimmingCharacters(in: .whitespacesAndNewlines), !text.isEmpty else { return nil }
        return text
    }
}
