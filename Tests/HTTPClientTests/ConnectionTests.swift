import Foundation
import HTTPClient
import Testing

@Suite struct ConnectionTests {
    private static func answers(_ connection: ScriptedServer.Connection) {
        while connection.request() != nil { connection.answer("\(connection.number)") }
    }

    private static func silent(_ connection: ScriptedServer.Connection) {
        while connection.request() != nil {}
    }

    @Test func `calls one after the other share a connection, and some at once have some`() async throws {
        var configuration = HTTPClient.Configuration.patient
        configuration.connectionsPerHost = 3
        try await withServer(Self.answers, configuration) { client, server async throws in
            let url = try server.url()
            for _ in 0..<5 { #expect(try await client.execute(.init("GET", url)).body == Array("0".utf8)) }
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for _ in 0..<30 { tasks.addTask { _ = try await client.execute(.init("POST", url)) } }
                try await tasks.waitForAll()
            }
            #expect(server.requests.count == 35 && server.connections <= 3)
        }
    }

    /// By itself libcurl would send it again, on a new connection.
    @Test(arguments: ["GET", "POST", "DELETE"], [HTTPClient.Request.Body.none, .bytes(Array("body".utf8))])
    func `a request is sent once, also when a used connection ends without a word`(method: String, body: HTTPClient.Request.Body) async throws {
        let serve: @Sendable (ScriptedServer.Connection) -> Void = { connection in
            guard connection.request() != nil else { return }
            connection.answer("first")
            _ = connection.request()
        }
        try await withServer(serve) { client, server async throws in
            let request = HTTPClient.Request(method, try server.url(), body: body)
            #expect(try await client.execute(request).body == Array("first".utf8))
            await #expect(throws: HTTPClient.Failure.connectionLost) { try await client.execute(request) }
            #expect(server.requests.count == 2 && server.connections == 1)
            #expect(try await client.execute(request).body == Array("first".utf8))
            #expect(server.requests.count == 3)
        }
    }

    @Test func `a call goes to the address that it is bound to, whatever its host is called`() async throws {
        try await withServer(Self.answers) { client, server async throws in
            func call(_ host: String, _ address: String?) async throws -> String {
                String(decoding: try await client.execute(.init("GET", try server.url(host: host), address: address)).body, as: UTF8.self)
            }
            #expect(try await call("name.invalid", ScriptedServer.address) == "0")
            #expect(try await call("name.invalid", ScriptedServer.address) == "0")
            #expect(server.requests.allSatisfy { $0.head.contains("Host: name.invalid:\(server.port)\r\n") })
            // Neither the connection that is there nor the host's own address is taken for another one.
            await #expect(throws: HTTPClient.Failure.refused) { try await call("name.invalid", "127.0.0.2") }
            await #expect(throws: HTTPClient.Failure.refused) { try await call(ScriptedServer.address, "::1") }
            await #expect(throws: HTTPClient.Failure.unknownHost) { try await call("name.invalid", nil) }
            #expect(server.connections == 1)
        }
    }

    /// In a process of its own: the environment is that of all tests.
    @Test func `no proxy is taken from the environment`() async throws {
        await #expect(processExitsWith: .success) {
            for name in ["http_proxy", "ALL_PROXY"] { setenv(name, "http://127.0.0.1:1", 1) }
            try await withServer(Self.answers) { client, server async throws in
                try #require(try await client.execute(.init("GET", try server.url())).status == 200)
            }
        }
    }

    @Test(arguments: [("http", true, HTTPClient.Failure.connectionLost), ("http", false, .connectionLost), ("https", true, .connectionLost)])
    func `a connection that breaks is lost, also while encryption is agreed on`(
        scheme: String, isReset: Bool, failure: HTTPClient.Failure
    ) async throws {
        let serve: @Sendable (ScriptedServer.Connection) -> Void = { connection in
            if isReset { connection.resetAtEnd() }
            connection.wait()
        }
        try await withServer(serve) { client, server async throws in
            await #expect(throws: failure) { try await client.execute(.init("GET", try server.url(scheme: scheme))) }
        }
    }

    @Test func `a call ends at its time, also one that waits for a connection`() async throws {
        var configuration = HTTPClient.Configuration()
        configuration.connectionsPerHost = 1
        try await withServer(Self.silent, configuration) { client, server async throws in
            let url = try server.url()
            let first = Task { try await client.execute(.init("GET", url, timeout: .seconds(600))) }
            await server.becomes { $0.requests.count == 1 }
            await #expect(throws: HTTPClient.Failure.timedOut) { try await client.execute(.init("GET", url, timeout: .milliseconds(50))) }
            #expect(server.requests.count == 1)
            first.cancel()
            await #expect(throws: CancellationError.self) { try await first.value }
            await #expect(throws: HTTPClient.Failure.timedOut) { try await client.execute(.init("GET", url, timeout: .milliseconds(50))) }
        }
    }

    @Test func `a server that says nothing for long is given up`() async throws {
        var configuration = HTTPClient.Configuration()
        configuration.silenceTimeout = .seconds(1)
        try await withServer(Self.silent, configuration) { client, server async throws in
            await #expect(throws: HTTPClient.Failure.timedOut) { try await client.execute(.init("GET", try server.url(), timeout: .seconds(600))) }
        }
    }

    @Test func `whoever is cancelled waits no longer, and the server sees the end`() async throws {
        try await withServer(Self.silent) { client, server async throws in
            let url = try server.url()
            let call = Task { try await client.execute(.init("GET", url, timeout: .seconds(600))) }
            await server.becomes { $0.requests.count == 1 }
            call.cancel()
            await #expect(throws: CancellationError.self) { try await call.value }
            await server.becomes { $0.openConnections == 0 }
            let late = Task {
                withUnsafeCurrentTask { $0?.cancel() }
                return try await client.execute(.init("GET", url))
            }
            await #expect(throws: CancellationError.self) { try await late.value }
            #expect(server.requests.count == 1)
        }
    }

    @Test func `calls may be cancelled at any moment, and each ends once`() async throws {
        try await withServer(Self.answers) { client, server async throws in
            let url = try server.url()
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                for number in 0..<300 {
                    tasks.addTask { () async throws in
                        let body: HTTPClient.Request.Body =
                            number.isMultiple(of: 3) ? .pieces(AsyncStream { _ in }) : .bytes([UInt8](repeating: 65, count: number))
                        let call = Task { try await client.execute(.init("POST", url, body: body, timeout: .seconds(600))) }
                        for _ in 0..<number % 20 { await Task.yield() }
                        call.cancel()
                        do { #expect(try await call.value.status == 200) } catch is CancellationError {}
                    }
                }
                try await tasks.waitForAll()
            }
            #expect(try await client.execute(.init("GET", url)).status == 200)
        }
    }

    @Test func `at the end of the client its calls end, and there are no further ones`() async throws {
        try await withServer(Self.silent) { client, server async throws in
            let url = try server.url()
            let call = Task { try await client.execute(.init("GET", url, timeout: .seconds(600))) }
            await server.becomes { $0.requests.count == 1 }
            await client.shutdown()
            await #expect(throws: CancellationError.self) { try await call.value }
            await #expect(throws: CancellationError.self) { try await client.execute(.init("GET", url)) }
            await client.shutdown()
            await server.becomes { $0.openConnections == 0 }
        }
    }

    @Test func `connections end with the time for which they are kept, and with the client`() async throws {
        var configuration = HTTPClient.Configuration()
        configuration.keepAlive = .zero
        try await withServer(Self.answers, configuration) { client, server async throws in
            for count in 1...3 {
                #expect(try await client.execute(.init("GET", try server.url())).status == 200)
                await server.becomes { $0.openConnections == 0 }
                #expect(server.connections == count)
            }
        }
        let server = try ScriptedServer(Self.answers)
        defer { server.stop() }
        #expect(try await HTTPClient().execute(.init("GET", try server.url())).status == 200)
        await server.becomes { $0.openConnections == 0 }
    }
}
