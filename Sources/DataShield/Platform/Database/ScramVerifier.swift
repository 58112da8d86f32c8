import Cryptography
import Foundation

/// What PostgreSQL stores of a password (RFC 5803): the server can check it, and neither it nor its log ever sees the password.
struct ScramVerifier: Sendable, CustomStringConvertible {
    /// What PostgreSQL takes by itself. The passwords are random, so that more would cost each sign-in and give nothing.
    static let iterations = 4096

    let description: String

    /// - Parameters:
    ///   - password: of ASCII letters and digits, which no preparation of Unicode changes.
    ///   - salt: 16 bytes.
    init(password: String, salt: [UInt8]) throws {
        let salted = try SymmetricKey.stretched(password, salt: salt, iterations: Self.iterations)
        let clientKey = HMAC.code(of: "Client Key".utf8, key: salted)
        let serverKey = HMAC.code(of: "Server Key".utf8, key: salted)
        func base64(_ bytes: [UInt8]) -> String { Data(bytes).base64EncodedString() }
        description =
            "SCRAM-SHA-256$\(Self.iterations):\(base64(salt))$\(base64(Digest.sha256(of: clientKey))):\(base64(serverKey))"
    }
}
