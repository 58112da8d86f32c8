/// What reading is bounded by. The defaults let every honest file through that has been seen.
package struct LeakLimits: Sendable, Hashable, Codable {
    /// Decoded bytes of one entry of an archive, or of one compressed file.
    package var maxEntryBytes: UInt64 = 64 << 30
    /// Decoded bytes of one archive, nested ones included.
    package var maxTotalBytes: UInt64 = 256 << 30
    /// Decoded bytes for one byte of the file. Lists of addresses pack to a tenth, and seldom below a fiftieth.
    package var maxRatio: UInt64 = 250
    /// Decoded bytes up to which the ratio is not looked at.
    package var ratioFreeBytes: UInt64 = 32 << 20
    package var maxEntries: Int = 2_000_000
    /// How deep archives lie in each other: 1 is an archive that is no part of another.
    package var maxDepth: Int = 3
    /// A nested archive that has to be read back and forth (7z) is held in memory, up to this size.
    package var maxHeldBytes: Int = 48 << 20
    /// Tried in turn on encrypted entries.
    package var passphrases: [String] = []
    /// How many records, or stealer logs, a batch has at most.
    package var batchRecords: Int = 1_000
    /// After this long a batch is delivered, even without a record, so that progress and checkpoint move.
    package var batchInterval: Duration = .milliseconds(500)

    package init() {}
}
