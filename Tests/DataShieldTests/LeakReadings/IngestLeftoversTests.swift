import Cryptography
import DataShieldTestSupport
import Foundation
import LeakFiles
import Postgres
import Testing

@testable import DataShield

/// What readings leave behind that broke off.
@Suite(.freshDatabase, .serialized) struct IngestLeftoversTests {
    private static let now = Timestamp.parse("2026-06-15T12:00:00.000Z") ?? .distantPast
    private static let day: TimeInterval = 86_400
    private var database: TestDatabase { .current }

    private var ingests: Ingests {
        Ingests(
            database: database.tenant, system: database.system, recorder: Recorder(now: { Self.now }),
            secrets: SecretBox(key: [UInt8](repeating: 7, count: 32)), uploads: IngestUploads(), now: { Self.now })
    }

    private func tick() async throws {
        let schedule = ingests.schedule
        try await database.system.transaction { db in try await schedule.enqueueDue(db) }
    }

    /// A run that said something for the last time so long ago, with a file that is done.
    private func makeRun(
        _ status: WorkStatus, _ trigger: IngestRun.Trigger = .command, ago age: TimeInterval, of company: CompanyID
    ) async throws -> IngestRunID {
        let (id, time) = (IngestRunID(), Self.now.addingTimeInterval(-age))
        let finished = status.isFinished ? time : nil
        try await database.tenant.transaction(for: company) { db in
            let store = IngestStore(db: db)
            try await store.insert(id, trigger, name: "test", by: nil, at: time)
            try await db.execute("UPDATE ingest_runs SET status = \(status), finished_at = \(finished) WHERE id = \(id)")
            let file = IngestedFile(place: [1, 2, 3], isReadAgain: false, lines: 1, machines: 0)
            _ = try await IngestFileStore(db: db).add(file, to: id, IngestCounts(matches: 1, findings: 1), isKnown: false)
        }
        return id
    }

    private func checkpoints(of runs: [CompanyID: IngestRunID]) async throws -> IngestCheckpoints {
        let checkpoints = IngestCheckpoints(system: database.system, source: (0..<16).map { _ in .random(in: 0...255) })
        try await checkpoints.save(.init(runs: Dictionary(uniqueKeysWithValues: runs.map { ($0.key.rawValue, $0.value) })))
        return checkpoints
    }

    private func files(of run: IngestRunID) async throws -> Int {
        try await database.owner.first("SELECT count(*) FROM ingest_files WHERE run_id = \(run)", as: Int.self) ?? -1
    }

    @Test(arguments: [
        // At work, however long it takes.
        (WorkStatus.running, 60.0, true), (.running, 1, true),
        // Left: the same command goes on with it, for a week.
        (.failed, 6 * day, true), (.failed, 8 * day, false),
        // Killed between its end and what is said of it here.
        (.succeeded, 1, false),
    ]) func `a place is kept as long as a reading may go on there, with the files that are done`(
        status: WorkStatus, age: TimeInterval, isKept: Bool
    ) async throws {
        let company = try await database.makeCompany()
        let run = try await makeRun(status, ago: age, of: company)
        let checkpoints = try await checkpoints(of: [company: run])
        try await tick()
        #expect(try await (checkpoints.load() != nil) == isKept)
        #expect(try await (files(of: run) == 1) == isKept)
    }

    @Test func `of several companies the one that is left keeps the place, and a company that is gone does not`() async throws {
        let (one, other) = (try await database.makeCompany(), try await database.makeCompany())
        let ended = try await makeRun(.succeeded, ago: 1, of: one)
        let left = try await makeRun(.failed, ago: Self.day, of: other)
        let checkpoints = try await checkpoints(of: [one: ended, other: left])
        try await tick()
        #expect(try await checkpoints.load()?.runs.count == 2)
        try await database.owner.execute("DELETE FROM companies WHERE id = \(other)")
        try await tick()
        #expect(try await checkpoints.load() == nil)
    }

    @Test func `a reading that is taken to be dead keeps its place, and an upload keeps nothing`() async throws {
        let company = try await database.makeCompany()
        let command = try await makeRun(.running, ago: 121, of: company)
        let upload = try await makeRun(.running, .upload, ago: 121, of: company)
        let alive = try await makeRun(.running, .upload, ago: 119, of: company)
        let checkpoints = try await checkpoints(of: [company: command])
        try await tick()
        let statuses = try await ingests.list(for: Subject(actor: .program("test"), company: company, role: .admin)).items
        #expect(Dictionary(uniqueKeysWithValues: statuses.map { ($0.id, $0.status) }) == [command: .failed, upload: .failed, alive: .running])
        #expect(try await checkpoints.load() != nil)
        #expect(try await [files(of: command), files(of: upload), files(of: alive)] == [1, 0, 1])
    }

    // MARK: Uploads

    private func memoryFile(_ text: String) throws -> MemoryFile {
        let file = try MemoryFile(key: try ingests.keys.uploadKey())
        let bytes = Array(text.utf8)
        // In pieces, as it arrives.
        for start in stride(from: 0, to: bytes.count, by: 7) { try file.append(Array(bytes[start..<min(start + 7, bytes.count)])) }
        return file
    }

    @Test func `a file lies where the same file lay before, and no other`() throws {
        let place = try memoryFile("ada@example.com:Invented-1\n").place
        #expect(try memoryFile("ada@example.com:Invented-1\n").place == place)
        #expect(try memoryFile("ada@example.com:Invented-2\n").place != place)
        let other = try MemoryFile(key: SymmetricKey([UInt8](repeating: 1, count: 32)))
        try other.append(Array("ada@example.com:Invented-1\n".utf8))
        #expect(other.place != place)
    }

    @Test func `an upload that broke off and is sent again is one file, and keeps nothing of the first time`() async throws {
        let domain = "l\(CUID.make(at: Date()).suffix(12)).example"
        let company = try await database.makeCompany(domain: domain)
        _ = try await database.makeEmployee(in: company, email: "ada@\(domain)")
        let text = "ada@\(domain):Invented-1\nada@\(domain):Invented-2\n"
        let ingests = ingests
        func upload() async throws -> WorkStatus {
            let run = IngestRunID()
            try await database.tenant.transaction(for: company) { db in
                try await IngestStore(db: db).insert(run, .upload, name: "list.txt", by: nil, at: Self.now)
            }
            await ingests.read(try memoryFile(text), LeakSource(fileName: "list.txt"), run: run, of: company, threads: 1)
            return try await ingests.find(run, for: Subject(actor: .program("test"), company: company, role: .admin)).status
        }
        // It breaks off when all is recorded, and before the file is known by its content.
        try await database.owner.execute(
            """
            CREATE FUNCTION break_off() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'broken off'; END $$
            """)
        try await database.owner.execute("CREATE TRIGGER break_off BEFORE UPDATE OF digest ON leak_files FOR EACH ROW EXECUTE FUNCTION break_off()")
        #expect(try await upload() == .failed)
        try await database.owner.execute("DROP TRIGGER break_off ON leak_files")
        try await database.owner.execute("DROP FUNCTION break_off()")
        let seen: SQL = """
            SELECT count(*) FROM leak_sightings s JOIN leaked_credentials c ON c.company_id = s.company_id AND c.id = s.credential_id
            WHERE c.company_id = \(company) GROUP BY c.id
            """
        #expect(try await database.owner.query(seen, as: Int.self) == [1, 1])
        #expect(try await upload() == .succeeded)
        #expect(try await database.owner.query(seen, as: Int.self) == [1, 1])
        #expect(try await database.owner.first("SELECT count(*) FROM leak_files WHERE company_id = \(company)", as: Int.self) == 1)
        #expect(try await database.owner.first("SELECT count(*) FROM ingest_files WHERE company_id = \(company)", as: Int.self) == 0)
    }
}
