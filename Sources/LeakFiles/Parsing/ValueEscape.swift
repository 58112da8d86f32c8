import Foundation

/// How a value is written where some of its bytes cannot stand for themselves.
enum ValueEscape {
    case none
    /// Quotes doubled; with backslashes, also `\"` and `\\`.
    case delimited(quote: UInt8, hasBackslashes: Bool)
    /// An SQL string: quotes doubled, and in MySQL's dialect backslashes.
    case sql(hasBackslashes: Bool)
    /// A field of PostgreSQL's COPY.
    case copy
    case json
    /// A field of a form, as it is sent: `%2B`, and `+` for a blank.
    case form
    /// `&amp;` and its like.
    case markup
    /// Base64, as LDIF has after two colons.
    case base64

    /// The value as it was before it was written down.
    func decoded(_ text: ByteView) -> [UInt8] {
        switch self {
        case .none: return Array(text.bytes)
        case .delimited(let quote, let hasBackslashes): return Self.unquoted(text, quote: quote) { hasBackslashes ? Self.character($0) : nil }
        case .sql(let hasBackslashes): return Self.unquoted(text, quote: ByteView.apostrophe) { hasBackslashes ? Self.sqlCharacter($0) : nil }
        case .copy: return Self.copyField(text)
        case .json: return Self.jsonString(text)
        case .form: return Self.formField(text)
        case .markup: return Self.unmarked(text)
        case .base64: return Data(base64Encoded: Data(text.bytes), options: .ignoreUnknownCharacters).map { Array($0) } ?? Array(text.bytes)
        }
    }

    /// Whether a text is the same before and after decoding, as nearly all are.
    func isPlain(_ text: ByteView) -> Bool {
        switch self {
        case .none: true
        case .delimited(let quote, let hasBackslashes): !text.contains(quote) && !(hasBackslashes && text.contains(ByteView.backslash))
        case .sql(let hasBackslashes): !text.contains(ByteView.apostrophe) && !(hasBackslashes && text.contains(ByteView.backslash))
        case .copy, .json: !text.contains(ByteView.backslash)
        case .form: !text.contains(UInt8(ascii: "%")) && !text.contains(UInt8(ascii: "+"))
        case .markup: !text.contains(UInt8(ascii: "&"))
        case .base64: text.isEmpty
        }
    }

    private static func unquoted(_ text: ByteView, quote: UInt8, escape: (UInt8) -> [UInt8]?) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            let byte = text[index]
            index += 1
            if byte == quote, index < text.count, text[index] == quote {
                index += 1
                bytes.append(quote)
            } else if byte == ByteView.backslash, index < text.count, let replaced = escape(text[index]) {
                index += 1
                bytes += replaced
            } else {
                bytes.append(byte)
            }
        }
        return bytes
    }

    private static func character(_ byte: UInt8) -> [UInt8]? { byte == ByteView.quote || byte == ByteView.backslash || byte == 0x27 ? [byte] : nil }

    private static func sqlCharacter(_ byte: UInt8) -> [UInt8] {
        switch byte {
        case UInt8(ascii: "0"): [0]
        case UInt8(ascii: "n"): [10]
        case UInt8(ascii: "r"): [13]
        case UInt8(ascii: "t"): [9]
        case UInt8(ascii: "b"): [8]
        case UInt8(ascii: "Z"): [26]
        // These two keep their backslash, because they mean something in LIKE.
        case UInt8(ascii: "%"), UInt8(ascii: "_"): [ByteView.backslash, byte]
        default: [byte]
        }
    }

    private static func copyField(_ text: ByteView) -> [UInt8] {
        var bytes: [UInt8] = []
        var index = 0
        while index < text.count {
            let byte = text[index]
            index += 1
            guard byte == ByteView.backslash, index < text.count else {
                bytes.append(byte)
                continue
            }
            let escaped = text[index]
            index += 1
            switch escaped {
            case UInt8(ascii: "b"): bytes.append(8)
            case UInt8(ascii: "f"): bytes.append(12)
            case UInt8(ascii: "n"): bytes.append(10)
            case UInt8(ascii: "r"): bytes.append(13)
            case UInt8(ascii: "t"): bytes.append(9)
            case UInt8(ascii: "v"): bytes.append(11)
            case UInt8(ascii: "0")...UInt8(ascii: "7"):
                var value = Int(escaped - 48)
                var digits = 1
                while digits < 3, index < text.count, (48...55).contains(text[index]) {
                    value = value * 8 + Int(text[index] - 48)
                    digits += 1
                    index += 1
                }
                bytes.append(UInt8(truncatingIfNeeded: value))
            case UInt8(ascii: "x"):
                let digits = Self.hexadecimal(text, from: index, limit: 2)
                bytes.append(digits.count == 0 ? escaped : UInt8(truncatingIfNeeded: digits.value))
                index += digits.count
            default: bytes.append(escaped)
            }
        }
        return bytes
    }

    private static func jsonString(_ text: ByteView) -> [UInt8] {
        var bytes: [UInt8] = []
        var index = 0
        while index < text.count {
            let byte = text[index]
            index += 1
            guard byte == ByteView.backslash, index < text.count else {
                bytes.append(byte)
                continue
            }
            let escaped = text[index]
            index += 1
            switch escaped {
            case UInt8(ascii: "b"): bytes.append(8)
            case UInt8(ascii: "f"): bytes.append(12)
            case UInt8(ascii: "n"): bytes.append(10)
            case UInt8(ascii: "r"): bytes.append(13)
            case UInt8(ascii: "t"): bytes.append(9)
            case UInt8(ascii: "u"):
                let first = Self.hexadecimal(text, from: index, limit: 4)
                guard first.count == 4 else {
                    bytes.append(escaped)
                    continue
                }
                index += 4
                var value = first.value
                if (0xD800..<0xDC00).contains(value), index + 6 <= text.count, text[index] == ByteView.backslash, text[index + 1] == UInt8(ascii: "u")
                {
                    let second = Self.hexadecimal(text, from: index + 2, limit: 4)
                    if second.count == 4, (0xDC00..<0xE000).contains(second.value) {
                        value = 0x10000 + (value - 0xD800) << 10 + (second.value - 0xDC00)
                        index += 6
                    }
                }
                bytes += Array(String(Character(Unicode.Scalar(UInt32(value)) ?? "\u{FFFD}")).utf8)
            default: bytes.append(escaped)
            }
        }
        return bytes
    }

    private static func formField(_ text: ByteView) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            let byte = text[index]
            index += 1
            if byte == UInt8(ascii: "+") {
                bytes.append(ByteView.blank)
            } else if byte == UInt8(ascii: "%") {
                let digits = hexadecimal(text, from: index, limit: 2)
                bytes.append(digits.count == 2 ? UInt8(truncatingIfNeeded: digits.value) : byte)
                if digits.count == 2 { index += 2 }
            } else {
                bytes.append(byte)
            }
        }
        return bytes
    }

    private static let entities: [(StaticString, UInt8)] = [
        ("&amp;", UInt8(ascii: "&")), ("&lt;", UInt8(ascii: "<")), ("&gt;", UInt8(ascii: ">")), ("&quot;", UInt8(ascii: "\"")),
        ("&apos;", UInt8(ascii: "'")), ("&#39;", UInt8(ascii: "'")), ("&#039;", UInt8(ascii: "'")), ("&#34;", UInt8(ascii: "\"")),
    ]

    private static func unmarked(_ text: ByteView) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var index = 0
        while index < text.count {
            if text[index] == UInt8(ascii: "&"), let entity = entities.first(where: { text.from(index).hasPrefix($0.0) }) {
                bytes.append(entity.1)
                index += entity.0.utf8CodeUnitCount
            } else {
                bytes.append(text[index])
                index += 1
            }
        }
        return bytes
    }

    private static func hexadecimal(_ text: ByteView, from start: Int, limit: Int) -> (value: Int, count: Int) {
        var value = 0
        var count = 0
        while count < limit, start + count < text.count, ByteView.isHex(text[start + count]) {
            let digit = text[start + count]
            value = value * 16 + Int(ByteView.isDigit(digit) ? digit - 48 : (digit | 0x20) - 87)
            count += 1
        }
        return (value, count)
    }
}
