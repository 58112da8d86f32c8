/// Where a match sits: its line, or as much of it as is at hand.
package struct MatchContext {
    /// Without the line break; at most 64 KiB before and behind the match.
    package var line: UnsafeRawBufferPointer
    /// In ``line``.
    package var match: Range<Int>
    /// Whether the line begins before ``line``.
    package var isStartCut: Bool
    /// Whether the line ends behind ``line``.
    package var isEndCut: Bool
    /// The line's first 4 KiB when its start is cut, else empty.
    package var head: UnsafeRawBufferPointer

    package init(
        line: UnsafeRawBufferPointer, match: Range<Int>, isStartCut: Bool = false, isEndCut: Bool = false,
        head: UnsafeRawBufferPointer = UnsafeRawBufferPointer(start: nil, count: 0)
    ) {
        self.line = line
        self.match = match
        self.isStartCut = isStartCut
        self.isEndCut = isEndCut
        self.head = head
    }
}
