import Foundation
import LDAP
import Scalars

/// What entries say about people. Active Directory and the others have different attributes for the same.
struct LDAPPeople: Sendable {
    let isActiveDirectory: Bool
    let identifier: LDAPIdentifier
    let map: LDAPAttributeMap
    let now: Date

    init(isActiveDirectory: Bool, identifier: LDAPIdentifier? = nil, map: LDAPAttributeMap = LDAPAttributeMap(), now: Date) {
        self.isActiveDirectory = isActiveDirectory
        self.identifier = map.id.map { .chosen($0) } ?? identifier ?? (isActiveDirectory ? .objectGUID : .entryUUID)
        self.map = map
        self.now = now
    }

    enum Mapped {
        case person(DirectoryPerson)
        /// A computer, a referral.
        case nobody
        /// What tells it from others may not be read.
        case withoutId

        var person: DirectoryPerson? { if case .person(let person) = self { person } else { nil } }
    }

    private static let common = ["objectClass", "cn", "sn", "givenName", "displayName", "mail", "title"]

    /// What is asked for, by name: operational attributes do not come otherwise.
    var attributes: [String] {
        let kind =
            isActiveDirectory
            ? ["department", "pwdLastSet"] + LDAPMarks.activeDirectory
            : ["department", "departmentNumber", "ou", "modifyTimestamp", "pwdChangedTime"] + LDAPMarks.others
        let chosen = map.addresses.map(\.name) + [map.department?.name].compactMap { $0 }
        return Self.common + [identifier.attribute] + kind + LDAPAddresses.aliases + chosen
    }

    /// What holds for people beside what the administrator says. At Active Directory a computer is a person, and a contact is one without
    /// an account: SAM_NORMAL_USER_ACCOUNT (0x30000000) is neither.
    var filters: [LDAPFilter] { isActiveDirectory ? [.equal("sAMAccountType", "805306368")] : [] }

    /// Finds the entry with an id; nil for what is no id of this directory's.
    func filter(id: String) -> LDAPFilter? { identifier.filter(id: id) }

    func person(_ entry: LDAPEntry) -> Mapped {
        guard !entry.has("objectClass", "computer"), !entry.has("objectClass", "referral") else { return .nobody }
        guard let id = id(entry) else { return .withoutId }
        let (firstName, lastName) = name(entry)
        let addresses = LDAPAddresses.find(entry, map, isActiveDirectory: isActiveDirectory)
        var person = DirectoryPerson(
            externalId: id, email: addresses.email, firstName: firstName, lastName: lastName, title: text(entry, "title"), equals: addresses.equals,
            addresses: addresses.others, mailbox: addresses.mailbox, signInNames: entry.texts("userPrincipalName"))
        let departments = map.department.map { [$0.name] } ?? (isActiveDirectory ? ["department"] : ["departmentNumber", "ou", "department"])
        person.department = departments.lazy.compactMap { text(entry, $0) }.first
        person.isActive = LDAPMarks.isActive(entry, now: now)
        person.passwordChangedAt =
            isActiveDirectory ? entry.number("pwdLastSet").flatMap { ActiveDirectory.date(ticks: $0) } : entry.time("pwdChangedTime")
        person.odd = (["givenName", "sn", "displayName", "cn", "title", "mail"] + departments).compactMap { attribute in
            let values = entry.values(attribute)
            return values.isEmpty || !entry.texts(attribute).isEmpty ? nil : OddField(attribute, "no text in UTF-8")
        }
        return .person(person)
    }

    /// What tells an entry from others; nil where it may not be read.
    func id(_ entry: LDAPEntry) -> String? { identifier.id(entry) }

    private func text(_ entry: LDAPEntry, _ attribute: String) -> String? {
        let texts = entry.texts(attribute)
        // Several values have no order, and would change with the server's mood: the first in that of their bytes is it.
        let only = texts.count > 1 ? texts.min(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) : texts.first
        guard let text = only, let first = text.utf8.first, let last = text.utf8.last else { return nil }
        // Blanks, and what begins or ends a space of another script.
        guard first <= 0x20 || first >= 0xC2 || last <= 0x20 || last >= 0x80 else { return text }
        let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
        return trimmed.isEmpty ? nil : trimmed
    }

    /// First and last name; where they are not kept apart, from the whole one: `Ada Lovelace`, `Lovelace, Ada`.
    private func name(_ entry: LDAPEntry) -> (first: String?, last: String?) {
        let (first, last) = (text(entry, "givenName"), text(entry, "sn"))
        if first != nil, last != nil { return (first, last) }
        guard let whole = text(entry, "displayName") ?? text(entry, "cn") else { return (first, last) }
        if let last {
            return (whole.rest(before: " " + last).map { String($0) }, last)
        }
        if let first {
            return (first, whole.rest(behind: first + " ").map { String($0) })
        }
        if let comma = whole.place(of: ", ") { return (String(whole[comma.upperBound...]), String(whole[..<comma.lowerBound])) }
        guard let space = whole.lastPlace(of: " ") else { return (nil, whole) }
        return (String(whole[..<space]), String(whole[whole.place(behind: space)...]))
    }
}

/// How Active Directory writes ids, times and states (MS-ADTS, MS-DTYP).
enum ActiveDirectory {
    /// The bits of userAccountControl that matter here.
    struct AccountControl: OptionSet {
        let rawValue: Int64

        static let disabled = AccountControl(rawValue: 0x2)
        static let passwordNeverExpires = AccountControl(rawValue: 0x1_0000)
        static let smartCardRequired = AccountControl(rawValue: 0x4_0000)
    }

    static func control(_ entry: LDAPEntry) -> AccountControl { AccountControl(rawValue: entry.number("userAccountControl") ?? 0) }

    static func isActive(_ entry: LDAPEntry, now: Date) -> Bool {
        guard !control(entry).contains(.disabled) else { return false }
        // What it works out by itself; its lightweight form has the mark of being disabled there.
        let computed = AccountControl(rawValue: entry.number("msDS-User-Account-Control-Computed") ?? 0)
        guard !computed.contains(.disabled) else { return false }
        guard let expires = entry.number("accountExpires").flatMap({ date(ticks: $0) }) else { return true }
        return expires > now
    }

    /// A time in steps of 100 ns since 1601; nil for nought and the largest number, which mean never.
    static func date(ticks: Int64) -> Date? {
        guard ticks > 0, ticks < .max else { return nil }
        return Date(timeIntervalSince1970: Double(ticks) / 10_000_000 - 11_644_473_600)
    }

    /// The order of a GUID's bytes as text: its first three numbers are stored with the lowest byte first.
    private static let order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15]

    /// - Returns: nil unless there are 16 bytes.
    static func text(ofGUID bytes: [UInt8]) -> String? {
        guard bytes.count == 16 else { return nil }
        let digits = order.map { index in (bytes[index] < 16 ? "0" : "") + String(bytes[index], radix: 16) }
        return [digits[0..<4], digits[4..<6], digits[6..<8], digits[8..<10], digits[10..<16]].map { $0.joined() }.joined(separator: "-")
    }

    /// - Returns: nil for what is no GUID.
    static func bytes(ofGUID text: String) -> [UInt8]? {
        guard UUID(uuidString: text) != nil else { return nil }
        let digits = Array(text.utf8.filter { $0 != UInt8(ascii: "-") })
        let bytes = stride(from: 0, to: digits.count, by: 2).compactMap { UInt8(String(decoding: digits[$0..<$0 + 2], as: UTF8.self), radix: 16) }
        guard bytes.count == 16 else { return nil }
        // The order is its own inverse.
        return order.map { bytes[$0] }
    }

    /// A password as unicodePwd takes it: in quotes, two bytes for each unit, the lower one first.
    static func bytes(ofPassword password: String) -> [UInt8] {
        "\"\(password)\"".utf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8(truncatingIfNeeded: $0 >> 8)] }
    }

    /// Why a bind was refused, by the sub-code of its answer.
    static func reason(ofBind code: UInt32) -> String? {
        switch code {
        case 0x525: "there is no such account"
        case 0x52E: "the password is wrong, or there is no such account"
        case 0x530: "the account may not sign in at this hour"
        case 0x531: "the account may not sign in from here"
        case 0x532: "the password of the account has expired"
        case 0x533: "the account is disabled"
        case 0x701: "the account has expired"
        case 0x773: "the password of the account must be changed first"
        case 0x775: "the account is locked after too many wrong passwords"
        default: nil
        }
    }
}
