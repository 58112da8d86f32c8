import CZlib
import CZstd
import NIOCore

/// Compresses bytes, piece by piece. Belongs to one task.
final class Compressor {
    enum Failure: Error, CustomStringConvertible {
        case noMemory
        case refused(String)

        var description: String {
            switch self {
            case .noMemory: "There is no memory to compress an answer."
            case .refused(let why): "An answer could not be compressed: \(why)."
            }
        }
    }

    private enum State {
        case gzip(UnsafeMutablePointer<z_stream>)
        case zstd(OpaquePointer)
    }

    private let state: State
    private static let step = 32 << 10

    /// - Parameters:
    ///   - isThorough: whether to take the time for the smallest result.
    ///   - size: of all that comes, in bytes, when it is known: the tables for a small text are small.
    init(_ coding: ContentCoding, isThorough: Bool = false, size: Int? = nil) throws(Failure) {
        switch coding {
        case .gzip:
            let stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
            stream.initialize(to: z_stream())
            guard czlib_create_gzip(stream, isThorough ? 9 : 5) == Z_OK else {
                stream.deallocate()
                throw .noMemory
            }
            state = .gzip(stream)
        case .zstd:
            guard let context = ZSTD_createCCtx() else { throw .noMemory }
            // Browsers refuse a window above 8 MiB (RFC 9659); these levels stay below it.
            ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, isThorough ? 19 : 3)
            if let size { ZSTD_CCtx_setPledgedSrcSize(context, UInt64(size)) }
            state = .zstd(context)
        }
    }

    deinit {
        switch state {
        case .gzip(let stream):
            deflateEnd(stream)
            stream.deallocate()
        case .zstd(let context): ZSTD_freeCCtx(context)
        }
    }

    /// - Returns: what is ready to be sent, often nothing.
    func add(_ bytes: ByteBuffer) throws(Failure) -> ByteBuffer { try run(bytes, isLast: false) }

    /// - Returns: what is left. Nothing is added afterwards.
    func finish() throws(Failure) -> ByteBuffer { try run(ByteBuffer(), isLast: true) }

    private func run(_ bytes: ByteBuffer, isLast: Bool) throws(Failure) -> ByteBuffer {
        let output = UnsafeMutableRawBufferPointer.allocate(byteCount: Self.step, alignment: 1)
        defer { output.deallocate() }
        var result = ByteBuffer()
        let failure = bytes.withUnsafeReadableBytes { input in
            switch state {
            case .gzip(let stream): Self.deflate(input, stream, isLast, output, &result)
            case .zstd(let context): Self.compress(input, context, isLast, output, &result)
            }
        }
        if let failure { throw failure }
        return result
    }

    private static func deflate(
        _ input: UnsafeRawBufferPointer, _ stream: UnsafeMutablePointer<z_stream>, _ isLast: Bool, _ output: UnsafeMutableRawBufferPointer,
        _ result: inout ByteBuffer
    ) -> Failure? {
        stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = UInt32(clamping: input.count)
        while true {
            stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
            stream.pointee.avail_out = UInt32(output.count)
            let status = CZlib.deflate(stream, isLast ? Z_FINISH : Z_NO_FLUSH)
            let count = output.count - Int(stream.pointee.avail_out)
            result.writeBytes(UnsafeRawBufferPointer(rebasing: output[..<count]))
            switch status {
            case Z_STREAM_END: return nil
            // No progress was possible: all of the input is taken.
            case Z_BUF_ERROR: return nil
            case Z_OK: if !isLast, stream.pointee.avail_out > 0 { return nil }
            default: return .refused("zlib answers \(status)")
            }
        }
    }

    private static func compress(
        _ input: UnsafeRawBufferPointer, _ context: OpaquePointer, _ isLast: Bool, _ output: UnsafeMutableRawBufferPointer,
        _ result: inout ByteBuffer
    ) -> Failure? {
        var source = ZSTD_inBuffer(src: input.baseAddress, size: input.count, pos: 0)
        while true {
            var target = ZSTD_outBuffer(dst: output.baseAddress, size: output.count, pos: 0)
            let left = ZSTD_compressStream2(context, &target, &source, isLast ? ZSTD_e_end : ZSTD_e_continue)
            guard ZSTD_isError(left) == 0 else { return .refused(String(cString: ZSTD_getErrorName(left))) }
            result.writeBytes(UnsafeRawBufferPointer(rebasing: output[..<target.pos]))
            if isLast ? left == 0 : source.pos == source.size { return nil }
        }
    }
}
