import Foundation
import Testing

@testable import DataShield

/// Whom a listed account is, and who has an address that several want.
extension DirectorySyncTests {
    @Test func `an address that changes keeps the person, also in a chain`() async throws {
        let place = try await place()
        let directory = ListedDirectory((1...3).map { .person($0) })
        try await sync(directory, place)
        let ids = try await people(place).reduce(into: [:]) { $0[$1.externalId] = $1.id }
        directory.set([
            .person(1, email: "p2@listed.example"), .person(2, email: "p3@listed.example"), .person(3, email: "p4@listed.example"),
        ])
        let (run, _, _) = try await sync(directory, place)
        #expect((run.changed, run.added, run.deactivated) == (3, 0, 0))
        let after = try await people(place)
        #expect(after.reduce(into: [:]) { $0[$1.externalId] = $1.id } == ids)
        #expect(after.reduce(into: [:]) { $0[$1.externalId] = $1.email.text }["1"] == "p2@listed.example")
    }

    @Test func `who would get an address that somebody has keeps the former one, with the reason`() async throws {
        let place = try await place()
        let directory = ListedDirectory([.person(1), .person(2)])
        try await sync(directory, place)
        directory.set([.person(1, email: "p2@listed.example", department: "Sales"), .person(2, email: "p1@listed.example")])
        let (run, samples, _) = try await sync(directory, place)
        #expect(run.status == .succeeded)
        #expect(samples.skipped.map(\.externalId) == ["1", "2"])
        #expect(samples.skipped.allSatisfy { $0.reason.contains("keeps the former e-mail address") })
        #expect(try await person("p1@listed.example", place)?.department == "Sales")
    }

    @Test func `a new address makes coverage begin anew`() async throws {
        let place = try await place()
        let directory = ListedDirectory([.person(1)])
        try await sync(directory, place)
        let id = try #require(try await people(place).first).id
        try await database.tenant.transaction(for: place.company) { db in
            try await db.execute(
                """
                INSERT INTO provider_coverage (company_id, employee_id, provider, outcome, checked_at)
                VALUES (\(place.company), \(id), 'HIBP', 'CLEAN', now())
                """)
        }
        directory.set([.person(1, email: "new@listed.example")])
        try await sync(directory, place)
        let left = try await database.tenant.query(
            for: place.company, "SELECT count(*) FROM provider_coverage WHERE company_id = \(place.company)", as: Int.self)
        #expect(left == [0])
    }

    @Test(
        arguments: [
            ([DirectoryPerson.person(1), .person(2, email: "P1@listed.example")], "2", "another account"),
            ([.person(1, email: "none at all"), .person(2)], "1", "that is none"),
            ([DirectoryPerson(externalId: "1", email: nil), .person(2)], "1", "no e-mail address"),
        ] as [([DirectoryPerson], String, String)])
    func `who cannot be taken is skipped with the reason, and the others are taken`(
        people: [DirectoryPerson], skipped: String, reason: String
    ) async throws {
        let place = try await place()
        let (run, samples, _) = try await sync(ListedDirectory(people), place)
        #expect((run.added, run.skipped) == (1, 1))
        #expect(samples.skipped.first?.externalId == skipped)
        #expect(samples.skipped.first?.reason.contains(reason) == true)
    }

    @Test func `of two accounts with one address the active one has it`() async throws {
        let place = try await place()
        try await sync(ListedDirectory([.person(1, email: "p@listed.example", isActive: false), .person(2, email: "p@listed.example")]), place)
        #expect(try await people(place).map(\.externalId) == ["2"])
    }

    @Test func `somebody of another directory stays with it until they have left there`() async throws {
        let place = try await place()
        let first = ListedDirectory([.person(1), .person(2), .person(3)])
        try await sync(first, place)
        let second = Place(admin: place.admin, connection: try await addDirectory(place.admin, name: "Second"))
        let (run, samples, _) = try await sync(ListedDirectory([.person(11, email: "p1@listed.example"), .person(12)]), second)
        #expect((run.added, run.changed, run.skipped) == (1, 0, 1))
        #expect(samples.skipped.first?.reason == "belongs to another directory: People")
        first.set([.person(2), .person(3)])
        try await sync(first, place)
        let (taken, _, _) = try await sync(ListedDirectory([.person(11, email: "p1@listed.example"), .person(12)]), second)
        #expect(taken.reactivated == 1)
        #expect(try await person("p1@listed.example", place)?.sourceConnectionId == second.connection.rawValue)
    }

    @Test func `the same account listed twice is one person, as it was listed last`() async throws {
        let place = try await place()
        let (run, _, _) = try await sync(ListedDirectory([.person(1, department: "Old"), .person(1, department: "New")]), place)
        #expect(run.added == 1)
        #expect(try await people(place).map(\.department) == ["New"])
    }

    @Test func `an account listed twice is as it was listed last, also beside what is known`() async throws {
        let place = try await place()
        let (old, new) = (DirectoryPerson.person(1, department: "Old"), DirectoryPerson.person(1, department: "New"))
        try await sync(ListedDirectory([old, .person(2)]), place)
        let (forth, _, _) = try await sync(ListedDirectory([old, new, .person(2)]), place)
        #expect((forth.changed, forth.unchanged) == (1, 1))
        let (back, _, _) = try await sync(ListedDirectory([old, new, .person(2), .person(2)]), place)
        #expect((back.changed, back.unchanged, back.deactivated) == (0, 2, 0))
        let (here, _, _) = try await sync(ListedDirectory([new, old, new, .person(2)]), place)
        #expect((here.changed, here.unchanged) == (0, 2))
        #expect(try await people(place).map(\.department).contains("New"))
    }

    @Test func `a new account with the address of one that is as it was does not get it`() async throws {
        let place = try await place()
        try await sync(ListedDirectory([.person(1), .person(2)]), place)
        let (run, samples, _) = try await sync(ListedDirectory([.person(9, email: "p1@listed.example"), .person(1), .person(2)]), place)
        #expect((run.unchanged, run.skipped, run.deactivated) == (2, 1, 0))
        #expect(samples.skipped == [.init(externalId: "9", reason: "has the e-mail address of another account of this directory")])
    }

    @Test func `an account that was made anew keeps the person, whether the former is gone or disabled`() async throws {
        let place = try await place()
        try await sync(ListedDirectory([.person(1), .person(2), .person(3)]), place)
        let ids = try await people(place).map(\.id)
        let (run, samples, _) = try await sync(
            ListedDirectory([.person(8, email: "p1@listed.example"), .person(2, isActive: false), .person(9, email: "p2@listed.example"), .person(3)]
            ),
            place, acceptsDepartures: true)
        #expect((run.changed, run.added, run.deactivated, run.skipped) == (2, 0, 0, 0))
        #expect(samples.changed.map(\.fields).allSatisfy { $0?.contains("directory") == true })
        let after = try await people(place)
        #expect(after.map(\.id) == ids)
        #expect(Set(after.map(\.externalId)) == ["8", "9", "3"])
        #expect(after.allSatisfy { $0.deactivatedAt == nil })
    }

    @Test func `what was changed by hand meanwhile is brought back to what the directory says`() async throws {
        let place = try await place()
        let directory = ListedDirectory([.person(1, department: "Sales"), .person(2)])
        try await sync(directory, place)
        try await database.tenant.transaction(for: place.company) { db in
            try await db.execute("UPDATE employees SET department = 'Hand' WHERE company_id = \(place.company) AND external_id = '1'")
        }
        #expect(try await sync(directory, place).run.changed == 1)
        #expect(try await person("p1@listed.example", place)?.department == "Sales")
    }

    @Test func `times finer than a millisecond are as they were`() async throws {
        let place = try await place()
        var person = DirectoryPerson.person(1)
        person.passwordChangedAt = Date(timeIntervalSince1970: 1_764_112_345.123_987)
        person.sessionsValidFrom = Date(timeIntervalSince1970: 1_764_112_345.6)
        let directory = ListedDirectory([person])
        try await sync(directory, place)
        let before = try await versions(place)
        #expect(try await sync(directory, place).run.unchanged == 1)
        #expect(try await versions(place) == before)
    }
}
