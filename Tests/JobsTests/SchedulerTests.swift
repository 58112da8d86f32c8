import DataShield
import DataShieldTestSupport
import Foundation
import Jobs
import Postgres
import ServiceLifecycle
import Testing

/// What falls due by itself.
@Suite(.freshDatabasePerTest) struct SchedulerTests {
    private func makeScheduler(_ works: [ScheduledWork]) -> Scheduler {
        Scheduler(pool: TestDatabase.current.system.pool, works: works, every: .milliseconds(10), logger: quiet)
    }

    @Test func `while one process asks what is due, another does not`() async throws {
        let notes = Notes()
        let gate = Gate()
        let slow = makeScheduler([
            ScheduledWork("scans") { _ in
                notes.add("slow")
                await gate.pass()
            }
        ])
        let other = makeScheduler([ScheduledWork("scans") { _ in notes.add("other") }])
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { await slow.tick() }
            try await eventually { notes.all == ["slow"] }
            await other.tick()
            #expect(notes.all == ["slow"])
            gate.open()
            try await group.waitForAll()
        }
        await other.tick()
        #expect(notes.all == ["slow", "other"])
    }

    @Test func `work that fails keeps no other from being asked, and leaves nothing`() async throws {
        let queue = queue
        let job = try NewJob(for: Errand.self, payload: .init(name: "one"))
        let notes = Notes()
        let scheduler = makeScheduler([
            ScheduledWork("bad") { db in
                _ = try await queue.enqueue(job, in: db)
                throw Mishap(description: "in the middle")
            },
            ScheduledWork("good") { _ in notes.add("asked") },
        ])
        await scheduler.tick()
        #expect(notes.all == ["asked"])
        #expect(try await TestDatabase.current.system.query("SELECT id FROM jobs").isEmpty)
    }

    @Test func `it ticks until it is told to stop`() async throws {
        let notes = Notes()
        let group = ServiceGroup(services: [makeScheduler([ScheduledWork("scans") { _ in notes.add("asked") }])], logger: quiet)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { try await group.run() }
            try await eventually { notes.all.count >= 3 }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }
}
