import DataShieldTestSupport
import Foundation
import HTTPClient
import Testing

@testable import DataShield

@Suite struct OutboundTLSTests {
    /// A server of openssl that speaks one version of TLS, and what is needed to believe it.
    private struct Server {
        let directory: URL
        let port: Int
        let version: String

        init(_ version: String) async throws {
            directory = FileManager.default.temporaryDirectory.appendingPathComponent("datashield-tls-\(UUID().uuidString)")
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            self.version = version
            let free = try TCPProxy(.silent)
            port = free.port
            free.stop()
            try await ChildCommand.succeed([
                "openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=stand-in", "-addext",
                "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", certificate,
            ])
        }

        var key: String { directory.appendingPathComponent("key.pem").path }
        var certificate: String { directory.appendingPathComponent("certificate.pem").path }

        /// Answers so many connections, then ends.
        func run(connections: Int) async throws {
            _ = try await ChildCommand.run([
                "timeout", "60", "openssl", "s_server", "-accept", "127.0.0.1:\(port)", "-naccept", "\(connections)", "-key", key, "-cert",
                certificate, version, "-cipher", "ALL:@SECLEVEL=0", "-www",
            ])
        }

        /// What a call comes to once the server listens.
        func call(_ configuration: HTTPClient.Configuration, isTyped: Bool) async throws -> OutboundFailure? {
            var configuration = configuration
            configuration.trustRoots = certificate
            let allowed = try #require(AllowedHost("127.0.0.1"))
            let client = OutboundClient(ssrfGuard: SSRFGuard(allowed: [allowed]), configuration: configuration)
            var failure: OutboundFailure? = .refused
            while failure == .refused {
                do {
                    _ = try await client.execute(
                        .init(url: try #require(URL(string: "https://127.0.0.1:\(port)/")), isAddressTypedByUser: isTyped))
                    failure = nil
                } catch { failure = error as? OutboundFailure }
            }
            await client.shutdown()
            return failure
        }
    }

    @Test(arguments: [("-tls1", false), ("-tls1_1", false), ("-tls1_2", true), ("-tls1_3", true)])
    func `nothing older than TLS 1.2 is spoken, whoever typed the address`(_ version: String, _ isSpoken: Bool) async throws {
        let server = try await Server(version)
        defer { try? FileManager.default.removeItem(at: server.directory) }  // try?: a temporary file that stays does no harm
        async let running: Void = server.run(connections: 4)
        // That it is the version, and nothing else, shows a client that takes all of them.
        var lenient = OutboundClient.configuration()
        lenient.minimumTLSVersion = .tls10
        // The library has no cipher for the old ones unless it is asked to.
        lenient.ciphers = "ALL:@SECLEVEL=0"
        #expect(try await server.call(lenient, isTyped: false) == nil)
        var strict = lenient
        strict.minimumTLSVersion = OutboundClient.configuration().minimumTLSVersion
        #expect(try await server.call(strict, isTyped: false) == (isSpoken ? nil : .tls))
        for isTyped in [false, true] {
            #expect(try await server.call(OutboundClient.configuration(), isTyped: isTyped) == (isSpoken ? nil : .tls))
        }
        try await running
    }

    @Test(arguments: [false, true]) func `what is offered begins with TLS 1.2`(isTyped: Bool) async throws {
        let hello = try await ClientHello.caught { port in
            let client = OutboundClient(ssrfGuard: SSRFGuard(allowed: [AllowedHost("127.0.0.1")].compactMap { $0 }))
            await #expect(throws: OutboundFailure.self) {
                try await client.execute(.init(url: try #require(URL(string: "https://127.0.0.1:\(port)/")), isAddressTypedByUser: isTyped))
            }
            await client.shutdown()
        }
        #expect(Set(hello.versions) == [0x0303, 0x0304])
    }
}

/// The first message of a TLS client, RFC 8446 section 4.1.2.
private struct ClientHello {
    /// What it offers, the reserved values of RFC 8701 left out.
    let versions: [UInt16]

    struct Unreadable: Error {}

    init(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        func take(_ count: Int) throws -> ArraySlice<UInt8> {
            guard rest.count >= count else { throw Unreadable() }
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count)
        }
        func number(_ size: Int) throws -> Int { try take(size).reduce(0) { $0 << 8 | Int($1) } }
        guard try number(1) == 22 else { throw Unreadable() }
        _ = try take(4)
        guard try number(1) == 1 else { throw Unreadable() }
        _ = try take(3 + 2 + 32)
        _ = try take(number(1))
        _ = try take(number(2))
        _ = try take(number(1))
        rest = try take(number(2))
        var versions: [UInt16] = []
        while !rest.isEmpty {
            let kind = try number(2)
            let content = Array(try take(number(2)))
            guard kind == 43 else { continue }
            versions = stride(from: 1, to: content.count - 1, by: 2).map { UInt16(content[$0]) << 8 | UInt16(content[$0 + 1]) }
        }
        self.versions = versions.filter { $0 & 0x0F0F != 0x0A0A }
    }

    /// What a client says to a port at which nobody answers.
    static func caught(_ call: (Int) async throws -> Void) async throws -> ClientHello {
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 4) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        try #require(isListening)
        let (messages, said) = AsyncStream.makeStream(of: [UInt8].self)
        Thread.detachNewThread {
            let client = accept(listener, nil, nil)
            var bytes: [UInt8] = []
            var buffer = [UInt8](repeating: 0, count: 4096)
            // The whole record: its length is in its head.
            while bytes.count < 5 || bytes.count < 5 + Int(bytes[3]) << 8 + Int(bytes[4]), case let count = recv(client, &buffer, buffer.count, 0),
                count > 0
            {
                bytes += buffer.prefix(count)
            }
            close(client)
            close(listener)
            said.yield(bytes)
            said.finish()
        }
        try await call(Int(UInt16(bigEndian: address.sin_port)))
        var iterator = messages.makeAsyncIterator()
        return try ClientHello(try #require(await iterator.next()))
    }
}
