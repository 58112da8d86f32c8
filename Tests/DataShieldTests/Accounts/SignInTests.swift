import DataShieldTestSupport
import Foundation
import Synchronization
import Testing

@testable import DataShield

/// A clock that a test moves.
final class MovableClock: Sendable {
    private let time = Mutex(Date(timeIntervalSince1970: 1_780_000_000))
    var now: Now { { self.time.withLock { $0 } } }
    func advance(_ seconds: TimeInterval) { time.withLock { $0 += seconds } }
}

@Suite(.freshDatabase) struct SignInTests {
    private func makeUser(_ client: TestClient, role: DataShield.Role = .viewer, mustChange: Bool = false) async throws -> User {
        let subject = Subject(actor: .program("test"), company: client.company, role: .admin)
        let email = "u\(CUID.make(at: Date()).suffix(10))@acme.example"
        return try await client.application.users.create(
            .init(email: email, role: role, password: ServerUnderTest.password), mustChangePassword: mustChange, by: subject
        ).user
    }

    private func login(
        _ client: TestClient, _ email: String, _ password: String, source: String = "198.51.100.\(Int.random(in: 1...250))"
    ) async throws
        -> TestClient.Answer
    {
        try await client.post("/api/auth/login", ["email": email, "password": password], headers: [("X-Forwarded-For", source)])
    }

    private func token(_ answer: TestClient.Answer) -> String? {
        answer.header("Set-Cookie")?.split(separator: ";").first?.split(separator: "=").last.map { String($0) }
    }

    @Test func `the right password opens a session, and signing out ends it`() async throws {
        try await withServer(as: nil) { client in
            let user = try await makeUser(client)
            let answer = try await login(client, "  \(user.email.uppercased()) ", ServerUnderTest.password)
            #expect(answer.status == 200)
            #expect(try answer.decode(MeResponse.self).email == user.email)
            let cookie = try #require(answer.header("Set-Cookie"))
            #expect(cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Path=/") && !cookie.contains("Secure"))
            var browser = client
            browser.token = token(answer)
            #expect(browser.token?.utf8.count == 43)
            #expect(try await browser.get("/api/me").status == 200)
            let gone = try await browser.post("/api/auth/logout")
            #expect(gone.status == 204)
            #expect(gone.header("Set-Cookie")?.contains("Max-Age=0") == true)
            #expect(try await browser.get("/api/me").status == 401)
        }
    }

    @Test func `behind HTTPS every cookie is Secure`() async throws {
        var settings = Settings.testing
        settings.publicURL = URL(string: "https://shield.example")
        for (settings, isSecure) in [(Settings.testing, false), (settings, true)] {
            try await withServer(settings: settings) { client in
                let theme = try await client.submit("/account/theme", [("theme", "dark"), ("back", "/")])
                let flash = try await client.submit("/account/sessions/end-others", [])
                for (answer, name) in [(theme, "datashield_theme"), (flash, "datashield_flash")] {
                    let cookies = answer.headers.filter { $0.name.lowercased() == "set-cookie" }.map(\.value)
                    #expect(cookies.count == 1)
                    let called = isSecure ? "__Host-\(name)" : name
                    #expect(cookies.allSatisfy { $0.hasPrefix(called + "=") && $0.hasSuffix("; Secure") == isSecure })
                    #expect(cookies.allSatisfy { $0.contains("; Path=/;") && !$0.contains("Domain") })
                }
            }
        }
    }

    @Test func `behind HTTPS the cookie is for HTTPS only`() async throws {
        var settings = Settings.testing
        settings.publicURL = URL(string: "https://shield.example")
        try await withServer(as: nil, settings: settings) { client in
            let user = try await makeUser(client)
            #expect(try await login(client, user.email, ServerUnderTest.password).header("Set-Cookie")?.contains("Secure") == true)
        }
    }

    @Test func `the token is not in the database`() async throws {
        try await withServer(as: nil) { client in
            let user = try await makeUser(client)
            let token = try #require(token(try await login(client, user.email, ServerUnderTest.password)))
            let hashes = try await TestDatabase.current.system.query("SELECT token_hash FROM sessions WHERE user_id = \(user.id)", as: [UInt8].self)
            #expect(hashes == [Token.hash(of: token)])
        }
    }

    @Test func `signing in again ends the session that the browser had`() async throws {
        try await withServer(as: nil) { client in
            let user = try await makeUser(client)
            var browser = client
            browser.token = token(try await login(client, user.email, ServerUnderTest.password))
            let second = token(try await login(browser, user.email, ServerUnderTest.password))
            #expect(second != nil && second != browser.token)
            #expect(try await browser.get("/api/me").status == 401)
        }
    }

    @Test func `an unknown address, a wrong password and a disabled user get one answer`() async throws {
        try await withServer(as: nil) { client in
            let user = try await makeUser(client)
            let disabled = try await makeUser(client)
            try await TestDatabase.current.system.execute("UPDATE users SET disabled_at = now() WHERE id = \(disabled.id)")
            var details: Set<String> = []
            for (email, password) in [
                (user.email, "wrong-password-here"), ("nobody@acme.example", ServerUnderTest.password), ("not an address", ServerUnderTest.password),
                (disabled.email, ServerUnderTest.password), (user.email, ""),
            ] {
                let answer = try await login(client, email, password)
                #expect(answer.status == 401, "\(email)")
                #expect(answer.header("Set-Cookie") == nil)
                details.insert(try answer.problem.detail)
            }
            #expect(details.count == 1)
        }
    }

    @Test func `an address waits after ten failures, and the right password then helps again`() async throws {
        let clock = MovableClock()
        try await withServer(as: nil, now: clock.now) { client in
            let user = try await makeUser(client)
            for _ in 0..<Throttle.perAddress { #expect(try await login(client, user.email, "wrong-password-here").status == 401) }
            let refused = try await login(client, user.email, ServerUnderTest.password)
            #expect(refused.status == 429)
            let seconds = try #require(refused.header("Retry-After").flatMap { Int($0) })
            #expect((1...900).contains(seconds))
            clock.advance(TimeInterval(seconds) - 1)
            #expect(try await login(client, user.email, ServerUnderTest.password).status == 429)
            clock.advance(2)
            #expect(try await login(client, user.email, ServerUnderTest.password).status == 200)
            // The failures are forgotten.
            #expect(try await login(client, user.email, "wrong-password-here").status == 401)
            let others = try await makeUser(client)
            #expect(try await login(client, others.email, ServerUnderTest.password).status == 200)
        }
    }

    @Test func `an unknown address is throttled just so`() async throws {
        try await withServer(as: nil) { (client) async throws in
            let email = "nobody-\(CUID.make(at: Date()))@acme.example"
            for _ in 0..<Throttle.perAddress { #expect(try await login(client, email, "wrong-password-here").status == 401) }
            #expect(try await login(client, email, "wrong-password-here").status == 429)
        }
    }

    @Test func `a source waits whatever addresses it tries`() async throws {
        let system = TestDatabase.current.system
        let throttle = Throttle(system: system, now: { Date() })
        for number in 0..<Throttle.perSource { _ = try await throttle.begin(email: "a\(number)@source.example", source: "203.0.113.77") }
        await #expect(throws: Throttle.TooMany.self) { try await throttle.begin(email: "another@source.example", source: "203.0.113.77") }
        _ = try await throttle.begin(email: "another@source.example", source: "203.0.113.78")
        #expect(Throttle.network(of: "2001:db8:1:2:3::4") == Throttle.network(of: "2001:db8:1:2:ffff::1"))
        #expect(Throttle.network(of: "2001:db8:1:2:3::4") != Throttle.network(of: "2001:db8:1:3:3::4"))
    }

    @Test func `a hundred attempts at once do not pass the limit`() async throws {
        let throttle = Throttle(system: TestDatabase.current.system, now: { Date() })
        let email = "many-\(CUID.make(at: Date()))@acme.example"
        let passed = await withTaskGroup(of: Bool.self) { group in
            for _ in 0..<40 {
                group.addTask {
                    do {
                        _ = try await throttle.begin(email: email, source: "203.0.113.90")
                        return true
                    } catch { return false }
                }
            }
            return await group.reduce(0) { $0 + ($1 ? 1 : 0) }
        }
        #expect(passed == Throttle.perAddress)
    }

    @Test func `every sign-in, failure and sign-out is in the audit trail`() async throws {
        try await withServer(as: nil) { client in
            let user = try await makeUser(client)
            _ = try await login(client, user.email, "wrong-password-here", source: "198.51.100.9")
            var browser = client
            browser.token = token(try await login(client, user.email, ServerUnderTest.password, source: "198.51.100.9"))
            _ = try await browser.post("/api/auth/logout")
            let subject = Subject(actor: .program("test"), company: client.company, role: .admin)
            let events = try await client.application.audit.list(.init(target: user.id.rawValue), for: subject).items
            #expect(Set(events.map(\.action)) == ["user.created", "session.refused", "session.signed_in", "session.signed_out"])
            #expect(events.filter { $0.action == "session.signed_in" }.map(\.ip) == ["198.51.100.9"])
            #expect(events.filter { $0.actorKind == "user" }.allSatisfy { $0.actorName == user.email })
            #expect(try await client.application.audit.firstBrokenEvent(of: client.company) == nil)
        }
    }
}
