import DataShieldTestSupport
import Foundation
import Testing

@testable import DataShield

@Suite(.freshDatabase) struct UsersTests {
    @Test func `an administrator makes a user, whose password is shown once and has to be changed`() async throws {
        try await withServer { client in
            let answer = try await client.post("/api/users", ["email": "New.Person@Acme.example", "name": "New Person"])
            #expect(answer.status == 201)
            let created = try answer.decode(UserRoutes.CreatedUser.self)
            #expect(created.user.email == "new.person@acme.example" && created.user.role == .viewer && created.user.mustChangePassword)
            let password = try #require(created.password)
            var browser = client.anonymous
            let login = try await browser.post("/api/auth/login", ["email": created.user.email, "password": password])
            #expect(login.status == 200)
            browser.token = login.header("Set-Cookie")?.split(separator: ";").first?.split(separator: "=").last.map { String($0) }
            // Nothing but changing it is possible.
            #expect(try await browser.get("/api/alerts").status == 403)
            #expect(try await browser.get("/api/me").decode(MeResponse.self).mustChangePassword)
            let short = try await browser.post("/api/me/password", ["currentPassword": password, "newPassword": "short"])
            #expect(try short.status == 422 && short.fields == ["newPassword"])
            let wrong = try await browser.post("/api/me/password", ["currentPassword": "no", "newPassword": "lantern-otter-river-43"])
            #expect(try wrong.status == 422 && wrong.fields == ["currentPassword"])
            #expect(try await browser.post("/api/me/password", ["currentPassword": password, "newPassword": "lantern-otter-river-43"]).status == 204)
            #expect(try await browser.get("/api/alerts").status == 200)
            #expect(try await client.anonymous.post("/api/auth/login", ["email": created.user.email, "password": password]).status == 401)
            // No password is in any answer or in the trail.
            let trail = try await client.get("/api/audit").text
            #expect(!trail.contains(password) && !trail.contains("lantern-otter") && !trail.contains("$2b$"))
        }
    }

    @Test(arguments: [
        (["email": "no address"], "email"), (["email": "a@acme.example", "password": "short"], "password"),
        (["email": "a@acme.example", "role": "OWNER"], "role"), (["name": "x"], "email"), (["email": "a@acme.example", "admin": "true"], "admin"),
        (["email": "a@acme.example", "name": String(repeating: "x", count: 201)], "name"),
        (["email": "a@acme.example", "password": "a@acme.example"], "password"),
    ])
    func `a user that cannot be made is refused by field`(_ body: [String: String], _ field: String) async throws {
        try await withServer { client in
            let answer = try await client.post("/api/users", body)
            #expect(answer.status == 422)
            #expect(try answer.fields == [field])
        }
    }

    @Test func `an address signs in to one company only`() async throws {
        try await withServer { client in
            let email = "shared-\(CUID.make(at: Date()).suffix(8))@acme.example"
            #expect(try await client.post("/api/users", ["email": email]).status == 201)
            #expect(try await client.post("/api/users", ["email": email.uppercased()]).status == 409)
            let other = try await client.signedIn(as: .admin, in: try await TestDatabase.current.makeCompany())
            #expect(try await other.post("/api/users", ["email": email]).status == 409)
        }
    }

    @Test func `another company's user is not found`() async throws {
        try await withServer { client in
            let other = try await client.signedIn(as: .admin, in: try await TestDatabase.current.makeCompany())
            let id = try #require(other.user)
            #expect(try await client.get("/api/users/\(id)").status == 404)
            #expect(try await client.patch("/api/users/\(id)", ["name": "Mine"]).status == 404)
            #expect(try await client.delete("/api/users/\(id)").status == 404)
            let list = try await client.get("/api/users").decode(Page<UserRoutes.UserResponse>.self)
            #expect(!list.items.contains { $0.id == id })
            #expect(try await other.get("/api/me").status == 200)
        }
    }

    @Test func `the last administrator stays one`() async throws {
        try await withServer { client in
            let id = try #require(client.user)
            #expect(try await client.patch("/api/users/\(id)", ["role": "VIEWER"]).status == 409)
            #expect(try await client.patch("/api/users/\(id)", ["isDisabled": true]).status == 409)
            #expect(try await client.delete("/api/users/\(id)").status == 409)
            let second = try await client.signedIn(as: .admin)
            #expect(try await client.patch("/api/users/\(id)", ["role": "VIEWER"]).status == 200)
            #expect(try await client.get("/api/users").status == 403)
            #expect(try await second.delete("/api/users/\(id)").status == 204)
            #expect(try await second.delete("/api/users/\(try #require(second.user))").status == 409)
        }
    }

    @Test func `two administrators who demote each other at once do not both succeed`() async throws {
        try await withServer { client in
            let second = try await client.signedIn(as: .admin)
            let (a, b) = (try #require(client.user), try #require(second.user))
            async let first = client.patch("/api/users/\(b)", ["role": "VIEWER"]).status
            async let other = second.patch("/api/users/\(a)", ["role": "VIEWER"]).status
            let statuses = try await [first, other]
            #expect(statuses.filter { $0 == 200 }.count == 1, "\(statuses)")
        }
    }

    @Test func `the list goes on where the page before ended`() async throws {
        try await withServer { client in
            for _ in 0..<6 { _ = try await TestDatabase.current.makeUser(in: client.company) }
            var seen: [UserID] = []
            var cursor: String?
            repeat {
                let page = try await client.get("/api/users?limit=2" + (cursor.map { "&cursor=\($0)" } ?? "")).decode(
                    Page<UserRoutes.UserResponse>.self)
                seen += page.items.map(\.id)
                cursor = page.nextCursor
            } while cursor != nil
            #expect(seen.count == 7 && Set(seen).count == 7)
        }
    }
}
