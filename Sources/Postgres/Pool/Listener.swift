import CLibPQ
import Foundation
import Logging
import Synchronization

/// Listens to all channels that anybody wants to hear of, on one connection with a thread of its own, which is there as long as
/// anybody listens and reconnects for ever.
final class Listener: Sendable {
    private struct Subscriber: Sendable {
        let channel: String
        let gaps: Bool
        let continuation: AsyncStream<PostgresNotification>.Continuation
        /// Whether it has been told that listening began on the connection there is.
        var isInformed = false
    }

    private struct State {
        var subscribers: [UInt64: Subscriber] = [:]
        var lastID: UInt64 = 0
        var isRunning = false
        var isClosed = false
    }

    /// How often the server is asked whether it is there when it says nothing: a connection that a firewall has forgotten is as quiet as one on
    /// which there is nothing to tell.
    private static let heartbeat = Duration.seconds(30)

    private let settings: SessionSettings
    private let logger: Logger
    private let state = Mutex(State())
    private let wake = WakePipe()

    init(_ settings: SessionSettings, logger: Logger) {
        self.settings = settings
        self.logger = logger
    }

    func listen(_ channel: String, gaps: Bool) -> AsyncStream<PostgresNotification> {
        // One who does not read loses the oldest rather than filling the memory.
        let (stream, continuation) = AsyncStream.makeStream(of: PostgresNotification.self, bufferingPolicy: .bufferingNewest(10_000))
        let (id, mustStart): (UInt64?, Bool) = state.withLock { state in
            guard !state.isClosed else { return (nil, false) }
            state.lastID += 1
            state.subscribers[state.lastID] = Subscriber(channel: channel, gaps: gaps, continuation: continuation)
            defer { state.isRunning = true }
            return (state.lastID, !state.isRunning)
        }
        guard let id else {
            continuation.finish()
            return stream
        }
        continuation.onTermination = { [weak self] _ in self?.remove(id) }
        if mustStart {
            let thread = Thread { self.work() }
            thread.name = "postgres-listen"
            thread.start()
        } else {
            wake.signal()
        }
        return stream
    }

    private func remove(_ id: UInt64) {
        state.withLock { _ = $0.subscribers.removeValue(forKey: id) }
        wake.signal()
    }

    /// Ends all sequences and the connection.
    func close() {
        let all = state.withLock { state in
            state.isClosed = true
            defer { state.subscribers = [:] }
            return Array(state.subscribers.values)
        }
        for subscriber in all { subscriber.continuation.finish() }
        wake.signal()
    }

    // MARK: On the thread

    private func work() {
        var pause = 50
        while isWanted() {
            do {
                let handle = try settings.open()
                pause = 50
                forgetInformed()
                try serve(handle.pointer)
            } catch {
                logger.debug("Listening was interrupted", metadata: ["postgres.error": "\(error)"])
                wake.wait(nil, milliseconds: Int32(pause))
                pause = min(pause * 2, 5000)
            }
        }
    }

    /// Whether anybody listens. If not, the thread is no longer there for those who come later.
    private func isWanted() -> Bool {
        state.withLock { state in
            state.isRunning = !state.subscribers.isEmpty
            return state.isRunning
        }
    }

    private func forgetInformed() {
        state.withLock { state in
            for id in state.subscribers.keys { state.subscribers[id]?.isInformed = false }
        }
    }

    /// Listens until nobody wants to hear any more.
    private func serve(_ connection: OpaquePointer) throws {
        var listening: Set<String> = []
        var lastAsked = ContinuousClock.now
        while true {
            let wanted = state.withLock { Set($0.subscribers.values.map(\.channel)) }
            if wanted.isEmpty { return }
            for channel in wanted.subtracting(listening) { try command("LISTEN \(SQL.quoted(identifier: channel))", connection) }
            for channel in listening.subtracting(wanted) { try command("UNLISTEN \(SQL.quoted(identifier: channel))", connection) }
            listening = wanted
            inform(listening)
            if ContinuousClock.now - lastAsked >= Self.heartbeat {
                try command("", connection)
                lastAsked = .now
            }
            deliver(connection)
            wake.wait(PQsocket(connection), milliseconds: Int32(Self.heartbeat.components.seconds) * 1000)
            guard PQconsumeInput(connection) == 1, PQstatus(connection) == CONNECTION_OK else {
                throw PostgresError(connection: connection, kind: .connectionLost)
            }
        }
    }

    /// Runs a statement without rows. It does not wait without end for a server that hangs, as PQexec does.
    private func command(_ statement: String, _ connection: OpaquePointer) throws {
        guard PQsendQuery(connection, statement) == 1 else { throw PostgresError(connection: connection, kind: .connectionLost) }
        let deadline = ContinuousClock.now + settings.connectTimeout
        while true {
            while PQisBusy(connection) == 1 {
                guard ContinuousClock.now < deadline else {
                    throw PostgresError(.connectionLost, message: "The server did not answer in time.").asUnanswered()
                }
                var descriptor = pollfd(fd: PQsocket(connection), events: Int16(POLLIN), revents: 0)
                _ = poll(&descriptor, 1, 100)
                guard PQconsumeInput(connection) == 1 else { throw PostgresError(connection: connection, kind: .connectionLost) }
            }
            guard let result = PQgetResult(connection) else { return }
            defer { PQclear(result) }
            let status = PQresultStatus(result)
            guard status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY else {
                throw PostgresError(connection: connection, kind: .connectionLost)
            }
        }
    }

    /// Tells those who asked for it that listening has begun.
    private func inform(_ listening: Set<String>) {
        let new = state.withLock { state in
            var new: [Subscriber] = []
            for (id, subscriber) in state.subscribers where !subscriber.isInformed && listening.contains(subscriber.channel) {
                state.subscribers[id]?.isInformed = true
                if subscriber.gaps { new.append(subscriber) }
            }
            return new
        }
        for subscriber in new { subscriber.continuation.yield(.gap(subscriber.channel)) }
    }

    private func deliver(_ connection: OpaquePointer) {
        while let pointer = PQnotifies(connection) {
            defer { PQfreemem(pointer) }
            let notification = PostgresNotification(
                channel: String(cString: pointer.pointee.relname), payload: String(cString: pointer.pointee.extra),
                processID: pointer.pointee.be_pid, isGap: false)
            let readers = state.withLock { $0.subscribers.values.filter { $0.channel == notification.channel } }
            for reader in readers { reader.continuation.yield(notification) }
        }
    }
}

/// A pipe by which other threads wake one that waits for a socket.
final class WakePipe: Sendable {
    private let reading: Int32
    private let writing: Int32

    init() {
        var ends: [Int32] = [-1, -1]
        precondition(pipe(&ends) == 0, "The process has no file descriptor left.")
        (reading, writing) = (ends[0], ends[1])
        for end in ends {
            _ = fcntl(end, F_SETFL, O_NONBLOCK)
            _ = fcntl(end, F_SETFD, FD_CLOEXEC)
        }
    }

    deinit {
        close(reading)
        close(writing)
    }

    func signal() {
        var byte: UInt8 = 1
        // A full pipe is as good: whoever waits wakes.
        _ = write(writing, &byte, 1)
    }

    /// Waits until it is signalled, the socket can be read or the time is over (-1: for ever).
    func wait(_ socket: Int32?, milliseconds: Int32) {
        var descriptors = [pollfd(fd: reading, events: Int16(POLLIN), revents: 0)]
        if let socket { descriptors.append(pollfd(fd: socket, events: Int16(POLLIN), revents: 0)) }
        _ = poll(&descriptors, nfds_t(descriptors.count), milliseconds)
        var bytes = [UInt8](repeating: 0, count: 64)
        while read(reading, &bytes, bytes.count) > 0 {}
    }
}
