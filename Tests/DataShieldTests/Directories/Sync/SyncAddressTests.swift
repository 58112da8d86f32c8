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

    @Test func `a name that is written otherwise and seen alike is taken`() async throws {
        let place = try await place()
        let directory = ListedDirectory([.person(1, department: "Caf\u{E9}")])
        try await sync(directory, place)
        directory.set([.person(1, department: "Cafe\u{301}")])
        let (run, _, _) = try await sync(directory, place)
        #expect(run.changed == 1)
        #expect(try await person("p1@listed.example", place)?.department.map { Array($0.utf8) } == Array("Cafe\u{301}".utf8))
    }

    @Test func `who would get an address that somebody has keeps the former one, with the reason`() async throws {
        let place = try await place()
        _ = try await database.makeEmployee(in: place.company, email: "taken@listed.example")
        let directory = ListedDirectory([.person(1), .person(2), .person(3)])
        try await sync(directory, place)
        directory.set([
            .person(1, email: "taken@listed.example", department: "Sales"), .person(2, email: "p1@listed.example"), .person(3),
        ])
        let (run, samples, _) = try await sync(directory, place)
        #expect(run.status == .succeeded)
        #expect(samples.skipped.map(\.externalId) == ["1", "2"])
        #expect(samples.skipped.allSatisfy { $0.reason.contains("keeps the former e-mail address") })
        #expect(try await person("p1@listed.example", place)?.department == "Sales")
    }

    @Test func `two who have swapped their addresses get each other's`() async throws {
        let place = try await place()
        let directory = ListedDirectory((1...4).map { .person($0) })
        try await sync(directory, place)
        directory.set([
            .person(1, email: "p2@listed.example"), .person(2, email: "p3@listed.example"), .person(3, email: "p1@listed.example"), .person(4),
        ])
        let (run, _, _) = try await sync(directory, place)
        #expect((run.changed, run.skipped, run.unchanged) == (3, 0, 1))
        let addresses = try await people(place).reduce(into: [:]) { $0[$1.externalId] = $1.email.text }
        #expect(addresses == ["1": "p2@listed.example", "2": "p3@listed.example", "3": "p1@listed.example", "4": "p4@listed.example"])
    }

    @Test(arguments: [true, false]) func `an address that is handed on is watched for who has it now`(leftBefore: Bool) async throws {
        let place = try await place()
        let directory = ListedDirectory([.person(1), .person(2), .person(3)])
        try await sync(directory, place)
        if leftBefore {
            directory.set([.person(1), .person(3)])
            try await sync(directory, place)
        }
        directory.set([.person(1), .person(3, email: "p2@listed.example")])
        let (run, _, _) = try await sync(directory, place)
        #expect((run.changed, run.skipped) == (1, 0))
        let after = try await people(place)
        #expect(after.first { $0.externalId == "3" }?.email.text == "p2@listed.example")
        let former = try #require(after.first { $0.externalId == "2" })
        #expect(former.deactivatedAt != nil)
        #expect(former.email.text == "left.\(former.id).p2@listed.example")
    }

    @Test(
        arguments: [
            // Who wants which address; who has which; whether they are leaving; who moves.
            ([("a", "b@x")], [("a", "a@x", false)], ["a"]),
            ([("a", "b@x")], [("a", "a@x", false), ("b", "b@x", false)], []),
            ([("a", "b@x")], [("a", "a@x", false), ("b", "b@x", true)], ["a"]),
            ([("a", "b@x"), ("b", "c@x")], [("a", "a@x", false), ("b", "b@x", false)], ["a", "b"]),
            ([("a", "b@x"), ("b", "c@x")], [("a", "a@x", false), ("b", "b@x", false), ("c", "c@x", false)], []),
            ([("a", "b@x"), ("b", "a@x")], [("a", "a@x", false), ("b", "b@x", false)], ["a", "b"]),
            // One who is back from having left moves as any other.
            ([("a", "b@x"), ("b", "a@x")], [("a", "a@x", true), ("b", "b@x", true)], ["a", "b"]),
            (
                [("a", "b@x"), ("b", "c@x"), ("c", "a@x"), ("d", "e@x")],
                [("a", "a@x", false), ("b", "b@x", false), ("c", "c@x", false), ("d", "d@x", false), ("e", "e@x", false)], ["a", "b", "c"]
            ),
        ] as [([(String, String)], [(String, String, Bool)], [String])])
    func `who may move is decided along the chain`(wanted: [(String, String)], holders: [(String, String, Bool)], movers: [String]) {
        func id(_ letter: String) -> EmployeeID { EmployeeID("c00000000000000000000000" + letter) ?? EmployeeID() }
        let possible = AddressMoves.possible(
            wanted.map { .init(id: id($0.0), email: $0.1) },
            holders.reduce(into: [:]) { $0[$1.1] = .init(id: id($1.0), email: $1.1, isLeaving: $1.2) })
        #expect(Set(possible.keys) == Set(movers.map(id)))
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
            ([.person(1, email: "none at all"), .person(2)], "1", "no valid e-mail address"),
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

    @Test(arguments: [SyncTrigger.manual, .schedule])
    func `a new account with the address of one that is as it was does not get it`(trigger: SyncTrigger) async throws {
        let place = try await place()
        let directory = ListedDirectory([.person(1), .person(2)])
        try await sync(directory, place)
        let another = DirectoryPerson.person(9, email: "p1@listed.example")
        directory.set([another, .person(1), .person(2)])
        directory.content.withLock { $0.changes = [DirectoryPage(people: [another])] }
        let (run, samples, _) = try await sync(directory, place, trigger: trigger)
        #expect((run.isFull, run.skipped, run.changed, run.deactivated) == (trigger == .manual, 1, 0, 0))
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

    // MARK: Other addresses of theirs

    /// A person with several addresses of equal standing.
    private func equals(_ addresses: [String], id: Int = 1) -> DirectoryPerson {
        var person = DirectoryPerson.person(id, email: addresses[0])
        person.equals = addresses
        person.addresses = addresses
        return person
    }

    /// A person with further addresses of their mailbox.
    private func mailbox(_ id: Int, _ addresses: [String]) -> DirectoryPerson {
        var person = DirectoryPerson.person(id)
        person.mailbox = addresses
        person.addresses = addresses
        return person
    }

    @Test(arguments: [["m.multi@listed.example", "mia@oldname.example"], ["mia@oldname.example", "m.multi@listed.example"]])
    func `who is on the list under another of several addresses is the same person`(order: [String]) async throws {
        let place = try await place()
        let mia = try await database.makeEmployee(in: place.company, email: "mia@oldname.example")
        let directory = ListedDirectory([equals(order), .person(2)])
        let (run, _, _) = try await sync(directory, place)
        #expect((run.added, run.changed, run.skipped) == (1, 1, 0))
        let taken = try #require(try await person("mia@oldname.example", place))
        #expect((taken.id, taken.externalId, taken.aliases) == (mia, "1", ["m.multi@listed.example"]))
        directory.set([equals(order.reversed()), .person(2)])
        #expect(try await sync(directory, place).run.unchanged == 2)
    }

    @Test func `an account that was made anew keeps the person, whatever the order of the addresses`() async throws {
        let place = try await place()
        let addresses = ["b@listed.example", "a@listed.example"]
        try await sync(ListedDirectory([equals(["b@listed.example"]), .person(2), .person(3)]), place)
        let before = try #require(try await person("b@listed.example", place))
        for (id, order) in [(8, addresses), (9, Array(addresses.reversed()))] {
            let (run, _, _) = try await sync(ListedDirectory([equals(order, id: id), .person(2), .person(3)]), place)
            #expect((run.added, run.deactivated) == (0, 0))
            let after = try #require(try await person("b@listed.example", place))
            #expect((after.id, after.externalId, after.aliases) == (before.id, "\(id)", ["a@listed.example"]))
        }
    }

    @Test func `who is on the list under an alias and no account there is the same person, and comes under the first address`() async throws {
        let place = try await place()
        let ada = try await database.makeEmployee(in: place.company, email: "ada@oldname.example")
        let directory = ListedDirectory([mailbox(1, ["ada@oldname.example"]), .person(2)])
        let (run, _, _) = try await sync(directory, place)
        #expect((run.added, run.changed, run.skipped) == (1, 1, 0))
        #expect(try await person("ada@oldname.example", place)?.aliases == ["p1@listed.example"])
        #expect(try await sync(directory, place).run.changed == 1)
        let taken = try #require(try await person("p1@listed.example", place))
        #expect((taken.id, taken.aliases) == (ada, ["ada@oldname.example"]))
        #expect(try await sync(directory, place).run.unchanged == 2)
        #expect(try await people(place).count == 2)
    }

    @Test func `an alias of two is the first's, and one that is somebody's own address or another directory's is nobody's to take`() async throws {
        let place = try await place()
        let info = try await database.makeEmployee(in: place.company, email: "info@listed.example")
        let second = Place(admin: place.admin, connection: try await addDirectory(place.admin, name: "Second"))
        try await sync(ListedDirectory([.person(11, email: "sue@listed.example")]), second)
        let own = try await database.makeEmployee(in: place.company, email: "p4@listed.example")
        let (run, _, _) = try await sync(
            ListedDirectory([
                mailbox(1, ["info@listed.example"]), mailbox(2, ["info@listed.example", "sue@listed.example"]), mailbox(3, ["p4@listed.example"]),
                .person(4),
            ]), place)
        #expect((run.added, run.changed, run.skipped) == (2, 2, 0))
        let after = try await people(place).reduce(into: [String: EmployeeID]()) { $0[$1.externalId ?? ""] = $1.id }
        #expect(after["1"] == info && after["4"] == own)
        #expect(try await person("p2@listed.example", place)?.externalId == "2")
        #expect(try await person("sue@listed.example", place)?.externalId == "11")
    }

    @Test func `what is signed in with is watched, also where the service made it up, and mail stays the first address`() async throws {
        let place = try await place()
        var one = DirectoryPerson.person(1)
        one.addresses = ["one@acme.onmicrosoft.com"]
        one.signInNames = ["P1@Acme.onmicrosoft.com", "CORP\\p1"]
        let directory = ListedDirectory([one, .person(2)])
        try await sync(directory, place)
        #expect(try await person("p1@listed.example", place)?.aliases == ["p1@acme.onmicrosoft.com"])
        #expect(try await sync(directory, place).run.unchanged == 2)
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
