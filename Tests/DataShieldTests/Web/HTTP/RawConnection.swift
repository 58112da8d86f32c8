import Foundation
import NIOCore
import NIOPosix
import Synchronization
import Testing

/// A connection to a server over which bytes go as they are.
final class RawConnection: Sendable {
    private struct State {
        var text = ""
        var hasEnded = false
    }

    /// Takes what comes; the end is seen when the server has closed its half.
    private final class Reading: ChannelInboundHandler, Sendable {
        typealias InboundIn = ByteBuffer
        let connection: RawConnection
        init(_ connection: RawConnection) { self.connection = connection }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let text = String(buffer: unwrapInboundIn(data))
            connection.state.withLock { $0.text += text }
        }
        func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
            if let event = event as? ChannelEvent, event == .inputClosed { connection.state.withLock { $0.hasEnded = true } }
        }
        func channelInactive(context: ChannelHandlerContext) { connection.state.withLock { $0.hasEnded = true } }
        func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    }

    private let state = Mutex(State())
    private let channel = Mutex<(any Channel)?>(nil)

    /// Connects, for the time of a function.
    static func with<R>(port: Int, _ body: (RawConnection) async throws -> R) async throws -> R {
        let connection = RawConnection()
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connectTimeout(.seconds(5))
            .channelOption(ChannelOptions.allowRemoteHalfClosure, value: true)
            .channelInitializer { $0.pipeline.addHandler(Reading(connection)) }
            .connect(host: "127.0.0.1", port: port).get()
        connection.channel.withLock { $0 = channel }
        let result: Result<R, any Error>
        do { result = .success(try await body(connection)) } catch { result = .failure(error) }
        // try?: the server may have closed it already.
        try? await channel.close().get()
        return try result.get()
    }

    /// Sends bytes; that the server has closed already is no error, what it said before is what is looked at.
    func send(_ text: String) async { await send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) async {
        // try?: see above.
        try? await channel.withLock { $0 }?.writeAndFlush(ByteBuffer(bytes: bytes)).get()
    }

    var text: String { state.withLock { $0.text } }
    var hasEnded: Bool { state.withLock { $0.hasEnded } }
    /// Whether the connection is gone, both ways.
    var isClosed: Bool { channel.withLock { $0?.isActive != true } }
    /// The status of the first answer that is one, not counting `100 Continue`.
    var status: Int? { statuses.first { $0 >= 200 } }
    /// The statuses of all answers, in order.
    var statuses: [Int] { text.matches(of: /HTTP\/1\.1 (\d{3})/).compactMap { Int($0.output.1) } }

    func waitsFor(_ what: String, at place: SourceLocation = #_sourceLocation) async throws {
        try await becomesTrue(at: place) { text.contains(what) }
    }

    func waitsForEnd(at place: SourceLocation = #_sourceLocation) async throws { try await becomesTrue(at: place) { hasEnded } }
}
