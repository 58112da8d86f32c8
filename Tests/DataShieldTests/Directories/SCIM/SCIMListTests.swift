import DataShieldTestSupport
import Foundation
import JSON
import Postgres
import SCIM
import Testing

@testable import DataShield

@Suite(.freshDatabase) struct SCIMListTests {
    @Test func `pages cover everybody once, in the order in which they came`() async throws {
        try await withSCIM { scim in
            var ids: [JSONValue?] = []
            for number in 0..<23 { ids.append(try await scim.makeUser("p\(number)@acme.example").body["id"]) }
            var seen: [JSONValue?] = []
            for start in stride(from: 1, through: 21, by: 5) {
                let page = try await scim.get("/Users?startIndex=\(start)&count=5")
                #expect(page.total == 23 && page.body["startIndex"] == .integer(start) && page.body["itemsPerPage"] == .integer(page.resources.count))
                seen += page.resources.map { $0["id"] }
            }
            // Ids of one millisecond are in no order of their own.
            #expect(Set(seen) == Set(ids) && seen.count == 23)
            #expect(try await scim.get("/Users").resources.map { $0["id"] } == seen)
            for (query, start, count) in [
                ("startIndex=0&count=2", 1, 2), ("startIndex=-7&count=1", 1, 1), ("count=0", 1, 0), ("count=-3", 1, 0), ("startIndex=24", 24, 0),
                ("startIndex=99999999999&count=1000", 99_999_999_999, 0),
            ] {
                let page = try await scim.get("/Users?\(query)")
                #expect(
                    page.status == 200 && page.total == 23 && page.resources.count == count && page.body["startIndex"] == .integer(start), "\(query)")
                #expect(page.body["Resources"] != nil)
            }
        }
    }

    @Test func `lists are sorted, searched by a body, and cut to what is asked for`() async throws {
        try await withSCIM { scim in
            for (name, title) in [("b@acme.example", "x"), ("A@acme.example", nil), ("c@acme.example", "Y")] as [(String, String?)] {
                _ = try await scim.makeUser(name, title.map { ["title": .string($0)] } ?? [:])
            }
            func names(_ reply: SCIMClient.Reply) -> [JSONValue?] { reply.resources.map { $0["userName"] } }
            #expect(names(try await scim.get("/Users?sortBy=userName")) == ["A@acme.example", "b@acme.example", "c@acme.example"])
            #expect(
                names(try await scim.get("/Users?sortBy=userName&sortOrder=descending")) == ["c@acme.example", "b@acme.example", "A@acme.example"])
            #expect(names(try await scim.get("/Users?sortBy=title")) == ["b@acme.example", "c@acme.example", "A@acme.example"])
            #expect(names(try await scim.get("/Users?sortBy=emails&startIndex=2&count=1")) == ["b@acme.example"])
            let search: JSONValue = [
                "schemas": [.string(SCIMMessage.searchRequest)], "filter": "title pr", "sortBy": "userName", "sortOrder": "descending",
                "attributes": ["userName"], "count": 1,
            ]
            let found = try await scim.send("POST", "/Users/.search", search)
            #expect(found.status == 200 && found.total == 2 && names(found) == ["c@acme.example"] && found.resources.first?["title"] == nil)
            _ = try await scim.makeGroup("Acme")
            for reply in [try await scim.get(""), try await scim.send("POST", "/.search", ["schemas": [.string(SCIMMessage.searchRequest)]])] {
                #expect(reply.total == 4 && Set(reply.resources.compactMap { $0["meta"]?["resourceType"]?.text }) == ["User", "Group"])
            }
            #expect(try await scim.find(#"displayName eq "Acme" or title eq "y""#, in: "").total == 2)
            #expect(try await scim.get("?sortBy=title").status == 400)
        }
    }

    @Test func `a search and a change answer what was asked for and no more`() async throws {
        try await withSCIM { scim in
            let made = try await scim.makeUser("m@acme.example", ["title": "T"])
            _ = try await scim.makeGroup("Finance", [made.id])
            let schemas: JSONValue = [.string(SCIMMessage.searchRequest)]
            for path in ["/.search", "/Groups/.search"] {
                let found = try await scim.send(
                    "POST", path, ["schemas": schemas, "filter": "displayName eq \"Finance\"", "excludedAttributes": ["members"]])
                #expect(found.total == 1 && found.resources.first?["displayName"] == "Finance" && found.resources.first?["members"] == nil)
            }
            let people = try await scim.send("POST", "/Users/.search", ["schemas": schemas, "excludedAttributes": "emails.type, title,name"])
            #expect(people.resources.first?["emails"] == [["value": "m@acme.example", "primary": true]])
            #expect(people.resources.first?["title"] == nil && people.resources.first?["name"] == nil)
            let change: JSONValue = ["Operations": [["op": "replace", "path": "title", "value": "U"]]]
            let patched = try await scim.send("PATCH", "/Users/\(made.id)?attributes=title,name.familyName", change)
            #expect(patched.status == 200 && Set((patched.body.members ?? [:]).keys) == ["schemas", "id", "title", "name"])
            #expect(patched.body["title"] == "U" && patched.body["name"] == ["familyName": "Lind"])
        }
    }

    /// The evaluator that changes use and the SQL that lists use are held against each other, over random people and filters.
    @Test func `filters mean the same to the program and to the database`() async throws {
        try await withSCIM { scim in
            var random = FilterGenerator(seed: 7)
            for number in 0..<60 {
                let made = try await scim.send("POST", "/Users", random.user(number))
                #expect(made.status == 201, "\(made.detail)")
            }
            let resources = try await scim.get("/Users?count=1000").resources
            #expect(resources.count == 60)
            let access = SCIMAccess(
                connection: scim.connection, connectionName: "x", company: scim.company, base: "\(scim.client.server.origin)\(scim.base)")
            let directory = scim.client.application.scim
            for _ in 0..<400 {
                let filter = random.filter()
                // What a type does not have is refused by both alike, before either is asked.
                guard let condition = try? SCIMResourceType.user.condition(filter) else { continue }
                let path = random.sortPath()
                let target = try SCIMResourceType.user.sorting(by: path)
                let isDescending = Bool.random(using: &random)
                var query = try SCIMQuery(parameters: ["count": "1000", "sortOrder": isDescending ? "descending" : "ascending"])
                query.filter = filter
                query.sortBy = path
                let found = try await directory.list(query, [.user], access)
                let expected = SCIMSorting.sorted(resources.filter { condition.holds(for: $0) }, by: target, isDescending: isDescending)
                #expect(found.resources.map { $0["id"] } == expected.map { $0["id"] }, "\(filter) by \(path)")
                #expect(found.totalResults == expected.count)
            }
        }
    }

    @Test func `a look-up by name, external id, id or address asks an index`() async throws {
        try await withSCIM { scim in
            let made = try await scim.makeUser("m@acme.example", ["externalId": "x"])
            // Without statistics, as in a first push.
            try await TestDatabase.current.tenant.transaction(for: scim.company) { db in
                _ = try await db.pipeline([
                    """
                    INSERT INTO scim_resources (id, company_id, connection_id, kind, name, external_id, body, search)
                    SELECT 'c' || lpad(n::text, 24, '0'), \(scim.company), \(scim.connection), 'USER', 'n' || n, 'e' || n, '{}', '{}'
                    FROM generate_series(1, 3000) AS n
                    """,
                    """
                    INSERT INTO scim_addresses (company_id, connection_id, resource_id, address)
                    SELECT company_id, connection_id, id, name FROM scim_resources WHERE name LIKE 'n%'
                    """,
                ])
            }
            let access = SCIMAccess(connection: scim.connection, connectionName: "x", company: scim.company, base: "http://x")
            for filter in [
                // By id PostgreSQL may take another index as long as it knows nothing of the table: last, when it does.
                "userName eq \"m@acme.example\"", "externalId eq \"x\"",
                "emails[type eq \"work\"].value eq \"m@acme.example\"", "emails eq \"m@acme.example\" and active eq true",
                "id eq \"\(made.id)\"",
            ] {
                if filter.hasPrefix("id") { try await TestDatabase.current.owner.execute("ANALYZE scim_resources") }
                let listing = try SCIMListing(try SCIMQuery(parameters: ["filter": filter]), [.user], access)
                let plan = try await TestDatabase.current.tenant.transaction(for: scim.company) { db in
                    try await db.query("EXPLAIN \(listing.rows)", as: String.self).joined(separator: "\n")
                }
                let index = [
                    "userName": "names_of_scim", "externalId": "scim_resources_by_external", "id": "scim_resources_pkey",
                    "emails": "scim_addresses_by_address",
                ]
                let name = filter.prefix { $0.isLetter }
                #expect(plan.contains(index[String(name)] ?? "?") && !plan.contains("Seq Scan"), "\(filter)\n\(plan)")
                #expect(try await scim.find(filter).total == 1, "\(filter)")
            }
        }
    }
}

/// Random people and filters, the same each time.
struct FilterGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }

    private static let words = ["Mara", "mara", "MARA", "É", "é", "e\u{301}", "Straße", "Lind", "lin", "a%b", "a_b", "\\", "'", "日本", "", "🦊", "z"]

    mutating func word() -> String { Self.words.randomElement(using: &self) ?? "" }
    private mutating func maybe(_ value: @autoclosure () -> JSONValue) -> JSONValue { Bool.random(using: &self) ? value() : .null }

    mutating func user(_ number: Int) -> JSONValue {
        var emails: [JSONValue] = []
        for index in 0..<Int.random(in: 0...3, using: &self) {
            var email: [String: JSONValue] = ["value": .string("\(word())\(number)@acme.example")]
            if Bool.random(using: &self) { email["type"] = .string(["work", "home", "Work"].randomElement(using: &self) ?? "") }
            if index == 0, Bool.random(using: &self) { email["primary"] = .bool(Bool.random(using: &self)) }
            emails.append(.object(email))
        }
        let (given, family, title, department) = (word(), word(), word(), word())
        return [
            "userName": .string("\(word())\(number)"), "externalId": .string("\(word())\(number)"),
            "name": maybe(["givenName": .string(given), "familyName": .string(family)]),
            "title": maybe(.string(title)), "active": .bool(Bool.random(using: &self)), "emails": .array(emails),
            enterprise: maybe(["department": .string(department), "manager": ["value": "c1"]]),
        ]
    }

    private static let paths = [
        "userName", "externalId", "id", "name.givenName", "name.familyName", "name", "title", "active", "emails", "emails.value", "emails.type",
        "department", "manager",
        "emails.primary",
        "\(enterprise):department", "\(enterprise):manager", "\(enterprise):manager.value", "schemas", "meta.created", "meta.lastModified",
        "meta.resourceType", "meta.version",
        "meta.location", "nickName", "unheardOf", enterprise,
    ]

    private mutating func path(_ names: [String]) -> SCIMPath { (try? SCIMPath(names.randomElement(using: &self) ?? "title")) ?? SCIMPath(["title"]) }

    mutating func sortPath() -> SCIMPath {
        path([
            "userName", "externalId", "id", "title", "active", "name.givenName", "emails", "emails.type", "meta.created", "\(enterprise):department",
        ])
    }

    private mutating func comparand() -> SCIMComparand {
        switch Int.random(in: 0..<8, using: &self) {
        case 0: .flag(Bool.random(using: &self))
        case 1: .null
        case 2: .bare("2026-01-01T00:00:00Z")
        case 3: .text("User")
        case 4: .text("W/\"1\"")
        default: .text(word())
        }
    }

    mutating func filter(depth: Int = 0, in names: [String]? = nil) -> SCIMFilter {
        let choices = names ?? Self.paths
        switch Int.random(in: 0..<(depth > 2 ? 4 : 9), using: &self) {
        case 0: return .present(path(choices))
        case 1, 2, 3: return .compare(path(choices), SCIMOperator.allCases.randomElement(using: &self) ?? .equal, comparand())
        case 4: return .not(filter(depth: depth + 1, in: names))
        case 5: return .and([filter(depth: depth + 1, in: names), filter(depth: depth + 1, in: names)])
        case 6: return .or([filter(depth: depth + 1, in: names), filter(depth: depth + 1, in: names)])
        default:
            guard names == nil else { return .present(path(choices)) }
            if Bool.random(using: &self) {
                let single = ["title", "displayName", "userName", "externalId", "active"].randomElement(using: &self) ?? "title"
                return .element(SCIMPath([single]), filter(depth: depth + 1, in: ["value", "kind"]))
            }
            if Bool.random(using: &self) { return .element(SCIMPath(["manager"]), filter(depth: depth + 1, in: ["value", "display"])) }
            if Bool.random(using: &self) { return .element(SCIMPath(["name"]), filter(depth: depth + 1, in: ["givenName", "familyName"])) }
            return .element(SCIMPath(["emails"]), filter(depth: depth + 1, in: ["value", "type", "primary"]))
        }
    }
}
