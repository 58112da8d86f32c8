import Foundation
import Testing

@testable import DataShield

@Suite struct StaffExportTests {
    static let today = Timestamp.parse("2026-11-30T10:00:00.000Z") ?? Date()

    /// What comes out of a list, whole or in pieces.
    struct Outcome {
        var people: [String] = []
        var leftOut: [Int: String] = [:]
        var rejected: [Int: StaffSheet.RowFault] = [:]
        var sheet: StaffSheet?
        var unknown: [String] = []
        var contradictions: [Int: String] = [:]
        var tally = PassedOverTally()
        var report = ImportReport()
        /// Why, and which column beside which one in which lines.
        var passedOver: [String] { report.passedOver.map { "\($0.reason.rawValue) \($0.field ?? "-"): \($0.words)" } }
    }

    static func read(_ bytes: [UInt8], by size: Int = 1 << 20) throws -> Outcome {
        var reader = StaffListReader(domain: "acme.test", today: today)
        var outcome = Outcome()
        for start in stride(from: 0, to: bytes.count, by: size) {
            reader.append(bytes[start..<min(start + size, bytes.count)])
            try take(&reader, into: &outcome)
        }
        reader.finish()
        try take(&reader, into: &outcome)
        outcome.sheet = reader.sheet
        return outcome
    }

    private static func take(_ reader: inout StaffListReader, into outcome: inout Outcome) throws {
        while let line = try reader.next() {
            switch StaffLine(line, reader.sheet) {
            case .person(let row):
                outcome.people.append("\(line.number) \(text(row))")
                outcome.unknown += row.unknownStatuses
                if let contradiction = row.contradiction { outcome.contradictions[line.number] = contradiction }
                if let sheet = reader.sheet { outcome.tally.add(row.passedOver, line: line.number, sheet, to: &outcome.report) }
            case .nobody(let fault) where fault.isLeftOut: outcome.leftOut[line.number] = fault.reason
            case .nobody(let fault): outcome.rejected[line.number] = fault
            }
        }
    }

    private static func text(_ row: StaffSheet.Row) -> String {
        func word(_ text: String?) -> String { text.flatMap { $0.isEmpty ? nil : $0 } ?? "-" }
        let mfa = row.mfa.map { $0 == .enabled ? "on" : $0 == .disabled ? "off" : "?" } ?? "?"
        let active = row.isActive.map { $0 ? "active" : "left" } ?? "?"
        let texts = [row.firstName, row.lastName, row.department, row.title, row.externalId].map(word)
        return ([row.email.text] + texts + [mfa, active]).joined(separator: "|")
    }

    @Test(arguments: StaffExport.all) func `an export is read as it comes`(_ export: StaffExport) throws {
        for size in [7, 1 << 20] {
            let outcome = try Self.read(Array(export.text.utf8), by: size)
            #expect(outcome.people == export.people)
            #expect(outcome.leftOut.keys.sorted() == export.leftOut.keys.sorted(), "\(outcome.leftOut)")
            for (line, word) in export.leftOut { #expect(outcome.leftOut[line]?.contains(word) == true, "\(outcome.leftOut[line] ?? "")") }
            #expect(outcome.rejected.keys.sorted() == export.refused, "\(outcome.rejected)")
            let ignored = outcome.sheet?.ignored ?? []
            for heading in export.ignored { #expect(ignored.contains(heading), "\(heading) is not among \(ignored)") }
        }
    }

    @Test func `who has a private address alone is refused where the list has addresses of work`() throws {
        let export = try #require(StaffExport.personnel.first { $0.name == "BambooHR" })
        let outcome = try Self.read(Array(export.text.utf8))
        #expect(outcome.rejected.keys.sorted() == [4])
        #expect(outcome.rejected[4]?.field == "email")
        #expect(outcome.rejected[4]?.reason.contains("private") == true)
        // Where there is no other column, it is the address.
        let alone = try Self.read(Array("Name,Personal Email\nAnn Lee,ann@home.example\n".utf8))
        #expect(alone.people == ["2 ann@home.example|Ann|Lee|-|-|-|?|?"])
    }

    @Test func `a word of a status column that we do not know is kept, and says nothing`() throws {
        let outcome = try Self.read(Array("email,status\na@acme.test,Full-time\nb@acme.test,Active (part-time)\nc@acme.test,not active\n".utf8))
        #expect(outcome.people == ["2 a@acme.test|-|-|-|-|-|?|?", "3 b@acme.test|-|-|-|-|-|?|active", "4 c@acme.test|-|-|-|-|-|?|left"])
        #expect(outcome.unknown == ["Full-time"])
    }

    @Test(arguments: ["1001", "S-1-5-21-1-2-3-1101", "11111111-2222-4333-8444-555555555551", "ann@acme.test", "10-22"])
    func `an id is never a name`(_ id: String) throws {
        for heading in ["Employee", "Name", "First Name", "Display name", "Last name, First name"] {
            let outcome = try Self.read(Array("\(heading);email\n\(id);ann@acme.test\n".utf8))
            #expect(outcome.people == ["2 ann@acme.test|-|-|-|-|-|?|?"], "\(heading)")
        }
    }

    @Test(arguments: [
        "Employee #", "Employee No.", "Emp ID", "Employee Number", "ID", "objectId", "ObjectGUID", "SID", "immutableId", "User ID", "Personal-Nr.",
        "Personnel Number", "Matricule", "profile.employeeNumber", "Work: Employee ID", "Employee ID [Required]",
    ])
    func `an id is the external id`(_ heading: String) throws {
        let outcome = try Self.read(Array("\(heading);email\n1001;ann@acme.test\n".utf8))
        #expect(outcome.people == ["2 ann@acme.test|-|-|-|-|1001|?|?"])
    }

    @Test(arguments: [
        "Manager Email", "Manager: Email", "manager.email", "Supervisor e-mail", "Reports To Email", "Assistant Email", "Emergency Contact: Email",
        "Email Usage", "Email Status", "Mail Server", "New Primary Email [UPLOAD ONLY]", "Mailing Address", "alternateEmailAddress",
    ])
    func `another's address, and what is none, is not taken for the person's`(_ heading: String) {
        #expect(StaffHeading.read(heading) == nil)
        #expect(throws: Employees.Failure.self) { try Self.read(Array("Name,\(heading)\nAnn,boss@acme.test\n".utf8)) }
    }

    @Test(arguments: [
        "Suspended", "Inactive", "Deleted", "Deactivated", "Terminated", "DEPROVISIONED", "Blocked", "Disabled", "Archived", "Retired",
        "No longer active",
        "Sign-in blocked", "terminated - voluntary", "Gesperrt", "ausgeschieden", "désactivé", "baja", "cessato", "uit dienst", "desligado", "False",
    ])
    func `who has left by the word of a status`(_ word: String) { #expect(StaffStatus.isActive(word) == false) }

    @Test(arguments: [
        "Active", "ACTIVE", "active ", "On leave", "Parental Leave", "Onboarding", "Employed", "STAGED", "PROVISIONED", "Locked out", "Member",
        "Primary Owner", "Aktiv", "actif", "in dienst", "True", "not terminated",
    ])
    func `who is there by the word of a status`(_ word: String) { #expect(StaffStatus.isActive(word) == true) }

    @Test(arguments: ["", "Full-time", "Contractor", "Regular", "R", "T", "Single", "2026", "?", "Berlin"])
    func `a word that does not tell says nothing`(_ word: String) { #expect(StaffStatus.isActive(word) == nil) }

    @Test(
        arguments: [
            ("Active", "Active", "Inactive"), ("Active", "TRUE", "FALSE"), ("active", "1", "0"), ("Active?", "Yes", "No"),
            ("ACTIVE", "x", "Terminated"), ("Active (Y/N)", "Y", "N"), ("Active Y/N", "y", "n"), ("Active flag", "true", "false"),
            ("Active/Inactive", "Active", "Inactive"),
            ("Active / Inactive", "active", "In-active"), ("Employee Active/Inactive", "Active", "INACTIVE"), ("Is Active", "Ja", "Nein"),
            ("Account active", "wahr", "falsch"), ("Enabled/Disabled", "Enabled", "Disabled"), ("Employed", "Yes", "No longer employed"),
            ("Aktiv", "Ja", "Nein"), ("Aktiv", "Aktiv", "Inaktiv"), ("Aktiv/Inaktiv", "aktiv", "nicht aktiv"), ("Konto aktiv (J/N)", "J", "N"),
            ("Account status", "Active", "Inactive"), ("Account Status", "true", "false"), ("Account status", "Enabled", "Disabled"),
            ("accountStatus", "Y", "N"), ("Account State", "Aktiv", "Inaktiv"), ("User status", "active", "not active"),
            ("Employment status", "Active", "Inactive"), ("Employment Status", "TRUE", "FALSE"), ("Employment status", "Yes", "No"),
            ("employment_status", "Aktiv", "Inaktiv"), ("Employment status", "1 - Active", "2 - Terminated"),
            ("Employment Status (Active/Inactive)", "Active", "Non-active"), ("Status - Active/Inactive", "Active", "Inactive"),
            ("Status", "Vrai", "Non"), ("Status", "aktive", "inaktive"),
            ("Terminated", "No", "Yes"), ("Terminated", "FALSE", "TRUE"), ("Terminated", "0", "1"), ("Terminated?", "n", "y"),
            ("Terminated", "Active", "Inactive"), ("Terminated", "Aktiv", "Inaktiv"), ("Terminated", "Active", "Terminated"),
            ("Is Terminated", "none", "2026-01-31"), ("Terminated (Y/N)", "N", "1/5/2026 10:00"), ("Terminated flag", "nein", "ja"),
            ("Inactive", "Active", "Inactive"), ("Inactive/Active", "active", "inactive"), ("Inaktiv", "nein", "ja"),
            ("Account disabled", "Enabled", "Disabled"), ("Blocked", "Active", "Blocked"), ("Leaver", "no", "yes"),
            ("Ausgeschieden", "aktiv", "31.01.2026"), ("Deleted at", "2027-01-31", "2026-11-30 08:00:00Z"), ("Deactivated", "no", "2026-11-30"),
        ]) func `a column that tells who has left is obeyed, whatever its words are`(heading: String, there: String, gone: String) throws
    {
        let outcome = try Self.read(Array("email;\(heading)\nann@acme.test;\(there)\nbob@acme.test;\(gone)\n".utf8))
        #expect(outcome.people == ["2 ann@acme.test|-|-|-|-|-|?|active", "3 bob@acme.test|-|-|-|-|-|?|left"])
        #expect(outcome.unknown == [])
    }

    @Test(
        arguments: [
            ("MFA disabled", nil), ("Status inactive", nil), ("Email active", nil), ("Manager active", nil), ("Department active", nil),
            ("MFA Y/N", .mfa), ("VIP flag", .vip), ("Active Directory", nil), ("Email 1", .email),
        ] as [(String, StaffColumn?)]) func `a heading that ends in answers is one of answers`(heading: String, column: StaffColumn?)
    {
        #expect(StaffHeading.read(heading)?.column == column)
    }

    @Test(
        arguments: [
            ("Email,Email", ["ann@acme.test,ann2@acme.test"], ["NOT_WATCHED email: Email (column 2) beside Email (column 1) (line 2)"]),
            (
                "Work Email,Home Email,Email", ["ann@acme.test,ann@home.example,ann@acme.test", "bob@acme.test,,b.stone@acme.test"],
                ["NOT_WATCHED email: Home Email beside Work Email (line 2)", "NOT_WATCHED email: Email beside Work Email (line 3)"]
            ),
            // Of the company's domain, whatever the column is called.
            ("Work Email,Home Email", ["ann@other.example,ann@acme.test"], ["NOT_WATCHED email: Work Email beside Home Email (line 2)"]),
            ("Work Email,Private Email", ["ann@other.example,ann@home.example"], ["NOT_WATCHED email: Private Email beside Work Email (line 2)"]),
            ("Home Email,Private Email", ["ann@home.example,ann@x.example"], ["NOT_WATCHED email: Private Email beside Home Email (line 2)"]),
            (
                "mail,userPrincipalName", ["ann@acme.test,ANN@acme.test", "ann@@acme.test,a.lee@acme.test", "bob@acme.test,bstone"],
                ["NO_ADDRESS email: mail beside userPrincipalName (line 3)"]
            ),
            (
                "email,First Name,Preferred First Name,Last Name,Display Name,Full Name",
                ["ann@acme.test,Anna,Ann,Lee,\"Lee, Anna\",Anna M. Lee", "bob@acme.test,Bob,BOB,Stone,Robert,1001"],
                [
                    "DIFFERS firstName: Preferred First Name beside First Name (line 2)", "DIFFERS name: Display Name beside First Name (line 3)",
                ]
            ),
            ("email,Name,Display name", ["ann@acme.test,Ann Lee,Annie Lee"], ["DIFFERS name: Display name beside Name (line 2)"]),
            (
                "email,Department,Department,Division", ["ann@acme.test,Ops,Sales,EMEA", "bob@acme.test,,Sales,EMEA", "cem@acme.test,Ops,ops,"],
                ["DIFFERS department: Department (column 3) beside Department (column 2) (line 2)"]
            ),
            (
                "email,Employee ID,Employee ID,objectId", ["ann@acme.test,1,2,o1"],
                ["DIFFERS externalId: Employee ID (column 3) beside Employee ID (column 2) (line 2)"]
            ),
            (
                "email,MFA registered,MFA capable,VIP,Executive", ["ann@acme.test,yes,no,yes,no", "bob@acme.test,yes,capable,no,n"],
                ["DIFFERS mfaEnabled: MFA capable beside MFA registered (line 2)", "DIFFERS isVip: Executive beside VIP (line 2)"]
            ),
            ("email,,name,", ["ann@acme.test,0,Ann Lee,", "bob@acme.test,1,Bob, "], ["NO_HEADING -: column 2 (2 rows: lines 2, 3)"]),
        ] as [(String, [String], [String])]) func `a cell that is not taken is told with its column and row`(
            headings: String, rows: [String], passedOver: [String]
        ) throws
    {
        let outcome = try Self.read(Array(([headings] + rows).joined(separator: "\n").utf8))
        #expect(outcome.passedOver.sorted() == passedOver.sorted())
        #expect(outcome.rejected.isEmpty && outcome.people.count == rows.count)
        #expect(outcome.report.passedOverCount == outcome.report.passedOver.reduce(0) { $0 + $1.rows })
    }

    @Test func `of two columns of a name the first that has one is taken, and of one heading twice the first that says something`() throws {
        let text = "Employee,Name,email,Department,Department\n1001,Ann Lee,ann@acme.test,,Ops\n"
        #expect(try Self.read(Array(text.utf8)).people == ["2 ann@acme.test|Ann|Lee|Ops|-|-|?|?"])
    }

    @Test(
        arguments: [
            // Two columns that cannot both be so: nobody is deactivated or brought back.
            ("Status;Account status", "Active;Inactive", "?", "Neither counts"), ("Status;Status", "Terminated;Active", "?", "Neither counts"),
            ("Employment status;Enabled", "Terminated;True", "?", "Neither counts"), ("Status;Terminated", "Active;yes", "?", "Neither counts"),
            ("Status;Terminated", "Terminated;no", "?", "Neither counts"), ("Status;Inactive", "Inactive - by hand;no", "?", "Neither counts"),
            ("Enabled;Account disabled", "no;no", "?", "Neither counts"), ("Active;Inactive", "no;no", "?", "Neither counts"),
            ("Active;Inactive", "yes;yes", "?", "Neither counts"), ("Terminated;Terminated", "yes;no", "?", "Neither counts"),
            ("Type;Status", "SuspendedUser;Active", "?", "Neither counts"), ("Status;Status;Status", "Active;Full-time;Left", "?", "Neither counts"),
            ("Termination date;End date", "2026-01-31;2027-01-31", "?", "Neither counts"),
            // Who was deleted is gone, whatever else is kept of the account.
            ("Enabled;Deleted at", "True;2026-01-31", "left", "The deletion counts"), ("Deleted;Status", "yes;Active", "left", "The deletion counts"),
            // Hired again.
            ("Status;Termination date", "Active;2026-01-31", "active", "taken as there"),
            ("Terminated;Termination date", "no;2026-01-31", "active", "taken as there"),
            ("Suspended;Status;Termination date", "no;Active;2026-01-31", "active", "Status says that they are there"),
            // Not suspended is no word against a last day that is over.
            ("Suspended;Termination date", "no;2026-01-31", "left", nil), ("Suspended;Termination date", "no;2027-01-31", "active", nil),
            ("Suspended;Termination date;End date", "no;2026-01-31;2027-01-31", "?", "Neither counts"),
            // No contradiction: not blocked and deleted, not suspended and terminated, and two that say the same.
            ("Block credential;Soft deletion time stamp", "False;2026-01-31", "left", nil), ("Suspended;Status", "no;Terminated", "left", nil),
            ("Active;Deleted", "no;no", "left", nil), ("Status;Enabled", "Inactive;no", "left", nil), ("Status;Enabled", "Active;yes", "active", nil),
            ("Status;Enabled", "Full-time;no", "left", nil), ("Status;Enabled", ";no", "left", nil),
            ("Status;Termination date", "Active;2027-01-31", "active", nil),
            // Who leaves on a day that is yet to come is there until then, and on that day.
            ("Status;Termination date", "Terminated;2027-01-31", "?", "day in Termination date is yet to come"),
            ("Status;Termination date", "Terminated;2026-11-30", "?", "yet to come"),
            ("Status;Termination date", "Terminated;2026-11-29", "left", nil),
            ("Status;Austrittsdatum", "Ausgeschieden;31.12.2026", "?", "Status says that they have left"),
            ("Status;Last working day", "Inactive;2026-12-31", "?", "yet to come"), ("Status;Last day", "Terminated;31-Dec-2026", "?", "yet to come"),
            ("Terminated;Termination date", "yes;2026-12-31", "?", "yet to come"),
            ("Active;End date", "no;2026-12-31", "?", "yet to come"), ("Employed;Leaving date", "No;31/12/2026", "?", "yet to come"),
            ("Worker Status;Status;Termination date", "Terminated;Resigned;2027-01-31", "?", "yet to come"),
            ("Status;Last Day Worked", "Terminated;12/31/2026", "?", "yet to come"), ("Term Date", "2026-01-31", "left", nil),
            ("Status;Letzter Arbeitstag", "Ausgeschieden;31.12.2026", "?", "yet to come"), ("Date left", "31/01/2026", "left", nil),
            // Not where one of two days is over, nor one that can be read in two ways, nor none.
            ("Status;Termination date;End date", "Terminated;2026-01-31;2027-01-31", "left", nil),
            ("Status;Termination date", "Terminated;12/01/2026", "left", nil), ("Status;Termination date", "Terminated;soon", "left", nil),
            ("Status;Termination date", "Terminated;", "left", nil),
            // An account that is blocked or deleted is not used until the last day.
            ("Status;Termination date", "Suspended;2027-01-31", "left", nil), ("Account enabled;End date", "False;2027-01-31", "left", nil),
            ("Account status;End date", "Inactive;2027-01-31", "left", nil), ("Blocked;End date", "yes;2027-01-31", "left", nil),
            ("Deleted;End date", "yes;2027-01-31", "left", nil), ("Status;Enabled;End date", "Terminated;False;2027-01-31", "left", nil),
            ("Status;Konto aktiv;Austritt", "Ausgeschieden;nein;31.12.2026", "left", nil),
            ("Termination date;End date", "2026-01-31;2026-01-31", "left", nil),
        ] as [(String, String, String, String?)]) func `columns that contradict each other are told, with what is done`(
            headings: String, cells: String, standing: String, words: String?
        ) throws
    {
        let outcome = try Self.read(Array("email;\(headings)\nann@acme.test;\(cells)\n".utf8))
        #expect(outcome.people == ["2 ann@acme.test|-|-|-|-|-|?|\(standing)"])
        #expect((outcome.contradictions[2] != nil) == (words != nil), "\(outcome.contradictions)")
        if let words { #expect(outcome.contradictions[2]?.contains(words) == true, "\(outcome.contradictions)") }
    }

    @Test func `each word that says nothing is told, also of a second column, and so is a day that cannot be read`() throws {
        let text = "email,status,account status,end date\na@acme.test,Full-time,Odd,31.31.2026\nb@acme.test,R,R,none\nc@acme.test,Single,Inactive,\n"
        let outcome = try Self.read(Array(text.utf8))
        #expect(outcome.unknown == ["Full-time", "Odd", "31.31.2026", "R", "Single"])
        #expect(outcome.people.map { String($0.suffix(5)) } == ["-|?|?", "-|?|?", "|left"])
    }

    @Test func `a word that does not tell in a column of those who have left is named`() throws {
        let outcome = try Self.read(Array("email,Terminated\na@acme.test,pending\nb@acme.test,\nc@acme.test,yes\n".utf8))
        #expect(outcome.people.map { String($0.suffix(6)) } == ["|-|?|?", "|-|?|?", "?|left"])
        #expect(outcome.unknown == ["pending"])
    }

    @Test(
        arguments: [
            ("2026-11-29", true), ("2026-12-01", false), ("2026/01/31 10:00", true), ("31.01.2026", true), ("12/31/2026", false),
            ("31/12/2026", false),
            // The 12th of January, or the first of December.
            ("31-Dec-2026", false), ("31-Oct-26", true), ("Dec 31, 2026", false), ("October 5, 2026", true), ("2026-Nov-29", true),
            ("31. Dezember 2026", false), ("30 nov. 2026", false), ("5 août 2026", true), ("5 juin 2027", false), ("31 de diciembre de 2026", false),
            ("20261231", false), ("20251231", true), ("Thu, 31 Dec 2026 10:00:00 GMT", false), ("mar. 31 déc. 2026", false), ("Q4 2026", nil),
            ("99999999", nil),
            ("12/01/2026", nil), ("", nil), ("soon", nil), ("99999999999999-1-1", nil), ("1/1/26", true),
            // The year is the number of four digits, and an hour is none of the day.
            ("Thu Dec 31 00:00:00 CET 2026", false), ("Thu Dec 31 2026 00:00:00 GMT+0100", false), ("31 December 23:59 2026", false),
            ("Mon Jan 04 00:00:00 UTC 2027", false), ("2026-12-31T00:00:00+01:00", false), ("2026-01-31T10:00:00.000Z", true),
            ("1 Jan 12:00", nil), ("Dec 31", nil), ("Dec-26", nil), ("31122026", nil), ("2026-01-31 10.30", nil),
            // A day of the week is no month.
            ("mar. 12/01/2027", false), ("maandag 04-01-2027", false), ("dinsdag 05/01/2027", false), ("mardi 12/01/2027", false),
            ("2027-01-15 marriage", false), ("12/31/2026 (mutual separation)", false), ("5 mar 2026", true), ("31 jui 2026", nil),
            // Of the last century, and what stands for none.
            ("15-MAR-99", true), ("31-Dec-26", false), ("31.12.99", nil), ("9999-12-31", nil), ("12/31/9999", nil), ("01-JAN-1900", nil),
            ("0000-00-00", nil), ("1/0/1900", nil), ("30-Nov-2026", false), ("1 février 2026", true), ("15 Mayo 2027", false),
            ("31 mag 2027", false), ("Sept 2027", nil), ("1. Dezember 2026", false),
        ] as [(String, Bool?)])
    func `a day of leaving is over when it is in each way of reading it`(_ text: String, _ isOver: Bool?) {
        #expect(StaffStatus.isOver(text, on: Self.today) == isOver)
    }

    @Test(arguments: [",", ";", "\t", "|"]) func `titles above the headings do not decide the delimiter`(_ delimiter: String) throws {
        let rows = [["Last name", "First name", "Work e-mail"], ["Lee", "Ann", "ann@acme.test"]].map { $0.joined(separator: delimiter) }
        for title in ["Staff, as of today; all | some, and, more, commas", "sep=\(delimiter)", "#TYPE Selected.User", "\"A title,\nover two lines\""]
        {
            let text = title + "\r\n\r\n" + rows.joined(separator: "\r\n")
            for bytes in Self.encodings(of: text) {
                let outcome = try Self.read(bytes, by: 3)
                #expect(outcome.people.map { $0.drop { $0 != " " } } == [" ann@acme.test|Ann|Lee|-|-|-|?|?"], "\(title)")
            }
        }
    }

    private static func encodings(of text: String) -> [[UInt8]] {
        let (little, big) = (
            text.utf16.flatMap { [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] },
            text.utf16.flatMap { [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] }
        )
        return [Array(text.utf8), [0xEF, 0xBB, 0xBF] + Array(text.utf8), [0xFF, 0xFE] + little, [0xFE, 0xFF] + big, little, big]
    }

    @Test func `a list without headings, a workbook and what is no text are refused with what would be right`() {
        #expect(throws: Employees.Failure.noAddressColumn(found: ["a row with an address"])) {
            try Self.read(Array("ann@acme.test,Ann\nbob@acme.test,Bob\n".utf8))
        }
        #expect(throws: Employees.Failure.workbook) { try Self.read([0x50, 0x4B, 3, 4] + Array("email\n".utf8)) }
        #expect(throws: Employees.Failure.workbook) { try Self.read([0xD0, 0xCF, 0x11, 0xE0, 0xA1] + Array("email\n".utf8)) }
        #expect(throws: Employees.Failure.self) { try Self.read(Array(repeating: 0, count: 100_000)) }
        #expect(throws: Employees.Failure.self) { try Self.read(Array(repeating: UInt8(ascii: ","), count: 200_000)) }
    }

    @Test func `a heading of thousands of columns is read, and soon`() throws {
        let headings = (0..<8_000).map { "mail\($0 % 2 == 0 ? "" : " x")" }.joined(separator: ",")
        let outcome = try Self.read(Array("\(headings)\nann@acme.test\n".utf8))
        #expect(outcome.people.count == 1)
        // Told of as far as there is room, and counted.
        let wide = Array(repeating: "mail", count: 1_000).joined(separator: ",")
        let row = (0..<1_000).map { "p\($0)@acme.test" }.joined(separator: ",")
        let report = try Self.read(Array("\(wide)\n\(row)\n\(row)\n".utf8)).report
        #expect(report.passedOver.count == ImportReport.pairs && report.passedOverCount == 2 * 999)
    }

    @Test func `an address comes with a name or a scheme around it, and the headings come again`() throws {
        let text = "name,email\nAnn,Ann Lee <ann@acme.test>\nBob,mailto:bob@acme.test\nname,email\nReport generated by admin,\nNobody,\n"
        let outcome = try Self.read(Array(text.utf8))
        #expect(outcome.people.map { String($0.prefix { $0 != "|" }) } == ["2 ann@acme.test", "3 bob@acme.test"])
        #expect(outcome.leftOut.keys.sorted() == [4, 5])
        #expect(outcome.rejected.keys.sorted() == [6])
    }
}
