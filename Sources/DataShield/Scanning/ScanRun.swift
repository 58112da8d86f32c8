import Foundation
import Postgres

/// What started a scan.
package enum ScanTrigger: String, NativeEnum {
    case manual
    case schedule
    case command
}

/// One look at all people of a company with all its providers.
package struct ScanRun: Sendable, Hashable, RowDecodable {
    package var id: ScanRunID
    package var status: WorkStatus
    package var trigger: ScanTrigger
    package var startedBy: UserID?
    package var startedAt: Date?
    package var finishedAt: Date?
    /// People who are to be looked at.
    package var total: Int
    /// Those of them about whom a provider has answered, or had answered recently enough.
    package var scanned: Int
    package var newRecords: Int
    package var newAlerts: Int
    /// Look-ups that got no answer.
    package var errorCount: Int
    package var providers: [ProviderProgress]
    /// Why it failed.
    package var errorMessage: String?
    package var createdAt: Date

    static let columns: SQL = """
        s.id, s.status, s.trigger, s.started_by, s.started_at, s.finished_at, s.total, s.scanned, s.new_records, s.new_alerts, \
        s.error_count, s.provider_progress, s.error_message, s.created_at
        """

    package init(from row: inout Row) throws {
        id = try row.next()
        status = try row.next()
        trigger = try row.next()
        startedBy = try row.next()
        startedAt = try row.next()
        finishedAt = try row.next()
        total = try row.next()
        scanned = try row.next()
        newRecords = try row.next()
        newAlerts = try row.next()
        errorCount = try row.next()
        let progress = try row.next(as: JSON<[String: ProviderProgress]>.self).value
        providers = ApiProvider.allCases.compactMap { progress[$0.rawValue] }
        errorMessage = try row.next()
        createdAt = try row.next()
    }
}

/// How far one provider of a run is.
package struct ProviderProgress: Sendable, Hashable, Codable {
    /// What a provider is doing.
    package enum State: String, Codable, Hashable, Sendable, CaseIterable {
        case waiting
        case running
        /// Has asked all it was to ask.
        case done
        /// Gave up: ``message`` says why.
        case stopped
    }

    package var provider: ApiProvider
    package var state: State
    /// People to look at, those known from recently included.
    package var total: Int
    /// Those who have been gone through.
    package var done: Int
    /// Those of them about whom there is an answer.
    package var answered: Int
    /// Those of them whose last answer is recent enough.
    package var skipped: Int
    /// Calls to the service.
    package var requests: Int
    /// People found in at least one breach.
    package var hits: Int
    /// People about whom there was no answer.
    package var errors: Int
    /// Seconds until it is done, as far as can be told.
    package var secondsLeft: Int?
    /// Why it stopped, or what was not as it should be.
    package var message: String?

    package init(provider: ApiProvider, total: Int = 0) {
        self.provider = provider
        self.total = total
        state = .waiting
        done = 0
        answered = 0
        skipped = 0
        requests = 0
        hits = 0
        errors = 0
    }
}
