/// Hexadecimal digits, lower case.
package enum Hex {
    package static func byte(_ byte: UInt8) -> String {
        let text = String(byte, radix: 16)
        return text.count == 1 ? "0" + text : text
    }
    package static func text(_ bytes: some Sequence<UInt8>) -> String { bytes.map(byte).joined() }
}
