import Foundation

/// A part of somebody else's bytes. Every access is checked, also in release builds: what is read here was written by strangers.
///
/// Good only as long as the bytes it was made of.
struct ByteView {
    private let base: UnsafeRawPointer?
    let count: Int

    init(_ buffer: UnsafeRawBufferPointer) {
        base = buffer.baseAddress
        count = buffer.baseAddress == nil ? 0 : buffer.count
    }

    private init(base: UnsafeRawPointer?, count: Int) {
        self.base = base
        self.count = count
    }

    static var empty: ByteView { ByteView(base: nil, count: 0) }

    var isEmpty: Bool { count == 0 }

    var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(start: base, count: count) }

    @inline(__always) subscript(_ index: Int) -> UInt8 {
        precondition(UInt(bitPattern: index) < UInt(bitPattern: count), "beyond the end")
        return base.unsafelyUnwrapped.load(fromByteOffset: index, as: UInt8.self)
    }

    @inline(__always) subscript(_ range: Range<Int>) -> ByteView {
        precondition(range.lowerBound >= 0 && range.upperBound <= count, "beyond the end")
        guard let base else { return self }
        return ByteView(base: base + range.lowerBound, count: range.count)
    }

    /// From a place to the end; empty when the place is behind the end.
    @inline(__always) func from(_ index: Int) -> ByteView { self[min(index, count)..<count] }

    @inline(__always) func upTo(_ index: Int) -> ByteView { self[0..<max(0, min(index, count))] }

    var first: UInt8? { count > 0 ? self[0] : nil }

    var last: UInt8? { count > 0 ? self[count - 1] : nil }

    /// Where this part begins in a larger one that holds it.
    func offset(in whole: ByteView) -> Int? {
        guard let base, let start = whole.base, base >= start, base + count <= start + whole.count else { return nil }
        return base - start
    }

    /// Whether both are the same place, not only the same text.
    func isSamePlace(as other: ByteView) -> Bool { base == other.base && count == other.count }
}

/// Searching.
extension ByteView {
    func firstIndex(of byte: UInt8, from start: Int = 0) -> Int? {
        guard let base, start >= 0, start < count, let found = memchr(base + start, Int32(byte), count - start) else { return nil }
        return UnsafeRawPointer(found) - base
    }

    func lastIndex(of byte: UInt8, before end: Int) -> Int? {
        // Mostly there is none, which a search from the front finds out faster.
        guard let base, end > 0, memchr(base, Int32(byte), min(end, count)) != nil else { return nil }
        var index = min(end, count) - 1
        while index >= 0 {
            if base.load(fromByteOffset: index, as: UInt8.self) == byte { return index }
            index -= 1
        }
        return nil
    }

    func contains(_ byte: UInt8) -> Bool { firstIndex(of: byte) != nil }

    func count(of byte: UInt8) -> Int {
        var found = 0
        var position = 0
        while let next = firstIndex(of: byte, from: position) {
            found += 1
            position = next + 1
        }
        return found
    }

    /// Whether a byte occurs so many times; no more are counted, because lines may be made of it.
    func hasAtLeast(_ number: Int, of byte: UInt8) -> Bool {
        var position = 0
        for _ in 0..<number {
            guard let next = firstIndex(of: byte, from: position) else { return false }
            position = next + 1
        }
        return true
    }

    /// - Parameter word: in lower case.
    func hasPrefix(_ word: StaticString) -> Bool {
        let length = word.utf8CodeUnitCount
        guard length <= count else { return false }
        for index in 0..<length where Self.lowercased(self[index]) != word.utf8Start[index] { return false }
        return true
    }

    /// - Parameter word: in lower case.
    func equals(_ word: StaticString) -> Bool { word.utf8CodeUnitCount == count && hasPrefix(word) }

    /// - Parameter word: in lower case.
    func hasSuffix(_ word: StaticString) -> Bool { word.utf8CodeUnitCount <= count && from(count - word.utf8CodeUnitCount).hasPrefix(word) }

    /// - Parameter word: in lower case.
    func firstIndex(of word: StaticString, from start: Int = 0) -> Int? {
        let length = word.utf8CodeUnitCount
        guard length > 0, count >= length else { return nil }
        let initial = word.utf8Start[0]
        var index = start
        while index <= count - length {
            if Self.lowercased(self[index]) == initial, from(index).hasPrefix(word) { return index }
            index += 1
        }
        return nil
    }

    func contains(_ word: StaticString) -> Bool { firstIndex(of: word) != nil }
}

/// Trimming.
extension ByteView {
    /// Without blanks and tabs at both ends, and line ends.
    var trimmed: ByteView { trimmedLeft.trimmedRight }

    var trimmedLeft: ByteView {
        var start = 0
        while start < count, Self.isBlank(self[start]) { start += 1 }
        return from(start)
    }

    var trimmedRight: ByteView {
        var end = count
        while end > 0, Self.isBlank(self[end - 1]) { end -= 1 }
        return upTo(end)
    }

    /// Without line ends: all that may be taken from the end of a password.
    var withoutLineEnd: ByteView {
        var end = count
        while end > 0, self[end - 1] == Self.lineFeed || self[end - 1] == Self.carriageReturn { end -= 1 }
        return upTo(end)
    }

    /// Without byte order marks and zero-width characters at the beginning, as joined files have them.
    var withoutMarks: ByteView {
        var rest = self
        while let first = rest.first, first >= 0xE2, rest.count >= 3 {
            let isMark = rest[0] == 0xEF && rest[1] == 0xBB && rest[2] == 0xBF
            let isZeroWidth = rest[0] == 0xE2 && rest[1] == 0x80 && (0x8B...0x8F).contains(rest[2])
            guard isMark || isZeroWidth else { break }
            rest = rest.from(3)
        }
        return rest
    }
}

/// Kinds of bytes.
extension ByteView {
    static let lineFeed = UInt8(ascii: "\n")
    static let carriageReturn = UInt8(ascii: "\r")
    static let tab = UInt8(ascii: "\t")
    static let blank = UInt8(ascii: " ")
    static let quote = UInt8(ascii: "\"")
    static let apostrophe = UInt8(ascii: "'")
    static let backslash = UInt8(ascii: "\\")
    static let colon = UInt8(ascii: ":")
    static let semicolon = UInt8(ascii: ";")
    static let comma = UInt8(ascii: ",")
    static let pipe = UInt8(ascii: "|")
    static let slash = UInt8(ascii: "/")
    static let at = UInt8(ascii: "@")
    static let dot = UInt8(ascii: ".")

    @inline(__always) static func lowercased(_ byte: UInt8) -> UInt8 { byte &- 65 < 26 ? byte | 0x20 : byte }

    @inline(__always) static func isDigit(_ byte: UInt8) -> Bool { byte &- 48 < 10 }

    @inline(__always) static func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- 97 < 26 }

    @inline(__always) static func isHex(_ byte: UInt8) -> Bool { isDigit(byte) || (byte | 0x20) &- 97 < 6 }

    @inline(__always) static func isBlank(_ byte: UInt8) -> Bool { byte == blank || (byte >= 9 && byte <= 13) }

    func allSatisfy(_ test: (UInt8) -> Bool) -> Bool {
        for index in 0..<count where !test(self[index]) { return false }
        return true
    }

    func contains(where test: (UInt8) -> Bool) -> Bool {
        for index in 0..<count where test(self[index]) { return true }
        return false
    }
}
