import Foundation
import Postgres

/// The SQL of `remediation_settings`, `remediation_requests`, `remediation_actions` and `protected_people`.
struct RemediationStore {
    let db: TenantTransaction

    init(_ db: TenantTransaction) { self.db = db }

    // MARK: Settings

    /// The company's settings; the standard ones when it has decided nothing yet.
    func settings() async throws -> RemediationSettings {
        try await db.first(
            "SELECT \(RemediationSettings.columns) FROM remediation_settings s WHERE s.company_id = \(db.company)", as: RemediationSettings.self)
            ?? RemediationSettings()
    }

    /// The company's settings, locked until the transaction ends. Whoever starts a call, stops, resumes or protects takes this lock first:
    /// so they do it one after the other, in whichever process they are.
    func lockSettings() async throws -> RemediationSettings {
        try await db.execute("INSERT INTO remediation_settings (company_id) VALUES (\(db.company)) ON CONFLICT DO NOTHING")
        return try await db.first(
            "SELECT \(RemediationSettings.columns) FROM remediation_settings s WHERE s.company_id = \(db.company) FOR UPDATE",
            as: RemediationSettings.self) ?? RemediationSettings()
    }

    func save(_ settings: RemediationSettings) async throws {
        let governor = settings.governor
        try await db.execute(
            """
            UPDATE remediation_settings SET cap_people = \(governor.capPeople), cap_percent = \(governor.capPercent),
                window_hours = \(governor.windowHours), is_weak_reset_chosen = \(settings.isWeakResetChosen),
                policies = \(JSON(settings.policies)), counted_from = \(settings.countedFrom), stopped_at = \(settings.stoppedAt),
                stop_reason = \(settings.stopReason)
            WHERE company_id = \(db.company)
            """)
    }

    /// How many active people the company has.
    func activePeople() async throws -> Int {
        try await db.first(
            "SELECT coalesce(sum(people), 0)::bigint FROM department_counts WHERE company_id = \(db.company)", as: Int.self) ?? 0
    }

    /// Whose calls were started from a time on. That moment is included: what is started in the millisecond of a resumption counts.
    func touched(since start: Date) async throws -> Set<EmployeeID> {
        Set(
            try await db.query(
                "SELECT DISTINCT employee_id FROM remediation_requests WHERE company_id = \(db.company) AND started_at >= \(start)",
                as: EmployeeID.self))
    }

    func isEnabled() async throws -> Bool {
        try await db.first("SELECT remediation_enabled FROM companies WHERE id = \(db.company)", as: Bool.self) ?? false
    }

    // MARK: Requests

    /// Something to be asked for.
    struct New: Sendable {
        var id = RemediationRequestID()
        var action: RemediationType
        var employee: EmployeeID
        var target: String
        var alert: AlertID?
        var trigger: RemediationTrigger
        var cause: String
        var requestedBy: UserID?
        var performedBy: String
    }

    /// Writes requests; those whose cause has made one already, or whose like is under way, are left out.
    /// - Returns: the ids of those that were written.
    func insert(_ new: [New], at now: Date) async throws -> [RemediationRequestID] { try await Self.insert(new, of: db.company, at: now, in: db) }

    static func insert(_ new: [New], of company: CompanyID, at now: Date, in db: some Queryable) async throws -> [RemediationRequestID] {
        guard !new.isEmpty else { return [] }
        return try await db.query(
            """
            INSERT INTO remediation_requests (id, company_id, action, employee_id, target, alert_id, trigger, cause, requested_by, performed_by,
                created_at, updated_at)
            SELECT n.id, \(company), n.action, n.employee, n.target, n.alert, n.trigger, n.cause, n.requested_by, n.performed_by, \(now), \(now)
            FROM unnest(
                \(new.map(\.id))::text[], \(new.map(\.action))::remediation_type[], \(new.map(\.employee))::text[],
                \(new.map(\.target))::text[], \(new.map(\.alert))::text[], \(new.map(\.trigger))::text[], \(new.map(\.cause))::text[],
                \(new.map(\.requestedBy))::text[], \(new.map(\.performedBy))::text[]
            ) WITH ORDINALITY AS n (id, action, employee, target, alert, trigger, cause, requested_by, performed_by, place)
            ORDER BY n.place
            ON CONFLICT DO NOTHING RETURNING id
            """, as: RemediationRequestID.self)
    }

    func find(_ id: RemediationRequestID, locking: Bool = false) async throws -> RemediationRequest? {
        let lock: SQL = locking ? "FOR UPDATE" : ""
        return try await db.first(
            "SELECT \(RemediationRequest.columns) FROM remediation_requests q WHERE q.company_id = \(db.company) AND q.id = \(id) \(lock)",
            as: RemediationRequest.self)
    }

    /// The request that has waited longest; of those of one moment the one that was listed first when somebody was asked.
    func nextPending() async throws -> RemediationRequestID? {
        try await db.first(
            """
            SELECT id FROM remediation_requests WHERE company_id = \(db.company) AND status = 'PENDING' ORDER BY created_at, place LIMIT 1
            """, as: RemediationRequestID.self)
    }

    /// A request that waits or is under way.
    struct Open: RowDecodable {
        let employee: EmployeeID
        let action: RemediationType
        let isStarted: Bool

        init(from row: inout Row) throws {
            employee = try row.next()
            action = try row.next()
            isStarted = try row.next()
        }
    }

    /// What waits or is under way, in the order of its turn.
    func open() async throws -> [Open] {
        try await db.query(
            """
            SELECT employee_id, action, status = 'STARTED' FROM remediation_requests
            WHERE company_id = \(db.company) AND status IN ('PENDING', 'STARTED') ORDER BY created_at, place
            """, as: Open.self)
    }

    /// The request that a cause has made.
    func made(by cause: String) async throws -> RemediationRequest? {
        try await db.first(
            "SELECT \(RemediationRequest.columns) FROM remediation_requests q WHERE q.company_id = \(db.company) AND q.cause = \(cause)",
            as: RemediationRequest.self)
    }

    /// The requests that causes which begin alike have made, in the order of their turn.
    func requests(madeBy beginning: String) async throws -> [RemediationRequest] {
        try await db.query(
            """
            SELECT \(RemediationRequest.columns) FROM remediation_requests q
            WHERE q.company_id = \(db.company) AND q.cause >= \(beginning) AND q.cause < \(beginning + "~") ORDER BY q.created_at, q.place
            """, as: RemediationRequest.self)
    }

    /// By what an order is known; nil when none was given with this cause.
    func order(_ cause: String) async throws -> OrderDigest? {
        try await db.first(
            "SELECT digest FROM remediation_orders WHERE company_id = \(db.company) AND cause = \(cause)", as: String.self
        ).map { OrderDigest(stored: $0) }
    }

    func insertOrder(_ cause: String, _ digest: OrderDigest, at now: Date) async throws {
        try await db.execute(
            "INSERT INTO remediation_orders (company_id, cause, digest, created_at) VALUES (\(db.company), \(cause), \(digest.text), \(now))")
    }

    func start(_ id: RemediationRequestID, at connection: DirectoryConnectionID, holder: String, lease: Date, now: Date) async throws {
        try await db.execute(
            """
            UPDATE remediation_requests SET status = 'STARTED', connection_id = \(connection), holder = \(holder), lease_until = \(lease),
                step = action, started_at = \(now)
            WHERE company_id = \(db.company) AND id = \(id) AND status = 'PENDING'
            """)
    }

    /// Goes on to the next call of a started request.
    /// - Returns: whether the request was still the holder's.
    func step(_ id: RemediationRequestID, to action: RemediationType, holder: String, lease: Date) async throws -> Bool {
        try await db.execute(
            """
            UPDATE remediation_requests SET step = \(action), lease_until = \(lease)
            WHERE company_id = \(db.company) AND id = \(id) AND status = 'STARTED' AND holder = \(holder)
            """) == 1
    }

    /// Ends a started request.
    /// - Returns: whether the request was still the holder's.
    func end(_ id: RemediationRequestID, _ ending: RemediationEnding, holder: String, now: Date) async throws -> Bool {
        try await db.execute(
            """
            UPDATE remediation_requests SET status = \(ending.status), reason = \(ending.reason), failure = \(ending.failure),
                next_action = \(ending.next), holder = NULL, lease_until = NULL, step = NULL, finished_at = \(now)
            WHERE company_id = \(db.company) AND id = \(id) AND status = 'STARTED' AND holder = \(holder)
            """) == 1
    }

    /// Says of a request that was given up what became of it: only whoever made its call knows.
    func correct(_ id: RemediationRequestID, _ ending: RemediationEnding, now: Date) async throws {
        try await db.execute(
            """
            UPDATE remediation_requests SET status = \(ending.status), reason = \(ending.reason), failure = \(ending.failure),
                next_action = \(ending.next), finished_at = \(now)
            WHERE company_id = \(db.company) AND id = \(id) AND status = 'FAILED' AND failure = 'UNKNOWN'
            """)
    }

    /// Whether a started request is still somebody's.
    func isHeld(_ id: RemediationRequestID, by holder: String) async throws -> Bool {
        try await db.first(
            """
            SELECT true FROM remediation_requests
            WHERE company_id = \(db.company) AND id = \(id) AND status = 'STARTED' AND holder = \(holder)
            """, as: Bool.self) ?? false
    }

    /// Refuses a request that waits.
    func refuse(_ id: RemediationRequestID, _ refusal: RemediationRefusal, now: Date) async throws {
        try await db.execute(
            """
            UPDATE remediation_requests SET status = 'REFUSED', reason = \(refusal.description), finished_at = \(now)
            WHERE company_id = \(db.company) AND id = \(id) AND status = 'PENDING'
            """)
    }

    /// Refuses all requests that wait.
    /// - Returns: how many.
    func refuseWaiting(_ refusal: RemediationRefusal, now: Date) async throws -> Int {
        try await db.execute(
            """
            UPDATE remediation_requests SET status = 'REFUSED', reason = \(refusal.description), finished_at = \(now)
            WHERE company_id = \(db.company) AND status = 'PENDING'
            """)
    }

    // MARK: The log

    /// When an attempt was written down; nil when it was not.
    func timeOfLog(_ id: RemediationActionID) async throws -> Date? {
        try await db.first("SELECT created_at FROM remediation_actions WHERE company_id = \(db.company) AND id = \(id)", as: Date.self)
    }

    static func log(
        _ id: RemediationActionID, _ action: RemediationType, _ status: RemediationStatus, isKnown: Bool, of request: RemediationRequestID,
        target: String, detail: String, by name: String, employee: EmployeeID, alert: AlertID?, company: CompanyID, at now: Date,
        in db: some Queryable
    ) async throws {
        try await db.execute(
            """
            INSERT INTO remediation_actions (id, company_id, action, status, outcome_known, target, detail, performed_by, employee_id, alert_id,
                request_id, created_at)
            VALUES (\(id), \(company), \(action), \(status), \(isKnown), \(target), \(detail), \(name), \(employee), \(alert), \(request),
                \(now))
            """)
    }

    /// Notes what a call has changed about an account, so that exposures before it count as neutralised at once. What was done to another
    /// account than the one that the person stands for says nothing of that one.
    func note(
        _ action: RemediationType, of employee: EmployeeID, account: String, in connection: DirectoryConnectionID, at time: Date
    ) async throws {
        let column: SQL = action == .forcePasswordReset ? "password_changed_at" : "sessions_valid_from"
        try await db.execute(
            """
            UPDATE employees SET \(column) = greatest(\(column), \(time))
            WHERE company_id = \(db.company) AND id = \(employee) AND source_connection_id = \(connection) AND external_id = \(account)
            """)
    }
}
