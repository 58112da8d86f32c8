import Foundation

/// What a directory lists, gathered until it is whole. Where everybody is listed, each page is compared as it comes with what is known, and only
/// who may be different is kept: a directory in which nothing has changed leaves nothing to merge, however large it is.
actor SyncListing {
    private let isComparing: Bool
    private var known: KnownPeople
    private var kept: [ListedPerson] = []
    private var places: [String: Int] = [:]
    private var listed = 0
    private var unchanged = 0
    /// What the people who are kept take, in bytes, about.
    private var size = 0

    /// Some million people of usual names.
    private static let sizeLimit = 512 << 20
    private static let lineLimit = 5_000_000

    /// - Parameter known: whom the directory has brought so far; nil when only changes are listed.
    init(comparingWith known: KnownPeople?) {
        isComparing = known != nil
        self.known = known ?? KnownPeople()
    }

    /// Takes a page. The same person may come again: the later one holds.
    /// - Returns: people so far.
    /// - Throws: ``DirectoryFailure`` for a directory that would fill our memory, or never ends.
    func take(_ page: DirectoryPage) throws -> Int {
        for person in page.people { try take(ListedPerson(person, line: try next())) }
        for id in page.removed {
            try take(ListedPerson(DirectoryPerson(externalId: id, email: nil, isActive: false), line: try next(), isListed: false))
        }
        return listed
    }

    private func next() throws -> Int {
        guard listed < Self.lineLimit else {
            throw DirectoryFailure.incomplete("The directory lists more than \(Self.lineLimit) people. Narrow what is searched.")
        }
        defer { listed += 1 }
        return listed
    }

    private func take(_ person: ListedPerson) throws {
        guard !person.externalId.isEmpty, person.externalId.utf8.count <= ListedPerson.idLimit, !person.externalId.utf8.contains(0) else {
            throw DirectoryFailure.malformed("an id of more than \(ListedPerson.idLimit) bytes, an empty one, or one with a NUL in it")
        }
        let comparison = known.note(person)
        if let place = places[person.externalId] {
            kept[place] = person
            return
        }
        switch comparison {
        case .same: unchanged += 1
        case .sameAgain: return
        case .differentNow:
            unchanged -= 1
            try keep(person)
        case .different: try keep(person)
        }
    }

    private func keep(_ person: ListedPerson) throws {
        size += person.size
        guard size <= Self.sizeLimit else {
            throw DirectoryFailure.incomplete("The directory lists more people than one sync can take. Narrow what is searched.")
        }
        places[person.externalId] = kept.count
        kept.append(person)
    }

    /// All that was listed. Nothing is left here.
    func finish() -> WholeListing {
        var people: [ListedPerson] = []
        swap(&people, &kept)
        places = [:]
        // Of accounts with one address the active one that came first has it.
        var claims: [String: Int] = [:]
        for (place, person) in people.enumerated() {
            guard let email = person.email else { continue }
            guard let former = claims[email] else {
                claims[email] = place
                continue
            }
            let other = people[former]
            if person.isActive != other.isActive ? person.isActive : person.line < other.line { claims[email] = place }
        }
        for place in claims.values { people[place].hasClaim = true }
        return WholeListing(
            lines: listed, unchanged: unchanged, people: people, gone: isComparing ? known.gone : people.filter { !$0.isActive }.map(\.externalId))
    }
}

/// A listing that came to its end.
struct WholeListing: Sendable {
    /// How often somebody was listed.
    var lines: Int
    /// How many are as we know them.
    var unchanged: Int
    /// Who may be different, each once.
    var people: [ListedPerson]
    /// The directory's ids of those whom it no longer has, or has disabled. Of a listing of everybody only those are here who are active on
    /// the staff list.
    var gone: [String]
}

/// A person of a listing, in the spelling of the staff list.
struct ListedPerson: Sendable {
    /// How long the directory's own id may be, in bytes.
    static let idLimit = 255

    /// In the order of listing.
    let line: Int
    let externalId: String
    let email: String?
    let firstName: String?
    let lastName: String?
    let department: String?
    let title: String?
    let isActive: Bool
    /// Whether the directory lists the account, and as one that cannot be signed in to.
    let isDisabled: Bool
    let mfaEnabled: Bool?
    let passwordChangedAt: Date?
    let sessionsValidFrom: Date?
    /// Why the person cannot be taken.
    let problem: String?
    /// Whether the address is this account's, of all that were listed with it.
    var hasClaim = false

    /// - Parameter isListed: false for somebody of whom the directory only says that they are gone.
    init(_ person: DirectoryPerson, line: Int, isListed: Bool = true) {
        self.line = line
        externalId = person.externalId
        (email, problem) = Self.address(person.email)
        firstName = Self.text(person.firstName)
        lastName = Self.text(person.lastName)
        department = Self.text(person.department)
        title = Self.text(person.title)
        isActive = person.isActive
        isDisabled = isListed && !person.isActive
        mfaEnabled = person.mfaEnabled
        passwordChangedAt = person.passwordChangedAt
        sessionsValidFrom = person.sessionsValidFrom
    }

    /// An address in our spelling, or why there is none.
    private static func address(_ email: String?) -> (text: String?, problem: String?) {
        guard let email, !email.isEmpty else { return (nil, "has no e-mail address in the directory") }
        do {
            return (try EmailAddress(email).text, nil)
        } catch {
            return (nil, "has an e-mail address that is none: \(error.message)")
        }
    }

    /// A text as the staff list has it: one line of at most 200 characters; nil for an empty one, which says nothing.
    private static func text(_ text: String?) -> String? {
        guard let text, !text.isEmpty else { return nil }
        let line = PlainText.oneLine(text)
        if line.utf8.count <= EmployeeText.maximum { return line.isEmpty ? nil : line }
        // By code points: one character can have a million of them.
        return String(String.UnicodeScalarView(line.unicodeScalars.prefix(EmployeeText.maximum)))
    }

    /// What it takes in memory, in bytes, about.
    var size: Int {
        [email, firstName, lastName, department, title].reduce(MemoryLayout<ListedPerson>.stride + externalId.utf8.count) {
            $0 + ($1?.utf8.count ?? 0)
        }
    }
}
