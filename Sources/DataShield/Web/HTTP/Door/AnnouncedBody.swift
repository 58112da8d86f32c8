import Hummingbird
import NIOCore

/// A request's body that tells its connection when somebody begins to read it: then whoever waits for `100 Continue` gets it, and the time
/// for the body begins. A body that nobody reads is not asked for.
struct AnnouncedBody: AsyncSequence, Sendable {
    typealias Element = ByteBuffer

    let body: RequestBody
    let channel: any Channel

    func makeAsyncIterator() -> Iterator { Iterator(body: body.makeAsyncIterator(), channel: channel) }

    struct Iterator: AsyncIteratorProtocol {
        var body: RequestBody.AsyncIterator
        let channel: any Channel
        var isAnnounced = false

        mutating func next() async throws -> ByteBuffer? {
            if !isAnnounced {
                isAnnounced = true
                channel.triggerUserOutboundEvent(BodyWanted(), promise: nil)
            }
            return try await body.next()
        }
    }
}
