import Foundation
import Postgres

/// Moves what a company has of a breach of its own to the one of the catalogue that it is. Part of the recorder.
struct BreachUnion {
    static let usualStep = 500

    let db: TenantTransaction
    let now: Date
    /// How many people at once.
    let step: Int

    init(db: TenantTransaction, now: Date, step: Int = usualStep) {
        self.db = db
        // Whole milliseconds are what the database keeps.
        self.now = Date(timeIntervalSince1970: (now.timeIntervalSince1970 * 1000).rounded(.down) / 1000)
        self.step = step
    }

    /// Moves what is known of some people. Whoever records of the company meanwhile waits, and finds the catalogue's afterwards.
    ///
    /// Who is in one of the two is in the other. Who is in both has one record, which says what both said, and one alert, the older:
    /// it becomes what both together make it, it is OPEN again when it was RESOLVED and the other was not, and the other is RESOLVED with
    /// that reason. All else that names the company's own follows, and when nothing does any more, it goes.
    /// - Returns: false when there is no breach of the company's own that the catalogue has.
    func takeStep() async throws -> Bool {
        try await db.execute(BreachLock.moving(db.company))
        guard let pair = try await BreachStore(db: db).firstTaken() else { return false }
        let people = try await db.query(
            """
            SELECT employee_id FROM breach_records WHERE company_id = \(db.company) AND breach_id = \(pair.own)
            ORDER BY employee_id \(SQL.limit(step))
            """, as: EmployeeID.self)
        if people.isEmpty { try await end(pair) } else { try await move(Set(people), pair) }
        return true
    }

    // MARK: People

    /// The records of somebody who is in both.
    private struct Twice {
        var employee: EmployeeID
        var own: BreachRecordID
        var kept: BreachRecordID
    }

    private func move(_ people: Set<EmployeeID>, _ pair: BreachStore.Taken) async throws {
        let store = RecordStore(db: db)
        // Who was deleted meanwhile has no records any more.
        let people = try await store.lock(people).sorted()
        let (own, kept) = (try await records(of: people, in: pair.own), try await records(of: people, in: pair.catalogue.id))
        let once = people.compactMap { kept[$0] == nil ? own[$0] : nil }
        let twice = people.compactMap { employee -> Twice? in
            guard let own = own[employee], let kept = kept[employee] else { return nil }
            return Twice(employee: employee, own: own, kept: kept)
        }
        let (plan, resolved) = try await united(twice, pair)
        var statements: [SQL] = twice.isEmpty ? [] : credentials(twice)
        // What was dated by the one breach is not of the other's date.
        if pair.ownDate != pair.catalogue.breachDate { statements.append(undated(once + twice.map(\.kept))) }
        if !twice.isEmpty { statements += records(twice) }
        statements += [
            "UPDATE breach_records SET breach_id = \(pair.catalogue.id) WHERE company_id = \(db.company) AND id = ANY(\(once)::text[])",
            """
            UPDATE alerts SET breach_id = \(pair.catalogue.id)
            WHERE company_id = \(db.company) AND breach_id = \(pair.own) AND employee_id = ANY(\(people)::text[])
            """,
        ]
        _ = try await db.pipeline(statements)
        if !plan.isEmpty { try await store.write(plan, at: now) }
        try await resolve(resolved)
        let reopened = plan.changes.compactMap { change -> AuditTrail.Entry? in
            guard let alert = change.alert, let before = change.reopened else { return nil }
            let after = AlertAudit(status: .open, assigneeId: before.assigneeId, resolution: nil)
            return .init("alert.status_changed", target: .init("alert", alert), before: before, after: after)
        }
        let ended = resolved.map { alert in
            AuditTrail.Entry("alert.status_changed", target: .init("alert", alert.id), before: alert.before, after: alert.after)
        }
        try await AuditTrail.record(
            reopened + ended, by: Subject(actor: .program("catalogue"), company: db.company, role: .admin), in: db)
    }

    private func records(of people: [EmployeeID], in breach: BreachID) async throws -> [EmployeeID: BreachRecordID] {
        let rows = try await db.query(
            """
            SELECT employee_id, id FROM breach_records
            WHERE company_id = \(db.company) AND employee_id = ANY(\(people)::text[]) AND breach_id = \(breach)
            """)
        return Dictionary(
            uniqueKeysWithValues: try rows.map { row in
                var row = row
                return (try row.next(as: EmployeeID.self), try row.next(as: BreachRecordID.self))
            })
    }

    // MARK: Two records of one person

    private struct KnownAlert: RowDecodable {
        var id: AlertID
        var employee: EmployeeID
        var severity: Severity
        var state: AlertAudit

        init(from row: inout Row) throws {
            id = try row.next()
            employee = try row.next()
            severity = try row.next()
            state = AlertAudit(status: try row.next(), assigneeId: try row.next(), resolution: try row.next())
        }
    }

    /// An alert in whose place an older one goes on.
    private struct ResolvedAlert {
        var id: AlertID
        var before: AlertAudit
        var after: AlertAudit
    }

    /// What the records and alerts of people who are in both become.
    private func united(_ twice: [Twice], _ pair: BreachStore.Taken) async throws -> (RecordingPlan, [ResolvedAlert]) {
        var plan = RecordingPlan()
        var resolved: [ResolvedAlert] = []
        guard !twice.isEmpty else { return (plan, resolved) }
        let recorded = Dictionary(
            uniqueKeysWithValues: try await RecordStore(db: db).recorded(twice.flatMap { [$0.own, $0.kept] }).map { ($0.id, $0.exposure) })
        let alerts = Dictionary(
            grouping: try await db.query(
                """
                SELECT id, employee_id, severity, status, assignee_id, resolution FROM alerts
                WHERE company_id = \(db.company) AND employee_id = ANY(\(twice.map(\.employee))::text[])
                    AND breach_id = ANY(\([pair.own, pair.catalogue.id])::text[])
                ORDER BY created_at, id FOR UPDATE
                """, as: KnownAlert.self), by: \.employee)
        let rule = SeverityRule(now: now)
        for one in twice {
            guard var exposure = recorded[one.kept], let other = recorded[one.own] else { continue }
            exposure.unite(with: other, rule: rule, breachDate: pair.catalogue.breachDate)
            let mine = alerts[one.employee] ?? []
            let rest = mine.dropFirst().filter { $0.state.status != .resolved }
            let worst = mine.map(\.severity).max()
            let isRaised = worst.map { $0 < exposure.severity } ?? false
            let reopened = mine.first?.state.status == .resolved && !rest.isEmpty ? mine.first?.state : nil
            plan.add(
                .init(
                    record: one.kept, exposure: exposure, alert: mine.first?.id, message: exposure.message(breach: pair.catalogue.displayName),
                    isRaised: isRaised, isNews: isRaised, reopened: reopened), of: one.employee)
            for alert in rest {
                let after = AlertAudit(status: .resolved, assigneeId: alert.state.assigneeId, resolution: Self.resolution)
                resolved.append(ResolvedAlert(id: alert.id, before: alert.state, after: after))
            }
        }
        return (plan, resolved)
    }

    static let resolution = """
        This is the same breach as in an older alert of this person. That alert stays as it was, or is open again if it was closed; this one \
        was closed.
        """

    private func resolve(_ alerts: [ResolvedAlert]) async throws {
        guard !alerts.isEmpty else { return }
        try await db.execute(
            """
            UPDATE alerts SET status = 'RESOLVED', resolved_at = \(now), resolution = \(Self.resolution)
            WHERE company_id = \(db.company) AND id = ANY(\(alerts.map(\.id))::text[])
            """)
    }

    /// Lets the records go that are in others now, which were known as long.
    private func records(_ twice: [Twice]) -> [SQL] {
        [
            """
            UPDATE breach_records r SET detected_at = o.detected_at
            FROM unnest(\(twice.map(\.own))::text[], \(twice.map(\.kept))::text[]) AS t (own, kept)
            JOIN breach_records o ON o.company_id = \(db.company) AND o.id = t.own
            WHERE r.company_id = \(db.company) AND r.id = t.kept AND r.detected_at > o.detected_at
            """,
            "DELETE FROM breach_records WHERE company_id = \(db.company) AND id = ANY(\(twice.map(\.own))::text[])",
        ]
    }

    /// Gives the credentials of records that go to those that stay. One that both have keeps its sightings and sites of both.
    private func credentials(_ twice: [Twice]) -> [SQL] {
        let records: SQL = "unnest(\(twice.map(\.own))::text[], \(twice.map(\.kept))::text[]) AS t (own, kept)"
        let both: SQL = """
            \(records)
            JOIN leaked_credentials o ON o.company_id = \(db.company) AND o.record_id = t.own
            JOIN leaked_credentials k ON k.company_id = \(db.company) AND k.record_id = t.kept AND k.identity = o.identity
            """
        return [
            """
            INSERT INTO leak_sightings (company_id, credential_id, file_id, created_at)
            SELECT s.company_id, k.id, s.file_id, s.created_at
            FROM \(both) JOIN leak_sightings s ON s.company_id = \(db.company) AND s.credential_id = o.id
            ON CONFLICT DO NOTHING
            """,
            """
            UPDATE leaked_credentials c SET is_dated = k.is_dated AND o.is_dated, first_seen_at = least(k.first_seen_at, o.first_seen_at),
                last_seen_at = greatest(k.last_seen_at, o.last_seen_at),
                sites = coalesce((SELECT array_agg(site) FROM (
                    SELECT DISTINCT site COLLATE "C" AS site FROM unnest(k.sites || o.sites) AS site ORDER BY 1 LIMIT \(LeakStore.siteLimit)
                ) AS first), '{}')
            FROM \(both) WHERE c.company_id = \(db.company) AND c.id = k.id
            """,
            """
            UPDATE leaked_credentials c SET record_id = t.kept FROM \(records)
            WHERE c.company_id = \(db.company) AND c.record_id = t.own AND NOT EXISTS (
                SELECT FROM leaked_credentials k WHERE k.company_id = c.company_id AND k.record_id = t.kept AND k.identity = c.identity)
            """,
        ]
    }

    private func undated(_ records: [BreachRecordID]) -> SQL {
        """
        UPDATE leaked_credentials c SET is_dated = false FROM breach_records r
        WHERE r.company_id = \(db.company) AND r.id = ANY(\(records)::text[]) AND r.captured_at IS NULL
            AND c.company_id = r.company_id AND c.record_id = r.id AND c.is_dated
        """
    }

    // MARK: The rest

    /// Moves what is of no person's record, and lets the company's own go.
    private func end(_ pair: BreachStore.Taken) async throws {
        let results = try await db.pipeline([
            """
            UPDATE infected_machines SET breach_id = \(pair.catalogue.id) WHERE company_id = \(db.company) AND breach_id = \(pair.own)
            """,
            """
            UPDATE exposure_register_entries SET breach_id = \(pair.catalogue.id) WHERE company_id = \(db.company) AND breach_id = \(pair.own)
            """,
            // Of people who have been deleted, or whose record has.
            """
            UPDATE alerts SET breach_id = \(pair.catalogue.id) WHERE company_id = \(db.company) AND id IN (
                SELECT id FROM alerts WHERE company_id = \(db.company) AND breach_id = \(pair.own) ORDER BY id \(SQL.limit(step)))
            """,
        ])
        guard results[2].affectedRows < step else { return }
        try await BreachStore(db: db).remove(pair.own)
    }
}
