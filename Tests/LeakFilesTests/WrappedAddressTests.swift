import Testing

@testable import LeakFiles

/// An address in brackets or quotation marks, or with a sign behind it that nobody sees, hides no password.
@Suite struct WrappedAddressTests {
    private static let address = "alex.doe@example.com"

    static let lines = [
        "<\(address)>:Pw-Invented1", "\u{201C}\(address)\u{201D}:Pw-Invented1", "\(address)\u{200B}:Pw-Invented1", "\(address)\u{A0}:Pw-Invented1",
        "Joe <\(address)>:Pw-Invented1", "'\(address)';Pw-Invented1", "'\(address)':'Pw-Invented1'", "(\(address))|Pw-Invented1",
        "[\(address)]:Pw-Invented1", "\(address).:Pw-Invented1", "<'\(address)'>\tPw-Invented1", "\u{2039}\(address)\u{203A}:Pw-Invented1\r",
    ]

    @Test(arguments: lines) func `the secret behind it is read`(_ line: String) throws {
        // Alone, and among lines as they are met.
        for text in [line, "sam@example.net:one\nbob@example.net:two\n\(line)\nkim@example.net:three\n"] {
            let found = try #require(records(text, watching: [Self.address]).first)
            #expect(found.login == Self.address && found.secretText == "Pw-Invented1" && found.confidence == .low, "\(text)")
        }
    }

    @Test(arguments: [
        "To: <\(address)>; <bob@example.net>", "Ask Alex (\(address)): he knows", "<\(address)>:bob@example.net",
        "Write to \(address). Note: closed.",
        "<\(address)>", "<\(address)>:", "<\(address)>:null",
    ])
    func `what is no secret is none`(_ line: String) throws {
        #expect(try #require(records(line, watching: [Self.address]).first).secret == nil, "\(line)")
    }
}
