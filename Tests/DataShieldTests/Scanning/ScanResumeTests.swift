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
            let run = try await world.scans.start(by: world.subject).id
            var left = 0
            if let step {
                let leaving = world
                var isFinished = false
                while !isFinished {
                    isFinished = try await Self.perform(run, in: leaving, leavingAfter: step)
                    if !isFinished { left += 1 }
                }
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

    /// Performs a run and leaves it when some more people have been done: what was begun and not recorded is lost, as by a kill.
    /// - Returns: whether it has finished.
    private static func perform(_ run: ScanRunID, in world: ScanWorld, leavingAfter step: Int) async throws -> Bool {
        @Sendable func done() async throws -> Int {
            try await world.scans.find(run, for: world.subject).providers.first?.done ?? 0
        }
        let goal = try await done() + step
        return try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await world.perform(run)
                return true
            }
            group.addTask {
                while try await done() < goal { try await Task.sleep(for: .milliseconds(1)) }
                return false
            }
            let isFinished = try await group.next() ?? false
            group.cancelAll()
            // What the one that was left threw is that it was left.
            while (try? await group.next()) != nil {}
            return isFinished
        }
    }

    @Test(arguments: [true, false]) func `left again and again, it ends as if it had not been`(isVerified: Bool) async throws {
        let (undisturbed, _) = try await end(leavingAfter: nil, isVerified: isVerified)
        #expect(undisturbed.counts == [30, 30, 50, 50, 0, 30, 30, 30, 30, 0])
        var left = 0
        let steps = [1, 2, 5, 11]
        for step in steps {
            let (disturbed, times) = try await end(leavingAfter: step, isVerified: isVerified)
            #expect(disturbed == undisturbed)
            left += times
        }
        // How often depends on how much is recorded between two looks at it: on a busy machine, some batches.
        #expect(left > steps.count, "It has hardly been left.")
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
}
