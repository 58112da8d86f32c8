/// The rows that a statement gave, decoded as they are read.
public struct Rows: RandomAccessCollection, Sendable {
    let result: ResultBox

    init(_ result: ResultBox) {
        self.result = result
    }

    public var startIndex: Int { 0 }
    public var endIndex: Int { result.rowCount }

    public subscript(position: Int) -> Row {
        precondition(position >= 0 && position < result.rowCount, "There is no row \(position).")
        return Row(result: result, index: Int32(position))
    }

    /// How many rows an INSERT, UPDATE, DELETE, MERGE or COPY changed; for a SELECT, how many it gave.
    public var affectedRows: Int { result.affectedRows }

    /// The names of the columns, in order.
    public var columnNames: [String] { (0..<result.columnCount).map { result.columnName($0) } }

    /// Every row as a value.
    public func decode<T: RowDecodable>(as type: T.Type = T.self) throws -> [T] {
        var values: [T] = []
        values.reserveCapacity(result.rowCount)
        for index in 0..<Int32(result.rowCount) {
            var row = Row(result: result, index: index)
            values.append(try T(from: &row))
        }
        return values
    }
}

/// One row: read by the names of its columns, or from the first column to the last.
public struct Row: Sendable {
    let result: ResultBox
    let index: Int32
    var position: Int32 = 0

    init(result: ResultBox, index: Int32) {
        self.result = result
        self.index = index
    }

    /// The value of a column.
    /// - Parameters:
    ///   - column: its name, as it is written in the statement's result.
    ///   - type: what to read it as; an optional where it may be NULL.
    @inlinable public func get<T: PostgresDecodable>(_ column: String, as type: T.Type = T.self) throws -> T {
        try T(from: cell(column))
    }

    /// The value of the next column: the first when asked for the first time.
    @inlinable public mutating func next<T: PostgresDecodable>(as type: T.Type = T.self) throws -> T {
        try T(from: nextCell())
    }

    /// The column of a name.
    public func cell(_ column: String) throws -> PostgresCell {
        guard let number = result.columnNumber(column) else {
            throw PostgresError(.decoding, message: "The result has no column \"\(column)\".")
        }
        return result.cell(row: index, column: number)
    }

    /// The next column.
    public mutating func nextCell() throws -> PostgresCell {
        guard position < result.columnCount else {
            throw PostgresError(.decoding, message: "The result has only \(result.columnCount) columns.")
        }
        defer { position += 1 }
        return result.cell(row: index, column: position)
    }
}
