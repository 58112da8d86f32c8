import DataShieldTestSupport
import Foundation
import Jobs
import Logging
import Postgres
import Synchronization

@testable import DataShield

/// A directory that writes down what it is asked, and fails as it is told.
final class RecordingDirectory: RemediationDirectories, Sendable {
    struct Call: Sendable, Hashable {
        var action: RemediationType
        var account: String
        var isWeak: Bool
    }
    typealias Behaviour = @Sendable (Call) async throws -> Void

    private let recorded = Mutex<[Call]>([])
    private let behaviour = Mutex<Behaviour?>(nil)
    /// Whom the directory knows by an address: of each the id and the primary address. Else the address is the account's own.
    let accounts = Mutex<[String: (id: String, primary: String)]>([:])
    /// What it would refuse, whoever's account it is.
    let refusal = Mutex<String?>(nil)
    /// What happens when the way in is opened.
    let opening = Mutex<(@Sendable () throws -> Void)?>(nil)
    private let database: TenantDatabase
    let actions: Set<RemediationType>
    let hasWeakReset: Bool

    init(
        database: TenantDatabase, actions: Set<RemediationType> = Set(RemediationType.allCases), hasWeakReset: Bool = true
    ) {
        self.database = database
        self.actions = actions
        self.hasWeakReset = hasWeakReset
    }

    var calls: [Call] { recorded.withLock { $0 } }

    /// What happens at each call, after it was written down.
    func onCall(_ behaviour: Behaviour?) { self.behaviour.withLock { $0 = behaviour } }

    fileprivate func take(_ call: Call) async throws {
        recorded.withLock { $0.append(call) }
        try await behaviour.withLock { $0 }?(call)
    }

    func connections(of company: CompanyID) async throws -> [DirectoryConnection] {
        try await database.read(for: company) { db in try await DirectoryStore(db).list() }
    }

    func connector(for connection: DirectoryConnection, of company: CompanyID) async throws -> any DirectoryConnector {
        try opening.withLock { $0 }?()
        return RecordingConnector(directory: self)
    }

    func kind(of type: DirectoryType) -> DirectoryKind? {
        // What asks us cannot be asked.
        type == .scim ? nil : DirectoryKind(type: type, about: "", fields: [], steps: [], actions: actions, hasWeakReset: hasWeakReset)
    }
}

struct RecordingConnector: DirectoryConnector {
    static let kind = DirectoryKind(type: .okta, about: "", fields: [], steps: [])
    let directory: RecordingDirectory

    init(directory: RecordingDirectory) { self.directory = directory }
    init(_ configuration: DirectoryConfiguration, _ access: DirectoryAccess) throws { throw DirectoryFailure.unsupported("Made by the test alone.") }

    func test() async throws -> DirectoryTrial { DirectoryTrial() }
    func list(_ listing: DirectoryListing, deliver: @Sendable (DirectoryPage) async throws -> Void) async throws -> DirectoryListingEnd {
        DirectoryListingEnd()
    }
    func facts(of externalId: String) async throws -> AccountFacts { AccountFacts() }

    func account(at address: String) async throws -> DirectoryPerson {
        let known = directory.accounts.withLock { $0[address] } ?? (id: "found-\(address)", primary: address)
        guard !known.id.isEmpty else { throw DirectoryFailure.noSuchAccount }
        return DirectoryPerson(externalId: known.id, email: known.primary)
    }

    func refusal(of action: RemediationType, isWeakResetWanted: Bool) -> String? { directory.refusal.withLock { $0 } }

    func perform(_ action: RemediationType, on externalId: String, isWeakResetWanted: Bool) async throws -> String {
        try await directory.take(.init(action: action, account: externalId, isWeak: isWeakResetWanted))
        return "done"
    }
}

/// A time that a test moves.
final class MovedClock: Sendable {
    private let time: Mutex<Date>
    init(_ start: Date = Date(timeIntervalSince1970: 1_790_000_000)) { time = Mutex(start) }
    var now: Date { time.withLock { $0 } }
    func advance(_ seconds: TimeInterval) { time.withLock { $0 = $0.addingTimeInterval(seconds) } }
}

extension RemediationClock {
    /// The database's time, as a test moves it.
    static func of(_ clock: MovedClock) -> RemediationClock { RemediationClock { _ in clock.now } }
}

/// A company with a directory, and remediation switched on.
struct RemediationWorld: Sendable {
    static let logger = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }

    let database: TestDatabase
    let company: CompanyID
    let connection: DirectoryConnectionID
    let directory: RecordingDirectory
    let clock: MovedClock
    var runner: RequestRunner

    init(
        actions: Set<RemediationType> = Set(RemediationType.allCases), type: DirectoryType = .okta, isEnabled: Bool = true,
        company: CompanyID? = nil, clock: MovedClock = MovedClock()
    ) async throws {
        database = TestDatabase.current
        if let company { self.company = company } else { self.company = try await TestDatabase.current.makeCompany() }
        directory = RecordingDirectory(database: database.tenant, actions: actions)
        self.clock = clock
        runner = RequestRunner(database: database.tenant, directories: directory, clock: .of(clock), logger: Self.logger)
        connection = DirectoryConnectionID()
        try await database.owner.execute("UPDATE companies SET remediation_enabled = \(isEnabled) WHERE id = \(self.company)")
        try await Self.insert(connection, type, in: self.company)
    }

    static func insert(_ id: DirectoryConnectionID, _ type: DirectoryType, status: ConnectStatus = .active, in company: CompanyID) async throws {
        try await TestDatabase.current.owner.execute(
            """
            INSERT INTO directory_connections (id, company_id, type, name, encrypted_config, status)
            VALUES (\(id), \(company), \(type), 'Main', '\\x00', \(status))
            """)
    }

    var queue: JobQueue { JobQueue(pool: database.system.pool, makeID: { CUID.make(at: Date()) }) }
    var subject: Subject { Subject(actor: .program("test"), company: company, role: .admin) }
    var alerts: Alerts { Alerts(database: database.tenant, now: { [clock] in clock.now }) }

    var remediation: Remediation {
        // Tests ask for the end, and the machine may be busy; those about impatience say so.
        Remediation(
            database: database.tenant, companies: Companies(database: database.tenant, system: database.system), alerts: alerts,
            directories: directory, runner: runner, queue: queue, clock: .of(clock), patience: .seconds(300))
    }

    /// Does what waits, as the job does.
    func drain(_ runner: RequestRunner? = nil) async throws {
        _ = try await RunWaitingRequests(database: database.tenant, runner: runner ?? self.runner).perform(for: company)
    }

    /// What the scheduler does each time.
    /// - Parameter keeper: what the scheduler's own program has in hand; nil: it is another program.
    func tick(_ keeper: RemediationKeeper? = nil) async throws {
        var schedule = RemediationSchedule(queue: queue, clock: .of(clock), keeper: keeper, logger: Self.logger)
        // The server of tests has just been started.
        schedule.settling = 0
        let work = schedule.work
        try await database.system.transaction { db in try await work.enqueueDue(db) }
    }

    /// Somebody with an account in the directory.
    func makePerson(in connection: DirectoryConnectionID? = nil, email: String? = nil) async throws -> EmployeeID {
        let id = try await database.makeEmployee(in: company, email: email)
        try await database.owner.execute(
            """
            UPDATE employees SET source_connection_id = \(connection ?? self.connection), external_id = \("account-\(id)") WHERE id = \(id)
            """)
        return id
    }

    /// An alert about somebody's stolen session and password.
    /// - Parameter daysAgo: when the breach was. What was done since is done about it, but for one of today: nobody knows which came first.
    func makeAlert(
        about person: EmployeeID, severity: Severity = .critical, artifacts: [ArtifactKind] = [.cookie], data: [String] = ["email"],
        daysAgo: Double = 90
    ) async throws -> AlertID {
        let breach = try await database.makeBreach(date: clock.now.addingTimeInterval(-daysAgo * 86_400), dataTypes: data)
        _ = try await database.makeBreachRecord(
            in: company, employee: person, breach: breach, exposedData: data, artifacts: artifacts, detectedAt: clock.now)
        return try await database.makeAlert(in: company, severity: severity, employee: person, breach: breach, createdAt: clock.now)
    }

    func requests() async throws -> [RemediationRequest] {
        try await database.tenant.query(
            for: company,
            "SELECT \(RemediationRequest.columns) FROM remediation_requests q WHERE q.company_id = \(company) ORDER BY q.created_at, q.place",
            as: RemediationRequest.self)
    }

    func log() async throws -> [RemediationAction] {
        try await database.tenant.query(
            for: company, "SELECT \(RemediationAction.columns) FROM remediation_actions l ORDER BY l.created_at, l.action DESC, l.id",
            as: RemediationAction.self)
    }

    func audited(_ action: String) async throws -> Int {
        try await Audit(database: database.tenant).list(AuditFilter(action: action), limit: 200, for: subject).items.count
    }

    func liveness(of alert: AlertID) async throws -> LivenessReason? {
        try await alerts.evidence(of: alert, for: subject)?.liveness.reason
    }
}
