import DataShieldTestSupport
import Foundation
import Testing

@testable import LDAP

/// A server that is not what it should be.
@Suite struct FaultTests {
    private func server(
        _ port: Int, _ security: LDAPServer.Security, operation: Duration = .seconds(30), connect: Duration = .seconds(30)
    ) -> LDAPServer {
        LDAPServer(host: "127.0.0.1", address: "127.0.0.1", port: port, security: security, connectTimeout: connect, operationTimeout: operation)
    }

    @Test(arguments: [LDAPServer.Security.tls, .startTLS])
    func `a server that never agrees on encryption is given up in time`(_ security: LDAPServer.Security) async throws {
        let proxy = try TCPProxy(.silent)
        defer { proxy.stop() }
        await #expect(throws: LDAPFailure.timedOut) {
            try await LDAPConnection.with(server(proxy.port, security, connect: .milliseconds(300))) { _ in }
        }
        #expect(proxy.connections == 1)
    }

    @Test func `a server that never answers a bind is given up in time`() async throws {
        let proxy = try TCPProxy(.silent)
        defer { proxy.stop() }
        await #expect(throws: LDAPFailure.timedOut) {
            try await LDAPConnection.with(server(proxy.port, .none, operation: .milliseconds(300))) { try await $0.bind("cn=x", password: "y") }
        }
    }

    @Test(arguments: [LDAPServer.Security.none, .tls])
    func `a task that is cancelled does not wait for the server`(_ security: LDAPServer.Security) async throws {
        let proxy = try TCPProxy(.silent)
        defer { proxy.stop() }
        let server = server(proxy.port, security, operation: .seconds(3600), connect: .seconds(3600))
        let task = Task { try await LDAPConnection.with(server) { try await $0.bind("cn=x", password: "y") } }
        while proxy.connections == 0 { await Task.yield() }
        task.cancel()
        await #expect(throws: CancellationError.self) { try await task.value }
    }

    @Test func `a port where nothing listens refuses`() async throws {
        let proxy = try TCPProxy(.silent)
        let port = proxy.port
        proxy.stop()
        // The port is closed by the proxy's own thread.
        var failure: (any Error)?
        let deadline = ContinuousClock.now + .seconds(30)
        while failure as? LDAPFailure != .cannotConnect(ECONNREFUSED), ContinuousClock.now < deadline {
            do { try await LDAPConnection.with(server(port, .none, operation: .seconds(1))) { try await $0.bind("cn=x", password: "y") } } catch {
                failure = error
            }
        }
        #expect(failure as? LDAPFailure == .cannotConnect(ECONNREFUSED))
    }

    @Test(.enabled(if: SlapdServer.isInstalled, "slapd is not installed: run scripts/prepare directory"))
    func `a connection that is cut midway loses the listing`() async throws {
        try await SlapdServer.with(people: 2000) { slapd in
            let proxy = try TCPProxy(.cutting(port: slapd.port, after: 100_000))
            defer { proxy.stop() }
            let delivered = Delivered()
            let server = LDAPServer(
                host: "127.0.0.1", address: "127.0.0.1", port: proxy.port, security: .startTLS, trust: .certificates(try slapd.authority))
            await #expect(throws: LDAPFailure.connectionLost) {
                try await LDAPConnection.with(server) { connection in
                    try await connection.bind(slapd.readerName, password: slapd.password)
                    _ = try await connection.search(LDAPSearch(base: slapd.base, attributes: ["uid", "mail"], pageSize: 100)) { delivered.take($0) }
                }
            }
            #expect(delivered.all.count > 0 && delivered.all.count < 2000)
            #expect(proxy.connections == 1)
        }
    }

    @Test(.enabled(if: SlapdServer.isInstalled, "slapd is not installed: run scripts/prepare directory"))
    func `a connection that broke is not made anew behind our back`() async throws {
        try await SlapdServer.with(people: 1) { slapd in
            let proxy = try TCPProxy(.cutting(port: slapd.port, after: .max))
            let server = LDAPServer(
                host: "127.0.0.1", address: "127.0.0.1", port: proxy.port, security: .startTLS, trust: .certificates(try slapd.authority))
            try await LDAPConnection.with(server) { connection in
                try await connection.bind(slapd.readerName, password: slapd.password)
                proxy.stop()
                for _ in 0..<3 {
                    await #expect(throws: LDAPFailure.self) { try await connection.bind(slapd.readerName, password: slapd.password) }
                }
            }
            #expect(proxy.connections == 1)
        }
    }

    @Test(.enabled(if: SlapdServer.isInstalled, "slapd is not installed: run scripts/prepare directory"), arguments: ["-tls1_2", "-tls1_1", "-tls1"])
    func `nothing older than TLS 1.2 is spoken`(_ version: String) async throws {
        try await SlapdServer.with { slapd in
            let closed = try TCPProxy(.silent)
            let port = closed.port
            closed.stop()
            let files = URL(fileURLWithPath: slapd.authorityPath).deletingLastPathComponent()
            let key = files.appendingPathComponent("server.key").path
            let certificate = files.appendingPathComponent("server.pem").path
            // It ends after one connection.
            async let server = ChildCommand.run([
                "timeout", "60", "openssl", "s_server", "-accept", "127.0.0.1:\(port)", "-naccept", "1", "-key", key, "-cert", certificate, version,
                "-cipher", "ALL:@SECLEVEL=0", "-www",
            ])
            let ldaps = LDAPServer(host: "127.0.0.1", address: "127.0.0.1", port: port, security: .tls, trust: .certificates(try slapd.authority))
            var failure: LDAPFailure? = .cannotConnect(ECONNREFUSED)
            while failure == .cannotConnect(ECONNREFUSED) {
                do {
                    try await LDAPConnection.with(ldaps) { _ in }
                    failure = nil
                } catch {
                    failure = error as? LDAPFailure
                }
            }
            #expect(failure == (version == "-tls1_2" ? nil : .encryptionFailed))
            _ = try await server
        }
    }

    @Test func `what is no LDAP is refused`() async throws {
        let port = try await Junk.serve(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))
        let failure = await #expect(throws: LDAPFailure.self) {
            try await LDAPConnection.with(server(port, .none)) { try await $0.bind("cn=x", password: "y") }
        }
        #expect([.connectionLost, .malformed].contains(failure))
        let tls = try await Junk.serve(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))
        await #expect(throws: LDAPFailure.encryptionFailed) { try await LDAPConnection.with(server(tls, .tls)) { _ in } }
    }

    @Test func `a message that claims to be huge is not waited for`() async throws {
        // A bind response of 2 GB.
        let port = try await Junk.serve(
            [0x30, 0x84, 0x7F, 0xFF, 0xFF, 0xFF, 0x02, 0x01, 0x01, 0x61] + [UInt8](repeating: 0, count: 64), staysOpen: true)
        let failure = await #expect(throws: LDAPFailure.self) {
            try await LDAPConnection.with(server(port, .none, operation: .seconds(600))) { try await $0.bind("cn=x", password: "y") }
        }
        #expect([.connectionLost, .malformed].contains(failure))
    }
}

/// A server that says the same to everybody.
enum Junk {
    static func serve(_ bytes: [UInt8], staysOpen: Bool = false) async throws -> Int {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 1) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        try #require(isListening)
        Thread.detachNewThread {
            let client = accept(listener, nil, nil)
            var buffer = [UInt8](repeating: 0, count: 1024)
            _ = recv(client, &buffer, buffer.count, 0)
            _ = send(client, bytes, bytes.count, Int32(MSG_NOSIGNAL))
            // Until the other side has had enough.
            if staysOpen { while recv(client, &buffer, buffer.count, 0) > 0 {} }
            close(client)
            close(listener)
        }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}
