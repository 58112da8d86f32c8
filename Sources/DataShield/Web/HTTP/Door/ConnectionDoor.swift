import NIOCore

/// Stands first in a connection, where it is bytes: bounds the time for a header, refuses connections that are too many, and receives for
/// a while what is still under way after the last answer. A connection that is closed with bytes unread is reset, and whoever was still
/// sending never sees the answer.
final class ConnectionDoor: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    typealias OutboundOut = IOData

    private enum State {
        case open
        /// What arrives is thrown away: the last answer is being sent.
        case deaf
        /// The last answer has been sent.
        case lingering
    }

    private let limits: DoorLimits
    private let admission: OpenConnections.Admission
    private var state = State.open
    private var context: ChannelHandlerContext?
    private var timer: Scheduled<Void>?
    private var discarded = 0
    private var isInRequest = false
    private var hasEndedInThisRead = false
    /// How many requests are being answered.
    var openExchanges = 0

    init(limits: DoorLimits, admission: OpenConnections.Admission) {
        self.limits = limits
        self.admission = admission
    }

    // MARK: What the decoder sees, told by ``RequestDoor``

    func headArrived() {
        isInRequest = true
        timer?.cancel()
        timer = nil
    }

    func requestEnded() {
        isInRequest = false
        hasEndedInThisRead = true
    }

    /// Nothing that arrives from now on is read.
    func turnDeaf() {
        guard state == .open else { return }
        state = .deaf
        timer?.cancel()
        timer = nil
    }

    /// Says to the other end that nothing comes any more, and receives what is under way until it closes, for so long and so much at most.
    func linger(for time: Duration? = nil) {
        guard state != .lingering, let context else { return }
        turnDeaf()
        state = .lingering
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(time ?? limits.lingerTime)) { context.close(promise: nil) }
        context.close(mode: .output, promise: nil)
        context.read()
    }

    // MARK: Bytes

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        timer?.cancel()
        self.context = nil
    }

    func channelActive(context: ChannelHandlerContext) {
        context.fireChannelActive()
        switch admission {
        case .served: break
        case .refused:
            turnDeaf()
            send("503 Service Unavailable", "Too many connections are open. Try again in a moment.", context)
            linger(for: .seconds(1))
        case .dropped:
            turnDeaf()
            context.close(promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        timer = nil
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard state == .open else {
            discarded += unwrapInboundIn(data).readableBytes
            if discarded > limits.lingerBytes { context.close(promise: nil) }
            return
        }
        hasEndedInThisRead = false
        // Some clients send an empty line behind a body; it begins nothing.
        let isBlank = unwrapInboundIn(data).readableBytesView.allSatisfy { $0 == UInt8(ascii: "\r") || $0 == UInt8(ascii: "\n") }
        context.fireChannelRead(data)
        // What arrived between two requests and was no whole header is the beginning of one.
        guard state == .open, !isBlank, !isInRequest, !hasEndedInThisRead, timer == nil, context.channel.isActive else { return }
        timer = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(limits.headTime)) { [self] in headIsLate(context) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.fireChannelReadComplete()
        // Nobody behind us asks for more.
        if state == .lingering { context.read() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if state == .lingering, let event = event as? ChannelEvent, event == .inputClosed {
            context.close(promise: nil)
            return
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func headIsLate(_ context: ChannelHandlerContext) {
        timer = nil
        turnDeaf()
        // In the middle of another answer nothing can be said.
        guard openExchanges == 0 else { return context.close(promise: nil) }
        send("408 Request Timeout", "The request's header took too long.", context)
        linger()
    }

    private func send(_ status: String, _ text: String, _ context: ChannelHandlerContext) {
        let buffer = ByteBuffer(
            string: """
                HTTP/1.1 \(status)\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: \(text.utf8.count + 1)\r\n\
                Retry-After: 5\r\nConnection: close\r\n\r\n\(text)\n
                """)
        context.writeAndFlush(wrapOutboundOut(.byteBuffer(buffer)), promise: nil)
    }
}

@available(*, unavailable)
extension ConnectionDoor: Sendable {}
