import Foundation
import Testing

@testable import DataShield

@Suite struct SecretBoxTests {
    private let box = SecretBox(key: [UInt8](repeating: 1, count: 32))
    private let place = SecretBox.Location(company: CompanyID(), table: "api_credentials", column: "encrypted_key", row: "row")

    @Test(arguments: ["", "a", "key-0123456789", String(repeating: "ü", count: 10_000)])
    func `what is sealed opens again where it was sealed`(_ text: String) throws {
        let sealed = try box.seal(text, at: place)
        #expect(try box.openText(sealed, at: place) == text)
        #expect(sealed.count == text.utf8.count + 33)
        #expect(try box.seal(text, at: place) != sealed)
        #expect(!String(decoding: sealed, as: UTF8.self).contains("key-"))
    }

    @Test func `a value moved elsewhere does not open`() throws {
        let sealed = try box.seal("secret", at: place)
        var others = [place, place, place, place]
        others[0].company = CompanyID()
        others[1].table = "webhooks"
        others[2].column = "other"
        others[3].row = "another"
        for other in others { #expect(throws: SecretBox.Failure.notAuthentic) { try box.open(sealed, at: other) } }
    }

    @Test func `a changed byte is noticed, whichever it is`() throws {
        let sealed = try box.seal("secret", at: place)
        for index in sealed.indices {
            var changed = sealed
            changed[index] ^= 1
            #expect(throws: SecretBox.Failure.self) { try box.open(changed, at: place) }
            #expect(throws: SecretBox.Failure.self) { try box.open(Array(sealed[..<index]), at: place) }
        }
    }

    @Test func `a previous key opens and the current one seals`() throws {
        let sealed = try box.seal("secret", at: place)
        let rotated = SecretBox(key: [UInt8](repeating: 2, count: 32), previous: [[UInt8](repeating: 1, count: 32)])
        #expect(try rotated.openText(sealed, at: place) == "secret")
        #expect(!rotated.isCurrent(sealed))
        let anew = try rotated.seal("secret", at: place)
        #expect(rotated.isCurrent(anew))
        #expect(throws: SecretBox.Failure.unknownKey(id: rotated.currentKeyID)) { try box.open(anew, at: place) }
    }
}

@Suite struct KeyFileTests {
    private func withDirectory(_ body: (URL) throws -> Void) throws {
        let url = FileManager.default.temporaryDirectory.appendingPathComponent("key-\(CUID.make(at: Date()))")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: url) }  // try?: what is left lies in the temporary directory
        try body(url)
    }

    @Test func `a key is made once, for its owner alone`() throws {
        try withDirectory { directory in
            let file = KeyFile(dataDirectory: directory.appendingPathComponent("data"))
            #expect(try file.read() == nil)
            let key = try file.readOrMake()
            #expect(key.count == 32)
            #expect(try file.readOrMake() == key)
            let mode = try FileManager.default.attributesOfItem(atPath: file.url.path)[.posixPermissions] as? Int
            #expect(mode == 0o600)
            let names = try FileManager.default.contentsOfDirectory(atPath: file.url.deletingLastPathComponent().path)
            #expect(names == ["encryption.key"])
        }
    }

    @Test func `many who make it at once come to the same key`() async throws {
        let directory = FileManager.default.temporaryDirectory.appendingPathComponent("key-\(CUID.make(at: Date()))")
        defer { try? FileManager.default.removeItem(at: directory) }  // try?: as above
        let file = KeyFile(dataDirectory: directory)
        let keys = try await withThrowingTaskGroup(of: [UInt8].self) { group in
            for _ in 0..<16 { group.addTask { try file.readOrMake() } }
            return try await group.reduce(into: Set<[UInt8]>()) { $0.insert($1) }
        }
        #expect(keys.count == 1)
    }

    @Test func `a key that others can read, or that is none, is refused`() throws {
        try withDirectory { directory in
            let file = KeyFile(dataDirectory: directory)
            _ = try file.readOrMake()
            try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: file.url.path)
            let error = #expect(throws: KeyFile.Failure.self) { try file.read() }
            #expect(error?.description.contains("chmod 600") == true)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.url.path)
            try Data("short".utf8).write(to: file.url)
            try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: file.url.path)
            #expect(throws: KeyFile.Failure.self) { try file.read() }
        }
    }
}

@Suite struct TokenTests {
    @Test func `a token is 256 random bits and its hash is stored`() {
        let tokens = (0..<1000).map { _ in Token(prefix: "dsk_") }
        #expect(Set(tokens.map(\.text)).count == 1000)
        for token in tokens {
            #expect(Base64URL.decode(String(token.text.dropFirst(4)))?.count == 32)
            #expect(token.hash == Token.hash(of: token.text) && token.hash.count == 32)
        }
    }

    @Test(arguments: [("", "", true), ("a", "a", true), ("a", "b", false), ("a", "ab", false), ("ab", "a", false), ("ä", "ä", true)])
    func `comparison in constant time is comparison`(_ left: String, _ right: String, _ isEqual: Bool) {
        #expect(ConstantTime.equal(left, right) == isEqual)
    }

    @Test(arguments: [[], [0], [255, 254], [1, 2, 3], Array(0...255)] as [[UInt8]])
    func `base64url goes both ways`(_ bytes: [UInt8]) {
        let text = Base64URL.encode(bytes)
        #expect(Base64URL.decode(text) == bytes)
        #expect(Base64URL.decode(text + "=") == nil)
    }
}
