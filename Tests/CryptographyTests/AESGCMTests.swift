import Testing

@testable import Cryptography

@Suite struct AESGCMTests {
    @Test func `what is sealed is NIST's`() throws {
        let blocks = try Vectors.blocks("gcmEncryptExtIV256.rsp")
        #expect(blocks.count == 50)
        for block in blocks {
            let (key, nonce, data) = (SymmetricKey(try block.bytes("Key")), try block.bytes("IV"), try block.bytes("AAD"))
            let sealed = try AESGCM.seal(try block.bytes("PT"), with: key, authenticating: data, nonce: nonce)
            #expect(sealed == (try nonce + block.bytes("CT") + block.bytes("Tag")))
        }
    }

    @Test func `what NIST opens opens, and what NIST does not open does not`() throws {
        let blocks = try Vectors.blocks("gcmDecrypt256.rsp")
        #expect(blocks.count == 50 && blocks.count { $0["FAIL"] != nil } == 25)
        for block in blocks {
            let (key, data) = (SymmetricKey(try block.bytes("Key")), try block.bytes("AAD"))
            let sealed = try block.bytes("IV") + block.bytes("CT") + block.bytes("Tag")
            if block["FAIL"] != nil {
                #expect(throws: CryptoFailure.notAuthentic) { try AESGCM.open(sealed[...], with: key, authenticating: data) }
            } else {
                #expect(try AESGCM.open(sealed[...], with: key, authenticating: data) == block.bytes("PT"))
            }
        }
    }

    @Test(arguments: [0, 1, 15, 16, 17, 1000]) func `nothing changed opens, whichever bit of it`(count: Int) throws {
        let (key, bytes, data) = (SymmetricKey.random(), [UInt8](repeating: 7, count: count), Array("where it belongs".utf8))
        let sealed = try AESGCM.seal(bytes, with: key, authenticating: data)
        #expect(sealed.count == count + 28)
        #expect(try AESGCM.open(sealed[...], with: key, authenticating: data) == bytes)
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1 << UInt8(index % 8)
            #expect(throws: CryptoFailure.notAuthentic) { try AESGCM.open(changed[...], with: key, authenticating: data) }
            #expect(throws: CryptoFailure.notAuthentic) { try AESGCM.open(sealed[..<index], with: key, authenticating: data) }
        }
        for index in data.indices {
            var changed = data
            changed[index] ^= 1
            #expect(throws: CryptoFailure.notAuthentic) { try AESGCM.open(sealed[...], with: key, authenticating: changed) }
        }
        #expect(throws: CryptoFailure.notAuthentic) { try AESGCM.open(sealed[...], with: key, authenticating: []) }
        #expect(throws: CryptoFailure.notAuthentic) { try AESGCM.open(sealed + [0], with: key, authenticating: data) }
        #expect(throws: CryptoFailure.notAuthentic) { try AESGCM.open(sealed[...], with: .random(), authenticating: data) }
    }

    @Test func `equal bytes are sealed otherwise each time`() throws {
        let key = SymmetricKey.random()
        let sealed = try (0..<1000).map { _ in try AESGCM.seal([1, 2, 3], with: key, authenticating: []) }
        #expect(Set(sealed.map { $0.prefix(12) }).count == 1000)
    }

    @Test(arguments: [0, 16, 24, 31, 33]) func `a key of another length is refused`(count: Int) {
        let key = SymmetricKey.random(count: count)
        let failure = #expect(throws: CryptoFailure.self) { try AESGCM.seal([1], with: key, authenticating: []) }
        #expect(failure == .unusableKey("AES-256 takes a key of 32 bytes."))
        #expect(throws: failure ?? .tooLong) { try AESGCM.open([UInt8](repeating: 0, count: 40)[...], with: key, authenticating: []) }
    }

    @Test func `a part of a larger array opens by itself`() throws {
        let key = SymmetricKey.random()
        let sealed = try AESGCM.seal(Array("inside".utf8), with: key, authenticating: [9])
        let around = [1, 2, 3] + sealed + [4]
        #expect(try AESGCM.open(around[3..<(around.count - 1)], with: key, authenticating: [9]) == Array("inside".utf8))
    }

    @Test func `the library has what is asked for at the start`() {
        #expect(throws: Never.self) { try LibCrypto.check() }
    }
}
