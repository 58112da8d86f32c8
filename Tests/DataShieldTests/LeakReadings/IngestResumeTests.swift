import DataShieldTestSupport
import Foundation
import LeakFiles
import Postgres
import Synchronization
import Testing

@testable import DataShield
@testable import Sandbox

/// A reading that is left in the middle, and taken up again.
@Suite(.freshDatabase, .serialized) struct IngestResumeTests {
    private var database: TestDatabase { .current }
    private struct Killed: Error {}

    private var ingests: Ingests {
        Ingests(
            database: database.tenant, system: database.system, recorder: Recorder(), secrets: SecretBox(key: [UInt8](repeating: 7, count: 32)),
            uploads: IngestUploads())
    }

    /// Who is in what, how severe, and how often it was seen; without ids and times, and without the digest by which a company calls a machine.
    private func exposure(_ company: CompanyID) async throws -> [String] {
        try await database.owner.query(
            """
            SELECT concat_ws(' ', split_part(e.email, '@', 1), regexp_replace(b.name, '^Stealer log [0-9a-f]{12}$', 'Stealer log of a machine'),
                b.source, array_to_string(r.exposed_data, ','), r.evidence::text, a.severity, a.confidence, c.login,
                array_to_string(c.sites, ','), c.secret_kind, c.length_class,
                (SELECT count(*) FROM leak_sightings s WHERE s.credential_id = c.id))
            FROM breach_records r JOIN employees e ON e.company_id = r.company_id AND e.id = r.employee_id JOIN breaches b ON b.id = r.breach_id
            JOIN alerts a ON a.company_id = r.company_id AND a.employee_id = r.employee_id AND a.breach_id = r.breach_id
            LEFT JOIN leaked_credentials c ON c.company_id = r.company_id AND c.record_id = r.id
            WHERE r.company_id = \(company) ORDER BY 1
            """, as: String.self)
    }

    private func company() async throws -> CompanyID {
        let company = try await database.makeCompany()
        for person in DemoCompany.people { _ = try await database.makeEmployee(in: company, email: person.email) }
        return company
    }

    private func withFiles<R>(_ body: (String) async throws -> R) async throws -> R {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("ingest-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try Data(DemoLeaks.combolist(strangers: 5_000)).write(to: folder.appendingPathComponent("a.txt"))
        try Data(DemoLeaks.stealerLogs()).write(to: folder.appendingPathComponent("b.zip"))
        try Data(DemoLeaks.combolist(strangers: 3_000)).write(to: folder.appendingPathComponent("c.txt"))
        return try await body(folder.path)
    }

    @Test(arguments: [0, 1, 2, 3, 4]) func `left after some batches, it ends as if it had not been`(batches: Int) async throws {
        let undisturbed = try await company(), disturbed = try await company()
        try await withFiles { folder in
            var order = IngestOrder(paths: [folder], company: undisturbed, threads: 1)
            order.limits.batchRecords = 3
            let whole = try await ingests.read(order) { _ in }
            #expect(whole.newRecords > 20)
            order.company = disturbed

            // Dropped as by a kill: what comes next is not recorded, and nobody says that it ended.
            let seen = Mutex(0)
            let ingests = ingests
            let killed = Task { [order] in
                try await ingests.read(order) { _ in
                    let isEnough = seen.withLock { seen in
                        seen += 1
                        return seen > batches
                    }
                    if isEnough { withUnsafeCurrentTask { $0?.cancel() } }
                }
            }
            await #expect(throws: (any Error).self) { try await killed.value }
            let second = try await ingests.read(order) { _ in }
            #expect(try await exposure(disturbed) == exposure(undisturbed))
            #expect(
                numbers(second.newRecords, second.newAlerts, second.newCredentials)
                    == numbers(whole.newRecords, whole.newAlerts, whole.newCredentials))
            #expect(second.files == whole.files)
            #expect(
                numbers(second.matches, second.findings, second.machines, second.lines, second.knownFiles)
                    == numbers(whole.matches, whole.findings, whole.machines, whole.lines, whole.knownFiles))
            let subject = Subject(actor: .program("test"), company: disturbed, role: .admin)
            let runs = try await ingests.list(for: subject).items
            #expect(runs.map(\.status) == [.succeeded])
            #expect(try await database.system.first("SELECT count(*) FROM ingest_checkpoints", as: Int.self) == 0)

            let third = try await ingests.read(order) { _ in }
            #expect(numbers(third.newRecords, third.newAlerts, third.newCredentials) == [0, 0, 0])
            #expect(third.knownFiles == whole.files)
            #expect(try await exposure(disturbed) == exposure(undisturbed))
        }
    }

    /// A folder that has everything: lists with people in them several times, archives, a log that lies openly, one content twice, and a part
    /// that cannot be read.
    private func fill(_ folder: URL) throws {
        let people = DemoCompany.people.map(\.email)
        func list(_ seed: Int) -> [UInt8] {
            // Long enough for several batches.
            let strangers = (0..<1_000).map { "stranger\($0)@elsewhere.example:nothing\n" }.joined()
            return Array((0..<40).map { "\(people[($0 * seed) % people.count]):Invented-\(seed)-\($0)\n\(strangers)" }.joined().utf8)
        }
        let log = "URL: https://vpn.example.com/\nUsername: \(people[3])\nPassword: Invented-3!\nApplication: Chrome\n===============\n"
        let logs = folder.appendingPathComponent("c-logs/DE[0123456789ABCDEF]")
        try FileManager.default.createDirectory(at: logs, withIntermediateDirectories: true)
        try Data(log.utf8).write(to: logs.appendingPathComponent("Passwords.txt"))
        let files = [
            ("a.txt", list(7)), ("b.zip", DemoLeaks.stealerLogs()), ("d.txt", list(11)), ("e.txt", list(7)),
            ("f.gz", [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3] + list(5).prefix(500)), ("g.txt", list(13)),
        ]
        for (name, bytes) in files { try Data(bytes).write(to: folder.appendingPathComponent(name)) }
    }

    private func counts(_ report: IngestReport) -> [Int] {
        [
            report.files, report.knownFiles, report.lines, report.matches, report.findings, report.machines, report.newRecords, report.newAlerts,
            report.newCredentials, report.skippedCount, report.skipped.count,
        ]
    }

    /// Reads until some batches are recorded, is killed before the place behind the last one is kept, and reads on.
    /// - Returns: nil when it had ended before.
    private func readKilled(_ order: IngestOrder, after batches: Int) async throws -> IngestReport? {
        // The place as it was one batch before: what the last one recorded is in the tables, and is delivered again.
        let places = Mutex<[String]>([])
        let (ingests, system) = (ingests, database.system)
        let killed = Task {
            try await ingests.read(order) { _ in
                let place = try? await system.first("SELECT checkpoint::text FROM ingest_checkpoints", as: String.self)
                let count = places.withLock { places in
                    places.append(place ?? "")
                    return places.count
                }
                if count > batches { withUnsafeCurrentTask { $0?.cancel() } }
            }
        }
        let end = await killed.result
        let last = places.withLock { $0 }
        if case .success = end {
            Issue.record("It had ended before batch \(batches): there are \(last.count).")
            return nil
        }
        try await system.execute("UPDATE ingest_checkpoints SET checkpoint = \(last[last.count - 2])::text::jsonb")
        return try await ingests.read(order) { _ in }
    }

    @Test(arguments: [1, 3, 6, 9, 12, 15, 18, 22, 26]) func `killed between recording and keeping the place, everything is counted once`(
        batches: Int
    )
        async throws
    {
        let undisturbed = try await company(), disturbed = try await company()
        try await withScratchFolder { folder in
            try fill(folder)
            var order = IngestOrder(paths: [folder.path], company: undisturbed, threads: 1)
            order.limits.batchRecords = 4
            let whole = try await ingests.read(order) { _ in }
            #expect(whole.knownFiles == 1)
            #expect(whole.machines > 3)
            #expect(whole.skippedCount > 0)
            #expect(whole.matches > whole.findings)
            order.company = disturbed
            guard let second = try await readKilled(order, after: batches) else { return }
            #expect(counts(second) == counts(whole))
            #expect(second.skipped == whole.skipped)
            #expect(try await exposure(disturbed) == exposure(undisturbed))
            #expect(try await database.system.first("SELECT count(*) FROM ingest_files", as: Int.self) == 0)
        }
    }

    /// Lists and a log that have more passwords of one person than are kept of a file.
    private func fillWithMany(_ folder: URL) throws {
        let person = DemoCompany.people[0].email
        // Long enough for several batches.
        let strangers = (0..<1_000).map { "stranger\($0)@elsewhere.example:nothing\n" }.joined()
        func list(_ seed: Int, between: String = "") -> String {
            var text = ""
            for part in 0..<40 {
                for number in 0..<35 { text += "\(person):Invented-\(seed)-\(part)-\(number)\n" }
                text += between
            }
            return text
        }
        var zip = StoredZip()
        zip.add("lists/one.txt", list(2))
        let blocks = (0..<1_100).map { "URL: https://vpn.example.com/\nUsername: \(person)\nPassword: Invented-\($0)!\n\n" }
        zip.add("DE[0123456789ABCDEF] [2026-05-06T07_08_09]/Passwords.txt", blocks.joined())
        zip.add("lists/two.txt", list(3))
        try Data(list(1, between: strangers).utf8).write(to: folder.appendingPathComponent("a.txt"))
        try Data(zip.bytes()).write(to: folder.appendingPathComponent("b.zip"))
        try Data(list(4, between: strangers).utf8).write(to: folder.appendingPathComponent("c.txt"))
    }

    @Test(arguments: [2, 7, 8, 9, 10, 12]) func `killed at any moment, it tells as many credentials that were not kept`(batches: Int) async throws {
        let undisturbed = try await company(), disturbed = try await company()
        try await withScratchFolder { folder in
            try fillWithMany(folder)
            var order = IngestOrder(paths: [folder.path], company: undisturbed, threads: 1)
            order.limits.batchRecords = 4
            let whole = try await ingests.read(order) { _ in }
            // 400 in each list by itself, all of the second one in the archive, and 100 of the log.
            #expect(whole.leftOut == 400 + 1_800 + 100 + 400)
            order.company = disturbed
            guard let second = try await readKilled(order, after: batches) else { return }
            #expect(second.leftOut == whole.leftOut)
            #expect(counts(second) == counts(whole))
        }
    }

    @Test func `what is kept of a place does not grow with the files that are done`() async throws {
        let company = try await company()
        try await withScratchFolder { folder in
            for number in 0..<60 {
                let text = "\(DemoCompany.people[number % 40].email):Invented-\(number)\n"
                try Data(text.utf8).write(to: folder.appendingPathComponent("list\(number).txt"))
            }
            let sizes = Mutex<[Int]>([])
            let system = database.system
            let done = Mutex(0)
            _ = try await ingests.read(IngestOrder(paths: [folder.path], company: company, threads: 1)) { _ in
                let size = try? await system.first("SELECT max(length(checkpoint::text)) FROM ingest_checkpoints", as: Int.self)
                let files = try? await system.first("SELECT count(*) FROM ingest_files", as: Int.self)
                sizes.withLock { $0.append(size ?? 0) }
                done.withLock { $0 = max($0, files ?? 0) }
            }
            let all = sizes.withLock { $0 }
            #expect(done.withLock { $0 } == 60)
            #expect(all.count >= 60)
            #expect(all.max() ?? 0 < 1_000)
        }
    }

    @Test func `a reading that hears nothing for long says that it lives`() async throws {
        let company = try await company()
        let clock = TestClock()
        let time = Mutex(Timestamp.parse("2026-06-15T12:00:00.000Z") ?? .distantPast)
        let ingests = Ingests(
            database: database.tenant, system: database.system, recorder: Recorder(), secrets: SecretBox(key: [UInt8](repeating: 7, count: 32)),
            uploads: IngestUploads(), now: { time.withLock { $0 } }, clock: clock)
        let owner = database.owner
        try await withScratchFolder { folder in
            let file = folder.appendingPathComponent("a.txt")
            try Data("\(DemoCompany.people[0].email):Invented-1\n".utf8).write(to: file)
            let failure = Mutex<(any Error)?>(nil)
            _ = try await ingests.read(IngestOrder(paths: [file.path], company: company)) { _ in
                do {
                    // Twice as long as after which it is taken to be dead.
                    for _ in 0..<8 {
                        try await becomesTrue { clock.sleeperCount == 1 }
                        let now = time.withLock { time in
                            time += 30
                            return time
                        }
                        clock.advance(by: .seconds(30))
                        try await becomesTrue {
                            try await owner.first("SELECT seen_at = \(now) FROM ingest_runs WHERE company_id = \(company)", as: Bool.self) == true
                        }
                        // As the schedule does.
                        try await owner.execute(
                            "UPDATE ingest_runs SET status = 'FAILED', finished_at = \(now) WHERE status = 'RUNNING' AND seen_at < \(now.addingTimeInterval(-120))"
                        )
                        let status = try await owner.first("SELECT status::text FROM ingest_runs WHERE company_id = \(company)", as: String.self)
                        #expect(status == "RUNNING")
                    }
                } catch { failure.withLock { $0 = error } }
            }
            if let error = failure.withLock({ $0 }) { throw error }
        }
    }

    @Test func `a company without people, and a path that is not there, are told so`() async throws {
        let empty = try await database.makeCompany()
        await #expect(throws: InvalidInput.self) { try await ingests.read(IngestOrder(paths: ["/dev/null"], company: empty)) { _ in } }
        let company = try await company()
        await #expect(throws: InvalidInput.self) { try await ingests.read(IngestOrder(paths: ["/nowhere"], company: company)) { _ in } }
    }
}
