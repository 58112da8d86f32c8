import CLibCrypto

extension Sequence<UInt8> {
    /// The bytes as they lie in memory; in a copy where they do not lie in a row.
    func withBytes<R>(_ body: (UnsafeBufferPointer<UInt8>) -> R) -> R {
        if let result = withContiguousStorageIfAvailable(body) { return result }
        return Array(self).withUnsafeBufferPointer(body)
    }
}

extension [UInt8] {
    /// Comparison whose duration does not tell where two of a length differ. That lengths differ it does tell.
    package func isEqualInConstantTime(to other: [UInt8]) -> Bool {
        guard count == other.count else { return false }
        return withUnsafeBytes { bytes in
            other.withUnsafeBytes { others in
                guard let bytes = bytes.baseAddress, let others = others.baseAddress else { return true }
                return CRYPTO_memcmp(bytes, others, count) == 0
            }
        }
    }
}

/// The kernel's random bytes.
enum SystemRandom {
    static func fill(_ memory: UnsafeMutableBufferPointer<UInt8>) {
        var generator = SystemRandomNumberGenerator()
        var word: UInt64 = 0
        for index in memory.indices {
            if index % 8 == 0 { word = generator.next() }
            memory[index] = UInt8(truncatingIfNeeded: word)
            word >>= 8
        }
    }

    static func bytes(_ count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            fill(UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
            filled = count
        }
    }
}
