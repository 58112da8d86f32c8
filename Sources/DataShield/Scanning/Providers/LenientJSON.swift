import JSON

/// Reading what another service wrote: what is missing or of another type is nil, and it is for the caller to say what must be there.
extension JSONValue {
    /// Reads a text as JSON.
    /// - Throws: ``ProviderFailure/malformed(_:)``.
    static func answer(_ bytes: [UInt8]) throws(ProviderFailure) -> JSONValue {
        guard String(validating: bytes, as: UTF8.self) != nil else { throw .malformed("not UTF-8") }
        do {
            return try JSONParser.parse(bytes, isLenient: true)
        } catch {
            throw .malformed("not JSON")
        }
    }

    /// Also a number in a text, as some services write it.
    var wholeNumber: Int? {
        switch self {
        case .integer(let number): number
        case .number(let number): Int(exactly: number.rounded())
        case .string(let text): Int(text)
        case .null, .bool, .array, .object: nil
        }
    }

    /// Also 0 and 1, and either as a text, as some services write it; anything else is false.
    var flag: Bool {
        switch self {
        case .bool(let flag): flag
        case .integer(let number): number == 1
        case .string(let text): ["true", "1", "yes"].contains(text.lowercased())
        case .null, .number, .array, .object: false
        }
    }
}

/// What must be there: when it is not, or is of another type, the service's answers have changed, and the failure names the field. An
/// answer that cannot be understood must never be taken for one that has nothing.
extension JSONValue {
    func required(_ key: String) throws(ProviderFailure) -> JSONValue {
        guard let value = self[key] else { throw .malformed("\(key) is missing") }
        return value
    }

    func requiredNumber(_ key: String) throws(ProviderFailure) -> Int {
        let value = try required(key)
        guard let number = value.wholeNumber else { throw .malformed("\(key) is \(value.kind), not a whole number") }
        return number
    }

    func requiredText(_ key: String) throws(ProviderFailure) -> String {
        let value = try required(key)
        guard let text = value.text else { throw .malformed("\(key) is \(value.kind), not a text") }
        return text
    }

    func requiredList(_ key: String) throws(ProviderFailure) -> [JSONValue] {
        let value = try required(key)
        guard let list = value.items else { throw .malformed("\(key) is \(value.kind), not a list") }
        return list
    }

    /// A text, a whole number as one, or a list of one of them; nil for anything else.
    var name: String? {
        switch self {
        case .string(let text): text
        case .integer(let number): String(number)
        case .array(let items) where items.count == 1: items[0].name
        case .null, .bool, .number, .array, .object: nil
        }
    }

    /// A text, or the texts of a list: services are not of one mind, and some change it.
    var texts: [String] {
        switch self {
        case .string(let text): [text]
        case .array(let items): items.compactMap(\.text)
        case .null, .bool, .integer, .number, .object: []
        }
    }

    /// Whether it holds anything: empty texts and lists stand for what is not known.
    var holdsSomething: Bool {
        switch self {
        case .null: false
        case .bool, .integer, .number: true
        case .string(let text): !text.allSatisfy(\.isWhitespace)
        case .array(let items): items.contains(where: \.holdsSomething)
        case .object(let members): members.values.contains(where: \.holdsSomething)
        }
    }
}
