import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle

/// Answers that tell how something goes on, as server-sent events (HTML Living Standard, 9.2).
enum ServerSentEvents {
    /// Follows a state: `progress` at once and each time it has changed, `finished` at the end. Ends with it, when the client goes, and when
    /// the program stops.
    /// - Parameters:
    ///   - first: the state as it is.
    ///   - isFinished: whether no state comes behind this one.
    ///   - next: looks at the state again.
    ///   - data: what is told of a state, as JSON without line breaks.
    static func following<State: Sendable & Equatable>(
        _ first: State, isFinished: @escaping @Sendable (State) -> Bool, next: @escaping @Sendable () async throws -> State,
        data: @escaping @Sendable (State) throws -> [UInt8]
    ) -> Response {
        var headers: HTTPFields = [.contentType: "text/event-stream", .cacheControl: "no-cache"]
        if let buffering = HTTPField.Name("X-Accel-Buffering") { headers[buffering] = "no" }
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody { writer in
                var last = first
                try await writer.write(try event(first, isFinished(first), data))
                var silence = 0
                while !isFinished(last), !Task.isShuttingDownGracefully {
                    try await Task.sleep(for: .milliseconds(500))
                    let state = try await next()
                    silence += 1
                    if state != last {
                        try await writer.write(try event(state, isFinished(state), data))
                        silence = 0
                    } else if silence >= 20 {
                        // A comment, so that nothing between us takes the connection to be dead.
                        try await writer.write(ByteBuffer(string: ": waiting\n\n"))
                        silence = 0
                    }
                    last = state
                }
                try await writer.finish(nil)
            })
    }

    private static func event<State>(_ state: State, _ isFinished: Bool, _ data: (State) throws -> [UInt8]) throws -> ByteBuffer {
        var buffer = ByteBuffer(string: "event: \(isFinished ? "finished" : "progress")\ndata: ")
        buffer.writeBytes(try data(state))
        buffer.writeString("\n\n")
        return buffer
    }
}
