import Cryptography
import Foundation
import LeakFiles
import Testing

@testable import DataShield

/// What is in databases by now: made with swift-crypto 4.5.2, before the system's libcrypto took its place. It has to open and be found for
/// ever.
@Suite struct SealedBeforeTests {
    private static let key = (0..<32).map { UInt8($0) }

    private static let sealed: [(text: String, hex: String)] = [
        ("", "01801b5a59723dc18144534e597388e6fcfdb4a1e7a3a086ddab52fc4f2a24d531"),
        ("a", "01801b5a59661dae2307f91ca421fae202310802d244572afc9950bb59afe6adc283"),
        ("key-0123456789", "01801b5a59a6590f643855c9c21a3f27ae126c634f0540b547365b2c5abc71945bc02d29e0348070a8f93776c2ed15"),
        ("schlüssel ✓", "01801b5a5903d92b7ed54879e5083a51ac754fb7faa87cca57ced5004bd8019088877649b1775e6c33a442dc2fed30"),
        (
            String(repeating: "x", count: 100),
            "01801b5a5941c137378032c0f8b328375a98405acfd133b03e580076c1c1da5dfa72a7a4b21a5fdeb91eccb81eed3cdb025e134bd38d7a8774bf4665"
                + "f9d10657a93370943e447b8933917127a83d5aaecccee05b78210ed3fabbc00963f4d52e787028165bdb7697c64384a892b6e017ce7c3ed466e1dc94"
                + "3b97a9f25b4df1ac77f267348c"
        ),
    ]

    private static func bytes(_ hex: String) -> [UInt8] {
        stride(from: 0, to: hex.count, by: 2).compactMap { UInt8(hex.dropFirst($0).prefix(2), radix: 16) }
    }

    @Test(arguments: sealed) func `a value that was sealed before opens, and no part of it may be changed`(text: String, hex: String) throws {
        let box = SecretBox(key: Self.key)
        let company = try #require(CompanyID("c0123456789abcdefghijklmn"))
        let place = SecretBox.Location(company: company, table: "api_credentials", column: "encrypted_key", row: "row-1")
        let sealed = Self.bytes(hex)
        #expect(box.currentKeyID == "801b5a59" && box.isCurrent(sealed))
        #expect(try box.openText(sealed, at: place) == text)
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 0x10
            #expect(throws: SecretBox.Failure.self) { try box.open(changed, at: place) }
        }
        // Laid out as before, so that the version before opens what is sealed now.
        let anew = try box.seal(text, at: place)
        #expect(anew.count == sealed.count && anew.prefix(5) == sealed.prefix(5) && anew != sealed)
    }

    @Test(arguments: [
        ("flash messages", "f3df3a93a7e4e463470309d7b3dc395ffc46052370417a3908bed611b013db15"),
        ("uploaded leak files", "c84a392ad6e7fd1cabab440f06f5b6b77041b0d431d93653a4260644db63cd58"),
        ("leak file digests", "7d7f85e9f0463f48be6ff5f5e47c80b151eb3c026cd7b5123c3b6fce36141397"),
        ("database login app", "41c43ff65bdc0733a0a47252f67c7370e06203e3a9a38c98b489a6fb19462a7b"),
        ("database login salt system", "1203df467f83513a21901ac035fd82c2fb1ea14f7731e3bc563642ad7b9b2de7"),
    ])
    func `a derived key is the one of before`(purpose: String, hex: String) throws {
        #expect(try SecretBox(key: Self.key).derivedKey(for: purpose).withUnsafeBytes { Hex.text($0) } == hex)
    }

    @Test func `a leaked secret is known again`() {
        let fingerprints = SecretFingerprints(key: Self.key)
        let secret = LeakedSecret(kind: .plain, bytes: Array("Invented-1".utf8))
        // Twice: each goes back to the key that all begin with.
        for _ in 0..<2 {
            #expect(Hex.text(fingerprints.fingerprint(of: secret)) == "1face96fc8b41f18d493752eb872136b")
            let identity = fingerprints.identity(login: "Ada@acme.example", secret: secret, machine: "m-1")
            #expect(Hex.text(identity) == "b7bb5ef447b146cb13ce25180b871df2")
            #expect(Hex.text(fingerprints.identity(login: nil, secret: nil, machine: nil)) == "5b7eb589248af87751a23f98651895a8")
            #expect(Hex.text(fingerprints.mark(of: "guid", [Array("a".utf8), [], Array("bc".utf8)])) == "eb06d7d5de9dd2604dd10cc37cc02d58")
        }
    }

    @Test func `many tasks may ask for fingerprints at once`() async {
        let fingerprints = SecretFingerprints(key: Self.key)
        func prints(_ number: Int) -> [UInt8] { fingerprints.fingerprint(of: LeakedSecret(kind: .plain, bytes: Array("Invented-\(number)".utf8))) }
        let answers = (0..<16).map(prints)
        await withTaskGroup(of: Bool.self) { group in
            for number in 0..<16 { group.addTask { (0..<100).allSatisfy { _ in prints(number) == answers[number] } } }
            for await isRight in group { #expect(isRight) }
        }
    }

    @Test func `a file, a token, a source and a password are known again`() throws {
        let file = try MemoryFile(key: SymmetricKey(Self.key))
        try file.append(Array("ada@example.com:Inv".utf8))
        #expect(Hex.text(file.place) != "9f2bb5b830e0cb18dc22972e9c0d09a7")
        try file.append(Array("ented-1\n".utf8))
        #expect(Hex.text(file.place) == "9f2bb5b830e0cb18dc22972e9c0d09a7")
        #expect(Hex.text(Token.hash(of: "dsk_made-up")) == "964fbb88f687f4cd848ae3380ecc20d4f7f4ba4bf1cc44628683fdec9b129816")
        #expect(Throttle.key("Ada@acme.example") == "2a1322415fff1b1aceaebe7855b2c5bd")
        let verifier = try ScramVerifier(password: "0123456789abcdef", salt: Array(0..<16)).description
        #expect(
            verifier == "SCRAM-SHA-256$4096:AAECAwQFBgcICQoLDA0ODw==$kJoMxMVgmJ6mJCNN0EJmmI0NgaphY0iXZ/ZCW/Vyryc="
                + ":ybCQRhNpHZ1mcGx+dNiPLTcPQMxLmij/wgLLORqbKfY=")
    }
}
