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
    }

    /// - Returns: nil for a line that is none.
    static func field(_ line: ByteView) -> Field? {
        var text = line.trimmed.withoutMarks
        guard !text.isEmpty, text.count <= 2_048, !Noise.isBanner(text) else { return nil }
        if text.count > 2, text[1] == ByteView.blank, text[0] == UInt8(ascii: "-") || text[0] == UInt8(ascii: "*") { text = text.from(2).trimmedLeft }
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
            if gap == 0, line.first == ByteView.blank, let last = run.last, case .base64 = last.escape, let start = last.text.offset(in: text) {
                run[run.count - 1].text = text[start..<reader.start + line.count]
                continue
            }
            guard let field = field(line) else {
                if own == nil {
                    run = []
                    isRunCut = false
                    continue
                }
                if line.trimmed.isEmpty {
                    gap += 1
                    continue
                }
                if run.count == 1 + (own ?? 0), gap == 0, let value = word(line) { run.append(value) }
                isFollowed = !Understanding.isPlain(line: line) && !(gap == 0 && Understanding.isPlainWords(line))
                break
            }
            let role: ColumnRole = field.name.isEmpty ? .email : ColumnRole.of(field.name)
            // Behind an empty line only what is missing yet.
            let isMissing = !run.dropFirst(own ?? 0).contains { $0.role == .secret }
            if gap > 0, role != .secret || gap > 1 || !isMissing {
                isFollowed = isMissing && (role == .secret || Understanding.speaksOfSecret(field.name.text(limit: 64)))
                break
            }
            gap = 0
            if isOwn { own = run.count }
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
                isRunCut = true
            }
        }
        guard let own else { return nil }
        let values = oneRecord(run, own: own, isStartCut: isRunCut)
        guard values.count > 1 else { return nil }
        var record = RowReading(values: values, shape: .combo, isNamed: true, confidence: .medium)
            .record(of: address, at: context.match, text: whole[context.match], offset: offset)
        if record.site != nil { record.shape = .ulp }
        if isFollowed { record.markUnread() }
        return record
    }

    private static func isKnown(_ name: ByteView, _ role: ColumnRole) -> Bool {
        switch role {
        case .email, .otherEmail, .login, .secret, .hash, .salt, .site, .key: true
        case .other, .unknown: Understanding.isHarmless(name.text(limit: 64))
        }
    }

    /// Whether the lines before and behind the match's are understood: where a line has an address and nothing else, what goes with it stands there.
    /// - Parameters:
    ///   - context: over line breaks.
    ///   - acrossGaps: whether what stands behind empty lines counts, too.
    static func hasPlainNeighbours(_ context: MatchContext, acrossGaps: Bool = true) -> Bool {
        let context = context.clamped
        let text = ByteView(context.line)
        func isEnd(_ byte: UInt8) -> Bool { byte == ByteView.lineFeed || byte == ByteView.carriageReturn }
        var end = context.match.upperBound
        while end < text.count, !isEnd(text[end]) { end += 1 }
        while end < text.count {
            let start = text[end] == ByteView.carriageReturn && end + 1 < text.count && text[end + 1] == ByteView.lineFeed ? end + 2 : end + 1
            end = start
            while end < text.count, !isEnd(text[end]) { end += 1 }
            let line = text[min(start, end)..<end]
            if end == text.count, context.isEndCut { return false }
            guard acrossGaps, line.trimmed.isEmpty else {
                guard Understanding.isPlain(line: line) else { return false }
                break
            }
        }
        var start = context.match.lowerBound
        while start > 0, !isEnd(text[start - 1]) { start -= 1 }
        while start > 0 {
            var end = start - 1
            if text[end] == ByteView.lineFeed, end > 0, text[end - 1] == ByteView.carriageReturn { end -= 1 }
            start = end
            while start > 0, !isEnd(text[start - 1]) { start -= 1 }
            let line = text[start..<end]
            if start == 0, context.isStartCut { return false }
            guard acrossGaps, line.trimmed.isEmpty else { return Understanding.isPlain(line: line) }
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

    /// Of fields one after another those of the record that one of them is in: with each repetition of the first name another one begins.
    static func oneRecord(_ run: [RowValue], own: Int, isStartCut: Bool) -> [RowValue] {
        // Without names, an address is another than what is no address.
        func isSame(_ left: Int, _ right: Int) -> Bool {
            run[left].rawName.isSameText(as: run[right].rawName) && (!run[left].rawName.isEmpty || run[left].role == run[right].role)
        }
        var start = own
        var end = own + 1
        if isStartCut {
            // What follows is the record's until a name comes again.
            while end < run.count, !(start..<end).contains(where: { isSame($0, end) }) { end += 1 }
            while start > 0, !(start..<end).contains(where: { isSame($0, start - 1) }) { start -= 1 }
        } else {
            while start > 0, !isSame(start, 0) { start -= 1 }
            while end < run.count, !isSame(end, 0) { end += 1 }
        }
        // Another address with the same name is another person's.
        if let next = (own + 1..<max(own + 1, end)).first(where: { isSame($0, own) }) { end = next }
        if let before = (start..<own).last(where: { isSame($0, own) }) { start = before + 1 }
        return Array(run[start..<end])
    }
}
