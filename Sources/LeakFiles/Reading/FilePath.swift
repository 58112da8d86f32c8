import Foundation

/// A path as the system has it: bytes, which need not be UTF-8.
struct FilePath: Sendable, Hashable {
    /// Without the zero at the end.
    private let bytes: [UInt8]
    /// As it is shown, and as a file's name tells what it is: what is no UTF-8 is replaced.
    let text: String

    init(_ text: String) {
        bytes = Array(text.utf8)
        self.text = text
    }

    private init(bytes: [UInt8], text: String) {
        self.bytes = bytes
        self.text = text
    }

    static func / (folder: FilePath, name: FileName) -> FilePath {
        let mark = folder.bytes.last == UInt8(ascii: "/") ? "" : "/"
        return FilePath(bytes: folder.bytes + Array(mark.utf8) + name.bytes, text: folder.text + mark + name.text)
    }

    /// Hands over the bytes as the calls of the system take them.
    func withSystemPath<Result>(_ body: (UnsafePointer<CChar>) throws -> Result) rethrows -> Result {
        try (bytes + [0]).withUnsafeBytes { bytes in
            try bytes.withMemoryRebound(to: CChar.self) { characters in
                guard let base = characters.baseAddress else { preconditionFailure("A path has a zero at its end.") }
                return try body(base)
            }
        }
    }

    /// What stands there, a symbolic link itself included.
    func status() throws(OpenFile.Failure) -> stat {
        var status = stat()
        guard withSystemPath({ lstat($0, &status) }) == 0 else { throw .system(errno) }
        return status
    }
}

/// The name of a file in its folder.
struct FileName: Sendable {
    var bytes: [UInt8]
    /// As it is shown; no two in a folder are shown alike.
    var text: String

    /// The names of a folder, sorted by their bytes.
    static func all(_ names: [[UInt8]]) -> [FileName] {
        let sorted = names.sorted { $0.lexicographicallyPrecedes($1) }
        let texts = sorted.map { String(validating: $0, as: UTF8.self) }
        guard texts.contains(where: { $0 == nil }) else { return zip(sorted, texts).map { FileName(bytes: $0, text: $1 ?? "") } }
        var taken = Set(texts.compactMap { $0 })
        return zip(sorted, texts).map { bytes, text in
            if let text { return FileName(bytes: bytes, text: text) }
            var shown = String(decoding: bytes, as: UTF8.self)
            // Two machines whose folders are shown alike would be taken for one.
            while !taken.insert(shown).inserted { shown += "\u{FFFD}" }
            return FileName(bytes: bytes, text: shown)
        }
    }
}
