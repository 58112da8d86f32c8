import CLeakScan

/// Makes the patterns of a ``WatchIndex`` from addresses as they were given.
struct PatternCollector {
    struct Key {
        var value: UInt64
        var domainHash: UInt64
    }

    private(set) var text: [UInt8] = []
    private(set) var starts: [UInt32] = [0]
    /// The addresses of the patterns behind those of the addresses themselves.
    private(set) var aliases: [Int] = []
    /// How many patterns are of domains in UTF-16, behind all others.
    private(set) var wideCount = 0
    private(set) var domains: [String] = []
    private(set) var domainMask: UInt64 = 0
    private(set) var table: PatternTable

    init(_ addresses: [String]) {
        table = PatternTable(capacity: addresses.count)
        var spellings: [String: Set<[UInt8]>] = [:]
        var names = DomainNames()
        for address in addresses {
            let bytes = Array(address.lowercased().utf8)
            names.add(bytes)
            guard !AddressSpelling.isPlain(bytes) else { continue }
            let canonical = AddressSpelling.canonical(address)
            guard spellings[canonical] == nil else { continue }
            let patterns = AddressSpelling.patterns(of: canonical)
            for pattern in patterns { names.measure(pattern) }
            spellings[canonical] = patterns
        }
        names.finish()
        domainMask = Self.mask(of: names.shortest)
        domains = names.shown

        var others: [(patterns: Set<[UInt8]>, address: Int)] = []
        for address in addresses {
            let bytes = Array(address.lowercased().utf8)
            // Offsets are 32 bits: four gigabytes of addresses are more than a watch list can hold.
            guard text.count + bytes.count <= Int(UInt32.max) else { continue }
            if AddressSpelling.isPlain(bytes) {
                add(bytes)
            } else if let patterns = spellings.removeValue(forKey: AddressSpelling.canonical(address)), add(bytes) {
                // All spellings of one address are removed with the first that is given.
                others.append((patterns, starts.count - 2))
            }
        }
        for (patterns, address) in others {
            for pattern in patterns.sorted(by: { $0.lexicographicallyPrecedes($1) }) where add(pattern) { aliases.append(address) }
        }
        for pattern in names.wide where add(pattern) { wideCount += 1 }
        table.seal()
    }

    /// The key of a pattern, nil for one without an `@`, which no text is searched for.
    func key(of pattern: Int) -> Key? {
        text.withUnsafeBufferPointer { text in
            let bytes = text[Int(starts[pattern])..<Int(starts[pattern + 1])]
            guard let at = bytes.lastIndex(of: UInt8(ascii: "@")), let base = text.baseAddress else { return nil }
            let start = base + bytes.startIndex
            return Key(
                value: leak_key(domainMask, start, bytes.count, at - bytes.startIndex),
                domainHash: leak_domain_hash(domainMask, start, bytes.count, at - bytes.startIndex))
        }
    }

    /// - Returns: whether there was no such pattern yet.
    @discardableResult private mutating func add(_ bytes: [UInt8]) -> Bool {
        let at = bytes.lastIndex(of: UInt8(ascii: "@")) ?? bytes.count
        let key = bytes.withUnsafeBufferPointer { bytes in
            bytes.baseAddress.map { leak_key(domainMask, $0, bytes.count, at) } ?? 0
        }
        var cursor = table.cursor(key)
        while let other = table.next(&cursor) {
            if text[Int(starts[other])..<Int(starts[other + 1])].elementsEqual(bytes) { return false }
        }
        text.append(contentsOf: bytes)
        starts.append(UInt32(text.count))
        table.insert(key, starts.count - 2)
        return true
    }

    /// The mask of so many bytes.
    private static func mask(of kept: Int) -> UInt64 {
        withUnsafeBytes(of: (0..<8).reduce(into: UInt64(0)) { $0 |= $1 < kept ? 0xFF << UInt64(8 * $1) : 0 }.littleEndian) {
            $0.loadUnaligned(as: UInt64.self)
        }
    }
}

/// The domains of the addresses.
private struct DomainNames {
    private var seen: Set<ArraySlice<UInt8>> = []
    /// How many bytes the shortest has in any spelling, eight at most.
    private(set) var shortest = 8
    /// In ASCII, sorted.
    private(set) var shown: [String] = []
    /// As they stand behind the `@` in UTF-16.
    private(set) var wide: [[UInt8]] = []

    mutating func add(_ address: [UInt8]) {
        guard let domain = Self.domain(of: address) else { return }
        shortest = min(shortest, domain.count)
        seen.insert(domain)
    }

    /// Takes another spelling's length into account.
    mutating func measure(_ spelling: [UInt8]) {
        if let domain = Self.domain(of: spelling) { shortest = min(shortest, domain.count) }
    }

    mutating func finish() {
        shown = Set(seen.map { AddressSpelling.canonical(domain: String(decoding: $0, as: UTF8.self)) }).sorted()
        for name in shown where !name.isEmpty {
            for text in Set([name, DomainName.unicode(name)]).sorted() {
                // The first byte behind the '@' is the second one of the '@', or the first one of the next character.
                var bytes: [UInt8] = [ByteView.at, 0]
                for unit in text.utf16 { bytes += [ByteView.lowercased(UInt8(truncatingIfNeeded: unit)), UInt8(unit >> 8)] }
                if bytes.last == 0 { bytes.removeLast() }
                wide.append(bytes)
            }
        }
    }

    private static func domain(of address: [UInt8]) -> ArraySlice<UInt8>? {
        address.lastIndex(of: ByteView.at).map { address[($0 + 1)...] }
    }
}
