import CLibCrypto
import Foundation
import Testing

@testable import Cryptography

@Suite struct RSAKeyTests {
    /// RFC 7515 appendix A.2.
    private static let message =
        "eyJhbGciOiJSUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ"
    private static let signature =
        "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAyn"
        + "RFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnv"
        + "Wh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"

    private func base64URL(_ bytes: [UInt8]) -> String {
        Data(bytes).base64EncodedString().replacingOccurrences(of: "+", with: "-").replacingOccurrences(of: "/", with: "_")
            .replacingOccurrences(of: "=", with: "")
    }

    @Test(arguments: ["rfc7515-a2.pem", "rfc7515-a2.pkcs1.pem"]) func `a signature is that of RFC 7515`(file: String) throws {
        let key = try RSAPrivateKey(pem: try Vectors.text(file))
        let signature = try key.signature(of: Self.message.utf8)
        #expect(base64URL(signature) == Self.signature)
        let publicKey = try RSAPublicKey(pem: try Vectors.text("rfc7515-a2.public.pem"))
        #expect(try publicKey.isSignature(signature, of: Self.message.utf8))
        #expect(try key.publicKey.isSignature(signature, of: Self.message.utf8))
    }

    @Test func `a signature is good for its message and key alone, whichever byte is changed`() throws {
        let key = try RSAPrivateKey(pem: try Vectors.text("rfc7515-a2.pem"))
        let message = Array("message".utf8)
        let signature = try key.signature(of: message)
        for index in signature.indices {
            var changed = signature
            changed[index] ^= 1
            #expect(try !key.publicKey.isSignature(changed, of: message))
        }
        for index in message.indices {
            var changed = message
            changed[index] ^= 1
            #expect(try !key.publicKey.isSignature(signature, of: changed))
        }
        for wrong in [[], [0], Array(signature.dropLast()), signature + [0], [UInt8](repeating: 0, count: 256), [UInt8](repeating: 255, count: 256)] {
            #expect(try !key.publicKey.isSignature(wrong, of: message))
        }
        #expect(try !RSAPrivateKey.generate().publicKey.isSignature(signature, of: message))
    }

    @Test func `what is written is what was read`() throws {
        let key = try RSAPrivateKey(pem: try Vectors.text("rfc7515-a2.pkcs1.pem"))
        #expect(try key.pem() == (try Vectors.text("rfc7515-a2.pem")))
        #expect(try key.publicKey.pem() == (try Vectors.text("rfc7515-a2.public.pem")))
        #expect(try RSAPublicKey(pem: key.publicKey.pem()).pem() == key.publicKey.pem())
    }

    @Test func `a new key is another one each time, and works`() throws {
        let (one, other) = (try RSAPrivateKey.generate(), try RSAPrivateKey.generate())
        #expect(try one.pem() != other.pem())
        let again = try RSAPrivateKey(pem: one.pem())
        #expect(try one.publicKey.isSignature(again.signature(of: [1, 2]), of: [1, 2]))
        #expect(try !other.publicKey.isSignature(again.signature(of: [1, 2]), of: [1, 2]))
    }

    @Test(arguments: [
        ("rfc7515-a2.encrypted.pem", "It is not a private key in PEM, or is encrypted."),
        ("rfc7515-a2.public.pem", "It is not a private key in PEM, or is encrypted."),
    ])
    func `what is no key for RS256 is refused, without a question on the terminal`(file: String, words: String) throws {
        let text = try Vectors.text(file)
        #expect(throws: CryptoFailure.unusableKey(words)) { try RSAPrivateKey(pem: text) }
        #expect(ERR_peek_error() == 0)
    }

    @Test(arguments: [
        ("RSA", "It has less than 2048 bits."), ("RSA-PSS", "It is not a key of RSA."), ("EC", "It is not a key of RSA."),
        ("ED25519", "It is not a key of RSA."),
    ])
    func `a key of another kind or length is refused`(kind: String, words: String) throws {
        let context = try #require(EVP_PKEY_CTX_new_from_name(nil, kind, nil))
        defer { EVP_PKEY_CTX_free(context) }
        #expect(EVP_PKEY_keygen_init(context) == 1)
        switch kind {
        case "RSA": #expect(EVP_PKEY_CTX_set_rsa_keygen_bits(context, 1024) == 1)
        case "EC": #expect(EVP_PKEY_CTX_set_group_name(context, "P-256") == 1)
        default: break
        }
        var key: OpaquePointer?
        #expect(EVP_PKEY_generate(context, &key) == 1)
        defer { EVP_PKEY_free(key) }
        let memory = try #require(BIO_new(BIO_s_mem()))
        defer { BIO_free(memory) }
        #expect(PEM_write_bio_PKCS8PrivateKey(memory, key, nil, nil, 0, nil, nil) == 1)
        var start: UnsafeMutablePointer<CChar>?
        let count = ccrypto_bio_contents(memory, &start)
        let text = String(decoding: UnsafeRawBufferPointer(start: start, count: count), as: UTF8.self)
        #expect(throws: CryptoFailure.unusableKey(words)) { try RSAPrivateKey(pem: text) }
        #expect(ERR_peek_error() == 0)
    }

    @Test func `a key with which signing would take long is refused before it is tried`() {
        // PKCS #1: a number of so many bits stands for both the modulus and the private exponent, and there are no factors.
        func pem(bits: Int) -> String {
            func element(_ tag: UInt8, _ bytes: [UInt8]) -> [UInt8] {
                [tag, 0x83] + [16, 8, 0].map { UInt8(truncatingIfNeeded: bytes.count >> $0) } + bytes
            }
            let large = element(2, [0] + [UInt8](repeating: 0xff, count: bits / 8))
            let none = element(2, [0])
            let fields = [none, large, element(2, [1, 0, 1]), large, none, none, none, none, none].flatMap { $0 }
            let text = Data(element(0x30, fields)).base64EncodedString(options: .lineLength64Characters)
            return "-----BEGIN RSA PRIVATE KEY-----\n\(text)\n-----END RSA PRIVATE KEY-----\n"
        }
        for bits in [8200, 46_000] {
            #expect(throws: CryptoFailure.unusableKey("It has more than 8192 bits.")) { try RSAPrivateKey(pem: pem(bits: bits)) }
        }
        // One that is not too long is tried, and refused because it does not sign.
        let failure = #expect(throws: CryptoFailure.self) { try RSAPrivateKey(pem: pem(bits: 8192)) }
        #expect(failure != .unusableKey("It has more than 8192 bits."))
    }

    @Test func `a public key that is encrypted is refused, without a question on the terminal`() throws {
        let lines = try Vectors.text("rfc7515-a2.public.pem").split(separator: "\n").map(String.init)
        let head = ["Proc-Type: 4,ENCRYPTED", "DEK-Info: AES-256-CBC,00112233445566778899AABBCCDDEEFF", ""]
        let text = (lines.prefix(1) + head + lines.dropFirst()).joined(separator: "\n")
        #expect(throws: CryptoFailure.unusableKey("It is not a public key in PEM.")) { try RSAPublicKey(pem: text) }
        #expect(ERR_peek_error() == 0)
    }

    @Test func `a damaged key is refused, whichever of its lines is damaged`() throws {
        let lines = try Vectors.text("rfc7515-a2.pem").split(separator: "\n").map(String.init)
        for number in 1..<(lines.count - 2) {
            var damaged = lines
            damaged[number] = String(damaged[number].reversed())
            // A line that holds only what makes signing quicker may be wrong: the library then goes the longer way, and signs right.
            guard let key = try? RSAPrivateKey(pem: damaged.joined(separator: "\n")) else { continue }
            #expect(base64URL(try key.signature(of: Self.message.utf8)) == Self.signature)
        }
        for text in ["", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", lines.dropLast().joined(separator: "\n")] {
            #expect(throws: CryptoFailure.self) { try RSAPrivateKey(pem: text) }
            #expect(throws: CryptoFailure.self) { try RSAPublicKey(pem: text) }
        }
        #expect(ERR_peek_error() == 0)
    }

    @Test func `one key signs for many at once, and nothing of it is printed`() async throws {
        let key = try RSAPrivateKey(pem: try Vectors.text("rfc7515-a2.pem"))
        for text in ["\(key)", String(reflecting: key), "\(key.publicKey)"] { #expect(!text.contains("MII")) }
        let answers = try await withThrowingTaskGroup(of: [UInt8].self) { group in
            for _ in 0..<32 { group.addTask { try key.signature(of: Self.message.utf8) } }
            return try await group.reduce(into: Set()) { $0.insert($1) }
        }
        #expect(answers.map(base64URL) == [Self.signature])
    }
}
