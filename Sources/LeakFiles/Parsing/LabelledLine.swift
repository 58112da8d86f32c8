/// A credential in one line with a word before each part: `URL: https://… Username: ann@… Password: …`.
struct LabelledLine {
    private enum Part {
        case site
        case login
        case secret
        case other
    }

    private struct Label {
        var part: Part
        /// Where the word begins.
        var start: Int
        /// Behind its colon and the blanks there.
        var end: Int
    }

    /// The longer ones first where one begins as another does.
    private static let words: [(word: StaticString, part: Part)] = [
        ("url", .site), ("hostname", .site), ("host", .site), ("link", .site), ("website", .site), ("site", .site), ("domain", .site),
        ("origin", .site), ("user name", .login), ("username", .login), ("user_name", .login), ("userlogin", .login), ("user login", .login),
        ("user", .login), ("login", .login), ("log", .login), ("email address", .login), ("e-mail", .login), ("email", .login), ("mail", .login),
        ("usr", .login), ("account", .login), ("user password", .secret), ("password", .secret), ("passwort", .secret), ("passwd", .secret),
        ("pass", .secret), ("pwd", .secret), ("pw", .secret), ("hash", .secret), ("kennwort", .secret), ("senha", .secret), ("contrasena", .secret),
        ("mot de passe", .secret), ("wachtwoord", .secret),
        ("parola", .secret), ("haslo", .secret), ("application", .other), ("browser", .other), ("software", .other),
        ("soft", .other), ("storage", .other), ("app", .other), ("profile", .other), ("ip", .other), ("country", .other), ("date", .other),
        ("phone", .other), ("name", .other), ("salt", .other),
        ("first name", .other), ("last name", .other), ("firstname", .other), ("lastname", .other), ("city", .other), ("state", .other),
        ("street", .other), ("address", .other), ("zip", .other), ("birthday", .other), ("birthdate", .other), ("dob", .other), ("gender", .other),
        ("company", .other), ("title", .other), ("status", .other), ("subscription", .other), ("plan", .other),
    ]

    /// - Returns: nil when the line has no word for the login before the match, or none for a secret.
    static func record(of address: Int, in context: MatchContext, offset: UInt64) -> LeakRecord? {
        let line = ByteView(context.line)
        let match = context.match
        guard !context.isStartCut, match.lowerBound > 2, line.count <= 4_096 || match.upperBound <= 2_048 else { return nil }
        // Nearly all lines have something else before the address.
        var before = match.lowerBound - 1
        while before > 0, ByteView.isBlank(line[before]) || isAround(line[before]) { before -= 1 }
        guard [ByteView.colon, UInt8(ascii: "="), UInt8(ascii: ">")].contains(line[before]) else { return nil }
        let text = line.upTo(4_096)
        let labels = labels(in: text)
        guard let own = labels.lastIndex(where: { $0.end <= match.lowerBound }), labels[own].part == .login,
            text[labels[own].end..<match.lowerBound].allSatisfy(isAround),
            let secret = secret(of: own, labels, text),
            value(own, labels, text).isAddress(line[match])
        else { return nil }
        var record = LeakRecord(address: address, shape: .combo, confidence: .medium, offset: offset)
        record.login = line[match].text(limit: 254)
        if let site = labels.indices.first(where: { labels[$0].part == .site }) {
            record.site = SiteAddress.host(of: value(site, labels, text))
            record.shape = .ulp
        }
        let found = value(secret, labels, text)
        let isCut = secret == labels.count - 1 && (context.isEndCut || text.count < line.count)
        if !isCut, !Noise.isPlaceholder(found) { record.secret = LeakedSecret(found) }
        if record.secret == nil, isCut || !Noise.isPlaceholder(found) { record.markUnread() }
        return record
    }

    /// The secret that goes with a login: the first behind it, else the last before it. Behind the same word for a login it is another person's.
    private static func secret(of own: Int, _ labels: [Label], _ text: ByteView) -> Int? {
        func isSameWord(_ index: Int) -> Bool {
            labels[index].part == .login && text[labels[index].start..<labels[index].end].isSameText(as: text[labels[own].start..<labels[own].end])
        }
        let end = labels.indices.dropFirst(own + 1).first(where: isSameWord) ?? labels.count
        let start = labels.indices.prefix(own).last(where: isSameWord).map { $0 + 1 } ?? 0
        func isSecret(_ index: Int) -> Bool { labels[index].part == .secret }
        if let behind = (own..<end).first(where: isSecret) { return behind }
        // Where another person's login comes first, what stands between may be theirs.
        return start == 0 ? (start..<own).last(where: isSecret) : nil
    }

    /// What may stand around an address behind its label.
    private static func isAround(_ byte: UInt8) -> Bool {
        byte == ByteView.quote || byte == ByteView.apostrophe || byte == UInt8(ascii: "<")
    }

    /// Whether all of a line is labels, none of them of a secret, and their values.
    static func isUnderstood(_ context: MatchContext) -> Bool {
        guard !context.isStartCut, !context.isEndCut, context.line.count <= 4_096 else { return false }
        let line = ByteView(context.line)
        let labels = labels(in: line)
        guard let first = labels.first, line.upTo(first.start).allSatisfy({ !ByteView.isLetter($0) && !ByteView.isDigit($0) }),
            let own = labels.lastIndex(where: { $0.end <= context.match.lowerBound })
        else { return false }
        return labels.indices.allSatisfy { index in
            let value = value(index, labels, line)
            if index == own { return LabelledBlock.unwrapped(value).isSamePlace(as: line[context.match]) }
            // A label's value is a few words, and no sentence.
            return labels[index].part != .secret && !Understanding.looksLikeSecret(value) && value.count(of: ByteView.blank) < 5
        }
    }

    private static func labels(in line: ByteView) -> [Label] {
        var labels: [Label] = []
        var index = 0
        while index < line.count, labels.count < 32 {
            if isBegin(index, line), let label = label(at: index, in: line) {
                labels.append(label)
                index = label.end
            } else {
                index += 1
            }
        }
        return labels
    }

    private static func isBegin(_ index: Int, _ line: ByteView) -> Bool {
        guard ByteView.isLetter(line[index]) else { return false }
        guard index > 0 else { return true }
        switch line[index - 1] {
        case ByteView.blank, ByteView.tab, ByteView.comma, ByteView.semicolon, ByteView.pipe, ByteView.quote, UInt8(ascii: "["), UInt8(ascii: "("),
            UInt8(ascii: "{"), UInt8(ascii: "*"), UInt8(ascii: "-"), ByteView.apostrophe:
            return true
        default: return false
        }
    }

    private static func label(at start: Int, in line: ByteView) -> Label? {
        let rest = line.from(start)
        for (word, part) in words where rest.hasPrefix(word) {
            var index = word.utf8CodeUnitCount
            while index < rest.count, [ByteView.blank, ByteView.quote, ByteView.apostrophe, UInt8(ascii: "]")].contains(rest[index]) {
                index += 1
            }
            guard index < rest.count, rest[index] == ByteView.colon || rest[index] == UInt8(ascii: "=") else { continue }
            index += 1
            // `[password] => secret`.
            if index < rest.count, rest[index - 1] == UInt8(ascii: "="), rest[index] == UInt8(ascii: ">") { index += 1 }
            // `host://` is an address of its own scheme.
            if rest.from(index).hasPrefix("//") { continue }
            while index < rest.count, ByteView.isBlank(rest[index]) { index += 1 }
            return Label(part: part, start: start, end: start + index)
        }
        return nil
    }

    /// What stands behind a label, up to the next one and what sets that off.
    private static func value(_ number: Int, _ labels: [Label], _ line: ByteView) -> ByteView {
        let start = labels[number].end
        guard number + 1 < labels.count else {
            return unquoted(withoutBracket(last(line.from(start).withoutLineEnd.trimmedRight, labels, line), opened: line.upTo(labels[0].start)))
        }
        var value = line[start..<max(start, labels[number + 1].start)].trimmedRight
        // A quotation mark before the next word is that word's.
        if let last = value.last, last == ByteView.quote || last == ByteView.apostrophe, value.count(of: last) % 2 == 1 {
            value = value.upTo(value.count - 1).trimmedRight
        }
        // One sign that sets the next part off, with the blanks around it.
        if let last = value.last,
            [ByteView.pipe, ByteView.comma, ByteView.semicolon, UInt8(ascii: "-"), UInt8(ascii: "["), UInt8(ascii: "(")].contains(last),
            value.count > 1
        {
            let isSetOff = last == ByteView.comma || last == ByteView.semicolon || last == ByteView.pipe || ByteView.isBlank(value[value.count - 2])
            if isSetOff { value = value.upTo(value.count - 1).trimmedRight }
        }
        return unquoted(last(value, labels, line))
    }

    /// The last value without what stands behind it under names that are not known, where bars without blanks set all of them off:
    /// `Login:ann@…|Password:secret|Balance:0`.
    private static func last(_ value: ByteView, _ labels: [Label], _ line: ByteView) -> ByteView {
        guard labels.count > 1, labels.dropFirst().allSatisfy({ line[$0.start - 1] == ByteView.pipe }) else { return value }
        var position = 1
        while let bar = value.firstIndex(of: ByteView.pipe, from: position) {
            let rest = value.from(bar + 1)
            var end = 0
            while end < min(rest.count, 24), ByteView.isLetter(rest[end]) || end > 0 && (rest[end] == ByteView.blank || rest[end] == 0x5F) {
                end += 1
            }
            if end > 1, end < rest.count, rest[end] == ByteView.colon || rest[end] == UInt8(ascii: "=") { return value.upTo(bar) }
            position = bar + 1
        }
        return value
    }

    private static func unquoted(_ value: ByteView) -> ByteView {
        guard value.count > 1, let quote = value.first, quote == ByteView.quote || quote == ByteView.apostrophe else { return value }
        if value.last == quote { return value[1..<value.count - 1] }
        // `password='secret' WHERE`.
        if let close = value.firstIndex(of: quote, from: 1), close > 1, close + 1 < value.count, ByteView.isBlank(value[close + 1]) {
            return value[1..<close]
        }
        // What closes an object, a list or an element behind the last value is none of it.
        let end = value.lastIndex(of: quote, before: value.count) ?? 0
        let isClosed =
            end > 0
            && value.from(end + 1).allSatisfy {
                ByteView.isBlank($0) || [0x7D, 0x5D, 0x29, ByteView.comma, ByteView.semicolon, ByteView.slash, 0x3E].contains($0)
            }
        return isClosed ? value[1..<end] : value
    }

    /// `User(email=…, password=secret)`: without the bracket that was opened before the first label.
    private static func withoutBracket(_ value: ByteView, opened: ByteView) -> ByteView {
        guard let bracket = opened.trimmedRight.last, let last = value.last, value.count > 1 else { return value }
        switch (bracket, last) {
        case (UInt8(ascii: "("), UInt8(ascii: ")")), (UInt8(ascii: "{"), UInt8(ascii: "}")): return value.upTo(value.count - 1)
        default: return value
        }
    }
}

extension ByteView {
    /// Whether this is an address and nothing else.
    fileprivate func isAddress(_ match: ByteView) -> Bool {
        isSamePlace(as: match) || FileShape.isLogin(self, match) || LabelledBlock.unwrapped(self).isSamePlace(as: match)
    }
}
