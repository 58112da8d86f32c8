/// Whether what stands beside an address makes it another one: letters and digits do, whatever the text is encoded in and however they are
/// escaped. Quotation marks, spaces of every kind, signs and escapes of such do not.
enum AddressBoundary {
    /// How many bytes beside an address decide at most.
    static let reachBefore = 160
    static let reachBehind = WatchIndex.dotReach + 64
    /// So long a label of a domain is at most.
    private static let mostInLabel = 63
    /// So many signs that an address may have make up no local part.
    private static let mostSigns = 64

    /// Whether an address may begin at a place.
    static func begins(_ place: Int, in text: UnsafeRawBufferPointer) -> Bool {
        var place = place
        let lowest = max(0, place - mostSigns)
        while place > lowest {
            let neighbour = Neighbour.before(place, in: text)
            switch neighbour.kind {
            case .letter: return false
            case .other: return true
            // `x-ann@…` and `x.ann@…` are other addresses; `-ann@…` and `…ann@…` are bullets and dots before one.
            case .inAddress: place -= neighbour.length
            }
        }
        return true
    }

    /// Whether a domain may end at a place.
    static func ends(_ place: Int, in text: UnsafeRawBufferPointer) -> Bool {
        let end = place
        var place = place
        let farthest = min(text.count, place + WatchIndex.dotReach)
        while place < farthest {
            // Of the signs that an address may have these two go on with a domain.
            if text[place] == UInt8(ascii: ".") || text[place] == UInt8(ascii: "-") {
                place += 1
                continue
            }
            return Neighbour.behind(place, in: text).kind != .letter || isBorder(end..<place, in: text)
        }
        return true
    }

    /// Whether signs between an address and a letter part the two: `ann@acme.test--secret`. Two hyphens may stand in a label of a domain, behind which
    /// a point comes; behind the last point they do not.
    private static func isBorder(_ signs: Range<Int>, in text: UnsafeRawBufferPointer) -> Bool {
        guard signs.count > 1, text[signs].allSatisfy({ $0 == UInt8(ascii: "-") }) else { return false }
        var place = signs.upperBound
        let farthest = min(text.count, place + mostInLabel)
        while place < farthest, ByteView.isLetter(text[place]) || ByteView.isDigit(text[place]) || text[place] == UInt8(ascii: "-") { place += 1 }
        guard place < farthest else { return true }
        return text[place] < 0x80 && text[place] != UInt8(ascii: ".")
    }
}

/// What stands beside a place of a text: a character or the escape of one.
struct Neighbour {
    enum Kind {
        case letter
        /// One of the signs `.-_+%`, which stand in addresses.
        case inAddress
        case other
    }

    var kind: Kind
    /// In bytes.
    var length: Int

    private init(_ kind: Kind, _ length: Int) {
        self.kind = kind
        self.length = length
    }

    private init(_ scalar: Unicode.Scalar, _ length: Int) { self.init(Self.kind(scalar), length) }

    // MARK: Before

    /// - Parameters:
    ///   - place: behind the neighbour; not 0.
    ///   - marks: how many marks more may stand on what is looked for.
    static func before(_ place: Int, in text: UnsafeRawBufferPointer, marks: Int = 8) -> Neighbour {
        if let escape = escape(before: place, in: text, marks: marks) { return escape }
        let byte = text[place - 1]
        guard byte >= 0x80 else { return Neighbour(Unicode.Scalar(byte), 1) }
        if let sign = Mangled.sign(before: place, in: text) { return Neighbour(sign, 1) }
        let (scalar, length) = scalar(before: place, in: text)
        return marked(scalar, length, place, text, marks)
    }

    /// A mark belongs to what it stands on: a symbol with a selector is none the less a symbol, and a letter with an accent a letter.
    private static func marked(_ scalar: Unicode.Scalar, _ length: Int, _ place: Int, _ text: UnsafeRawBufferPointer, _ marks: Int) -> Neighbour {
        guard isMark(scalar), length < place, marks > 0 else { return Neighbour(scalar, length) }
        let base = before(place - length, in: text, marks: marks - 1)
        return Neighbour(base.kind, length + base.length)
    }

    /// `\n`, `\u201c`, `\x22`, `\042`, `%22`, `&eacute;` before a place.
    private static func escape(before place: Int, in text: UnsafeRawBufferPointer, marks: Int) -> Neighbour? {
        let last = text[place - 1]
        if last == UInt8(ascii: ";") { return entity(before: place, in: text) }
        guard ByteView.isHex(last) || ByteView.isLetter(last), place >= 2 else { return nil }
        if text[place - 2] == ByteView.backslash, isControl(last) { return Neighbour(.other, 2) }
        if place >= 6, text[place - 6] == ByteView.backslash, text[place - 5] | 0x20 == UInt8(ascii: "u"),
            let unit = number(4, before: place, in: text)
        {
            guard unit & 0xFC00 == 0xDC00, place >= 12, text[place - 12] == ByteView.backslash, text[place - 11] | 0x20 == UInt8(ascii: "u"),
                let high = number(4, before: place - 6, in: text), high & 0xFC00 == 0xD800
            else { return marked(Unicode.Scalar(UInt32(unit)) ?? "\u{FFFD}", 6, place, text, marks) }
            return Neighbour(Unicode.Scalar(0x10000 + UInt32(high & 0x3FF) << 10 + UInt32(unit & 0x3FF)) ?? "\u{FFFD}", 12)
        }
        for (introducer, length) in [("%", 3), ("\\x", 4)] as [(StaticString, Int)] {
            guard stands(introducer, at: place - length, in: text) else { continue }
            // The bytes of one character are escaped one by one.
            var bytes: [UInt8] = []
            while bytes.count < 4, stands(introducer, at: place - length * (bytes.count + 1), in: text),
                let byte = number(2, before: place - length * bytes.count, in: text)
            {
                bytes.insert(UInt8(byte), at: 0)
            }
            guard !bytes.isEmpty else { continue }
            let found = bytes.withUnsafeBytes { scalar(before: $0.count, in: $0) }
            return marked(found.scalar, length * found.length, place, text, marks)
        }
        if place >= 4, text[place - 4] == ByteView.backslash, (0x30...0x33).contains(text[place - 3]),
            text[(place - 2)..<place].allSatisfy({ $0 & 0xF8 == 0x30 })
        {
            let byte = (text[place - 3] - 0x30) << 6 | (text[place - 2] - 0x30) << 3 | text[place - 1] - 0x30
            return Neighbour(withUnsafeBytes(of: byte) { scalar(before: 1, in: $0).scalar }, 4)
        }
        return nil
    }

    /// Whether a backslash and this letter are a line break, a tab or their like.
    private static func isControl(_ letter: UInt8) -> Bool {
        switch letter {
        case UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"), UInt8(ascii: "b"), UInt8(ascii: "f"), UInt8(ascii: "v"), UInt8(ascii: "a"),
            UInt8(ascii: "e"), UInt8(ascii: "0"):
            true
        default: false
        }
    }

    private static func stands(_ word: StaticString, at place: Int, in text: UnsafeRawBufferPointer) -> Bool {
        guard place >= 0, place + word.utf8CodeUnitCount <= text.count else { return false }
        for index in 0..<word.utf8CodeUnitCount where text[place + index] != word.utf8Start[index] { return false }
        return true
    }

    private static func number(_ digits: Int, before place: Int, in text: UnsafeRawBufferPointer) -> Int? {
        guard place >= digits else { return nil }
        var value = 0
        for byte in text[(place - digits)..<place] {
            guard ByteView.isHex(byte) else { return nil }
            value = value << 4 | Int(ByteView.isDigit(byte) ? byte - 0x30 : (byte | 0x20) - 0x57)
        }
        return value
    }

    private static func entity(before place: Int, in text: UnsafeRawBufferPointer) -> Neighbour? {
        var start = place - 1
        let lowest = max(0, place - 12)
        while start > lowest, text[start - 1] != UInt8(ascii: "&"), text[start - 1] > 0x20 { start -= 1 }
        guard start > lowest, text[start - 1] == UInt8(ascii: "&") else { return nil }
        return Neighbour(kind(entity: ByteView(UnsafeRawBufferPointer(rebasing: text[start..<(place - 1)]))), place - start + 1)
    }

    /// - Parameter name: what stands between `&` and `;`.
    private static func kind(entity name: ByteView) -> Kind {
        if name.first == UInt8(ascii: "#") {
            let isHexadecimal = name.count > 1 && name[1] | 0x20 == UInt8(ascii: "x")
            let digits = String(decoding: name.from(isHexadecimal ? 2 : 1).bytes, as: UTF8.self)
            return UInt32(digits, radix: isHexadecimal ? 16 : 10).flatMap { Unicode.Scalar($0) }.map { kind($0) } ?? .other
        }
        let letters: [StaticString] = ["acute", "grave", "uml", "circ", "tilde", "cedil", "ring", "slash", "lig", "caron"]
        // `&uuml;` is a letter, and `&uml;` an accent by itself.
        return letters.contains { (1...2).contains(name.count - $0.utf8CodeUnitCount) && name.hasSuffix($0) } ? .letter : .other
    }

    // MARK: Behind

    /// - Parameter place: where the neighbour begins; in the text.
    static func behind(_ place: Int, in text: UnsafeRawBufferPointer) -> Neighbour {
        let byte = text[place]
        switch byte {
        case ByteView.backslash:
            guard place + 6 <= text.count, text[place + 1] | 0x20 == UInt8(ascii: "u"), let unit = number(4, before: place + 6, in: text) else {
                return Neighbour(.other, 1)
            }
            return Neighbour(Unicode.Scalar(UInt32(unit)) ?? "\u{FFFD}", 6)
        case UInt8(ascii: "%"):
            guard place + 3 <= text.count, let value = number(2, before: place + 3, in: text) else { return Neighbour(.other, 1) }
            // What is not ASCII is a letter nearly always, of a domain in its own script.
            return Neighbour(value < 0x80 ? kind(Unicode.Scalar(UInt8(value))) : value < 0xC3 ? .other : .letter, 3)
        case UInt8(ascii: "&"):
            let rest = UnsafeRawBufferPointer(rebasing: text[(place + 1)..<min(text.count, place + 12)])
            guard let end = rest.firstIndex(of: UInt8(ascii: ";")) else { return Neighbour(.other, 1) }
            return Neighbour(kind(entity: ByteView(UnsafeRawBufferPointer(rebasing: rest[..<end]))), end + 2)
        case 0..<0x80: return Neighbour(Unicode.Scalar(byte), 1)
        default:
            if let sign = Mangled.sign(behind: place, in: text) { return Neighbour(sign, 1) }
            let (scalar, length) = scalar(behind: place, in: text)
            // A mark here stands on the domain's last letter, and makes it another one; selectors and joiners do not.
            return isMark(scalar) && !isSelector(scalar) ? Neighbour(.letter, length) : Neighbour(scalar, length)
        }
    }

    // MARK: Characters

    /// The character that ends at a place, of UTF-8 or of one byte.
    static func scalar(before place: Int, in text: UnsafeRawBufferPointer) -> (scalar: Unicode.Scalar, length: Int) {
        var length = 1
        while length < 4, length < place, text[place - length] & 0xC0 == 0x80 { length += 1 }
        if let scalar = utf8(UnsafeRawBufferPointer(rebasing: text[(place - length)..<place])) { return (scalar, length) }
        return (SingleByte.scalar(at: place - 1, in: text), 1)
    }

    /// The character that begins at a place.
    static func scalar(behind place: Int, in text: UnsafeRawBufferPointer) -> (scalar: Unicode.Scalar, length: Int) {
        let lead = text[place]
        let length = lead < 0x80 ? 1 : lead >= 0xF0 ? 4 : lead >= 0xE0 ? 3 : 2
        if place + length <= text.count, let scalar = utf8(UnsafeRawBufferPointer(rebasing: text[place..<(place + length)])) {
            return (scalar, length)
        }
        return (SingleByte.scalar(at: place, in: text), 1)
    }

    /// One character of UTF-8 and nothing else.
    private static func utf8(_ bytes: UnsafeRawBufferPointer) -> Unicode.Scalar? {
        var decoder = UTF8()
        var iterator = bytes.makeIterator()
        guard case .scalarValue(let scalar) = decoder.decode(&iterator), UTF8.width(scalar) == bytes.count else { return nil }
        return scalar
    }

    static func kind(_ scalar: Unicode.Scalar) -> Kind {
        switch scalar.value {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A: return .letter
        case 0x2E, 0x2D, 0x5F, 0x2B, 0x25: return .inAddress
        case 0..<0x80: return .other
        // Spacing accents, which are quotation marks mostly.
        case 0x2B0...0x2FF: return .other
        default: break
        }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter, .decimalNumber, .letterNumber: return .letter
        default: return .other
        }
    }

    private static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        guard scalar.value >= 0x300 else { return false }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark: return true
        default: return false
        }
    }

    private static func isSelector(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x34F, 0x180B...0x180F, 0xFE00...0xFE0F, 0xE0100...0xE01EF: true
        default: false
        }
    }
}

/// Text of one byte a character: Windows-1252, or Windows-1251 where it is Cyrillic.
enum SingleByte {
    /// The character at a place, as far as its neighbours tell which of the two it is: letters of both are letters, signs of both are signs;
    /// what is a letter in Cyrillic only is one beside others.
    static func scalar(at place: Int, in text: UnsafeRawBufferPointer) -> Unicode.Scalar {
        let byte = text[place]
        switch byte {
        case 0xC0...0xFF: return byte == 0xD7 || byte == 0xF7 ? (isBesideCyrillic(place, in: text) ? "\u{447}" : "\u{D7}") : Unicode.Scalar(byte)
        case 0x8A, 0x8C, 0x8E, 0x9A, 0x9C, 0x9E, 0x9F, 0xAA, 0xBA, 0x83: return "\u{161}"
        case 0x80, 0x81, 0x8D, 0x8F, 0x90, 0x9D, 0xA1, 0xA2, 0xA3, 0xA5, 0xA8, 0xAF, 0xB2, 0xB3, 0xB4, 0xB8, 0xBC, 0xBD, 0xBE, 0xBF:
            return isBesideCyrillic(place, in: text) ? "\u{456}" : "\u{B7}"
        case 0xB5: return "\u{B5}"
        default: return "\u{AB}"
        }
    }

    private static func isBesideCyrillic(_ place: Int, in text: UnsafeRawBufferPointer) -> Bool {
        let isLetter = { (byte: UInt8) in byte >= 0xC0 }
        return place > 0 && isLetter(text[place - 1]) || place + 1 < text.count && isLetter(text[place + 1])
    }
}

/// UTF-8 that was taken for Windows-1252 and encoded once more: `â€œann@…â€`, in which the quotation marks seem to be letters.
enum Mangled {
    /// The sign that stood before a place; nil when what stands there is as it seems.
    static func sign(before place: Int, in text: UnsafeRawBufferPointer) -> Unicode.Scalar? {
        var bytes: [UInt8] = []
        var position = place
        while bytes.count < 4, position > 0, text[position - 1] >= 0x80 {
            let found = Neighbour.scalar(before: position, in: text)
            guard found.length > 1, let byte = windows1252(found.scalar) else { return nil }
            bytes.insert(byte, at: 0)
            position -= found.length
            if byte >= 0xC2 { break }
        }
        return sign(bytes)
    }

    static func sign(behind place: Int, in text: UnsafeRawBufferPointer) -> Unicode.Scalar? {
        var bytes: [UInt8] = []
        var position = place
        while bytes.count < 4, position < text.count, text[position] >= 0x80 {
            let found = Neighbour.scalar(behind: position, in: text)
            guard found.length > 1, let byte = windows1252(found.scalar), bytes.isEmpty || byte < 0xC0 else { break }
            bytes.append(byte)
            position += found.length
            if bytes.count == (bytes[0] >= 0xF0 ? 4 : bytes[0] >= 0xE0 ? 3 : 2) { break }
        }
        // The last of the three is one that Windows-1252 has not, and many tools drop.
        if bytes == [0xE2, 0x80] { return "\u{201D}" }
        return sign(bytes)
    }

    private static func sign(_ bytes: [UInt8]) -> Unicode.Scalar? {
        guard bytes.count > 1, let text = String(validating: bytes, as: UTF8.self), let scalar = text.unicodeScalars.first,
            text.unicodeScalars.count == 1, Neighbour.kind(scalar) == .other
        else { return nil }
        return scalar
    }

    private static func windows1252(_ scalar: Unicode.Scalar) -> UInt8? {
        switch scalar.value {
        case 0x80...0xFF: return UInt8(scalar.value)
        default: return special[scalar.value]
        }
    }

    private static let special: [UInt32: UInt8] = [
        0x20AC: 0x80, 0x201A: 0x82, 0x192: 0x83, 0x201E: 0x84, 0x2026: 0x85, 0x2020: 0x86, 0x2021: 0x87, 0x2C6: 0x88, 0x2030: 0x89, 0x160: 0x8A,
        0x2039: 0x8B, 0x152: 0x8C, 0x17D: 0x8E, 0x2018: 0x91, 0x2019: 0x92, 0x201C: 0x93, 0x201D: 0x94, 0x2022: 0x95, 0x2013: 0x96, 0x2014: 0x97,
        0x2DC: 0x98, 0x2122: 0x99, 0x161: 0x9A, 0x203A: 0x9B, 0x153: 0x9C, 0x17E: 0x9E, 0x178: 0x9F,
    ]
}
