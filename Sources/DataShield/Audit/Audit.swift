import Foundation
import JSON
import Postgres

/// Something that was done, as it was written down.
package struct AuditEvent: Codable, Sendable, Equatable {
    package var id: Identifier<AuditEvent>
    package var createdAt: Date
    package var action: String
    /// `user`, `token` or `program`.
    package var actorKind: String
    package var actorId: String?
    /// The address of the user, or the name of the program.
    package var actorName: String?
    package var targetType: String?
    package var targetId: String?
    package var before: JSONValue?
    package var after: JSONValue?
    package var ip: String?
}

extension AuditEvent: RowDecodable {
    package init(from row: inout Row) throws {
        id = try row.next()
        createdAt = try row.next()
        action = try row.next()
        actorKind = try row.next()
        actorId = try row.next()
        actorName = try row.next()
        targetType = try row.next()
        targetId = try row.next()
        before = try row.next(as: Optional<JSON<JSONValue>>.self)?.value
        after = try row.next(as: Optional<JSON<JSONValue>>.self)?.value
        ip = try row.next()
    }
}

/// Which events a list shows. What is nil does not matter.
package struct AuditFilter: Sendable, Hashable {
    package var action: String?
    /// The id of the user who acted.
    package var actor: String?
    /// The id of what was acted on.
    package var target: String?
    /// Ids whose events count as those of the target.
    package var otherTargets: [String] = []
    package var from: Date?
    package var to: Date?
}

/// Reading the trail.
package struct Audit: Sendable {
    let database: TenantDatabase

    package init(database: TenantDatabase) { self.database = database }

    private struct Key: Codable, Sendable {
        let createdAt: Date
        let id: Identifier<AuditEvent>
    }

    /// One page of a company's events, the newest first.
    /// - Throws: ``InvalidInput`` for a cursor or limit that is not valid.
    package func list(
        _ filter: AuditFilter = .init(), cursor: String? = nil, limit: Int? = nil, for subject: Subject
    ) async throws -> Page<AuditEvent> {
        let limit = try PageLimit.checked(limit)
        var conditions: [SQL] = ["company_id = \(subject.company)"]
        if let after = try Cursor.decode(cursor, as: Key.self) { conditions.append("(created_at, id) < (\(after.createdAt), \(after.id))") }
        if let action = filter.action { conditions.append("action = \(action)") }
        if let actor = filter.actor { conditions.append("actor_id = \(actor)") }
        if let target = filter.target { conditions.append("target_id = ANY(\([target] + filter.otherTargets)::text[])") }
        if let from = filter.from { conditions.append("created_at >= \(from)") }
        if let to = filter.to { conditions.append("created_at < \(to)") }
        let rows = try await database.query(
            for: subject.company,
            """
            SELECT id, created_at, action, actor_kind, actor_id, actor_name, target_type, target_id, before, after, ip
            FROM audit_events WHERE \(conditions.joined(separator: " AND ")) ORDER BY created_at DESC, id DESC \(SQL.limit(limit + 1))
            """, as: AuditEvent.self)
        return try Page(rows, limit: limit, cursor: { try Cursor.encode(Key(createdAt: $0.createdAt, id: $0.id)) }, item: { $0 })
    }

    /// What checking a trail showed.
    package struct Check: Sendable, Hashable {
        /// How many events there are.
        package var events: Int
        /// The number of the first that is missing, moved or changed; nil when all are as they were written.
        package var firstBroken: Int?
    }

    /// Checks a company's whole trail; the time it takes grows with it.
    package func check(of company: CompanyID) async throws -> Check {
        try await database.read(for: company) { db in
            let events = try await db.first("SELECT count(*) FROM audit_events WHERE company_id = \(company)", as: Int.self) ?? 0
            // A row there always is; what it holds may be null.
            return Check(events: events, firstBroken: try await db.first("SELECT broken_audit_event(\(company))", as: Int?.self) ?? nil)
        }
    }

    /// How many events a trail may have to be checked while a page is made.
    static let pageLimit = 5_000

    /// Checks a company's whole trail if it is not too long for a page.
    /// - Returns: nil when it is.
    package func shortCheck(of company: CompanyID) async throws -> Check? {
        // The end of the chain is one row. If somebody has tampered with it, the check says so.
        let length = try await database.query(for: company, "SELECT sequence FROM audit_chains WHERE company_id = \(company)", as: Int.self).first
        guard length ?? 0 <= Self.pageLimit else { return nil }
        return try await check(of: company)
    }

    /// Checks the chain of a company's events.
    /// - Returns: the number of the first that is missing, moved or changed; nil when all are as they were written.
    package func firstBrokenEvent(of company: CompanyID) async throws -> Int? {
        try await database.query(for: company, "SELECT broken_audit_event(\(company))", as: Int?.self).first ?? nil
    }
}
