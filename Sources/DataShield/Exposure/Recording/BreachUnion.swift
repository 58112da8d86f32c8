import Foundation
import Postgres

/// Makes one breach of two: what a company has of one of its own goes to the one that it is, the catalogue's or another of its own. Part of
/// the recorder.
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

    private var subject: Subject { Subject(actor: .program("catalogue"), company: db.company, role: .admin) }

    /// Moves what is known of some people. Whoever records of the company meanwhile waits, and finds the other breach afterwards.
    ///
    /// Who is in one of the two is in the other. Who is in both has one record, which says what both said, and one alert (``AlertUnion``), which
    /// says what both together make of it. All else that names the first one follows, and when nothing does any more, it goes.
    /// - Parameter key: the keys of the company's own up to which there is none.
    /// - Returns: false when no breach of the company's own is another one.
    func takeStep(after key: inout String) async throws -> Bool {
        try await db.execute(BreachLock.moving(db.company))
        try await db.execute(AuditTrail.acting(subject.actor))
        let store = BreachStore(db: db)
        guard var pair = try await store.nextTaken(after: &key) else { return false }
        pair.target = try await store.date(pair.target, noLaterThan: pair.ownDate)
        let people = try await db.query(
            """
            SELECT employee_id FROM breach_records WHERE company_id = \(db.company) AND breach_id = \(pair.own)
            ORDER BY employee_id \(SQL.limit(step))
            """, as: EmployeeID.self)
        if people.isEmpty { try await end(pair) } else { try await move(Set(people), pair) }
        return true
    }

    /// Makes one alert of several about one person in one breach, of some people.
    /// - Returns: false when there are none.
    func uniteAlerts() async throws -> Bool {
        try await db.execute(BreachLock.moving(db.company))
        let store = AlertUnionStore(db: db)
        let found = try await store.twice(limit: step)
        guard !found.isEmpty else { return false }
        let people = try await RecordStore(db: db).lock(Set(found.map(\.employee)))
        var unions: [AlertUnion] = []
        let alerts = try await store.members(people.sorted(), in: Array(Set(found.map(\.breach))).sorted())
        for (employee, breach) in found {
            var members = (alerts[employee] ?? []).filter { $0.breach == breach }
            let worst = members.map(\.severity).max()
            for index in members.indices { members[index].saidAll = members[index].severity == worst }
            if members.count > 1, let union = AlertUnion(members) { unions.append(union) }
        }
        try await store.write(unions, by: subject)
        return true
    }

    // MARK: People

    /// The records of somebody who is in both.
    private struct Twice {
        var employee: EmployeeID
        var own: BreachRecordID
        var kept: BreachRecordID
    }

    /// The alerts' copies of states are held meanwhile: what becomes of an alert goes by what its finding was and what it is when all are where
    /// they belong, and not by what it is in between.
    private func move(_ people: Set<EmployeeID>, _ pair: BreachStore.Taken) async throws {
        try await db.execute("SELECT set_config('app.holds_alerts', 'on', true)")
        let store = RecordStore(db: db)
        // Who was deleted meanwhile has no records any more.
        let people = try await store.lock(people).sorted()
        let (own, kept) = (try await records(of: people, in: pair.own), try await records(of: people, in: pair.target.id))
        let once = people.compactMap { kept[$0] == nil ? own[$0] : nil }
        let twice = people.compactMap { employee -> Twice? in
            guard let own = own[employee], let kept = kept[employee] else { return nil }
            return Twice(employee: employee, own: own, kept: kept)
        }
        let alerts = try await AlertUnionStore(db: db).members(people, in: [pair.own, pair.target.id])
        let (exposures, unions) = try await united(twice, pair, alerts)
        try await AlertUnionStore(db: db).write(unions, by: subject)
        var statements: [SQL] = twice.isEmpty ? [] : credentials(twice)
        // What was dated by the one breach is not of the other's date.
        if pair.ownDate != pair.target.breachDate { statements.append(undated(once + twice.map(\.kept))) }
        if !twice.isEmpty { statements += records(twice) }
        statements += [
            "UPDATE breach_records SET breach_id = \(pair.target.id) WHERE company_id = \(db.company) AND id = ANY(\(once)::text[])",
            """
            UPDATE alerts SET breach_id = \(pair.target.id)
            WHERE company_id = \(db.company) AND breach_id = \(pair.own) AND employee_id = ANY(\(people)::text[])
            """,
        ]
        _ = try await db.pipeline(statements)
        try await BreachStore(db: db).rewriteMessages(of: pair.target.id, from: pair.ownName, to: pair.target.displayName, people: people)
        let plan = plan(twice, exposures, Dictionary(uniqueKeysWithValues: unions.map { ($0.kept.employee, $0) }), pair)
        if !plan.isEmpty { try await store.write(plan, at: now) }
        try await AuditTrail.record(
            plan.changes.compactMap { change in
                guard let alert = change.alert, let before = change.reopened else { return nil }
                let after = AlertAudit(status: .open, assigneeId: before.assigneeId, resolution: nil)
                return .init("alert.status_changed", target: .init("alert", alert), before: before, after: after)
            }, by: subject, in: db)
        try await follow(people, in: pair.target.id, neutralised: unions.filter(\.kept.isResolvedAsNeutralised).map(\.kept.id))
    }

    /// Brings the alerts' copies of states up to date, which resolves what has become neutralised and opens what has become live (0025).
    /// - Parameter neutralised: those that were resolved because their own finding was neutralised.
    private func follow(_ people: [EmployeeID], in breach: BreachID, neutralised: [AlertID]) async throws {
        _ = try await db.pipeline([
            // One that is open again is so for what the other finding says: whether both together are neutralised is asked anew.
            """
            UPDATE alerts SET state = NULL, certainty = NULL
            WHERE company_id = \(db.company) AND id = ANY(\(neutralised)::text[]) AND status <> 'RESOLVED'
            """,
            "SELECT set_config('app.holds_alerts', '', true)",
            """
            UPDATE alerts SET breach_id = breach_id
            WHERE company_id = \(db.company) AND breach_id = \(breach) AND employee_id = ANY(\(people)::text[])
            """,
        ])
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

    /// What the records and the alerts of people who are in both become.
    private func united(
        _ twice: [Twice], _ pair: BreachStore.Taken, _ alerts: [EmployeeID: [AlertUnion.Member]]
    ) async throws -> ([EmployeeID: Exposure], [AlertUnion]) {
        guard !twice.isEmpty else { return ([:], []) }
        let recorded = Dictionary(
            uniqueKeysWithValues: try await RecordStore(db: db).recorded(twice.flatMap { [$0.own, $0.kept] }).map { ($0.id, $0.exposure) })
        let rule = SeverityRule(now: now)
        var exposures: [EmployeeID: Exposure] = [:]
        var unions: [AlertUnion] = []
        for one in twice {
            guard let known = recorded[one.kept], let other = recorded[one.own] else { continue }
            var exposure = known
            exposure.unite(with: other, rule: rule, breachDate: pair.target.breachDate)
            exposure.raisesAlert = pair.target.raisesAlert
            exposures[one.employee] = exposure
            var members = alerts[one.employee] ?? []
            for index in members.indices {
                let said = members[index].breach == pair.own ? other : known
                members[index].saidAll = members[index].severity >= exposure.severity && said.says(all: exposure)
            }
            if let union = AlertUnion(members) { unions.append(union) }
        }
        return (exposures, unions)
    }

    /// What is written of them: the record says what both said, and the alert what that makes of it. Of somebody who had none, it is a new one.
    private func plan(
        _ twice: [Twice], _ exposures: [EmployeeID: Exposure], _ unions: [EmployeeID: AlertUnion], _ pair: BreachStore.Taken
    ) -> RecordingPlan {
        var plan = RecordingPlan()
        for one in twice {
            guard let exposure = exposures[one.employee] else { continue }
            let union = unions[one.employee]
            let isRaised = union.map { pair.target.raisesAlert && $0.kept.severity < exposure.severity } ?? false
            let followsState = union?.isResolvedAsNeutralised ?? false
            // What it says now was not known when it was resolved.
            let reopened = isRaised && !followsState && union?.state.status == .resolved ? union?.state : nil
            plan.add(
                .init(
                    record: one.kept, exposure: exposure, alert: union?.kept.id, message: exposure.message(breach: pair.target.displayName),
                    isRaised: isRaised, isNews: isRaised && !followsState, reopened: reopened, followsState: followsState), of: one.employee)
        }
        return plan
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
            UPDATE infected_machines SET breach_id = \(pair.target.id) WHERE company_id = \(db.company) AND breach_id = \(pair.own)
            """,
            """
            UPDATE exposure_register_entries SET breach_id = \(pair.target.id) WHERE company_id = \(db.company) AND breach_id = \(pair.own)
            """,
            // Of people who have been deleted, or whose record has.
            """
            UPDATE alerts SET breach_id = \(pair.target.id) WHERE company_id = \(db.company) AND id IN (
                SELECT id FROM alerts WHERE company_id = \(db.company) AND breach_id = \(pair.own) ORDER BY id \(SQL.limit(step)))
            """,
        ])
        guard results[2].affectedRows < step else { return }
        try await BreachStore(db: db).remove(pair.own)
    }
}
