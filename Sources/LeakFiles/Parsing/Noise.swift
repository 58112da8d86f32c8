/// What sellers and tools put between and behind the data.
enum Noise {
    /// What stands for "nothing": the record has no such value.
    static func isPlaceholder(_ value: ByteView) -> Bool {
        guard value.count <= 32 else { return false }
        let value = value.trimmed
        guard let first = value.first else { return true }
        switch ByteView.lowercased(first) {
        case UInt8(ascii: "u"): return value.equals("unknown") || value.equals("undefined")
        case UInt8(ascii: "n"): return value.equals("n/a") || value.equals("null") || value.equals("none") || value.equals("nan")
        case UInt8(ascii: "["):
            return value.equals("[redacted]") || value.equals("[not_saved]") || value.equals("[fail]") || value.equals("[null]")
                || value.equals("[unknown]")
        case UInt8(ascii: "<"): return value.equals("<null>") || value.equals("<empty>")
        case UInt8(ascii: "-"): return value.count == 1
        case ByteView.backslash: return value.equals("\\n")
        case 0xE2: return isBlocks(value)
        default: return false
        }
    }

    /// Block graphics (U+2580 to U+259F) and nothing else.
    private static func isBlocks(_ value: ByteView) -> Bool {
        guard value.count % 3 == 0 else { return false }
        for index in stride(from: 0, to: value.count, by: 3) {
            guard value[index] == 0xE2, value[index + 1] == 0x96, (0x80...0x9F).contains(value[index + 2]) else { return false }
        }
        return true
    }

    /// A line that holds no data at all.
    static func isBanner(_ line: ByteView) -> Bool {
        let line = line.trimmed
        guard let first = line.first else { return true }
        switch first {
        case UInt8(ascii: "*"): return !isMySQLHash(line)
        case UInt8(ascii: "="), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "#"), UInt8(ascii: "~"):
            return line.count >= 8 && line.upTo(8).allSatisfy { $0 == first }
        default: break
        }
        if line.hasPrefix("telegram") || line.hasPrefix("t.me/") || line.hasPrefix("total:") || line.hasPrefix("join ") { return true }
        return (line.hasPrefix("https://t.me/") || line.hasPrefix("http://t.me/")) && line.from(12).firstIndex(of: ByteView.colon) == nil
    }

    private static func isMySQLHash(_ line: ByteView) -> Bool { line.count >= 41 && line[1..<41].isHexadecimal }

    /// A line without the advertising at its end.
    ///
    /// Only what names a seller's channel or says so in words is cut, and only behind a blank, a bar or a bracket.
    static func withoutAdvertising(_ line: ByteView) -> ByteView {
        // Most lines have none of the letters that an advertisement needs behind a blank, bar or bracket.
        var searched = 0
        while let delimiter = nextDelimiter(line, from: searched) {
            var start = delimiter.end
            while start < line.count, line[start] == ByteView.blank { start += 1 }
            searched = start
            guard delimiter.start > 0, startsAdvertising(line.from(start)) else { continue }
            // A note in brackets in the middle of a line is behind a login, and the secret follows.
            if line[delimiter.start] == UInt8(ascii: "["), let end = line.firstIndex(of: UInt8(ascii: "]"), from: start), end + 2 < line.count {
                searched = end
                continue
            }
            var end = delimiter.start
            while end > 0, line[end - 1] == ByteView.blank || line[end - 1] == ByteView.pipe { end -= 1 }
            return line.upTo(end)
        }
        return line
    }

    private static func nextDelimiter(_ line: ByteView, from start: Int) -> (start: Int, end: Int)? {
        var index = start
        while index < line.count {
            switch line[index] {
            case ByteView.blank, ByteView.pipe, UInt8(ascii: "["): return (index, index + 1)
            // U+2503, a heavy vertical line.
            case 0xE2 where index + 2 < line.count && line[index + 1] == 0x94 && line[index + 2] == 0x83: return (index, index + 3)
            default: index += 1
            }
        }
        return nil
    }

    static func startsAdvertising(_ text: ByteView) -> Bool {
        guard let first = text.first else { return false }
        switch ByteView.lowercased(first) {
        case UInt8(ascii: "h"): return text.hasPrefix("https://t.me/") || text.hasPrefix("http://t.me/") || text.hasPrefix("https://telegram.")
        case UInt8(ascii: "t"):
            return text.hasPrefix("t.me/") || text.hasPrefix("telegram:") || text.hasPrefix("telegram @") || text.hasPrefix("tg: ")
                || text.hasPrefix("tg @") || text.hasPrefix("to buy ")
        case UInt8(ascii: "y"): return text.hasPrefix("you can buy")
        case UInt8(ascii: "d"): return text.hasPrefix("dm @") || text.hasPrefix("dm me")
        case UInt8(ascii: "b"): return text.hasPrefix("buy @") || text.hasPrefix("buy logs")
        case UInt8(ascii: "j"): return text.hasPrefix("join @") || text.hasPrefix("join https://t.me") || text.hasPrefix("join t.me")
        default: return false
        }
    }

    /// A secret without what a checker of accounts wrote behind it: `pw | Subscription = Premium | Country = DE`.
    static func withoutCapture(_ secret: ByteView) -> ByteView {
        var position = 1
        while position < secret.count, let blank = secret.firstIndex(of: ByteView.blank, from: position) {
            position = blank + 1
            guard position + 2 < secret.count else { break }
            let mark = secret[position]
            guard mark == ByteView.pipe || mark == UInt8(ascii: "-") || mark == UInt8(ascii: "[") || mark == UInt8(ascii: "~") else { continue }
            let note = secret.from(position + 1)
            // Behind a bar a colon does as well; a dash or bracket stands in passwords, too.
            if isNamed(note.trimmedLeft, mayHaveColon: mark == ByteView.pipe || mark == UInt8(ascii: "[")) { return secret.upTo(blank).trimmedRight }
        }
        return secret
    }

    /// Whether a text begins with words of letters, and `=` or `:` behind them.
    private static func isNamed(_ text: ByteView, mayHaveColon: Bool) -> Bool {
        var index = 0
        while index < text.count, index <= 32 {
            let byte = text[index]
            if byte == UInt8(ascii: "=") { return index > 1 }
            if byte == ByteView.colon { return index > 1 && mayHaveColon }
            guard
                ByteView.isLetter(byte) || byte >= 0x80 || index > 0 && (ByteView.isDigit(byte) || [ByteView.blank, 0x5F, 0x2D, 0x2E].contains(byte))
            else {
                return false
            }
            index += 1
        }
        return false
    }

    /// A login without the note in brackets that a seller wrote behind it.
    static func withoutNote(_ login: ByteView) -> ByteView {
        guard let bracket = login.firstIndex(of: UInt8(ascii: "[")), bracket > 0, startsAdvertising(login.from(bracket + 1)) else { return login }
        return login.upTo(bracket).trimmedRight
    }
}
