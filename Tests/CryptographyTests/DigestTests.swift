import Testing

@testable import Cryptography

@Suite struct DigestTests {
    @Test(arguments: [(HashAlgorithm.sha1, "SHA1"), (.sha256, "SHA256"), (.sha384, "SHA384"), (.sha512, "SHA512")])
    func `digests are NIST's`(algorithm: HashAlgorithm, name: String) throws {
        let blocks = try Vectors.blocks("\(name).rsp")
        #expect(blocks.count > 13)
        for block in blocks {
            let message = try block.bytes("Msg").prefix((try #require(block["Len"].flatMap { Int($0) })) / 8)
            let answer = try block.bytes("MD")
            #expect(answer.count == algorithm.byteCount)
            #expect(Digest.digest(of: message, algorithm) == answer)
            // The same piece by piece, and by bytes that do not lie in a row.
            var digest = Digest(algorithm)
            for byte in message { digest.update(CollectionOfOne(byte)) }
            #expect(digest.finish() == answer)
            digest.update(message.lazy.map { $0 })
            #expect(digest.finish() == answer)
        }
    }

    @Test func `a million letters, the long answer of FIPS 180`() {
        let piece = [UInt8](repeating: UInt8(ascii: "a"), count: 1000)
        var old = Digest(.sha1)
        var new = Digest(.sha256)
        for _ in 0..<1000 {
            old.update(piece)
            new.update(piece)
        }
        #expect(old.finish() == Vectors.bytes("34aa973cd4c4daa4f61eeb2bdbad27316534016f"))
        #expect(new.finish() == Vectors.bytes("cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0"))
    }

    @Test func `a digest that was ended begins anew`() {
        var digest = Digest()
        digest.update("a".utf8)
        #expect(digest.finish() == Digest.sha256(of: "a".utf8))
        #expect(digest.finish() == Digest.sha256(of: []))
        digest.update("b".utf8)
        #expect(digest.finish() == Digest.sha256(of: "b".utf8))
    }

    @Test func `many at once do not get in each other's way`() async {
        let answers = (0..<64).map { Digest.sha256(of: "\($0)".utf8) }
        await withTaskGroup(of: Bool.self) { group in
            for number in 0..<64 {
                group.addTask { (0..<200).allSatisfy { _ in Digest.sha256(of: "\(number)".utf8) == answers[number] } }
            }
            for await isRight in group { #expect(isRight) }
        }
    }

    @Test(
        arguments: [
            ([], [], true), ([1], [1], true), ([1, 2], [1, 3], false), ([0, 2], [1, 2], false), ([1], [1, 2], false), ([1], [], false),
        ] as [([UInt8], [UInt8], Bool)])
    func `comparison in constant time is comparison`(one: [UInt8], other: [UInt8], isEqual: Bool) {
        #expect(one.isEqualInConstantTime(to: other) == isEqual)
        #expect(other.isEqualInConstantTime(to: one) == isEqual)
    }
}
