/// Who asks: a signed-in user, or a command or job that acts in a company's name.
package struct Subject: Sendable, Hashable {
    package enum Actor: Sendable, Hashable {
        case user(UserID)
        /// The program itself, for what a command or the scheduler does: "command", "scheduler".
        case program(String)
        /// A directory that pushes its people, by its connection.
        case directory(DirectoryConnectionID, name: String)
    }

    package var actor: Actor
    package var company: CompanyID
    package var role: Role
    /// Where the request came from, for the audit trail.
    package var address: String?

    package init(actor: Actor, company: CompanyID, role: Role, address: String? = nil) {
        self.actor = actor
        self.company = company
        self.role = role
        self.address = address
    }

    /// The user, when one asks.
    package var user: UserID? {
        if case .user(let id) = actor { id } else { nil }
    }

    package func may(_ permission: Permission) -> Bool { role.permissions.contains(permission) }
}
