import Postgres

/// An enumeration whose raw values are those of a native PostgreSQL enum: stored, read and shown in JSON by the same words.
package protocol NativeEnum: RawRepresentable<String>, CaseIterable, Codable, Hashable, Sendable, PostgresEncodable, PostgresDecodable {}

extension NativeEnum {
    package var postgresValue: PostgresValue { rawValue.postgresValue }

    package init(from cell: PostgresCell) throws {
        let text = try String(from: cell)
        guard let value = Self(rawValue: text) else { throw cell.mismatch(expected: "one of \(Self.words)") }
        self = value
    }

    /// All raw values, for a message: "OPEN, ACKNOWLEDGED, RESOLVED".
    package static var words: String { allCases.map(\.rawValue).joined(separator: ", ") }
}
