import Scalars
import Testing

@testable import DataShield

@Suite struct EmailAddressTests {
    @Test(arguments: [
        ("jane.doe@example.com", "jane.doe@example.com"),
        ("  Jane.Doe@Example.COM\r\n", "jane.doe@example.com"),
        ("\u{FEFF}jane@example.com\u{A0}", "jane@example.com"),
        ("jane+news@example.com", "jane+news@example.com"),
        ("o'brien_x!#$%&*=?^`{|}~-/@example.com", "o'brien_x!#$%&*=?^`{|}~-/@example.com"),
        ("\"Jane\"@example.com", "jane@example.com"),
        ("\"jane.doe\"@example.com", "jane.doe@example.com"),
        ("\"jane doe\"@example.com", "\"jane doe\"@example.com"),
        (#""jane\ doe"@example.com"#, "\"jane doe\"@example.com"),
        (#""a@b"@example.com"#, #""a@b"@example.com"#),
        (#""quote\"and\\slash"@example.com"#, #""quote\"and\\slash"@example.com"#),
        (#""two..dots"@example.com"#, #""two..dots"@example.com"#),
        ("jane@mail.sub.example.co.uk", "jane@mail.sub.example.co.uk"),
        ("jane@3com.com", "jane@3com.com"),
        ("jane@München.example", "jane@xn--mnchen-3ya.example"),
        ("jane@MÜNCHEN.example", "jane@xn--mnchen-3ya.example"),
        ("jane@mu\u{308}nchen.example", "jane@xn--mnchen-3ya.example"),
        ("jane@xn--mnchen-3ya.example", "jane@xn--mnchen-3ya.example"),
        ("jane@XN--MNCHEN-3YA.example", "jane@xn--mnchen-3ya.example"),
        ("jane@faß.example", "jane@xn--fa-hia.example"),
        ("jane@例え.テスト", "jane@xn--r8jz45g.xn--zckzah"),
        ("jane@пример.испытание", "jane@xn--e1afmkfd.xn--80akhbyknj4f"),
        ("jane@ＥＸＡＭＰＬＥ。com", "jane@example.com"),
        ("jörg@example.com", "jörg@example.com"),
        ("JÖRG@example.com", "jörg@example.com"),
        ("jo\u{308}rg@example.com", "j\u{F6}rg@example.com"),
    ])
    func `an address is kept in one spelling`(_ input: String, _ expected: String) throws {
        let address = try EmailAddress(input)
        #expect(address.text == expected)
        // What we keep is read again as itself.
        #expect(try EmailAddress(address.text) == address)
    }

    @Test(arguments: [
        ("", EmailAddress.Fault.missing),
        (" \t ", .missing),
        ("jane", .noAt),
        ("jane.example.com", .noAt),
        ("\"jane\"example.com", .noAt),
        ("jane@doe@example.com", .severalAts),
        ("@example.com", .nothingBeforeAt),
        ("\"\"@example.com", .nothingBeforeAt),
        ("jane@", .nothingAfterAt),
        ("jane@example", .domainWithoutDot),
        (".jane@example.com", .localDots),
        ("jane.@example.com", .localDots),
        ("jane..doe@example.com", .localDots),
        ("jane doe@example.com", .localCharacter(" ")),
        ("jane,doe@example.com", .localCharacter(",")),
        ("ja\"ne@example.com", .localCharacter("\"")),
        ("ja\u{0}ne@example.com", .localCharacter("\u{0}")),
        ("ja\u{202E}ne@example.com", .localCharacter("\u{202E}")),
        ("\"ja\nne\"@example.com", .localCharacter("\n")),
        ("\"jane@example.com", .openQuote),
        ("\"Jane Doe\" <jane@example.com>", .notOnlyAnAddress),
        ("Jane Doe <jane@example.com>", .notOnlyAnAddress),
        ("jane@[192.0.2.1]", .addressLiteral),
        ("jane@192.0.2.1", .domainEnding),
        ("jane@example..com", .domainDots),
        ("jane@.example.com", .domainDots),
        ("jane@example.com.", .domainDots),
        ("jane@-example.com", .domainHyphen),
        ("jane@example-.com", .domainHyphen),
        ("jane@exa_mple.com", .domainCharacter("_")),
        ("jane@exa mple.com", .domainCharacter(" ")),
        ("jane@example.com>", .domainCharacter(">")),
        ("jane@☃.example", .domainCharacter("☃")),
        ("jane@ex\u{200D}ample.com", .domainCharacter("\u{200D}")),
        ("jane@\u{301}a.example", .domainCharacter("\u{301}")),
        ("jane@xn--zz.example", .brokenLabel),
        ("jane@xn--.example", .domainHyphen),
    ])
    func `what is no address is refused with its reason`(_ input: String, _ fault: EmailAddress.Fault) {
        #expect(throws: fault) { try EmailAddress(input) }
        #expect(fault.message.hasSuffix("."))
    }

    @Test func `an address has at most 254 characters`() throws {
        let label = String(repeating: "d", count: 63)
        // 64 + 1 + 189 = 254
        let domain = "\(label).\(label).\(String(repeating: "d", count: 57)).com"
        let longest = String(repeating: "a", count: 64) + "@" + domain
        #expect(longest.count == 254)
        #expect(try EmailAddress(longest).text == longest)
        #expect(throws: EmailAddress.Fault.tooLong) { try EmailAddress(longest + "m") }
        #expect(throws: EmailAddress.Fault.tooLong) { try EmailAddress(String(repeating: "a", count: 1_000_000) + "@example.com") }
    }

    /// Plain addresses take a short way, which a tab in front bars: both have to end alike.
    @Test func `the quick way takes and refuses what the long way does`() {
        var number: UInt64 = 42
        func next(_ count: Int) -> Int {
            number = number &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int((number >> 33) % UInt64(count))
        }
        func some(_ characters: String, upTo count: Int) -> String {
            let characters = Array(characters)
            return String((0..<next(count + 1)).map { _ in characters[next(characters.count)] })
        }
        var taken = 0
        for _ in 0..<3_000 {
            let text = some("aB1.+-_'", upTo: 6) + "@" + some("aX1n-", upTo: 6) + some(".", upTo: 2) + some("a1-.xn", upTo: 6) + some("m1", upTo: 1)
            let quick = try? EmailAddress(text)
            taken += quick == nil ? 0 : 1
            #expect(quick == (try? EmailAddress("\t" + text)), "\(text)")
        }
        #expect(taken > 100)
    }

    @Test func `the part before the at sign has at most 64 octets`() throws {
        #expect(try EmailAddress(String(repeating: "a", count: 64) + "@example.com").local.count == 64)
        #expect(throws: EmailAddress.Fault.localTooLong) { try EmailAddress(String(repeating: "a", count: 65) + "@example.com") }
        #expect(throws: EmailAddress.Fault.localTooLong) { try EmailAddress(String(repeating: "ö", count: 33) + "@example.com") }
    }

    @Test func `a part of the domain has at most 63 octets as it is encoded`() throws {
        #expect(throws: Never.self) { try EmailAddress("a@" + String(repeating: "d", count: 63) + ".com") }
        #expect(throws: EmailAddress.Fault.labelTooLong) { try EmailAddress("a@" + String(repeating: "d", count: 64) + ".com") }
        #expect(throws: EmailAddress.Fault.labelTooLong) { try EmailAddress("a@ü" + String(repeating: "d", count: 58) + ".com") }
    }

    @Test func `the halves are told apart, also behind a quoted at sign`() throws {
        let address = try EmailAddress(#""a@b"@Example.com"#)
        #expect(address.local == #""a@b""#)
        #expect(address.domain == "example.com")
    }

    @Test func `an encoded domain is shown as people write it`() throws {
        #expect(try EmailAddress("jane@münchen.example").display == "jane@münchen.example")
        #expect(try EmailAddress("jane@example.com").display == "jane@example.com")
    }

    @Test func `a reason never repeats the address`() {
        do {
            _ = try EmailAddress("secret person@example.com")
            Issue.record("The address was taken.")
        } catch {
            #expect(!error.message.contains("secret"))
        }
    }
}

@Suite struct PunycodeTests {
    /// RFC 3492, section 7.1, in the parts that are lower-case.
    @Test(arguments: [
        ("ليهمابتكلموشعربي؟", "egbpdaj6bu4bxfgehfvwxn"),
        ("他们为什么不说中文", "ihqwcrb4cv8a8dqg056pqjye"),
        ("למההםפשוטלאמדבריםעברית", "4dbcagdahymbxekheh6e0a7fei0b"),
        ("почемужеонинеговорятпорусски", "b1abfaaepdrnnbgefbadotcwatmq2g4l"),
        ("porquénopuedensimplementehablarenespañol", "porqunopuedensimplementehablarenespaol-fmd56a"),
        ("3年b組金八先生", "3b-ww4c5e180e575a65lsy2b"),
        ("安室奈美恵-with-super-monkeys", "-with-super-monkeys-pc58ag80a8qai00g7n9n"),
        ("münchen", "mnchen-3ya"),
        ("ü", "tda"),
    ])
    func `the examples of the RFC hold in both directions`(_ text: String, _ encoded: String) {
        #expect(Punycode.encode(text.unicodeScalars) == encoded)
        #expect(Punycode.decode(encoded) == text)
    }

    @Test(arguments: ["zz", "99999999", "mnchen-3y", "a-!", "-é", "n416146om4cx20pm4cc5zbl4cc50b"])
    func `what is not Punycode is not decoded`(_ text: String) {
        #expect(Punycode.decode(text) == nil)
    }
}
