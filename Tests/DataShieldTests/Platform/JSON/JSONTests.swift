import Foundation
import JSON
import Testing

@testable import DataShield

@Suite struct JSONWriterTests {
    struct Inner: Codable, Equatable, Sendable {
        var text: String
        var number: Double
        var flag: Bool?
    }
    struct Outer: Codable, Equatable, Sendable {
        var name: String
        var inner: Inner
        var list: [Inner]
        var map: [String: Int]
        var none: String?
        var big: Int64
        var nested: [[Int]]
        var empty: [String]
        var date: Date
        var severity: Severity
    }

    private static let value = Outer(
        name: "Zoë \"quoted\" \\ back/slash \u{1} \n\t\r \u{2028} 👩‍👩‍👧", inner: Inner(text: "", number: -1.5, flag: nil),
        list: [Inner(text: "a", number: 0, flag: true), Inner(text: "b", number: 1e300, flag: false)], map: ["one": 1], none: nil, big: .max,
        nested: [[1, 2], [], [3]], empty: [], date: Date(timeIntervalSince1970: 1_769_860_800.123), severity: .critical)

    @Test func `what is written is what Foundation reads`() throws {
        let bytes = try JSONCoding.encode(Self.value)
        #expect(try JSONCoding.decoder.decode(Outer.self, from: Data(bytes)) == Self.value)
        let ours = try #require(try JSONSerialization.jsonObject(with: Data(bytes)) as? NSDictionary)
        var theirs = try #require(try JSONSerialization.jsonObject(with: JSONCoding.encoder.encode(Self.value)) as? [String: Any])
        // We write absent values as null, Foundation leaves them out.
        theirs["none"] = NSNull()
        theirs["inner"] = ["text": "", "number": -1.5, "flag": NSNull()] as [String: Any]
        #expect(ours == theirs as NSDictionary)
    }

    @Test func `what is written is what we read`() throws {
        #expect(try JSONCoding.decode(Outer.self, from: try JSONCoding.encode(Self.value)) == Self.value)
    }

    @Test func `every character survives`() throws {
        let text = String(String.UnicodeScalarView((1...0x2FF).compactMap { Unicode.Scalar($0) })) + "\u{FFFF}\u{10FFFF}"
        let bytes = try JSONCoding.encode([text])
        #expect(try JSONSerialization.jsonObject(with: Data(bytes)) as? [String] == [text])
        #expect(bytes.allSatisfy { $0 >= 0x20 })
    }

    @Test func `numbers that JSON has not are refused`() {
        #expect(throws: EncodingError.self) { try JSONCoding.encode([Double.nan]) }
        #expect(throws: EncodingError.self) { try JSONCoding.encode(["a": Double.infinity]) }
    }

    @Test(arguments: [(1.0, "1"), (-0.5, "-0.5"), (1e21, "1e+21"), (123456789.25, "123456789.25")])
    func `numbers are written shortly`(_ number: Double, _ text: String) throws {
        #expect(String(decoding: try JSONCoding.encode([number]), as: UTF8.self) == "[\(text)]")
    }

    /// Containers opened by hand, without the end call that they do not have.
    struct ByHand: Encodable {
        enum Key: CodingKey { case a, b, c }
        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: Key.self)
            var nested = container.nestedContainer(keyedBy: Key.self, forKey: .a)
            try nested.encode(1, forKey: .b)
            var items = container.nestedUnkeyedContainer(forKey: .b)
            try items.encode("x")
            var deep = items.nestedContainer(keyedBy: Key.self)
            try deep.encodeNil(forKey: .c)
            try container.encode(true, forKey: .c)
        }
    }

    /// The fields of another type, and one more among them.
    private struct Wider: Codable, Equatable {
        var inner: Inner
        var more: [Int]

        private enum CodingKeys: String, CodingKey { case more }

        init(inner: Inner, more: [Int]) { (self.inner, self.more) = (inner, more) }
        init(from decoder: any Decoder) throws {
            inner = try Inner(from: decoder)
            more = try decoder.container(keyedBy: CodingKeys.self).decode([Int].self, forKey: .more)
        }
        func encode(to encoder: any Encoder) throws {
            try inner.encode(to: encoder)
            var fields = encoder.container(keyedBy: CodingKeys.self)
            try fields.encode(more, forKey: .more)
        }
    }

    @Test func `a type whose fields stand among those of another is one object`() throws {
        let wider = Wider(inner: Inner(text: "a", number: 1, flag: nil), more: [2])
        let text = String(decoding: try JSONCoding.encode([wider, wider]), as: UTF8.self)
        let one = #"{"text":"a","number":1,"flag":null,"more":[2]}"#
        #expect(text == "[\(one),\(one)]")
        #expect(try JSONCoding.decode([Wider].self, from: text.utf8) == [wider, wider])
        let properties: [String] = if case .object(_, let found) = Schema.of(Wider.self) { found.map(\.name) } else { [] }
        #expect(properties == ["text", "number", "flag", "more"])
    }

    @Test func `nested containers end where their parent goes on`() throws {
        #expect(String(decoding: try JSONCoding.encode([ByHand()]), as: UTF8.self) == #"[{"a":{"b":1},"b":["x",{"c":null}],"c":true}]"#)
    }
}

@Suite struct TimestampTests {
    @Test(arguments: [
        (0.0, "1970-01-01T00:00:00.000Z"), (-0.001, "1969-12-31T23:59:59.999Z"), (1_709_164_800.5, "2024-02-29T00:00:00.500Z"),
        (951_782_399.9994, "2000-02-28T23:59:59.999Z"), (4_102_444_799.999, "2099-12-31T23:59:59.999Z"),
        (-62_135_596_800, "0001-01-01T00:00:00.000Z"),
    ])
    func `a time is written in UTC with milliseconds`(_ seconds: Double, _ text: String) {
        let date = Date(timeIntervalSince1970: seconds)
        #expect(Timestamp.text(date) == text)
        #expect(abs((Timestamp.parse(text) ?? .distantPast).timeIntervalSince(date)) < 0.001)
    }

    @Test func `every day of four hundred years is what Foundation says`() {
        let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
        for day in stride(from: -73_000, to: 73_000, by: 97) {
            let date = Date(timeIntervalSince1970: Double(day) * 86_400 + 45_296.75)
            #expect(Timestamp.text(date) == date.formatted(style))
            #expect(Timestamp.parse(date.formatted(style)) != nil)
        }
    }

    @Test(arguments: [
        ("2026-01-31", 1_769_817_600.0), ("2026-01-31T12:00:00Z", 1_769_860_800), ("2026-01-31t12:00:00.25z", 1_769_860_800.25),
        ("2026-01-31 12:00:00+02:00", 1_769_853_600), ("2026-01-31T12:00:00-0530", 1_769_880_600),
    ])
    func `the usual forms are read`(_ text: String, _ seconds: Double) {
        #expect(Timestamp.parse(text) == Date(timeIntervalSince1970: seconds))
    }

    @Test(arguments: [
        "", "yesterday", "2026-02-29", "2026-13-01", "2026-01-31T25:00:00Z", "2026-01-31T12:00:00", "2026-01-31T12:00:00Z ", "0000-01-01",
    ])
    func `what is no time is not read`(_ text: String) {
        #expect(Timestamp.parse(text) == nil)
    }
}

@Suite struct JSONParserTests {
    private func parse(_ text: String) throws -> JSONValue { try JSONParser.parse(Array(text.utf8)) }

    @Test func `values of every kind are read`() throws {
        let text = #" { "a" : [ 1 , -2.5e3 , true , false , null , "x\u00e9\ud83d\ude00\n\/" ] , "b" : { } } "#
        let expected: JSONValue = .object([
            "a": .array([.integer(1), .number(-2500), .bool(true), .bool(false), .null, .string("xé😀\n/")]), "b": .object([:]),
        ])
        #expect(try parse(text) == expected)
    }

    @Test(arguments: [
        "", " ", "{", "[1,]", "{\"a\":1,}", "{a:1}", "'a'", "01", "1.", "+1", ".5", "1e", "nul", "truex", "[1 2]", "\"a", "\"\\x\"", "\"\\ud800\"",
        "\"\\udc00\"", "\"\\ud800\\u0041\"", "\"a\u{1}\"", "1 2", "{\"a\":1,\"a\":2}", "NaN", "1e999", "// x\n1", "\u{FEFF}1",
    ])
    func `what is not JSON is refused`(_ text: String) {
        #expect(throws: JSONParser.Failure.self) { try parse(text) }
    }

    @Test(arguments: [
        (#"{"a":1,"a":2,"b":3}"#, JSONValue.object(["a": .array([.integer(1), .integer(2)]), "b": .integer(3)])),
        (#"{"a":1,"a":1}"#, .object(["a": .integer(1)])), (#""x\ud800""#, .string("x\u{FFFD}")), (#""\udc00x""#, .string("\u{FFFD}x")),
        (#""\ud800\u0041""#, .string("\u{FFFD}A")), (#""\ud800\n""#, .string("\u{FFFD}\n")), (#""\ud800\ud83d\ude00""#, .string("\u{FFFD}😀")),
        ("1e999", .number(.greatestFiniteMagnitude)),
    ])
    func `of another service's answer one odd value does not spoil the rest`(_ text: String, _ value: JSONValue) throws {
        #expect(try JSONParser.parse(Array(text.utf8), isLenient: true) == value)
    }

    @Test func `a tower of brackets is refused before it falls`() {
        #expect(throws: JSONParser.Failure.self) { try parse(String(repeating: "[", count: 1_000_000)) }
        #expect(throws: Never.self) { try parse(String(repeating: "[", count: 64) + String(repeating: "]", count: 64)) }
    }
}
