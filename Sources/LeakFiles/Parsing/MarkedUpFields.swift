/// `<email>ann@…</email><password>…</password>`.
enum MarkedUpFields {
    /// How far from a match its fields are looked for.
    private static let reach = 4_096

    /// - Returns: nil when the match is no element's text.
    static func record(of address: Int, in context: MatchContext, offset: UInt64) -> LeakRecord? {
        let line = ByteView(context.line)
        let match = context.match
        guard match.lowerBound > 2, line[match.lowerBound - 1] == UInt8(ascii: ">"), match.upperBound + 2 < line.count,
            line[match.upperBound] == UInt8(ascii: "<"), line[match.upperBound + 1] == ByteView.slash
        else { return nil }
        let start = max(0, match.lowerBound - reach)
        let (elements, items) = elements(line[start..<min(line.count, match.upperBound + reach)], at: start)
        guard let own = elements.firstIndex(where: { $0.range == match }), elements.count > 1 else { return nil }
        let block = BlockOwner(run: elements, items: items, isStartCut: start > 0 || context.isStartCut).block(of: own)
        guard block.values.count > 1 || block.isUnclear else { return nil }
        let record = RowReading(values: block.values, shape: .combo, isNamed: true, confidence: .medium).record(
            of: address, at: match, text: line[match], offset: offset)
        return record.unread(unless: !block.isUnclear)
    }

    /// Whether a name is one of a page's, which says nothing of what is in it.
    private static func isOfPage(_ name: ByteView) -> Bool {
        let names: [StaticString] = ["td", "th", "li", "dd", "dt", "p", "b", "i", "a", "em", "tt", "span", "div", "code", "pre", "font", "strong"]
        return names.contains { name.equals($0) }
    }

    /// Elements with nothing but text in them, and which of them other elements begin or end before.
    private static func elements(_ text: ByteView, at start: Int) -> (values: [RowValue], items: [Bool]) {
        var values: [RowValue] = []
        var items: [Bool] = []
        var isItem = false
        var position = 0
        while values.count < DelimitedRow.mostColumns, let open = text.firstIndex(of: UInt8(ascii: "<"), from: position) {
            position = open + 1
            guard let close = text.firstIndex(of: UInt8(ascii: ">"), from: open), let next = text.firstIndex(of: UInt8(ascii: "<"), from: close)
            else { break }
            var name = text[open + 1..<close]
            if name.last == ByteView.slash { continue }
            guard let first = name.first, ByteView.isLetter(first) || first == 0x5F else {
                isItem = true
                continue
            }
            if let blank = name.firstIndex(of: ByteView.blank) { name = name.upTo(blank) }
            guard text.from(next + 1).first == ByteView.slash, text.from(next + 2).upTo(name.count).isSameText(as: name) else {
                isItem = true
                continue
            }
            values.append(
                RowValue(
                    text: text[close + 1..<next], escape: .markup, range: start + close + 1..<start + next, isQuoted: true, rawName: name,
                    role: isOfPage(name) ? .unknown : .of(name)))
            items.append(isItem)
            isItem = false
            position = next + 1
        }
        return (values, items)
    }
}

extension ByteView {
    func isSameText(as other: ByteView) -> Bool { count == other.count && (0..<count).allSatisfy { self[$0] == other[$0] } }
}
