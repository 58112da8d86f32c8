/// `email=ann%2B1@…&password=…`: what a browser or program sent, or a site's address has behind its `?`.
enum FormFields {
    /// How far from a match its fields are looked for.
    private static let reach = 2_048

    /// - Returns: nil when the match is no field's value, or the only one.
    static func record(of address: Int, in context: MatchContext, offset: UInt64) -> LeakRecord? {
        let line = ByteView(context.line)
        let match = context.match
        // Nearly all lines have something else before the address.
        guard match.lowerBound > 0 else { return nil }
        let lowest = max(0, match.lowerBound - reach)
        var start = match.lowerBound
        while start > lowest, !ends(line[start - 1]) { start -= 1 }
        let highest = min(line.count, match.upperBound + reach)
        var end = match.upperBound
        while end < highest, !ends(line[end]) { end += 1 }
        let isStartCut = start == lowest && (lowest > 0 || context.isStartCut)
        let isEndCut = end == highest && (highest < line.count || context.isEndCut)
        let text = line[start..<end]
        guard text.contains(UInt8(ascii: "&")), text.contains(UInt8(ascii: "=")) else { return nil }
        let values = fields(text, at: start, isStartCut: isStartCut, isEndCut: isEndCut)
        guard values.count > 1, let own = values.first(where: { $0.range.lowerBound <= match.lowerBound && match.upperBound <= $0.range.upperBound }),
            own.role != .secret, isOwn(own.text, line[match])
        else { return nil }
        // Whatever the field of the address is called, it is sent together with the others.
        var named = values
        for index in named.indices where named[index].range == own.range { named[index].role = .email }
        var record = RowReading(values: named, shape: .combo, isNamed: true, confidence: .medium).record(
            of: address, at: match, text: line[match], offset: offset)
        if let site = site(before: start, in: line) {
            record.site = site
            record.shape = .ulp
        }
        return record
    }

    /// Whether the value is the address, with what was in its local part as `%2B`.
    private static func isOwn(_ value: ByteView, _ match: ByteView) -> Bool {
        guard let start = match.offset(in: value), start + match.count == value.count else { return false }
        return start == 0
            || value.upTo(start).allSatisfy { ByteView.isLetter($0) || ByteView.isDigit($0) || [0x25, 0x2B, 0x2D, 0x2E, 0x5F].contains($0) }
    }

    private static func ends(_ byte: UInt8) -> Bool {
        switch byte {
        case 0...0x20, ByteView.quote, ByteView.apostrophe, UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "`"), UInt8(ascii: "?"), ByteView.pipe:
            true
        default: false
        }
    }

    private static func fields(_ text: ByteView, at start: Int, isStartCut: Bool, isEndCut: Bool) -> [RowValue] {
        var values: [RowValue] = []
        var position = 0
        while position < text.count, values.count < DelimitedRow.mostColumns {
            let end = text.firstIndex(of: UInt8(ascii: "&"), from: position) ?? text.count
            var field = text[position..<end]
            // As pages have it.
            if position > 0, field.hasPrefix("amp;") { field = field.from(4) }
            if let equals = field.firstIndex(of: UInt8(ascii: "=")), equals > 0, !(isStartCut && position == 0) {
                let value = field.from(equals + 1)
                let begin = start + (value.offset(in: text) ?? 0)
                let name = String(decoding: ValueEscape.form.decoded(field.upTo(equals)), as: UTF8.self)
                values.append(
                    RowValue(
                        text: value, escape: .form, range: begin..<begin + value.count, name: shown(name), role: ColumnRole.of(name),
                        isCut: isEndCut && end == text.count))
            }
            position = end + 1
        }
        return values
    }

    private static func shown(_ name: String) -> String? {
        var name = name
        return name.withUTF8 { FieldName.shown(ByteView(UnsafeRawBufferPointer($0))) }
    }

    /// The host of `https://host/path?` before the fields.
    private static func site(before start: Int, in line: ByteView) -> String? {
        guard start > 0, line[start - 1] == UInt8(ascii: "?") else { return nil }
        var begin = start - 1
        while begin > 0, !ends(line[begin - 1]) { begin -= 1 }
        let text = line[begin..<start - 1]
        return SiteAddress.schemeLength(text) == nil ? nil : SiteAddress.host(of: text)
    }
}
