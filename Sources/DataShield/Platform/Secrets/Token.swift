import Cryptography
import Foundation

/// A secret that is shown once and stored only as its hash: a session's, an API token's.
package struct Token: Sendable {
    /// What its owner holds: 256 random bits in base64url, behind a prefix that tells what it is.
    package let text: String
    /// What is stored. Of 256 random bits a plain SHA-256 is enough: there is nothing to guess.
    package var hash: [UInt8] { Self.hash(of: text) }

    package init(prefix: String = "") {
        var generator = SystemRandomNumberGenerator()
        text = prefix + Base64URL.encode((0..<32).map { _ in UInt8.random(in: .min ... .max, using: &generator) })
    }

    package static func hash(of text: String) -> [UInt8] { Digest.sha256(of: text.utf8) }
}

/// Comparison whose duration does not tell where two secrets differ.
package enum ConstantTime {
    package static func equal(_ left: some Sequence<UInt8>, _ right: some Sequence<UInt8>) -> Bool {
        // Their hashes are compared, so that not even the lengths show.
        Digest.sha256(of: left).isEqualInConstantTime(to: Digest.sha256(of: right))
    }

    package static func equal(_ left: String, _ right: String) -> Bool { equal(left.utf8, right.utf8) }
}
