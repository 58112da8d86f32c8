import Testing

@testable import LeakFiles

@Suite struct WatchListTests {
    @Test func `equal addresses count once and keep the order of their first appearance`() {
        let watch = WatchList(["B@Example.com", "a@example.net", "b@example.COM", "c@example.com"])
        #expect(watch.count == 3)
        #expect((0..<3).map { watch[$0] } == ["b@example.com", "a@example.net", "c@example.com"])
        #expect(watch.domains == ["example.com", "example.net"])
    }

    @Test func `a whole address is found whatever its case, and nothing else is`() {
        let watch = WatchList(["alex.doe@example.com", "o'neil@example.com", "no-at-sign"])
        func find(_ text: String) -> Int? { Array(text.utf8).withUnsafeBytes { watch.find($0) } }
        #expect(find("Alex.Doe@EXAMPLE.com") == 0)
        #expect(find("O'Neil@example.com") == 1)
        #expect(find("NO-at-sign") == 2)
        #expect(find("alex.doe@example.co") == nil)
        #expect(find("xalex.doe@example.com") == nil)
        #expect(find("") == nil)
    }

    @Test func `an empty list finds nothing`() {
        #expect(WatchList([]).found(in: "a@b.com:x\n").isEmpty)
        #expect(WatchList(["a@b.com"]).found(in: "").isEmpty)
    }

    @Test(arguments: [
        ("a@b.com", true), ("a@b.com:x", true), ("<a@b.com>", true), ("'a@b.com'", true), ("\"a@b.com\"", true), ("a@b.com.", true),
        ("a@b.com. Next", true), ("a@b.com..", true), ("a@b.com@x", true), ("x:a@b.com\r\n", true), ("\ta@b.com\t", true), ("1|a@b.com|2", true),
        ("1;A@B.COM;2", true), ("\0a@b.com\0", true), ("mailto:a@b.com?subject", true), ("a@b.com_x", true), ("x@a@b.com", true),
        ("\u{FEFF}a@b.com", true), ("x\n\u{FEFF}a@b.com", true), ("/a@b.com/", true), ("a@b.com...;", true),
        ("...a@b.com", true), ("-a@b.com", true), ("+a@b.com", true), ("__a@b.com__", true), ("%a@b.com", true), (" -a@b.com-", true),
        ("a@b.com-", true), ("a@b.com-- ", true), ("a@b.com-.", true),
        // Two hyphens part a secret from the address, unless they are part of a domain.
        ("a@b.com--x", true), ("a@b.com---x1:2\n", true), ("a@b.com--Zq7!", true), ("a@b.com--x.org", false), ("a@b.com--x.org:pw", false),
        ("a@b.com.-x", false), ("a@b.com-.-x", false), ("a@b.com--ü", false),
        ("xa@b.com", false), ("x.a@b.com", false), ("x-a@b.com", false), ("9+a@b.com", false), ("x__a@b.com", false), ("x%a@b.com", false),
        ("9a@b.com", false), ("üa@b.com", false), ("a@b.comx", false), ("a@b.com.au", false), ("a@b.com..au", false), ("a@b.com-x", false),
        ("a@b.com9", false), ("a@b.comü", false), ("a@b.com.ü", false), ("a@b.co", false), ("a @b.com", false), ("a@ b.com", false),
        ("a@xb.com", false), ("@b.com", false), ("a@", false), ("@", false),
    ])
    func `an address matches only as a whole`(_ text: String, _ isFound: Bool) {
        #expect(WatchList(["a@b.com"]).found(in: text) == (isFound ? ["a@b.com"] : []))
    }

    @Test func `local parts with unusual bytes match as written`() {
        let watch = WatchList(["o'neil@example.com", "neil@example.com", "a@b@example.com", "b@example.com", "@example.com", "jürgen@example.com"])
        #expect(watch.found(in: "x,O'Neil@example.com;") == ["o'neil@example.com", "neil@example.com"])
        #expect(watch.found(in: "xo'neil@example.com") == ["neil@example.com"])
        #expect(watch.found(in: "a@b@example.com") == ["a@b@example.com", "b@example.com"])
        #expect(watch.found(in: ":@example.com") == ["@example.com"])
        #expect(watch.found(in: "jürgen@example.com JÜRGEN@EXAMPLE.COM") == ["jürgen@example.com", "jürgen@example.com"])
    }

    @Test(arguments: 1...20) func `local parts of any length match behind a byte order mark`(_ length: Int) {
        let address = String(repeating: "a", count: length) + "@example.com"
        #expect(WatchList([address]).found(in: "x\n\u{FEFF}\(address):y") == [address])
        #expect(WatchList([address]).found(in: "a\(address)").isEmpty)
    }

    @Test func `addresses that share an at sign are all reported, in order`() {
        let watch = WatchList(["a@b", "b@c", "x@y.example"])
        let text = "a@b@c x@y.example, a@b"
        #expect(watch.found(in: text) == ["a@b", "b@c", "x@y.example", "a@b"])
        #expect(watch.found(in: Array(text.utf8)).map(\.range) == [0..<3, 2..<5, 6..<17, 19..<22])
    }

    @Test(arguments: UInt64(1)...40) func `it finds what a naive search finds`(_ seed: UInt64) {
        var random = SeededRandom(state: seed)
        // Few different bytes, so that addresses, almost-addresses and boundaries come about by chance.
        let alphabet = Array("aAbB@@..-_:\n\r' c".utf8) + [0x00, 0xC3, 0xAB]
        let marks: [[UInt8]] = [[0xEF, 0xBB, 0xBF], Array(".".utf8), Array(" ".utf8)]
        var addresses: Set<String> = []
        for _ in 0..<Int.random(in: 1...30, using: &random) {
            let local = (0..<Int.random(in: 0...4, using: &random)).map { _ in "ab.-_'c".randomElement(using: &random) ?? "a" }
            let domain = (0..<Int.random(in: 0...4, using: &random)).map { _ in "ab.c".randomElement(using: &random) ?? "b" }
            addresses.insert("\(String(local))@\(String(domain))")
        }
        let list = addresses.sorted()
        let watch = WatchList(list)
        let naive = NaiveMatcher(addresses: list.map { Array($0.utf8) })
        for _ in 0..<30 {
            var text: [UInt8] = []
            while text.count < Int.random(in: 0...400, using: &random) {
                switch Int.random(in: 0...5, using: &random) {
                case 0: text += Array((list.randomElement(using: &random) ?? "").utf8)
                case 1: text += Array((list.randomElement(using: &random) ?? "").uppercased().utf8)
                case 2: text += marks.randomElement(using: &random) ?? []
                default: text.append(alphabet.randomElement(using: &random) ?? 0)
                }
            }
            #expect(
                watch.found(in: text).map { WatchMatch(address: $0.address, range: $0.range) } == naive.matches(in: text),
                "seed \(seed), text \(text)")
        }
    }

    @Test func `a large list finds all of its addresses and none of their neighbours`() {
        let addresses = (0..<20_000).map { "user\($0).name@\($0 % 7).example.com" }
        let watch = WatchList(addresses)
        #expect(watch.found(in: addresses.joined(separator: ":x\n")) == addresses)
        #expect(watch.found(in: addresses.map { "x\($0)" }.joined(separator: "\n")).isEmpty)
        #expect(watch.found(in: addresses.map { "\($0).org" }.joined(separator: "\n")).isEmpty)
    }
}
