import DataShieldTestSupport
import Foundation
import LeakFiles
import Postgres
import Sandbox
import Synchronization
import Testing

@testable import DataShield

/// A reading that is left in the middle, and taken up again.
@Suite(.freshDatabase, .serialized) struct IngestResumeTests {
    private var database: TestDatabase { .current }
    private struct Killed: Error {}

    private var ingests: Ingests {
        Ingests(
            database: database.tenant, system: database.system, recorder: Recorder(), secrets: SecretBox(key: [UInt8](repeating: 7, count: 32)),
            uploads: IngestUploads())
    }

    /// Who is in what, how severe, and how often it was seen; without ids and times.
    private func exposure(_ company: CompanyID) async throws -> [String] {
        try await database.owner.query(
            """
            SELECT concat_ws(' ', split_part(e.email, '@', 1), b.name, array_to_string(r.exposed_data, ','), r.evidence::text, a.severity,
                a.confidence, c.login, array_to_string(c.sites, ','), c.secret_kind, c.length_class,
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

    @Test func `a company without people, and a path that is not there, are told so`() async throws {
        let empty = try await database.makeCompany()
        await #expect(throws: InvalidInput.self) { try await ingests.read(IngestOrder(paths: ["/dev/null"], company: empty)) { _ in } }
        let company = try await company()
        await #expect(throws: InvalidInput.self) { try await ingests.read(IngestOrder(paths: ["/nowhere"], company: company)) { _ in } }
    }
}
