import CZlib
import CZstd

/// Decodes one compressed file: gzip with any number of members, or Zstandard with any number of frames.
struct StreamDecoder {
    enum Failure: Error {
        case damaged
        case endsTooSoon
        case trailing
        case refused(String)
        case noMemory
        case unreadable(OpenFile.Failure)

        var reason: String {
            switch self {
            case .damaged: "The compressed data is damaged from here on."
            case .endsTooSoon: "The compressed data ends too soon."
            case .trailing: "Behind the compressed data stand other bytes, which were not read."
            case .refused(let limit): "Refused: \(limit)"
            case .noMemory: "There is no memory to decode it."
            case .unreadable(let failure): failure.reason
            }
        }
    }

    private let limits: LeakLimits
    private let queue: DecodeQueue
    private var input: FileInput
    private var decoded: UInt64 = 0

    init(_ file: OpenFile, limits: LeakLimits, digestKey: DigestKey, queue: DecodeQueue) {
        self.limits = limits
        self.queue = queue
        input = FileInput(file, digestKey: digestKey)
    }

    mutating func run(_ kind: FileKind) {
        var isWanted = queue.push(.begin(path: "", number: 0))
        var isWhole = true
        do throws(Failure) {
            if isWanted { isWanted = kind == .gzip ? try gunzip() : try unzstd() }
        } catch {
            if case .trailing = error {} else { isWhole = false }
            isWanted = queue.push(.skipped(path: "", offset: decoded, reason: error.reason)) && isWanted
        }
        guard isWanted, queue.push(.end(isWhole: isWhole)) else { return }
        let digest = try? input.wholeDigest { queue.isWanted }
        if let digest { _ = queue.push(.digest(digest)) }
    }

    private mutating func piece() throws(Failure) -> UnsafeRawBufferPointer {
        do throws(OpenFile.Failure) {
            return try input.next()
        } catch {
            throw .unreadable(error)
        }
    }

    /// - Returns: whether somebody still wants more.
    private mutating func emit(_ block: Block) throws(Failure) -> Bool {
        decoded += UInt64(block.count)
        let isWanted = queue.push(.bytes(block, consumed: input.consumed))
        if decoded > limits.maxEntryBytes { throw .refused("it unpacks to more than \(limits.maxEntryBytes) bytes.") }
        if decoded > limits.ratioFreeBytes, decoded / max(1, input.consumed) > limits.maxRatio {
            throw .refused("it unpacks to more than \(limits.maxRatio) times its size.")
        }
        return isWanted
    }

    private mutating func gunzip() throws(Failure) -> Bool {
        var stream = z_stream()
        guard czlib_open_gzip(&stream) == Z_OK else { throw .noMemory }
        defer { inflateEnd(&stream) }
        var isInMember = true
        var block = queue.block()
        var piece = try self.piece()
        while !piece.isEmpty {
            stream.next_in = UnsafeMutablePointer(mutating: piece.baseAddress?.assumingMemoryBound(to: UInt8.self))
            stream.avail_in = UInt32(piece.count)
            while stream.avail_in > 0 || block.count == Block.capacity {
                if block.count == Block.capacity {
                    guard try emit(block) else { return false }
                    block = queue.block()
                }
                if !isInMember {
                    // Members follow each other at once; tapes pad with zeros.
                    while stream.avail_in > 0, let next = stream.next_in, next.pointee == 0 {
                        stream.next_in = next + 1
                        stream.avail_in -= 1
                    }
                    guard stream.avail_in > 0 else { break }
                    guard stream.next_in?.pointee == 0x1F, inflateReset(&stream) == Z_OK else {
                        guard try emit(block) else { return false }
                        throw .trailing
                    }
                    isInMember = true
                }
                stream.next_out = block.memory.baseAddress.map { ($0 + block.count).assumingMemoryBound(to: UInt8.self) }
                stream.avail_out = UInt32(Block.capacity - block.count)
                let result = inflate(&stream, Z_NO_FLUSH)
                block.count = Block.capacity - Int(stream.avail_out)
                switch result {
                case Z_OK, Z_BUF_ERROR: break
                case Z_STREAM_END: isInMember = false
                default:
                    _ = try emit(block)
                    throw .damaged
                }
            }
            piece = try self.piece()
        }
        let isWanted = try emit(block)
        if isInMember { throw .endsTooSoon }
        return isWanted
    }

    private mutating func unzstd() throws(Failure) -> Bool {
        guard let context = ZSTD_createDCtx() else { throw .noMemory }
        defer { ZSTD_freeDCtx(context) }
        var block = queue.block()
        var isInFrame = false
        var piece = try self.piece()
        while !piece.isEmpty {
            var source = ZSTD_inBuffer(src: piece.baseAddress, size: piece.count, pos: 0)
            var hasMore = true
            while source.pos < source.size || hasMore {
                var target = ZSTD_outBuffer(dst: block.memory.baseAddress, size: Block.capacity, pos: block.count)
                let before = source.pos
                let result = ZSTD_decompressStream(context, &target, &source)
                // A call that has nothing to do speaks of the next frame, of which there may be none.
                if source.pos > before || target.pos > block.count { isInFrame = result != 0 }
                block.count = target.pos
                if ZSTD_isError(result) != 0 {
                    _ = try emit(block)
                    throw .damaged
                }
                hasMore = block.count == Block.capacity
                if hasMore {
                    guard try emit(block) else { return false }
                    block = queue.block()
                }
            }
            piece = try self.piece()
        }
        let isWanted = try emit(block)
        if isInFrame { throw .endsTooSoon }
        return isWanted
    }
}
