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
    private var unreadable = UnreadableRows()
    private var odd: [String: OddFields] = [:]
    private var withTooManyAddresses = 0
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
        for person in page.people {
            guard Self.isId(person.externalId) else {
                // It may be anybody's: whoever it was may have had a good one before.
                let line = try next()
                let name = person.email ?? (person.externalId.isEmpty ? "Row \(line + 1)" : person.externalId)
                unreadable.add(UnreadableRow(externalId: nil, name: name, reason: Self.noId))
                continue
            }
            for field in person.odd { odd[field.field, default: OddFields(first: person.externalId, problem: field.problem)].count += 1 }
            let listed = ListedPerson(person, line: try next())
            if listed.hasTooManyAddresses { withTooManyAddresses += 1 }
            try take(listed)
        }
        for row in page.unreadable {
            _ = try next()
            if let id = row.externalId { known.noteUnreadable(id) }
            unreadable.add(row)
        }
        for id in page.removed where Self.isId(id) {
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

    /// Whether an id can be kept: nobody on the staff list has another.
    private static func isId(_ text: String) -> Bool { !text.isEmpty && text.utf8.count <= ListedPerson.idLimit && !text.utf8.contains(0) }

    private static let noId = "an id of more than \(ListedPerson.idLimit) bytes, an empty one, or one with a NUL in it"

    private func keep(_ person: ListedPerson) throws {
        size += person.size
        guard size <= Self.sizeLimit else {
            throw DirectoryFailure.incomplete("The directory lists more people than one sync can take. Narrow what is searched.")
        }
        places[person.externalId] = kept.count
        kept.append(person)
    }

    /// Who of those that are kept may stand on the staff list under another address: the directory's ids of those with several.
    var idsOfSeveral: [String] { kept.filter { !$0.equals.isEmpty || !$0.mailbox.isEmpty }.map(\.externalId) }

    /// Under what those may stand on the list whom the directory's ids do not find there.
    /// - Parameter ids: those that do.
    func addresses(besides ids: Set<String>) -> [String] {
        let wanted = kept.filter { $0.isActive && !ids.contains($0.externalId) && !($0.equals.isEmpty && $0.mailbox.isEmpty) }
        return Array(Set(wanted.flatMap { $0.equals + $0.mailbox + [$0.email].compactMap { $0 } }))
    }

    /// Somebody active who stands on the staff list under an address.
    struct Holder: Sendable {
        /// Whether no directory knows them.
        var isFree: Bool
        /// This directory's id of theirs, where it is this one that knows them.
        var externalId: String?
    }

    /// All that was listed. Nothing is left here.
    /// - Parameters:
    ///   - addresses: those that people have on the staff list, by the directory's id.
    ///   - domain: the company's.
    ///   - holders: who stands on the list under the addresses of those whom no id finds there.
    /// - Throws: ``DirectoryFailure/malformed(_:)`` when everybody was listed and nothing of it can be read: that is no odd row, but another
    ///   form. Of changes there may be one, and that an odd one.
    func finish(addresses: [String: String] = [:], domain: String? = nil, holders: [String: Holder] = [:]) throws -> WholeListing {
        if isComparing, listed > 0, unreadable.count == listed, let first = unreadable.first { throw DirectoryFailure.malformed(first.reason) }
        let gone = isComparing ? known.gone(isComplete: unreadable.nameless == 0) : kept.filter { !$0.isActive }.map(\.externalId)
        settle(addresses, domain, holders, gone: holders.isEmpty ? [] : Set(gone))
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
            lines: listed, unchanged: unchanged, people: people, gone: gone, unreadable: unreadable, warnings: warnings)
    }

    /// Says which of their addresses people are to stand under. Who stands on the list under another one than the first, and is known there by no
    /// directory or by an account that is gone, is the same person and goes on under it.
    private func settle(_ addresses: [String: String], _ domain: String?, _ holders: [String: Holder], gone: Set<String>) {
        // What is somebody's first address is nobody else's.
        var claimed = Set(holders.isEmpty ? [] : kept.compactMap(\.email))
        for place in kept.indices {
            let person = kept[place]
            let known = addresses[person.externalId]
            guard known == nil, person.isActive, !holders.isEmpty else {
                kept[place].settle(known: known, domain: domain)
                continue
            }
            let found = (person.equals + person.mailbox).filter { address in
                guard let holder = holders[address], holder.isFree || holder.externalId.map({ gone.contains($0) }) == true else { return false }
                return address == person.email || !claimed.contains(address)
            }
            kept[place].settle(known: known, domain: domain, found: found, isFirstKnown: person.email.map { holders[$0] != nil } ?? false)
            if let email = kept[place].email { claimed.insert(email) }
        }
    }

    private var warnings: [String] {
        let limit =
            "\(Format.count(withTooManyAddresses, "person has", "people have")) more than \(ListedPerson.addressLimit) further addresses, of which the first \(ListedPerson.addressLimit) are watched."
        return (unreadable.warning.map { [$0] } ?? []) + (withTooManyAddresses == 0 ? [] : [limit])
            + odd.sorted { $0.key < $1.key }.map { field, odd in
                "\(field) of \(Format.count(odd.count, "person", "people")) could not be read and was left as it is; the first is \(odd.first): it is \(odd.problem)."
            }
    }

    /// A field that could not be read.
    private struct OddFields {
        let first: String
        let problem: String
        var count = 0
    }
}

/// Rows that could not be taken.
struct UnreadableRows: Sendable {
    private(set) var count = 0
    /// Those that may be anybody.
    private(set) var nameless = 0
    private(set) var samples: [UnreadableRow] = []

    var first: UnreadableRow? { samples.first }

    mutating func add(_ row: UnreadableRow) {
        count += 1
        if row.externalId == nil { nameless += 1 }
        if samples.count < SyncSamples.kept { samples.append(row) }
    }

    /// In words for administrators; nil when there are none.
    var warning: String? {
        guard let first else { return nil }
        let rows =
            "\(Format.count(count, "entry of the directory", "entries of the directory")) could not be read and \(count == 1 ? "was" : "were") left out"
        let example = count == 1 ? "\(first.name): \(first.reason)" : "the first is \(first.name): \(first.reason)"
        let consequence =
            nameless == 0
            ? "Nobody of them was taken for gone."
            : "Who \(nameless == 1 ? "one" : "\(Format.count(nameless))") of them \(nameless == 1 ? "is" : "are") cannot be told, so nobody was taken for gone because they are not listed."
        return "\(rows); \(example). \(consequence)"
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
    var unreadable: UnreadableRows
    /// What is to be said of the listing.
    var warnings: [String]
}

/// A person of a listing, in the spelling of the staff list.
struct ListedPerson: Sendable {
    /// How long the directory's own id may be, in bytes.
    static let idLimit = 255

    /// In the order of listing.
    let line: Int
    let externalId: String
    private(set) var email: String?
    /// Addresses that are as good as ``email``, itself among them; empty where there are no others.
    private(set) var equals: [String]
    /// Further addresses of the same mailbox, without ``email``.
    let mailbox: [String]
    /// What is watched besides, without ``email``, in the order of the alphabet; nil: the directory does not say.
    private(set) var addresses: [String]?
    let hasTooManyAddresses: Bool
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
        let equals = Self.usable(person.equals)
        let (email, problem) = Self.address(person.email)
        // Of several the first that is an address; which of them it is to be is settled at the end.
        let own = email ?? equals.first
        self.email = own
        self.problem = own == nil ? problem : nil
        self.equals = equals.count > 1 ? equals : []
        // Nearly all have one, which need not be looked at again.
        let further = person.isActive ? person.mailbox.filter { $0 != person.email } : []
        mailbox = further.isEmpty ? [] : Self.usable(further).filter { $0 != own && !Self.isTechnical($0) }
        let all = person.addresses.map { Self.watched($0 + equals, person.signInNames, besides: own) }
        hasTooManyAddresses = (all?.count ?? 0) > Self.addressLimit
        addresses = all.map { Array($0.prefix(Self.addressLimit)) }
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
            return (nil, "has no valid e-mail address: \(error.message)")
        }
    }

    /// How many addresses of one person are watched besides the first.
    static let addressLimit = 50

    /// Addresses in our spelling, each once, in the order of the alphabet. What is none is left out.
    private static func usable(_ texts: [String]) -> [String] {
        // try?: an alias that is no address is nobody's.
        Set(texts.compactMap { try? EmailAddress($0).text }).sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// - Parameter signInNames: what people type, whoever made it up.
    private static func watched(_ texts: [String], _ signInNames: [String], besides email: String?) -> [String] {
        let routed = usable(texts).filter { !isTechnical($0) }
        return (signInNames.isEmpty ? routed : usable(routed + signInNames)).filter { $0 != email }
    }

    /// Addresses that a service makes for its own routing, and nobody signs up with anywhere but with what they sign in with.
    private static func isTechnical(_ address: String) -> Bool {
        [".onmicrosoft.com", ".test-google-a.com"].contains { address.ends(with: $0) }
    }

    /// Says which of several addresses of equal standing is the person's: the one they have already, else one at the company's domain.
    /// - Parameters:
    ///   - known: under which the directory's id finds them on the staff list.
    ///   - found: under which they stand there otherwise.
    ///   - isFirstKnown: whether somebody stands there under the first.
    fileprivate mutating func settle(known: String?, domain: String?, found: [String] = [], isFirstKnown: Bool = false) {
        let all = equals
        equals = []
        let former = email
        if all.isEmpty {
            guard let other = found.first, !isFirstKnown else { return }
            email = other
        } else if let known, all.contains(known) {
            email = known
        } else if let other = found.first(where: { address in domain.map { address.ends(with: "@\($0)") } == true }) ?? found.first {
            email = other
        } else if let domain, let own = all.first(where: { $0.ends(with: "@\(domain)") }) {
            email = own
        } else {
            email = all.first
        }
        guard email != former else { return }
        // What is in it already was found to be worth watching, and so is what was to be the first.
        addresses = addresses.map { Self.watched([], $0 + [former].compactMap { $0 }, besides: email) }
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
        ([email, firstName, lastName, department, title] + equals + mailbox + (addresses ?? [])).reduce(
            MemoryLayout<ListedPerson>.stride + externalId.utf8.count
        ) {
            $0 + ($1?.utf8.count ?? 0)
        }
    }
}
