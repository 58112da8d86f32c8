import Foundation
import Glibc
import Synchronization

/// Stands between a client and a server on 127.0.0.1, and misbehaves: cuts the connection after so many bytes, or takes connections and
/// never answers.
package final class TCPProxy: Sendable {
    package enum Behaviour: Sendable {
        /// Hands all on, and cuts both sides off when the server has sent more than so many bytes.
        case cutting(port: Int, after: Int)
        /// Takes connections, and says nothing.
        case silent
    }

    package struct Failure: Error {}

    package let port: Int
    private let behaviour: Behaviour
    private let listener: Int32
    /// What is to be closed at the end.
    private let sockets = Mutex<[Int32]>([])
    private let accepted = Mutex(0)

    /// How many connections were taken so far.
    package var connections: Int { accepted.withLock { $0 } }

    /// - Parameters:
    ///   - host: the last number of the address of this machine that it listens at: 127.0.0.1, or 127.0.0.9 beside it.
    ///   - port: where; nought is a free one.
    package init(_ behaviour: Behaviour, host: UInt8 = 1, port wanted: Int = 0) throws {
        self.behaviour = behaviour
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = Self.loopback(wanted, host: host)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = listener
        let isListening = withUnsafeMutablePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(listener, pointer, length) == 0 && listen(listener, 16) == 0 && getsockname(listener, pointer, &length) == 0
            }
        }
        port = Int(UInt16(bigEndian: address.sin_port))
        guard isListening else { throw Failure() }
        // Threads, because all that they do is wait.
        Thread.detachNewThread { [self] in accept() }
    }

    private static func loopback(_ port: Int, host: UInt8 = 1) -> sockaddr_in {
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = (in_addr_t(0x7F00_0000) + in_addr_t(host)).bigEndian
        return address
    }

    /// Ends all connections, and takes no more.
    package func stop() {
        shutdown(listener, Int32(SHUT_RDWR))
        for socket in sockets.withLock({ $0 }) { shutdown(socket, Int32(SHUT_RDWR)) }
    }

    private func accept() {
        while true {
            let client = Glibc.accept(listener, nil, nil)
            guard client >= 0 else { break }
            accepted.withLock { $0 += 1 }
            sockets.withLock { $0.append(client) }
            guard case .cutting(let port, let limit) = behaviour else { continue }
            let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            sockets.withLock { $0.append(server) }
            var address = Self.loopback(port)
            let code = withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size)) }
            }
            guard code == 0 else {
                shutdown(client, Int32(SHUT_RDWR))
                continue
            }
            Thread.detachNewThread { Self.pump(client, server, limit: .max) }
            Thread.detachNewThread { Self.pump(server, client, limit: limit) }
        }
        close(listener)
    }

    /// Hands on what comes, until it ends or is too much; then both sides are cut off.
    private static func pump(_ from: Int32, _ to: Int32, limit: Int) {
        var left = limit
        var buffer = [UInt8](repeating: 0, count: 4096)
        while left > 0 {
            let count = recv(from, &buffer, min(buffer.count, left), 0)
            guard count > 0 else { break }
            left -= count
            guard send(to, buffer, count, Int32(MSG_NOSIGNAL)) == count else { break }
        }
        shutdown(from, Int32(SHUT_RDWR))
        shutdown(to, Int32(SHUT_RDWR))
    }
}
