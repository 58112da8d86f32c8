import DataShieldTestSupport
import Foundation
import Postgres
import Testing

@testable import DataShield

/// Rows of a staff list with another address of somebody whom it has already.
@Suite(.freshDatabase) struct StaffAliasTests {
    private let database = TestDatabase.current
    private var employees: Employees { Employees(database: database.tenant) }

    private func makeAdmin() async throws -> Subject {
        Subject(actor: .program("test"), company: try await database.makeCompany(), role: .admin)
    }

    private func addresses(_ admin: Subject) async throws -> [String] {
        try await employees.list(limit: 200, for: admin).items.map(\.email.text).sorted()
    }

    @Test func `of one account with two addresses one is added, and the other is left out with a word`() async throws {
        let admin = try await makeAdmin()
        let list = """
            Employee ID,First Name,Last Name,Email
            E1,Ann,Lee,ann@x.example
            E1,Ann,LEE,a.lee@x.example
            E2,Ann,Lee,other.ann@x.example
            E1,Bob,Stone,bob@x.example
            ,Ann,Lee,third.ann@x.example
            E3,,,c1@x.example
            E3,,,c2@x.example

            """
        let report = try await employees.importCSV(Pieces(list), by: admin)
        #expect(numbers(report.rows, report.added, report.leftOutCount, report.rejectedCount, report.unchanged) == [7, 6, 1, 0, 0])
        #expect(report.leftOut.map(\.line) == [3] && report.leftOut.map(\.field) == ["email"])
        #expect(report.leftOut.first?.reason.contains("under another address") == true)
        #expect(try await addresses(admin).contains("a.lee@x.example") == false)
        let again = try await employees.importCSV(Pieces(list), by: admin)
        #expect(numbers(again.added, again.changed, again.leftOutCount, again.unchanged) == [0, 0, 1, 6])
        var bytes: [UInt8] = []
        for try await piece in try await employees.rejectedCSV(Pieces(list), by: admin) { bytes += piece }
        let (records, _) = try CSVReaderTests.read(bytes, by: 4_096)
        #expect(records.map { Array($0.fields[0...2]) } == [["line", "outcome", "column"], ["3", "left out", "email"]])
    }

    @Test(arguments: [
        // Hired again under another address.
        ("Employee ID,Name,Email,Status\nE1,Ann Lee,old@x.example,Terminated\nE1,Ann Lee,new@x.example,Active\n", ["new@x.example"]),
        ("Employee ID,Name,Email,Status\nE1,Ann Lee,new@x.example,Active\nE1,Ann Lee,old@x.example,Terminated\n", ["new@x.example"]),
        // An account of their own for administration.
        ("employeeID,objectGUID,Name,mail\n7,g-1,Ann Lee,adm-ann@x.example\n7,g-2,Ann Lee,ann@x.example\n", ["adm-ann@x.example", "ann@x.example"]),
        // No numbers.
        ("Employee ID,Name,Email\nN/A,Ann Lee,a1@x.example\nN/A,Ann Lee,a2@x.example\n", ["a1@x.example", "a2@x.example"]),
        ("Employee ID,Name,Email\n0,Ann Lee,a1@x.example\n0,Ann Lee,a2@x.example\n", ["a1@x.example", "a2@x.example"]),
        // Two accounts that are one.
        ("employeeID,objectGUID,Name,mail\n7,g-1,Ann Lee,ann@x.example\n7,g-1,Ann Lee,a.lee@x.example\n", ["ann@x.example"]),
    ]) func `nobody is left out whom no other row has`(list: String, added: [String]) async throws {
        let admin = try await makeAdmin()
        let report = try await employees.importCSV(Pieces(list), by: admin)
        #expect(report.rejectedCount == 0 && report.added == added.count && report.leftOutCount == 2 - added.count)
        #expect(try await addresses(admin) == added)
    }

    @Test func `of two addresses that of the company's domain is added, and whom the list has under both already keeps both`() async throws {
        let admin = try await makeAdmin()
        let domain = try #require(
            try await database.owner.first("SELECT domain FROM companies WHERE id = \(admin.company)", as: String.self))
        let list = "ID;Name;Email\n1;Ann Lee;ann@elsewhere.example\n1;Ann Lee;ann@\(domain)\n"
        #expect(try await employees.importCSV(Pieces(list), isPreview: true, by: admin).leftOut.map(\.line) == [2])
        for email in ["ann@elsewhere.example", "ann@\(domain)"] { _ = try await database.makeEmployee(in: admin.company, email: email) }
        #expect(try await employees.importCSV(Pieces(list), by: admin).leftOutCount == 0)
    }

    @Test(arguments: ["Active", "Terminated", ""])
    func `an address by which somebody is watched already adds nobody`(status: String) async throws {
        let admin = try await makeAdmin()
        let ann = try await database.makeEmployee(in: admin.company, email: "ann@x.example")
        try await database.tenant.transaction(for: admin.company) { db in
            _ = try await EmployeeAddresses(db).replace([try EmailAddress("a.lee@x.example")], of: ann)
        }
        let report = try await employees.importCSV(Pieces("email,status\na.lee@x.example,\(status)\n"), by: admin)
        #expect(numbers(report.added, report.deactivated, report.leftOutCount) == [0, 0, 1])
        #expect(report.leftOut.first?.reason.contains("another address of somebody on the staff list") == true)
        let after = try await employees.find(ann, for: admin)
        #expect(after.aliases == ["a.lee@x.example"] && after.deactivatedAt == nil)
        // Who has left has it no longer.
        try await database.owner.execute("UPDATE employees SET deactivated_at = now(), deactivation_reason = 'HAND' WHERE id = \(ann)")
        let later = try await employees.importCSV(Pieces("email\na.lee@x.example\n"), by: admin)
        #expect(numbers(later.added, later.leftOutCount) == [1, 0])
    }

    @Test func `a column of private addresses of which some are the company's is told with its rows, and so are its other columns`() async throws {
        let admin = try await makeAdmin()
        let domain = try #require(
            try await database.owner.first("SELECT domain FROM companies WHERE id = \(admin.company)", as: String.self))
        let list = """
            Name,Work Email,Home Email,Recovery Email
            Ann Lee,ann@\(domain),ann@home.example,
            Bob Stone,,bob@\(domain),bob@home.example
            Cem Ar,cem@elsewhere.example,cem@\(domain),
            Dee Im,,dee@home.example,

            """
        for isPreview in [true, false] {
            let report = try await employees.importCSV(Pieces(list), isPreview: isPreview, by: admin)
            #expect(numbers(report.added, report.rejectedCount) == [3, 1])
            #expect(
                report.columns == [
                    .init(heading: "Name", field: "name"), .init(heading: "Work Email", field: "email"),
                    .init(heading: "Home Email", field: "email", rows: 2), .init(heading: "Recovery Email"),
                ])
            #expect(report.ignoredColumns == ["Recovery Email"])
        }
        #expect(try await addresses(admin) == ["ann", "bob", "cem"].map { "\($0)@\(domain)" })
        // Where none is the company's the column is not read, and where it is the only one it is.
        let none = try await employees.importCSV(Pieces("Work Email,Home Email\nann@\(domain),ann@home.example\n"), isPreview: true, by: admin)
        #expect(none.ignoredColumns == ["Home Email"] && none.columns.last?.rows == nil)
        let only = try await employees.importCSV(Pieces("Name,Home Email\nAnn,ann@home.example\n"), isPreview: true, by: admin)
        #expect(only.ignoredColumns.isEmpty && only.columns.last == .init(heading: "Home Email", field: "email"))
    }
}
