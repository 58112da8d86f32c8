import CLibCrypto

/// A code over bytes that only who has the key can make (RFC 2104), piece by piece. ``finish()`` goes back to the key alone, so that whoever
/// makes many codes with one key pays for the key once.
// @unchecked: the context belongs to this one value, which cannot be copied, and is changed only by what mutates it.
package struct HMAC: ~Copyable, @unchecked Sendable {
    private let context: OpaquePointer
    private let algorithm: HashAlgorithm

    package init(key: SymmetricKey, _ algorithm: HashAlgorithm = .sha256) {
        guard case .success(let mac) = LibCrypto.hmac, let context = EVP_MAC_CTX_new(mac.pointer),
            key.withBytes({ ccrypto_mac_begin(context, algorithm.rawValue, $0.baseAddress, $0.count) }) == 1
        else { LibCrypto.stop("A code cannot be begun") }
        self.context = context
        self.algorithm = algorithm
    }

    // The library overwrites what it kept of the key.
    deinit { EVP_MAC_CTX_free(context) }

    /// Takes more bytes in.
    package mutating func update(_ bytes: some Sequence<UInt8>) {
        let context = context
        bytes.withBytes { bytes in
            guard bytes.isEmpty || EVP_MAC_update(context, bytes.baseAddress, bytes.count) == 1 else {
                LibCrypto.stop("A code cannot be gone on with")
            }
        }
    }

    /// The code of all that was taken in. What is taken in afterwards begins another one with the same key.
    package mutating func finish() -> [UInt8] {
        let code = Self.end(context, algorithm)
        guard ccrypto_mac_begin_anew(context) == 1 else { LibCrypto.stop("A code cannot be begun") }
        return code
    }

    /// The code of what was taken in so far; more may follow.
    package func soFar() -> [UInt8] {
        guard let copy = EVP_MAC_CTX_dup(context) else { LibCrypto.stop("A code cannot be copied") }
        defer { EVP_MAC_CTX_free(copy) }
        return Self.end(copy, algorithm)
    }

    private static func end(_ context: OpaquePointer, _ algorithm: HashAlgorithm) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: algorithm.byteCount) { buffer, count in
            guard EVP_MAC_final(context, buffer.baseAddress, &count, algorithm.byteCount) == 1 else { LibCrypto.stop("A code cannot be ended") }
        }
    }

    /// The code of bytes at once, by SHA-256.
    package static func code(of bytes: some Sequence<UInt8>, key: SymmetricKey) -> [UInt8] {
        var code = HMAC(key: key)
        code.update(bytes)
        return code.finish()
    }

    /// Whether a code is that of these bytes, in a time that does not tell how much of it is right.
    package static func isCode(_ code: [UInt8], of bytes: some Sequence<UInt8>, key: SymmetricKey) -> Bool {
        Self.code(of: bytes, key: key).isEqualInConstantTime(to: code)
    }
}
