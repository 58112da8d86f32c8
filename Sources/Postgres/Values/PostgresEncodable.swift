import Foundation

/// A Swift value that can be bound to a statement.
public protocol PostgresEncodable: Sendable {
    /// The type that values of this kind are sent as; `.inferred` unless said otherwise.
    static var postgresType: PostgresType { get }

    /// The value as it is sent.
    var postgresValue: PostgresValue { get }

    /// The type that arrays of this are sent as.
    static var postgresArrayType: PostgresType { get }

    /// How an array of this is sent. Only `UInt8` does it in a way of its own: an array of bytes is a `bytea`.
    static func postgresArray(_ elements: [Self]) -> PostgresValue
}

extension PostgresEncodable {
    public static var postgresType: PostgresType { .inferred }
    public static var postgresArrayType: PostgresType { postgresType.array }

    public static func postgresArray(_ elements: [Self]) -> PostgresValue {
        ArrayLiteral.value(elements)
    }
}

extension PostgresEncodable where Self: RawRepresentable, RawValue: PostgresEncodable {
    public static var postgresType: PostgresType { RawValue.postgresType }
    public var postgresValue: PostgresValue { rawValue.postgresValue }
}

extension String: PostgresEncodable {
    public var postgresValue: PostgresValue { PostgresValue(.text(self)) }
}

extension Substring: PostgresEncodable {
    public var postgresValue: PostgresValue { PostgresValue(.text(String(self))) }
}

extension Bool: PostgresEncodable {
    public static var postgresType: PostgresType { .bool }
    public var postgresValue: PostgresValue { PostgresValue(.text(self ? "t" : "f"), type: .bool) }
}

extension Int: PostgresEncodable {
    public static var postgresType: PostgresType { .int8 }
    public var postgresValue: PostgresValue { PostgresValue(.text(String(self)), type: .int8) }
}

extension Int64: PostgresEncodable {
    public static var postgresType: PostgresType { .int8 }
    public var postgresValue: PostgresValue { PostgresValue(.text(String(self)), type: .int8) }
}

extension Int32: PostgresEncodable {
    public static var postgresType: PostgresType { .int4 }
    public var postgresValue: PostgresValue { PostgresValue(.text(String(self)), type: .int4) }
}

extension Int16: PostgresEncodable {
    public static var postgresType: PostgresType { .int2 }
    public var postgresValue: PostgresValue { PostgresValue(.text(String(self)), type: .int2) }
}

extension UInt8: PostgresEncodable {
    public static var postgresType: PostgresType { .int2 }
    public var postgresValue: PostgresValue { PostgresValue(.text(String(self)), type: .int2) }

    public static var postgresArrayType: PostgresType { .bytea }

    public static func postgresArray(_ elements: [UInt8]) -> PostgresValue {
        PostgresValue(.binary(elements), type: .bytea)
    }
}

extension Double: PostgresEncodable {
    public static var postgresType: PostgresType { .float8 }
    public var postgresValue: PostgresValue { PostgresValue(.text(FloatText.text(self)), type: .float8) }
}

extension Float: PostgresEncodable {
    public static var postgresType: PostgresType { .float4 }
    public var postgresValue: PostgresValue { PostgresValue(.text(FloatText.text(self)), type: .float4) }
}

extension Date: PostgresEncodable {
    public static var postgresType: PostgresType { .timestamptz }

    /// As `timestamptz`, to the microsecond, which is what the server keeps.
    public var postgresValue: PostgresValue {
        guard let text = Timestamp.text(self) else {
            return PostgresValue(.invalid("a time outside of what timestamptz holds"), type: .timestamptz)
        }
        return PostgresValue(.text(text), type: .timestamptz)
    }
}

extension Data: PostgresEncodable {
    public static var postgresType: PostgresType { .bytea }
    public var postgresValue: PostgresValue { PostgresValue(.binary([UInt8](self)), type: .bytea) }
}

extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
    public static var postgresType: PostgresType { Wrapped.postgresType }

    public var postgresValue: PostgresValue {
        switch self {
        case .some(let value): value.postgresValue
        case .none: PostgresValue(.null, type: Wrapped.postgresType)
        }
    }
}

extension Array: PostgresEncodable where Element: PostgresEncodable {
    public static var postgresType: PostgresType { Element.postgresArrayType }
    public var postgresValue: PostgresValue { Element.postgresArray(self) }
}

enum FloatText {
    static func text(_ value: some BinaryFloatingPoint & LosslessStringConvertible) -> String {
        if value.isNaN { return "NaN" }
        if value.isInfinite { return value < 0 ? "-Infinity" : "Infinity" }
        return String(value)
    }
}

/// Writes arrays in PostgreSQL's text form: `{"a","b",NULL}`.
public enum ArrayLiteral {
    /// The text of an array, for one that is an element of an array of rows: PostgreSQL's arrays of arrays are rectangles, so that such
    /// ones go as texts, and the statement casts them.
    public static func text(_ elements: some Sequence<String>) -> String {
        var bytes = [UInt8(ascii: "{")]
        for element in elements {
            if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
            append(element, to: &bytes)
        }
        bytes.append(UInt8(ascii: "}"))
        return String(decoding: bytes, as: UTF8.self)
    }

    static func value<Element: PostgresEncodable>(_ elements: [Element]) -> PostgresValue {
        let type = Element.postgresArrayType
        var bytes = [UInt8(ascii: "{")]
        for element in elements {
            if bytes.count > 1 { bytes.append(UInt8(ascii: ",")) }
            switch element.postgresValue.content {
            case .null: bytes.append(contentsOf: "NULL".utf8)
            case .text(let value): append(value, to: &bytes)
            case .binary(let value): append(Hex.bytea(value), to: &bytes)
            case .invalid(let reason): return PostgresValue(.invalid(reason), type: type)
            }
        }
        bytes.append(UInt8(ascii: "}"))
        return PostgresValue(.text(String(decoding: bytes, as: UTF8.self)), type: type)
    }

    /// In quotes, with a backslash before each quote and backslash, which the server looks for byte by byte.
    private static func append(_ value: String, to text: inout [UInt8]) {
        var value = value
        text.append(UInt8(ascii: "\""))
        value.withUTF8 { bytes in
            var start = 0
            for index in bytes.indices where bytes[index] == UInt8(ascii: "\"") || bytes[index] == UInt8(ascii: "\\") {
                text.append(contentsOf: bytes[start..<index])
                text.append(UInt8(ascii: "\\"))
                start = index
            }
            text.append(contentsOf: bytes[start...])
        }
        text.append(UInt8(ascii: "\""))
    }
}

enum Hex {
    private static let digits = Array("0123456789abcdef".utf8)

    /// Bytes in the text form of `bytea`: `\x0aff`.
    static func bytea(_ bytes: [UInt8]) -> String {
        String(unsafeUninitializedCapacity: 2 + bytes.count * 2) { buffer in
            buffer[0] = UInt8(ascii: "\\")
            buffer[1] = UInt8(ascii: "x")
            for (index, byte) in bytes.enumerated() {
                buffer[2 + index * 2] = digits[Int(byte >> 4)]
                buffer[3 + index * 2] = digits[Int(byte & 15)]
            }
            return 2 + bytes.count * 2
        }
    }
}
