import DataShieldTestSupport
import Foundation
import Postgres
import Testing

@testable import DataShield

/// People are asked about by each of their addresses, and what is found is theirs.
@Suite(.freshDatabasePerTest) struct FurtherAddressTests {
    private static func give(_ addresses: [String], to alias: String, _ world: ScanWorld) async throws {
        try await world.database.tenant.transaction(for: world.company) { db in
            let id = try await db.first(
                "SELECT id FROM employees WHERE company_id = \(world.company) AND email = \("\(alias)@\(world.domain)")", as: EmployeeID.self)
            _ = try await EmployeeAddresses(db).replace(try addresses.map { try EmailAddress($0) }, of: try #require(id))
        }
    }

    @Test(arguments: [true, false]) func `what is known of an alias is the person's, with a domain search and without`(isVerified: Bool) async throws
    {
        try await ScanWorld.with(
            isVerified: isVerified, configure: { $0.exposures["c.alias@elsewhere.example"] = ["Dropbox", "Adobe"] }
        ) { world async throws in
            try await Self.give(["c.alias@elsewhere.example"], to: "cyd", world)
            try await Self.give(["a.alias@elsewhere.example"], to: "ada", world)
            let run = try await world.scan()
            #expect(run.status == .succeeded && run.errorCount == 0, "\(run.errorMessage ?? "")")
            let found = try await world.database.owner.query(
                """
                SELECT split_part(e.email, '@', 1) || ' ' || b.canonical_key FROM breach_records r
                JOIN employees e ON e.id = r.employee_id JOIN breaches b ON b.id = r.breach_id
                WHERE r.company_id = \(world.company) ORDER BY 1
                """, as: String.self)
            #expect(found == ["ada adobe", "ada linkedin", "bob adobe", "cyd adobe", "cyd dropbox"])
            #expect(try await world.coverage() == ["ada": "EXPOSED", "bob": "EXPOSED", "cyd": "EXPOSED"])
            let evidence = try await world.database.owner.query(
                "SELECT evidence::text FROM breach_records WHERE company_id = \(world.company) AND evidence IS NOT NULL", as: String.self)
            #expect(evidence.count == 2 && evidence.allSatisfy { $0.contains("c.alias@elsewhere.example") })
        }
    }

    @Test func `an alias that gives no answer leaves the person unknown, and what was found is kept`() async throws {
        try await ScanWorld.with(isVerified: false) { world async throws in
            try await Self.give(["alias@elsewhere.example"], to: "ada", world)
            try await Self.give(["alias2@elsewhere.example"], to: "cyd", world)
            world.sandbox.misbehave(.init(.brokenJSON, pathPrefix: "breachedaccount/alias"))
            let run = try await world.scan()
            #expect(run.newRecords == 3)
            let coverage = try await world.coverage()
            #expect(coverage["bob"] == "EXPOSED")
            #expect(coverage["ada"]?.hasPrefix("UNKNOWN") == true && coverage["cyd"]?.hasPrefix("UNKNOWN") == true)
        }
    }

    @Test(arguments: [true, false])
    func `an address that is none by today's rule leaves its person unknown, with a domain search and without`(isVerified: Bool) async throws {
        try await ScanWorld.with(isVerified: isVerified) { world async throws in
            let owner = world.database.owner
            try await owner.execute(
                "UPDATE employees SET email = \("cyd..old@\(world.domain)") WHERE company_id = \(world.company) AND email LIKE 'cyd@%'")
            try await owner.execute(
                """
                INSERT INTO employee_addresses (company_id, employee_id, address)
                SELECT company_id, id, 'bob..old@elsewhere.example' FROM employees WHERE company_id = \(world.company) AND email LIKE 'bob@%'
                """)
            let run = try await world.scan()
            let unknown = "UNKNOWN: An address on the staff list cannot be asked about: correct it there, or in the directory."
            #expect(try await world.coverage() == ["ada": "EXPOSED", "bob": unknown, "cyd..old": unknown])
            // What is known of their other addresses is theirs all the same.
            #expect(numbers(run.newRecords, run.errorCount) == [3, 2])
        }
    }

    @Test func `leak files are searched for aliases`() async throws {
        let database = TestDatabase.current
        let company = try await database.makeCompany()
        let ada = try await database.makeEmployee(in: company, email: "ada@people.example")
        let gone = try await database.makeEmployee(in: company, email: "gone@people.example")
        try await database.tenant.transaction(for: company) { db in
            _ = try await EmployeeAddresses(db).replace([try EmailAddress("alias@people.example")], of: ada)
            _ = try await EmployeeAddresses(db).replace([try EmailAddress("old@people.example")], of: gone)
            _ = try await db.execute("UPDATE employees SET deactivated_at = now() WHERE company_id = \(company) AND id = \(gone)")
        }
        let ingests = Ingests(
            database: database.tenant, system: database.system, recorder: Recorder(now: { Date() }),
            secrets: SecretBox(key: [UInt8](repeating: 7, count: 32)), uploads: IngestUploads(), now: { Date() })
        let people = try await ingests.watchedPeople(of: [company])
        #expect(people.count == 2)
        let number = try #require(people.list.find("Alias@People.example"))
        #expect(people.people(number).map(\.employee) == [ada])
        #expect(people.list.find("old@people.example") == nil)
    }
}

/// What was found under several addresses of one person. Pure.
@Suite struct AddressesLookUpTests {
    @Test func `two leaks of one name stay two, and each is once`() throws {
        let (ada, alias) = (try EmailAddress("ada@people.example"), try EmailAddress("alias@people.example"))
        var rows = LeakedRows(provider: .leakcheck)
        rows.add(LeakedRow(source: "LinkedIn", days: BreachTable.days("2012-05"), fields: ["password"]), of: ada)
        rows.add(LeakedRow(source: "LinkedIn", days: BreachTable.days("2021-04"), fields: ["name"]), of: ada)
        rows.add(LeakedRow(source: "linkedin.com", days: BreachTable.days("2021-04"), fields: ["phone"]), of: alias)
        let findings = rows.findings
        let person = DuePerson(id: EmployeeID(), address: ada, further: [alias])
        let lookUp = LookUp(ofAddresses: person.all.map { ($0, findings[$0] ?? []) }, of: person)
        #expect(lookUp.findings.map(\.breachDate) == [BreachDate.day("2012-05-31"), BreachDate.day("2021-04-30")])
        #expect(lookUp.findings.map(\.dataTypes) == [["email", "password"], ["email", "name", "phone"]])
        #expect(lookUp.findings.map { $0.evidence?.logins ?? [] } == [[], ["alias@people.example"]])
    }
}
