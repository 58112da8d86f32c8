import DataShieldTestSupport
import Foundation
import Jobs
import Logging
import Testing

@testable import DataShield

/// Which syncs the schedule starts. It starts those of all companies: hence a database without the other tests' directories.
@Suite(.freshDatabase, .serialized) struct SyncScheduleTests {
    let syncs = DirectorySyncTests()
    var database: TestDatabase { syncs.database }

    /// Has what is due started, as the scheduler does, and counts the runs.
    private func tick(_ place: DirectorySyncTests.Place, at time: Date) async throws -> Int {
        let directories = Directories(
            database: database.tenant, secrets: syncs.secrets, queue: syncs.directories.queue, access: syncs.directories.access, now: { time })
        await Scheduler(pool: database.system.pool, works: [directories.schedule], logger: Logger(label: "test")).tick()
        return try await database.tenant.query(
            for: place.company, "SELECT count(*) FROM sync_runs WHERE connection_id = \(place.connection)", as: Int.self)[0]
    }

    @Test(arguments: [
        // What went wrong, and whether the schedule goes on by itself.
        (DirectoryFailure.unavailable("The directory is down."), true), (.timeout, true), (.malformed("a web page came"), true),
        (.tls("The certificate is not trusted."), true), (.refusedCredentials("The password is wrong."), false),
        (.notPermitted("Grant it."), false), (.misconfigured(field: "host", "It is none."), false),
    ])
    func `after a failure the schedule goes on, unless somebody has to mend something first`(
        failure: DirectoryFailure, goesOn: Bool
    ) async throws {
        let place = try await syncs.place()
        let directory = ListedDirectory([.person(1)])
        directory.content.withLock { $0.failure = (0, failure) }
        try await syncs.sync(directory, place, attempt: 4)
        #expect(try await syncs.directories.find(place.connection, for: place.admin).status == .error)
        #expect(try await tick(place, at: Date().addingTimeInterval(60)) == 1, "not before the interval has passed")
        #expect(try await tick(place, at: Date().addingTimeInterval(3601)) == (goesOn ? 2 : 1))
        directory.content.withLock { $0.failure = nil }
        if !goesOn {
            try await syncs.sync(directory, place)
            #expect(try await tick(place, at: Date().addingTimeInterval(2 * 3601)) == 3)
        }
    }

    @Test func `a run that a worker left behind does not keep its directory from being synced`() async throws {
        let place = try await syncs.place()
        let run = try await syncs.directories.sync(place.connection, by: place.admin)
        try await database.system.execute("DELETE FROM jobs WHERE connection_id = \(place.connection)")
        #expect(try await tick(place, at: Date().addingTimeInterval(3601)) == 1, "It may be about to end.")
        try await database.system.execute("UPDATE sync_runs SET updated_at = now() - interval '6 minutes' WHERE id = \(run.id)")
        #expect(try await tick(place, at: Date().addingTimeInterval(3601)) == 2)
        #expect(try await syncs.directories.run(run.id, for: place.admin).error == "The sync was abandoned.")
    }
}
