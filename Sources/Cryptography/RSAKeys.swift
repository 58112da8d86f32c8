import CLibCrypto

/// A private key of RSA with 2048 to 8192 bits, for signatures by RS256 (RFC 7518 §3.3): RSASSA-PKCS1-v1_5 with SHA-256.
package struct RSAPrivateKey: Sendable {
    /// What keys have at least.
    static let leastBits: Int32 = 2048
    /// What they have at most. The library signs with any, and takes half a minute with one that still is 16 KB of PEM.
    static let mostBits: Int32 = 8192

    private let key: EVPKey

    /// Reads a key in PEM, as PKCS #8 or PKCS #1; one that is encrypted is none. It is tried by a signature, so that a damaged one is found here.
    /// - Throws: ``CryptoFailure``.
    package init(pem: String) throws(CryptoFailure) {
        let read = EVPKey.reading(pem) { PEM_read_bio_PrivateKey($0, nil, noPassword, nil) }
        guard let read else { throw .unusableKey("It is not a private key in PEM, or is encrypted.") }
        try read.check()
        key = read
        let probe = Array("datashield".utf8)
        guard try publicKey.isSignature(try signature(of: probe), of: probe) else { throw .unusableKey("The parts of the key do not fit together.") }
    }

    private init(key: EVPKey) { self.key = key }

    /// A new key of 2048 bits.
    /// - Throws: ``CryptoFailure``.
    package static func generate() throws(CryptoFailure) -> RSAPrivateKey {
        guard let key = ccrypto_rsa_generate(Int(leastBits)) else { throw LibCrypto.failure("No key can be made") }
        return RSAPrivateKey(key: EVPKey(key))
    }

    /// - Throws: ``CryptoFailure``.
    package func signature(of message: some Sequence<UInt8>) throws(CryptoFailure) -> [UInt8] {
        guard let context = EVP_MD_CTX_new() else { throw LibCrypto.failure("Nothing can be signed") }
        defer { EVP_MD_CTX_free(context) }
        guard EVP_DigestSignInit_ex(context, nil, HashAlgorithm.sha256.rawValue, nil, nil, key.pointer, nil) == 1 else {
            throw LibCrypto.failure("Nothing can be signed")
        }
        let capacity = Int(EVP_PKEY_get_size(key.pointer))
        let signature = message.withBytes { message in
            [UInt8](unsafeUninitializedCapacity: capacity) { buffer, count in
                var size = capacity
                count = EVP_DigestSign(context, buffer.baseAddress, &size, message.baseAddress, message.count) == 1 ? size : 0
            }
        }
        guard !signature.isEmpty else { throw LibCrypto.failure("Nothing can be signed") }
        return signature
    }

    package var publicKey: RSAPublicKey { RSAPublicKey(key: key) }

    /// The key in PEM, as PKCS #8, without encryption.
    /// - Throws: ``CryptoFailure``.
    package func pem() throws(CryptoFailure) -> String {
        try EVPKey.written { PEM_write_bio_PKCS8PrivateKey($0, key.pointer, nil, nil, 0, nil, nil) }
    }
}

/// A public key of RSA, which tells whether a signature is of its private key.
package struct RSAPublicKey: Sendable {
    private let key: EVPKey

    fileprivate init(key: EVPKey) { self.key = key }

    /// Reads a key in PEM (SubjectPublicKeyInfo).
    /// - Throws: ``CryptoFailure``.
    package init(pem: String) throws(CryptoFailure) {
        guard let key = EVPKey.reading(pem, by: { PEM_read_bio_PUBKEY($0, nil, noPassword, nil) }) else {
            throw .unusableKey("It is not a public key in PEM.")
        }
        try key.check()
        self.key = key
    }

    /// Whether a signature by RS256 is of this message.
    /// - Throws: ``CryptoFailure`` when that cannot be found out.
    package func isSignature(_ signature: [UInt8], of message: some Sequence<UInt8>) throws(CryptoFailure) -> Bool {
        guard let context = EVP_MD_CTX_new() else { throw LibCrypto.failure("No signature can be checked") }
        defer { EVP_MD_CTX_free(context) }
        guard EVP_DigestVerifyInit_ex(context, nil, HashAlgorithm.sha256.rawValue, nil, nil, key.pointer, nil) == 1 else {
            throw LibCrypto.failure("No signature can be checked")
        }
        let result = message.withBytes { EVP_DigestVerify(context, signature, signature.count, $0.baseAddress, $0.count) }
        guard result >= 0 else { throw LibCrypto.failure("No signature can be checked") }
        // One that is no signature at all leaves an error behind.
        ERR_clear_error()
        return result == 1
    }

    /// The key in PEM (SubjectPublicKeyInfo).
    /// - Throws: ``CryptoFailure``.
    package func pem() throws(CryptoFailure) -> String {
        try EVPKey.written { PEM_write_bio_PUBKEY($0, key.pointer) }
    }
}

/// Without this function the library would ask on the terminal, for a public key in encrypted PEM as well.
private func noPassword(_: UnsafeMutablePointer<CChar>?, _: Int32, _: Int32, _: UnsafeMutableRawPointer?) -> Int32 { -1 }

/// A key of the library's, which overwrites what is private in it when it goes.
// @unchecked: it is not changed after it was made, and what the library keeps with it (Montgomery forms, blinding) has locks of its own.
private final class EVPKey: @unchecked Sendable {
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) { self.pointer = pointer }

    deinit { EVP_PKEY_free(pointer) }

    static func reading(_ pem: String, by read: (OpaquePointer) -> OpaquePointer?) -> EVPKey? {
        guard let count = Int32(exactly: pem.utf8.count) else { return nil }
        // Whatever came of it: the trial of several formats leaves errors behind.
        defer { ERR_clear_error() }
        return pem.utf8.withBytes { bytes in
            guard let memory = BIO_new_mem_buf(bytes.baseAddress, count) else { return nil }
            defer { BIO_free(memory) }
            return read(memory).map { EVPKey($0) }
        }
    }

    func check() throws(CryptoFailure) {
        guard EVP_PKEY_is_a(pointer, "RSA") == 1 else { throw .unusableKey("It is not a key of RSA.") }
        guard EVP_PKEY_get_bits(pointer) >= RSAPrivateKey.leastBits else { throw .unusableKey("It has less than 2048 bits.") }
        guard EVP_PKEY_get_bits(pointer) <= RSAPrivateKey.mostBits else { throw .unusableKey("It has more than 8192 bits.") }
    }

    /// The library overwrites the memory when it frees it.
    static func written(by write: (OpaquePointer) -> Int32) throws(CryptoFailure) -> String {
        guard let memory = BIO_new(BIO_s_mem()) else { throw LibCrypto.failure("The key cannot be written") }
        defer { BIO_free(memory) }
        var contents: UnsafeMutablePointer<CChar>?
        guard write(memory) == 1, case let count = ccrypto_bio_contents(memory, &contents), count > 0, let contents else {
            throw LibCrypto.failure("The key cannot be written")
        }
        return String(decoding: UnsafeRawBufferPointer(start: contents, count: count), as: UTF8.self)
    }
}
