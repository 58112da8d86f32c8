import DataShieldTestSupport
import Foundation
import JSON
import SCIM
import Testing

@testable import DataShield

/// What Microsoft Entra ID and Okta send, in their order and spelling.
@Suite(.freshDatabase) struct SCIMProvidersTests {
    @Test func `Entra tests the connection, provisions, changes, disables, restores and deletes somebody`() async throws {
        try await withSCIM { scim in
            // "Test Connection": somebody who cannot be there.
            let trial = try await scim.find("userName eq \"\(UUID())\"")
            #expect(trial.status == 200 && trial.total == 0 && trial.body["Resources"] == [] && trial.body["itemsPerPage"] == 0)
            #expect(try await scim.find(#"userName eq "Test_User_dfeef4c5-5681-4387-b016-bdf221e82081""#).total == 0)
            let made = try await scim.send(
                "POST", "/Users?aadOptscim062020",
                [
                    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User", .string(enterprise)],
                    "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
                    "userName": "Test_User_ab6490ee@acme.example", "active": "True",
                    "addresses": [["primary": false, "type": "work", "country": "Romania"]],
                    "displayName": "Lennie Schmidt", "emails": [["type": "work", "value": "lennie@acme.example", "primary": true]],
                    "meta": ["resourceType": "User"], "name": ["formatted": "Lennie Schmidt", "familyName": "Schmidt", "givenName": "Lennie"],
                    "roles": [],
                    "phoneNumbers": [["type": "mobile", "value": "1"]], "title": "Engineer",
                    enterprise: ["department": "Research", "manager": "c123"],
                ])
            #expect(made.status == 201 && made.body["active"] == true && made.body["roles"] == nil && made.body["phoneNumbers"] == nil)
            let path = "/Users/\(made.id)"
            #expect(try await scim.get(path).status == 200)
            for filter in [
                #"userName eq "test_user_AB6490EE@acme.example""#, #"externalId eq "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef""#,
                #"emails[type eq "work"].value eq "Lennie@acme.example""#, #"displayName eq "Lennie Schmidt" and active eq true"#,
            ] { #expect(try await scim.find(filter).total == 1, "\(filter)") }
            let changed = try await scim.patch(
                path, ["op": "Replace", "path": #"emails[type eq "work"].value"#, "value": "updated@acme.example"],
                ["op": "Replace", "path": "name.familyName", "value": "updatedFamilyName"], ["op": "Add", "path": "title", "value": "Lead"],
                ["op": "Add", "path": #"phoneNumbers[type eq "work"].value"#, "value": "2"],
                ["op": "Add", "path": .string("\(enterprise):department"), "value": "Design"],
                [
                    "op": "Replace",
                    "value": [
                        "displayName": "L", "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User:employeeNumber": "7", "name.givenName": "Len",
                    ],
                ])
            #expect(changed.status == 200 && changed.body["emails"]?.items?.first?["value"] == "updated@acme.example")
            #expect(changed.body["name"]?["familyName"] == "updatedFamilyName" && changed.body["name"]?["givenName"] == "Len")
            #expect(changed.body[enterprise]?["employeeNumber"] == "7" && changed.body[enterprise]?["manager"] == ["value": "c123"])
            let employee = try #require(try await scim.employee("updated@acme.example"))
            #expect(employee.lastName == "updatedFamilyName" && employee.department == "Design" && employee.title == "Lead")
            #expect(try await scim.patch(path, ["op": "Replace", "path": "userName", "value": "5b50642d@acme.example"]).status == 200)
            #expect(
                try await scim.patch(path, ["op": "Replace", "path": .string("\(enterprise):manager"), "value": ""]).body[enterprise]?["manager"]
                    == nil)
            // Disabled in Entra: as without the flag, then as with it.
            for value: JSONValue in ["False", false] {
                #expect(try await scim.patch(path, ["op": "Replace", "path": "active", "value": value]).body["active"] == false)
                #expect(try await scim.employee("updated@acme.example")?.deactivatedAt != nil)
                #expect(try await scim.find(#"userName eq "5b50642d@acme.example""#).resources.first?["active"] == false)
                #expect(try await scim.patch(path, ["op": "Replace", "path": "active", "value": "True"]).body["active"] == true)
                #expect(try await scim.employee("updated@acme.example")?.deactivatedAt == nil)
            }
            #expect(try await scim.send("DELETE", path).status == 204)
            #expect(try await scim.get(path).status == 404)
        }
    }

    @Test func `Entra provisions a group, asks for it without members, and changes it`() async throws {
        try await withSCIM { scim in
            let mara = try await scim.makeUser("mara@acme.example")
            let made = try await scim.send(
                "POST", "/Groups",
                [
                    "schemas": [
                        "urn:ietf:params:scim:schemas:core:2.0:Group", "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group",
                    ],
                    "externalId": "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159", "displayName": "Research", "meta": ["resourceType": "Group"],
                ])
            #expect(made.status == 201)
            let path = "/Groups/\(made.id)"
            #expect(try await scim.get("\(path)?excludedAttributes=members").body["displayName"] == "Research")
            #expect(try await scim.find(#"displayName eq "Research""#, in: "/Groups", "&excludedAttributes=members").total == 1)
            #expect(try await scim.find(#"externalId eq "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159""#, in: "/Groups").total == 1)
            let added = try await scim.patch(path, ["op": "Add", "path": "members", "value": [["$ref": .null, "value": .string(mara.id)]]])
            #expect(added.status == 204 && added.answer.bytes.isEmpty)
            #expect(try await scim.employee("mara@acme.example")?.department == "Research")
            #expect(try await scim.patch(path, ["op": "Replace", "path": "displayName", "value": "Design"]).status == 204)
            #expect(try await scim.employee("mara@acme.example")?.department == "Design")
            #expect(
                try await scim.patch(path, ["op": "Remove", "path": "members", "value": [["$ref": .null, "value": .string(mara.id)]]]).status == 204)
            #expect(try await scim.employee("mara@acme.example")?.department == nil)
            #expect(try await scim.send("DELETE", path).status == 204)
        }
    }

    @Test func `the list of requests of Microsoft's reference client is answered as it expects`() async throws {
        try await withSCIM { scim in
            for path in ["/Users", "/Groups"] {
                let empty = try await scim.get(path)
                #expect(empty.status == 200 && empty.body["Resources"] == [] && empty.total == 0)
            }
            #expect(try await scim.send("POST", "/Users", ["displayName": "no name"]).status == 400)
            #expect(try await scim.send("POST", "/Users", raw: "junk").status == 400)
            var ids: [String] = []
            for (name, family, domain) in [
                ("OMalley", "Employee", "example.com"), ("oneill", "Employee", "example.org"), ("zed", "Guest", "example.com"),
            ] {
                let made = try await scim.send(
                    "POST", "/Users",
                    [
                        "UserName": .string(name), "Active": true, "DisplayName": .string("d-\(name)"), "externalId": .string("e-\(name)"),
                        "name": ["familyName": .string(family)],
                        "emails": [["Primary": true, "type": "work", "value": .string("\(name)@\(domain)")]],
                    ])
                #expect(made.status == 201)
                ids.append(made.id)
            }
            let duplicate = try await scim.send("POST", "/Users", ["userName": "OMALLEY"])
            #expect(duplicate.status == 409 && !duplicate.detail.isEmpty)
            let page = try await scim.get("/Users?startIndex=1&count=2")
            #expect(page.body["itemsPerPage"] == 2 && page.total == 3)
            for (query, count) in [
                ("filter=DisplayName+eq+%22d-zed%22", 1), ("filter=externalId%20eq%20e-oneill", 1), ("filter=userName+sw+O", 2),
                ("filter=userName%20sw%20%22O%22", 2),
                ("filter=name.FamilyName+eq+Employee+and+(emails.Value+co+example.com+or+emails.Value+co+example.org)", 2),
                ("filter=meta.Created+gt+2015-10-10T14:38:21.8617979-07:00", 3), ("filter=meta.Created%20lt%20%222015-10-10T14:38:21Z%22", 0),
                ("attributes=userName,emails", 3), ("filter=not%20(name.familyName%20eq%20%22Employee%22)", 1),
            ] {
                let found = try await scim.get("/Users?\(query)")
                #expect(found.status == 200 && found.total == count, "\(query)")
            }
            let cut = try await scim.get("/Users/\(ids[0])?attributes=userName,emails")
            #expect(Set((cut.body.members ?? [:]).keys) == ["schemas", "id", "userName", "emails"])
            #expect(try await scim.send("PUT", "/Users/\(ids[0])", ["displayName": "no name"]).status == 400)
            let put = try await scim.send("PUT", "/Users/\(ids[0])", ["userName": "OMalley", "diplayName": "misspelled", "active": "False"])
            #expect(put.status == 200 && put.body["active"] == false && put.body["displayName"] == nil)
            for id in ids { #expect(try await scim.send("DELETE", "/Users/\(id)").status == 204) }
        }
    }

    @Test func `Okta's SPEC test passes`() async throws {
        try await withSCIM { scim in
            _ = try await scim.makeUser("there@acme.example")
            let accept = [("Accept", "application/scim+json; charset=utf-8")]
            let first = try await scim.get("/Users?count=1&startIndex=1", headers: accept)
            #expect(first.status == 200 && first.body["schemas"] == [.string(SCIMMessage.listResponse)] && first.resources.count == 1)
            for name in ["itemsPerPage", "startIndex", "totalResults"] { #expect(first.body[name] == 1, "\(name)") }
            let user = try #require(first.resources.first)
            for value in [user["name"]?["givenName"], user["name"]?["familyName"], user["userName"], user["emails"]?.items?.first?["value"]] {
                #expect(value?.text != nil)
            }
            #expect(user["active"] == true)
            let one = try await scim.get("/Users/\(user["id"]?.text ?? "")", headers: accept)
            #expect(one.status == 200 && one.body == user)
            #expect(try await scim.find("userName eq \"\(UUID())@acme.example\"").total == 0)
            #expect(try await scim.find("emails.value eq \"\(UUID())@acme.example\"").total == 0)
            for id in ["010101001010101011001010101011", "00919288221112222"] {
                let missing = try await scim.get("/Users/\(id)", headers: accept)
                #expect(
                    missing.status == 404 && missing.body["schemas"] == [.string(SCIMMessage.error)] && missing.body["status"] == "404"
                        && !missing.detail.isEmpty)
            }
            let body: JSONValue = [
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": "runscope@acme.example",
                "name": ["givenName": "Runscope", "familyName": "Test"],
                "emails": [["primary": true, "value": "runscope@acme.example", "type": "work", "display": "runscope@acme.example"]],
                "displayName": "Runscope Test",
                "locale": "en-US", "externalId": "00ujl29u0le5T6Aj10h7", "groups": [], "password": "1mz050nq", "active": true,
            ]
            let made = try await scim.send("POST", "/Users", body, type: "application/json")
            #expect(
                made.status == 201 && made.body["active"] == true && made.body["userName"] == "runscope@acme.example" && made.body["password"] == nil)
            #expect(made.body["schemas"]?.items?.contains("urn:ietf:params:scim:schemas:core:2.0:User") == true)
            #expect(try await scim.get("/Users/\(made.id)").body == made.body)
            #expect(try await scim.send("POST", "/Users", body, type: "application/json").status == 409)
            #expect(try await scim.find(#"userName eq "RUNSCOPE@ACME.EXAMPLE""#, in: "/Users", "&startIndex=1&count=100").total == 1)
            #expect(try await scim.get("/Groups").status == 200)
            var stranger = scim
            stranger.token = ""
            let refused = try await stranger.client.send("GET", "\(scim.base)/Users", headers: [("Authorization", "non-token")])
            #expect(refused.status == 401)
            let error = try SCIMJSON.parse(refused.bytes)
            #expect(error["status"] == "401" && error["schemas"] == [.string(SCIMMessage.error)] && error["detail"]?.text?.isEmpty == false)
        }
    }

    @Test func `Okta assigns, updates, deactivates and reactivates somebody, by PUT and by PATCH`() async throws {
        try await withSCIM { scim in
            #expect(try await scim.find(#"userName eq "mara@acme.example""#, in: "/Users", "&startIndex=1&count=100").total == 0)
            let made = try await scim.makeUser("mara@acme.example")
            let path = "/Users/\(made.id)"
            var whole = made.body.members ?? [:]
            whole["name"] = ["givenName": "Marika", "familyName": "Lind"]
            whole["groups"] = []
            let put = try await scim.send("PUT", path, .object(whole))
            #expect(put.status == 200 && put.body["name"]?["givenName"] == "Marika" && put.body["id"] == .string(made.id))
            #expect(try await scim.employee("mara@acme.example")?.firstName == "Marika")
            whole["active"] = false
            #expect(try await scim.send("PUT", path, .object(whole)).body["active"] == false)
            #expect(try await scim.employee("mara@acme.example")?.deactivatedAt != nil)
            let back = try await scim.patch(path, ["op": "replace", "value": ["active": true]])
            #expect(back.status == 200 && back.body["active"] == true)
            #expect(try await scim.employee("mara@acme.example")?.deactivatedAt == nil)
            #expect(try await scim.patch(path, ["op": "replace", "value": ["password": "n3w"]]).status == 200)
            #expect(try await scim.patch(path, ["op": "replace", "value": ["active": false]]).body["active"] == false)
            // Groups are pushed by PATCH.
            let group = try await scim.makeGroup("Finance")
            let groupPath = "/Groups/\(group.id)"
            let pushed = try await scim.patch(
                groupPath, ["op": "replace", "value": ["id": .string(group.id), "displayName": "Finance"]],
                ["op": "add", "path": "members", "value": [["value": .string(made.id), "display": "mara@acme.example"]]])
            #expect(pushed.status == 204)
            #expect(try await scim.employee("mara@acme.example")?.department == "Finance")
            #expect(try await scim.patch(groupPath, ["op": "remove", "path": .string("members[value eq \"\(made.id)\"]")]).status == 204)
            #expect(try await scim.get(groupPath).body["members"] == nil)
        }
    }

    @Test func `a bulk request does its operations one by one, and tells how each ended`() async throws {
        try await withSCIM { scim in
            let reply = try await scim.send(
                "POST", "/Bulk",
                [
                    "schemas": [.string(SCIMMessage.bulkRequest)],
                    "Operations": [
                        [
                            "method": "POST", "path": "/Groups", "bulkId": "g",
                            "data": ["displayName": "Finance", "members": [["value": "bulkId:m"]]],
                        ],
                        ["method": "POST", "path": "/Users", "bulkId": "m", "data": ["userName": "mara@acme.example"]],
                        ["method": "POST", "path": "/Users", "bulkId": "again", "data": ["userName": "MARA@acme.example"]],
                        ["method": "PATCH", "path": "/Users/bulkId:m", "data": ["Operations": [["op": "add", "path": "title", "value": "CFO"]]]],
                        ["method": "PUT", "path": "/Users/bulkId:m", "version": "W/\"7\"", "data": ["userName": "x"]],
                        ["method": "DELETE", "path": "/Users/c00000000"], ["method": "DELETE", "path": "/Nothing"],
                        ["method": "POST", "path": "/Users", "bulkId": "bad", "data": ["active": "perhaps"]],
                    ],
                ])
            #expect(reply.status == 200 && reply.body["schemas"] == [.string(SCIMMessage.bulkResponse)])
            let outcomes = reply.body["Operations"]?.items ?? []
            #expect(outcomes.map { $0["status"]?.text } == ["201", "201", "409", "200", "412", "404", "404", "400"])
            #expect(outcomes[1]["location"]?.text?.contains("/Users/") == true && outcomes[1]["bulkId"] == "m" && outcomes[1]["version"] == "W/\"1\"")
            #expect(outcomes[2]["response"]?["scimType"] == "uniqueness" && outcomes[0]["response"] == nil)
            let origin = "\(scim.client.server.origin)\(scim.base)"
            #expect(outcomes[2]["location"] == nil && outcomes[4]["location"] == outcomes[1]["location"])
            #expect(outcomes[5]["location"]?.text == "\(origin)/Users/c00000000" && outcomes[6]["location"]?.text == "\(origin)/Nothing")
            let employee = try #require(try await scim.employee("mara@acme.example"))
            #expect(employee.department == "Finance" && employee.title == "CFO")
            let many = JSONValue.array((0...1_000).map { ["method": "DELETE", "path": .string("/Users/\($0)")] })
            #expect(try await scim.send("POST", "/Bulk", ["Operations": many]).status == 413)
        }
    }

    @Test func `groups that are in each other are made by one bulk request, and so are people who manage each other`() async throws {
        try await withSCIM { scim in
            func post(_ path: String, _ bulkId: String, _ data: JSONValue) -> JSONValue {
                ["method": "POST", "path": .string(path), "bulkId": .string(bulkId), "data": data]
            }
            let reply = try await scim.send(
                "POST", "/Bulk",
                [
                    "Operations": [
                        post("/Groups", "a", ["displayName": "bulkId:b", "members": [["value": "bulkId:b", "type": "Group"]]]),
                        post("/Groups", "b", ["displayName": "B", "members": [["value": "bulkId:a", "type": "Group"]]]),
                        post("/Users", "m", ["userName": "m", enterprise: ["manager": ["value": "bulkId:n"]]]),
                        post("/Users", "n", ["userName": "n", enterprise: ["manager": "bulkId:m"]]),
                    ]
                ])
            let outcomes = reply.body["Operations"]?.items ?? []
            #expect(outcomes.map { $0["status"]?.text } == ["201", "201", "201", "201"])
            let ids = outcomes.map { $0["location"]?.text?.split(separator: "/").last.map { String($0) } ?? "" }
            let first = try await scim.get("/Groups/\(ids[0])")
            #expect(first.body["members"] == [["value": .string(ids[1]), "type": "Group"]] && first.body["displayName"] == "bulkId:b")
            #expect(first.body["meta"]?["version"] == outcomes[0]["version"])
            #expect(try await scim.get("/Groups/\(ids[1])").body["members"] == [["value": .string(ids[0]), "type": "Group"]])
            #expect(try await scim.get("/Users/\(ids[2])").body[enterprise]?["manager"] == ["value": .string(ids[3])])
            #expect(try await scim.get("/Users/\(ids[3])").body[enterprise]?["manager"] == ["value": .string(ids[2])])
        }
    }

    @Test func `a bulk request ends after as many errors as it says`() async throws {
        try await withSCIM { scim in
            let bad: JSONValue = ["method": "DELETE", "path": "/Users/c00000000"]
            func good(_ name: String) -> JSONValue {
                ["method": "POST", "path": "/Users", "bulkId": .string(name), "data": ["userName": .string(name)]]
            }
            let body: JSONValue = [
                "schemas": [.string(SCIMMessage.bulkRequest)], "failOnErrors": 2, "Operations": [good("a"), bad, good("b"), bad, good("c")],
            ]
            let outcomes = try await scim.send("POST", "/Bulk", body).body["Operations"]?.items ?? []
            #expect(outcomes.map { $0["status"]?.text } == ["201", "404", "201", "404"])
            #expect(try await scim.get("/Users").total == 2)
        }
    }
}
