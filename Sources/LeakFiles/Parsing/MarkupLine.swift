/// A line of a page: `<li><a href="mailto:ann@…">Ann Lee</a></li>`.
enum MarkupLine {
    private static let tags: [StaticString] = [
        "a", "abbr", "address", "article", "aside", "b", "body", "br", "center", "dd", "div", "dl", "dt", "em", "font", "footer", "h1", "h2", "h3",
        "h4",
        "h5", "h6", "head", "header", "hr", "html", "i", "img", "li", "main", "nav", "ol", "p", "section", "small", "span", "strong", "table",
        "tbody",
        "td", "tfoot", "th", "thead", "title", "tr", "u", "ul", "figure", "figcaption", "picture", "svg", "use", "path",
    ]

    private static let attributes: [StaticString] = [
        "href", "class", "id", "target", "rel", "style", "width", "height", "align", "valign", "border", "colspan", "rowspan", "src", "lang", "dir",
        "name",
        "itemprop", "itemscope", "itemtype", "role", "tabindex", "color", "size", "face", "bgcolor", "cellpadding", "cellspacing", "scope", "title",
        "alt",
        "aria-label", "aria-hidden", "hreflang", "type",
    ]

    /// Whether a page's line with an address says nothing but whose it is.
    static func isUnderstood(_ context: MatchContext) -> Bool {
        guard !context.isStartCut, !context.isEndCut, context.line.count <= 4_096 else { return false }
        return isUnderstood(ByteView(context.line).trimmed)
    }

    /// Whether a page's line without one has nothing in it but its layout, and words that are understood.
    static func isPlain(_ line: ByteView) -> Bool { line.first == UInt8(ascii: "<") && isUnderstood(line) }

    private static func isUnderstood(_ line: ByteView) -> Bool {
        guard line.contains(UInt8(ascii: "<")), line.contains(UInt8(ascii: ">")) else { return false }
        var (position, tags, isLink) = (0, 0, false)
        while position < line.count {
            let open = line.firstIndex(of: UInt8(ascii: "<"), from: position) ?? line.count
            let text = line[position..<open]
            guard isLink ? isName(text) : isPlain(text: text) else { return false }
            guard open < line.count else { break }
            guard let end = tagEnd(line, from: open + 1), let tag = Tag(line[open + 1..<end]) else { return false }
            if tag.isLink { isLink = tag.isOfAddress }
            tags += 1
            position = end + 1
        }
        return tags > 0
    }

    private static func tagEnd(_ line: ByteView, from start: Int) -> Int? {
        var quote: UInt8?
        for index in start..<max(start, line.count) {
            switch line[index] {
            case ByteView.quote, ByteView.apostrophe:
                if quote == nil { quote = line[index] } else if quote == line[index] { quote = nil }
            case UInt8(ascii: ">") where quote == nil: return index
            default: break
            }
        }
        return nil
    }

    /// What a link to somebody's address is called: their name, or a few words without a number.
    private static func isName(_ text: ByteView) -> Bool {
        if ContentKind.isEmail(text.trimmed) { return true }
        return text.count <= 80 && !text.contains(where: ByteView.isDigit) && !Understanding.speaksOfSecret(text.text(limit: 80))
            && (text.trimmed.contains(ByteView.blank) || Understanding.isHarmlessText(text) || Understanding.isLabel(text.trimmed))
    }

    private static func isPlain(text: ByteView) -> Bool {
        guard text.contains(UInt8(ascii: "&")) else { return Understanding.isPlainWords(text) }
        // Without what stands for a sign.
        var bytes: [UInt8] = []
        var index = 0
        while index < text.count {
            if text[index] == UInt8(ascii: "&"), let end = text.upTo(index + 10).firstIndex(of: ByteView.semicolon, from: index) {
                bytes.append(ByteView.blank)
                index = end + 1
            } else {
                bytes.append(text[index])
                index += 1
            }
        }
        return bytes.withUnsafeBytes { Understanding.isPlainWords(ByteView($0)) }
    }

    private struct Tag {
        var isLink = false
        var isOfAddress = false

        /// - Parameter text: between the angle brackets.
        /// - Returns: nil for one that is not known, or has what may be anything.
        init?(_ text: ByteView) {
            var text = text
            if text.first == UInt8(ascii: "!") { return nil }
            let isEnd = text.first == ByteView.slash
            if isEnd { text = text.from(1) }
            if text.last == ByteView.slash { text = text.upTo(text.count - 1) }
            var end = 0
            while end < text.count, ByteView.isLetter(text[end]) || ByteView.isDigit(text[end]) { end += 1 }
            let name = text.upTo(end)
            guard MarkupLine.tags.contains(where: { name.equals($0) }) else { return nil }
            isLink = name.equals("a")
            var rest = text.from(end).trimmedLeft
            while !rest.isEmpty {
                guard let value = Self.next(&rest) else { return nil }
                if value.isAddress { isOfAddress = true }
            }
        }

        /// Takes an attribute from a tag.
        /// - Returns: whether it is a link to an address; nil when it is not known.
        private static func next(_ rest: inout ByteView) -> (isAddress: Bool, Void)? {
            var end = 0
            while end < rest.count, ByteView.isLetter(rest[end]) || rest[end] == UInt8(ascii: "-") { end += 1 }
            let name = rest.upTo(end)
            guard MarkupLine.attributes.contains(where: { name.equals($0) }) else { return nil }
            rest = rest.from(end).trimmedLeft
            guard rest.first == UInt8(ascii: "=") else { return (false, ()) }
            rest = rest.from(1).trimmedLeft
            let value: ByteView
            if let quote = rest.first, quote == ByteView.quote || quote == ByteView.apostrophe {
                guard let close = rest.firstIndex(of: quote, from: 1) else { return nil }
                value = rest[1..<close]
                rest = rest.from(close + 1).trimmedLeft
            } else {
                var close = 0
                while close < rest.count, !ByteView.isBlank(rest[close]) { close += 1 }
                value = rest.upTo(close)
                rest = rest.from(close).trimmedLeft
            }
            guard !Understanding.speaksOfSecret(value.text(limit: 1_024)) else { return nil }
            if name.equals("title") || name.equals("alt") || name.equals("aria-label") {
                return Understanding.isHarmlessText(value) || ContentKind.isEmail(value) ? (false, ()) : nil
            }
            guard name.equals("href"), value.hasPrefix("mailto:") else { return (false, ()) }
            // What is to be written in a mail may be anything.
            let address = value.from(7).upTo(value.from(7).firstIndex(of: UInt8(ascii: "?")) ?? value.count)
            return ContentKind.isEmail(address) && !value.contains("body=") ? (true, ()) : nil
        }
    }
}
