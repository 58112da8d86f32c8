import DataShieldTestSupport
import Foundation
import JSON
import Postgres
import SCIM
import Testing

@testable import DataShield

@Suite(.freshDatabase) struct SCIMUsersTests {
    @Test func `somebody who is pushed is on the staff list`() async throws {
        try await withSCIM { scim in
            let made = try await scim.makeUser(
                "Mara.Lind@acme.example",
                [
                    "externalId": "ext-1", "title": "Controller", "password": "t1meMa$heen",
                    enterprise: ["department": "Finance", "employeeNumber": "1042"],
                ])
            #expect(made.status == 201)
            #expect(made.answer.header("Content-Type") == "application/scim+json; charset=utf-8")
            #expect(made.answer.header("Location") == made.body["meta"]?["location"]?.text)
            #expect(made.answer.header("Location") == "\(scim.client.server.origin)\(scim.base)/Users/\(made.id)")
            #expect(made.answer.header("ETag") == "W/\"1\"" && made.body["meta"]?["version"] == "W/\"1\"")
            #expect(made.body["password"] == nil && made.body["externalId"] == "ext-1" && made.body["userName"] == "Mara.Lind@acme.example")
            #expect(made.body["schemas"] == ["urn:ietf:params:scim:schemas:core:2.0:User", .string(enterprise)])
            #expect(made.body[enterprise] == ["department": "Finance", "employeeNumber": "1042"])
            let again = try await scim.get("/Users/\(made.id)")
            #expect(again.status == 200 && again.body == made.body)
            let employee = try #require(try await scim.employee("mara.lind@acme.example"))
            #expect(employee.firstName == "Mara" && employee.lastName == "Lind" && employee.department == "Finance" && employee.title == "Controller")
            #expect(employee.externalId == "ext-1" && employee.sourceConnectionId == scim.connection.rawValue && employee.deactivatedAt == nil)
            #expect(employee.mfaEnabled == nil)
        }
    }

    @Test func `the address is the primary one, else that for work, else the first, else the user name`() async throws {
        try await withSCIM { scim in
            let work: JSONValue = ["value": "work@acme.example", "type": "work"], home: JSONValue = ["value": "home@acme.example", "type": "home"]
            _ = try await scim.makeUser("a1", ["emails": [home, work, ["value": "first@acme.example", "primary": true]]])
            _ = try await scim.makeUser("a2", ["emails": [home, work]])
            _ = try await scim.makeUser("a3", ["emails": [["value": "other@acme.example", "type": "other"]]])
            _ = try await scim.makeUser("named@acme.example", ["emails": .null])
            _ = try await scim.makeUser("a5", ["emails": [["value": "no address", "primary": true], ["value": "second@acme.example"]]])
            for address in ["first@acme.example", "work@acme.example", "other@acme.example", "named@acme.example", "second@acme.example"] {
                #expect(try await scim.employee(address) != nil, "\(address)")
            }
            #expect(try await scim.employeeCount() == 5)
        }
    }

    @Test func `somebody without an address is kept, with the reason, until there is one`() async throws {
        try await withSCIM { scim in
            let made = try await scim.makeUser("nobody", ["emails": .null])
            #expect(made.status == 201)
            #expect(try await scim.employeeCount() == 0)
            let subject = Subject(actor: .program("test"), company: scim.company, role: .admin)
            let skipped = try await scim.client.application.scim.skipped(of: scim.connection, for: subject)
            #expect(skipped.map(\.userName) == ["nobody"] && skipped.first?.problem == EmployeeProvisioning.Problem.noAddress)
            let patched = try await scim.patch(
                "/Users/\(made.id)", ["op": "add", "path": #"emails[type eq "work"].value"#, "value": "now@acme.example"])
            #expect(patched.status == 200)
            #expect(try await scim.employee("now@acme.example") != nil)
            #expect(try await scim.client.application.scim.skipped(of: scim.connection, for: subject) == [])
            #expect(try await scim.client.application.scim.counts(of: scim.connection, for: subject) == (people: 1, groups: 0))
        }
    }

    @Test func `whoever is on the list is taken over, and nothing is blanked`() async throws {
        try await withSCIM { scim in
            let id = try await TestDatabase.current.makeEmployee(
                in: scim.company, email: "known@acme.example", firstName: "Known", lastName: "Person", department: "Sales", mfaEnabled: true)
            let made = try await scim.makeUser("known@acme.example", ["name": ["familyName": "Newname"]])
            #expect(made.status == 201)
            let employee = try #require(try await scim.employee("known@acme.example"))
            #expect(employee.id == id && employee.firstName == "Known" && employee.lastName == "Newname" && employee.department == "Sales")
            #expect(employee.mfaEnabled == true && employee.sourceConnectionId == scim.connection.rawValue)
            // A whole resource that says less blanks nothing either.
            _ = try await scim.send("PUT", "/Users/\(made.id)", ["userName": "known@acme.example"])
            let after = try #require(try await scim.employee("known@acme.example"))
            #expect(after.lastName == "Newname" && after.department == "Sales" && after.deactivatedAt == nil)
        }
    }

    @Test func `a department that the directory gave and takes back is gone`() async throws {
        try await withSCIM { scim in
            let made = try await scim.makeUser("m@acme.example", ["title": "CFO", enterprise: ["department": "Finance"]])
            _ = try await scim.patch(
                "/Users/\(made.id)", ["op": "remove", "path": .string("\(enterprise):department")], ["op": "remove", "path": "title"])
            let employee = try #require(try await scim.employee("m@acme.example"))
            #expect(employee.department == nil && employee.title == nil && employee.firstName == "Mara")
        }
    }

    @Test func `another directory's person is not taken over, and the resource is kept with the reason`() async throws {
        try await withSCIM { scim in
            let other = try await makeSCIMClient(scim.client, in: scim.company)
            _ = try await other.makeUser("shared@acme.example", ["title": "Theirs"])
            let made = try await scim.makeUser("shared@acme.example", ["title": "Ours"])
            #expect(made.status == 201)
            let employee = try #require(try await scim.employee("shared@acme.example"))
            #expect(employee.title == "Theirs" && employee.sourceConnectionId == other.connection.rawValue)
            let subject = Subject(actor: .program("test"), company: scim.company, role: .admin)
            #expect(
                try await scim.client.application.scim.skipped(of: scim.connection, for: subject).first?.problem
                    == EmployeeProvisioning.Problem.otherDirectory)
            // Nor is the person touched when ours goes.
            #expect(try await scim.send("DELETE", "/Users/\(made.id)").status == 204)
            #expect(try await scim.employee("shared@acme.example")?.deactivatedAt == nil)
        }
    }

    @Test func `two people of one directory with one address are one person and one problem`() async throws {
        try await withSCIM { scim in
            _ = try await scim.makeUser("one", ["emails": [["value": "shared@acme.example"]]])
            #expect(try await scim.makeUser("two", ["emails": [["value": "shared@acme.example"]]]).status == 201)
            #expect(try await scim.employeeCount() == 1)
            let subject = Subject(actor: .program("test"), company: scim.company, role: .admin)
            let skipped = try await scim.client.application.scim.skipped(of: scim.connection, for: subject)
            #expect(skipped.map(\.userName) == ["two"] && skipped.first?.problem == EmployeeProvisioning.Problem.otherPerson)
        }
    }

    @Test func `an address that changes keeps the person`() async throws {
        try await withSCIM { scim in
            let made = try await scim.makeUser("before@acme.example")
            let before = try #require(try await scim.employee("before@acme.example"))
            _ = try await scim.patch(
                "/Users/\(made.id)", ["op": "Replace", "path": #"emails[type eq "work"].value"#, "value": "after@acme.example"],
                ["op": "Replace", "path": "userName", "value": "after@acme.example"])
            #expect(try await scim.employee("before@acme.example") == nil)
            #expect(try await scim.employee("after@acme.example")?.id == before.id)
            // One that is somebody else's is not taken: the old one stays.
            _ = try await TestDatabase.current.makeEmployee(in: scim.company, email: "else@acme.example")
            _ = try await scim.patch("/Users/\(made.id)", ["op": "Replace", "path": #"emails[type eq "work"].value"#, "value": "else@acme.example"])
            #expect(try await scim.employee("after@acme.example")?.id == before.id)
            let subject = Subject(actor: .program("test"), company: scim.company, role: .admin)
            #expect(
                try await scim.client.application.scim.skipped(of: scim.connection, for: subject).first?.problem
                    == EmployeeProvisioning.Problem.addressTaken)
        }
    }

    @Test func `who is deactivated has left, is found all the same, and returns`() async throws {
        try await withSCIM { scim in
            let made = try await scim.makeUser("m@acme.example", [enterprise: ["department": "Finance"]])
            func active() async throws -> Int? {
                let counts: SQL = "SELECT people FROM department_counts WHERE company_id = \(scim.company) AND department = 'Finance'"
                return try await TestDatabase.current.tenant.query(for: scim.company, counts, as: Int.self).first
            }
            #expect(try await active() == 1)
            #expect(try await scim.patch("/Users/\(made.id)", ["op": "Replace", "path": "active", "value": "False"]).body["active"] == false)
            #expect(try await scim.employee("m@acme.example")?.deactivatedAt != nil)
            #expect(try await active() == 0)
            let found = try await scim.find(#"userName eq "m@acme.example""#)
            #expect(found.total == 1 && found.resources.first?["active"] == false)
            #expect(try await scim.get("/Users/\(made.id)").body["active"] == false)
            _ = try await scim.patch("/Users/\(made.id)", ["op": "replace", "value": ["active": true]])
            #expect(try await scim.employee("m@acme.example")?.deactivatedAt == nil)
            #expect(try await active() == 1)
            #expect(try await scim.send("DELETE", "/Users/\(made.id)").status == 204)
            #expect(try await scim.get("/Users/\(made.id)").status == 404)
            #expect(try await scim.send("DELETE", "/Users/\(made.id)").status == 404)
            let left = try #require(try await scim.employee("m@acme.example"))
            #expect(left.deactivatedAt != nil)
            let back = try await scim.makeUser("m@acme.example")
            #expect(back.status == 201 && back.id != made.id)
            let returned = try #require(try await scim.employee("m@acme.example"))
            #expect(returned.id == left.id && returned.deactivatedAt == nil)
        }
    }

    @Test func `a user name is taken once, whatever its case, and an external id is the directory's own`() async throws {
        try await withSCIM { scim in
            #expect(try await scim.makeUser("Mara@acme.example", ["externalId": "x"]).status == 201)
            let taken = try await scim.makeUser("mARA@acme.example")
            #expect(taken.status == 409 && taken.body["scimType"] == "uniqueness" && taken.body["status"] == "409" && !taken.detail.isEmpty)
            let jo = try await scim.makeUser("jo@acme.example", ["externalId": "x"])
            #expect(try await scim.makeUser("mo@acme.example", ["externalId": "X"]).status == 201)
            #expect(
                try await scim.find(#"externalId eq "x""#, in: "/Users", "&sortBy=userName&sortOrder=descending").resources.map { $0["userName"] }
                    == [
                        "Mara@acme.example", "jo@acme.example",
                    ])
            #expect(jo.status == 201)
            #expect(try await scim.patch("/Users/\(jo.id)", ["op": "replace", "path": "userName", "value": "MARA@ACME.example"]).status == 409)
            #expect(try await scim.get("/Users/\(jo.id)").body["userName"] == "jo@acme.example")
        }
    }

    @Test func `of those who switch one person on again at the same moment one does`() async throws {
        try await withSCIM { scim in
            let made = try await scim.makeUser("race@acme.example")
            _ = try await scim.patch("/Users/\(made.id)", ["op": "replace", "path": "active", "value": false])
            let statuses = try await withThrowingTaskGroup(of: Int.self) { tasks in
                for _ in 0..<8 { tasks.addTask { try await scim.makeUser("RACE@acme.example").status } }
                return try await tasks.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.count { $0 == 201 } == 1 && statuses.count { $0 == 409 } == 7)
            #expect(try await scim.get("/Users").total == 1)
            #expect(try await scim.employee("race@acme.example")?.deactivatedAt == nil)
        }
    }

    @Test func `of those who push one name at the same moment one wins`() async throws {
        try await withSCIM { scim in
            let statuses = try await withThrowingTaskGroup(of: Int.self) { tasks in
                for _ in 0..<12 { tasks.addTask { try await scim.makeUser("race@acme.example").status } }
                return try await tasks.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.count { $0 == 201 } == 1 && statuses.count { $0 == 409 } == 11)
            #expect(try await scim.employeeCount() == 1)
        }
    }

    @Test func `many names with one address at the same moment are one person`() async throws {
        try await withSCIM { scim in
            let statuses = try await withThrowingTaskGroup(of: Int.self) { tasks in
                for number in 0..<8 {
                    tasks.addTask { try await scim.makeUser("race\(number)", ["emails": [["value": "race@acme.example"]]]).status }
                }
                return try await tasks.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses.allSatisfy { $0 == 201 })
            #expect(try await scim.employeeCount() == 1)
        }
    }

    @Test func `a change is made to the version that is named, or not at all`() async throws {
        try await withSCIM { scim in
            let made = try await scim.makeUser("m@acme.example")
            let path = "/Users/\(made.id)"
            let changed = try await scim.send("PUT", path, ["userName": "m@acme.example", "title": "T"], headers: [("If-Match", "W/\"1\"")])
            #expect(changed.status == 200 && changed.answer.header("ETag") == "W/\"2\"")
            for (method, body) in [
                ("PUT", ["userName": "m@acme.example"]), ("PATCH", ["Operations": [["op": "remove", "path": "title"]]]), ("DELETE", nil),
            ] as [(String, JSONValue?)] {
                let refused = try await scim.send(method, path, body, headers: [("If-Match", "W/\"1\"")])
                #expect(refused.status == 412 && refused.body["status"] == "412", "\(method)")
            }
            let same = try await scim.get(path, headers: [("If-None-Match", "W/\"2\"")])
            #expect(same.status == 304 && same.answer.bytes.isEmpty)
            #expect(try await scim.get(path, headers: [("If-None-Match", "W/\"1\"")]).status == 200)
            // What changes nothing is no new version.
            #expect(try await scim.patch(path, ["op": "replace", "path": "title", "value": "T"]).answer.header("ETag") == "W/\"2\"")
        }
    }

    @Test func `what a directory did is in the audit trail under the connection's name`() async throws {
        try await withSCIM { scim in
            let made = try await scim.makeUser("m@acme.example")
            _ = try await scim.patch("/Users/\(made.id)", ["op": "replace", "path": "active", "value": false])
            _ = try await scim.send("DELETE", "/Users/\(made.id)")
            let events = try await TestDatabase.current.tenant.query(
                for: scim.company, "SELECT action || ' ' || actor_kind || ' ' || actor_id FROM audit_events ORDER BY sequence", as: String.self)
            #expect(events == ["created", "updated", "deleted"].map { "scim.user_\($0) token \(scim.connection)" })
        }
    }

    @Test func `somebody whom an administrator deleted comes back when the directory speaks of them`() async throws {
        try await withSCIM { scim in
            let made = try await scim.makeUser("m@acme.example")
            try await TestDatabase.current.tenant.transaction(for: scim.company) { db in
                try await db.execute("DELETE FROM employees WHERE company_id = \(scim.company)")
            }
            #expect(try await scim.get("/Users/\(made.id)").status == 200)
            _ = try await scim.patch("/Users/\(made.id)", ["op": "replace", "path": "active", "value": true])
            #expect(try await scim.employee("m@acme.example") != nil)
        }
    }
}
