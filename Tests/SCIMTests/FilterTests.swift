import Foundation
import JSON
import SCIM
import Testing

@Suite struct FilterTests {
    @Test(arguments: [
        (#"userName eq "mara""#, #"userName eq "mara""#),
        (#"USERNAME EQ "mara""#, #"USERNAME eq "mara""#),
        (#"userName eq "mara" and active eq true or title pr"#, #"userName eq "mara" and active eq true or title pr"#),
        (#"userName eq "a" and (title pr or active eq false)"#, #"userName eq "a" and (title pr or active eq false)"#),
        (#"(userName eq "a")"#, #"userName eq "a""#),
        (#"not(title pr)"#, #"not (title pr)"#),
        (#"NOT (title pr AND active eq TRUE)"#, #"not (title pr and active eq true)"#),
        (#"emails[type eq "work" and primary eq true]"#, #"emails[type eq "work" and primary eq true]"#),
        // As Entra asks: the path goes on behind the bracket.
        (#"emails[type eq "work"].value eq "a@b.example""#, #"emails[type eq "work" and value eq "a@b.example"]"#),
        // As Microsoft's examples have it: without quotes.
        ("externalId eq jyoung", "externalId eq jyoung"),
        (
            "name.FamilyName eq Employee and (emails.Value co example.com or emails.Value co example.org)",
            "name.FamilyName eq Employee and (emails.Value co example.com or emails.Value co example.org)"
        ),
        ("meta.created gt 2015-10-10T14:38:21.8617979-07:00", "meta.created gt 2015-10-10T14:38:21.8617979-07:00"),
        (
            #"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "Finance""#,
            #"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq "Finance""#
        ),
        (#"title eq null"#, "title eq null"),
        (#"userName eq "a \"quoted\" \\ \u00e9 \ud83d\ude00""#, "userName eq \"a \\\"quoted\\\" \\\\ é 😀\""),
        (#"userName eq "and or not""#, #"userName eq "and or not""#),
    ]) func `a filter is read, and said again in the RFC's words`(text: String, expected: String) throws {
        #expect(try SCIMFilterParser.filter(text).description == expected)
    }

    @Test(arguments: [
        "title eq \"\\u0000\"", "title eq \"a\u{0}b\"", "title eq a\u{0}b",
        "", " ", "userName", "userName eq", "eq \"a\"", "userName like \"a\"", #"userName eq "a"#, #"userName eq "a" and"#, #"or userName eq "a""#,
        #"(userName eq "a""#, #"userName eq "a")"#, #"emails[type eq "work""#, #"emails[type eq "work"]]"#, #"emails[]"#, #"not userName eq "a""#,
        #"userName eq "a" "b""#, #"userName eq "\x""#, #"userName eq "\ud800""#, #"a..b eq "c""#, #"1a eq "c""#, #"userName eq ("a")"#,
        #"emails[type eq "work"].value"#, #"emails[type eq "work"] .value eq "a""#, "user name eq a", #"urn eq: "a""#,
        #"urn:ietf:params:scim:schemas:core:2.0:User: eq "a""#, "urn:acme:custom: pr",
        String(repeating: "(", count: 30) + "title pr" + String(repeating: ")", count: 30),
        (0..<200).map { "title eq \"\($0)\"" }.joined(separator: " or "), "title eq \"" + String(repeating: "x", count: 9_000) + "\"",
    ]) func `what is no filter is refused as that`(text: String) throws {
        let error = #expect(throws: SCIMError.self) { try SCIMFilterParser.filter(text) }
        #expect(error?.kind == .invalidFilter && error?.code == 400)
        #expect(error?.detail.isEmpty == false)
    }

    @Test func `what a refusal says repeats nothing of the filter's values`() {
        let error = #expect(throws: SCIMError.self) { try SCIMFilterParser.filter(#"userName eq "mara@acme.example" xor active eq true"#) }
        #expect(error?.detail.contains("mara") == false)
    }

    @Test(arguments: ["a\"\u{301}b", "\\\u{301}", "\u{600}\"", "\"\u{200D}\\\u{FE0F}", "\r\n\t\u{301}"])
    func `a value with a mark beside a sign is written so that it is read as the same`(text: String) throws {
        let filter = SCIMFilter.compare(SCIMPath(["title"]), .equal, .text(text))
        guard case .compare(_, _, .text(let back)) = try SCIMFilterParser.filter(filter.description) else {
            Issue.record("It is another filter.")
            return
        }
        #expect(Array(back.utf8) == Array(text.utf8))
    }

    @Test func `every filter that is written is read as the same`() throws {
        var random = SeededGenerator(seed: 42)
        for _ in 0..<2_000 {
            let filter = RandomFilter.make(&random)
            #expect(try SCIMFilterParser.filter(filter.description) == filter, "\(filter)")
        }
    }

    @Test(arguments: [
        "active gt true", "active co \"t\"", "meta.created co \"2026\"", "meta.created gt \"yesterday\"", #"name eq "x""#,
        #"emails[primary gt true]"#, #"title gt null"#, #"userName[value gt null]"#, #"title[a[b eq "c"]]"#,
        #"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User eq "x""#,
    ]) func `a comparison that an attribute does not have is refused`(text: String) throws {
        let filter = try SCIMFilterParser.filter(text)
        let error = #expect(throws: SCIMError.self) { try SCIMResourceType.user.condition(filter) }
        #expect(error?.kind == .invalidFilter)
    }

    private static let mara: JSONValue = [
        "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"],
        "id": "c123", "externalId": "Ext-1", "userName": "Mara.Lind@Acme.example", "name": ["givenName": "Mara", "familyName": "Lind"],
        "title": "Contrôleuse", "active": true,
        "emails": [["value": "mara@acme.example", "type": "work", "primary": true], ["value": "m@home.example", "type": "home"]],
        "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": ["department": "Finance", "manager": ["value": "c456"]],
        "meta": ["resourceType": "User", "created": "2026-01-05T09:00:00.000Z", "lastModified": "2026-02-05T09:00:00.000Z", "version": "W/\"3\""],
    ]

    @Test(arguments: [
        (#"userName eq "mara.lind@acme.EXAMPLE""#, true), (#"userName ne "mara.lind@acme.example""#, false), (#"USERNAME sw "MARA""#, true),
        (#"externalId eq "ext-1""#, false), (#"externalId eq "Ext-1""#, true), (#"id eq "C123""#, false),
        (#"title eq "CONTRÔLEUSE""#, true), (#"title eq "contro\u0302leuse""#, true), (#"title co "rôl""#, true), (#"title ew "SE""#, true),
        (#"name.familyName gt "k" and name.familyName lt "m""#, true), (#"name.familyName ge "lind" and name.familyName le "lind""#, true),
        ("active eq true", true), (#"active eq "True""#, true), ("active ne true", false), ("active eq False", false),
        (#"emails eq "m@home.example""#, true), (#"emails.type eq "work""#, true),
        (#"emails[type eq "work" and value co "home"]"#, false), (#"emails[type eq "home" and value co "home"]"#, true),
        (#"emails[type eq "work"].value eq "MARA@acme.example""#, true), (#"emails[primary eq true].value ew ".example""#, true),
        (#"emails[not (type eq "work")].value eq "m@home.example""#, true), (#"emails[primary pr]"#, true),
        (#"emails.value ne "m@home.example""#, false),
        ("title pr", true), ("displayName pr", false), ("name pr", true), ("nickName pr", false), (#"nickName eq "x""#, false),
        (#"unheardOf ne "x""#, true), ("displayName eq null", true), ("title ne null", true),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:department eq \"finance\"", true),
        ("URN:ietf:params:scim:schemas:extension:Enterprise:2.0:user:Department eq \"finance\"", true),
        ("urn:ietf:params:scim:schemas:core:2.0:User:userName pr", true), ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User pr", true),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager eq \"c456\"", true),
        ("urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager.value eq \"c456\"", true),
        (#"schemas eq "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User""#, true),
        // Without the URN, and with brackets where there is one value.
        (#"department eq "finance""#, true), (#"manager[value eq "c456"]"#, true), (#"manager[value eq "c457"]"#, false),
        (#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager[value eq "c456"]"#, true),
        (#"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager[value eq "c456"].value eq "c456""#, true),
        (#"name[givenName eq "mara" and familyName sw "l"]"#, true), (#"name[givenName eq "mara" and familyName sw "m"]"#, false),
        (#"title[value sw "contr"]"#, true), (#"title[value eq "x" or value pr]"#, true), (#"displayName[not (value eq "x")]"#, true),
        (#"title[kind eq "x"]"#, false), (#"name.givenName[value eq "Mara"]"#, true), (#"emails[kind eq "work"]"#, false),
        (#"emails[kind ne "work" and type eq "work"]"#, true), (#"urn:scim:schemas:extension:enterprise:1.0:department eq "finance""#, true),
        ("urn:scim:schemas:extension:enterprise:1.0 pr", true), ("urn:onelogin:scim:1.0 pr", false),
        ("meta.created gt 2015-10-10T14:38:21.8617979-07:00", true), (#"meta.lastModified lt "2026-02-05T09:00:00Z""#, false),
        (#"meta.lastModified eq "2026-02-05T10:00:00+01:00""#, true), (#"meta.resourceType eq "User""#, true), (#"meta.version eq "W/\"3\"""#, true),
        (#"title pr and not (active eq false) or userName eq "nobody""#, true), (#"not (title pr or active eq true)"#, false),
    ]) func `a filter holds or not`(text: String, expected: Bool) throws {
        let condition = try SCIMResourceType.user.condition(try SCIMFilterParser.filter(text))
        #expect(condition.holds(for: Self.mara) == expected)
    }

    @Test(arguments: [
        ("userName", nil as String?, nil as String?), ("emails[type eq \"work\"].value", "type eq \"work\"", "value"),
        ("members[value eq \"c1\"]", "value eq \"c1\"", nil),
    ]) func `the path of a change is read`(text: String, filter: String?, sub: String?) throws {
        let path = try SCIMFilterParser.patchPath(text)
        #expect(path.filter?.description == filter && path.sub == sub)
    }

    @Test(arguments: [
        "", "a b", "emails[", "emails[type eq \"work\"", "emails[type eq]", "emails[type eq \"work\"]x", "emails[x eq \"1\"].a.b", "1", "a..b", "[]",
        "urn:ietf:params:scim:schemas:core:2.0:User:", "urn:", ":", "urn:acme::",
    ])
    func `what is no path is refused as that`(text: String) {
        let error = #expect(throws: SCIMError.self) { try SCIMFilterParser.patchPath(text) }
        #expect(error?.kind == .invalidPath)
    }
}

/// Random numbers that are the same each time.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

enum RandomFilter {
    private static let paths = [
        SCIMPath(["userName"]), SCIMPath(["name", "familyName"]), SCIMPath(["emails", "value"]), SCIMPath(["$ref"]),
        SCIMPath(urn: "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User", ["department"]), SCIMPath(["x-y_z1"]),
    ]
    private static let values: [SCIMComparand] = [
        .text("mara"), .text(""), .text("a \"b\" \\ c"), .text("é😀\n\t"), .text("and"), .flag(true), .flag(false), .null, .bare("12"),
        .bare("x@y.example"),
    ]

    private static func pick<T>(_ choices: [T], _ random: inout SeededGenerator) -> T { choices[Int.random(in: choices.indices, using: &random)] }

    static func make(_ random: inout SeededGenerator, depth: Int = 0) -> SCIMFilter {
        switch Int.random(in: 0..<(depth > 3 ? 2 : 7), using: &random) {
        case 0: return .present(pick(paths, &random))
        case 1:
            return .compare(
                pick(paths, &random), pick(SCIMOperator.allCases, &random), pick(values, &random))
        case 2: return .not(make(&random, depth: depth + 1))
        case 3: return .element(pick(paths, &random), make(&random, depth: depth + 2))
        case 4, 5: return .and((0..<Int.random(in: 2...3, using: &random)).map { _ in make(&random, depth: depth + 1) })
        default: return .or((0..<Int.random(in: 2...3, using: &random)).map { _ in make(&random, depth: depth + 1) })
        }
    }
}
