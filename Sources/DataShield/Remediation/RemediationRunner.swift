import Foundation
import Logging
import Postgres

/// Takes one request from PENDING to its end: checks and starts it in one transaction, asks the directory, and writes down what came of
/// it in another. Whatever dies in between, the directory is not asked again.
package struct RemediationRunner: Sendable {
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
    let logger: Logger
    /// How long a directory may take for one call.
    var deadline: Duration = .seconds(120)
    /// After which a started request whose program says nothing more is given up: well above the deadline.
    var lease: TimeInterval = 300
    /// Throws where a test has the program die.
    var interruption: @Sendable (Step) async throws -> Void = { _ in }

    package init(
        database: TenantDatabase, directories: any RemediationDirectories, clock: RemediationClock = .database, logger: Logger
    ) {
        self.database = database
        self.directories = directories
        self.clock = clock
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
                try await perform(request, start, of: company)
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

    /// What a call came to.
    enum Answer: Sendable {
        case done(String)
        case failed(String)
    }

    /// A request that was started.
    struct Start: Sendable {
        var route: RemediationRoute
        /// Which account, by the directory's own id.
        var account: String
        var holder: String
        /// By the database's time, like all that is compared with it.
        var at: Date
    }

    private func perform(_ request: RemediationRequest, _ start: Start, of company: CompanyID) async throws {
        let answer = try await call(request.action, request, start, of: company, connected: .connected)
        try await interruption(.called)
        // The sessions come second: before the reset, whoever has the password could sign in again.
        var goesOn = false
        if case .done = answer { goesOn = start.route.revokesAfterReset }
        let (isHeld, time) = try await record(
            answer, of: request.action, request, start, begun: start.at, isLast: !goesOn, company, recording: .recording)
        try await interruption(.recorded)
        guard goesOn, isHeld else { return }
        let second = try await call(.revokeSessions, request, start, of: company, connected: .connectedAgain)
        try await interruption(.calledAgain)
        _ = try await record(second, of: .revokeSessions, request, start, begun: time, isLast: true, company, recording: .recordingAgain)
        try await interruption(.recordedAgain)
    }

    private func call(
        _ action: RemediationType, _ request: RemediationRequest, _ start: Start, of company: CompanyID, connected: Step
    ) async throws -> Answer {
        let connector: any DirectoryConnector
        switch try await asking(start.route.connection, request, { try await directories.connector(for: start.route.connection, of: company) }) {
        case .success(let open): connector = open
        case .failure(let failure): return .failed(failure.words)
        }
        try await interruption(connected)
        let answer = try await asking(start.route.connection, request) {
            try await connector.perform(action, on: start.account, isWeakResetWanted: start.route.isWeak)
        }
        switch answer {
        case .success(let words): return .done("\(start.route.connection.words): \(words)")
        case .failure(let failure): return .failed(failure.words)
        }
    }

    /// Why a directory did not do what it was asked, in words.
    struct Unanswered: Error {
        var words: String
    }

    /// Asks a directory something, for as long as it may take.
    func asking<Result: Sendable>(
        _ connection: DirectoryConnection, _ request: RemediationRequest, _ body: @escaping @Sendable () async throws -> Result
    ) async throws -> Swift.Result<Result, Unanswered> {
        func failure(_ words: String) -> Swift.Result<Result, Unanswered> { .failure(Unanswered(words: "\(connection.words): \(words)")) }
        do {
            return .success(try await withDeadline(body))
        } catch let reason as DirectoryFailure {
            return failure(reason.description)
        } catch is CancellationError {
            return failure("the program was stopped before the answer was known. Not repeated.")
        } catch is DeadlinePassed {
            return failure("no answer within \(deadline.components.seconds) seconds, so that it is not known whether it was done. Not repeated.")
        } catch {
            logger.error("A remediation call failed", metadata: ["request": "\(request.id)", "error": "\(PostgresError.logText(of: error))"])
            return failure("the call failed inside this program; its log has the reason. Not repeated.")
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

    /// Writes down what a call came to: the log's row, what is now known of the account, and how the request goes on, in one transaction.
    /// - Returns: whether the request was still ours, and when it was written. When it was given up meanwhile, the log says what came later
    ///   all the same.
    private func record(
        _ answer: Answer, of action: RemediationType, _ request: RemediationRequest, _ start: Start, begun: Date, isLast: Bool,
        _ company: CompanyID, recording: Step
    ) async throws -> (isHeld: Bool, at: Date) {
        let (database, clock, lease, interruption) = (database, clock, lease, interruption)
        // In a task of its own, since this one may be cancelled, and what was done is to be written all the same.
        return try await Task {
            try await database.transaction(for: company) { db in
                let store = RemediationStore(db)
                let time = try await clock.read(db)
                var (status, detail) = (RemediationStatus.success, "")
                switch answer {
                case .done(let words): detail = words
                case .failed(let words): (status, detail) = (.failed, words)
                }
                var failure = status == .failed ? detail : nil
                if let words = failure, action != request.action { failure = "The password was reset, but the sessions stand. \(words)" }
                let isHeld =
                    isLast
                    ? try await store.end(request.id, failure: failure, holder: start.holder, now: time)
                    : try await store.step(request.id, to: .revokeSessions, holder: start.holder, lease: time.addingTimeInterval(lease))
                if !isHeld { detail += " (This answer came after the request had been given up.)" }
                let logged = try await store.log(action, status, of: request, detail: detail, at: time)
                // After a weak reset the old password still opens the next sign-in.
                if status == .success, !(action == .forcePasswordReset && start.route.isWeak) {
                    try await store.note(action, of: request.employee, account: start.account, in: start.route.connection.id, at: begun)
                }
                try await AuditTrail.record(
                    "remediation.performed", target: request.alert.map { .init("alert", $0) } ?? .init("employee", request.employee),
                    after: PerformedAudit(action: action, status: status, employeeId: request.employee, logId: logged),
                    by: request.subject(of: company),
                    in: db)
                try await interruption(recording)
                return (isHeld, time)
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

extension DirectoryConnection {
    /// As the log names it.
    var words: String { "\(type.displayName) “\(name)”" }
}
