import Foundation

/// A Swift value kept as `jsonb` (or `json`).
///
/// ```swift
/// try await db.execute("INSERT INTO events (payload) VALUES (\(JSON(event)))")
/// let event = try row.get("payload", as: JSON<Event>.self).value
/// ```
/// Dates are ISO 8601 in UTC with milliseconds.
public struct JSON<Value: Sendable>: Sendable {
    public var value: Value

    public init(_ value: Value) {
        self.value = value
    }
}

extension JSON: Equatable where Value: Equatable {}
extension JSON: Hashable where Value: Hashable {}

extension JSON: PostgresEncodable where Value: Encodable {
    public static var postgresType: PostgresType { .jsonb }

    public var postgresValue: PostgresValue {
        do {
            let data = try JSONFormat.encoder().encode(value)
            return PostgresValue(.text(String(decoding: data, as: UTF8.self)), type: .jsonb)
        } catch {
            return PostgresValue(.invalid("a value that JSON cannot hold"), type: .jsonb)
        }
    }
}

extension JSON: RowDecodable where Value: Decodable {}

extension JSON: PostgresDecodable where Value: Decodable {
    public init(from cell: PostgresCell) throws {
        var bytes = try cell.requiredBytes(expected: "JSON")
        switch cell.type {
        case .jsonb:
            // The binary form of jsonb is a version, always 1 so far, and the text.
            guard bytes.first == 1 else { throw cell.mismatch(expected: "jsonb of version 1") }
            bytes = UnsafeRawBufferPointer(rebasing: bytes.dropFirst())
        case .json, .text, .varchar: break
        default: throw cell.mismatch(expected: "JSON")
        }
        do {
            value = try JSONFormat.decoder().decode(Value.self, from: Data(bytes))
        } catch {
            throw cell.mismatch(expected: "JSON of \(Value.self)")
        }
    }
}

enum JSONFormat {
    private static let style = Date.ISO8601FormatStyle(includingFractionalSeconds: true)
    private static let wholeSeconds = Date.ISO8601FormatStyle()

    static func encoder() -> JSONEncoder {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        encoder.dateEncodingStrategy = .custom { date, encoder in
            var container = encoder.singleValueContainer()
            try container.encode(date.formatted(style))
        }
        return encoder
    }

    static func decoder() -> JSONDecoder {
        let decoder = JSONDecoder()
        decoder.dateDecodingStrategy = .custom { decoder in
            let container = try decoder.singleValueContainer()
            let text = try container.decode(String.self)
            // Not an error of its own when the first form fails: the second decides.
            if let date = try? style.parse(text) { return date }
            return try wholeSeconds.parse(text)
        }
        return decoder
    }
}
