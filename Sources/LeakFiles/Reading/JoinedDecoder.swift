import Foundation

/// Turns UTF-16 in pieces of any size into UTF-8, and lets stretches in UTF-8 through as they are: files are joined of both.
struct JoinedDecoder {
    /// So many bytes of visible ASCII in a row are no UTF-16: of Chinese, where each character may look like two of them, hardly 16 do.
    private static let narrowRun = 32

    private var decoder: UTF16Decoder
    private var isWide = true
    /// Bytes that what follows decides on.
    private var pending: [UInt8] = []

    init(isBigEndian: Bool) {
        decoder = UTF16Decoder(isBigEndian: isBigEndian)
    }

    mutating func decode(_ bytes: UnsafeRawBufferPointer, into output: inout [UInt8]) {
        pending.append(contentsOf: bytes)
        process(isEnd: false, &output)
    }

    /// The text ends here.
    mutating func finish(into output: inout [UInt8]) {
        process(isEnd: true, &output)
        if isWide { decoder.finish(into: &output) }
    }

    private mutating func process(isEnd: Bool, _ output: inout [UInt8]) {
        let bytes = pending
        let consumed = bytes.withUnsafeBytes { text in
            var place = 0
            while place < text.count {
                let wasWide = isWide
                let next = wasWide ? wide(text, from: place, isEnd: isEnd, &output) : narrow(text, from: place, isEnd: isEnd, &output)
                // As far as what is at hand tells.
                if next == place, isWide == wasWide { break }
                place = next
            }
            return place
        }
        pending.removeFirst(consumed)
    }

    /// - Returns: up to where the text was decoded: where UTF-8 begins, or as far as what is at hand tells.
    private mutating func wide(_ text: UnsafeRawBufferPointer, from start: Int, isEnd: Bool, _ output: inout [UInt8]) -> Int {
        var place = start
        let limit = isEnd ? text.count : max(start, text.count - Self.narrowRun)
        while place < limit {
            if isTurned(text, at: place) {
                decoder.decode(UnsafeRawBufferPointer(rebasing: text[start..<place]), into: &output)
                decoder = UTF16Decoder(isBigEndian: !decoder.isBigEndian)
                return place > start ? place : wide(text, from: place, isEnd: isEnd, &output)
            }
            if place + 1 < text.count, Self.isVisible(text[place]), Self.isVisible(text[place + 1]), Self.isNarrow(text, from: place, isEnd: isEnd) {
                isWide = false
                break
            }
            place += 2
        }
        place = min(place, text.count)
        decoder.decode(UnsafeRawBufferPointer(rebasing: text[start..<place]), into: &output)
        if !isWide { decoder.finish(into: &output) }
        return place
    }

    /// - Returns: up to where the text was passed on: where UTF-16 begins, or as far as what is at hand tells.
    private mutating func narrow(_ text: UnsafeRawBufferPointer, from start: Int, isEnd: Bool, _ output: inout [UInt8]) -> Int {
        var place = start
        while place < text.count {
            switch text[place] {
            case 0:
                guard place + 2 < text.count || isEnd else { return copy(text, start..<(place > start ? place - 1 : place), &output) }
                // Each second byte is 0; a single one is damage.
                guard place + 2 < text.count, text[place + 2] == 0 else { break }
                isWide = true
                decoder = UTF16Decoder(isBigEndian: false)
                let isBehindCharacter = place > start && text[place - 1] < 0x80
                _ = copy(text, start..<(isBehindCharacter ? place - 1 : place), &output)
                return isBehindCharacter ? place - 1 : place + 1
            case 0xFE, 0xFF:
                guard place + 1 < text.count || isEnd else { return copy(text, start..<place, &output) }
                guard place + 1 < text.count, text[place] ^ text[place + 1] == 1, text[place + 1] >= 0xFE else { break }
                isWide = true
                decoder = UTF16Decoder(isBigEndian: text[place] == 0xFE)
                _ = copy(text, start..<place, &output)
                return place + 2
            default: break
            }
            place += 1
        }
        // The last byte may be a character's first.
        return copy(text, start..<(isEnd ? text.count : max(start, text.count - 1)), &output)
    }

    /// Whether from a place on the bytes of each character stand the other way round, as where two files were joined.
    private func isTurned(_ text: UnsafeRawBufferPointer, at place: Int) -> Bool {
        let (zero, letter) = decoder.isBigEndian ? (1, 0) : (0, 1)
        guard place + 8 <= text.count, text[place + zero] == 0, Self.isVisible(text[place + letter]) else { return false }
        return stride(from: place + 2, to: place + 8, by: 2).allSatisfy { text[$0 + zero] == 0 && Self.isVisible(text[$0 + letter]) }
    }

    private func copy(_ text: UnsafeRawBufferPointer, _ range: Range<Int>, _ output: inout [UInt8]) -> Int {
        output.append(contentsOf: UnsafeRawBufferPointer(rebasing: text[range]))
        return range.upperBound
    }

    private static func isNarrow(_ text: UnsafeRawBufferPointer, from start: Int, isEnd: Bool) -> Bool {
        var place = start
        var hasAt = false
        while place < text.count, place - start < narrowRun, isVisible(text[place]) {
            if text[place] == ByteView.at { hasAt = true }
            place += 1
        }
        let run = place - start
        // A short line with an address in it counts as well.
        return run >= narrowRun || run >= 8 && hasAt || isEnd && place == text.count && run >= 4
    }

    private static func isVisible(_ byte: UInt8) -> Bool { byte >= 0x20 && byte < 0x7F || byte == 9 || byte == 10 || byte == 13 }
}
