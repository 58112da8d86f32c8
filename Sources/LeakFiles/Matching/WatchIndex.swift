import CLeakScan

/// The tables behind a ``WatchList``: filters that fit a cache and say "no" fast, and a hash table that decides.
///
/// A text is looked at around each `@` only. The bytes behind it are tried in a bitmap of domains, then the bytes on both sides in a Bloom
/// filter; what passes is looked up and compared byte by byte.
///
/// Unchecked `Sendable`: all memory is written in `init` only, and freed in `deinit`.
final class WatchIndex: @unchecked Sendable {
    /// More dots than this end a domain, whatever follows: it bounds how far a match has to be looked at.
    static let dotReach = 256
    /// How many places a scan writes down at a time.
    static let scratchPlaces = 512

    let addressCount: Int
    let domains: [String]
    /// The longest pattern, in bytes.
    let longest: Int

    /// The addresses, and behind them other spellings of some, one after another.
    private let text: UnsafeMutableRawBufferPointer
    /// Where each pattern begins in `text`, and where the last one ends.
    private let starts: UnsafeMutableBufferPointer<UInt32>
    /// The numbers of the addresses that the other spellings are of.
    private let aliases: [Int]
    private let table: PatternTable
    private let domainBits: UnsafeMutableBufferPointer<UInt64>
    private let addressBits: UnsafeMutableBufferPointer<UInt64>
    private let filter: leak_filter

    init(_ addresses: [String]) {
        let patterns = PatternCollector(addresses)
        let count = patterns.starts.count - 1
        addressCount = count - patterns.aliases.count
        aliases = patterns.aliases
        domains = patterns.domains
        table = patterns.table

        text = .allocate(byteCount: max(1, patterns.text.count), alignment: 1)
        text.copyBytes(from: patterns.text)
        starts = .allocate(capacity: patterns.starts.count)
        _ = starts.initialize(from: patterns.starts)
        var longest = 0
        for pattern in 0..<count { longest = max(longest, Int(starts[pattern + 1] - starts[pattern])) }
        self.longest = longest

        // 16 bits for an address let about one of 200 others through; a million addresses take 2 MiB. A domain's bit costs less, and what it
        // lets through is tried again.
        let domainPower = Self.power(ofAtLeast: 32 * patterns.domains.count, from: 13, to: 19)
        let wordPower = Self.power(ofAtLeast: count / 4, from: 7, to: 40)
        domainBits = .allocate(capacity: (1 << domainPower) / 64)
        domainBits.initialize(repeating: 0)
        addressBits = .allocate(capacity: 1 << wordPower)
        addressBits.initialize(repeating: 0)
        filter = leak_filter(
            domains: UnsafePointer(domainBits.baseAddress), addresses: UnsafePointer(addressBits.baseAddress), domain_mask: patterns.domainMask,
            domain_shift: UInt32(64 - domainPower), address_shift: UInt32(64 - wordPower))
        for pattern in 0..<count {
            guard let key = patterns.key(of: pattern) else { continue }
            let bit = key.domainHash >> UInt64(filter.domain_shift)
            domainBits[Int(bit >> 6)] |= 1 << (bit & 63)
            addressBits[Int(key.value >> UInt64(filter.address_shift))] |= leak_key_bits(key.value)
        }
    }

    deinit {
        text.deallocate()
        starts.deallocate()
        domainBits.deallocate()
        addressBits.deallocate()
    }

    /// The least power of two that is no less than a number, within bounds.
    private static func power(ofAtLeast number: Int, from least: Int, to most: Int) -> Int {
        var power = least
        while power < most, 1 << power < number { power += 1 }
        return power
    }

    func pattern(_ number: Int) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(rebasing: text[Int(starts[number])..<Int(starts[number + 1])])
    }

    private func address(of pattern: Int) -> Int {
        pattern < addressCount ? pattern : aliases[pattern - addressCount]
    }

    func find(_ address: UnsafeRawBufferPointer) -> Int? {
        let at = address.lastIndex(of: UInt8(ascii: "@")) ?? address.count
        let key = Self.key(filter.domain_mask, address, at)
        var cursor = table.cursor(key)
        while let pattern = table.next(&cursor) {
            let bytes = self.pattern(pattern)
            if bytes.count == address.count, Self.agree(bytes, address, at: 0) { return self.address(of: pattern) }
        }
        return nil
    }

    /// Reports all matches whose last `@` is in a range of a text, in order.
    /// - Parameters:
    ///   - text: begins and ends as the whole does, or reaches at least ``reachBefore`` and ``reachBehind`` over the range.
    ///   - places: ``scratchPlaces`` of scratch memory.
    ///   - newlines: grows by the number of line feeds in the range.
    @inline(__always)
    func scan(
        _ text: UnsafeRawBufferPointer, at range: Range<Int>, places: UnsafeMutableBufferPointer<leak_place>, newlines: inout UInt64,
        report: (WatchMatch) -> Void
    ) {
        guard let base = text.baseAddress?.assumingMemoryBound(to: UInt8.self), let found = places.baseAddress else { return }
        var position = range.lowerBound
        var filter = self.filter
        while position < range.upperBound {
            let count = leak_scan(&filter, base, text.count, &position, range.upperBound, &newlines, found, places.count)
            // With a million addresses none of the tables is in the cache: each look is asked for some way ahead.
            for place in 0..<count { table.prefetch(found[place].key) }
            for place in 0..<count {
                if let pattern = table.likely(found[place].key), let start = starts.baseAddress { leak_prefetch(start + pattern) }
            }
            for place in 0..<count {
                if let pattern = table.likely(found[place].key), let start = self.text.baseAddress { leak_prefetch(start + Int(starts[pattern])) }
            }
            for place in 0..<count { verify(text, found[place], report: report) }
        }
    }

    /// How many bytes before an `@` decide whether an address matches there.
    var reachBefore: Int { max(16, longest) + 4 }
    /// How many bytes behind it do.
    var reachBehind: Int { max(16, longest) + Self.dotReach + 4 }

    private func verify(_ text: UnsafeRawBufferPointer, _ place: leak_place, report: (WatchMatch) -> Void) {
        var cursor = table.cursor(place.key)
        var first: WatchMatch?
        // Hardly ever there is a second one: the end of one address that is another.
        var others: [WatchMatch] = []
        while let number = table.next(&cursor) {
            let pattern = self.pattern(number)
            guard let local = pattern.lastIndex(of: UInt8(ascii: "@")) else { continue }
            let start = place.at - local
            guard start >= 0, start + pattern.count <= text.count, Self.agree(pattern, text, at: start) else { continue }
            let range = start..<(start + pattern.count)
            guard Self.begins(range.lowerBound, in: text), Self.ends(range.upperBound, in: text) else { continue }
            let match = WatchMatch(address: address(of: number), range: range)
            if first == nil { first = match } else { others.append(match) }
        }
        guard let first else { return }
        if others.isEmpty { return report(first) }
        others.insert(first, at: 0)
        others.sort { $0.range.lowerBound < $1.range.lowerBound }
        for match in others { report(match) }
    }

    private static func key(_ mask: UInt64, _ text: UnsafeRawBufferPointer, _ at: Int) -> UInt64 {
        guard let base = text.baseAddress else { return 0 }
        return leak_key(mask, base.assumingMemoryBound(to: UInt8.self), text.count, at)
    }

    /// Whether a lower-cased pattern stands at a place of a text, whatever the case of its ASCII letters there.
    private static func agree(_ pattern: UnsafeRawBufferPointer, _ text: UnsafeRawBufferPointer, at start: Int) -> Bool {
        for place in 0..<pattern.count {
            let byte = text[start + place]
            let folded = byte &- 0x41 < 26 ? byte | 0x20 : byte
            if folded != pattern[place] { return false }
        }
        return true
    }

    /// Whether an address may begin at a place: nothing before it, no local-part byte, or a byte order mark, as joined files have at a line's start.
    private static func begins(_ place: Int, in text: UnsafeRawBufferPointer) -> Bool {
        guard place > 0 else { return true }
        if leak_is_local(text[place - 1]) == 0 { return true }
        return place >= 3 && text[place - 1] == 0xBF && text[place - 2] == 0xBB && text[place - 3] == 0xEF
    }

    /// Whether a domain may end at a place.
    private static func ends(_ place: Int, in text: UnsafeRawBufferPointer) -> Bool {
        var place = place
        let farthest = min(text.count, place + dotReach)
        while place < farthest, text[place] == UInt8(ascii: ".") { place += 1 }
        guard place < text.count else { return true }
        return !continuesDomain(text[place])
    }

    private static func continuesDomain(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x80...0xFF: true
        default: false
        }
    }
}
