import DataShieldTestSupport
import Foundation
import Jobs
import Logging
import Postgres
import Synchronization
import Testing

@testable import DataShield

/// What a sync does to the staff list, over a directory that lists what the test says.
@Suite(.freshDatabase) struct DirectorySyncTests {
    let database = TestDatabase.current
    let secrets = SecretBox(key: Array(repeating: 7, count: 32))

    // MARK: A company with a directory

    struct Place {
        let admin: Subject
        let connection: DirectoryConnectionID
        var company: CompanyID { admin.company }
    }

    /// Lives as long as the tests: it has to be shut down before it goes, and nothing here calls anybody.
    static let outbound = OutboundClient(ssrfGuard: SSRFGuard(allowed: []))

    var directories: Directories {
        Directories(
            database: database.tenant, secrets: secrets, queue: JobQueue(pool: database.system.pool, makeID: { CUID.make(at: Date()) }),
            access: { _ in DirectoryAccess(outbound: Self.outbound, ssrfGuard: SSRFGuard(allowed: []), logger: Logger(label: "test")) })
    }

    func place() async throws -> Place {
        let admin = Subject(actor: .program("test"), company: try await database.makeCompany(), role: .admin)
        return Place(admin: admin, connection: try await addDirectory(admin))
    }

    func addDirectory(_ admin: Subject, name: String = "People") async throws -> DirectoryConnectionID {
        let id = DirectoryConnectionID()
        try await database.tenant.transaction(for: admin.company) { db in
            try await DirectoryStore(db).insert(id, .ldap, name: name, configuration: [0], interval: 60, tokenHash: nil)
        }
        return id
    }

    /// Runs a sync as the worker does, and returns how it ended.
    @discardableResult
    func sync(
        _ directory: any DirectoryConnector, _ place: Place, trigger: SyncTrigger = .manual, acceptsDepartures: Bool = false, attempt: Int = 1,
        now: @escaping Now = { Date() }
    ) async throws -> (run: SyncRun, samples: SyncSamples, outcome: JobOutcome) {
        let run = SyncRunID()
        try await database.tenant.transaction(for: place.company) { db in
            try await SyncStore(db).insert(run, place.connection, trigger: trigger, acceptsDepartures: acceptsDepartures, at: Date())
        }
        let outcome = try await perform(run, directory, place, attempt: attempt, now: now)
        return (
            try await directories.run(run, for: place.admin), try await directories.samples(of: run, for: place.admin), outcome
        )
    }

    func perform(
        _ run: SyncRunID, _ directory: any DirectoryConnector, _ place: Place, attempt: Int = 1, now: @escaping Now = { Date() }
    ) async throws -> JobOutcome {
        let job = RunDirectorySync(
            database: database.tenant, directories: directories, connect: { _, _ in directory }, now: now, logger: Logger(label: "test"))
        return try await job.perform(.init(company: place.company, connection: place.connection, run: run), attempt: attempt)
    }

    func people(_ place: Place) async throws -> [Employee] {
        try await Employees(database: database.tenant).list(sort: .newest, limit: 200, for: place.admin).items
    }

    func person(_ email: String, _ place: Place) async throws -> Employee? {
        try await people(place).first { $0.email.text == email }
    }

    /// The versions of all rows: a row that was written, also with what it had, has another one.
    func versions(_ place: Place) async throws -> [String] {
        try await database.tenant.query(
            for: place.company, "SELECT id || ' ' || xmin::text FROM employees WHERE company_id = \(place.company) ORDER BY id", as: String.self)
    }

    // MARK: Adding and changing

    @Test func `a first sync adds everybody who is active, in the spelling of the staff list`() async throws {
        let place = try await place()
        let directory = ListedDirectory([
            .person(1, email: " Jörg.Weiß@Listed.Example ", department: "Finance", title: "Controller", mfa: true), .person(2, isActive: false),
        ])
        let (run, samples, outcome) = try await sync(directory, place)
        #expect(outcome == .done)
        #expect(run.status == .succeeded)
        #expect((run.listed, run.added, run.skipped) == (2, 1, 1))
        let added = try #require(try await people(place).first)
        #expect(added.email.text == "jörg.weiß@listed.example")
        #expect((added.department, added.title, added.mfaEnabled, added.externalId) == ("Finance", "Controller", true, "1"))
        #expect(added.sourceConnectionId == place.connection.rawValue)
        #expect(samples.added.map(\.id) == [added.id])
        #expect(samples.skipped == [.init(externalId: "2", reason: "is disabled in the directory")])
        let connection = try await directories.find(place.connection, for: place.admin)
        #expect(connection.status == .active)
        #expect(connection.lastSyncCount == 2)
    }

    @Test func `a second sync writes no row when nothing has changed`() async throws {
        let place = try await place()
        let directory = ListedDirectory((1...50).map { .person($0, department: "Sales", mfa: $0 % 2 == 0) })
        try await sync(directory, place)
        let before = try await versions(place)
        let (run, _, _) = try await sync(directory, place)
        #expect(try await versions(place) == before)
        #expect((run.added, run.changed, run.unchanged) == (0, 0, 50))
    }

    @Test func `only what is different is changed, and nothing is blanked`() async throws {
        let place = try await place()
        let directory = ListedDirectory([.person(1, department: "Sales", title: "Seller", mfa: true), .person(2)])
        try await sync(directory, place)
        let before = try await versions(place)
        directory.set([
            DirectoryPerson(externalId: "1", email: nil, department: "Finance", title: ""), .person(2),
        ])
        let (run, samples, _) = try await sync(directory, place)
        let after = try await versions(place)
        #expect(Set(after).subtracting(before).count == 1)
        let changed = try #require(try await person("p1@listed.example", place))
        #expect((changed.firstName, changed.department, changed.title, changed.mfaEnabled) == ("First1", "Finance", "Seller", true))
        #expect(run.changed == 1)
        #expect(samples.changed.map(\.fields) == [["department"]])
    }

    @Test func `somebody on the list already is taken over by address`() async throws {
        let place = try await place()
        let known = try await database.makeEmployee(in: place.company, email: "p1@listed.example", department: "Old")
        let (run, _, _) = try await sync(ListedDirectory([.person(1)]), place)
        let person = try #require(try await people(place).first)
        #expect(person.id == known)
        #expect((person.department, person.externalId) == ("Old", "1"))
        #expect((run.added, run.changed) == (0, 1))
    }

    // MARK: Leaving and coming back

    @Test func `who is gone or disabled is deactivated, who is back is reactivated`() async throws {
        let place = try await place()
        let directory = ListedDirectory((1...6).map { .person($0) })
        try await sync(directory, place)
        let ids = try await people(place).map(\.id)
        directory.set((1...4).map { .person($0) } + [.person(5, isActive: false)])
        let (run, samples, _) = try await sync(directory, place)
        #expect(run.deactivated == 2)
        #expect(Set(samples.deactivated.map(\.email)) == ["p5@listed.example", "p6@listed.example"])
        #expect(try await people(place).filter { $0.deactivatedAt != nil }.count == 2)
        directory.set((1...6).map { .person($0) })
        let (back, _, _) = try await sync(directory, place)
        #expect((back.reactivated, back.added) == (2, 0))
        #expect(try await people(place).allSatisfy { $0.deactivatedAt == nil })
        #expect(try await people(place).map(\.id) == ids)
    }

    @Test func `when more than half would go nothing changes, until an administrator accepts it`() async throws {
        let place = try await place()
        let directory = ListedDirectory((1...5).map { .person($0) })
        try await sync(directory, place)
        directory.set([.person(1), .person(2, department: "New")])
        let before = try await versions(place)
        let (run, _, outcome) = try await sync(directory, place)
        guard case .givenUp(let reason) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(reason.contains("3 of 5"))
        #expect(run.needsAcceptance)
        #expect(try await versions(place) == before)
        #expect(try await directories.find(place.connection, for: place.admin).status == .error)
        // What was accepted is what was shown.
        directory.set([.person(1)])
        let (worse, _, _) = try await sync(directory, place, acceptsDepartures: true)
        #expect(worse.error?.contains("4 of 5") == true && worse.error?.contains("the 3 that were accepted") == true)
        #expect(try await versions(place) == before)
        directory.set([.person(1), .person(2, department: "New")])
        let (accepted, _, _) = try await sync(directory, place, acceptsDepartures: true)
        #expect((accepted.deactivated, accepted.changed) == (3, 1))
        #expect(try await directories.find(place.connection, for: place.admin).status == .active)
    }

    @Test func `exactly half may go`() async throws {
        let place = try await place()
        let directory = ListedDirectory((1...4).map { .person($0) })
        try await sync(directory, place)
        directory.set([.person(1), .person(2)])
        #expect(try await sync(directory, place).run.deactivated == 2)
    }

    @Test func `a directory that lists nobody is an error, also the first time`() async throws {
        let place = try await place()
        let (run, _, _) = try await sync(ListedDirectory([]), place, acceptsDepartures: true)
        #expect(run.status == .failed)
        #expect(run.error?.contains("lists nobody") == true)
    }

    @Test func `people of another source stay when a directory does not list them`() async throws {
        let place = try await place()
        let other = try await database.makeEmployee(in: place.company, email: "csv@listed.example")
        try await sync(ListedDirectory([.person(1)]), place)
        #expect(try await people(place).first { $0.id == other }?.deactivatedAt == nil)
    }

    // MARK: Listings of changes

    @Test func `the schedule lists changes, in which only who is named as gone is gone`() async throws {
        let place = try await place()
        let directory = ListedDirectory((1...5).map { .person($0) })
        try await sync(directory, place)
        directory.content.withLock { $0.changes = [DirectoryPage(people: [.person(6), .person(1, department: "Sales")], removed: ["2"])] }
        let (run, _, _) = try await sync(directory, place, trigger: .schedule)
        #expect(!run.isFull)
        #expect((run.added, run.changed, run.deactivated) == (1, 1, 1))
        #expect(directory.listings.withLock { $0.last } == .changes(since: DirectoryState(["link": "next"])))
        #expect(try await person("p2@listed.example", place)?.deactivatedAt != nil)
        #expect(try await people(place).filter { $0.deactivatedAt == nil }.count == 5)
    }

    @Test func `after a day everybody is listed again`() async throws {
        let place = try await place()
        let directory = ListedDirectory([.person(1)])
        try await sync(directory, place)
        let (run, _, _) = try await sync(directory, place, trigger: .schedule, now: { Date().addingTimeInterval(86_401) })
        #expect(run.isFull)
    }

    @Test func `a state that has expired is forgotten, and everybody is listed`() async throws {
        let place = try await place()
        let directory = ListedDirectory([.person(1)])
        try await sync(directory, place)
        directory.content.withLock { $0.hasExpired = true }
        directory.set([.person(1), .person(2)])
        let (run, _, _) = try await sync(directory, place, trigger: .schedule)
        #expect((run.status, run.isFull, run.added) == (.succeeded, true, 1))
    }

    // MARK: One at a time

    @Test func `two syncs of one directory do not run at once`() async throws {
        let place = try await place()
        _ = try await directories.sync(place.connection, by: place.admin)
        await #expect(throws: Directories.Failure.alreadySyncing) { try await directories.sync(place.connection, by: place.admin) }
    }

    @Test func `a sync that is asked for while the job of the last one is ending has a job of its own`() async throws {
        let place = try await place()
        let first = try await directories.sync(place.connection, by: place.admin)
        #expect(try await perform(first.id, ListedDirectory([.person(1)]), place) == .done)
        let second = try await directories.sync(place.connection, by: place.admin)
        let jobs = try await database.system.query(
            "SELECT payload->>'run' FROM jobs WHERE connection_id = \(place.connection) ORDER BY id", as: String.self)
        #expect(Set(jobs) == [first.id.rawValue, second.id.rawValue])
    }

    @Test func `a sync whose job is gone does not block the next one`() async throws {
        let place = try await place()
        let run = try await directories.sync(place.connection, by: place.admin)
        try await database.system.execute("DELETE FROM jobs WHERE connection_id = \(place.connection)")
        _ = try await directories.sync(place.connection, by: place.admin)
        #expect(try await directories.run(run.id, for: place.admin).error == "The sync was abandoned.")
    }

    @Test func `another company's directory is not found`() async throws {
        let place = try await place()
        let other = Subject(actor: .program("test"), company: try await database.makeCompany(), role: .admin)
        await #expect(throws: Directories.Failure.notFound) { try await directories.find(place.connection, for: other) }
        await #expect(throws: Directories.Failure.notFound) { try await directories.sync(place.connection, by: other) }
        await #expect(throws: Directories.Failure.notFound) { try await directories.remove(place.connection, by: other) }
        await #expect(throws: Directories.Failure.notFound) {
            try await directories.runs(of: place.connection, for: other)
        }
    }

    @Test func `a removed directory leaves its people, who belong to none`() async throws {
        let place = try await place()
        try await sync(ListedDirectory([.person(1)]), place)
        try await directories.remove(place.connection, by: place.admin)
        let person = try #require(try await people(place).first)
        #expect(person.sourceConnectionId == nil)
        #expect(person.deactivatedAt == nil)
    }
}
