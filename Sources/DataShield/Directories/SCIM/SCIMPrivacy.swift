import Scalars

/// What is kept of the address of a refused call: not who it was about, and no token that somebody put there.
enum SCIMPrivacy {
    private static let hidden = "…"
    /// Longer than any id, ours or a directory's: a UUID has 36.
    private static let longestID = 39

    /// A path, up to its question mark, without the parts that have an address or a token in them.
    static func path(_ path: String) -> String {
        let beginning = path.parts(limit: 1, keepsEmpty: true) { $0 == "?" || $0 == "#" }.first ?? ""
        return beginning.parts(between: "/", keepsEmpty: true).map { part -> String in
            let text = plain(String(part))
            // A question mark that was escaped begins a query all the same.
            return isPrivate(text) || hasKey(text) || text.has("?") ? hidden : String(part)
        }.joined(separator: "/")
    }

    /// The words of a reason, without those that have an address or a token in them.
    static func words(_ reason: String) -> String {
        reason.parts(between: " ", keepsEmpty: true).map { isPrivate(plain(String($0))) ? hidden : String($0) }.joined(separator: " ")
    }

    private static func isPrivate(_ text: String) -> Bool {
        text.unicodeScalars.contains { $0 == "@" || $0 == "\u{FF20}" || $0 == "\u{FE6B}" } || text.lowercased().has(text: SCIMTokens.prefix)
    }

    /// Whether a run of letters and digits is as long as keys are, and no id is.
    private static func hasKey(_ text: String) -> Bool {
        var length = 0
        for byte in text.utf8 {
            let isOne = (0x30...0x39).contains(byte) || (0x61...0x7A).contains(byte | 0x20) || "-_+=".utf8.contains(byte)
            length = isOne ? length + 1 : 0
            if length > longestID { return true }
        }
        return false
    }

    /// The text as it is meant: without percent signs, also where it was escaped more than once.
    private static func plain(_ text: String) -> String {
        var text = text
        for _ in 0..<3 where text.has("%") { text = decoded(text) }
        return text
    }

    /// Reads what stands behind percent signs; what is none stays, so that nothing hides behind it.
    private static func decoded(_ text: String) -> String {
        let bytes = Array(text.utf8)
        var result: [UInt8] = []
        var place = 0
        while place < bytes.count {
            if bytes[place] == UInt8(ascii: "%"), place + 2 < bytes.count,
                let byte = UInt8(String(decoding: bytes[place + 1...place + 2], as: UTF8.self), radix: 16)
            {
                result.append(byte)
                place += 3
            } else {
                result.append(bytes[place])
                place += 1
            }
        }
        return String(decoding: result, as: UTF8.self)
    }
}
