import Foundation
import Logging

/// Writes down whom their role kept from something, in the trail of their company: one event for each user, route and minute, so that nobody
/// fills the trail by asking again.
struct RefusedAccess: Sendable {
    let database: TenantDatabase
    let logger: Logger
    private let limit: AuditLimit

    init(database: TenantDatabase, logger: Logger, now: @escaping Now) {
        self.database = database
        self.logger = logger
        limit = AuditLimit(now: now)
    }

    /// Writes the event. They are refused whether it can be written or not.
    func record(_ signedIn: SignedIn, _ permission: Permission, _ route: RegisteredRoute) async {
        let name = "\(route.method.rawValue) \(route.path)"
        let kind = "\(signedIn.user) \(name)"
        guard limit.admits(kind) else { return }
        do {
            try await database.transaction(for: signedIn.company) { db in
                try await AuditTrail.record(
                    "access.refused", target: .init("route", id: name), after: ["permission": permission.rawValue], by: signedIn.subject, in: db)
            }
        } catch {
            limit.forget(kind)
            logger.warning("A refusal could not be written to the audit trail", metadata: ["error": "\(error)", "http.route": "\(name)"])
        }
    }
}
