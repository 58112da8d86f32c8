import DataShieldTestSupport
import Foundation
import Testing

@testable import DataShield

@Suite(.freshDatabase) struct PagesTests {
    static let listed = [
        "/", "/alerts", "/employees", "/employees/new", "/employees/import", "/breaches", "/breaches?scope=all", "/scans", "/sources", "/users",
        "/settings", "/audit", "/api/docs", "/account/sessions", "/account/password",
    ]

    @Test(arguments: listed) func `a page of an empty company is shown without inline script or style`(path: String) async throws {
        try await withServer { client in
            let answer = try await client.get(path)
            #expect(answer.status == 200, "\(path): \(answer.status)")
            let html = answer.text
            #expect(html.contains("<h1"))
            #expect(!html.contains(" style=") && !html.contains("<style") && !html.contains("{{"))
            // Every script is a file of ours.
            #expect(html.components(separatedBy: "<script").count == html.components(separatedBy: "<script type=\"module\" src=\"/assets/").count)
        }
    }

    @Test(arguments: ["/users", "/audit", "/employees/new", "/employees/import"])
    func `a viewer is told that a page is not for them`(path: String) async throws {
        try await withServer(as: .viewer) { client in
            let answer = try await client.get(path)
            #expect(answer.status == 403)
            #expect(answer.text.contains("not for your role"))
            #expect(answer.text.contains("An administrator of your company can."))
            // What a permission is called says nothing to a person.
            for permission in Permission.allCases { #expect(!answer.text.contains(permission.rawValue), "\(permission)") }
        }
    }

    @Test(arguments: ["/no-such-page", "/employees/nobody", "/users"])
    func `an error is shown inside the frame`(path: String) async throws {
        try await withServer(as: .viewer) { client in
            let answer = try await client.get(path, headers: [("Cookie", "datashield_theme=dark")])
            #expect([403, 404].contains(answer.status))
            #expect(answer.text.contains(#"<nav class="nav" aria-label="Main">"#))
            let company = try await TestDatabase.current.owner.first("SELECT name FROM companies WHERE id = \(client.company)", as: String.self)
            #expect(answer.text.contains(try #require(company)))
            #expect(answer.text.contains(#"data-theme="dark""#))
            let stranger = try await client.anonymous.get("/no-such-page")
            #expect(stranger.status == 404)
            #expect(!stranger.text.contains(#"aria-label="Main""#))
        }
    }

    @Test(arguments: [
        ("GET", "/no-such-page?a=1", "/no-such-page?a=1"), ("POST", "/no-such-page", "/"), ("POST", "/users", "/"), ("PUT", "/alerts", "/"),
    ])
    func `the theme's switch leads back to a page, never to where a form was sent`(method: String, path: String, back: String) async throws {
        try await withServer(as: .viewer) { client in
            let answer = try await client.send(method, path)
            #expect([403, 404, 405].contains(answer.status), "\(answer.status)")
            #expect(answer.text.contains(#"<input type="hidden" name="back" value="\#(back)">"#))
        }
    }

    @Test func `so it does on the page of a form that is shown again`() async throws {
        try await withServer { client in
            let answer = try await client.submit("/employees", [("email", "nobody")])
            #expect(answer.status == 422)
            #expect(answer.text.contains(#"<input type="hidden" name="back" value="/">"#))
        }
    }

    @Test func `whoever is not signed in is led to the sign-in, and back`() async throws {
        try await withServer(as: nil) { client in
            let answer = try await client.get("/alerts?status=OPEN")
            #expect(answer.status == 303)
            #expect(answer.header("Location")?.hasPrefix("/login?next=/alerts") == true)
            let page = try await client.get("/login?next=/alerts")
            #expect(page.text.contains(#"name="next" value="/alerts""#))
        }
    }

    @Test func `an alert is acknowledged by a form, and its page tells so`() async throws {
        try await withServer(as: .viewer) { client in
            let database = TestDatabase.current
            let employee = try await database.makeEmployee(in: client.company)
            let breach = try await database.makeBreach()
            let alert = try await database.makeAlert(in: client.company, employee: employee, breach: breach)
            let moved = try await client.submit("/alerts/\(alert)/status", [("status", "ACKNOWLEDGED")])
            #expect(moved.status == 303)
            let html = try await client.get("/alerts/\(alert)").text
            #expect(html.contains("acknowledged it"))
        }
    }

    @Test func `an error page names no secret and has a heading`() async throws {
        try await withServer { client in
            let answer = try await client.get("/alerts/c000000000000000000000000")
            #expect(answer.status == 404)
            #expect(answer.text.contains("<h1"))
        }
    }
}
