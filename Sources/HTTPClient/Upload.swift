import CLibCurl
import Synchronization

/// The body of a request, between the task that has its pieces and the thread that sends them. One piece is here at a time.
final class Upload: Sendable {
    private struct State {
        var bytes: [UInt8]
        var start = 0
        var isComplete: Bool
    }

    /// What there is to send; nil when that is not known.
    let length: Int?
    private let state: Mutex<State>
    /// Has an element when the next piece is wanted.
    private let wants: AsyncStream<Void>
    private let want: AsyncStream<Void>.Continuation

    /// A body that is there.
    convenience init(_ bytes: [UInt8]) { self.init(bytes, isComplete: true) }

    /// A body that ``feed(_:_:)`` brings.
    convenience init() { self.init([], isComplete: false) }

    private init(_ bytes: [UInt8], isComplete: Bool) {
        length = isComplete ? bytes.count : nil
        state = Mutex(State(bytes: bytes, isComplete: isComplete))
        (wants, want) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    /// Puts one piece after the other here, each when the one before is on its way, until they end or the task is cancelled.
    /// - Parameter resume: has the sending go on.
    func feed(_ pieces: AsyncStream<[UInt8]>, _ resume: @Sendable () -> Void) async {
        var pieces = pieces.makeAsyncIterator()
        for await _ in wants {
            let piece = await pieces.next()
            // A cancelled task gets no pieces either, which is not their end.
            if Task.isCancelled { return }
            state.withLock { state in
                (state.bytes, state.start) = (piece ?? [], 0)
                if piece == nil { state.isComplete = true }
            }
            resume()
            if piece == nil { return }
        }
    }

    /// Takes what is here, as far as there is room for it.
    /// - Returns: how many bytes; nought at the end, and what pauses the sending when the next piece is not here yet.
    func take(into room: UnsafeMutableRawBufferPointer) -> Int {
        let count = state.withLock { state in
            let count = min(room.count, state.bytes.count - state.start)
            state.bytes.withUnsafeBytes { room.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[state.start..<state.start + count])) }
            state.start += count
            return count > 0 || state.isComplete ? count : nil
        }
        if let count { return count }
        want.yield()
        return ccurl_pause_reading
    }
}
