import CLeakScan

/// A watched address in a text.
package struct WatchMatch: Sendable, Hashable {
    /// Its number in the ``WatchList``.
    package var address: Int
    /// Where it stands, in bytes.
    package var range: Range<Int>
    /// Whether it stands there in another spelling than was given: escaped, or its domain in another form.
    package var isSpelledOtherwise: Bool

    package init(address: Int, range: Range<Int>, isSpelledOtherwise: Bool = false) {
        self.address = address
        self.range = range
        self.isSpelledOtherwise = isSpelledOtherwise
    }
}

/// The addresses that are looked for.
///
/// Matching ignores the case of ASCII letters. An address with other letters is found with its domain in either form, its accents composed or
/// apart, in capitals or small letters, and escaped; so is one with signs that formats escape (`+`, `'`). Stretches of UTF-16 amid other text
/// are looked at, too.
package struct WatchList: Sendable {
    let index: WatchIndex

    /// - Parameter addresses: whole addresses, in any case; equal ones (``AddressSpelling/canonical(_:)``) count once. Their places, without the
    ///   repeated ones, are their numbers.
    package init(_ addresses: [String]) {
        index = WatchIndex(addresses)
    }

    package var count: Int { index.addressCount }

    /// The address, lower-cased.
    package subscript(_ address: Int) -> String {
        String(decoding: index.pattern(address), as: UTF8.self)
    }

    /// The domains of the addresses, lower-cased and in ASCII, each once, sorted.
    package var domains: [String] { index.domains }

    /// The number of a whole address, whatever its case and spelling.
    package func find(_ address: UnsafeRawBufferPointer) -> Int? {
        index.find(address)
    }

    /// All whole addresses in a complete text, in order.
    package func matches(in text: UnsafeRawBufferPointer) -> [WatchMatch] {
        var found: [WatchMatch] = []
        var newlines: UInt64 = 0
        withUnsafeTemporaryAllocation(of: leak_place.self, capacity: WatchIndex.scratchPlaces) { places in
            index.scan(text, at: 0..<text.count, places: places, newlines: &newlines) { found.append($0) }
        }
        return found
    }
}
