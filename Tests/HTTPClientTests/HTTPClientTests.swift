import Foundation
import HTTPClient
import Testing

@Suite struct HTTPClientTests {
    /// Answers each request with itself.
    private static func echo(_ connection: ScriptedServer.Connection) {
        while let request = connection.request() { connection.answer(request.head + request.body) }
    }

    // MARK: What is sent

    @Test func `a request is sent as it is asked for, with nothing added but what HTTP needs`() async throws {
        try await withServer(Self.echo) { client, server async throws in
            let answer = try await client.execute(
                .init("GET", try server.url("/a/../b%20c?q=%C3%A9#part"), headers: [("X-One", "1"), ("X-None", ""), ("x-one", "2 ")]))
            #expect(answer.status == 200)
            #expect(
                server.requests.first?.head
                    == "GET /a/../b%20c?q=%C3%A9 HTTP/1.1\r\nHost: \(ScriptedServer.address):\(server.port)\r\n"
                    + "X-One: 1\r\nX-None:\r\nx-one: 2\r\n\r\n"
            )
        }
    }

    @Test(arguments: [("POST", "body"), ("PUT", "body"), ("PATCH", "body"), ("DELETE", "body"), ("POST", ""), ("PUT", ""), ("PATCH", "")])
    func `a body goes with its length and no type of its own`(method: String, body: String) async throws {
        try await withServer(Self.echo) { client, server async throws in
            _ = try await client.execute(.init(method, try server.url(), body: body.isEmpty ? .none : .bytes(Array(body.utf8))))
            let request = try #require(server.requests.first)
            #expect(
                request.head == "\(method) / HTTP/1.1\r\nHost: \(ScriptedServer.address):\(server.port)\r\nContent-Length: \(body.utf8.count)\r\n\r\n"
            )
            #expect(request.body == body)
        }
    }

    @Test func `a large body is sent without asking first`() async throws {
        try await withServer(Self.echo) { client, server async throws in
            let body = [UInt8](repeating: 65, count: 3 << 20)
            let answer = try await client.execute(.init("POST", try server.url(), body: .bytes(body)))
            #expect(answer.body.suffix(body.count) == body[...])
            #expect(server.requests.first?.head.contains("Expect") == false)
        }
    }

    @Test func `pieces are sent as they come`() async throws {
        try await withServer(Self.echo) { client, server async throws in
            let (pieces, send) = AsyncStream<[UInt8]>.makeStream()
            let request = HTTPClient.Request("POST", try server.url(), body: .pieces(pieces), timeout: .seconds(600))
            async let answer = client.execute(request)
            for piece in ["first, ", "", String(repeating: "x", count: 200_000), ", last"] { send.yield(Array(piece.utf8)) }
            send.finish()
            #expect(try await answer.status == 200)
            #expect(server.requests.first?.body == "first, " + String(repeating: "x", count: 200_000) + ", last")
        }
    }

    @Test(arguments: [401, 408, 503]) func `an answer that comes before the last piece ends the call`(status: Int) async throws {
        let early: @Sendable (ScriptedServer.Connection) -> Void = { connection in
            _ = connection.text(upTo: "first")
            connection.answer("too slow", status: status)
            _ = connection.text(upTo: "never")
        }
        try await withServer(early) { client, server async throws in
            let (pieces, send) = AsyncStream<[UInt8]>.makeStream()
            send.yield(Array("first".utf8))
            let answer = try await client.execute(.init("POST", try server.url(), body: .pieces(pieces), timeout: .seconds(600)))
            #expect(answer.status == status && answer.body == Array("too slow".utf8))
            send.finish()
        }
    }

    @Test(arguments: [
        ("GET", "X-A", "1\r\nX-B: 2"), ("GET", "X-A", "1\nX-B: 2"), ("GET", "X-A", "\0"), ("GET", "X-A: 1\r\nX-B", "2"), ("GET", "", "1"),
        ("GET / HTTP/1.1\r\nX-B: 2\r\n\r\nGET", "X-A", "1"), ("", "X-A", "1"), ("GET", "X A", "1"),
    ])
    func `what would be more than one line is not sent`(method: String, name: String, value: String) async throws {
        try await withServer(Self.echo) { client, server async throws in
            await #expect(throws: HTTPClient.Failure.invalidRequest) {
                try await client.execute(.init(method, try server.url(), headers: [(name, value)]))
            }
            #expect(server.connections == 0)
        }
    }

    @Test(arguments: ["ftp://127.0.0.1/", "file:///etc/passwd", "http:///x", "http://user:password@127.0.0.1:1/"])
    func `only addresses of HTTP without credentials are called`(_ text: String) async throws {
        let url = try #require(URL(string: text))
        await #expect(throws: HTTPClient.Failure.invalidURL) { try await HTTPClient().execute(.init("GET", url)) }
    }

    // MARK: What comes

    @Test func `an answer is what it is`() async throws {
        let answers: @Sendable (ScriptedServer.Connection) -> Void = { connection in
            _ = connection.request()
            connection.write(
                "HTTP/1.1 100 Continue\r\nX-Early: 1\r\n\r\nHTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nSet-Cookie: a\r\nset-cookie:  b \r\n")
            connection.write(
                "Content-Encoding: gzip\r\nTransfer-Encoding: chunked\r\nX-Empty:\r\n\r\n5\r\nfirst\r\n4\r\nlast\r\n0\r\nX-Late: 1\r\n\r\n")
            let again = connection.request()
            connection.answer(again?.head.contains("Cookie") == true ? "cookie" : "none")
        }
        try await withServer(answers) { client, server async throws in
            let answer = try await client.execute(.init("GET", try server.url()))
            #expect(answer.status == 302 && answer.body == Array("firstlast".utf8))
            let expected = [
                "Location: /elsewhere", "Set-Cookie: a", "set-cookie: b", "Content-Encoding: gzip", "Transfer-Encoding: chunked", "X-Empty: ",
            ]
            #expect(answer.headers.map { "\($0.name): \($0.value)" } == expected)
            #expect(answer.header("SET-COOKIE") == "a" && answer.header("X-Late") == nil)
            #expect(try await client.execute(.init("GET", try server.url())).body == Array("none".utf8))
            #expect(server.connections == 1 && server.requests.count == 2)
        }
    }

    @Test func `the answer to HEAD has no body, however long it would be`() async throws {
        let answers: @Sendable (ScriptedServer.Connection) -> Void = { connection in
            while connection.request() != nil { connection.write("HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n") }
        }
        try await withServer(answers) { client, server async throws in
            for _ in 0..<2 {
                let answer = try await client.execute(.init("HEAD", try server.url(), responseLimit: 10))
                #expect(answer.body.isEmpty && answer.header("content-length") == "1000000")
            }
            #expect(server.connections == 1)
        }
    }

    private static let long = "X: " + String(repeating: "x", count: 90_000) + "\r\n"
    private static let ends: [(String, HTTPClient.Failure?)] = [
        ("Content-Length: 11\r\n\r\nhello world", .tooLarge), ("Content-Length: 10\r\n\r\nhello worl", nil),
        // Announced and not sent: it is not waited for.
        ("Content-Length: 10000000\r\n\r\n", .tooLarge), ("Transfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n", .tooLarge),
        ("Content-Length: 9\r\n\r\nhello", .connectionLost), ("Transfer-Encoding: chunked\r\n\r\n9\r\nhello", .connectionLost),
        ("\(long)\(long)\(long)\r\n", .unreadable),
        // As many lines are looked through as a server may have reason for.
        ("Content-Length: 10\r\n\(String(repeating: "X: 1\r\n", count: 900))\r\nhello worl", nil),
        ("Content-Length: 10\r\n\(String(repeating: "X: 1\r\n", count: 1000))\r\nhello worl", .unreadable),
        // Packed without having been asked for: it is not unpacked.
        ("Transfer-Encoding: gzip\r\n\r\n", .unreadable), ("transfer-encoding:GZIP , chunked\r\n\r\n0\r\n\r\n", .unreadable),
        ("Transfer-Encoding: chunked\r\nTransfer-Encoding: br\r\n\r\n0\r\n\r\n", .unreadable),
        ("Transfer-Encoding: Chunked\r\n\r\na\r\nhello worl\r\n0\r\n\r\n", nil),
    ]

    @Test(arguments: ends)
    func `an answer is read up to its limit, and is whole or none`(rest: String, failure: HTTPClient.Failure?) async throws {
        let answers: @Sendable (ScriptedServer.Connection) -> Void = { connection in
            _ = connection.request()
            connection.write("HTTP/1.1 200 OK\r\n\(rest)")
            if failure == .tooLarge { _ = connection.request() }
        }
        try await withServer(answers) { client, server async throws in
            let request = HTTPClient.Request("GET", try server.url(), responseLimit: 10)
            if let failure {
                await #expect(throws: failure) { try await client.execute(request) }
            } else {
                #expect(try await client.execute(request).body.count == 10)
            }
        }
    }

    @Test(arguments: [
        "hello\r\n\r\n", "HTTP/9.9 200 OK\r\n\r\n", "HTTP/1.1 twelve\r\n\r\n", "HTTP/1.1 1000 OK\r\n\r\n", "HTTP/1.1 -12 OK\r\n\r\n",
        "HTTP/2 99999 OK\r\n\r\n", "HTTP/2 -1 OK\r\n\r\n", "HTTP/3 0 OK\r\n\r\n",
    ]) func `what is no HTTP is no answer`(_ text: String) async throws {
        let answers: @Sendable (ScriptedServer.Connection) -> Void = { connection in
            _ = connection.request()
            connection.write(text)
        }
        try await withServer(answers) { client, server async throws in
            await #expect(throws: HTTPClient.Failure.self) { try await client.execute(.init("GET", try server.url())) }
        }
    }
}
