import Foundation
import Jobs
import Logging
import Postgres

/// One provider's part of a run: asks about everybody who is due, records what it says in batches, each with the place to go on from.
///
/// A value of one task; nothing in it is shared.
struct ProviderScan {
    let run: ScanRunID
    let company: CompanyID
    let database: TenantDatabase
    let recorder: Recorder
    let credential: Credentials.Usable
    let provider: any BreachProvider
    let pace: Pace
    let allowance: Allowance
    let tuning: ScanTuning
    let now: Now
    let logger: Logger
    var due: DuePeople
    /// Where the run is, as stored; nil before the first step.
    var stored: ScanPosition?
    var position: ScanPosition
    var progress: ProviderProgress
    /// What is to be told of the service besides its answers about people.
    var notice: String?
    /// Calls of this run before this process took it up.
    private let earlierRequests: Int
    /// Calls of this process before it asked about anybody.
    private let callsAtStart: Int
    private let started = ContinuousClock.now
    private let doneAtStart: Int

    init(
        run: ScanRun, company: CompanyID, position: ScanPosition?, database: TenantDatabase, recorder: Recorder, credential: Credentials.Usable,
        provider: any BreachProvider, pace: Pace, allowance: Allowance, tuning: ScanTuning, marker: String?, now: @escaping Now, logger: Logger
    ) {
        self.run = run.id
        self.company = company
        self.database = database
        self.recorder = recorder
        self.credential = credential
        self.provider = provider
        self.pace = pace
        self.allowance = allowance
        callsAtStart = pace.requests
        self.tuning = tuning
        self.now = now
        self.logger = logger
        due = DuePeople(
            provider: credential.provider, hasCatalogue: type(of: provider).followsHIBPCatalogue, marker: marker, now: now(),
            runBegan: run.startedAt)
        stored = position
        self.position = position ?? ScanPosition()
        progress = run.providers.first { $0.provider == credential.provider } ?? ProviderProgress(provider: credential.provider)
        earlierRequests = progress.requests
        doneAtStart = progress.done
        progress.state = .running
    }

    /// Goes through everybody who is due, from where it was left.
    /// - Parameter refused: why nothing can be asked, when that is known already.
    /// - Returns: how it ended.
    /// - Throws: what is not the provider's doing: the database, cancellation, ``ScanStore/Superseded``.
    mutating func perform(refused: ProviderFailure? = nil) async throws -> ProviderProgress {
        if position.isFinished { return progress }
        do {
            if stored == nil { try await begin() }
            if let refused { throw refused }
            try await scanDomain()
            try await scanAddresses()
            try await askWhatIsLeft(isUp: true)
            progress.state = .done
            progress.secondsLeft = nil
            if let notice { progress.message = [progress.message, notice].compactMap { $0 }.joined(separator: " ") }
            try await save([], to: position.moved { $0.isFinished = true })
        } catch let failure as ProviderFailure {
            if !failure.isTheKeysFault { try await askWhatIsLeft(isUp: false) }
            try await stop(failure)
        }
        return progress
    }

    /// Counts who is due; those who are not, are known from recently enough.
    private mutating func begin() async throws {
        let due = due
        let (people, count) = try await database.read(for: company) { db in
            (try await ScanStore(db: db).activePeople(), try await ScanStore(db: db).count(due))
        }
        progress.total = people
        progress.skipped = people - count
        progress.done = progress.skipped
        progress.answered = progress.skipped
        try await save([], to: position.moved { _ in })
    }

    // MARK: By domain

    /// Asks about everybody on the company's own domain at once, where the provider can.
    private mutating func scanDomain() async throws {
        guard position.domain == .open else { return }
        let company = company
        guard let domain = try await database.query(for: company, "SELECT domain FROM companies WHERE id = \(company)", as: String.self).first else {
            return
        }
        due.scope = .onDomain(domain)
        due.after = position.after
        let first = due
        let isAnybodyDue = try await database.read(for: company) { db in try await !ScanStore(db: db).due(first, limit: 1).isEmpty }
        guard isAnybodyDue else {
            return try await save(
                [],
                to: position.moved {
                    $0.domain = .done
                    $0.after = nil
                })
        }
        let answer: DomainLookUp
        do {
            answer = try await retried { provider in try await provider.lookUp(domain: domain) }
        } catch let failure as ProviderFailure where failure.consequence != .stop {
            progress.message = "Asked address by address, because the domain could not be searched: \(failure.reason)"
            return try await save(
                [],
                to: position.moved {
                    $0.domain = .byAddress
                    $0.after = nil
                })
        }
        while true {
            let next = due
            let limit = tuning.domainBatch
            let people = try await database.read(for: company) { db in try await ScanStore(db: db).due(next, limit: limit) }
            guard let last = people.last else { break }
            // Of whom the service only says that it knows them, it is asked about one by one: they are still due then.
            let answered = people.filter { person in !person.all.contains { answer.toAsk.contains($0) } }
            try await save(
                answered.map { person in
                    let found = person.all.map { ($0, answer.findings[$0] ?? []) }
                    return Answer(person: person, lookUp: LookUp(ofAddresses: found, of: person), failure: person.failure)
                },
                to: position.moved { $0.after = last.id })
            due.after = last.id
        }
        try await save(
            [],
            to: position.moved {
                $0.domain = answer.toAsk.isEmpty ? .done : .byAddress
                $0.after = nil
            })
    }

    // MARK: By address

    /// What the provider said of a person.
    struct Answer: Sendable {
        var person: DuePerson
        var lookUp: LookUp
        /// Why there is no answer about one of their addresses, or about none.
        var failure: ProviderFailure?
    }

    /// Asks about the others one by one, some at a time; what is recorded is always a beginning of the list, so that one person's id
    /// says where to go on.
    private mutating func scanAddresses() async throws {
        due.scope = try await addressScope()
        due.after = position.after
        var list = OrderedAnswers(limit: min(tuning.window, type(of: provider).concurrentLookUps))
        var failuresInARow = 0
        var stopped: ProviderFailure?
        var lastFlush = ContinuousClock.now
        try await withThrowingTaskGroup(of: (Int, Answer).self) { group in
            while true {
                while stopped == nil, list.hasRoom {
                    if list.needsPeople {
                        let next = due
                        let people = try await database.read(for: company) { db in try await ScanStore(db: db).due(next, limit: 500) }
                        list.add(people)
                        due.after = people.last?.id ?? due.after
                    }
                    guard let (index, person) = list.next() else { break }
                    let asker = Asker(provider: provider, tuning: tuning)
                    group.addTask { (index, try await asker.ask(person)) }
                }
                guard let (index, answer) = try await group.next() else { break }
                list.take(answer, at: index)
                if let failure = answer.failure {
                    failuresInARow += 1
                    let isDown = failuresInARow >= tuning.failuresInARow && failure.consequence == .retry
                    if failure.consequence == .stop || isDown { stopped = stopped ?? failure }
                } else {
                    failuresInARow = 0
                }
                let isDue = list.ready >= tuning.batch || ContinuousClock.now - lastFlush >= tuning.flushInterval || list.isIdle
                if isDue, let answers = list.drain(), let last = answers.last {
                    try await save(answers, to: position.moved { $0.after = last.person.id })
                    lastFlush = .now
                }
            }
        }
        if let stopped { throw stopped }
    }

    private func addressScope() async throws -> DuePeople.Scope {
        guard position.domain == .done else { return .everybody }
        let domain = try await database.query(for: company, "SELECT domain FROM companies WHERE id = \(company)", as: String.self).first
        return domain.map { .notOnDomain($0) } ?? .everybody
    }

    /// Does a call again when that may help.
    private func retried<R: Sendable>(_ call: (any BreachProvider) async throws -> R) async throws -> R {
        try await Asker(provider: provider, tuning: tuning).retried(call)
    }

    /// Asks what is left of the searches, where nothing but that says it: the number from before the scan is no longer so.
    /// - Parameter isUp: whether the service has answered until now, so that it is worth asking it twice.
    private func askWhatIsLeft(isUp: Bool) async throws {
        // That they are used up, a search says.
        guard type(of: provider).tellsAllowanceWhenAsked, allowance.left == nil, pace.requests > callsAtStart else { return }
        var account: ProviderAccount?
        do {
            account = try await isUp ? retried { try await $0.account() } : provider.account()
        } catch let failure as ProviderFailure {
            // The number from before stays, and is shown to be from before the key was used last.
            logger.info("What is left of a key's searches is not known", metadata: ["reason": "\(failure.reason)"])
        }
        let (key, left, resetsAt, time) = (credential, account?.quotaLeft, account?.quotaResetsAt, now())
        try await database.transaction(for: company) { db in
            try await CredentialStore(db: db).noteUse(key, left: left, resetsAt: resetsAt, at: time)
        }
    }

    // MARK: Keeping

    /// Records answers, coverage, progress and the place to go on from, in one transaction.
    private mutating func save(_ answers: [Answer], to next: ScanPosition) async throws {
        var after = progress
        var findings: [(EmployeeID, Finding)] = []
        var coverage: [CoverageStore.Answer] = []
        coverage.reserveCapacity(answers.count)
        var errors = 0
        for answer in answers {
            let found = answer.lookUp.findings
            after.message = after.message ?? answer.lookUp.warning
            for finding in found { findings.append((answer.person.id, finding)) }
            after.hits += found.isEmpty ? 0 : 1
            if let failure = answer.failure {
                // What was found under one address is kept; of the person as a whole it is not known.
                coverage.append(.init(employee: answer.person.id, outcome: .unknown, reason: failure.reason))
                errors += 1
                after.message = after.message ?? failure.reason
            } else {
                coverage.append(.init(employee: answer.person.id, outcome: found.isEmpty ? .clean : .exposed))
            }
        }
        after.done += answers.count
        after.answered += answers.count - errors
        after.errors += errors
        after.total = max(after.total, after.done)
        after.requests = earlierRequests + pace.requests
        after.secondsLeft = secondsLeft(after)
        let time = now()
        let (run, recorder, provider, marker, stored, progress) = (run, recorder, credential.provider, due.marker, stored, after)
        let (allFindings, allCoverage, newErrors) = (findings, coverage, errors)
        let people = Set(allCoverage.map(\.employee))
        let place = try await RunningJob.place()
        defer { place?.give() }
        try await database.transaction(for: company) { db in
            // All people of the answers, not only those with findings: the coverage written below changes the others too, and whoever
            // locked people after the counts that recording changes would meet another provider's recording, and one of the two would fail.
            _ = try await RecordStore(db: db).lock(people)
            let outcome = try await recorder.record(allFindings, in: db)
            try await CoverageStore(db: db).write(allCoverage, provider: provider, marker: marker, at: time)
            try await ScanStore(db: db).advance(
                run, provider, from: stored, to: next, progress: progress, recorded: outcome, newErrors: newErrors)
        }
        self.stored = next
        position = next
        self.progress = after
        if !answers.isEmpty { await RunningJob.madeProgress() }
    }

    private func secondsLeft(_ progress: ProviderProgress) -> Int? {
        let left = progress.total - progress.done
        let done = progress.done - max(doneAtStart, progress.skipped)
        guard progress.state == .running, left > 0, done > 0 else { return nil }
        let measured = (ContinuousClock.now - started) * (Double(left) / Double(done))
        return Int(max(measured, .zero).components.seconds) + 1
    }

    /// The provider cannot go on: everybody who is still to be asked about is unknown, and why is kept.
    private mutating func stop(_ failure: ProviderFailure) async throws {
        logger.info("A provider of a scan gave up", metadata: ["scan.provider": "\(credential.provider.rawValue)", "reason": "\(failure.reason)"])
        progress.state = .stopped
        progress.message = failure.reason
        progress.secondsLeft = nil
        progress.requests = earlierRequests + pace.requests
        var rest = due
        rest.after = position.domain == .open ? nil : position.after
        if position.domain == .open { rest.scope = .everybody }
        let next = position.moved { $0.isFinished = true }
        let time = now()
        let (run, provider, stored, before, people, key) = (run, credential.provider, stored, progress, rest, credential)
        let place = try await RunningJob.place()
        defer { place?.give() }
        progress = try await database.transaction(for: company) { db in
            var after = before
            let count = try await CoverageStore(db: db).writeUnknown(people, reason: failure.reason, at: time)
            after.done += count
            after.errors += count
            after.total = max(after.total, after.done)
            try await ScanStore(db: db).advance(run, provider, from: stored, to: next, progress: after, newErrors: count)
            // With the end of its part: a kill in between would leave a refused key in use.
            if failure.isTheKeysFault { try await CredentialStore(db: db).note(key, status: .error, error: failure.reason, at: time) }
            return after
        }
        position = next
        self.stored = next
    }
}

/// Asks a provider about one person, again where that may help.
struct Asker: Sendable {
    let provider: any BreachProvider
    let tuning: ScanTuning

    /// Asks about each of a person's addresses. One that gives no answer does not take the others' away.
    func ask(_ person: DuePerson) async throws -> ProviderScan.Answer {
        var found: [(EmailAddress, [Finding])] = []
        var warning: String?
        var failure = person.failure
        for address in person.all {
            do {
                let answer = try await retried { try await $0.lookUp(address) }
                found.append((address, answer.findings))
                warning = warning ?? answer.warning
            } catch let refusal as ProviderFailure {
                guard refusal.consequence == .skip else {
                    // Nobody else has an answer either.
                    failure = refusal
                    break
                }
                failure = failure ?? refusal
            }
        }
        var lookUp = LookUp(ofAddresses: found, of: person)
        lookUp.warning = warning
        return ProviderScan.Answer(person: person, lookUp: lookUp, failure: failure)
    }

    func retried<R: Sendable>(_ call: (any BreachProvider) async throws -> R) async throws -> R {
        var failures = 0
        var limited = 0
        while true {
            do {
                return try await call(provider)
            } catch let failure as ProviderFailure where failure.consequence == .retry {
                if case .rateLimited = failure {
                    // The pace keeps the pause.
                    limited += 1
                    guard limited < tuning.attemptsWhenLimited else { throw failure }
                } else {
                    failures += 1
                    guard failures < tuning.attempts else { throw failure }
                    try await Task.sleep(for: tuning.backoff * (1 << (failures - 1)))
                }
            }
        }
    }
}

/// People in order, some of them being asked about; answers come in any order and leave in theirs.
private struct OrderedAnswers {
    let limit: Int
    private var people: ArraySlice<DuePerson> = []
    private var first = 0
    private var begun = 0
    private var answers: [Int: ProviderScan.Answer] = [:]
    private(set) var ready = 0
    private var inFlight = 0
    private var isComplete = false

    init(limit: Int) { self.limit = limit }

    var hasRoom: Bool { inFlight < limit && answers.count < 2_000 }
    var needsPeople: Bool { people.isEmpty && !isComplete }
    var isIdle: Bool { inFlight == 0 }

    mutating func add(_ more: [DuePerson]) {
        people = more[...]
        isComplete = more.isEmpty
    }

    mutating func next() -> (Int, DuePerson)? {
        guard let person = people.popFirst() else { return nil }
        defer { begun += 1 }
        inFlight += 1
        return (begun, person)
    }

    mutating func take(_ answer: ProviderScan.Answer, at index: Int) {
        inFlight -= 1
        answers[index] = answer
        while answers[first + ready] != nil { ready += 1 }
    }

    /// The answers that have no gap before them.
    mutating func drain() -> [ProviderScan.Answer]? {
        guard ready > 0 else { return nil }
        let drained = (first..<first + ready).compactMap { answers.removeValue(forKey: $0) }
        first += ready
        ready = 0
        return drained
    }
}
