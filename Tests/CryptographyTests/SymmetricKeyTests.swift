import Testing

@testable import Cryptography

@Suite struct SymmetricKeyTests {
    private func bytes(_ key: SymmetricKey) -> [UInt8] { key.withUnsafeBytes { Array($0) } }

    @Test func `keys are derived as RFC 5869 has it`() throws {
        let blocks = try Vectors.blocks("rfc-5869-sha256.txt").filter { $0["OKM"] != nil || $0["IKM"] != nil }
        // A test case is one block, or two with an empty line behind its input.
        var (cases, whole) = ([[String: String]](), [String: String]())
        for block in blocks {
            whole.merge(block) { $1 }
            guard block["OKM"] != nil else { continue }
            cases.append(whole)
            whole = [:]
        }
        #expect(cases.count == 3)
        for one in cases {
            let answer = try one.bytes("OKM")
            let key = try SymmetricKey(try one.bytes("IKM")).derived(for: try one.bytes("info"), salt: try one.bytes("salt"), count: answer.count)
            #expect(bytes(key) == answer)
        }
    }

    @Test func `more than HKDF can give is refused`() {
        let key = SymmetricKey.random()
        #expect(throws: Never.self) { try key.derived(for: "a".utf8, count: 8160) }
        #expect(throws: CryptoFailure.self) { try key.derived(for: "a".utf8, count: 8161) }
    }

    @Test(arguments: [
        // RFC 7914 §11.
        (
            "passwd", "salt", 1,
            "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783"
        ),
        (
            "Password", "NaCl", 80_000,
            "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d"
        ),
    ])
    func `passwords are stretched as RFC 7914 has it`(password: String, salt: String, iterations: Int, answer: String) throws {
        #expect(bytes(try .stretched(password, salt: Array(salt.utf8), iterations: iterations, count: 64)) == Vectors.bytes(answer))
    }

    @Test func `what cannot be stretched is refused`() {
        for iterations in [0, -1, Int(Int32.max) + 1] {
            #expect(throws: CryptoFailure.self) { try SymmetricKey.stretched("a", salt: [1], iterations: iterations) }
        }
        #expect(throws: Never.self) { try SymmetricKey.stretched("", salt: [], iterations: 1) }
    }

    @Test(arguments: [0, 1, 7, 8, 9, 16, 32, 100]) func `a random key is of its length, and no other is like it`(count: Int) {
        let keys = (0..<50).map { _ in bytes(.random(count: count)) }
        #expect(keys.allSatisfy { $0.count == count })
        guard count >= 7 else { return }
        #expect(Set(keys).count == keys.count)
        // Each place has been filled: that it is zero fifty times is as likely as 2⁻⁴⁰⁰.
        for place in 0..<count { #expect(keys.contains { $0[place] != 0 }) }
    }

    @Test func `nothing of a key is printed`() {
        let key = SymmetricKey("hunter2".utf8)
        #expect(key.count == 7)
        for text in ["\(key)", String(reflecting: key), "\([key])", String(describing: Mirror(reflecting: key).children.map(\.value))] {
            #expect(!text.contains("hunter2") && !text.contains("104"))
        }
    }
}
