import Foundation
import Testing

@testable import DataShield

@Suite struct SchemaTests {
    struct Body: Codable, Sendable, Equatable {
        struct Part: Codable, Sendable, Equatable { var number: Double }
        var name: String
        var count: Int?
        var severity: Severity?
        var tags: [String]?
        var note: Patch<String>
        var id: AlertID?
        var part: Part?
        var at: Date?
        var weights: [String: Double]?
        var flag: Bool?
    }

    private func errors(_ json: String) throws -> [String] {
        let value = try JSONParser.parse(Array(json.utf8))
        do {
            _ = try Schema.decode(Body.self, from: value)
            return []
        } catch let error as InvalidInput {
            return error.fields.map(\.field)
        }
    }

    @Test(arguments: [
        (#"{"name":"x"}"#, []),
        (#"{"name":"x","note":null,"count":null}"#, []),
        (#"{}"#, ["name"]),
        (#"{"name":null}"#, ["name"]),
        (#"{"name":1}"#, ["name"]),
        (#"{"name":"x","nam":"y"}"#, ["nam"]),
        (#"{"name":"x","count":"1"}"#, ["count"]),
        (#"{"name":"x","count":1.5}"#, ["count"]),
        (#"{"name":"x","severity":"SEVERE"}"#, ["severity"]),
        (#"{"name":"x","severity":["LOW"]}"#, ["severity"]),
        (#"{"name":"x","tags":["a",2,null]}"#, ["tags[1]", "tags[2]"]),
        (#"{"name":"x","id":"1; DROP TABLE alerts"}"#, ["id"]),
        (#"{"name":"x","part":{"number":"1","more":2}}"#, ["part.number", "part.more"]),
        (#"{"name":"x","at":"yesterday"}"#, ["at"]),
        (#"{"name":"x","weights":{"a":"b"}}"#, ["weights.a"]),
        (#"{"name":"a\u0000b"}"#, ["name"]),
        (#"{"name":"x","tags":["\u0000"]}"#, ["tags[0]"]),
        (#"{"name":"x","flag":"true"}"#, ["flag"]),
        (#"[]"#, [""]),
    ])
    func `every wrong field is named`(_ json: String, _ fields: [String]) throws {
        #expect(try errors(json) == fields)
    }

    @Test func `all mistakes of a body are told at once`() throws {
        #expect(try errors(#"{"count":"1","flag":0,"extra":1}"#) == ["name", "count", "flag", "extra"])
    }

    @Test func `a field that is absent, cleared and set are three things`() throws {
        func note(_ json: String) throws -> Patch<String> { try Schema.decode(Body.self, from: try JSONParser.parse(Array(json.utf8))).note }
        #expect(try note(#"{"name":"x"}"#) == .absent)
        #expect(try note(#"{"name":"x","note":null}"#) == .clear)
        #expect(try note(#"{"name":"x","note":"y"}"#) == .set("y"))
    }

    @Test func `a query string becomes the same checked type`() throws {
        let schema = Schema.of(Body.self)
        let value = schema.value(fromTexts: ["name": ["7"], "count": ["7"], "tags": ["a,b", "c"], "flag": ["on"], "severity": [""]])
        let body = try Schema.decode(Body.self, from: value)
        #expect(body.name == "7" && body.count == 7 && body.tags == ["a", "b", "c"] && body.flag == true && body.severity == nil)
        #expect(throws: InvalidInput.self) { try Schema.decode(Body.self, from: schema.value(fromTexts: ["name": ["x"], "count": ["seven"]])) }
    }

    @Test func `a type that contains itself ends`() {
        struct Tree: Codable {
            var name: String
            var children: [Tree]?
        }
        guard case .object(_, let properties) = Schema.of(Tree.self) else {
            Issue.record("The schema is no object.")
            return
        }
        #expect(properties.map(\.name) == ["name", "children"])
    }

    @Test func `names of the document are short and legal`() {
        #expect(Schema.name(of: Page<CompanyResponse>.self) == "PageOfCompanyResponse")
        #expect(Schema.name(of: Users.New.self) == "Users.New")
    }
}

@Suite struct CursorTests {
    struct Key: Codable, Equatable {
        var at: Date
        var id: AlertID
        var name: String
    }

    @Test func `a cursor keeps microseconds`() throws {
        let key = Key(at: Date(timeIntervalSince1970: 1_769_860_800.123456), id: AlertID(), name: "O'Brien ✓")
        let text = try Cursor.encode(key)
        #expect(text.utf8.allSatisfy { $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "=") })
        let read = try #require(try Cursor.decode(text, as: Key.self))
        #expect(read.id == key.id && read.name == key.name && abs(read.at.timeIntervalSince(key.at)) < 0.000001)
    }

    @Test(arguments: ["", "x", "AAAA", "e30", "bnVsbA", "W10", String(repeating: "A", count: 5000), "%00", "eyJhdCI6MX0"])
    func `what is no cursor is refused by name`(_ text: String) {
        let error = #expect(throws: InvalidInput.self) { try Cursor.decode(text, as: Key.self) }
        #expect(error?.fields.map(\.field) == ["cursor"])
    }

    @Test func `a limit has bounds`() throws {
        #expect(try PageLimit.checked(nil) == 50)
        #expect(try PageLimit.checked(200) == 200)
        for wrong in [0, -1, 201, Int.max] { #expect(throws: InvalidInput.self) { try PageLimit.checked(wrong) } }
    }
}
