import NIOCore
import NIOHTTP1

/// Told to the connection by whoever answers a request: its body is asked for now.
struct BodyWanted: Sendable {}

/// Told to the connection by whoever answers a request: its body may take so long.
struct BodyTime: Sendable {
    let time: Duration
}

/// Stands behind the decoder of a connection, where it is requests and answers: says `100 Continue` when a body is asked for, bounds the
/// time that it takes, and ends the connection after an answer that came before the whole of a large body.
final class RequestDoor: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    /// A request and its answer. What arrives belongs to the last of them, what is sent to the first.
    private struct Exchange {
        let isKeptAlive: Bool
        var bodyTime: Duration
        /// Whoever sends it waits for `100 Continue`.
        var expectsContinue: Bool
        /// Bytes of the body that are to come; nil when only its end will tell.
        var left: Int?
        var isWanted = false
        var hasEnded = false
        var isLate = false
        var isAnswered = false

        init(_ head: HTTPRequestHead, bodyTime: Duration) {
            isKeptAlive = head.isKeepAlive
            self.bodyTime = bodyTime
            expectsContinue = !head.isBefore11 && head.headers[canonicalForm: "expect"].contains { $0.lowercased() == "100-continue" }
            if head.headers.contains(name: "transfer-encoding") {
                left = nil
            } else {
                left = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
            }
        }
    }

    private let connection: ConnectionDoor
    private let limits: DoorLimits
    private var exchanges = CircularBuffer<Exchange>(initialCapacity: 2) {
        didSet { connection.openExchanges = exchanges.count }
    }
    private var timer: Scheduled<Void>?
    /// The answer under way is the last of this connection.
    private var isLast = false

    init(connection: ConnectionDoor, limits: DoorLimits) {
        self.connection = connection
        self.limits = limits
    }

    // MARK: Requests

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(var head):
            connection.headArrived()
            let exchange = Exchange(head, bodyTime: limits.bodyTime)
            exchanges.append(exchange)
            // Whoever answers ends the connection by this word alone, however it was asked for.
            if !exchange.isKeptAlive { head.headers.replaceOrAdd(name: "connection", value: "close") }
            // Before 1.1 there was no Host; what is meant is the server at this address.
            if head.isBefore11, !head.headers.contains(name: "host"), let host = Self.host(context.channel.localAddress) {
                head.headers.add(name: "host", value: host)
            }
            context.fireChannelRead(wrapInboundOut(.head(head)))
        case .body(let bytes):
            if let last = exchanges.indices.last {
                exchanges[last].expectsContinue = false
                exchanges[last].left = exchanges[last].left.map { max(0, $0 - bytes.readableBytes) }
            }
            context.fireChannelRead(data)
        case .end:
            connection.requestEnded()
            if let last = exchanges.indices.last {
                if exchanges.count == 1 { stopTimer() }
                exchanges[last].hasEnded = true
                if exchanges[last].isAnswered { exchanges.removeLast() }
            }
            context.fireChannelRead(data)
        }
    }

    private static func host(_ address: SocketAddress?) -> String? {
        guard let address, let ip = address.ipAddress, let port = address.port else { return "localhost" }
        return ip.utf8.contains(UInt8(ascii: ":")) ? "[\(ip)]:\(port)" : "\(ip):\(port)"
    }

    // MARK: Bodies

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        switch event {
        case let event as BodyTime:
            promise?.succeed(())
            guard let first = exchanges.indices.first, !exchanges[first].hasEnded else { return }
            exchanges[first].bodyTime = event.time
            if exchanges[first].isWanted { startTimer(context, event.time) }
        case is BodyWanted:
            promise?.succeed(())
            guard let first = exchanges.indices.first, !exchanges[first].hasEnded, !exchanges[first].isWanted else { return }
            exchanges[first].isWanted = true
            startTimer(context, exchanges[first].bodyTime)
            guard exchanges[first].expectsContinue else { return }
            exchanges[first].expectsContinue = false
            context.writeAndFlush(wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .continue))), promise: nil)
        default: context.triggerUserOutboundEvent(event, promise: promise)
        }
    }

    private func startTimer(_ context: ChannelHandlerContext, _ time: Duration) {
        stopTimer()
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(time)) { [self] in
            timer = nil
            guard let first = exchanges.indices.first, !exchanges[first].hasEnded else { return }
            // The answer has been sent, and nobody waits for what is left.
            if exchanges[first].isAnswered { return context.close(promise: nil) }
            exchanges[first].isLate = true
            // Whoever reads the body is told, and answers.
            context.fireErrorCaught(HTTPFailure.bodyTooSlow(seconds: Int(exchanges[first].bodyTime.components.seconds)))
        }
    }

    private func stopTimer() {
        timer?.cancel()
        timer = nil
    }

    func channelInactive(context: ChannelHandlerContext) {
        stopTimer()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { stopTimer() }

    // MARK: Answers

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        switch unwrapOutboundIn(data) {
        case .head(var head) where head.status.code >= 200:
            isLast = isLast || isTheLast(head)
            if isLast { head.headers.replaceOrAdd(name: "connection", value: "close") }
            context.write(wrapOutboundOut(.head(head)), promise: promise)
        case .head, .body: context.write(data, promise: promise)
        case .end: end(context, data, promise)
        }
    }

    /// Whether a connection ends with this answer: so it is asked for, or so much of the body is still to come that it is not worth it.
    private func isTheLast(_ head: HTTPResponseHead) -> Bool {
        if head.headers[canonicalForm: "connection"].contains(where: { $0.lowercased() == "close" }) { return true }
        guard let first = exchanges.first else { return false }
        if !first.isKeptAlive || first.isLate { return true }
        guard !first.hasEnded else { return false }
        // Whoever waits for 100 Continue may send the body or the next request now: nobody could tell which it is.
        return first.expectsContinue || (first.left ?? .max) > DoorLimits.smallRest
    }

    private func end(_ context: ChannelHandlerContext, _ data: NIOAny, _ promise: EventLoopPromise<Void>?) {
        guard isLast else {
            context.write(data, promise: promise)
            guard let first = exchanges.indices.first else { return }
            if exchanges[first].hasEnded {
                exchanges.removeFirst()
            } else {
                exchanges[first].isAnswered = true
                startTimer(context, limits.lingerTime)
            }
            return
        }
        stopTimer()
        exchanges.removeAll()
        connection.turnDeaf()
        let sent = promise ?? context.eventLoop.makePromise(of: Void.self)
        // Not before: a slow reader has all the time that the answer takes.
        sent.futureResult.assumeIsolated().whenComplete { [connection] _ in connection.linger() }
        context.writeAndFlush(data, promise: sent)
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        // Whoever answers closes its half behind the last answer; that is done when the answer has been sent.
        if mode == .output, isLast {
            promise?.succeed(())
            return
        }
        context.close(mode: mode, promise: promise)
    }
}

@available(*, unavailable)
extension RequestDoor: Sendable {}

extension HTTPRequestHead {
    /// Whether it is of a version before HTTP/1.1.
    fileprivate var isBefore11: Bool { version.major < 1 || (version.major == 1 && version.minor < 1) }
}
