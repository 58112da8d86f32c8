import Scalars

/// The name of an entry, made safe: nothing is ever written by it, but it is shown, and names devices of stealer logs.
struct EntryPath {
    enum Failure: Error {
        case leavesArchive
        case absolute
    }

    /// Components joined by `/`, without control characters.
    let text: String

    init(_ name: String) throws(Failure) {
        let name = name.swapping("\\", for: "/")
        if name.begins(with: "/") { throw .absolute }
        let characters = Array(name.unicodeScalars.prefix(2))
        if characters.count == 2, characters[1] == ":", characters[0].properties.isAlphabetic { throw .absolute }
        let components = name.parts(between: "/").filter { $0 != "." }
        if components.contains("..") { throw .leavesArchive }
        text = components.map(Self.shown).joined(separator: "/")
    }

    /// A name as it may be shown.
    static func shown(_ name: some StringProtocol) -> String {
        String(String.UnicodeScalarView(name.unicodeScalars.prefix(1_024).map { $0.properties.generalCategory == .control ? "\u{FFFD}" : $0 }))
    }
}
