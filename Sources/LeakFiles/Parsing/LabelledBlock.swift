import Foundation

/// Lines with a name before each value, one of them the address: `Email: <ann@…>` above `Password: …`, also as a program prints or marks up what it has.
enum LabelledBlock {
    /// How far before and behind a match its block is looked for.
    static let reach = 2_048
    private static let mostLines = 48

    /// A line that is a name and a value, or an address alone.
    struct Field {
        var name: ByteView
        var value: ByteView
        var escape = ValueEscape.none
        /// Whether it is the first of an item of a list, as YAML writes one.
        var isItem = false
    }

    /// - Returns: nil for a line that is none.
    static func field(_ line: ByteView) -> Field? {
        var text = line.trimmed.withoutMarks
        guard !text.isEmpty, text.count <= 2_048, !Noise.isBanner(text) else { return nil }
        let isItem = text.count > 2 && text[1] == ByteView.blank && (text[0] == UInt8(ascii: "-") || text[0] == UInt8(ascii: "*"))
        guard isItem else { return named(text) }
        text = text.from(2).trimmedLeft
        var field = named(text)
        field?.isItem = true
        return field
    }

    private static func named(_ text: ByteView) -> Field? {
        if let element = element(text) { return element }
        // `email=ann@…` looks like an address as well.
        if ContentKind.isEmail(unwrapped(text)), !text.contains(UInt8(ascii: "=")) { return Field(name: .empty, value: unwrapped(text)) }
        var start = 0
        while start < text.count, opens(text[start]) { start += 1 }
        var end = start
        while end < text.count, end - start <= 40, isInName(text[end]) { end += 1 }
        guard end > start, !ByteView.isDigit(text[start]), text[start] != ByteView.blank else { return nil }
        let name = text[start..<end].trimmedRight
        var mark = end
        while mark < text.count, opens(text[mark]) || text[mark] == UInt8(ascii: "]") || text[mark] == ByteView.blank { mark += 1 }
        guard mark < text.count else { return nil }
        switch text[mark] {
        case ByteView.colon, UInt8(ascii: "="):
            mark += 1
            // `userPassword:: UHcx`.
            if text[mark - 1] == ByteView.colon, text.from(mark).hasPrefix(": ") {
                return Field(name: name, value: text.from(mark + 1).trimmed, escape: .base64)
            }
            if mark < text.count, text[mark] == UInt8(ascii: ">") { mark += 1 }
            // An address of a site is one value.
            if text.from(mark).hasPrefix("//") { return nil }
        case ByteView.tab: mark += 1
        default: return nil
        }
        let value = text.from(mark).trimmed
        let inner = unquoted(value)
        return Field(name: name, value: inner, escape: inner.count < value.count && value.first == ByteView.quote ? .json : .none)
    }

    private static func opens(_ byte: UInt8) -> Bool {
        byte == ByteView.quote || byte == ByteView.apostrophe || byte == UInt8(ascii: "[") || byte == UInt8(ascii: "`")
    }

    private static func isInName(_ byte: UInt8) -> Bool {
        ByteView.isLetter(byte) || ByteView.isDigit(byte) || byte >= 0x80 || [0x5F, 0x2D, 0x2E, 0x20].contains(byte)
    }

    /// `<name>value</name>`.
    private static func element(_ text: ByteView) -> Field? {
        guard text.first == UInt8(ascii: "<"), text.last == UInt8(ascii: ">"), let close = text.firstIndex(of: UInt8(ascii: ">")),
            let next = text.lastIndex(of: UInt8(ascii: "<"), before: text.count), next > close, text.from(next + 1).first == ByteView.slash
        else { return nil }
        let name = text[1..<close]
        return text[next + 2..<text.count - 1].isSameText(as: name) ? Field(name: name, value: text[close + 1..<next], escape: .markup) : nil
    }

    /// Without quotation marks around it, and without the comma that sets the next member off behind them.
    private static func unquoted(_ value: ByteView) -> ByteView {
        guard let first = value.first, first == ByteView.quote || first == ByteView.apostrophe else { return value }
        var end = value.count
        if value.last == ByteView.comma || value.last == ByteView.semicolon { end -= 1 }
        return end > 1 && value[end - 1] == first ? value[1..<end - 1] : value
    }

    /// An address without the brackets around it.
    static func unwrapped(_ value: ByteView) -> ByteView {
        var text = value.trimmed
        for _ in 0..<3 {
            guard text.count > 2, let first = text.first, let last = text.last else { break }
            switch (first, last) {
            case (UInt8(ascii: "<"), UInt8(ascii: ">")), (UInt8(ascii: "("), UInt8(ascii: ")")), (UInt8(ascii: "["), UInt8(ascii: "]")),
                (ByteView.quote, ByteView.quote), (ByteView.apostrophe, ByteView.apostrophe):
                text = text[1..<text.count - 1]
            default: break
            }
        }
        return text.hasPrefix("mailto:") ? text.from(7) : text
    }

    /// How a line has the address and nothing else but a name before it.
    enum Place {
        /// Without a name, or with one of an address.
        case known
        /// With a name of nobody knows what: it may be a secret, too.
        case named
    }

    /// - Returns: nil when the line has more than that.
    static func place(_ context: MatchContext) -> Place? {
        guard !context.isStartCut, !context.isEndCut else { return nil }
        let line = ByteView(context.line)
        guard let field = field(line), context.match.upperBound <= line.count, FileShape.isLogin(unwrapped(field.value), line[context.match]) else {
            return nil
        }
        if field.name.isEmpty || Understanding.isLabel(field.name) { return .known }
        switch ColumnRole.of(field.name) {
        case .email, .login: return .known
        case .otherEmail, .secret, .hash, .salt, .site: return nil
        case .key, .other, .unknown: return .named
        }
    }

    // MARK: The block

    /// What the lines around a line say in which the address is alone.
    /// - Parameter context: over line breaks.
    /// - Returns: nil when there is nothing beside the address.
    static func record(of address: Int, in context: MatchContext, offset: UInt64) -> LeakRecord? {
        let context = context.clamped
        let whole = ByteView(context.line)
        let first = max(0, context.match.lowerBound - reach)
        let isStartCut = first > 0 || context.isStartCut
        let text = whole[first..<min(whole.count, context.match.upperBound + reach)]
        let place = context.match.lowerBound - first
        guard hasNeighbour(place..<place + context.match.count, in: text) else { return nil }
        var run: [RowValue] = []
        var items: [Bool] = []
        var isDirectory = false
        var isMail = false
        var own: Int?
        var isRunCut = isStartCut
        var gap = 0
        // By what is not understood, and may go with the block.
        var isFollowed = false
        var reader = LineReader(text)
        while run.count < 2 * mostLines, let line = reader.next() {
            // The beginning may be the end of a line.
            if reader.start == 0, isStartCut { continue }
            let isOwn = line.offset(in: text).map { $0 <= place && place < $0 + max(1, line.count) } ?? false
            // A line of LDIF that goes on.
            if line.hasPrefix("dn:") { isDirectory = true }
            if isDirectory, gap == 0, line.first == ByteView.blank, let last = run.last, case .base64 = last.escape,
                let start = last.text.offset(in: text)
            {
                run[run.count - 1].text = text[start..<reader.start + line.count]
                continue
            }
            guard let field = field(line) else {
                if own == nil {
                    run = []
                    items = []
                    isRunCut = false
                    isMail = false
                    if line.trimmed.isEmpty { isDirectory = false }
                    continue
                }
                if line.trimmed.isEmpty {
                    gap += 1
                    continue
                }
                if run.count == 1 + (own ?? 0), gap == 0, let value = word(line) {
                    run.append(value)
                    items.append(false)
                }
                // What follows text is looked at by nobody.
                isFollowed = isMail || !Noise.isBanner(line) && !isAnothers(line)
                break
            }
            let role: ColumnRole = field.name.isEmpty ? .email : ColumnRole.of(field.name)
            // Behind an empty line only what is missing yet.
            let isMissing = !run.dropFirst(own ?? 0).contains { $0.role == .secret }
            if gap > 0, role != .secret || gap > 1 || !isMissing {
                // Another block begins as this one does, or with an address or a site.
                let isNext = run.first.map { $0.rawName.isSameText(as: field.name) } ?? false
                isFollowed = isMissing && (isMail || !isNext && !isAnothers(field.value) && !(role == .site && !field.value.isEmpty))
                break
            }
            if isMailName(field.name) { isMail = true }
            gap = 0
            if isOwn { own = run.count }
            items.append(field.isItem)
            if isOwn || isKnown(field.name, role) {
                let start = first + (field.value.offset(in: text) ?? 0)
                run.append(
                    RowValue(
                        text: field.value, escape: field.escape, range: start..<start + field.value.count, isQuoted: true, rawName: field.name,
                        role: isOwn ? .email : role,
                        isCut: reader.position >= text.count && (first + text.count < whole.count || context.isEndCut)))
            } else {
                // `word:word` is a line of somebody's list as soon as it is a name with a value: what names nothing known is shown nowhere, and not
                // understood.
                run.append(RowValue(text: field.value, range: -1 ..< -1, isQuoted: true, role: .hash, isCut: true))
            }
            if own == nil, run.count > mostLines {
                run.removeFirst()
                items.removeFirst()
                isRunCut = true
            }
        }
        guard let own else { return nil }
        for index in run.indices { decode(&run[index], isDirectory: isDirectory) }
        let block = BlockOwner(run: run, items: items, isStartCut: isRunCut).block(of: own)
        guard block.values.count > 1 || block.isUnclear else { return nil }
        var record = RowReading(values: block.values, shape: .combo, isNamed: true, confidence: .medium)
            .record(of: address, at: context.match, text: whole[context.match], offset: offset)
        if record.site != nil { record.shape = .ulp }
        if isFollowed || block.isUnclear { record.markUnread() }
        return record
    }

    /// Two colons say that a value is Base64 only in what a directory writes, and only where it is that of a text; elsewhere they are signs.
    private static func decode(_ value: inout RowValue, isDirectory: Bool) {
        guard case .base64 = value.escape else { return }
        guard isDirectory else {
            value.escape = .none
            return
        }
        let bytes = Data(base64Encoded: Data(value.text.bytes), options: .ignoreUnknownCharacters).map { Array($0) }
        let isText = bytes.map { bytes in !bytes.contains { $0 < 0x20 || $0 == 0x7F } && String(validating: bytes, as: UTF8.self) != nil } ?? false
        guard !isText else { return }
        if value.text.contains(ByteView.lineFeed) { value.isCut = true }
        value.escape = .none
    }

    /// Whether a line is of another address: it begins with one.
    private static func isAnothers(_ line: ByteView) -> Bool {
        let line = line.trimmed
        var end = 0
        let signs = [ByteView.colon, ByteView.semicolon, ByteView.comma, ByteView.pipe, ByteView.tab, ByteView.blank]
        while end < line.count, !signs.contains(line[end]) { end += 1 }
        return ContentKind.isEmail(unwrapped(line.upTo(end)))
    }

    private static let mailNames: [StaticString] = [
        "from", "to", "cc", "bcc", "reply-to", "sender", "return-path", "delivered-to", "subject", "message-id", "received", "mime-version",
        "content-type",
    ]

    /// Whether a name is one of the head of a mail, of which nobody knows what it says.
    private static func isMailName(_ name: ByteView) -> Bool { mailNames.contains { name.equals($0) } }

    private static func isKnown(_ name: ByteView, _ role: ColumnRole) -> Bool {
        switch role {
        case .email, .otherEmail, .login, .secret, .hash, .salt, .site, .key: true
        case .other, .unknown: Understanding.isHarmless(name.text(limit: 64))
        }
    }

    /// Whether the lines before and behind the match's are understood, as far as another address's: where a line has an address and nothing else, what
    /// goes with it stands there. No more than a few thousand bytes are looked at; what goes on behind them is not known.
    /// - Parameter context: over line breaks.
    static func hasPlainNeighbours(_ context: MatchContext) -> Bool {
        let context = context.clamped
        let whole = ByteView(context.line)
        func isEnd(_ byte: UInt8) -> Bool { byte == ByteView.lineFeed || byte == ByteView.carriageReturn }
        var (ownStart, ownEnd) = (context.match.lowerBound, context.match.upperBound)
        while ownStart > 0, !isEnd(whole[ownStart - 1]) { ownStart -= 1 }
        while ownEnd < whole.count, !isEnd(whole[ownEnd]) { ownEnd += 1 }
        let own = whole[ownStart..<ownEnd]
        let isNamed = own.upTo(40).firstIndex(of: ByteView.colon).map { isMailName(own.upTo($0).trimmed) } ?? false
        // Or a line of one that goes on.
        let isMail = isNamed || own.first.map(ByteView.isBlank) ?? false && own.contains(UInt8(ascii: "<"))
        /// - Returns: nil where the next line has to be looked at, too.
        func isUnderstood(_ line: ByteView) -> Bool? {
            if line.trimmed.isEmpty { return nil }
            guard Understanding.isPlain(line: line, mayBeSentence: !isMail) else { return false }
            return !isMail && Understanding.hasAddress(line) ? true : nil
        }
        let last = min(whole.count, ownEnd + reach)
        var end = ownEnd
        while end < last {
            let start = end + 1
            end = start
            while end < last, !isEnd(whole[end]) { end += 1 }
            if end >= last, last < whole.count || context.isEndCut { return false }
            guard start < end else { continue }
            // A line of a mail's head that goes on.
            if ByteView.isBlank(whole[start]), ownStart < ownEnd, !ByteView.isBlank(own[0]), Understanding.hasAddress(whole[start..<end]) {
                return false
            }
            guard let isPlain = isUnderstood(whole[start..<end]) else { continue }
            guard isPlain else { return false }
            break
        }
        let first = max(0, ownStart - reach)
        var start = ownStart
        while start > first {
            let end = start - 1
            start = end
            while start > first, !isEnd(whole[start - 1]) { start -= 1 }
            if start <= first, first > 0 || context.isStartCut { return false }
            guard let isPlain = isUnderstood(whole[start..<end]) else { continue }
            return isPlain
        }
        return true
    }

    /// Whether a line beside the match's may be of one record with it. In a list of addresses, which may be long, none is.
    private static func hasNeighbour(_ match: Range<Int>, in text: ByteView) -> Bool {
        func isEnd(_ byte: UInt8) -> Bool { byte == ByteView.lineFeed || byte == ByteView.carriageReturn }
        func isOfOne(_ line: ByteView) -> Bool { !line.isEmpty && !ContentKind.isEmail(unwrapped(line)) }
        var end = match.upperBound
        while end < text.count, !isEnd(text[end]) { end += 1 }
        var start = match.lowerBound
        while start > 0, !isEnd(text[start - 1]) { start -= 1 }
        // With a label, what is missing may stand behind an empty line.
        if let own = field(text[start..<end]), !own.name.isEmpty { return true }
        while end < text.count, text[end] == ByteView.carriageReturn { end += 1 }
        let next = text.from(end + 1)
        var nextEnd = 0
        while nextEnd < next.count, !isEnd(next[nextEnd]) { nextEnd += 1 }
        if isOfOne(next.upTo(nextEnd)) { return true }
        while start > 0, isEnd(text[start - 1]), text[start - 1] == ByteView.carriageReturn || text.from(start).first != ByteView.lineFeed {
            start -= 1
        }
        let before = text.upTo(start)
        var beforeStart = before.count
        while beforeStart > 0, !isEnd(before[beforeStart - 1]) { beforeStart -= 1 }
        return isOfOne(before.from(beforeStart))
    }

    /// The line below an address alone: one word without a name may be its secret.
    private static func word(_ line: ByteView) -> RowValue? {
        let text = line.trimmed
        guard !text.isEmpty, !text.contains(ByteView.at), !text.contains(where: ByteView.isBlank), Understanding.mayBeSecret(text) else { return nil }
        // Without a place of its own: it is not read, and not known to be harmless.
        return RowValue(text: text, range: -1 ..< -1, isQuoted: true, role: .hash)
    }
}
