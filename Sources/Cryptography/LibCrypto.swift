import CLibCrypto

/// The system's libcrypto, OpenSSL 3: its algorithms, fetched once for the process, and its errors.
package enum LibCrypto {
    /// Finds out whether the library has what is needed here; the system's openssl.cnf can take algorithms away. Called at the start, so that
    /// nothing ends later for want of them.
    /// - Throws: ``CryptoFailure/library(_:)``, which names the first that there is not, or does not work.
    package static func check() throws(CryptoFailure) {
        _ = try HashAlgorithm.sha256.fetched.get()
        _ = try hmac.get()
        _ = try hkdf.get()
        _ = try aes256GCM.get()
        // Before 3.0.3, and with a module for FIPS of then, a code that was ended does not go back to its key: what is taken in afterwards is
        // added to the former bytes, and nothing says so.
        var code = HMAC(key: SymmetricKey([1]))
        code.update([2])
        let first = code.finish()
        code.update([2])
        guard code.finish() == first else { throw .library("HMAC does not begin anew with its key: OpenSSL 3.0.3 or later is needed.") }
    }

    /// Before anybody else in this process uses the library, libpq and libcurl among them: whoever comes first decides whether it clears up at
    /// `exit()`.
    package static func begin() { _ = isReady }

    static let hmac = fetch("HMAC") { EVP_MAC_fetch(nil, $0, nil) }
    static let hkdf = fetch("HKDF") { EVP_KDF_fetch(nil, $0, nil) }
    static let aes256GCM = fetch("AES-256-GCM") { EVP_CIPHER_fetch(nil, $0, nil) }

    /// An algorithm. It is looked up by its name once, since that takes longer than a short digest.
    // @unchecked: it never changes, and the library counts its users with atomics.
    struct Fetched: @unchecked Sendable {
        let pointer: OpaquePointer
    }

    /// Without the library's own clearing up at `exit()`, which would take its memory away from threads that are still at work.
    private static let isReady = OPENSSL_init_crypto(UInt64(OPENSSL_INIT_NO_ATEXIT), nil) == 1

    static func fetch(_ name: String, by fetch: (String) -> OpaquePointer?) -> Result<Fetched, CryptoFailure> {
        guard isReady, let pointer = fetch(name) else { return .failure(failure("There is no \(name)")) }
        return .success(Fetched(pointer: pointer))
    }

    // MARK: Errors

    /// What the library says of the call that failed last in this thread. Its errors are taken away: whoever uses the library next in this
    /// thread (libpq, libcurl) would take them for its own.
    static func failure(_ what: String) -> CryptoFailure {
        let code = ERR_peek_last_error()
        ERR_clear_error()
        return .library("\(what): \(ERR_reason_error_string(code).map { String(cString: $0) } ?? "no reason given").")
    }

    /// Ends the program. Digests fail only where there is no memory, or of what ``check()`` finds at the start; to go on without one would
    /// be worse.
    static func stop(_ what: String) -> Never { fatalError("libcrypto: \(failure(what))") }
}

/// Why something could not be done. Says nothing of keys or of what was to be sealed.
package enum CryptoFailure: Error, Equatable, CustomStringConvertible {
    /// Changed, or sealed with another key or for another place.
    case notAuthentic
    /// Not a key, or not one with which this can be done.
    case unusableKey(String)
    /// Longer than the library takes at once: 2 GiB.
    case tooLong
    /// The library refused; what was tried, and its own words.
    case library(String)

    package var description: String {
        switch self {
        case .notAuthentic: "It was changed, or belongs elsewhere."
        case .unusableKey(let reason): reason
        case .tooLong: "It is longer than 2 GiB."
        case .library(let words): "The system's libcrypto refuses. \(words)"
        }
    }
}
