import DataShieldTestSupport
import Foundation
import NIOCore
import Testing

@testable import DataShield

/// What a connection may do before anybody knows whose it is, byte by byte.
@Suite(.freshDatabase) struct DoorTests {
    private func cookie(_ client: TestClient) -> String { "Cookie: \(client.cookieName)=\(client.token ?? "")\r\n" }

    private func doors(_ change: (inout DoorLimits) -> Void) -> DoorLimits {
        var doors = DoorLimits()
        change(&doors)
        return doors
    }

    // MARK: Large bodies that nobody reads

    /// Requests that are refused before their body is read.
    static let refused: [(head: String, status: Int)] = [
        ("PATCH /api/company HTTP/1.1\r\nContent-Type: application/json\r\n", 413),
        ("PATCH /api/company HTTP/1.1\r\nContent-Type: application/json\r\nConnection: close\r\n", 413),
        ("PATCH /api/company HTTP/1.1\r\nContent-Type: image/png\r\n", 415),
        ("POST /api/nothing HTTP/1.1\r\nContent-Type: application/json\r\n", 404),
        ("DELETE /api/me HTTP/1.1\r\nContent-Type: application/json\r\n", 405),
        ("PATCH /api/company HTTP/1.1\r\nContent-Type: application/json\r\nSec-Fetch-Site: cross-site\r\n", 403),
    ]

    @Test(arguments: refused) func `a large body that is refused is answered at once, and the answer arrives`(head: String, status: Int) async throws
    {
        try await withServer { client in
            try await RawConnection.with(port: client.server.port) { connection in
                let size = 8 << 20
                await connection.send("\(head)Host: x\r\n\(cookie(client))Content-Length: \(size)\r\n\r\n")
                // Not a byte of the body has been sent.
                try await connection.waitsFor("\r\n\r\n")
                #expect(connection.status == status)
                #expect(connection.text.lowercased().contains("connection: close"))
                try await connection.waitsForEnd()
                // Whoever sends all the same is listened to, and no more.
                await connection.send([UInt8](repeating: 65, count: size))
                #expect(connection.statuses == [status])
            }
        }
    }

    @Test func `without a session a large body is 401 at once`() async throws {
        try await withServer(as: nil) { client in
            try await RawConnection.with(port: client.server.port) { connection in
                await connection.send("POST /api/ingest HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nTransfer-Encoding: chunked\r\n\r\n")
                try await connection.waitsForEnd()
                #expect(connection.status == 401)
            }
        }
    }

    @Test func `what is sent without end after the answer is received for a while only`() async throws {
        try await withServer(doors: doors { ($0.lingerTime, $0.lingerBytes) = (.seconds(60), 1 << 20) }) { client in
            try await RawConnection.with(port: client.server.port) { connection in
                await connection.send("POST /api/nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n\r\n")
                try await connection.waitsForEnd()
                let piece = [UInt8](repeating: 65, count: 1 << 18)
                // The server closes after a megabyte: writing fails then, which ends the connection here.
                try await becomesTrue {
                    await connection.send(piece)
                    return connection.isClosed
                }
            }
        }
    }

    @Test func `a small body that nobody reads does not end the connection`() async throws {
        try await withServer { client in
            try await RawConnection.with(port: client.server.port) { connection in
                await connection.send("POST /api/nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n")
                try await connection.waitsFor("404 Not Found")
                await connection.send("0123456789GET /assets/favicon.svg HTTP/1.1\r\nHost: x\r\n\r\n")
                try await connection.waitsFor("HTTP/1.1 200")
                #expect(connection.statuses == [404, 200])
                #expect(!connection.hasEnded)
            }
        }
    }

    // MARK: Time

    @Test func `a body that drips ends with 408`() async throws {
        try await withServer(doors: doors { $0.bodyTime = .milliseconds(300) }) { client in
            try await RawConnection.with(port: client.server.port) { connection in
                await connection.send(
                    "PATCH /api/company HTTP/1.1\r\nHost: x\r\n\(cookie(client))Content-Type: application/json\r\nContent-Length: 100000\r\n\r\n{")
                try await becomesTrue {
                    await connection.send(" ")
                    return connection.hasEnded
                }
                #expect(connection.statuses == [408])
                #expect(connection.text.contains("application/problem+json"))
            }
            #expect(try await client.get("/api/me").status == 200)
        }
    }

    @Test func `an upload has a time of its own`() async throws {
        try await withServer(doors: doors { $0.bodyTime = .milliseconds(100) }) { client in
            _ = try await TestDatabase.current.makeEmployee(in: client.company, email: "ada@door.example")
            try await RawConnection.with(port: client.server.port) { connection in
                await connection.send(
                    "POST /api/ingest HTTP/1.1\r\nHost: x\r\n\(cookie(client))Content-Type: text/plain\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"
                )
                try await connection.waitsFor("100 Continue")
                // Another request has its body cut off meanwhile: so much time has passed.
                try await RawConnection.with(port: client.server.port) { other in
                    await other.send(
                        "PATCH /api/company HTTP/1.1\r\nHost: x\r\n\(cookie(client))Content-Type: application/json\r\nContent-Length: 9\r\n\r\n{")
                    try await other.waitsForEnd()
                    #expect(other.status == 408)
                }
                await connection.send("abc\n")
                try await connection.waitsFor("HTTP/1.1 202")
            }
        }
    }

    @Test func `a header that drips ends with 408`() async throws {
        try await withServer(as: nil, doors: doors { $0.headTime = .milliseconds(300) }) { client in
            try await RawConnection.with(port: client.server.port) { connection in
                await connection.send("GET /assets/favicon.svg HTTP/1.1\r\nHost: x\r\n\r\n")
                try await connection.waitsFor("HTTP/1.1 200")
                // Also the second one; a connection without a request is another matter.
                await connection.send("GET /assets/favicon.svg HTTP/1.1\r\nHost: x\r\nX-Drip: ")
                try await becomesTrue {
                    await connection.send("a")
                    return connection.hasEnded
                }
                #expect(connection.statuses == [200, 408])
            }
            #expect(try await client.get("/assets/favicon.svg").status == 200)
        }
    }

    // MARK: Expect

    @Test func `100 Continue is said when the body is wanted, and not before it is refused`() async throws {
        try await withServer { client in
            let port = client.server.port
            func head(_ line: String, _ length: Int) -> String {
                "\(line) HTTP/1.1\r\nHost: x\r\n\(cookie(client))Content-Type: application/json\r\nContent-Length: \(length)\r\nExpect: 100-continue\r\n\r\n"
            }
            try await RawConnection.with(port: port) { connection in
                await connection.send(head("PATCH /api/company", 2))
                try await connection.waitsFor("HTTP/1.1 100 Continue\r\n\r\n")
                await connection.send("{}GET /assets/favicon.svg HTTP/1.1\r\nHost: x\r\n\r\n")
                try await becomesTrue { connection.statuses.count == 3 }
                #expect(connection.statuses == [100, 200, 200])
            }
            for (line, length, status) in [
                ("PATCH /api/company", defaultBodyLimit + 1, 413), ("PATCH /api/nothing", 2, 404), ("DELETE /api/me", 2, 405),
            ] {
                try await RawConnection.with(port: port) { connection in
                    await connection.send(head(line, length))
                    try await connection.waitsForEnd()
                    #expect(connection.statuses == [status], "\(line)")
                }
            }
        }
    }

    // MARK: Host

    @Test(arguments: [
        ("", 400), ("Host: x\r\nHost: x\r\n", 400), ("Host: x\r\nhost: y\r\n", 400), ("Host: \r\n", 400), ("Host: a b\r\n", 400),
        ("Host: a/b\r\n", 400), ("Host: user@x\r\n", 400), ("Host: x:99999\r\n", 400), ("Host: x:1x\r\n", 400), ("Host: [::1\r\n", 400),
        ("Host: <script>\r\n", 400), ("Host: x\r\n", 200), ("Host: x:80\r\n", 200), ("Host: x:\r\n", 200), ("Host: [::1]:8080\r\n", 200),
        ("Host: xn--bcher-kva.example\r\n", 200), ("Host: 127.0.0.1:1\r\n", 200),
    ])
    func `a request has one host`(fields: String, status: Int) async throws {
        try await withServer(as: nil) { client in
            try await RawConnection.with(port: client.server.port) { connection in
                await connection.send("GET /assets/favicon.svg HTTP/1.1\r\n\(fields)\r\n")
                try await connection.waitsFor("\r\n\r\n")
                #expect(connection.status == status)
            }
        }
    }

    @Test func `before HTTP/1.1 there was no Host, and the connection ends with the answer`() async throws {
        try await withServer(as: nil) { client in
            try await RawConnection.with(port: client.server.port) { connection in
                await connection.send("GET /assets/favicon.svg HTTP/1.0\r\n\r\n")
                try await connection.waitsForEnd()
                #expect(connection.status == 200)
            }
        }
    }

    @Test(arguments: [
        ("Host: localhost\r\n", 200), ("Host: LOCALHOST:80\r\n", 200), ("Host: 127.0.0.1:8080\r\n", 200), ("Host: [::1]\r\n", 200),
        ("Host: evil.example\r\n", 404), ("Host: localhost.evil.example\r\n", 404), ("Host: 127.0.0.1.evil.example\r\n", 404),
        ("Host: localhost\r\nX-Forwarded-For: 127.0.0.1\r\n", 404), ("Host: localhost\r\nX-Forwarded-For: nonsense\r\n", 404),
        ("Host: localhost\r\nForwarded: for=127.0.0.1\r\n", 404), ("Host: localhost\r\nX-Real-IP: 127.0.0.1\r\n", 404),
    ])
    func `metrics are for whoever calls this machine by its own name and comes through no proxy`(fields: String, status: Int) async throws {
        try await withServer(as: nil) { client in
            try await RawConnection.with(port: client.server.port) { connection in
                await connection.send("GET /metrics HTTP/1.1\r\n\(fields)\r\n")
                try await connection.waitsFor("\r\n\r\n")
                #expect(connection.status == status)
            }
        }
    }

    // MARK: How many

    @Test func `connections beyond the limit are told so, and there is room again when one has gone`() async throws {
        try await withServer(as: nil, doors: doors { $0.connections = 2 }) { client in
            let port = client.server.port
            let request = "GET /assets/favicon.svg HTTP/1.1\r\nHost: x\r\n\r\n"
            try await RawConnection.with(port: port) { first in
                await first.send(request)
                try await first.waitsFor("HTTP/1.1 200")
                try await RawConnection.with(port: port) { second in
                    await second.send(request)
                    try await second.waitsFor("HTTP/1.1 200")
                    try await RawConnection.with(port: port) { third in
                        await third.send(request)
                        try await third.waitsForEnd()
                        #expect(third.status == 503)
                        #expect(third.text.contains("Retry-After: "))
                    }
                    // Those that are served are served on.
                    await first.send(request)
                    try await becomesTrue { first.statuses == [200, 200] }
                }
            }
            try await becomesTrue {
                try await RawConnection.with(port: port) { later in
                    await later.send(request)
                    try await later.waitsFor("\r\n\r\n")
                    return later.status == 200
                }
            }
        }
    }

    @Test func `each address has a share, a network of IPv6 is one, and this machine is not counted`() throws {
        var limits = DoorLimits()
        (limits.connections, limits.connectionsPerAddress) = (5, 2)
        let connections = OpenConnections(limits)
        func enter(_ address: String) throws -> OpenConnections.Admission { connections.enter(from: try SocketAddress(ipAddress: address, port: 1)) }
        let first = try enter("192.0.2.1")
        #expect(try enter("192.0.2.1") == .served([192, 0, 2, 1]))
        #expect(try enter("192.0.2.1") == .refused)
        #expect(try enter("::ffff:192.0.2.1") == .refused)
        connections.leave(first)
        #expect(try enter("::ffff:192.0.2.1") == .served([192, 0, 2, 1]))
        #expect(try enter("2001:db8:1:2::1") != .refused)
        #expect(try enter("2001:db8:1:2:ffff::2") != .refused)
        #expect(try enter("2001:db8:1:2::3") == .refused)
        #expect(try enter("127.0.0.1") == .served(nil))
        #expect(connections.count == 5)
        #expect(try enter("127.0.0.1") == .refused, "In all there is a limit, too.")
        for _ in 0..<DoorLimits.refusals { _ = try enter("127.0.0.1") }
        #expect(try enter("127.0.0.1") == .dropped)
    }

    @Test(arguments: [
        (1024, nil as Int?, 768, 192), (1_048_576, nil, 4096, 1024), (256, nil, 128, 32), (1024, 5000, 768, 192),
        (100_000, 20_000, 20_000, 5000), (10, nil, 8, 8),
    ])
    func `connections stay below the limit of open files`(descriptors: Int, asked: Int?, all: Int, each: Int) {
        var settings = Settings.testing
        settings.connections = asked
        let doors = DoorLimits(settings, descriptors: descriptors)
        #expect(doors.connections == all)
        #expect(doors.connectionsPerAddress == each)
        #expect(DoorLimits.descriptors > 0)
    }

    // MARK: Ids

    @Test func `ids of requests tell nothing of other requests`() async throws {
        try await withServer(as: nil) { client in
            var ids: [String] = []
            for _ in 0..<8 { ids.append(try #require(try await client.get("/assets/favicon.svg").header("X-Request-Id"))) }
            #expect(Set(ids).count == 8)
            #expect(ids.allSatisfy { $0.wholeMatch(of: /[0-9a-f]{32}/) != nil })
            // No half of one is near that of the next, as it is where somebody counts.
            for (before, after) in zip(ids, ids.dropFirst()) {
                for half in [before.prefix(16), before.suffix(16)] {
                    for other in [after.prefix(16), after.suffix(16)] {
                        let (left, right) = (try #require(UInt64(half, radix: 16)), try #require(UInt64(other, radix: 16)))
                        #expect(min(left &- right, right &- left) > 1_000_000)
                    }
                }
            }
        }
    }

    // MARK: Methods

    @Test(arguments: [
        ("DELETE", "/api/me", "GET, HEAD, OPTIONS"), ("DELETE", "/api/employees/export", "GET, HEAD, OPTIONS"),
        ("PUT", "/api/alerts/bulk", "OPTIONS, POST"), ("PATCH", "/api/employees/departments", "GET, HEAD, OPTIONS"),
        ("PUT", "/api/employees/\(CUID.make(at: Date()))", "DELETE, GET, HEAD, OPTIONS, PATCH"), ("POST", "/assets/app.css", "GET, HEAD, OPTIONS"),
        ("TRACE", "/api/company", "GET, HEAD, OPTIONS, PATCH"),
    ])
    func `Allow names what the route itself takes`(method: String, path: String, allowed: String) async throws {
        try await withServer { client in
            let answer = try await client.send(method, path)
            #expect(answer.status == 405)
            #expect(answer.header("Allow") == allowed)
            let options = try await client.send("OPTIONS", path)
            #expect(options.status == 204)
            #expect(options.header("Allow") == allowed)
            #expect(try await client.send("OPTIONS", "/api/nothing").status == 404)
        }
    }
}
