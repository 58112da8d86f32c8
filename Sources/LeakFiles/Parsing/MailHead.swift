/// The head of a mail: lines of a name, a colon and a value, and below an empty line the mail itself, of which nobody knows what is in it.
enum MailHead {
    private static let people: [StaticString] = [
        "from", "to", "cc", "bcc", "reply-to", "sender", "return-path", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to",
        "envelope-from",
        "x-envelope-from", "resent-from", "resent-to", "errors-to", "disposition-notification-to", "return-receipt-to", "x-sender", "x-from", "x-to",
        "x-cc", "x-bcc", "x-forwarded-to", "x-forwarded-for", "mail-followup-to", "apparently-to",
    ]

    /// What programs write.
    private static let technical: [StaticString] = [
        "date", "message-id", "mime-version", "received", "received-spf", "in-reply-to", "references", "user-agent", "dkim-signature",
        "domainkey-signature", "authentication-results", "auto-submitted", "precedence", "importance", "priority", "thread-index", "delivery-date",
    ]

    private static let technicalBeginnings: [StaticString] = [
        "content-", "list-", "arc-", "x-spam", "x-mailer", "x-priority", "x-ms", "x-google", "dkim-",
    ]

    private static let texts: [StaticString] = ["subject", "thread-topic", "organization", "organisation", "comments", "keywords"]

    private enum Kind { case people, technical, text }

    private struct Line {
        var text: ByteView
        var kind: Kind?
        var isContinued: Bool { text.first.map(ByteView.isBlank) ?? false }
        var isEmpty: Bool { text.trimmed.isEmpty }
    }

    /// Whether an address stands where one of a mail's head may: most lines are none.
    static func mayBe(_ context: MatchContext) -> Bool {
        let line = ByteView(context.line)
        guard !context.isStartCut, context.match.lowerBound > 0, let first = line.first else { return false }
        return ByteView.isBlank(first) || kind(line) == .people
    }

    private static func kind(_ line: ByteView) -> Kind? {
        guard let first = line.first, ByteView.isLetter(first), let colon = line.upTo(40).firstIndex(of: ByteView.colon) else { return nil }
        let name = line.upTo(colon).trimmedRight
        if people.contains(where: { name.equals($0) }) { return .people }
        if texts.contains(where: { name.equals($0) }) { return .text }
        if technical.contains(where: { name.equals($0) }) || technicalBeginnings.contains(where: { name.hasPrefix($0) }) { return .technical }
        // Of programs that nobody knows.
        guard name.hasPrefix("x-"), name.allSatisfy({ ByteView.isLetter($0) || ByteView.isDigit($0) || $0 == UInt8(ascii: "-") }) else { return nil }
        return Understanding.speaksOfSecret(name.text(limit: 40)) ? nil : .text
    }

    /// Whether the head in which an address stands is understood, and nothing is below it.
    /// - Parameter context: over line breaks.
    /// - Returns: nil when it stands in none: one line alone is none.
    static func isUnderstood(_ context: MatchContext) -> Bool? {
        let context = context.clamped
        let whole = ByteView(context.line)
        let first = max(0, context.match.lowerBound - LabelledBlock.reach)
        let text = whole[first..<min(whole.count, context.match.upperBound + LabelledBlock.reach)]
        let place = context.match.lowerBound - first
        var lines: [Line] = []
        var found: Int?
        var reader = LineReader(text)
        while let line = reader.next() {
            // The beginning may be the end of a line.
            if reader.start == 0, first > 0 || context.isStartCut, line.count <= place { continue }
            if reader.start <= place, place < reader.start + max(1, line.count) { found = lines.count }
            lines.append(Line(text: line, kind: kind(line)))
        }
        guard let own = found else { return nil }
        var begin = own
        while begin > 0, isOfHead(lines[begin - 1]) { begin -= 1 }
        var end = own + 1
        while end < lines.count, isOfHead(lines[end]) { end += 1 }
        let head = lines[begin..<end]
        guard head.count(where: { $0.kind != nil }) > 1, let named = lines[begin...own].last(where: { $0.kind != nil }), named.kind == .people else {
            return nil
        }
        let isCut = text.count < whole.count - first || context.isEndCut
        return isUnderstood(lines[own]) && head.allSatisfy { $0.kind != .text || Understanding.isHarmlessText(value($0)) }
            && isEmpty(below: lines[end...], isCut: isCut)
    }

    private static func isOfHead(_ line: Line) -> Bool { !line.isEmpty && (line.kind != nil || line.isContinued) }

    private static func value(_ line: Line) -> ByteView { line.text.from((line.text.firstIndex(of: ByteView.colon) ?? -1) + 1) }

    /// Whether a line has addresses and the names of whose they are.
    private static func isUnderstood(_ line: Line) -> Bool {
        let value = line.kind == nil ? line.text : value(line)
        let close = value.lastIndex(of: UInt8(ascii: "<"), before: value.count) ?? 0
        var words = Understanding.Words(value)
        while let word = words.next() {
            if Understanding.isUnderstood(word, isFirst: false) || word.hasPrefix("=?") && word.hasSuffix("?=") { continue }
            // Names stand before the address that is theirs.
            guard (word.offset(in: value) ?? value.count) < close, !Understanding.looksLikeSecret(word), !word.contains(where: ByteView.isDigit)
            else {
                return false
            }
        }
        return true
    }

    /// Whether a mail has nothing in it, as far as it is at hand: the next head follows, or what is understood by itself.
    private static func isEmpty(below lines: ArraySlice<Line>, isCut: Bool) -> Bool {
        for line in lines where !line.isEmpty {
            if line.kind != nil || line.text.hasPrefix("from ") && line.text.contains(ByteView.at) { return true }
            guard Understanding.isPlain(line: line.text, mayBeSentence: false) else { return false }
        }
        return !isCut
    }
}
