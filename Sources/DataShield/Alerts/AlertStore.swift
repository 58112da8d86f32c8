import Foundation
import Postgres

/// The SQL of the `alerts` and `alert_comments` tables.
struct AlertStore {
    let db: TenantTransaction

    init(_ db: TenantTransaction) { self.db = db }

    static let columns: SQL = """
        a.id, a.severity, a.status, a.confidence, a.message, a.employee_id, a.breach_id, a.assignee_id, a.acknowledged_at, a.resolved_at, \
        a.resolution, a.state, a.certainty, a.urgency, nullif(a.exposed_at, '-infinity'), a.came_back_at, a.told_at, a.created_at, a.updated_at
        """

    /// An alert carries what a list shows of its person and breach.
    private static func listing(_ alerts: SQL = "alerts") -> SQL {
        """
        SELECT \(columns), nullif(a.employee_name, ''), nullif(a.employee_email, ''), a.department, nullif(a.breach_title, ''), \
        COALESCE(NULLIF(u.name, ''), u.email)
        FROM \(alerts) a LEFT JOIN users u ON u.company_id = a.company_id AND u.id = a.assignee_id
        """
    }

    /// One page of the list, and one row more when there is one.
    static func page(of company: CompanyID, _ filter: AlertFilter, _ order: AlertOrder = .news, after cursor: AlertCursor?, limit: Int) -> SQL {
        let condition = filter.condition(for: company)
        let end: SQL = "ORDER BY \(order.columns) \(SQL.limit(limit + 1))"
        guard let parts = cursor.map({ order.behind($0) }) else { return "\(listing()) WHERE \(condition) \(end)" }
        guard parts.count > 1 else { return "\(listing()) WHERE \(condition) AND \(parts[0]) \(end)" }
        // As many of each part as may be shown.
        let found = parts.map { part -> SQL in "(SELECT * FROM alerts a WHERE \(condition) AND \(part) \(end))" }
        return "\(listing("(\(found.joined(separator: " UNION ALL ")))")) \(end)"
    }

    /// How many there are, up to a limit.
    static func count(of company: CompanyID, _ filter: AlertFilter, upTo limit: Int) -> SQL {
        "SELECT count(*) FROM (SELECT FROM alerts a WHERE \(filter.condition(for: company)) \(SQL.limit(limit + 1))) found"
    }

    static func one(_ id: AlertID, of company: CompanyID) -> SQL {
        "\(listing()) WHERE a.company_id = \(company) AND a.id = \(current(id, of: company))"
    }

    /// The alert that an id stands for: of one that became one with another, the other.
    static func current(_ id: AlertID, of company: CompanyID) -> SQL {
        "coalesce((SELECT alert_id FROM united_alerts WHERE company_id = \(company) AND id = \(id)), \(id))"
    }

    /// As ``current(_:of:)``, to go on with.
    func current(_ id: AlertID) async throws -> AlertID {
        try await db.first("SELECT \(Self.current(id, of: db.company))", as: AlertID.self) ?? id
    }

    /// The alerts that became one with an alert.
    static func united(in id: AlertID, of company: CompanyID) -> SQL {
        "SELECT id FROM united_alerts WHERE company_id = \(company) AND alert_id = \(id) ORDER BY id"
    }

    /// What is exposed: the record of the alert's employee in its breach.
    static func evidence(of id: AlertID, of company: CompanyID) -> SQL {
        """
        SELECT r.exposed_data, r.artifacts, r.sources, r.in_leak_file, b.breach_date, r.detected_at, r.malware_family, \(ExposureLiveness.columns)
        FROM alerts a
        JOIN breach_records r ON r.company_id = a.company_id AND r.employee_id = a.employee_id AND r.breach_id = a.breach_id
        JOIN breaches b ON b.id = a.breach_id
        JOIN employees e ON e.company_id = a.company_id AND e.id = a.employee_id
        WHERE a.company_id = \(company) AND a.id = \(current(id, of: company))
        """
    }

    /// The alerts, locked until the transaction ends. Their employees are locked first and in the order of their ids, as everybody does
    /// who changes what employees' counters count: so no two of them wait for each other.
    func lock(_ ids: [AlertID]) async throws -> [Alert] {
        let results = try await db.pipeline([
            """
            SELECT e.id FROM employees e
            WHERE e.company_id = \(db.company)
                AND e.id IN (SELECT employee_id FROM alerts WHERE company_id = \(db.company) AND id = ANY(\(ids)))
            ORDER BY e.id FOR NO KEY UPDATE
            """,
            "SELECT \(Self.columns) FROM alerts a WHERE a.company_id = \(db.company) AND a.id = ANY(\(ids)) ORDER BY a.id FOR UPDATE",
        ])
        return try results[1].map { row in
            var row = row
            return try Alert(from: &row)
        }
    }

    /// What is not resolved about somebody.
    func unresolved(about employee: EmployeeID) async throws -> [AlertID] {
        try await db.query(
            "SELECT id FROM alerts WHERE company_id = \(db.company) AND employee_id = \(employee) AND status <> 'RESOLVED' ORDER BY id",
            as: AlertID.self)
    }

    func find(_ id: AlertID) async throws -> AlertListing? {
        try await db.first(Self.one(id, of: db.company), as: AlertListing.self)
    }

    func save(_ alert: Alert, at now: Date) async throws {
        try await db.execute(
            """
            UPDATE alerts SET status = \(alert.status), assignee_id = \(alert.assigneeId), acknowledged_at = \(alert.acknowledgedAt),
                resolved_at = \(alert.resolvedAt), resolution = \(alert.resolution),
                news_at = CASE WHEN status = 'RESOLVED' AND \(alert.status) <> 'RESOLVED' THEN \(now) ELSE news_at END
            WHERE company_id = \(db.company) AND id = \(alert.id)
            """)
    }

    /// Writes alerts that were all changed in one way, in one statement.
    /// - Parameter isNews: whether what is opened again has something to tell.
    func save(_ alerts: [Alert], at now: Date, isNews: Bool = true) async throws {
        guard !alerts.isEmpty else { return }
        try await db.execute(
            """
            UPDATE alerts a SET status = n.status, assignee_id = n.assignee_id, acknowledged_at = n.acknowledged_at, resolved_at = n.resolved_at,
                resolution = n.resolution, news_at = CASE WHEN \(isNews) AND a.status = 'RESOLVED' AND n.status <> 'RESOLVED' THEN \(now) ELSE a.news_at END
            FROM unnest(\(alerts.map(\.id))::text[], \(alerts.map(\.status))::alert_status[], \(alerts.map(\.assigneeId))::text[],
                \(alerts.map(\.acknowledgedAt))::timestamptz[], \(alerts.map(\.resolvedAt))::timestamptz[], \(alerts.map(\.resolution))::text[])
                AS n (id, status, assignee_id, acknowledged_at, resolved_at, resolution)
            WHERE a.company_id = \(db.company) AND a.id = n.id
            """)
    }

    /// Whether a user of the company can be given alerts.
    func canAssign(_ user: UserID) async throws -> Bool {
        try await db.first(
            "SELECT true FROM users WHERE company_id = \(db.company) AND id = \(user) AND disabled_at IS NULL", as: Bool.self) ?? false
    }

    func exists(_ id: AlertID) async throws -> Bool {
        try await db.first("SELECT true FROM alerts WHERE company_id = \(db.company) AND id = \(Self.current(id, of: db.company))", as: Bool.self)
            ?? false
    }
}

// MARK: - Comments

extension AlertStore {
    private static let commentColumns: SQL = "c.id, c.alert_id, c.author_id, COALESCE(NULLIF(u.name, ''), u.email), c.body, c.created_at"

    /// The comments from the oldest on, and one more than the limit when there is one.
    func comments(on id: AlertID, after cursor: AlertCommentCursor?, limit: Int) async throws -> [AlertComment] {
        let behind: SQL = cursor.map { "AND (c.created_at, c.id) > (\($0.createdAt), \($0.id))" } ?? ""
        return try await db.query(
            """
            SELECT \(Self.commentColumns) FROM alert_comments c
            LEFT JOIN users u ON u.company_id = c.company_id AND u.id = c.author_id
            WHERE c.company_id = \(db.company) AND c.alert_id = \(Self.current(id, of: db.company)) \(behind)
            ORDER BY c.created_at, c.id \(SQL.limit(limit + 1))
            """, as: AlertComment.self)
    }

    /// - Returns: nil when there is no such alert.
    func insertComment(on id: AlertID, by author: UserID?, body: String) async throws -> AlertComment? {
        try await db.first(
            """
            WITH c AS (
                INSERT INTO alert_comments (id, company_id, alert_id, author_id, body)
                SELECT \(AlertCommentID()), company_id, id, \(author), \(body) FROM alerts
                WHERE company_id = \(db.company) AND id = \(Self.current(id, of: db.company))
                RETURNING id, company_id, alert_id, author_id, body, created_at
            )
            SELECT \(Self.commentColumns) FROM c LEFT JOIN users u ON u.company_id = c.company_id AND u.id = c.author_id
            """, as: AlertComment.self)
    }
}

/// Where a page of comments ended.
struct AlertCommentCursor: Codable, Sendable {
    var createdAt: Date
    var id: AlertCommentID
}
