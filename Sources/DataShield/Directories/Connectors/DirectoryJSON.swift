import Foundation
import JSON
import Scalars

/// Reading what a page or a token hangs on: of another type than documented, it is an error that names the field and what came in its
/// place, because nothing can be said without it. Rows of people are read by ``Reading``.
extension JSONValue {
    func filledText(_ key: String) throws(DirectoryFailure) -> String? {
        switch readText(key) {
        case .value(let text): return text
        case .nothing: return nil
        case .odd(let what): throw .malformed("\(key) is \(what)")
        }
    }

    func neededText(_ key: String) throws(DirectoryFailure) -> String {
        guard let text = try filledText(key) else { throw .malformed("\(key) is missing") }
        return text
    }

    func optionalList(_ key: String) throws(DirectoryFailure) -> [JSONValue]? {
        switch self[key] ?? .null {
        case .null: return nil
        case .array(let items): return items
        case let other: throw .malformed("\(key) is \(other.kind), not a list")
        }
    }

    func neededList(_ key: String) throws(DirectoryFailure) -> [JSONValue] {
        guard let list = try optionalList(key) else { throw .malformed("\(key) is missing") }
        return list
    }

    /// The number in `expires_in`, which some write as a text.
    func neededLifetime(_ key: String) throws(DirectoryFailure) -> Duration {
        guard let value = self[key], value != .null else { throw .malformed("\(key) is missing") }
        guard let seconds = value.wholeNumber, seconds > 0 else { throw .malformed("\(key) is \(value.kind), not a number of seconds") }
        return .seconds(min(seconds, 86_400))
    }
}

extension DirectoryPerson {
    /// First and last name. One in one piece, where a directory gives no other, is split: the last word is taken for the last name.
    static func names(given: String?, family: String?, display: String?) -> (first: String?, last: String?) {
        guard given == nil, family == nil else { return (given, family) }
        guard let words = display?.words, let last = words.last else { return (nil, nil) }
        return words.count == 1 ? (String(last), nil) : (words.dropLast().joined(separator: " "), String(last))
    }
}

/// A password that nobody knows, for a reset that makes the old one useless: 32 characters of four classes, kept in memory only.
enum ThrowawayPassword {
    static func make() -> String {
        var generator = SystemRandomNumberGenerator()
        let classes = ["ABCDEFGHJKLMNPQRSTUVWXYZ", "abcdefghijkmnopqrstuvwxyz", "23456789", "!#$%&*+-=?@_"].map { Array($0.unicodeScalars) }
        let all = classes.flatMap { $0 }
        func draw(_ letters: [Unicode.Scalar]) -> Unicode.Scalar { letters[Int.random(in: 0..<letters.count, using: &generator)] }
        let letters = classes.map { draw($0) } + (0..<28).map { _ in draw(all) }
        return String(String.UnicodeScalarView(letters.shuffled(using: &generator)))
    }
}
