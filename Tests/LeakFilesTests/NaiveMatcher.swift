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

    private func mayBegin(_ place: Int, _ text: [UInt8]) -> Bool {
        guard place > 0 else { return true }
        if place >= 3, text[(place - 3)..<place].elementsEqual([0xEF, 0xBB, 0xBF]) { return true }
        let byte = text[place - 1]
        return !(isLetterOrDigit(byte) || Array("._%+-".utf8).contains(byte) || byte >= 0x80)
    }

    private func mayEnd(_ place: Int, _ text: [UInt8]) -> Bool {
        guard let next = text[place...].first(where: { $0 != 0x2E }) else { return true }
        return !(isLetterOrDigit(next) || next == 0x2D || next >= 0x80)
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
