import CLeakScan

/// What a file holds, in 128 bits: two files with the same digest and size are the same file.
///
/// All bytes count. It is not SHA-256, because that alone would take as long as the matching: leaves of 256 KiB are digested on any thread in
/// passing (NH sums through SipHash-2-4), and joined in order. By chance two contents never meet. Somebody who chooses the bytes could make
/// them meet if they knew the key, to have a leak taken for one that was read before; hand in a secret key where that matters.
package struct ContentDigest: Sendable, Hashable, Codable, CustomStringConvertible {
    package var high: UInt64
    package var low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// 32 hexadecimal digits.
    package var description: String {
        [high, low].map { word in
            let digits = String(word, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }.joined()
    }
}

/// Makes digests with one key. Digests of different keys have nothing to do with each other.
package final class DigestKey: Sendable {
    private let key: leak_digest_key

    package init(_ first: UInt64 = 0x4461_7461_5368_6965, _ second: UInt64 = 0x6C64_4C65_616B_7321) {
        var key = leak_digest_key()
        leak_digest_make_key(&key, first, second)
        self.key = key
    }

    static let leafBytes = Int(LEAK_LEAF_BYTES)

    /// The digest of one leaf: ``leafBytes`` bytes, fewer only at the end.
    func leaf(_ bytes: UnsafeRawBufferPointer) -> ContentDigest {
        // An empty content has no leaves.
        guard let base = bytes.baseAddress else { return ContentDigest(high: 0, low: 0) }
        let digest = withUnsafePointer(to: key) { leak_digest_leaf($0, base.assumingMemoryBound(to: UInt8.self), bytes.count) }
        return ContentDigest(high: digest.high, low: digest.low)
    }

    func begin() -> RunningDigest {
        var state = leak_digest_state()
        withUnsafePointer(to: key) { leak_digest_begin($0, &state) }
        return RunningDigest(state)
    }
}

/// The digest of a content up to some leaf, which goes on in another process where a checkpoint has it.
struct RunningDigest: Sendable, Hashable, Codable {
    private var words: [UInt64]

    fileprivate init(_ state: leak_digest_state) {
        words = [state.v0, state.v1, state.v2, state.v3, state.leaves, state.bytes]
    }

    private var state: leak_digest_state {
        leak_digest_state(v0: words[0], v1: words[1], v2: words[2], v3: words[3], leaves: words[4], bytes: words[5])
    }

    mutating func add(_ leaf: ContentDigest, bytes: Int) {
        var state = self.state
        leak_digest_add(&state, leak_digest(high: leaf.high, low: leaf.low), UInt64(bytes))
        self = RunningDigest(state)
    }

    /// How many bytes it covers.
    var bytes: UInt64 { words[5] }

    func end() -> ContentDigest {
        let digest = withUnsafePointer(to: state) { leak_digest_end($0) }
        return ContentDigest(high: digest.high, low: digest.low)
    }

    init(from decoder: any Decoder) throws {
        words = try decoder.singleValueContainer().decode([UInt64].self)
        guard words.count == 6 else {
            throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "A digest has six words."))
        }
    }

    func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(words)
    }
}

/// Digests bytes that come in pieces of any size.
struct DigestStream {
    let key: DigestKey
    private(set) var running: RunningDigest
    private var leaf: [UInt8] = []

    init(key: DigestKey) {
        self.key = key
        running = key.begin()
    }

    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        var rest = bytes[...]
        while !rest.isEmpty {
            if leaf.isEmpty, rest.count >= DigestKey.leafBytes {
                let whole = UnsafeRawBufferPointer(rebasing: rest.prefix(DigestKey.leafBytes))
                running.add(key.leaf(whole), bytes: whole.count)
                rest = rest.dropFirst(whole.count)
            } else {
                let part = rest.prefix(DigestKey.leafBytes - leaf.count)
                leaf.append(contentsOf: part)
                rest = rest.dropFirst(part.count)
                if leaf.count == DigestKey.leafBytes { flush() }
            }
        }
    }

    mutating func end() -> ContentDigest {
        if !leaf.isEmpty { flush() }
        return running.end()
    }

    private mutating func flush() {
        let digest = leaf.withUnsafeBytes { key.leaf($0) }
        running.add(digest, bytes: leaf.count)
        leaf.removeAll(keepingCapacity: true)
    }
}
