import JSON
import SCIM
import Testing

private let core = "urn:ietf:params:scim:schemas:core:2.0:User"
private let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

@Suite struct PatchTests {
    /// One operation, or several, applied to somebody.
    private func patched(_ operations: JSONValue, _ before: [String: JSONValue] = [:], of type: SCIMResourceType = .user) throws -> SCIMAttributes {
        let basis: [String: JSONValue] = type.name == "User" ? ["userName": "mara", "active": true] : ["displayName": "Finance"]
        let patch = try SCIMPatch([
            "schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": operations.items == nil ? .array([operations]) : operations,
        ])
        return try patch.applied(to: SCIMAttributes(basis.merging(before) { $1 }), of: type)
    }

    private static let work: JSONValue = ["value": "mara@acme.example", "type": "work", "primary": true]
    private static let home: JSONValue = ["value": "m@home.example", "type": "home"]

    @Test func `add, replace and remove do what RFC 7644 says`() throws {
        #expect(try patched(["op": "add", "path": "title", "value": "Controller"])["title"] == "Controller")
        #expect(try patched(["op": "replace", "path": "title", "value": "CFO"], ["title": "Controller"])["title"] == "CFO")
        #expect(try patched(["op": "replace", "path": "title", "value": "CFO"])["title"] == "CFO")
        #expect(try patched(["op": "remove", "path": "title"], ["title": "CFO"])["title"] == nil)
        #expect(try patched(["op": "replace", "path": "title", "value": .null], ["title": "CFO"])["title"] == nil)
        #expect(
            try patched(["op": "add", "path": "name.givenName", "value": "Mara"], ["name": ["familyName": "Lind"]])["name"] == [
                "givenName": "Mara", "familyName": "Lind",
            ])
        // Of a complex value, what is not named stays.
        #expect(
            try patched(["op": "replace", "path": "name", "value": ["givenName": "M"]], ["name": ["familyName": "Lind"]])["name"] == [
                "givenName": "M", "familyName": "Lind",
            ])
        #expect(try patched(["op": "remove", "path": "name.givenName"], ["name": ["givenName": "Mara"]])["name"] == nil)
    }

    @Test func `lists grow by what is new, and are replaced as a whole`() throws {
        #expect(
            try patched(["op": "add", "path": "emails", "value": [Self.home, Self.work]], ["emails": [Self.work]])["emails"] == [
                Self.work, Self.home,
            ])
        #expect(try patched(["op": "add", "path": "emails", "value": Self.home])["emails"] == [Self.home])
        #expect(try patched(["op": "replace", "path": "emails", "value": [Self.home]], ["emails": [Self.work]])["emails"] == [Self.home])
        #expect(try patched(["op": "replace", "path": "emails", "value": []], ["emails": [Self.work]])["emails"] == nil)
        #expect(try patched(["op": "remove", "path": "emails"], ["emails": [Self.work]])["emails"] == nil)
        #expect(try patched(["op": "remove", "path": #"emails[type eq "home"]"#], ["emails": [Self.work, Self.home]])["emails"] == [Self.work])
        #expect(try patched(["op": "remove", "path": #"emails[type eq "other"]"#], ["emails": [Self.work]])["emails"] == [Self.work])
        #expect(
            try patched(["op": "remove", "path": #"emails[type eq "home"].value"#], ["emails": [Self.work, Self.home]])["emails"] == [Self.work])
        #expect(
            try patched(
                ["op": "replace", "path": #"emails[type eq "home"].value"#, "value": "new@home.example"], ["emails": [Self.work, Self.home]])[
                    "emails"]
                == [Self.work, ["value": "new@home.example", "type": "home"]])
    }

    @Test func `one primary takes it from the others`() throws {
        let changed = try patched(["op": "replace", "path": #"emails[type eq "home"].primary"#, "value": true], ["emails": [Self.work, Self.home]])
        #expect(
            changed["emails"] == [
                ["value": "mara@acme.example", "type": "work", "primary": false], ["value": "m@home.example", "type": "home", "primary": true],
            ])
        let added = try patched(["op": "add", "path": "emails", "value": [["value": "x@y.example", "primary": true]]], ["emails": [Self.work]])
        #expect(added["emails"]?.items?.map { $0["primary"] } == [false, true])
    }

    @Test(
        arguments: [
            // 1, 2: capitals and texts for truth values
            (["op": "Replace", "path": "active", "value": "False"], ["active": false]),
            (["op": "Add", "path": "active", "value": "True"], ["active": true]),
            // 3: the work address of somebody who has none
            (
                ["op": "Replace", "path": #"emails[type eq "work"].value"#, "value": "m@acme.example"],
                ["emails": [["type": "work", "value": "m@acme.example"]]]
            ),
            (
                ["op": "Add", "path": #"emails[type eq "work"].value"#, "value": "m@acme.example"],
                ["emails": [["type": "work", "value": "m@acme.example"]]]
            ),
            // 4: dotted and colon keys
            (
                [
                    "op": "replace",
                    "value": [
                        "displayName": "D", "name.givenName": "G", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber": "7",
                    ],
                ],
                [
                    "displayName": "D", "name": ["givenName": "G"],
                    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": ["employeeNumber": "7"],
                ]
            ),
            (
                ["op": "add", "value": [#"emails[type eq "work"].value"#: "m@acme.example"]],
                ["emails": [["type": "work", "value": "m@acme.example"]]]
            ),
            // 7: the manager as a text, and a dot behind the URN
            (
                ["op": "Add", "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:manager", "value": "c1"],
                ["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": ["manager": ["value": "c1"]]]
            ),
            (
                ["op": "Add", "path": "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User.manager", "value": "c1"],
                ["urn:ietf:params:scim:schemas:extension:enterprise:2.0:User": ["manager": ["value": "c1"]]]
            ),
            // 8: what we do not keep
            (["op": "Add", "path": "roles", "value": []], [:]), (["op": "Add", "path": #"phoneNumbers[type eq "work"].value"#, "value": "1"], [:]),
            (["op": "Add", "path": "urn:ietf:params:scim:schemas:extension:Custom:2.0:User:tag", "value": "1"], [:]),
            // 9, 10: no path
            (["op": "replace", "value": ["active": false]], ["active": false]),
            (["op": "replace", "value": ["id": "x", "title": "T"]], ["title": "T"]),
            // 13: one for many, and many for one
            (["op": "replace", "path": "emails", "value": ["value": "m@acme.example"]], ["emails": [["value": "m@acme.example"]]]),
            (["op": "replace", "path": "title", "value": ["T"]], ["title": "T"]),
            (["op": "replace", "path": "URN:IETF:params:scim:schemas:core:2.0:User:TITLE", "value": "T"], ["title": "T"]),
            // The URN of the extension left out, or written as SCIM 1.1 and the drafts have it.
            (["op": "add", "path": "department", "value": "F"], [enterprise: ["department": "F"]]),
            (["op": "add", "value": ["manager": "c1"]], [enterprise: ["manager": ["value": "c1"]]]),
            (["op": "add", "path": "urn:scim:schemas:extension:enterprise:1.0:department", "value": "F"], [enterprise: ["department": "F"]]),
            (["op": "add", "path": "urn:scim:schemas:extension:enterprise:1.0", "value": ["department": "F"]], [enterprise: ["department": "F"]]),
            (["op": "add", "value": ["urn:scim:schemas:extension:enterprise:1.0": ["department": "F"]]], [enterprise: ["department": "F"]]),
            (["op": "replace", "path": "urn:scim:schemas:core:1.0:title", "value": "T"], ["title": "T"]),
            (["op": "Replace", "path": "active", "value": [["$ref": .null, "value": "False"]]], ["active": false]),
            (["op": "Replace", "path": "title", "value": ["Value": "T"]], ["title": "T"]),
            // A number for a text.
            (["op": "replace", "path": .string("\(enterprise):employeeNumber"), "value": 1042], [enterprise: ["employeeNumber": "1042"]]),
        ] as [(JSONValue, [String: JSONValue])]) func `what real directories send is understood`(
            operation: JSONValue, expected: [String: JSONValue]
        ) throws
    {
        #expect(try patched(operation) == SCIMAttributes(["userName": "mara", "active": true].merging(expected) { $1 }))
    }

    /// Names that nobody here knows: a list of the extra attributes that OneLogin, JumpCloud, Ping and others are told to send.
    @Test(
        arguments: [
            "titel", "name.middle", "name.middleName", "customAttributes.costCentre", "department.code", "accountEnabled",
            "urn:ietf:params:scim:schemas:extension:OneLogin:2.0:User:status", "urn:onelogin:scim:1.0", "urn:okta:acme:1.0:user:custom:tag",
            "urn:jumpcloud:custom:1.0.2", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:costCentre",
            #"emails[kind eq "x"]"#, #"emails[kind eq "x"].value"#, #"emails[type eq "work"].verified"#, #"manager[name eq "x"]"#,
            #"manager[value eq "c1"].mail"#, #"title[kind eq "x"]"#, #"addresses[type eq "work"].country"#,
            #"urn:ietf:params:scim:schemas:extension:enterprise:2.0:User[department eq "x"]"#,
        ], ["add", "replace", "remove"]) func `what is not kept stands in the way of nothing`(path: String, kind: String) throws
    {
        let operations: JSONValue = [
            ["op": .string(kind), "path": .string(path), "value": "x"], ["op": "Replace", "path": "active", "value": "False"],
        ]
        let before: [String: JSONValue] = ["emails": [Self.work], "title": "T", enterprise: ["manager": ["value": "c1"]]]
        let after = try patched(operations, before)
        #expect(after.members == before.merging(["userName": "mara", "active": false]) { $1 })
        // The same as a name among others.
        guard kind != "remove" else { return }
        let value: JSONValue = .object([path: "x", "active": false])
        #expect(try patched(["op": .string(kind), "value": value], before) == after)
    }

    @Test(
        arguments: [
            (["op": "add", "path": "titel", "value": "x"], ["titel"]), (["op": "remove", "path": "name.middleName"], ["name.middleName"]),
            (["op": "remove", "path": #"emails[kind eq "x"]"#], ["emails[kind]"]),
            (["op": "remove", "path": #"emails[type eq "work" and not (kind pr or verified eq true)]"#], ["emails[kind]", "emails[verified]"]),
            (["op": "add", "path": #"emails[type eq "work"].verified"#, "value": "x"], ["emails[…].verified"]),
            (["op": "add", "path": #"emails[kind eq "x"].verified"#, "value": "x"], ["emails[kind]", "emails[…].verified"]),
            (["op": "remove", "path": #"manager[name eq "x"]"#], ["manager[name]"]),
            (["op": "replace", "path": #"manager[value eq "c1"].mail"#, "value": "x"], ["manager[…].mail"]),
            (["op": "replace", "path": #"title[kind eq "x"].value"#, "value": "x"], ["title[kind]"]),
            (["op": "replace", "value": [#"emails[kind eq "x"].value"#: "x", "titel": "x"]], ["emails[kind]", "titel"]),
            (["op": "add", "path": .string("\(enterprise):costCentre"), "value": "x"], ["\(enterprise):costCentre"]),
            (["op": "add", "path": .string(enterprise), "value": ["costCentre": "x", "department": "F"]], ["\(enterprise):costCentre"]),
            (["op": "add", "value": [enterprise: ["costCentre": "x"]]], ["\(enterprise):costCentre"]),
            (["op": "add", "value": ["\(enterprise):": "x", "cost centre": "x", "titel": "x"]], ["a text that is no name", "titel"]),
            (["op": "add", "path": .string(enterprise), "value": ["cost centre": "x"]], ["a text that is no name"]),
            (["op": "remove", "path": .string(#"\#(enterprise)[department eq "x"]"#)], ["\(enterprise)[…]"]),
            // What is done, and what is known and not kept.
            (["op": "replace", "path": #"emails[type eq "work"].value"#, "value": "x"], []),
            (["op": "replace", "path": #"title[value eq "x"].value"#, "value": "x"], []), (["op": "remove", "path": .string(enterprise)], []),
            (["op": "add", "path": #"phoneNumbers[kind eq "work"].value"#, "value": "1"], []),
            (["op": "add", "path": "name", "value": ["givenName": "Mara", "formatted": "Mara Lind"]], []),
            (["op": "add", "value": ["id": "x", "meta": ["x": "y"], "schemas": ["urn:x"]]], []),
            (["op": "add", "path": "emails", "value": [["value": "a", "$ref": .null, "display": "A"]]], []),
            (["op": "Replace", "path": "title", "value": [["$ref": .null, "value": "T"]]], []),
            // Under a URN that nobody here knows, in a path, among others, and in an object.
            (["op": "add", "path": "urn:okta:acme:1.0:user:custom:tag", "value": "x"], ["urn:okta:acme:1.0:user:custom:tag"]),
            (["op": "remove", "path": "urn:okta:acme:1.0:user:custom:tag"], ["urn:okta:acme:1.0:user:custom:tag"]),
            (
                ["op": "add", "path": "urn:jumpcloud:custom:1.0.2", "value": ["b": 1, "a": 2, "c": .null]],
                ["urn:jumpcloud:custom:1.0.2:a", "urn:jumpcloud:custom:1.0.2:b"]
            ),
            (
                ["op": "add", "value": ["urn:okta:acme:1.0:user:custom:tag": "x", "urn:x:User": ["tag": "x", "a tag": "x"]]],
                ["urn:okta:acme:1.0:user:custom:tag", "a text that is no name", "urn:x:User:tag"]
            ),
            (["op": "add", "path": .string(core), "value": ["title": "T"]], [core]), (["op": "add", "value": [core: ["title": "T"]]], [core]),
            // Parts of an object.
            (["op": "add", "path": "name", "value": ["givenName": "Mara", "middleName": "X", "honorificPrefix": ""]], ["name.middleName"]),
            (["op": "replace", "value": ["name": ["middleName": "X"], "title": "T"]], ["name.middleName"]),
            (["op": "add", "path": "emails", "value": [["value": "a", "verified": true], ["value": "b", "verified": true]]], ["emails.verified"]),
            (["op": "replace", "path": #"emails[type eq "work"]"#, "value": ["value": "a", "verified": true]], ["emails[…].verified"]),
            (["op": "add", "path": "manager", "value": ["value": "c1", "mail": "x"]], ["manager.mail"]),
            (["op": "add", "path": .string(enterprise), "value": ["manager": ["mail": "x"]]], ["\(enterprise):manager.mail"]),
            (["op": "replace", "path": "title", "value": ["value": "T", "language": "de"]], ["title.language"]),
            (["op": "add", "path": "name", "value": ["middle name": "X"]], ["a text that is no name"]),
        ] as [(JSONValue, [String])]) func `what is left out of a change is named`(operation: JSONValue, names: [String]) throws
    {
        #expect(try SCIMPatch(["Operations": [operation, operation]]).unknownNames(of: .user) == names)
    }

    @Test(arguments: ["add", "replace"]) func `parts that nobody knows take nothing away`(kind: String) throws {
        let before: [String: JSONValue] = [
            "userName": "mara", "active": true, "name": ["givenName": "Mara"], "emails": [Self.work], enterprise: ["manager": ["value": "c1"]],
        ]
        let nested: JSONValue = ["manager": ["mail": "x"]]
        let cases: [(String, JSONValue)] = [
            ("name", ["middleName": "X"]), ("emails", [["verified": true]]), ("emails", ["verified": true]), ("manager", ["mail": "x"]),
            (#"emails[type eq "work"]"#, ["verified": true]), (#"emails[type eq "work"].primary"#, "perhaps"), (enterprise, nested),
        ]
        for (path, value) in cases {
            #expect(try patched(["op": .string(kind), "path": .string(path), "value": value], before).members == before, "\(path)")
            guard path != enterprise, !path.contains("[") else { continue }
            #expect(try patched(["op": .string(kind), "value": .object([path: value])], before).members == before, "\(path)")
        }
        // What says that there is none still does.
        #expect(try patched(["op": .string(kind), "path": "name", "value": ["givenName": .null]], before)["name"] == nil)
    }

    @Test func `of endless names fifty are told, and that there are more`() throws {
        let value = JSONValue.object(Dictionary(uniqueKeysWithValues: (0..<5_000).map { ("name\($0)", "x") }))
        let names = try SCIMPatch(["Operations": [["op": "add", "value": value]]]).unknownNames(of: .user)
        #expect(names.count == SCIMResourceType.toldNames + 1 && SCIMResourceType.toldNames == 50)
        #expect(SCIMResourceType.user.unknownNames(in: value).count == 51)
    }

    @Test func `of several operations the one that is wrong is told by its number`() throws {
        let good: JSONValue = ["op": "add", "path": "title", "value": "T"]
        let unread = #expect(throws: SCIMError.self) { try SCIMPatch(["Operations": [good, ["op": "move", "path": "title"]]]) }
        #expect(unread?.detail == "Operation 2: op has to be add, replace or remove." && unread?.kind == .invalidSyntax)
        let undone = #expect(throws: SCIMError.self) { try patched([good, good, ["op": "replace", "path": "active", "value": "maybe"]]) }
        #expect(undone?.detail == "Operation 3: active has to be true or false, and is a text." && undone?.kind == .invalidValue)
        let alone = #expect(throws: SCIMError.self) { try SCIMPatch(["Operations": [["op": "move", "path": "title"]]]) }
        #expect(alone?.detail == "op has to be add, replace or remove.")
    }

    @Test func `of an attribute with one value the bracket says which one is meant`() throws {
        let manager: [String: JSONValue] = [enterprise: ["manager": ["value": "c1", "displayName": "B"], "department": "F"]]
        let without: JSONValue = ["department": "F"]
        for path in ["manager", "\(enterprise):manager", "\(enterprise).manager", "urn:scim:schemas:extension:enterprise:1.0:manager"] {
            func after(_ kind: String, _ rest: String, _ value: JSONValue = .null) throws -> JSONValue? {
                try patched(["op": .string(kind), "path": .string(path + rest), "value": value], manager)[enterprise]
            }
            #expect(try after("Remove", #"[value eq "c1"]"#) == without)
            #expect(try after("remove", #"[value eq "c1" and displayName eq "b"]"#) == without)
            // What is not that one is gone already.
            #expect(try after("remove", #"[value eq "c2"]"#) == manager[enterprise])
            #expect(try after("remove", #"[value eq "c1"].displayName"#) == ["department": "F", "manager": ["value": "c1"]])
            #expect(try after("Replace", #"[value eq "c1"]"#, "c3") == ["department": "F", "manager": ["value": "c3", "displayName": "B"]])
            #expect(try after("Replace", #"[value eq "c2"].value"#, "c3") == ["department": "F", "manager": ["value": "c3", "displayName": "B"]])
        }
        // Where none is, it is made.
        #expect(
            try patched(["op": "Add", "path": #"manager[value eq "c1"].displayName"#, "value": "B"])[enterprise] == [
                "manager": ["value": "c1", "displayName": "B"]
            ])
        let named: [String: JSONValue] = ["name": ["givenName": "Mara", "familyName": "Lind"]]
        #expect(
            try patched(["op": "replace", "path": #"name[givenName eq "mara"].familyName"#, "value": "Berg"], named)["name"] == [
                "givenName": "Mara", "familyName": "Berg",
            ])
        #expect(try patched(["op": "remove", "path": #"name[givenName eq "Mara"]"#], named)["name"] == nil)
        #expect(try patched(["op": "remove", "path": #"title[value eq "cfo"]"#], ["title": "CFO"])["title"] == nil)
        #expect(try patched(["op": "remove", "path": #"title[value eq "CEO"]"#], ["title": "CFO"])["title"] == "CFO")
        #expect(try patched(["op": "replace", "path": #"title[value eq "CEO"].value"#, "value": "COO"], ["title": "CFO"])["title"] == "COO")
    }

    @Test func `a whole extension is set, merged and taken away by its name`() throws {
        let set = try patched(["op": "add", "path": .string(enterprise), "value": ["department": "Finance", "manager": ["value": "c1"]]])
        #expect(set[enterprise] == ["department": "Finance", "manager": ["value": "c1"]])
        #expect(
            try patched(["op": "replace", "path": .string(enterprise), "value": ["division": "D"]], set.members)[enterprise]?["department"]
                == "Finance")
        #expect(try patched(["op": "remove", "path": .string(enterprise)], set.members)[enterprise] == nil)
        #expect(
            try patched(["op": "replace", "value": [enterprise: ["department": .null]]] as JSONValue, [enterprise: ["department": "F"]])[enterprise]
                == nil)
    }

    @Test func `members come and go`() throws {
        let (one, two): (JSONValue, JSONValue) = (["value": "c1"], ["value": "c2", "type": "User"])
        func members(_ operation: JSONValue, _ before: JSONValue) throws -> JSONValue? {
            try patched(operation, ["members": before], of: .group)["members"]
        }
        #expect(try members(["op": "add", "path": "members", "value": [two]], [one]) == [one, two])
        #expect(
            try members(["op": "add", "path": "members", "value": [["value": "c1", "display": "Mara"]]], [one]) == [
                ["value": "c1", "display": "Mara"]
            ])
        // 12: the id alone
        #expect(try members(["op": "Add", "path": "members", "value": "c2"], [one]) == [one, ["value": "c2"]])
        // 5: only those named are taken away
        #expect(try members(["op": "Remove", "path": "members", "value": [["$ref": .null, "value": "c1"]]], [one, two]) == [two])
        #expect(try members(["op": "remove", "path": #"members[value eq "c2"]"#], [one, two]) == [one])
        #expect(try members(["op": "remove", "path": #"members[value eq "c9"]"#], [one]) == [one])
        #expect(try members(["op": "remove", "path": "members"], [one, two]) == nil)
        #expect(try members(["op": "remove", "path": "members", "value": .null], [one, two]) == nil)
        // Of none none are taken away.
        for nobody: JSONValue in [[], [[:]], [:], [.null], "", [["$ref": .null, "value": .null]], [["value": ""]], [["value": "c9"]]] {
            #expect(try members(["op": "Remove", "path": "members", "value": nobody], [one, two]) == [one, two], "\(nobody)")
        }
        #expect(try members(["op": "replace", "path": "members", "value": [two]], [one]) == [two])
    }

    @Test(
        arguments: [
            (["op": "remove"], .noTarget), (["op": "remove", "path": ""], .noTarget), (["op": "move", "path": "title"], .invalidSyntax),
            ([:], .invalidSyntax),
            (["op": 1, "path": "title"], .invalidSyntax), (["op": "add", "path": 1], .invalidSyntax), ("add", .invalidSyntax),
            (["op": "add", "path": "emails[", "value": "x"], .invalidPath),
            (["op": "add", "path": #"emails.value[value eq "x"]"#, "value": "x"], .invalidPath),
            (["op": "add", "path": #"manager[value gt null]"#, "value": "x"], .invalidPath),
            // A schema and a colon, and nothing behind it.
            (["op": "remove", "path": .string("\(enterprise):")], .invalidPath),
            (["op": "add", "path": .string("\(enterprise):"), "value": ["department": "F"]], .invalidPath),
            (["op": "replace", "path": "urn:ietf:params:scim:schemas:core:2.0:User:", "value": "x"], .invalidPath),
            (["op": "replace", "path": "urn:acme:custom:1.0:", "value": "x"], .invalidPath),
            (["op": "replace", "path": #"urn:acme:custom:[value eq "x"]"#, "value": "x"], .invalidPath),
            (["op": "replace", "path": #"emails[urn:acme: eq "x"]"#, "value": "x"], .invalidPath),
            (["op": "replace", "path": "id", "value": "x"], .mutability), (["op": "replace", "path": "meta.created", "value": "x"], .mutability),
            (["op": "replace", "path": #"emails[type co "w"].value"#, "value": "x"], .noTarget),
            (["op": "replace", "path": "active", "value": "maybe"], .invalidValue),
            (["op": "replace", "path": "title", "value": .number(1.5)], .invalidValue),
            (["op": "replace", "path": "title", "value": ["a", "b"]], .invalidValue),
            (["op": "replace", "path": "name", "value": "Mara"], .invalidValue),
            (["op": "remove", "path": "userName"], .mutability), (["op": "replace", "path": "userName", "value": ""], .invalidValue),
            (["op": "remove", "path": "active"], .mutability), (["op": "replace", "value": "x"], .invalidValue), (["op": "add"], .invalidValue),
            (["op": "add", "path": "title", "value": "a\u{0}b"], .invalidValue), (["op": "add", "path": "emails[value eq \"\u{0}\"]"], .invalidPath),
            (["op": "add", "path": "emails", "value": [["value": "a", "Value": "b"]]], .invalidSyntax),
            (["op": "add", "value": ["title": "a", "Title": "b"]], .invalidSyntax),
            (["op": "add", "path": .string(enterprise), "value": ["division": "a", "Division": "b"]], .invalidSyntax),
        ] as [(JSONValue, SCIMError.Kind)]) func `what makes no sense is refused with the reason`(operation: JSONValue, kind: SCIMError.Kind)
    {
        let error = #expect(throws: SCIMError.self) { try patched(operation) }
        #expect(error?.kind == kind && error?.code == 400)
    }

    @Test func `what is removed and given anew was not taken away`() throws {
        #expect(try patched([["op": "remove", "path": "userName"], ["op": "add", "path": "userName", "value": "jo"]])["userName"] == "jo")
    }

    @Test func `a member cannot become another`() {
        let error = #expect(throws: SCIMError.self) {
            try patched(["op": "replace", "path": #"members[value eq "c1"].value"#, "value": "c2"], ["members": [["value": "c1"]]], of: .group)
        }
        #expect(error?.kind == .mutability)
    }

    @Test(
        arguments: [
            "x", .null, [], [:], ["Operations": []], ["Operations": "x"],
            ["schemas": ["urn:ietf:params:scim:api:messages:2.0:BulkRequest"], "Operations": [["op": "add", "path": "title", "value": "x"]]],
            ["schemas": [1], "Operations": [["op": "add", "path": "title", "value": "x"]]], ["Operations": [["op": "add"]], "operations": []],
        ] as [JSONValue]) func `what is no PATCH is refused as that`(body: JSONValue)
    {
        let error = #expect(throws: SCIMError.self) { try SCIMPatch(body) }
        #expect(error?.kind == .invalidSyntax)
    }

    @Test(arguments: [[], ["urn:other"], ["urn:ietf:params:scim:schemas:core:2.0:PatchOp"], ["urn:ietf:params:scim:schemas:core:2.0:User"]])
    func `a PATCH is one whatever its schemas say, unless they say another message`(schemas: [String]) throws {
        let urns = JSONValue.array(schemas.map { .string($0) })
        let patch = try SCIMPatch(["schemas": urns, "Operations": [["op": "replace", "path": "active", "value": false]]])
        #expect(try patch.applied(to: SCIMAttributes(["userName": "a", "active": true]), of: .user)["active"] == false)
    }

    @Test func `of operations that cannot all be done none is`() {
        let before = SCIMAttributes(["userName": "mara", "active": true])
        #expect(throws: SCIMError.self) {
            try patched([["op": "add", "path": "title", "value": "T"], ["op": "replace", "path": "active", "value": "maybe"]], before.members)
        }
    }
}
