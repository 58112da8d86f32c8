import Foundation
import LDAP
import Synchronization

extension LDAPConnector {
    package func list(_ listing: DirectoryListing, deliver: @Sendable (DirectoryPage) async throws -> Void) async throws -> DirectoryListingEnd {
        try await session { session in
            let watermark: any LDAPWatermark =
                session.root.isActiveDirectory ? try await ChangeNumber(session) : ModificationTime(started: access.now())
            var filters: [LDAPFilter] = []
            if case .changes(let state) = listing { filters.append(try watermark.filter(since: state, of: session)) }
            let tally = Mutex(Tally())
            var references = 0
            for base in bases {
                let search = session.search(base, filters: filters, pageSize: session.pageSize)
                let end = try await session.explained(base) {
                    try await session.connection.search(search) { entries in
                        let page = tally.withLock { $0.take(entries, session.people) }
                        if !page.people.isEmpty || !page.unreadable.isEmpty { try await deliver(page) }
                    }
                }
                references += end.references
            }
            let seen = tally.withLock { $0 }
            let name = session.people.identifier.attribute
            // Of changes there may be one, of an entry whose id is hidden.
            if seen.withoutId > 0, seen.people == 0, listing == .everybody {
                throw DirectoryFailure.notPermitted(
                    "The bind account may not read \(name), by which people are told apart, or nobody has it. \(Self.advice(name))")
            }
            var warnings = session.warnings
            if seen.withoutId > 0 { warnings.append(Self.advice(name)) }
            if let warning = clearTextWarning { warnings.append(warning) }
            if references > 0 { warnings.append(Self.warning(references: references)) }
            let lastModified = GeneralizedTime.date(seen.lastModified)
            return DirectoryListingEnd(state: watermark.state(after: listing, lastModified: lastModified, of: session), warnings: warnings)
        }
    }

    package func facts(of externalId: String) async throws -> AccountFacts {
        try await session { session in
            let person = try await session.account(externalId, attributes: []).person
            return AccountFacts(isActive: person.isActive, passwordChangedAt: person.passwordChangedAt)
        }
    }

    /// What a listing saw.
    private struct Tally {
        var people = 0
        var withoutId = 0
        /// As text: times that are written alike are in the order of their texts.
        var lastModified = ""
        /// Which entry has an id, where two may have the same.
        private var holders: [String: String] = [:]

        private mutating func note(_ modified: String?) {
            guard let modified, modified != lastModified else { return }
            if modified.utf8.count == 15, lastModified.utf8.count == 15, modified.utf8.last == UInt8(ascii: "Z"),
                lastModified.utf8.last == UInt8(ascii: "Z")
            {
                lastModified = max(lastModified, modified)
            } else if let time = GeneralizedTime.date(modified), time > GeneralizedTime.date(lastModified) ?? .distantPast {
                lastModified = modified
            }
        }

        mutating func take(_ entries: [LDAPEntry], _ mapping: LDAPPeople) -> DirectoryPage {
            var page = DirectoryPage(people: [])
            for entry in entries {
                note(entry.text("modifyTimestamp"))
                switch mapping.person(entry) {
                case .person(let person):
                    if mapping.identifier.isChosen, let holder = holders.updateValue(entry.name, forKey: person.externalId), holder != entry.name {
                        // The one that was listed first has it.
                        holders[person.externalId] = holder
                        let reason = "another entry has the same \(mapping.identifier.attribute)"
                        page.unreadable.append(UnreadableRow(externalId: person.externalId, name: entry.name, reason: reason))
                        continue
                    }
                    people += 1
                    page.people.append(person)
                case .withoutId:
                    withoutId += 1
                    page.unreadable.append(UnreadableRow(externalId: nil, name: entry.name, reason: mapping.identifier.problem(entry)))
                case .nobody: break
                }
            }
            return page
        }
    }
}

extension LDAPSession {
    /// An account with its entry.
    struct Account: Sendable {
        let entry: LDAPEntry
        let person: DirectoryPerson
    }

    /// Looks an account up by the directory's own id.
    /// - Parameter attributes: what is read beside what people have.
    /// - Throws: ``DirectoryFailure/noSuchAccount`` when there is none with this id that is a person.
    func account(_ externalId: String, attributes: [String]) async throws -> Account {
        guard let filter = people.filter(id: externalId) else { throw DirectoryFailure.noSuchAccount }
        var found: [LDAPEntry] = []
        for base in connector.bases where found.isEmpty {
            found = try await connection.firstPage(
                of: LDAPSearch(base: base, filter: .all([filter] + people.filters), attributes: people.attributes + attributes))
        }
        guard let entry = found.first, let person = people.person(entry).person else { throw DirectoryFailure.noSuchAccount }
        guard found.count == 1 else { throw DirectoryFailure.malformed("\(found.count) entries with one id") }
        return Account(entry: entry, person: person)
    }
}

/// How far a listing came, so that the next one lists what has changed since.
private protocol LDAPWatermark: Sendable {
    /// - Throws: ``DirectoryFailure/stateExpired`` when the state says nothing about this server or this question.
    func filter(since state: DirectoryState, of session: LDAPSession) throws -> LDAPFilter
    /// - Returns: nil when the server does not say what would be needed.
    func state(after listing: DirectoryListing, lastModified: Date?, of session: LDAPSession) -> DirectoryState?
}

extension LDAPSession {
    /// What a state is about: who asks for something else begins anew.
    fileprivate var question: [String: String] {
        [
            "base": connector.bases.joined(separator: "\n"), "filter": connector.filter.text, "id": people.identifier.attribute.lowercased(),
            "map": connector.map.text,
        ]
    }

    /// The bases are compared as names: who spells them otherwise asks for the same. States of former versions say nothing of ids and
    /// attributes, which were the usual ones then.
    fileprivate func isAbout(_ state: DirectoryState) -> Bool {
        guard state.values["filter"] == connector.filter.text, let former = state.values["base"],
            (state.values["id"] ?? (root.isActiveDirectory ? "objectguid" : "entryuuid")) == people.identifier.attribute.lowercased(),
            (state.values["map"] ?? LDAPAttributeMap().text) == connector.map.text
        else { return false }
        let names = former.parts(between: "\n").map { String($0) }
        return names.count == connector.bases.count
            && zip(names, connector.bases).allSatisfy { former, base in
                former == base || LDAPName(former).map { $0 == LDAPName(base) } == true
            }
    }
}

/// Active Directory: each domain controller numbers its changes for itself. The number is read before the search, so that what is changed
/// meanwhile comes again. A controller that was restored from a backup has a new invocation id.
private struct ChangeNumber: LDAPWatermark {
    private var place: [String: String]?
    private var last: Int64?

    init(_ session: LDAPSession) async throws {
        guard let name = session.root.hostName, let service = session.root.serviceName, let last = session.root.lastChange else { return }
        let bytes = try await session.connection.entry(service, attributes: ["invocationId"])?.values("invocationId").first
        guard let invocation = bytes.flatMap({ ActiveDirectory.text(ofGUID: $0) }) else { return }
        place = ["server": name.lowercased(), "invocation": invocation]
        self.last = last
    }

    func filter(since state: DirectoryState, of session: LDAPSession) throws -> LDAPFilter {
        guard let place, let last, place.allSatisfy({ state.values[$0.key] == $0.value }), session.isAbout(state),
            let former = state.values["usn"].flatMap({ Int64($0) }), (0...last).contains(former)
        else { throw DirectoryFailure.stateExpired }
        return .atLeast("uSNChanged", String(former + 1))
    }

    func state(after listing: DirectoryListing, lastModified: Date?, of session: LDAPSession) -> DirectoryState? {
        guard let place, let last else { return nil }
        return DirectoryState(session.question.merging(place) { $1 }.merging(["usn": String(last)]) { $1 })
    }
}

/// Other directories: the time of the last change, by the server's clock. A change during a listing can be older than one that the
/// listing saw, at most by the time that the listing took: by so much the watermark is earlier, and by a margin for changes that come late
/// from another server of the directory.
private struct ModificationTime: LDAPWatermark {
    let started: Date

    private static let margin: TimeInterval = 300

    func filter(since state: DirectoryState, of session: LDAPSession) throws -> LDAPFilter {
        // What one host has is not what another has at the same moment.
        guard session.isAbout(state), state.values["host"].map({ $0 == session.host.lowercased() }) ?? true, let former = state.values["modified"],
            GeneralizedTime.date(former) != nil
        else {
            throw DirectoryFailure.stateExpired
        }
        return .atLeast("modifyTimestamp", former)
    }

    func state(after listing: DirectoryListing, lastModified: Date?, of session: LDAPSession) -> DirectoryState? {
        if let lastModified {
            let now = session.connector.access.now()
            let time = min(lastModified, started).addingTimeInterval(-Self.margin - max(0, now.timeIntervalSince(started)))
            return DirectoryState(
                session.question.merging(["modified": GeneralizedTime.text(time), "host": session.host.lowercased()]) { $1 })
        }
        // Nothing has changed: the former state holds.
        if case .changes(let state) = listing { return state }
        return nil
    }
}
