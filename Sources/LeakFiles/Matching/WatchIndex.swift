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

    /// The addresses, behind them other spellings of some, and behind these the domains as they stand in UTF-16, one after another.
    private let text: UnsafeMutableRawBufferPointer
    /// Where each pattern begins in `text`, and where the last one ends.
    private let starts: UnsafeMutableBufferPointer<UInt32>
    /// The numbers of the addresses that the other spellings are of.
    private let aliases: [Int]
    /// Where the patterns of domains in UTF-16 begin.
    private let firstWide: Int
    private let table: PatternTable
    private let domainBits: UnsafeMutableBufferPointer<UInt64>
    private let addressBits: UnsafeMutableBufferPointer<UInt64>
    private let filter: leak_filter

    init(_ addresses: [String]) {
        let patterns = PatternCollector(addresses)
        let count = patterns.starts.count - 1
        firstWide = count - patterns.wideCount
        addressCount = firstWide - patterns.aliases.count
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

    /// The number of a whole address, in any of its spellings.
    func find(_ address: UnsafeRawBufferPointer) -> Int? {
        let at = address.lastIndex(of: UInt8(ascii: "@")) ?? address.count
        let key = Self.key(filter.domain_mask, address, at)
        var cursor = table.cursor(key)
        while let pattern = table.next(&cursor) {
            guard pattern < firstWide else { continue }
            let bytes = self.pattern(pattern)
            if bytes.count == address.count, Self.agree(bytes, address, at: 0) { return self.address(of: pattern) }
        }
        return nil
    }

    /// A record with the address for its login where it stands there in another spelling.
    func named(_ record: LeakRecord, _ match: WatchMatch) -> LeakRecord {
        guard match.isSpelledOtherwise, record.login != nil else { return record }
        var record = record
        record.login = String(decoding: pattern(match.address), as: UTF8.self)
        return record
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

    /// How many bytes before an `@` decide whether an address matches there. In UTF-16 it is twice as many.
    var reachBefore: Int { 2 * wideReachBefore }
    /// How many bytes behind it do.
    var reachBehind: Int { 2 * wideReachBehind }

    private var wideReachBefore: Int { max(32, longest) + AddressBoundary.reachBefore }
    private var wideReachBehind: Int { max(16, longest) + AddressBoundary.reachBehind }

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
            if number >= firstWide {
                verifyWide(text, at: place.at, report: report)
                continue
            }
            let range = start..<(start + pattern.count)
            guard AddressBoundary.begins(range.lowerBound, in: text), AddressBoundary.ends(range.upperBound, in: text) else { continue }
            let match = WatchMatch(address: address(of: number), range: range, isSpelledOtherwise: number >= addressCount)
            if first == nil { first = match } else { others.append(match) }
        }
        guard let first else { return }
        if others.isEmpty { return report(first) }
        others.insert(first, at: 0)
        others.sort { $0.range.lowerBound < $1.range.lowerBound }
        for match in others { report(match) }
    }

    /// Looks at an `@` in a stretch of UTF-16 amid other text.
    private func verifyWide(_ text: UnsafeRawBufferPointer, at place: Int, report: (WatchMatch) -> Void) {
        let narrow = WideText(text, around: place, before: wideReachBefore, behind: wideReachBehind)
        narrow.bytes.withUnsafeBytes { bytes in
            var position = narrow.at
            var newlines: UInt64 = 0
            var filter = self.filter
            withUnsafeTemporaryAllocation(of: leak_place.self, capacity: Self.scratchPlaces) { places in
                guard let base = bytes.baseAddress?.assumingMemoryBound(to: UInt8.self), let found = places.baseAddress else { return }
                let count = leak_scan(&filter, base, bytes.count, &position, narrow.at + 1, &newlines, found, places.count)
                for index in 0..<count {
                    verify(bytes, found[index]) { match in
                        report(
                            WatchMatch(
                                address: match.address, range: narrow.place(of: match.range.lowerBound)..<narrow.place(of: match.range.upperBound),
                                isSpelledOtherwise: match.isSpelledOtherwise))
                    }
                }
            }
        }
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
}
