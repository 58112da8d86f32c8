import DataShieldTestSupport
import Foundation
import Testing

@testable import DataShield

@Suite(.freshDatabase) struct PagesTests {
    static let listed = [
        "/", "/alerts", "/employees", "/employees/new", "/employees/import", "/breaches", "/breaches?scope=all", "/scans", "/sources", "/users",
        "/settings", "/audit", "/mfa", "/employees?exposed=true&active=true", "/employees?active=false", "/coverage/sources", "/glossary",
        "/remediation", "/remediation/settings", "/machines", "/ingest", "/directories", "/api/docs", "/account/sessions", "/account/password",
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

    @Test(arguments: [
        ("/users", "Only administrators manage users."), ("/audit", "Only administrators read the audit trail."),
        ("/employees/new", "Only administrators change the list of people."), ("/employees/import", "Only administrators change the list of people."),
        ("/directories/new", "Only administrators manage directories and keys."),
    ])
    func `a viewer is told that a page is not for them, and whom to ask`(path: String, words: String) async throws {
        try await withServer(as: .viewer) { client in
            let names = try await TestDatabase.current.owner.query(
                "SELECT coalesce(nullif(name, ''), email) FROM users WHERE company_id = \(client.company) AND role = 'ADMIN' ORDER BY 1",
                as: String.self)
            let answer = try await client.get(path)
            #expect(answer.status == 403)
            #expect(answer.text.contains("You cannot open this"))
            #expect(answer.text.contains(words))
            #expect(names.isEmpty != answer.text.contains("Yours: "))
            #expect(names.first.map { answer.text.contains($0) } ?? true)
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
        ([], nil), (["Dana"], "Yours: Dana."), (["Dana", "Max"], "Yours: Dana and Max."), (["A", "B", "C"], "Yours: A, B and C."),
        (["A", "B", "C", "D"], "Yours: A, B, C and others."),
    ])
    func `administrators are named, the first three for them all`(names: [String], words: String?) {
        #expect(Pages.yours(names) == words)
    }

    @Test func `what no viewer may do is told in words of its own, never by its name`() {
        let missing = Permission.allCases.filter { !Role.viewer.permissions.contains($0) }
        #expect(!missing.isEmpty)
        for permission in missing {
            #expect(permission.whoMay.hasPrefix("Only administrators "), "\(permission)")
            #expect(!permission.whoMay.contains(":"))
        }
    }

    @Test(arguments: [("folded", "folded"), ("open", "open"), ("sideways", "open")])
    func `how the navigation is folded is kept in the browser`(wish: String, kept: String) async throws {
        try await withServer(as: .viewer) { client in
            let answer = try await client.submit("/account/navigation", [("navigation", wish), ("back", "/alerts")])
            #expect(answer.status == 303)
            #expect(answer.header("Location") == "/alerts")
            #expect(answer.header("Set-Cookie")?.hasPrefix("datashield_navigation=\(kept);") == true)
            let page = try await client.get("/", headers: [("Cookie", "datashield_navigation=\(kept)")])
            #expect(page.text.contains(#"data-navigation="\#(kept)""#))
            let other = try await client.get("/", headers: [("Cookie", "datashield_navigation=<b>")])
            #expect(!other.text.contains("data-navigation="))
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

@Suite(.freshDatabasePerTest) struct BrokenPageTests {
    @Test func `an error of ours is shown inside the frame, with the request's id`() async throws {
        try await withServer(as: .viewer) { client in
            try await TestDatabase.current.owner.execute("ALTER TABLE ingest_runs RENAME TO gone")
            let answer = try await client.get("/ingest", headers: [("Cookie", "datashield_theme=dark")])
            #expect(answer.status == 500)
            #expect(answer.text.contains("Something went wrong"))
            #expect(answer.text.contains(#"<nav class="nav" aria-label="Main">"#))
            #expect(answer.text.contains(#"data-theme="dark""#))
            #expect(answer.text.contains(try #require(answer.header("X-Request-ID"))))
        }
    }
}
