import DataShieldTestSupport
import Foundation
import Postgres
import Testing

@testable import DataShield

/// What reaches people besides the address under which they stand on the list.
@Suite(.freshDatabase) struct EmployeeAddressTests {
    private var database: TestDatabase { .current }

    private struct World {
        var company: CompanyID
        var ada: EmployeeID
        var bob: EmployeeID
    }

    private func world() async throws -> World {
        let company = try await database.makeCompany()
        return World(
            company: company, ada: try await database.makeEmployee(in: company, email: "ada@people.example"),
            bob: try await database.makeEmployee(in: company, email: "bob@people.example"))
    }

    private func replace(_ addresses: [String], of employee: EmployeeID, _ world: World) async throws -> [String] {
        try await database.tenant.transaction(for: world.company) { db in
            try await EmployeeAddresses(db).replace(try addresses.map { try EmailAddress($0) }, of: employee).map(\.text)
        }
    }

    private func aliases(_ employee: EmployeeID, _ world: World) async throws -> [String] {
        let subject = Subject(actor: .program("test"), company: world.company, role: .admin)
        return try await Employees(database: database.tenant).find(employee, for: subject).aliases
    }

    @Test func `an address is one person's, and whoever has it keeps it`() async throws {
        let world = try await world()
        #expect(try await replace(["a1@people.example", "A2@people.example", "ada@people.example"], of: world.ada, world).isEmpty)
        #expect(try await aliases(world.ada, world) == ["a1@people.example", "a2@people.example"])
        // Ada's own, and one that she is reached by: neither is Bob's.
        let refused = try await replace(["ada@people.example", "a1@people.example", "b1@people.example"], of: world.bob, world)
        #expect(refused == ["a1@people.example", "ada@people.example"])
        #expect(try await aliases(world.bob, world) == ["b1@people.example"])
        // What is no longer told is no longer watched, and free.
        #expect(try await replace(["a2@people.example"], of: world.ada, world).isEmpty)
        #expect(try await replace(["a1@people.example"], of: world.bob, world).isEmpty)
        #expect(try await aliases(world.ada, world) == ["a2@people.example"])
        #expect(try await aliases(world.bob, world) == ["a1@people.example"])
    }

    @Test func `who comes under an address takes it from whose further one it was`() async throws {
        let world = try await world()
        _ = try await replace(["new@people.example", "moved@people.example", "back@people.example"], of: world.ada, world)
        _ = try await database.makeEmployee(in: world.company, email: "new@people.example")
        #expect(try await aliases(world.ada, world) == ["back@people.example", "moved@people.example"])
        try await execute("UPDATE employees SET email = 'moved@people.example' WHERE company_id = \(world.company) AND id = \(world.bob)", world)
        #expect(try await aliases(world.ada, world) == ["back@people.example"])
        // Who has left does not keep it from anybody, and takes it when they are back.
        try await execute(
            "UPDATE employees SET email = 'left@people.example', deactivated_at = now() WHERE company_id = \(world.company) AND id = \(world.bob)",
            world)
        #expect(try await replace(["left@people.example"], of: world.ada, world).isEmpty)
        try await execute("UPDATE employees SET deactivated_at = NULL WHERE company_id = \(world.company) AND id = \(world.bob)", world)
        #expect(try await aliases(world.ada, world).isEmpty)
    }

    private func execute(_ statement: SQL, _ world: World) async throws {
        try await database.tenant.transaction(for: world.company) { db in _ = try await db.execute(statement) }
    }

    @Test func `another company does not see them, and a new one makes the person unknown`() async throws {
        let world = try await world()
        let other = try await database.makeCompany()
        try await database.tenant.transaction(for: world.company) { db in
            try await CoverageStore(db: db).write([.init(employee: world.ada, outcome: .clean)], provider: .hibp, marker: nil, at: Date())
        }
        _ = try await replace(["a1@people.example"], of: world.ada, world)
        let answered = try await database.tenant.query(
            for: world.company, "SELECT count(*) FROM provider_coverage WHERE company_id = \(world.company)", as: Int.self)
        #expect(answered == [0], "Nobody was asked about the new one.")
        #expect(try await database.tenant.query(for: other, "SELECT address FROM employee_addresses", as: String.self).isEmpty)
        await #expect(throws: (any Error).self) {
            try await database.tenant.transaction(for: other) { db in
                _ = try await db.execute(
                    "INSERT INTO employee_addresses (company_id, employee_id, address) VALUES (\(world.company), \(world.ada), 'x@people.example')")
            }
        }
    }
}

extension DirectorySyncTests {
    private func person(_ number: Int, _ addresses: [String]?) -> DirectoryPerson {
        var person = DirectoryPerson.person(number)
        person.addresses = addresses
        return person
    }

    private func aliases(_ place: Place) async throws -> [String: [String]] {
        try await people(place).reduce(into: [:]) { $0[$1.externalId ?? ""] = $1.aliases }
    }

    @Test func `a sync keeps people's further addresses, and writes nothing when they are the same`() async throws {
        let place = try await place()
        let directory = ListedDirectory([
            person(1, ["p1@listed.example", "One@Listed.example", "none", "one@acme.onmicrosoft.com"]), person(2, ["two@listed.example"]),
            person(3, nil),
        ])
        let first = try await sync(directory, place).run
        #expect((first.added, first.changed) == (3, 0))
        #expect(try await aliases(place) == ["1": ["one@listed.example"], "2": ["two@listed.example"], "3": []])
        let before = try await versions(place)
        #expect(try await sync(directory, place).run.unchanged == 3)
        #expect(try await versions(place) == before)
        // One more, one less, and one of whom nothing is said.
        directory.set([person(1, ["one@listed.example", "uno@listed.example"]), person(2, []), person(3, nil)])
        let (run, samples, _) = try await sync(directory, place)
        #expect((run.changed, run.unchanged) == (2, 1))
        #expect(samples.changed.allSatisfy { $0.fields == ["addresses"] })
        #expect(try await aliases(place) == ["1": ["one@listed.example", "uno@listed.example"], "2": [], "3": []])
        directory.set([person(1, nil), person(2, nil), person(3, nil)])
        try await sync(directory, place)
        #expect(try await aliases(place)["1"] == ["one@listed.example", "uno@listed.example"])
    }

    @Test func `an address that two claim is the one's who stands under it, else the first's, and this is said`() async throws {
        let place = try await place()
        let directory = ListedDirectory([
            person(1, ["p2@listed.example", "shared@listed.example"]), person(2, ["shared@listed.example"]), person(3, []),
        ])
        let (run, _, _) = try await sync(directory, place)
        #expect(run.status == .succeeded)
        #expect(try await aliases(place) == ["1": ["shared@listed.example"], "2": [], "3": []])
        #expect(
            run.warnings == ["2 further addresses that the directory gives to one person are another's, and stay theirs; the first is claimed for 1."]
        )
        // Whoever has it keeps it, whatever the order.
        directory.set([person(2, ["shared@listed.example"]), person(1, ["shared@listed.example"]), person(3, [])])
        try await sync(directory, place)
        #expect(try await aliases(place) == ["1": ["shared@listed.example"], "2": [], "3": []])
        // Who has left lets it go.
        directory.set([person(2, ["shared@listed.example"]), person(3, [])])
        try await sync(directory, place)
        #expect(try await aliases(place)["2"] == ["shared@listed.example"])
    }
}
