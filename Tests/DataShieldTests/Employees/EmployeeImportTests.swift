import DataShieldTestSupport
import Foundation
import Postgres
import Testing

@testable import DataShield

/// Bytes in pieces, as they come over a network.
struct Pieces: AsyncSequence, Sendable {
    let bytes: [UInt8]
    let size: Int

    init(_ text: String, size: Int = 1_000) {
        bytes = Array(text.utf8)
        self.size = size
    }

    init(_ bytes: [UInt8], size: Int = 1_000) {
        self.bytes = bytes
        self.size = size
    }

    func makeAsyncIterator() -> Iterator { Iterator(pieces: self) }

    struct Iterator: AsyncIteratorProtocol {
        let pieces: Pieces
        var start = 0
        mutating func next() async -> ArraySlice<UInt8>? {
            guard start < pieces.bytes.count else { return nil }
            defer { start += pieces.size }
            return pieces.bytes[start..<Swift.min(start + pieces.size, pieces.bytes.count)]
        }
    }
}

@Suite(.freshDatabase) struct EmployeeImportTests {
    let database = TestDatabase.current
    var employees: Employees { Employees(database: database.tenant) }

    func makeAdmin() async throws -> Subject {
        Subject(actor: .program("test"), company: try await database.makeCompany(), role: .admin)
    }

    func all(_ subject: Subject) async throws -> [Employee] { try await employees.list(limit: 200, for: subject).items }

    @Test(arguments: [("UTC", true), ("Pacific/Kiritimati", false), ("America/Los_Angeles", true)])
    func `a last day is over when it is over by the company's clock`(zone: String, isThere: Bool) async throws {
        let admin = try await makeAdmin()
        try await database.owner.execute("UPDATE companies SET timezone = \(zone) WHERE id = \(admin.company)")
        // The first of December on Kiritimati, and the last of November everywhere else.
        let moment = try #require(Timestamp.parse("2026-11-30T12:00:00.000Z"))
        let employees = Employees(database: database.tenant) { moment }
        let list = Pieces("email,Termination date\nann@acme.example,2026-11-30\n")
        _ = try await employees.importCSV(list, by: admin)
        #expect(try await all(admin).contains { $0.deactivatedAt == nil } == isThere)
    }

    @Test(arguments: [1, .max]) func `an import that meets a deadlock is done again as a whole, or not at all`(failures: Int) async throws {
        let company = try await database.makeCompany()
        let admin = Subject(actor: .program("test"), company: company, role: .admin)
        let name = "deadlock_\(CUID.make(at: Date()))"
        // Counts attempts past their end: a sequence forgets nothing when a transaction is undone.
        try await database.owner.execute("CREATE SEQUENCE \(identifier: name)")
        try await database.owner.execute(
            """
            CREATE FUNCTION \(identifier: name)() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER AS $$
            BEGIN
                IF nextval(TG_NAME::text::regclass) <= TG_ARGV[0]::bigint THEN RAISE EXCEPTION 'as in a deadlock' USING ERRCODE = '40P01'; END IF;
                RETURN NULL;
            END $$
            """)
        try await database.owner.execute(
            """
            CREATE TRIGGER \(identifier: name) AFTER INSERT ON employees FOR EACH ROW WHEN (NEW.company_id = '\(unsafe: company.rawValue)')
            EXECUTE FUNCTION \(identifier: name)('\(unsafe: "\(failures)")')
            """)
        let file = Pieces("email\n" + (0..<500).map { "p\($0)@deadlock.example\n" }.joined(), size: 700)
        let attempts: SQL = "SELECT last_value FROM \(identifier: name)"
        if failures == 1 {
            let report = try await employees.importCSV(file, by: admin)
            #expect(numbers(report.rows, report.added, report.rejectedCount) == [500, 500, 0])
            #expect(try await database.owner.first(attempts, as: Int.self) == 501)
        } else {
            let error = await #expect(throws: PostgresError.self) { try await employees.importCSV(file, by: admin) }
            #expect(error?.sqlState == .deadlockDetected)
            #expect(try await database.owner.first(attempts, as: Int.self) == 4)
        }
        let people = try await database.owner.first("SELECT count(*) FROM employees WHERE company_id = \(company)", as: Int.self)
        #expect(people == (failures == 1 ? 500 : 0))
        let events = try await database.owner.first("SELECT count(*) FROM audit_events WHERE company_id = \(company)", as: Int.self)
        #expect(events == (failures == 1 ? 1 : 0))
        try await database.owner.execute("DROP TRIGGER \(identifier: name) ON employees")
    }

    @Test func `a list goes in, and the same list again changes nothing`() async throws {
        let admin = try await makeAdmin()
        let file = #"""
            Last Name;First Name;E-Mail;Abteilung;VIP;MFA
            Doe;Jane;Jane.Doe@Acme.example;R&D;yes;no
            "Smith; Jr.";"John ""JJ""";john@acme.example;"Sales
            North";;

            Müller;Zoë;zoë@müller.example;;no;yes
            """#
        let first = try await employees.importCSV(Pieces(file, size: 3), by: admin)
        #expect(first.rows == 3)
        #expect(first.added == 3)
        #expect(first.changed == 0)
        #expect(first.rejectedCount == 0)
        let people = try await all(admin)
        #expect(people.map(\.email.text) == ["jane.doe@acme.example", "zoë@xn--mller-kva.example", "john@acme.example"])
        #expect(people.map(\.department) == ["R&D", nil, "Sales North"])
        #expect(people.map(\.isVip) == [true, false, false])
        #expect(people.map(\.mfaEnabled) == [false, true, nil])
        #expect(people[2].firstName == "John \"JJ\"")
        #expect(people[2].lastName == "Smith; Jr.")

        let versions = try await database.owner.query("SELECT xmin::text FROM employees WHERE company_id = \(admin.company)", as: String.self)
        let second = try await employees.importCSV(Pieces(file), by: admin)
        #expect(second.added == 0)
        #expect(second.changed == 0)
        #expect(second.unchanged == 3)
        // Not one row was written, not even with what it had.
        #expect(try await all(admin) == people)
        let after = try await database.owner.query("SELECT xmin::text FROM employees WHERE company_id = \(admin.company)", as: String.self)
        #expect(after.sorted() == versions.sorted())
    }

    @Test func `only what is different is changed, and an absent column blanks nothing`() async throws {
        let admin = try await makeAdmin()
        _ = try await employees.importCSV(
            Pieces("email,first name,last name,department,title,mfa,vip\na@x.example,A,One,Sales,Rep,yes,yes\nb@x.example,B,Two,Sales,Rep,no,no\n"),
            by: admin)
        let before = try await all(admin)
        let report = try await employees.importCSV(Pieces("mail,department\na@x.example,Sales\nb@x.example,Support\nc@x.example,\n"), by: admin)
        #expect(report.added == 1)
        #expect(report.changed == 1)
        #expect(report.unchanged == 1)
        let after = try await all(admin).filter { $0.email.text != "c@x.example" }
        #expect(after[0] == before[0])
        #expect(after[1].department == "Support")
        #expect(after[1].title == "Rep")
        #expect(after[1].firstName == "B")
        #expect(after[1].mfaEnabled == false)
        #expect(after[1].updatedAt > before[1].updatedAt)

        // An empty cell takes a department away; an empty name says nothing.
        _ = try await employees.importCSV(Pieces("email,first name,department\na@x.example,,\n"), by: admin)
        let cleared = try await all(admin).first { $0.email.text == "a@x.example" }
        #expect(cleared?.department == nil)
        #expect(cleared?.firstName == "A")
    }

    @Test func `bad rows are reported with line and reason, and the good ones go in`() async throws {
        let admin = try await makeAdmin()
        let file =
            "email,name,mfa\nok@x.example,Ok Person,yes\nnot an address,X,\n,Nobody,\n\"open@x.example,Y,\nlast@x.example,Last One,perhaps\n"
            + "fine@x.example,Fine Person,\na@x.example,b,c,d\n"
        let report = try await employees.importCSV(Pieces(file, size: 7), by: admin)
        #expect(report.rows == 7)
        #expect(report.added == 2)
        #expect(report.rejectedCount == 5)
        #expect(report.rejected.map(\.line) == [3, 4, 5, 6, 8])
        #expect(report.rejected.map(\.field) == ["email", "email", nil, "mfaEnabled", nil])
        #expect(report.rejected.allSatisfy { !$0.reason.isEmpty && !$0.reason.contains("x.example") })
        #expect(try await all(admin).map(\.email.text).sorted() == ["fine@x.example", "ok@x.example"])
    }

    @Test func `the list of rejections is capped, their number is not`() async throws {
        let admin = try await makeAdmin()
        let file = "email\n" + String(repeating: "nobody\n", count: 350) + "jane@x.example\n"
        let report = try await employees.importCSV(Pieces(file), by: admin)
        #expect(report.rejectedCount == 350)
        #expect(report.rejected.count == ImportReport.listed)
        #expect(report.added == 1)
    }

    @Test func `of an address that is there twice the last row counts`() async throws {
        let admin = try await makeAdmin()
        let file = "email,department\njane@x.example,One\njohn@x.example,Sales\nJANE@x.example,Two\n\"\"\"jane\"\"@x.example\",Three\n"
        let report = try await employees.importCSV(Pieces(file), by: admin)
        #expect(report.added == 2)
        #expect(report.duplicateCount == 2)
        #expect(report.duplicateLines == [2, 4])
        #expect(try await all(admin).first { $0.email.text == "jane@x.example" }?.department == "Three")
    }

    @Test func `who was hired again is there, in whatever order the two rows stand`() async throws {
        let rows = ["jane@x.example,Ops,Active", "jane@x.example,Old,Terminated"]
        for order in [rows, rows.reversed()] {
            let admin = try await makeAdmin()
            let report = try await employees.importCSV(Pieces((["email,department,status"] + order).joined(separator: "\n")), by: admin)
            #expect(numbers(report.added, report.duplicateCount, report.leftOutCount) == [1, 1, 0])
            #expect(try await all(admin).map(\.department) == ["Ops"])
        }
    }

    @Test func `what a report repeats of a list has no control characters`() async throws {
        let admin = try await makeAdmin()
        let list = "email,\"Shoe\n\u{1B}[2Jsize\",status\njane@x.example,7,\"odd\u{1B}]0;x\u{7}\"\n"
        let report = try await employees.importCSV(Pieces(list), isPreview: true, by: admin)
        #expect(report.ignoredColumns == ["Shoe [2Jsize"])
        #expect(report.unknownStatuses.map(\.word) == ["odd ]0;x"])
    }

    @Test func `a file in Windows-1252 is read`() async throws {
        let admin = try await makeAdmin()
        let bytes = Array("email;nachname\r\nm@x.example;M".utf8) + [0xFC] + Array("ller\r\n".utf8)
        let report = try await employees.importCSV(Pieces(bytes, size: 4), by: admin)
        #expect(report.encoding == .windows1252)
        #expect(try await all(admin).map(\.lastName) == ["Müller"])
    }

    @Test func `a file that is no list is refused, and nothing is changed`() async throws {
        let admin = try await makeAdmin()
        await #expect(throws: Employees.Failure.emptyFile) { try await employees.importCSV(Pieces(""), by: admin) }
        await #expect(throws: Employees.Failure.emptyFile) { try await employees.importCSV(Pieces("\n\n"), by: admin) }
        await #expect(throws: Employees.Failure.noAddressColumn(found: ["name", "phone"])) {
            try await employees.importCSV(Pieces("name,phone\nJane,1\n"), by: admin)
        }
        #expect(try await employees.importCSV(Pieces("email\n"), by: admin).rows == 0)
        #expect(try await all(admin).isEmpty)
    }

    private func makeLeaver(_ email: String, _ admin: Subject) async throws -> EmployeeID {
        let id = try await database.makeEmployee(in: admin.company, email: email, department: nil)
        try await database.owner.execute("UPDATE employees SET deactivated_at = now(), deactivation_reason = 'HAND' WHERE id = \(id)")
        return id
    }

    @Test(arguments: [
        ("email\njane@x.example\n", false), ("email,department\njane@x.example,Sales\n", false), ("email,status\njane@x.example,Full-time\n", false),
        ("email,status\njane@x.example,\n", false), ("email,status\njane@x.example,Inactive\n", false), ("email,active\njane@x.example,no\n", false),
        ("email,status\njane@x.example,Active\n", true), ("email,enabled\njane@x.example,True\n", true),
        ("email,Block credential\njane@x.example,False\n", true),
    ])
    func `who had left is back only when their row says that they are active`(_ list: String, _ isBack: Bool) async throws {
        let admin = try await makeAdmin()
        let id = try await makeLeaver("jane@x.example", admin)
        let before = try await employees.find(id, for: admin)
        let report = try await employees.importCSV(Pieces(list), by: admin)
        #expect(numbers(report.rows, report.changed, report.reactivated) == [1, isBack ? 1 : 0, isBack ? 1 : 0])
        let after = try await employees.find(id, for: admin)
        #expect((after.deactivatedAt == nil) == isBack)
        guard !isBack else { return }
        #expect(after == before)
        // Nothing is passed over in silence: either the list agrees, or the report says why they stay.
        #expect(report.unchanged + report.leftOutCount == 1)
        if !list.contains("Inactive"), !list.contains("no") { #expect(report.leftOut.map(\.line) == [2]) }
    }

    @Test func `who has left by the list is deactivated, and not added when nobody knows them`() async throws {
        let admin = try await makeAdmin()
        for name in ["ann", "bob"] { _ = try await database.makeEmployee(in: admin.company, email: "\(name)@x.example", department: nil) }
        let list =
            "email,department,status\nann@x.example,Ops,Terminated\nbob@x.example,Ops,Active\ncem@x.example,Ops,Suspended\ndee@x.example,Ops,Active\n"
        let report = try await employees.importCSV(Pieces(list), by: admin)
        #expect(numbers(report.rows, report.added, report.changed, report.deactivated, report.leftOutCount, report.unchanged) == [4, 1, 1, 1, 1, 0])
        #expect(report.leftOut.map(\.line) == [4])
        let people = try await all(admin)
        #expect(Set(people.map(\.email.text)) == ["ann@x.example", "bob@x.example", "dee@x.example"])
        #expect(people.filter { $0.deactivatedAt != nil }.map(\.email.text) == ["ann@x.example"])
        #expect(people.allSatisfy { $0.department == "Ops" })
        let reason = try await database.owner.first(
            "SELECT deactivation_reason FROM employees WHERE company_id = \(admin.company) AND email = 'ann@x.example'", as: String.self)
        #expect(reason == "HAND")
        let again = try await employees.importCSV(Pieces(list), by: admin)
        #expect(numbers(again.added, again.changed, again.deactivated, again.unchanged, again.leftOutCount) == [0, 0, 0, 3, 1])
    }

    @Test func `a row that contradicts itself deactivates nobody, brings nobody back, and is told`() async throws {
        let admin = try await makeAdmin()
        let ann = try await database.makeEmployee(in: admin.company, email: "ann@x.example", department: nil)
        let bob = try await makeLeaver("bob@x.example", admin)
        let list = """
            Work Email,Home Email,Status,Enabled
            ann@x.example,ann@home.example,Terminated,True
            bob@x.example,bob@home.example,Active,False
            cem@x.example,,Active,False
            dee@x.example,dee@home.example,Active,True

            """
        for isPreview in [true, false] {
            let report = try await employees.importCSV(Pieces(list), isPreview: isPreview, by: admin)
            #expect(numbers(report.rows, report.added, report.deactivated, report.reactivated, report.unchanged) == [4, 2, 0, 0, 1])
            #expect(report.leftOut.map(\.line) == [3])
            #expect(report.contradictionCount == 3 && report.contradictions.map(\.line) == [2, 3, 4])
            #expect(
                report.contradictions.first?.reason
                    == "Status says that they have left, Enabled that they are there. "
                    + "Neither counts: nobody is deactivated or brought back by it.")
            #expect(
                report.passedOver == [
                    .init(reason: .notWatched, field: "email", heading: "Home Email", counted: "Work Email", rows: 3, lines: [2, 3, 5])
                ])
            #expect(report.passedOverCount == 3)
        }
        #expect(try await employees.find(ann, for: admin).deactivatedAt == nil)
        #expect(try await employees.find(bob, for: admin).deactivatedAt != nil)
        #expect(try await all(admin).map(\.email.text).sorted() == ["ann@x.example", "bob@x.example", "cem@x.example", "dee@x.example"])
        let watched = try await database.owner.first(
            "SELECT count(*) FROM employee_addresses WHERE company_id = \(admin.company)", as: Int.self)
        #expect(watched == 0)
    }

    @Test func `what there is no room for in a report is counted`() async throws {
        let admin = try await makeAdmin()
        let headings = (0..<400).map { "x\($0)" }.joined(separator: ",")
        let rows =
            (0..<150).map { "p\($0)@x.example,q\($0)@x.example,word\($0),Active,\(String(repeating: ",", count: 398))" }
            + (0..<120).map { "r\($0)@x.example,,Active,no,\(String(repeating: ",", count: 398))" }
        let report = try await employees.importCSV(
            Pieces("mail,upn,status,enabled,\(headings)\n" + rows.joined(separator: "\n")), isPreview: true, by: admin)
        #expect(numbers(report.added, report.columnCount, report.columns.count) == [270, 404, 300])
        #expect(report.unknownStatuses.count == 50 && report.unknownStatusCount == 150)
        #expect(report.contradictions.count == ImportReport.listed && report.contradictionCount == 120)
        #expect(report.passedOver.first?.rows == 150 && report.passedOver.first?.lines.count == ImportReport.listed)
        #expect(report.passedOver.first?.words.hasSuffix("20, 21 and more)") == true)
    }

    @Test func `whom a directory watches over is left to it`() async throws {
        let admin = try await makeAdmin()
        let id = try await database.makeEmployee(in: admin.company, email: "ann@x.example", department: nil)
        let connection = try await database.makeDirectoryConnection(in: admin.company)
        try await database.owner.execute("UPDATE employees SET source_connection_id = \(connection) WHERE id = \(id)")
        let report = try await employees.importCSV(Pieces("email,status\nann@x.example,Inactive\n"), by: admin)
        #expect(numbers(report.deactivated, report.changed, report.leftOutCount) == [0, 0, 1])
        #expect(report.leftOut.first?.reason.contains("directory") == true)
        #expect(try await employees.find(id, for: admin).deactivatedAt == nil)
    }

    @Test func `a preview says what would be done, and does nothing`() async throws {
        let admin = try await makeAdmin()
        let ann = try await database.makeEmployee(in: admin.company, email: "ann@x.example", firstName: "Ann", department: "Sales")
        let bob = try await makeLeaver("bob@x.example", admin)
        _ = try await database.makeEmployee(in: admin.company, email: "cem@x.example", department: nil)
        let list =
            "email,Name,Department,Status,Shoe size\nann@x.example,,Ops,Active,39\nbob@x.example,,,Active,\ncem@x.example,,,Left,\n"
            + "dee@x.example,Dee Im,Ops,Active,\nnobody,,,,\n"
        let before = try await all(admin)
        let preview = try await employees.importCSV(Pieces(list), isPreview: true, by: admin)
        #expect(preview.isPreview)
        #expect(
            numbers(preview.rows, preview.added, preview.changed, preview.reactivated, preview.deactivated, preview.rejectedCount) == [
                5, 1, 2, 1, 1, 1,
            ])
        #expect(preview.samples.map(\.action) == [.add, .change, .reactivate, .deactivate])
        #expect(preview.samples.first?.name == "Dee Im")
        #expect(preview.samples[1].changes == [.init(field: "department", before: "Sales", after: "Ops")])
        #expect(preview.columns.map(\.field) == ["email", "name", "department", "isActive", nil])
        #expect(preview.ignoredColumns == ["Shoe size"])
        #expect(try await all(admin) == before)
        #expect(try await Audit(database: database.tenant).list(for: admin).items.isEmpty)
        // What is written is what was shown.
        let written = try await employees.importCSV(Pieces(list), by: admin)
        #expect(!written.isPreview)
        #expect(numbers(written.rows, written.added, written.changed, written.reactivated, written.deactivated) == [5, 1, 2, 1, 1])
        #expect(try await employees.find(ann, for: admin).department == "Ops")
        #expect(try await employees.find(bob, for: admin).deactivatedAt == nil)
    }

    @Test func `the rows that did not go in come as CSV, guarded against spreadsheets`() async throws {
        let admin = try await makeAdmin()
        _ = try await makeLeaver("bob@x.example", admin)
        let list =
            "Staff list\nemail;name;user type\nok@x.example;Fine;Member\nnobody;=1+1;Member\nbob@x.example;Bob;Member\neve@y.example;Eve;Guest\n\"open;x\n"
        let file = try await employees.rejectedCSV(Pieces(list), by: admin)
        var bytes: [UInt8] = []
        for try await piece in file { bytes += piece }
        let (records, _) = try CSVReaderTests.read(bytes, by: 4_096)
        #expect(records.first?.fields == ["line", "outcome", "column", "reason", "email", "name", "user type"])
        #expect(records.dropFirst().map { $0.fields[0] } == ["4", "5", "6", "7"])
        #expect(records.dropFirst().map { $0.fields[1] } == ["refused", "left out", "left out", "refused"])
        #expect(records.dropFirst().allSatisfy { !$0.fields[3].isEmpty })
        #expect(records[1].fields[4...] == ["nobody", "'=1+1", "Member"])
        #expect(records[3].fields[4] == "eve@y.example")
        #expect(try await all(admin).count == 1)
    }

    @Test func `a list touches its own company only, and is written down`() async throws {
        let admin = try await makeAdmin()
        let other = try await makeAdmin()
        let file = "email,department\njane@x.example,Sales\n"
        _ = try await employees.importCSV(Pieces("email,department\njane@x.example,Legal\n"), by: other)
        #expect(try await employees.importCSV(Pieces(file), by: admin).added == 1)
        #expect(try await all(other).map(\.department) == ["Legal"])
        let events = try await Audit(database: database.tenant).list(for: admin).items
        #expect(events.map(\.action) == ["employees.imported"])
    }

    @Test func `an exported list is neutralised, and read in again without a change`() async throws {
        let admin = try await makeAdmin()
        let details = EmployeeCreation(
            email: "+jane@x.example", firstName: "=HYPERLINK(\"http://x\")", lastName: "O'Hara, Jr.", department: "-R&D", title: "@SUM(1)",
            isVip: true, mfaEnabled: false, externalId: "'=7")
        let jane = try await employees.create(details, by: admin)
        _ = try await database.makeEmployee(in: admin.company, email: "plain@x.example", firstName: "Zoë", lastName: "Ünal")
        var bytes: [UInt8] = []
        for try await piece in try await employees.exportCSV(for: admin) { bytes += piece }
        #expect(bytes.starts(with: [0xEF, 0xBB, 0xBF]))
        let (records, _) = try CSVReaderTests.read(bytes, by: 4_096)
        #expect(records.count == 3)
        #expect(records[0].fields == EmployeeExport.headings)
        for cell in records.flatMap(\.fields) {
            #expect(!["=", "+", "-", "@", "\t", "\r"].contains { cell.hasPrefix($0) }, "\(cell) would be run by a spreadsheet")
        }
        let before = try await all(admin)
        let report = try await employees.importCSV(Pieces(bytes), by: admin)
        #expect(report.unchanged == 2)
        #expect(report.rejectedCount == 0)
        #expect(try await all(admin) == before)
        #expect(try await employees.find(jane.id, for: admin) == jane)
    }
}

@Suite struct MultipartFileTests {
    static let boundary = "----b0undary"
    static let form =
        "--\(boundary)\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n--\(boundary)\r\n"
        + "Content-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\nContent-Type: text/csv\r\n\r\n"
        + "email\r\n--\(boundary)not\r\njane@x.example\r\n"

    static func read(_ text: String, by size: Int) throws -> String {
        var form = try MultipartFile(contentType: "multipart/form-data; boundary=\"\(boundary)\"")
        var file: [UInt8] = []
        let bytes = Array(text.utf8)
        for start in stride(from: 0, to: bytes.count, by: size) { file += try form.append(bytes[start..<min(start + size, bytes.count)]) }
        try form.finish()
        return String(decoding: file, as: UTF8.self)
    }

    @Test(arguments: [1, 2, 3, 10, 100_000])
    func `the file of a form is what was chosen, however it arrives`(_ size: Int) throws {
        let text = "--\(Self.boundary)\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.csv\"\r\n\r\nemail\r\njane@x.example\r\n"
        #expect(try Self.read(text + "\r\n--\(Self.boundary)--\r\n", by: size) == "email\r\njane@x.example\r\n")
        let note = "--\(Self.boundary)\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n"
        #expect(try Self.read(note + text + "\r\n--\(Self.boundary)--\r\n", by: size) == "email\r\njane@x.example\r\n")
    }

    @Test func `a form without a file, or cut off, is refused`() {
        let note = "--\(Self.boundary)\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nhello\r\n--\(Self.boundary)--\r\n"
        #expect(throws: MultipartFile.Fault.noFile) { try Self.read(note, by: 5) }
        #expect(throws: MultipartFile.Fault.truncated) { try Self.read(Self.form, by: 5) }
        #expect(throws: MultipartFile.Fault.noBoundary) { try MultipartFile(contentType: "multipart/form-data") }
    }
}
