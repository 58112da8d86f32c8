import CLibCrypto

/// AES-256 in Galois/Counter Mode (NIST SP 800-38D), with a nonce of 96 bits and a tag of 128. What is sealed is nonce, ciphertext, tag.
package enum AESGCM {
    package static let nonceByteCount = 12
    package static let tagByteCount = 16

    /// Seals bytes with a random nonce. One key is good for 2³² of them (SP 800-38D §8.3).
    /// - Parameter data: authenticated with them, and not part of what is sealed: whoever opens it has to give the same.
    /// - Throws: ``CryptoFailure``.
    package static func seal(_ bytes: [UInt8], with key: SymmetricKey, authenticating data: [UInt8]) throws(CryptoFailure) -> [UInt8] {
        try seal(bytes, with: key, authenticating: data, nonce: SystemRandom.bytes(nonceByteCount))
    }

    /// The same with a nonce that was published, for tests: one that is used twice gives the key away.
    static func seal(_ bytes: [UInt8], with key: SymmetricKey, authenticating data: [UInt8], nonce: [UInt8]) throws(CryptoFailure) -> [UInt8] {
        precondition(nonce.count == nonceByteCount)
        let cipher = try Cipher(.seal, key, nonce: nonce[...])
        try cipher.authenticate(data)
        var sealed = nonce
        sealed.reserveCapacity(nonceByteCount + bytes.count + tagByteCount)
        sealed += try cipher.transformed(bytes[...])
        try cipher.finish()
        sealed += try cipher.tag()
        return sealed
    }

    /// - Throws: ``CryptoFailure/notAuthentic`` for anything but what was sealed with this key and data; then nothing of it has been shown.
    package static func open(_ sealed: ArraySlice<UInt8>, with key: SymmetricKey, authenticating data: [UInt8]) throws(CryptoFailure) -> [UInt8] {
        guard sealed.count >= nonceByteCount + tagByteCount else { throw .notAuthentic }
        let cipher = try Cipher(.open, key, nonce: sealed.prefix(nonceByteCount))
        try cipher.authenticate(data)
        var bytes = try cipher.transformed(sealed.dropFirst(nonceByteCount).dropLast(tagByteCount))
        do {
            try cipher.check(tag: sealed.suffix(tagByteCount))
        } catch {
            // Nobody may use what was changed.
            bytes.withUnsafeMutableBytes { OPENSSL_cleanse($0.baseAddress, $0.count) }
            throw error
        }
        return bytes
    }

    /// One run of the cipher. The library overwrites what it kept of the key when it goes.
    private struct Cipher: ~Copyable {
        enum Direction: Int32 {
            case seal = 1
            case open = 0
        }

        private let context: OpaquePointer

        init(_ direction: Direction, _ key: SymmetricKey, nonce: ArraySlice<UInt8>) throws(CryptoFailure) {
            guard key.count == 32 else { throw .unusableKey("AES-256 takes a key of 32 bytes.") }
            let algorithm = try LibCrypto.aes256GCM.get().pointer
            guard let context = EVP_CIPHER_CTX_new() else { throw LibCrypto.failure("Nothing can be sealed or opened") }
            let isDone = key.withBytes { key in
                nonce.withBytes { nonce in EVP_CipherInit_ex2(context, algorithm, key.baseAddress, nonce.baseAddress, direction.rawValue, nil) }
            }
            guard isDone == 1 else {
                EVP_CIPHER_CTX_free(context)
                throw LibCrypto.failure("Nothing can be sealed or opened")
            }
            self.context = context
        }

        deinit { EVP_CIPHER_CTX_free(context) }

        func authenticate(_ data: [UInt8]) throws(CryptoFailure) {
            guard !data.isEmpty else { return }
            guard let count = Int32(exactly: data.count) else { throw .tooLong }
            var written: Int32 = 0
            guard EVP_CipherUpdate(context, nil, &written, data, count) == 1 else { throw LibCrypto.failure("Nothing can be sealed or opened") }
        }

        func transformed(_ bytes: ArraySlice<UInt8>) throws(CryptoFailure) -> [UInt8] {
            guard !bytes.isEmpty else { return [] }
            guard let count = Int32(exactly: bytes.count) else { throw .tooLong }
            var written: Int32 = 0
            let output = [UInt8](unsafeUninitializedCapacity: bytes.count) { buffer, filled in
                let isDone = bytes.withBytes { EVP_CipherUpdate(context, buffer.baseAddress, &written, $0.baseAddress, count) == 1 }
                filled = isDone ? Int(written) : 0
            }
            guard output.count == bytes.count else { throw LibCrypto.failure("Nothing can be sealed or opened") }
            return output
        }

        func finish() throws(CryptoFailure) {
            var (written, rest) = (Int32(0), [UInt8](repeating: 0, count: 16))
            guard EVP_CipherFinal_ex(context, &rest, &written) == 1, written == 0 else { throw LibCrypto.failure("Nothing can be sealed") }
        }

        func tag() throws(CryptoFailure) -> [UInt8] {
            var tag = [UInt8](repeating: 0, count: tagByteCount)
            guard EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_GET_TAG, Int32(tagByteCount), &tag) == 1 else {
                throw LibCrypto.failure("Nothing can be sealed")
            }
            return tag
        }

        func check(tag: ArraySlice<UInt8>) throws(CryptoFailure) {
            var (written, rest, tag) = (Int32(0), [UInt8](repeating: 0, count: 16), Array(tag))
            guard EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_AEAD_SET_TAG, Int32(tagByteCount), &tag) == 1 else {
                throw LibCrypto.failure("Nothing can be opened")
            }
            guard EVP_CipherFinal_ex(context, &rest, &written) == 1 else {
                ERR_clear_error()
                throw .notAuthentic
            }
        }
    }
}
