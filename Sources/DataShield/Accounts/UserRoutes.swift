import Foundation
import Hummingbird

/// | Method | Path              | Permission     |
/// |--------|-------------------|----------------|
/// | GET    | `/api/users`      | `users:manage` |
/// | POST   | `/api/users`      | `users:manage` |
/// | GET    | `/api/users/{id}` | `users:manage` |
/// | PATCH  | `/api/users/{id}` | `users:manage` |
/// | DELETE | `/api/users/{id}` | `users:manage` |
struct UserRoutes {
    let users: Users

    struct UserResponse: Codable, Sendable, Equatable {
        var id: UserID
        var email: String
        var name: String
        var role: Role
        var mustChangePassword: Bool
        /// Until when the password that was given is good for the first sign-in; null when the user has chosen one.
        var firstPasswordEndsAt: Date?
        var isDisabled: Bool
        var lastLoginAt: Date?
        var createdAt: Date

        init(_ user: User) {
            id = user.id
            email = user.email
            name = user.name
            role = user.role
            mustChangePassword = user.mustChangePassword
            firstPasswordEndsAt = user.firstPasswordEndsAt
            isDisabled = user.isDisabled
            lastLoginAt = user.lastLoginAt
            createdAt = user.createdAt
        }
    }

    struct CreatedUser: Codable, Sendable {
        var user: UserResponse
        /// The password that was made for the first sign-in: shown here and never again. Null when the request had one.
        var password: String?
    }

    struct Query: Codable, Sendable {
        var limit: Int?
        var cursor: String?
    }

    func add(to api: APIRoutes) {
        let access = Access.permission(.usersManage)
        api.get("/api/users", access, summary: "The company's users", query: Query.self, answers: Page<UserResponse>.self) { _, context, query in
            let page = try await users.list(cursor: query.cursor, limit: query.limit, for: try context.subject)
            return Page(items: page.items.map { UserResponse($0) }, nextCursor: page.nextCursor)
        }
        api.post("/api/users", access, summary: "Make a user", body: Users.New.self, answers: CreatedUser.self, status: .created) { _, context, new in
            let (user, password) = try await users.create(new, by: try context.subject)
            return CreatedUser(user: UserResponse(user), password: password)
        }
        api.get("/api/users/{id}", access, summary: "One user", answers: UserResponse.self) { _, context in
            UserResponse(try await users.find(try context.id(as: UserID.self), for: try context.subject))
        }
        api.patch("/api/users/{id}", access, summary: "Change a user", body: Users.Change.self, answers: UserResponse.self) { _, context, change in
            UserResponse(try await users.update(try context.id(as: UserID.self), change, by: try context.subject))
        }
        api.delete("/api/users/{id}", access, summary: "Delete a user") { _, context in
            try await users.delete(try context.id(as: UserID.self), by: try context.subject)
        }
    }
}
