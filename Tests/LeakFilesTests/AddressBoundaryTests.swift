import Testing

@testable import LeakFiles

@Suite struct AddressBoundaryTests {
    private static let address = "ann@acme.test"

    private static func isFound(_ bytes: [UInt8]) -> Bool { WatchList([address]).found(in: bytes) == [WatchMatch(address: 0, range: range(bytes))] }

    private static func range(_ bytes: [UInt8]) -> Range<Int> {
        let wanted = Array(address.utf8)
        let start = bytes.indices.first { bytes[$0...].starts(with: wanted) } ?? 0
        return start..<(start + wanted.count)
    }

    private static func isFound(_ text: String) -> Bool { isFound(Array(text.utf8)) }

    // MARK: Signs

    /// Quotation marks, brackets, spaces of every kind, what is not seen, signs of other scripts, symbols and emoji.
    static let signs: [String] =
        "“ ” „ ‟ ‘ ’ ‚ ‛ « » ‹ › 「 」 『 』 《 》 〈 〉 【 】 （ ） ［ ］ ｛ ｝ ＂ ＇ ＜ ＞ ： ； ， 。 、 ？ ！ ｜ ＝ ＠ · • ‣ – — ― … © ® ™ § ° ¿ ¡ € £ ¥ → ★ ✉ ✉️ 😀 ؛ ، ؟ ׃ । ×"
        .split(separator: " ").map(String.init) + [
            "\u{A0}", "\u{1680}", "\u{2000}", "\u{2003}", "\u{2007}", "\u{2009}", "\u{200A}", "\u{200B}", "\u{200C}", "\u{200D}", "\u{200E}",
            "\u{200F}", "\u{2028}", "\u{2029}", "\u{202A}", "\u{202C}", "\u{202E}", "\u{202F}", "\u{205F}", "\u{2060}", "\u{2066}", "\u{2069}",
            "\u{3000}", "\u{FEFF}", "\u{FFFD}", "\u{85}", "\u{AD}", "\u{1F44D}\u{1F3FD}",
        ] + "\"'`()[]{}<>,;:!?#$&*/=^|~@\\ \t\r\n\0".unicodeScalars.map(String.init)

    static let letters = ["é", "E\u{301}", "ß", "я", "ї", "λ", "א", "ع", "ก", "中", "あ", "ア", "한", "Ａ", "ａ", "９", "٣", "Ⅷ", "a", "Z", "0", "9", "ª"]

    @Test(arguments: signs) func `a sign beside an address hides it in no encoding`(_ sign: String) {
        for text in ["\(sign)\(Self.address)\(sign)", "x\(sign)\(Self.address)\(sign)x", "я\(sign)\(Self.address)"] {
            #expect(Self.isFound(text), "\(text)")
        }
        #expect(Self.isFound(Self.json(sign) + Self.address + Self.json(sign)), "JSON")
        #expect(
            !WatchList([Self.address]).found(in: Self.wide("x\n\(sign)\(Self.address)\(sign)\n", isBigEndian: false)).isEmpty, "UTF-16 amid a text")
    }

    @Test(arguments: letters) func `a letter or digit beside an address makes it another one in every encoding`(_ letter: String) {
        for text in [
            "\(letter)\(Self.address)", "\(Self.address)\(letter)", "\(Self.address).\(letter)", "\(letter).\(Self.address)",
            "\(letter)-_\(Self.address)",
        ] {
            #expect(!Self.isFound(text), "\(text)")
        }
        #expect(!Self.isFound(Self.json(letter) + Self.address), "JSON before")
        #expect(!Self.isFound(Self.address + Self.json(letter)), "JSON behind")
        for text in ["\(letter)\(Self.address)\n", "\(Self.address)\(letter)\n"] {
            #expect(WatchList([Self.address]).found(in: Self.wide(text, isBigEndian: false)).isEmpty, "UTF-16")
        }
    }

    private static func json(_ text: String) -> String {
        text.utf16.map { unit in
            let digits = String(unit, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }.joined()
    }

    private static func wide(_ text: String, isBigEndian: Bool) -> [UInt8] {
        text.utf16.flatMap { isBigEndian ? [UInt8($0 >> 8), UInt8(truncatingIfNeeded: $0)] : [UInt8(truncatingIfNeeded: $0), UInt8($0 >> 8)] }
    }

    // MARK: Escapes

    @Test(arguments: [
        (#"\nann@acme.test\n"#, true), (#"\rann@acme.test"#, true), (#"\tann@acme.test\t"#, true), (#"Hi\r\nann@acme.test\r\n"#, true),
        (#"\\nann@acme.test"#, true), (#"\fann@acme.test"#, true), (#"\0ann@acme.test"#, true), (#"\u0022ann@acme.test\u0022"#, true),
        (#"\u003cann@acme.test\u003e"#, true), (#"\u003Cann@acme.test\u003E"#, true), (#"\u00a0ann@acme.test"#, true),
        (#"\u201cann@acme.test\u201d"#, true), (#"\ud83d\ude00ann@acme.test"#, true), (#"\x22ann@acme.test\x22"#, true),
        (#"\xe2\x80\x9cann@acme.test"#, true), (#"\042ann@acme.test\042"#, true), ("%22ann@acme.test%22", true), ("=%3Aann@acme.test%3A", true),
        ("user%3Aann@acme.test", true), ("%0D%0Aann@acme.test%0D", true), ("%E2%80%9Cann@acme.test", true), ("&lt;ann@acme.test&gt;", true),
        ("&quot;ann@acme.test&quot;", true), ("&#34;ann@acme.test&#34;", true), ("&nbsp;ann@acme.test&nbsp;", true), (#"ACME\ann@acme.test"#, true),
        (#"\u00e9ann@acme.test"#, false), (#"\u0041ann@acme.test"#, false), (#"\u0430ann@acme.test"#, false), ("%41ann@acme.test", false),
        ("%C3%A9ann@acme.test", false), ("x%2Bann@acme.test", false), (#"x\u002bann@acme.test"#, false), (#"x\u002Eann@acme.test"#, false),
        (#"\nxann@acme.test"#, false), (#"\xnann@acme.test"#, false), ("&eacute;ann@acme.test", false), ("&#233;ann@acme.test", false),
        (#"ann@acme.test\u00fc"#, false), ("ann@acme.test%C3%BC", false), ("ann@acme.test&uuml;", false), (#"\u00g1ann@acme.test"#, false),
        ("nann@acme.test", false), ("u201cann@acme.test", false), ("20ann@acme.test", false),
    ])
    func `an escape counts as what it stands for`(_ text: String, _ isExpected: Bool) {
        #expect(Self.isFound(text) == isExpected)
        #expect(Self.isFound("x\n" + String(repeating: "filler ", count: 20) + text + "\n") == isExpected)
    }

    @Test(arguments: 1...20) func `escapes hide no local part, however long it is`(_ length: Int) {
        let address = String("abcdefghijklmnopqrst".prefix(length)) + "@acme.test"
        for escape in [#"\n"#, #"\u201c"#, #"\x22"#, #"\042"#, "%22", "--", "...", "“", "\u{A0}"] {
            #expect(WatchList([address]).found(in: escape + address) == [address], "\(escape)")
            #expect(WatchList([address]).found(in: "some text before it: \(escape)\(address)") == [address], "\(escape)")
        }
    }

    @Test func `both people are found where either may be meant`() {
        let watch = WatchList(["nancy@acme.test", "ancy@acme.test"])
        #expect(Set(watch.found(in: #"ACME\nancy@acme.test"#)) == ["nancy@acme.test", "ancy@acme.test"])
        #expect(watch.found(in: "nancy@acme.test") == ["nancy@acme.test"])
    }

    // MARK: Bytes

    @Test(
        arguments: [
            ([0x93], [0x94], true), ([0xAB], [0xBB], true), ([0xA0], [0xA0], true), ([0x91], [0x92], true), ([0x96], [0x97], true),
            ([0x80], [0x80], true),
            ([0xB7], [0xB7], true), ([0xBF], [0xBF], true), ([0xA1], [0x85], true), ([0xE9], [], false), ([], [0xE9], false), ([0xFF], [], false),
            ([0x8A], [], false), ([0xEF, 0xE0], [], false), ([0xE4, 0xBF], [], false), ([], [0xBF, 0xE4], false), ([0xD7], [0xD7], true),
            ([0xC3, 0xA2, 0xE2, 0x82, 0xAC, 0xC5, 0x93], [0xC3, 0xA2, 0xE2, 0x82, 0xAC, 0xC2, 0x9D], true),
            ([0xC3, 0x82, 0xC2, 0xA0], [0xC3, 0x82, 0xC2, 0xA0], true), ([], [0xC3, 0xA2, 0xE2, 0x82, 0xAC], true),
            ([0xC3, 0xA3], [], false), ([], [0xC3, 0xA3], false),
        ] as [([UInt8], [UInt8], Bool)])
    func `bytes of Windows code pages and of text encoded twice count as their characters`(_ before: [UInt8], _ behind: [UInt8], _ isExpected: Bool) {
        #expect(Self.isFound(before + Array(Self.address.utf8) + behind) == isExpected)
        #expect(Self.isFound([0x20] + before + Array(Self.address.utf8) + behind + [0x20]) == isExpected)
    }
}
