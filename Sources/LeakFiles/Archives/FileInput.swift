/// Reads a file from its beginning to its end, and digests it in passing.
struct FileInput {
    let file: OpenFile
    private var digest: DigestStream
    private let block = Block()
    private(set) var consumed: UInt64 = 0

    init(_ file: OpenFile, digestKey: DigestKey) {
        self.file = file
        digest = DigestStream(key: digestKey)
    }

    /// The next piece, valid until the next call; empty at the end.
    mutating func next() throws(OpenFile.Failure) -> UnsafeRawBufferPointer {
        let wanted = Int(min(UInt64(Block.capacity), file.size > consumed ? file.size - consumed : 0))
        block.count = try file.read(at: consumed, into: UnsafeMutableRawBufferPointer(rebasing: block.memory.prefix(wanted)))
        consumed += UInt64(block.count)
        digest.add(block.bytes)
        return block.bytes
    }

    /// The digest of the whole file, what was not needed included.
    mutating func wholeDigest(isWanted: () -> Bool) throws(OpenFile.Failure) -> ContentDigest? {
        while isWanted() {
            if try next().isEmpty { return consumed == file.size ? digest.end() : nil }
        }
        return nil
    }
}
