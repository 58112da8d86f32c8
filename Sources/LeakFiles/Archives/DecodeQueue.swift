import Foundation

/// A piece of decoded bytes. Written by the thread that decodes, then only read.
final class Block: @unchecked Sendable {
    static let capacity = 256 << 10

    let memory = UnsafeMutableRawBufferPointer.allocate(byteCount: capacity, alignment: 64)
    var count = 0

    deinit {
        memory.deallocate()
    }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(rebasing: memory.prefix(count)) }
}

/// What decoding a compressed file or an archive comes to, in order.
enum DecodeEvent: Sendable {
    /// A leak file begins.
    /// - Parameters: path: empty for a compressed file itself; number: of the entry.
    case begin(path: String, number: Int)
    /// - Parameter consumed: how much of the file on the disk had been read for it.
    case bytes(Block, consumed: UInt64)
    /// - Parameter isWhole: whether it was decoded to its end.
    case end(isWhole: Bool)
    /// A file of a stealer log.
    case whole(path: String, number: Int, bytes: [UInt8])
    case presence(path: String)
    /// An entry that is not worth looking at.
    case passed
    case skipped(path: String, offset: UInt64, reason: String)
    case digest(ContentDigest)
}

/// A bounded queue between the thread that decodes and the one that looks for addresses.
///
/// Unchecked `Sendable`: everything is touched under `condition` only.
final class DecodeQueue: @unchecked Sendable {
    private static let capacity = 8 * Block.capacity
    private let condition = NSCondition()
    private var events: [DecodeEvent] = []
    private var taken = 0
    private var weight = 0
    private var isFinished = false
    private var isClosed = false
    private var blocks: [Block] = []

    /// - Returns: false when nobody wants events any more.
    func push(_ event: DecodeEvent) -> Bool {
        condition.lock()
        defer { condition.unlock() }
        let weight = Self.weight(event)
        while !isClosed, self.weight > 0, self.weight + weight > Self.capacity { condition.wait() }
        if isClosed { return false }
        events.append(event)
        self.weight += weight
        condition.broadcast()
        return true
    }

    func finish() {
        condition.lock()
        isFinished = true
        condition.broadcast()
        condition.unlock()
    }

    func close() {
        condition.lock()
        isClosed = true
        condition.broadcast()
        condition.unlock()
    }

    var isWanted: Bool {
        condition.lock()
        defer { condition.unlock() }
        return !isClosed
    }

    /// The next event; nil when there are no more.
    func next() -> DecodeEvent? {
        condition.lock()
        defer { condition.unlock() }
        while taken == events.count, !isFinished { condition.wait() }
        guard taken < events.count else { return nil }
        let event = events[taken]
        taken += 1
        if taken == events.count || taken > 1_024 {
            events.removeFirst(taken)
            taken = 0
        }
        weight -= Self.weight(event)
        condition.broadcast()
        return event
    }

    func block() -> Block {
        condition.lock()
        defer { condition.unlock() }
        return blocks.popLast() ?? Block()
    }

    func giveBack(_ block: Block) {
        block.count = 0
        condition.lock()
        blocks.append(block)
        condition.unlock()
    }

    private static func weight(_ event: DecodeEvent) -> Int {
        switch event {
        case .bytes: Block.capacity
        case .whole(_, _, let bytes): bytes.count + 256
        case .begin, .end, .presence, .passed, .skipped, .digest: 256
        }
    }
}
