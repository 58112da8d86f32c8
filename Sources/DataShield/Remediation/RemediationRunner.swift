import Foundation
import Logging
import Postgres

/// Takes one request from PENDING to its end: checks and starts it in one transaction, asks the directory, and writes down what came of
/// it in another. Whatever dies in between, the directory is not asked again.
package struct RemediationRunner: Sendable {
    /// Where it stands, for tests that end it there.
    enum Step: Sendable, Hashable, CaseIterable {
        case chosen, started, called, recorded, calledAgain, recordedAgain
    }

    let database: TenantDatabase
    let directories: any RemediationDirectories
    let now: Now
    let logger: Logger
    /// How long a directory may take for one call.
    var deadline: Duration = .seconds(120)
    /// After which a started request whose program says nothing more is given up: well above the deadline.
    var lease: TimeInterval = 300
    /// Throws where a test has the program die.
    var interruption: @Sendable (Step) async throws -> Void = { _ in }

    package init(database: TenantDatabase, directories: any RemediationDirectories, now: @escaping Now, logger: Logger) {
        self.database = database
        self.directories = directories
        self.now = now
        self.logger = logger
    }

    /// Performs a request, if it is still waiting.
    /// - Returns: the request as it is afterwards; one that another performs is STARTED.
    /// - Throws: ``Remediation/Failure/notFound``; what the database throws. What the directory says is no error: it is in the log.
    package func run(_ id: RemediationRequestID, of company: CompanyID) async throws -> RemediationRequest {
        let (request, person, settings) = try await look(at: id, of: company)
        guard request.status == .pending else { return request }
        var route: RemediationRoute?
        if let person {
            route = RemediationRoute.choose(
                request.action, for: person, among: try await directories.connections(of: company), isWeakResetChosen: settings.isWeakResetChosen,
                kinds: directories.kind)
        }
        try await interruption(.chosen)
        guard let route, let holder = try await start(request, on: route, of: company) else {
            return try await refused(request, isRouteMissing: route == nil, hasPerson: person != nil, of: company)
        }
        try await interruption(.started)
        return try await perform(request, on: route, holder: holder, of: company)
    }

    private func look(
        at id: RemediationRequestID, of company: CompanyID
    ) async throws -> (RemediationRequest, RemediationPerson?, RemediationSettings) {
        try await database.read(for: company) { db in
            let store = RemediationStore(db)
            guard let request = try await store.find(id) else { throw Remediation.Failure.notFound }
            return (request, try await store.people([request.employee]).first, try await store.settings())
        }
    }

    // MARK: Before

    /// Starts a request, if the governor lets it: this is where the cap is counted and protection is checked, under one lock.
    /// - Returns: whose it now is; nil when it was refused, or is another's.
    private func start(_ request: RemediationRequest, on route: RemediationRoute, of company: CompanyID) async throws -> String? {
        let holder = CUID.make(at: now())
        return try await database.transaction(for: company) { db in
            let store = RemediationStore(db)
            let settings = try await store.lockSettings()
            guard let current = try await store.find(request.id, locking: true), current.status == .pending else { return nil }
            guard let person = try await store.people([request.employee]).first else {
                try await store.refuse(request.id, .noPerson, now: now())
                return nil
            }
            let time = now()
            let decision = settings.governor.decide(
                about: person.id, protection: person.protection, isEnabled: try await store.isEnabled(), isStopped: settings.isStopped,
                touched: try await store.touched(since: settings.governor.windowStart(at: time, countedFrom: settings.countedFrom)),
                people: try await store.activePeople())
            switch decision {
            case .go:
                try await store.start(
                    request.id, at: route.connection.id, holder: holder, lease: time.addingTimeInterval(lease), now: time)
                return holder
            case .refuse(let refusal):
                try await store.refuse(request.id, refusal, now: time)
                if refusal == .stopped { _ = try await store.refuseWaiting(.stopped, now: time) }
                return nil
            case .stop(let refusal):
                try await store.refuse(request.id, refusal, now: time)
                let waiting = try await store.refuseWaiting(.stoppedMeanwhile, now: time)
                var stopped = settings
                stopped.stoppedAt = time
                stopped.stopReason = refusal.description
                try await store.save(stopped)
                try await AdminNotice(title: "remediation.stopped", reason: refusal.description, refused: waiting + 1).page(
                    adminsOf: company, in: db, logger: logger)
                return nil
            }
        }
    }

    /// How a request stands that was not started; without a directory that could do it, it is refused here.
    private func refused(
        _ request: RemediationRequest, isRouteMissing: Bool, hasPerson: Bool, of company: CompanyID
    ) async throws -> RemediationRequest {
        try await database.transaction(for: company) { db in
            let store = RemediationStore(db)
            if isRouteMissing {
                // The lock first, as everybody: else two could wait for each other.
                _ = try await store.lockSettings()
                try await store.refuse(request.id, hasPerson ? .unsupported(request.action) : .noPerson, now: now())
            }
            guard let current = try await store.find(request.id) else { throw Remediation.Failure.notFound }
            return current
        }
    }

    // MARK: The calls

    /// What a call came to.
    private enum Answer: Sendable {
        case done(String)
        case failed(String)
    }

    private func perform(
        _ request: RemediationRequest, on route: RemediationRoute, holder: String, of company: CompanyID
    ) async throws -> RemediationRequest {
        let begun = now()
        let answer = await call(request.action, request, route, of: company)
        try await interruption(.called)
        // The sessions come second: before the reset, whoever has the password could sign in again.
        let goesOn: Bool
        if case .done = answer { goesOn = route.revokesAfterReset } else { goesOn = false }
        let isHeld = try await record(answer, of: request.action, request, route, begun: begun, holder: holder, isLast: !goesOn, company)
        try await interruption(.recorded)
        if goesOn, isHeld {
            let begunAgain = now()
            let second = await call(.revokeSessions, request, route, of: company)
            try await interruption(.calledAgain)
            _ = try await record(second, of: .revokeSessions, request, route, begun: begunAgain, holder: holder, isLast: true, company)
            try await interruption(.recordedAgain)
        }
        return try await look(at: request.id, of: company).0
    }

    private func call(
        _ action: RemediationType, _ request: RemediationRequest, _ route: RemediationRoute, of company: CompanyID
    ) async -> Answer {
        let name = "\(route.connection.type.displayName) “\(route.connection.name)”"
        do {
            let words = try await withDeadline {
                let connector = try await directories.connector(for: route.connection, of: company)
                return try await connector.perform(action, on: route.externalId ?? request.target, isWeakResetWanted: route.isWeak)
            }
            return .done("\(name): \(words)")
        } catch let failure as DirectoryFailure {
            return .failed("\(name): \(failure.description)")
        } catch is CancellationError {
            return .failed("\(name): the program was stopped before the answer was known. Not repeated.")
        } catch is DeadlinePassed {
            return .failed(
                "\(name): no answer within \(deadline.components.seconds) seconds, so that it is not known whether it was done. Not repeated.")
        } catch {
            logger.error("A remediation call failed", metadata: ["request": "\(request.id)", "error": "\(PostgresError.logText(of: error))"])
            return .failed("\(name): the call failed inside this program; its log has the reason. Not repeated.")
        }
    }

    private struct DeadlinePassed: Error {}

    private func withDeadline(_ body: @escaping @Sendable () async throws -> String) async throws -> String {
        try await withThrowingTaskGroup(of: String.self) { group in
            group.addTask(operation: body)
            group.addTask {
                try await Task.sleep(for: deadline)
                throw DeadlinePassed()
            }
            defer { group.cancelAll() }
            guard let first = try await group.next() else { throw CancellationError() }
            return first
        }
    }

    // MARK: After

    /// Writes down what a call came to: the log's row, what is now known of the account, and how the request goes on, in one transaction.
    /// - Returns: whether the request was still ours. When it was given up meanwhile, the log says what came later all the same.
    private func record(
        _ answer: Answer, of action: RemediationType, _ request: RemediationRequest, _ route: RemediationRoute, begun: Date, holder: String,
        isLast: Bool, _ company: CompanyID
    ) async throws -> Bool {
        let (database, now, lease) = (database, now, lease)
        // In a task of its own, since this one may be cancelled, and what was done is to be written all the same.
        return try await Task {
            try await database.transaction(for: company) { db in
                let store = RemediationStore(db)
                let time = now()
                var (status, detail) = (RemediationStatus.success, "")
                switch answer {
                case .done(let words): detail = words
                case .failed(let words): (status, detail) = (.failed, words)
                }
                var failure = status == .failed ? detail : nil
                if let words = failure, action != request.action { failure = "The password was reset, but the sessions stand. \(words)" }
                let isHeld =
                    isLast
                    ? try await store.end(request.id, failure: failure, holder: holder, now: time)
                    : try await store.step(request.id, to: .revokeSessions, holder: holder, lease: time.addingTimeInterval(lease))
                if !isHeld { detail += " (This answer came after the request had been given up.)" }
                let logged = try await store.log(action, status, of: request, detail: detail, at: time)
                // After a weak reset the old password still opens the next sign-in.
                if status == .success, !(action == .forcePasswordReset && route.isWeak) {
                    try await store.note(action, of: request.employee, at: begun)
                }
                try await AuditTrail.record(
                    "remediation.performed", target: request.alert.map { .init("alert", $0) } ?? .init("employee", request.employee),
                    after: PerformedAudit(action: action, status: status, employeeId: request.employee, logId: logged),
                    by: request.subject(of: company),
                    in: db)
                return isHeld
            }
        }.value
    }
}

/// What the audit trail keeps of a call; the rest is in the log.
private struct PerformedAudit: Codable, Sendable {
    var action: RemediationType
    var status: RemediationStatus
    var employeeId: EmployeeID
    var logId: RemediationActionID
}

extension RemediationRequest {
    /// In whose name it is done.
    func subject(of company: CompanyID) -> Subject {
        Subject(actor: requestedBy.map { .user($0) } ?? .program(trigger == .command ? "command" : "remediation"), company: company, role: .admin)
    }
}
