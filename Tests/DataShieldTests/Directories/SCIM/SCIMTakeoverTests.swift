import DataShieldTestSupport
import Foundation
import JSON
import Postgres
import SCIM
import Testing

@testable import DataShield

/// Who stands for whom on the staff list when accounts come, go and share an address: nobody who is active in the directory is unwatched.
@Suite(.freshDatabase) struct SCIMTakeoverTests {
    private func admin(_ scim: SCIMClient) -> Subject { Subject(actor: .program("test"), company: scim.company, role: .admin) }

    private func skipped(_ scim: SCIMClient) async throws -> [String] {
        try await scim.client.application.scim.skipped(of: scim.connection, for: admin(scim)).map { "\($0.userName): \($0.problem)" }
    }

    private func make(_ scim: SCIMClient, _ userName: String, _ address: String, _ more: [String: JSONValue] = [:]) async throws -> String {
        let made = try await scim.makeUser(
            userName, ["emails": [["value": .string(address), "type": "work"]], "title": .string(userName)].merging(more) { $1 })
        #expect(made.status == 201)
        return made.id
    }

    private func setActive(_ scim: SCIMClient, _ id: String, _ isActive: Bool) async throws {
        let answer = try await scim.patch("/Users/\(id)", ["op": "replace", "path": "active", "value": .bool(isActive)])
        #expect(answer.status == 200)
    }

    @Test func `who comes back with another account is the same person, and active`() async throws {
        try await withSCIM { scim in
            let old = try await make(scim, "old-acc", "re@acme.example")
            let before = try #require(try await scim.employee("re@acme.example"))
            try await setActive(scim, old, false)
            let new = try await make(scim, "new-acc", "re@acme.example")
            let after = try #require(try await scim.employee("re@acme.example"))
            #expect(after.id == before.id && after.deactivatedAt == nil && after.title == "new-acc")
            // Who has left lacks nothing.
            #expect(try await skipped(scim) == [])
            // What is said of the old account, and that it goes, is nothing to the person.
            _ = try await scim.patch("/Users/\(old)", ["op": "replace", "path": "title", "value": "gone"])
            #expect(try await scim.send("DELETE", "/Users/\(old)").status == 204)
            #expect(try await scim.employee("re@acme.example")?.deactivatedAt == nil)
            #expect(try await scim.employee("re@acme.example")?.title == "new-acc")
            try await setActive(scim, new, false)
            #expect(try await scim.employee("re@acme.example")?.deactivatedAt != nil)
        }
    }

    @Test func `an old account that is active again does not take the person back`() async throws {
        try await withSCIM { scim in
            let old = try await make(scim, "old-acc", "re@acme.example")
            try await setActive(scim, old, false)
            _ = try await make(scim, "new-acc", "re@acme.example")
            try await setActive(scim, old, true)
            #expect(try await scim.employee("re@acme.example")?.title == "new-acc")
            #expect(try await skipped(scim) == ["old-acc: \(EmployeeProvisioning.Problem.otherPerson)"])
        }
    }

    @Test(arguments: ["DELETE", "PATCH", "PUT"])
    func `of two accounts with one address the other stands for the person when one leaves`(method: String) async throws {
        try await withSCIM { scim in
            let one = try await make(scim, "dup1", "dup@acme.example"), two = try await make(scim, "dup2", "dup@acme.example")
            #expect(try await skipped(scim) == ["dup2: \(EmployeeProvisioning.Problem.otherPerson)"])
            let before = try #require(try await scim.employee("dup@acme.example"))
            switch method {
            case "PATCH": try await setActive(scim, one, false)
            case "PUT":
                let body: JSONValue = ["userName": "dup1", "active": false, "emails": [["value": "dup@acme.example"]]]
                #expect(try await scim.send("PUT", "/Users/\(one)", body).status == 200)
            default: #expect(try await scim.send("DELETE", "/Users/\(one)").status == 204)
            }
            let after = try #require(try await scim.employee("dup@acme.example"))
            #expect(after.id == before.id && after.deactivatedAt == nil && after.title == "dup2")
            #expect(try await skipped(scim) == [])
            // Nobody waits any longer: now they have left.
            #expect(try await scim.send("DELETE", "/Users/\(two)").status == 204)
            #expect(try await scim.employee("dup@acme.example")?.deactivatedAt != nil)
        }
    }

    @Test func `an account that leaves is followed by none that is inactive, or has another address as its first`() async throws {
        try await withSCIM { scim in
            let one = try await make(scim, "dup1", "dup@acme.example")
            _ = try await make(scim, "dup2", "dup@acme.example", ["active": false])
            let emails: JSONValue = [["value": "own@acme.example", "primary": true], ["value": "dup@acme.example"]]
            _ = try await make(scim, "dup3", "dup@acme.example", ["emails": emails])
            try await setActive(scim, one, false)
            #expect(try await scim.employee("dup@acme.example")?.deactivatedAt != nil)
            #expect(try await scim.employee("own@acme.example")?.title == "dup3")
        }
    }

    @Test func `an address that becomes free is taken by who waits for it`() async throws {
        try await withSCIM { scim in
            let one = try await make(scim, "dup1", "dup@acme.example")
            _ = try await make(scim, "dup2", "dup@acme.example")
            _ = try await scim.patch("/Users/\(one)", ["op": "replace", "path": #"emails[type eq "work"].value"#, "value": "own@acme.example"])
            #expect(try await scim.employee("own@acme.example")?.title == "dup1")
            let other = try #require(try await scim.employee("dup@acme.example"))
            #expect(other.title == "dup2" && other.deactivatedAt == nil)
            #expect(try await skipped(scim) == [])
            // By the user name as well, which is the address of who gives none.
            let named = try await make(scim, "first", "named@acme.example")
            #expect(try await scim.makeUser("named@acme.example", ["emails": .null, "title": "named"]).status == 201)
            #expect(try await scim.send("DELETE", "/Users/\(named)").status == 204)
            #expect(try await scim.employee("named@acme.example")?.title == "named")
        }
    }

    @Test func `whom another directory has let go is taken over, and not given back`() async throws {
        try await withSCIM { scim in
            let other = try await makeSCIMClient(scim.client, in: scim.company)
            let theirs = try await make(other, "two-theirs", "two@acme.example", ["externalId": "theirs"])
            let inactive = try await make(scim, "two-left", "two@acme.example", ["active": false])
            try await setActive(other, theirs, false)
            #expect(try await scim.employee("two@acme.example")?.sourceConnectionId == other.connection.rawValue)
            _ = try await make(scim, "two-ours", "two@acme.example")
            let taken = try #require(try await scim.employee("two@acme.example"))
            #expect(taken.deactivatedAt == nil && taken.sourceConnectionId == scim.connection.rawValue && taken.title == "two-ours")
            // Their id of the person is not ours.
            #expect(taken.externalId == nil)
            try await setActive(other, theirs, true)
            #expect(try await skipped(other) == ["two-theirs: \(EmployeeProvisioning.Problem.otherDirectory)"])
            for (client, id) in [(other, theirs), (scim, inactive)] { #expect(try await client.send("DELETE", "/Users/\(id)").status == 204) }
            let left = try #require(try await scim.employee("two@acme.example"))
            #expect(left.deactivatedAt == nil && left.sourceConnectionId == scim.connection.rawValue)
        }
    }

    @Test(arguments: [true, false])
    func `somebody whom another directory watches over by now is left to it`(isDeleted: Bool) async throws {
        try await withSCIM { scim in
            let id = try await make(scim, "moved", "moved@acme.example")
            try await setActive(scim, id, false)
            let ldap = try await TestDatabase.current.makeDirectoryConnection(in: scim.company, type: .ldap)
            try await TestDatabase.current.tenant.transaction(for: scim.company) { db in
                try await db.execute(
                    """
                    UPDATE employees SET source_connection_id = \(ldap), deactivated_at = NULL, title = 'LDAP'
                    WHERE company_id = \(scim.company) AND email = 'moved@acme.example'
                    """)
            }
            if !isDeleted {
                #expect(try await scim.patch("/Users/\(id)", ["op": "replace", "path": "title", "value": "SCIM"]).status == 200)
                try await setActive(scim, id, true)
                #expect(try await skipped(scim) == ["moved: \(EmployeeProvisioning.Problem.otherDirectory)"])
            }
            #expect(try await scim.send("DELETE", "/Users/\(id)").status == 204)
            let after = try #require(try await scim.employee("moved@acme.example"))
            #expect(after.deactivatedAt == nil && after.sourceConnectionId == ldap.rawValue && after.title == "LDAP")
        }
    }

    @Test(arguments: ["PATCH", "DELETE"])
    func `who is active in a second directory is watched as soon as the first switches them off, without a word of the second`(
        method: String
    ) async throws {
        try await withSCIM { scim in
            let other = try await makeSCIMClient(scim.client, in: scim.company)
            let ours = try await make(scim, "ours", "both@acme.example")
            let before = try #require(try await scim.employee("both@acme.example"))
            let theirs = try await make(other, "theirs", "both@acme.example")
            #expect(try await skipped(other) == ["theirs: \(EmployeeProvisioning.Problem.otherDirectory)"])
            if method == "DELETE" { _ = try await scim.send("DELETE", "/Users/\(ours)") } else { try await setActive(scim, ours, false) }
            let after = try #require(try await scim.employee("both@acme.example"))
            #expect(after.id == before.id && after.deactivatedAt == nil && after.title == "theirs")
            #expect(after.sourceConnectionId == other.connection.rawValue)
            #expect(try await skipped(other) == [])
            // It was the second directory that did it.
            let actors: SQL = """
                SELECT DISTINCT actor_id FROM audit_events
                WHERE company_id = \(scim.company) AND action = 'scim.user_updated' AND target_id = \(before.id) AND after ->> 'title' = 'theirs'
                """
            #expect(try await TestDatabase.current.tenant.query(for: scim.company, actors, as: String.self) == [other.connection.rawValue])
            // The first is heard when it switches them on, and has to wait while the second has them.
            if method == "PATCH" {
                try await setActive(scim, ours, true)
                #expect(try await skipped(scim) == ["ours: \(EmployeeProvisioning.Problem.otherDirectory)"])
                try await setActive(other, theirs, false)
                let back = try #require(try await scim.employee("both@acme.example"))
                #expect(back.deactivatedAt == nil && back.title == "ours" && back.id == before.id)
            } else {
                try await setActive(other, theirs, false)
                #expect(try await scim.employee("both@acme.example")?.deactivatedAt != nil)
            }
        }
    }

    @Test func `a second directory that switches somebody on is heard, in any order`() async throws {
        try await withSCIM { scim in
            let other = try await makeSCIMClient(scim.client, in: scim.company)
            let ours = try await make(scim, "ours", "on@acme.example")
            let theirs = try await make(other, "theirs", "on@acme.example", ["active": false])
            try await setActive(scim, ours, false)
            #expect(try await scim.employee("on@acme.example")?.deactivatedAt != nil)
            try await setActive(other, theirs, true)
            #expect(try await scim.employee("on@acme.example")?.title == "theirs")
            #expect(try await scim.employee("on@acme.example")?.deactivatedAt == nil)
            // And off is not heard of the one who no longer has them.
            _ = try await scim.patch(
                "/Users/\(ours)", ["op": "replace", "path": "active", "value": false], ["op": "add", "path": "title", "value": "x"])
            #expect(try await scim.employee("on@acme.example")?.deactivatedAt == nil)
        }
    }

    @Test func `one who leaves while the other is spoken of is followed all the same`() async throws {
        try await withSCIM { scim in
            var pairs: [(String, String)] = []
            for number in 0..<20 {
                let address = "pair\(number)@acme.example"
                pairs.append((try await make(scim, "a\(number)", address), try await make(scim, "b\(number)", address)))
            }
            try await withThrowingTaskGroup(of: Int.self) { tasks in
                for (one, two) in pairs {
                    tasks.addTask { try await scim.send("DELETE", "/Users/\(one)").status }
                    tasks.addTask { try await scim.patch("/Users/\(two)", ["op": "replace", "path": "title", "value": "T"]).status }
                }
                for try await status in tasks { #expect([200, 204].contains(status)) }
            }
            for number in 0..<20 { #expect(try await scim.employee("pair\(number)@acme.example")?.deactivatedAt == nil, "\(number)") }
            #expect(try await skipped(scim) == [])
        }
    }

    @Test func `the name that is shown is the person's where no other is given`() async throws {
        try await withSCIM { scim in
            let bare: [String: JSONValue] = ["name": .null, "displayName": "Mara Lind"]
            let id = try await make(scim, "m", "m@acme.example", bare)
            #expect(try await scim.employee("m@acme.example")?.name == "Mara Lind")
            _ = try await scim.patch("/Users/\(id)", ["op": "replace", "path": "displayName", "value": "Mara Berg"])
            #expect(try await scim.employee("m@acme.example")?.name == "Mara Berg")
            let whole: JSONValue = ["userName": "m", "displayName": "Mara Quist", "emails": [["value": "m@acme.example"]]]
            _ = try await scim.send("PUT", "/Users/\(id)", whole)
            #expect(try await scim.employee("m@acme.example")?.name == "Mara Quist")
            // A name that somebody else gave stays.
            let named = try await make(scim, "n", "n@acme.example", ["displayName": "N"])
            _ = try await scim.patch("/Users/\(named)", ["op": "replace", "path": "displayName", "value": "Other"])
            #expect(try await scim.employee("n@acme.example")?.name == "Mara Lind")
        }
    }
}
