import Testing

@testable import LeakFiles

@Suite struct EncodingTests {
    private static let line = "https://vpn.example.com/login:alex.doe@example.com:Pw-1"

    static let endings: [String] = ["\n", "\r\n", "\r", "\r\r\n", ""]

    @Test(arguments: endings) func `line ends never get into a password`(_ ending: String) {
        let found = records("x.example:u:p" + ending + (ending.isEmpty ? "\n" : "") + Self.line + ending)
        #expect(found.map(\.secretText) == ["Pw-1"])
        #expect(found.map(\.site) == ["vpn.example.com"])
    }

    @Test func `mixed ends and marks in the middle of a joined file`() {
        let text = "\u{FEFF}" + Self.line + "\r\n\u{FEFF}" + Self.line + "\r" + Self.line + "\n" + Self.line
        #expect(records(text).map(\.secretText) == ["Pw-1", "Pw-1", "Pw-1", "Pw-1"])
    }

    static let russian: [[UInt8]] = [Array("пароль-21".utf8), [0xEF, 0xE0, 0xF0, 0xEE, 0xEB, 0xFC, 0x2D, 0x32, 0x31]]

    @Test(arguments: russian) func `a password keeps its bytes, whatever the encoding`(_ password: [UInt8]) {
        let found = records(bytes: Array("https://a.example/:alex.doe@example.com:".utf8) + password + Array("\r\nb.example:u:p\n".utf8))
        #expect(found.map(\.secret?.bytes) == [password])
        #expect(found.map(\.confidence) == [.high])
        var collector = StealerLogCollector(watch: WatchList(people))
        collector.add(
            "X/Passwords.txt", bytes: Array("URL: https://a.example\nUsername: alex.doe@example.com\nPassword: ".utf8) + password + [13, 10])
        #expect(collector.finish().first?.records.first?.secret?.bytes == password)
    }

    @Test func `names in other encodings are decoded by their looks`() {
        #expect(withView(bytes: [0xEF, 0xE0, 0xF0, 0xEE, 0xEB, 0xFC]) { $0.text(limit: 20) } == "пароль")
        #expect(withView(bytes: Array("M".utf8) + [0xFC] + Array("ller".utf8)) { $0.text(limit: 20) } == "Müller")
        #expect(withView("a\u{202E}b\u{7}c") { $0.text(limit: 20) } == "abc")
        #expect(withView(String(repeating: "ä", count: 300)) { $0.text(limit: 254).count } == 254)
    }

    @Test func `a line of a megabyte is no credential, but the address in it is there`() {
        let filler = String(repeating: "x", count: 1 << 20)
        let found = records("a.example:u:p\n" + filler + ":alex.doe@example.com:Pw\n" + Self.line + "\n")
        #expect(found.map(\.address) == [0, 0])
        #expect(found.map(\.secretText) == [nil, "Pw-1"])
        let long = records(Self.line + filler + "\n")
        #expect(long.map(\.secretText) == [nil])
        #expect(long.first?.confidence == .low)
    }

    @Test func `NUL bytes in a line are left out`() {
        let found = records("https://a\0.example/:alex.doe@example.com:Pw\0-1\0\nb.example:u:p\n")
        #expect(found.map(\.secretText) == ["Pw-1"])
        #expect(found.map(\.site) == ["a.example"])
    }

    @Test func `a cut line keeps only what is certain`() {
        let bytes = Array(Self.line.utf8)
        bytes.withUnsafeBytes { buffer in
            let shape = FileShape(sample: buffer, name: "x")
            let match = 30..<50
            var context = MatchContext(line: buffer, match: match, isEndCut: true)
            #expect(shape.record(of: 0, in: context, offset: 0).secret == nil)
            #expect(shape.record(of: 0, in: context, offset: 0).login == "alex.doe@example.com")
            context.isStartCut = true
            #expect(shape.record(of: 0, in: context, offset: 0).shape == .text)
        }
    }
}
