import Foundation

/// What a directory lists, gathered until it is whole. Where everybody is listed, each page is compared as it comes with what is known, and only
/// who may be different is kept: a directory in which nothing has changed leaves nothing to merge, however large it is.
actor SyncListing {
    private var known: KnownPeople
    private var kept: [ListedPerson] = []
    private var places: [String: Int] = [:]
    private var listed = 0
    private var unchanged = 0

    /// - Parameter known: whom the directory has brought so far; nobody when only changes are listed.
    init(comparingWith known: KnownPeople) { self.known = known }

    /// Takes a page. The same person may come again: the later one holds.
    /// - Returns: people so far.
    func take(_ page: DirectoryPage) -> Int {
        for person in page.people { take(ListedPerson(person, line: next())) }
        for id in page.removed { take(ListedPerson(DirectoryPerson(externalId: id, email: nil, isActive: false), line: next())) }
        return listed
    }

    private func next() -> Int {
        defer { listed += 1 }
        return listed
    }

    private func take(_ person: ListedPerson) {
        if let place = places[person.externalId] {
            kept[place] = person
            return
        }
        switch known.note(person) {
        case .same: unchanged += 1
        case .sameAgain: return
        case .differentNow:
            unchanged -= 1
            keep(person)
        case .different: keep(person)
        }
    }

    private func keep(_ person: ListedPerson) {
        places[person.externalId] = kept.count
        kept.append(person)
    }

    /// All that was listed.
    func whole() -> WholeListing {
        var people = kept
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
        return WholeListing(lines: listed, unchanged: unchanged, people: people, missing: known.missing)
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
    /// The directory's ids of those whom it brought, who are active, and whom it no longer lists.
    var missing: [String]
}

/// A person of a listing, in the spelling of the staff list.
struct ListedPerson: Sendable {
    /// In the order of listing.
    let line: Int
    let externalId: String
    let email: String?
    let firstName: String?
    let lastName: String?
    let department: String?
    let title: String?
    let isActive: Bool
    let mfaEnabled: Bool?
    let passwordChangedAt: Date?
    let sessionsValidFrom: Date?
    /// Why the person cannot be taken.
    let problem: String?
    /// Whether the address is this account's, of all that were listed with it.
    var hasClaim = false

    init(_ person: DirectoryPerson, line: Int) {
        self.line = line
        externalId = person.externalId
        (email, problem) = Self.address(person.email)
        firstName = Self.text(person.firstName)
        lastName = Self.text(person.lastName)
        department = Self.text(person.department)
        title = Self.text(person.title)
        isActive = person.isActive
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
        return line.isEmpty ? nil : String(line.prefix(EmployeeText.maximum))
    }
}
