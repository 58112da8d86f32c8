import Foundation
import Testing

@testable import DataShield

@Suite struct BreachDraftTests {
    static func draft(
        _ source: BreachSource, catalogue: Bool = false, name: String = "Example", date: String? = nil, types: [String] = []
    ) -> BreachDraft {
        BreachDraft(
            source: source, isFromCatalogue: catalogue,
            entry: CatalogueEntry(
                name: name, breachDate: BreachDate.day(date), addedAt: catalogue ? Date(timeIntervalSince1970: 1) : nil, dataTypes: types))
    }

    @Test func `a catalogue wins over what was said of one person`() {
        let catalogue = Self.draft(.hibp, catalogue: true, name: "ExampleShop", date: "2020-01-01", types: ["email"])
        let said = Self.draft(.darkWeb, name: "exampleshop.com", date: "2019-01-01", types: ["password"])
        #expect(said.improved(by: catalogue) == catalogue)
        #expect(catalogue.improved(by: said) == catalogue)
    }

    @Test func `a catalogue without a date takes one from elsewhere`() {
        let catalogue = Self.draft(.hibp, catalogue: true)
        let said = Self.draft(.darkWeb, date: "2019-01-01")
        #expect(catalogue.improved(by: said).entry.breachDate == BreachDate.day("2019-01-01"))
    }

    @Test func `in whatever order sources without a catalogue come, the end is the same`() {
        let drafts = [
            Self.draft(.darkWeb, name: "Example.com", date: "2020-05-01", types: ["email", "password"]),
            Self.draft(.darkWeb, name: "example", types: ["phone"]),
            Self.draft(.stealerLog, name: "EXAMPLE.NET", date: "2021-05-01", types: ["email"]),
            Self.draft(.manual, name: "Example", date: "2019-01-01"),
        ]
        let ends = Set(permutations(drafts).map { order in order.dropFirst().reduce(order[0]) { $0.improved(by: $1) } })
        #expect(ends.count == 1)
        #expect(ends.first?.source == .stealerLog)
        #expect(ends.first?.entry.name == "EXAMPLE.NET")
        #expect(ends.first?.entry.dataTypes == ["email", "password", "phone"])
        #expect(ends.first?.entry.breachDate == BreachDate.day("2019-01-01"))
    }
}

/// All orders of some elements.
func permutations<Element>(_ elements: [Element]) -> [[Element]] {
    guard elements.count > 1 else { return [elements] }
    return elements.indices.flatMap { index in
        var rest = elements
        let element = rest.remove(at: index)
        return permutations(rest).map { [element] + $0 }
    }
}

@Suite struct PlainTextTests {
    @Test(arguments: [
        ("In May, <a href=\"https://x.example/1\" target=\"_blank\">Shop</a> &amp; <em>others</em>.", "In May, Shop & others."),
        ("a<br>b<script>alert(1)</script>c", "a bc"), ("1 < 2 and 3 > 2", "1 < 2 and 3 > 2"),
        ("&quot;x&quot; &#8217; &#x41; &nosuch;", "\"x\" ’ A &nosuch;"),
        ("<img src=x onerror=alert(1)>", ""), ("&lt;script&gt;", "<script>"), ("line\n\n  two\u{0}", "line two"), ("open <b", "open <b"),
        ("<SCRIPT>x</SCRIPT>y", "y"), ("", ""),
    ])
    func `markup becomes text`(html: String, text: String) {
        #expect(PlainText.of(html: html) == text)
    }

    @Test(arguments: [
        ("Ada Lovelace", "Ada Lovelace"), (" a", "a"), ("a ", "a"), ("a  b", "a b"), ("a\tb", "a b"), ("a\r\nb", "a b"), ("a\u{7F}b", "a b"),
        ("Weiß", "Weiß"), ("a\u{A0}b", "a b"), ("\u{FEFF}a", "a"), (" ", ""), ("", ""),
    ])
    func `a text becomes one line`(text: String, line: String) {
        #expect(PlainText.oneLine(text) == line)
    }
}
