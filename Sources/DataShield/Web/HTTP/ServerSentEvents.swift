import Foundation
import HTTPTypes
import Hummingbird
import NIOCore
import ServiceLifecycle

/// Answers that tell how something goes on, as server-sent events (HTML Living Standard, 9.2).
enum ServerSentEvents {
    /// How often the state is looked at.
    private static let interval: Duration = .milliseconds(500)
    /// In every so many looks the session is looked at too, also while there is nothing to tell.
    private static let looksPerSession = 2
    /// After so many looks with nothing to tell comes a comment.
    private static let looksPerComment = 20

    /// Follows a state: `progress` at once and each time it has changed, `finished` at the end. Ends with it, when the client goes, when
    /// the program stops, and with the session: nothing is sent after a sign-out, after the user was disabled or got another role, after
    /// the session's time, or when the database cannot say.
    /// - Parameters:
    ///   - first: the state as it is.
    ///   - context: whose request it is.
    ///   - isFinished: whether no state comes behind this one.
    ///   - next: looks at the state again.
    ///   - data: what is told of a state, as JSON without line breaks.
    static func following<State: Sendable & Equatable>(
        _ first: State, in context: AppContext, isFinished: @escaping @Sendable (State) -> Bool, next: @escaping @Sendable () async throws -> State,
        data: @escaping @Sendable (State) throws -> [UInt8]
    ) -> Response {
        var headers: HTTPFields = [.contentType: "text/event-stream", .cacheControl: "no-cache"]
        if let buffering = HTTPField.Name("X-Accel-Buffering") { headers[buffering] = "no" }
        let isStillSignedIn = context.isStillSignedIn
        return Response(
            status: .ok, headers: headers,
            body: ResponseBody { writer in
                // What the request itself was let in by may be some seconds old.
                guard try await isStillSignedIn() else { return try await writer.finish(nil) }
                var last = first
                try await writer.write(try event(first, isFinished(first), data))
                var (silence, looks) = (0, 0)
                while !isFinished(last), !Task.isShuttingDownGracefully {
                    try await Task.sleep(for: interval)
                    let state = try await next()
                    silence += 1
                    looks += 1
                    // Right before something is sent it is asked again, whatever was found a moment ago.
                    guard state != last || silence >= looksPerComment || looks % looksPerSession == 0 else { continue }
                    guard try await isStillSignedIn() else { break }
                    if state != last {
                        try await writer.write(try event(state, isFinished(state), data))
                        silence = 0
                    } else if silence >= looksPerComment {
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
