import Foundation
import Jobs
import Logging
import Testing

@testable import DataShield

/// What a sync does when something goes wrong, and what the schedule does after it.
extension DirectorySyncTests {
    @Test(arguments: [0, 1, 2])
    func `a listing that breaks off counts for nothing, and is tried again`(page: Int) async throws {
        let place = try await place()
        let directory = ListedDirectory()
        directory.content.withLock {
            $0.pages = (1...3).map { DirectoryPage(people: [.person($0)]) }
            $0.failure = (page, .unavailable("The directory is down."))
        }
        let (run, _, outcome) = try await sync(directory, place)
        #expect(outcome == .again(after: .seconds(30), reason: "The directory is down."))
        #expect((run.status, run.error) == (.pending, "The directory is down."))
        #expect(run.runAfter != nil)
        #expect(try await people(place).isEmpty)
        directory.content.withLock { $0.failure = nil }
        #expect(try await perform(run.id, directory, place, attempt: 2) == .done)
        #expect(try await directories.run(run.id, for: place.admin).added == 3)
    }

    @Test func `the fourth failure is the last, and the connection is in error`() async throws {
        let place = try await place()
        let directory = ListedDirectory([.person(1)])
        directory.content.withLock { $0.failure = (0, .timeout) }
        let (run, _, outcome) = try await sync(directory, place, attempt: 4)
        guard case .givenUp = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(run.status == .failed)
        #expect(try await directories.find(place.connection, for: place.admin).status == .error)
    }

    @Test func `a wrong password is not tried again`() async throws {
        let place = try await place()
        let directory = ListedDirectory([.person(1)])
        directory.content.withLock { $0.failure = (0, .refusedCredentials("The password is wrong.")) }
        let (run, _, outcome) = try await sync(directory, place)
        #expect(outcome == .givenUp(reason: "The password is wrong."))
        #expect(run.status == .failed)
    }

    @Test func `warnings of a sync that ended well are kept and shown, until a listing of everybody has none`() async throws {
        let place = try await place()
        func warnings() async throws -> [String] { try await directories.find(place.connection, for: place.admin).warnings }
        let directory = ListedDirectory([.person(1)])
        directory.content.withLock { $0.warnings = ["MFA could not be read."] }
        #expect(try await sync(directory, place).run.warnings == ["MFA could not be read."])
        #expect(try await warnings() == ["MFA could not be read."])
        // A listing of changes does not look at it.
        directory.content.withLock { $0.warnings = ["One reference was not followed."] }
        #expect(try await sync(directory, place, trigger: .schedule).run.isFull == false)
        #expect(try await warnings() == ["MFA could not be read.", "One reference was not followed."])
        directory.content.withLock { $0.warnings = [] }
        try await sync(directory, place)
        #expect(try await warnings().isEmpty)
    }

    @Test(
        arguments: [
            (Duration.seconds(3600), 3600), (.seconds(5), 30), (.seconds(1_000_000), 21_600), (nil, 30),
        ] as [(Duration?, Int64)])
    func `a directory that asks us to wait is asked again after that, and not before`(stated: Duration?, seconds: Int64) async throws {
        let place = try await place()
        let directory = ListedDirectory([.person(1)])
        directory.content.withLock { $0.failure = (0, .rateLimited(retryAfter: stated)) }
        let (run, _, outcome) = try await sync(directory, place)
        guard case .again(let delay, _) = outcome else {
            Issue.record("\(outcome)")
            return
        }
        #expect(delay == .seconds(seconds))
        #expect(try #require(run.runAfter) > Date().addingTimeInterval(Double(seconds) - 20))
    }

    @Test func `settings that are replaced during a sync are not taken for tried, and people are listed with them`() async throws {
        let place = try await place()
        let this = self
        let run = SyncRunID()
        try await database.tenant.transaction(for: place.company) { db in
            try await SyncStore(db).insert(run, place.connection, trigger: .manual, acceptsDepartures: false, at: Date())
        }
        let former = ListedDirectory(onPage: { _ in
            try await this.database.tenant.transaction(for: place.company) { db in
                try await DirectoryStore(db).replace(place.connection, configuration: [1])
            }
        })
        former.set([.person(1)])
        #expect(
            try await perform(run, former, place)
                == .again(after: .zero, reason: "The directory's settings were changed during the sync."))
        #expect(try await people(place).isEmpty)
        let connection = try await directories.find(place.connection, for: place.admin)
        #expect((connection.status, connection.errorMessage) == (.pending, nil))
        #expect(try await perform(run, ListedDirectory([.person(2)]), place, attempt: 2) == .done)
        #expect(try await people(place).map(\.externalId) == ["2"])
    }

    @Test func `an attempt that fails after another has ended the run says nothing of the connection`() async throws {
        let place = try await place()
        let run = SyncRunID()
        try await database.tenant.transaction(for: place.company) { db in
            try await SyncStore(db).insert(run, place.connection, trigger: .manual, acceptsDepartures: false, at: Date())
        }
        let (second, this) = (ListedDirectory([.person(9)]), self)
        let first = ListedDirectory(onPage: { _ in
            #expect(try await this.perform(run, second, place, attempt: 2) == .done)
            throw DirectoryFailure.refusedCredentials("The password is wrong.")
        })
        #expect(try await perform(run, first, place) == .done)
        let connection = try await directories.find(place.connection, for: place.admin)
        #expect((connection.status, connection.errorMessage, connection.isSyncPaused) == (.active, nil, false))
        #expect(try await directories.run(run, for: place.admin).status == .succeeded)
    }

    @Test(arguments: ["", String(repeating: "x", count: 256)]) func `an id that is none is not taken`(id: String) async throws {
        let place = try await place()
        let (run, _, _) = try await sync(ListedDirectory([DirectoryPerson(externalId: id, email: "a@listed.example")]), place)
        #expect(run.status == .failed)
        #expect(run.error?.contains("an id of more than 255 bytes") == true)
    }

    @Test func `ten thousand in one department are taken and counted`() async throws {
        let place = try await place()
        let (run, _, _) = try await sync(ListedDirectory((1...10_000).map { .person($0, department: "Everybody") }), place)
        #expect(run.added == 10_000)
        let counts = try await database.tenant.query(
            for: place.company, "SELECT people FROM department_counts WHERE company_id = \(place.company) AND department = 'Everybody'", as: Int.self)
        #expect(counts == [10_000])
    }

    // MARK: Everybody, and half of them

    @Test(arguments: [(60, 22.5, false), (60, 23.5, true), (1440, 24, true), (1440, 1, true), (15, 23.5, false), (15, 23.9, true)])
    func `everybody is listed at least once a day`(interval: Int, hours: Double, isFull: Bool) async throws {
        let place = try await place()
        try await database.tenant.transaction(for: place.company) { db in
            try await DirectoryStore(db).rename(place.connection, to: "People", interval: interval)
        }
        let directory = ListedDirectory([.person(1)])
        try await sync(directory, place)
        let (run, _, _) = try await sync(directory, place, trigger: .schedule, now: { Date().addingTimeInterval(hours * 3600) })
        #expect(run.isFull == isFull)
    }

    @Test func `in a listing of changes more than half do not go either`() async throws {
        let place = try await place()
        let directory = ListedDirectory((1...4).map { .person($0) })
        try await sync(directory, place)
        directory.content.withLock { $0.changes = [DirectoryPage(people: [.person(3, isActive: false)], removed: ["1", "2"])] }
        let (run, _, _) = try await sync(directory, place, trigger: .schedule)
        #expect((run.isFull, run.status, run.needsAcceptance) == (false, .failed, true))
        #expect(try await people(place).allSatisfy { $0.deactivatedAt == nil })
    }

    @Test func `accounts that were all made anew are nobody's departure`() async throws {
        let place = try await place()
        try await sync(ListedDirectory((1...4).map { .person($0) }), place)
        let (run, _, _) = try await sync(ListedDirectory((1...4).map { .person($0 + 10, email: "p\($0)@listed.example") }), place)
        #expect((run.status, run.changed, run.added, run.deactivated) == (.succeeded, 4, 0, 0))
    }

    @Test(arguments: [0, 1, 2, 3])
    func `an attempt that another has taken over writes nothing more`(page: Int) async throws {
        let place = try await place()
        let run = SyncRunID()
        try await database.tenant.transaction(for: place.company) { db in
            try await SyncStore(db).insert(run, place.connection, trigger: .manual, acceptsDepartures: false, at: Date())
        }
        let (second, this) = (ListedDirectory([.person(9)]), self)
        let first = ListedDirectory(onPage: { number in
            // The worker of the first attempt was thought lost in the middle of a page.
            guard number == page else { return }
            let ended = try await this.perform(run, second, place, attempt: 2)
            #expect(ended == .done)
        })
        first.content.withLock { $0.pages = (1...4).map { DirectoryPage(people: [.person($0)]) } }
        #expect(try await perform(run, first, place) == .done)
        #expect(try await people(place).map(\.externalId) == ["9"])
    }

    @Test func `an attempt that a late one has begun anew is made again`() async throws {
        let place = try await place()
        let run = SyncRunID()
        try await database.tenant.transaction(for: place.company) { db in
            try await SyncStore(db).insert(run, place.connection, trigger: .manual, acceptsDepartures: false, at: Date())
        }
        let database = database
        let first = ListedDirectory(onPage: { number in
            guard number == 1 else { return }
            // The worker that has lost the job begins all the same, and ends nothing.
            try await database.tenant.transaction(for: place.company) { db in
                _ = try await SyncStore(db).begin(run, holder: "another", isFull: true, attempt: 1, at: Date())
            }
        })
        first.content.withLock { $0.pages = (1...2).map { DirectoryPage(people: [.person($0)]) } }
        #expect(try await perform(run, first, place) == .again(after: .seconds(1), reason: "Another worker was still at this sync."))
        #expect(try await perform(run, ListedDirectory([.person(9)]), place, attempt: 2) == .done)
        #expect(try await people(place).map(\.externalId) == ["9"])
    }
}
