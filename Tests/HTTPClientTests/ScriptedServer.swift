import Foundation
import Glibc
import HTTPClient
import Synchronization

/// A server on this machine that does with each connection what a test says, and remembers what it was asked.
final class ScriptedServer: Sendable {
    /// One of its own: others' tests call ports of 127.0.0.1 where nothing listens any more, and one of them may be this server's by now.
    static let address = "127.0.77.1"

    /// A request as it came.
    struct Request: Sendable {
        let head: String
        let body: String
    }

    /// A connection, on a thread of its own.
    final class Connection: Sendable {
        /// Which of the server's it is, from nought.
        let number: Int
        private let descriptor: Int32
        private let server: ScriptedServer
        private let unread = Mutex<[UInt8]>([])

        init(_ descriptor: Int32, _ number: Int, _ server: ScriptedServer) {
            self.descriptor = descriptor
            self.number = number
            self.server = server
        }

        /// The next request with its body; nil at the end of the connection.
        func request() -> Request? {
            guard let head = text(upTo: "\r\n\r\n") else { return nil }
            var body = ""
            if head.lowercased().contains("transfer-encoding: chunked") {
                // A line's end is one Character.
                while let size = text(upTo: "\r\n"), let count = Int(size.dropLast(), radix: 16), let chunk = text(count + 2), count > 0 {
                    body += chunk.dropLast()
                }
            } else if let match = head.lowercased().firstMatch(of: /content-length: (\d+)/), let count = Int(match.1) {
                guard let text = text(count) else { return nil }
                body = text
            }
            let request = Request(head: head, body: body)
            server.asked.withLock { $0.append(request) }
            server.change.yield()
            return request
        }

        /// What comes until a text is there, the text included.
        func text(upTo end: String) -> String? {
            take { bytes in bytes.firstRange(of: Array(end.utf8))?.upperBound }
        }

        private func text(_ count: Int) -> String? { take { $0.count >= count ? count : nil } }

        private func take(_ count: ([UInt8]) -> Int?) -> String? {
            unread.withLock { unread in
                while true {
                    if let count = count(unread) {
                        defer { unread.removeFirst(count) }
                        return String(decoding: unread.prefix(count), as: UTF8.self)
                    }
                    var buffer = [UInt8](repeating: 0, count: 4096)
                    let count = recv(descriptor, &buffer, buffer.count, 0)
                    guard count > 0 else { return nil }
                    unread += buffer.prefix(count)
                }
            }
        }

        func write(_ text: String) {
            let bytes = Array(text.utf8)
            var start = 0
            while start < bytes.count {
                let count = bytes[start...].withUnsafeBytes { send(descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
                guard count > 0 else { return }
                start += count
            }
        }

        /// Waits until something has come, whatever it is.
        func wait() { _ = take { $0.isEmpty ? nil : 0 } }

        /// Has the end of the connection be a reset.
        func resetAtEnd() {
            var option = linger(l_onoff: 1, l_linger: 0)
            setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &option, socklen_t(MemoryLayout<linger>.size))
        }

        /// An answer of a known length.
        func answer(_ body: String, status: Int = 200, headers: [String] = []) {
            let lines = ["HTTP/1.1 \(status) X", "Content-Length: \(body.utf8.count)"] + headers
            write(lines.joined(separator: "\r\n") + "\r\n\r\n" + body)
        }
    }

    let port: Int
    private let listener: Int32
    private let asked = Mutex<[Request]>([])
    private let taken = Mutex(0)
    private let open = Mutex<[Int32]>([])
    /// Has an element when a request has come or a connection ended.
    private let changes: AsyncStream<Void>
    private let change: AsyncStream<Void>.Continuation

    var requests: [Request] { asked.withLock { $0 } }
    var connections: Int { taken.withLock { $0 } }
    /// How many of them are not at their end.
    var openConnections: Int { open.withLock { $0.count } }

    struct Failure: Error {}

    /// - Parameter serve: what is done with a connection, which is closed at its end.
    init(_ serve: @escaping @Sendable (Connection) -> Void) throws {
        (changes, change) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
        let listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_4D01).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(listener, $0, length) == 0 && listen(listener, 64) == 0 && getsockname(listener, $0, &length) == 0
            }
        }
        self.listener = listener
        port = Int(UInt16(bigEndian: address.sin_port))
        guard isListening else { throw Failure() }
        // Threads, because all that they do is wait.
        Thread.detachNewThread { [self] in accept(serve) }
    }

    private func accept(_ serve: @escaping @Sendable (Connection) -> Void) {
        while case let client = Glibc.accept(listener, nil, nil), client >= 0 {
            open.withLock { $0.append(client) }
            let number = taken.withLock { taken in
                defer { taken += 1 }
                return taken
            }
            Thread.detachNewThread { [self] in
                serve(Connection(client, number, self))
                open.withLock { $0.removeAll { $0 == client } }
                close(client)
                change.yield()
            }
        }
        close(listener)
    }

    func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        open.withLock { for client in $0 { shutdown(client, Int32(SHUT_RDWR)) } }
    }

    /// Waits until what came, or ended, makes something so.
    func becomes(_ condition: (ScriptedServer) -> Bool) async {
        if condition(self) { return }
        for await _ in changes where condition(self) { return }
    }

    func url(_ path: String = "/", host: String = ScriptedServer.address, scheme: String = "http") throws -> URL {
        guard let url = URL(string: "\(scheme)://\(host):\(port)\(path)") else { throw Failure() }
        return url
    }
}

extension HTTPClient.Configuration {
    /// Keeps connections for as long as any test takes: where all tests run at once, more than the usual minute may pass between two calls.
    static var patient: Self {
        var configuration = Self()
        configuration.keepAlive = .seconds(3600)
        return configuration
    }
}

/// Lends a client and a server that does with each connection what is said.
func withServer(
    _ serve: @escaping @Sendable (ScriptedServer.Connection) -> Void, _ configuration: HTTPClient.Configuration = .patient,
    _ body: (HTTPClient, ScriptedServer) async throws -> Void
) async throws {
    let server = try ScriptedServer(serve)
    let client = HTTPClient(configuration)
    let result: Result<Void, any Error>
    do { result = .success(try await body(client, server)) } catch { result = .failure(error) }
    await client.shutdown()
    server.stop()
    try result.get()
}
