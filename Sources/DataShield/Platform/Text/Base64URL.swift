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
