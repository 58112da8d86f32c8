@testable import LeakFiles

/// SplitMix64, so that a failure can be repeated from its seed.
struct SeededRandom: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// The rules of a match, said once more and as plainly as can be.
struct NaiveMatcher {
    let addresses: [[UInt8]]

    func matches(in text: [UInt8]) -> [WatchMatch] {
        var found: [(at: Int, match: WatchMatch)] = []
        for (number, address) in addresses.enumerated() where text.count >= address.count {
            guard let at = address.lastIndex(of: 0x40) else { continue }
            for start in 0...(text.count - address.count) {
                let end = start + address.count
                guard text[start..<end].map(lowered).elementsEqual(address), mayBegin(start, text), mayEnd(end, text) else { continue }
                found.append((start + at, WatchMatch(address: number, range: start..<end)))
            }
        }
        found.sort { ($0.at, $0.match.range.lowerBound) < ($1.at, $1.match.range.lowerBound) }
        return found.map(\.match)
    }

    private func lowered(_ byte: UInt8) -> UInt8 { (0x41...0x5A).contains(byte) ? byte + 0x20 : byte }

    /// Of bytes that are no ASCII it knows 0xC3, a letter in each encoding, 0xAB, a quotation mark unless both are one letter of UTF-8, and the
    /// byte order mark.
    private func mayBegin(_ place: Int, _ text: [UInt8]) -> Bool {
        var place = place
        while place > 0, Array("._%+-".utf8).contains(text[place - 1]) { place -= 1 }
        guard place > 0 else { return true }
        if text[place - 1] == 0xAB { return place < 2 || text[place - 2] != 0xC3 }
        return !isLetterOrDigit(text[place - 1]) && text[place - 1] != 0xC3
    }

    private func mayEnd(_ place: Int, _ text: [UInt8]) -> Bool {
        guard let end = text[place...].firstIndex(where: { $0 != 0x2E && $0 != 0x2D }) else { return true }
        if !isLetterOrDigit(text[end]), text[end] != 0xC3 { return true }
        // Two hyphens and more, and no point behind the letters that follow.
        guard end - place > 1, text[place..<end].allSatisfy({ $0 == 0x2D }) else { return false }
        let label = text[end...].prefix(63).prefix { isLetterOrDigit($0) || $0 == 0x2D }
        guard label.count < 63, label.endIndex < text.endIndex else { return true }
        return text[label.endIndex] != 0x2E && text[label.endIndex] < 0x80
    }

    private func isLetterOrDigit(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
    }
}

extension WatchList {
    func found(in bytes: [UInt8]) -> [WatchMatch] {
        bytes.withUnsafeBytes { matches(in: $0) }
    }

    func found(in text: String) -> [String] {
        found(in: Array(text.utf8)).map { self[$0.address] }
    }
}
