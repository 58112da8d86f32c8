import Foundation
import Postgres

/// What becomes of several alerts about one person in one breach: one. Pure.
///
/// The most severe goes on, and of those the one that somebody has done most about. What was done about any of them is not lost: it is in hand
/// when any was, and resolved when all were, or when the one that somebody resolved said as much as all of them say together.
struct AlertUnion: Sendable {
    /// An alert before.
    struct Member: Sendable, RowDecodable {
        var id: AlertID
        var employee: EmployeeID
        var breach: BreachID
        var severity: Severity
        var confidence: AlertConfidence
        var state: AlertAudit
        var acknowledgedAt: Date?
        var resolvedAt: Date?
        var createdAt: Date
        var newsAt: Date?
        /// Whether nobody resolved it but the state of its finding.
        var isResolvedAsNeutralised = false
        /// Whether it said as much as all of them together: who resolved it knew all of it.
        var saidAll = false

        static let columns: SQL = """
            id, employee_id, breach_id, severity, confidence, status, assignee_id, resolution, acknowledged_at, resolved_at, created_at, news_at,
            resolved_as_neutralised
            """

        init(from row: inout Row) throws {
            id = try row.next()
            employee = try row.next()
            breach = try row.next()
            severity = try row.next()
            confidence = try row.next()
            state = AlertAudit(status: try row.next(), assigneeId: try row.next(), resolution: try row.next())
            acknowledgedAt = try row.next()
            resolvedAt = try row.next()
            createdAt = try row.next()
            newsAt = try row.next()
            isResolvedAsNeutralised = try row.next()
        }

        init(
            id: AlertID = AlertID(), employee: EmployeeID = EmployeeID(), breach: BreachID = BreachID(), severity: Severity,
            confidence: AlertConfidence = .medium, state: AlertAudit, createdAt: Date, saidAll: Bool = false
        ) {
            self.id = id
            self.employee = employee
            self.breach = breach
            self.severity = severity
            self.confidence = confidence
            self.state = state
            self.createdAt = createdAt
            self.saidAll = saidAll
            if state.status == .acknowledged { acknowledgedAt = createdAt }
            if state.status == .resolved { resolvedAt = createdAt }
        }

        /// Whether it was closed by the program, which until now kept the second of two: that says nothing of what was done.
        fileprivate var wasClosedAsDouble: Bool { state.status == .resolved && state.resolution == AlertUnion.formerResolution }
    }

    /// The one that goes on.
    var kept: Member
    /// Those that go.
    var doubles: [Member]
    /// What it is afterwards.
    var state: AlertAudit
    var acknowledgedAt: Date?
    var resolvedAt: Date?
    /// Whether nobody resolved it but the state of its finding.
    var isResolvedAsNeutralised: Bool
    /// When the first of them was raised.
    var createdAt: Date
    var newsAt: Date?

    /// - Parameter members: about one person in one breach.
    /// - Returns: nil when there are none.
    init?(_ members: [Member]) {
        let order = members.sorted { left, right in
            if left.severity != right.severity { return left.severity > right.severity }
            if left.rank != right.rank { return left.rank > right.rank }
            return (left.createdAt, left.id) < (right.createdAt, right.id)
        }
        guard let first = order.first else { return nil }
        kept = first
        doubles = Array(order.dropFirst())
        createdAt = members.map(\.createdAt).min() ?? first.createdAt
        newsAt = members.compactMap(\.newsAt).max()

        let counting = order.contains { !$0.wasClosedAsDouble } ? order.filter { !$0.wasClosedAsDouble } : order
        let unresolved = counting.filter { $0.state.status != .resolved }
        // What somebody said counts before what follows from the state of one of the findings, which is not that of all.
        let resolved = counting.filter { $0.state.status == .resolved }.sorted { left, right in
            if left.isResolvedAsNeutralised != right.isResolvedAsNeutralised { return right.isResolvedAsNeutralised }
            return (left.resolvedAt ?? .distantPast) > (right.resolvedAt ?? .distantPast)
        }
        let closing =
            unresolved.isEmpty
            ? resolved.first : resolved.first { $0.saidAll && !$0.isResolvedAsNeutralised && $0.severity >= first.severity }
        let handled = closing ?? unresolved.max { $0.rank < $1.rank } ?? first
        let assignee = ([handled] + order).lazy.compactMap(\.state.assigneeId).first
        state = AlertAudit(status: handled.state.status, assigneeId: assignee, resolution: handled.state.resolution)
        acknowledgedAt = state.status == .open ? nil : handled.acknowledgedAt ?? order.lazy.compactMap(\.acknowledgedAt).min()
        resolvedAt = state.status == .resolved ? handled.resolvedAt : nil
        isResolvedAsNeutralised = state.status == .resolved && handled.isResolvedAsNeutralised
    }

    /// What the program said until now when it closed the second of two.
    static let formerResolution = """
        This is the same breach as in an older alert of this person. That alert stays as it was, or is open again if it was closed; this one \
        was closed.
        """

    /// What the audit trail keeps of it.
    struct Audit: Codable, Sendable {
        var status: AlertStatus
        var assigneeId: UserID?
        var resolution: String?
        var severity: Severity
        /// The alert that it is in now.
        var alert: AlertID?
    }
}

extension AlertUnion.Member {
    /// How much was done about it.
    fileprivate var rank: Int {
        switch state.status {
        case .open: 0
        case .acknowledged: 1
        case .resolved: wasClosedAsDouble ? -1 : 2
        }
    }
}

/// The SQL of alerts that become one. Part of the recorder.
struct AlertUnionStore {
    let db: TenantTransaction

    /// The alerts about people in any of some breaches, locked.
    func members(_ people: [EmployeeID], in breaches: [BreachID]) async throws -> [EmployeeID: [AlertUnion.Member]] {
        Dictionary(
            grouping: try await db.query(
                """
                SELECT \(AlertUnion.Member.columns) FROM alerts
                WHERE company_id = \(db.company) AND employee_id = ANY(\(people)::text[]) AND breach_id = ANY(\(breaches)::text[])
                ORDER BY id FOR UPDATE
                """, as: AlertUnion.Member.self), by: \.employee)
    }

    /// People who have several alerts about one breach, some of them at once.
    func twice(limit: Int) async throws -> [(employee: EmployeeID, breach: BreachID)] {
        try await db.query(
            """
            SELECT employee_id, breach_id FROM alerts WHERE company_id = \(db.company) AND employee_id IS NOT NULL AND breach_id IS NOT NULL
            GROUP BY employee_id, breach_id HAVING count(*) > 1 ORDER BY employee_id, breach_id \(SQL.limit(limit))
            """
        ).map { row in
            var row = row
            return (try row.next(as: EmployeeID.self), try row.next(as: BreachID.self))
        }
    }

    /// Makes one of each: comments, messages to send and references go to the one that stays, and a look for one that goes finds it.
    func write(_ unions: [AlertUnion], by subject: Subject) async throws {
        let pairs = unions.flatMap { union in union.doubles.map { (double: $0.id, kept: union.kept.id) } }
        guard !pairs.isEmpty else { return }
        let moved: SQL = "unnest(\(pairs.map(\.double))::text[], \(pairs.map(\.kept))::text[]) AS u (double, kept)"
        let changed = unions.filter { !$0.doubles.isEmpty }
        _ = try await db.pipeline([
            """
            UPDATE alert_comments c SET alert_id = u.kept FROM \(moved) WHERE c.company_id = \(db.company) AND c.alert_id = u.double
            """,
            "UPDATE deliveries d SET alert_id = u.kept FROM \(moved) WHERE d.company_id = \(db.company) AND d.alert_id = u.double",
            "UPDATE united_alerts a SET alert_id = u.kept FROM \(moved) WHERE a.company_id = \(db.company) AND a.alert_id = u.double",
            "INSERT INTO united_alerts (company_id, id, alert_id) SELECT \(db.company), double, kept FROM \(moved)",
            "DELETE FROM alerts WHERE company_id = \(db.company) AND id = ANY(\(pairs.map(\.double))::text[])",
            """
            UPDATE alerts a SET status = n.status::alert_status, assignee_id = n.assignee_id, resolution = n.resolution,
                acknowledged_at = n.acknowledged_at, resolved_at = n.resolved_at, created_at = n.created_at, news_at = n.news_at,
                resolved_as_neutralised = n.as_neutralised
            FROM unnest(\(changed.map(\.kept.id))::text[], \(changed.map(\.state.status.rawValue))::text[], \(changed.map(\.state.assigneeId))::text[],
                \(changed.map(\.state.resolution))::text[], \(changed.map(\.acknowledgedAt))::timestamptz[],
                \(changed.map(\.resolvedAt))::timestamptz[], \(changed.map(\.createdAt))::timestamptz[], \(changed.map(\.newsAt))::timestamptz[],
                \(changed.map(\.isResolvedAsNeutralised))::bool[])
                AS n (id, status, assignee_id, resolution, acknowledged_at, resolved_at, created_at, news_at, as_neutralised)
            WHERE a.company_id = \(db.company) AND a.id = n.id
            """,
        ])
        try await AuditTrail.record(changed.flatMap(Self.events), by: subject, in: db)
    }

    /// What happened to the one that stays, and of each other what it was.
    private static func events(_ union: AlertUnion) -> [AuditTrail.Entry] {
        func audit(_ state: AlertAudit, _ severity: Severity, in alert: AlertID? = nil) -> AlertUnion.Audit {
            .init(status: state.status, assigneeId: state.assigneeId, resolution: state.resolution, severity: severity, alert: alert)
        }
        let gone = union.doubles.map { double in
            AuditTrail.Entry(
                "alert.united", target: .init("alert", double.id), before: audit(double.state, double.severity),
                after: audit(union.state, union.kept.severity, in: union.kept.id))
        }
        return gone + [
            AuditTrail.Entry(
                "alert.united", target: .init("alert", union.kept.id), before: audit(union.kept.state, union.kept.severity),
                after: audit(union.state, union.kept.severity))
        ]
    }
}
