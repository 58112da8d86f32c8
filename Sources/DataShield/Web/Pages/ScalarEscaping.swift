import Mustache

/// How the values of a page are escaped: byte by byte, as browsers read them.
///
/// The library's own escaping looks at `Character`s, and a `<` with a combining mark behind it, or with U+0600 before it, is another one
/// than `<`: it stood in the page as it was (docs/decisions/0011-text-by-scalars.md). The library takes what is to escape from a line at
/// the head of each template, partials too; ``Pages`` puts it there.
struct ScalarEscaping: MustacheContentType {
    private static let name = "SCALARS"

    /// The first line of every template. It leaves nothing in the page.
    static let heading = "{{% CONTENT_TYPE:\(name)}}\n"

    /// Tells the library of it. Doing so again changes nothing.
    static func register() { MustacheContentTypes.register(ScalarEscaping(), named: name) }

    func escapeText(_ text: String) -> String { Self.escaped(text) }

    /// A text as it may stand in an element, or in an attribute in quotes of either kind.
    static func escaped(_ text: String) -> String {
        var text = text
        return text.withUTF8 { bytes in
            guard bytes.contains(where: { entity($0) != nil }) else { return String(decoding: bytes, as: UTF8.self) }
            var result: [UInt8] = []
            result.reserveCapacity(bytes.count + 32)
            for byte in bytes {
                if let entity = entity(byte) { result.append(contentsOf: entity.utf8) } else { result.append(byte) }
            }
            return String(decoding: result, as: UTF8.self)
        }
    }

    private static func entity(_ byte: UInt8) -> String? {
        switch byte {
        case UInt8(ascii: "<"): "&lt;"
        case UInt8(ascii: ">"): "&gt;"
        case UInt8(ascii: "&"): "&amp;"
        case UInt8(ascii: "\""): "&quot;"
        case UInt8(ascii: "'"): "&#39;"
        default: nil
        }
    }
}
