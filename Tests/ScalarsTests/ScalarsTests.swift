import Scalars
import Testing

/// Marks that make one `Character` of a sign and what stands beside it. `==` would take much for equal here, so bytes are compared.
@Suite struct ScalarsTests {
    private static let behind = ["\u{301}", "\u{200D}", "\u{FE0F}", "\u{1F3FB}"]
    private static let before = ["\u{600}", "\u{6DD}", "\u{110BD}", "\u{D4E}"]
    static let marked: [String] = behind.map { "\"\($0)" } + before.map { "\($0)\"" }

    private func bytes(_ text: some StringProtocol) -> [UInt8] { Array(text.utf8) }

    @Test(arguments: marked)
    func `a sign is found beside any mark`(_ sign: String) {
        let text = "a" + sign + "b"
        #expect(text.has("\""))
        #expect(text.firstPlace(of: "\"") == text.lastPlace(of: "\""))
        let rest = sign.unicodeScalars.filter { $0 != "\"" }.map { String($0) }.joined()
        #expect(bytes(text.parts(between: "\"").joined()) == bytes("a\(rest)b"))
        #expect(bytes(text.escaping("\"", "\\")).filter { $0 == UInt8(ascii: "\\") }.count == 1)
        #expect(bytes(text.swapping("\"", for: "")) == bytes("a\(rest)b"))
        #expect(bytes(text.swapping(text: "\"", for: "''").swapping(text: "''", for: "\"")) == bytes(text))
    }

    @Test func `parts keep what is empty when asked to`() {
        #expect("a,,b,".parts(between: ",") == ["a", "b"])
        #expect("a,,b,".parts(between: ",", keepsEmpty: true) == ["a", "", "b", ""])
        #expect("a=b=c".parts(between: "=", limit: 1) == ["a", "b=c"])
        #expect(" one\ttwo \u{301} ".words.map { bytes($0) } == ["one", "two", "\u{301}"].map { bytes($0) })
        #expect("".parts(between: ",").isEmpty)
    }

    @Test func `beginnings and ends are compared by bytes`() {
        #expect("/\u{301}a".begins(with: "/"))
        #expect("a\u{600}/".ends(with: "/"))
        #expect(!"e\u{301}".begins(with: "é"))
        #expect(!"é".isSame(as: "e\u{301}"))
        #expect("SMTP:a".rest(behind: "SMTP:") == "a")
        #expect("a".rest(behind: "b") == nil)
        #expect("a.csv".rest(before: ".csv") == "a")
        #expect("abc".begins(with: "") && "abc".ends(with: ""))
    }

    @Test func `what is enclosed is taken out`() {
        #expect("\"a\"".content(within: "\"", "\"") == "a")
        #expect("\"\"".content(within: "\"", "\"") == "")
        #expect("\"".content(within: "\"", "\"") == nil)
        #expect("".content(within: "\"", "\"") == nil)
        #expect("\"\u{301}\"".content(within: "\"", "\"").map { bytes($0) } == bytes("\u{301}"))
    }

    @Test func `a text is cut by signs, however few letters they make`() {
        let heap = "a" + String(repeating: "\u{301}", count: 100_000)
        #expect(heap.count == 1)
        #expect(heap.beginning(200).unicodeScalars.count == 200)
        #expect(!heap.hasAtMost(200))
        #expect("ab".beginning(5) == "ab")
        #expect("äb".hasAtMost(2) && !"äbc".hasAtMost(2) && "".hasAtMost(0))
    }

    @Test func `a text is found where it stands`() {
        let text = "abcabd"
        #expect(text.place(of: "abd").map { text[$0] } == "abd")
        #expect(text.place(of: "abx") == nil)
        #expect("ab".place(of: "abc") == nil)
        #expect("ab".place(of: "") == nil)
        #expect("aaa".swapping(text: "aa", for: "b") == "ba")
    }
}
