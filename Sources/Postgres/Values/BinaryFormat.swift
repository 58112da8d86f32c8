/// Reads the binary formats that are more than bytes in network order.
enum BinaryFormat {
    /// A whole number in network order; the caller has checked that it is all there.
    @inline(__always)
    static func integer<Number: FixedWidthInteger>(_ bytes: UnsafeRawBufferPointer, at offset: Int = 0) -> Number {
        Number(bigEndian: bytes.loadUnaligned(fromByteOffset: offset, as: Number.self))
    }

    /// A uuid, inet, cidr or numeric as PostgreSQL writes it; nil when the bytes are none.
    static func text(_ bytes: UnsafeRawBufferPointer, _ type: PostgresType) -> String? {
        switch type {
        case .uuid: uuid(bytes)
        case .inet, .cidr: network(bytes)
        case .numeric: numeric(bytes)
        default: nil
        }
    }

    private static func uuid(_ bytes: UnsafeRawBufferPointer) -> String? {
        guard bytes.count == 16 else { return nil }
        var text = ""
        for (index, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(index) { text += "-" }
            text += byte < 16 ? "0" : ""
            text += String(byte, radix: 16)
        }
        return text
    }

    /// Family (2 is IPv4, 3 is IPv6), length of the mask, whether it is a cidr, length of the address, the address.
    private static func network(_ bytes: UnsafeRawBufferPointer) -> String? {
        guard bytes.count >= 4, bytes.count == 4 + Int(bytes[3]) else { return nil }
        let address = UnsafeRawBufferPointer(rebasing: bytes[4...])
        let text: String
        switch address.count {
        case 4: text = address.map { String($0) }.joined(separator: ".")
        case 16: text = version6(address)
        default: return nil
        }
        let isWhole = Int(bytes[1]) == address.count * 8
        return isWhole && bytes[2] == 0 ? text : "\(text)/\(bytes[1])"
    }

    /// An IPv6 address with its longest run of zeros left out (RFC 5952).
    private static func version6(_ bytes: UnsafeRawBufferPointer) -> String {
        let groups = (0..<8).map { integer(bytes, at: $0 * 2) as UInt16 }
        if groups[0..<5].allSatisfy({ $0 == 0 }), groups[5] == 0xffff {
            return "::ffff:" + bytes[12...].map { String($0) }.joined(separator: ".")
        }
        var best = 0..<0
        var start = 0
        while start < 8 {
            var end = start
            while end < 8, groups[end] == 0 { end += 1 }
            if end - start > best.count, end - start > 1 { best = start..<end }
            start = max(end, start + 1)
        }
        let words = groups.map { String($0, radix: 16) }
        guard !best.isEmpty else { return words.joined(separator: ":") }
        return words[..<best.lowerBound].joined(separator: ":") + "::" + words[best.upperBound...].joined(separator: ":")
    }

    /// Number of digits to the base of 10,000, weight of the first, sign, digits after the point, then the digits.
    private static func numeric(_ bytes: UnsafeRawBufferPointer) -> String? {
        guard bytes.count >= 8 else { return nil }
        let count = Int(integer(bytes) as Int16)
        let weight = Int(integer(bytes, at: 2) as Int16)
        let sign: UInt16 = integer(bytes, at: 4)
        let scale = Int(integer(bytes, at: 6) as Int16)
        switch sign {
        case 0xC000: return "NaN"
        case 0xD000: return "Infinity"
        case 0xF000: return "-Infinity"
        case 0, 0x4000: break
        default: return nil
        }
        guard count >= 0, scale >= 0, bytes.count == 8 + count * 2 else { return nil }
        func digit(_ index: Int) -> String {
            let value: Int16 = index >= 0 && index < count ? integer(bytes, at: 8 + index * 2) : 0
            let text = String(value)
            return String(repeating: "0", count: max(0, 4 - text.utf8.count)) + text
        }
        var whole = weight < 0 ? "0" : (0...weight).map(digit).joined()
        whole = String(whole.drop { $0 == "0" })
        if whole.isEmpty { whole = "0" }
        var text = (sign == 0x4000 ? "-" : "") + whole
        if scale > 0 {
            // Digits of the fraction begin right after the weight; before the first one stored they are zero.
            let groups = (scale + 3) / 4
            let fraction = (0..<groups).map { digit(weight + 1 + $0) }.joined()
            text += "." + fraction.prefix(scale)
        }
        return text
    }
}
