import Crypto
import Foundation

/// What PostgreSQL stores of a password (RFC 5803): the server can check it, and neither it nor its log ever sees the password.
struct ScramVerifier: Sendable, CustomStringConvertible {
    /// What PostgreSQL takes by itself. The passwords are random, so that more would cost each sign-in and give nothing.
    static let iterations = 4096

    let description: String

    /// - Parameters:
    ///   - password: of ASCII letters and digits, which no preparation of Unicode changes.
    ///   - salt: 16 bytes.
    init(password: String, salt: [UInt8]) {
        let salted = SymmetricKey(data: Self.stretch(SymmetricKey(data: Data(password.utf8)), salt))
        let clientKey = HMAC<SHA256>.authenticationCode(for: Data("Client Key".utf8), using: salted)
        let serverKey = HMAC<SHA256>.authenticationCode(for: Data("Server Key".utf8), using: salted)
        func base64(_ bytes: some Sequence<UInt8>) -> String { Data(bytes).base64EncodedString() }
        description =
            "SCRAM-SHA-256$\(Self.iterations):\(base64(salt))$\(base64(SHA256.hash(data: Data(clientKey)))):\(base64(serverKey))"
    }

    /// PBKDF2 with HMAC-SHA-256, of one block.
    private static func stretch(_ password: SymmetricKey, _ salt: [UInt8]) -> [UInt8] {
        var block = Array(HMAC<SHA256>.authenticationCode(for: salt + [0, 0, 0, 1], using: password))
        var sum = block
        for _ in 1..<iterations {
            block = Array(HMAC<SHA256>.authenticationCode(for: block, using: password))
            for index in sum.indices { sum[index] ^= block[index] }
        }
        return sum
    }
}
