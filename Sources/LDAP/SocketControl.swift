import Glibc
import Synchronization

/// A connection's socket as other threads may know it: they can cut it off, which ends whatever call waits for it.
final class SocketControl: Sendable {
    /// Why it was cut off.
    enum Reason: Sendable {
        case cancelled
        case timedOut
    }

    private struct State {
        var socket: Int32?
        var reason: Reason?
    }

    private let state = Mutex(State())

    var reason: Reason? { state.withLock { $0.reason } }

    /// Says which socket it is about, from now until ``release()``.
    /// - Throws: the reason, when it was cut off already.
    func take(_ socket: Int32) throws {
        let reason = state.withLock { state in
            state.socket = socket
            return state.reason
        }
        if let reason { throw Self.error(reason) }
    }

    /// Says that the socket will be closed: its number may be another's afterwards.
    func release() { state.withLock { $0.socket = nil } }

    /// Cuts the socket off, both ways. It stays open until its owner closes it. What comes first is the reason.
    func cut(_ reason: Reason) {
        state.withLock { state in
            if state.reason == nil { state.reason = reason }
            if let socket = state.socket { _ = shutdown(socket, Int32(SHUT_RDWR)) }
        }
    }

    static func error(_ reason: Reason) -> any Error {
        switch reason {
        case .cancelled: CancellationError()
        case .timedOut: LDAPFailure.timedOut
        }
    }
}

/// Opens sockets.
enum TCPSocket {
    /// Connects to an address. Blocks until it is done, has failed, or is cut off.
    /// - Parameters:
    ///   - address: an IP address; nothing is resolved.
    ///   - control: knows the socket from before it connects.
    /// - Returns: the socket, which the caller closes.
    /// - Throws: ``LDAPFailure/cannotConnect(_:)``, ``LDAPFailure/timedOut``, `CancellationError`.
    static func connect(_ address: String, port: Int, timeout: Duration, _ control: SocketControl) throws -> Int32 {
        var hints = addrinfo()
        hints.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV
        hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
        var list: UnsafeMutablePointer<addrinfo>?
        guard getaddrinfo(address, String(port), &hints, &list) == 0, let entry = list?.pointee else { throw LDAPFailure.invalidInput("address") }
        defer { freeaddrinfo(list) }
        let kind = SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue
        let descriptor = socket(entry.ai_family, Int32(kind), 0)
        guard descriptor >= 0 else { throw LDAPFailure.cannotConnect(errno) }
        do {
            try control.take(descriptor)
            if Glibc.connect(descriptor, entry.ai_addr, entry.ai_addrlen) != 0 {
                guard errno == EINPROGRESS || errno == EINTR else { throw LDAPFailure.cannotConnect(errno) }
                try waitUntilConnected(descriptor, timeout, control)
            }
            try prepare(descriptor)
            return descriptor
        } catch {
            control.release()
            close(descriptor)
            throw error
        }
    }

    /// Waits until a connection is there.
    private static func waitUntilConnected(_ descriptor: Int32, _ timeout: Duration, _ control: SocketControl) throws {
        let deadline = ContinuousClock.now + timeout
        while true {
            let left = deadline - ContinuousClock.now
            guard left > .zero else { throw LDAPFailure.timedOut }
            var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            let found = poll(&entry, 1, Int32(clamping: left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000 + 1))
            if let reason = control.reason { throw SocketControl.error(reason) }
            if found < 0, errno != EINTR { throw LDAPFailure.cannotConnect(errno) }
            guard found > 0 else { continue }
            var code: Int32 = 0
            var length = socklen_t(MemoryLayout<Int32>.size)
            guard getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &code, &length) == 0 else { throw LDAPFailure.cannotConnect(errno) }
            guard code == 0 else { throw LDAPFailure.cannotConnect(code) }
            return
        }
    }

    /// libldap wants a socket that blocks.
    private static func prepare(_ descriptor: Int32) throws {
        let flags = fcntl(descriptor, F_GETFL)
        guard flags >= 0, fcntl(descriptor, F_SETFL, flags & ~O_NONBLOCK) == 0 else { throw LDAPFailure.cannotConnect(errno) }
        var on: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        // Without these it still works, only slower or later: a failure does not matter.
        setsockopt(descriptor, Int32(IPPROTO_TCP), TCP_NODELAY, &on, size)
        setsockopt(descriptor, SOL_SOCKET, SO_KEEPALIVE, &on, size)
        // The farewell of a connection whose other side reads nothing any more must not wait for ever.
        var limit = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(descriptor, SOL_SOCKET, SO_SNDTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
    }
}
