import DataShieldTestSupport
import Foundation
import Postgres
import Testing

@testable import DataShield

/// What a sync knows of accounts: why somebody has left, and when password and sessions were renewed.
@Suite(.freshDatabase) struct SyncAccountTests {
    private let syncs = DirectorySyncTests()
    private let database = TestDatabase.current

    private func reasons(_ place: DirectorySyncTests.Place) async throws -> [String: String?] {
        let people = try await database.tenant.query(
            for: place.company, "SELECT split_part(email, '@', 1), deactivation_reason FROM employees WHERE company_id = \(place.company)",
            as: Away.self)
        return Dictionary(uniqueKeysWithValues: people.map { ($0.name, $0.reason) })
    }

    private struct Away: RowDecodable {
        let name: String
        let reason: String?

        init(from row: inout Row) throws {
            name = try row.next()
            reason = try row.next()
        }
    }

    @Test func `who is listed as disabled is disabled, and who is no longer listed is only gone`() async throws {
        let place = try await syncs.place()
        let directory = ListedDirectory((1...6).map { .person($0) })
        try await syncs.sync(directory, place)
        directory.set((1...4).map { .person($0) } + [.person(5, isActive: false)])
        try await syncs.sync(directory, place)
        #expect(try await reasons(place) == ["p1": nil, "p2": nil, "p3": nil, "p4": nil, "p5": "DISABLED", "p6": "GONE"])
        // Listed again, as disabled; and somebody who was disabled drops out of the list, which takes nothing back.
        directory.set((1...4).map { .person($0) } + [.person(6, isActive: false)])
        let (run, _, _) = try await syncs.sync(directory, place)
        #expect(try await reasons(place) == ["p1": nil, "p2": nil, "p3": nil, "p4": nil, "p5": "DISABLED", "p6": "DISABLED"])
        #expect((run.deactivated, run.changed, run.unchanged) == (0, 0, 5))
        // Nothing is written when nothing has changed, of those who have left neither.
        let before = try await syncs.versions(place)
        try await syncs.sync(directory, place)
        #expect(try await syncs.versions(place) == before)
        directory.set((1...6).map { .person($0) })
        #expect(try await syncs.sync(directory, place).run.reactivated == 2)
        #expect(try await reasons(place).values.allSatisfy { $0 == nil })
    }

    @Test func `somebody of whom a listing of changes says only that they are gone is gone`() async throws {
        let place = try await syncs.place()
        let directory = ListedDirectory((1...5).map { .person($0) })
        try await syncs.sync(directory, place)
        directory.content.withLock { $0.changes = [DirectoryPage(people: [.person(1, isActive: false)], removed: ["2"])] }
        try await syncs.sync(directory, place, trigger: .schedule)
        #expect(try await reasons(place) == ["p1": "DISABLED", "p2": "GONE", "p3": nil, "p4": nil, "p5": nil])
    }

    @Test func `by hand is another reason, until the directory says that the account is disabled`() async throws {
        let place = try await syncs.place()
        let directory = ListedDirectory((1...3).map { .person($0) })
        try await syncs.sync(directory, place)
        let employees = Employees(database: database.tenant)
        let person = try #require(try await syncs.person("p1@listed.example", place))
        var change = EmployeeChange()
        change.isActive = .set(false)
        _ = try await employees.update(person.id, change, by: place.admin)
        #expect(try await reasons(place)["p1"] == "HAND")
        // Another change of somebody who has left keeps why.
        change = EmployeeChange()
        change.title = .set("Formerly")
        _ = try await employees.update(person.id, change, by: place.admin)
        #expect(try await reasons(place)["p1"] == "HAND")
        directory.set([.person(1, isActive: false), .person(2), .person(3)])
        try await syncs.sync(directory, place)
        #expect(try await reasons(place)["p1"] == "DISABLED")
        change = EmployeeChange()
        change.isActive = .set(true)
        _ = try await employees.update(person.id, change, by: place.admin)
        #expect(try await reasons(place)["p1"] == .some(nil))
    }

    // MARK: Times

    private func times(_ place: DirectorySyncTests.Place, _ email: String) async throws -> [Date?] {
        let found = try await database.tenant.query(
            for: place.company,
            """
            SELECT CASE n WHEN 1 THEN password_changed_at ELSE sessions_valid_from END FROM employees, generate_series(1, 2) AS n
            WHERE company_id = \(place.company) AND email = \(email) ORDER BY n
            """, as: Date?.self)
        return found
    }

    private static let later = Timestamp.parse("2026-05-01T00:00:00.000Z")
    private static let earlier = Timestamp.parse("2020-05-01T00:00:00.000Z")

    private func listed(_ id: String, password: Date?, sessions: Date?) -> DirectoryPerson {
        DirectoryPerson(
            externalId: id, email: "p1@listed.example", firstName: "First1", lastName: "Last1", passwordChangedAt: password,
            sessionsValidFrom: sessions)
    }

    @Test(arguments: [(earlier, nil), (nil, earlier), (nil, nil), (earlier, earlier)] as [(Date?, Date?)])
    func `the times of one account are not another's`(password: Date?, sessions: Date?) async throws {
        let place = try await syncs.place()
        let directory = ListedDirectory([listed("old", password: Self.later, sessions: Self.later), .person(2), .person(3)])
        try await syncs.sync(directory, place)
        // The address is given to a new account of the directory.
        directory.set([listed("new", password: password, sessions: sessions), .person(2), .person(3)])
        try await syncs.sync(directory, place)
        #expect(try await syncs.person("p1@listed.example", place)?.externalId == "new")
        #expect(try await times(place, "p1@listed.example") == [password, sessions])
    }

    @Test func `of the same account the later time holds`() async throws {
        let place = try await syncs.place()
        let directory = ListedDirectory([listed("one", password: Self.later, sessions: Self.earlier)])
        try await syncs.sync(directory, place)
        directory.set([listed("one", password: Self.earlier, sessions: Self.later)])
        try await syncs.sync(directory, place)
        #expect(try await times(place, "p1@listed.example") == [Self.later, Self.later])
    }

    @Test func `the times go with the account also when another directory, a push or a hand names another one`() async throws {
        let place = try await syncs.place()
        let known = [listed("one", password: Self.later, sessions: Self.later)]
        try await syncs.sync(ListedDirectory(known), place)
        var person = try #require(try await syncs.person("p1@listed.example", place))
        var change = EmployeeChange()
        change.externalId = .set("two")
        _ = try await Employees(database: database.tenant).update(person.id, change, by: place.admin)
        #expect(try await times(place, "p1@listed.example") == [nil, nil])
        // The connection was made anew: what was known stays until somebody takes the person over.
        try await syncs.sync(ListedDirectory(known), place, acceptsDepartures: true)
        try await syncs.directories.remove(place.connection, by: place.admin)
        #expect(try await times(place, "p1@listed.example") == [Self.later, Self.later])
        let scim = try await database.makeDirectoryConnection(in: place.company)
        person = try #require(try await syncs.person("p1@listed.example", place))
        try await database.tenant.transaction(for: place.company) { db in
            let provisioning = EmployeeProvisioning(db: db, connection: scim, now: Date())
            let pushed = ProvisionedPerson(email: try EmailAddress("p1@listed.example"), externalId: "pushed", isActive: false)
            _ = try await db.pipeline(try await provisioning.plan(pushed, linked: nil) { _ in .free }.statements)
        }
        #expect(try await times(place, "p1@listed.example") == [nil, nil])
        #expect(try await reasons(place)["p1"] == "UNASSIGNED")
    }
}
