import DataShieldTestSupport
import Foundation
import Testing

@testable import DataShield

// One after the other: tidying takes away what is old by the clock of its own test.
@Suite(.freshDatabase, .serialized) struct SessionsTests {
    private struct Fixture {
        let sessions: Sessions
        let token: Token
        let user: UserID
        let company: CompanyID
    }

    private func make(_ clock: MovableClock) async throws -> Fixture {
        let database = TestDatabase.current
        let company = try await database.makeCompany()
        let user = try await database.makeUser(in: company)
        let sessions = Sessions(system: database.system, database: database.tenant, now: clock.now)
        let token = try await sessions.begin(for: user, of: company, ip: "192.0.2.1", userAgent: "Test\u{1}", replaced: nil, in: database.system)
        return Fixture(sessions: sessions, token: token, user: user, company: company)
    }

    @Test func `a session ends twelve hours after its last use`() async throws {
        let clock = MovableClock()
        let fixture = try await make(clock)
        for _ in 0..<3 {
            clock.advance(Sessions.idleTime - 60)
            #expect(try await fixture.sessions.find(fixture.token.text)?.user == fixture.user)
        }
        clock.advance(Sessions.idleTime + 1)
        #expect(try await fixture.sessions.find(fixture.token.text) == nil)
    }

    @Test func `a session ends after seven days, however much it is used`() async throws {
        let clock = MovableClock()
        let fixture = try await make(clock)
        for _ in 0..<14 {
            clock.advance(Sessions.idleTime - 60)
            _ = try await fixture.sessions.find(fixture.token.text)
        }
        clock.advance(2 * 3600)
        #expect(try await fixture.sessions.find(fixture.token.text) == nil)
        try await fixture.sessions.tidy()
        let left = try await TestDatabase.current.system.first("SELECT count(*) FROM sessions WHERE user_id = \(fixture.user)", as: Int.self)
        #expect(left == 0)
    }

    @Test func `the last use is written down at most once a minute`() async throws {
        let clock = MovableClock()
        let fixture = try await make(clock)
        let seen: () async throws -> Date? = {
            try await TestDatabase.current.system.first("SELECT last_seen_at FROM sessions WHERE user_id = \(fixture.user)", as: Date.self)
        }
        let first = try await seen()
        clock.advance(30)
        _ = try await fixture.sessions.find(fixture.token.text)
        #expect(try await seen() == first)
        clock.advance(31)
        _ = try await fixture.sessions.find(fixture.token.text)
        #expect(try await seen() == first?.addingTimeInterval(61))
    }

    @Test func `what this process changes is seen at once, what another changes after five seconds`() async throws {
        let clock = MovableClock()
        let fixture = try await make(clock)
        #expect(try await fixture.sessions.find(fixture.token.text)?.role == .viewer)
        try await TestDatabase.current.system.execute("UPDATE users SET role = 'ADMIN' WHERE id = \(fixture.user)")
        clock.advance(5)
        #expect(try await fixture.sessions.find(fixture.token.text)?.role == .admin)
        let session = try #require(try await fixture.sessions.find(fixture.token.text))
        try await fixture.sessions.end(session)
        #expect(try await fixture.sessions.find(fixture.token.text) == nil)
    }

    @Test(arguments: ["", "x", String(repeating: "a", count: 43), String(repeating: "a", count: 100_000), "' OR 1=1 --"])
    func `a token that is none finds nobody`(_ text: String) async throws {
        let fixture = try await make(MovableClock())
        #expect(try await fixture.sessions.find(text) == nil)
    }

    @Test func `one sees and ends one's own sessions, and nobody else's`() async throws {
        try await withServer(as: .viewer) { client in
            let other = try await client.signedIn(as: .admin)
            let page = try await client.get("/api/sessions").decode(Page<AccountRoutes.SessionResponse>.self)
            #expect(page.items.count == 1 && page.items[0].isCurrent)
            let theirs = try await other.get("/api/sessions").decode(Page<AccountRoutes.SessionResponse>.self)
            #expect(try await client.delete("/api/sessions/\(theirs.items[0].id)").status == 404)
            #expect(try await other.get("/api/me").status == 200)
            #expect(try await client.delete("/api/sessions/\(page.items[0].id)").status == 204)
            #expect(try await client.get("/api/me").status == 401)
        }
    }

    @Test func `a disabled user's sessions open nothing any more`() async throws {
        try await withServer { client in
            let viewer = try await client.signedIn(as: .viewer)
            #expect(try await viewer.get("/api/me").status == 200)
            #expect(try await client.patch("/api/users/\(try #require(viewer.user))", ["isDisabled": true]).status == 200)
            #expect(try await viewer.get("/api/me").status == 401)
        }
    }
}
