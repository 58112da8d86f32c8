import Foundation
import Postgres

/// The id of a row: a CUID (`^c[a-z0-9]{24}$`), typed by what it identifies, so that an alert's id is never taken for a breach's.
///
/// The first nine characters after the `c` are the milliseconds since 1970 in base 36, so that ids sort by the time they were made;
/// the rest is 77 bits of the system's randomness.
package struct Identifier<Entity>: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let rawValue: String

    /// Takes a text as an id.
    /// - Returns: nil when the text is not a CUID.
    package init?(_ text: String) {
        let bytes = text.utf8
        guard bytes.count == 25, bytes.first == UInt8(ascii: "c"), bytes.allSatisfy(Self.isAllowed) else { return nil }
        rawValue = text
    }

    /// Makes a new id.
    /// - Parameter date: the time that the id sorts by.
    package init(at date: Date = Date()) {
        rawValue = CUID.make(at: date)
    }

    package var description: String { rawValue }

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    private static func isAllowed(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
    }
}

extension Identifier: Codable {
    package init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        let text = try container.decode(String.self)
        guard let id = Self(text) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "This is not an id.")
        }
        self = id
    }

    package func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(rawValue)
    }
}

extension Identifier: PostgresEncodable, PostgresDecodable {
    package var postgresValue: PostgresValue { rawValue.postgresValue }

    package init(from cell: PostgresCell) throws {
        let text = try String(from: cell)
        guard let id = Self(text) else { throw cell.mismatch(expected: "a CUID") }
        self = id
    }
}

/// Makes CUIDs: 25 characters that begin with `c`, unique and ordered by time.
package enum CUID {
    private static let digits = Array("0123456789abcdefghijklmnopqrstuvwxyz".utf8)

    package static func make(at date: Date) -> String {
        var bytes = [UInt8](repeating: UInt8(ascii: "0"), count: 25)
        bytes[0] = UInt8(ascii: "c")
        var time = UInt64(max(0, date.timeIntervalSince1970 * 1000))
        for index in stride(from: 9, through: 1, by: -1) {
            bytes[index] = digits[Int(time % 36)]
            time /= 36
        }
        // Each number drawn is a call of the kernel, so two serve for all digits. 64 bits are so many more than the eight digits taken
        // of them that no digit is likelier than another by more than a ten-millionth.
        var generator = SystemRandomNumberGenerator()
        for range in [10..<18, 18..<25] {
            var number = generator.next()
            for index in range {
                bytes[index] = digits[Int(number % 36)]
                number /= 36
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
