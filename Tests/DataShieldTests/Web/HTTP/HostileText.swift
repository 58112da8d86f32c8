import Foundation
import JSON

@testable import DataShield

/// Texts in which each sign that means something somewhere stands beside marks that make one `Character` of both.
enum HostileText {
    static let signs = ["\"", "<", ">", "&", "'", "\\", ",", "{", "}", "%", "_"]
    static let marksBehind = ["\u{301}", "\u{200D}", "\u{FE0F}", "\u{1F3FB}"]
    static let marksBefore = ["\u{600}", "\u{6DD}", "\u{110BD}"]

    /// Each of at most 120 scalars, so that it fits in every field. A `Q` parts the pieces, which no page of ours has there.
    static let texts: [String] = {
        let behind = marksBehind.map { mark in "Q" + signs.map { "\($0)\(mark)Q" }.joined() }
        let before = marksBefore.map { mark in "Q" + signs.map { "\(mark)\($0)Q" }.joined() }
        let beginnings = ["\u{301}va", "\u{FE0F} Chef", "\u{600}x", "\u{1F3FB} done"]
        let markup = "Q\u{600}<meta http-equiv=refresh content=0;url=https://evil.example/\u{600}>Q\u{202E}Q"
        return behind + before + beginnings + [markup]
    }()

    /// One text with each sign and each mark, where trying all with all would take too long.
    static let whole =
        "Q"
        + signs.enumerated().map { place, sign in
            "\(sign)\(marksBehind[place % marksBehind.count])Q\(marksBefore[place % marksBefore.count])\(sign)Q"
        }.joined()

    /// It, one that begins with a mark, and the one of which a browser made something.
    static let few = [whole, "\u{301}va", "\u{FE0F} Chef"] + texts.suffix(1)

    /// What stands in a page only when a value was not escaped.
    private static let raw: [Data] =
        ["\"", "<", ">", "&", "'"].flatMap { sign in
            marksBehind.map { Data("Q\(sign)\($0)".utf8) } + marksBefore.map { Data("\($0)\(sign)Q".utf8) }
        } + [Data("\u{600}<meta".utf8)]

    /// Whether a value stands in a page as it was, and not escaped.
    static func isRaw(in html: [UInt8]) -> Bool {
        let html = Data(html)
        return raw.contains { html.range(of: $0) != nil }
    }

    /// Whether a text stands in a page, escaped.
    static func isShown(_ text: String, in html: [UInt8]) -> Bool { Data(html).range(of: Data(ScalarEscaping.escaped(text).utf8)) != nil }

    /// Whether a text is somewhere in a JSON value, scalar for scalar.
    static func isHeld(_ text: String, in value: JSONValue) -> Bool {
        switch value {
        case .string(let found): found.utf8.elementsEqual(text.utf8)
        case .array(let items): items.contains { isHeld(text, in: $0) }
        case .object(let members): members.values.contains { isHeld(text, in: $0) }
        case .null, .bool, .integer, .number: false
        }
    }

    /// The fields of an object that take any text, and those that take names of a client's own.
    static func fields(of schema: Schema?) -> [Schema.Property] {
        guard case .object(_, let properties)? = schema else { return [] }
        return properties.filter { property in
            switch property.schema {
            case .string(format: nil), .map, .any: true
            case .string, .words, .integer, .number, .boolean, .array, .object, .reference: false
            }
        }
    }

    /// A value with a text in it, as a field takes it.
    static func value(_ text: String, as schema: Schema) -> JSONValue {
        if case .map = schema { .object([text: .string(text)]) } else { .string(text) }
    }
}
