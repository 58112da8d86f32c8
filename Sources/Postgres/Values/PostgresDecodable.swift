import Foundation

/// Something that is read from a whole row: a struct that takes its properties column by column.
///
/// ```swift
/// struct Person: RowDecodable {
///     let id: Int, name: String, born: Date?
///     init(from row: inout Row) throws {
///         id = try row.next()
///         name = try row.next()
///         born = try row.next()
///     }
/// }
/// ```
public protocol RowDecodable: Sendable {
    init(from row: inout Row) throws
}

/// A Swift value that can be read from one column. As a row it is the row's first column.
public protocol PostgresDecodable: RowDecodable {
    /// Reads the value.
    /// - Throws: ``PostgresError`` of kind `decoding` when the column holds something else, which names the column and not the value.
    init(from cell: PostgresCell) throws

    /// How an array of this is read. Only `UInt8` does it in a way of its own: an array of bytes is a `bytea`.
    static func array(from cell: PostgresCell) throws -> [Self]
}

extension PostgresDecodable {
    @inlinable public init(from row: inout Row) throws {
        self = try row.next()
    }

    public static func array(from cell: PostgresCell) throws -> [Self] {
        try cell.elements { try Self(from: $0) }
    }
}

extension PostgresDecodable where Self: RawRepresentable, RawValue: PostgresDecodable {
    public init(from cell: PostgresCell) throws {
        guard let value = Self(rawValue: try RawValue(from: cell)) else { throw cell.mismatch(expected: "a value of \(Self.self)") }
        self = value
    }
}

extension String: PostgresDecodable {
    /// Text of any kind: `text`, `varchar`, `name`, enums, `citext`, `json` and `jsonb`; also `uuid`, `inet` and `numeric` as they are written.
    public init(from cell: PostgresCell) throws {
        let bytes = try cell.requiredBytes(expected: "text")
        switch cell.type {
        case .text, .varchar, .bpchar, .name, .char, .unknown, .json, .xml:
            self.init(decoding: bytes, as: UTF8.self)
        case .jsonb:
            self.init(decoding: bytes.dropFirst(), as: UTF8.self)
        case .uuid, .inet, .cidr, .numeric:
            guard let text = BinaryFormat.text(bytes, cell.type) else { throw cell.mismatch(expected: "text") }
            self = text
        default:
            // Enums and citext are made by the database and send their text.
            guard cell.type.rawValue >= PostgresType.firstOfDatabase else { throw cell.mismatch(expected: "text") }
            self.init(decoding: bytes, as: UTF8.self)
        }
    }
}

extension Bool: PostgresDecodable {
    public init(from cell: PostgresCell) throws {
        let bytes = try cell.requiredBytes(expected: "bool")
        guard cell.type == .bool, bytes.count == 1 else { throw cell.mismatch(expected: "bool") }
        self = bytes[0] != 0
    }
}

extension PostgresCell {
    /// Any whole number, in the width that is asked for. `numeric` counts when it is whole, for that is what `sum` gives.
    @usableFromInline func integer<Number: FixedWidthInteger>(_ type: Number.Type) throws -> Number {
        let bytes = try requiredBytes(expected: "an integer")
        let wide: Int64
        switch (self.type, bytes.count) {
        case (.int8, 8): wide = BinaryFormat.integer(bytes)
        case (.int4, 4): wide = Int64(BinaryFormat.integer(bytes) as Int32)
        case (.int2, 2): wide = Int64(BinaryFormat.integer(bytes) as Int16)
        case (.oid, 4): wide = Int64(BinaryFormat.integer(bytes) as UInt32)
        case (.numeric, _):
            guard let text = BinaryFormat.text(bytes, .numeric), let whole = Int64(text) else { throw mismatch(expected: "an integer") }
            wide = whole
        default: throw mismatch(expected: "an integer")
        }
        guard let value = Number(exactly: wide) else { throw mismatch(expected: "an integer of \(Number.bitWidth) bits") }
        return value
    }

    /// Any number as a floating-point one.
    func double() throws -> Double {
        let bytes = try requiredBytes(expected: "a number")
        switch (type, bytes.count) {
        case (.float8, 8): return Double(bitPattern: BinaryFormat.integer(bytes))
        case (.float4, 4): return Double(Float(bitPattern: BinaryFormat.integer(bytes)))
        case (.numeric, _):
            guard let text = BinaryFormat.text(bytes, .numeric), let value = Double(text) else { throw mismatch(expected: "a number") }
            return value
        default: return Double(try integer(Int64.self))
        }
    }
}

extension Int: PostgresDecodable {
    public init(from cell: PostgresCell) throws { self = try cell.integer(Int.self) }
}

extension Int64: PostgresDecodable {
    public init(from cell: PostgresCell) throws { self = try cell.integer(Int64.self) }
}

extension Int32: PostgresDecodable {
    public init(from cell: PostgresCell) throws { self = try cell.integer(Int32.self) }
}

extension Int16: PostgresDecodable {
    public init(from cell: PostgresCell) throws { self = try cell.integer(Int16.self) }
}

extension UInt8: PostgresDecodable {
    public init(from cell: PostgresCell) throws { self = try cell.integer(UInt8.self) }

    public static func array(from cell: PostgresCell) throws -> [UInt8] {
        let bytes = try cell.requiredBytes(expected: "bytea")
        guard cell.type == .bytea else { throw cell.mismatch(expected: "bytea") }
        return [UInt8](bytes)
    }
}

extension Double: PostgresDecodable {
    public init(from cell: PostgresCell) throws { self = try cell.double() }
}

extension Float: PostgresDecodable {
    public init(from cell: PostgresCell) throws { self = Float(try cell.double()) }
}

extension Date: PostgresDecodable {
    /// A `timestamptz`; a `timestamp`, taken as UTC; or a `date`, as its first moment in UTC.
    public init(from cell: PostgresCell) throws {
        let bytes = try cell.requiredBytes(expected: "a time")
        switch (cell.type, bytes.count) {
        case (.timestamptz, 8), (.timestamp, 8): self = Timestamp.date(microseconds: BinaryFormat.integer(bytes))
        case (.date, 4): self = Timestamp.date(days: BinaryFormat.integer(bytes))
        default: throw cell.mismatch(expected: "a time")
        }
    }
}

extension Data: PostgresDecodable {
    public init(from cell: PostgresCell) throws { self.init(try UInt8.array(from: cell)) }
}

extension Optional: RowDecodable where Wrapped: PostgresDecodable {}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
    @inlinable public init(from cell: PostgresCell) throws {
        self = cell.isNull ? .none : .some(try Wrapped(from: cell))
    }
}

extension Array: RowDecodable where Element: PostgresDecodable {}

extension Array: PostgresDecodable where Element: PostgresDecodable {
    public init(from cell: PostgresCell) throws { self = try Element.array(from: cell) }
}
