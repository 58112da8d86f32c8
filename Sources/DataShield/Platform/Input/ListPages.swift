import Foundation
import JSON

/// One part of a list, and where the next begins.
package struct Page<Item: Sendable>: Sendable {
    package var items: [Item]
    /// Given back as `cursor=`, it continues behind the last item; null at the end.
    package var nextCursor: String?

    package init(items: [Item], nextCursor: String?) {
        self.items = items
        self.nextCursor = nextCursor
    }

    /// Makes a page of the rows of a query that asked for one more than the limit: the one too many says that there is more.
    package init<Row>(_ rows: [Row], limit: Int, cursor: (Row) throws -> String, item: (Row) throws -> Item) rethrows {
        items = try rows.prefix(limit).map(item)
        nextCursor = try rows.count > limit ? rows.prefix(limit).last.map(cursor) : nil
    }
}

extension Page: Codable where Item: Codable {}
extension Page: Equatable where Item: Equatable {}

/// How many items a list answers.
package enum PageLimit {
    package static let range = 1...200
    package static let standard = 50

    /// The limit that was asked for, or the usual one.
    package static func checked(_ requested: Int?) throws -> Int {
        guard let requested else { return standard }
        guard range.contains(requested) else {
            throw InvalidInput("limit", "must be a whole number from \(range.lowerBound) to \(range.upperBound).")
        }
        return requested
    }
}

/// The place in a list: the sort key of its last item, opaque to the client.
package enum Cursor {
    /// Makes a cursor of a key: a `Codable` with the columns that the list is sorted by.
    package static func encode(_ key: some Encodable) throws -> String {
        Base64URL.encode(try JSONWriter.bytes(key, dates: .microseconds, capacity: 96))
    }

    /// What is said of a text that is not a cursor.
    static let problem = "is not a cursor of this list. Take nextCursor of the answer before, or leave it out to begin anew."

    /// Whether a text looks like a cursor; whether it is one of the list, only the list can tell.
    static func isOne(_ text: String) -> Bool { !text.isEmpty && text.utf8.count <= 2048 && Base64URL.decode(text) != nil }

    /// Reads a cursor that ``encode(_:)`` made.
    /// - Returns: nil without a text: the beginning of the list.
    package static func decode<Key: Decodable>(_ text: String?, as type: Key.Type) throws -> Key? {
        guard let text else { return nil }
        let invalid = InvalidInput("cursor", problem)
        guard text.utf8.count <= 2048, let bytes = Base64URL.decode(text), String(validating: bytes, as: UTF8.self) != nil else { throw invalid }
        do {
            let value = try JSONParser.parse(bytes)
            guard !value.containsNUL else { throw invalid }
            return try JSONValueDecoder(value).decode(type)
        } catch {
            throw invalid
        }
    }
}

extension JSONValue {
    fileprivate var containsNUL: Bool {
        switch self {
        case .string(let text): text.utf8.contains(0)
        case .array(let items): items.contains { $0.containsNUL }
        case .object(let members): members.contains { $0.key.utf8.contains(0) || $0.value.containsNUL }
        case .null, .bool, .integer, .number: false
        }
    }
}
