import Testing

@testable import Cryptography

@Suite struct HMACTests {
    @Test(arguments: [
        (HashAlgorithm.sha1, "rfc-2202-sha1"), (.sha256, "rfc-4231-sha256"), (.sha384, "rfc-4231-sha384"), (.sha512, "rfc-4231-sha512"),
    ])
    func `codes are those of RFC 2202, RFC 4231 and NIST`(algorithm: HashAlgorithm, name: String) throws {
        let blocks = try Vectors.blocks("\(name).txt")
        #expect(blocks.count >= 6)
        for block in blocks {
            let (message, answer) = (try block.bytes("Msg"), try block.bytes("MD"))
            var code = HMAC(key: SymmetricKey(try block.bytes("Key")), algorithm)
            for byte in message { code.update(CollectionOfOne(byte)) }
            #expect(code.soFar() == answer)
            #expect(code.finish() == answer)
            // Back at the key.
            code.update(message)
            #expect(code.finish() == answer)
            guard algorithm == .sha256 else { continue }
            #expect(HMAC.code(of: message, key: SymmetricKey(try block.bytes("Key"))) == answer)
        }
    }

    @Test func `what was taken in so far has a code, and more may follow`() {
        let key = SymmetricKey("key".utf8)
        var code = HMAC(key: key)
        #expect(code.soFar() == HMAC.code(of: [], key: key))
        code.update("a".utf8)
        #expect(code.soFar() == HMAC.code(of: "a".utf8, key: key))
        code.update("b".utf8)
        #expect(code.soFar() == code.soFar())
        #expect(code.finish() == HMAC.code(of: "ab".utf8, key: key))
        #expect(code.finish() == HMAC.code(of: [], key: key))
    }

    @Test func `a key of no bytes is a key`() {
        // RFC 2104: a key is filled up with zeros to the length of a block, and so is one of none.
        #expect(HMAC.code(of: "a".utf8, key: SymmetricKey([])) == HMAC.code(of: "a".utf8, key: SymmetricKey([UInt8](repeating: 0, count: 64))))
        #expect(HMAC.code(of: "a".utf8, key: SymmetricKey([])) != HMAC.code(of: "a".utf8, key: SymmetricKey([1])))
    }

    @Test func `a code is good for its bytes and key alone, whichever byte is changed`() {
        let (key, message) = (SymmetricKey.random(), Array("message".utf8))
        let code = HMAC.code(of: message, key: key)
        #expect(HMAC.isCode(code, of: message, key: key))
        for index in code.indices {
            var changed = code
            changed[index] ^= 1
            #expect(!HMAC.isCode(changed, of: message, key: key))
            #expect(!HMAC.isCode(Array(code[..<index]), of: message, key: key))
        }
        for index in message.indices {
            var changed = message
            changed[index] ^= 0x80
            #expect(!HMAC.isCode(code, of: changed, key: key))
        }
        #expect(!HMAC.isCode(code, of: message, key: .random()))
        #expect(!HMAC.isCode([], of: message, key: key))
        #expect(!HMAC.isCode(code + [0], of: message, key: key))
    }
}
