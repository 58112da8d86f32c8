/// Reading what another service wrote: what is missing or of another type is nil, and it is for the caller to say what must be there.
extension JSONValue {
    /// Reads a text as JSON.
    /// - Throws: ``ProviderFailure/malformed(_:)``.
    static func answer(_ bytes: [UInt8]) throws(ProviderFailure) -> JSONValue {
        guard String(validating: bytes, as: UTF8.self) != nil else { throw .malformed("not UTF-8") }
        do {
            return try JSONParser.parse(bytes)
        } catch {
            throw .malformed("not JSON")
        }
    }

    subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members[key]
    }

    var text: String? {
        guard case .string(let text) = self else { return nil }
        return text
    }

    var list: [JSONValue]? {
        guard case .array(let items) = self else { return nil }
        return items
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

    /// Also 0 and 1, as some services write it; anything else is false.
    var flag: Bool {
        switch self {
        case .bool(let flag): flag
        case .integer(let number): number == 1
        case .null, .number, .string, .array, .object: false
        }
    }
}
