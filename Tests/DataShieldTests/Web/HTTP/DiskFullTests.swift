import DataShieldTestSupport
import Foundation
import Jobs
import NIOCore
import Postgres
import Testing

@testable import DataShield

/// A full disk is called that, whoever met it.
@Suite(.freshDatabasePerTest) struct DiskFullTests {
    private static func raised(_ state: String) async -> any Error {
        do {
            try await TestDatabase.current.owner.execute("SELECT raise_for_test(\(state))")
        } catch {
            return error
        }
        return CancellationError()
    }

    /// What may be wrong, and whether it is the disk.
    private func errors() async throws -> [(error: any Error, isFull: Bool)] {
        try await TestDatabase.current.owner.execute(
            """
            CREATE OR REPLACE FUNCTION raise_for_test(state text) RETURNS void LANGUAGE plpgsql AS
            $$ BEGIN RAISE EXCEPTION 'as asked' USING ERRCODE = state; END $$
            """)
        return [
            (await Self.raised("53100"), true), (SpoolFailure.diskFull, true), (POSIXError(.ENOSPC), true), (POSIXError(.EDQUOT), true),
            (IOError(errnoCode: ENOSPC, reason: "write"), true), (CocoaError(.fileWriteOutOfSpace), true),
            (await Self.raised("57P01"), false), (await Self.raised("22P02"), false), (SpoolFailure.cannotBeKept, false),
            (POSIXError(.EACCES), false),
            (IOError(errnoCode: ECONNRESET, reason: "read"), false),
        ]
    }

    @Test func `a request, a page, a directory's call and a reading say so`() async throws {
        for (error, isFull) in try await errors() {
            let refusal = Refusal(error)
            #expect((refusal.detail == DiskFull.words) == isFull, "\(error)")
            #expect(SCIMErrorFormat.error(error, refusal).detail == refusal.detail)
            #expect(Ingests.reason(error).contains(DiskFull.words) == isFull, "\(error)")
            guard isFull else { continue }
            #expect(refusal.status == .serviceUnavailable)
            #expect(refusal.logLevel == .critical)
            #expect(refusal.headers[.retryAfter] == "60")
        }
    }

    @Test func `a reading says that the database was not available only when it was not`() async throws {
        _ = try await errors()
        #expect(Ingests.reason(await Self.raised("57P01")).hasPrefix("The database was not available."))
        #expect(Ingests.reason(await Self.raised("22P02")).hasPrefix("The database refused"))
    }

    @Test func `what people wait for comes before what waits itself`() {
        #expect(RunWaitingRequests.priority < RunScan.priority && RunWaitingRequests.priority < RunDirectorySync.priority)
        #expect(RunWaitingRequests.priority < RefreshRisk.priority)
        // Whoever asks services of others has no place while they do not answer.
        #expect([RunScan.waitingAtOnce, RunDirectorySync.waitingAtOnce, RunWaitingRequests.waitingAtOnce].allSatisfy { $0 != nil })
        #expect(RefreshRisk.waitingAtOnce == nil && RefreshRisk.share == 1)
    }

    @Test func `fifty companies whose services are slow keep no other company waiting`() {
        // Half is for companies that have nothing of the kind in hand.
        for atOnce in [RunScan.waitingAtOnce, RunDirectorySync.waitingAtOnce, RunWaitingRequests.waitingAtOnce] {
            #expect((atOnce ?? 0) / 2 > 50)
        }
    }
}
