import DataShieldTestSupport
import Foundation
import Logging
import Postgres
import Testing

@testable import DataShield

/// From the file to the preview, to the button, to the rows that did not go in.
@Suite(.freshDatabase) struct StaffPreviewTests {
    private let database = TestDatabase.current
    private static let list = """
        Staff list of ACME,,,
        Email Address [Required],Name,Status,Shoe size
        ann@acme.test,Ann Lee,Active,39
        bob@acme.test,Bob Stone,Suspended,
        cem@acme.test,Cem Ar,Full-time,
        nobody,=1+1,Active,

        """

    private func upload(_ client: TestClient, _ text: String = list, name: String = "staff.csv") async throws -> TestClient.Answer {
        let head = "--b\r\nContent-Disposition: form-data; name=\"file\"; filename=\"\(name)\"\r\n\r\n"
        return try await client.send(
            "POST", "/employees/import", body: Array("\(head)\(text)\r\n--b--\r\n".utf8), contentType: "multipart/form-data; boundary=b")
    }

    /// Uploads a list and says where its preview is.
    private func previewed(_ client: TestClient, _ text: String = list, name: String = "staff.csv") async throws -> String {
        let answer = try await upload(client, text, name: name)
        try #require(answer.status == 303, "\(answer.text)")
        return try #require(answer.header("Location"))
    }

    private func people(_ company: CompanyID) async throws -> [String] {
        try await database.owner.query("SELECT email FROM employees WHERE company_id = \(company) ORDER BY email", as: String.self)
    }

    @Test func `a list is shown before it is written, written once, and its other rows are downloaded`() async throws {
        try await withServer { client in
            let url = try await previewed(client)
            let page = try await client.get(url)
            #expect(page.status == 200)
            for words in [
                "What would change", "staff.csv", "Nothing is saved yet", "Save the changes", "Shoe size", "Full-time (1 row)",
                "ann@acme.test",
                "The headings are on line 2", "not read", "Rows not imported", "Rows left out",
            ] { #expect(page.text.contains(words), "\(words)") }
            #expect(try await people(client.company).isEmpty)

            let written = try await client.send("POST", url, body: [], contentType: "application/x-www-form-urlencoded")
            #expect(written.status == 303)
            #expect(try await people(client.company) == ["ann@acme.test", "cem@acme.test"])
            let done = try await client.get(url)
            #expect(done.text.contains("What changed"))
            #expect(!done.text.contains("Save the changes"))

            // The button twice, ten times at once: it is done once.
            _ = try await client.send("POST", url, body: [], contentType: "application/x-www-form-urlencoded")
            let events = try await Audit(database: database.tenant).list(for: Subject(actor: .program("test"), company: client.company, role: .admin))
            #expect(events.items.filter { $0.action == "employees.imported" }.count == 1)

            let file = try await client.get("\(url)/rejected")
            #expect(file.header("Content-Type") == "text/csv; charset=utf-8")
            let (records, _) = try CSVReaderTests.read(file.bytes, by: 4_096)
            #expect(records.dropFirst().map { Array($0.fields[0...1]) } == [["4", "left out"], ["6", "refused"]])
            #expect(records.last?.fields[5] == "'=1+1")
        }
    }

    @Test func `the page and the API tell what was passed over, and which rows contradict themselves`() async throws {
        let list = """
            Work Email,Home Email,Status,Enabled,Name,Name,
            ann@acme.test,ann@home.example,Terminated,True,Ann Lee,Ann Lea,7
            bob@acme.test,bob@home.example,Active,True,Bob Stone,Bob Stone,
            cem@@acme.test,,Active,True,Cem Ar,,

            """
        try await withServer { client in
            let url = try await previewed(client, list)
            let preview = try await client.get(url).text
            _ = try await client.send("POST", url, body: [], contentType: "application/x-www-form-urlencoded")
            let written = try await client.get(url).text
            for page in [preview, written] {
                for words in [
                    "Other addresses of people in the list", "Home Email beside Work Email (2 rows: lines 2, 3)",
                    "Columns that contradict another one", "Name (column 6) beside Name (column 5) (line 2)",
                    "Cells without a heading", "column 7 (line 2)", "Rows that contradict themselves",
                    "Status says that they have left, Enabled that they are there. Neither counts",
                ] { #expect(page.contains(words), "\(words)") }
            }
            let report = try await client.send("POST", "/api/employees/import?preview=true", body: Array(list.utf8), contentType: "text/csv")
            let decoded = try report.decode(ImportReport.self)
            #expect(decoded.passedOver.map(\.reason) == [.notWatched, .differs, .noHeading] && decoded.passedOverCount == 4)
            #expect(decoded.contradictions.map(\.line) == [2] && decoded.contradictionCount == 1)
        }
    }

    @Test func `a preview that another version of the program made is none any more`() async throws {
        try await withServer { client in
            let url = try await previewed(client)
            let id = try #require(url.split(separator: "/").last.map { String($0) })
            let secrets = SecretBox(key: [UInt8](repeating: 7, count: 32))
            let sealed = try secrets.seal(
                Array("{\"fileName\":\"x\",\"report\":{\"rows\":1}}".utf8),
                at: .init(company: client.company, table: "staff_previews", column: "report", row: id))
            try await database.owner.execute("UPDATE staff_previews SET report = \(sealed) WHERE id = \(id)")
            let page = try await client.get(url)
            #expect(page.status == 404 && page.text.contains("There is no such preview any more"))
        }
    }

    @Test func `many at once write it once`() async throws {
        try await withServer { client in
            let url = try await previewed(client)
            let statuses = try await withThrowingTaskGroup(of: Int.self) { group in
                for _ in 0..<6 { group.addTask { try await client.send("POST", url, body: [], contentType: "text/plain").status } }
                return try await group.reduce(into: []) { $0.append($1) }
            }
            #expect(statuses == Array(repeating: 303, count: 6))
            let audits = try await database.owner.first(
                "SELECT count(*) FROM audit_events WHERE company_id = \(client.company) AND action = 'employees.imported'", as: Int.self)
            #expect(audits == 1)
        }
    }

    @Test func `what is not as it was shown is not written, and is shown anew`() async throws {
        try await withServer { client in
            let url = try await previewed(client)
            _ = try await database.makeEmployee(in: client.company, email: "ann@acme.test", firstName: "Ann", lastName: "Lee")
            let refused = try await client.send("POST", url, body: [], contentType: "text/plain")
            #expect(refused.status == 409)
            #expect(refused.text.contains("The staff list has changed since the preview was made"))
            #expect(try await people(client.company) == ["ann@acme.test"])
            #expect(try await client.send("POST", url, body: [], contentType: "text/plain").status == 303)
            #expect(try await people(client.company) == ["ann@acme.test", "cem@acme.test"])
        }
    }

    @Test func `a preview is its user's alone, and nobody's who may not`() async throws {
        try await withServer { client in
            let url = try await previewed(client)
            let stranger = try await client.signedIn(as: .admin, in: database.makeCompany())
            let colleague = try await client.signedIn(as: .admin)
            for other in [stranger, colleague] {
                for path in [url, "\(url)/rejected"] {
                    let answer = try await other.get(path)
                    #expect(answer.status == 404 && !answer.text.contains("ann@acme.test"))
                }
                #expect(try await other.send("POST", url, body: [], contentType: "text/plain").status == 404)
                #expect(try await other.send("POST", "\(url)/discard", body: [], contentType: "text/plain").status == 404)
            }
            let viewer = try await client.signedIn(as: .viewer)
            #expect(try await viewer.get(url).status == 403)
            #expect(try await viewer.send("POST", url, body: [], contentType: "text/plain").status == 403)
            #expect(try await upload(viewer).status == 403)
            #expect(try await client.anonymous.get(url).status == 303)
            let foreign = try await client.send(
                "POST", url, body: [], contentType: "text/plain", headers: [("Sec-Fetch-Site", "cross-site")])
            #expect(foreign.status == 403)
            #expect(try await people(client.company).isEmpty)
            #expect(try await client.get("/employees/import/\(StaffPreview.ID())").status == 404)
            #expect(try await client.get("/employees/import/x").status == 404)
        }
    }

    @Test func `a preview lies sealed, is replaced by the next, and is gone when it is thrown away or an hour old`() async throws {
        let clock = MovableClock()
        try await withServer(now: clock.now) { client in
            let first = try await previewed(client)
            let sealed = try await database.owner.query(
                """
                SELECT report FROM staff_previews WHERE company_id = \(client.company)
                UNION ALL SELECT piece FROM staff_preview_pieces WHERE company_id = \(client.company)
                """, as: [UInt8].self)
            #expect(sealed.count == 2)
            #expect(sealed.allSatisfy { !String(decoding: $0, as: UTF8.self).contains("acme") })
            let second = try await previewed(client)
            #expect(try await client.get(first).status == 404)
            #expect(try await client.send("POST", "\(second)/discard", body: [], contentType: "text/plain").status == 303)
            #expect(try await client.get(second).status == 404)
            let third = try await previewed(client)
            clock.advance(StaffPreview.life + 1)
            let late = try await client.send("POST", third, body: [], contentType: "text/plain")
            #expect(late.status == 404 && late.text.contains("Choose the file again"))
            #expect(try await people(client.company).isEmpty)
            try await StaffPreviewUpkeep(system: database.system, logger: Logger(label: "test"), now: clock.now).tidy()
            let left = try await database.owner.first(
                "SELECT count(*) FROM staff_preview_pieces WHERE company_id = \(client.company)", as: Int.self)
            #expect(left == 0)
        }
    }

    @Test(arguments: [
        ("", "The file is empty"), ("name,phone\nAnn,1\n", "Found: name, phone"), ("PK\u{3}\u{4}rest", "workbook"),
        ("ann@acme.test,Ann\n", "has to name the columns"),
    ]) func `a file that is no list is refused where it was chosen`(_ text: String, _ words: String) async throws {
        try await withServer { client in
            let answer = try await upload(client, text)
            #expect(answer.status == 422)
            #expect(answer.text.contains(words))
        }
    }

    @Test func `what a file is not to blame for is not said of the file`() {
        let ofTheServer: [any FeatureError] = [SpoolFailure.diskFull, SpoolFailure.cannotBeKept]
        for failure in ofTheServer { #expect(!StaffListPages.isOfTheFile(failure)) }
        let ofTheFile: [any FeatureError] = [
            Employees.Failure.notCSV, Employees.Failure.workbook, Employees.Failure.tooLarge(limit: 1), HTTPFailure.badRequest("x"),
            HTTPFailure.bodyTooSlow(seconds: 1),
        ]
        for failure in ofTheFile { #expect(StaffListPages.isOfTheFile(failure)) }
    }

    @Test(arguments: [("53100", 503), ("XX000", 500)])
    func `a database that fails at an upload is told as that`(state: String, status: Int) async throws {
        try await withServer { client in
            let name = "no_room_\(CUID.make(at: Date()))"
            try await database.owner.execute(
                """
                CREATE FUNCTION \(identifier: name)() RETURNS trigger LANGUAGE plpgsql AS
                $$ BEGIN RAISE EXCEPTION 'as asked' USING ERRCODE = TG_ARGV[0]; END $$
                """)
            try await database.owner.execute(
                """
                CREATE TRIGGER \(identifier: name) BEFORE INSERT ON staff_previews FOR EACH ROW
                WHEN (NEW.company_id = '\(unsafe: client.company.rawValue)') EXECUTE FUNCTION \(identifier: name)('\(unsafe: state)')
                """)
            let answer = try await upload(client)
            try await database.owner.execute("DROP TRIGGER \(identifier: name) ON staff_previews")
            #expect(answer.status == status)
            #expect(!answer.text.contains("Choose a file"))
        }
    }

    @Test func `hostile names stand as text in the preview`() async throws {
        try await withServer { client in
            let name = "<img src=x onerror=alert(1)>" + String(repeating: "W", count: 60)
            let url = try await previewed(
                client, "email,name,status,<u>\nann@acme.test,\(name),<i>odd</i>,1\nnobody,\(name),,\n", name: "<script>.csv")
            let page = try await client.get(url).text
            for markup in ["<img src=x", "<i>odd", "<u>", "<script>.csv"] { #expect(!page.contains(markup), "\(markup)") }
        }
    }

    @Test func `the API previews, and gives the rows that would not go in`() async throws {
        try await withServer { client in
            let bytes = Array(Self.list.utf8)
            let preview = try await client.send("POST", "/api/employees/import?preview=true", body: bytes, contentType: "text/csv")
            let report = try preview.decode(ImportReport.self)
            #expect(report.isPreview && report.added == 2 && report.leftOutCount == 1 && report.rejectedCount == 1)
            #expect(report.ignoredColumns == ["Shoe size"] && report.unknownStatuses == [.init(word: "Full-time", rows: 1)])
            #expect(try await people(client.company).isEmpty)
            let rows = try await client.send("POST", "/api/employees/import/rejected", body: bytes, contentType: "text/csv")
            #expect(rows.status == 200 && rows.header("Content-Type") == "text/csv; charset=utf-8")
            #expect(try CSVReaderTests.read(rows.bytes, by: 4_096).records.map { $0.fields[0] } == ["line", "4", "6"])
            let odd = try await client.send("POST", "/api/employees/import?preview=perhaps", body: bytes, contentType: "text/csv")
            #expect(odd.status == 422)
            let viewer = try await client.signedIn(as: .viewer)
            for path in ["/api/employees/import?preview=true", "/api/employees/import/rejected"] {
                #expect(try await viewer.send("POST", path, body: bytes, contentType: "text/csv").status == 403)
            }
        }
    }
}
