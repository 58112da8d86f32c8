import Postgres

extension Rows {
    /// All rows, as values.
    package func decoded<T: RowDecodable>(_ type: T.Type) throws -> [T] {
        try map { row in
            var row = row
            return try T(from: &row)
        }
    }
}
