import DataShieldTestSupport
import Foundation
import JSON
import NIOCore
import NIOPosix
import Testing

@testable import DataShield

@Suite(.freshDatabase) struct BadInputTests {
    private let json = "application/json"

    @Test func `a body that is not JSON is refused with its reason`() async throws {
        try await withServer { (client) async throws in
            func patch(_ body: [UInt8], _ type: String? = "application/json") async throws -> TestClient.Answer {
                try await client.send("PATCH", "/api/company", body: body, contentType: type)
            }
            #expect(try await patch(Array("{".utf8)).status == 400)
            #expect(try await patch([]).status == 400)
            #expect(try await patch(Array("{\"name\":\"".utf8) + [0xFF, 0xFE] + Array("\"}".utf8)).status == 400)
            #expect(try await patch(Array("{\"name\":\"\\ud800\"}".utf8)).status == 400)
            #expect(try await patch(Array("{}".utf8), "text/plain").status == 415)
            #expect(try await patch(Array("{}".utf8), nil).status == 415)
            #expect(try await patch(Array("{}".utf8), "application/json; charset=utf-8").status == 200)
            let deep = try await patch(Array(String(repeating: "[", count: 100_000).utf8))
            #expect(deep.status == 400)
            #expect(try deep.problem.title == "Bad Request")
        }
    }

    @Test func `a field that is wrong is named, with what would be right`() async throws {
        try await withServer { (client) async throws in
            let answer = try await client.patch(
                "/api/company", JSONValue.object(["name": .integer(1), "scanIntervalMinutes": .string("5"), "nam": .null]))
            #expect(answer.status == 422)
            #expect(answer.header("Content-Type") == "application/problem+json")
            #expect(try answer.fields == ["name", "scanIntervalMinutes", "nam"])
            #expect(try answer.problem.errors?.first?.message.contains("text") == true)
            let nul = try await client.patch("/api/company", ["name": "a\0b"])
            #expect(nul.status == 422)
            #expect(try nul.fields == ["name"])
        }
    }

    @Test func `a body that is too large is refused, also when it does not say so`() async throws {
        try await withServer { (client) async throws in
            let large = [UInt8](repeating: UInt8(ascii: "a"), count: defaultBodyLimit + 1)
            let answer = try await client.send("PATCH", "/api/company", body: large, contentType: json)
            #expect(answer.status == 413)
            // The server goes on.
            #expect(try await client.get("/api/me").status == 200)
        }
    }

    @Test(arguments: [
        "limit=0", "limit=201", "limit=x", "limit=1.5", "limit=99999999999999999999", "cursor=x", "cursor=%00", "nonsense=1", "from=yesterday",
    ])
    func `a query that is wrong is a field error`(_ query: String) async throws {
        try await withServer { (client) async throws in
            let answer = try await client.get("/api/audit?\(query)")
            #expect(answer.status == 422)
            #expect(try answer.fields == [String(query.prefix { $0 != "=" })])
        }
    }

    @Test(arguments: ["limit=%ZZ", "limit=%", "action=%FF"])
    func `an escape that is none is a bad request`(_ query: String) async throws {
        try await withServer { (client) async throws in
            // As it is: the client would mend the escape.
            let cookie = "\(client.cookieName)=\(client.token ?? "")"
            let answer = try await Self.raw(port: client.server.port, "GET /api/audit?\(query) HTTP/1.1\r\nHost: x\r\nCookie: \(cookie)\r\n\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 400"))
        }
    }

    @Test func `what is not an id is not found`() async throws {
        try await withServer { (client) async throws in
            for id in ["1", "x'--", "%00", "%FF", "c%2F", String(repeating: "a", count: 5000), CUID.make(at: Date())] {
                // As it is: the client would mend the address.
                let cookie = "\(client.cookieName)=\(client.token ?? "")"
                let answer = try await Self.raw(port: client.server.port, "GET /api/users/\(id) HTTP/1.1\r\nHost: x\r\nCookie: \(cookie)\r\n\r\n")
                #expect(answer.hasPrefix("HTTP/1.1 404"), "\(id.prefix(20))")
            }
        }
    }

    @Test(arguments: ["'; DROP TABLE companies; --", "<script>alert(1)</script>", "{{name}}", "${jndi:ldap://x}", "%s%n", "Ünïcødé ✓ 名前 \u{202E}"])
    func `texts are kept as they are and never run`(_ text: String) async throws {
        try await withServer { (client) async throws in
            let answer = try await client.patch("/api/company", ["name": text])
            #expect(answer.status == 200)
            #expect(try answer.decode(CompanyResponse.self).name == text)
            #expect(try await client.get("/api/company").decode(CompanyResponse.self).name == text)
            #expect(
                try await client.get("/nothing/\(text.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? "")").text.contains(
                    "<script>alert")
                    == false)
        }
    }

    @Test func `a header of ten megabytes is cut off and the server goes on`() async throws {
        try await withServer { (client) async throws in
            let answer = try await Self.raw(
                port: client.server.port, "GET /api/me HTTP/1.1\r\nHost: x\r\nX-Large: " + String(repeating: "a", count: 10 << 20) + "\r\n\r\n")
            #expect(answer.isEmpty || answer.hasPrefix("HTTP/1.1 400") || answer.hasPrefix("HTTP/1.1 431"))
            let address = try await Self.raw(
                port: client.server.port, "GET /" + String(repeating: "a", count: 10 << 20) + " HTTP/1.1\r\nHost: x\r\n\r\n")
            #expect(!address.hasPrefix("HTTP/1.1 2"))
            #expect(try await client.get("/api/me").status == 200)
        }
    }

    @Test(arguments: [
        "nonsense\r\n\r\n", "GET / HTTP/9.9\r\n\r\n", "\0\0\0\0\r\n\r\n", "POST /api/auth/login HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    ])
    func `what is not HTTP is refused and the server goes on`(_ text: String) async throws {
        try await withServer { (client) async throws in
            let answer = try await Self.raw(port: client.server.port, text)
            #expect(!answer.hasPrefix("HTTP/1.1 2"))
            #expect(try await client.get("/api/me").status == 200)
        }
    }

    /// Sends bytes as they are and reads until the server closes.
    private static func raw(port: Int, _ text: String) async throws -> String {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(.seconds(5)).connect(host: "127.0.0.1", port: port) { channel in
                channel.eventLoop.makeCompletedFuture { try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel) }
            }
        let reading = Task {
            try await channel.executeThenClose { inbound, outbound in
                // try?: the server may close before all of it is read, which is what is wanted.
                try? await outbound.write(ByteBuffer(string: text))
                var answer = ""
                do {
                    for try await part in inbound {
                        answer += String(buffer: part)
                        // A server that keeps the connection open has answered all the same.
                        if answer.contains("\r\n\r\n") { break }
                    }
                } catch {
                    return answer
                }
                return answer
            }
        }
        let deadline = Task {
            try await Task.sleep(for: .seconds(30))  // sleeps: a deadline, cancelled before it comes
            reading.cancel()
        }
        defer { deadline.cancel() }
        return try await reading.value
    }
}
