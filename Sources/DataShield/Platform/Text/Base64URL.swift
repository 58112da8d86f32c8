import Foundation
import Scalars

/// Base64 for addresses and cookies: `-` and `_`, no padding.
package enum Base64URL {
    package static func encode(_ bytes: some Sequence<UInt8>) -> String {
        var text = Data(bytes).base64EncodedString()
        text.removeAll { $0 == "=" }
        return text.swapping { $0 == "+" ? "-" : $0 == "/" ? "_" : nil }
    }

    /// - Returns: nil when the text is something else, padded or not in its one shortest form.
    package static func decode(_ text: String) -> [UInt8]? {
        guard !text.utf8.contains(where: { $0 == UInt8(ascii: "+") || $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "=") }) else { return nil }
        let standard = text.swapping { $0 == "-" ? "+" : $0 == "_" ? "/" : nil }
        let padded = standard + String(repeating: "=", count: (4 - standard.utf8.count % 4) % 4)
        guard let data = Data(base64Encoded: padded), encode(data) == text else { return nil }
        return Array(data)
    }
}

/// Hexadecimal digits, lower case.
package enum Hex {
    package static func byte(_ byte: UInt8) -> String {
        let text = String(byte, radix: 16)
        return text.count == 1 ? "0" + text : text
    }
    package static func text(_ bytes: some Sequence<UInt8>) -> String { bytes.map(byte).joined() }
}

/// The few things that text needs before it stands in HTML. Templates escape by themselves; this is for the pages made without one.
package enum HTML {
    package static func escape(_ text: String) -> String {
        var result = ""
        for character in text.unicodeScalars {
            switch character {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            default: result.unicodeScalars.append(character)
            }
        }
        return result
    }
}
