import Testing

@testable import DataShield

@Suite struct StaffSheetTests {
    @Test(arguments: [
        "email", "E-Mail", "e-mail address", "EMAIL_ADDRESS", "Mail", " Work Email ", "userPrincipalName", "UPN", "Emailadresse",
        "E‐Mail", "Primary Email", "Courriel", "correo electrónico",
    ])
    func `the address is found under its usual names`(_ heading: String) throws {
        let sheet = try #require(StaffSheet(headings: ["x", heading]))
        #expect(try sheet.row(["?", "Jane@Acme.example"]).email == EmailAddress("jane@acme.example"))
        #expect(sheet.ignored == ["x"])
    }

    @Test(arguments: [
        ("First Name", "Last Name"), ("givenName", "surname"), ("VORNAME", "Nachname"), ("Prénom", "Nom"), ("given_name", "family-name"),
    ])
    func `names are found in any order and case`(_ first: String, _ last: String) throws {
        let sheet = try #require(StaffSheet(headings: [last, "Department", first, "mail"]))
        let row = try sheet.row(["Doe", "R&D", "Jane", "jane@acme.example"])
        #expect(row.firstName == "Jane")
        #expect(row.lastName == "Doe")
        #expect(row.department == "R&D")
    }

    @Test(arguments: ["Department", "dept", "Dept.", "Team", "Abteilung", "Organizational Unit", "Département"])
    func `departments are found`(_ heading: String) throws {
        let sheet = try #require(StaffSheet(headings: ["email", heading]))
        #expect(try sheet.row(["a@b.example", " Sales \n North "]).department == "Sales North")
    }

    @Test func `a file without an address column has no rows`() {
        #expect(StaffSheet(headings: ["first name", "phone"]) == nil)
        #expect(StaffSheet(headings: []) == nil)
    }

    @Test func `of two address columns the likelier one counts, and the other where it is empty`() throws {
        let sheet = try #require(StaffSheet(headings: ["userPrincipalName", "mail", "displayName"]))
        #expect(try sheet.row(["jd@corp.example", "jane@acme.example", "Jane Doe"]).email.text == "jane@acme.example")
        #expect(try sheet.row(["jd@corp.example", "", "Jane Doe"]).email.text == "jd@corp.example")
    }

    @Test(arguments: [
        ("Jane Doe", "Jane", "Doe"), ("Doe, Jane", "Jane", "Doe"), ("Jane", "Jane", ""), ("Jane Mary Doe", "Jane Mary", "Doe"),
        ("Ludwig van Beethoven", "Ludwig", "van Beethoven"), ("Vincent Van Gogh", "Vincent", "Van Gogh"), ("de Souza", "de", "Souza"),
    ])
    func `a full name is split`(_ name: String, _ first: String, _ last: String) throws {
        let sheet = try #require(StaffSheet(headings: ["name", "email"]))
        let row = try sheet.row([name, "a@b.example"])
        #expect(row.firstName == first)
        #expect(row.lastName == last)
    }

    @Test func `a cell that is not there says nothing, an empty one that there is none`() throws {
        let sheet = try #require(StaffSheet(headings: ["email", "department", "mfa", "vip"]))
        #expect(try sheet.row(["a@b.example"]) == StaffSheet.Row(email: EmailAddress("a@b.example")))
        let empty = try sheet.row(["a@b.example", "", "", ""])
        #expect(empty.department == "")
        #expect(empty.mfa == nil)
        #expect(empty.isVip == nil)
        #expect(empty.firstName == nil)
    }

    @Test(arguments: [
        ("yes", true, StaffSheet.MFA.enabled), ("No", false, .disabled), ("1", true, .enabled), ("0", false, .disabled),
        ("TRUE", true, .enabled), ("nein", false, .disabled), ("Enabled", true, .enabled),
    ])
    func `yes and no are understood`(_ word: String, _ isVip: Bool, _ mfa: StaffSheet.MFA) throws {
        let sheet = try #require(StaffSheet(headings: ["email", "VIP", "MFA"]))
        let row = try sheet.row(["a@b.example", word, word])
        #expect(row.isVip == isVip)
        #expect(row.mfa == mfa)
    }

    @Test(arguments: [
        (["not an address", "x", ""], "email"), (["", "x", ""], "email"), (["a@b.example", "x\u{0}y", ""], "department"),
        (["a@b.example", String(repeating: "x", count: 201), ""], "department"), (["a@b.example", "x", "maybe"], "mfaEnabled"),
    ])
    func `a bad row says which field is wrong`(_ cells: [String], _ field: String) throws {
        let sheet = try #require(StaffSheet(headings: ["email", "department", "mfa"]))
        let fault = #expect(throws: StaffSheet.RowFault.self) { try sheet.row(cells) }
        #expect(fault?.field == field)
        #expect(fault?.reason.isEmpty == false)
    }

    @Test func `a row with more cells than headings is refused unless they are empty`() throws {
        let sheet = try #require(StaffSheet(headings: ["email", "department"]))
        #expect(throws: StaffSheet.RowFault.self) { try sheet.row(["a@b.example", "Sales", " North"]) }
        #expect(try sheet.row(["a@b.example", "Sales", "", " "]).department == "Sales")
    }

    @Test func `what the export neutralised is itself again`() throws {
        let sheet = try #require(StaffSheet(headings: ["email", "department"]))
        let row = try sheet.row(["'+x@b.example", "'=cmd|' /C calc'!A0"])
        #expect(row.email.text == "+x@b.example")
        #expect(row.department == "=cmd|' /C calc'!A0")
    }
}
