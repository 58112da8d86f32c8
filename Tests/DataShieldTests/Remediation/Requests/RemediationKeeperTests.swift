import DataShieldTestSupport
import Foundation
import Logging
import Postgres
import ServiceLifecycle
import Testing

@testable import DataShield

/// What a directory answered while the database was away, and while the program was told to stop.
@Suite(.freshDatabasePerTest) struct RemediationKeeperTests {
    /// A server that can be closed to a database: its connections end, and new ones are refused, as while it is restarted.
    private struct Door {
        let server: PostgresPool
        let name: String

        static func with<R>(_ body: (Door) async throws -> R) async throws -> R {
            var address = try #require(URLComponents(string: TestDatabase.current.url))
            address.path = "/postgres"
            var configuration = PoolConfiguration(address.string ?? "")
            configuration.size = 1
            let server = PostgresPool(configuration: configuration, logger: RemediationWorld.logger)
            let door = Door(server: server, name: TestDatabase.current.name)
            let result: Result<R, any Error>
            do { result = .success(try await body(door)) } catch { result = .failure(error) }
            try await door.open()
            await server.close()
            return try result.get()
        }

        func shut() async throws {
            try await server.execute("ALTER DATABASE \(identifier: name) ALLOW_CONNECTIONS false")
            try await server.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = \(name)")
        }

        func open() async throws { try await server.execute("ALTER DATABASE \(identifier: name) ALLOW_CONNECTIONS true") }
    }

    /// A world whose keeper runs as a service, for the time of a test.
    private func withKeeper(
        lastTry: Duration = .seconds(2), _ body: (RemediationWorld, RemediationKeeper, RecordedLog, ServiceGroup) async throws -> Void
    ) async throws {
        let log = RecordedLog()
        let keeper = RemediationKeeper(logger: log.logger, grace: .milliseconds(50), lastTry: lastTry)
        var world = try await RemediationWorld()
        world.runner = RequestRunner(
            database: world.database.tenant, directories: world.directory, clock: .of(world.clock), keeper: keeper, logger: log.logger)
        let group = ServiceGroup(configuration: .init(services: [.init(service: keeper)], logger: RemediationWorld.logger))
        let finished = world
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            try await eventually { keeper.isRunning }
            let result: Result<Void, any Error>
            do { result = .success(try await body(finished, keeper, log, group)) } catch { result = .failure(error) }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
            try result.get()
        }
    }

    @Test(arguments: [true, false])
    func `what a directory answered while the database was away is written down when it is back, and the sessions are revoked after it`(
        isByWorker: Bool
    ) async throws {
        try await Door.with { door in
            try await withKeeper { world, keeper, log, _ in
                let person = try await world.makePerson()
                let alert = try await world.makeAlert(about: person, artifacts: [.cookie, .password])
                world.directory.onCall { call in if call.action == .forcePasswordReset { try await door.shut() } }
                let asking = Task {
                    if isByWorker {
                        _ = try await world.remediation.bulk([alert], .forcePasswordReset, by: world.subject)
                        try await world.drain()
                    } else {
                        _ = try await world.remediation.request(.forcePasswordReset, on: alert, by: world.subject)
                    }
                }
                try await eventually { keeper.unwritten == 1 }
                // A worker whose lease has ended lets go of the job; the answer is not its own.
                if isByWorker { asking.cancel() }
                #expect(world.directory.calls.map(\.action) == [.forcePasswordReset])
                try await door.open()
                // The scheduler of the same program may come first, long after the lease has ended.
                world.clock.advance(4000)
                try await eventually { (try? await world.tick(keeper)) != nil }
                try await eventually { (try? await world.requests().map(\.status)) == [.done] }
                _ = try? await asking.value
                #expect(world.directory.calls.map(\.action) == [.forcePasswordReset, .revokeSessions])
                #expect(try await world.log().map(\.status) == [.success, .success])
                #expect(try await world.log().allSatisfy(\.outcomeKnown))
                #expect(try await world.liveness(of: alert) == .bothRenewed)
                try await eventually { keeper.unwritten == 0 && keeper.held.isEmpty }
                #expect(log.lines.contains { $0.hasPrefix("error What a directory answered cannot be written down") })
                #expect(log.lines.contains { $0.hasPrefix("notice What a directory answered is written down now") })
                // No address of anybody, and none of the directory's words.
                #expect(!log.lines.contains { $0.contains("@") })
            }
        }
    }

    @Test func `whoever asks again meanwhile makes no second call`() async throws {
        try await Door.with { door in
            try await withKeeper { world, keeper, _, _ in
                let alert = try await world.makeAlert(about: try await world.makePerson())
                let key = try OrderKey("once")
                world.directory.onCall { _ in try await door.shut() }
                let asking = Task { try await world.remediation.request(.revokeSessions, on: alert, by: world.subject, key: key) }
                try await eventually { keeper.unwritten == 1 }
                await #expect(throws: (any Error).self) {
                    try await world.remediation.request(.revokeSessions, on: alert, by: world.subject, key: key)
                }
                try await door.open()
                try await eventually { (try? await world.requests().map(\.status)) == [.done] }
                _ = try? await asking.value
                #expect(try await world.remediation.request(.revokeSessions, on: alert, by: world.subject, key: key).status == .done)
                #expect(world.directory.calls.count == 1)
            }
        }
    }

    @Test func `told to stop while the database is away, it tries once more for a moment, and says so`() async throws {
        try await Door.with { door in
            try await withKeeper(lastTry: .milliseconds(200)) { world, keeper, log, group in
                let alert = try await world.makeAlert(about: try await world.makePerson())
                world.directory.onCall { _ in try await door.shut() }
                let asking = Task { try await world.remediation.request(.revokeSessions, on: alert, by: world.subject) }
                try await eventually { keeper.unwritten == 1 }
                await group.triggerGracefulShutdown()
                await #expect(throws: (any Error).self) { try await asking.value }
                try await eventually { keeper.unwritten == 0 }
                #expect(log.lines.contains { $0.hasPrefix("critical What a directory answered could not be written down") })
                try await door.open()
                // The next program finds it: nobody knows.
                world.clock.advance(4000)
                try await eventually { (try? await world.tick()) != nil }
                let request = try #require(try await world.requests().first)
                #expect(request.failure == .unknown && request.next == .revokeSessions)
                #expect(try await world.log().map(\.outcomeKnown) == [false])
                #expect(world.directory.calls.count == 1)
            }
        }
    }

    @Test func `told to stop while a directory is asked, it writes down that nobody knows`() async throws {
        try await withKeeper { world, _, _, group in
            let alert = try await world.makeAlert(about: try await world.makePerson())
            let (begun, beginning) = AsyncStream.makeStream(of: Void.self)
            world.directory.onCall { _ in
                beginning.finish()
                try await Task.sleep(for: .seconds(600))  // sleeps: until it is cancelled
            }
            let asking = Task { try await world.remediation.request(.revokeSessions, on: alert, by: world.subject) }
            for await _ in begun {}
            await group.triggerGracefulShutdown()
            _ = try? await asking.value
            try await eventually { try await world.requests().map(\.status) == [.failed] }
            #expect(try await world.requests().first?.failure == .unknown)
            #expect(try await world.log().map(\.outcomeKnown) == [false])
        }
    }

    @Test func `a settling database lets programs that live write first`() async throws {
        let world = try await RemediationWorld()
        let alert = try await world.makeAlert(about: try await world.makePerson())
        var dying = world
        dying.runner.interruption = { if $0 == .called { throw Killed() } }
        await #expect(throws: Killed.self) { try await dying.remediation.request(.revokeSessions, on: alert, by: world.subject) }
        world.clock.advance(4000)
        var schedule = RemediationSchedule(queue: world.queue, clock: .of(world.clock), logger: RemediationWorld.logger)
        schedule.settling = 1_000_000_000
        let work = schedule.work
        try await world.database.system.transaction { db in try await work.enqueueDue(db) }
        #expect(try await world.requests().map(\.status) == [.started])
        try await world.tick()
        #expect(try await world.requests().map(\.status) == [.failed])
    }
}

/// How a request ends, for each call and answer.
@Suite struct RemediationEndingTests {
    private static let reset = RemediationType.forcePasswordReset
    private static let revoke = RemediationType.revokeSessions

    struct Case: Sendable {
        var action: RemediationType
        var step: RemediationType
        var answer: RemediationAnswer
        var canRevoke = true
        var isGivenUp = false
        var failure: RemediationFailure?
        var next: RemediationType?
        var words: String?
    }

    @Test(arguments: [
        Case(action: revoke, step: revoke, answer: .done("x")),
        Case(action: revoke, step: revoke, answer: .done("x"), isGivenUp: true),
        Case(action: revoke, step: revoke, answer: .failed(.refused, "No."), failure: .refused, words: "No."),
        Case(action: revoke, step: revoke, answer: .failed(.unknown, "Gone."), failure: .unknown, next: revoke, words: "Revoke the sessions again."),
        Case(action: reset, step: reset, answer: .done("x"), canRevoke: false),
        Case(action: reset, step: reset, answer: .done("x"), canRevoke: false, isGivenUp: true),
        Case(action: reset, step: reset, answer: .done("x"), isGivenUp: true, failure: .unavailable, next: revoke, words: "but the sessions stand"),
        Case(action: reset, step: reset, answer: .failed(.unavailable, "Away."), failure: .unavailable, words: "Away."),
        Case(action: reset, step: reset, answer: .failed(.unknown, "Gone."), failure: .unknown, next: revoke, words: "and revoke the sessions"),
        Case(
            action: reset, step: reset, answer: .failed(.unknown, "Gone."), canRevoke: false, failure: .unknown, next: reset,
            words: "or reset it again"),
        Case(action: reset, step: revoke, answer: .done("x")),
        Case(action: reset, step: revoke, answer: .failed(.refused, "No."), failure: .refused, next: revoke, words: "but the sessions stand. No."),
        Case(
            action: reset, step: revoke, answer: .failed(.unknown, "Gone."), failure: .unknown, next: revoke,
            words: "but the sessions may stand. Gone."),
    ]) func `what is said, and what is next`(each: Case) {
        let ending = RemediationEnding(of: each.action, after: each.step, each.answer, canRevoke: each.canRevoke, isGivenUp: each.isGivenUp)
        #expect(ending.failure == each.failure && ending.next == each.next)
        #expect(ending.status == (each.failure == nil ? .done : .failed))
        #expect((ending.reason == nil) == (each.failure == nil))
        if let words = each.words { #expect(ending.reason?.contains(words) == true, "\(ending.reason ?? "")") }
    }
}
