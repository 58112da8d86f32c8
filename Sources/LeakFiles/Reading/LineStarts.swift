import CLeakScan
import Foundation

/// Finds where lines of a file begin that are too long for a window, and remembers it: several matches of one line ask for it.
///
/// Unchecked `Sendable`: `known` is touched under the lock only.
final class LineStarts: @unchecked Sendable {
    private struct Known {
        var place: UInt64
        var start: UInt64
    }

    private let file: OpenFile
    private let lock = NSLock()
    /// Sorted by place.
    private var known: [Known] = []

    init(_ file: OpenFile) {
        self.file = file
    }

    /// The start of the line that a place lies in.
    func start(before place: UInt64, scratch: UnsafeMutableRawBufferPointer) -> UInt64 {
        let nearest = lock.withLock { known.last { $0.place <= place } }
        var upper = place
        var start = nearest?.start ?? 0
        while upper > nearest?.place ?? 0 {
            let lower = max(nearest?.place ?? 0, upper > UInt64(scratch.count) ? upper - UInt64(scratch.count) : 0)
            let wanted = UnsafeMutableRawBufferPointer(rebasing: scratch.prefix(Int(upper - lower)))
            guard let count = try? file.read(at: lower, into: wanted), count > 0 else { break }
            if let found = UnsafeRawBufferPointer(wanted).lineStart(before: count, notBefore: 0) {
                start = lower + UInt64(found)
                break
            }
            upper = lower
        }
        lock.withLock {
            let index = known.firstIndex { $0.place >= place } ?? known.count
            known.insert(Known(place: place, start: start), at: index)
            if known.count > 128 { known.removeFirst() }
        }
        return start
    }
}

extension UnsafeRawBufferPointer {
    /// The place behind the last line break in `[limit ..< place]`.
    func lineStart(before place: Int, notBefore limit: Int) -> Int? {
        guard let base = baseAddress, place > limit else { return nil }
        let found = leak_last_break(base.assumingMemoryBound(to: UInt8.self), limit, place)
        return found < limit ? nil : found
    }

    /// The place of the first line break in `[place ..< limit]`.
    func lineEnd(from place: Int, limit: Int) -> Int? {
        guard let base = baseAddress, place < limit else { return nil }
        let found = leak_next_break(base.assumingMemoryBound(to: UInt8.self), place, limit)
        return found == limit ? nil : found
    }
}
