import Foundation
import Synchronization
import Testing

@testable import Postgres

/// A server that is gone between two statements, without a word.
@Suite struct VanishingServerTests {
    @Test(arguments: [false, true]) func `a statement that cannot even be sent says that the connection is lost`(isPipeline: Bool) async throws {
        let server = try VanishingServer()
        defer { server.remove() }
        var configuration = PoolConfiguration("host=\(server.directory.path) user=nobody dbname=nothing sslmode=disable gssencmode=disable")
        configuration.size = 1
        try await withPool(configuration) { (pool) async throws in
            try await pool.withConnection { connection in
                await server.hasVanished()
                let error = try await postgresError {
                    if isPipeline { _ = try await connection.pipeline(["SELECT 1", "SELECT 2"]) } else { try await connection.execute("SELECT 1") }
                }
                #expect(error.kind == .connectionLost)
                #expect(error.isUnavailable)
                let next = try await postgresError { try await connection.execute("SELECT 1") }
                #expect(next.kind == .connectionLost)
            }
        }
    }
}

/// Speaks just enough of PostgreSQL's protocol to let one client in and set its session up, and hangs up.
private final class VanishingServer: Sendable {
    let directory: URL
    private let listener: Int32
    private let vanished = AsyncStream.makeStream(of: Void.self)

    init() throws {
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
        try #require(isBound == 0 && listen(descriptor, 1) == 0)
        Thread.detachNewThread { [self] in serve() }
    }

    private func serve() {
        let client = accept(listener, nil, nil)
        let ready: [UInt8] = [UInt8(ascii: "Z"), 0, 0, 0, 5, UInt8(ascii: "I")]
        var buffer = [UInt8](repeating: 0, count: 4096)
        // The startup message: everybody is let in.
        _ = read(client, &buffer, buffer.count)
        let welcome = [UInt8(ascii: "R"), 0, 0, 0, 8, 0, 0, 0, 0] + ready
        _ = write(client, welcome, welcome.count)
        // The settings of the session.
        _ = read(client, &buffer, buffer.count)
        let done = [UInt8(ascii: "C"), 0, 0, 0, 8] + Array("SET\0".utf8) + ready
        _ = write(client, done, done.count)
        close(client)
        vanished.continuation.finish()
    }

    /// Waits until it has hung up.
    func hasVanished() async { for await _ in vanished.stream {} }

    func remove() {
        close(listener)
        // try?: what is left of a test's directory harms nobody.
        try? FileManager.default.removeItem(at: directory)
    }
}
