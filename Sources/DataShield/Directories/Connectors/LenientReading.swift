import Foundation
import JSON
import Scalars

/// What a directory wrote in one place, read leniently: one odd value does not end a listing.
///
/// What is absent or null is nothing, because directories leave out what they do not have. A number or truth value in the place of a text,
/// a text in the place of a truth value, and a list of one are taken for what they say. Everything else is odd: it says something that
/// cannot be read, and is never taken for absent.
enum Reading<Value> {
    case value(Value)
    case nothing
    /// What came in place of what: "a list, not a text".
    case odd(String)

    func map<Other>(_ make: (Value) -> Reading<Other>) -> Reading<Other> {
        switch self {
        case .value(let value): make(value)
        case .nothing: .nothing
        case .odd(let what): .odd(what)
        }
    }

    /// For what a person can be taken without: what is odd is noted, and is not known.
    func known(_ field: String, _ odd: inout [OddField]) -> Value? {
        switch self {
        case .value(let value): return value
        case .nothing: return nil
        case .odd(let what):
            odd.append(OddField(field, what))
            return nil
        }
    }

    /// For what a person cannot be taken without reading it.
    func decided(_ field: String) throws(OddRow) -> Value? {
        switch self {
        case .value(let value): value
        case .nothing: nil
        case .odd(let what): throw OddRow("\(field) is \(what)")
        }
    }

    /// For what has to be there as well.
    func needed(_ field: String) throws(OddRow) -> Value {
        guard let value = try decided(field) else { throw OddRow("\(field) is missing") }
        return value
    }
}

/// A field of a person that could not be read, and that they can be taken without.
package struct OddField: Sendable, Hashable {
    /// As the directory calls it.
    package var field: String
    /// "a list, not a text"; never what it held.
    package var problem: String

    package init(_ field: String, _ problem: String) {
        self.field = field
        self.problem = problem
    }
}

/// Why a person cannot be taken: what of them cannot be read.
struct OddRow: Error, Hashable {
    let problem: String

    init(_ problem: String) { self.problem = problem }
}

extension OddRow {
    /// Where one account is asked for, it is the answer that cannot be read.
    static func unlisted<R>(_ body: () throws -> R) throws -> R {
        do {
            return try body()
        } catch let row as OddRow {
            throw DirectoryFailure.malformed(row.problem)
        }
    }
}

// MARK: Values of JSON

extension JSONValue {
    /// A text with something in it.
    func readText(_ key: String) -> Reading<String> { (self[key] ?? .null).asText }
    /// What tells rows apart: a text and nothing else. What a number or a list of one says would be taken for somebody else, and whose row it is
    /// would be gone.
    func readId(_ key: String) -> Reading<String> { (self[key] ?? .null).asId }
    func readFlag(_ key: String) -> Reading<Bool> { (self[key] ?? .null).asFlag }
    func readTime(_ key: String) -> Reading<Date> { readText(key).map { Reading.time($0) } }

    /// A list; what is in it is for others to read. One thing that is no list stands for a list of one.
    func readList(_ key: String) -> [JSONValue] {
        switch self[key] ?? .null {
        case .null: []
        case .array(let items): items
        case let other: [other]
        }
    }

    func readObject(_ key: String) -> Reading<JSONValue> {
        switch self[key] ?? .null {
        case .null: .nothing
        case .object(let members): .value(.object(members))
        case .array(let items) where items.isEmpty: .nothing
        case .array(let items) where items.count == 1 && items[0].isObject: .value(items[0])
        case let other: .odd("\(other.kind), not an object")
        }
    }

    private var isObject: Bool { if case .object = self { true } else { false } }

    var asText: Reading<String> {
        switch self {
        case .null: return .nothing
        case .string(let text):
            let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
            return trimmed.isEmpty ? .nothing : .value(trimmed)
        case .integer(let number): return .value(String(number))
        case .array(let items) where items.isEmpty: return .nothing
        case .array(let items) where items.count == 1: return items[0].asText
        case .bool, .number, .array, .object: return .odd("\(kind), not a text")
        }
    }

    var asId: Reading<String> {
        switch self {
        case .null, .string: asText
        case .bool, .integer, .number, .array, .object: .odd("\(kind), not a text")
        }
    }

    private var asFlag: Reading<Bool> {
        switch self {
        case .null: .nothing
        case .bool(let flag): .value(flag)
        case .integer(0): .value(false)
        case .integer(1): .value(true)
        case .string(let text): Reading.flag(text)
        case .array(let items) where items.count == 1: items[0].asFlag
        case .integer, .number, .array, .object: .odd("\(kind), not a truth value")
        }
    }

    /// The texts of a list, or one text that stands for a list. What is no text among them is noted.
    func readTexts(_ key: String, _ odd: inout [OddField]) -> [String] {
        readList(key).compactMap { $0.asText.known(key, &odd) }
    }
}

extension Reading<Date> {
    static func time(_ text: String) -> Reading<Date> {
        Timestamp.parse(text).map { .value($0) } ?? .odd("a text that is no time")
    }
}

extension Reading<Bool> {
    static func flag(_ text: String) -> Reading<Bool> {
        switch text.trimmingCharacters(in: .whitespacesAndNewlines).lowercased() {
        case "true", "1": .value(true)
        case "false", "0": .value(false)
        case "": .nothing
        default: .odd("a text, not a truth value")
        }
    }
}

// MARK: Pieces of JSON

extension JSONPull {
    /// A text with something in it.
    mutating func readText() throws -> Reading<String> {
        guard try kind() == .text else { return try value().asText }
        let text = try text()
        // Few have blanks around them, and looking for them costs less than cutting them off.
        guard let first = text.utf8.first, let last = text.utf8.last else { return .nothing }
        guard first <= 0x20 || first >= 0x80 || last <= 0x20 || last >= 0x80 else { return .value(text) }
        let trimmed = text.trimmingCharacters(in: .whitespacesAndNewlines)
        return trimmed.isEmpty ? .nothing : .value(trimmed)
    }

    /// What tells rows apart: a text and nothing else.
    mutating func readId() throws -> Reading<String> { try kind() == .text ? try readText() : try value().asId }

    mutating func readFlag() throws -> Reading<Bool> {
        guard try kind() == .flag else { return JSONValue.object(["": try value()]).readFlag("") }
        return .value(try flag())
    }

    mutating func readTime() throws -> Reading<Date> { try readText().map { Reading.time($0) } }

    /// The texts of a list, or one text that stands for a list. What is no text among them is noted.
    mutating func readTexts(_ field: String, _ odd: inout [OddField]) throws -> [String] {
        JSONValue.object([field: try value()]).readTexts(field, &odd)
    }
}

// MARK: Rows

/// A row of a listing that could not be taken for want of reading it. The listing goes on without it; whoever it may be is not gone.
package struct UnreadableRow: Sendable, Hashable {
    /// The directory's own id; nil where that is what cannot be read: then it may be anybody.
    package var externalId: String?
    /// By what an administrator can find it: its id, what it is signed in with, its place in the listing.
    package var name: String
    /// What cannot be read of it; not what it held.
    package var reason: String

    package init(externalId: String?, name: String, reason: String) {
        self.externalId = externalId
        // It is shown and stored, whatever the directory wrote.
        let line = PlainText.oneLine(String(name.beginning(200)))
        self.name = line.isEmpty ? "A row" : line
        self.reason = reason
    }
}

extension DirectoryPage {
    /// A page of rows that are objects, each read by itself.
    /// - Parameters:
    ///   - id: the field that tells rows apart.
    ///   - names: fields by which a row without an id can be found; those of an object in it with a full stop: `profile.login`.
    ///   - place: how many rows came before.
    ///   - read: makes a person of a row; nil when it is none of ours.
    static func reading(
        _ rows: [JSONValue], id: String, names: [String], after place: Int, _ read: (JSONValue) throws -> DirectoryPerson?
    ) throws -> DirectoryPage {
        var page = DirectoryPage(people: [])
        for (index, row) in rows.enumerated() {
            do {
                guard case .object = row else { throw OddRow("it is \(row.kind), not an object") }
                if let person = try read(row) { page.people.append(person) }
            } catch let odd as OddRow {
                page.unreadable.append(unreadable(row, id: id, names: names, place: place + index, odd))
            }
        }
        return page
    }

    private static func unreadable(_ row: JSONValue, id: String, names: [String], place: Int, _ odd: OddRow) -> UnreadableRow {
        var externalId: String?
        if case .value(let text) = row.readId(id) { externalId = text }
        func text(_ name: String) -> String? {
            let value = name.parts(between: ".").reduce(row) { $0[String($1)] ?? .null }
            if case .value(let text) = value.asText { return text }
            return nil
        }
        return UnreadableRow(
            externalId: externalId, name: externalId ?? names.lazy.compactMap(text).first ?? "Row \(place + 1)", reason: odd.problem)
    }
}
