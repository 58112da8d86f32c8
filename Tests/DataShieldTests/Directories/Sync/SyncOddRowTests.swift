import Foundation
import Testing

@testable import DataShield

/// Rows that cannot be read: they are named and counted, and nobody is gone who may be one of them.
extension DirectorySyncTests {
    private func page(_ people: [DirectoryPerson], unreadable: [UnreadableRow] = []) -> DirectoryPage {
        DirectoryPage(people: people, unreadable: unreadable)
    }

    private func active(_ place: Place) async throws -> Set<String> {
        Set(try await people(place).filter { $0.deactivatedAt == nil }.compactMap(\.externalId))
    }

    @Test func `a row that cannot be read is left out with its name, and its person stays`() async throws {
        let place = try await place()
        let directory = ListedDirectory((1...4).map { .person($0) })
        try await sync(directory, place)
        let odd = UnreadableRow(externalId: "2", name: "2", reason: "accountEnabled is missing or null")
        directory.content.withLock { $0.pages = [page([.person(1), .person(3), .person(5)], unreadable: [odd])] }
        let (run, samples, outcome) = try await sync(directory, place)
        #expect(outcome == .done && run.status == .succeeded)
        #expect((run.listed, run.added, run.deactivated, run.skipped) == (4, 1, 1, 1))
        #expect(try await active(place) == ["1", "2", "3", "5"], "4 is gone, and 2 is not")
        #expect(samples.skipped == [.init(externalId: "2", reason: "could not be read: accountEnabled is missing or null")])
        #expect(run.warnings.contains { $0.hasPrefix("1 entry of the directory could not be read and was left out; 2: accountEnabled") })
        let connection = try await directories.find(place.connection, for: place.admin)
        #expect(connection.status == .active && connection.warnings == run.warnings)
    }

    @Test func `while a row may be anybody, nobody is gone, and who is disabled is`() async throws {
        let place = try await place()
        let directory = ListedDirectory((1...5).map { .person($0) })
        try await sync(directory, place)
        let hidden = (1...2).map { UnreadableRow(externalId: nil, name: "uid=p\($0)", reason: "its entryUUID may not be read") }
        directory.content.withLock { $0.pages = [page([.person(1), .person(2), .person(3, isActive: false)], unreadable: hidden)] }
        let (run, samples, _) = try await sync(directory, place)
        #expect(run.status == .succeeded)
        #expect((run.deactivated, run.skipped) == (1, 2))
        #expect(try await active(place) == ["1", "2", "4", "5"])
        #expect(samples.deactivated.map(\.email) == ["p3@listed.example"])
        #expect(samples.skipped.map(\.externalId) == ["uid=p1", "uid=p2"])
        #expect(run.warnings.contains { $0.contains("2 entries of the directory") && $0.contains("nobody was taken for gone") })
        // When all can be read again, who is not there is gone.
        directory.set([.person(1), .person(2), .person(4)])
        #expect(try await sync(directory, place).run.deactivated == 1)
    }

    @Test func `a listing of which nothing can be read is no odd row, and fails`() async throws {
        let place = try await place()
        let directory = ListedDirectory((1...3).map { .person($0) })
        try await sync(directory, place)
        let rows = (1...3).map { UnreadableRow(externalId: "\($0)", name: "\($0)", reason: "status is missing") }
        directory.content.withLock { $0.pages = [page([], unreadable: rows)] }
        let (run, _, _) = try await sync(directory, place)
        #expect(run.status == .failed)
        #expect(run.error == "The directory's answer could not be read: status is missing.")
        #expect(try await active(place) == ["1", "2", "3"])
    }

    @Test func `an odd row in a listing of changes takes nobody off`() async throws {
        let place = try await place()
        let directory = ListedDirectory((1...3).map { .person($0) })
        try await sync(directory, place)
        directory.content.withLock {
            $0.changes = [
                page([.person(1, department: "Sales")], unreadable: [.init(externalId: "2", name: "2", reason: "mail is an object, not a text")])
            ]
        }
        let (run, _, _) = try await sync(directory, place, trigger: .schedule)
        #expect((run.isFull, run.changed, run.deactivated, run.skipped) == (false, 1, 0, 1))
        #expect(try await active(place) == ["1", "2", "3"])
        // Also when it is the only change, and nothing tells whose.
        directory.content.withLock {
            $0.changes = [page([], unreadable: [.init(externalId: nil, name: "Row 1", reason: "id is an object, not a text")])]
        }
        let alone = try await sync(directory, place, trigger: .schedule).run
        #expect((alone.status, alone.isFull, alone.deactivated, alone.skipped) == (.succeeded, false, 0, 1))
        #expect(try await active(place) == ["1", "2", "3"])
    }

    @Test func `a field that cannot be read blanks nothing, and is said with a number`() async throws {
        let place = try await place()
        let directory = ListedDirectory([.person(1, department: "Sales"), .person(2, department: "Sales")])
        try await sync(directory, place)
        var odd: [DirectoryPerson] = [.person(1), .person(2)]
        for place in odd.indices { odd[place].odd = [OddField("department", "a list, not a text")] }
        directory.set(odd)
        let (run, _, _) = try await sync(directory, place)
        #expect((run.status, run.unchanged, run.skipped) == (.succeeded, 2, 0))
        #expect(run.warnings == ["department of 2 people could not be read and was left as it is; the first is 1: it is a list, not a text."])
        #expect(try await people(place).allSatisfy { $0.department == "Sales" })
    }

    @Test(arguments: ["", String(repeating: "x", count: 256), "a\u{0}b"])
    func `an id that cannot be kept leaves everybody else as they are`(id: String) async throws {
        let place = try await place()
        let directory = ListedDirectory((1...3).map { .person($0) })
        try await sync(directory, place)
        directory.set([.person(1), .person(2), .person(4), DirectoryPerson(externalId: id, email: "p3@listed.example")])
        let (run, samples, _) = try await sync(directory, place)
        #expect((run.status, run.added, run.deactivated, run.skipped) == (.succeeded, 1, 0, 1))
        #expect(samples.skipped.first?.externalId == "p3@listed.example")
        #expect(try await active(place) == ["1", "2", "3", "4"])
    }

    @Test func `what a directory calls a row is one line, whatever it wrote`() {
        let row = UnreadableRow(externalId: nil, name: "a\u{0}b\n" + String(repeating: "x", count: 100_000), reason: "id is missing")
        #expect(row.name.hasPrefix("a b x") && row.name.unicodeScalars.count <= 200)
        #expect(UnreadableRow(externalId: nil, name: "\u{0}", reason: "id is missing").name == "A row")
    }

    // MARK: Addresses of equal standing

    private func equals(_ addresses: [String]) -> DirectoryPerson {
        var person = DirectoryPerson.person(1, email: addresses[0])
        person.equals = addresses
        return person
    }

    @Test func `of several addresses of equal standing the person's stays theirs, in whatever order they come`() async throws {
        let place = try await place()
        let directory = ListedDirectory([equals(["mia@oldname.example", "m.multi@listed.example"])])
        try await sync(directory, place)
        let first = try #require(try await people(place).first)
        for order in [["m.multi@listed.example", "mia@oldname.example"], ["mia@oldname.example", "m.multi@listed.example", "a@listed.example"]] {
            directory.set([equals(order)])
            let (run, _, _) = try await sync(directory, place)
            #expect((run.changed, run.skipped) == (0, 0), "\(order)")
            #expect(try await people(place).map(\.email) == [first.email])
        }
        // One that is no longer among them is.
        directory.set([equals(["a@listed.example", "b@listed.example"].filter { $0 != first.email.text })])
        #expect(try await sync(directory, place).run.changed == 1)
    }

    @Test func `a new person has the address at the company's domain`() async throws {
        let place = try await place()
        let domain = try #require(
            try await database.tenant.query(for: place.company, "SELECT domain FROM companies WHERE id = \(place.company)", as: String.self).first)
        let directory = ListedDirectory([equals(["aaa@oldname.example", "zoe@\(domain)", "not an address"])])
        try await sync(directory, place)
        #expect(try await people(place).map(\.email.text) == ["zoe@\(domain)"])
    }
}
