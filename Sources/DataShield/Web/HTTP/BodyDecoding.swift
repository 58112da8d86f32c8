import Foundation
import Hummingbird
import JSON
import NIOCore
import Scalars

/// How large a body may be when a route says nothing else: far more than any form or JSON of ours needs.
package let defaultBodyLimit = 1 << 20

extension Request {
    /// The whole body.
    /// - Throws: ``HTTPFailure/bodyTooLarge(limit:)``.
    package func bodyBytes(limit: Int = defaultBodyLimit) async throws -> ByteBuffer {
        if let length = headers[.contentLength].flatMap({ Int($0) }), length > limit { throw HTTPFailure.bodyTooLarge(limit: limit) }
        do {
            return try await body.collect(upTo: limit)
        } catch is NIOTooManyBytesError {
            throw HTTPFailure.bodyTooLarge(limit: limit)
        }
    }

    private func requireContentType(_ accepted: [String], named name: String) throws {
        let given = headers[.contentType]?.parts(between: ";").first.map { $0.trimmingCharacters(in: .whitespaces).lowercased() }
        guard let given, accepted.contains(given) else { throw HTTPFailure.unsupportedMediaType(expected: name) }
    }

    /// The body as a checked type.
    package func decodeJSON<Body: Decodable>(_ type: Body.Type, limit: Int = defaultBodyLimit) async throws -> Body {
        try requireContentType(["application/json"], named: "application/json")
        let bytes = Array(buffer: try await bodyBytes(limit: limit))
        guard String(validating: bytes, as: UTF8.self) != nil else { throw HTTPFailure.notUTF8 }
        let value: JSONValue
        do {
            value = try JSONParser.parse(bytes)
        } catch let failure as JSONParser.Failure {
            throw HTTPFailure.badJSON(failure.description)
        }
        return try Schema.decode(type, from: value)
    }

    /// A form's fields as a checked type.
    package func decodeForm<Form: Decodable>(_ type: Form.Type, limit: Int = defaultBodyLimit) async throws -> Form {
        let expected = "application/x-www-form-urlencoded"
        try requireContentType([expected], named: expected)
        let bytes = Array(buffer: try await bodyBytes(limit: limit))
        return try Self.decode(type, fromTexts: try Self.texts(bytes))
    }

    /// A form's fields by name, for a form whose fields are known only at run time; of two with one name the last.
    package func formTexts(limit: Int = defaultBodyLimit) async throws -> [String: String] {
        let expected = "application/x-www-form-urlencoded"
        try requireContentType([expected], named: expected)
        return try Self.texts(Array(buffer: try await bodyBytes(limit: limit))).compactMapValues(\.last)
    }

    /// The query string as a checked type.
    package func decodeQuery<Query: Decodable>(_ type: Query.Type) throws -> Query {
        let query = head.path.flatMap { path in path.firstPlace(of: "?").map { path[path.place(behind: $0)...] } } ?? ""
        let end = query.firstPlace(of: "#") ?? query.endIndex
        return try Self.decode(type, fromTexts: try Self.texts(Array(query[..<end].utf8)))
    }

    private static func decode<T: Decodable>(_ type: T.Type, fromTexts texts: [String: [String]]) throws -> T {
        try Schema.decode(type, from: Schema.of(type).value(fromTexts: texts))
    }

    /// Splits `a=1&b=2` and undoes its escapes.
    static func texts(_ bytes: [UInt8]) throws -> [String: [String]] {
        var texts: [String: [String]] = [:]
        for pair in bytes.split(separator: UInt8(ascii: "&")) {
            let parts = pair.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let name = parts.first else { continue }
            texts[try unescape(name), default: []].append(try parts.count > 1 ? unescape(parts[1]) : "")
        }
        return texts
    }

    private static func unescape(_ bytes: ArraySlice<UInt8>) throws -> String {
        var result: [UInt8] = []
        result.reserveCapacity(bytes.count)
        var index = bytes.startIndex
        func digit(_ at: Int) -> UInt8? {
            guard at < bytes.endIndex else { return nil }
            return Character(Unicode.Scalar(bytes[at])).hexDigitValue.map { UInt8($0) }
        }
        while index < bytes.endIndex {
            switch bytes[index] {
            case UInt8(ascii: "+"): result.append(UInt8(ascii: " "))
            case UInt8(ascii: "%"):
                guard let high = digit(index + 1), let low = digit(index + 2) else {
                    throw HTTPFailure.badRequest("A percent sign in the address or form is not followed by two hexadecimal digits.")
                }
                result.append(high << 4 | low)
                index += 2
            case let byte: result.append(byte)
            }
            index += 1
        }
        guard let text = String(validating: result, as: UTF8.self) else { throw HTTPFailure.notUTF8 }
        return text
    }
}

/// A route without a query string, body or form decodes nothing, and so refuses every field.
package struct Nothing: Codable, Sendable {
    package init() {}
}
