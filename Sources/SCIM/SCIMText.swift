import Foundation
import JSON
import Scalars

extension JSONValue {
    /// Whether there is anything in it: RFC 7643 §2.5 makes no difference between null, an empty list and no value. An empty text is
    /// none either, which is how some clients take a value away.
    package var isUnassigned: Bool {
        switch self {
        case .null: true
        case .bool, .integer, .number: false
        case .string(let text): text.isEmpty
        case .array(let items): items.allSatisfy(\.isUnassigned)
        case .object(let members): members.values.allSatisfy(\.isUnassigned)
        }
    }
}

/// How texts are compared: the same in the evaluator and in a database that compares bytes.
package enum SCIMText {
    /// The form in which two spellings that differ in case, or in how a letter with an accent is composed, are one.
    package static func folded(_ text: String) -> String {
        if text.utf8.allSatisfy({ $0 < 0x80 }) {
            return text.utf8.contains(where: { $0 >= 0x41 && $0 <= 0x5A }) ? text.lowercased() : text
        }
        var folded = ""
        for scalar in text.precomposedStringWithCanonicalMapping.unicodeScalars {
            // By way of the capital: one letter can have two small forms, as sigma at the end of a word. The dotless i stays what it is: its
            // capital is another letter's as well.
            folded += scalar == "\u{131}" ? "\u{131}" : scalar.properties.lowercaseMapping.uppercased().lowercased()
        }
        // Changing case can take letters apart: composed again, so that folding twice changes nothing.
        return folded.precomposedStringWithCanonicalMapping
    }

    /// Whether two names are the same: attributes, operators and URNs are ASCII, and case makes no difference (RFC 7643 §2.1).
    package static func isSame(_ left: some StringProtocol, _ right: some StringProtocol) -> Bool {
        left.utf8.count == right.utf8.count && zip(left.utf8, right.utf8).allSatisfy { lower($0) == lower($1) }
    }

    private static func lower(_ byte: UInt8) -> UInt8 { byte >= 0x41 && byte <= 0x5A ? byte | 0x20 : byte }

    /// By bytes, as the database orders.
    static func precedes(_ left: String, _ right: String) -> Bool { left.utf8.lexicographicallyPrecedes(right.utf8) }

    static func contains(_ text: String, _ part: String) -> Bool {
        let (text, part) = (Array(text.utf8), Array(part.utf8))
        guard part.count <= text.count else { return false }
        // Knuth, Morris and Pratt: a text of one letter would make trying every place a square.
        var borders = [0]
        var length = 0
        for byte in part.dropFirst() {
            while length > 0, part[length] != byte { length = borders[length - 1] }
            if part[length] == byte { length += 1 }
            borders.append(length)
        }
        length = 0
        for byte in text where length < part.count {
            while length > 0, part[length] != byte { length = borders[length - 1] }
            if part[length] == byte { length += 1 }
        }
        return length == part.count
    }

    /// A time of RFC 3339, with any number of digits after the second; nil also for one that is not in the years 1 to 9999, which
    /// the formatter would take and the database would not.
    package static func time(_ text: String) -> Date? {
        let year = text.prefix { $0.isASCII && $0.isNumber }
        guard year.count == 4, year != "0000" else { return nil }
        var text = text
        var fraction = 0.0
        if let point = text.firstPlace(of: ".") {
            let digits = text[text.place(behind: point)...].prefix { $0.isASCII && $0.isNumber }
            guard !digits.isEmpty, let value = Double("0." + digits) else { return nil }
            fraction = value
            text.removeSubrange(point..<digits.endIndex)
        }
        // Clients of our own platform leave the zone out; RFC 7643 §2.3.5 asks for one, and UTC is what they mean.
        let formatter = ISO8601DateFormatter()
        formatter.formatOptions = [.withInternetDateTime]
        guard let date = formatter.date(from: text) ?? formatter.date(from: text + "Z") else { return nil }
        return date.addingTimeInterval(fraction)
    }
}
