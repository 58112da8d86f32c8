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
                // For show: without it, it is not known.
                case "@odata.count": count = try pull.value().wholeNumber
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
    static let fields = plainFields + ",lastPasswordChangeDateTime,signInSessionsValidFromDateTime,proxyAddresses,otherMails"

    /// What a person cannot be taken without, beside the id.
    private static let deciding: Set = ["userPrincipalName", "mail", "userType", "accountEnabled"]

    /// nil where it cannot be read.
    var id: String?
    /// What decides of a person and cannot be read.
    var problem: OddRow?
    var odd: [OddField] = []
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

    /// Other addresses, as the service writes them; nil where it does not tell.
    var proxies: [String]?
    var otherMails: [String]?

    init(_ pull: inout JSONPull) throws {
        // Which of id, accountEnabled, userPrincipalName, mail and userType are given, null included, and which twice.
        var (given, twice): (Set<String>, Set<String>) = ([], [])
        isWhole = false
        let kind = try pull.kind()
        guard kind == .object else {
            try pull.skip()
            problem = OddRow("it is \(kind.words), not an object")
            return
        }
        /// What decides: the first that cannot be read is kept.
        func decide<Value>(_ field: String, _ reading: Reading<Value>) -> Value? {
            if !given.insert(field).inserted { twice.insert(field) }
            do {
                return try reading.decided(field)
            } catch {
                problem = problem ?? error
                return nil
            }
        }
        try pull.members { pull, name in
            switch name {
            case "id": id = decide("id", try pull.readId())
            case "@removed":
                isRemoved = try pull.kind() != .null
                try pull.skip()
            case "userPrincipalName": principalName = decide("userPrincipalName", try pull.readText())
            case "mail": mail = decide("mail", try pull.readText())
            case "userType": userType = decide("userType", try pull.readText())
            case "accountEnabled": isEnabled = decide("accountEnabled", try pull.readFlag())
            case "displayName": displayName = try pull.readText().known("displayName", &odd)
            case "givenName": givenName = try pull.readText().known("givenName", &odd)
            case "surname": surname = try pull.readText().known("surname", &odd)
            case "department": department = try pull.readText().known("department", &odd)
            case "jobTitle": title = try pull.readText().known("jobTitle", &odd)
            case "onPremisesSyncEnabled": isSynced = try pull.readFlag().known("onPremisesSyncEnabled", &odd) ?? false
            case "lastPasswordChangeDateTime": passwordChangedAt = try pull.readTime().known("lastPasswordChangeDateTime", &odd)
            case "signInSessionsValidFromDateTime": sessionsValidFrom = try pull.readTime().known("signInSessionsValidFromDateTime", &odd)
            case "proxyAddresses": proxies = try pull.readTexts("proxyAddresses", &odd)
            case "otherMails": otherMails = try pull.readTexts("otherMails", &odd)
            default: try pull.skip()
            }
        }
        // Which of two is meant cannot be known.
        if let field = twice.min() { problem = problem ?? OddRow("\(field) stands in it twice") }
        if twice.contains("id") { id = nil }
        if id == nil { problem = problem ?? OddRow("id is missing") }
        isWhole = given.isSuperset(of: Self.deciding)
    }

    var isGuest: Bool { userType?.lowercased() == "guest" || principalName?.has(text: "#EXT#") == true }

    func isEmployee(_ includesGuests: Bool) -> Bool { !isRemoved && (includesGuests || !isGuest) }

    /// - Parameter watchesOtherMail: whether `otherMails` are the person's to watch.
    func person(mfaEnabled: Bool?, watchesOtherMail: Bool = true) throws(OddRow) -> DirectoryPerson {
        if let problem { throw problem }
        guard let id else { throw OddRow("id is missing") }
        guard let isEnabled else { throw OddRow("accountEnabled is missing or null") }
        let names = DirectoryPerson.names(given: givenName, family: surname, display: displayName)
        var person = DirectoryPerson(
            externalId: id,
            // A guest's principal name is no address.
            email: mail ?? (isGuest ? nil : principalName), firstName: names.first, lastName: names.last, department: department, title: title,
            isActive: isEnabled, mfaEnabled: mfaEnabled, passwordChangedAt: passwordChangedAt, sessionsValidFrom: sessionsValidFrom, odd: odd)
        if proxies != nil || otherMails != nil {
            person.mailbox = (proxies ?? []).compactMap(ProxyAddress.mail)
            person.addresses = person.mailbox + (watchesOtherMail ? otherMails ?? [] : [])
            person.signInNames = isGuest ? [] : [principalName].compactMap { $0 }
        }
        return person
    }

    /// How it is shown among rows that could not be taken.
    func unreadable(_ problem: OddRow, place: Int) -> UnreadableRow {
        UnreadableRow(externalId: id, name: id ?? principalName ?? mail ?? "Row \(place + 1)", reason: problem.problem)
    }
}

/// An entry of `proxyAddresses`, as Exchange and Active Directory write them: `SMTP:` before the address to answer with, `smtp:` before
/// others, and addresses of other kinds (`x500:`, `sip:`).
enum ProxyAddress {
    /// - Returns: nil for an address of another kind.
    static func mail(_ text: String) -> String? {
        let lower = text.lowercased()
        if lower.begins(with: "smtp:") { return String(text.unicodeScalars.dropFirst(5)) }
        return text.has(":") ? nil : text
    }

    /// The address to answer with, if this is it.
    static func primary(_ text: String) -> String? { text.rest(behind: "SMTP:").map { String($0) } }
}

/// Whether somebody can sign in with a second factor, as the registration report has it.
struct EntraRegistration: Sendable {
    /// nil where it cannot be read.
    var id: String?
    /// Registered and allowed by the tenant's policy: what is registered only may not be usable. nil where the report does not say.
    var isCapable: Bool?

    init(_ pull: inout JSONPull) throws {
        guard try pull.kind() == .object else {
            try pull.skip()
            return
        }
        // What cannot be read is not known, and counted by whoever asked. So is what is told twice.
        var odd: [OddField] = []
        var told = 0
        try pull.members { pull, name in
            switch name {
            case "id": id = try pull.readId().known("id", &odd)
            case "isMfaCapable":
                told += 1
                isCapable = try pull.readFlag().known("isMfaCapable", &odd)
            default: try pull.skip()
            }
        }
        if told > 1 { isCapable = nil }
    }
}

extension DirectoryAnswer {
    /// Reads the body as JSON, piece by piece.
    /// - Throws: ``DirectoryFailure/malformed(_:)``, and what `body` throws.
    func pull<R>(_ body: (inout JSONPull) throws -> R) throws -> R {
        try requireText()
        do {
            return try JSONPull.read(bytes, isLenient: true, body)
        } catch is JSONPull.Failure {
            throw DirectoryFailure.malformed("it is not JSON")
        }
    }
}

/// What a page hangs on: of another type than documented, it is an error that names the field and what came in its place.
extension JSONPull {
    func expect(_ wanted: Kind, _ field: String) throws {
        let found = try kind()
        guard found == wanted else { throw DirectoryFailure.malformed("\(field) is \(found.words), not \(wanted.words)") }
    }

    /// A text with something in it, on which a page hangs.
    mutating func filledText(_ field: String) throws -> String? {
        switch try readText() {
        case .value(let text): return text
        case .nothing: return nil
        case .odd(let what): throw DirectoryFailure.malformed("\(field) is \(what)")
        }
    }
}
