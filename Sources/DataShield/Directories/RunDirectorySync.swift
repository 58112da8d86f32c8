import Foundation
import Jobs
import Logging
import Postgres

/// Fetches a directory's people and brings the staff list up to them. Left at any moment, the next attempt begins anew: what was listed
/// counts only when it is whole, and then in one transaction.
package struct RunDirectorySync: JobHandler {
    package static let kind = "directory.sync"
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
        let holder = CUID.make(at: now())
        do {
            try await sync(payload, holder: holder, attempt: attempt)
            return .done
        } catch is SyncStore.Superseded {
            // Another worker has taken the run over, or it has ended.
            return .done
        } catch let failure as DirectoryFailure {
            return try await failed(payload, holder, reason: failure.description, isTransient: failure.isTransient, attempt)
        } catch let refusal as SyncMerge.Refusal {
            var needsAcceptance = false
            if case .tooManyGone = refusal { needsAcceptance = true }
            return try await failed(
                payload, holder, reason: refusal.description, isTransient: false, needsAcceptance: needsAcceptance, attempt)
        } catch let failure as Directories.Failure {
            return try await failed(payload, holder, reason: failure.detail, isTransient: false, attempt)
        } catch let invalid as InvalidInput {
            return try await failed(payload, holder, reason: invalid.detail, isTransient: false, attempt)
        }
    }

    package func wasGivenUp(_ payload: Payload, of job: Job, reason: String) async throws {
        let time = now()
        try await database.transaction(for: payload.company) { db in
            try await SyncStore(db).fail(payload.run, holder: nil, error: reason, at: time)
            try await DirectoryStore(db).failed(payload.connection, status: .error, error: reason)
        }
    }

    /// Writes that an attempt failed. The connection is in error when trying again would end alike, and when it was the last attempt.
    private func failed(
        _ payload: Payload, _ holder: String, reason: String, isTransient: Bool, needsAcceptance: Bool = false, _ attempt: Int
    ) async throws -> JobOutcome {
        let (time, delay) = (now(), retryDelay(afterAttempt: attempt))
        logger.info(
            "A sync of a directory failed",
            metadata: ["sync.run": "\(payload.run)", "sync.attempt": "\(attempt)", "sync.transient": "\(isTransient)"])
        let isLast = !isTransient || attempt >= Self.maxAttempts
        try await database.transaction(for: payload.company) { db in
            let (runs, connections) = (SyncStore(db), DirectoryStore(db))
            if isLast {
                try await runs.fail(payload.run, holder: holder, error: reason, needsAcceptance: needsAcceptance, at: time)
                try await connections.failed(payload.connection, status: .error, error: reason)
            } else {
                let next = time.addingTimeInterval(Double(delay.components.seconds))
                try await runs.postpone(payload.run, holder: holder, error: reason, until: next)
                try await connections.failed(payload.connection, status: nil, error: reason)
            }
        }
        return isLast ? .givenUp(reason: reason) : .again(after: delay, reason: reason)
    }

    // MARK: One attempt

    private func sync(_ payload: Payload, holder: String, attempt: Int) async throws {
        let (company, id) = (payload.company, payload.connection)
        let state = try await stateToGoOnFrom(payload)
        guard let run = try await begin(payload, holder: holder, isFull: state == nil, attempt: attempt) else { return }
        let connector = try await connect(id, company)
        do {
            try await list(run, connector, state.map { .changes(since: $0) } ?? .everybody, payload, holder: holder)
        } catch DirectoryFailure.stateExpired where state != nil {
            try await database.transaction(for: company) { db in try await DirectoryStore(db).forgetState(id) }
            guard let run = try await begin(payload, holder: holder, isFull: true, attempt: attempt) else { return }
            try await list(run, connector, .everybody, payload, holder: holder)
        }
    }

    private func begin(_ payload: Payload, holder: String, isFull: Bool, attempt: Int) async throws -> SyncRun? {
        let time = now()
        return try await database.transaction(for: payload.company) { db in
            try await SyncStore(db).begin(payload.run, holder: holder, isFull: isFull, attempt: attempt, at: time)
        }
    }

    /// Nil when everybody is to be listed: when a person asked, who expects to see what is true now; and once a day.
    private func stateToGoOnFrom(_ payload: Payload) async throws -> DirectoryState? {
        let known = try await database.read(for: payload.company) { db in
            (try await SyncStore(db).find(payload.run), try await DirectoryStore(db).find(payload.connection))
        }
        guard let run = known.0, run.trigger == .schedule, let connection = known.1, let last = connection.lastFullSyncAt,
            now().timeIntervalSince(last) < Self.fullSyncInterval
        else { return nil }
        return try await directories.state(of: payload.connection, of: payload.company)
    }

    private func list(
        _ run: SyncRun, _ connector: any DirectoryConnector, _ listing: DirectoryListing, _ payload: Payload, holder: String
    ) async throws {
        let (company, id) = (payload.company, payload.connection)
        let people = SyncListing(comparingWith: run.isFull ? try await .load(id, of: company, from: database) : KnownPeople())
        let end = try await connector.list(listing) { page in
            guard !page.people.isEmpty || !page.removed.isEmpty else { return }
            let listed = await people.take(page)
            try await database.transaction(for: company) { db in try await SyncStore(db).listed(run.id, listed, holder: holder) }
        }
        try await finish(run, payload, end, await people.whole(), holder: holder)
    }

    private func finish(
        _ run: SyncRun, _ payload: Payload, _ end: DirectoryListingEnd, _ listing: WholeListing, holder: String
    ) async throws {
        let (company, id, time, listed) = (payload.company, payload.connection, now(), listing.lines)
        let state = try directories.sealed(end.state, of: id, of: company)
        let outcome = try await database.transaction(for: company) { db -> SyncOutcome in
            let runs = SyncStore(db)
            // Locks the run: whoever takes it over waits, and finds it ended.
            try await runs.listed(run.id, listed, holder: holder)
            let merge = SyncMerge(
                db: db, connection: id, isFull: run.isFull, acceptsDepartures: try await runs.acceptsDepartures(run.id), now: time)
            let outcome = try await merge.perform(listing)
            try await runs.finish(run.id, holder: holder, outcome, warnings: end.warnings, at: time)
            try await DirectoryStore(db).synced(
                id, count: run.isFull ? listed : nil, isFull: run.isFull, state: state, warnings: end.warnings, at: time)
            try await AuditTrail.record(
                "directory.synced", target: .init("directory", id), after: AuditState(outcome),
                by: Subject(actor: .program("worker"), company: company, role: .admin), in: db)
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
