import Postgres

/// Arrays within an array of rows: PostgreSQL's arrays of arrays are rectangles, so each goes as the text of an array.
enum ArrayText {
    /// `{"a","b"}`.
    static func of(_ values: [String]) -> String { ArrayLiteral.text(values) }

    static func of<Value: NativeEnum>(_ values: [Value]) -> String { ArrayLiteral.text(values.lazy.map(\.rawValue)) }
}
