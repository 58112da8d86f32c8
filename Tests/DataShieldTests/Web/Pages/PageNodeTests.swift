import Mustache
import Testing

@testable import DataShield

@Suite struct PageNodeTests {
    struct Inner {
        var label: String
        var note: String?
    }
    struct Model {
        var title: String?
        var note: String
        var isOn: Bool
        var count: Int
        var rows: [Inner]
        var one: Inner?
    }

    private func render(_ text: String, _ model: Model) throws -> String {
        try MustacheTemplate(string: text).render(PageNode(model, shared: ["shared": "S"]))
    }

    private let model = Model(title: nil, note: "outer", isOn: true, count: 0, rows: [Inner(label: "<b>", note: nil)], one: nil)

    @Test func `what is nil or empty shows no section`() throws {
        #expect(try render("{{#title}}x{{/title}}{{^title}}none{{/title}}{{#one}}x{{/one}}", model) == "none")
        var empty = model
        empty.title = ""
        #expect(try render("{{#title}}x{{/title}}{{^title}}none{{/title}}", empty) == "none")
    }

    @Test func `what is absent inside hides what has the same name outside`() throws {
        #expect(try render("{{#rows}}{{label}}[{{note}}]{{shared}}{{/rows}}", model) == "&lt;b&gt;[]S")
    }

    @Test func `truth values and numbers are shown as such`() throws {
        #expect(try render("{{#isOn}}on{{/isOn}} {{count}}", model) == "on 0")
    }

    @Test(arguments: [
        ("/alerts?status=OPEN", "/alerts?status=OPEN"), ("//evil.example", "/"), ("https://evil.example", "/"), ("/\\evil.example", "/"),
        ("/a\r\nSet-Cookie: x", "/"), ("", "/"),
    ])
    func `a form leads nobody to another site`(path: String, expected: String) { #expect(Pages.local(path, or: "/") == expected) }
}
