import Foundation
import Scalars

/// Reading what a directory wrote. A field that is absent or null is nil, because directories leave out what they do not have; one of
/// another type than documented is an error that names it and what came in its place, and never taken for absent.
extension JSONValue {
    private func present(_ key: String) -> JSONValue? {
        guard let value = self[key], value != .null else { return nil }
        return value
    }

    func optionalText(_ key: String) throws(DirectoryFailure) -> String? {
        guard let value = present(key) else { return nil }
        guard let text = value.text else { throw .malformed("\(key) is \(value.kind), not a text") }
        return text
    }

    /// A text with something in it.
    func filledText(_ key: String) throws(DirectoryFailure) -> String? {
        guard let text = try optionalText(key)?.trimmingCharacters(in: .whitespacesAndNewlines), !text.isEmpty else { return nil }
        return text
    }

    func optionalFlag(_ key: String) throws(DirectoryFailure) -> Bool? {
        guard let value = present(key) else { return nil }
        guard case .bool(let flag) = value else { throw .malformed("\(key) is \(value.kind), not a truth value") }
        return flag
    }

    func optionalTime(_ key: String) throws(DirectoryFailure) -> Date? {
        guard let text = try filledText(key) else { return nil }
        guard let time = Timestamp.parse(text) else { throw .malformed("\(key) is a text that is no time") }
        return time
    }

    func optionalList(_ key: String) throws(DirectoryFailure) -> [JSONValue]? {
        guard let value = present(key) else { return nil }
        guard let list = value.list else { throw .malformed("\(key) is \(value.kind), not a list") }
        return list
    }

    func optionalObject(_ key: String) throws(DirectoryFailure) -> JSONValue? {
        guard let value = present(key) else { return nil }
        guard case .object = value else { throw .malformed("\(key) is \(value.kind), not an object") }
        return value
    }

    func neededText(_ key: String) throws(DirectoryFailure) -> String {
        guard let text = try filledText(key) else { throw .malformed("\(key) is missing") }
        return text
    }

    func neededFlag(_ key: String) throws(DirectoryFailure) -> Bool {
        guard let flag = try optionalFlag(key) else { throw .malformed("\(key) is missing") }
        return flag
    }

    func neededList(_ key: String) throws(DirectoryFailure) -> [JSONValue] {
        guard let list = try optionalList(key) else { throw .malformed("\(key) is missing") }
        return list
    }

    /// The number in `expires_in`, which some write as a text.
    func neededLifetime(_ key: String) throws(DirectoryFailure) -> Duration {
        guard let value = present(key) else { throw .malformed("\(key) is missing") }
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
