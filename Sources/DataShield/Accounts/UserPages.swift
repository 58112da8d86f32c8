import Foundation
import HTTPTypes
import Hummingbird

/// | Method | Path                   | Permission     |
/// |--------|------------------------|----------------|
/// | GET    | `/users`               | `users:manage` |
/// | POST   | `/users`               | `users:manage` |
/// | POST   | `/users/{id}/role`     | `users:manage` |
/// | POST   | `/users/{id}/password` | `users:manage` |
/// | POST   | `/users/{id}/disable`  | `users:manage` |
/// | POST   | `/users/{id}/enable`   | `users:manage` |
package struct UserPages: Sendable {
    let pages: Pages
    let users: Users
    let now: Now

    package func add(to routes: PageRoutes) {
        let access = Access.permission(.usersManage)
        routes.get("/users", access, use: list)
        routes.post("/users", access, form: NewForm.self, use: create)
        routes.post("/users/{id}/role", access, form: RoleForm.self, use: changeRole)
        routes.post("/users/{id}/password", access, use: resetPassword)
        routes.post("/users/{id}/disable", access) { request, context in
            try await change(.init(isDisabled: true), "The user is disabled.", request, context)
        }
        routes.post("/users/{id}/enable", access) { request, context in
            try await change(.init(isDisabled: false), "The user can sign in again.", request, context)
        }
    }

    struct Query: Codable, Sendable {
        var cursor: String?
    }

    func list(_ request: Request, _ context: AppContext) async throws -> Response {
        try await page(request, context, cursor: try request.decodeQuery(Query.self).cursor)
    }

    struct NewForm: Codable, Sendable {
        var email: String
        var name: String?
        var role: Role
    }

    /// The page, with what a form gave when it was wrong, or the password that was made.
    private func page(
        _ request: Request, _ context: AppContext, cursor: String? = nil, form: NewForm? = nil, problem: (any FeatureError)? = nil,
        made: UserListModel.NewPassword? = nil
    ) async throws -> Response {
        let subject = try context.subject
        let list = try await users.list(cursor: cursor, for: subject)
        let clock = PageClock(now(), for: context.signedIn)
        let errors = problem?.fields ?? []
        let model = UserListModel(
            rows: list.items.map { UserListModel.Row($0, isSelf: $0.id == subject.user, clock, now: now()) },
            pager: list.nextCursor == nil && cursor == nil
                ? nil : Pager(Format.count(list.items.count, "user", "users"), path: "/users", query: [], cursor: cursor, next: list.nextCursor),
            formError: errors.isEmpty ? problem?.detail : nil, newPassword: made,
            fields: [
                FormField(
                    "email", "E-mail", type: "email", value: form?.email, autocomplete: "off", isRequired: true, error: errors[field: "email"]),
                FormField("name", "Name", value: form?.name, autocomplete: "off", isOptional: true, error: errors[field: "name"]),
            ],
            role: Choice(
                "role", "Role", [Role.viewer, .admin].map { ($0.rawValue, $0.label) }, selected: form?.role.rawValue ?? Role.viewer.rawValue,
                error: errors[field: "role"]))
        return pages.show("users/list", model, Frame("Users", in: .users, status: problem?.status ?? .ok), for: request, context)
    }

    func create(_ request: Request, _ context: AppContext, _ form: NewForm) async throws -> Response {
        do {
            let (user, password) = try await users.create(
                .init(email: form.email, name: form.name, role: form.role), by: try context.subject)
            // Shown in this answer and nowhere else: a redirect would have to keep it somewhere.
            let made = UserListModel.NewPassword(heading: "\(user.email) is added.", password: password ?? "")
            return try await page(request, context, made: made)
        } catch let failure as any FeatureError {
            return try await page(request, context, form: form, problem: failure)
        }
    }

    struct RoleForm: Codable, Sendable {
        var role: Role
    }

    func changeRole(_ request: Request, _ context: AppContext, _ form: RoleForm) async throws -> Response {
        try await change(.init(role: form.role), "The role is now \(form.role.label.lowercased()).", request, context)
    }

    func resetPassword(_ request: Request, _ context: AppContext) async throws -> Response {
        let password = Users.makePassword()
        let id = try context.id(as: UserID.self)
        let user = try await users.update(id, .init(password: password), by: try context.subject)
        return try await page(request, context, made: .init(heading: "\(user.email) has a new password.", password: password))
    }

    private func change(_ change: Users.Change, _ done: String, _ request: Request, _ context: AppContext) async throws -> Response {
        do {
            _ = try await users.update(try context.id(as: UserID.self), change, by: try context.subject)
        } catch let failure as Users.Failure where failure != .notFound {
            return try await page(request, context, problem: failure)
        }
        return Pages.redirect(to: "/users", .done(done))
    }
}

extension UserListModel.Row {
    init(_ user: User, isSelf: Bool, _ clock: PageClock, now: Date) {
        url = "/users/\(user.id)"
        name = user.name.isEmpty ? user.email : user.name
        initials = Format.initials(name)
        email = user.email
        status =
            user.isDisabled
            ? Badge("Disabled", .neutral, icon: "ban")
            : user.firstPasswordEndsAt.map {
                $0 <= now ? Badge("First password ended", .high, icon: "ban") : Badge("New password due", .medium, icon: "clock")
            } ?? Badge("Active", .good, icon: "check-circle")
        lastLogin = user.lastLoginAt.map(clock.ago) ?? "never"
        roles = [Role.viewer, .admin].map { SelectOption($0.rawValue, $0.label, isSelected: $0 == user.role) }
        isDisabled = user.isDisabled
        self.isSelf = isSelf
    }
}
