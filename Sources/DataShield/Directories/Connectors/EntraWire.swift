import Foundation
import Scalars

/// A page of Graph: a list of objects, and where it goes on.
struct EntraPage<Item> {
    var items: [Item] = []
    var nextLink: String?
    var deltaLink: String?
    /// Of all that match, where that was asked for.
    var count: Int?

    /// - Parameter read: reads an object of the list.
    /// - Throws: ``DirectoryFailure/malformed(_:)``.
    init(_ answer: DirectoryAnswer, _ read: (inout JSONPull) throws -> Item) throws {
        var hasList = false
        try answer.pull { pull in
            try pull.expect(.object, "the page")
            try pull.members { pull, name in
                switch name {
                case "value":
                    hasList = true
                    try pull.expect(.list, "value")
                    try pull.items { items.append(try read(&$0)) }
                case "@odata.nextLink": nextLink = try pull.filledText("@odata.nextLink")
                case "@odata.deltaLink": deltaLink = try pull.filledText("@odata.deltaLink")
                case "@odata.count":
                    try pull.expect(.number, "@odata.count")
                    count = try pull.wholeNumber()
                default: try pull.skip()
                }
            }
        }
        guard hasList else { throw DirectoryFailure.malformed("value is missing") }
    }
}

/// A user as Graph writes it. Of a change the service may give the changed properties only.
struct EntraUser: Sendable {
    /// Those that each listing asks for. Most exist in an answer only when they are named.
    static let plainFields =
        "id,userPrincipalName,mail,displayName,givenName,surname,department,jobTitle,accountEnabled,userType,onPremisesSyncEnabled"
    static let fields = plainFields + ",lastPasswordChangeDateTime,signInSessionsValidFromDateTime"

    var id: String
    var isRemoved = false
    /// Whether what decides of a person is in it.
    var isWhole: Bool
    var principalName: String?
    var mail: String?
    var displayName: String?
    var givenName: String?
    var surname: String?
    var department: String?
    var title: String?
    var isEnabled: Bool?
    var userType: String?
    var isSynced = false
    var passwordChangedAt: Date?
    var sessionsValidFrom: Date?

    init(_ pull: inout JSONPull) throws {
        var id: String?
        // How many of accountEnabled, userPrincipalName, mail and userType are given, null included.
        var deciding = 0
        isWhole = false
        self.id = ""
        try pull.expect(.object, "an item of value")
        try pull.members { pull, name in
            switch name {
            case "id": id = try pull.filledText("id")
            case "@removed":
                isRemoved = try pull.kind() != .null
                try pull.skip()
            case "userPrincipalName":
                deciding += 1
                principalName = try pull.filledText("userPrincipalName")
            case "mail":
                deciding += 1
                mail = try pull.filledText("mail")
            case "userType":
                deciding += 1
                userType = try pull.filledText("userType")
            case "accountEnabled":
                deciding += 1
                isEnabled = try pull.optionalFlag("accountEnabled")
            case "displayName": displayName = try pull.filledText("displayName")
            case "givenName": givenName = try pull.filledText("givenName")
            case "surname": surname = try pull.filledText("surname")
            case "department": department = try pull.filledText("department")
            case "jobTitle": title = try pull.filledText("jobTitle")
            case "onPremisesSyncEnabled": isSynced = try pull.optionalFlag("onPremisesSyncEnabled") ?? false
            case "lastPasswordChangeDateTime": passwordChangedAt = try pull.optionalTime("lastPasswordChangeDateTime")
            case "signInSessionsValidFromDateTime": sessionsValidFrom = try pull.optionalTime("signInSessionsValidFromDateTime")
            default: try pull.skip()
            }
        }
        guard let id else { throw DirectoryFailure.malformed("id is missing") }
        self.id = id
        isWhole = deciding == 4
    }

    var isGuest: Bool { userType?.lowercased() == "guest" || principalName?.has(text: "#EXT#") == true }

    func isEmployee(_ includesGuests: Bool) -> Bool { !isRemoved && (includesGuests || !isGuest) }

    func person(mfaEnabled: Bool?) throws -> DirectoryPerson {
        guard let isEnabled else { throw DirectoryFailure.malformed("accountEnabled is missing") }
        let names = DirectoryPerson.names(given: givenName, family: surname, display: displayName)
        return DirectoryPerson(
            externalId: id,
            // A guest's principal name is no address.
            email: mail ?? (isGuest ? nil : principalName), firstName: names.first, lastName: names.last, department: department, title: title,
            isActive: isEnabled, mfaEnabled: mfaEnabled, passwordChangedAt: passwordChangedAt, sessionsValidFrom: sessionsValidFrom)
    }
}

/// Whether somebody can sign in with a second factor, as the registration report has it.
struct EntraRegistration: Sendable {
    var id: String
    /// Registered and allowed by the tenant's policy: what is registered only may not be usable.
    var isCapable: Bool

    init(_ pull: inout JSONPull) throws {
        var (id, isCapable): (String?, Bool?) = (nil, nil)
        try pull.expect(.object, "an item of value")
        try pull.members { pull, name in
            switch name {
            case "id": id = try pull.filledText("id")
            case "isMfaCapable": isCapable = try pull.optionalFlag("isMfaCapable")
            default: try pull.skip()
            }
        }
        guard let id else { throw DirectoryFailure.malformed("id is missing") }
        guard let isCapable else { throw DirectoryFailure.malformed("isMfaCapable is missing") }
        self.id = id
        self.isCapable = isCapable
    }
}

extension DirectoryAnswer {
    /// Reads the body as JSON, piece by piece.
    /// - Throws: ``DirectoryFailure/malformed(_:)``, and what `body` throws.
    func pull<R>(_ body: (inout JSONPull) throws -> R) throws -> R {
        try requireText()
        do {
            return try JSONPull.read(bytes, body)
        } catch is JSONPull.Failure {
            throw DirectoryFailure.malformed("it is not JSON")
        }
    }
}

/// What is absent or null is nil; what is of another type than documented is an error that names the field and what came in its place.
extension JSONPull {
    func expect(_ wanted: Kind, _ field: String) throws {
        let found = try kind()
        guard found == wanted else { throw DirectoryFailure.malformed("\(field) is \(found.words), not \(wanted.words)") }
    }

    private mutating func isNull() throws -> Bool {
        guard try kind() == .null else { return false }
        try skip()
        return true
    }

    /// A text with something in it.
    mutating func filledText(_ field: String) throws -> String? {
        if try isNull() { return nil }
        try expect(.text, field)
        let text = try text()
        // Few have blanks around them, and looking for them costs less than cutting them off.
        guard let first = text.utf8.first, let last = text.utf8.last else { return nil }
        guard first <= 0x20 || first >= 0x80 || last <= 0x20 || last >= 0x80 else { return text }
        let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
        return trimmed.isEmpty ? nil : trimmed
    }

    mutating func optionalFlag(_ field: String) throws -> Bool? {
        if try isNull() { return nil }
        try expect(.flag, field)
        return try flag()
    }

    mutating func optionalTime(_ field: String) throws -> Date? {
        guard let text = try filledText(field) else { return nil }
        guard let time = Timestamp.parse(text) else { throw DirectoryFailure.malformed("\(field) is a text that is no time") }
        return time
    }
}
