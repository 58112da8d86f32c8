import Foundation
import Synchronization
import Testing

@testable import Postgres

/// A server that takes connections and statements, and says nothing. None of these tests would end if somebody waited for it.
@Suite(.timeLimit(.minutes(2))) struct HangingServerTests {
    private func withServer(
        lettingIn guests: Int = 1, _ change: (inout PoolConfiguration) -> Void = { _ in }, _ body: (HangingServer, PostgresPool) async throws -> Void
    ) async throws {
        let server = try HangingServer(lettingIn: guests)
        defer { server.remove() }
        var configuration = PoolConfiguration("host=\(server.directory.path) user=nobody dbname=nothing sslmode=disable gssencmode=disable")
        configuration.size = 1
        configuration.silence = nil
        change(&configuration)
        let pool = PostgresPool(configuration: configuration, logger: quiet)
        do {
            try await body(server, pool)
        } catch {
            await pool.close()
            throw error
        }
        await pool.close()
    }

    @Test(arguments: [false, true]) func `a statement without an answer is given up, and the connection with it`(isPipeline: Bool) async throws {
        try await withServer({ $0.answerTimeout = .milliseconds(100) }) { (_, pool) async throws in
            try await pool.withConnection { connection in
                let error = try await postgresError {
                    if isPipeline { _ = try await connection.pipeline(["SELECT 1", "SELECT 2"]) } else { try await connection.execute("SELECT 1") }
                }
                #expect(error.kind == .connectionLost && error.isUnanswered && error.isUnavailable)
                #expect("\(error)" == "PostgreSQL did not answer in time, and the connection was given up")
                #expect(try await postgresError { try await connection.execute("SELECT 1") }.kind == .connectionLost)
            }
            #expect(pool.connectionCount.total == 0)
        }
    }

    @Test func `without a limit of ours, the one for the server's statements holds, and a bit more`() async throws {
        var configuration = PoolConfiguration("")
        #expect(SessionSettings(configuration).answerTimeout == nil)
        configuration.statementTimeout = .seconds(60)
        #expect(SessionSettings(configuration).answerTimeout == .seconds(65))
    }

    @Test func `who is cancelled does not wait for a server that does not take the cancellation`() async throws {
        try await withServer({ $0.cancelPatience = .milliseconds(100) }) { (server, pool) async throws in
            let task = Task { try await pool.execute("SELECT 1") }
            await server.wasAsked()
            task.cancel()
            await #expect(throws: CancellationError.self) { _ = try await task.value }
            #expect(pool.connectionCount.total == 0)
        }
    }

    @Test func `who is cancelled while connecting does not wait for that`() async throws {
        try await withServer(lettingIn: 0, { $0.connectTimeout = .seconds(600) }) { (server, pool) async throws in
            let task = Task { try await pool.execute("SELECT 1") }
            await server.wasAsked()
            task.cancel()
            await #expect(throws: CancellationError.self) { _ = try await task.value }
        }
    }

    @Test func `a server that lets nobody in is told when the time for connecting is over`() async throws {
        let change: (inout PoolConfiguration) -> Void = {
            $0.connectTimeout = .seconds(2)
            $0.acquireTimeout = .seconds(1)
        }
        try await withServer(lettingIn: 0, change) { (_, pool) async throws in
            #expect(try await postgresError { try await pool.execute("SELECT 1") }.kind == .connectionFailed)
        }
    }

    @Test func `a server that lets nobody in any more is taken to hang, however long statements may take`() async throws {
        let change: (inout PoolConfiguration) -> Void = {
            $0.silence = .milliseconds(50)
            $0.connectTimeout = .seconds(1)
        }
        try await withServer(change) { (_, pool) async throws in
            #expect(try await postgresError { try await pool.execute("SELECT 1") }.isUnanswered)
        }
    }

    @Test func `a long statement at a server that lives goes on`() async throws {
        let change: (inout PoolConfiguration) -> Void = { $0.silence = .milliseconds(10) }
        try await withPool(configured(size: 1, change)) { (pool) async throws in
            // Long enough for several looks.
            #expect(try await pool.first("SELECT 1 FROM pg_sleep(1)", as: Int.self) == 1)
        }
    }

    @Test func `a transaction that gives its statements longer is waited for longer`() async throws {
        let change: (inout PoolConfiguration) -> Void = { $0.answerTimeout = .seconds(1) }
        try await withPool(configured(size: 1, change)) { (pool) async throws in
            try await pool.transaction { db in
                try await db.setStatementTimeout(.seconds(60))
                try await db.execute("SELECT pg_sleep(1.5)")
            }
            // And no longer than usual afterwards.
            let error = try await postgresError { try await pool.execute("SELECT pg_sleep(600)") }
            #expect(error.isUnanswered)
            #expect(try await pool.first("SELECT 1", as: Int.self) == 1)
        }
    }

    @Test func `a pool that has to close at once gives up what it still asks`() async throws {
        try await withServer { (server, pool) async throws in
            let hanging = Task { try await pool.execute("SELECT 1") }
            await server.wasAsked()
            let closing = Task { await pool.close() }
            closing.cancel()
            await closing.value
            #expect(try await postgresError { _ = try await hanging.value }.kind == .connectionLost)
        }
    }
}

/// What a server says when it has no room.
@Suite struct DiskFullTests {
    @Test(arguments: [
        ("53100", "could not extend file", true), ("58030", "could not write file: No space left on device", true),
        ("XX000", "could not extend file: Disk quota exceeded", true), ("P0001", "No space left on device", false), ("53200", "out of memory", false),
    ])
    func `a full disk is told from everything else`(state: String, message: String, isFull: Bool) async throws {
        try await withPool(size: 1) { (pool) async throws in
            let error = try await postgresError {
                try await pool.executeRaising(state, message)
            }
            #expect(error.sqlState?.rawValue == state)
            #expect(error.isDiskFull == isFull)
            #expect("\(error)".contains("disk full (53100)") == isFull)
        }
    }

    @Test func `one that lets nobody in for want of room is full as well`() {
        let words = "FATAL:  could not write lock file \"postmaster.pid\": No space left on device"
        #expect(PostgresError(.connectionFailed, message: words).isDiskFull)
        #expect("\(PostgresError(.connectionFailed, message: words))" == "There is no connection to PostgreSQL: disk full (53100)")
        #expect(!PostgresError(.connectionFailed, message: "Connection refused").isDiskFull)
    }
}

extension PostgresPool {
    fileprivate func executeRaising(_ state: String, _ message: String) async throws {
        try await withConnection { connection in
            try await connection.executeScript("DO $$ BEGIN RAISE EXCEPTION '\(message)' USING ERRCODE = '\(state)'; END $$")
        }
    }
}

/// Speaks just enough of PostgreSQL's protocol to let some clients in and set their sessions up, and then says nothing, to nobody.
private final class HangingServer: Sendable {
    let directory: URL
    private let listener: Int32
    private let asked = AsyncStream.makeStream(of: Void.self)
    private let clients = Mutex<[Int32]>([])

    init(lettingIn guests: Int) throws {
        directory = FileManager.default.temporaryDirectory.appendingPathComponent("pg-\(UUID().uuidString.prefix(8))")
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        let path = directory.path + "/.s.PGSQL.5432"
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0)
        listener = descriptor
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: path.utf8) }
        let isBound = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size)) }
        }
        try #require(isBound == 0 && listen(descriptor, 8) == 0)
        Thread.detachNewThread { [self] in serve(guests) }
    }

    private func serve(_ guests: Int) {
        var number = 0
        while true {
            let client = accept(listener, nil, nil)
            guard client >= 0 else { return }
            clients.withLock { $0.append(client) }
            number += 1
            if number <= guests {
                Thread.detachNewThread { [self] in welcome(client) }
            } else {
                asked.continuation.finish()
            }
        }
    }

    private func welcome(_ client: Int32) {
        let ready: [UInt8] = [UInt8(ascii: "Z"), 0, 0, 0, 5, UInt8(ascii: "I")]
        var buffer = [UInt8](repeating: 0, count: 4096)
        // The startup message: everybody is let in.
        _ = read(client, &buffer, buffer.count)
        let welcome = [UInt8(ascii: "R"), 0, 0, 0, 8, 0, 0, 0, 0, UInt8(ascii: "K"), 0, 0, 0, 12, 0, 0, 0, 1, 0, 0, 0, 1] + ready
        _ = write(client, welcome, welcome.count)
        // The settings of the session.
        _ = read(client, &buffer, buffer.count)
        let done = [UInt8(ascii: "C"), 0, 0, 0, 8] + Array("SET\0".utf8) + ready
        _ = write(client, done, done.count)
        // A statement, that gets no answer.
        _ = read(client, &buffer, buffer.count)
        asked.continuation.finish()
    }

    /// Waits until it has been asked something that it does not answer.
    func wasAsked() async { for await _ in asked.stream {} }

    func remove() {
        shutdown(listener, Int32(SHUT_RDWR))
        close(listener)
        for client in clients.withLock({ $0 }) { close(client) }
        // try?: what is left of a test's directory harms nobody.
        try? FileManager.default.removeItem(at: directory)
    }
}
