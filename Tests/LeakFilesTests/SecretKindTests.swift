import Testing

@testable import LeakFiles

@Suite struct SecretKindTests {
    static let kinds: [(String, SecretKind)] = [
        ("Invented-1!", .plain), ("5f4dcc3b5aa765d61d8327deb882cf99", .md5), ("5F4DCC3B5AA765D61D8327DEB882CF99", .md5),
        ("5f4dcc3b5aa765d61d8327deb882cf9", .plain), ("5f4dcc3b5aa765d61d8327deb882cf9g", .plain), (String(repeating: "a1", count: 20), .sha1),
        (String(repeating: "a1", count: 28), .sha224), (String(repeating: "a1", count: 32), .sha256), (String(repeating: "a1", count: 48), .sha384),
        (String(repeating: "a1", count: 64), .sha512), ("$2y$10$abcdefghijklmnopqrstuv", .bcrypt), ("$2a$10$abcdefghijklmnopqrstuv", .bcrypt),
        ("$2b$12$abcdefghijklmnopqrstuv", .bcrypt), ("$1$salt$abcdefghijklmnopqrstuv", .md5crypt), ("$5$salt$abcdefghijklmnopqrst", .sha256crypt),
        ("$6$salt$abcdefghijklmnopqrst", .sha512crypt), ("$argon2id$v=19$m=65536,t=3,p=4$abc$def", .argon2),
        ("$P$Babcdefghijklmnopqrstuvwxyz01234", .phpass),
        ("$H$9abcdefghijklmnopqrstuvwxyz01234", .phpass), ("pbkdf2_sha256$1000$salt$abcdefgh=", .pbkdf2), ("sha1$salt$abcdefghijklmnop", .sha1),
        ("{SSHA}abcdefghijklmnopqrstuvwx", .ssha), ("*" + String(repeating: "A1", count: 20), .mysql), ("*stars-are-a-password", .plain),
        ("0x" + String(repeating: "A1", count: 16), .md5), ("0x" + String(repeating: "A1", count: 20), .sha1),
        ("{SHA}abcdefghijklmnopqrstuvw=", .otherHash),
        ("$y$j9T$abcdefghijklmnopqrst", .otherHash), ("$dollars$ and more money", .plain), ("", .plain), ("$2y$", .plain),
    ]

    @Test(arguments: kinds) func `hashes are told from passwords`(_ text: String, _ kind: SecretKind) {
        #expect(withView(text) { SecretKind.recognise($0) } == kind)
    }

    @Test func `SHA-256 gives the published sums`() {
        #expect(SHA256Digest.hexadecimal([]) == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(SHA256Digest.hexadecimal(Array("abc".utf8)) == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
        let long = Array("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq".utf8)
        #expect(SHA256Digest.hexadecimal(long) == "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1")
    }
}
