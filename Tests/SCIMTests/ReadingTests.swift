import Foundation
import JSON
import SCIM
import Testing

private let core = "urn:ietf:params:scim:schemas:core:2.0:User"
private let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

@Suite struct ReadingTests {
    @Test func `names are the schema's whatever their case, and what is not kept is passed over`() throws {
        let body: JSONValue = [
            "SCHEMAS": [.string(core), .string(enterprise)], "USERNAME": "mara", "id": "mine", "meta": ["version": "x"], "password": "secret",
            "groups": [],
            "roles": [["value": "admin"]], "Active": "True", "name": ["GivenName": "Mara", "middleName": "X"], "unheardOf": ["a": 1],
            "nickName": .null,
            "emails": [
                ["Value": "m@acme.example", "type": "work", "display": "M", "primary": "yes"], .null,
                ["value": "m@acme.example", "type": "work", "display": "M"],
            ],
            enterprise: ["department": "Finance", "manager": "c1", "other": 1], "title": "",
            "URN:ietf:params:scim:schemas:core:2.0:User:displayName": "Mara Lind",
        ]
        let read = try SCIMResourceType.user.read(body)
        #expect(
            read.members == [
                "userName": "mara", "active": true, "name": ["givenName": "Mara"],
                "emails": [["value": "m@acme.example", "type": "work", "display": "M"]],
                enterprise: ["department": "Finance", "manager": ["value": "c1"]], "displayName": "Mara Lind",
            ])
    }

    // With its type written out, and null by name: the compiler gives up on it otherwise.
    private static let refused: [(JSONValue, SCIMError.Kind)] = [
        ("x", .invalidSyntax), ([], .invalidSyntax), (JSONValue.null, .invalidSyntax),
        (["schemas": "urn:ietf:params:scim:schemas:core:2.0:Group", "userName": "a"], .invalidSyntax),
        (["schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "userName": "a"], .invalidSyntax),
        (["schemas": [1], "userName": "a"], .invalidSyntax), (["userName": "a", "username": "b"], .invalidSyntax),
        ([:], .invalidValue), (["userName": JSONValue.null], .invalidValue), (["userName": ""], .invalidValue),
        (["userName": .number(5.5)], .invalidValue),
        (["userName": ["a", "b"]], .invalidValue),
        (["userName": ["a": "b"]], .invalidValue), (["userName": "a", "active": "perhaps"], .invalidValue),
        (["userName": "a", "active": 1], .invalidValue),
        (["userName": "a", "name": "Mara"], .invalidValue), (["userName": "a", "emails": [1]], .invalidValue),
        (["userName": "a", "emails": [["value": true]]], .invalidValue),
        (["userName": "a", "emails": [["value": "a", "primary": true], ["value": "b", "primary": true]]], .invalidValue),
        (["userName": "a\u{0}"], .invalidValue), (["userName": .string(String(repeating: "a", count: 501))], .invalidValue),
        (["userName": "a", "emails": .array((0..<60).map { ["value": .string("\($0)")] })], .invalidValue),
        (["userName": "a", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": "x"], .invalidValue),
        (["userName": "a", "emails": [["value": "a", "Value": "b"]]], .invalidSyntax),
        (["userName": "a", "name": ["givenName": "a", "GIVENNAME": "b"]], .invalidSyntax),
        (["userName": "a", enterprise: ["department": "a", "Department": "b"]], .invalidSyntax),
    ]

    @Test(arguments: refused) func `what is no user is refused with the reason`(body: JSONValue, kind: SCIMError.Kind) {
        let error = #expect(throws: SCIMError.self) { try SCIMResourceType.user.read(body) }
        #expect(error?.kind == kind && error?.code == 400 && error?.detail.isEmpty == false)
    }

    /// As OneLogin's templates for SCIM 1.1 and 2.0, other clients' own extensions, and those that say nothing at all.
    @Test(arguments: [
        ["urn:scim:schemas:core:1.0"], ["urn:scim:schemas:core:1.0", "urn:scim:schemas:extension:enterprise:1.0"], ["urn:scim:schemas:core:2.0:User"],
        [core, "urn:ietf:params:scim:schemas:extension:OneLogin:2.0:User"], ["urn:x"], [],
    ]) func `URNs that nobody here knows are taken, and not given out as ours`(schemas: [String]) throws {
        let former: JSONValue = ["department": "Finance", "employeeNumber": 1042, "extra": ["a"]]
        let read = try SCIMResourceType.user.read([
            "schemas": .array(schemas.map { .string($0) }), "userName": "a", "custom1": [1, 2],
            "urn:ietf:params:scim:schemas:extension:OneLogin:2.0:User": ["status": 1], "urn:scim:schemas:extension:enterprise:1.0": former,
        ])
        #expect(read.members == ["userName": "a", "active": true, enterprise: ["department": "Finance", "employeeNumber": "1042"]])
        #expect(read.schemas(of: .user) == [core, enterprise])
    }

    @Test(
        arguments: [
            ([:], []), ("x", []), (["userName": "a", "externalId": "b", "active": true, "emails": [["value": "a", "type": "work"]]], []),
            // What every directory sends unasked: our own to say, known and not kept, or without a value.
            (["id": "x", "meta": ["version": "x"], "schemas": ["urn:x"], "password": "secret", "groups": [], "roles": [["value": "admin"]]], []),
            (
                ["phoneNumbers": [["value": "1", "extension": "2"]], "NICKNAME": "M", "\(core):locale": "de", "unheardOf": .null, "x": [], "y": ""],
                []
            ),
            (["department": "F", "manager": "c1", "urn:scim:schemas:extension:enterprise:1.0": ["department": "F", "other": .null]], []),
            // And what only this one has.
            (["unheardOf": ["a": 1], "costCentre": 7], ["costCentre", "unheardOf"]), (["title": "T", "titel": "T"], ["titel"]),
            (["name": ["givenName": "M", "middleName": "X", "honorificPrefix": "Dr"]], ["name.honorificPrefix", "name.middleName"]),
            (
                ["name.middleName": "X", "emails.value": "x", #"emails[type eq "work"].value"#: "x", "cost centre": "x"],
                ["a text that is no name", "emails.value", "emails[…].value", "name.middleName"]
            ),
            (["emails": [["value": "a", "verified": true], ["value": "b", "VERIFIED": true]]], ["emails.verified", "emails.VERIFIED"]),
            ([enterprise: ["costCentre": "7", "department": "F"]], ["\(enterprise):costCentre"]),
            (["urn:scim:schemas:extension:enterprise:1.0": ["costCentre": "7"]], ["\(enterprise):costCentre"]),
            (
                ["urn:ietf:params:scim:schemas:extension:OneLogin:2.0:User": ["status": 1, "group": "x"]],
                [
                    "urn:ietf:params:scim:schemas:extension:OneLogin:2.0:User:group",
                    "urn:ietf:params:scim:schemas:extension:OneLogin:2.0:User:status",
                ]
            ),
            (["urn:okta:acme:1.0:user:custom:tag": "x"], ["urn:okta:acme:1.0:user:custom:tag"]), ([core: ["title": "T"]], [core]),
        ] as [(JSONValue, [String])]) func `what is left out of a resource is named`(body: JSONValue, names: [String])
    {
        #expect(SCIMResourceType.user.unknownNames(in: body) == names)
    }

    @Test func `an attribute of the extension is known without its URN`() throws {
        let read = try SCIMResourceType.user.read(["userName": "a", "department": "Finance", "manager": ["value": "c1"]])
        #expect(read[enterprise] == ["department": "Finance", "manager": ["value": "c1"]])
    }

    @Test func `somebody is active unless it is said otherwise, and a PUT that does not say it leaves it as it was`() throws {
        #expect(try SCIMResourceType.user.read(["userName": "a"])["active"] == true)
        let former = SCIMAttributes(["userName": "a", "active": false, "title": "T"])
        let read = try SCIMResourceType.user.read(["userName": "a"], replacing: former)
        #expect(read["active"] == false && read["title"] == nil)
    }

    @Test func `a group has each member once, and each member an id`() throws {
        let read = try SCIMResourceType.group.read([
            "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group", "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
            "displayName": "Finance", "members": [["value": "c1"], ["value": "c1", "display": "Mara"], "c2"],
        ])
        #expect(read["members"] == [["value": "c1", "display": "Mara"], ["value": "c2"]])
        #expect(throws: SCIMError.self) { try SCIMResourceType.group.read(["displayName": "F", "members": [["display": "x"]]]) }
    }

    @Test func `folding is the same for all spellings of a text, and done twice it changes nothing`() {
        for (one, other) in [
            ("MARA", "mara"), ("É", "e\u{301}"), ("Straße", "STRAße"), ("ÅSA", "a\u{30A}sa"), ("ΣΊΣΥΦΟΣ".lowercased(), "ΣΊΣΥΦΟΣ"),
            ("ΟΔΟΣ", "οδος"), ("οδοσ", "οδος"), ("STRASSE", "straße"),
        ] {
            #expect(SCIMText.folded(one).utf8.elementsEqual(SCIMText.folded(other).utf8), "\(one)")
        }
        for text in ["İstanbul", "Ǆ", "ﬁ", "\u{1E9E}", "😀", "Ω\u{345}", "ς", "ΐ", "ŉ", "ǰ", "ſ", "µ", "ı"] {
            #expect(SCIMText.folded(SCIMText.folded(text)).utf8.elementsEqual(SCIMText.folded(text).utf8), "\(text)")
        }
        #expect(SCIMText.folded("ılker") != SCIMText.folded("ilker"))
    }

    @Test(arguments: [
        ("2026-01-31T12:00:00Z", 1_769_860_800.0), ("2026-01-31T13:00:00+01:00", 1_769_860_800), ("2026-01-31T12:00:00.5Z", 1_769_860_800.5),
        ("2015-10-10T14:38:21.8617979-07:00", 1_444_513_101.8617979), ("2026-01-31T12:00:00", 1_769_860_800),
        ("1600-01-01T00:00:00Z", -11_676_096_000), ("9999-12-31T23:59:59Z", 253_402_300_799),
    ]) func `times are read with any zone and any fraction`(text: String, seconds: Double) throws {
        let time = try #require(SCIMText.time(text))
        #expect(abs(time.timeIntervalSince1970 - seconds) < 0.000_01)
    }

    @Test(arguments: [
        "", "yesterday", "2026-13-01T00:00:00Z", "2026-01-31", "12:00", "294277-01-01T00:00:00Z", "10000-01-01T00:00:00Z", "0000-12-31T23:59:59Z",
    ]) func `what is no time is none`(text: String) {
        #expect(SCIMText.time(text) == nil)
    }
}

extension JSONValue {
    func with(_ name: String, _ value: JSONValue) -> JSONValue { .object((members ?? [:]).merging([name: value]) { $1 }) }
}
