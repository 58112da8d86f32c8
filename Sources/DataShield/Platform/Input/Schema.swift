import Foundation
import JSON
import Scalars

/// What a JSON value has to look like: taken from the Swift types themselves, it checks what comes in, says what would be right, and
/// is what the OpenAPI document shows.
package indirect enum Schema: Sendable, Hashable {
    case string(format: String?)
    /// One of these words.
    case words([String])
    case integer(ClosedRange<Int>?)
    case number
    case boolean
    case array(Schema)
    /// An object with any names, all of whose values are alike.
    case map(Schema)
    case object(name: String, [Property])
    /// A type that contains itself, by name.
    case reference(String)
    /// Anything: free JSON.
    case any

    package struct Property: Sendable, Hashable {
        package var name: String
        package var schema: Schema
        package var isRequired: Bool
        package var isNullable: Bool
        /// What it takes beyond its type.
        package var bound: FieldBound?
    }

    /// The words of a message: "a text", "one of OPEN, RESOLVED".
    package var expectation: String {
        switch self {
        case .string(format: "date-time"): "a time such as 2026-01-31T12:00:00.000Z"
        case .string(format: "cuid"): "an id"
        case .string: "a text"
        case .words(let words): "one of \(words.joined(separator: ", "))"
        case .integer(let range): range.map { "a whole number from \($0.lowerBound) to \($0.upperBound)" } ?? "a whole number"
        case .number: "a number"
        case .boolean: "true or false"
        case .array: "a list"
        case .map, .object, .reference: "an object"
        case .any: "a JSON value"
        }
    }
}

/// A type that says itself what its JSON looks like, because recording its `init(from:)` could not tell.
package protocol SchemaDescribed {
    static var schema: Schema { get }
}

extension Schema {
    private static let cache = SchemaCache()

    /// The schema of a type; found once, by letting the type decode itself from a decoder that writes down what is asked of it.
    package static func of(_ type: any Decodable.Type) -> Schema { cache.schema(of: type) }

    /// The name that a type has in the document: `AlertRoutes.Change`, `PageOfAlertListing`.
    static func name(of type: Any.Type) -> String {
        var name = String(reflecting: type)
        for module in ["DataShield.", "DataShieldTests.", "Swift.", "Foundation.", "FoundationEssentials."] {
            name = name.swapping(text: module, for: "")
        }
        name.replace(/\(unknown context at \$[0-9a-f]+\)\./, with: "")
        name = name.swapping("<", for: "Of").swapping(">", for: "").swapping(text: ", ", for: "And")
        return String(name.unicodeScalars.filter { CharacterSet.alphanumerics.contains($0) || $0 == "." || $0 == "_" })
    }
}

/// Schemas that were found already, by type. A class with a lock: routes are added and requests decoded on many threads.
private final class SchemaCache: Sendable {
    private let lock = NSLock()
    nonisolated(unsafe) private var schemas: [ObjectIdentifier: Schema] = [:]  // guarded by `lock`

    func schema(of type: any Decodable.Type) -> Schema {
        let key = ObjectIdentifier(type)
        if let known = lock.withLock({ schemas[key] }) { return known }
        let schema = SchemaRecorder.record(type, within: [])
        lock.withLock { schemas[key] = schema }
        return schema
    }
}

/// A type made of others: their schemas are asked of whoever records it, who knows which types are being recorded already.
protocol SchemaNesting {
    static func schema(of inner: (any Decodable.Type) -> Schema) -> Schema
}

extension Array: SchemaNesting where Element: Decodable {
    static func schema(of inner: (any Decodable.Type) -> Schema) -> Schema { .array(inner(Element.self)) }
}
extension Set: SchemaNesting where Element: Decodable {
    static func schema(of inner: (any Decodable.Type) -> Schema) -> Schema { .array(inner(Element.self)) }
}
extension Dictionary: SchemaNesting where Key == String, Value: Decodable {
    static func schema(of inner: (any Decodable.Type) -> Schema) -> Schema { .map(inner(Value.self)) }
}
extension Identifier: SchemaDescribed {
    package static var schema: Schema { .string(format: "cuid") }
}
extension JSONValue: SchemaDescribed {
    package static var schema: Schema { .any }
}

/// A field of a change that may be left alone, cleared or set: JSON without the field, with null, or with a value.
package enum Patch<Value: Codable & Sendable>: Sendable {
    case absent
    case clear
    case set(Value)

    /// The value afterwards.
    package func applied(to old: Value?) -> Value? {
        switch self {
        case .absent: old
        case .clear: nil
        case .set(let value): value
        }
    }

    package var isAbsent: Bool { if case .absent = self { true } else { false } }
}

extension Patch: Equatable where Value: Equatable {}

extension Patch: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        self = container.decodeNil() ? .clear : .set(try container.decode(Value.self))
    }
    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        if case .set(let value) = self { try container.encode(value) } else { try container.encodeNil() }
    }
}

extension KeyedDecodingContainer {
    /// Found by synthesised `init(from:)`s instead of the general `decode`, so that an absent field is not an error.
    package func decode<Value>(_ type: Patch<Value>.Type, forKey key: Key) throws -> Patch<Value> {
        guard contains(key) else { return .absent }
        return try decodeIfPresent(Value.self, forKey: key).map { .set($0) } ?? .clear
    }
}
