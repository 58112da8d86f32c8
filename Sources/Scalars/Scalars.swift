/// Text taken sign by sign, where a sign is a Unicode scalar.
///
/// A Swift `Character` is what a person sees as one letter, and may be a quotation mark, `<` or a backslash *together with* a combining
/// mark behind it, or a sign such as U+0600 before it. Whoever writes such a text decides what its characters are: code that splits,
/// escapes or searches by `Character` does not find the quotation mark that every other reader of the text finds. So it is done here, and
/// `make lint` refuses the other way.
///
/// The places are those of the text itself, and `text[place...]` is good. All of it is inlinable, because imports and readings of leaks call it
/// for each cell and line: specialised for `String` it takes a tenth of the time.
extension StringProtocol {
    /// Where a sign first stands.
    @inlinable package func firstPlace(of sign: Unicode.Scalar) -> Index? { unicodeScalars.firstIndex(of: sign) }

    /// Where a sign last stands.
    @inlinable package func lastPlace(of sign: Unicode.Scalar) -> Index? { unicodeScalars.lastIndex(of: sign) }

    /// The place behind a sign.
    @inlinable package func place(behind sign: Index) -> Index { unicodeScalars.index(after: sign) }

    /// Whether a sign stands anywhere in it.
    @inlinable package func has(_ sign: Unicode.Scalar) -> Bool { unicodeScalars.contains(sign) }

    /// Whether a text stands anywhere in it, byte for byte.
    @inlinable package func has(text part: some StringProtocol) -> Bool { place(of: part) != nil }

    /// Whether it begins with a text, byte for byte.
    @inlinable package func begins(with start: some StringProtocol) -> Bool { utf8.starts(with: start.utf8) }

    /// Whether it ends with a text, byte for byte.
    @inlinable package func ends(with end: some StringProtocol) -> Bool { utf8.reversed().starts(with: end.utf8.reversed()) }

    /// Whether it is another text byte for byte: `==` also takes for equal what is only written alike, such as é in one scalar and in two.
    @inlinable package func isSame(as other: some StringProtocol) -> Bool { utf8.elementsEqual(other.utf8) }

    /// What stands behind a text that it begins with; nil when it does not.
    @inlinable package func rest(behind start: some StringProtocol) -> SubSequence? {
        begins(with: start) ? self[utf8.index(utf8.startIndex, offsetBy: start.utf8.count)...] : nil
    }

    /// What stands before a text that it ends with; nil when it does not.
    @inlinable package func rest(before end: some StringProtocol) -> SubSequence? {
        ends(with: end) ? self[..<utf8.index(utf8.endIndex, offsetBy: -end.utf8.count)] : nil
    }

    /// What stands between two texts of one sign each, such as quotes; nil when it is not so enclosed.
    @inlinable package func content(within opening: Unicode.Scalar, _ closing: Unicode.Scalar) -> SubSequence? {
        let scalars = unicodeScalars
        guard scalars.first == opening, scalars.last == closing else { return nil }
        let start = scalars.index(after: startIndex)
        guard start < endIndex else { return nil }
        return self[start..<scalars.index(before: endIndex)]
    }

    /// As much of its beginning as has so many signs.
    @inlinable package func beginning(_ signs: Int) -> SubSequence {
        self[..<(unicodeScalars.index(startIndex, offsetBy: signs, limitedBy: endIndex) ?? endIndex)]
    }

    /// Whether it has at most so many signs. It looks no further than needed.
    @inlinable package func hasAtMost(_ signs: Int) -> Bool {
        utf8.count <= signs || unicodeScalars.index(startIndex, offsetBy: signs, limitedBy: endIndex).map { $0 == endIndex } ?? true
    }

    /// The parts between signs.
    /// - Parameters:
    ///   - isBorder: which signs part it; they are in no part.
    ///   - limit: how often it is parted at most; the last part has the rest.
    ///   - keepsEmpty: whether parts with nothing in them count.
    @inlinable package func parts(limit: Int = .max, keepsEmpty: Bool = false, between isBorder: (Unicode.Scalar) -> Bool) -> [SubSequence] {
        unicodeScalars.split(maxSplits: limit, omittingEmptySubsequences: !keepsEmpty, whereSeparator: isBorder).map {
            self[$0.startIndex..<$0.endIndex]
        }
    }

    /// The parts between one sign.
    @inlinable package func parts(between border: Unicode.Scalar, limit: Int = .max, keepsEmpty: Bool = false) -> [SubSequence] {
        parts(limit: limit, keepsEmpty: keepsEmpty) { $0 == border }
    }

    /// The words: what stands between white space.
    @inlinable package var words: [SubSequence] { parts { $0.properties.isWhitespace } }

    /// With what is given for some signs in their place.
    @inlinable package func swapping(_ text: (Unicode.Scalar) -> String?) -> String {
        var result = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            if let text = text(scalar) { result.append(contentsOf: text.unicodeScalars) } else { result.append(scalar) }
        }
        return String(result)
    }

    /// With a text for each of one sign.
    @inlinable package func swapping(_ sign: Unicode.Scalar, for text: String) -> String { swapping { $0 == sign ? text : nil } }

    /// With a sign before each of some signs.
    @inlinable package func escaping(_ signs: Unicode.Scalar..., with escape: Unicode.Scalar = "\\") -> String {
        var result = String.UnicodeScalarView()
        for scalar in unicodeScalars {
            if signs.contains(scalar) { result.append(escape) }
            result.append(scalar)
        }
        return String(result)
    }

    /// With one text for each place at which another stands, byte for byte, from the beginning and without overlap.
    @inlinable package func swapping(text part: some StringProtocol, for other: some StringProtocol) -> String {
        var result = ""
        var rest = self[...]
        while let place = rest.place(of: part) {
            result += rest[..<place.lowerBound]
            result += other
            rest = rest[place.upperBound...]
        }
        return result + rest
    }

    /// Where a text first stands, byte for byte; nil for one without a byte.
    @inlinable package func place(of part: some StringProtocol) -> Range<Index>? {
        let wanted = Array(part.utf8)
        guard let first = wanted.first else { return nil }
        let bytes = utf8
        var start = bytes.startIndex
        while let found = bytes[start...].firstIndex(of: first) {
            let end = bytes.index(found, offsetBy: wanted.count, limitedBy: bytes.endIndex)
            guard let end else { return nil }
            if bytes[found..<end].elementsEqual(wanted) { return found..<end }
            start = bytes.index(after: found)
        }
        return nil
    }
}
