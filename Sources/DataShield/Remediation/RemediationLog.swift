import Foundation
import Postgres

/// Which attempts a list shows. What is nil does not matter.
package struct RemediationFilter: Sendable, Hashable {
    package var action: RemediationType?
    package var status: RemediationStatus?
    package var employee: EmployeeID?
    package var alert: AlertID?
    /// Part of the name of who did it, in any case.
    package var performedBy: String?
    package var from: Date?
    /// The first moment after the latest.
    package var until: Date?

    package init(
        action: RemediationType? = nil, status: RemediationStatus? = nil, employee: EmployeeID? = nil, alert: AlertID? = nil,
        performedBy: String? = nil, from: Date? = nil, until: Date? = nil
    ) {
        self.action = action
        self.status = status
        self.employee = employee
        self.alert = alert
        self.performedBy = performedBy
        self.from = from
        self.until = until
    }

    fileprivate func condition(for company: CompanyID) -> SQL {
        var parts: [SQL] = ["l.company_id = \(company)"]
        if let action { parts.append("l.action = \(action)") }
        if let status { parts.append("l.status = \(status)") }
        if let employee { parts.append("l.employee_id = \(employee)") }
        if let alert { parts.append("l.alert_id = \(alert)") }
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
    /// - Throws: ``InvalidInput`` for a cursor or limit that is none.
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
    /// - Throws: ``InvalidInput`` for a cursor or limit that is none.
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

    /// What was done in part, or of which nobody knows, and after which nobody has asked for what comes next: the latest.
    package func unfinished(limit: Int = 20, for subject: Subject) async throws -> [RemediationRequest] {
        try await database.query(
            for: subject.company,
            """
            SELECT \(RemediationRequest.columns) FROM remediation_requests q
            WHERE q.company_id = \(subject.company) AND q.next_action IS NOT NULL AND NOT EXISTS (
                SELECT FROM remediation_requests later
                WHERE later.company_id = q.company_id AND later.employee_id = q.employee_id AND later.created_at > q.created_at
                    AND later.action IN (q.next_action, q.action) AND later.status IN ('PENDING', 'STARTED', 'DONE'))
            ORDER BY q.created_at DESC, q.id DESC \(SQL.limit(limit))
            """, as: RemediationRequest.self)
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
