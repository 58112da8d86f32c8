import Scalars

/// From bytes to values.
extension ByteView {
    /// The text for people: decoded by what it looks like, without control characters.
    /// - Parameter limit: how many characters are kept.
    func text(limit: Int) -> String {
        if count <= limit, allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) { return String(decoding: bytes, as: UTF8.self) }
        let part = upTo(limit * 4)
        var text = ""
        if let decoded = String(validating: part.wholeCharacters.bytes, as: UTF8.self) {
            text = decoded
        } else {
            text = part.singleByteText
        }
        if text.unicodeScalars.contains(where: Self.isUnwanted) {
            text = String(String.UnicodeScalarView(text.unicodeScalars.filter { !Self.isUnwanted($0) }))
        }
        return text.utf8.count > limit ? String(text.beginning(limit)) : text
    }

    /// ASCII, lower-cased; other bytes as in ``text(limit:)``.
    func lowercasedText(limit: Int) -> String {
        guard count <= limit, allSatisfy({ $0 >= 0x20 && $0 < 0x7F }) else { return text(limit: limit).lowercased() }
        return String(unsafeUninitializedCapacity: count) { buffer in
            for index in 0..<count { buffer[index] = Self.lowercased(self[index]) }
            return count
        }
    }

    /// Without a character that the cut at a limit split.
    private var wholeCharacters: ByteView {
        var end = count
        var back = 0
        while end > 0, back < 4, self[end - 1] & 0xC0 == 0x80 {
            end -= 1
            back += 1
        }
        guard end > 0, self[end - 1] >= 0xC0 else { return self }
        let lead = self[end - 1]
        let needed = lead >= 0xF0 ? 3 : lead >= 0xE0 ? 2 : 1
        return back == needed ? self : back < needed ? upTo(end - 1) : self
    }

    /// Windows-1251 when letters come in runs, as they do in Cyrillic words, else Windows-1252.
    private var singleByteText: String {
        var high = 0
        var inRuns = 0
        for index in 0..<count where self[index] >= 0xC0 {
            high += 1
            if index > 0, self[index - 1] >= 0xC0 { inRuns += 1 }
        }
        let isCyrillic = inRuns * 2 >= high && inRuns > 0
        var scalars = String.UnicodeScalarView()
        for index in 0..<count {
            let byte = self[index]
            if byte < 0x80 {
                scalars.append(Unicode.Scalar(byte))
            } else if isCyrillic {
                scalars.append(Self.windows1251(byte))
            } else {
                scalars.append(byte < 0xA0 ? "\u{FFFD}" : Unicode.Scalar(byte))
            }
        }
        return String(scalars)
    }

    private static func windows1251(_ byte: UInt8) -> Unicode.Scalar {
        switch byte {
        case 0xC0...0xFF: Unicode.Scalar(0x410 + UInt32(byte - 0xC0)) ?? "\u{FFFD}"
        case 0xA8: "\u{401}"
        case 0xB8: "\u{451}"
        case 0xAA: "\u{404}"
        case 0xBA: "\u{454}"
        case 0xAF: "\u{407}"
        case 0xBF: "\u{457}"
        case 0xB2: "\u{406}"
        case 0xB3: "\u{456}"
        case 0xB9: "\u{2116}"
        default: "\u{FFFD}"
        }
    }

    /// Control characters, and those that are not seen but change how others are shown.
    private static func isUnwanted(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0..<0x20, 0x7F..<0xA0, 0x200B...0x200F, 0x202A...0x202E, 0x2066...0x2069, 0xFEFF: true
        default: false
        }
    }

    /// A whole number of at most 18 digits, nothing else.
    var wholeNumber: Int? {
        guard count > 0, count <= 18 else { return nil }
        var number = 0
        for index in 0..<count {
            guard Self.isDigit(self[index]) else { return nil }
            number = number * 10 + Int(self[index] - 48)
        }
        return number
    }
}
