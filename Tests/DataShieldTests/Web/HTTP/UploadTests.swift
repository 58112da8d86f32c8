import DataShieldTestSupport
import Foundation
import Hummingbird
import NIOCore
import NIOPosix
import Testing

@testable import DataShield

/// Files that people send.
@Suite(.freshDatabasePerTest) struct UploadTests {
    // MARK: What is received

    @Test(arguments: [0, 1, 1000, 256 * 1024 - 1, 256 * 1024, 256 * 1024 + 1, 3_000_001])
    func `a file is read as it was sent, as often as it is wanted, and leaves nothing behind`(size: Int) async throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString)
        try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: directory) }  // what is left of a test's directory harms nobody
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 &* 31 ^ $0 >> 8) }
        let file = try await SpooledFile(Sent(bytes: bytes, size: 70_001), in: directory)
        #expect(try FileManager.default.contentsOfDirectory(atPath: directory.path) == [])
        for _ in 0..<2 {
            var read: [UInt8] = []
            for try await piece in file {
                #expect(!piece.isEmpty)
                read += piece
            }
            #expect(read == bytes)
        }
    }

    @Test func `where nothing can be kept, a large file is refused and a small one is not`() async throws {
        let nowhere = URL(fileURLWithPath: "/nonexistent/directory")
        _ = try await SpooledFile(Sent(bytes: [UInt8](repeating: 1, count: 1000), size: 100), in: nowhere)
        await #expect(throws: SpoolFailure.cannotBeKept) {
            _ = try await SpooledFile(Sent(bytes: [UInt8](repeating: 1, count: 1_000_000), size: 100_000), in: nowhere)
        }
    }

    private struct Sent: AsyncSequence, Sendable {
        let bytes: [UInt8]
        let size: Int

        func makeAsyncIterator() -> Iterator { Iterator(sent: self) }

        struct Iterator: AsyncIteratorProtocol {
            let sent: Sent
            var start = 0
            mutating func next() async -> [UInt8]? {
                guard start < sent.bytes.count else { return nil }
                defer { start += sent.size }
                return Array(sent.bytes[start..<Swift.min(start + sent.size, sent.bytes.count)])
            }
        }
    }

    // MARK: Too large

    @Test(arguments: ["/api/employees/import", "/employees/import"])
    func `what says that it is larger than the limit is refused before it is sent`(path: String) async throws {
        try await withServer { client in
            let sender = try await Sender(client, path, length: Employees.importLimit + 1)
            let answer = try await sender.answer()
            #expect(answer.hasPrefix("HTTP/1.1 413"))
            if path.hasPrefix("/api/") {
                #expect(answer.contains("application/problem+json"))
                #expect(answer.contains("larger than \(Employees.importLimit) bytes (256 MB). Leave out columns"))
            } else {
                #expect(answer.contains("larger than \(StaffPreview.limit) bytes (64 MB). Leave out columns") && answer.contains("take 256 MB"))
            }
        }
    }

    @Test func `what turns out to be larger than the limit is refused, too`() async throws {
        let head = HTTPRequest(method: .post, scheme: nil, authority: nil, path: "/", headerFields: [.contentType: "text/csv"])
        let request = Request(head: head, body: .init(buffer: ByteBuffer(string: "email\njane@x.example\n")))
        let file = try UploadedFile(request, types: ["text/csv"], limit: 10)
        await #expect(throws: HTTPFailure.bodyTooLarge(limit: 10)) { _ = try await SpooledFile(file) }
    }

    // MARK: Too slow

    @Test func `whoever sends slowly keeps nobody from the database`() async throws {
        try await withServer { client in
            let file = "email\njane@x.example\njoe@x.example\n"
            // Twice as many as there are connections.
            var senders: [Sender] = []
            for _ in 0..<10 {
                let sender = try await Sender(client, "/api/employees/import", length: file.utf8.count)
                try await sender.send(String(file.prefix(20)))
                senders.append(sender)
            }
            for _ in 0..<20 { #expect(try await client.get("/api/company").status == 200) }
            #expect(try await client.get("/api/employees").decode(Page<EmployeeResponse>.self).items.isEmpty)
            for sender in senders {
                try await sender.send(String(file.dropFirst(20)))
                #expect(try await sender.answer().hasPrefix("HTTP/1.1 200"))
            }
            #expect(try await client.get("/api/employees").decode(Page<EmployeeResponse>.self).items.count == 2)
        }
    }

    @Test func `whoever goes away in the middle leaves nothing`() async throws {
        try await withServer { client in
            let sender = try await Sender(client, "/api/employees/import", length: 1000)
            try await sender.send("email\njane@x.example\n")
            try await sender.hangUp()
            #expect(try await client.get("/api/employees").decode(Page<EmployeeResponse>.self).items.isEmpty)
        }
    }
}

/// Sends a request piece by piece, as the test wants.
private struct Sender {
    private let channel: any Channel
    private let received: Received

    /// Sends the head.
    init(_ client: TestClient, _ path: String, length: Int) async throws {
        let received = Received()
        self.received = received
        channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in channel.pipeline.addHandler(received) }
            .connect(host: "127.0.0.1", port: client.server.port).get()
        try await send(
            """
            POST \(path) HTTP/1.1\r
            Host: 127.0.0.1:\(client.server.port)\r
            Cookie: \(client.cookieName)=\(client.token ?? "")\r
            Content-Type: text/csv\r
            Content-Length: \(length)\r
            Connection: close\r
            \r

            """)
    }

    func send(_ text: String) async throws { try await channel.writeAndFlush(ByteBuffer(string: text)).get() }

    /// All that the server sent until it hung up.
    func answer() async throws -> String {
        try await channel.closeFuture.get()
        return received.text
    }

    func hangUp() async throws { try await channel.close().get() }

    /// @unchecked: written on the channel's event loop, read after the channel was closed.
    private final class Received: ChannelInboundHandler, @unchecked Sendable {
        typealias InboundIn = ByteBuffer
        var text = ""

        func channelRead(context: ChannelHandlerContext, data: NIOAny) { text += String(buffer: unwrapInboundIn(data)) }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }
}
