import Foundation
import Jobs
import Logging
import Postgres

/// Fetches a directory's people and brings the staff list up to them. Left at any moment, the next attempt begins anew: what was listed
/// counts only when it is whole, and then in one transaction.
package struct RunDirectorySync: JobHandler {
    package static let kind = "directory.sync"
    /// It waits for the directory's pages, and works here while they are compared and merged. Of a first sync everybody is held in memory.
    package static let waitingAtOnce: Int? = 128
    /// A company with several directories syncs them side by side.
    package static let share = 4
    /// It begins anew each time and gets on only at its end, so that a program which is often killed loses it more often than others.
    package static let lossesUntilParked = 10
    /// The first attempt, and three more after 30, 60 and 120 seconds.
    static let maxAttempts = 4
    /// After this time everybody is listed even where changes could be: who is gone for good is in no listing of changes.
    static let fullSyncInterval: TimeInterval = 86_400

    package struct Payload: Codable, Sendable {
        package var company: CompanyID
        package var connection: DirectoryConnectionID
        package var run: SyncRunID
    }

    private let database: TenantDatabase
    private let directories: Directories
    private let connect: @Sendable (DirectoryConnectionID, CompanyID) async throws -> any DirectoryConnector
    private let now: Now
    private let logger: Logger

    /// - Parameter connect: makes the connector of a connection; nil for what is stored and built in.
    package init(
        database: TenantDatabase, directories: Directories,
        connect: (@Sendable (DirectoryConnectionID, CompanyID) async throws -> any DirectoryConnector)? = nil, now: @escaping Now = { Date() },
        logger: Logger
    ) {
        self.connect = connect ?? { try await directories.connector(for: $0, of: $1) }
        self.database = database
        self.directories = directories
        self.now = now
        self.logger = logger
    }

    static func job(_ run: SyncRunID, _ connection: DirectoryConnectionID, company: CompanyID) throws -> NewJob {
        try NewJob(
            for: RunDirectorySync.self, payload: .init(company: company, connection: connection, run: run), companyID: company.rawValue,
            dedupeKey: dedupeKey(run), connectionID: connection.rawValue, maxAttempts: maxAttempts)
    }

    /// A job for each run, not for each connection: a run ends before its job does, and the next one may be asked for in between.
    static func dedupeKey(_ run: SyncRunID) -> String { "sync:\(run)" }

    package func perform(_ payload: Payload, of job: Job) async throws -> JobOutcome {
        try await perform(payload, attempt: job.attempts)
    }

    /// What the job does; for tests, which have none.
    func perform(_ payload: Payload, attempt: Int = 1) async throws -> JobOutcome {
        guard let start = try await start(payload) else { return .done }
        let attempt = Attempt(payload: payload, number: attempt, holder: CUID.make(at: now()), configuration: start.configuration)
        do {
            try await sync(attempt, since: start.state)
            return .done
        } catch is SyncStore.Superseded {
            // The run has ended; or another worker has begun it anew. That one may have lost the job to us and not have heard of it yet: was this
            // job done then, nobody would go on. Whoever does not hold the job any more ends nothing by this.
            let isOpen = try await database.transaction(for: payload.company) {
                try await SyncStore($0).find(payload.run)?.status.isFinished == false
            }
            return isOpen ? .again(after: .seconds(1), reason: "Another worker was still at this sync.") : .done
        } catch let failure as DirectoryFailure {
            var wait: Duration?
            if case .rateLimited(let stated) = failure { wait = stated }
            return try await failed(
                attempt, reason: failure.description, isTransient: failure.isTransient, needsSomebody: failure.needsSomebody, after: wait)
        } catch is ConfigurationReplaced {
            return try await failed(attempt, reason: "The directory's settings were changed during the sync.", isTransient: true, after: .zero)
        } catch let refusal as SyncMerge.Refusal {
            var departures: Int?
            if case .tooManyGone(let gone, _, _) = refusal { departures = gone }
            return try await failed(attempt, reason: refusal.description, isTransient: false, departures: departures)
        } catch let failure as Directories.Failure {
            return try await failed(attempt, reason: failure.detail, isTransient: false, needsSomebody: true)
        } catch let invalid as InvalidInput {
            return try await failed(attempt, reason: invalid.detail, isTransient: false, needsSomebody: true)
        }
    }

    package func wasGivenUp(_ payload: Payload, of job: Job, reason: String) async throws {
        let time = now()
        try await database.transaction(for: payload.company) { db in
            guard try await SyncStore(db).fail(payload.run, holder: nil, error: reason, at: time) else { return }
            // Parked is parked: the schedule would only end the program again.
            try await DirectoryStore(db).failed(
                payload.connection, configuration: nil, status: .error, error: reason, pausesSync: job.losses >= Self.lossesUntilParked)
        }
    }

    /// One attempt of a run.
    private struct Attempt {
        let payload: Payload
        let number: Int
        /// Names it: only it may write.
        let holder: String
        /// The sealed configuration with which it was begun.
        let configuration: [UInt8]
    }

    /// The configuration is another one than people were listed with.
    private struct ConfigurationReplaced: Error {}

    /// What is asked to wait longer than this is tried again all the same.
    private static let longestWait = Duration.seconds(21_600)

    /// Writes that an attempt failed. The connection is in error when trying again would end alike, and when it was the last attempt.
    /// - Parameters:
    ///   - needsSomebody: the schedule does not try it again by itself.
    ///   - wait: how long the directory asks us to wait at least; zero for trying again at once.
    private func failed(
        _ attempt: Attempt, reason: String, isTransient: Bool, needsSomebody: Bool = false, departures: Int? = nil, after wait: Duration? = nil
    ) async throws -> JobOutcome {
        let usual = retryDelay(afterAttempt: attempt.number)
        let delay = wait.map { $0 == .zero ? .zero : min(max($0, usual), Self.longestWait) } ?? usual
        let (payload, time) = (attempt.payload, now())
        logger.info(
            "A sync of a directory failed",
            metadata: ["sync.run": "\(payload.run)", "sync.attempt": "\(attempt.number)", "sync.transient": "\(isTransient)"])
        let isLast = !isTransient || attempt.number >= Self.maxAttempts
        let isOurs = try await database.transaction(for: payload.company) { db in
            let (runs, connections) = (SyncStore(db), DirectoryStore(db))
            let isOurs =
                isLast
                ? try await runs.fail(payload.run, holder: attempt.holder, error: reason, departures: departures, at: time)
                : try await runs.postpone(
                    payload.run, holder: attempt.holder, error: reason, until: time.addingTimeInterval(Double(delay.components.seconds)))
            // Of a run that another has taken over or ended nothing more is said.
            if isOurs {
                try await connections.failed(
                    payload.connection, configuration: attempt.configuration, status: isLast ? .error : nil, error: reason,
                    pausesSync: needsSomebody)
            }
            return isOurs
        }
        guard isOurs else { return .done }
        return isLast ? .givenUp(reason: reason) : .again(after: delay, reason: reason)
    }

    // MARK: One attempt

    private func sync(_ attempt: Attempt, since state: DirectoryState?) async throws {
        let (company, id) = (attempt.payload.company, attempt.payload.connection)
        guard let run = try await begin(attempt, isFull: state == nil) else { return }
        let connector = try await connect(id, company)
        do {
            try await list(run, connector, state.map { .changes(since: $0) } ?? .everybody, attempt)
        } catch DirectoryFailure.stateExpired where state != nil {
            try await database.transaction(for: company) { db in try await DirectoryStore(db).forgetState(id) }
            guard let run = try await begin(attempt, isFull: true) else { return }
            try await list(run, connector, .everybody, attempt)
        }
    }

    private func begin(_ attempt: Attempt, isFull: Bool) async throws -> SyncRun? {
        let time = now()
        return try await database.transaction(for: attempt.payload.company) { db in
            try await SyncStore(db).begin(attempt.payload.run, holder: attempt.holder, isFull: isFull, attempt: attempt.number, at: time)
        }
    }

    private struct Start {
        let configuration: [UInt8]
        /// Where to go on; nil when everybody is to be listed.
        let state: DirectoryState?
    }

    /// With what an attempt begins; nil when the directory was removed. Everybody is listed when a person asked, who expects to see what is true
    /// now; and once a day: when the next scheduled sync would be later than that.
    private func start(_ payload: Payload) async throws -> Start? {
        let known = try await database.read(for: payload.company) { db in
            let connections = DirectoryStore(db)
            return (
                try await SyncStore(db).find(payload.run), try await connections.find(payload.connection),
                try await connections.sealed(payload.connection)
            )
        }
        guard let run = known.0, let connection = known.1, let sealed = known.2 else { return nil }
        let interval = Double(connection.autoSyncIntervalMinutes ?? 0) * 60
        guard run.trigger == .schedule, let last = connection.lastFullSyncAt,
            now().timeIntervalSince(last) + interval <= Self.fullSyncInterval
        else { return Start(configuration: sealed.configuration, state: nil) }
        return Start(
            configuration: sealed.configuration, state: try await directories.state(of: payload.connection, of: payload.company))
    }

    private func list(
        _ run: SyncRun, _ connector: any DirectoryConnector, _ listing: DirectoryListing, _ attempt: Attempt
    ) async throws {
        let (company, id) = (attempt.payload.company, attempt.payload.connection)
        let start = now()
        let people = SyncListing(comparingWith: run.isFull ? try await .load(id, of: company, from: database) : nil)
        let end = try await connector.list(listing) { page in
            guard !page.people.isEmpty || !page.removed.isEmpty || !page.unreadable.isEmpty else { return }
            let listed = try await people.take(page)
            try await database.transaction(for: company) { db in try await SyncStore(db).listed(run.id, listed, holder: attempt.holder) }
        }
        try await finish(run, attempt, end, try await settled(people, id, of: company), from: start)
    }

    /// The listing, in which each person has the address under which they stand on the staff list, where they have several.
    private func settled(_ people: SyncListing, _ id: DirectoryConnectionID, of company: CompanyID) async throws -> WholeListing {
        let ids = await people.idsOfSeveral
        if ids.isEmpty { return try await people.finish() }
        let (known, domain) = try await database.read(for: company) { db in
            (try await SyncStore(db).addresses(of: ids, id), try await SyncStore(db).domain())
        }
        let wanted = await people.addresses(besides: Set(known.keys))
        let holders: [String: SyncListing.Holder] =
            wanted.isEmpty ? [:] : try await database.read(for: company) { db in try await SyncStore(db).holders(of: wanted, id) }
        return try await people.finish(addresses: known, domain: domain, holders: holders)
    }

    private func finish(
        _ run: SyncRun, _ attempt: Attempt, _ end: DirectoryListingEnd, _ listing: WholeListing, from start: Date
    ) async throws {
        let (company, id, listed) = (attempt.payload.company, attempt.payload.connection, listing.lines)
        let state = try directories.sealed(end.state, of: id, of: company)
        let place = try await RunningJob.place()
        defer { place?.give() }
        let outcome = try await database.transaction(for: company) { db -> SyncOutcome in
            let runs = SyncStore(db)
            // Locks the run: whoever takes it over waits, and finds it ended.
            try await runs.listed(run.id, listed, holder: attempt.holder)
            let merge = SyncMerge(
                db: db, connection: id, isFull: run.isFull, acceptedDepartures: try await runs.acceptedDepartures(run.id), now: now())
            var outcome = try await merge.perform(listing)
            outcome.count(listing.unreadable)
            let warnings = listing.warnings + outcome.warnings + end.warnings
            // Whom this directory has let go and another one pushed as active is watched on.
            let admitted = outcome.deactivated > 0 ? try await SCIMWaiting(db: db, now: now()).admitAll() : []
            let time = now()
            try await runs.finish(run.id, holder: attempt.holder, outcome, warnings: warnings, at: time)
            let isCurrent = try await DirectoryStore(db).synced(
                id, configuration: attempt.configuration, count: run.isFull ? listed : nil, isFull: run.isFull, state: state,
                warnings: warnings, from: start, to: time)
            // People of another directory, or of another part of it, are not to be merged.
            guard isCurrent else { throw ConfigurationReplaced() }
            try await AuditTrail.record(
                "directory.synced", target: .init("directory", id), after: AuditState(outcome),
                by: Subject(actor: .program("directory sync"), company: company, role: .admin), in: db)
            for person in admitted { try await person.record(in: db) }
            return outcome
        }
        logger.info(
            "A directory was synced",
            metadata: [
                "sync.run": "\(run.id)", "sync.listed": "\(listed)", "sync.added": "\(outcome.added)", "sync.changed": "\(outcome.changed)",
                "sync.deactivated": "\(outcome.deactivated)", "sync.skipped": "\(outcome.skipped)",
            ])
    }

    private struct AuditState: Codable, Sendable {
        var added: Int
        var changed: Int
        var deactivated: Int
        var reactivated: Int
        var skipped: Int

        init(_ outcome: SyncOutcome) {
            added = outcome.added
            changed = outcome.changed
            deactivated = outcome.deactivated
            reactivated = outcome.reactivated
            skipped = outcome.skipped
        }
    }
}
