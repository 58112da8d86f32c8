/// Text around an `@` of UTF-16, as UTF-8.
///
/// Whether the high byte of each character stands before or behind the low one makes no difference for what addresses are made of; others are
/// taken to be little-endian.
struct WideText {
    private(set) var bytes: [UInt8] = []
    /// Where the `@` is in ``bytes``.
    private(set) var at = 0
    /// Where each byte's character begins in the text, and where the last one ends.
    private var places: [Int] = []

    /// - Parameters:
    ///   - place: of the `@` in the text.
    ///   - before: how many characters before it are read at most; as many as lie in its line.
    ///   - behind: the same behind it.
    init(_ text: UnsafeRawBufferPointer, around place: Int, before: Int, behind: Int) {
        var start = place
        while start >= 2, (place - start) / 2 < before, !Self.isEnd(text[start - 2], text[start - 1]) { start -= 2 }
        var end = place
        while end < text.count, (end - place) / 2 < behind, end == place || !Self.isEnd(text[end], end + 1 < text.count ? text[end + 1] : 0) {
            end += 2
        }
        var decoder = UTF16Decoder(isBigEndian: false)
        var position = start
        while position < end {
            if position == place { at = bytes.count }
            let count = bytes.count
            let unit: [UInt8] = [text[position], position + 1 < text.count ? text[position + 1] : 0]
            unit.withUnsafeBytes { decoder.decode($0, into: &bytes) }
            places += Array(repeating: position, count: bytes.count - count)
            position += 2
        }
        places.append(min(end, text.count))
    }

    /// Where a byte's character begins in the text.
    func place(of byte: Int) -> Int { places[min(byte, places.count - 1)] }

    /// Whether two bytes are a line break, or one of them is that of text in another encoding that stands beside this.
    private static func isEnd(_ low: UInt8, _ high: UInt8) -> Bool {
        if low == ByteView.lineFeed || low == ByteView.carriageReturn { return high < 0x7F }
        return high == ByteView.lineFeed || high == ByteView.carriageReturn
    }
}
