/// `<address>:secret`, `'address';'secret'`, `address.:secret` and their like: an address in brackets or quotation marks, or with a sign behind it that
/// nobody sees, and a secret behind that.
enum WrappedAddress {
    /// What can close around an address, or stand behind it: each by its UTF-8 bytes.
    private static let closings: [[UInt8]] = [
        ">", ")", "]", "}", "'", "\"", "`", ".", "\u{201D}", "\u{2019}", "\u{201C}", "\u{2018}", "\u{203A}", "\u{2039}", "\u{BB}", "\u{AB}",
        "\u{A0}", "\u{200B}", "\u{200C}", "\u{200D}", "\u{2060}", "\u{FEFF}",
    ].map { Array($0.utf8) }

    /// - Returns: nil when no such sign stands behind the match, or no secret behind it.
    static func record(of address: Int, in context: MatchContext, offset: UInt64) -> LeakRecord? {
        guard !context.isStartCut, !context.isEndCut else { return nil }
        let line = ByteView(context.line).withoutLineEnd
        guard context.match.upperBound <= line.count else { return nil }
        let index = end(of: context.match, in: line)
        guard index > context.match.upperBound, index + 1 < line.count, isSeparator(line[index]) else {
            return spaced(address, context.match, in: line, behind: index, offset: offset)
        }
        var secret = withoutQuotes(CredentialLine.withoutSign(line.from(index + 1).trimmedRight, line[index]))
        while secret.count > 2, secret[0] == 0xC2, secret[1] == 0xA0 { secret = secret.from(2) }
        // What PHP writes of its own values: the next one is one with its length before it.
        if secret.count > 4, secret.hasPrefix("s:"), ByteView.isDigit(secret[2]), secret.contains(ByteView.quote) { return nil }
        // In prose a blank comes behind a colon; in a list of addresses, another one.
        guard !secret.isEmpty, secret.count <= LeakedSecret.mostBytes, !secret.contains(ByteView.blank), secret[0] != UInt8(ascii: "<"),
            !ContentKind.isEmail(secret), !Noise.isPlaceholder(secret), line[index] == ByteView.colon || !Understanding.isPlainText(secret)
        else { return nil }
        var record = LeakRecord(address: address, shape: .combo, confidence: .low, offset: offset)
        record.login = line[context.match].text(limit: 254)
        record.secret = LeakedSecret(secret)
        return record
    }

    /// Where an address ends with the signs that close around it.
    static func end(of match: Range<Int>, in line: ByteView) -> Int {
        var index = match.upperBound
        var signs = 0
        while signs < 4, let closing = closings.first(where: { isThere($0, in: line, at: index) }) {
            index += closing.count
            signs += 1
        }
        return index
    }

    /// Where it begins, with `mailto:` and the signs that open around it.
    static func start(of match: Range<Int>, in line: ByteView) -> Int {
        var index = match.lowerBound
        if line.upTo(index).hasSuffix("mailto:") { index -= 7 }
        while index > 0,
            [ByteView.quote, ByteView.apostrophe, UInt8(ascii: "`"), UInt8(ascii: "<"), UInt8(ascii: "("), UInt8(ascii: "[")].contains(
                line[index - 1])
        {
            index -= 1
        }
        return index
    }

    /// How many bytes a sign takes that begins at a place, of those beyond ASCII; 0 for what is none.
    static func signLength(_ text: ByteView, at index: Int) -> Int {
        guard text[index] >= 0x80 else { return 0 }
        return closings.first { isThere($0, in: text, at: index) }?.count ?? 0
    }

    /// `https://… <address> secret`, `[1] address:secret`, `address => secret`: nothing but a site, a label, a number or a date before the address, and
    /// behind it a sign or blanks, and one word.
    private static func spaced(_ address: Int, _ match: Range<Int>, in line: ByteView, behind end: Int, offset: UInt64) -> LeakRecord? {
        let start = start(of: match, in: line)
        guard let lead = Lead(line.upTo(start).trimmed) else { return nil }
        // An address in the very address of a site is part of it.
        if lead.site != nil, start == match.lowerBound, start > 0, !ByteView.isBlank(line[start - 1]) { return nil }
        var rest = line.from(end)
        guard let first = rest.first, let sign = rest.trimmedLeft.first else { return nil }
        let arrow = arrows.first { rest.trimmedLeft.hasPrefix($0) }
        let isSeparated = arrow == nil && (isSeparator(first) || isSeparator(sign))
        guard isSeparated || arrow != nil || ByteView.isBlank(first) else { return nil }
        rest = isSeparator(first) && isSeparated ? rest.from(1) : rest.trimmedLeft.from(isSeparated ? 1 : arrow?.utf8CodeUnitCount ?? 0)
        // `address----secret`: a run of dashes is one sign.
        if arrow?.utf8Start[0] == UInt8(ascii: "-") { while rest.first == UInt8(ascii: "-") { rest = rest.from(1) } }
        // In prose a blank comes behind a colon, and none before it.
        let isProse = isSeparated && isSeparator(first) && rest.first.map(ByteView.isBlank) ?? true
        rest = rest.trimmed
        rest = withoutQuotes(Noise.withoutCapture(Noise.withoutAdvertising(rest)))
        guard !rest.contains(ByteView.blank), Understanding.mayBeSecret(rest) else { return nil }
        // A word behind an address alone in its line, or behind a dash, is prose as often as not.
        let isDash = arrow.map { $0.utf8Start[$0.utf8CodeUnitCount - 1] == UInt8(ascii: "-") } ?? false
        // Nobody writes two of them without blanks in prose.
        let isTight = end == match.upperBound && line.from(end).hasPrefix("--") && end + 2 < line.count && !ByteView.isBlank(line[end + 2])
        let isClear = lead.site != nil || isSeparated && !isProse && first != ByteView.tab || arrow != nil && (!isDash || isTight)
        let mayFollow = end > match.upperBound || lead.isLabelled || isDash || isSeparated
        guard isClear || mayFollow && Understanding.looksLikeSecret(rest) && rest.last != ByteView.colon else { return nil }
        var record = LeakRecord(address: address, shape: lead.site == nil ? .combo : .ulp, site: lead.site, confidence: .low, offset: offset)
        record.login = line[match].text(limit: 254)
        record.secret = LeakedSecret(rest)
        return record
    }

    /// What stands before an address that a secret may follow.
    private struct Lead {
        var site: String?
        var isLabelled = false

        /// - Returns: nil when it is something else.
        init?(_ text: ByteView) {
            var rest = text
            if let word = rest.lastWord {
                let bare = word.withoutColon
                if SiteAddress.schemeLength(bare) != nil || word.count == text.count && SiteAddress.looksLikeHost(bare),
                    let host = SiteAddress.host(of: bare)
                {
                    site = host
                    rest = rest.upTo(rest.count - word.count).trimmed
                } else if Understanding.isLabel(bare) {
                    isLabelled = true
                    rest = rest.upTo(rest.count - word.count).trimmed
                }
            }
            var isFirst = true
            while let word = rest.firstWord {
                let isNote = word.first == UInt8(ascii: "[") && word.last == UInt8(ascii: "]")
                let bare = word.withoutMarksAround
                guard isNote || bare.isEmpty || word.isSign || Understanding.isTime(bare) || Understanding.isPlain(bare, isFirst: isFirst) else {
                    return nil
                }
                isFirst = false
                rest = rest.from((word.offset(in: rest) ?? 0) + word.count).trimmed
            }
        }
    }

    /// What stands for "belongs to".
    private static let arrows: [StaticString] = ["=>", "->", "-->", "==>", ":::", "::", "--", "==", "=", "-", "\u{2192}"]

    private static func isThere(_ bytes: [UInt8], in line: ByteView, at index: Int) -> Bool {
        guard index + bytes.count <= line.count else { return false }
        return bytes.indices.allSatisfy { line[index + $0] == bytes[$0] }
    }

    private static func isSeparator(_ byte: UInt8) -> Bool {
        switch byte {
        case ByteView.colon, ByteView.semicolon, ByteView.pipe, ByteView.tab: true
        default: false
        }
    }

    /// Without the marks around it, where both are there, and what closes a list or sets the next one off behind them.
    private static func withoutQuotes(_ text: ByteView) -> ByteView {
        guard text.count > 2, let first = text.first, first == ByteView.quote || first == ByteView.apostrophe,
            let end = text.lastIndex(of: first, before: text.count), end > 0
        else { return text }
        let isClosed = text.from(end + 1).allSatisfy { [ByteView.comma, ByteView.semicolon, 0x5D, 0x7D, 0x29].contains($0) }
        return isClosed ? text[1..<end] : text
    }
}

extension ByteView {
    /// What stands before the first blank.
    fileprivate var firstWord: ByteView? {
        let text = trimmedLeft
        guard !text.isEmpty else { return nil }
        var end = 0
        while end < text.count, !ByteView.isBlank(text[end]) { end += 1 }
        return text.upTo(end)
    }

    /// What stands behind the last blank.
    fileprivate var lastWord: ByteView? {
        let text = trimmedRight
        guard !text.isEmpty else { return nil }
        var start = text.count
        while start > 0, !ByteView.isBlank(text[start - 1]) { start -= 1 }
        return text.from(start)
    }

    /// Whether it is a bullet, an arrow, a picture: of the scripts' letters none is written so.
    fileprivate var isSign: Bool {
        guard let first, count <= 8, first == 0xE2 || first == 0xF0 || first == 0xC2 else { return false }
        return allSatisfy { $0 >= 0x80 }
    }

    fileprivate var withoutColon: ByteView { last == ByteView.colon ? upTo(count - 1) : self }

    /// Without brackets, bullets and stops at both ends.
    fileprivate var withoutMarksAround: ByteView {
        func isMark(_ byte: UInt8) -> Bool {
            !ByteView.isLetter(byte) && !ByteView.isDigit(byte) && byte < 0x80
        }
        var text = self
        while let first = text.first, isMark(first) { text = text.from(1) }
        while let last = text.last, isMark(last) { text = text.upTo(text.count - 1) }
        return text
    }
}
