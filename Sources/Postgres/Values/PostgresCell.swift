import CLibPQ
import Foundation

/// One column of one row, as the server sent it.
///
/// It is there to be read by ``PostgresDecodable/init(from:)`` and keeps the whole result alive: do not store it.
public struct PostgresCell {
    let result: ResultBox
    let column: Int32
    /// The type of the column, or of the element within an array.
    public let type: PostgresType
    /// The value in the type's binary format, or nil for NULL. It points into the result.
    let bytes: UnsafeRawBufferPointer?

    public var isNull: Bool { bytes == nil }

    /// The name of the column.
    public var columnName: String { result.columnName(column) }

    /// Hands out the bytes of the value in the type's binary format; nil for NULL.
    public func withBytes<R>(_ body: (UnsafeRawBufferPointer?) throws -> R) rethrows -> R {
        try body(bytes)
    }

    /// The error to throw when the column holds something else than was asked for. It names the column, never the value.
    /// - Parameter expected: what was asked for, in words: "an integer".
    public func mismatch(expected: String) -> any Error {
        PostgresError(.decoding, message: "Column \"\(columnName)\" holds \(isNull ? "NULL" : type.words), not \(expected).")
    }

    func requiredBytes(expected: @autoclosure () -> String) throws -> UnsafeRawBufferPointer {
        guard let bytes else { throw mismatch(expected: expected()) }
        return bytes
    }

    /// Reads an array of one dimension.
    func elements<Element>(_ read: (PostgresCell) throws -> Element) throws -> [Element] {
        // int32 dimensions, int32 has-nulls, int32 element type; per dimension int32 length, int32 lower bound;
        // per element int32 length (-1 is NULL) and its bytes.
        let bytes = try requiredBytes(expected: "an array")
        guard bytes.count >= 12 else { throw mismatch(expected: "an array") }
        let dimensions: Int32 = BinaryFormat.integer(bytes)
        let elementType = PostgresType(rawValue: BinaryFormat.integer(bytes, at: 8))
        if dimensions == 0, bytes.count == 12 { return [] }
        guard dimensions == 1, bytes.count >= 20 else { throw mismatch(expected: "an array of one dimension") }
        let count = Int(BinaryFormat.integer(bytes, at: 12) as Int32)
        // Every element takes at least its length, so that a broken count cannot reserve memory.
        guard count >= 0, count <= (bytes.count - 20) / 4 else { throw mismatch(expected: "an array") }
        var elements: [Element] = []
        elements.reserveCapacity(count)
        var offset = 20
        for _ in 0..<count {
            guard offset + 4 <= bytes.count else { throw mismatch(expected: "an array") }
            let length = Int(BinaryFormat.integer(bytes, at: offset) as Int32)
            offset += 4
            var content: UnsafeRawBufferPointer?
            if length >= 0 {
                guard offset + length <= bytes.count else { throw mismatch(expected: "an array") }
                content = UnsafeRawBufferPointer(rebasing: bytes[offset..<offset + length])
                offset += length
            }
            elements.append(try read(PostgresCell(result: result, column: column, type: elementType, bytes: content)))
        }
        return elements
    }
}

/// The one owner of a result of libpq, which is never changed once it is there and may so be read from any thread.
final class ResultBox: @unchecked Sendable {
    let pointer: OpaquePointer
    let rowCount: Int
    let columnCount: Int32

    init(_ pointer: OpaquePointer) {
        self.pointer = pointer
        rowCount = Int(PQntuples(pointer))
        columnCount = PQnfields(pointer)
    }

    deinit {
        PQclear(pointer)
    }

    func columnName(_ column: Int32) -> String {
        PQfname(pointer, column).map { String(cString: $0) } ?? ""
    }

    /// The number of a column by its name, which is compared as it is written. Of two of one name the first counts.
    func columnNumber(_ name: String) -> Int32? {
        name.withCString { wanted in
            for column in 0..<columnCount {
                if let there = PQfname(pointer, column), strcmp(there, wanted) == 0 { return column }
            }
            return nil
        }
    }

    func cell(row: Int32, column: Int32) -> PostgresCell {
        let type = PostgresType(rawValue: PQftype(pointer, column))
        guard PQgetisnull(pointer, row, column) == 0, let value = PQgetvalue(pointer, row, column) else {
            return PostgresCell(result: self, column: column, type: type, bytes: nil)
        }
        let bytes = UnsafeRawBufferPointer(start: value, count: Int(PQgetlength(pointer, row, column)))
        return PostgresCell(result: self, column: column, type: type, bytes: bytes)
    }

    /// How many rows a statement changed (or, for SELECT, gave).
    var affectedRows: Int {
        PQcmdTuples(pointer).flatMap { Int(String(cString: $0)) } ?? 0
    }

    /// What the server called that which it did: "INSERT 0 1", "COMMIT".
    var command: String {
        PQcmdStatus(pointer).map { String(cString: $0) } ?? ""
    }
}
