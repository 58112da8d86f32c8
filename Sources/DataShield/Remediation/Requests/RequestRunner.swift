import Foundation
import Logging
import Postgres

/// Takes one request from PENDING to its end: checks and starts it in one transaction, asks the directory, and writes down what came of
/// it in another. Whatever dies in between, the directory is not asked again.
package struct RequestRunner: Sendable {
    /// Where it stands, for tests that end it there.
    enum Step: Sendable, Hashable, CaseIterable {
        /// Read; the account of somebody who is known by address was looked up.
        case read, prepared
        /// In the transaction of the start, and after it.
        case starting, started
        /// The way into the directory is open; it has answered; the answer is in a transaction; that has been committed.
        case connected, called, recording, recorded
        /// The same for the sessions after a reset.
        case connectedAgain, calledAgain, recordingAgain, recordedAgain
    }

    let database: TenantDatabase
    let directories: any RemediationDirectories
    let clock: RemediationClock
    /// Owns what was started.
    let keeper: RemediationKeeper
    let logger: Logger
    /// How long a directory may take for one call.
    var deadline: Duration = .seconds(120)
    /// After which a started request whose program says nothing more is given up: well above the deadline.
    var lease: TimeInterval = 300
    /// Throws where a test has the program die.
    var interruption: @Sendable (Step) async throws -> Void = { _ in }

    package init(
        database: TenantDatabase, directories: any RemediationDirectories, clock: RemediationClock = .database, keeper: RemediationKeeper? = nil,
        logger: Logger
    ) {
        self.database = database
        self.directories = directories
        self.clock = clock
        self.keeper = keeper ?? RemediationKeeper(logger: logger)
        self.logger = logger
    }

    /// Performs a request, if it is still waiting.
    /// - Returns: the request as it is afterwards; one that another performs is STARTED.
    /// - Throws: ``Remediation/Failure/notFound``; what the database throws. What the directory says is no error: it is in the log.
    package func run(_ id: RemediationRequestID, of company: CompanyID) async throws -> RemediationRequest {
        let request = try await find(id, of: company)
        guard request.status == .pending else { return request }
        try await interruption(.read)
        switch try await prepare(request, of: company) {
        case .refused(let refusal): try await refuse(request, refusal, of: company)
        case .ready(let ready):
            try await interruption(.prepared)
            if let start = try await start(request, ready, of: company) {
                try await interruption(.started)
                // From here on it does not depend on whoever began it.
                try await keeper.finish { try await keeper.holding(request.id) { try await perform(request, start, of: company) } }
            }
        }
        return try await find(id, of: company)
    }

    private func find(_ id: RemediationRequestID, of company: CompanyID) async throws -> RemediationRequest {
        try await database.read(for: company) { db in
            guard let request = try await RemediationStore(db).find(id) else { throw Remediation.Failure.notFound }
            return request
        }
    }

    private func refuse(_ request: RemediationRequest, _ refusal: RemediationRefusal, of company: CompanyID) async throws {
        try await database.transaction(for: company) { db in
            let store = RemediationStore(db)
            // The lock first, as everybody: else two could wait for each other.
            _ = try await store.lockSettings()
            try await store.refuse(request.id, refusal, now: try await clock.read(db))
        }
    }

    // MARK: The calls

    /// A request that was started.
    struct Start: Sendable {
        var route: RemediationRoute
        /// The way in, or why there is none.
        var opened: Swift.Result<any DirectoryConnector, Unanswered>
        /// Which account, by the directory's own id.
        var account: String
        var holder: String
        /// By the database's time, like all that is compared with it.
        var at: Date
    }

    private func perform(_ request: RemediationRequest, _ start: Start, of company: CompanyID) async throws {
        let connector: any DirectoryConnector
        switch start.opened {
        case .success(let open): connector = open
        case .failure(let unanswered):
            let written = Written(answer: .failed(unanswered.failure, unanswered.words), step: request.action, begun: start.at, isLast: true)
            _ = try await record(written, request, start, company, recording: .recording)
            return
        }
        try await interruption(.connected)
        let answer = try await call(request.action, request, start, connector)
        try await interruption(.called)
        // The sessions come second: before the reset, whoever has the password could sign in again.
        var goesOn = false
        if case .done = answer { goesOn = start.route.revokesAfterReset }
        let (isHeld, time) = try await record(
            Written(answer: answer, step: request.action, begun: start.at, isLast: !goesOn), request, start, company, recording: .recording)
        try await interruption(.recorded)
        guard goesOn, isHeld else { return }
        // By the same way: the database, which has its settings, may be away again.
        try await interruption(.connectedAgain)
        let second = try await call(.revokeSessions, request, start, connector)
        try await interruption(.calledAgain)
        _ = try await record(
            Written(answer: second, step: .revokeSessions, begun: time, isLast: true), request, start, company, recording: .recordingAgain)
        try await interruption(.recordedAgain)
    }

    private func call(
        _ action: RemediationType, _ request: RemediationRequest, _ start: Start, _ connector: any DirectoryConnector
    ) async throws -> RemediationAnswer {
        let answer = try await asking(start.route.connection, request, mayChange: true) {
            try await connector.perform(action, on: start.account, isWeakResetWanted: start.route.isWeak)
        }
        switch answer {
        case .success(let words): return .done("\(start.route.connection.words): \(words)")
        case .failure(let unanswered): return .failed(unanswered.failure, unanswered.words)
        }
    }

    /// Why a directory did not do what it was asked, in words.
    struct Unanswered: Error {
        var failure: RemediationFailure
        var words: String
    }

    /// Asks a directory something, for as long as it may take.
    /// - Parameter mayChange: whether an account may have been changed when no answer comes.
    /// - Throws: what the database throws, unless an account may have been changed.
    func asking<Result: Sendable>(
        _ connection: DirectoryConnection, _ request: RemediationRequest, mayChange: Bool = false,
        _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Swift.Result<Result, Unanswered> {
        func failure(_ words: String) -> Swift.Result<Result, Unanswered> {
            let end = mayChange ? ", so that it is not known whether it was done. Not repeated." : ". The account was not touched."
            return .failure(Unanswered(failure: mayChange ? .unknown : .unavailable, words: "\(connection.words): \(words)\(end)"))
        }
        do {
            return .success(try await withDeadline(body))
        } catch let reason as DirectoryFailure {
            return .failure(Unanswered(failure: reason.ofRemediation, words: "\(connection.words): \(reason)"))
        } catch let error as PostgresError where !mayChange {
            // Nothing of this is the directory's: what waits goes on waiting.
            throw error
        } catch is CancellationError {
            return failure("the program was stopped before the answer was known")
        } catch is DeadlinePassed {
            return failure("no answer within \(deadline.components.seconds) seconds")
        } catch {
            logger.error("A remediation call failed", metadata: ["request": "\(request.id)", "error": "\(PostgresError.logText(of: error))"])
            return failure("the call failed inside this program, whose log has the reason")
        }
    }

    private struct DeadlinePassed: Error {}

    private func withDeadline<Result: Sendable>(_ body: @escaping @Sendable () async throws -> Result) async throws -> Result {
        try await withThrowingTaskGroup(of: Result.self) { group in
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

    /// What is written down of a call.
    private struct Written: Sendable {
        /// The row in the log. The same each time that it is tried: a lost answer to COMMIT may have been a yes.
        var id = RemediationActionID()
        var answer: RemediationAnswer
        var step: RemediationType
        var begun: Date
        var isLast: Bool
    }

    /// Writes down what a call came to: the log's row, what is now known of the account, and how the request goes on, in one transaction;
    /// as soon as the database takes it.
    /// - Returns: whether the request was still ours, and when it was written. When it was given up meanwhile, the log says what came later
    ///   all the same, and what was not known of the request is known then.
    private func record(
        _ written: Written, _ request: RemediationRequest, _ start: Start, _ company: CompanyID, recording: Step
    ) async throws -> (isHeld: Bool, at: Date) {
        let metadata: Logger.Metadata = [
            "company": "\(company)", "request": "\(request.id)", "remediation.action": "\(written.step.rawValue)",
            "remediation.outcome": "\(written.answer.word)",
        ]
        return try await keeper.insist(metadata) {
            try await database.transaction(for: company) { db in try await write(written, request, start, recording, in: db) }
        }
    }

    private func write(
        _ written: Written, _ request: RemediationRequest, _ start: Start, _ recording: Step, in db: TenantTransaction
    ) async throws -> (isHeld: Bool, at: Date) {
        let store = RemediationStore(db)
        if let time = try await store.timeOfLog(written.id) { return (try await store.isHeld(request.id, by: start.holder), time) }
        let time = try await clock.read(db)
        var detail = written.answer.words
        let canRevoke = start.route.revokesAfterReset
        let isHeld: Bool
        if written.isLast {
            let ending = RemediationEnding(of: request.action, after: written.step, written.answer, canRevoke: canRevoke)
            isHeld = try await store.end(request.id, ending, holder: start.holder, now: time)
        } else {
            isHeld = try await store.step(request.id, to: .revokeSessions, holder: start.holder, lease: time.addingTimeInterval(lease))
        }
        if !isHeld {
            detail += " (This answer came after the request had been given up.)"
            let ending = RemediationEnding(of: request.action, after: written.step, written.answer, canRevoke: canRevoke, isGivenUp: true)
            try await store.correct(request.id, ending, now: time)
        }
        let status = written.answer.status
        try await RemediationStore.log(
            written.id, written.step, status, isKnown: written.answer.isKnown, of: request.id, target: request.target, detail: detail,
            by: request.performedBy, employee: request.employee, alert: request.alert, company: db.company, at: time, in: db)
        // After a weak reset the old password still opens the next sign-in.
        if status == .success, !(written.step == .forcePasswordReset && start.route.isWeak) {
            try await store.note(written.step, of: request.employee, account: start.account, in: start.route.connection.id, at: written.begun)
        }
        try await AuditTrail.record(
            "remediation.performed", target: request.auditTarget,
            after: RemediationAudit(
                action: written.step, status: status, outcomeKnown: written.answer.isKnown, employeeId: request.employee, logId: written.id),
            by: request.subject(of: db.company), in: db)
        do { try await interruption(recording) } catch { throw RemediationKeeper.End(reason: error) }
        return (isHeld, time)
    }
}

/// What the audit trail keeps of a call; the rest is in the log.
struct RemediationAudit: Codable, Sendable {
    var action: RemediationType
    var status: RemediationStatus
    var outcomeKnown: Bool
    var employeeId: EmployeeID
    var logId: RemediationActionID
}

extension RemediationRequest {
    var auditTarget: AuditTrail.Target { alert.map { .init("alert", $0) } ?? .init("employee", employee) }

    /// In whose name it is done.
    func subject(of company: CompanyID) -> Subject {
        Subject(actor: requestedBy.map { .user($0) } ?? .program(trigger == .command ? "command" : "remediation"), company: company, role: .admin)
    }
}

extension DirectoryConnection {
    /// As the log names it.
    var words: String { "\(type.displayName) “\(name)”" }
}
