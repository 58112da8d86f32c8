import DataShieldTestSupport
import Foundation
import LeakFiles
import Postgres
import Testing

@testable import DataShield

/// Text beside an address that nobody understands: what is recorded of it, and what is said.
@Suite(.freshDatabasePerTest) struct UnreadTextRecordingTests {
    private var database: TestDatabase { .current }

    private var ingests: Ingests {
        Ingests(
            database: database.tenant, system: database.system, recorder: Recorder(), secrets: SecretBox(key: [UInt8](repeating: 7, count: 32)),
            uploads: IngestUploads())
    }

    private func read(_ files: [String: String], of company: CompanyID) async throws -> IngestReport {
        try await withScratchFolder { folder in
            for (name, text) in files { try Data(text.utf8).write(to: folder.appendingPathComponent(name)) }
            return try await ingests.read(IngestOrder(paths: [folder.path], company: company, threads: 2)) { _ in }
        }
    }

    /// Each person with state, reason, and how their alert stands.
    private func found(in company: CompanyID) async throws -> [String] {
        try await database.owner.query(
            """
            SELECT concat_ws(' ', split_part(e.email, '@', 1), r.state, r.state_reason, a.status, a.state) FROM breach_records r
            JOIN employees e ON e.company_id = r.company_id AND e.id = r.employee_id
            JOIN alerts a ON a.company_id = r.company_id AND a.employee_id = r.employee_id AND a.breach_id = r.breach_id
            WHERE r.company_id = \(company) ORDER BY 1
            """, as: String.self)
    }

    private func company(_ people: [String]) async throws -> CompanyID {
        let company = try await database.makeCompany(domain: "acme.test")
        for name in people { _ = try await database.makeEmployee(in: company, email: "\(name)@acme.test") }
        return company
    }

    private static let list = """
        Lines of all kinds.
        ann@acme.test
        Write to bob@acme.test about Summer24
        cid@acme.test:Zq7Canary1!
        https://x.example <dan@acme.test> Zq7Canary2!
        Email: <eve@acme.test>
        Password: Zq7Canary3!

        (1,'fay@acme.test','Zq7Canary4!'),
        1,<gus@acme.test>,Zq7Canary5!
        email=hal@acme.test&password=Zq7Canary6!
        Ivy Doe <ivy@acme.test>

        """

    @Test func `a line that was not understood is not known to be harmless, and is counted`() async throws {
        let company = try await company(["ann", "bob", "cid", "dan", "eve", "fay", "gus", "hal", "ivy"])
        let report = try await read(["list.txt": Self.list], of: company)
        #expect(
            try await found(in: company) == [
                "ann NO_CREDENTIAL NO_CREDENTIAL OPEN NO_CREDENTIAL", "bob UNKNOWN TEXT_NOT_READ OPEN UNKNOWN",
                "cid UNKNOWN PASSWORD_NOT_KNOWN OPEN UNKNOWN", "dan UNKNOWN PASSWORD_NOT_KNOWN OPEN UNKNOWN",
                "eve UNKNOWN PASSWORD_NOT_KNOWN OPEN UNKNOWN", "fay UNKNOWN PASSWORD_NOT_KNOWN OPEN UNKNOWN",
                "gus UNKNOWN PASSWORD_NOT_KNOWN OPEN UNKNOWN", "hal UNKNOWN PASSWORD_NOT_KNOWN OPEN UNKNOWN",
                "ivy NO_CREDENTIAL NO_CREDENTIAL OPEN NO_CREDENTIAL",
            ])
        #expect(report.matches == 9 && report.findings == 9 && report.newCredentials == 6)
        #expect(report.unread == 1)
        #expect(report.unreadText?.hasPrefix("1: the text beside the address fits no layout") == true)
        // Nothing of it is kept but that it is there.
        let kept = try await database.owner.query(
            "SELECT concat(c::text, r::text) FROM leaked_credentials c JOIN breach_records r ON r.id = c.record_id", as: String.self)
        #expect(kept.count == 7)
        for secret in ["Summer24", "Zq7Canary"] { #expect(!kept.contains { $0.contains(secret) }) }
    }

    @Test func `the same text again changes nothing, and another text does`() async throws {
        let company = try await company(["bob"])
        #expect(try await read(["a.txt": "Write to bob@acme.test about Summer24\n"], of: company).newRecords == 1)
        // Once more, as part of another file.
        let again = try await read(["b.txt": "Some words.\nWrite to bob@acme.test about Summer24\n"], of: company)
        #expect(again.newRecords == 0 && again.newCredentials == 0 && again.unread == 1)
        #expect(try await database.owner.query("SELECT count(*) FROM leaked_credentials WHERE is_unread", as: Int.self) == [1])
        #expect(try await database.owner.query("SELECT count(*) FROM leak_sightings", as: Int.self) == [2])
        _ = try await read(["c.txt": "Write to bob@acme.test about Winter25\n"], of: company)
        #expect(try await database.owner.query("SELECT count(*) FROM leaked_credentials WHERE is_unread", as: Int.self) == [2])
    }

    @Test func `a password that was changed after the file was read settles it, and one changed before does not`() async throws {
        let company = try await company(["bob", "eve"])
        _ = try await read(["a.txt": "Write to bob@acme.test about Summer24\nAnd to eve@acme.test as well\n"], of: company)
        let directory = try await database.makeDirectoryConnection(in: company)
        try await database.system.execute(
            """
            UPDATE employees SET source_connection_id = \(directory), external_id = id,
                password_changed_at = CASE WHEN email LIKE 'bob@%' THEN now() + interval '1 hour' ELSE '2020-01-01' END
            WHERE company_id = \(company)
            """)
        #expect(
            try await found(in: company) == [
                "bob NEUTRALISED PASSWORD_CHANGED RESOLVED NEUTRALISED", "eve UNKNOWN TEXT_NOT_READ OPEN UNKNOWN",
            ])
        let subject = Subject(actor: .program("test"), company: company, role: .viewer)
        let bob = try #require(
            try await database.owner.first("SELECT id FROM employees WHERE email = 'bob@acme.test' AND company_id = \(company)", as: EmployeeID.self))
        let words = try await Breaches(database: database.tenant).records(of: bob, for: subject).map(\.liveness.words)
        #expect(words.count == 1 && words[0].contains("was not understood. After that the password was changed"))
    }

    @Test func `a password that is read later takes the place of the text`() async throws {
        let company = try await company(["bob"])
        _ = try await read(["a.txt": "Write to bob@acme.test about Summer24\n"], of: company)
        #expect(try await found(in: company) == ["bob UNKNOWN TEXT_NOT_READ OPEN UNKNOWN"])
        _ = try await read(["b.txt": "bob@acme.test:Zq7Canary!\n"], of: company)
        #expect(try await found(in: company) == ["bob UNKNOWN PASSWORD_NOT_KNOWN OPEN UNKNOWN"])
    }

    @Test func `pages and API say that it is not known`() async throws {
        try await withServer(as: .admin) { client in
            let domain = try #require(try await database.system.first("SELECT domain FROM companies WHERE id = \(client.company)", as: String.self))
            let bob = try await database.makeEmployee(in: client.company, email: "bob@\(domain)")
            let answer = try await client.send(
                "POST", "/api/ingest?fileName=a.txt", body: Array("Write to bob@\(domain) about Summer24\n".utf8),
                contentType: "application/octet-stream")
            let id = try answer.decode(IngestRun.Response.self).id
            _ = try await client.get("/api/ingest/\(id)/events")
            let run = try await client.get("/api/ingest/\(id)").decode(IngestRun.Response.self)
            #expect(run.report.unread == 1)
            let page = try await client.get("/ingest/\(id)").text
            #expect(page.contains("Lines not understood") && page.contains("a password may be in it"))
            #expect(page.contains("href=\"/employees?unreadIn=\(id)\""))
            let records = try await client.get("/api/employees/\(bob)/records").decode(Page<Breaches.RecordResponse>.self).items
            #expect(records.map(\.liveness.state) == [.unknown] && records.map(\.liveness.reason) == [.textNotRead])
            #expect(records.first?.liveness.text.contains("The text beside it was not understood: a password may be in it.") == true)
            let credentials = try await client.get("/api/employees/\(bob)/credentials").decode(Page<LeakedCredential>.self).items
            #expect(credentials.map(\.isUnread) == [true] && credentials.map(\.secretKind) == [nil])
            let person = try await client.get("/employees/\(bob)").text
            #expect(person.contains("The text beside it was not understood"))
            #expect(person.contains("not known: the text was not understood"))
            #expect(!person.contains("nobody can sign in with it") && !person.contains("no password"))
            let alert = try #require(records.first?.alertId)
            let alertPage = try await client.get("/alerts/\(alert)").text
            #expect(alertPage.contains("The text beside it was not understood") && !alertPage.contains("nobody can sign in with it"))
        }
    }

    /// The people whom the list shows for a reading.
    private func listed(_ client: TestClient, _ id: IngestRunID) async throws -> [String] {
        try await client.get("/api/employees?unreadIn=\(id)").decode(Page<EmployeeResponse>.self).items
            .map { String($0.email.prefix { $0 != "@" }) }.sorted()
    }

    private func upload(_ client: TestClient, _ name: String, _ text: String) async throws -> IngestRun.Response {
        let answer = try await client.send(
            "POST", "/api/ingest?fileName=\(name)", body: Array(text.utf8), contentType: "application/octet-stream")
        let id = try answer.decode(IngestRun.Response.self).id
        _ = try await client.get("/api/ingest/\(id)/events")
        return try await client.get("/api/ingest/\(id)").decode(IngestRun.Response.self)
    }

    @Test func `the page of a reading leads to the people whom its lines are about, and to nobody else`() async throws {
        try await withServer(as: .admin) { client in
            let domain = try #require(try await database.system.first("SELECT domain FROM companies WHERE id = \(client.company)", as: String.self))
            for name in ["ann", "bob", "cid", "dan"] { _ = try await database.makeEmployee(in: client.company, email: "\(name)@\(domain)") }
            let first = try await upload(
                client, "a.txt",
                "Write to ann@\(domain) about Summer24\nAnd to ann@\(domain) again, with 17\ncid@\(domain):Zq7Canary!\nAsk bob@\(domain) for Zq7\n")
            let second = try await upload(client, "b.txt", "Write to dan@\(domain) about Summer24\nbob@\(domain):Zq7Canary!\n")
            let none = try await upload(client, "c.txt", "cid@\(domain):Zq7Canary!\n")
            #expect(first.report.unread == 3 && second.report.unread == 1 && none.report.unread == nil)
            #expect(try await listed(client, first.id) == ["ann", "bob"])
            #expect(try await listed(client, second.id) == ["dan"])
            #expect(try await listed(client, none.id) == [] && none.report.unreadFiles == nil)
            #expect(try await !client.get("/ingest/\(none.id)").text.contains("unreadIn"))
            // The filter stays while others are chosen, and leads back.
            let page = try await client.get("/employees?unreadIn=\(first.id)").text
            #expect(page.contains("name=\"unreadIn\" value=\"\(first.id)\"") && page.contains("href=\"/ingest/\(first.id)\""))
            #expect(page.contains("ann@\(domain)") && !page.contains("dan@\(domain)"))
            // What one file tells is told by one of the same content.
            let again = try await upload(client, "d.txt", "Write to dan@\(domain) about Summer24\nbob@\(domain):Zq7Canary!\n")
            #expect(again.report.unread == nil || again.report.unread == 1)
            #expect(try await listed(client, again.id) == (again.report.unread == nil ? [] : ["dan"]))
            // Another company's reading has nobody.
            let other = try await database.makeCompany()
            let (run, file) = (IngestRunID(), try #require(first.report.unreadFiles?.first))
            try await database.owner.execute(
                """
                INSERT INTO ingest_runs (id, company_id, status, trigger, name, report)
                VALUES (\(run), \(other), 'RUNNING', 'upload', 'x', jsonb_build_object('unreadFiles', jsonb_build_array(\(file)::text)))
                """)
            #expect(try await listed(client, run) == [])
        }
    }

    @Test func `a reading keeps so many files, and says when there are more`() {
        var report = IngestReport()
        let files = (0..<1_001).map { _ in LeakFileID() }
        for file in files.dropLast() { report.addUnread(in: file) }
        report.addUnread(in: files[0])
        #expect(report.unreadFiles == files.dropLast())
        report.replaceUnread(files[1], with: files[2])
        #expect(report.unreadFiles?.count == 999)
        report.replaceUnread(files[3], with: files[1_000])
        #expect(report.unreadFiles?.contains(files[3]) == false && report.unreadFiles?[2] == files[1_000])
        report.addUnread(in: files[1])
        report.addUnread(in: files[3])
        #expect(report.unreadFiles == [])
        report.addUnread(in: files[4])
        #expect(report.unreadFiles == [])
    }
}
