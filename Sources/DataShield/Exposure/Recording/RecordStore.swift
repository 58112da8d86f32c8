import Foundation
import Postgres

/// The SQL of breach records, and of the alerts and deliveries that go with them.
struct RecordStore {
    let db: TenantTransaction

    // MARK: Reading

    struct KnownKey: Hashable {
        var employee: EmployeeID
        var breach: BreachID
    }

    struct KnownSources {
        var id: BreachRecordID
        var sources: [ApiProvider]
        var isInLeakFile: Bool
        var dataTypes: Set<String>
        var artifacts: Set<ArtifactKind>
        /// Of its credentials, so far as they were asked for.
        var identities: Set<[UInt8]> = []

        /// Whether a leak file says something that is not in the record: a file comes in parts, and another may hold other data.
        func isNews(_ finding: Finding) -> Bool {
            guard isInLeakFile, dataTypes.isSuperset(of: finding.dataTypes), artifacts.isSuperset(of: finding.artifacts) else { return true }
            return hasNewCredential(finding)
        }

        /// Whether a leak file has a credential that none had before.
        func hasNewCredential(_ finding: Finding) -> Bool {
            finding.leak?.credentials.contains { !identities.contains($0.identity) } ?? false
        }
    }

    /// A record with what its alert says.
    struct Recorded: RowDecodable {
        var id: BreachRecordID
        var exposure: Exposure
        var alert: AlertID?
        var alertState: AlertAudit?
        /// Whether nobody resolved the alert but the state of the finding.
        var isResolvedAsNeutralised: Bool

        init(from row: inout Row) throws {
            id = try row.next()
            exposure = Exposure()
            exposure.dataTypes = try row.next()
            exposure.artifacts = try row.next()
            exposure.machineId = try row.next()
            exposure.malwareFamily = try row.next()
            exposure.capturedAt = try row.next()
            exposure.sources = try row.next()
            exposure.isInLeakFile = try row.next()
            exposure.evidence = try row.next(as: JSON<Evidence>?.self)?.value
            alert = try row.next()
            let severity = try row.next(as: Severity?.self)
            let confidence = try row.next(as: AlertConfidence?.self)
            let status = try row.next(as: AlertStatus?.self)
            let (assignee, resolution) = (try row.next(as: UserID?.self), try row.next(as: String?.self))
            alertState = status.map { AlertAudit(status: $0, assigneeId: assignee, resolution: resolution) }
            isResolvedAsNeutralised = try row.next(as: Bool?.self) ?? false
            exposure.severity = severity ?? .low
            exposure.confidence = confidence ?? Self.confidence(exposure)
        }

        /// Of a record without an alert: what its sources make of it.
        private static func confidence(_ exposure: Exposure) -> AlertConfidence {
            let tiers = exposure.sources.map(\.tier) + (exposure.isInLeakFile ? [.leakFile] : [])
            guard let first = tiers.first else { return .low }
            return tiers.dropFirst().reduce(first.confidence) { $0.corroborated(by: $1.confidence) }
        }
    }

    /// Locks people against other recorders, in the order that everybody takes them in, and records against being moved to another breach.
    /// - Returns: those of them that are there.
    func lock(_ people: Set<EmployeeID>) async throws -> Set<EmployeeID> {
        let ids = people.sorted()
        let results = try await db.pipeline([
            BreachLock.recording(db.company), BreachLock.adding,
            "SELECT id FROM employees WHERE company_id = \(db.company) AND id = ANY(\(ids)::text[]) ORDER BY id FOR NO KEY UPDATE",
        ])
        return Set(
            try results[2].map { row in
                var row = row
                return try row.next(as: EmployeeID.self)
            })
    }

    /// Which of these people are known to be in these breaches, and who said so.
    func sources(of people: Set<EmployeeID>, in breaches: [BreachID]) async throws -> [KnownKey: KnownSources] {
        let rows = try await db.query(
            """
            SELECT id, employee_id, breach_id, sources, in_leak_file, exposed_data, artifacts FROM breach_records
            WHERE company_id = \(db.company) AND employee_id = ANY(\(people.sorted())::text[]) AND breach_id = ANY(\(breaches)::text[])
            """)
        var known: [KnownKey: KnownSources] = [:]
        known.reserveCapacity(rows.count)
        for var row in rows {
            let id = try row.next(as: BreachRecordID.self)
            let key = KnownKey(employee: try row.next(), breach: try row.next())
            known[key] = KnownSources(
                id: id, sources: try row.next(), isInLeakFile: try row.next(), dataTypes: Set(try row.next(as: [String].self)),
                artifacts: Set(try row.next(as: [ArtifactKind].self)))
        }
        return known
    }

    func recorded(_ records: [BreachRecordID]) async throws -> [Recorded] {
        try await db.query(
            """
            SELECT r.id, r.exposed_data, r.artifacts, r.machine_id, r.malware_family, r.captured_at, r.sources, r.in_leak_file, r.evidence,
                a.id, a.severity, a.confidence, a.status, a.assignee_id, a.resolution, a.resolved_as_neutralised
            FROM breach_records r
            LEFT JOIN LATERAL (
                SELECT id, severity, confidence, status, assignee_id, resolution, resolved_as_neutralised FROM alerts
                WHERE company_id = r.company_id AND employee_id = r.employee_id AND breach_id = r.breach_id
                ORDER BY created_at, id LIMIT 1
            ) a ON true
            WHERE r.company_id = \(db.company) AND r.id = ANY(\(records)::text[])
            """, as: Recorded.self)
    }

    // MARK: Writing

    /// Writes a plan, in few statements and one round trip.
    func write(_ plan: RecordingPlan, at now: Date) async throws {
        let alerts = try await alertStatements(plan, at: now)
        _ = try await db.pipeline(recordStatements(plan, at: now) + alerts)
    }

    /// Writes the records of a plan, and what changes of alerts with them.
    func writeRecords(_ plan: RecordingPlan, at now: Date) async throws {
        guard !plan.isEmpty else { return }
        _ = try await db.pipeline(recordStatements(plan, at: now))
    }

    /// Writes the new alerts of a plan, and what channels are to hear of: after all that their records' states follow from.
    func writeAlerts(_ plan: RecordingPlan, at now: Date) async throws {
        guard !plan.isEmpty else { return }
        let statements = try await alertStatements(plan, at: now)
        _ = try await db.pipeline(statements)
    }

    private func recordStatements(_ plan: RecordingPlan, at now: Date) -> [SQL] {
        (plan.records.isEmpty ? [] : [records(plan, at: now)]) + (plan.changes.isEmpty ? [] : changes(plan, at: now))
    }

    private func alertStatements(_ plan: RecordingPlan, at now: Date) async throws -> [SQL] {
        let deliveries = try await deliveries(plan, at: now)
        return (plan.alerts.isEmpty ? [] : [alerts(plan, at: now)]) + deliveries
    }

    private func records(_ plan: RecordingPlan, at now: Date) -> SQL {
        let exposures = plan.contents.map(\.exposure)
        return """
            WITH content AS MATERIALIZED (
                SELECT breach_id, exposed::text[] AS exposed, artifacts::artifact_kind[] AS artifacts, machine_id, malware_family,
                    captured_at, sources::api_provider[] AS sources, in_leak_file, evidence::jsonb AS evidence, number
                FROM unnest(
                    \(plan.contents.map(\.breach))::text[], \(exposures.map { ArrayText.of($0.dataTypes) })::text[],
                    \(exposures.map { ArrayText.of($0.artifacts) })::text[], \(exposures.map(\.machineId))::text[],
                    \(exposures.map(\.malwareFamily))::text[], \(exposures.map(\.capturedAt))::timestamptz[],
                    \(exposures.map { ArrayText.of($0.sources) })::text[], \(exposures.map(\.isInLeakFile))::bool[],
                    \(exposures.map(\.evidenceText))::text[]
                ) WITH ORDINALITY
                    AS c (breach_id, exposed, artifacts, machine_id, malware_family, captured_at, sources, in_leak_file, evidence, number)
            )
            INSERT INTO breach_records (id, company_id, employee_id, breach_id, exposed_data, artifacts, machine_id, malware_family,
                captured_at, sources, in_leak_file, evidence, detected_at, created_at, updated_at)
            SELECT r.id, \(db.company), r.employee_id, c.breach_id, c.exposed, c.artifacts, c.machine_id, c.malware_family, c.captured_at,
                c.sources, c.in_leak_file, c.evidence, \(now), \(now), \(now)
            FROM unnest(\(plan.records.map(\.id))::text[], \(plan.records.map(\.employee))::text[], \(plan.records.map(\.content))::int8[])
                AS r (id, employee_id, number)
            JOIN content c USING (number)
            """
    }

    private func alerts(_ plan: RecordingPlan, at now: Date) -> SQL {
        """
        WITH content AS MATERIALIZED (
            SELECT breach_id, severity::severity AS severity, confidence::alert_confidence AS confidence, message, number
            FROM unnest(
                \(plan.contents.map(\.breach))::text[], \(plan.contents.map(\.exposure.severity.rawValue))::text[],
                \(plan.contents.map(\.exposure.confidence.rawValue))::text[], \(plan.contents.map(\.message))::text[]
            ) WITH ORDINALITY AS c (breach_id, severity, confidence, message, number)
        )
        INSERT INTO alerts (id, company_id, severity, message, confidence, employee_id, breach_id, created_at, updated_at)
        SELECT a.id, \(db.company), c.severity, c.message, c.confidence, a.employee_id, c.breach_id, \(now), \(now)
        FROM unnest(\(plan.alerts.map(\.id))::text[], \(plan.alerts.map(\.employee))::text[], \(plan.alerts.map(\.content))::int8[])
            AS a (id, employee_id, number)
        JOIN content c USING (number)
        """
    }

    /// The employees are locked, and with them their alerts' status: whoever changes it locks them, too.
    private func changes(_ plan: RecordingPlan, at now: Date) -> [SQL] {
        let exposures = plan.changes.map(\.exposure)
        let records: SQL = """
            UPDATE breach_records r SET exposed_data = c.exposed::text[], artifacts = c.artifacts::artifact_kind[],
                machine_id = c.machine_id, malware_family = c.malware_family, captured_at = c.captured_at,
                sources = c.sources::api_provider[], in_leak_file = c.in_leak_file, evidence = c.evidence::jsonb
            FROM unnest(
                \(plan.changes.map(\.record))::text[], \(exposures.map { ArrayText.of($0.dataTypes) })::text[],
                \(exposures.map { ArrayText.of($0.artifacts) })::text[], \(exposures.map(\.machineId))::text[],
                \(exposures.map(\.malwareFamily))::text[], \(exposures.map(\.capturedAt))::timestamptz[],
                \(exposures.map { ArrayText.of($0.sources) })::text[], \(exposures.map(\.isInLeakFile))::bool[],
                \(exposures.map(\.evidenceText))::text[]
            ) AS c (id, exposed, artifacts, machine_id, malware_family, captured_at, sources, in_leak_file, evidence)
            WHERE r.company_id = \(db.company) AND r.id = c.id
            """
        let withAlert = plan.changes.filter { $0.alert != nil }
        guard !withAlert.isEmpty else { return [records] }
        let alerts: SQL = """
            UPDATE alerts a SET severity = c.severity::severity, confidence = c.confidence::alert_confidence, message = c.message,
                news_at = CASE WHEN c.is_news THEN \(now) ELSE a.news_at END,
                status = CASE WHEN c.is_reopened THEN 'OPEN' ELSE a.status END,
                acknowledged_at = CASE WHEN NOT c.is_reopened THEN a.acknowledged_at END,
                resolved_at = CASE WHEN NOT c.is_reopened THEN a.resolved_at END,
                resolution = CASE WHEN NOT c.is_reopened THEN a.resolution END
            FROM unnest(
                \(withAlert.compactMap(\.alert))::text[], \(withAlert.map(\.exposure.severity.rawValue))::text[],
                \(withAlert.map(\.exposure.confidence.rawValue))::text[], \(withAlert.map(\.message))::text[],
                \(withAlert.map { $0.reopened != nil })::bool[], \(withAlert.map(\.isNews))::bool[]
            ) AS c (id, severity, confidence, message, is_reopened, is_news)
            WHERE a.company_id = \(db.company) AND a.id = c.id
            """
        // The alerts first: what is open already is not opened once more because of what the record's state becomes.
        return [alerts, records]
    }

    // MARK: The outbox

    private struct Channel: RowDecodable {
        var id: String
        var minimum: Severity

        init(from row: inout Row) throws {
            id = try row.next()
            minimum = try row.next()
        }
    }

    /// A delivery for each alert that is new, more severe or open again, for each channel that wants it, in the order of the alerts. Of what is
    /// neutralised already there is nothing to do, and nobody is told.
    private func deliveries(_ plan: RecordingPlan, at now: Date) async throws -> [SQL] {
        var events: [(alert: AlertID, event: String, severity: Severity)] = plan.alerts.map {
            ($0.id, "alert.created", plan.contents[$0.content - 1].exposure.severity)
        }
        for change in plan.changes where (change.isRaised && !change.followsState) || change.reopened != nil {
            let event = change.isRaised ? "alert.severity_raised" : "alert.reopened"
            if let alert = change.alert { events.append((alert, event, change.exposure.severity)) }
        }
        guard !events.isEmpty else { return [] }
        let channels = try await db.query(
            "SELECT id, min_severity FROM webhooks WHERE company_id = \(db.company) AND enabled ORDER BY id", as: Channel.self)
        let rows = events.flatMap { event in
            channels.filter { event.severity >= $0.minimum }.map { (channel: $0.id, alert: event.alert, event: event.event) }
        }
        guard !rows.isEmpty else { return [] }
        return [
            """
            INSERT INTO deliveries (id, company_id, webhook_id, alert_id, event, next_attempt_at, created_at, updated_at)
            SELECT id, \(db.company), webhook_id, alert_id, event, \(now), \(now), \(now)
            FROM unnest(\(rows.map { _ in CUID.make(at: now) })::text[], \(rows.map(\.channel))::text[], \(rows.map(\.alert))::text[],
                \(rows.map(\.event))::text[]) WITH ORDINALITY AS d (id, webhook_id, alert_id, event, number)
            WHERE NOT EXISTS (
                SELECT FROM alerts a WHERE a.company_id = \(db.company) AND a.id = d.alert_id AND a.resolved_as_neutralised)
            ORDER BY number
            """
        ]
    }
}

extension Exposure {
    /// The evidence as the text of a jsonb.
    var evidenceText: String? {
        guard let evidence else { return nil }
        // try?: two lists of texts can always be written as JSON.
        return (try? JSONCoding.encode(evidence)).map { String(decoding: $0, as: UTF8.self) }
    }
}
