import Foundation
import HTTPTypes
import Jobs
import Postgres

/// The directories that a company's people come from.
package struct Directories: Sendable {
    let database: TenantDatabase
    let secrets: SecretBox
    let queue: JobQueue
    let access: @Sendable (DirectoryType) -> DirectoryAccess
    let forgetTokens: @Sendable () -> Void
    let now: Now

    /// - Parameters:
    ///   - access: what a connector of a kind works with, as this installation reaches it.
    ///   - forgetTokens: what is done when a connection is gone, whose token must open nothing any longer.
    package init(
        database: TenantDatabase, secrets: SecretBox, queue: JobQueue, access: @escaping @Sendable (DirectoryType) -> DirectoryAccess,
        forgetTokens: @escaping @Sendable () -> Void = {}, now: @escaping Now = { Date() }
    ) {
        self.database = database
        self.secrets = secrets
        self.queue = queue
        self.access = access
        self.forgetTokens = forgetTokens
        self.now = now
    }

    package enum Failure: FeatureError, Equatable {
        case notFound
        case noSuchRun
        case alreadySyncing
        /// What the directory pushes to us cannot be fetched.
        case pushedByDirectory
        case unreadable

        package var status: HTTPResponse.Status {
            switch self {
            case .notFound, .noSuchRun: .notFound
            case .alreadySyncing, .pushedByDirectory, .unreadable: .conflict
            }
        }
        package var detail: String {
            switch self {
            case .notFound: "There is no such directory."
            case .noSuchRun: "There is no such sync."
            case .alreadySyncing: "A sync of this directory waits or runs already."
            case .pushedByDirectory: "A SCIM directory pushes its people by itself: there is nothing to fetch."
            case .unreadable: "The settings of this directory cannot be opened with this installation's encryption key. Enter them again."
            }
        }
    }

    // MARK: Looking

    /// A connection with what a card shows of it.
    package struct Overview: Sendable, Hashable {
        package var connection: DirectoryConnection
        /// Active people that it brought.
        package var people: Int
        package var lastRun: SyncRun?
        /// People whom it pushed and who could not be taken.
        package var skipped = 0
    }

    /// The company's directories, the oldest first.
    package func list(for subject: Subject) async throws -> [Overview] {
        try await database.read(for: subject.company) { db in
            let store = DirectoryStore(db)
            let (people, runs) = (try await store.people(), try await SyncStore(db).latest())
            let connections = try await store.list()
            let skipped = connections.contains { $0.type == .scim } ? try await store.skipped() : [:]
            return connections.map {
                Overview(connection: $0, people: people[$0.id] ?? 0, lastRun: runs[$0.id], skipped: skipped[$0.id] ?? 0)
            }
        }
    }

    /// The connections of a company, for those who act in its name.
    package func connections(of company: CompanyID) async throws -> [DirectoryConnection] {
        try await database.read(for: company) { db in try await DirectoryStore(db).list() }
    }

    /// - Throws: ``Failure/notFound``, also for another company's.
    package func find(_ id: DirectoryConnectionID, for subject: Subject) async throws -> DirectoryConnection {
        try await database.read(for: subject.company) { db in
            guard let connection = try await DirectoryStore(db).find(id) else { throw Failure.notFound }
            return connection
        }
    }

    /// The settings of a connection without its secrets, for a form.
    /// - Throws: ``Failure``.
    package func shownConfiguration(of id: DirectoryConnectionID, for subject: Subject) async throws -> [String: String] {
        let (connection, configuration) = try await opened(id, of: subject.company)
        guard let kind = DirectoryRegistry.connector(for: connection.type)?.kind else { return [:] }
        return configuration.shown(of: kind)
    }

    // MARK: Connecting

    /// Tries a configuration that is not saved, and shows the first people.
    /// - Parameter former: the connection whose secrets stand for those that were left out.
    /// - Throws: ``InvalidInput`` by field; ``Failure``.
    package func preview(
        _ type: DirectoryType, _ input: [String: String], replacing former: DirectoryConnectionID? = nil, for subject: Subject
    ) async throws -> Trial {
        let type = try Self.connector(for: type)
        var formerConfiguration: DirectoryConfiguration?
        if let former { formerConfiguration = try await opened(former, of: subject.company).1 }
        let configuration = try DirectoryConfiguration(input, of: type.kind, replacing: formerConfiguration)
        let connector = try type.init(configuration, access(type.kind.type))
        // Before the call: whom it reaches is known also when it never ends.
        try await database.transaction(for: subject.company) { db in
            try await AuditTrail.record(
                "directory.previewed", target: former.map { .init("directory", $0) }, after: DirectoryAudit(type.kind, configuration), by: subject,
                in: db)
        }
        return try await Self.trial(of: connector)
    }

    /// What trying a connection showed.
    package struct Trial: Sendable, Hashable {
        package var isAccepted: Bool
        package var userCount: Int?
        package var sample: [DirectoryPerson]
        package var warnings: [String]
        /// Why it does not work.
        package var error: String?
        /// The field that the reason points to.
        package var field: String?
        var isFinal: Bool
        /// Whether trying it again by itself could do harm.
        var needsSomebody = false
    }

    private static func trial(of connector: any DirectoryConnector) async throws -> Trial {
        do {
            let trial = try await connector.test()
            return Trial(
                isAccepted: true, userCount: trial.userCount, sample: Array(trial.sample.prefix(10)), warnings: trial.warnings, isFinal: true)
        } catch let failure as DirectoryFailure {
            var field: String?
            if case .misconfigured(let name, _) = failure { field = name }
            return Trial(
                isAccepted: false, sample: [], warnings: [], error: failure.description, field: field, isFinal: !failure.isTransient,
                needsSomebody: failure.needsSomebody)
        }
    }

    /// Saves a connection, sealed. It is PENDING until it was tried.
    /// - Throws: ``InvalidInput`` by field.
    package func add(
        _ type: DirectoryType, name: String, _ input: [String: String], autoSyncIntervalMinutes: Int? = nil, by subject: Subject
    ) async throws -> DirectoryConnection {
        let name = try Self.checked(name: name, type)
        let interval = try Self.checked(interval: autoSyncIntervalMinutes)
        let connector = try Self.connector(for: type)
        let configuration = try DirectoryConfiguration(input, of: connector.kind)
        // What no single field shows is found out here, before it is stored.
        _ = try connector.init(configuration, access(type))
        return try await insert(type, name: name, configuration, interval: interval, tokenHash: nil, by: subject)
    }

    /// Saves a connection by which a directory pushes its people.
    /// - Parameter tokenHash: of the token that it shows.
    package func addPushed(name: String, tokenHash: [UInt8], by subject: Subject) async throws -> DirectoryConnection {
        let name = try Self.checked(name: name, .scim)
        return try await insert(.scim, name: name, DirectoryConfiguration(stored: [:]), interval: nil, tokenHash: tokenHash, by: subject)
    }

    private func insert(
        _ type: DirectoryType, name: String, _ configuration: DirectoryConfiguration, interval: Int?, tokenHash: [UInt8]?, by subject: Subject
    ) async throws -> DirectoryConnection {
        let id = DirectoryConnectionID(at: now())
        let sealed = try seal(configuration.values, id, subject.company)
        return try await database.transaction(for: subject.company) { db in
            let store = DirectoryStore(db)
            try await store.insert(id, type, name: name, configuration: sealed, interval: interval, tokenHash: tokenHash)
            guard let connection = try await store.find(id) else { throw Failure.notFound }
            let state = DirectoryAudit(connection, DirectoryRegistry.connector(for: type).map { DirectoryAudit($0.kind, configuration) })
            try await AuditTrail.record("directory.added", target: .init("directory", id), after: state, by: subject, in: db)
            return connection
        }
    }

    /// What is to be different.
    package struct Change: Sendable {
        package var name: String?
        /// Set, also to nil, only when ``setsInterval``.
        package var autoSyncIntervalMinutes: Int?
        package var setsInterval = false
        /// All fields; secrets that are left out stay.
        package var configuration: [String: String]?

        package init(name: String? = nil, configuration: [String: String]? = nil) {
            self.name = name
            self.configuration = configuration
        }
    }

    /// Changes what is in the change, and nothing else.
    /// - Throws: ``Failure``, ``InvalidInput``.
    package func change(_ id: DirectoryConnectionID, _ change: Change, by subject: Subject) async throws -> DirectoryConnection {
        let (connection, former) = try await opened(id, of: subject.company, isForgiving: change.configuration != nil)
        let name = try change.name.map { try Self.checked(name: $0, connection.type) } ?? connection.name
        let interval = change.setsInterval ? try Self.checked(interval: change.autoSyncIntervalMinutes) : connection.autoSyncIntervalMinutes
        guard interval == nil || connection.type != .scim else { throw Failure.pushedByDirectory }
        var sealed: [UInt8]?
        var fields: DirectoryAudit.Pair?
        if let input = change.configuration {
            let type = try Self.connector(for: connection.type)
            let configuration = try DirectoryConfiguration(input, of: type.kind, replacing: former)
            _ = try type.init(configuration, access(connection.type))
            if configuration != former {
                sealed = try seal(configuration.values, id, subject.company)
                fields = DirectoryAudit.difference(type.kind, former, configuration)
            }
        }
        return try await database.transaction(for: subject.company) { [sealed, fields] db in
            let store = DirectoryStore(db)
            guard let before = try await store.find(id, locking: true) else { throw Failure.notFound }
            try await store.rename(id, to: name, interval: interval)
            if let sealed { try await store.replace(id, configuration: sealed) }
            guard let after = try await store.find(id) else { throw Failure.notFound }
            try await AuditTrail.record(
                sealed == nil ? "directory.changed" : "directory.reconfigured", target: .init("directory", id),
                before: DirectoryAudit(before, fields?.before), after: DirectoryAudit(after, fields?.after), by: subject, in: db)
            return after
        }
    }

    /// Removes a connection. Its people stay, and no longer belong to a directory.
    /// - Throws: ``Failure/notFound``, also for another company's.
    package func remove(_ id: DirectoryConnectionID, by subject: Subject) async throws {
        try await database.transaction(for: subject.company) { db in
            let store = DirectoryStore(db)
            guard let connection = try await store.find(id, locking: true) else { throw Failure.notFound }
            try await store.delete(id)
            try await AuditTrail.record(
                "directory.removed", target: .init("directory", id), before: DirectoryAudit(connection), by: subject, in: db)
        }
        forgetTokens()
    }

    /// Tries a saved connection, and keeps what came of it. What may pass by itself leaves the connection as it was.
    /// - Throws: ``Failure``, also for another company's.
    package func test(_ id: DirectoryConnectionID, by subject: Subject) async throws -> Trial {
        let (connection, configuration) = try await opened(id, of: subject.company)
        guard connection.type != .scim else { throw Failure.pushedByDirectory }
        let sealed = try await database.read(for: subject.company) { db in try await DirectoryStore(db).sealed(id) }
        guard let sealed else { throw Failure.notFound }
        let trial = try await Self.trial(of: try Self.connector(for: connection.type).init(configuration, access(connection.type)))
        let status: ConnectStatus = trial.isAccepted ? .active : trial.isFinal ? .error : connection.status
        try await database.transaction(for: subject.company) { db in
            try await DirectoryStore(db).tried(
                id, configuration: sealed.configuration, status: status, error: trial.error, warnings: trial.warnings,
                pausesSync: trial.needsSomebody)
            try await AuditTrail.record(
                "directory.tested", target: .init("directory", id), after: ["status": status.rawValue], by: subject, in: db)
        }
        return trial
    }

    // MARK: For those who act

    /// A connector of a saved connection.
    /// - Throws: ``Failure``; ``InvalidInput`` when what is stored is no longer acceptable.
    package func connector(for id: DirectoryConnectionID, of company: CompanyID) async throws -> any DirectoryConnector {
        let (connection, configuration) = try await opened(id, of: company)
        guard connection.type != .scim else { throw Failure.pushedByDirectory }
        return try Self.connector(for: connection.type).init(configuration, access(connection.type))
    }

    /// Where an incremental listing goes on; nil when everybody has to be listed. What does not open is as if it were not there.
    func state(of id: DirectoryConnectionID, of company: CompanyID) async throws -> DirectoryState? {
        guard let sealed = try await database.read(for: company, { db in try await DirectoryStore(db).sealed(id) })?.state,
            let text = try? secrets.openText(sealed, at: Self.sealingPlace("encrypted_state", id, company))  // try?: as said
        else { return nil }
        return try JSONDecoder().decode(DirectoryState.self, from: Data(text.utf8))
    }

    func sealed(_ state: DirectoryState?, of id: DirectoryConnectionID, of company: CompanyID) throws -> [UInt8]? {
        try state.map {
            try secrets.seal(String(decoding: try JSONWriter.bytes($0), as: UTF8.self), at: Self.sealingPlace("encrypted_state", id, company))
        }
    }

    // MARK: Rules

    /// - Parameter isForgiving: a configuration that does not open reads as empty: it is about to be replaced.
    private func opened(
        _ id: DirectoryConnectionID, of company: CompanyID, isForgiving: Bool = false
    ) async throws -> (DirectoryConnection, DirectoryConfiguration) {
        let found = try await database.read(for: company) { db -> (DirectoryConnection, DirectoryStore.Sealed)? in
            let store = DirectoryStore(db)
            guard let connection = try await store.find(id), let sealed = try await store.sealed(id) else { return nil }
            return (connection, sealed)
        }
        guard let (connection, sealed) = found else { throw Failure.notFound }
        guard let text = try? secrets.openText(sealed.configuration, at: Self.sealingPlace("encrypted_config", id, company))  // try?: as said
        else {
            guard isForgiving else { throw Failure.unreadable }
            return (connection, DirectoryConfiguration(stored: [:]))
        }
        return (connection, DirectoryConfiguration(stored: try JSONDecoder().decode([String: String].self, from: Data(text.utf8))))
    }

    private func seal(_ values: [String: String], _ id: DirectoryConnectionID, _ company: CompanyID) throws -> [UInt8] {
        try secrets.seal(String(decoding: try JSONWriter.bytes(values), as: UTF8.self), at: Self.sealingPlace("encrypted_config", id, company))
    }

    private static func sealingPlace(_ column: String, _ id: DirectoryConnectionID, _ company: CompanyID) -> SecretBox.Location {
        SecretBox.Location(company: company, table: "directory_connections", column: column, row: id.rawValue)
    }

    private static func connector(for type: DirectoryType) throws -> any DirectoryConnector.Type {
        guard let connector = DirectoryRegistry.connector(for: type) else {
            let known = DirectoryRegistry.all.map { $0.kind.type.rawValue }.joined(separator: ", ")
            throw InvalidInput("type", "is not one that can be asked. Those are \(known).")
        }
        return connector
    }

    private static func checked(name: String, _ type: DirectoryType) throws -> String {
        let name = PlainText.oneLine(name)
        guard name.unicodeScalars.count <= 100 else { throw InvalidInput("name", "has at most 100 characters.") }
        return name.isEmpty ? type.displayName : name
    }

    private static func checked(interval: Int?) throws -> Int? {
        guard let interval else { return nil }
        guard (5...10_080).contains(interval) else {
            throw InvalidInput("autoSyncIntervalMinutes", "is 5 to 10,080 minutes (a week), or left out to sync only when somebody asks.")
        }
        return interval
    }
}
