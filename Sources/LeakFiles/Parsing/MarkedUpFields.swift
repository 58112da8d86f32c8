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
        let elements = elements(line[start..<min(line.count, match.upperBound + reach)], at: start)
        guard let own = elements.firstIndex(where: { $0.range == match }), elements.count > 1 else { return nil }
        let values = LabelledBlock.oneRecord(elements, own: own, isStartCut: start > 0 || context.isStartCut)
        guard values.count > 1 else { return nil }
        return RowReading(values: values, shape: .combo, isNamed: true, confidence: .medium).record(
            of: address, at: match, text: line[match], offset: offset)
    }

    /// Elements with nothing but text in them.
    private static func elements(_ text: ByteView, at start: Int) -> [RowValue] {
        var values: [RowValue] = []
        var position = 0
        while values.count < DelimitedRow.mostColumns, let open = text.firstIndex(of: UInt8(ascii: "<"), from: position) {
            position = open + 1
            guard let close = text.firstIndex(of: UInt8(ascii: ">"), from: open), let next = text.firstIndex(of: UInt8(ascii: "<"), from: close)
            else { break }
            var name = text[open + 1..<close]
            guard let first = name.first, ByteView.isLetter(first) || first == 0x5F, name.last != ByteView.slash else { continue }
            if let blank = name.firstIndex(of: ByteView.blank) { name = name.upTo(blank) }
            guard text.from(next + 1).first == ByteView.slash, text.from(next + 2).upTo(name.count).isSameText(as: name) else { continue }
            values.append(
                RowValue(
                    text: text[close + 1..<next], escape: .markup, range: start + close + 1..<start + next, isQuoted: true, rawName: name,
                    role: .of(name)))
            position = next + 1
        }
        return values
    }
}

extension ByteView {
    func isSameText(as other: ByteView) -> Bool { count == other.count && (0..<count).allSatisfy { self[$0] == other[$0] } }
}
