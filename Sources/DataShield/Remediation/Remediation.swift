import Foundation
import HTTPTypes
import Jobs
import Logging
import Postgres

/// Everything that can be done about an account in its directory: revoke its sessions, make its password useless. What is asked for is
/// a ``RemediationRequest``; whether and when it is done, the ``Governor`` decides.
package struct Remediation: Sendable {
    let database: TenantDatabase
    let companies: Companies
    let alerts: Alerts
    let directories: any RemediationDirectories
    let runner: RemediationRunner
    let queue: JobQueue
    let now: Now
    /// How long somebody who asks for one is kept waiting for the directory's answer.
    var patience: Duration = .seconds(20)

    package init(
        database: TenantDatabase, companies: Companies, alerts: Alerts, directories: any RemediationDirectories, runner: RemediationRunner,
        queue: JobQueue, now: @escaping Now = { Date() }
    ) {
        self.database = database
        self.companies = companies
        self.alerts = alerts
        self.directories = directories
        self.runner = runner
        self.queue = queue
        self.now = now
    }

    package enum Failure: FeatureError, Hashable {
        case notFound
        case notEnabled
        case refused(RemediationRefusal)
        case noSuchPerson
        case notProtected
        case notStopped

        package var status: HTTPResponse.Status {
            switch self {
            case .notFound, .noSuchPerson, .notProtected: .notFound
            case .notEnabled: .forbidden
            case .refused, .notStopped: .conflict
            }
        }
        package var detail: String {
            switch self {
            case .notFound: "There is no such request."
            case .notEnabled: "Remediation is switched off. An administrator can switch it on in its settings."
            case .refused(let refusal): refusal.description
            case .noSuchPerson: "There is no such employee."
            case .notProtected: "This person is not protected."
            case .notStopped: "Remediation is not stopped."
            }
        }
    }

    /// How many alerts one selection has.
    package static let bulkLimit = Alerts.bulkLimit

    /// Whether a company has switched remediation on, and somebody may use it.
    package func isOffered(to subject: Subject) async throws -> Bool {
        guard subject.may(.remediationAct) else { return false }
        return try await companies.find(subject.company).remediationEnabled
    }

    // MARK: Dry run

    /// What would happen: who would be touched, where and how, who would not and why, and what would be left of the cap. Nothing is
    /// changed and no directory is asked.
    /// - Parameters:
    ///   - ids: the alerts; several about one person are one.
    /// - Throws: ``Failure/notEnabled``; ``InvalidInput`` for no alerts or too many.
    package func plan(_ ids: [AlertID], _ action: RemediationType, for subject: Subject) async throws -> RemediationPlan {
        var seen: Set<AlertID> = []
        let ids = ids.filter { seen.insert($0).inserted }
        guard !ids.isEmpty else { throw InvalidInput("ids", "At least one id is needed.") }
        guard ids.count <= Self.bulkLimit else { throw InvalidInput("ids", "At most \(Self.bulkLimit) alerts can be chosen at once.") }
        let connections = try await directories.connections(of: subject.company)
        let time = now()
        return try await database.read(for: subject.company) { db in
            let store = RemediationStore(db)
            let people = try await store.peopleOfAlerts(ids)
            // Whose alert it is comes before anything else: another company's is not there.
            if ids.count == 1, people.isEmpty { throw Alerts.Failure.notFound }
            guard try await store.isEnabled() else { throw Failure.notEnabled }
            let settings = try await store.settings()
            let touched = try await store.touched(since: settings.governor.windowStart(at: time, countedFrom: settings.countedFrom))
            let found = try await store.people(Array(Set(people.values.compactMap { $0 })).sorted())
            let cap = RemediationPlan.Cap(settings, people: try await store.activePeople(), touched: touched.count)
            var planning = RemediationPlanning(
                action: action, settings: settings, touched: touched, activePeople: try await store.activePeople(), connections: connections,
                kinds: directories.kind)
            for id in ids {
                planning.add(id, of: people[id], who: found)
            }
            return RemediationPlan(action: action, items: planning.items, cap: cap)
        }
    }

    // MARK: One alert

    /// Does something to the account of the person whom an alert is about, and waits for the answer for a while.
    /// - Parameter patience: how long to wait; as long as a request over HTTP may when nil.
    /// - Returns: how it stands; not ended yet when the directory takes its time, and then it goes on.
    /// - Throws: ``Alerts/Failure/notFound``, ``Failure/notEnabled``, ``Failure/refused(_:)`` with the reason.
    package func request(
        _ action: RemediationType, on alert: AlertID, by subject: Subject, trigger: RemediationTrigger = .manual, patience: Duration? = nil
    ) async throws -> RemediationOutcome {
        let plan = try await plan([alert], action, for: subject)
        guard let item = plan.items.first, let employee = item.employeeId, let address = item.employeeEmail else {
            throw Failure.refused(.noPerson)
        }
        // That the cap is used is not decided here but under the lock, where it also stops what waits and tells administrators.
        if let refusal = item.refused, !refusal.isOfGovernor || refusal == .stopped { throw Failure.refused(refusal) }
        let id = RemediationRequestID(at: now())
        let written = try await database.transaction(for: subject.company) { db in
            let store = RemediationStore(db)
            let new = RemediationStore.New(
                id: id, action: action, employee: employee, target: address, alert: alert, trigger: trigger, cause: "request:\(id)",
                requestedBy: subject.user, performedBy: try await store.address(of: subject.user) ?? subject.programName)
            let written = try await store.insert([new], at: now())
            if !written.isEmpty {
                try await AuditTrail.record(
                    "remediation.requested", target: .init("alert", alert), after: RequestedAudit(action: action, people: 1), by: subject, in: db)
            }
            return written
        }
        guard !written.isEmpty else { throw Failure.refused(.underWay) }
        if let ended = try await run(id, of: subject.company, waiting: patience ?? self.patience), ended.status == .refused {
            throw Failure.refused(ended.refusal)
        }
        return try await outcome(id, for: subject)
    }

    /// Runs a request, and waits for its end for a while.
    private func run(_ id: RemediationRequestID, of company: CompanyID, waiting patience: Duration) async throws -> RemediationRequest? {
        let runner = runner
        let (results, continuation) = AsyncStream.makeStream(of: Result<RemediationRequest, any Error>?.self)
        // In a task of its own: once the directory is asked, the answer is to be written down also when whoever asked has gone.
        Task {
            do { continuation.yield(.success(try await runner.run(id, of: company))) } catch { continuation.yield(.failure(error)) }
            continuation.finish()
        }
        let timer = Task {
            // Thrown only when cancelled: the answer came first.
            guard (try? await Task.sleep(for: patience)) != nil else { return }
            continuation.yield(nil)
            continuation.finish()
        }
        defer { timer.cancel() }
        for await first in results { return try first?.get() }
        throw CancellationError()
    }

    /// A request with what the log has of it.
    /// - Throws: ``Failure/notFound``, also for another company's.
    package func outcome(_ id: RemediationRequestID, for subject: Subject) async throws -> RemediationOutcome {
        try await database.read(for: subject.company) { db in
            guard let request = try await RemediationStore(db).find(id) else { throw Failure.notFound }
            let attempts = try await db.query(
                """
                SELECT \(RemediationAction.columns) FROM remediation_actions l
                WHERE l.company_id = \(db.company) AND l.request_id = \(id) ORDER BY l.created_at, l.action DESC, l.id LIMIT 10
                """, as: RemediationAction.self)
            return RemediationOutcome(request, attempts: attempts)
        }
    }

    // MARK: Many

    /// Has something done to the accounts of the people whom alerts are about, in the background. Those who would be refused for a reason
    /// of their own are left out; the governor decides about the others one by one.
    /// - Returns: the dry run of it, and how many requests wait now.
    /// - Throws: ``Failure/notEnabled``, ``Failure/refused(_:)`` while stopped; ``InvalidInput``.
    package func bulk(_ ids: [AlertID], _ action: RemediationType, by subject: Subject) async throws -> (plan: RemediationPlan, requested: Int) {
        let plan = try await plan(ids, action, for: subject)
        guard plan.cap.stoppedAt == nil else { throw Failure.refused(.stopped) }
        let time = now()
        let batch = RemediationRequestID(at: time)
        let wanted = plan.items.filter { $0.refused == nil || $0.refused?.isOfGovernor == true }
        let (database, queue) = (database, queue)
        let requested = try await database.transaction(for: subject.company) { db in
            let store = RemediationStore(db)
            let name = try await store.address(of: subject.user) ?? subject.programName
            let new = wanted.compactMap { item -> RemediationStore.New? in
                guard let employee = item.employeeId, let address = item.employeeEmail else { return nil }
                return RemediationStore.New(
                    id: RemediationRequestID(at: time), action: action, employee: employee, target: address, alert: item.alertIds.first,
                    trigger: .bulk,
                    cause: "bulk:\(batch):\(employee)", requestedBy: subject.user, performedBy: name)
            }
            let written = try await store.insert(new, at: time)
            guard !written.isEmpty else { return 0 }
            try await RunRemediation.enqueue(for: subject.company, in: db, queue)
            try await AuditTrail.record(
                "remediation.requested", target: nil, after: RequestedAudit(action: action, people: written.count), by: subject, in: db)
            return written.count
        }
        return (plan, requested)
    }
}

private struct RequestedAudit: Codable, Sendable {
    var action: RemediationType
    var people: Int
}

extension RemediationRequest {
    /// Why it was refused, as it was said when it was.
    fileprivate var refusal: RemediationRefusal { .said(reason ?? "It was refused.") }
}

extension Subject {
    /// The name of what asks when no user does.
    var programName: String {
        switch actor {
        case .user: "somebody"
        case .program(let name): name
        case .directory(_, let name): name
        }
    }
}
