import Foundation
import Logging
import Postgres

/// Something that administrators have to look at now. It is written to the audit trail and to the log at the level that pages whoever
/// runs the installation; the state it tells of stands on every page of an administrator and in a metric for as long as it lasts.
/// Further channels are to be added here.
struct AdminNotice: Sendable {
    /// As the audit trail names it: `remediation.stopped`.
    var title: String
    /// What happened, in plain words: no address of anybody.
    var reason: String
    /// How many requests are refused by it.
    var refused: Int

    private struct Audit: Codable, Sendable {
        var reason: String
        var refused: Int
    }

    /// Tells the administrators of a company, in the transaction of what happened.
    func page(adminsOf company: CompanyID, in db: some Queryable, logger: Logger) async throws {
        try await AuditTrail.record(
            title, target: .init("company", company), after: Audit(reason: reason, refused: refused),
            by: Subject(actor: .program("remediation"), company: company, role: .admin), in: db)
        logger.error(
            "Remediation was stopped: an administrator has to look at it",
            metadata: ["company": "\(company)", "reason": "\(reason)", "refused": "\(refused)"])
    }
}
