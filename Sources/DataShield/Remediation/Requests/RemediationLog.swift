import Foundation
import Postgres

/// How an attempt ended, as people look for it: what nobody knows has not failed.
package enum RemediationLogOutcome: String, Codable, CaseIterable, Sendable {
    case success = "SUCCESS"
    /// It is known that it was not done.
    case failed = "FAILED"
    /// It is not known whether it was done.
    case unknown = "UNKNOWN"
}

/// Which attempts a list shows. What is nil does not matter.
package struct RemediationFilter: Sendable, Hashable {
    package var action: RemediationType?
    package var outcome: RemediationLogOutcome?
    package var employee: EmployeeID?
    package var alert: AlertID?
    /// Part of the name of who did it, in any case.
    package var performedBy: String?
    package var from: Date?
    /// The first moment after the latest.
    package var until: Date?

    fileprivate func condition(for company: CompanyID) -> SQL {
        var parts: [SQL] = ["l.company_id = \(company)"]
        if let action { parts.append("l.action = \(action)") }
        switch outcome {
        case .success?: parts.append("l.status = 'SUCCESS'")
        case .failed?: parts.append("l.status = 'FAILED' AND l.outcome_known")
        case .unknown?: parts.append("NOT l.outcome_known")
        case nil: break
        }
        if let employee { parts.append("l.employee_id = \(employee)") }
        // And of those that became one with it.
        if let alert {
            parts.append(
                "l.alert_id IN (SELECT \(alert)::text UNION SELECT id FROM united_alerts WHERE company_id = \(company) AND alert_id = \(alert))")
        }
        if let performedBy, !performedBy.isEmpty { parts.append("l.performed_by ILIKE \(LikePattern.containing(performedBy))") }
        if let from { parts.append("l.created_at >= \(from)") }
        if let until { parts.append("l.created_at < \(until)") }
        return parts.joined(separator: " AND ")
    }
}

/// Where a page of the log, or of requests, ended.
struct RemediationCursor: Codable, Sendable {
    var createdAt: Date
    var id: String
}

extension Remediation {
    /// One page of the log, the latest first.
    /// - Throws: ``InvalidInput`` for a cursor or limit that is not valid.
    package func log(
        _ filter: RemediationFilter = .init(), cursor: String? = nil, limit: Int? = nil, for subject: Subject
    ) async throws -> Page<RemediationAction> {
        let limit = try PageLimit.checked(limit)
        let rows = try await attempts(filter, after: try Cursor.decode(cursor, as: RemediationCursor.self), limit: limit, of: subject.company)
        return try Page(
            rows, limit: limit, cursor: { try Cursor.encode(RemediationCursor(createdAt: $0.createdAt, id: $0.id.rawValue)) }, item: { $0 })
    }

    fileprivate func attempts(
        _ filter: RemediationFilter, after cursor: RemediationCursor?, limit: Int, of company: CompanyID
    ) async throws -> [RemediationAction] {
        var condition = filter.condition(for: company)
        if let cursor { condition = "\(condition) AND (l.created_at, l.id) < (\(cursor.createdAt), \(cursor.id))" }
        return try await database.query(
            for: company,
            """
            SELECT \(RemediationAction.columns) FROM remediation_actions l WHERE \(condition)
            ORDER BY l.created_at DESC, l.id DESC \(SQL.limit(limit + 1))
            """, as: RemediationAction.self)
    }

    /// One page of what was asked for, the latest first: also what waits and what was refused, which the log does not have.
    /// - Throws: ``InvalidInput`` for a cursor or limit that is not valid.
    package func requests(
        _ statuses: Set<RemediationRequestStatus> = [], cursor: String? = nil, limit: Int? = nil, for subject: Subject
    ) async throws -> Page<RemediationRequest> {
        let limit = try PageLimit.checked(limit)
        var parts: [SQL] = ["q.company_id = \(subject.company)"]
        if !statuses.isEmpty { parts.append("q.status = ANY(\(statuses.sorted { $0.rawValue < $1.rawValue }))") }
        if let after = try Cursor.decode(cursor, as: RemediationCursor.self) {
            parts.append("(q.created_at, q.id) < (\(after.createdAt), \(after.id))")
        }
        let rows = try await database.query(
            for: subject.company,
            """
            SELECT \(RemediationRequest.columns) FROM remediation_requests q WHERE \(parts.joined(separator: " AND "))
            ORDER BY q.created_at DESC, q.id DESC \(SQL.limit(limit + 1))
            """, as: RemediationRequest.self)
        return try Page(
            rows, limit: limit, cursor: { try Cursor.encode(RemediationCursor(createdAt: $0.createdAt, id: $0.id.rawValue)) }, item: { $0 })
    }

    /// What was done in part, or of which nobody knows, and after which what comes next was neither done nor asked for: the latest. People who
    /// are no longer on the staff list are left out.
    package func unfinished(limit: Int = 200, for subject: Subject) async throws -> [RemediationRequest] {
        try await database.query(
            for: subject.company,
            """
            SELECT \(RemediationRequest.columns) FROM remediation_requests q WHERE \(Self.isUnfinished(in: subject.company))
            ORDER BY q.created_at DESC, q.id DESC \(SQL.limit(limit))
            """, as: RemediationRequest.self)
    }

    /// How many there are of ``unfinished(limit:for:)`` altogether.
    package func unfinishedCount(for subject: Subject) async throws -> Int {
        try await database.query(
            for: subject.company, "SELECT count(*) FROM remediation_requests q WHERE \(Self.isUnfinished(in: subject.company))", as: Int.self
        ).first ?? 0
    }

    /// What was done before the end of a request does not finish it: between the two somebody may have signed in.
    private static func isUnfinished(in company: CompanyID) -> SQL {
        """
        q.company_id = \(company) AND q.next_action IS NOT NULL
            AND EXISTS (SELECT FROM employees e WHERE e.company_id = q.company_id AND e.id = q.employee_id)
            AND NOT EXISTS (
                SELECT FROM remediation_requests other
                WHERE other.company_id = q.company_id AND other.employee_id = q.employee_id AND other.action IN (q.next_action, q.action)
                    AND (other.status IN ('PENDING', 'STARTED') OR (other.status = 'DONE' AND other.started_at >= q.finished_at)))
        """
    }

    /// The log as CSV. That it was taken out is an audit event.
    package func exportLog(_ filter: RemediationFilter, for subject: Subject) async throws -> RemediationExport {
        try await database.transaction(for: subject.company) { db in
            try await AuditTrail.record("remediation.exported", target: nil, before: nil, after: nil, by: subject, in: db)
        }
        return RemediationExport(remediation: self, filter: filter, company: subject.company)
    }
}

/// The log as CSV, some thousand rows at a time: no connection is held while a slow reader takes them.
package struct RemediationExport: AsyncSequence, Sendable {
    package typealias Element = [UInt8]

    let remediation: Remediation
    let filter: RemediationFilter
    let company: CompanyID
    private static let rows = 2_000

    static let headings = ["time", "action", "status", "target", "detail", "performedBy", "employeeId", "alertId", "outcomeKnown"]

    package func makeAsyncIterator() -> Iterator { Iterator(export: self) }

    package struct Iterator: AsyncIteratorProtocol {
        let export: RemediationExport
        private var cursor: RemediationCursor?
        private var isFirst = true
        private var isLast = false

        init(export: RemediationExport) { self.export = export }

        package mutating func next() async throws -> [UInt8]? {
            guard !isLast else { return nil }
            let rows = try await export.remediation.attempts(export.filter, after: cursor, limit: RemediationExport.rows, of: export.company)
            var bytes: [UInt8] = []
            if isFirst {
                // Excel takes CSV for the local code page unless it begins with a byte-order mark.
                bytes.append(contentsOf: [0xEF, 0xBB, 0xBF])
                CSVWriter.append(RemediationExport.headings, to: &bytes)
                isFirst = false
            }
            for row in rows.prefix(RemediationExport.rows) {
                CSVWriter.append(
                    [
                        Timestamp.text(row.createdAt), row.action.rawValue, row.status.rawValue, row.target, row.detail ?? "", row.performedBy ?? "",
                        row.employeeId ?? "", row.alertId ?? "", row.outcomeKnown ? "true" : "false",
                    ], to: &bytes)
            }
            isLast = rows.count <= RemediationExport.rows
            cursor = rows.prefix(RemediationExport.rows).last.map { RemediationCursor(createdAt: $0.createdAt, id: $0.id.rawValue) }
            return bytes
        }
    }
}
