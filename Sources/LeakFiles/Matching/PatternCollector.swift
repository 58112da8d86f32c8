import CLeakScan

/// Makes the patterns of a ``WatchIndex`` from addresses as they were given.
struct PatternCollector {
    struct Key {
        var value: UInt64
        var domainHash: UInt64
    }

    private(set) var text: [UInt8] = []
    private(set) var starts: [UInt32] = [0]
    private(set) var aliases: [Int] = []
    private(set) var domains: [String] = []
    private(set) var domainMask: UInt64
    private(set) var table: PatternTable

    init(_ addresses: [String]) {
        domainMask = Self.mask(for: addresses)
        table = PatternTable(capacity: addresses.count)
        var seenDomains: Set<String> = []
        var spellings: [(capital: [UInt8], address: Int)] = []
        for address in addresses {
            let lowered = address.lowercased()
            let bytes = Array(lowered.utf8)
            // Offsets are 32 bits: four gigabytes of addresses are more than a watch list can hold.
            guard text.count + bytes.count <= Int(UInt32.max), add(bytes) else { continue }
            if let at = bytes.lastIndex(of: UInt8(ascii: "@")) {
                seenDomains.insert(String(decoding: bytes[(at + 1)...], as: UTF8.self))
            }
            if bytes.contains(where: { $0 >= 0x80 }) {
                spellings.append((Array(address.uppercased().utf8).map(Self.folded), starts.count - 2))
            }
        }
        for spelling in spellings where add(spelling.capital) { aliases.append(spelling.address) }
        table.seal()
        domains = seenDomains.sorted()
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
    private mutating func add(_ bytes: [UInt8]) -> Bool {
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

    /// The mask of as many bytes as the shortest domain has, eight at most.
    private static func mask(for addresses: [String]) -> UInt64 {
        var shortest = 8
        for address in addresses {
            let bytes = address.lowercased().utf8
            guard let at = bytes.lastIndex(of: UInt8(ascii: "@")) else { continue }
            shortest = min(shortest, bytes.distance(from: at, to: bytes.endIndex) - 1)
            // A domain with other letters may be shorter or longer in capitals, and has other bytes.
            if let other = bytes[at...].firstIndex(where: { $0 >= 0x80 }) {
                shortest = min(shortest, bytes.distance(from: at, to: other) - 1)
            }
        }
        let kept = shortest
        return withUnsafeBytes(of: (0..<8).reduce(into: UInt64(0)) { $0 |= $1 < kept ? 0xFF << UInt64(8 * $1) : 0 }.littleEndian) {
            $0.loadUnaligned(as: UInt64.self)
        }
    }

    private static func folded(_ byte: UInt8) -> UInt8 {
        byte &- 0x41 < 26 ? byte | 0x20 : byte
    }
}
