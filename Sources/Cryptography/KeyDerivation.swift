import CLibCrypto

extension SymmetricKey {
    /// A key for a purpose, derived from this one by HKDF with SHA-256 (RFC 5869): who has it knows nothing of this one or of others.
    /// - Parameters:
    ///   - info: the purpose.
    ///   - count: of bytes, at most 8160.
    /// - Throws: ``CryptoFailure``.
    package func derived(for info: some Sequence<UInt8>, salt: [UInt8] = [], count: Int = 32) throws(CryptoFailure) -> SymmetricKey {
        guard let context = EVP_KDF_CTX_new(try LibCrypto.hkdf.get().pointer) else { throw LibCrypto.failure("No key can be derived") }
        defer { EVP_KDF_CTX_free(context) }
        return try SymmetricKey(count: count) { output throws(CryptoFailure) in
            let isDone = withBytes { key in
                info.withBytes { info in
                    salt.withBytes { salt in
                        ccrypto_hkdf(
                            context, HashAlgorithm.sha256.rawValue, key.baseAddress, key.count, salt.baseAddress, salt.count, info.baseAddress,
                            info.count, output.baseAddress, output.count)
                    }
                }
            }
            guard isDone == 1 else { throw LibCrypto.failure("No key can be derived") }
        }
    }

    /// A key stretched from a password by PBKDF2 with HMAC-SHA-256 (RFC 8018).
    /// - Throws: ``CryptoFailure``.
    package static func stretched(_ password: String, salt: [UInt8], iterations: Int, count: Int = 32) throws(CryptoFailure) -> SymmetricKey {
        guard let rounds = Int32(exactly: iterations), let bytes = Int32(exactly: count), let saltBytes = Int32(exactly: salt.count),
            let passwordBytes = Int32(exactly: password.utf8.count)
        else { throw .tooLong }
        let digest = try HashAlgorithm.sha256.fetched.get().pointer
        return try SymmetricKey(count: count) { output throws(CryptoFailure) in
            let isDone = password.utf8.withBytes { password in
                salt.withBytes { salt in
                    ccrypto_pbkdf2(password.baseAddress, passwordBytes, salt.baseAddress, saltBytes, rounds, digest, output.baseAddress, bytes)
                }
            }
            guard isDone == 1 else { throw LibCrypto.failure("A password cannot be stretched") }
        }
    }
}
