import Cryptography
import Foundation
import HTTPTypes
import Jobs
import Logging
import Postgres
import Scalars

/// Everything that can be done about an account in its directory: revoke its sessions, make its password useless. What is asked for is
/// a ``RemediationRequest``; whether and when it is done, the ``Governor`` decides.
package struct Remediation: Sendable {
    let database: TenantDatabase
    let companies: Companies
    let alerts: Alerts
    let directories: any RemediationDirectories
    let runner: RequestRunner
    let queue: JobQueue
    let clock: RemediationClock
    /// How long somebody who asks for one is kept waiting for the directory's answer.
    var patience: Duration
    /// Of dry runs that anybody may ask for again and again.
    let previews = AuditLimit(now: { Date() })

    package init(
        database: TenantDatabase, companies: Companies, alerts: Alerts, directories: any RemediationDirectories, runner: RequestRunner,
        queue: JobQueue, clock: RemediationClock = .database, patience: Duration = Self.usualPatience
    ) {
        self.database = database
        self.companies = companies
        self.alerts = alerts
        self.directories = directories
        self.runner = runner
        self.queue = queue
        self.clock = clock
        self.patience = patience
    }

    /// How long a request over HTTP is kept waiting.
    package static let usualPatience: Duration = .seconds(20)

    package enum Failure: FeatureError, Hashable {
        case notFound
        case notEnabled
        case refused(RemediationRefusal)
        case keyReused
        case noSuchPerson
        case notProtected
        case notStopped

        package var status: HTTPResponse.Status {
            switch self {
            case .notFound, .noSuchPerson, .notProtected: .notFound
            case .notEnabled: .forbidden
            case .refused, .notStopped: .conflict
            case .keyReused: .unprocessableContent
            }
        }
        package var detail: String {
            switch self {
            case .notFound: "There is no such request."
            case .notEnabled: "Remediation is off. An administrator can switch it on under Settings, Response."
            case .refused(let refusal): refusal.description
            case .keyReused: "Something else was asked for with this key. A key is for one order and its repetitions."
            case .noSuchPerson: "There is no such person."
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

    // MARK: One alert

    /// Does something to the account of the person whom an alert is about, and waits for the answer for a while.
    /// - Parameters:
    ///   - key: tells this order from others: the same again, by whomever's double click, makes no second request.
    ///   - patience: how long to wait; as long as a request over HTTP may when nil.
    /// - Returns: how it stands; not ended yet when the directory takes its time, and then it goes on.
    /// - Throws: ``Alerts/Failure/notFound``, ``Failure/notEnabled``, ``Failure/refused(_:)`` with the reason, ``Failure/keyReused``.
    package func request(
        _ action: RemediationType, on alert: AlertID, by subject: Subject, trigger: RemediationTrigger = .manual, key: OrderKey? = nil,
        patience: Duration? = nil
    ) async throws -> RemediationOutcome {
        let order = Order(action: action, alert: alert, trigger: trigger, cause: key?.cause(of: "request", by: subject))
        if let first = try await repeated(order, for: subject) { return first }
        do {
            return try await request(order, by: subject, patience: patience ?? self.patience)
        } catch Failure.refused(.underWay) where key != nil {
            // It may be the same order that is under way.
            guard let first = try await repeated(order, for: subject) else { throw Failure.refused(.underWay) }
            return first
        }
    }

    private struct Order {
        var action: RemediationType
        var alert: AlertID
        var trigger: RemediationTrigger
        /// nil when nobody can repeat it.
        var cause: String?
    }

    /// What came of an order when it was given first.
    private func repeated(_ order: Order, for subject: Subject) async throws -> RemediationOutcome? {
        guard let cause = order.cause else { return nil }
        guard let first = try await database.read(for: subject.company, { db in try await RemediationStore(db).made(by: cause) }) else { return nil }
        guard first.action == order.action, first.alert == order.alert else { throw Failure.keyReused }
        guard first.status != .refused else { throw Failure.refused(first.refusal) }
        return try await outcome(first.id, for: subject)
    }

    private func request(_ order: Order, by subject: Subject, patience: Duration) async throws -> RemediationOutcome {
        let plan = try await plan([order.alert], order.action, for: subject)
        guard let item = plan.items.first, let employee = item.employeeId, let address = item.employeeEmail else {
            throw Failure.refused(.noPerson)
        }
        // That the cap is used is not decided here but under the lock, where it also stops what waits and tells administrators.
        if let refusal = item.refused, !refusal.isOfGovernor || refusal == .stopped { throw Failure.refused(refusal) }
        let written = try await database.transaction(for: subject.company) { db in
            let store = RemediationStore(db)
            let time = try await clock.read(db)
            let id = RemediationRequestID(at: time)
            let new = RemediationStore.New(
                id: id, action: order.action, employee: employee, target: address, alert: order.alert, trigger: order.trigger,
                cause: order.cause ?? "request:\(id)", requestedBy: subject.user,
                performedBy: try await store.address(of: subject.user) ?? subject.programName)
            let written = try await store.insert([new], at: time)
            if !written.isEmpty {
                try await AuditTrail.record(
                    "remediation.requested", target: .init("alert", order.alert), after: RequestedAudit(action: order.action, people: 1),
                    by: subject, in: db)
            }
            return written
        }
        guard let id = written.first else { throw Failure.refused(.underWay) }
        if let ended = try await run(id, of: subject.company, waiting: patience), ended.status == .refused {
            throw Failure.refused(ended.refusal)
        }
        return try await outcome(id, for: subject)
    }

    /// Runs a request, and waits for its end for a while.
    private func run(_ id: RemediationRequestID, of company: CompanyID, waiting patience: Duration) async throws -> RemediationRequest? {
        let runner = runner
        let (results, continuation) = AsyncStream.makeStream(of: Result<RemediationRequest, any Error>?.self)
        // The keeper's: once the directory is asked, the answer is to be written down also when whoever asked has gone.
        runner.keeper.launch {
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

    /// What came of a selection.
    package struct Bulk: Sendable {
        /// The dry run of it, as it is now.
        package var plan: RemediationPlan
        /// The requests that were made, one for each person.
        package var requests: [RemediationRequest] = []
        /// Whether that was when the same was ordered before.
        package var isRepeated = false

        /// How many people's requests were made.
        package var requested: Int { requests.count }
    }

    /// Has something done to the accounts of the people whom alerts are about, in the background. Those who would be refused for a reason
    /// of their own are left out; the governor decides about the others one by one, in the order of the dry run.
    /// - Parameter key: tells this order from others: the same again makes no second request.
    /// - Throws: ``Failure/notEnabled``, ``Failure/refused(_:)`` while stopped, ``Failure/keyReused`` for another action or other alerts;
    ///   ``InvalidInput``.
    package func bulk(_ ids: [AlertID], _ action: RemediationType, by subject: Subject, key: OrderKey? = nil) async throws -> Bulk {
        let plan = try await plan(ids, action, for: subject)
        let cause = key?.cause(of: "bulk", by: subject)
        let wanted = plan.items.filter { $0.refused == nil || $0.refused?.isOfGovernor == true }
        let digest = OrderDigest(action, ids)
        let (database, queue, clock) = (database, queue, clock)
        return try await database.transaction(for: subject.company) { db in
            let store = RemediationStore(db)
            if let cause {
                // With the lock: of two that come at once, the second sees what the first has made.
                _ = try await store.lockSettings()
                let made = try await store.requests(madeBy: "\(cause):")
                if let first = try await store.order(cause) {
                    guard first == digest else { throw Failure.keyReused }
                    return Bulk(plan: plan, requests: made, isRepeated: true)
                }
                // Of an order from before orders were kept, the action alone is known.
                guard made.allSatisfy({ $0.action == action }) else { throw Failure.keyReused }
                guard made.isEmpty else { return Bulk(plan: plan, requests: made, isRepeated: true) }
            }
            guard plan.cap.stoppedAt == nil else { throw Failure.refused(.stopped) }
            let time = try await clock.read(db)
            if let cause { try await store.insertOrder(cause, digest, at: time) }
            let batch = cause ?? "bulk:\(RemediationRequestID(at: time))"
            let name = try await store.address(of: subject.user) ?? subject.programName
            let new = wanted.compactMap { item -> RemediationStore.New? in
                guard let employee = item.employeeId, let address = item.employeeEmail else { return nil }
                return RemediationStore.New(
                    id: RemediationRequestID(at: time), action: action, employee: employee, target: address, alert: item.alertIds.first,
                    trigger: .bulk, cause: "\(batch):\(employee)", requestedBy: subject.user, performedBy: name)
            }
            let written = try await store.insert(new, at: time)
            guard !written.isEmpty else { return Bulk(plan: plan) }
            try await RunWaitingRequests.enqueue(for: subject.company, in: db, queue)
            try await AuditTrail.record(
                "remediation.requested", target: nil, after: RequestedAudit(action: action, people: written.count), by: subject, in: db)
            return Bulk(plan: plan, requests: try await store.requests(madeBy: "\(batch):"))
        }
    }
}

/// By what a selection that was ordered is known again: its action and its alerts, in whatever order and however often they are named.
struct OrderDigest: Sendable, Hashable {
    let text: String

    init(_ action: RemediationType, _ ids: [AlertID]) {
        let named = [action.rawValue] + Set(ids).map(\.rawValue).sorted()
        text = Hex.text(Digest.sha256(of: named.joined(separator: "\n").utf8))
    }

    init(stored: String) { text = stored }
}

/// What tells an order from others, so that its repetition is known for one: of whoever gives it.
package struct OrderKey: Sendable, Hashable {
    let text: String

    /// - Throws: ``InvalidInput`` for one that is not valid.
    package init(_ text: String) throws {
        // As the draft of the header has it: a text in quotation marks; most leave them out.
        let bare = text.content(within: "\"", "\"").map { String($0) } ?? text
        let isPlain = bare.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte) || byte == 0x2D || byte == 0x5F
                || byte == 0x2E
        }
        guard (1...100).contains(bare.utf8.count), isPlain else {
            throw InvalidInput("Idempotency-Key", "is 1 to 100 letters, digits, hyphens, underscores and dots, such as a UUID.")
        }
        self.text = bare
    }

    func cause(of kind: String, by subject: Subject) -> String { "\(kind):key:\(subject.user?.rawValue ?? subject.programName):\(text)" }
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
