import CLibLDAP
import CivilTime
import Foundation

/// An entry as a search lists it: its name, and the values of the attributes that were asked for and may be read.
///
/// A directory has a hundred thousand of them: all values lie in one piece of memory.
package struct LDAPEntry: Sendable {
    /// The distinguished name.
    package let name: String
    private var bytes: [UInt8] = []
    private var fields: [Field] = []

    /// A value, and which attribute's it is.
    private struct Field: Sendable {
        let attribute: String
        let range: Range<Int>
    }

    /// How much memory the values take.
    var size: Int { bytes.count }

    package init(name: String, attributes: [String: [[UInt8]]]) {
        self.name = name
        for (attribute, values) in attributes {
            for value in values { value.withUnsafeBytes { append(attribute, $0) } }
        }
    }

    private mutating func append(_ attribute: String, _ value: UnsafeRawBufferPointer) {
        let start = bytes.count
        bytes.append(contentsOf: value)
        fields.append(Field(attribute: attribute, range: start..<bytes.count))
    }

    private func fields(_ attribute: String) -> some Sequence<ArraySlice<UInt8>> {
        fields.lazy.filter { Self.isSame($0.attribute.utf8, attribute.utf8) }.map { bytes[$0.range] }
    }

    /// The values of an attribute as bytes, in the server's order; none when it has none, or they may not be read.
    package func values(_ attribute: String) -> [[UInt8]] { fields(attribute).map { Array($0) } }

    /// The first value as text; nil when there is none, or it is no UTF-8.
    package func text(_ attribute: String) -> String? {
        fields(attribute).first { _ in true }.flatMap { String(validating: $0, as: UTF8.self) }
    }

    /// All values that are text.
    package func texts(_ attribute: String) -> [String] { fields(attribute).compactMap { String(validating: $0, as: UTF8.self) } }

    /// Whether an attribute has a value, in whatever case it is written.
    /// - Parameter value: of ASCII.
    package func has(_ attribute: String, _ value: String) -> Bool { fields(attribute).contains { Self.isSame($0, value.utf8) } }

    /// The first value as a whole number.
    package func number(_ attribute: String) -> Int64? { text(attribute).flatMap { Int64($0) } }

    /// The first value as a time.
    package func time(_ attribute: String) -> Date? { text(attribute).flatMap { GeneralizedTime.date($0) } }

    /// Compares as LDAP compares names of attributes.
    private static func isSame(_ left: some Collection<UInt8>, _ right: some Collection<UInt8>) -> Bool {
        left.count == right.count && zip(left, right).allSatisfy { $0 == $1 || (isLetter($0) && $0 ^ $1 == 0x20) }
    }

    private static func isLetter(_ byte: UInt8) -> Bool { (97...122).contains(byte | 0x20) }
}

/// The names of attributes that entries of a search have, kept so that not every entry makes its own.
struct AttributeNames {
    private var names: [String] = []

    mutating func name(_ bytes: UnsafeRawBufferPointer) -> String {
        for name in names where name.utf8.count == bytes.count && name.utf8.elementsEqual(bytes) { return name }
        let name = String(decoding: bytes, as: UTF8.self)
        // A server that makes names up does not fill our memory.
        if names.count < 100 { names.append(name) }
        return name
    }
}

extension LDAPEntry {
    /// Takes an entry out of a message. All is copied: the message can be freed.
    init(_ message: OpaquePointer, of ld: OpaquePointer, names: inout AttributeNames) throws {
        var reader: OpaquePointer?
        var name = berval()
        guard ldap_get_dn_ber(ld, message, &reader, &name) == LDAP_SUCCESS, let reader else { throw LDAPFailure.malformed }
        defer { ber_free(reader, 0) }
        self.init(name: String(decoding: Self.buffer(name), as: UTF8.self), attributes: [:])
        bytes.reserveCapacity(512)
        fields.reserveCapacity(16)
        while true {
            var attribute = berval()
            var list: UnsafeMutablePointer<berval>?
            guard ldap_get_attribute_ber(ld, message, reader, &attribute, &list) == LDAP_SUCCESS else { throw LDAPFailure.malformed }
            guard attribute.bv_val != nil else { break }
            defer { ber_memfree(list) }
            let name = names.name(Self.buffer(attribute))
            // The list ends with a value that has no bytes at all.
            var next = list
            while let value = next, value.pointee.bv_val != nil {
                append(name, Self.buffer(value.pointee))
                next = value + 1
            }
        }
    }

    private static func buffer(_ value: berval) -> UnsafeRawBufferPointer {
        UnsafeRawBufferPointer(start: value.bv_val, count: value.bv_val == nil ? 0 : Int(value.bv_len))
    }

    static func bytes(_ value: berval) -> [UInt8] { Array(buffer(value)) }
}

/// Times as LDAP writes them (RFC 4517, section 3.3.13): `20260105090000Z`, `202601050900+0100`, `20260105090000.25Z`.
package enum GeneralizedTime {
    /// - Returns: nil for what is no such time.
    package static func date(_ text: String) -> Date? {
        var digits: [Int] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.first, (48...57).contains(byte), digits.count < 14 {
            digits.append(Int(byte) - 48)
            rest.removeFirst()
        }
        guard [10, 12, 14].contains(digits.count) else { return nil }
        func number(_ start: Int, _ count: Int) -> Int {
            start < digits.count ? digits[start..<start + count].reduce(0) { $0 * 10 + $1 } : 0
        }
        let (year, month, day) = (number(0, 4), number(4, 2), number(6, 2))
        let (hour, minute, second) = (number(8, 2), number(10, 2), number(12, 2))
        guard (1...12).contains(month), (1...31).contains(day), hour < 24, minute < 60, second < 61 else { return nil }
        var fraction = 0.0
        if let mark = rest.first, mark == UInt8(ascii: ".") || mark == UInt8(ascii: ",") {
            rest.removeFirst()
            // Of the last unit that is written.
            var scale = digits.count == 14 ? 1.0 : digits.count == 12 ? 60.0 : 3600.0
            guard let first = rest.first, (48...57).contains(first) else { return nil }
            while let byte = rest.first, (48...57).contains(byte) {
                scale /= 10
                fraction += Double(byte - 48) * scale
                rest.removeFirst()
            }
        }
        guard let offset = offset(rest) else { return nil }
        let seconds = CivilDay.number(year: year, month: month, day: day) * 86_400 + hour * 3600 + minute * 60 + second - offset
        return Date(timeIntervalSince1970: Double(seconds) + fraction)
    }

    /// A time in whole seconds, as a filter takes it.
    package static func text(_ date: Date) -> String {
        var calendar = Calendar(identifier: .gregorian)
        calendar.timeZone = .gmt
        let parts = calendar.dateComponents([.year, .month, .day, .hour, .minute, .second], from: date)
        func padded(_ number: Int?, _ width: Int) -> String {
            let text = String(max(0, number ?? 0))
            return String(repeating: "0", count: max(0, width - text.utf8.count)) + text
        }
        return padded(parts.year, 4) + padded(parts.month, 2) + padded(parts.day, 2) + padded(parts.hour, 2) + padded(parts.minute, 2)
            + padded(parts.second, 2) + "Z"
    }

    /// Seconds east of Greenwich.
    private static func offset(_ text: ArraySlice<UInt8>) -> Int? {
        guard let sign = text.first else { return nil }
        if sign == UInt8(ascii: "Z") { return text.count == 1 ? 0 : nil }
        let digits = text.dropFirst().map { Int($0) - 48 }
        guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-"), [2, 4].contains(digits.count), digits.allSatisfy({ (0...9).contains($0) })
        else { return nil }
        let seconds = (digits[0] * 10 + digits[1]) * 3600 + (digits.count == 4 ? (digits[2] * 10 + digits[3]) * 60 : 0)
        return sign == UInt8(ascii: "-") ? -seconds : seconds
    }
}
