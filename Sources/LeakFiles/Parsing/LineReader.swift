/// The lines of a text, whichever way they end: LF, CRLF, CR, and the CRCRLF of files that were converted twice.
struct LineReader {
    let text: ByteView
    private(set) var position = 0
    /// In a file with line feeds, carriage returns before one belong to it; in one without, each ends a line.
    private let hasLineFeeds: Bool

    init(_ text: ByteView) {
        self.text = text
        hasLineFeeds = text.contains(ByteView.lineFeed)
    }

    /// Where the line began that ``next()`` gave last.
    private(set) var start = 0

    mutating func next() -> ByteView? {
        guard position < text.count else { return nil }
        start = position
        var end = text.count
        var after = text.count
        if hasLineFeeds, let feed = text.firstIndex(of: ByteView.lineFeed, from: position) {
            end = feed
            after = feed + 1
        }
        if let found = text[position..<end].firstIndex(of: ByteView.carriageReturn) {
            let carriage = position + found
            var behind = carriage + 1
            if hasLineFeeds {
                while behind < end, text[behind] == ByteView.carriageReturn { behind += 1 }
            }
            // A carriage return in the middle of a line ends it as well.
            if behind < end || !hasLineFeeds { after = behind }
            end = carriage
        }
        position = after
        return text[start..<end]
    }
}
