import DataShieldTestSupport
import Foundation
import Postgres
import Sandbox
import Synchronization
import Testing

@testable import DataShield

/// A scan that is left at any moment goes on where it was, and ends as one that was not disturbed.
@Suite(.freshDatabasePerTest) struct ScanResumeTests {
    private static let names = ["Adobe", "LinkedIn", "Dropbox", "Canva", "MySpace"]

    private static var people: [String: [String]] {
        var people: [String: [String]] = [:]
        for number in 0..<30 { people["p\(number)"] = names.enumerated().filter { (number + $0.offset) % 3 == 0 }.map(\.element) }
        return people
    }

    private struct End: Equatable {
        var exposure: [String]
        var coverage: [String: String]
        var counts: [Int]
    }

    /// Performs a run that is left after each `step` people, until it has finished.
    private func end(leavingAfter step: Int?, isVerified: Bool) async throws -> (End, left: Int) {
        let result = Mutex<(End, left: Int)?>(nil)
        try await ScanWorld.with(exposures: Self.people, isVerified: isVerified) { world async throws in
            var world = world
            world.tuning.batch = 2
            world.tuning.domainBatch = 3
            world.tuning.window = 3
            world.tuning.flushInterval = .zero
            // An answer that is held is not one that does not come.
            world.tuning.timeout = .seconds(600)
            let run = try await world.scans.start(by: world.subject).id
            var left = 0
            if let step {
                let leaving = LeftRun(world: world, run: run, step: step, isTogether: isVerified)
                while try await !leaving.perform() { left += 1 }
            } else {
                try await world.perform(run)
            }
            let state = try await world.scans.find(run, for: world.subject)
            #expect(state.status == .succeeded)
            let counts = [state.total, state.scanned, state.newRecords, state.newAlerts, state.errorCount]
            let progress = state.providers.map { [$0.total, $0.done, $0.answered, $0.hits, $0.errors] }.first ?? []
            let end = End(exposure: try await world.exposure(), coverage: try await world.coverage(), counts: counts + progress)
            let total = left
            result.withLock { $0 = (end, total) }
        }
        return try #require(result.withLock { $0 })
    }

    @Test(arguments: [true, false]) func `left again and again, it ends as if it had not been`(isVerified: Bool) async throws {
        let (undisturbed, _) = try await end(leavingAfter: nil, isVerified: isVerified)
        #expect(undisturbed.counts == [30, 30, 50, 50, 0, 30, 30, 30, 30, 0])
        var left = 0
        // How often it is left before the last of them is done: those who are asked about together are recorded three at a time.
        for (step, expected) in [(1, isVerified ? 9 : 29), (2, isVerified ? 9 : 14), (5, isVerified ? 4 : 5), (11, 2)] {
            let (disturbed, times) = try await end(leavingAfter: step, isVerified: isVerified)
            #expect(disturbed == undisturbed)
            #expect(times == expected)
            left += times
        }
        #expect(left >= 10)
    }

    @Test func `two workers who think that a run is theirs record nothing twice`() async throws {
        try await ScanWorld.with(exposures: Self.people, isVerified: false) { world async throws in
            var world = world
            world.tuning.batch = 2
            world.tuning.flushInterval = .zero
            let run = try await world.scans.start(by: world.subject).id
            let both = world
            async let one: ScanRun = both.perform(run)
            async let other: ScanRun = both.perform(run)
            _ = try await (one, other)
            let state = try await world.scans.find(run, for: world.subject)
            #expect(state.status == .succeeded)
            #expect(numbers(state.scanned, state.newRecords, state.newAlerts) == [30, 50, 50])
            #expect(try await world.exposure().count == 50)
        }
    }

    @Test func `who meets the late writing of a worker that lost the run goes on with it afterwards`() async throws {
        try await ScanWorld.with(exposures: Self.people, isVerified: false) { world async throws in
            let run = try await world.scans.start(by: world.subject).id
            // What is to be moved on is never where it was left.
            let owner = world.database.owner
            try await owner.execute("CREATE FUNCTION be_elsewhere() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'")
            try await owner.execute(
                "CREATE TRIGGER be_elsewhere BEFORE UPDATE OF cursor ON scan_runs FOR EACH ROW EXECUTE FUNCTION be_elsewhere()")
            let payload = RunScan.Payload(company: world.company, run: run)
            let outcome = try await world.job.perform(payload)
            #expect(outcome == .again(after: .seconds(1), reason: "Another worker was still at this scan."))
            #expect(try await world.scans.find(run, for: world.subject).status == .running)
            try await owner.execute("DROP TRIGGER be_elsewhere ON scan_runs")
            #expect(try await world.job.perform(payload) == .done)
            #expect(try await world.scans.find(run, for: world.subject).status == .succeeded)
            #expect(try await world.exposure().count == 50)
        }
    }
}

/// A run that is left again and again: each time when so many more people are done, since no answer about the next one comes before, and nothing
/// can be recorded of them.
private struct LeftRun: Sendable {
    let world: ScanWorld
    let run: ScanRunID
    let step: Int
    /// Whether people are asked about by their domain.
    let isTogether: Bool

    private struct Person: RowDecodable {
        var id: EmployeeID
        var alias: String

        init(from row: inout Row) throws {
            id = try row.next()
            alias = try row.next()
        }
    }

    /// Performs it until some more people are done, and leaves it then: what was begun and not recorded is lost, as by a kill.
    /// - Returns: whether it has finished.
    func perform() async throws -> Bool {
        let people = try await world.database.owner.query(
            "SELECT id, split_part(email, '@', 1) FROM employees WHERE company_id = \(world.company) ORDER BY id", as: Person.self)
        let batch = isTogether ? world.tuning.domainBatch : 1
        let goal = try await done() + (step + batch - 1) / batch * batch
        guard goal < people.count else {
            world.sandbox.behave()
            try await world.perform(run)
            return true
        }
        if isTogether {
            // One call answers for all: the next batch waits where its people are locked.
            try await holding(people[goal].id) { try await leave(at: goal) }
        } else {
            // Of those behind the next one, one answer comes too early, and is lost with the rest.
            let held = people.indices.filter { $0 >= goal && $0 != goal + 1 }.map { people[$0].alias }
            world.sandbox.misbehave(
                held.map { Misbehaviour(.slow, service: .hibp, pathPrefix: "breachedaccount/\($0)@", delayMilliseconds: 600_000) })
            try await leave(at: goal)
        }
        return false
    }

    private func done() async throws -> Int { try await world.scans.find(run, for: world.subject).providers.first?.done ?? 0 }

    private func leave(at goal: Int) async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { _ = try await world.perform(run) }
            try await becomesTrue { try await done() == goal }
            group.cancelAll()
            // What the one that was left threw is that it was left.
            while (try? await group.next()) != nil {}
        }
    }

    /// Does something while nothing can be recorded of a person.
    private func holding(_ person: EmployeeID, _ body: @Sendable () async throws -> Void) async throws {
        try await world.database.tenant.transaction(for: world.company) { db in
            try await db.execute("SELECT id FROM employees WHERE company_id = \(world.company) AND id = \(person) FOR NO KEY UPDATE")
            try await body()
        }
    }
}
