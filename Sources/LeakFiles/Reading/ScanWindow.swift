import CLeakScan

/// A stretch of a text, with what is needed around it to decide on matches.
struct ScanWindow {
    /// How much of a line a parser sees before and behind a match.
    static let contextReach = 64 << 10
    /// How much it sees of a line's beginning where that is farther away.
    static let headBytes = 4 << 10

    var bytes: UnsafeRawBufferPointer
    /// Where `bytes` begins in the text.
    var base: UInt64
    /// Whether `bytes` ends where the text does.
    var isEnd: Bool

    /// The context of a match, if it lies in the window.
    /// - Parameters:
    ///   - spansLines: whether the context goes over line breaks.
    ///   - head: asked for when the line's beginning is out of reach.
    func context(of match: Range<Int>, spansLines: Bool, head: () -> UnsafeRawBufferPointer) -> MatchContext? {
        let earliest = max(0, match.lowerBound - Self.contextReach)
        let latest = min(bytes.count, match.upperBound + Self.contextReach)
        var start = earliest
        var isStartCut = false
        if !spansLines, let found = bytes.lineStart(before: match.lowerBound, notBefore: earliest) {
            start = found
        } else if earliest > 0 || base > 0 {
            if match.lowerBound - earliest < Self.contextReach { return nil }
            isStartCut = true
        }
        var end = latest
        var isEndCut = false
        if !spansLines, let found = bytes.lineEnd(from: match.upperBound, limit: latest) {
            end = found
        } else if latest < bytes.count || !isEnd {
            if latest - match.upperBound < Self.contextReach { return nil }
            isEndCut = true
        }
        // Joined files have byte order marks where lines begin.
        if !isStartCut, match.lowerBound - start >= 3, bytes[start] == 0xEF, bytes[start + 1] == 0xBB, bytes[start + 2] == 0xBF { start += 3 }
        return MatchContext(
            line: UnsafeRawBufferPointer(rebasing: bytes[start..<end]), match: (match.lowerBound - start)..<(match.upperBound - start),
            isStartCut: isStartCut, isEndCut: isEndCut, head: isStartCut && !spansLines ? head() : UnsafeRawBufferPointer(start: nil, count: 0))
    }

    /// The lines around a match, as far as a block of them may go; nil when they are not all in the window.
    func surroundings(of match: Range<Int>) -> MatchContext? {
        let start = max(0, match.lowerBound - LabelledBlock.reach)
        let end = min(bytes.count, match.upperBound + LabelledBlock.reach)
        guard match.lowerBound - start == LabelledBlock.reach || base == 0, end - match.upperBound == LabelledBlock.reach || isEnd else { return nil }
        return MatchContext(
            line: UnsafeRawBufferPointer(rebasing: bytes[start..<end]), match: (match.lowerBound - start)..<(match.upperBound - start),
            isStartCut: start > 0 || base > 0, isEndCut: end < bytes.count || !isEnd)
    }
}
