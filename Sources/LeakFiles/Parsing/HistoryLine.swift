/// Lines of a log of changes, and what names a person as they do: `Author: Jane Doe <jane@…>`, `committer Jane Doe <jane@…> 1700000000 +0100`,
/// `Signed-off-by: Jane Doe <jane@…>`.
enum HistoryLine {
    private static let roles: [StaticString] = [
        "author", "authors", "@author", "committer", "commit", "tagger", "maintainer", "maintainers", "uploaders", "co-authored-by", "signed-off-by",
        "reviewed-by", "acked-by", "tested-by", "reported-by", "suggested-by", "helped-by", "requested-by", "approved-by", "merged-by",
    ]

    private static let others: [StaticString] = [
        "copyright", "delivered-to", "return-path", "x-original-to", "envelope-to", "x-envelope-to", "envelope-from", "x-envelope-from", "x-sender",
        "x-from", "x-to", "x-cc", "resent-from", "resent-to", "errors-to", "x-forwarded-to", "x-forwarded-for", "return-receipt-to",
        "disposition-notification-to", "mail-followup-to", "apparently-to",
    ]

    /// Whether a word says that a person follows, or their address.
    static func isPerson(_ word: ByteView) -> Bool {
        word.count > 5 && (roles.contains { word.equals($0) } || others.contains { word.equals($0) })
    }

    /// Whether what stands before an address in brackets begins with a word that a person's name follows. Marks of a comment may stand before it.
    static func namesPerson(_ before: ByteView) -> Bool {
        var words = Understanding.Words(before)
        guard var word = words.next() else { return false }
        while !word.contains(where: ByteView.isLetter), let next = words.next() { word = next }
        while let last = word.last, last == ByteView.colon || last == UInt8(ascii: "=") { word = word.upTo(word.count - 1) }
        return isPerson(word) || Understanding.isLabel(word)
    }

    /// What stands behind an address without the time of a change: seconds, and how far the clock is from that of Greenwich.
    static func withoutTime(_ after: ByteView) -> ByteView {
        let text = after.first == UInt8(ascii: ">") ? after.from(1).trimmedLeft : after
        guard text.count > 14 else { return after }
        let end = text.firstIndex(of: ByteView.blank) ?? text.count
        guard (9...11).contains(end), text.upTo(end).allSatisfy(ByteView.isDigit), text.count >= end + 6,
            text[end + 1] == UInt8(ascii: "+") || text[end + 1] == UInt8(ascii: "-"), text[end + 2..<end + 6].allSatisfy(ByteView.isDigit)
        else { return after }
        return text.from(end + 6)
    }

    /// Whether an address stands behind the word for what somebody did to a change.
    static func isOwn(_ context: MatchContext) -> Bool {
        let before = ByteView(context.line).upTo(context.match.lowerBound).trimmedLeft
        return roles.contains { role in
            let end = role.utf8CodeUnitCount
            return before.hasPrefix(role) && end < before.count && (before[end] == ByteView.colon || ByteView.isBlank(before[end]))
        }
    }

    /// Whether a line without an address is one of such a log: the id of a change, or its time.
    static func isPlain(_ line: ByteView) -> Bool {
        for name in ["commit ", "tree ", "parent ", "merge: "] as [StaticString] where line.hasPrefix(name) {
            var rest = line.from(name.utf8CodeUnitCount).trimmed
            // `commit 1234… (HEAD -> main)`.
            if let bracket = rest.firstIndex(of: UInt8(ascii: "(")), rest.last == UInt8(ascii: ")") { rest = rest.upTo(bracket).trimmed }
            if isIDs(rest, mayBeShort: name.utf8CodeUnitCount == 7 && line.hasPrefix("merge: ")) { return true }
        }
        for name in ["date:", "authordate:", "commitdate:"] as [StaticString] where line.hasPrefix(name) {
            if isTime(line.from(name.utf8CodeUnitCount)) { return true }
        }
        return false
    }

    private static func isIDs(_ text: ByteView, mayBeShort: Bool) -> Bool {
        var words = Understanding.Words(text)
        var count = 0
        while let word = words.next() {
            guard word.isHexadecimal, word.count == 40 || word.count == 64 || mayBeShort && (7...64).contains(word.count) else { return false }
            count += 1
        }
        return count > 0 && (count < 2 || mayBeShort)
    }

    /// `Mon Jan 1 12:00:00 2024 +0100` and what else a time is written with.
    static func isTime(_ text: ByteView) -> Bool {
        let names: [StaticString] = [
            "mon", "tue", "wed", "thu", "fri", "sat", "sun", "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
            "gmt",
            "utc", "cet", "cest", "est", "edt", "pst", "pdt", "am", "pm",
        ]
        let marks = [ByteView.colon, ByteView.dot, ByteView.slash, UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "T"), UInt8(ascii: "Z")]
        var words = Understanding.Words(text)
        var count = 0
        while let word = words.next() {
            count += 1
            let isNumber = word.count <= 32 && word.allSatisfy { ByteView.isDigit($0) || marks.contains($0) }
            let isName = word.count <= 9 && word.allSatisfy(ByteView.isLetter) && names.contains { word.hasPrefix($0) }
            guard count < 10, isNumber || isName else { return false }
        }
        return count > 0
    }
}
