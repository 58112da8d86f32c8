import DataShieldTestSupport
import Foundation
import JSON
import Mustache
import Postgres
import Testing

@testable import DataShield

/// The one thing that each place makes of a text with a mark beside a sign. `==` on texts takes too much for equal: bytes are compared.
@Suite(.freshDatabase) struct MarkedTextTests {
    private func bytes(_ text: some StringProtocol) -> [UInt8] { Array(text.utf8) }

    // MARK: Pages

    private struct Inner {
        var label: String
    }
    private struct Model {
        var title: String
        var rows: [Inner]
    }

    @Test(arguments: HostileText.texts) func `every value of a template is escaped, in sections and in partials too`(_ text: String) throws {
        ScalarEscaping.register()
        var library = MustacheLibrary()
        try library.register(ScalarEscaping.heading + "[{{label}}]", named: "part")
        try library.register(ScalarEscaping.heading + "<a title=\"{{title}}\">{{#rows}}{{label}}{{> part}}{{/rows}}</a>{{title}}", named: "page")
        let html = library.render(PageNode(Model(title: text, rows: [Inner(label: text)])), withTemplate: "page") ?? ""
        let escaped = ScalarEscaping.escaped(text)
        #expect(bytes(html) == bytes("<a title=\"\(escaped)\">\(escaped)[\(escaped)]</a>\(escaped)"))
        #expect(bytes(SVG.escape(text)) == bytes(escaped))
        for sign in "<>\"'".utf8 { #expect(!escaped.utf8.contains(sign)) }
        let back = [("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'"), ("&amp;", "&")].reduce(Data(escaped.utf8)) { data, pair in
            var data = data
            while let range = data.range(of: Data(pair.0.utf8)) { data.replaceSubrange(range, with: Data(pair.1.utf8)) }
            return data
        }
        #expect(Array(back) == bytes(text))
    }

    @Test func `no template says how to escape, and what is not escaped is drawn or rendered by us`() throws {
        let directory = try Pages.assetsDirectory.deletingLastPathComponent().appendingPathComponent("Templates")
        var count = 0
        for path in try FileManager.default.subpathsOfDirectory(atPath: directory.path) where path.hasSuffix(".mustache") {
            count += 1
            let text = try String(contentsOf: directory.appendingPathComponent(path), encoding: .utf8)
            #expect(!text.contains("{{%") && !text.contains("{{&") && !text.contains("{{="), "\(path)")
            let raw = Set(text.matches(of: /\{\{\{\s*([a-zA-Z]+)\s*\}\}\}/).map { String($0.1) })
            let drawn: Set = ["bar", "gauge", "content", "timelineWide", "timelineCompact", "severityDonut"]
            #expect(raw.isSubset(of: drawn), "\(path): \(raw.subtracting(drawn))")
        }
        #expect(count > 30)
    }

    // MARK: Addresses

    @Test func `the sign of an address is found behind a letter that joins what follows`() throws {
        // U+0D4E is a letter, and one Character with what stands behind it.
        let address = try EmailAddress("a\u{D4E}@nord.example")
        #expect(address.domain == "nord.example")
        #expect(bytes(address.local) == bytes("a\u{D4E}"))
        let quoted = try EmailAddress("\"a\\\"\u{301}b\"@nord.example")
        #expect(bytes(quoted.text) == bytes("\"a\\\"\u{301}b\"@nord.example"))
        #expect(try EmailAddress(quoted.text) == quoted)
    }

    @Test func `a login is shortened at its sign`() {
        #expect(bytes(LoginText.redacted("x\u{D4E}@mail.example", of: "p@nord.example")) == bytes("x***@mail.example"))
        #expect(bytes(LoginText.redacted("y\u{301}z", of: "p@nord.example")) == bytes("y***"))
    }

    // MARK: Questions

    @Test func `a pattern has nothing special of what was typed`() async throws {
        for sign in ["%", "_", "\\"] {
            for mark in HostileText.marksBehind {
                let pattern = LikePattern.containing("a\(sign)\(mark)b")
                #expect(bytes(pattern) == bytes("%a\\\(sign)\(mark)b%"))
                let found = try await TestDatabase.current.system.first(
                    "SELECT \("xa\(sign)\(mark)by")::text ILIKE \(pattern) AND NOT \("xaQQ\(mark)by")::text ILIKE \(pattern)", as: Bool.self)
                #expect(found == true)
            }
        }
    }

    @Test func `a list of rows' arrays has each element as it was`() async throws {
        let rows = [HostileText.texts, ["\"\u{301}", "\\\u{301}", ",\u{301}", "}\u{301}{"], []]
        let back = try await TestDatabase.current.system.query(
            "SELECT r.list::text[] FROM unnest(\(rows.map { ArrayText.of($0) })::text[]) WITH ORDINALITY AS r (list, place) ORDER BY r.place",
            as: [String].self)
        #expect(back.map { $0.map { bytes($0) } } == rows.map { $0.map { bytes($0) } })
    }

    // MARK: Files and headers

    @Test func `a doubled quotation mark is one beside any mark`() throws {
        var reader = CSVReader()
        reader.append("a,b\n\"x\"\"\u{301}y\",\"x\u{600}\"\"y\"\n".utf8)
        reader.finish()
        _ = try reader.next()
        let record = try #require(try reader.next())
        #expect(record.fields.map { bytes($0) } == ["x\"\u{301}y", "x\u{600}\"y"].map { bytes($0) })
    }

    @Test(arguments: [
        ("a%22\u{301}.csv", "a\"\u{301}.csv"), ("C:\\leaks\\\u{301}b.csv", "\u{301}b.csv"), ("x/\u{301}y", "\u{301}y"), ("z\u{600}", "z\u{600}"),
    ])
    func `a file in a form is called as its sender calls it`(_ sent: String, _ name: String) throws {
        var form = try MultipartFile(contentType: "multipart/form-data; boundary=xyz")
        let body = "--xyz\r\nContent-Disposition: form-data; name=\"file\"; FileName=\"\(sent)\"\r\n\r\nbody\r\n--xyz--\r\n"
        #expect(try form.append(body.utf8) == Array("body".utf8))
        #expect(form.fileName.map { bytes($0) } == bytes(name))
    }

    @Test func `what a client says of itself does not hide what the proxy says of it`() async throws {
        try await withServer { (client) async throws in
            // Were the comma not found, the whole header would be no address, and the client this machine: metrics would be shown.
            #expect(try await client.get("/metrics", headers: [("X-Forwarded-For", "127.0.0.1\u{600}, 203.0.113.7")]).status == 404)
        }
    }

    // MARK: Sameness

    private struct Pair: Equatable {
        var name: String
        var more: [String: [String?]]
    }

    @Test func `what is only seen alike is not written alike`() {
        let (one, two) = ("\u{C5}", "A\u{30A}")
        #expect(one == two)
        #expect(!one.isWritten(like: two))
        #expect(Pair(name: "a", more: ["x": [one, nil]]).isWritten(like: Pair(name: "a", more: ["x": [one, nil]])))
        #expect(!Pair(name: "a", more: ["x": [one, nil]]).isWritten(like: Pair(name: "a", more: ["x": [two, nil]])))
        #expect(!Pair(name: one, more: [:]).isWritten(like: Pair(name: two, more: [:])))
        #expect(!Pair(name: "a", more: [one: []]).isWritten(like: Pair(name: "a", more: [two: []])))
        #expect(!JSONValue.object(["a": .array([.string(one)])]).isWritten(like: .object(["a": .array([.string(two)])])))
        #expect(!Pair(name: "a", more: [:]).isWritten(like: Pair(name: "b", more: [:])))
    }
}
