import Foundation
import Jobs
import Logging
import Postgres

/// Performs a company's requests that wait, one after the other, until none is left.
package struct RunWaitingRequests: JobHandler {
    package static let kind = "remediation.run"
    /// Somebody is exposed until it is done.
    package static let priority = JobPriority.first
    /// It waits for the directory, and does next to nothing here.
    package static let waitingAtOnce: Int? = 128

    package struct Payload: Codable, Sendable {
        package var company: CompanyID
    }

    let database: TenantDatabase
    let runner: RequestRunner

    package func perform(_ payload: Payload, of job: Job) async throws -> JobOutcome { try await perform(for: payload.company) }

    /// What the job does; for tests, which have none.
    func perform(for company: CompanyID) async throws -> JobOutcome {
        var last: RemediationRequestID?
        while let next = try await database.read(for: company, { db in try await RemediationStore(db).nextPending() }) {
            try Task.checkCancellation()
            // A request that is run no longer waits. If it did, this would not end.
            guard next != last else { return .again(after: .seconds(30), reason: "A request still waits after it was run.") }
            last = next
            _ = try await runner.run(next, of: company)
            await RunningJob.madeProgress()
        }
        return .done
    }

    /// Refuses what waits. What was started is given up when its lease ends, as after any end of its program.
    package func wasGivenUp(_ payload: Payload, of job: Job, reason: String) async throws { try await refuseWaiting(of: payload.company) }

    /// What giving up does; for tests, which have no job.
    func refuseWaiting(of company: CompanyID) async throws {
        try await database.transaction(for: company) { db in
            let store = RemediationStore(db)
            // The lock first, as everybody.
            _ = try await store.lockSettings()
            _ = try await store.refuseWaiting(.givenUp, now: try await runner.clock.read(db))
        }
    }

    /// Has what waits performed, in the transaction that wrote it.
    static func enqueue(for company: CompanyID, in db: some Queryable, _ queue: JobQueue) async throws {
        // Without a dedupe key: a job that is about to end would not see what this transaction has written. A second one finds nothing.
        try await queue.enqueue(
            NewJob(for: RunWaitingRequests.self, payload: .init(company: company), companyID: company.rawValue, maxAttempts: 20), in: db)
    }
}

/// What is derived from time to time from what is stored: requests whose program has died, alerts that policies act on, and requests that
/// nobody performs.
package struct RemediationSchedule: Sendable {
    let queue: JobQueue
    let clock: RemediationClock
    /// What this program has in hand.
    let keeper: RemediationKeeper
    let logger: Logger
    /// For how long after the database's start nobody's request is given up: programs that live write down first what they kept for it.
    var settling: TimeInterval = 20
    /// How far back alerts are looked at again: one is written with the time at which its transaction began, and seen when it ends.
    static let overlap: TimeInterval = 3600
    /// After which a request that waits is thought to be forgotten.
    static let patience: TimeInterval = 60

    package init(queue: JobQueue, clock: RemediationClock = .database, keeper: RemediationKeeper? = nil, logger: Logger) {
        self.queue = queue
        self.clock = clock
        self.keeper = keeper ?? RemediationKeeper(logger: logger)
        self.logger = logger
    }

    package var work: ScheduledWork {
        ScheduledWork("remediation") { db in
            try await giveUpLost(in: db)
            try await applyPolicies(in: db)
            try await refuseGivenUp(in: db)
            try await wakeForgotten(in: db)
        }
    }

    // MARK: Lost

    private struct Lost: RowDecodable {
        let company: CompanyID
        let step: RemediationType
        let directory: DirectoryType?
        let request: RemediationRequest

        init(from row: inout Row) throws {
            company = try row.next()
            step = try row.next()
            directory = try row.next()
            request = try RemediationRequest(from: &row)
        }
    }

    static let lostReason =
        "The program ended before the directory's answer was written down, so that it is not known whether it was done; not repeated."

    /// Ends requests that were started and whose program says nothing more: nobody knows whether they were done. Those that this program
    /// has in hand are none, however long the database was away.
    func giveUpLost(in db: some Queryable) async throws {
        let time = try await clock.read(db)
        let lost = try await db.query(
            """
            SELECT q.company_id, q.step, (SELECT c.type FROM directory_connections c WHERE c.company_id = q.company_id AND c.id = q.connection_id),
                \(RemediationRequest.columns)
            FROM remediation_requests q
            WHERE q.status = 'STARTED' AND q.lease_until < \(time) AND q.id <> ALL(\(keeper.held)::text[])
                AND clock_timestamp() >= pg_postmaster_start_time() + make_interval(secs => \(settling))
            ORDER BY q.lease_until LIMIT 500 FOR UPDATE OF q SKIP LOCKED
            """, as: Lost.self)
        for lost in lost {
            let request = lost.request
            let canRevoke = lost.directory.flatMap { DirectoryRegistry.connector(for: $0) }?.kind.actions.contains(.revokeSessions) ?? true
            let answer = RemediationAnswer.failed(.unknown, Self.lostReason)
            let ending = RemediationEnding(of: request.action, after: lost.step, answer, canRevoke: canRevoke)
            try await db.execute(
                """
                UPDATE remediation_requests SET status = \(ending.status), reason = \(ending.reason), failure = \(ending.failure),
                    next_action = \(ending.next), holder = NULL, lease_until = NULL, step = NULL, finished_at = \(time)
                WHERE company_id = \(lost.company) AND id = \(request.id)
                """)
            let logged = RemediationActionID(at: time)
            try await RemediationStore.log(
                logged, lost.step, answer.status, isKnown: answer.isKnown, of: request.id, target: request.target, detail: answer.words,
                by: request.performedBy, employee: request.employee, alert: request.alert, company: lost.company, at: time, in: db)
            try await AuditTrail.record(
                "remediation.performed", target: request.auditTarget,
                after: RemediationAudit(
                    action: lost.step, status: answer.status, outcomeKnown: answer.isKnown, employeeId: request.employee, logId: logged),
                by: request.subject(of: lost.company), in: db)
            logger.error(
                "A remediation was lost with its program", metadata: ["company": "\(lost.company)", "request": "\(request.id)"])
        }
    }

    // MARK: Policies

    private struct Wanting: RowDecodable {
        let company: CompanyID
        let policies: [RemediationPolicy]
        /// From when on alerts may be new.
        let start: Date?

        init(from row: inout Row) throws {
            company = try row.next()
            policies = try row.next(as: JSON<[RemediationPolicy]>.self).value
            start = try row.next()
        }
    }

    /// Asks for what policies want done about new alerts. While remediation is stopped this goes on: what it asks for is refused, and
    /// stands in the list of what was. While it is switched off nothing is asked for, and not afterwards either.
    func applyPolicies(in db: some Queryable) async throws {
        let time = try await clock.read(db)
        let companies = try await db.query(
            """
            SELECT s.company_id, s.policies, greatest(s.policies_from, s.policies_seen_until - make_interval(secs => \(Self.overlap)))
            FROM remediation_settings s JOIN companies c ON c.id = s.company_id
            WHERE c.remediation_enabled AND s.policies <> '[]' ORDER BY s.company_id
            """, as: Wanting.self)
        for wanting in companies {
            var count = 0
            for policy in wanting.policies {
                let start = max(policy.since, wanting.start ?? policy.since)
                count += try await apply(policy, of: wanting.company, since: start, at: time, in: db)
            }
            try await db.execute("UPDATE remediation_settings SET policies_seen_until = \(time) WHERE company_id = \(wanting.company)")
            if count > 0 { try await RunWaitingRequests.enqueue(for: wanting.company, in: db, queue) }
        }
    }

    /// One request for each person.
    private func apply(
        _ policy: RemediationPolicy, of company: CompanyID, since start: Date, at time: Date, in db: some Queryable
    ) async throws -> Int {
        let due = try await db.query(policy.due(in: company, after: start), as: RemediationPolicy.Due.self)
        return try await RemediationStore.insert(
            due.map {
                RemediationStore.New(
                    id: RemediationRequestID(at: time), action: policy.action, employee: $0.employee, target: $0.target, alert: $0.alert,
                    trigger: .policy, cause: $0.cause(policy.action), requestedBy: nil, performedBy: "Policy: \(policy.title)")
            }, of: company, at: time, in: db
        ).count
    }

    // MARK: Forgotten

    /// Refuses requests that waited when the last job of their company was given up: the program may have ended before it refused them, and a
    /// new job would begin the same again.
    func refuseGivenUp(in db: some Queryable) async throws {
        let time = try await clock.read(db)
        try await db.execute(
            """
            UPDATE remediation_requests q SET status = 'REFUSED', reason = \(RemediationRefusal.givenUp.description), finished_at = \(time)
            WHERE q.status = 'PENDING' AND q.created_at < \(time.addingTimeInterval(-Self.patience)) AND \(Self.isGivenUp)
            """)
    }

    /// Whether the last job of a request's company was given up while it waited.
    private static var isGivenUp: SQL {
        """
        EXISTS (
            SELECT FROM (
                SELECT j.status, j.finished_at FROM jobs j WHERE j.company_id = q.company_id AND j.kind = \(RunWaitingRequests.kind)
                ORDER BY j.created_at DESC, j.id DESC LIMIT 1
            ) latest WHERE latest.status = 'FAILED' AND latest.finished_at >= q.created_at)
        """
    }

    /// Has requests performed whose job is gone, or that were to be performed by a program that has ended.
    func wakeForgotten(in db: some Queryable) async throws {
        let before = try await clock.read(db).addingTimeInterval(-Self.patience)
        let forgotten = try await db.query(
            """
            SELECT DISTINCT q.company_id FROM remediation_requests q
            WHERE q.status = 'PENDING' AND q.created_at < \(before) AND NOT \(Self.isGivenUp)
                AND NOT EXISTS (
                    SELECT FROM jobs j WHERE j.company_id = q.company_id AND j.kind = \(RunWaitingRequests.kind) AND j.status IN ('PENDING', 'RUNNING'))
            """, as: CompanyID.self)
        for company in forgotten { try await RunWaitingRequests.enqueue(for: company, in: db, queue) }
    }
}
