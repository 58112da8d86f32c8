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
        /// A digest of where it lies and how it is.
        var place: [UInt8]
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

    /// Goes on with what an earlier attempt had counted for a company.
    mutating func goOn(from report: IngestReport, of company: CompanyID) { reports[company] = report }

    /// What one person is said of.
    private struct Heard {
        var records: [LeakRecord] = []
        var logs: [(log: StealerLog, records: [LeakRecord])] = []
    }

    /// Records what was read in a file.
    mutating func record(_ records: [LeakRecord], _ logs: [StealerLog], in file: File, partName: String) async throws {
        var heard: [WatchedPeople.Person: Heard] = [:]
        for record in records {
            for person in people.people(record.address) { heard[person, default: Heard()].records.append(record) }
        }
        for log in logs {
            for (person, records) in split(log) { heard[person, default: Heard()].logs.append((log, records)) }
        }
        for (number, company) in people.companies.enumerated() {
            let mine = heard.filter { $0.key.company == number }
            if !mine.isEmpty { try await record(mine, of: company, in: file, partName: partName) }
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
        _ heard: [WatchedPeople.Person: Heard], of company: WatchedPeople.Watched, in file: File, partName: String
    ) async throws {
        var source = source
        source.fileName = partName
        let (recorder, list, said, run, time) = (recorder, people.list, source, runs[company.id], now())
        let before = reports[company.id] ?? IngestReport()
        reports[company.id] = try await database.transaction(for: company.id) { db in
            let id = try await LeakFileStore(db: db).opened(name: file.name, size: file.size, place: file.place)
            let maker = LeakFindings(fingerprints: company.fingerprints, file: id, source: said, domains: [company.domain])
            var findings: [(EmployeeID, Finding)] = []
            for (person, heard) in heard.sorted(by: { $0.key.employee < $1.key.employee }) {
                guard let address = (heard.records + heard.logs.flatMap(\.records)).first.map({ list[$0.address] }) else { continue }
                let subject = LeakFindings.Person(employee: person.employee, address: address)
                findings += maker.findings(heard.records, of: subject).map { (person.employee, $0) }
                findings += heard.logs.map { (person.employee, maker.finding($0.log, $0.records, of: subject)) }
            }
            var report = before
            report.add(try await recorder.record(findings, in: db))
            report.findings += findings.count
            report.matches += heard.values.reduce(0) { $0 + $1.records.count + $1.logs.reduce(0) { $0 + $1.records.count } }
            // With what it counts, so that after a kill neither is without the other.
            if let run { try await IngestStore(db: db).show(run, report, at: time) }
            return report
        }
    }

    /// A file has been read to its end.
    mutating func finished(_ file: File, digest: [UInt8]) async throws {
        for company in people.companies {
            let wasKnown = try await database.transaction(for: company.id) { db in
                let store = LeakFileStore(db: db)
                return try await store.finished(try await store.opened(name: file.name, size: file.size, place: file.place), digest: digest)
            }
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
    /// - Parameter error: why it failed; nil when all that can be read was read.
    func end(error: String?) async throws {
        let time = now()
        for (company, run) in runs {
            guard let report = reports[company] else { continue }
            try await database.transaction(for: company) { db in
                try await IngestStore(db: db).finish(run, error == nil ? .succeeded : .failed, report, error: error, at: time)
            }
        }
    }
}
