import Foundation
import Jobs
import Logging
import Postgres

/// Performs a scan run: all providers at once, each at its own pace. Left at any moment, it goes on where it was.
package struct RunScan: JobHandler {
    package static let kind = "scan.run"
    /// It waits for its keys' turns and for what the services say, and works here while that is recorded.
    package static let waitingAtOnce: Int? = 256
    /// What a service does wrong is no failure of the run, so that few remain; a large company's takes long.
    static let maxAttempts = 50
    /// Of a large company little is recorded between two kills in a row, and what was recorded is kept: that is no scan that kills the program.
    package static let lossesUntilParked = 10

    package struct Payload: Codable, Sendable {
        package var company: CompanyID
        package var run: ScanRunID
    }

    private let database: TenantDatabase
    private let credentials: Credentials
    private let providers: Providers
    private let recorder: Recorder
    private let tuning: ScanTuning
    private let now: Now
    private let logger: Logger

    package init(
        database: TenantDatabase, credentials: Credentials, providers: Providers, recorder: Recorder, tuning: ScanTuning = .init(),
        now: @escaping Now = { Date() }, logger: Logger
    ) {
        self.database = database
        self.credentials = credentials
        self.providers = providers
        self.recorder = recorder
        self.tuning = tuning
        self.now = now
        self.logger = logger
    }

    package func perform(_ payload: Payload, of job: Job) async throws -> JobOutcome {
        try await perform(payload)
    }

    /// What the job does; for tests, which have none.
    func perform(_ payload: Payload) async throws -> JobOutcome {
        let company = payload.company
        let time = now()
        let begun = try await database.transaction(for: company) { db -> (ScanRun, [ApiProvider: ScanPosition])? in
            let store = ScanStore(db: db)
            guard let run = try await store.begin(payload.run, total: try await store.activePeople(), at: time) else { return nil }
            return (run, try await store.positions(payload.run))
        }
        guard let (run, positions) = begun else { return .done }
        do {
            let results = try await performProviders(run, positions, of: company)
            try await finish(run.id, of: company, results)
            return .done
        } catch is ScanStore.Superseded {
            // The run has ended; or another worker writes to it. That one may be the one that lost the job to us and has not heard of it yet: was
            // this job done then, nobody would go on. Whoever does not hold the job any more ends nothing by this.
            let isOpen = try await database.transaction(for: company) { try await ScanStore(db: $0).find(run.id)?.status.isFinished == false }
            return isOpen ? .again(after: .seconds(1), reason: "Another worker was still at this scan.") : .done
        }
    }

    package func retryDelay(afterAttempt attempt: Int) -> Duration { .seconds(min(60, 2 << min(attempt, 5))) }

    package func wasGivenUp(_ payload: Payload, of job: Job, reason: String) async throws {
        let time = now()
        try await database.transaction(for: payload.company) { db in
            try await ScanStore(db: db).finish(payload.run, .failed, error: reason, at: time)
        }
    }

    // MARK: Providers

    private func performProviders(
        _ run: ScanRun, _ positions: [ApiProvider: ScanPosition], of company: CompanyID
    ) async throws -> [ProviderProgress] {
        let usable = try await credentials.usable(for: company)
        let catalogue = providers.catalogue()
        return try await withThrowingTaskGroup(of: ProviderProgress.self) { group in
            for credential in usable {
                group.addTask { try await perform(credential, run, positions[credential.provider], of: company, catalogue) }
            }
            var results = try await group.reduce(into: []) { $0.append($1) }
            if let words = await catalogue.unread.words {
                logger.warning("Have I Been Pwned's catalogue cannot be read as a whole", metadata: ["reason": "\(words)"])
            }
            // Providers of this run whose key was refused or removed meanwhile.
            for known in run.providers where !usable.contains(where: { $0.provider == known.provider }) {
                results.append(try await stopWithoutKey(known, run, positions[known.provider], of: company, catalogue))
            }
            return results
        }
    }

    private func perform(
        _ credential: Credentials.Usable, _ run: ScanRun, _ position: ScanPosition?, of company: CompanyID, _ catalogue: BreachCatalogue
    ) async throws -> ProviderProgress {
        if position?.isFinished == true, let progress = run.providers.first(where: { $0.provider == credential.provider }) { return progress }
        let pace = providers.pace(for: credential.provider, known: credential.requestsPerMinute)
        let allowance = Allowance()
        let provider = try providers.make(
            credential.provider, key: credential.key, pace: pace, allowance: allowance, catalogue: catalogue, timeout: tuning.timeout)
        let refusal = try await checkKey(provider, credential, pace, allowance, company)
        let marker = await marker(for: provider, catalogue, counting: pace)
        var scan = ProviderScan(
            run: run, company: company, position: position, database: database, recorder: recorder, credential: credential, provider: provider,
            pace: pace, allowance: allowance, tuning: tuning, marker: marker, now: now, logger: logger)
        if type(of: provider).followsHIBPCatalogue, let words = await catalogue.unread.words {
            scan.notice = "Have I Been Pwned's catalogue: \(words)."
        }
        let progress = try await scan.perform(refused: refusal)
        if !type(of: provider).isTrialFree, progress.state == .done, progress.answered > progress.skipped {
            try await credentials.noted(credential, status: .active, for: company)
        }
        // Behind what stamps the key as used: a number that is older than the last use is one from before it.
        try await credentials.noted(credential, allowance: allowance, for: company)
        return progress
    }

    /// Ends the part of a provider whose key went away before it was through: everybody who was still to be asked about is unknown.
    private func stopWithoutKey(
        _ known: ProviderProgress, _ run: ScanRun, _ position: ScanPosition?, of company: CompanyID, _ catalogue: BreachCatalogue
    ) async throws -> ProviderProgress {
        guard position?.isFinished != true else { return known }
        var marker: String?
        if ProviderRegistry.type(for: known.provider)?.followsHIBPCatalogue == true {
            // try?: as in a provider's own part.
            marker = try? await catalogue.current(from: providers.hibp)
        }
        let time = now()
        let reason = "The key was removed or refused before the scan was through."
        let rest = DuePeople(provider: known.provider, marker: marker, now: time, runBegan: run.startedAt)
        return try await database.transaction(for: company) { db in
            var progress = known
            progress.state = .stopped
            progress.secondsLeft = nil
            progress.message = reason
            let count = try await CoverageStore(db: db).writeUnknown(rest, reason: reason, at: time)
            progress.done += count
            progress.errors += count
            progress.total = max(progress.total, progress.done)
            let end = (position ?? ScanPosition()).moved { $0.isFinished = true }
            try await ScanStore(db: db).advance(run.id, known.provider, from: position, to: end, progress: progress, newErrors: count)
            return progress
        }
    }

    /// Brings the catalogue up to date, once in a run.
    /// - Returns: its newest breach, for a provider that has nothing new before there is another.
    private func marker(for provider: any BreachProvider, _ catalogue: BreachCatalogue, counting pace: Pace) async -> String? {
        // try?: without its newest breach nothing is known to be unchanged, and everybody is asked about.
        let marker = try? await catalogue.current(from: providers.hibp, counting: pace)
        return type(of: provider).followsHIBPCatalogue ? marker ?? nil : nil
    }

    /// Asks what the key allows.
    /// - Returns: why nothing can be asked with it. A service that could not say is asked all the same: each look-up shows what it is.
    private func checkKey(
        _ provider: any BreachProvider, _ credential: Credentials.Usable, _ pace: Pace, _ allowance: Allowance, _ company: CompanyID
    ) async throws -> ProviderFailure? {
        guard type(of: provider).isTrialFree else {
            // The first look-up shows what the key is worth.
            try await credentials.noted(credential, status: credential.status, for: company)
            return nil
        }
        do {
            let account = try await Asker(provider: provider, tuning: tuning).retried { try await $0.account() }
            providers.adjust(pace, of: credential.provider, to: account.requestsPerMinute)
            // What there is before the searches is not what they leave: that is asked for at the end.
            if !type(of: provider).tellsAllowanceWhenAsked { allowance.note(left: account.quotaLeft, resetsAt: account.quotaResetsAt) }
            try await credentials.noted(credential, status: .active, account: account, for: company)
            return nil
        } catch let failure as ProviderFailure {
            switch failure.consequence {
            // Not every plan of Have I Been Pwned may ask what it is, and it may look up all the same.
            case .stop: return failure == .notPermitted && credential.provider == .hibp ? nil : failure
            case .retry, .skip: return nil
            }
        }
    }

    private func finish(_ run: ScanRunID, of company: CompanyID, _ results: [ProviderProgress]) async throws {
        // Gone through by at least one, and not only to hear from nobody.
        let isAnswered = results.contains { $0.state == .done && ($0.errors == 0 || $0.answered > $0.skipped) }
        let reasons = results.compactMap { result in result.message.map { "\(result.provider.displayName): \($0)" } }
        let error: String? =
            results.isEmpty ? "No key is usable." : isAnswered ? nil : reasons.joined(separator: " ")
        let time = now()
        try await database.transaction(for: company) { db in
            try await ScanStore(db: db).finish(run, isAnswered ? .succeeded : .failed, error: error, at: time)
        }
        logger.info(
            "Scan finished",
            metadata: [
                "scan.run": "\(run)", "scan.answered": "\(results.map(\.answered).max() ?? 0)",
                "scan.errors": "\(results.reduce(0) { $0 + $1.errors })",
            ])
    }
}
