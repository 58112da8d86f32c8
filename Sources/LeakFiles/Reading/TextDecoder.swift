/// How a text is written, found from its beginning.
enum TextEncoding: Sendable {
    case utf8(markBytes: Int)
    case utf16(isBigEndian: Bool, markBytes: Int)

    /// How much of a text is looked at.
    static let sampleBytes = 4096

    /// - Parameter sample: the first ``sampleBytes``, or the whole text when it is shorter.
    init(_ sample: UnsafeRawBufferPointer) {
        if sample.starts(with: [0xEF, 0xBB, 0xBF]) {
            self = .utf8(markBytes: 3)
        } else if sample.starts(with: [0xFF, 0xFE]) {
            self = .utf16(isBigEndian: false, markBytes: 2)
        } else if sample.starts(with: [0xFE, 0xFF]) {
            self = .utf16(isBigEndian: true, markBytes: 2)
        } else if sample.starts(with: FileKind.sqlite) {
            // Its pages are full of zeros, which say nothing of its texts.
            self = .utf8(markBytes: 0)
        } else {
            let seen = sample.prefix(Self.sampleBytes)
            var zeros = 0
            for place in stride(from: 1, to: seen.count, by: 2) where seen[place] == 0 { zeros += 1 }
            let odd = seen.count / 2
            // Some stealers write UTF-16 LE without a mark: more than 30 % zeros at odd places, or at even ones where the high byte comes
            // first. Zeros at both are no text.
            var even = 0
            for place in stride(from: 0, to: seen.count, by: 2) where seen[place] == 0 { even += 1 }
            self =
                if 10 * zeros > 3 * odd, even < zeros {
                    .utf16(isBigEndian: false, markBytes: 0)
                } else if 10 * even > 3 * odd, 4 * zeros < even {
                    .utf16(isBigEndian: true, markBytes: 0)
                } else {
                    .utf8(markBytes: 0)
                }
        }
    }

    var markBytes: Int {
        switch self {
        case .utf8(let count), .utf16(_, let count): count
        }
    }
}

/// Turns UTF-16 in pieces of any size into UTF-8. What is no character becomes U+FFFD; byte order marks are dropped, also amid the text.
struct UTF16Decoder {
    let isBigEndian: Bool
    private var odd: UInt8?
    private var high: UInt16?

    init(isBigEndian: Bool) {
        self.isBigEndian = isBigEndian
    }

    mutating func decode(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        for byte in bytes {
            guard let first = odd else {
                odd = byte
                continue
            }
            odd = nil
            unit(isBigEndian ? UInt16(first) << 8 | UInt16(byte) : UInt16(byte) << 8 | UInt16(first), &output)
        }
    }

    /// The text ends here: what is left of a character is none.
    mutating func finish(into output: inout [UInt8]) {
        if odd != nil || high != nil { append(0xFFFD, &output) }
        odd = nil
        high = nil
    }

    private mutating func unit(_ unit: UInt16, _ output: inout [UInt8]) {
        if unit < 0x80, high == nil {
            output.append(UInt8(unit))
            return
        }
        if let first = high {
            high = nil
            if unit & 0xFC00 == 0xDC00 {
                append(0x10000 + (UInt32(first & 0x3FF) << 10 | UInt32(unit & 0x3FF)), &output)
                return
            }
            append(0xFFFD, &output)
        }
        switch unit {
        case 0xD800...0xDBFF: high = unit
        case 0xDC00...0xDFFF: append(0xFFFD, &output)
        case 0xFEFF: break
        default: append(UInt32(unit), &output)
        }
    }

    private func append(_ scalar: UInt32, _ output: inout [UInt8]) {
        switch scalar {
        case ..<0x80:
            output.append(UInt8(scalar))
        case ..<0x800:
            output.append(UInt8(0xC0 | scalar >> 6))
            output.append(UInt8(0x80 | scalar & 0x3F))
        case ..<0x10000:
            output.append(UInt8(0xE0 | scalar >> 12))
            output.append(UInt8(0x80 | scalar >> 6 & 0x3F))
            output.append(UInt8(0x80 | scalar & 0x3F))
        default:
            output.append(UInt8(0xF0 | scalar >> 18))
            output.append(UInt8(0x80 | scalar >> 12 & 0x3F))
            output.append(UInt8(0x80 | scalar >> 6 & 0x3F))
            output.append(UInt8(0x80 | scalar & 0x3F))
        }
    }
}

extension TextEncoding {
    /// Calls `body` with a whole text as UTF-8, without its byte order mark.
    static func withDecoded<Result>(_ text: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        let encoding = TextEncoding(UnsafeRawBufferPointer(rebasing: text.prefix(sampleBytes)))
        let rest = UnsafeRawBufferPointer(rebasing: text.dropFirst(encoding.markBytes))
        switch encoding {
        case .utf8: return try body(rest)
        case .utf16(let isBigEndian, _):
            var decoder = JoinedDecoder(isBigEndian: isBigEndian)
            var output: [UInt8] = []
            output.reserveCapacity(rest.count)
            decoder.decode(rest, into: &output)
            decoder.finish(into: &output)
            return try output.withUnsafeBytes(body)
        }
    }
}
