import DataShieldTestSupport
import Foundation
import Testing

@testable import DataShield

/// What stands between somebody who guesses and an account, besides the sign-in itself.
@Suite(.freshDatabase) struct AccountDoorTests {
    private static let week: TimeInterval = 7 * 86_400

    private func makeUser(_ client: TestClient, password: String = ServerUnderTest.password, mustChange: Bool = false) async throws -> User {
        let subject = Subject(actor: .program("test"), company: client.company, role: .admin)
        let email = "u\(CUID.make(at: Date()).suffix(10))@acme.example"
        return try await client.application.users.create(.init(email: email, password: password), mustChangePassword: mustChange, by: subject).user
    }

    private func login(_ client: TestClient, _ email: String, _ password: String, source: String = "198.51.100.7") async throws -> TestClient.Answer {
        try await client.anonymous.post("/api/auth/login", ["email": email, "password": password], headers: [("X-Forwarded-For", source)])
    }

    /// The same client with the session that a sign-in began.
    private func signedIn(_ client: TestClient, _ email: String, _ password: String = ServerUnderTest.password) async throws -> TestClient {
        let answer = try await login(client, email, password)
        #expect(answer.status == 200)
        var browser = client
        browser.token = answer.header("Set-Cookie")?.split(separator: ";").first?.split(separator: "=").last.map { String($0) }
        return browser
    }

    private func events(_ client: TestClient, _ action: String) async throws -> [AuditEvent] {
        let subject = Subject(actor: .program("test"), company: client.company, role: .admin)
        return try await client.application.audit.list(.init(action: action), limit: 200, for: subject).items
    }

    // MARK: Passwords

    @Test func `with 72 right bytes and one more nobody signs in`() async throws {
        try await withServer(as: nil) { (client) async throws in
            let whole = String(repeating: "x9Ks!", count: 14) + "zz"
            let user = try await makeUser(client, password: whole)
            let wrong = try await login(client, user.email, "wrong-password-here")
            let longer = try await login(client, user.email, whole + "z")
            #expect(longer.status == 401)
            #expect(try longer.problem.detail == wrong.problem.detail)
            let browser = try await signedIn(client, user.email, whole)
            let change = ["currentPassword": whole + "z", "newPassword": "lantern-otter-river-43"]
            #expect(try await browser.post("/api/me/password", change).fields == ["currentPassword"])
        }
    }

    @Test func `whoever has found a session cannot guess the password by changing it`() async throws {
        try await withServer(as: nil) { (client) async throws in
            let user = try await makeUser(client)
            let browser = try await signedIn(client, user.email)
            let wrong = ["currentPassword": "wrong-password-here", "newPassword": "lantern-otter-river-43"]
            for _ in 0..<Throttle.perUser { #expect(try await browser.post("/api/me/password", wrong).status == 422) }
            let right = ["currentPassword": ServerUnderTest.password, "newPassword": "lantern-otter-river-43"]
            let refused = try await browser.post("/api/me/password", right)
            #expect(refused.status == 429)
            #expect(refused.header("Retry-After") != nil)
            let form = try await browser.submit(
                "/account/password", [("currentPassword", ServerUnderTest.password), ("newPassword", "lantern-otter-river-43")])
            #expect(form.status == 429 && form.text.contains("Too many attempts"))
            // Neither does it keep anybody from signing in, nor another user from changing theirs.
            #expect(try await login(client, user.email, ServerUnderTest.password).status == 200)
            let other = try await signedIn(client, try await makeUser(client).email)
            #expect(try await other.post("/api/me/password", right).status == 204)
            #expect(try await events(client, "user.password_change_refused").count == Throttle.perUser)
        }
    }

    @Test func `guesses at the sign-in keep nobody from changing their password`() async throws {
        try await withServer(as: nil) { (client) async throws in
            let user = try await makeUser(client)
            let browser = try await signedIn(client, user.email)
            for _ in 0..<Throttle.perAddress { _ = try await login(client, user.email, "wrong-password-here", source: "198.51.100.8") }
            #expect(try await login(client, user.email, ServerUnderTest.password).status == 429)
            let change = ["currentPassword": ServerUnderTest.password, "newPassword": "lantern-otter-river-43"]
            #expect(try await browser.post("/api/me/password", change).status == 204)
        }
    }

    @Test func `a password that an administrator gives is good at once, however often its owner failed`() async throws {
        try await withServer { (client) async throws in
            let (user, other) = (try await makeUser(client), try await makeUser(client))
            for email in [user.email, other.email] {
                for _ in 0..<Throttle.perAddress { _ = try await login(client, email, "wrong-password-here", source: "198.51.100.9") }
                #expect(try await login(client, email, ServerUnderTest.password).status == 429)
            }
            #expect(try await client.patch("/api/users/\(user.id)", ["password": "lantern-otter-river-43"]).status == 200)
            #expect(try await login(client, user.email, "lantern-otter-river-43").status == 200)
            #expect(try await login(client, other.email, ServerUnderTest.password).status == 429)
            // Another company's administrator lifts nothing.
            let stranger = try await client.signedIn(as: .admin, in: try await TestDatabase.current.makeCompany())
            #expect(try await stranger.patch("/api/users/\(other.id)", ["password": "lantern-otter-river-43"]).status == 404)
            #expect(try await login(client, other.email, ServerUnderTest.password).status == 429)
        }
    }

    @Test func `a first password ends after a week, and an administrator gives another one`() async throws {
        let clock = MovableClock()
        try await withServer(now: clock.now) { (client) async throws in
            let made = try await client.post("/api/users", ["email": "first-\(CUID.make(at: Date()).suffix(8))@acme.example"])
            let created = try made.decode(UserRoutes.CreatedUser.self)
            let (email, password) = (created.user.email, try #require(created.password))
            #expect(created.user.firstPasswordEndsAt == clock.now().addingTimeInterval(Self.week))
            clock.advance(Self.week - 1)
            #expect(try await login(client, email, password).status == 200)
            clock.advance(1)
            let ended = try await login(client, email, password)
            #expect(ended.status == 401)
            #expect(try ended.problem.detail.contains("valid for a week"))
            // Only whoever has it is told.
            #expect(try await !login(client, email, "wrong-password-here").problem.detail.contains("week"))
            #expect(try await events(client, "session.refused").contains { $0.after == .object(["reason": .string("first password ended")]) })
            #expect(try await client.get("/users").text.contains("First password ended"))
            // One's own password does not end.
            let own = try await makeUser(client)
            let answer = try await client.patch("/api/users/\(created.user.id)", ["password": "lantern-otter-river-43"])
            #expect(try answer.decode(UserRoutes.UserResponse.self).firstPasswordEndsAt == clock.now().addingTimeInterval(Self.week))
            let browser = try await signedIn(client, email, "lantern-otter-river-43")
            let change = ["currentPassword": "lantern-otter-river-43", "newPassword": "otter-river-lantern-44"]
            #expect(try await browser.post("/api/me/password", change).status == 204)
            clock.advance(52 * Self.week)
            #expect(try await login(client, email, "otter-river-lantern-44").status == 200)
            #expect(try await login(client, own.email, ServerUnderTest.password).status == 200)
        }
    }

    // MARK: Addresses that nobody has

    @Test func `a sign-in with an unknown address at a company's domain is an event of that company`() async throws {
        let log = RecordedLog()
        try await withServer(as: nil, logger: log.logger) { (client) async throws in
            let domain = try await client.application.companies.find(client.company).domain
            let known = try await makeUser(client)
            let answers = [
                try await login(client, "Nobody@\(domain)", "wrong-password-here", source: "203.0.113.5"),
                try await login(client, known.email, "wrong-password-here", source: "203.0.113.6"),
                try await login(client, "stranger@elsewhere.example", "wrong-password-here", source: "203.0.113.7"),
                try await login(client, "hunter2 in the wrong field", "wrong-password-here", source: "203.0.113.8"),
            ]
            #expect(Set(try answers.map { "\($0.status) \(try $0.problem.detail)" }).count == 1)
            let events = try await events(client, "session.refused").filter { $0.targetType == "address" }
            #expect(events.map(\.targetId) == ["nobody@\(domain)"])
            #expect(events.map(\.ip) == ["203.0.113.5"])
            #expect(events.map(\.actorName) == ["sign-in"])
            let said = log.lines.filter { $0.contains("nobody's") }
            #expect(said.count == 2)
            #expect(!log.lines.contains { $0.contains("elsewhere.example") || $0.contains("hunter2") || $0.contains("nobody@") })
            // Nor is it in anybody else's trail.
            let all = try await TestDatabase.current.system.query(
                "SELECT target_id FROM audit_events WHERE target_type = 'address'", as: String.self)
            #expect(!all.contains { $0.contains("elsewhere") })
        }
    }

    @Test func `a trail cannot be filled by unknown addresses`() async throws {
        try await withServer(as: nil) { (client) async throws in
            let domain = try await client.application.companies.find(client.company).domain
            let unknown = client.application.signIn.unknown
            for number in 0..<50 { try await unknown.record("a\(number)@\(domain)", from: .init(address: "203.0.113.40")) }
            #expect(try await events(client, "session.refused").count == 1)
            for number in 0..<50 { try await unknown.record("b\(number)@\(domain)", from: .init(address: "203.0.113.\(100 + number)")) }
            #expect(try await events(client, "session.refused").count == 20)
        }
    }

    // MARK: Cookies

    @Test(arguments: [false, true]) func `a session is known by the one name that its cookie has here`(isHTTPS: Bool) async throws {
        var settings = Settings.testing
        if isHTTPS { settings.publicURL = URL(string: "https://shield.example") }
        try await withServer(as: nil, settings: settings) { (client) async throws in
            let answer = try await login(client, try await makeUser(client).email, ServerUnderTest.password)
            let cookie = try #require(answer.header("Set-Cookie"))
            let token = try #require(cookie.split(separator: ";").first?.split(separator: "=").last)
            #expect(cookie.hasPrefix("\(isHTTPS ? "__Host-" : "")datashield_session="))
            #expect(cookie.contains("; Path=/") && !cookie.contains("Domain") && cookie.contains("Secure") == isHTTPS)
            // What another site of the domain can plant has the bare name.
            for (name, isKnown) in [("datashield_session", !isHTTPS), ("__Host-datashield_session", isHTTPS)] {
                let me = try await client.get("/api/me", headers: [("Cookie", "other=1; \(name)=\(token)")])
                #expect(me.status == (isKnown ? 200 : 401))
            }
        }
    }

    @Test func `a message is shown once, and only where it was made`() async throws {
        try await withServer { (client) async throws in
            let done = try await client.submit("/account/theme", [("theme", "dark")])
            #expect(done.headers.filter { $0.name.lowercased() == "set-cookie" }.count == 1)
            let answer = try await client.submit("/account/sessions/end-others", [])
            #expect(answer.header("DataShield-Pending-Flash") == nil)
            let cookie = try #require(answer.header("Set-Cookie")?.split(separator: ";").first.map { String($0) })
            func shows(_ cookie: String, _ text: String, to client: TestClient) async throws -> Bool {
                let page = try await client.get("/account/sessions", headers: [("Cookie", cookie)])
                #expect(page.status == 200)
                return page.text.contains(text)
            }
            #expect(try await shows(cookie, "0 sessions are ended", to: client))
            let shown = try await client.get("/account/sessions", headers: [("Cookie", cookie)])
            #expect(shown.header("Set-Cookie")?.contains("Max-Age=0") == true)
            // Another session's, even of the same user.
            #expect(try await !shows(cookie, "0 sessions are ended", to: try await client.signedIn(as: .admin)))
            // As anybody can write one: with no signature, somebody else's, or that of another text.
            let planted = Base64URL.encode(Array(#"{"kind":"problem","text":"Call 555-0100 now"}"#.utf8))
            let signature = try #require(cookie.split(separator: ".").last)
            for value in [planted, "\(planted).", "\(planted).\(signature)", "\(planted).\(Base64URL.encode([UInt8](repeating: 0, count: 32)))", "."]
            {
                #expect(try await !shows("datashield_flash=\(value)", "555-0100", to: client))
            }
            #expect(try await !client.get("/account/sessions?flash=Call+555-0100&datashield_flash=\(planted)").text.contains("Call 555"))
        }
    }
}
