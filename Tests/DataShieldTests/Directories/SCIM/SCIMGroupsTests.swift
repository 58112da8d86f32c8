import DataShieldTestSupport
import Foundation
import JSON
import Postgres
import SCIM
import Testing

@testable import DataShield

@Suite(.freshDatabase) struct SCIMGroupsTests {
    private func department(_ scim: SCIMClient, _ name: String) async throws -> String? {
        try await scim.employee("\(name)@acme.example")?.department
    }

    @Test func `a group is the department of who names none`() async throws {
        try await withSCIM { scim in
            let mara = try await scim.makeUser("mara@acme.example"),
                jo = try await scim.makeUser("jo@acme.example", [enterprise: ["department": "Legal"]])
            let group = try await scim.makeGroup("Finance", [mara.id, jo.id])
            #expect(group.status == 201 && group.body["members"]?.items?.map { $0["value"] } == [.string(mara.id), .string(jo.id)])
            #expect(try await department(scim, "mara") == "Finance")
            #expect(try await department(scim, "jo") == "Legal")
            // What they name goes before; when they name it no more, the group counts.
            _ = try await scim.patch("/Users/\(jo.id)", ["op": "remove", "path": .string("\(enterprise):department")])
            #expect(try await department(scim, "jo") == "Finance")
            _ = try await scim.patch("/Users/\(mara.id)", ["op": "add", "path": .string("\(enterprise):department"), "value": "Board"])
            #expect(try await department(scim, "mara") == "Board")
        }
    }

    @Test func `a department follows who comes, who goes, and its name`() async throws {
        try await withSCIM { scim in
            let mara = try await scim.makeUser("mara@acme.example"), jo = try await scim.makeUser("jo@acme.example")
            let group = try await scim.makeGroup("Finance", [mara.id])
            let path = "/Groups/\(group.id)"
            let added = try await scim.patch(path, ["op": "Add", "path": "members", "value": [["$ref": .null, "value": .string(jo.id)]]])
            #expect(added.status == 204 && added.answer.bytes.isEmpty && added.answer.header("ETag") == "W/\"2\"")
            #expect(try await department(scim, "jo") == "Finance")
            #expect(try await scim.patch(path, ["op": "replace", "value": ["id": .string(group.id), "displayName": "Money"]]).status == 204)
            #expect(try await department(scim, "jo") == "Money")
            #expect(try await department(scim, "mara") == "Money")
            _ = try await scim.patch(path, ["op": "Remove", "path": "members", "value": [["$ref": .null, "value": .string(jo.id)]]])
            #expect(try await department(scim, "jo") == nil)
            #expect(try await department(scim, "mara") == "Money")
            let answered = try await scim.send(
                "PATCH", "\(path)?attributes=members", ["Operations": [["op": "remove", "path": .string("members[value eq \"\(mara.id)\"]")]]])
            #expect(answered.status == 200 && answered.body["members"] == nil && answered.body["displayName"] == nil)
            #expect(try await department(scim, "mara") == nil)
            _ = try await scim.send("PUT", path, ["displayName": "Money", "members": [["value": .string(mara.id)], ["value": .string(jo.id)]]])
            #expect(try await department(scim, "mara") == "Money")
            // Whoever has another department by now keeps it.
            try await TestDatabase.current.tenant.transaction(for: scim.company) { db in
                try await db.execute("UPDATE employees SET department = 'Own' WHERE company_id = \(scim.company) AND email = 'jo@acme.example'")
            }
            #expect(try await scim.send("DELETE", path).status == 204)
            #expect(try await department(scim, "mara") == nil)
            #expect(try await department(scim, "jo") == "Own")
        }
    }

    @Test func `of two groups the elder is the department, and the other when it is gone`() async throws {
        try await withSCIM { scim in
            let mara = try await scim.makeUser("mara@acme.example")
            let elder = try await scim.makeGroup("Elder", [mara.id])
            _ = try await scim.makeGroup("Younger", [mara.id])
            #expect(try await department(scim, "mara") == "Elder")
            _ = try await scim.send("DELETE", "/Groups/\(elder.id)")
            #expect(try await department(scim, "mara") == "Younger")
        }
    }

    /// Does two things about each person at the same moment, and tells which departments there are afterwards.
    private func departments(
        _ scim: SCIMClient, of people: [String], after changes: [@Sendable (String) async throws -> SCIMClient.Reply]
    ) async throws -> [String] {
        // Eight people at once: all of them would wait for connections rather than meet.
        for start in stride(from: 0, to: people.count, by: 8) {
            try await withThrowingTaskGroup(of: Int.self) { tasks in
                for id in people[start...].prefix(8) { for change in changes { tasks.addTask { try await change(id).status } } }
                for try await status in tasks { #expect([200, 204].contains(status)) }
            }
        }
        return try await TestDatabase.current.tenant.query(
            for: scim.company, "SELECT DISTINCT coalesce(department, 'none') FROM employees WHERE company_id = \(scim.company)", as: String.self)
    }

    @Test func `whoever goes from one group to another at the same moment has the other's department`() async throws {
        try await withSCIM { scim in
            var people: [String] = []
            for number in 0..<60 { people.append(try await scim.makeUser("p\(number)@acme.example").id) }
            let elder = try await scim.makeGroup("Elder", people), younger = try await scim.makeGroup("Younger")
            let left = try await departments(
                scim, of: people,
                after: [
                    { try await scim.patch("/Groups/\(elder.id)", ["op": "remove", "path": "members", "value": [["value": .string($0)]]]) },
                    { try await scim.patch("/Groups/\(younger.id)", ["op": "add", "path": "members", "value": [["value": .string($0)]]]) },
                ])
            #expect(left == ["Younger"])
        }
    }

    @Test func `whoever is spoken of while they leave a group does not keep its department`() async throws {
        try await withSCIM { scim in
            var people: [String] = []
            for number in 0..<60 { people.append(try await scim.makeUser("p\(number)@acme.example").id) }
            let group = try await scim.makeGroup("Elder", people)
            let left = try await departments(
                scim, of: people,
                after: [
                    { try await scim.patch("/Groups/\(group.id)", ["op": "remove", "path": "members", "value": [["value": .string($0)]]]) },
                    { try await scim.patch("/Users/\($0)", ["op": "replace", "path": "title", "value": "T"]) },
                ])
            #expect(left == ["none"])
        }
    }

    @Test func `a group is changed in the version that is named, or not at all`() async throws {
        try await withSCIM { scim in
            let group = try await scim.makeGroup("Finance")
            let path = "/Groups/\(group.id)"
            let named = try await scim.send("PUT", path, ["displayName": "Money"], headers: [("If-Match", "W/\"1\"")])
            #expect(named.status == 200 && named.answer.header("ETag") == "W/\"2\"")
            let change: JSONValue = ["Operations": [["op": "add", "path": "members", "value": "c1"]]]
            for (method, body) in [("PUT", ["displayName": "X"]), ("PATCH", change), ("DELETE", nil)] as [(String, JSONValue?)] {
                let refused = try await scim.send(method, path, body, headers: [("If-Match", "W/\"1\"")])
                #expect(refused.status == 412 && refused.body["status"] == "412", "\(method)")
            }
            #expect(try await scim.send("PATCH", path, change, headers: [("If-Match", "W/\"2\"")]).status == 204)
            #expect(try await scim.get(path).body["displayName"] == "Money")
            #expect(try await scim.send("DELETE", path, headers: [("If-Match", "W/\"3\"")]).status == 204)
        }
    }

    @Test func `a group is found by its name, without its members when they are not wanted, and its name is taken once`() async throws {
        try await withSCIM { scim in
            let mara = try await scim.makeUser("mara@acme.example")
            let group = try await scim.makeGroup("Finance", [mara.id])
            let found = try await scim.find(#"displayName eq "FINANCE""#, in: "/Groups", "&excludedAttributes=members")
            #expect(found.total == 1 && found.resources.first?["members"] == nil && found.resources.first?["id"] == .string(group.id))
            #expect(try await scim.find(#"displayName eq "Finance""#, in: "/Groups").resources.first?["members"] == [["value": .string(mara.id)]])
            for filter in ["members[value eq \"\(mara.id)\"]", "members eq \"\(mara.id)\"", "members.value eq \"\(mara.id)\"", "members pr"] {
                #expect(try await scim.find(filter, in: "/Groups").total == 1, "\(filter)")
            }
            #expect(try await scim.find(#"members eq "c0""#, in: "/Groups").total == 0)
            #expect(try await scim.makeGroup("finance").status == 409)
        }
    }

    @Test func `who is deleted is in no group any longer`() async throws {
        try await withSCIM { scim in
            let mara = try await scim.makeUser("mara@acme.example"), jo = try await scim.makeUser("jo@acme.example")
            let group = try await scim.makeGroup("Finance", [mara.id, jo.id])
            _ = try await scim.send("DELETE", "/Users/\(mara.id)")
            let after = try await scim.get("/Groups/\(group.id)")
            #expect(after.body["members"] == [["value": .string(jo.id)]] && after.answer.header("ETag") == "W/\"2\"")
        }
    }

    @Test func `members that nobody knows are kept as they are`() async throws {
        try await withSCIM { scim in
            let group = try await scim.makeGroup("Finance", ["unheard-of"])
            #expect(group.status == 201)
            #expect(try await scim.patch("/Groups/\(group.id)", ["op": "add", "path": "members", "value": "string id"]).status == 204)
            #expect(try await scim.get("/Groups/\(group.id)").body["members"] == [["value": "unheard-of"], ["value": "string id"]])
        }
    }

    @Test func `ten thousand members fit, with all that a directory says of them`() async throws {
        try await withSCIM { scim in
            let members = (0..<10_000).map { number -> JSONValue in
                let id = "c\(String(repeating: "0", count: 19))\(number + 10_000)"
                return [
                    "value": .string(id), "$ref": .string("https://monitor.acme.example/api/scim/c0000000000000000000scim1/Users/\(id)"),
                    "display": .string("Somebody Whose Name Is Long \(number)"), "type": "User",
                ]
            }
            let body: JSONValue = [
                "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Everybody", "members": .array(members),
            ]
            #expect(try JSONWriter.bytes(body).count > 1_900_000)
            let made = try await scim.send("POST", "/Groups", body)
            #expect(made.status == 201 && made.body["members"]?.items?.count == 10_000)
            let change: JSONValue = ["Operations": [["op": "replace", "path": "members", "value": .array(members.reversed())]]]
            #expect(try await scim.send("PATCH", "/Groups/\(made.id)", change).status == 204)
            #expect(try await scim.send("PUT", "/Groups/\(made.id)", body).status == 200)
        }
    }

    @Test func `a page of groups has no more members than it may, and the next begins behind it`() async throws {
        try await withSCIM { scim in
            for number in 0..<4 { _ = try await scim.makeGroup("g\(number)", (0..<9).map { "m\(number)-\($0)" }) }
            let access = SCIMAccess(connection: scim.connection, connectionName: "x", company: scim.company, base: "http://x")
            var directory = scim.client.application.scim
            directory.memberLimit = 20
            func page(_ parameters: [String: String]) async throws -> SCIMList {
                try await directory.list(try SCIMQuery(parameters: parameters), [.group], access)
            }
            let first = try await page([:])
            #expect(first.resources.count == 2 && first.totalResults == 4 && first.body["itemsPerPage"] == 2)
            let rest = try await page(["startIndex": "3"])
            #expect(rest.resources.count == 2 && rest.totalResults == 4)
            #expect(Set((first.resources + rest.resources).compactMap { $0["id"]?.text }).count == 4)
            #expect((first.resources + rest.resources).allSatisfy { $0["members"]?.items?.count == 9 })
            // Without members all fit; and one that is larger than a page is a page.
            #expect(try await page(["excludedAttributes": "members"]).resources.count == 4)
            directory.memberLimit = 5
            #expect(try await page([:]).resources.count == 1)
        }
    }

    @Test func `ten thousand in one department`() async throws {
        try await withSCIM { scim in
            let made = try await scim.makeUser("mara@acme.example")
            let others = (0..<9_999).map { "member-\($0)" }
            let group = try await scim.makeGroup("Finance", others + [made.id])
            #expect(group.status == 201 && group.body["members"]?.items?.count == 10_000)
            #expect(try await department(scim, "mara") == "Finance")
            #expect(try await scim.patch("/Groups/\(group.id)", ["op": "add", "path": "members", "value": [["value": "one more"]]]).status == 204)
            #expect(try await scim.get("/Groups/\(group.id)").body["members"]?.items?.count == 10_001)
            #expect(try await scim.send("DELETE", "/Groups/\(group.id)").status == 204)
            #expect(try await department(scim, "mara") == nil)
        }
    }
}
