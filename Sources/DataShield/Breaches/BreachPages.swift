import Foundation
import Hummingbird

/// | Method | Path             | Permission      |
/// |--------|------------------|-----------------|
/// | GET    | `/breaches`      | `breaches:read` |
/// | GET    | `/breaches/{id}` | `breaches:read` |
package struct BreachPages: Sendable {
    let pages: Pages
    let breaches: Breaches
    let now: Now

    package func add(to routes: PageRoutes) {
        routes.get("/breaches", .permission(.breachesRead), use: list)
        routes.get("/breaches/{id}", .permission(.breachesRead), use: show)
    }

    /// Which breaches are shown.
    enum Scope: String, Codable, CaseIterable, Sendable {
        /// Those with people of the company in them.
        case ours
        /// Also the rest of the catalogue.
        case all
    }

    struct Query: Codable, Sendable {
        var q: String?
        var scope: Scope?
        var source: BreachSource?
        var cursor: String?
    }

    func list(_ request: Request, _ context: AppContext) async throws -> Response {
        let subject = try context.subject
        let query = try request.decodeQuery(Query.self)
        let scope = query.scope ?? .ours
        let filter = Breaches.Filter(
            text: query.q, source: query.source, includesOthers: scope == .all, order: scope == .all ? .date : .affected)
        let page = try await breaches.list(filter, cursor: query.cursor, for: subject)
        let parts = [("q", query.q), ("scope", query.scope?.rawValue), ("source", query.source?.rawValue)]
        let model = BreachListModel(
            subtitle: scope == .ours
                ? "Breaches with your people, most people first."
                : "All known breaches, the latest first.",
            q: query.q,
            scopeFilter: Choice("scope", "Which breaches", [("ours", "With your people"), ("all", "All known")], selected: scope.rawValue),
            sourceFilter: Choice(
                "source", "Source", [("", "Any source")] + BreachSource.allCases.map { ($0.rawValue, Self.capital($0.displayName)) },
                selected: query.source?.rawValue),
            isFiltered: parts.contains { !($0.1 ?? "").isEmpty && $0.1 != "ours" }, formError: nil, rows: page.items.map { BreachListModel.Row($0) },
            hasRows: !page.items.isEmpty,
            pager: Pager(
                Format.count(page.items.count, "breach", "breaches") + " on this page", path: "/breaches", query: parts, cursor: query.cursor,
                next: page.nextCursor),
            emptyHint: "This says nothing about people who were not checked yet: see Coverage.")
        return pages.show("breaches/list", model, Frame("Breaches", in: .breaches, showsHIBP: true), for: request, context)
    }

    struct PageQuery: Codable, Sendable {
        var cursor: String?
    }

    func show(_ request: Request, _ context: AppContext) async throws -> Response {
        let subject = try context.subject
        let id = try context.id(as: BreachID.self)
        let cursor = try request.decodeQuery(PageQuery.self).cursor
        let listing = try await breaches.find(id, for: subject)
        let people = try await breaches.affected(by: id, cursor: cursor, for: subject)
        let model = BreachModel(listing, people: people, cursor: cursor, clock: PageClock(now(), for: context.signedIn))
        return pages.show("breaches/show", model, Frame(model.title, in: .breaches, showsHIBP: true), for: request, context)
    }

    static func capital(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }
}

extension BreachListModel.Row {
    private static let listed = 4

    init(_ breach: Breaches.Response) {
        url = "/breaches/\(breach.id)"
        title = breach.title
        domain = breach.domain
        date = breach.breachDate.map { Format.day($0) } ?? "date unknown"
        let tags = DataTag.all(breach.dataTypes)
        dataTypes = Array(tags.prefix(Self.listed))
        more = tags.count > Self.listed ? "+\(tags.count - Self.listed)" : nil
        source = BreachPages.capital(breach.source.displayName)
        accounts = breach.pwnCount.map { Format.short($0) } ?? "unknown"
        people = Format.count(breach.affected)
    }
}

extension BreachModel {
    init(_ listing: Breaches.Listing, people: Page<Breaches.AffectedResponse>, cursor: String?, clock: PageClock) {
        let breach = listing.breach
        title = breach.displayName
        flags = Self.flags(breach)
        description = breach.plainDescription
        dataTypes = DataTag.all(breach.dataTypes)
        facts = [
            Fact("Breach date", clock.breachDay(breach.breachDate)), Fact("Site", breach.domain ?? "None"),
            Fact("Accounts in all", breach.pwnCount.map { Format.count($0) } ?? "Unknown"),
            Fact("Known from", BreachPages.capital(breach.source.displayName)),
            breach.isOwn
                ? Fact("Catalogue", "None: only your own sources name it")
                : Fact("In the catalogue since", breach.addedAt.map(clock.day) ?? "Unknown"),
        ]
        alertsURL = "/alerts?breach=\(breach.id)"
        peopleNote = Format.count(listing.affected, "person", "people")
        coverageNote = "Only people who were checked can be listed: see Coverage."
        rows = people.items.map { Person($0, clock) }
        hasRows = !rows.isEmpty
        pager =
            people.nextCursor == nil && cursor == nil
            ? nil
            : Pager(
                Format.count(rows.count, "person", "people") + " on this page", path: "/breaches/\(breach.id)", query: [], cursor: cursor,
                next: people.nextCursor)
    }

    private static func flags(_ breach: Breach) -> [Badge] {
        var flags = [breach.isVerified ? Badge("Verified", .good, icon: "check-circle") : Badge("Not verified", .neutral, icon: "question")]
        if breach.isSensitive { flags.append(Badge("Sensitive", .medium, icon: "eye")) }
        if breach.isStealerLog { flags.append(Badge("Stealer log", .critical, icon: "cookie")) }
        if breach.isMalware { flags.append(Badge("Malware", .high, icon: "warning")) }
        if breach.isSpamList { flags.append(Badge("Spam list: raises no alert", .neutral, icon: "mail")) }
        if breach.isFabricated { flags.append(Badge("Fabricated: raises no alert", .neutral, icon: "ban")) }
        if breach.isRetired { flags.append(Badge("Retired", .neutral, icon: "history")) }
        return flags
    }
}

extension BreachModel.Person {
    init(_ person: Breaches.AffectedResponse, _ clock: PageClock) {
        url = "/employees/\(person.employeeId)"
        initials = Format.initials(person.employeeName)
        name = person.employeeName
        email = person.employeeEmail
        department = person.department ?? "No department"
        exposed = DataTag.all(person.exposedData)
        sources = BreachRecord.sourceNames(person.sources, isInLeakFile: person.inLeakFile)
        detected = clock.ago(person.detectedAt)
    }
}
