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
        var index = context.match.upperBound
        var signs = 0
        while signs < 4, let closing = closings.first(where: { isThere($0, in: line, at: index) }) {
            index += closing.count
            signs += 1
        }
        guard signs > 0, index + 1 < line.count, isSeparator(line[index]) else { return nil }
        let secret = withoutQuotes(line.from(index + 1).trimmedRight)
        // In prose a blank comes behind a colon; in a list of addresses, another one.
        guard !secret.isEmpty, secret.count <= LeakedSecret.mostBytes, !secret.contains(ByteView.blank), secret[0] != UInt8(ascii: "<"),
            !ContentKind.isEmail(secret), !Noise.isPlaceholder(secret)
        else { return nil }
        var record = LeakRecord(address: address, shape: .combo, confidence: .low, offset: offset)
        record.login = line[context.match].text(limit: 254)
        record.secret = LeakedSecret(secret)
        return record
    }

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

    /// Without the marks around it, where both are there.
    private static func withoutQuotes(_ text: ByteView) -> ByteView {
        guard text.count > 2, let first = text.first, first == text.last, first == ByteView.quote || first == ByteView.apostrophe else { return text }
        return text[1..<text.count - 1]
    }
}
