import Foundation

/// A directory as the API answers it: without its settings.
package struct DirectoryResponse: Codable, Sendable, Hashable {
    package var id: DirectoryConnectionID
    package var type: DirectoryType
    package var name: String
    package var status: ConnectStatus
    package var lastSyncAt: Date?
    /// People that the last full sync listed.
    package var lastSyncCount: Int?
    package var errorMessage: String?
    package var warnings: [String]
    package var autoSyncIntervalMinutes: Int?
    /// Active people that it brought.
    package var people: Int?
    package var lastRun: SyncRunResponse?
    /// SCIM: where the directory pushes to.
    package var endpoint: String?
    /// SCIM: what it shows us. Only in the answer to the request that made it.
    package var bearerToken: String?
    package var createdAt: Date

    init(_ connection: DirectoryConnection, people: Int? = nil, lastRun: SyncRun? = nil, endpoint: String? = nil, bearerToken: String? = nil) {
        id = connection.id
        type = connection.type
        name = connection.name
        status = connection.status
        lastSyncAt = connection.lastSyncAt
        lastSyncCount = connection.lastSyncCount
        errorMessage = connection.errorMessage
        warnings = connection.warnings
        autoSyncIntervalMinutes = connection.autoSyncIntervalMinutes
        self.people = people
        self.lastRun = lastRun.map { SyncRunResponse($0) }
        self.endpoint = endpoint
        self.bearerToken = bearerToken
        createdAt = connection.createdAt
    }
}

/// A sync as the API answers it.
package struct SyncRunResponse: Codable, Sendable, Hashable {
    package var id: SyncRunID
    package var connectionId: DirectoryConnectionID
    package var status: WorkStatus
    package var trigger: SyncTrigger
    /// Whether everybody is listed, or only what has changed.
    package var isFull: Bool
    package var attempts: Int
    package var maxAttempts: Int
    /// When the next attempt is, while one waits.
    package var runAfter: Date?
    package var startedAt: Date?
    package var finishedAt: Date?
    package var listed: Int
    package var added: Int
    package var changed: Int
    package var deactivated: Int
    package var reactivated: Int
    package var unchanged: Int
    package var skipped: Int
    package var warnings: [String]
    package var lastError: String?
    /// More than half of the people would have gone: `acceptDepartures` lets them.
    package var needsAcceptance: Bool
    package var createdAt: Date

    init(_ run: SyncRun) {
        id = run.id
        connectionId = run.connection
        status = run.status
        trigger = run.trigger
        isFull = run.isFull
        attempts = run.attempts
        maxAttempts = RunDirectorySync.maxAttempts
        runAfter = run.runAfter
        startedAt = run.startedAt
        finishedAt = run.finishedAt
        listed = run.listed
        added = run.added
        changed = run.changed
        deactivated = run.deactivated
        reactivated = run.reactivated
        unchanged = run.unchanged
        skipped = run.skipped
        warnings = run.warnings
        lastError = run.error
        needsAcceptance = run.needsAcceptance
        createdAt = run.createdAt
    }
}

/// A sync with whom it added, changed, took off and could not take: the first of each.
package struct SyncRunDetail: Codable, Sendable, Hashable {
    package var run: SyncRunResponse
    package var samples: SyncSamples
}

/// What trying a directory showed, as the API answers it.
package struct DirectoryTrialResponse: Codable, Sendable, Hashable {
    package var ok: Bool
    package var userCount: Int?
    package var error: String?
    package var field: String?
    package var warnings: [String]
    /// The first people, at most ten.
    package var people: [Person]

    package struct Person: Codable, Sendable, Hashable {
        package var email: String?
        package var firstName: String?
        package var lastName: String?
        package var department: String?
        package var title: String?
        package var isActive: Bool
        package var mfaEnabled: Bool?
    }

    init(_ trial: Directories.Trial) {
        ok = trial.isAccepted
        userCount = trial.userCount
        error = trial.error
        field = trial.field
        warnings = trial.warnings
        people = trial.sample.map {
            Person(
                email: $0.email, firstName: $0.firstName, lastName: $0.lastName, department: $0.department, title: $0.title, isActive: $0.isActive,
                mfaEnabled: $0.mfaEnabled)
        }
    }
}
