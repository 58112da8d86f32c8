import DataShieldTestSupport
import Foundation
import JSON
import Postgres
import SCIM
import Testing

@testable import DataShield

/// The further addresses of people, as a directory pushes them.
@Suite(.freshDatabase) struct SCIMAddressTests {
    private func watched(_ email: String, _ scim: SCIMClient) async throws -> [String] {
        try await TestDatabase.current.tenant.query(
            for: scim.company,
            """
            SELECT a.address::text FROM employee_addresses a JOIN employees e ON e.company_id = a.company_id AND e.id = a.employee_id
            WHERE a.company_id = \(scim.company) AND e.email = \(email) ORDER BY 1
            """, as: String.self)
    }

    private func skipped(_ scim: SCIMClient) async throws -> [String] {
        try await scim.client.application.scim.skipped(of: scim.connection, for: scim.admin).map { "\($0.userName): \($0.problem)" }
    }

    private static func emails(_ addresses: String...) -> JSONValue {
        .array(addresses.enumerated().map { ["value": .string($1), "type": $0 == 0 ? "work" : "other", "primary": .bool($0 == 0)] })
    }

    @Test func `all addresses and the user name are watched, and those that the directory takes back are not`() async throws {
        try await withSCIM { scim in
            let made = try await scim.makeUser(
                "signin@acme.example", ["emails": Self.emails("mara@acme.example", "m.lind@acme.example", "no address", "Mara.Old@acme.example")])
            #expect(try await watched("mara@acme.example", scim) == ["m.lind@acme.example", "mara.old@acme.example", "signin@acme.example"])
            let path = "/Users/\(made.id)"
            _ = try await scim.patch(path, ["op": "remove", "path": #"emails[value eq "m.lind@acme.example"]"#])
            #expect(try await watched("mara@acme.example", scim) == ["mara.old@acme.example", "signin@acme.example"])
            // The address by which they stand on the list changes: what it was is watched where the directory still tells it.
            _ = try await scim.patch(path, ["op": "replace", "path": "emails", "value": Self.emails("mara.berg@acme.example", "mara@acme.example")])
            #expect(try await watched("mara.berg@acme.example", scim) == ["mara@acme.example", "signin@acme.example"])
            #expect(try await skipped(scim) == [])
        }
    }

    @Test func `a resource that is put as a whole replaces the further addresses, and frees them for others`() async throws {
        try await withSCIM { scim in
            let made = try await scim.makeUser(
                "mara@acme.example", ["emails": Self.emails("mara@acme.example", "m.lind@acme.example", "old@acme.example")])
            #expect(try await watched("mara@acme.example", scim) == ["m.lind@acme.example", "old@acme.example"])
            func put(_ id: String, _ userName: String, _ further: String...) async throws -> Int {
                let all: [JSONValue] = ([userName] + further).map { ["value": .string($0), "type": "work", "primary": .bool($0 == userName)] }
                let body: JSONValue = [
                    "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": .string(userName), "active": true, "emails": .array(all),
                ]
                return try await scim.send("PUT", "/Users/\(id)", body).status
            }
            #expect(try await put(made.id, "mara@acme.example", "m.lind@acme.example", "new@acme.example") == 200)
            #expect(try await watched("mara@acme.example", scim) == ["m.lind@acme.example", "new@acme.example"])
            let jo = try await scim.makeUser("jo@acme.example")
            #expect(try await put(jo.id, "jo@acme.example", "old@acme.example") == 200)
            #expect(try await watched("jo@acme.example", scim) == ["old@acme.example"])
            #expect(try await put(made.id, "mara@acme.example") == 200)
            #expect(try await watched("mara@acme.example", scim) == [])
            let path = "/Users/\(jo.id)"
            _ = try await scim.patch(path, ["op": "replace", "path": #"emails[value eq "old@acme.example"].value"#, "value": "new@acme.example"])
            #expect(try await watched("jo@acme.example", scim) == ["new@acme.example"])
            #expect(try await skipped(scim) == [])
        }
    }

    @Test func `who leaves and returns is watched by all addresses again, and a deleted account's name is none of them`() async throws {
        try await withSCIM { scim in
            let emails = Self.emails("mara@acme.example", "m.lind@acme.example")
            let made = try await scim.makeUser("mara@acme.example", ["emails": emails])
            let path = "/Users/\(made.id)"
            let mark = "0d3c1a527f104a6e9b1d5a4d1c0f7e11"
            _ = try await scim.patch(
                path, ["op": "replace", "path": "userName", "value": .string("\(mark)mara@acme.example")],
                ["op": "replace", "path": "active", "value": false])
            _ = try await scim.patch(path, ["op": "replace", "path": "active", "value": true])
            #expect(try await watched("mara@acme.example", scim) == ["m.lind@acme.example"])
            _ = try await scim.patch(path, ["op": "replace", "path": "userName", "value": .string("\(mark)@acme.example")])
            #expect(try await watched("mara@acme.example", scim) == ["m.lind@acme.example"])
            #expect(try await scim.employeeCount() == 1)
        }
    }

    @Test func `an address that is somebody else's stays theirs, and the page says so until it is free`() async throws {
        try await withSCIM { scim in
            let jo = try await scim.makeUser("jo@acme.example")
            let made = try await scim.makeUser("mara@acme.example", ["emails": Self.emails("mara@acme.example", "jo@acme.example")])
            #expect(made.status == 201)
            #expect(try await watched("mara@acme.example", scim) == [])
            let problem = ["mara@acme.example: \(EmployeeProvisioning.Problem.furtherAddressTaken)"]
            #expect(try await skipped(scim) == problem)
            // Sent again it is as it was, and no event tells of nothing.
            let events: SQL = "SELECT count(*) FROM audit_events WHERE company_id = \(scim.company)"
            let before = try await TestDatabase.current.tenant.query(for: scim.company, events, as: Int.self)
            var whole = made.body.members ?? [:]
            whole["meta"] = nil
            #expect(try await scim.send("PUT", "/Users/\(made.id)", .object(whole)).status == 200)
            #expect(try await skipped(scim) == problem)
            #expect(try await TestDatabase.current.tenant.query(for: scim.company, events, as: Int.self) == before)
            _ = try await scim.patch("/Users/\(jo.id)", ["op": "replace", "path": "active", "value": false])
            #expect(try await scim.send("PUT", "/Users/\(made.id)", .object(whole)).status == 200)
            #expect(try await watched("mara@acme.example", scim) == ["jo@acme.example"])
            #expect(try await skipped(scim) == [])
        }
    }
}
