import Foundation
import Hummingbird

/// Whoever is signed in, as the API shows them.
package struct MeResponse: Codable, Sendable, Equatable {
    package struct CompanyPart: Codable, Sendable, Equatable {
        package var id: CompanyID
        package var name: String
        package var domain: String
        package var timezone: String
    }

    package var id: UserID
    package var email: String
    package var name: String?
    package var role: Role
    package var permissions: [String]
    package var mustChangePassword: Bool
    package var company: CompanyPart

    init(_ signedIn: SignedIn) {
        id = signedIn.user
        email = signedIn.email
        name = signedIn.name
        role = signedIn.role
        permissions = signedIn.role.permissions.map(\.rawValue).sorted()
        mustChangePassword = signedIn.mustChangePassword
        company = CompanyPart(
            id: signedIn.company, name: signedIn.companyName, domain: signedIn.companyDomain, timezone: signedIn.timezone)
    }
}

/// | Method | Path                  | Permission                              |
/// |--------|-----------------------|-----------------------------------------|
/// | POST   | `/api/auth/login`     | everybody                               |
/// | POST   | `/api/auth/logout`    | signed in                               |
/// | GET    | `/api/me`             | signed in                               |
/// | POST   | `/api/me/password`    | signed in, also while a change is due   |
/// | GET    | `/api/sessions`       | signed in: one's own                    |
/// | DELETE | `/api/sessions`       | signed in: one's own others             |
/// | DELETE | `/api/sessions/{id}`  | signed in: one's own                    |
package struct AccountRoutes: Sendable {
    let signIn: SignIn
    let sessions: Sessions
    let users: Users
    package let cookie: SessionCookie

    struct Login: Codable, Sendable {
        var email: String
        var password: String
        var code: String?
    }

    struct PasswordChange: Codable, Sendable {
        var currentPassword: String
        var newPassword: String
    }

    struct SessionResponse: Codable, Sendable, Equatable {
        var id: SessionID
        var createdAt: Date
        var lastSeenAt: Date
        var expiresAt: Date
        var ip: String?
        var userAgent: String?
        /// Whether it is the one that asks.
        var isCurrent: Bool
    }

    func add(to api: APIRoutes) {
        let evenIfDue = Access.signedIn(evenIfPasswordIsDue: true)
        let limit = 16 * 1024
        api.respond(.post, "/api/auth/login", .public, summary: "Sign in", body: Login.self, limit: limit, answers: MeResponse.self) {
            request, context in
            let login = try await request.decodeJSON(Login.self, limit: limit)
            let (token, signedIn) = try await signIn.signIn(email: login.email, password: login.password, from: origin(request, context))
            var response = try Response.json(MeResponse(signedIn))
            response.headers.append(cookie.setting(token))
            return response
        }
        api.respond(.post, "/api/auth/logout", evenIfDue, summary: "Sign out", status: .noContent) { _, context in
            if let signedIn = context.signedIn { try await sessions.end(signedIn) }
            var response = Response(status: .noContent)
            response.headers.append(cookie.clearing())
            return response
        }
        api.get("/api/me", evenIfDue, summary: "Who is signed in", answers: MeResponse.self) { _, context in
            MeResponse(try Self.required(context))
        }
        api.respond(
            .post, "/api/me/password", evenIfDue, summary: "Change one's own password; other sessions end", body: PasswordChange.self,
            limit: limit, status: .noContent
        ) { request, context in
            let change = try await request.decodeJSON(PasswordChange.self, limit: limit)
            try await users.changePassword(from: change.currentPassword, to: change.newPassword, by: try Self.required(context))
            return Response(status: .noContent)
        }
        api.get("/api/sessions", .signedIn, summary: "One's own sessions", answers: Page<SessionResponse>.self) { _, context in
            let signedIn = try Self.required(context)
            let items = try await sessions.list(for: signedIn.subject).map { session in
                SessionResponse(
                    id: session.id, createdAt: session.createdAt, lastSeenAt: session.lastSeenAt, expiresAt: session.expiresAt, ip: session.ip,
                    userAgent: session.userAgent, isCurrent: session.id == signedIn.session)
            }
            return Page(items: items, nextCursor: nil)
        }
        api.delete("/api/sessions", .signedIn, summary: "End all of one's own other sessions") { _, context in
            let signedIn = try Self.required(context)
            _ = try await sessions.revokeOthers(than: signedIn.session, by: signedIn.subject)
        }
        api.delete("/api/sessions/{id}", .signedIn, summary: "End one of one's own sessions") { _, context in
            try await sessions.revoke(try context.id(as: SessionID.self), by: try context.subject)
        }
    }

    private static func required(_ context: AppContext) throws -> SignedIn {
        guard let signedIn = context.signedIn else { throw HTTPFailure.signInNeeded }
        return signedIn
    }

    /// Where a sign-in comes from: also for the sign-in page.
    package func origin(_ request: Request, _ context: AppContext) -> SignIn.Origin {
        SignIn.Origin(
            address: context.sourceAddress(of: request), userAgent: request.headers[.userAgent], token: cookie.token(in: request))
    }
}
