import Testing

@testable import LeakFiles

@Suite struct AddressSpellingTests {
    @Test(arguments: [
        ("Ann@Acme.test", "ann@acme.test"), ("t08@m\u{FC}ller.test", "t08@xn--mller-kva.test"), ("t08@mu\u{308}ller.test", "t08@xn--mller-kva.test"),
        ("T08@M\u{DC}LLER.test", "t08@xn--mller-kva.test"), ("t08@XN--Mller-kva.test", "t08@xn--mller-kva.test"),
        ("jose\u{301}@acme.test", "jos\u{E9}@acme.test"), ("no-at", "no-at"), ("почта@пример.рф", "почта@xn--e1afmkfd.xn--p1ai"),
    ])
    func `all spellings of an address have one form`(_ address: String, _ canonical: String) {
        #expect(Array(AddressSpelling.canonical(address).utf8) == Array(canonical.utf8))
    }

    @Test(arguments: ["xn--mller-kva.test", "xn--e1afmkfd.xn--p1ai", "xn--strae-oqa.de", "a.xn--fiqs8s", "xn--80ak6aa92e.com"])
    func `a domain in letters has the ASCII form that it was made of`(_ name: String) {
        let letters = DomainName.unicode(name)
        #expect(!letters.hasPrefix("xn--") && letters.utf8.contains { $0 >= 0x80 })
        #expect(DomainName.ascii(letters) == name)
    }

    @Test(arguments: ["xn--", "xn--\u{FC}", "xn--99999999999", "xn--a-", "xn--!!", "plain.test", "xn--zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz"])
    func `what is no ASCII form stays as it is or is decoded, and nothing breaks`(_ name: String) {
        #expect(!DomainName.unicode(name).isEmpty)
    }

    static let umlaut: [String] = [
        "t08@m\u{FC}ller.test", "t08@mu\u{308}ller.test", "t08@M\u{DC}LLER.TEST", "t08@MU\u{308}LLER.TEST", "T08@xn--mller-kva.test",
        "t08@XN--MLLER-KVA.TEST", #"t08@m\u00fcller.test"#, #"t08@m\u00FCller.test"#, #"t08@M\u00DCLLER.test"#, "t08@m%C3%BCller.test",
        "t08@m&#252;ller.test", "t08@m&#xFC;ller.test",
    ]

    @Test(arguments: umlaut) func `a domain is found in every spelling of it, whichever was given`(_ text: String) {
        for given in ["t08@xn--mller-kva.test", "t08@m\u{FC}ller.test", "T08@MU\u{308}LLER.test"] {
            let found = WatchList([given]).found(in: Array("x:\(text):y".utf8))
            #expect(found.map(\.address) == [0], "\(given)")
            #expect(found.map(\.range) == [2..<(2 + text.utf8.count)], "\(given)")
        }
    }

    @Test func `one address in two spellings is one of the list`() {
        let watch = WatchList(["a@b.test", "t08@m\u{FC}ller.test", "t08@xn--mller-kva.test", "t08@mu\u{308}ller.test", "c@d.test"])
        #expect(watch.count == 3)
        #expect(watch[2] == "c@d.test")
        #expect(watch.domains == ["b.test", "d.test", "xn--mller-kva.test"])
        #expect(watch.found(in: "t08@xn--mller-kva.test c@d.test") == ["t08@m\u{FC}ller.test", "c@d.test"])
    }

    @Test func `bytes of Windows code pages spell an address`() {
        #expect(WatchList(["t08@xn--mller-kva.test"]).found(in: Array("t08@m".utf8) + [0xFC] + Array("ller.test:x".utf8)).count == 1)
        #expect(
            WatchList(["ann@xn--e1afmkfd.test"]).found(in: Array("ann@".utf8) + [0xEF, 0xF0, 0xE8, 0xEC, 0xE5, 0xF0] + Array(".test".utf8)).count == 1
        )
        #expect(WatchList(["jos\u{E9}@acme.test"]).found(in: Array("jos".utf8) + [0xE9] + Array("@acme.test".utf8)).count == 1)
    }

    @Test(arguments: [
        ("t08+vpn@acme.test", #"t08\u002Bvpn@acme.test"#), ("t08+vpn@acme.test", #"t08\u002bvpn@acme.test"#),
        ("t08+vpn@acme.test", "t08%2Bvpn@acme.test"),
        ("t08+vpn@acme.test", "t08&#43;vpn@acme.test"), ("t08+vpn@acme.test", "T08&#x2B;VPN@acme.test"),
        ("o't08@acme.test", #"o\u0027t08@acme.test"#),
        ("o't08@acme.test", #"o\'t08@acme.test"#), ("o't08@acme.test", "o''t08@acme.test"), ("o't08@acme.test", "o&#39;t08@acme.test"),
        ("o't08@acme.test", "o&#039;t08@acme.test"), ("o't08@acme.test", "o&apos;t08@acme.test"), ("o't08@acme.test", "O%27T08@acme.test"),
        ("a&b@acme.test", #"a\u0026b@acme.test"#), ("a&b@acme.test", "a&amp;b@acme.test"), ("a/b@acme.test", #"a\/b@acme.test"#),
    ])
    func `signs that formats escape hide no address`(_ address: String, _ text: String) {
        #expect(WatchList([address]).found(in: "\"\(text)\"") == [address])
        #expect(WatchList([address]).found(in: "x\(text)").isEmpty)
    }

    // MARK: What is read

    @Test func `JSON of .NET gives each person with the password`() {
        let text = #"""
            [{"Email":"strgr1@elsewhere.invalid","Password":"x"},{"Email":"t08\u002Bvpn@acme.test","Password":"Zq7Canaryt08!"},{"Email":"o\u0027t08@acme.test","Password":"Zq7Canaryt08!"},{"Email":"t08@m\u00fcller.test","Password":"Zq7Canaryt08!"},{"Email":"t08b@m\#u{FC}ller.test","Password":"Zq7Canaryt08!"}]
            """#
        let watched = ["t08+vpn@acme.test", "o't08@acme.test", "t08@xn--mller-kva.test", "t08b@xn--mller-kva.test"]
        let found = records(text, name: "t08-dotnet.json", watching: watched)
        #expect(found.map(\.address) == [0, 1, 2, 3])
        #expect(found.map(\.secretText) == Array(repeating: "Zq7Canaryt08!", count: 4))
        #expect(found.map(\.secret?.kind) == Array(repeating: .plain, count: 4))
    }

    @Test func `the login of a record is the address, however it is spelled`() async throws {
        let scratch = try Scratch()
        let path = try scratch.write("list.txt", "x@y.example:p\nt08@m\u{FC}ller.test:Zq7\n")
        let packed = try scratch.write("list.txt.gz", ArchiveFixture.gzip(Array("x@y.example:p\nt08@m\u{FC}ller.test:Zq7\n".utf8)))
        let reading = try await readAll([path, packed], WatchList(["t08@xn--mller-kva.test"]))
        #expect(reading.records.map(\.login) == ["t08@xn--mller-kva.test", "t08@xn--mller-kva.test"])
        #expect(reading.records.map(\.secretText) == ["Zq7", "Zq7"])
    }
}
