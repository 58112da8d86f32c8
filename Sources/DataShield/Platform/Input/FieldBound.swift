import JSON

/// What a field takes beyond its type. The document shows it, and what is beyond is refused when the body or query is read, so that the
/// two cannot drift apart; what more a field has to be (an address, a day) is for its capability to check.
package enum FieldBound: Sendable, Hashable {
    /// A text of so many characters, as JSON counts them: Unicode scalars.
    case length(ClosedRange<Int>)
    /// A text of so many bytes in UTF-8.
    case bytes(ClosedRange<Int>)
    /// A list of so many items.
    case items(ClosedRange<Int>)
    /// A whole number.
    case integer(ClosedRange<Int>)
    /// A number above the first, and at most the second.
    case number(above: Double, atMost: Double)
    /// An object with these names at most, whose values are numbers that are not negative.
    case weights([String])
    /// An object whose values are texts of so many characters at most.
    case values(Int)
    case email
    /// A day, or a moment of it.
    case day
    /// A day, or a moment.
    case moment
    /// One of these words, where the type has more.
    case words([String])
    /// A place in a list, as an answer gave it.
    case cursor
    /// A text of a form; shown only.
    case pattern(String)
}

/// A body or query some of whose fields have bounds, by their names in JSON.
package protocol BoundedFields {
    static var bounds: [String: FieldBound] { get }
}

extension FieldBound {
    /// What is wrong with a value; nil when nothing is, or when it is for its capability to say.
    func problem(with value: JSONValue) -> String? {
        switch (self, value) {
        case (.length(let range), .string(let text)): Self.outside(range, text.unicodeScalars.count, "characters")
        case (.bytes(let range), .string(let text)): Self.outside(range, text.utf8.count, "bytes")
        case (.email, .string(let text)): Self.addressProblem(text)
        case (.words(let words), .string(let text)): words.contains(text) ? nil : "must be one of \(words.joined(separator: ", "))."
        case (.cursor, .string(let text)): Cursor.isOne(text) ? nil : Cursor.problem
        case (.items(let range), .array(let items)): Self.outside(range, items.count, "items")
        case (.length, _), (.bytes, _), (.email, _), (.items, _), (.integer, _), (.number, _), (.weights, _), (.values, _), (.day, _), (.moment, _),
            (.words, _), (.cursor, _), (.pattern, _):
            nil
        }
    }

    private static func addressProblem(_ text: String) -> String? {
        do {
            _ = try EmailAddress(text)
            return nil
        } catch { return error.message }
    }

    private static func outside(_ range: ClosedRange<Int>, _ count: Int, _ what: String) -> String? {
        if count > range.upperBound { return "must have at most \(range.upperBound) \(what)." }
        if count < range.lowerBound { return "must have at least \(range.lowerBound) \(what)." }
        return nil
    }

    /// The keywords of JSON Schema that say it.
    var keywords: [String: JSONValue] {
        switch self {
        case .length(let range): Self.lengths(range)
        case .bytes(let range):
            // A character has one byte at least, and four at most.
            Self.lengths((range.lowerBound + 3) / 4...range.upperBound).merging(
                ["description": .string("\(range.lowerBound) to \(range.upperBound) bytes in UTF-8.")]) { $1 }
        case .items(let range):
            ["minItems": .integer(range.lowerBound), "maxItems": .integer(range.upperBound)]
        case .integer(let range): ["minimum": .integer(range.lowerBound), "maximum": .integer(range.upperBound)]
        case .number(let above, let most): ["exclusiveMinimum": .number(above), "maximum": .number(most)]
        case .weights(let names):
            [
                "propertyNames": .object(["enum": .array(names.map { .string($0) })]),
                "additionalProperties": .object(["type": .string("number"), "minimum": .integer(0)]),
            ]
        case .values(let most): ["additionalProperties": .object(["type": .string("string"), "maxLength": .integer(most)])]
        case .email: ["format": .string("email"), "maxLength": .integer(254)]
        case .day: ["format": .string("date")]
        case .moment:
            [
                "anyOf": .array([.object(["format": .string("date")]), .object(["format": .string("date-time")])]),
                "description": .string("A day such as 2026-01-31, or a time such as 2026-01-31T12:00:00.000Z."),
            ]
        case .words(let words): ["enum": .array(words.map { .string($0) })]
        case .cursor: ["pattern": .string("^[A-Za-z0-9_-]{1,2048}$")]
        case .pattern(let pattern): ["pattern": .string(pattern)]
        }
    }

    private static func lengths(_ range: ClosedRange<Int>) -> [String: JSONValue] {
        var keywords: [String: JSONValue] = ["maxLength": .integer(range.upperBound)]
        if range.lowerBound > 0 { keywords["minLength"] = .integer(range.lowerBound) }
        return keywords
    }
}

extension Schema.Property {
    /// The words of the page about the API: "a text of 1 to 200 characters".
    var expectation: String {
        switch bound {
        case .length(let range): "\(schema.expectation) of \(Self.span(range)) characters"
        case .bytes(let range): "\(schema.expectation) of \(Self.span(range)) bytes"
        case .items(let range): "\(schema.expectation) of \(Self.span(range)) items"
        case .integer(let range): "\(schema.expectation) from \(range.lowerBound) to \(range.upperBound)"
        case .number(let above, let most): "\(schema.expectation) above \(above), at most \(most)"
        case .email: "an e-mail address"
        case .day: "a day such as 2026-01-31"
        case .moment: "a day or a time"
        case .weights, .values, .words, .cursor, .pattern, nil: schema.expectation
        }
    }

    private static func span(_ range: ClosedRange<Int>) -> String {
        range.lowerBound > 0 ? "\(range.lowerBound) to \(range.upperBound)" : "at most \(range.upperBound)"
    }
}

extension Schema {
    /// The same with the bounds of a type's fields, and of the two that all lists have: how many, and from where.
    func bounded(by type: any Decodable.Type) -> Schema {
        guard case .object(let name, let properties) = self else { return self }
        var bounds = (type as? any BoundedFields.Type)?.bounds ?? [:]
        if Set(properties.map(\.name)).isSuperset(of: ["cursor", "limit"]) {
            bounds["cursor"] = .cursor
            bounds["limit"] = .integer(PageLimit.range)
        }
        guard !bounds.isEmpty else { return self }
        return .object(
            name: name,
            properties.map { property in
                var property = property
                switch (bounds[property.name], property.schema) {
                case (.integer(let range)?, .integer(nil)): property.schema = .integer(range)
                case (let bound, _): property.bound = bound
                }
                return property
            })
    }
}
