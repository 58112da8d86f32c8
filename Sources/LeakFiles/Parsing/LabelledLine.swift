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
        ("pass", .secret), ("pwd", .secret), ("pw", .secret), ("hash", .secret), ("application", .other), ("browser", .other), ("software", .other),
        ("soft", .other), ("storage", .other), ("app", .other), ("profile", .other), ("ip", .other), ("country", .other), ("date", .other),
        ("phone", .other), ("name", .other), ("salt", .other),
    ]

    /// - Returns: nil when the line has no word for the login before the match, or none for a secret.
    static func record(of address: Int, in context: MatchContext, offset: UInt64) -> LeakRecord? {
        let line = ByteView(context.line)
        let match = context.match
        guard !context.isStartCut, match.lowerBound > 2, line.count <= 4_096 || match.upperBound <= 2_048 else { return nil }
        // Nearly all lines have something else before the address.
        var before = match.lowerBound - 1
        while before > 0, ByteView.isBlank(line[before]) || line[before] == ByteView.quote { before -= 1 }
        guard line[before] == ByteView.colon || line[before] == UInt8(ascii: "=") else { return nil }
        let text = line.upTo(4_096)
        let labels = labels(in: text)
        guard let own = labels.lastIndex(where: { $0.end <= match.lowerBound }), labels[own].part == .login,
            text[labels[own].end..<match.lowerBound].allSatisfy({ $0 == ByteView.quote }),
            let secret = labels.indices.first(where: { labels[$0].part == .secret }),
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
        return record
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
            UInt8(ascii: "{"), UInt8(ascii: "*"), UInt8(ascii: "-"):
            return true
        default: return false
        }
    }

    private static func label(at start: Int, in line: ByteView) -> Label? {
        let rest = line.from(start)
        for (word, part) in words where rest.hasPrefix(word) {
            var index = word.utf8CodeUnitCount
            while index < rest.count, rest[index] == ByteView.blank || rest[index] == ByteView.quote || rest[index] == UInt8(ascii: "]") {
                index += 1
            }
            guard index < rest.count, rest[index] == ByteView.colon || rest[index] == UInt8(ascii: "=") else { continue }
            index += 1
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
        guard number + 1 < labels.count else { return unquoted(line.from(start).withoutLineEnd.trimmedRight) }
        var value = line[start..<max(start, labels[number + 1].start)].trimmedRight
        // One sign that sets the next part off, with the blanks around it.
        if let last = value.last,
            [ByteView.pipe, ByteView.comma, ByteView.semicolon, UInt8(ascii: "-"), UInt8(ascii: "["), UInt8(ascii: "(")].contains(last),
            value.count > 1
        {
            let isSetOff = last == ByteView.comma || last == ByteView.semicolon || last == ByteView.pipe || ByteView.isBlank(value[value.count - 2])
            if isSetOff { value = value.upTo(value.count - 1).trimmedRight }
        }
        return unquoted(value)
    }

    private static func unquoted(_ value: ByteView) -> ByteView {
        guard value.count > 1, value.first == ByteView.quote, value.last == ByteView.quote else { return value }
        return value[1..<value.count - 1]
    }
}

extension ByteView {
    /// Whether this is an address and nothing else.
    fileprivate func isAddress(_ match: ByteView) -> Bool { isSamePlace(as: match) || FileShape.isLogin(self, match) }
}
