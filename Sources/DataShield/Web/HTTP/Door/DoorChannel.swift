import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOHTTP1

/// Hummingbird's connection with our doors in it: ``ConnectionDoor`` before the decoder, ``RequestDoor`` behind it.
struct DoorChannel: ServerChildChannel {
    let http: HTTP1Channel
    let limits: DoorLimits
    let connections: OpenConnections

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<HTTP1Channel.Value> {
        let admission = connections.enter(from: channel.remoteAddress)
        channel.closeFuture.whenComplete { [connections] _ in connections.leave(admission) }
        let (limits, http) = (limits, http)
        return channel.eventLoop.makeCompletedFuture {
            try channel.pipeline.syncOperations.addHandler(ConnectionDoor(limits: limits, admission: admission))
        }.flatMap {
            http.setup(channel: channel, logger: logger)
        }.flatMapThrowing { value in
            let pipeline = channel.pipeline.syncOperations
            let connection = try pipeline.handler(type: ConnectionDoor.self)
            let decoder = try pipeline.handler(type: ByteToMessageHandler<HTTPRequestDecoder>.self)
            try pipeline.addHandler(RequestDoor(connection: connection, limits: limits), position: .after(decoder))
            return value
        }
    }

    func handle(value: HTTP1Channel.Value, logger: Logger) async { await http.handle(value: value, logger: logger) }
}

extension HTTPServerBuilder {
    /// A server for HTTP/1.1 with bounds on what a client may send before it is known.
    static func withDoors(_ limits: DoorLimits, _ connections: OpenConnections) -> HTTPServerBuilder {
        // No browser sends more than a few kilobytes of header; whoever sends megabytes is cut off with a 400.
        let decoder = HTTP1Channel.Configuration.DecoderConfiguration(
            maxHeaderFieldSize: 32 * 1024, maxHeaderListSize: 64 * 1024, maxHeaderFieldCount: 100)
        return HTTPServerBuilder { responder in
            DoorChannel(
                http: HTTP1Channel(responder: responder, configuration: .init(idleTimeout: .seconds(75), httpDecoderConfiguration: decoder)),
                limits: limits, connections: connections)
        }
    }
}
