import CLibCrypto

/// What digests are made by.
package enum HashAlgorithm: String, CaseIterable, Sendable {
    /// Where a protocol asks for it (Have I Been Pwned's ranges). Nothing is protected by it.
    case sha1 = "SHA1"
    case sha256 = "SHA2-256"
    case sha384 = "SHA2-384"
    case sha512 = "SHA2-512"

    package var byteCount: Int {
        switch self {
        case .sha1: 20
        case .sha256: 32
        case .sha384: 48
        case .sha512: 64
        }
    }

    var fetched: Result<LibCrypto.Fetched, CryptoFailure> {
        switch self {
        case .sha1: Self.fetchedSHA1
        case .sha256: Self.fetchedSHA256
        case .sha384: Self.fetchedSHA384
        case .sha512: Self.fetchedSHA512
        }
    }

    private static let fetchedSHA1 = fetch(.sha1)
    private static let fetchedSHA256 = fetch(.sha256)
    private static let fetchedSHA384 = fetch(.sha384)
    private static let fetchedSHA512 = fetch(.sha512)

    private static func fetch(_ algorithm: HashAlgorithm) -> Result<LibCrypto.Fetched, CryptoFailure> {
        LibCrypto.fetch(algorithm.rawValue) { EVP_MD_fetch(nil, $0, nil) }
    }

    /// The algorithm of the library; ends the program where there is none.
    var pointer: OpaquePointer {
        switch fetched {
        case .success(let fetched): fetched.pointer
        case .failure(let failure): fatalError("libcrypto: \(failure)")
        }
    }
}

/// A digest that is made piece by piece; ``sha256(of:)`` and ``sha1(of:)`` make one at once.
// @unchecked: the context belongs to this one value, which cannot be copied, and is changed only by what mutates it.
package struct Digest: ~Copyable, @unchecked Sendable {
    private let context: OpaquePointer
    private let algorithm: HashAlgorithm

    package init(_ algorithm: HashAlgorithm = .sha256) {
        guard let context = EVP_MD_CTX_new() else { LibCrypto.stop("A digest cannot be begun") }
        self.context = context
        self.algorithm = algorithm
        begin()
    }

    deinit { EVP_MD_CTX_free(context) }

    private func begin() {
        guard EVP_DigestInit_ex2(context, algorithm.pointer, nil) == 1 else { LibCrypto.stop("A digest cannot be begun") }
    }

    /// Takes more bytes in.
    package mutating func update(_ bytes: some Sequence<UInt8>) {
        let context = context
        bytes.withBytes { bytes in
            guard bytes.isEmpty || EVP_DigestUpdate(context, bytes.baseAddress, bytes.count) == 1 else {
                LibCrypto.stop("A digest cannot be gone on with")
            }
        }
    }

    /// The digest of all that was taken in. What is taken in afterwards begins another one.
    package mutating func finish() -> [UInt8] {
        let (context, size) = (context, algorithm.byteCount)
        let digest = [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
            guard EVP_DigestFinal_ex(context, buffer.baseAddress, nil) == 1 else { LibCrypto.stop("A digest cannot be ended") }
            count = size
        }
        begin()
        return digest
    }

    package static func sha256(of bytes: some Sequence<UInt8>) -> [UInt8] { digest(of: bytes, .sha256) }
    package static func sha1(of bytes: some Sequence<UInt8>) -> [UInt8] { digest(of: bytes, .sha1) }

    static func digest(of bytes: some Sequence<UInt8>, _ algorithm: HashAlgorithm) -> [UInt8] {
        bytes.withBytes { bytes in
            [UInt8](unsafeUninitializedCapacity: algorithm.byteCount) { buffer, count in
                guard EVP_Digest(bytes.baseAddress, bytes.count, buffer.baseAddress, nil, algorithm.pointer, nil) == 1 else {
                    LibCrypto.stop("A digest cannot be made")
                }
                count = algorithm.byteCount
            }
        }
    }
}
