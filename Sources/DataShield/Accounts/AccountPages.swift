import Foundation
import HTTPTypes
import Hummingbird

/// | Method | Path                            | Permission                            |
/// |--------|---------------------------------|---------------------------------------|
/// | GET    | `/login`                        | everybody                             |
/// | POST   | `/login`                        | everybody                             |
/// | POST   | `/logout`                       | everybody                             |
/// | GET    | `/account/password`             | signed in, also while a change is due |
/// | POST   | `/account/password`             | signed in, also while a change is due |
/// | GET    | `/account/sessions`             | signed in                             |
/// | POST   | `/account/sessions/end-others`  | signed in                             |
/// | POST   | `/account/sessions/{id}/end`    | signed in                             |
/// | POST   | `/account/theme`                | everybody                             |
/// | POST   | `/account/navigation`           | signed in                             |
package struct AccountPages: Sendable {
    let pages: Pages
    let signIn: SignIn
    let sessions: Sessions
    let users: Users
    let cookie: SessionCookie
    let now: Now

    package func add(to routes: PageRoutes) {
        let evenIfDue = Access.signedIn(evenIfPasswordIsDue: true)
        routes.get("/login", .public, use: showSignIn)
        routes.post("/login", .public, form: SignInForm.self, limit: 16 * 1024, use: takeSignIn)
        routes.post("/logout", .public, use: signOut)
        routes.get("/account/password", evenIfDue, use: showPassword)
        routes.post("/account/password", evenIfDue, form: PasswordForm.self, limit: 16 * 1024, use: changePassword)
        routes.get("/account/sessions", .signedIn, use: list)
        routes.post("/account/sessions/end-others", .signedIn, use: endOthers)
        routes.post("/account/sessions/{id}/end", .signedIn, use: end)
        routes.post("/account/theme", .public, form: ThemeForm.self, use: setTheme)
        routes.post("/account/navigation", .signedIn, form: NavigationForm.self, use: setNavigation)
    }

    // MARK: Signing in and out

    struct Next: Codable, Sendable {
        var next: String?
    }

    func showSignIn(_ request: Request, _ context: AppContext) async throws -> Response {
        let next = Pages.local(try request.decodeQuery(Next.self).next, or: "/")
        guard context.signedIn == nil else { return Pages.redirect(to: next) }
        return signInPage(SignInModel(email: "", next: next), .ok, request, context)
    }

    private func signInPage(_ model: SignInModel, _ status: HTTPResponse.Status, _ request: Request, _ context: AppContext) -> Response {
        pages.show("accounts/sign-in", model, Frame("Sign in", layout: .gate, status: status), for: request, context)
    }

    struct SignInForm: Codable, Sendable {
        var email: String
        var password: String
        var next: String?
    }

    func takeSignIn(_ request: Request, _ context: AppContext, _ form: SignInForm) async throws -> Response {
        let next = Pages.local(form.next, or: "/")
        let origin = SignIn.Origin(
            address: context.sourceAddress(of: request), userAgent: request.headers[.userAgent], token: cookie.token(in: request))
        do {
            let (token, signedIn) = try await signIn.signIn(email: form.email, password: form.password, from: origin)
            var response = Pages.redirect(to: signedIn.mustChangePassword ? "/account/password" : next)
            response.headers.append(cookie.setting(token))
            return response
        } catch let failure as any FeatureError {
            return signInPage(SignInModel(email: form.email, next: next, formError: failure.detail), failure.status, request, context)
        }
    }

    func signOut(_ request: Request, _ context: AppContext) async throws -> Response {
        if let signedIn = context.signedIn { try await sessions.end(signedIn) }
        var response = Pages.redirect(to: "/login")
        response.headers.append(cookie.clearing())
        return response
    }

    // MARK: A new password

    struct PasswordForm: Codable, Sendable {
        var currentPassword: String
        var newPassword: String
        /// For password managers.
        var username: String?
    }

    func showPassword(_ request: Request, _ context: AppContext) async throws -> Response {
        passwordPage(nil, request, context)
    }

    private func passwordPage(_ problem: (any FeatureError)?, _ request: Request, _ context: AppContext) -> Response {
        let errors = problem?.fields ?? []
        let model = PasswordModel(
            isForced: context.signedIn?.mustChangePassword ?? false,
            current: FormField(
                "currentPassword", "Current password", type: "password", autocomplete: "current-password", isRequired: true,
                error: errors[field: "currentPassword"].map { "The current password \($0)" }),
            new: FormField(
                "newPassword", "New password", type: "password", autocomplete: "new-password", isRequired: true,
                hint: "12 to 72 characters. Not one of the commonest passwords, and not your address.",
                error: errors[field: "newPassword"].map { "The new password \($0)" }),
            formError: errors.isEmpty ? problem?.detail : nil)
        let frame = Frame("Choose a new password", layout: .gate, status: problem?.status ?? .ok)
        return pages.show("accounts/password", model, frame, for: request, context)
    }

    func changePassword(_ request: Request, _ context: AppContext, _ form: PasswordForm) async throws -> Response {
        guard let signedIn = context.signedIn else { throw HTTPFailure.signInNeeded }
        do {
            try await users.changePassword(from: form.currentPassword, to: form.newPassword, by: signedIn)
        } catch let failure as any FeatureError {
            return passwordPage(failure, request, context)
        }
        return Pages.redirect(to: "/", .done("Your password is changed."))
    }

    // MARK: Sessions

    func list(_ request: Request, _ context: AppContext) async throws -> Response {
        guard let signedIn = context.signedIn else { throw HTTPFailure.signInNeeded }
        let clock = PageClock(now(), for: signedIn)
        let rows = try await sessions.list(for: signedIn.subject).map { session in
            SessionListModel.Row(
                id: session.id.rawValue, browser: Browser.name(session.userAgent), ip: session.ip ?? "unknown",
                lastSeen: clock.ago(session.lastSeenAt), began: clock.dateTime(session.createdAt), ends: clock.dateTime(session.expiresAt),
                isCurrent: session.id == signedIn.session)
        }
        let model = SessionListModel(rows: rows, hasOthers: rows.contains { !$0.isCurrent })
        return pages.show("accounts/sessions", model, Frame("Sessions"), for: request, context)
    }

    func end(_ request: Request, _ context: AppContext) async throws -> Response {
        try await sessions.revoke(try context.id(as: SessionID.self), by: try context.subject)
        return Pages.redirect(to: "/account/sessions", .done("The session is ended."))
    }

    func endOthers(_ request: Request, _ context: AppContext) async throws -> Response {
        guard let signedIn = context.signedIn else { throw HTTPFailure.signInNeeded }
        let count = try await sessions.revokeOthers(than: signedIn.session, by: signedIn.subject)
        return Pages.redirect(to: "/account/sessions", .done("\(Format.count(count, "session is", "sessions are")) ended."))
    }

    // MARK: The frame

    struct ThemeForm: Codable, Sendable {
        var theme: String
        var back: String?
    }

    func setTheme(_ request: Request, _ context: AppContext, _ form: ThemeForm) async throws -> Response {
        let theme = Theme(rawValue: form.theme) ?? .system
        var response = Pages.redirect(to: Pages.local(form.back, or: "/"))
        response.headers.append(pages.setting(theme))
        return response
    }

    struct NavigationForm: Codable, Sendable {
        var navigation: String
        var back: String?
    }

    func setNavigation(_ request: Request, _ context: AppContext, _ form: NavigationForm) async throws -> Response {
        var response = Pages.redirect(to: Pages.local(form.back, or: "/"))
        response.headers.append(pages.setting(NavigationFold(rawValue: form.navigation) ?? .open))
        return response
    }
}

/// What a browser calls itself, in a few words.
enum Browser {
    static func name(_ agent: String?) -> String {
        guard let agent, !agent.isEmpty else { return "Unknown" }
        let browsers = [
            ("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"), ("curl/", "curl"),
        ]
        let systems = [
            ("Windows", "Windows"), ("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Mac OS X", "macOS"), ("Linux", "Linux"),
        ]
        let browser = browsers.first { agent.contains($0.0) }?.1
        let system = systems.first { agent.contains($0.0) }?.1
        switch (browser, system) {
        case (let browser?, let system?): return "\(browser) on \(system)"
        case (let name?, nil), (nil, let name?): return name
        case (nil, nil): return String(agent.prefix(40))
        }
    }
}
