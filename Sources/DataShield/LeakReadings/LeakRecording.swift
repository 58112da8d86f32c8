import Foundation
import LeakFiles
import Postgres

/// Records what a reader finds, company by company, and keeps the report of each company's run.
///
/// A value of one task. Recording the same again changes nothing, so that a reading may begin anew at its last checkpoint.
struct LeakRecording {
    /// A file under way, as each company knows it.
    struct File {
        var name: String
        var size: Int
        /// A digest of where it lies and how it is; of what it holds, where it lies nowhere.
        var place: [UInt8]
    }

    /// What was read of it.
    struct Part {
        /// Its name in what is shown, with folders and archives.
        var name: String
        /// The digest of how its text begins; nil for stealer logs.
        var beginning: ContentDigest?
    }

    /// What a file under way has of a company's people.
    private struct Counts {
        /// Up to the place where a reading that is killed goes on.
        var lists = IngestCounts()
        /// In stealer logs, which are then delivered anew.
        var logs = IngestCounts()
        /// Of whom it has more credentials than are kept.
        var cap = CredentialCap()
    }

    let database: TenantDatabase
    let recorder: Recorder
    let people: WatchedPeople
    /// What is known of the files in common: the breach's name and day.
    let source: LeakSource
    let runs: [CompanyID: IngestRunID]
    let now: Now
    /// By company: what is the same for all is in each.
    private(set) var reports: [CompanyID: IngestReport]
    /// By the place of the file: a folder is under way together with the files in it.
    private var open: [[UInt8]: [CompanyID: Counts]] = [:]

    /// All companies together.
    var total: IngestReport {
        let all = people.companies.compactMap { reports[$0.id] }
        guard var total = all.first else { return IngestReport() }
        for report in all.dropFirst() { total.add(report) }
        return total
    }

    init(database: TenantDatabase, recorder: Recorder, people: WatchedPeople, source: LeakSource, runs: [CompanyID: IngestRunID], now: @escaping Now)
    {
        self.database = database
        self.recorder = recorder
        self.people = people
        self.source = source
        self.runs = runs
        self.now = now
        reports = Dictionary(uniqueKeysWithValues: people.companies.map { ($0.id, IngestReport()) })
    }

    /// Goes on with a company's run. What is new was counted with what made it so; all else is counted anew, or comes with
    /// ``goOn(from:_:)``.
    mutating func resume(_ earlier: IngestReport, of company: CompanyID) {
        var report = IngestReport()
        report.newRecords = earlier.newRecords
        report.newAlerts = earlier.newAlerts
        report.newCredentials = earlier.newCredentials
        report.corroborated = earlier.corroborated
        report.unreadFiles = earlier.unreadFiles
        report.seconds = earlier.seconds
        reports[company] = report
    }

    /// Adds what was counted in the files that are done, and in the one that is not up to where it is gone on with.
    mutating func goOn(from finished: IngestCheckpoints.Finished, _ place: IngestCheckpoints.Position?) {
        for company in people.companies.map(\.id) {
            var counts = finished.counts[company] ?? IngestCounts()
            if let place, let lists = place.counts[company.rawValue] {
                open[IngestCheckpoints.key(of: place.checkpoint.file), default: [:]][company] = Counts(lists: lists, cap: .init(isGoneOnWith: true))
                counts += lists
            }
            reports[company]?.matches += counts.matches
            reports[company]?.findings += counts.findings
            reports[company]?.addLeftOut(counts.leftOut)
            reports[company]?.addUnread(counts.unread)
            reports[company]?.knownFiles += finished.known[company] ?? 0
        }
    }

    /// Goes on with a file of which nothing but what is recorded is known.
    mutating func resume(_ file: File) {
        for company in people.companies { open[file.place, default: [:]][company.id] = Counts(cap: .init(isGoneOnWith: true)) }
    }

    /// What was counted in a file under way up to the place where a reading that is killed goes on, by company.
    func counts(in file: File) -> [String: IngestCounts] {
        var counts: [String: IngestCounts] = [:]
        for (company, found) in open[file.place] ?? [:] where found.lists != IngestCounts() { counts[company.rawValue] = found.lists }
        return counts
    }

    /// What one person is said of.
    private struct Heard {
        var records: [LeakRecord] = []
        /// With their places among all logs.
        var logs: [(place: Int, log: StealerLog, records: [LeakRecord])] = []
    }

    /// Records what was read in a file.
    mutating func record(_ records: [LeakRecord], _ logs: [StealerLog], in file: File, _ part: Part) async throws {
        var heard: [WatchedPeople.Person: Heard] = [:]
        for record in records {
            for person in people.people(record.address) { heard[person, default: Heard()].records.append(record) }
        }
        for (place, log) in logs.enumerated() {
            for (person, records) in split(log) { heard[person, default: Heard()].logs.append((place, log, records)) }
        }
        for (number, company) in people.companies.enumerated() {
            let mine = heard.filter { $0.key.company == number }
            if !mine.isEmpty { try await record(mine, of: company, in: file, part) }
        }
    }

    /// The records of a log by whose they are.
    private func split(_ log: StealerLog) -> [WatchedPeople.Person: [LeakRecord]] {
        var result: [WatchedPeople.Person: [LeakRecord]] = [:]
        for record in log.records {
            for person in people.people(record.address) { result[person, default: []].append(record) }
        }
        return result
    }

    private mutating func record(
        _ heard: [WatchedPeople.Person: Heard], of company: WatchedPeople.Watched, in file: File, _ part: Part
    ) async throws {
        let (recorder, list, source, run, time) = (recorder, people.list, source, runs[company.id], now())
        var counts = Counts()
        for found in heard.values {
            // A line about somebody is one find, and so is a machine with somebody's data on it: however the batches are cut.
            counts.lists += IngestCounts(
                matches: found.records.count, findings: found.records.count, unread: Self.counted(found.records.count { $0.unread != nil }))
            counts.logs += IngestCounts(
                matches: found.logs.reduce(0) { $0 + $1.records.count }, findings: found.logs.count,
                unread: Self.counted(found.logs.count { log in log.records.contains { $0.unread != nil } }))
        }
        let (found, hasDumps) = (counts, heard.values.contains { $0.records.contains { $0.shape.isOfDump } })
        let before = reports[company.id] ?? IngestReport()
        let capBefore = open[file.place]?[company.id]?.cap ?? CredentialCap()
        let (report, cap, taken) = try await database.transaction(for: company.id) { db in
            var cap = capBefore
            let id = try await LeakFileStore(db: db).opened(name: file.name, size: file.size, place: file.place)
            var dump: String?
            if hasDumps {
                dump = try await DumpNameStore(db: db).name(
                    DumpName(path: part.name, beginning: part.beginning, readOn: time), beginning: part.beginning, said: source.name)
            }
            let maker = LeakFindings(fingerprints: company.fingerprints, file: id, source: source, dump: dump, domains: [company.domain])
            let machines = try await Self.machines(of: heard.values, of: company, in: db)
            var findings: [(EmployeeID, Finding)] = []
            for (person, heard) in heard.sorted(by: { $0.key.employee < $1.key.employee }) {
                guard let address = (heard.records + heard.logs.flatMap(\.records)).first.map({ list[$0.address] }) else { continue }
                let subject = LeakFindings.Person(employee: person.employee, address: address)
                findings += maker.findings(heard.records, of: subject).map { (person.employee, $0) }
                for (place, log, records) in heard.logs {
                    guard let machine = machines[place] else { continue }
                    findings.append((person.employee, maker.finding(log, on: machine, records, of: subject)))
                }
            }
            let taken = try await cap.apply(to: &findings, of: id, in: db)
            var report = before
            report.add(try await recorder.record(findings, by: "ingest", in: db))
            report.findings += found.lists.findings + found.logs.findings
            report.matches += found.lists.matches + found.logs.matches
            report.addLeftOut(taken.lists + taken.logs)
            let unread = (found.lists.unread ?? 0) + (found.logs.unread ?? 0)
            report.addUnread(unread)
            if unread > 0 { report.addUnread(in: id) }
            // With what it counts, so that after a kill neither is without the other.
            if let run { try await IngestStore(db: db).show(run, report, at: time) }
            return (report, cap, taken)
        }
        reports[company.id] = report
        if taken.lists > 0 { counts.lists.leftOut = taken.lists }
        if taken.logs > 0 { counts.logs.leftOut = taken.logs }
        open[file.place, default: [:]][company.id, default: Counts()].cap = cap
        open[file.place, default: [:]][company.id, default: Counts()].lists += counts.lists
        open[file.place, default: [:]][company.id, default: Counts()].logs += counts.logs
    }

    private static func counted(_ count: Int) -> Int? { count > 0 ? count : nil }

    /// The machines of the logs that people are in, by the logs' places.
    private static func machines(
        of heard: some Collection<Heard>, of company: WatchedPeople.Watched, in db: TenantTransaction
    ) async throws -> [Int: KnownMachine] {
        var logs: [Int: StealerLog] = [:]
        for one in heard {
            for (place, log, _) in one.logs { logs[place] = log }
        }
        let places = logs.keys.sorted()
        let machines = try await MachineKeys(db: db, fingerprints: company.fingerprints).machines(places.compactMap { logs[$0]?.identity })
        return Dictionary(uniqueKeysWithValues: zip(places, machines))
    }

    /// A file has been read to its end, or as far as it can be.
    mutating func finished(_ file: File, _ summary: LeakFileSummary) async throws {
        let counts = open.removeValue(forKey: file.place) ?? [:]
        guard summary.outcome != .finishedBefore else { return }
        let isWhole = summary.outcome == .read || summary.outcome == .known
        let done = IngestedFile(
            place: file.place, isReadAgain: summary.isFolder || !isWhole, lines: Int(clamping: summary.lines), machines: summary.machines)
        for company in people.companies {
            var sum = IngestCounts()
            if let counts = counts[company.id] {
                sum += counts.lists
                sum += counts.logs
            }
            let (run, total, before, time) = (runs[company.id], sum, reports[company.id] ?? IngestReport(), now())
            let (wasKnown, report) = try await database.transaction(for: company.id) { db in
                var isKnown = false
                var report = before
                if let digest = summary.digest {
                    let store = LeakFileStore(db: db)
                    let id = try await store.opened(name: file.name, size: file.size, place: file.place)
                    let settled = try await store.settled(id, digest: digest.bytes)
                    isKnown = settled.isKnown
                    report.replaceUnread(id, with: settled.file)
                }
                guard let run else { return (isKnown, report) }
                if report.unreadFiles != before.unreadFiles { try await IngestStore(db: db).show(run, report, at: time) }
                return (try await IngestFileStore(db: db).add(done, to: run, total, isKnown: isKnown), report)
            }
            reports[company.id] = report
            if wasKnown { reports[company.id]?.knownFiles += 1 }
        }
    }

    /// Takes over what the reader counts.
    mutating func update(_ change: (inout IngestReport) -> Void) {
        for company in reports.keys { change(&reports[company, default: .init()]) }
    }

    /// Shows in each company's run how far it is.
    func show() async throws {
        let time = now()
        for (company, run) in runs {
            guard let report = reports[company] else { continue }
            try await database.transaction(for: company) { db in try await IngestStore(db: db).show(run, report, at: time) }
        }
    }

    /// Ends each company's run.
    /// - Parameters:
    ///   - error: why it failed; nil when all that can be read was read.
    ///   - isGoneOnWith: whether a reading that failed may be gone on with; else it is forgotten which of its files are done.
    func end(error: String?, isGoneOnWith: Bool = true) async throws {
        let time = now()
        for (company, run) in runs {
            guard let report = reports[company] else { continue }
            try await database.transaction(for: company) { db in
                try await IngestStore(db: db).finish(run, error == nil ? .succeeded : .failed, report, error: error, at: time)
                if error == nil || !isGoneOnWith { try await IngestFileStore(db: db).removeAll(of: run) }
            }
        }
    }
}
