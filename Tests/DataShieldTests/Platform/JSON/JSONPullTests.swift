import Testing

@testable import DataShield

@Suite struct JSONPullTests {
    private static let good = [
        "{}", "[]", " {\"a\" : [1, -0.5e+7, true, false, null, \"x\"] }\n", #"{"a":{"b":{"c":[[[]]]}}}"#, #""\u00e9\n\"\\\/""#, #"["\ud83d\ude00"]"#,
        "0", "-1",
        "1E5", #""""#, #"{"":""}"#, #"{"\u0061":1}"#, "null",
    ]
    private static let bad = [
        "", " ", "{", "[1,]", #"{"a"}"#, #"{"a":}"#, #"{"a":1,}"#, "[1 2]", "01", "1.", ".5", "+1", "1e", "tru", "nul", "undefined", "'a'", #""a"#,
        "\"a\nb\"",
        #""\x""#, #""\u12g4""#, #""\ud83d""#, "[] []", "{}x", #"{1:2}"#, "[\"\\", #""\""#,
    ]

    private static func skip(_ text: String) throws { try JSONPull.read(Array(text.utf8)) { try $0.skip() } }

    @Test(arguments: good) func `what is JSON is passed over`(text: String) throws {
        _ = try JSONParser.parse(Array(text.utf8))
        try Self.skip(text)
    }

    @Test(arguments: bad) func `what is not JSON is refused, as by the parser`(text: String) {
        #expect(throws: JSONParser.Failure.self) { try JSONParser.parse(Array(text.utf8)) }
        #expect(throws: JSONPull.Failure.self) { try Self.skip(text) }
    }

    @Test func `every beginning of a text is refused`() {
        let text = Array(#"{"a":[1.5,"é\n",{"b":null}],"c":true}"#.utf8)
        for length in 0..<text.count {
            #expect(throws: JSONPull.Failure.self) { try JSONPull.read(Array(text[..<length])) { try $0.skip() } }
        }
    }

    @Test func `nesting has an end`() throws {
        func nested(_ depth: Int) -> String { String(repeating: "[", count: depth) + String(repeating: "]", count: depth) }
        try Self.skip(nested(JSONParser.maximumDepth))
        #expect(throws: JSONPull.Failure.self) { try Self.skip(nested(JSONParser.maximumDepth + 1)) }
    }

    @Test func `half of a surrogate pair spoils nothing where that is wanted`() throws {
        let text = Array(#"{"a":"x\ud800","b":"\udc00"}"#.utf8)
        var read: [String] = []
        try JSONPull.read(text, isLenient: true) { pull in
            try pull.members { pull, _ in read.append(try pull.text()) }
        }
        #expect(read == ["x\u{FFFD}", "\u{FFFD}"])
    }

    @Test func `members are told by name, and values are read`() throws {
        let text = #"{"skipped":{"name":"no"},"n\u0061me":"Zo\u00eb \"Q\"","flag":false,"count":42,"half":0.5,"list":["a","b"],"other":"x"}"#
        var (name, flag, count, half, list): (String?, Bool?, Int?, Int?, [String]) = (nil, nil, nil, 7, [])
        try JSONPull.read(Array(text.utf8)) { pull in
            try pull.members { pull, key in
                switch key {
                case "name": name = try pull.text()
                case "flag": flag = try pull.flag()
                case "count": count = try pull.wholeNumber()
                case "half": half = try pull.wholeNumber()
                case "list": try pull.items { list.append(try $0.text()) }
                default: try pull.skip()
                }
            }
        }
        #expect(name == "Zoë \"Q\"" && flag == false && count == 42 && half == nil && list == ["a", "b"])
    }
}
