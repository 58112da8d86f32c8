import Testing

@testable import LeakFiles

/// The shortcut for the commonest line.
@Suite struct PlainComboTests {
    private static let addresses =
        people + [
            "telegram.fan@example.com", "t.me@example.com", "join@example.com", "total@example.com", "https@example.com", "null@example.com",
            "unknown@example.com", "host.example@example.com", "0x41@example.com", "a+b@example.com", "o'hara@example.com", "d#e.com@example.com",
            "x@localhost", "kim_@acme.example", "m\u{fc}ller@example.com", "a..b@example.com",
        ]
    private static let pieces = [
        ":", "@", " ", "/", "//", "://", "|", "[", "]", ";", ",", "\t", "\"", "'", "\\", "\0", "<", "null", "unknown", "N/A", "[fail]", "-", "\u{fc}",
        "https://t.me/x", "sam@example.net", "5f4dcc3b5aa765d61d8327deb882cf99", "$2y$10$abcdefghijklmnopqrstuv", "{SSHA}abcdefghijklmnop",
        "*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19", "0x5f4dcc3b5aa765d61d8327deb882cf9900", "sha1$abc$def0123456789", "Passw0rd", "1", "!", "#", "?",
        "=", "&", "~", "^", "%", "\r", "\u{2503}", "\u{FEFF}",
    ]

    private static func lines(_ random: inout SeededRandom, _ count: Int) -> [(address: String, line: String)] {
        (0..<count).map { _ in
            let address = addresses.randomElement(using: &random) ?? ""
            let secret = (0..<Int.random(in: 0...4, using: &random)).map { _ in pieces.randomElement(using: &random) ?? "" }.joined()
            let before = Int.random(in: 0..<8, using: &random) == 0 ? pieces.randomElement(using: &random) ?? "" : ""
            return (address, "\(before)\(address)\(Int.random(in: 0..<9, using: &random) == 0 ? "" : ":")\(secret)")
        }
    }

    @Test(arguments: 1...4) func `says of a line what the long way says, or nothing`(seed: UInt64) {
        var random = SeededRandom(state: seed)
        var shape = FileShape(sample: UnsafeRawBufferPointer(start: nil, count: 0), name: "x.txt")
        shape.kind = .lines(separator: ByteView.colon)
        var shortcuts = 0
        for (address, line) in Self.lines(&random, 5_000) {
            Array(line.utf8).withUnsafeBytes { bytes in
                guard let range = ByteView(bytes).firstRange(of: address) else { return }
                let context = MatchContext(line: bytes, match: range, isStartCut: false, isEndCut: line.utf8.count % 11 == 0)
                guard let quick = FileShape.plainCombo(of: 5, in: context, offset: 9) else { return }
                shortcuts += 1
                #expect(quick == shape.anyRecord(of: 5, in: context, offset: 9), "\(line)")
            }
        }
        #expect(shortcuts > 300)
    }

    @Test func `the commonest line takes it`() {
        let line = "sam@example.net:Passw0rd!"
        Array(line.utf8).withUnsafeBytes { bytes in
            let record = FileShape.plainCombo(of: 1, in: MatchContext(line: bytes, match: 0..<15), offset: 3)
            #expect(record?.login == "sam@example.net")
            #expect(record?.secretText == "Passw0rd!")
            #expect(record?.confidence == .medium)
        }
    }
}
