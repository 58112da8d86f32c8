/// Texts in addresses: every byte that is not one of `A-Z a-z 0-9 - _ . ~` as `%` and two digits (RFC 3986).
enum PercentEncoding {
    /// A text as one segment of a path, or as a name or value of a query or form.
    static func of(_ text: String) -> String { encoded(text) { _ in false } }

    /// A path, whose slashes stay.
    static func ofPath(_ path: String) -> String { encoded(path) { $0 == UInt8(ascii: "/") } }

    private static func encoded(_ text: String, keeping isKept: (UInt8) -> Bool) -> String {
        let digits = Array("0123456789ABCDEF".utf8)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.utf8.count)
        for byte in text.utf8 {
            if isUnreserved(byte) || isKept(byte) {
                bytes.append(byte)
            } else {
                bytes += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func isUnreserved(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "0")...UInt8(ascii: "9"),
            UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "."), UInt8(ascii: "~"):
            true
        default: false
        }
    }
}
