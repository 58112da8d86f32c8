import DataShieldTestSupport
import Foundation
import Testing

@testable import DataShield

@Suite(.freshDatabase) struct EmployeesTests {
    let database = TestDatabase.current
    var employees: Employees { Employees(database: database.tenant) }

    func makeAdmin() async throws -> Subject {
        let company = try await database.makeCompany()
        return Subject(actor: .user(try await database.makeUser(in: company, role: .admin)), company: company, role: .admin)
    }

    static func patch(_ json: String) throws -> EmployeeChange { try JSONCoding.decode(EmployeeChange.self, from: Array(json.utf8)) }

    func actions(of subject: Subject) async throws -> [String] {
        try await Audit(database: database.tenant).list(for: subject).items.map(\.action)
    }

    @Test func `a person is put on the list, found, changed and taken off, each with its audit event`() async throws {
        let admin = try await makeAdmin()
        let created = try await employees.create(
            .init(email: " Jane.Doe@Acme.Example", firstName: " Jane ", lastName: "Doe", department: "R&D", isVip: true), by: admin)
        #expect(created.email.text == "jane.doe@acme.example")
        #expect(created.firstName == "Jane")
        #expect(created.department == "R&D")
        #expect(created.isVip)
        #expect(created.mfaEnabled == nil)
        #expect(try await employees.find(created.id, for: admin) == created)

        let changed = try await employees.update(created.id, Self.patch(#"{"department": null, "mfaEnabled": true, "title": "CTO"}"#), by: admin)
        #expect(changed.department == nil)
        #expect(changed.mfaEnabled == true)
        #expect(changed.title == "CTO")
        #expect(changed.firstName == "Jane")
        #expect(changed.isVip)

        try await employees.delete(created.id, by: admin)
        await #expect(throws: Employees.Failure.notFound) { try await employees.find(created.id, for: admin) }
        #expect(try await actions(of: admin) == ["employee.deleted", "employee.updated", "employee.created"])
    }

    @Test func `a change that changes nothing writes nothing`() async throws {
        let admin = try await makeAdmin()
        let created = try await employees.create(.init(email: "jane@acme.example", department: "Sales"), by: admin)
        let same = try await employees.update(created.id, Self.patch(#"{"department": "Sales", "title": null, "isVip": false}"#), by: admin)
        #expect(same == created)
        #expect(try await actions(of: admin) == ["employee.created"])
    }

    @Test func `who has left keeps the day they left, and comes back`() async throws {
        let admin = try await makeAdmin()
        let created = try await employees.create(.init(email: "jane@acme.example"), by: admin)
        let left = try await employees.update(created.id, Self.patch(#"{"isActive": false}"#), by: admin)
        let day = try #require(left.deactivatedAt)
        #expect(try await employees.update(created.id, Self.patch(#"{"isActive": false}"#), by: admin).deactivatedAt == day)
        #expect(try await employees.list(.init(isActive: true), for: admin).items.isEmpty)
        #expect(try await employees.list(.init(isActive: false), for: admin).items.map(\.id) == [created.id])
        #expect(try await employees.update(created.id, Self.patch(#"{"isActive": true}"#), by: admin).deactivatedAt == nil)
    }

    @Test func `an address is on a list once, and may be on another's`() async throws {
        let admin = try await makeAdmin()
        let other = try await makeAdmin()
        let jane = try await employees.create(.init(email: "jane@acme.example"), by: admin)
        let john = try await employees.create(.init(email: "john@acme.example"), by: admin)
        await #expect(throws: Employees.Failure.addressTaken) { try await employees.create(.init(email: "JANE@acme.example"), by: admin) }
        await #expect(throws: Employees.Failure.addressTaken) {
            try await employees.update(john.id, Self.patch(#"{"email": "\"jane\"@acme.example"}"#), by: admin)
        }
        #expect(try await employees.create(.init(email: "jane@acme.example"), by: other).id != jane.id)
    }

    @Test func `all wrong fields are named at once`() async throws {
        let admin = try await makeAdmin()
        let creation = EmployeeCreation(email: "nobody", firstName: String(repeating: "x", count: 201), department: "a\u{1}b")
        let failure = await #expect(throws: InvalidInput.self) { try await employees.create(creation, by: admin) }
        #expect(failure?.fields.map(\.field) == ["email", "firstName", "department"])
        let jane = try await employees.create(.init(email: "jane@acme.example"), by: admin)
        let change = try Self.patch(#"{"email": null, "isActive": null}"#)
        let second = await #expect(throws: InvalidInput.self) { try await employees.update(jane.id, change, by: admin) }
        #expect(second?.fields.map(\.field) == ["email", "isActive"])
    }

    @Test func `another company's employees are not there`() async throws {
        let admin = try await makeAdmin()
        let other = try await makeAdmin()
        let jane = try await employees.create(.init(email: "jane@acme.example"), by: admin)
        await #expect(throws: Employees.Failure.notFound) { try await employees.find(jane.id, for: other) }
        await #expect(throws: Employees.Failure.notFound) { try await employees.update(jane.id, .init(), by: other) }
        await #expect(throws: Employees.Failure.notFound) { try await employees.delete(jane.id, by: other) }
        #expect(try await employees.list(for: other).items.isEmpty)
        #expect(try await employees.departments(for: other).isEmpty)
        #expect(try await employees.find(jane.id, for: admin).email.text == "jane@acme.example")
    }

    @Test(arguments: ["'; DROP TABLE employees; --", "<script>alert(1)</script>", "%", "_", #"\"#, "Robert\"); --", "🦊", "O'Neil {{x}}"])
    func `what people write stays data`(_ text: String) async throws {
        let admin = try await makeAdmin()
        _ = try await employees.create(.init(email: "other@acme.example", firstName: "Other", lastName: "Person"), by: admin)
        let jane = try await employees.create(
            .init(email: "jane@acme.example", firstName: text, lastName: text, department: text, title: text, externalId: text), by: admin)
        #expect(jane.firstName == text)
        #expect(jane.department == text)
        // What is special in a pattern is not special in a search.
        #expect(try await employees.list(.init(search: text), for: admin).items.map(\.id) == [jane.id])
        #expect(try await employees.list(.init(department: text), for: admin).items.map(\.id) == [jane.id])
        #expect(try await employees.departments(for: admin).map(\.department) == [text])
    }

    @Test func `filters and search choose who is shown`() async throws {
        let admin = try await makeAdmin()
        let (jane, john) = (
            try await employees.create(
                .init(email: "jane@acme.example", firstName: "Jane", lastName: "Doe", department: "R&D", isVip: true), by: admin),
            try await employees.create(.init(email: "j.smith@acme.example", firstName: "John", lastName: "Smith", department: "Sales"), by: admin)
        )
        let breach = try await database.makeBreach()
        _ = try await database.makeBreachRecord(in: admin.company, employee: john.id, breach: breach)
        func shown(_ filter: EmployeeFilter) async throws -> [EmployeeID] { try await employees.list(filter, for: admin).items.map(\.id) }
        #expect(try await shown(.init()) == [jane.id, john.id])
        #expect(try await shown(.init(search: "JANE D")) == [jane.id])
        #expect(try await shown(.init(search: "smith@acme")) == [john.id])
        #expect(try await shown(.init(department: "Sales")) == [john.id])
        #expect(try await shown(.init(isExposed: true)) == [john.id])
        #expect(try await shown(.init(isExposed: false)) == [jane.id])
        #expect(try await shown(.init(isVip: true)) == [jane.id])
        #expect(try await shown(.init(level: .critical)) == [])
        #expect(try await shown(.init(level: .medium)) == [john.id])
        #expect(try await shown(.init(level: .low)) == [], "About Jane nobody was asked.")
        #expect(try await shown(.init(level: .notAsked)) == [jane.id])
    }

    @Test(arguments: EmployeeSort.allCases)
    func `paging shows everybody once, in order, while others are added`(_ sort: EmployeeSort) async throws {
        let admin = try await makeAdmin()
        var expected: Set<EmployeeID> = []
        // Ids sort by the millisecond: each is made in one of its own.
        let start = Date(timeIntervalSince1970: 1_800_000_000)
        for index in 0..<25 {
            // Equal names, so that only the id tells them apart.
            let date = start.addingTimeInterval(Double(index) / 100)
            let id = try await database.makeEmployee(in: admin.company, firstName: "F\(index % 3)", lastName: "L\(index % 2)", at: date)
            expected.insert(id)
        }
        var seen: [Employee] = []
        var cursor: String?
        repeat {
            let page = try await employees.list(sort: sort, cursor: cursor, limit: 4, for: admin)
            seen += page.items
            cursor = page.nextCursor
            _ = try await database.makeEmployee(
                in: admin.company, firstName: "A", lastName: "A", at: start.addingTimeInterval(Double(1 + seen.count)))
        } while cursor != nil && seen.count < 100
        let ids = seen.map(\.id)
        #expect(Set(ids).count == ids.count)
        #expect(expected.isSubset(of: ids))
        switch sort {
        case .name:
            #expect(
                seen.map { [$0.lastName, $0.firstName] } == seen.map { [$0.lastName, $0.firstName] }.sorted { $0.lexicographicallyPrecedes($1) })
        case .risk: #expect(ids == ids.sorted(by: >))
        case .newest: #expect(seen.map(\.createdAt) == seen.map(\.createdAt).sorted(by: >))
        }
    }

    @Test func `an invalid cursor, or one of another order, is refused`() async throws {
        let admin = try await makeAdmin()
        for index in 0..<3 { _ = try await database.makeEmployee(in: admin.company, firstName: "F\(index)") }
        let cursor = try #require(try await employees.list(sort: .name, limit: 1, for: admin).nextCursor)
        for (text, sort) in [(cursor, EmployeeSort.risk), ("x", .name), ("", .name), ("bm90IGpzb24", .name)] {
            let failure = await #expect(throws: InvalidInput.self) { try await employees.list(sort: sort, cursor: text, for: admin) }
            #expect(failure?.fields.map(\.field) == ["cursor"])
        }
        for limit in [0, -1, 201] {
            let failure = await #expect(throws: InvalidInput.self) { try await employees.list(limit: limit, for: admin) }
            #expect(failure?.fields.map(\.field) == ["limit"])
        }
    }

    @Test func `under another address nothing is known yet`() async throws {
        let admin = try await makeAdmin()
        let jane = try await employees.create(.init(email: "jane@acme.example"), by: admin)
        try await database.owner.execute("UPDATE employees SET last_checked_at = now() WHERE id = \(jane.id)")
        try await database.owner.execute(
            "INSERT INTO provider_coverage (company_id, employee_id, provider, outcome) VALUES (\(admin.company), \(jane.id), 'HIBP', 'CLEAN')")
        let moved = try await employees.update(jane.id, Self.patch(#"{"email": "jane.roe@acme.example"}"#), by: admin)
        #expect(moved.lastCheckedAt == nil)
        let rows = try await database.owner.first("SELECT count(*) FROM provider_coverage WHERE employee_id = \(jane.id)", as: Int.self)
        #expect(rows == 0)
    }

    @Test func `who is taken off leaves their alerts behind`() async throws {
        let admin = try await makeAdmin()
        let jane = try await employees.create(.init(email: "jane@acme.example", firstName: "Jane", lastName: "Doe"), by: admin)
        let alert = try await database.makeAlert(in: admin.company, employee: jane.id)
        try await employees.delete(jane.id, by: admin)
        let listing = try await Alerts(database: database.tenant).find(alert, for: admin)
        #expect(listing.alert.employeeId == nil)
        // The history stays readable.
        #expect((listing.employeeName, listing.employeeEmail) == ("Jane Doe", "jane@acme.example"))
    }
}
