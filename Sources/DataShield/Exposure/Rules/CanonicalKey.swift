import Foundation
import Scalars

/// What two spellings of one breach have in common: "Canva.com" and "canva" are one breach.
package enum CanonicalKey {
    private static let endings = [".com", ".net", ".org", ".io", ".co", ".info", ".biz"]

    /// Lower-case, trimmed, without one ending such as `.com`, letters and digits only.
    ///
    /// A name without a letter or digit would have no key, and all such names would be one breach: it keeps its characters instead.
    ///
    /// How the name's letters are composed does not matter, and the key is composed: two keys are the same for Swift, which compares text as
    /// people see it, when they are for the database, which compares bytes.
    package static func of(_ name: String) -> String {
        let whole = composed(name).unicodeScalars.trimmingSpace().lowercased()
        var text = whole
        if let rest = endings.lazy.compactMap({ text.rest(before: $0) }).first { text = String(rest) }
        var key = String.UnicodeScalarView()
        for scalar in text.unicodeScalars where scalar.properties.isAlphabetic || scalar.properties.numericType != nil { key.append(scalar) }
        if !key.isEmpty { return composed(String(key)) }
        return whole.isEmpty ? "unnamed" : composed(whole)
    }

    /// Unicode's form C.
    private static func composed(_ text: String) -> String {
        text.utf8.allSatisfy { $0 < 0x80 } ? text : text.precomposedStringWithCanonicalMapping
    }
}
