import Foundation
import Scalars

/// Text out of the markup of strangers.
package enum PlainText {
    private static let entities: [String: String] = [
        "amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": " ", "ndash": "–", "mdash": "—", "hellip": "…", "rsquo": "’",
        "lsquo": "‘", "rdquo": "”", "ldquo": "“", "eacute": "é", "euro": "€",
    ]

    /// The text of an HTML fragment: tags are dropped, with all that is in `script` and `style`; entities become their characters; blanks
    /// are single. The result is text and not markup: whoever shows it escapes it.
    package static func of(html: String) -> String {
        var text = String.UnicodeScalarView()
        var scalars = Substring(html).unicodeScalars
        var hidden: String?
        while let scalar = scalars.first {
            if scalar == "<", let tag = takeTag(&scalars) {
                if let name = hidden {
                    if tag == "/" + name { hidden = nil }
                } else if tag == "script" || tag == "style" {
                    hidden = tag
                } else if ["br", "p", "/p", "li", "div"].contains(tag) {
                    text.append(" ")
                }
                continue
            }
            if hidden == nil, scalar == "&", let character = takeEntity(&scalars) {
                text.append(contentsOf: character.unicodeScalars)
                continue
            }
            scalars.removeFirst()
            if hidden == nil { text.append(scalar) }
        }
        return oneLine(String(text))
    }

    /// The text without control characters, and with single blanks.
    package static func oneLine(_ text: String) -> String {
        if isPlainLine(text) { return text }
        var result = String.UnicodeScalarView()
        var gap = false
        for scalar in text.unicodeScalars {
            if scalar.properties.isWhitespace || scalar.properties.generalCategory == .control || scalar == "\u{FEFF}" {
                gap = !result.isEmpty
                continue
            }
            if gap { result.append(" ") }
            gap = false
            result.append(scalar)
        }
        return String(result)
    }

    /// Whether nothing of a text is to be mended: ASCII, with single blanks inside. Nearly all names are like that, and a directory has a
    /// hundred thousand of them.
    private static func isPlainLine(_ text: String) -> Bool {
        var before = UInt8(ascii: " ")
        for byte in text.utf8 {
            guard (0x20..<0x7F).contains(byte), byte != UInt8(ascii: " ") || before != UInt8(ascii: " ") else { return false }
            before = byte
        }
        return before != UInt8(ascii: " ") || text.isEmpty
    }

    /// Takes `<name …>` or a comment; a `<` that begins neither stays where it is.
    /// - Returns: the tag's name in lower case, with its slash; empty for a comment.
    private static func takeTag(_ scalars: inout Substring.UnicodeScalarView) -> String? {
        let rest = scalars.dropFirst()
        guard let first = rest.first, first == "/" || first == "!" || first.properties.isAlphabetic else { return nil }
        guard let end = rest.firstIndex(of: ">" as Unicode.Scalar) else { return nil }
        var name = ""
        for scalar in rest[..<end] {
            guard scalar == "/" && name.isEmpty || scalar.properties.isAlphabetic || scalar.properties.numericType != nil else { break }
            name.unicodeScalars.append(scalar)
        }
        scalars = scalars[rest.index(after: end)...]
        return name.lowercased()
    }

    /// Takes `&name;` or `&#number;`.
    private static func takeEntity(_ scalars: inout Substring.UnicodeScalarView) -> String? {
        let rest = scalars.dropFirst()
        guard let end = rest.prefix(12).firstIndex(of: ";" as Unicode.Scalar) else { return nil }
        let name = String(rest[..<end])
        var character = entities[name]
        if name.begins(with: "#x") || name.begins(with: "#X") {
            character = UInt32(name.dropFirst(2), radix: 16).flatMap(Unicode.Scalar.init).map { String($0) }
        } else if name.begins(with: "#") {
            character = UInt32(name.dropFirst()).flatMap(Unicode.Scalar.init).map { String($0) }
        }
        guard let character else { return nil }
        scalars = scalars[rest.index(after: end)...]
        return character
    }
}
