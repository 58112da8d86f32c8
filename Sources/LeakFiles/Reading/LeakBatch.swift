/// Where to go on in a file.
///
/// A plain file goes on at the very byte. What is compressed is decoded anew from its beginning, but delivered from the place on; of an archive
/// with stealer logs these are delivered anew, because a log is whole only when its last entry has been read.
package struct LeakCheckpoint: Sendable, Hashable, Codable {
    /// Of the file, or of the folder that was named.
    package var file: FileIdentity
    /// The number of the entry in an archive, 0 in a file that is not an archive.
    package var entry: Int
    /// Everything before this byte of the entry, decoded, has been delivered.
    package var offset: UInt64
    /// Counted up to here.
    package var lines: UInt64
    package var matches: UInt64
    /// The digest up to the offset of a plain file.
    var digest: RunningDigest?
}

/// What an earlier read had done.
package struct LeakResume: Sendable {
    /// Whether a file was read to the end: it is passed over. One that was written to since is another.
    package var isFinished: @Sendable (FileIdentity) -> Bool
    /// The last checkpoint of the file that was being read.
    package var checkpoint: LeakCheckpoint?
    /// Digests of files read at any time, by size: a file of such a size is digested first, and passed over when its digest is among them.
    package var known: [UInt64: Set<ContentDigest>]

    package init(
        isFinished: @escaping @Sendable (FileIdentity) -> Bool = { _ in false }, checkpoint: LeakCheckpoint? = nil,
        known: [UInt64: Set<ContentDigest>] = [:]
    ) {
        self.isFinished = isFinished
        self.checkpoint = checkpoint
        self.known = known
    }
}

package struct LeakProgress: Sendable, Hashable {
    /// Bytes of files as they lie on the disk.
    package var bytesDone: UInt64 = 0
    /// As counted before the reading began.
    package var bytesTotal: UInt64 = 0
    package var lines: UInt64 = 0
    /// Records, those of stealer logs included.
    package var matches: UInt64 = 0
    package var filesDone = 0
    package var file = ""
}

/// A file, or the stealer logs of a folder, that was read to its end.
package struct LeakFileSummary: Sendable, Hashable {
    package enum Outcome: String, Sendable, Hashable, Codable {
        case read
        /// Parts of it were skipped, or it changed while it was read.
        case incomplete
        /// Its content had been read before.
        case known
        /// An earlier read had finished it.
        case finishedBefore
        case unreadable
    }

    package var file: FileIdentity
    package var outcome: Outcome
    /// nil when the file could not be read whole.
    package var digest: ContentDigest?
    /// Decoded.
    package var bytes: UInt64 = 0
    /// Line feeds, and one for a last line without one.
    package var lines: UInt64 = 0
    package var matches: UInt64 = 0
    /// Entries of an archive, or of a folder's stealer logs.
    package var entries = 0
    /// Devices and credentials of its stealer logs, of whomever.
    package var machines = 0
    package var credentials = 0
    /// Files that were not looked into, because what they are says that nobody's access is in them: pictures, programs, histories.
    package var passedOver = 0
    /// Whether it stands for the stealer logs of a folder, which are read anew whenever the folder is: it is not told what lies deeper.
    package var isFolder = false
}

/// What was found since the batch before. Batches come in the order of the files and of their bytes.
package struct LeakBatch: Sendable {
    /// The file, or the folder that was named, in which the batch was found.
    package var file: FileIdentity
    /// The path of the part that the records are from: of the file, and inside archives of the entry, joined by `!`.
    package var part: String
    /// The digest of the beginning of the part's text: the same text has the same one, however it is packed and called. nil for stealer logs.
    package var beginning: ContentDigest?
    package var records: [LeakRecord] = []
    package var logs: [StealerLog] = []
    package var skipped: [SkippedPart] = []
    /// nil between files.
    package var checkpoint: LeakCheckpoint?
    package var progress: LeakProgress
    /// When the file ends with this batch.
    package var finished: LeakFileSummary?
}

/// What a whole read amounted to.
package struct LeakReport: Sendable {
    package var progress = LeakProgress()
    package var decodedBytes: UInt64 = 0
    package var machines = 0
    package var credentials = 0
    package var outcomes: [LeakFileSummary.Outcome: Int] = [:]
    package var skippedParts = 0

    mutating func add(_ batch: LeakBatch) {
        progress = batch.progress
        skippedParts += batch.skipped.count
        guard let file = batch.finished else { return }
        outcomes[file.outcome, default: 0] += 1
        decodedBytes += file.bytes
        machines += file.machines
        credentials += file.credentials
    }
}
